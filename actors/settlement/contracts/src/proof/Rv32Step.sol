// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Merkle} from "./Merkle.sol";
import {Rv32} from "./Rv32.sol";

/// @title One step of the proof machine
/// @notice Executes one instruction from a proof alone: the bytes of `StepProof` of the crate `hyperdust-proof`, whose `machine/step.rs` says
/// why they are enough. There is exactly one proof of a step: everything else is refused, for the same reason and in the same order as there.
///
/// | bytes | what |
/// |---|---|
/// | 0–31 | memory root before the step |
/// | 32–167 | `pc`, two words of status, registers 1 to 31; little-endian |
/// | 1 | 1 and an opening of the leaf that holds the instruction, or 0 |
/// | 1 | 1 and an opening of the leaf that is loaded from or stored to, or 0 |
///
/// An opening is the leaf and its 21 siblings.
library Rv32Step {
    /// @notice A leaf that a step can touch.
    enum Leaf {
        Instruction,
        Data
    }

    /// @notice Thrown when the bytes are not the encoding of a proof.
    error Malformed();
    /// @notice Thrown when the opened state is not the one before the step.
    error PreState(bytes32 found, bytes32 accepted);
    /// @notice Thrown when a leaf that the step touches is not shown.
    error Missing(Leaf leaf, uint256 touched);
    /// @notice Thrown when a leaf is shown that the step does not touch.
    error Superfluous(Leaf leaf);
    /// @notice Thrown when a leaf is not in the memory before the step.
    error NotInMemory(Leaf leaf, uint256 touched, bytes32 found);

    /// @dev "hyperdust machine state", the first word of what a state's root is the hash of.
    bytes32 private constant TAG = "hyperdust machine state";
    /// @dev What is hashed: tag, memory root, 34 words.
    uint256 private constant STATE = 200;
    /// @dev Where the second opening's flag is if there is a first, and is not.
    uint256 private constant HEAD = 168;
    uint256 private constant OPENING = 704;
    uint256 private constant DEPTH = 21;

    /// @dev Places in the state's bytes.
    uint256 private constant ROOT = 32;
    uint256 private constant PC = 64;
    uint256 private constant STATUS = 68;
    uint256 private constant VALUE = 72;
    uint256 private constant REGISTERS = 76;

    uint256 private constant RUNNING = 0;
    uint256 private constant EXITED = 1;
    uint256 private constant TRAPPED = 2;

    /// @notice Makes the step that `proof` opens; reverts where it opens none from `before`.
    /// @return The root of the state after it.
    function execute(bytes32 before, bytes calldata proof) internal pure returns (bytes32) {
        uint256 state = opened(proof);
        (uint256 instruction, uint256 data) = openings(proof);
        checkStatus(word(state, STATUS), word(state, VALUE));
        bytes32 found = root(state);
        if (found != before) revert PreState(found, before);
        if (word(state, STATUS) == RUNNING) (instruction, data) = advance(state, instruction, data);
        if (instruction != 0) revert Superfluous(Leaf.Instruction);
        if (data != 0) revert Superfluous(Leaf.Data);
        return root(state);
    }

    /// @notice The root of a state that exited with code 0, whose memory has this root, and whose `pc` and registers are these: 32 words,
    /// little-endian. What a provider opens of a run's end.
    /// @param processor `pc`, two words of status, registers; little-endian, 136 bytes.
    function ended(bytes32 memory_, bytes calldata processor) internal pure returns (bytes32) {
        if (processor.length != STATE - PC) revert Malformed();
        uint256 state = allocated(memory_, processor);
        if (word(state, STATUS) != EXITED || word(state, VALUE) != 0) revert Malformed();
        return root(state);
    }

    /// @notice The root of a state before its first step: everything but memory is zero.
    function started(bytes32 memory_) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            // Past the free pointer: nothing is kept there.
            let state := mload(0x40)
            calldatacopy(state, calldatasize(), STATE)
            mstore(state, TAG)
            mstore(add(state, ROOT), memory_)
            hash := keccak256(state, STATE)
        }
    }

    /// @dev Executes an instruction; returns the openings that it left unused.
    function advance(uint256 state, uint256 instruction, uint256 data) private pure returns (uint256, uint256) {
        uint256 pc = word(state, PC);
        if (pc & 3 != 0) return trap(state, Rv32.INSTRUCTION_MISALIGNED, instruction, data);
        if (pc >= Rv32.IMAGE) return trap(state, Rv32.INSTRUCTION_FAULT, instruction, data);
        check(state, Leaf.Instruction, instruction, pc);
        (uint256 effect, uint256 a, uint256 b, uint256 c) =
            Rv32.execute(wordOf(instruction, pc), pc, state + REGISTERS);
        if (effect == Rv32.WRITE) {
            set(state, a, b);
            put(state + PC, c);
        } else if (effect == Rv32.LOAD) {
            check(state, Leaf.Data, data, b);
            set(state, a, Rv32.extract(c, b, wordOf(data, b)));
            put(state + PC, pc + 4);
            data = 0;
        } else if (effect == Rv32.STORE) {
            check(state, Leaf.Data, data, a);
            write(state, data, a, Rv32.insert(c, a, wordOf(data, a), b));
            put(state + PC, pc + 4);
            data = 0;
        } else if (effect == Rv32.EXIT) {
            put(state + STATUS, EXITED);
            put(state + VALUE, a);
        } else {
            return trap(state, a, 0, data);
        }
        return (0, data);
    }

    function trap(uint256 state, uint256 cause, uint256 instruction, uint256 data)
        private
        pure
        returns (uint256, uint256)
    {
        put(state + STATUS, TRAPPED);
        put(state + VALUE, cause);
        return (instruction, data);
    }

    /// @dev The state's bytes, as they are hashed.
    function opened(bytes calldata proof) private pure returns (uint256) {
        if (proof.length < HEAD + 2) revert Malformed();
        return allocated(bytes32(proof[:32]), proof[32:HEAD]);
    }

    /// @dev As many bytes as a state has, and what the last word reads past them: `processor` with each word's bytes turned around.
    function allocated(bytes32 memory_, bytes calldata processor) private pure returns (uint256 state) {
        assembly ("memory-safe") {
            function turned(x) -> y {
                let odd := 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff
                x := or(shl(8, and(x, odd)), and(shr(8, x), odd))
                let low := 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff
                y := or(shl(16, and(x, low)), and(shr(16, x), low))
            }
            state := mload(0x40)
            mstore(0x40, add(state, 256))
            mstore(state, TAG)
            mstore(add(state, ROOT), memory_)
            for { let i := 0 } lt(i, 160) { i := add(i, 32) } {
                mstore(add(add(state, PC), i), turned(calldataload(add(processor.offset, i))))
            }
        }
    }

    /// @dev Where the openings lie in the calldata, or zero for none. Exactly they fill the proof.
    function openings(bytes calldata proof) private pure returns (uint256 instruction, uint256 data) {
        uint256 start;
        assembly ("memory-safe") {
            start := proof.offset
        }
        uint256 place = HEAD;
        if (proof[place] > 0x01) revert Malformed();
        if (proof[place++] == 0x01) {
            instruction = start + place;
            place += OPENING;
        }
        if (place >= proof.length || proof[place] > 0x01) revert Malformed();
        if (proof[place++] == 0x01) {
            data = start + place;
            place += OPENING;
        }
        if (place != proof.length) revert Malformed();
    }

    function checkStatus(uint256 status, uint256 value) private pure {
        bool well = status == EXITED || (status == RUNNING && value == 0)
            || (status == TRAPPED && value <= Rv32.ENVIRONMENT_CALL);
        if (!well) revert Malformed();
    }

    /// @dev Refuses an opening that is not there, or not of the leaf at `touched`.
    function check(uint256 state, Leaf leaf, uint256 opening, uint256 touched) private pure {
        if (opening == 0) revert Missing(leaf, touched);
        bytes32 first;
        bytes32 memory_;
        assembly ("memory-safe") {
            first := calldataload(opening)
            memory_ := mload(add(state, ROOT))
        }
        bytes32 found = Merkle.climbAt(touched >> 5, first, opening + 32, DEPTH);
        if (found != memory_) revert NotInMemory(leaf, touched, found);
    }

    /// @dev Writes the aligned word around `touched`; the new memory root comes from the new leaf with the old siblings.
    function write(uint256 state, uint256 opening, uint256 touched, uint256 value) private pure {
        uint256 shift = 224 - 8 * (touched & 28);
        bytes32 leaf;
        value = turn(value);
        assembly ("memory-safe") {
            leaf := or(and(calldataload(opening), not(shl(shift, 0xffffffff))), shl(shift, value))
        }
        bytes32 memory_ = Merkle.climbAt(touched >> 5, leaf, opening + 32, DEPTH);
        assembly ("memory-safe") {
            mstore(add(state, ROOT), memory_)
        }
    }

    /// @dev The aligned word around `touched` in the leaf that holds it.
    function wordOf(uint256 opening, uint256 touched) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(224, calldataload(add(opening, and(touched, 28))))
        }
        return turn(value);
    }

    /// @dev The four bytes in the other order.
    function turn(uint256 value) private pure returns (uint256) {
        return (value >> 24) | ((value >> 8) & 0xff00) | ((value << 8) & 0xff0000) | ((value & 0xff) << 24);
    }

    function word(uint256 state, uint256 place) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(224, mload(add(state, place)))
        }
    }

    function set(uint256 state, uint256 number, uint256 value) private pure {
        if (number != 0) put(state + REGISTERS + 4 * (number - 1), value);
    }

    /// @dev Writes four bytes.
    function put(uint256 place, uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(place, or(shl(224, value), shr(32, shl(32, mload(place)))))
        }
    }

    function root(uint256 state) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(state, STATE)
        }
    }
}
