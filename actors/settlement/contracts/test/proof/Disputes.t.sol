// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {Disputes} from "../../src/proof/Disputes.sol";
import {Rules} from "../../src/proof/Rules.sol";
import {Ledger} from "./Table.sol";
import {Tape} from "./Tape.sol";

/// @notice Games that Rust played, move by move on the chain: each move that its rules accept is accepted, each that they refuse is refused
/// and changes nothing, and the end is the same. The file is `actors/proof/examples/games.rs`'s: an honest party against every adversary.
/// forge-config: default.isolate = true
contract DisputesTest is Tape {
    address private immutable provider = address(0xA11CE);
    address private immutable challenger = address(0xB0B);
    address private immutable tower = address(0x70E4);

    Ledger private ledger;
    bytes32[] private posted;
    uint256 private refusals;
    uint256[6] private dearest;
    /// @dev Whether the tower makes everybody's moves.
    bool private entrusted;

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

    /// @notice Moves of a party's watchtower are the party's, to the payout; from when it is entrusted until it isn't any more.
    function test_whoever_is_entrusted_moves() public {
        entrusted = true;
        uint256 games = follow(string.concat(files.projectRoot(), "/test/proof/vectors/games-0.bin"));
        yes(games >= 25 && refusals >= 60, "as many as there are");
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
        uint256 place = 0;
        while (place < file.length) {
            place = game(file, place, games++);
        }
        same(place, file.length, "the file's end");
    }

    function game(bytes memory file, uint256 place, uint256 which) private returns (uint256) {
        Game memory g = gameAt(file, place);
        IClaims.Lane memory lane = IClaims.Lane(0, g.plan, g.claim, g.nodes);
        vm.warp(g.filed);
        ledger = new Ledger(provider);
        disputes = new Disputes(ledger, Disputes.Parameters(uint128(BOND), uint128(MOVE), g.budget, g.extension));
        vm.deal(provider, 1000 ether);
        vm.deal(challenger, 1000 ether);
        vm.deal(tower, 1000 ether);
        recorder.recordLogs();
        vm.prank(challenger);
        disputes.file{value: BOND}(bytes32(uint256(1)), lane, new bytes32[](0));
        Rules.State memory state = latest();
        place = g.place;
        for (uint256 i = 0; i < g.moves; ++i) {
            Move memory m = moveAt(file, place);
            state = move(m, state, string.concat("game ", files.toString(which), ", move ", files.toString(i)));
            place = m.next;
        }
        uint256 end = number(file, place);
        same(uint256(state.outcome), end, string.concat("end of game ", files.toString(which)));
        if (end != 0) pay(state);
        return place + 32;
    }

    function move(Move memory m, Rules.State memory state, string memory what) private returns (Rules.State memory) {
        vm.warp(m.at);
        bytes32 before = disputes.games(1);
        bytes memory data = call(1, m, state, posted);
        address mover = m.byProvider ? provider : challenger;
        if (entrusted) mover = entrust(mover, m, data);
        vm.prank(mover);
        (bool done,) = address(disputes).call{value: stakeOf(m)}(data);
        yes(done == m.accepted, what);
        if (done) {
            uint256 spent = recorder.lastCallGas().gasTotalUsed;
            if (spent > dearest[m.kind]) dearest[m.kind] = spent;
            if (m.kind == 1) posted = roots(m.shown);
            return latest();
        }
        ++refusals;
        same(disputes.games(1), before, what);
        return state;
    }

    /// @dev As long as nobody entrusts it the tower is a stranger, whose moves are refused, but for those that anybody makes. Then it moves for this side alone.
    function entrust(address party, Move memory m, bytes memory data) private returns (address) {
        vm.prank(provider);
        disputes.entrust(address(0));
        vm.prank(challenger);
        disputes.entrust(address(0));
        if (m.kind < 4) {
            vm.prank(tower);
            (bool done,) = address(disputes).call{value: stakeOf(m)}(data);
            yes(!done, "a stranger's move");
        }
        if (m.kind < 4 && m.accepted) {
            address other = party == provider ? challenger : provider;
            vm.prank(other);
            disputes.entrust(tower);
            vm.prank(tower);
            (bool done,) = address(disputes).call{value: stakeOf(m)}(data);
            yes(!done, "the other side's move");
            vm.prank(other);
            disputes.entrust(address(0));
        }
        vm.prank(party);
        disputes.entrust(tower);
        return tower;
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
