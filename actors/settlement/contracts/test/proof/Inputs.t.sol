// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {Messages} from "../../src/market/Messages.sol";
import {Purse} from "../../src/market/Purse.sol";
import {SessionBook} from "../../src/market/SessionBook.sol";
import {Sessions} from "../../src/market/Sessions.sol";
import {Inputs} from "../../src/proof/Inputs.sol";
import {Asking} from "./Asking.sol";

/// @notice A question about inputs is won by whoever has what the user signed, whatever is asked, by whom, and when; and lost by whoever doesn't. The coin
/// goes where it belongs, in the real market.
contract InputsTest is Asking {
    /// @notice The honest: whatever is asked about lanes of any shape, whoever has the signatures answers, at any second until the last, and nothing of it is
    /// lost. Anybody may bring the answer; the provider has the coin.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_whoever_has_what_was_signed_wins(uint256 seed, uint32 segment, uint32 chunk, uint256 late) public {
        delete shape;
        for (uint256 i = 0; i <= (seed >> 200) % 5; ++i) {
            shape.push(uint32((seed >> (8 * i)) % 7));
        }
        size = uint64(within(seed >> 100, 1, 2500));
        if (seed % 5 > 0) (segment, chunk) = (segment % 8, chunk % 4);
        bytes32 session = claimedSession();
        uint256 had = worth(provider);
        Inputs.Question memory q = ask(session, uint32((seed >> 64) % shape.length), segment, chunk);
        Inputs.Answer memory a = answerTo(q, USER_KEY);
        vm.warp(block.timestamp + within(late, 0, ANSWER));
        vm.prank(ANYBODY);
        inputs.answer(q, a);
        same(worth(provider) - had, QUESTION, "paid for the answer");
        same(inputs.owed(NATIVE, ANYBODY) + inputs.owed(NATIVE, challenger), 0, "nobody else");
        refusedTwice(q, a);
        vm.warp(block.timestamp + WINDOW + 1);
        sessions.finalise(session);
        same(worth(provider) - had, QUESTION + FEE * 63 / 100, "and for the work");
    }

    function refusedTwice(Inputs.Question memory q, Inputs.Answer memory a) private {
        vm.expectRevert(abi.encodeWithSelector(Inputs.NotPending.selector, keccak256(abi.encode(q))));
        inputs.answer(q, a);
        vm.expectRevert(abi.encodeWithSelector(Inputs.NotPending.selector, keccak256(abi.encode(q))));
        inputs.timeout(q);
    }

    /// @notice The one who withholds: a commitment that nobody can open, or whose inputs nobody is given, is a lost claim, to whoever asks for anything.
    function test_withheld_inputs() public {
        bytes32 session = open(DEPOSIT, false);
        Sessions.Claiming memory c = voucher(session, FEE);
        c.commitment = keccak256("of nothing");
        vm.prank(provider);
        sessions.claim(c);
        Inputs.Question memory q = ask(session, 4, 1000, 7);
        refused(q, answerTo(q, USER_KEY), SessionBook.NoSuchLane.selector);
        falls(q);
    }

    /// @notice The one who used other actions than the user's: what it has are signatures over others than those in its plan.
    function test_other_actions_than_were_signed() public {
        size = 164;
        bytes32 session = claimedSession();
        Inputs.Question memory q = ask(session, 3, 1, 0);
        Inputs.Answer memory a = answerTo(q, USER_KEY);
        size = 100;
        Inputs.Answer memory b = answerTo(q, USER_KEY);
        refused(q, b, SessionBook.NoSuchLane.selector);
        (b.lane, b.laneSiblings) = (a.lane, a.laneSiblings);
        refused(q, b, Inputs.NotPlanned.selector);
        b.siblings = a.siblings;
        refused(q, b, Inputs.NotPlanned.selector);
        // What is in the plan, and what was signed.
        (a.before, a.beforeSignature, a.last, a.lastSignature) = (b.before, b.beforeSignature, b.last, b.lastSignature);
        refused(q, a, Inputs.NotSigned.selector);
        falls(q);
    }

    /// @notice The one who has no actions to show for one segment: it can answer for the others, and that doesn't help it.
    function test_a_hole_in_the_plan() public {
        altered = 1;
        bytes32 session = claimedSession();
        Inputs.Question memory q = ask(session, 0, 0, 0);
        inputs.answer(q, answerTo(q, USER_KEY));
        q = ask(session, 3, 1, 0);
        refused(q, answerTo(q, USER_KEY), Inputs.NotPlanned.selector);
        falls(q);
    }

    /// @notice The user that signed twice: its provider answers for what it went by, whatever else was signed, and loses nothing.
    function test_a_user_that_signed_twice() public {
        bytes32 session = open(DEPOSIT, false);
        (Messages.ActionRoot memory before, bytes memory beforeSignature) = signedBy(USER_KEY, session, 0, 1);
        (Messages.ActionRoot memory last, bytes memory lastSignature) = signedBy(USER_KEY, session, 0, 2);
        size = 164;
        claim(session, FEE);
        Inputs.Question memory q = ask(session, 0, 2, 0);
        Inputs.Answer memory mixed = answerTo(q, USER_KEY);
        (mixed.before, mixed.beforeSignature) = (before, beforeSignature);
        refused(q, mixed, Inputs.NotSigned.selector);
        (mixed.last, mixed.lastSignature) = (last, lastSignature);
        refused(q, mixed, Inputs.NotSigned.selector);
        inputs.answer(q, answerTo(q, USER_KEY));
    }

    /// @notice The forger: what was signed by another key, for another chain, contract, session, lane or segment, or in another form, is nothing.
    function test_signatures_from_elsewhere() public {
        bytes32 older = claimedSession();
        bytes32 session = claimedSession();
        Inputs.Question memory q = ask(session, 3, 2, 0);
        Inputs.Answer memory good = answerTo(q, USER_KEY);
        refused(q, answerTo(q, PROVIDER_KEY), Inputs.NotSigned.selector);
        for (uint256 which = 0; which < 2; ++which) {
            Inputs.Answer memory a = answerTo(q, USER_KEY);
            (a.last, a.lastSignature) = signedBy(USER_KEY, session, 3, which == 0 ? 1 : 3);
            refused(q, a, Inputs.NotSigned.selector);
            (a.last, a.lastSignature) = signedBy(USER_KEY, which == 0 ? older : session, which == 0 ? 3 : 4, 2);
            refused(q, a, Inputs.NotSigned.selector);
            a = answerTo(q, USER_KEY);
            (a.before, a.beforeSignature) = signedBy(USER_KEY, session, 3, which == 0 ? 0 : 2);
            refused(q, a, Inputs.NotSigned.selector);
            (a.before, a.beforeSignature) = signedBy(USER_KEY, which == 0 ? older : session, which == 0 ? 3 : 4, 1);
            refused(q, a, Inputs.NotSigned.selector);
        }
        Inputs.Answer memory b = answerTo(q, USER_KEY);
        vm.chainId(30);
        refused(q, b, Inputs.NotSigned.selector);
        b = answerTo(q, USER_KEY);
        vm.chainId(31337);
        refused(q, b, Inputs.NotSigned.selector);
        b.lastSignature = good.lastSignature;
        b.beforeSignature = "";
        refused(q, b, Inputs.NotSigned.selector);
        b.beforeSignature = good.beforeSignature;
        b.last.steps += 1;
        refused(q, b, Inputs.NotSigned.selector);
        b.last.steps -= 1;
        b.before.steps += 1;
        refused(q, b, Inputs.NotSigned.selector);
        b.before.steps -= 1;
        b.lastSignature = otherForm(good.lastSignature);
        refused(q, b, Inputs.NotSigned.selector);
        inputs.answer(q, good);
    }

    /// @notice The same roots, signed by the same user, but said to be of another session, lane or segment.
    function test_the_same_actions_elsewhere() public {
        bytes32 older = claimedSession();
        bytes32 session = claimedSession();
        Inputs.Question memory q = ask(session, 3, 2, 0);
        bytes32[2] memory jobs = [sessions.jobOf(older, 3), sessions.jobOf(session, 4)];
        for (uint256 which = 0; which < 4; ++which) {
            Inputs.Answer memory a = answerTo(q, USER_KEY);
            if (which < 2) a.last.job = jobs[which];
            else a.last.segment = which == 2 ? 1 : 3;
            a.lastSignature = sign(USER_KEY, Messages.hash(a.last));
            refused(q, a, Inputs.NotSigned.selector);
            a = answerTo(q, USER_KEY);
            if (which < 2) a.before.job = jobs[which];
            else a.before.segment = which == 2 ? 0 : 2;
            a.beforeSignature = sign(USER_KEY, Messages.hash(a.before));
            refused(q, a, Inputs.NotSigned.selector);
        }
        q = ask(session, 3, 5, 0);
        for (uint256 which = 0; which < 2; ++which) {
            Inputs.Answer memory a = answerTo(q, USER_KEY);
            a.last.job = jobs[which];
            a.lastSignature = sign(USER_KEY, Messages.hash(a.last));
            refused(q, a, Inputs.NotSigned.selector);
            a = answerTo(q, USER_KEY);
            a.lastSignature = sign(PROVIDER_KEY, Messages.hash(a.last));
            refused(q, a, Inputs.NotSigned.selector);
        }
    }

    /// @dev The same signature with the other of the two values of s.
    function otherForm(bytes memory signature) private pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = (bytes32(0), bytes32(0), uint8(signature[64]));
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
        }
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        return abi.encodePacked(r, order - uint256(s), v == 27 ? uint8(28) : uint8(27));
    }

    /// @notice A chunk is answered by all of its leaves and no others; one that the string hasn't, by showing how long the string is.
    function test_chunks() public {
        size = 32 * 70 + 5;
        bytes32 session = claimedSession();
        for (uint32 chunk = 0; chunk < 3; ++chunk) {
            Inputs.Question memory q = ask(session, 0, 1, chunk);
            Inputs.Answer memory a = answerTo(q, USER_KEY);
            same(a.leaves.length, chunk < 2 ? 32 : 7, "leaves");
            Inputs.Answer memory b = answerTo(Inputs.Question(session, provider, challenger, 0, 0, 1, (chunk + 1) % 3), USER_KEY);
            refused(q, b, Inputs.NotTheChunk.selector);
            b.leafSiblings = a.leafSiblings;
            refused(q, b, Inputs.NotTheChunk.selector);
            b.leaves = new bytes32[](a.leaves.length);
            refused(q, b, Inputs.NotTheChunk.selector);
            b.leaves = a.leaves;
            b.leafSiblings = new bytes32[](0);
            refused(q, b, Inputs.NotTheChunk.selector);
            b.leafSiblings = a.leafSiblings;
            b.length += 1;
            refused(q, b, Inputs.NotPlanned.selector);
            inputs.answer(q, a);
        }
        Inputs.Question memory past = ask(session, 0, 1, 3);
        Inputs.Answer memory none = answerTo(past, USER_KEY);
        same(none.leaves.length, 0, "no leaves");
        none.leaves = new bytes32[](1);
        refused(past, none, Inputs.NotTheChunk.selector);
        none.leaves = new bytes32[](0);
        inputs.answer(past, none);
        past = ask(session, 0, 1, type(uint32).max);
        inputs.answer(past, answerTo(past, USER_KEY));
    }

    /// @notice Who doesn't pay, or asks about what can't be asked about, isn't heard.
    function test_refused_questions() public {
        bytes32 unclaimed = open(DEPOSIT, false);
        bytes32 session = claimedSession();
        vm.deal(address(this), 10 ether);
        vm.expectRevert(abi.encodeWithSelector(Purse.WrongCoin.selector, 0, QUESTION));
        inputs.ask(session, 0, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(Purse.WrongCoin.selector, QUESTION - 1, QUESTION));
        inputs.ask{value: QUESTION - 1}(session, 0, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(Inputs.NoSuchLane.selector, 5, 5));
        inputs.ask{value: QUESTION}(session, 5, 0, 0);
        vm.expectRevert(Inputs.NotAsked.selector);
        inputs.ask{value: QUESTION}(unclaimed, 0, 0, 0);
        inputs.ask{value: QUESTION}(session, 0, 0, 0);
        vm.expectRevert();
        inputs.ask{value: QUESTION}(session, 0, 0, 0);
        inputs.ask{value: QUESTION}(session, 0, 0, 1);
        vm.warp(block.timestamp + WINDOW + 1);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.TooLate.selector, block.timestamp - 1));
        inputs.ask{value: QUESTION}(session, 0, 0, 0);
        same(sessions.get(session).games, 2, "questions");
    }

    /// @notice Attested work isn't asked about, and neither is an agent's, whose plan has no fixed form.
    function test_only_provable_scenes() public {
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(author);
            scene = uint64(assets.publish(publication(i == 0, i == 0)));
            vm.prank(provider);
            providers.offer(scene, NATIVE, PROVIDER_PRICE, true);
            bytes32 session = claimedSession();
            vm.expectRevert(Inputs.NotAsked.selector);
            vm.prank(challenger);
            inputs.ask{value: QUESTION}(session, 0, 0, 0);
            IClaims.Lane memory lane;
            bytes32[8] memory words;
            vm.expectRevert(Inputs.NotAsked.selector);
            inputs.misplanned(session, lane, new bytes32[](0), 0, words, new bytes32[](0));
            vm.expectRevert(Inputs.NotAsked.selector);
            inputs.unsearchable(session, lane, new bytes32[](0));
        }
    }

    /// @notice To the second: until then an answer is in time and a timeout too early; after that the other way round.
    function test_the_last_second() public {
        Inputs.Question memory q = ask(claimedSession(), 0, 0, 0);
        Inputs.Answer memory a = answerTo(q, USER_KEY);
        vm.warp(q.until);
        vm.expectRevert(abi.encodeWithSelector(Inputs.Early.selector, q.until));
        inputs.timeout(q);
        vm.warp(q.until + 1);
        refused(q, a, Inputs.Late.selector);
        falls(q);
    }

    /// @notice Who copies what it sees in the open gains nothing: an answer pays the provider, a timeout the one who asked, and a question is another one.
    function test_copied_transactions() public {
        bytes32 session = claimedSession();
        vm.deal(ANYBODY, 1 ether);
        vm.prank(ANYBODY);
        inputs.ask{value: QUESTION}(session, 0, 0, 0);
        Inputs.Question memory q = ask(session, 0, 0, 0);
        Inputs.Question memory copied = ask(session, 1, 0, 0);
        copied.challenger = ANYBODY;
        vm.expectRevert(abi.encodeWithSelector(Inputs.NotPending.selector, keccak256(abi.encode(copied))));
        inputs.timeout(copied);
        Inputs.Answer memory a = answerTo(q, USER_KEY);
        vm.prank(ANYBODY);
        inputs.answer(q, a);
        same(inputs.owed(NATIVE, provider), QUESTION, "the provider's");
        refused(Inputs.Question(session, provider, ANYBODY, q.until, 0, 0, 0), answerOfAnotherLane(q), Inputs.AnotherLane.selector);
        copied.challenger = challenger;
        falls(copied);
    }

    function answerOfAnotherLane(Inputs.Question memory q) private view returns (Inputs.Answer memory) {
        return answerTo(Inputs.Question(q.session, q.provider, q.challenger, q.until, 1, 0, 0), USER_KEY);
    }

    /// @notice Twenty questions at once, and a game about outputs: each is answered in any order, and the claim is paid when the last is over. Where it falls, those
    /// that are left change nothing more.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_twenty_questions(uint256 seed) public {
        bytes32 session = claimedSession();
        Inputs.Question[] memory q = new Inputs.Question[](20);
        for (uint32 i = 0; i < 20; ++i) {
            q[i] = ask(session, i % 5, i / 5, 0);
        }
        referee.lock(session);
        same(sessions.get(session).games, 21, "games");
        bool lost = seed % 2 == 0;
        uint256 unanswered = lost ? (seed >> 1) % 20 : 20;
        uint256 had = worth(challenger);
        for (uint256 i = 0; i < 20; ++i) {
            if (i != unanswered) inputs.answer(q[i], answerTo(q[i], USER_KEY));
        }
        vm.warp(block.timestamp + WINDOW + 1);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.InDispute.selector, lost ? 2 : 1));
        sessions.finalise(session);
        if (lost) same(inputs.timeout(q[unanswered]), RATIO * DEPOSIT, "taken");
        same(referee.settle(session, IClaims.Verdict.Refuted, challenger), lost ? 0 : RATIO * DEPOSIT, "taken once");
        same(worth(challenger) - had, RATIO * DEPOSIT / 2 + (lost ? QUESTION : 0), "one share");
        same(address(inputs).balance, 20 * QUESTION, "what came in");
        same(inputs.owed(NATIVE, provider) + inputs.owed(NATIVE, challenger), 20 * QUESTION, "goes out");
    }
}
