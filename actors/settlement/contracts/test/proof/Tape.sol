// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Disputes} from "../../src/proof/Disputes.sol";
import {Opening} from "../../src/proof/Opening.sol";
import {Rules} from "../../src/proof/Rules.sol";
import {Checked} from "../market/Cheats.sol";
import {Files} from "./Files.sol";
import {Recorder} from "./Recorder.sol";

/// @notice Games that Rust played, from a file of `actors/proof/examples/games.rs`, which says how they are written.
abstract contract Tape is Checked {
    Files internal constant files = Files(address(uint160(uint256(keccak256("hevm cheat code")))));
    Recorder internal constant recorder = Recorder(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 internal constant BOND = 1 ether;
    uint256 internal constant MOVE = 0.001 ether;

    struct Game {
        uint32 nodes;
        bytes32 plan;
        bytes32 claim;
        uint64 budget;
        uint64 extension;
        uint256 filed;
        uint256 moves;
        /// @dev Where its first move is in the file.
        uint256 place;
    }

    struct Move {
        bool byProvider;
        uint256 at;
        /// @dev 0 concession, 1 cut, 2 choice, 3 opening, 4 proof, 5 timeout.
        uint256 kind;
        bool accepted;
        bytes shown;
        /// @dev Where the next one is.
        uint256 next;
    }

    Disputes internal disputes;

    function word(bytes memory file, uint256 place) internal pure returns (bytes32 found) {
        assembly ("memory-safe") {
            found := mload(add(add(file, 32), place))
        }
    }

    function number(bytes memory file, uint256 place) internal pure returns (uint256) {
        return uint256(word(file, place));
    }

    function gameAt(bytes memory file, uint256 place) internal pure returns (Game memory g) {
        g.nodes = uint32(number(file, place));
        (g.plan, g.claim) = (word(file, place + 32), word(file, place + 64));
        (g.budget, g.extension) = (uint64(number(file, place + 96)), uint64(number(file, place + 128)));
        (g.filed, g.moves, g.place) = (number(file, place + 160), number(file, place + 192), place + 224);
    }

    function moveAt(bytes memory file, uint256 place) internal pure returns (Move memory m) {
        (m.byProvider, m.at, m.kind) = (number(file, place) == 0, number(file, place + 32), number(file, place + 64));
        m.accepted = number(file, place + 96) == 1;
        m.next = nextMove(file, place);
        bytes memory shown = new bytes(number(file, place + 128));
        // Padded in the file as it is in memory.
        for (uint256 i = 0; i < shown.length; i += 32) {
            bytes32 part = word(file, place + 160 + i);
            assembly ("memory-safe") {
                mstore(add(add(shown, 32), i), part)
            }
        }
        m.shown = shown;
    }

    /// @dev Where the move after this one is.
    function nextMove(bytes memory file, uint256 place) internal pure returns (uint256) {
        return place + 160 + (number(file, place + 128) + 31) / 32 * 32;
    }

    /// @dev Calldata of a move. `posted` are the roots of the last cut.
    function call(uint256 game, Move memory m, Rules.State memory s, bytes32[] memory posted)
        internal
        view
        returns (bytes memory)
    {
        if (m.kind == 0) return abi.encodeCall(disputes.concede, (game, s));
        if (m.kind == 1) return abi.encodeCall(disputes.cut, (game, s, roots(m.shown)));
        if (m.kind == 2) return abi.encodeCall(disputes.choose, (game, s, posted, abi.decode(m.shown, (uint256))));
        if (m.kind == 3) return abi.encodeCall(disputes.open, (game, s, abi.decode(m.shown, (Opening.Run))));
        if (m.kind == 4) return abi.encodeCall(disputes.prove, (game, s, m.shown));
        return abi.encodeCall(disputes.timeout, (game, s));
    }

    /// @dev What a move puts up.
    function stakeOf(Move memory m) internal pure returns (uint256) {
        return m.kind >= 1 && m.kind <= 3 ? MOVE : 0;
    }

    function roots(bytes memory part) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](part.length / 32);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = word(part, 32 * i);
        }
    }

    /// @dev The state in the latest event about a game.
    function latest() internal returns (Rules.State memory) {
        Recorder.Log[] memory logs = recorder.getRecordedLogs();
        for (uint256 i = logs.length; i > 0; --i) {
            if (logs[i - 1].topics[0] == Disputes.Played.selector) return abi.decode(logs[i - 1].data, (Rules.State));
        }
        revert NotTrue("a state");
    }
}
