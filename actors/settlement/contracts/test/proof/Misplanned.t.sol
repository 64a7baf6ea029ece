// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {SessionBook} from "../../src/market/SessionBook.sol";
import {Sessions} from "../../src/market/Sessions.sol";
import {Inputs} from "../../src/proof/Inputs.sol";
import {Trees} from "../market/Trees.sol";
import {Asking} from "./Asking.sol";

/// @notice A plan that no session of the scene can have is shown at once, whatever is wrong with it, and falls; one that is right is safe. A claim that leaves
/// out what it is paid for can't be answered for.
contract MisplannedTest is Asking {
    /// @dev What is wrong with node 1 of lane 0, and node 0 of lane 1: this word of it.
    uint256 private wrong = type(uint256).max;
    bytes32 private with;
    /// @dev Nodes of every lane as the claim has them, if not as many as they are; and whether the claim is the plan.
    uint32 private said;
    bool private bare;

    function broken(bytes32 session, uint256 lane, uint256 segment) private view returns (bytes32[8] memory words) {
        words = wordsOf(session, lane, segment);
        if (wrong < 8 && segment + lane == 1) words[wrong] = with;
    }

    function subtrees(bytes32 session, uint256 lane) internal view override returns (bytes32[] memory nodes) {
        nodes = new bytes32[](claimed(lane));
        for (uint256 k = 0; k < nodes.length; ++k) {
            nodes[k] = above(broken(session, lane, k));
        }
    }

    function laneIn(bytes32 session, uint32 lane) internal view override returns (IClaims.Lane memory l) {
        l = super.laneIn(session, lane);
        if (said > 0) l.nodes = said;
        if (bare) l.claim = l.plan;
    }

    /// @dev Shows node `segment` of a lane.
    function show(bytes32 session, uint32 lane, uint32 segment, bytes32[8] memory words)
        private
        returns (bool done, bytes memory result)
    {
        IClaims.Lane memory l = laneIn(session, lane);
        bytes32[] memory path = Trees.siblings(items(session), lane);
        bytes32[] memory siblings = Trees.siblings(subtrees(session, lane), segment);
        bytes memory data = abi.encodeCall(Inputs.misplanned, (session, l, path, segment, words, siblings));
        vm.prank(challenger);
        (done, result) = address(inputs).call(data);
    }

    function convicted(bytes32 session, bool done, bytes memory result) private view {
        yes(done, "shown");
        same(abi.decode(result, (uint256)), RATIO * DEPOSIT, "taken");
        same(providers.owed(NATIVE, challenger), RATIO * DEPOSIT / 2, "the challenger's share");
        same(sessions.owed(NATIVE, user), DEPOSIT, "the user's deposit");
        same(sessions.get(session).games, 0, "no games are left");
    }

    function refusal(bool done, bytes memory result, bytes4 why) private pure {
        yes(!done, "refused");
        same(bytes32(bytes4(result)), bytes32(why), "reason");
    }

    /// @notice Any word but the actions' that is another than it has to be.
    function testFuzz_a_wrong_plan_falls(uint256 word, bytes32 other, bool first) public {
        // Seven words are not the actions' root.
        wrong = [uint256(0), 1, 2, 3, 5, 6, 7][word % 7];
        (uint32 lane, uint32 segment) = first ? (1, 0) : (0, 1);
        vm.assume(other != wordsOf(0, lane, segment)[wrong]);
        with = other;
        bytes32 session = claimedSession();
        (bool done, bytes memory result) = show(session, lane, segment, broken(session, lane, segment));
        convicted(session, done, result);
        // And once is enough.
        (done, result) = show(session, lane, segment, broken(session, lane, segment));
        refusal(done, result, SessionBook.WrongStatus.selector);
    }

    /// @notice What a liar might try: the program of another scene, a state of its own, the output of a later or earlier segment, no actions.
    function test_wrong_plans_by_name() public {
        bytes32[6] memory words = [
            keccak256("another program"),
            bytes32(abi.encodePacked(uint64(1), uint64(1), uint64(1), uint64(0))),
            bytes32(abi.encodePacked(uint64(1), uint64(3), uint64(1), uint64(0))),
            bytes32(abi.encodePacked(uint64(1), uint64(0), uint64(1), uint64(0))),
            keccak256("another blueprint"),
            bytes32(0)
        ];
        uint8[6] memory places = [0, 1, 1, 1, 2, 4];
        for (uint256 i = 0; i < words.length; ++i) {
            (wrong, with) = (places[i], words[i]);
            bytes32 session = claimedSession();
            (bool done,) = show(session, 0, 1, broken(session, 0, 1));
            yes(done, "shown");
            same(uint256(status(session)), 5, "fallen");
            vm.deal(provider, 100 ether);
            vm.prank(provider);
            providers.bond{value: RATIO * DEPOSIT}(NATIVE, RATIO * DEPOSIT);
        }
    }

    /// @notice An honest plan is safe: no node of it is misplanned, no other node is in it; nor is one of other actions shown this way, which is for a question.
    function test_a_right_plan_is_safe() public {
        bytes32 session = claimedSession();
        for (uint32 segment = 0; segment < 3; ++segment) {
            bytes32[8] memory words = wordsOf(session, 0, segment);
            (bool done, bytes memory result) = show(session, 0, segment, words);
            refusal(done, result, Inputs.WellPlanned.selector);
            words[0] = keccak256("another program");
            (done, result) = show(session, 0, segment, words);
            refusal(done, result, Inputs.NotPlanned.selector);
        }
        refuses(session, 0, Inputs.WellPlanned.selector);
        refuses(session, 2, Inputs.WellPlanned.selector);
        altered = 1;
        session = claimedSession();
        (bool shown, bytes memory reason) = show(session, 0, 1, wordsOf(session, 0, 1));
        refusal(shown, reason, Inputs.WellPlanned.selector);
        altered = type(uint32).max;
        (shown, reason) = show(session, 0, 1, wordsOf(session, 0, 1));
        refusal(shown, reason, SessionBook.NoSuchLane.selector);
    }

    /// @notice Fillers of the tree are no nodes, and the window is when it may be shown.
    function test_fillers_and_late_comers() public {
        bytes32 session = claimedSession();
        bytes32[8] memory nothing;
        // Lane 0 has three nodes, and so one filler.
        (bool done, bytes memory result) = show(session, 0, 3, nothing);
        refusal(done, result, Inputs.NotPlanned.selector);
        (wrong, with) = (0, keccak256("another program"));
        session = claimedSession();
        vm.warp(block.timestamp + WINDOW + 1);
        (done, result) = show(session, 0, 1, broken(session, 0, 1));
        refusal(done, result, SessionBook.TooLate.selector);
    }

    function refuses(bytes32 session, uint32 lane, bytes4 why) private {
        bytes32[] memory path = Trees.siblings(items(session), lane);
        IClaims.Lane memory l = laneIn(session, lane);
        vm.expectRevert(why);
        inputs.unsearchable(session, l, path);
    }

    /// @notice A claim without outputs, or of more nodes than a search takes, which `Disputes` has nothing to begin with.
    function test_what_cannot_be_searched_falls() public {
        for (uint256 i = 0; i < 2; ++i) {
            (bare, said) = (i == 0, i == 0 ? 0 : (1 << 16) + 1);
            bytes32 session = claimedSession();
            bytes32[] memory path = Trees.siblings(items(session), 3);
            IClaims.Lane memory lane = laneIn(session, 3);
            vm.prank(challenger);
            same(inputs.unsearchable(session, lane, path), RATIO * DEPOSIT, "taken");
        }
        (bare, said) = (false, 1 << 16);
        refuses(claimedSession(), 3, Inputs.WellPlanned.selector);
    }

    /// @notice The one who leaves out what it was paid for: of a lane that ends before the voucher's roots say, nothing shows that it is whole.
    function test_a_claim_that_is_cut_short() public {
        left = 1;
        bytes32 session = claimedSession();
        Inputs.Question memory q = ask(session, 3, 4, 0);
        Inputs.Answer memory a = answerTo(q, USER_KEY);
        refused(q, a, Inputs.CutShort.selector);
        // Nor does a root that was signed before, or none.
        (a.last, a.lastSignature) = signedBy(USER_KEY, session, 3, 3);
        refused(q, a, Inputs.CutShort.selector);
        a.last.root = 0;
        refused(q, a, Inputs.CutShort.selector);
        falls(q);
        // A lane without segments, of which some were paid for.
        session = claimedSession();
        q = ask(session, 1, 0, 0);
        refused(q, answerTo(q, USER_KEY), Inputs.CutShort.selector);
        falls(q);
    }

    /// @notice One that goes on after the voucher is whole: its later segments have to be signed like all others.
    function test_a_claim_that_goes_on_is_whole() public {
        Sessions.Claiming memory c;
        bytes32 session = open(DEPOSIT, false);
        uint32[] memory longer = shape;
        for (uint256 i = 0; i < longer.length; ++i) {
            shape[i] = longer[i] > 0 ? longer[i] - 1 : 0;
        }
        bytes32 paid = actionsOf(session);
        bytes32[] memory items_ = roots(session);
        shape = longer;
        c = voucher(session, FEE);
        c.actions = paid;
        c.signature = signed(USER_KEY, c);
        vm.prank(provider);
        sessions.claim(c);
        Inputs.Question memory q = ask(session, 3, 5, 0);
        Inputs.Answer memory a = answerTo(q, USER_KEY);
        refused(q, a, Inputs.CutShort.selector);
        a.siblings = Trees.siblings(items_, 3);
        (a.last, a.lastSignature) = signedBy(USER_KEY, session, 3, 3);
        inputs.answer(q, a);
        q = ask(session, 3, 4, 0);
        inputs.answer(q, answerTo(q, USER_KEY));
        // Lane 1 had one segment, of which none was paid for.
        q = ask(session, 1, 1, 0);
        a = answerTo(q, USER_KEY);
        a.siblings = Trees.siblings(items_, 1);
        a.last.root = 0;
        inputs.answer(q, a);
    }
}
