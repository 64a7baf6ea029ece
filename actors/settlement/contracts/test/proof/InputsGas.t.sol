// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {Lists} from "../../src/market/Lists.sol";
import {Messages} from "../../src/market/Messages.sol";
import {Sessions} from "../../src/market/Sessions.sol";
import {Inputs} from "../../src/proof/Inputs.sol";
import {Trees} from "../market/Trees.sol";
import {Asking} from "./Asking.sol";

/// @notice What a question and its answers cost as transactions of their own: base fee and calldata included, storage cold.
/// forge-config: default.isolate = true
contract InputsGasTest is Asking {
    /// @dev A commitment that isn't `Plan`'s.
    bytes32 private dearest;
    uint32 private lanes;

    function opening(uint256 deposit, bool minting) internal view override returns (Sessions.Opening memory o) {
        o = super.opening(deposit, minting);
        if (lanes > 0) o.lanes = lanes;
    }

    function commitmentOf(bytes32 session) internal view override returns (bytes32) {
        return dearest == 0 ? super.commitmentOf(session) : dearest;
    }

    function path(uint256 depth) private pure returns (bytes32[] memory siblings) {
        siblings = new bytes32[](depth);
        for (uint256 i = 0; i < depth; ++i) {
            siblings[i] = keccak256(abi.encode("sibling", depth, i));
        }
    }

    /// @notice The dearest answer that there can be: 4,096 lanes, 2¹⁶ segments, two megabytes of actions, a whole chunk of them, both signatures.
    function test_gas_of_the_dearest_answer() public {
        lanes = sessions.LANES();
        bytes32 session = open(DEPOSIT, false);
        (uint32 lane, uint32 segment, uint32 chunk) = (lanes - 1, uint32(inputs.NODES()) - 1, 2047);
        Inputs.Answer memory a;
        a.leaves = path(32);
        (a.laneSiblings, a.siblings, a.leafSiblings) = (path(12), path(16), path(11));
        (a.length, a.tree) = (1 << 21, Trees.climb(chunk, Trees.tree(a.leaves), a.leafSiblings));
        bytes32 kind = "hyperdust actions";
        bytes32 string_ = keccak256(abi.encode(kind, uint256(a.length), a.tree));
        bytes32[8] memory words;
        (words[0], words[2], words[4]) = (PROGRAM, keccak256("blueprint"), string_);
        words[1] = bytes32(abi.encodePacked(uint64(1), uint64(segment) + 1, uint64(1), uint64(0)));
        bytes32 graph = Trees.climb(segment, above(words), a.siblings);
        a.lane = IClaims.Lane(lane, keccak256(abi.encode(Lists.GRAPH, 256 << 16, graph)), keccak256("claim"), 1 << 16);
        bytes32 job = sessions.jobOf(session, lane);
        kind = "hyperdust lane claim";
        bytes32 item = keccak256(abi.encode(kind, job, a.lane.plan, a.lane.claim, uint256(a.lane.nodes)));
        dearest = keccak256(abi.encode(Lists.CLAIMS, uint256(lanes) * 32, Trees.climb(lane, item, a.laneSiblings)));
        claim(session, FEE);
        kind = "hyperdust action chain";
        bytes32 before = keccak256("before");
        a.before = Messages.ActionRoot(job, segment - 1, 64 * uint64(segment), before);
        a.last = Messages.ActionRoot(job, segment, 64 * uint64(segment + 1), keccak256(abi.encode(kind, before, string_)));
        (a.beforeSignature, a.lastSignature) =
            (sign(USER_KEY, Messages.hash(a.before)), sign(USER_KEY, Messages.hash(a.last)));
        Inputs.Question memory q = ask(session, lane, segment, chunk);
        vm.snapshotGasLastCall("proof", "ask");
        inputs.answer(q, a);
        uint256 spent = vm.snapshotGasLastCall("proof", "answer, the dearest");
        // What a question puts up pays for it, at a gas price far above any of `gas/prices.json`.
        yes(spent * 30 gwei <= QUESTION, "pays for the answer");
    }

    /// @notice An answer for Ant: 64 steps of 8 actions are two kilobytes; eight lanes of eight segments.
    function test_gas_of_an_answer() public {
        delete shape;
        for (uint256 i = 0; i < 8; ++i) {
            shape.push(8);
        }
        size = 32 + 64 * 8 * 4;
        bytes32 session = claimedSession();
        Inputs.Question memory q = ask(session, 5, 6, 1);
        Inputs.Answer memory a = answerTo(q, USER_KEY);
        inputs.answer(q, a);
        vm.snapshotGasLastCall("proof", "answer");
        q = ask(session, 5, 6, 0);
        vm.warp(q.until + 1);
        inputs.timeout(q);
        vm.snapshotGasLastCall("proof", "timeout of a question");
    }
}
