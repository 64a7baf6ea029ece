// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Checked} from "./Cheats.sol";
import {Crowd} from "./Crowd.sol";

/// @notice After every step of any sequence of actions of eleven actors: each contract holds, of each currency, exactly the deposits, bonds, debts and
/// burnt coin that its books say; every open session's bond is there in full; the honest provider has lost nothing. And at the end
/// everybody can go home with all that is theirs, in bounded time, and nothing is left but what was burnt.
/// forge-config: default.invariant.runs = 24
/// forge-config: default.invariant.depth = 128
contract SolvencyTest is Checked {
    Crowd private crowd;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        crowd = new Crowd();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(crowd);
    }

    /// @dev Time, openings and claims come more often: without them the others have nothing to do.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[31] memory often = [
            Crowd.tryBond.selector, Crowd.tryBond.selector, Crowd.tryUnbond.selector, Crowd.tryTakeBond.selector,
            Crowd.tryOpen.selector, Crowd.tryOpen.selector, Crowd.tryOpen.selector, Crowd.tryDraw.selector,
            Crowd.tryClaim.selector, Crowd.tryClaim.selector, Crowd.tryDecline.selector, Crowd.tryClose.selector,
            Crowd.tryReclaim.selector, Crowd.tryFinalise.selector, Crowd.tryFinalise.selector, Crowd.tryReward.selector,
            Crowd.tryAsk.selector, Crowd.tryAsk.selector, Crowd.tryAnswer.selector, Crowd.tryAnswer.selector,
            Crowd.tryTimeout.selector, Crowd.tryLock.selector, Crowd.trySettle.selector, Crowd.tryJoin.selector, Crowd.tryQuit.selector,
            Crowd.tryCommit.selector, Crowd.tryCommit.selector, Crowd.tryAttest.selector, Crowd.tryWithdraw.selector,
            Crowd.tryMint.selector, Crowd.tryWait.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0].addr = address(crowd);
        targets[0].selectors = new bytes4[](often.length);
        for (uint256 i = 0; i < often.length; ++i) {
            targets[0].selectors[i] = often[i];
        }
    }

    function invariant_the_market_is_solvent() external view {
        booksAndBalancesAgree();
        everyOpenSessionHasItsBond();
        theHonestProviderLosesNothing();
    }

    function booksAndBalancesAgree() private view {
        (address sessions, address providers, address companions, address work, address inputs) = crowd.addresses();
        for (uint256 t = 0; t < 2; ++t) {
            address coin = crowd.currencies(t);
            same(crowd.held(sessions, coin), crowd.inSessions(coin), "Sessions");
            same(crowd.held(providers, coin), crowd.inProviders(coin), "Providers");
        }
        same(companions.balance, crowd.inCompanions(), "Companions");
        same(work.balance, crowd.inWork(), "Work");
        same(inputs.balance, crowd.inInputs(), "Inputs");
    }

    function everyOpenSessionHasItsBond() private view {
        for (uint256 t = 0; t < 2; ++t) {
            for (uint256 p = 0; p < crowd.PROVIDERS(); ++p) {
                (address who, address coin) = (crowd.actor(crowd.USERS() + p), crowd.currencies(t));
                (uint96 bond, uint96 reserved, uint96 leaving) = crowd.bondOf(who, coin);
                same(reserved, crowd.behind(who, coin), "reserved");
                yes(uint256(reserved) + leaving <= bond, "reserved and leaving are there");
            }
        }
    }

    function theHonestProviderLosesNothing() private view {
        for (uint256 t = 0; t < 2; ++t) {
            address coin = crowd.currencies(t);
            (uint96 bond,,) = crowd.bondOf(crowd.honest(), coin);
            same(bond, crowd.put(coin) - crowd.taken(coin), "bond");
        }
    }

    function afterInvariant() external {
        crowd.leaveAll();
        (address sessions, address providers, address companions, address work, address inputs) = crowd.addresses();
        for (uint256 t = 0; t < 2; ++t) {
            address coin = crowd.currencies(t);
            same(crowd.held(sessions, coin), 0, "nothing is left in Sessions");
            uint256 burnt = crowd.inProviders(coin);
            same(crowd.held(providers, coin), burnt, "Providers");
            for (uint256 a = 0; a < crowd.actors(); ++a) {
                (uint96 bond,,) = crowd.bondOf(crowd.actor(a), coin);
                same(bond, 0, "no bond is left");
            }
        }
        same(companions.balance, 0, "nothing is left in Companions");
        same(work.balance, crowd.inWork(), "Work");
        same(inputs.balance, 0, "nothing is left in Inputs");
    }

    /// @notice The crowd's actions are possible at all: a fixed sequence does each of them at least once.
    function test_the_crowd_does_everything() external {
        for (uint256 round = 0; round < 60; ++round) {
            uint256 r = uint256(keccak256(abi.encode(round)));
            for (uint256 c = 0; c < 3; ++c) {
                crowd.tryBond(c, round, 500 ether);
                crowd.tryJoin(c);
            }
            crowd.tryOpen(round, r, round, uint96(1 ether + r % 1 ether), r % 2 == 0);
            crowd.tryWait(1, false);
            crowd.tryDraw(0);
            for (uint256 c = 0; c < 3; ++c) {
                crowd.tryCommit(c, 0);
            }
            if (round % 7 == 1) crowd.tryClose(0);
            if (round % 14 == 1) crowd.tryWait(2 days - 1, true);
            if (round % 14 == 1) crowd.tryReclaim(0);
            if (round % 5 == 2) crowd.tryDecline(0);
            crowd.tryClaim(0, uint96(r));
            crowd.tryAttest(r % 3, 0);
            if (round % 4 == 3) crowd.tryLock(0);
            if (round % 4 == 3) crowd.trySettle(0, r >> 8);
            for (uint256 q = 0; q < round % 3; ++q) {
                crowd.tryAsk(q, 0, uint32(r >> 16), uint32(r >> 20));
            }
            if (round % 2 == 0) crowd.tryAnswer(r);
            crowd.tryWait(2 days - 1, true);
            crowd.tryTimeout(r);
            crowd.tryFinalise(0);
            crowd.tryWait(1, false);
            crowd.tryReward(0);
            if (round % 12 == 0) crowd.tryUnbond(round / 12, round / 12, uint96(r));
            if (round % 12 == 11) crowd.tryTakeBond(round / 12, round / 12);
            crowd.tryQuit(round, round % 2 == 0);
            for (uint256 a = 0; a < crowd.actors(); ++a) {
                crowd.tryWithdraw(a, round);
            }
            crowd.tryMint(r, r >> 16);
            this.invariant_the_market_is_solvent();
        }
        bytes32[23] memory names = [
            bytes32("bond"), "unbond", "takeBond", "open", "draw", "claim", "decline", "close", "reclaim", "finalise",
            "reward", "lock", "settle", "join", "quit", "commit", "attest", "withdraw", "mint", "wait", "ask", "answer", "timeout"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            yes(crowd.done(names[i]) > 0, string(abi.encodePacked(names[i])));
        }
        this.afterInvariant();
    }
}
