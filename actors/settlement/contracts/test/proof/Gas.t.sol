// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {Disputes} from "../../src/proof/Disputes.sol";
import {Rules} from "../../src/proof/Rules.sol";
import {Checked} from "../market/Cheats.sol";
import {Files} from "./Files.sol";
import {Step} from "./Step.sol";
import {Ledger} from "./Table.sol";

/// @notice Games in whatever state a test wants them.
contract Seated is Disputes {
    constructor(IClaims claims, Parameters memory p) Disputes(claims, p) {}

    function seat(Rules.State calldata s) external returns (uint256 game) {
        game = ++count;
        games[game] = keccak256(abi.encode(s));
    }
}

/// @notice What a step and the moves before it cost at most, each as a transaction of its own, base fee of a transaction and calldata included. What they
/// cost in games of small programs, `Disputes.t.sol` measures.
/// forge-config: default.isolate = true
contract ProofGasTest is Checked {
    Files private constant files = Files(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant MOVE = 0.001 ether;
    Step private immutable step = new Step();
    Seated private immutable disputes =
        new Seated(new Ledger(address(1)), Disputes.Parameters(1 ether, uint128(MOVE), 7 days, 6 hours));
    address private immutable provider = address(uint160(uint256(keccak256("provider"))));
    address private immutable challenger = address(uint160(uint256(keccak256("challenger"))));

    /// @dev A store: its proof is the longest, and its leaf is hashed upwards twice.
    function store() private view returns (bytes32 before, bytes32 later, bytes memory proof) {
        bytes memory data = files.readFileBinary(string.concat(files.projectRoot(), "/test/proof/vectors/ant-0.bin"));
        uint256 place = 0;
        while (place < data.length) {
            assembly ("memory-safe") {
                before := mload(add(add(data, 32), place))
                later := mload(add(add(data, 64), place))
                // The two bytes of the length end where the proof's own length would be read; they are read, then overwritten.
                proof := add(add(data, 67), place)
                mstore(proof, and(mload(proof), 0xffff))
            }
            place += 67 + proof.length;
            uint256 instruction = 169 + (uint8(proof[32]) & 28);
            if (proof.length == 1578 && uint8(proof[instruction]) & 0x7f == 0x23) return (before, later, proof);
        }
        revert NotTrue("a store");
    }

    /// @notice The dearest kind of step.
    function test_gas_store() public {
        (bytes32 before, bytes32 later, bytes memory proof) = store();
        // Not as a view: then it is a transaction.
        (bool done, bytes memory found) = address(step).call(abi.encodeCall(step.execute, (before, proof)));
        yes(done, "a step that is made");
        same(abi.decode(found, (bytes32)), later, "the state after it");
        yes(vm.snapshotGasLastCall("proof", "step") <= 90_000, "step");
    }

    /// @dev A game in the middle of the search through a run of 2³² steps, with no zero where something can be.
    function middle() private view returns (Rules.State memory s) {
        (s.session, s.provider, s.challenger) = (keccak256("session"), provider, challenger);
        (s.nodes, s.node, s.moved, s.traced) = (0xffff, 0xfffe, true, true);
        (s.since, s.leftProvider, s.leftChallenger) = (uint64(block.timestamp), 604_799, 604_799);
        (s.agreedStep, s.disputedStep) = (0x7f7f7f7f, 0xfefefefe);
        (s.agreed, s.disputed, s.pot) = (keccak256("agreed"), keccak256("disputed"), 0.123456789123456789 ether);
    }

    /// @notice The last transaction of a game whose last step is the dearest.
    function test_gas_of_the_dearest_proof() public {
        vm.warp(1_800_000_000);
        Rules.State memory s = middle();
        bytes memory proof;
        (s.agreed, s.disputed, proof) = store();
        (s.agreedStep, s.disputedStep) = (0x7f7f7f7e, 0x7f7f7f7f);
        uint256 game = disputes.seat(s);
        disputes.prove(game, s, proof);
        yes(vm.snapshotGasLastCall("proof", "prove, the dearest") <= 90_000, "prove");
    }

    /// @notice The moves of the search.
    function test_gas_of_the_dearest_moves() public {
        vm.warp(1_800_000_000);
        vm.deal(provider, 1 ether);
        vm.deal(challenger, 1 ether);
        bytes32[] memory roots = new bytes32[](15);
        for (uint256 i = 0; i < 15; ++i) {
            roots[i] = keccak256(abi.encode(i));
        }
        Rules.State memory s = middle();
        uint256 game = disputes.seat(s);
        vm.warp(1_800_001_000);
        vm.prank(provider);
        disputes.cut{value: MOVE}(game, s, roots);
        yes(vm.snapshotGasLastCall("proof", "cut, the dearest") <= 60_000, "cut");
        s = middle();
        (s.since, s.posted) = (1_800_000_000, keccak256(abi.encodePacked(roots)));
        game = disputes.seat(s);
        vm.prank(challenger);
        disputes.choose{value: MOVE}(game, s, roots, 7);
        yes(vm.snapshotGasLastCall("proof", "choose, the dearest") <= 60_000, "choose");
    }
}
