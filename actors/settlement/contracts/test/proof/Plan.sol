// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {Lists} from "../../src/market/Lists.sol";
import {Messages} from "../../src/market/Messages.sol";
import {Inputs} from "../../src/proof/Inputs.sol";
import {Trees} from "../market/Trees.sol";
import {World} from "../market/World.sol";

/// @notice Claims that can be answered for: lanes of segments whose actions the user signed, and whoever has the signatures. All of it follows from session,
/// lane and segment, so nothing has to be kept. Built from the descriptions in Rust (`graph/mod.rs`, `chain.rs`, `list.rs`), not by what is tested.
abstract contract Plan is World {
    bytes32 private constant CHAIN = "hyperdust action chain";
    bytes32 private constant ACTIONS = "hyperdust actions";
    bytes32 private constant LANE = "hyperdust lane claim";

    /// @dev Segments of each lane as they were signed.
    uint32[] internal shape;
    /// @dev How many of them the provider leaves out of its claim, of each lane.
    uint32 internal left;
    /// @dev Bytes of an action string.
    uint64 internal size = 100;
    /// @dev Whose plan has other actions in this segment of each lane; none.
    uint32 internal altered = type(uint32).max;

    /// @dev The words of the string, the last filled up with zeros.
    function actionsIn(bytes32 session, uint256 lane, uint256 segment) internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[]((size + 31) / 32);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = keccak256(abi.encode(session, lane, segment, i));
        }
        uint256 over = leaves.length * 32 - size;
        leaves[leaves.length - 1] = (leaves[leaves.length - 1] >> (8 * over)) << (8 * over);
    }

    function stringOf(bytes32 session, uint256 lane, uint256 segment) internal view returns (bytes32) {
        return keccak256(abi.encode(ACTIONS, uint256(size), Trees.tree(actionsIn(session, lane, segment))));
    }

    /// @dev The running root of the lane's first segments.
    function running(bytes32 session, uint256 lane, uint256 count) internal view returns (bytes32 root) {
        for (uint256 k = 0; k < count; ++k) {
            root = keccak256(abi.encode(CHAIN, root, stringOf(session, lane, k)));
        }
    }

    /// @dev A node of a scene, without output.
    function wordsOf(bytes32 session, uint256 lane, uint256 segment) internal view returns (bytes32[8] memory words) {
        words[0] = PROGRAM;
        uint64 before = segment == 0 ? 0 : uint64(2 + segment - 1);
        words[1] = bytes32(abi.encodePacked(uint64(1), before, uint64(1), uint64(0)));
        words[2] = keccak256("blueprint");
        words[4] = segment == altered ? keccak256("other actions") : stringOf(session, lane, segment);
    }

    function above(bytes32[8] memory words) internal pure returns (bytes32) {
        bytes32[] memory leaves = new bytes32[](8);
        for (uint256 i = 0; i < 8; ++i) {
            leaves[i] = words[i];
        }
        return Trees.tree(leaves);
    }

    function claimed(uint256 lane) internal view returns (uint32) {
        return shape[lane] > left ? shape[lane] - left : 0;
    }

    /// @dev The nodes of a lane as they are committed to, each by its subtree.
    function subtrees(bytes32 session, uint256 lane) internal view virtual returns (bytes32[] memory nodes) {
        nodes = new bytes32[](claimed(lane));
        for (uint256 k = 0; k < nodes.length; ++k) {
            nodes[k] = above(wordsOf(session, lane, k));
        }
    }

    function laneIn(bytes32 session, uint32 lane) internal view virtual returns (IClaims.Lane memory) {
        uint32 nodes = claimed(lane);
        if (nodes == 0) return IClaims.Lane(lane, 0, 0, 0);
        bytes32 plan = keccak256(abi.encode(Lists.GRAPH, uint256(nodes) * 256, Trees.tree(subtrees(session, lane))));
        return IClaims.Lane(lane, plan, keccak256(abi.encode("claim", plan)), nodes);
    }

    function items(bytes32 session) internal view returns (bytes32[] memory all) {
        all = new bytes32[](shape.length);
        for (uint32 i = 0; i < all.length; ++i) {
            IClaims.Lane memory l = laneIn(session, i);
            bytes32 job = keccak256(abi.encodePacked(session, uint64(i)));
            all[i] = keccak256(abi.encode(LANE, job, l.plan, l.claim, uint256(l.nodes)));
        }
    }

    function roots(bytes32 session) internal view returns (bytes32[] memory all) {
        all = new bytes32[](shape.length);
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = running(session, i, shape[i]);
        }
    }

    function commitmentOf(bytes32 session) internal view virtual override returns (bytes32) {
        return shape.length == 0 ? super.commitmentOf(session) : Trees.root(Lists.CLAIMS, items(session));
    }

    function actionsOf(bytes32 session) internal view virtual override returns (bytes32) {
        return shape.length == 0 ? super.actionsOf(session) : Trees.root(Lists.LANES, roots(session));
    }

    /// @dev What the user signed about a segment.
    function signedBy(uint256 key, bytes32 session, uint32 lane, uint64 segment)
        internal
        view
        returns (Messages.ActionRoot memory m, bytes memory signature)
    {
        m.job = keccak256(abi.encodePacked(session, uint64(lane)));
        (m.segment, m.steps, m.root) = (segment, 64 * (segment + 1), running(session, lane, uint256(segment) + 1));
        signature = sign(key, Messages.hash(m));
    }

    /// @dev What an honest provider answers, from what it has.
    function answerTo(Inputs.Question memory q, uint256 key) internal view returns (Inputs.Answer memory a) {
        a.lane = laneIn(q.session, q.lane);
        a.laneSiblings = Trees.siblings(items(q.session), q.lane);
        if (q.segment >= a.lane.nodes) {
            a.siblings = Trees.siblings(roots(q.session), q.lane);
            if (shape[q.lane] > 0) {
                (a.last, a.lastSignature) = signedBy(key, q.session, q.lane, shape[q.lane] - 1);
            }
            return a;
        }
        a.siblings = Trees.siblings(subtrees(q.session, q.lane), q.segment);
        bytes32[] memory all = actionsIn(q.session, q.lane, q.segment);
        (a.length, a.tree) = (size, Trees.tree(all));
        uint256 first = uint256(q.chunk) * 32;
        if (first < all.length) {
            a.leaves = new bytes32[](all.length - first < 32 ? all.length - first : 32);
            for (uint256 i = 0; i < a.leaves.length; ++i) {
                a.leaves[i] = all[first + i];
            }
            // Those of its first leaf, less those within the chunk.
            bytes32[] memory path = Trees.siblings(all, first);
            a.leafSiblings = new bytes32[](path.length < 5 ? 0 : path.length - 5);
            for (uint256 i = 0; i < a.leafSiblings.length; ++i) {
                a.leafSiblings[i] = path[5 + i];
            }
        }
        if (q.segment > 0) (a.before, a.beforeSignature) = signedBy(key, q.session, q.lane, q.segment - 1);
        (a.last, a.lastSignature) = signedBy(key, q.session, q.lane, q.segment);
    }
}
