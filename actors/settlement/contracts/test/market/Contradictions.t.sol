// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {Lists} from "../../src/market/Lists.sol";
import {Messages} from "../../src/market/Messages.sol";
import {SessionBook} from "../../src/market/SessionBook.sol";
import {Sessions} from "../../src/market/Sessions.sol";
import {Trees} from "./Trees.sol";
import {World} from "./World.sol";

/// @notice A provider that shows the user one output and claims another convicts itself, at whichever segment; one that does not is safe from any
/// signatures of its own, also about other jobs and segments.
contract ContradictionsTest is World {
    uint256 private constant DEPOSIT = 1 ether;
    uint32 private constant SEGMENTS = 5;

    /// @dev Output `k` as claimed.
    function output(uint256 k) private pure returns (bytes32) {
        return keccak256(abi.encode("output", k));
    }

    /// @dev The running root of the first `count` outputs, of which number `lie` is another one.
    function running(uint256 count, uint256 lie) private pure returns (bytes32 root) {
        bytes32 kind = "hyperdust output chain";
        for (uint256 k = 0; k < count; ++k) {
            root = keccak256(abi.encode(kind, root, k == lie ? keccak256("shown") : output(k)));
        }
    }

    function countersigned(bytes32 job, uint64 segment, bytes32 root)
        private
        view
        returns (Messages.OutputRoot memory m, bytes memory signature)
    {
        m = Messages.OutputRoot(job, segment, 64 * (segment + 1), keccak256("actions"), root);
        signature = sign(PROVIDER_KEY, Messages.hash(m));
    }

    /// @dev Claims, after segment `lie` was shown with another output; opens segment `place`.
    function claimed(uint256 lie, uint32 place) private returns (SessionBook.Contradiction memory c) {
        c.session = open(DEPOSIT, false);
        bytes32[] memory words = new bytes32[](8 * SEGMENTS);
        for (uint256 k = 0; k < SEGMENTS; ++k) {
            words[8 * k] = PROGRAM;
            words[8 * k + 6] = output(k);
        }
        c.lane = IClaims.Lane(0, keccak256("plan"), Trees.root(Lists.GRAPH, words), SEGMENTS);
        (c.segment, c.output, c.outputSiblings) = (place, output(place), Trees.siblings(words, 8 * uint256(place) + 6));
        bytes32 job = sessions.jobOf(c.session, 0);
        bytes32[] memory items = new bytes32[](1);
        bytes32 kind = "hyperdust lane claim";
        items[0] = keccak256(abi.encode(kind, job, c.lane.plan, c.lane.claim, uint256(SEGMENTS)));
        c.laneSiblings = new bytes32[](0);
        if (place > 0) (c.before, c.beforeSignature) = countersigned(job, place - 1, running(place, lie));
        (c.after_, c.afterSignature) = countersigned(job, place, running(uint256(place) + 1, lie));
        Sessions.Claiming memory v = voucher(c.session, 0.5 ether);
        v.commitment = Trees.root(Lists.CLAIMS, items);
        vm.prank(provider);
        sessions.claim(v);
    }

    /// @notice The lie is found at its segment and at no other one.
    function test_showing_one_output_and_claiming_another_costs_the_bond() public {
        for (uint32 lie = 0; lie < SEGMENTS; ++lie) {
            for (uint32 place = 0; place < SEGMENTS; ++place) {
                SessionBook.Contradiction memory c = claimed(lie, place);
                if (place != lie) {
                    refused(c, SessionBook.NoContradiction.selector);
                    vm.warp(block.timestamp + WINDOW + 1);
                    refused(c, SessionBook.TooLate.selector);
                    sessions.finalise(c.session);
                    continue;
                }
                uint256 before = worth(user);
                uint256 rewarded = providers.owed(NATIVE, challenger);
                vm.prank(challenger);
                same(sessions.contradicted(c), RATIO * DEPOSIT, "taken");
                same(worth(user) - before, DEPOSIT, "refunded");
                same(providers.owed(NATIVE, challenger) - rewarded, RATIO * DEPOSIT / 2, "rewarded");
                refused(c, SessionBook.WrongStatus.selector);
                vm.deal(provider, 100 ether);
                vm.prank(provider);
                providers.bond{value: RATIO * DEPOSIT}(NATIVE, RATIO * DEPOSIT);
            }
        }
    }

    /// @notice An honest provider can't be convicted: not by signatures about another job or segment, not by others' signatures, not by other outputs.
    function test_an_honest_provider_contradicts_nothing() public {
        SessionBook.Contradiction memory c = claimed(type(uint256).max, 2);
        refused(c, SessionBook.NoContradiction.selector);
        bytes32 job = c.after_.job;
        (Messages.OutputRoot memory good, bytes memory signature) = (c.after_, c.afterSignature);
        (c.after_, c.afterSignature) = countersigned(job, 3, running(4, type(uint256).max));
        refused(c, SessionBook.NoContradiction.selector);
        (c.after_, c.afterSignature) = countersigned(sessions.jobOf(c.session, 1), 2, keccak256("other lane"));
        refused(c, SessionBook.NoContradiction.selector);
        (c.after_, c.afterSignature) = (good, signature);
        c.after_.root = keccak256("forged");
        refused(c, SessionBook.BadSignature.selector);
        c.after_.root = good.root;
        (c.before, c.beforeSignature) = countersigned(job, 0, running(1, type(uint256).max));
        refused(c, SessionBook.NoContradiction.selector);
        (c.before, c.beforeSignature) = countersigned(sessions.jobOf(c.session, 1), 1, keccak256("other lane"));
        refused(c, SessionBook.NoContradiction.selector);
        c.before.job = job;
        refused(c, SessionBook.BadSignature.selector);
        (c.before, c.beforeSignature) = countersigned(job, 1, running(2, type(uint256).max));
        c.output = keccak256("made up");
        refused(c, SessionBook.NotOpened.selector);
        c.output = output(2);
        c.segment = 5;
        refused(c, SessionBook.NotOpened.selector);
        c.segment = 2;
        c.lane.nodes = 6;
        refused(c, SessionBook.NoSuchLane.selector);
    }

    function refused(SessionBook.Contradiction memory c, bytes4 why) private {
        (bool done, bytes memory reason) = address(sessions).call(abi.encodeCall(Sessions.contradicted, (c)));
        yes(!done, "refused");
        same(bytes32(bytes4(reason)), bytes32(why), "reason");
    }
}
