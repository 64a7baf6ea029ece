// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Checked} from "../market/Cheats.sol";
import {Files} from "./Files.sol";
import {Step} from "./Step.sol";

/// @notice What a step costs as a transaction of its own, base fee of a transaction and calldata included.
/// forge-config: default.isolate = true
contract ProofGasTest is Checked {
    Files private constant files = Files(address(uint160(uint256(keccak256("hevm cheat code")))));
    Step private immutable step = new Step();

    /// @notice The dearest kind of step: a store, whose proof is the longest and whose leaf is hashed upwards twice.
    function test_gas_store() public {
        bytes memory data = files.readFileBinary(string.concat(files.projectRoot(), "/test/proof/vectors/ant-0.bin"));
        uint256 place = 0;
        while (place < data.length) {
            bytes memory proof;
            bytes32 before;
            bytes32 later;
            assembly ("memory-safe") {
                before := mload(add(add(data, 32), place))
                later := mload(add(add(data, 64), place))
                // The two bytes of the length end where the proof's own length would be read; they are read, then overwritten.
                proof := add(add(data, 67), place)
                mstore(proof, and(mload(proof), 0xffff))
            }
            place += 67 + proof.length;
            uint256 instruction = 169 + (uint8(proof[32]) & 28);
            if (proof.length < 1578 || uint8(proof[instruction]) & 0x7f != 0x23) continue;
            // Not as a view: then it is a transaction.
            (bool done, bytes memory found) = address(step).call(abi.encodeCall(step.execute, (before, proof)));
            yes(done, "a step that is made");
            same(abi.decode(found, (bytes32)), later, "the state after it");
            yes(vm.snapshotGasLastCall("proof", "step") <= 90_000, "step");
            return;
        }
        yes(false, "a store");
    }
}
