// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IPurse} from "../../src/interfaces/IPurse.sol";
import {ISessions} from "../../src/interfaces/ISessions.sol";
import {Account} from "../../src/market/Account.sol";
import {Assets} from "../../src/market/Assets.sol";
import {Providers} from "../../src/market/Providers.sol";
import {Purse} from "../../src/market/Purse.sol";
import {Sessions} from "../../src/market/Sessions.sol";
import {Shares} from "../../src/market/Shares.sol";
import {Toll} from "./Hostile.sol";
import {World} from "./World.sol";

/// @notice What is published stays as it is; owners set what is theirs to set; an agent's income goes to its shares, and its account acts for its owner.
contract AssetsTest is World {
    uint256 private constant FEE = 0.5 ether;
    uint256 private constant SUPPLY = 1_000 ether;
    uint64 private agent;
    Shares private shares;
    address private holder = address(0x40D);

    function setUp() public override {
        super.setUp();
        vm.prank(author);
        agent = uint64(assets.publish(publication(false, true)));
        shares = assets.get(agent).shares;
        vm.prank(provider);
        providers.offer(agent, NATIVE, PROVIDER_PRICE, true);
    }

    /// @dev Equal, but for one unit that was rounded away.
    function near(uint256 found, uint256 accepted, string memory what) private pure {
        yes(found <= accepted && accepted - found <= 1, what);
    }

    /// @dev Runs a session of the agent to its end; returns what its author earned.
    function earn(uint256 fee) private returns (uint256) {
        Sessions.Opening memory o = opening(1 ether, false);
        o.asset = agent;
        vm.prank(user);
        bytes32 session = sessions.open{value: 1 ether}(o);
        uint256 before = sessions.owed(NATIVE, address(shares));
        claim(session, fee);
        pass();
        sessions.finalise(session);
        return sessions.owed(NATIVE, address(shares)) - before;
    }

    /// @notice Programs are appended and never removed or repeated; an asset's tier fits its program.
    function test_programs_are_a_list_that_grows() public {
        same(assets.addProgram("second"), 2, "place");
        same(assets.programs(0), PROGRAM, "the first");
        same(assets.programAt("second"), 2, "place");
        vm.expectRevert(abi.encodeWithSelector(Assets.BadProgram.selector, PROGRAM));
        assets.addProgram(PROGRAM);
        vm.expectRevert(abi.encodeWithSelector(Assets.BadProgram.selector, 0));
        assets.addProgram(0);
        Assets.Publication memory p = publication(true, false);
        p.program = "unknown";
        unpublished(p, abi.encodeWithSelector(Assets.UnknownProgram.selector, bytes32("unknown")));
        p.program = 0;
        unpublished(p, abi.encodeWithSelector(Assets.UnknownProgram.selector, 0));
        (p.program, p.provable) = (PROGRAM, false);
        unpublished(p, abi.encodeWithSelector(Assets.UnknownProgram.selector, PROGRAM));
        p = publication(true, false);
        p.shares = 1;
        unpublished(p, abi.encodeWithSelector(Assets.BadPublication.selector));
        p = publication(true, true);
        p.shares = 0;
        unpublished(p, abi.encodeWithSelector(Assets.BadPublication.selector));
        p = publication(true, false);
        p.content = 0;
        unpublished(p, abi.encodeWithSelector(Assets.BadPublication.selector));
    }

    function unpublished(Assets.Publication memory p, bytes memory why) private {
        vm.expectRevert(why);
        assets.publish(p);
    }

    /// @notice Price, passes and successor are the owner's, also of one who bought the asset, and nobody else's.
    function test_an_owner_sets_price_passes_and_successor() public {
        bytes memory why = abi.encodeWithSelector(Assets.NotOwner.selector, scene, address(this));
        vm.expectRevert(why);
        assets.setPrice(scene, NATIVE, 1, true);
        vm.expectRevert(why);
        assets.setPass(scene, 1, true);
        vm.expectRevert(why);
        assets.setSuccessor(scene, agent);
        vm.startPrank(author);
        vm.expectRevert(abi.encodeWithSelector(Assets.BadSuccessor.selector, scene, scene));
        assets.setSuccessor(scene, scene);
        vm.expectRevert(abi.encodeWithSelector(Assets.BadSuccessor.selector, scene, 99));
        assets.setSuccessor(scene, 99);
        assets.setSuccessor(scene, agent);
        same(assets.get(scene).successor, agent, "successor");
        for (uint160 i = 1; i < 8; ++i) {
            assets.setPrice(scene, address(i), 1, true);
        }
        vm.expectRevert(abi.encodeWithSelector(Assets.TooManyCurrencies.selector, scene));
        assets.setPrice(scene, address(8), 1, true);
        assets.setPrice(scene, address(7), 2, false);
        assets.transferFrom(author, holder, scene);
        vm.stopPrank();
        same(assets.payee(scene), holder, "payee");
        vm.prank(holder);
        assets.setPrice(scene, NATIVE, 1, true);
    }

    /// @notice A gated asset opens for holders of its pass alone; what a pass cost is the payee's.
    function test_passes_open_gated_assets() public {
        vm.prank(author);
        assets.setPass(scene, 0.1 ether, true);
        vm.prank(user);
        vm.expectRevert(abi.encodeWithSelector(Assets.NoPass.selector, scene, user));
        sessions.open{value: 1}(opening(1, false));
        vm.startPrank(user);
        vm.expectRevert(abi.encodeWithSelector(Purse.WrongCoin.selector, 1, 0.1 ether));
        passes.buy{value: 1}(scene, user);
        passes.buy{value: 0.1 ether}(scene, user);
        sessions.open{value: 1}(opening(1, false));
        vm.stopPrank();
        same(passes.owed(NATIVE, author), 0.1 ether, "author");
        vm.expectRevert(abi.encodeWithSelector(Assets.NoAsset.selector, 99));
        passes.buy(99, user);
    }

    /// @notice Only what is sold is offered, and only by who can be reached.
    function test_offers_are_of_what_is_sold() public {
        vm.expectRevert(Providers.NoContact.selector);
        providers.offer(scene, NATIVE, 1, true);
        providers.register("tcp://x", "key");
        vm.expectRevert(abi.encodeWithSelector(Providers.NotSold.selector, scene, address(1)));
        providers.offer(scene, address(1), 1, true);
        providers.offer(scene, NATIVE, 1, true);
        providers.offer(scene, NATIVE, 2, true);
        (address[] memory some, uint256 total) = providers.offers(scene, NATIVE, 0, 10);
        same(total, 2, "listed once");
        same(some[1], address(this), "the second");
        (some,) = providers.offers(scene, NATIVE, 1, 1);
        same(some.length, 1, "a page");
        (some,) = providers.offers(scene, NATIVE, 5, 1);
        same(some.length, 0, "past the end");
        vm.expectRevert(Providers.BadContact.selector);
        providers.register("", "key");
    }

    /// @notice Income is split by who held the shares when it was collected; a sale takes earlier income from nobody.
    function test_shares_earn_for_who_holds_them() public {
        uint256 first = earn(FEE);
        yes(first > 0, "an agent earns");
        shares.collect(IPurse(address(sessions)), NATIVE);
        vm.prank(author);
        shares.transfer(holder, SUPPLY / 4);
        uint256 second = earn(FEE);
        shares.collect(IPurse(address(sessions)), NATIVE);
        near(shares.earned(NATIVE, holder), second / 4, "holder");
        shares.settle(holder);
        shares.settle(author);
        shares.settle(author);
        near(shares.owed(NATIVE, holder), second / 4, "settled");
        near(shares.owed(NATIVE, author), first + second - second / 4 - 1, "author");
        vm.prank(holder);
        shares.withdraw(NATIVE, holder);
        near(holder.balance, second / 4, "fetched");
        vm.expectRevert(Purse.NothingOwed.selector);
        shares.collect(IPurse(address(sessions)), NATIVE);
        vm.expectRevert(abi.encodeWithSelector(Shares.NotPriced.selector, address(1)));
        shares.collect(IPurse(address(sessions)), address(1));
        (bool sent,) = address(shares).call{value: 1}("");
        yes(!sent, "coin comes in by collecting alone");
    }

    /// @notice Any transfers between any collections: nobody can earn twice, and all that was collected is there.
    function testFuzz_shares_are_solvent(uint256[12] memory moves) public {
        address[3] memory all = [author, holder, user];
        uint256 collected = 0;
        for (uint256 i = 0; i < moves.length; ++i) {
            if (moves[i] % 3 == 0) {
                earn(within(moves[i] >> 8, 1, 1 ether));
                if (sessions.owed(NATIVE, address(shares)) == 0) continue;
                collected += shares.collect(IPurse(address(sessions)), NATIVE);
            } else {
                address from = all[(moves[i] >> 8) % 3];
                uint256 amount = within(moves[i] >> 32, 0, shares.balanceOf(from));
                address to = all[(moves[i] >> 16) % 3];
                vm.prank(from);
                shares.transfer(to, amount);
            }
            uint256 sum = 0;
            for (uint256 a = 0; a < 3; ++a) {
                sum += shares.earned(NATIVE, all[a]);
            }
            yes(sum <= collected, "not more than was collected");
            yes(collected - sum <= 3 * (i + 1), "but for rounding all of it");
            same(address(shares).balance, collected, "there");
        }
    }

    /// @notice A purse that pretends to pay, or a currency with a toll, adds what really came.
    function test_only_what_came_is_shared() public {
        Toll toll = new Toll();
        vm.prank(author);
        assets.setPrice(agent, address(toll), 1, true);
        Pretender fake = new Pretender();
        shares.collect(IPurse(address(fake)), NATIVE);
        same(shares.earned(NATIVE, author), 0, "nothing came");
        toll.mint(address(fake), 100 ether);
        shares.collect(IPurse(address(fake)), address(toll));
        near(shares.earned(address(toll), author), 99 ether, "but for the toll");
    }

    /// @notice An agent pays another agent: its account opens the session, its operator's key signs, and what is left comes back to the account.
    function test_an_agent_opens_a_session_with_another() public {
        vm.prank(user);
        uint64 caller = uint64(assets.publish(publication(false, true)));
        Account account = assets.get(caller).account;
        vm.deal(address(account), 2 ether);
        Sessions.Opening memory o = opening(1 ether, false);
        (o.asset, o.signer) = (agent, companion);
        bytes memory data = abi.encodeCall(sessions.open, (o));
        vm.expectRevert(abi.encodeWithSelector(Account.NotAllowed.selector, companion));
        vm.prank(companion);
        account.execute(address(sessions), 1 ether, data);
        vm.prank(companion);
        vm.expectRevert(abi.encodeWithSelector(Account.NotAllowed.selector, companion));
        account.setOperator(companion, true);
        vm.prank(user);
        account.setOperator(companion, true);
        vm.prank(companion);
        bytes32 session = abi.decode(account.execute(address(sessions), 1 ether, data), (bytes32));
        same(sessions.get(session).user, address(account), "user");
        Sessions.Claiming memory c = voucher(session, FEE);
        c.signature = signed(COMPANION_KEY, c);
        vm.prank(provider);
        sessions.claim(c);
        pass();
        sessions.finalise(session);
        yes(sessions.owed(NATIVE, address(shares)) > 0, "the other agent earned");
        vm.prank(companion);
        account.execute(address(sessions), 0, abi.encodeCall(sessions.withdraw, (NATIVE, address(account))));
        yes(address(account).balance > 1.5 ether - 1, "the rest is back");
        // Sold: the operator of the owner before isn't obeyed any more, and reasons of failed calls come through.
        vm.prank(user);
        assets.transferFrom(user, holder, caller);
        vm.prank(companion);
        vm.expectRevert(abi.encodeWithSelector(Account.NotAllowed.selector, companion));
        account.execute(holder, 1, "");
        vm.prank(holder);
        vm.expectRevert(Purse.NothingOwed.selector);
        account.execute(address(sessions), 0, abi.encodeCall(sessions.withdraw, (NATIVE, holder)));
    }
}

contract Pretender {
    function withdraw(address coin, address to) external returns (uint256) {
        if (coin != address(0)) Toll(coin).transfer(to, Toll(coin).balanceOf(address(this)));
        return type(uint256).max;
    }
}
