// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What sessions do with a provider's bond
/// @notice A session of deposit `d` holds `κ·d` of the bond, of the same currency, from its opening until its end.
interface IProviders {
    /// @notice Puts bond behind a session. Reverts where too little is free. Only `Sessions`.
    /// @return price What the provider asks for a unit.
    function reserve(address provider, uint256 asset, address token, uint256 deposit) external returns (uint256 price);

    /// @notice The session has ended: its part of the bond is free. Only `Sessions`.
    function release(address provider, address token, uint256 deposit) external;

    /// @notice Takes `penalty`, at most the session's part of the bond, and frees the rest of that part. Only `Sessions`.
    /// @param to Is credited its share of what is taken; the rest is burnt.
    /// @return taken What was taken.
    function slash(address provider, address token, uint256 deposit, uint256 penalty, address to)
        external
        returns (uint256 taken);
}
