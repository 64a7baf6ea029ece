// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Money that waits to be fetched
interface IPurse {
    /// @notice What `account` can fetch.
    /// @param token Zero for native coin.
    function owed(address token, address account) external view returns (uint256);

    /// @notice Sends all that the caller is owed to `to`.
    function withdraw(address token, address to) external returns (uint256 amount);
}
