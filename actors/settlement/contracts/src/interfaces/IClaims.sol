// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What disputes are about, and what their end does
/// @notice `Sessions` implements it, `Disputes` and `Inputs` use it. A session has one claim at most, so a claim is known by its session.
interface IClaims {
    /// @notice A provider's claim about all lanes of a session.
    struct Claim {
        /// @dev Whose bond stands behind it.
        address provider;
        /// @dev Whose signatures count as the user's: over vouchers and over actions.
        address signer;
        /// @dev Image root of the program that a node has to be a run of.
        bytes32 program;
        /// @dev Blueprint or model that a job's first input has to be.
        bytes32 content;
        /// @dev Root of the list ("hyperdust claims") of the lanes, see `Lane`.
        bytes32 commitment;
        /// @dev Of the highest voucher: root of the list ("hyperdust lanes") of the lanes' running action roots.
        bytes32 actions;
        /// @dev Of the highest voucher: root of the list of the lanes' running output roots.
        bytes32 outputs;
        /// @dev What it earns, in the session's currency.
        uint256 fee;
        /// @dev Items of all three lists.
        uint32 lanes;
        /// @dev Last second at which a game may begin.
        uint64 deadline;
        /// @dev Games that have begun and not ended.
        uint32 games;
        /// @dev Whether one machine instruction can settle it. If not, it is refunded at most.
        bool provable;
        /// @dev Whether it is about a scene: node `k` of each lane is then segment `k`, and its plan of the one form that `Inputs` says.
        bool scene;
        /// @dev Whether it waits for its deadline or for games. A claim that was refuted stays known, and is not live.
        bool live;
    }

    /// @notice A lane as claimed. Item `index` of the commitment is `keccak256(kind ‖ job ‖ plan ‖ claim ‖ nodes)` with kind
    /// "hyperdust lane claim", five words.
    struct Lane {
        uint32 index;
        /// @dev Root of its graph without outputs.
        bytes32 plan;
        /// @dev Root of its graph with the outputs that are claimed.
        bytes32 claim;
        /// @dev Nodes of the graph.
        uint32 nodes;
    }

    /// @notice How a game ended.
    enum Verdict {
        /// @dev The challenger lost. Says nothing about other games.
        Upheld,
        /// @dev The provider gave up before the search: the claim falls, a multiple of the fee is lost.
        Conceded,
        /// @dev The provider lost: the claim falls, and with it the bond that stood behind it.
        Refuted
    }

    /// @notice The claim of a session. Zero where there is none.
    function claimOf(bytes32 session) external view returns (Claim memory);

    /// @notice Checks that the claim holds this lane; returns the lane's job, `keccak256(session ‖ uint64 index)`.
    /// @param siblings Opens the lane's item in the commitment, from its own sibling upwards.
    function laneOf(bytes32 session, Lane calldata lane, bytes32[] calldata siblings) external view returns (bytes32 job);

    /// @notice A game began: the claim isn't paid before it ends. Only `Disputes` and `Inputs`, only until the deadline.
    function lock(bytes32 session) external;

    /// @notice A game ended. Only `Disputes` and `Inputs`, once for each `lock` of its own. Where the claim has fallen already, nothing more is taken.
    /// @param challenger Who gets its share of what the provider loses.
    /// @return taken What was taken from the provider's bond, in the session's currency.
    function settle(bytes32 session, Verdict verdict, address challenger) external returns (uint256 taken);
}
