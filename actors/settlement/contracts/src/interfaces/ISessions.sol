// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What companions ask about a session
interface ISessions {
    /// @notice Where a session stands.
    enum Status {
        /// @dev There is no such session.
        None,
        /// @dev Work goes on.
        Open,
        /// @dev The user wants its money back; the provider may claim until the period's end.
        Closing,
        /// @dev The provider has claimed; the challenge window runs.
        Claimed,
        /// @dev Paid; the companions' part waits for its draw.
        Paid,
        /// @dev Nothing is left in it. It was paid, refunded or refuted.
        Ended
    }

    /// @notice Where it stands, what was claimed, and until when that can be challenged.
    function stateOf(bytes32 session) external view returns (Status status, bytes32 commitment, uint256 ends);
}
