// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Opening} from "./Opening.sol";
import {Rv32Step} from "./Rv32Step.sol";

/// @title The rules of a game about a claim's outputs
/// @notice Follows `game/play.rs`, `game/clock.rs` and `dissection.rs` of the crate `hyperdust-proof`: what is due, what each move does, and by when.
/// Who may move is for the caller to say. A search through the graph, from the plan to the claim, ends at one node; a search through that
/// node's run, at one instruction, which is executed. What they agree on comes before what they don't, in every state.
library Rules {
    /// @notice Who loses.
    enum Outcome {
        None,
        Conceded,
        Provider,
        Challenger
    }

    /// @notice What has to come next: the first, third and fourth from the provider.
    enum Due {
        Cut,
        Choose,
        Open,
        Prove
    }

    /// @notice Everything about a game. A chain keeps its hash.
    struct State {
        bytes32 session;
        address provider;
        address challenger;
        /// @dev Nodes of the graph.
        uint32 nodes;
        Outcome outcome;
        /// @dev Whether the provider has moved: it may not concede any more.
        bool moved;
        /// @dev Whether it is a run that is searched, of node `node`, and not the graph.
        bool traced;
        uint32 node;
        /// @dev When the turn began, and what each party had left then.
        uint64 since;
        uint64 leftProvider;
        uint64 leftChallenger;
        uint64 agreedStep;
        uint64 disputedStep;
        bytes32 agreed;
        bytes32 disputed;
        /// @dev Hash of the roots that the provider posted and the challenger hasn't answered; zero for none.
        bytes32 posted;
        /// @dev What was paid for moves, in wei.
        uint256 pot;
    }

    /// @notice Thrown when another move is due.
    error NotDue(Due accepted);
    /// @notice Thrown when the game has ended.
    error Over();
    /// @notice Thrown when a move comes after its time.
    error Late(uint256 accepted);
    /// @notice Thrown when the time of whoever is due isn't over.
    error Early(uint256 accepted);
    /// @notice Thrown when the provider has moved already.
    error Searching();
    /// @notice Thrown when there are too few or too many roots.
    error BadRoots(uint256 found, uint256 accepted);
    /// @notice Thrown when the roots aren't those that were posted.
    error NotPosted();
    /// @notice Thrown when there is no such piece.
    error BadPiece(uint256 found, uint256 pieces);

    /// @notice Pieces of a cut.
    uint256 internal constant ARITY = 16;

    /// @notice What has to come next.
    function due(State memory s) internal pure returns (Due) {
        if (s.posted != 0) return Due.Choose;
        if (s.disputedStep - s.agreedStep > 1) return Due.Cut;
        return s.traced ? Due.Prove : Due.Open;
    }

    /// @notice The last second for what is due.
    function until(State memory s) internal pure returns (uint256) {
        return uint256(s.since) + (due(s) == Due.Choose ? s.leftChallenger : s.leftProvider);
    }

    /// @notice Refuses a move that isn't due, or comes too late.
    function expect(State memory s, Due found) internal view {
        if (s.outcome != Outcome.None) revert Over();
        if (block.timestamp > until(s)) revert Late(until(s));
        if (due(s) != found) revert NotDue(due(s));
    }

    /// @notice Pieces that what is disputed is cut into.
    function pieces(State memory s) internal pure returns (uint256) {
        uint256 length = s.disputedStep - s.agreedStep;
        return length < ARITY ? length : ARITY;
    }

    /// @notice The provider gives up.
    function concede(State memory s) internal view {
        expect(s, due(s));
        if (s.moved) revert Searching();
        s.outcome = Outcome.Conceded;
    }

    /// @notice The provider posts the roots between the pieces.
    function cut(State memory s, bytes32[] calldata roots, uint64 extension) internal view {
        expect(s, Due.Cut);
        uint256 accepted = pieces(s) - 1;
        if (roots.length != accepted) revert BadRoots(roots.length, accepted);
        s.posted = keccak256(abi.encodePacked(roots));
        passed(s, extension, false);
    }

    /// @notice The challenger names the piece whose beginning it accepts and whose end it doesn't.
    /// @param roots As they were posted.
    function choose(State memory s, bytes32[] calldata roots, uint256 piece, uint64 extension) internal view {
        expect(s, Due.Choose);
        if (keccak256(abi.encodePacked(roots)) != s.posted) revert NotPosted();
        uint256 all = roots.length + 1;
        if (piece >= all) revert BadPiece(piece, all);
        (uint256 from, uint256 length) = (s.agreedStep, s.disputedStep - s.agreedStep);
        if (piece > 0) (s.agreedStep, s.agreed) = (uint64(from + length * piece / all), roots[piece - 1]);
        if (piece + 1 < all) (s.disputedStep, s.disputed) = (uint64(from + length * (piece + 1) / all), roots[piece]);
        s.posted = 0;
        passed(s, extension, true);
    }

    /// @notice The provider opens the node that is left.
    function open(State memory s, Opening.Run calldata run, uint64 extension) internal view {
        expect(s, Due.Open);
        s.node = uint32(s.agreedStep);
        (s.agreed, s.disputed) = Opening.check(run, s.agreed, s.disputed, s.nodes, s.node);
        (s.traced, s.agreedStep, s.disputedStep) = (true, 0, run.steps);
        passed(s, extension, false);
    }

    /// @notice Anybody proves the step that is left: what a proof shows doesn't depend on who brought it.
    function prove(State memory s, bytes calldata proof) internal view {
        expect(s, Due.Prove);
        s.outcome = Rv32Step.execute(s.agreed, proof) == s.disputed ? Outcome.Challenger : Outcome.Provider;
    }

    /// @notice Whoever was due has let its time go by.
    function timeout(State memory s) internal view {
        if (s.outcome != Outcome.None) revert Over();
        if (block.timestamp <= until(s)) revert Early(until(s));
        s.outcome = due(s) == Due.Choose ? Outcome.Challenger : Outcome.Provider;
    }

    /// @dev A turn ended in time. Who made it has so much left, and no less than the extension.
    function passed(State memory s, uint64 extension, bool byChallenger) private view {
        uint64 used = uint64(block.timestamp) - s.since;
        uint64 left = (byChallenger ? s.leftChallenger : s.leftProvider) - used;
        if (left < extension) left = extension;
        if (byChallenger) s.leftChallenger = left;
        else (s.leftProvider, s.moved) = (left, true);
        s.since = uint64(block.timestamp);
    }
}
