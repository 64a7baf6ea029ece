// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Where coin is burnt for provable work
interface IWork {
    /// @notice Burns the coin that is sent, in the name of `worker`, or, for zero, without any claim to tokens. Only `Sessions`.
    function record(address worker) external payable;
}
