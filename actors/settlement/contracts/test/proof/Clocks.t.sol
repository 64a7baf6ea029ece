// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {Disputes} from "../../src/proof/Disputes.sol";
import {Rules} from "../../src/proof/Rules.sol";
import {Purse} from "../../src/market/Purse.sol";
import {Checked} from "../market/Cheats.sol";
import {Ledger} from "./Table.sol";
import {Recorder} from "./Recorder.sol";

/// @notice What holds of every game, whatever is played: clocks, who may move, and that the coin there is is the coin that is owed or at stake.
contract ClocksTest is Checked {
    Recorder private constant recorder = Recorder(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant BOND = 1 ether;
    uint256 private constant MOVE = 0.001 ether;
    uint64 private constant BUDGET = 7 days;
    uint64 private constant EXTENSION = 6 hours;
    uint32 private constant NODES = 1 << 16;

    address private immutable provider = address(0xA11CE);
    address private immutable challenger = address(0xB0B);
    Ledger private immutable ledger = new Ledger(provider);
    Disputes private immutable disputes =
        new Disputes(ledger, Disputes.Parameters(uint128(BOND), uint128(MOVE), BUDGET, EXTENSION));

    function setUp() public {
        vm.warp(1_800_000_000);
        vm.deal(provider, 1000 ether);
        vm.deal(challenger, 1000 ether);
        recorder.recordLogs();
    }

    function lane() private pure returns (IClaims.Lane memory) {
        return IClaims.Lane(0, bytes32(uint256(1)), bytes32(uint256(2)), NODES);
    }

    function file() private returns (Rules.State memory) {
        vm.prank(challenger);
        disputes.file{value: BOND}(bytes32(uint256(1)), lane(), new bytes32[](0));
        return latest();
    }

    function latest() private returns (Rules.State memory) {
        Recorder.Log[] memory logs = recorder.getRecordedLogs();
        for (uint256 i = logs.length; i-- > 0;) {
            if (logs[i].topics[0] == Disputes.Played.selector) return abi.decode(logs[i].data, (Rules.State));
        }
        revert NotTrue("a state");
    }

    function roots(uint256 seed) private pure returns (bytes32[] memory list) {
        list = new bytes32[](15);
        for (uint256 i = 0; i < 15; ++i) {
            list[i] = keccak256(abi.encode(seed, i));
        }
    }

    function cut(uint256 game, Rules.State memory s) private returns (Rules.State memory) {
        vm.prank(provider);
        disputes.cut{value: MOVE}(game, s, roots(game));
        return latest();
    }

    function choose(uint256 game, Rules.State memory s, uint256 piece) private returns (Rules.State memory) {
        vm.prank(challenger);
        disputes.choose{value: MOVE}(game, s, roots(game), piece);
        return latest();
    }

    /// @notice A provider that answers within the extension is never late, whatever time it used before and whatever pieces are chosen; and four
    /// cuts lead from 2¹⁶ nodes to one.
    function testFuzz_who_answers_within_the_extension_is_in_time(uint256 seed) public {
        Rules.State memory s = file();
        for (uint256 i = 0; i < 4; ++i) {
            // Once as late as can be; then within the extension.
            uint256 late = i == 0 ? within(seed, 0, BUDGET) : within(seed >> i, 0, EXTENSION);
            vm.warp(block.timestamp + late);
            s = cut(1, s);
            yes(s.leftProvider >= EXTENSION, "time for the next move");
            vm.warp(block.timestamp + within(seed >> (8 + i), 0, EXTENSION));
            s = choose(1, s, within(seed >> (32 * i), 0, 15));
            yes(s.leftChallenger >= EXTENSION, "time for the next choice");
        }
        same(s.disputedStep, s.agreedStep + 1, "one node");
        yes(!s.traced && s.agreedStep < NODES, "a node of the graph");
    }

    /// @notice To the second: until then a move is in time and a timeout too early; after that the other way round.
    function test_the_last_second() public {
        Rules.State memory s = file();
        vm.warp(block.timestamp + BUDGET);
        vm.expectRevert(abi.encodeWithSelector(Rules.Early.selector, block.timestamp));
        disputes.timeout(1, s);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(Rules.Late.selector, block.timestamp - 1));
        vm.prank(provider);
        disputes.cut{value: MOVE}(1, s, roots(1));
        disputes.timeout(1, s);
        same(uint256(latest().outcome), uint256(Rules.Outcome.Provider), "who was due");
    }

    /// @notice Nobody but the two parties moves, and a move with another state, or too little coin, is none.
    function test_strangers_and_other_states() public {
        Rules.State memory s = file();
        vm.expectRevert(abi.encodeWithSelector(Disputes.NotYours.selector, address(this), provider));
        disputes.cut(1, s, roots(1));
        vm.expectRevert(abi.encodeWithSelector(Disputes.NotYours.selector, address(this), provider));
        disputes.concede(1, s);
        vm.expectRevert(abi.encodeWithSelector(Purse.WrongCoin.selector, 0, MOVE));
        vm.prank(provider);
        disputes.cut(1, s, roots(1));
        vm.expectRevert(Disputes.NotDecided.selector);
        disputes.collect(1, s);
        Rules.State memory other = latestOf(s);
        other.challenger = address(this);
        vm.expectRevert(abi.encodeWithSelector(Disputes.NotTheState.selector, 1));
        vm.prank(provider);
        disputes.cut{value: MOVE}(1, other, roots(1));
    }

    function latestOf(Rules.State memory s) private pure returns (Rules.State memory) {
        return abi.decode(abi.encode(s), (Rules.State));
    }

    /// @notice No game without its bond, about attested work, or where there is nothing to search.
    function test_refused_filings() public {
        IClaims.Lane memory l = lane();
        bytes32 session = bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(Purse.WrongCoin.selector, 0, BOND));
        disputes.file(session, l, new bytes32[](0));
        vm.deal(address(this), 10 ether);
        vm.expectRevert(Disputes.NotProvable.selector);
        disputes.file{value: BOND}(0, l, new bytes32[](0));
        l.nodes = NODES + 1;
        vm.expectRevert(Disputes.NothingToSearch.selector);
        disputes.file{value: BOND}(session, l, new bytes32[](0));
        (l.nodes, l.claim) = (NODES, l.plan);
        vm.expectRevert(Disputes.NothingToSearch.selector);
        disputes.file{value: BOND}(session, l, new bytes32[](0));
        same(ledger.locks(), 0, "games");
    }

    /// @notice Twenty games against one provider, ended in any way at any stage: each is paid once, and together what came in goes out.
    function testFuzz_what_comes_in_goes_out(uint256 seed) public {
        Rules.State[20] memory states;
        for (uint256 i = 0; i < 20; ++i) {
            states[i] = file();
        }
        uint256 staked = 20 * BOND;
        for (uint256 i = 0; i < 20; ++i) {
            uint256 way = (seed >> (3 * i)) & 7;
            if (way == 0) {
                vm.prank(provider);
                disputes.concede(i + 1, states[i]);
                states[i] = latest();
                continue;
            }
            if (way > 2) (states[i], staked) = (cut(i + 1, states[i]), staked + MOVE);
            if (way > 5) (states[i], staked) = (choose(i + 1, states[i], way), staked + MOVE);
        }
        vm.warp(block.timestamp + BUDGET + 1);
        for (uint256 i = 0; i < 20; ++i) {
            if (states[i].outcome == Rules.Outcome.None) {
                disputes.timeout(i + 1, states[i]);
                states[i] = latest();
            }
            disputes.collect(i + 1, states[i]);
            same(disputes.games(i + 1), 0, "what is left of it");
        }
        same(address(disputes).balance, staked, "what came in");
        same(disputes.owed(address(0), provider) + disputes.owed(address(0), challenger), staked, "what goes out");
        same(ledger.settled(), 20, "ends");
    }
}
