// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {ISessions} from "../../src/interfaces/ISessions.sol";
import {Providers} from "../../src/market/Providers.sol";
import {Purse} from "../../src/market/Purse.sol";
import {SessionBook} from "../../src/market/SessionBook.sol";
import {Sessions} from "../../src/market/Sessions.sol";
import {World} from "./World.sol";

/// @notice Every way through a session, and who has how much at its end.
contract SessionsTest is World {
    uint256 private constant FEE = 0.4 ether;
    uint256 private constant DEPOSIT = 1 ether;

    function reserved() private view returns (uint256) {
        (, uint96 held,,) = providers.bondOf(provider, NATIVE);
        return held;
    }

    function bonded() private view returns (uint256 all) {
        (all,,,) = providers.bondOf(provider, NATIVE);
    }

    /// @notice An attested or plain session: provider and author share the fee by their prices; the user has the rest back.
    function test_a_claim_pays_provider_and_author_and_refunds_the_rest() public {
        uint256 before = worth(user);
        bytes32 session = open(DEPOSIT, false);
        same(reserved(), RATIO * DEPOSIT, "reserved");
        claim(session, FEE);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.TooEarly.selector, block.timestamp + WINDOW + 1));
        sessions.finalise(session);
        pass();
        sessions.finalise(session);
        uint256 rest = FEE - FEE / 10;
        same(sessions.owed(NATIVE, author), rest * 3 / 10, "author");
        same(sessions.owed(NATIVE, provider), rest * 7 / 10, "provider");
        same(before - worth(user), rest, "user: no companion attested, so their part is the user's");
        same(reserved(), 0, "reserved");
        yes(status(session) == ISessions.Status.Ended, "status");
    }

    /// @notice A minting session burns its share, rounded up, and a companion that attested is paid.
    function test_a_minting_claim_burns_and_pays_its_companion() public {
        join(companion);
        bytes32 session = seeded(DEPOSIT);
        bytes32 root = voucher(session, FEE).commitment;
        vm.prank(companion);
        companions.commit(session, commitment(root, companion, "salt"));
        claim(session, FEE);
        vm.prank(companion);
        companions.open(session, "salt");
        pass();
        sessions.finalise(session);
        uint256 burnt = FEE / 20;
        same(address(work).balance, burnt, "burnt");
        same(work.burnt(0, provider), burnt, "in the provider's name");
        yes(status(session) == ISessions.Status.Paid, "waits for the draw");
        vm.expectRevert(abi.encodeWithSelector(SessionBook.TooEarly.selector, block.number + 2));
        sessions.reward(session);
        vm.roll(block.number + 2);
        sessions.reward(session);
        same(sessions.owed(NATIVE, companion), (FEE - burnt) / 10, "companion");
        uint256 rest = FEE - burnt - (FEE - burnt) / 10;
        same(sessions.owed(NATIVE, author) + sessions.owed(NATIVE, provider), rest, "author and provider");
        vm.expectRevert(abi.encodeWithSelector(SessionBook.WrongStatus.selector, ISessions.Status.Ended));
        sessions.reward(session);
    }

    /// @notice A provider that gives up, and one that vanishes: the user has everything back, at once or after the closing period.
    function test_an_unclaimed_session_is_refunded() public {
        uint256 before = worth(user);
        bytes32 first = open(DEPOSIT, false);
        bytes32 second = open(DEPOSIT, true);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.NotYours.selector, address(this), provider));
        sessions.decline(first);
        vm.prank(provider);
        sessions.decline(first);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.NotYours.selector, address(this), user));
        sessions.close(second);
        vm.prank(user);
        sessions.close(second);
        vm.expectRevert();
        sessions.reclaim(second);
        vm.warp(block.timestamp + CLOSING + 1);
        sessions.reclaim(second);
        same(worth(user), before, "user");
        same(reserved(), 0, "reserved");
    }

    /// @notice A user that vanishes, or closes: the provider claims until the closing period's last second, and not after.
    function test_a_voucher_expires_with_the_closing_period() public {
        bytes32 session = open(DEPOSIT, false);
        vm.prank(user);
        sessions.close(session);
        Sessions.Claiming memory c = voucher(session, FEE);
        vm.warp(block.timestamp + CLOSING + 1);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.TooLate.selector, block.timestamp - 1));
        sessions.claim(c);
        vm.warp(block.timestamp - 1);
        vm.prank(provider);
        sessions.claim(c);
        yes(status(session) == ISessions.Status.Claimed, "claimed");
    }

    /// @notice A claim that was refuted: the user has its deposit back, the challenger half of the bond behind it, the rest is burnt.
    function test_a_refuted_claim_costs_the_bond_behind_it() public {
        uint256 before = worth(user);
        uint256 all = bonded();
        bytes32 session = open(DEPOSIT, false);
        claim(session, FEE);
        referee.lock(session);
        same(referee.settle(session, IClaims.Verdict.Refuted, challenger), RATIO * DEPOSIT, "taken");
        same(worth(user), before, "user");
        same(providers.owed(NATIVE, challenger), RATIO * DEPOSIT / 2, "challenger");
        same(providers.burnt(NATIVE), RATIO * DEPOSIT / 2, "burnt");
        same(bonded(), all - RATIO * DEPOSIT, "bond");
        same(reserved(), 0, "reserved");
        pass();
        vm.expectRevert(abi.encodeWithSelector(SessionBook.WrongStatus.selector, ISessions.Status.Ended));
        sessions.finalise(session);
        yes(!sessions.claimOf(session).live, "not live");
        same(sessions.claimOf(session).fee, FEE, "still known");
    }

    /// @notice A provider that concedes loses fees, not the bond; at most the part behind the session.
    function test_a_concession_costs_fees() public {
        uint256 all = bonded();
        bytes32 session = open(DEPOSIT, false);
        claim(session, FEE);
        referee.lock(session);
        same(referee.settle(session, IClaims.Verdict.Conceded, challenger), CONCESSION * FEE, "taken");
        same(bonded(), all - CONCESSION * FEE, "bond");
        same(worth(user), 1_000 ether, "user");
    }

    /// @notice Several games about one claim: it waits for all, falls with the first that the provider loses, and is taken from once.
    function test_games_are_counted_and_the_bond_is_taken_once() public {
        bytes32 session = open(DEPOSIT, false);
        claim(session, FEE);
        referee.lock(session);
        referee.lock(session);
        referee.lock(session);
        referee.settle(session, IClaims.Verdict.Upheld, challenger);
        pass();
        vm.expectRevert(abi.encodeWithSelector(SessionBook.InDispute.selector, 2));
        sessions.finalise(session);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.TooLate.selector, block.timestamp - 1));
        referee.lock(session);
        same(referee.settle(session, IClaims.Verdict.Refuted, challenger), RATIO * DEPOSIT, "the first");
        same(referee.settle(session, IClaims.Verdict.Refuted, challenger), 0, "the second");
        vm.expectRevert(SessionBook.NotLocked.selector);
        referee.settle(session, IClaims.Verdict.Refuted, challenger);
    }

    /// @notice Only `Disputes` locks and settles, and only what is claimed.
    function test_nobody_else_locks_or_settles() public {
        bytes32 session = open(DEPOSIT, false);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.WrongStatus.selector, ISessions.Status.Open));
        referee.lock(session);
        claim(session, FEE);
        bytes memory why = abi.encodeWithSelector(SessionBook.NotYours.selector, address(this), address(referee));
        vm.expectRevert(why);
        sessions.lock(session);
        vm.expectRevert(why);
        sessions.settle(session, IClaims.Verdict.Refuted, challenger);
        vm.expectRevert(abi.encodeWithSelector(Providers.NotSessions.selector, address(this)));
        providers.slash(provider, NATIVE, 1, 1, challenger);
        vm.expectRevert(abi.encodeWithSelector(Providers.NotSessions.selector, address(this)));
        providers.release(provider, NATIVE, 1);
        vm.expectRevert(abi.encodeWithSelector(Providers.NotSessions.selector, address(this)));
        providers.reserve(provider, scene, NATIVE, 1);
    }

    /// @notice Attested work: whatever a game's end, it is refunded at most, and no bond is taken.
    function test_attested_work_is_refunded_at_most() public {
        vm.prank(author);
        uint64 attested = uint64(assets.publish(publication(false, false)));
        vm.prank(provider);
        providers.offer(attested, NATIVE, PROVIDER_PRICE, true);
        for (uint256 i = 1; i < 3; ++i) {
            uint256 all = bonded();
            uint256 before = worth(user);
            Sessions.Opening memory o = opening(DEPOSIT, false);
            o.asset = attested;
            vm.prank(user);
            bytes32 session = sessions.open{value: DEPOSIT}(o);
            claim(session, FEE);
            referee.lock(session);
            same(referee.settle(session, IClaims.Verdict(i), challenger), 0, "taken");
            same(bonded(), all, "bond");
            same(worth(user), before, "user");
        }
        Sessions.Opening memory minting = opening(DEPOSIT, true);
        minting.asset = attested;
        vm.prank(user);
        vm.expectRevert(SessionBook.CannotMint.selector);
        sessions.open{value: DEPOSIT}(minting);
    }

    /// @notice Price and author's part are those of the opening, whatever is changed afterwards; a price that is too high opens nothing.
    function test_terms_hold_to_the_end() public {
        bytes32 session = open(DEPOSIT, false);
        vm.prank(author);
        assets.setPrice(scene, NATIVE, 1 ether, true);
        vm.prank(provider);
        providers.offer(scene, NATIVE, 0, false);
        claim(session, FEE);
        pass();
        sessions.finalise(session);
        same(sessions.owed(NATIVE, author), (FEE - FEE / 10) * 3 / 10, "author");
        vm.startPrank(user);
        vm.expectRevert(abi.encodeWithSelector(Providers.NotOffered.selector, provider, scene, NATIVE));
        sessions.open{value: 1}(opening(1, false));
        vm.stopPrank();
        vm.prank(provider);
        providers.offer(scene, NATIVE, 0, true);
        vm.startPrank(user);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.TooDear.selector, 1 ether, 10 gwei));
        sessions.open{value: 1}(opening(1, false));
    }

    /// @notice More than the deposit is never paid, and a voucher for more than its units cost is refused.
    function test_a_claim_is_bounded_by_deposit_and_units() public {
        bytes32 session = open(1 gwei, false);
        Sessions.Claiming memory c = voucher(session, 20 gwei);
        c.units = 1;
        c.signature = signed(USER_KEY, c);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.BadVoucher.selector, 20 gwei, 10 gwei));
        sessions.claim(c);
        claim(session, 20 gwei);
        same(sessions.claimOf(session).fee, 1 gwei, "fee");
    }

    /// @notice For every fee and deposit, down to one wei, what is paid adds up to the deposit exactly.
    function testFuzz_nothing_is_lost_to_rounding(uint96 deposit, uint96 fee, bool minting, bool attested) public {
        deposit = uint96(within(deposit, 1, 5 ether));
        fee = uint96(within(fee, 1, deposit));
        join(companion);
        bytes32 session = minting ? seeded(deposit) : open(deposit, false);
        if (attested) {
            bytes32 root = voucher(session, fee).commitment;
            vm.prank(companion);
            companions.commit(session, commitment(root, companion, "salt"));
        }
        claim(session, fee);
        if (attested) {
            vm.prank(companion);
            companions.open(session, "salt");
        }
        pass();
        sessions.finalise(session);
        if (status(session) == ISessions.Status.Paid) {
            vm.roll(block.number + 2);
            sessions.reward(session);
        }
        uint256 paid = sessions.owed(NATIVE, provider) + sessions.owed(NATIVE, author)
            + sessions.owed(NATIVE, companion) + sessions.owed(NATIVE, user) + address(work).balance;
        same(paid, deposit, "what was paid");
        same(address(sessions).balance, deposit - address(work).balance, "what is there");
        yes(!minting || address(work).balance > 0, "one wei of work burns, too");
    }

    /// @notice Many claims in one transaction: each as alone, and none where one is wrong.
    function test_claims_are_made_and_paid_in_batches() public {
        Sessions.Claiming[] memory all = new Sessions.Claiming[](5);
        bytes32[] memory ids = new bytes32[](5);
        for (uint256 i = 0; i < 5; ++i) {
            ids[i] = open(0.1 ether, false);
            all[i] = voucher(ids[i], 0.05 ether);
        }
        all[4].amount += 1;
        vm.startPrank(provider);
        vm.expectRevert();
        sessions.claimAll(all);
        yes(status(ids[0]) == ISessions.Status.Open, "none");
        all[4].amount -= 1;
        sessions.claimAll(all);
        vm.stopPrank();
        pass();
        sessions.finaliseAll(ids);
        for (uint256 i = 0; i < 5; ++i) {
            yes(status(ids[i]) == ISessions.Status.Ended, "all");
        }
    }

    /// @notice A seed comes from a block after the opening. Where that block is forgotten, a later one is waited for.
    function test_the_seed_is_of_a_later_block() public {
        bytes32 session = open(DEPOSIT, true);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.TooEarly.selector, block.number + 2));
        sessions.draw(session);
        Sessions.Claiming memory c = voucher(session, FEE);
        vm.prank(provider);
        vm.expectRevert(SessionBook.NoSeed.selector);
        sessions.claim(c);
        vm.roll(block.number + 300);
        same(sessions.draw(session), 0, "forgotten");
        vm.roll(block.number + 2);
        bytes32 seed = sessions.draw(session);
        yes(seed != 0 && seed == sessions.seedOf(session), "drawn");
        vm.expectRevert();
        sessions.draw(session);
        bytes32 other = seeded(DEPOSIT);
        yes(sessions.laneSeed(session, 0) != sessions.laneSeed(other, 0), "another session's");
        yes(sessions.laneSeed(session, 0) != sessions.laneSeed(session, 1), "another lane's");
    }

    /// @notice What can't be opened: lanes out of range, no signer, no deposit, other coin than said, no bond behind it.
    function test_openings_are_checked() public {
        Sessions.Opening memory o = opening(1 ether, false);
        o.lanes = 0;
        refused(o, 1 ether, abi.encodeWithSelector(SessionBook.BadLanes.selector, 0));
        o.lanes = 4097;
        refused(o, 1 ether, abi.encodeWithSelector(SessionBook.BadLanes.selector, 4097));
        o.lanes = 1;
        o.signer = address(0);
        refused(o, 1 ether, abi.encodeWithSelector(SessionBook.NoSigner.selector));
        o.signer = user;
        refused(o, 0.5 ether, abi.encodeWithSelector(Purse.WrongCoin.selector, 0.5 ether, 1 ether));
        o.deposit = 0;
        refused(o, 0, abi.encodeWithSelector(Purse.BadAmount.selector, 0));
        o.deposit = 5 ether + 1;
        refused(o, o.deposit, abi.encodeWithSelector(Providers.TooLittleBond.selector, 100 ether, 100 ether + RATIO));
        o.deposit = 5 ether;
        vm.prank(user);
        sessions.open{value: 5 ether}(o);
    }

    function refused(Sessions.Opening memory o, uint256 value, bytes memory why) private {
        vm.prank(user);
        vm.expectRevert(why);
        sessions.open{value: value}(o);
    }
}
