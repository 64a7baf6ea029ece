// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISessions} from "../../src/interfaces/ISessions.sol";
import {Companions} from "../../src/market/Companions.sol";
import {Lists} from "../../src/market/Lists.sol";
import {Messages} from "../../src/market/Messages.sol";
import {Sessions} from "../../src/market/Sessions.sol";
import {Trees} from "./Trees.sol";
import {World} from "./World.sol";

/// @notice Companions are paid for what they fixed before the claim, by chance in equal parts, and lose their bond to a canary and to nothing else.
contract CompanionsTest is World {
    address private maker = address(0xCA);
    bytes32 private constant SALT = keccak256("canary salt");
    bytes32 private constant JOB = keccak256("job");

    function setUp() public override {
        super.setUp();
        join(companion);
    }

    /// @notice A commitment comes before the claim, or it isn't taken.
    function test_nobody_commits_after_the_claim() public {
        bytes32 session = open(1 ether, false);
        bytes32 root = voucher(session, 1 gwei).commitment;
        claim(session, 1 gwei);
        vm.prank(companion);
        vm.expectRevert(abi.encodeWithSelector(Companions.WrongStatus.selector, ISessions.Status.Claimed));
        companions.commit(session, commitment(root, companion, "salt"));
    }

    /// @notice What another committed to opens for nobody else, and what isn't the claim opens for nobody.
    function test_copied_and_wrong_commitments_do_not_open() public {
        bytes32 session = open(1 ether, false);
        bytes32 root = voucher(session, 1 gwei).commitment;
        address copier = address(0xC0B1);
        vm.deal(copier, 1 ether);
        join(copier);
        vm.prank(companion);
        companions.commit(session, commitment(keccak256("other"), companion, "salt"));
        vm.prank(copier);
        companions.commit(session, commitment(root, companion, "salt"));
        vm.prank(copier);
        vm.expectRevert(Companions.BadCommitment.selector);
        companions.commit(session, commitment(root, copier, "salt"));
        claim(session, 1 gwei);
        vm.prank(companion);
        vm.expectRevert();
        companions.open(session, "salt");
        vm.prank(copier);
        vm.expectRevert();
        companions.open(session, "salt");
        same(companions.attestations(session), 0, "nobody");
    }

    /// @notice An opening counts once, and only within the window.
    function test_an_opening_counts_once_and_in_time() public {
        bytes32 session = committed("salt");
        vm.startPrank(companion);
        companions.open(session, "salt");
        vm.expectRevert();
        companions.open(session, "salt");
        vm.stopPrank();
        session = committed("salt");
        pass();
        vm.prank(companion);
        vm.expectRevert(abi.encodeWithSelector(Companions.TooLate.selector, block.timestamp - 1));
        companions.open(session, "salt");
    }

    /// @notice The draw falls on each that attested about equally often, on nobody else, and a forgotten block means another draw.
    function test_the_draw_is_among_those_who_attested() public {
        address[4] memory all;
        uint256[4] memory won;
        for (uint256 i = 0; i < 4; ++i) {
            all[i] = address(uint160(0x1000 + i));
            vm.deal(all[i], 1 ether);
            join(all[i]);
        }
        for (uint256 n = 0; n < 100; ++n) {
            bytes32 session = open(0.001 ether, false);
            bytes32 root = voucher(session, 1 gwei).commitment;
            for (uint256 i = 0; i < 4; ++i) {
                vm.prank(all[i]);
                companions.commit(session, commitment(root, all[i], bytes32(i)));
            }
            claim(session, 1 gwei);
            for (uint256 i = 0; i < 3; ++i) {
                vm.prank(all[i]);
                companions.open(session, bytes32(i));
            }
            pass();
            sessions.finalise(session);
            vm.roll(block.number + (n == 0 ? 300 : 2));
            address drawn = sessions.reward(session);
            if (n == 0) {
                same(drawn, address(0), "forgotten");
                vm.roll(block.number + 2);
                drawn = sessions.reward(session);
            }
            for (uint256 i = 0; i < 4; ++i) {
                if (drawn == all[i]) ++won[i];
            }
        }
        same(won[3], 0, "who didn't open");
        same(won[0] + won[1] + won[2], 100, "all draws");
        // 100 draws of a third each: 12 is 4.5 standard deviations below 33. Block hashes are fixed in a test.
        for (uint256 i = 0; i < 3; ++i) {
            yes(won[i] >= 12, "each of three");
        }
    }

    /// @notice Leaving takes the delay; what was committed to still opens; and one can come back.
    function test_a_companion_leaves_with_its_bond() public {
        bytes32 session = committed("salt");
        vm.startPrank(companion);
        companions.quit();
        companions.open(session, "salt");
        vm.expectRevert(abi.encodeWithSelector(Companions.TooEarly.selector, block.timestamp + DELAY));
        companions.takeBond();
        vm.warp(block.timestamp + DELAY);
        companions.takeBond();
        same(companions.owed(NATIVE, companion), COMPANION_BOND, "bond");
        companions.withdraw(NATIVE, companion);
        companions.join{value: COMPANION_BOND}();
        vm.stopPrank();
    }

    /// @notice Whoever attests to a planted claim loses its bond, once; half is the maker's, half is burnt.
    function test_a_canary_takes_the_bond() public {
        Companions.Caught memory c = canary(5, 3, SALT);
        vm.expectRevert(abi.encodeWithSelector(Companions.TooEarly.selector, block.timestamp + DELAY / 2));
        companions.caught(c);
        vm.warp(block.timestamp + DELAY / 2);
        companions.caught(c);
        same(companions.owed(NATIVE, maker), COMPANION_BOND / 2, "maker");
        same(companions.burnt(), COMPANION_BOND / 2, "burnt");
        vm.expectRevert(abi.encodeWithSelector(Companions.WrongStanding.selector, Companions.Standing.None));
        companions.caught(c);
        join(companion);
        vm.expectRevert(Companions.NoCanary.selector);
        companions.caught(c);
    }

    /// @notice One that asked for its bond back right after it attested is caught in time all the same.
    function test_leaving_does_not_save_a_lazy_companion() public {
        Companions.Caught memory c = canary(1, 0, SALT);
        vm.prank(companion);
        companions.quit();
        vm.warp(block.timestamp + DELAY / 2);
        companions.caught(c);
        vm.warp(block.timestamp + DELAY);
        vm.prank(companion);
        vm.expectRevert();
        companions.takeBond();
    }

    /// @notice A claim that is true has no planted output, so nobody who computed can be caught: not by another salt, node, list or signature.
    function test_only_a_planted_output_signed_by_the_companion_counts() public {
        vm.warp(block.timestamp + 1);
        Companions.Caught memory c = canary(5, 3, SALT);
        vm.warp(block.timestamp + DELAY / 2);
        c.node = 2;
        refused(c, abi.encodeWithSelector(Companions.NoCanary.selector));
        c.node = 3;
        c.salt = keccak256("other");
        refused(c, abi.encodeWithSelector(Companions.NoCanary.selector));
        c.salt = SALT;
        c.list = keccak256("other");
        refused(c, abi.encodeWithSelector(Companions.NoCanary.selector));
        c = canary(6, 4, keccak256("honest"));
        vm.warp(block.timestamp + DELAY / 2);
        // The list names it, but the graph's output is a real one.
        (c.attestation.claim, c.nodeSiblings) = graph(6, 4, keccak256("an output"));
        c = listed(c);
        vm.warp(block.timestamp + DELAY / 2);
        refused(c, abi.encodeWithSelector(Companions.NoCanary.selector));
        c = canary(5, 3, keccak256("third"));
        c.signature = sign(USER_KEY, Messages.hash(c.attestation));
        vm.warp(block.timestamp + DELAY / 2);
        refused(c, abi.encodeWithSelector(Companions.BadSignature.selector, user, companion));
    }

    /// @notice An attestation for another chain, or another deployment, convicts nobody.
    function test_attestations_of_other_chains_do_not_count() public {
        Companions.Caught memory c = canary(5, 3, SALT);
        vm.warp(block.timestamp + DELAY / 2);
        vm.chainId(4114);
        vm.expectRevert();
        companions.caught(c);
        vm.chainId(31337);
        companions.caught(c);
    }

    function refused(Companions.Caught memory c, bytes memory why) private {
        vm.expectRevert(why);
        companions.caught(c);
    }

    function committed(bytes32 salt) private returns (bytes32 session) {
        session = open(1 ether, false);
        bytes32 root = voucher(session, 1 gwei).commitment;
        vm.prank(companion);
        companions.commit(session, commitment(root, companion, salt));
        claim(session, 1 gwei);
    }

    /// @dev A graph of so many nodes, of which `node` has this output; and what opens it.
    function graph(uint32 nodes, uint32 node, bytes32 output) private pure returns (bytes32, bytes32[] memory) {
        bytes32[] memory words = new bytes32[](8 * nodes);
        for (uint256 i = 0; i < words.length; ++i) {
            if (i % 8 != 7) words[i] = keccak256(abi.encode(i));
        }
        words[8 * node + 6] = output;
        return (Trees.root(Lists.GRAPH, words), Trees.siblings(words, 8 * node + 6));
    }

    /// @dev A canary that the companion attested to, in a list of three that the maker fixed.
    function canary(uint32 nodes, uint32 node, bytes32 salt) private returns (Companions.Caught memory c) {
        (c.companion, c.salt, c.nodes, c.node) = (companion, salt, nodes, node);
        c.attestation.job = JOB;
        (c.attestation.plan, c.attestation.commitment) = (keccak256("plan"), keccak256("commitment"));
        bytes32 output = keccak256(abi.encode(bytes32("hyperdust canary output"), salt, uint256(node)));
        (c.attestation.claim, c.nodeSiblings) = graph(nodes, node, output);
        return listed(c);
    }

    function listed(Companions.Caught memory c) private returns (Companions.Caught memory) {
        bytes32[] memory items = new bytes32[](3);
        (items[0], items[2]) = (keccak256("one"), keccak256("three"));
        bytes32 kind = "hyperdust canary";
        items[1] = keccak256(abi.encode(kind, c.attestation.job, c.attestation.claim, c.salt));
        (c.list, c.index, c.siblings) = (Trees.root(Lists.CANARIES, items), 1, Trees.siblings(items, 1));
        c.signature = sign(COMPANION_KEY, Messages.hash(c.attestation));
        vm.prank(maker);
        companions.fixCanaries(c.list, 3);
        return c;
    }
}
