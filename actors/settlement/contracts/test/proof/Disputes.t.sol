// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {Disputes} from "../../src/proof/Disputes.sol";
import {Opening} from "../../src/proof/Opening.sol";
import {Rules} from "../../src/proof/Rules.sol";
import {Checked} from "../market/Cheats.sol";
import {Files} from "./Files.sol";
import {Recorder} from "./Recorder.sol";
import {Ledger} from "./Table.sol";

/// @notice Games that Rust played, move by move on the chain: each move that its rules accept is accepted, each that they refuse is refused
/// and changes nothing, and the end is the same. The file is `actors/proof/examples/games.rs`'s: an honest party against every adversary.
/// forge-config: default.isolate = true
contract DisputesTest is Checked {
    Files private constant files = Files(address(uint160(uint256(keccak256("hevm cheat code")))));
    Recorder private constant recorder = Recorder(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant BOND = 1 ether;
    uint256 private constant MOVE = 0.001 ether;

    address private immutable provider = address(0xA11CE);
    address private immutable challenger = address(0xB0B);

    Disputes private disputes;
    Ledger private ledger;
    bytes32[] private posted;
    /// @dev Where in the file.
    uint256 private place;
    uint256 private refusals;
    uint256[6] private dearest;

    function next(bytes memory file) private returns (uint256 word) {
        uint256 from = place;
        assembly ("memory-safe") {
            word := mload(add(add(file, 32), from))
        }
        place = from + 32;
    }

    function shown(bytes memory file, uint256 length) private returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = file[place + i];
        }
        place += (length + 31) / 32 * 32;
    }

    /// @notice And what the dearest move of each kind costs, as a transaction of its own: base fee and calldata included.
    function test_games_that_rust_played() public {
        // Not in a call of its own: then each move is a transaction.
        uint256 games = follow(string.concat(files.projectRoot(), "/test/proof/vectors/games-0.bin"));
        yes(games >= 25 && refusals >= 60, "as many as there are");
        string[6] memory names = ["concede", "cut", "choose", "open", "prove", "timeout"];
        uint256[6] memory most = [uint256(60_000), 60_000, 60_000, 200_000, 90_000, 60_000];
        for (uint256 kind = 0; kind < names.length; ++kind) {
            vm.snapshotValue("proof", names[kind], dearest[kind]);
            yes(dearest[kind] > 0 && dearest[kind] <= most[kind], names[kind]);
        }
    }

    /// @notice As many as were written: `HYPERDUST_GAMES` names files without their `-0.bin`, `-1.bin`, ….
    function test_games_that_were_asked_for() public {
        string memory stem = files.envOr("HYPERDUST_GAMES", "");
        if (bytes(stem).length == 0) return;
        uint256 number = 0;
        for (;; ++number) {
            string memory path = string.concat(stem, "-", files.toString(number), ".bin");
            if (!files.exists(path)) break;
            // In a call of its own, whose memory is forgotten.
            this.follow(path);
        }
        yes(number > 0, "files");
    }

    /// @notice Plays every game of a file.
    function follow(string memory path) public returns (uint256 games) {
        bytes memory file = files.readFileBinary(path);
        place = 0;
        while (place < file.length) {
            game(file, games++);
        }
        same(place, file.length, "the file's end");
    }

    function game(bytes memory file, uint256 number) private {
        IClaims.Lane memory lane;
        lane.nodes = uint32(next(file));
        (lane.plan, lane.claim) = (bytes32(next(file)), bytes32(next(file)));
        (uint64 budget, uint64 extension) = (uint64(next(file)), uint64(next(file)));
        vm.warp(next(file));
        uint256 moves = next(file);
        ledger = new Ledger(provider);
        disputes = new Disputes(ledger, Disputes.Parameters(uint128(BOND), uint128(MOVE), budget, extension));
        vm.deal(provider, 1000 ether);
        vm.deal(challenger, 1000 ether);
        recorder.recordLogs();
        vm.prank(challenger);
        disputes.file{value: BOND}(bytes32(uint256(1)), lane, new bytes32[](0));
        Rules.State memory state = latest();
        for (uint256 i = 0; i < moves; ++i) {
            state = move(file, state, string.concat("game ", files.toString(number), ", move ", files.toString(i)));
        }
        uint256 end = next(file);
        same(uint256(state.outcome), end, string.concat("end of game ", files.toString(number)));
        if (end != 0) pay(state);
    }

    function move(bytes memory file, Rules.State memory state, string memory what) private returns (Rules.State memory) {
        address by = next(file) == 0 ? provider : challenger;
        vm.warp(next(file));
        uint256 kind = next(file);
        bool accepted = next(file) == 1;
        bytes memory part = shown(file, next(file));
        bytes32 before = disputes.games(1);
        vm.prank(by);
        (bool done,) = address(disputes).call{value: kind >= 1 && kind <= 3 ? MOVE : 0}(call(kind, state, part));
        yes(done == accepted, what);
        if (done) {
            uint256 spent = recorder.lastCallGas().gasTotalUsed;
            if (spent > dearest[kind]) dearest[kind] = spent;
            if (kind == 1) posted = roots(part);
            return latest();
        }
        ++refusals;
        same(disputes.games(1), before, what);
        return state;
    }

    function call(uint256 kind, Rules.State memory state, bytes memory part) private view returns (bytes memory) {
        if (kind == 0) return abi.encodeCall(disputes.concede, (1, state));
        if (kind == 1) return abi.encodeCall(disputes.cut, (1, state, roots(part)));
        if (kind == 2) return abi.encodeCall(disputes.choose, (1, state, posted, abi.decode(part, (uint256))));
        if (kind == 3) return abi.encodeCall(disputes.open, (1, state, abi.decode(part, (Opening.Run))));
        if (kind == 4) return abi.encodeCall(disputes.prove, (1, state, part));
        return abi.encodeCall(disputes.timeout, (1, state));
    }

    function roots(bytes memory part) private pure returns (bytes32[] memory list) {
        list = new bytes32[](part.length / 32);
        for (uint256 i = 0; i < list.length; ++i) {
            bytes32 root;
            assembly ("memory-safe") {
                root := mload(add(add(part, 32), mul(i, 32)))
            }
            list[i] = root;
        }
    }

    /// @dev The state in the latest event about a game.
    function latest() private returns (Rules.State memory) {
        Recorder.Log[] memory logs = recorder.getRecordedLogs();
        for (uint256 i = logs.length; i-- > 0;) {
            if (logs[i].topics[0] == Disputes.Played.selector) return abi.decode(logs[i].data, (Rules.State));
        }
        revert NotTrue("a state");
    }

    /// @dev The winner has bond and pot, whoever collects; and nothing is left to collect.
    function pay(Rules.State memory state) private {
        address winner = state.outcome == Rules.Outcome.Challenger ? provider : challenger;
        same(state.challenger, challenger, "the challenger who filed");
        disputes.collect(1, state);
        same(disputes.owed(address(0), winner), BOND + state.pot, "what the winner is owed");
        same(address(disputes).balance, BOND + state.pot, "what there is");
        IClaims.Verdict verdict = IClaims.Verdict.Refuted;
        if (state.outcome == Rules.Outcome.Conceded) verdict = IClaims.Verdict.Conceded;
        if (state.outcome == Rules.Outcome.Challenger) verdict = IClaims.Verdict.Upheld;
        same(uint256(ledger.verdict()), uint256(verdict), "the verdict");
        same(ledger.challenger(), challenger, "whose reward it is");
        same(ledger.settled(), ledger.locks(), "one end for each beginning");
        vm.expectRevert();
        disputes.collect(1, state);
    }
}
