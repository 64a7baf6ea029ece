// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {ISessions} from "../../src/interfaces/ISessions.sol";
import {IPurse} from "../../src/interfaces/IPurse.sol";
import {Lists} from "../../src/market/Lists.sol";
import {Messages} from "../../src/market/Messages.sol";
import {Providers} from "../../src/market/Providers.sol";
import {Purse} from "../../src/market/Purse.sol";
import {SessionBook} from "../../src/market/SessionBook.sol";
import {Sessions} from "../../src/market/Sessions.sol";
import {Echo, Taker, Toll} from "./Hostile.sol";
import {Trees} from "./Trees.sol";
import {World} from "./World.sol";

/// @notice Adversaries by name: what each tries, and that nobody else pays for it.
contract AdversariesTest is World {
    uint256 private constant DEPOSIT = 1 ether;
    uint256 private constant FEE = 0.5 ether;

    function refused(Sessions.Claiming memory c) private {
        bytes memory data = abi.encodeWithSelector(Sessions.claim.selector, c);
        vm.prank(provider);
        (bool done, bytes memory why) = address(sessions).call(data);
        yes(!done && bytes4(why) == SessionBook.BadSignature.selector, "refused for its signature");
    }

    /// @notice The forger: a voucher changed in any field, signed by another key, or in another form.
    function testFuzz_forged_vouchers(uint256 key, uint8 field, bytes32 other) public {
        bytes32 session = open(DEPOSIT, false);
        Sessions.Claiming memory c = voucher(session, FEE);
        uint256 which = within(field, 0, 6);
        key = within(key, 1, type(uint128).max);
        vm.assume(key != USER_KEY && other != c.actions && other != c.outputs);
        if (which == 0) c.signature = signed(key, c);
        if (which == 1) c.amount -= 1;
        if (which == 2) c.units += 1;
        if (which == 3) c.actions = other;
        // Paid for one output, claimed with another.
        if (which == 4) c.outputs = other;
        if (which == 5) c.signature = abi.encodePacked(c.signature, bytes1(0));
        if (which == 6) c.signature[64] = bytes1(uint8(c.signature[64]) ^ 7);
        refused(c);
    }

    /// @notice The replayer: a voucher of another chain, deployment or session is none here, and none is taken twice.
    function test_replayed_vouchers() public {
        bytes32 first = open(DEPOSIT, false);
        bytes32 second = open(DEPOSIT, false);
        Sessions.Claiming memory c = voucher(first, FEE);
        c.session = second;
        refused(c);
        c = voucher(first, FEE);
        vm.chainId(30);
        refused(c);
        vm.chainId(31337);
        Sessions other = new Sessions(
            assets, providers, companions, work, address(referee), address(inputs), parameters()
        );
        bytes32 digest = Messages.digest(
            address(other), Messages.hash(Messages.Voucher(first, c.units, c.amount, c.actions, c.outputs))
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(USER_KEY, digest);
        bytes memory right = c.signature;
        c.signature = abi.encodePacked(r, s, v);
        refused(c);
        c.signature = right;
        vm.startPrank(provider);
        sessions.claim(c);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.WrongStatus.selector, ISessions.Status.Claimed));
        sessions.claim(c);
        vm.stopPrank();
        pass();
        sessions.finalise(first);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.WrongStatus.selector, ISessions.Status.Ended));
        sessions.claim(c);
    }

    /// @notice The thief: nobody but the session's provider claims with a voucher that was seen in the open.
    function test_a_seen_voucher_is_of_no_use() public {
        bytes32 session = open(DEPOSIT, false);
        Sessions.Claiming memory c = voucher(session, FEE);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.NotYours.selector, address(this), provider));
        sessions.claim(c);
    }

    /// @notice The one who brings work that was made before: a minting lane that doesn't begin from its seed, or begins anew later, is shown to, and
    /// mints nothing; one that does can't be shown to.
    function test_memoised_episodes_mint_nothing() public {
        for (uint256 kind = 0; kind < 5; ++kind) {
            bytes32 session = seeded(DEPOSIT);
            bool bad = kind >= 1 && kind <= 3;
            accused(session, kind, bad);
            uint256 before = work.burnt(work.current(), provider);
            uint256 held = address(work).balance;
            pass();
            sessions.finalise(session);
            same(address(work).balance - held, FEE / 20, "burnt in any case");
            same(work.burnt(work.current(), provider) - before, bad ? 0 : FEE / 20, "counted if it is its own");
        }
    }

    /// @dev Claims lane 1 with two segments that begin as `kind` says, and accuses the one that may be at fault.
    function accused(bytes32 session, uint256 kind, bool bad) private {
        bytes8 seed = sessions.laneSeed(session, 1);
        bytes32[2] memory headers = [header(0x02, seed), header(0x00, 0)];
        if (kind == 1) headers[0] = header(0x02, bytes8(uint64(seed) ^ 1));
        if (kind == 2) headers[0] = header(0x01, 0);
        if (kind == 3) headers[1] = header(0x02, bytes8(uint64(7)));
        if (kind == 4) headers[1] = header(0x01, 0);
        uint32 node = kind >= 3 ? 1 : 0;
        (IClaims.Lane memory lane, bytes32[] memory opens, bytes32[][2] memory paths) = claimed(session, headers, node);
        bytes memory data =
            abi.encodeCall(Sessions.unseeded, (session, lane, opens, node, paths[0], headers[node], 96, paths[1]));
        (bool done, bytes memory why) = address(sessions).call(data);
        same(done ? 1 : 0, bad ? 1 : 0, "shown");
        yes(done || bytes4(why) == SessionBook.WellSeeded.selector, "because it is well seeded");
        data = abi.encodeCall(Sessions.unseeded, (session, lane, opens, node, paths[0], header(2, 0), 96, paths[1]));
        (done,) = address(sessions).call(data);
        yes(!done, "a made-up header");
    }

    function header(uint8 begin, bytes8 seed) private pure returns (bytes32) {
        return bytes32(abi.encodePacked("HDAC", uint16(0x0100), begin, uint8(0), seed, uint32(0x02000000), bytes12(0)));
    }

    /// @dev Claims a session of two lanes, the second of which has two segments with these headers.
    function claimed(bytes32 session, bytes32[2] memory headers, uint32 node)
        private
        returns (IClaims.Lane memory lane, bytes32[] memory opens, bytes32[][2] memory paths)
    {
        bytes32[] memory words = new bytes32[](16);
        for (uint256 i = 0; i < 2; ++i) {
            bytes32[] memory leaves = new bytes32[](3);
            (leaves[0], leaves[1], leaves[2]) = (headers[i], keccak256("action"), keccak256("another"));
            words[8 * i] = PROGRAM;
            words[8 * i + 4] = Trees.root("hyperdust actions", leaves);
            if (i == node) paths[1] = Trees.siblings(leaves, 0);
        }
        paths[0] = Trees.siblings(words, 8 * uint256(node) + 4);
        lane = IClaims.Lane(1, Trees.root(Lists.GRAPH, words), keccak256("claim"), 2);
        bytes32[] memory items = new bytes32[](2);
        items[0] = keccak256("lane 0");
        bytes32 job = sessions.jobOf(session, 1);
        bytes32 kind = "hyperdust lane claim";
        items[1] = keccak256(abi.encode(kind, job, lane.plan, lane.claim, uint256(lane.nodes)));
        opens = Trees.siblings(items, 1);
        Sessions.Claiming memory c = voucher(session, FEE);
        c.commitment = Trees.root(Lists.CLAIMS, items);
        vm.prank(provider);
        sessions.claim(c);
    }

    function opening(uint256 deposit, bool minting) internal view override returns (Sessions.Opening memory o) {
        o = super.opening(deposit, minting);
        if (minting) o.lanes = 2;
    }

    /// @notice The one with a thousand claims: no more are opened than the bond covers, all of them can be lost, and each is paid for in full.
    function test_a_bond_behind_a_thousand_claims() public {
        uint256 deposit = 100 ether / RATIO / 1_000;
        bytes32[] memory all = new bytes32[](1_000);
        for (uint256 i = 0; i < 1_000; ++i) {
            all[i] = open(deposit, false);
        }
        vm.prank(user);
        vm.expectRevert(abi.encodeWithSelector(Providers.TooLittleBond.selector, 0, RATIO));
        sessions.open{value: 1}(opening(1, false));
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(Providers.TooLittleBond.selector, 0, 1));
        providers.unbond(NATIVE, 1);
        for (uint256 i = 0; i < 1_000; ++i) {
            claim(all[i], deposit);
            referee.lock(all[i]);
            same(referee.settle(all[i], IClaims.Verdict.Refuted, challenger), RATIO * deposit, "each in full");
        }
        (uint96 left, uint96 reserved,,) = providers.bondOf(provider, NATIVE);
        same(left, 0, "bond");
        same(reserved, 0, "reserved");
        same(worth(user), 1_000 ether, "user");
    }

    /// @notice The runaway: bond that was asked back stands behind nothing new, and what stands behind sessions can't be asked back.
    function test_unbonding_frees_only_what_is_free() public {
        bytes32 session = open(2 ether, false);
        vm.startPrank(provider);
        vm.expectRevert(abi.encodeWithSelector(Providers.TooLittleBond.selector, 60 ether, 61 ether));
        providers.unbond(NATIVE, 61 ether);
        providers.unbond(NATIVE, 60 ether);
        vm.expectRevert(abi.encodeWithSelector(Providers.TooEarly.selector, block.timestamp + DELAY));
        providers.takeBond(NATIVE);
        vm.stopPrank();
        vm.prank(user);
        vm.expectRevert(abi.encodeWithSelector(Providers.TooLittleBond.selector, 0, RATIO));
        sessions.open{value: 1}(opening(1, false));
        vm.warp(block.timestamp + DELAY);
        vm.prank(provider);
        providers.takeBond(NATIVE);
        same(providers.owed(NATIVE, provider), 60 ether, "taken");
        claim(session, FEE);
        referee.lock(session);
        same(referee.settle(session, IClaims.Verdict.Refuted, challenger), 40 ether, "still behind it");
    }

    /// @notice The griefers: a user, an author and a challenger that revert, burn all gas or call back. Others' business goes on; they harm themselves.
    function test_payees_that_do_not_take_stop_nobody_else() public {
        Taker bad = new Taker();
        vm.prank(author);
        assets.transferFrom(author, address(bad), scene);
        vm.deal(address(bad), 10 ether);
        for (uint256 manner = 1; manner < 4; ++manner) {
            bad.behave(Taker.Manner(manner));
            Sessions.Opening memory o = opening(DEPOSIT, false);
            bytes memory result = bad.run(address(sessions), DEPOSIT, abi.encodeCall(Sessions.open, (o)));
            bytes32 session = abi.decode(result, (bytes32));
            claim(session, FEE);
            pass();
            uint256 before = gasleft();
            sessions.finalise(session);
            yes(before - gasleft() < 300_000, "no gas of others is burnt");
            uint256 mine = sessions.owed(NATIVE, address(bad));
            yes(mine > 0, "owed as author and as user");
            if (manner != 3) {
                vm.expectRevert();
                bad.fetch{gas: 500_000}(IPurse(address(sessions)));
                same(sessions.owed(NATIVE, address(bad)), mine, "still owed");
            }
            vm.startPrank(provider);
            uint256 had = provider.balance;
            uint256 due = sessions.withdraw(NATIVE, provider);
            same(provider.balance, had + due, "the provider is paid");
            vm.stopPrank();
        }
        uint256 all = sessions.owed(NATIVE, address(bad));
        uint256 has = address(bad).balance;
        bad.fetch(IPurse(address(sessions)));
        yes(!bad.entered(), "a second withdrawal inside the first");
        same(address(bad).balance, has + all, "once");
    }

    /// @notice The token that takes a toll: deposits and bonds count with what came, and everything that is owed is there.
    function test_a_fee_on_transfer_token() public {
        Toll toll = new Toll();
        bytes32 session = inToken(address(toll), 1_000 ether, 10 ether);
        same(sessions.get(session).deposit, 9.9 ether, "deposit");
        claim(session, 5 ether);
        pass();
        sessions.finalise(session);
        uint256 owed = sessions.owed(address(toll), user) + sessions.owed(address(toll), provider)
            + sessions.owed(address(toll), author);
        same(owed, 9.9 ether, "owed");
        same(toll.balanceOf(address(sessions)), owed, "there");
        vm.prank(user);
        sessions.withdraw(address(toll), user);
        vm.prank(provider);
        sessions.withdraw(address(toll), provider);
        vm.prank(author);
        sessions.withdraw(address(toll), author);
        same(toll.balanceOf(address(sessions)), 0, "all fetched");
    }

    /// @notice The token that calls back: it is let in nowhere where it could count a transfer twice.
    function test_a_reentrant_token() public {
        Echo echo = new Echo();
        bytes32 session = inToken(address(echo), 1_000 ether, 10 ether);
        claim(session, 5 ether);
        // The token is owed some of itself, so that it has something to fetch.
        vm.prank(author);
        assets.transferFrom(author, address(echo), scene);
        pass();
        sessions.finalise(session);
        yes(sessions.owed(address(echo), address(echo)) > 0, "owed");
        Sessions.Opening memory o = opening(1, false);
        o.token = address(echo);
        bytes[3] memory calls = [
            abi.encodeCall(Purse.withdraw, (address(echo), address(0xD0))),
            abi.encodeCall(Sessions.open, (o)),
            abi.encodeCall(Sessions.finalise, (session))
        ];
        for (uint256 i = 0; i < 3; ++i) {
            echo.aim(address(sessions), calls[i]);
            vm.prank(user);
            sessions.open(inTokenOpening(address(echo), 1 ether));
            yes(echo.tried() && !echo.entered(), "let in");
        }
        echo.aim(address(providers), abi.encodeCall(Providers.bond, (address(echo), 1)));
        vm.prank(provider);
        providers.bond(address(echo), 1 ether);
        yes(!echo.entered(), "let in by Providers");
        vm.prank(user);
        sessions.withdraw(address(echo), user);
        yes(echo.balanceOf(address(sessions)) >= 3 ether, "deposits are there");
    }

    function inTokenOpening(address coin, uint256 deposit) private view returns (Sessions.Opening memory o) {
        o = opening(deposit, false);
        o.token = coin;
    }

    function inToken(address coin, uint256 bond, uint256 deposit) private returns (bytes32) {
        Toll(coin).mint(user, 1_000 ether);
        Toll(coin).mint(provider, 2_000 ether);
        vm.prank(author);
        assets.setPrice(scene, coin, AUTHOR_PRICE, true);
        vm.startPrank(provider);
        Toll(coin).approve(address(providers), type(uint256).max);
        providers.bond(coin, bond);
        providers.offer(scene, coin, PROVIDER_PRICE, true);
        vm.stopPrank();
        vm.startPrank(user);
        Toll(coin).approve(address(sessions), type(uint256).max);
        bytes32 session = sessions.open(inTokenOpening(coin, deposit));
        vm.stopPrank();
        return session;
    }

    /// @notice The one who deals with itself: it gets tokens at the price that everybody pays, and is out of pocket by just what it burnt.
    function testFuzz_dealing_with_oneself_buys_tokens_at_everyones_price(uint96 own, uint96 honest) public {
        own = uint96(within(own, 1 gwei, 2 ether));
        honest = uint96(within(honest, 1 gwei, 2 ether));
        bytes32 work_ = seeded(honest);
        claim(work_, honest);
        // The other provider is author, user and companion, too.
        address self = vm.addr(0x5E1F);
        vm.deal(self, 200 ether);
        vm.startPrank(self);
        uint64 asset = uint64(assets.publish(publication(true, false)));
        providers.register("tcp://self", keccak256("self"));
        providers.bond{value: 50 ether}(NATIVE, 50 ether);
        providers.offer(asset, NATIVE, PROVIDER_PRICE, true);
        companions.join{value: COMPANION_BOND}();
        Sessions.Opening memory o = opening(own, true);
        (o.provider, o.asset, o.signer) = (self, asset, self);
        bytes32 session = sessions.open{value: own}(o);
        vm.roll(block.number + 2);
        sessions.draw(session);
        Sessions.Claiming memory c = voucher(session, own);
        c.signature = signed(0x5E1F, c);
        companions.commit(session, commitment(c.commitment, self, "salt"));
        sessions.claim(c);
        companions.open(session, "salt");
        vm.stopPrank();
        pass();
        sessions.finalise(session);
        sessions.finalise(work_);
        if (status(session) == ISessions.Status.Paid) {
            vm.roll(block.number + 2);
            sessions.reward(session);
        }
        uint256 mine = (uint256(own) * 500 + 9_999) / 10_000;
        uint256 theirs = (uint256(honest) * 500 + 9_999) / 10_000;
        same(worth(self) + 50 ether + COMPANION_BOND, 200 ether - mine, "out of pocket");
        vm.warp(block.timestamp + EPOCH);
        same(work.mint(0, self), EMISSION * mine / (mine + theirs), "tokens");
        same(work.mint(0, provider), EMISSION * theirs / (mine + theirs), "at the same price");
    }

    /// @notice The liar that challenges itself, to save its bond from an honest challenger: half of what stood behind the claim is gone in any case.
    function test_challenging_oneself_still_costs_half() public {
        bytes32 session = open(DEPOSIT, false);
        uint256 before = worth(provider);
        claim(session, FEE);
        referee.lock(session);
        referee.settle(session, IClaims.Verdict.Refuted, provider);
        (uint96 bond,,,) = providers.bondOf(provider, NATIVE);
        same(before + 100 ether - worth(provider) - bond, RATIO * DEPOSIT / 2, "lost");
        bytes32 other = open(DEPOSIT, false);
        claim(other, FEE);
        referee.lock(other);
        uint256 then = worth(provider) + bond;
        referee.settle(other, IClaims.Verdict.Conceded, provider);
        (bond,,,) = providers.bondOf(provider, NATIVE);
        same(then - worth(provider) - bond, CONCESSION * FEE / 2, "lost by conceding to oneself");
    }
}
