// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What sessions ask about companions
interface ICompanions {
    /// @notice Companions that committed to the session's claim before it was made, and opened that.
    function attestations(bytes32 session) external view returns (uint256);

    /// @notice The one of them that `random` falls on.
    function drawn(bytes32 session, uint256 random) external view returns (address);
}
