// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What each instruction of RV32IM does, apart from memory itself
/// @notice Follows `machine/decode.rs` and `machine/execute.rs` of the crate `hyperdust-proof`, and is held to them by vectors. Every word
/// is an instruction or illegal, and every trap is an effect.
/// @dev Registers, addresses and values are 32 bits in a `uint256` whose upper bits are zero, which every function keeps so.
library Rv32 {
    /// @dev Effects. `Write`: register `a` ← `b`, pc ← `c`. `Load`: register `a` ← memory at `b`, width `c`. `Store`: memory at `a` ← `b`,
    /// width `c`. `Exit`: with code `a`. `Trap`: of cause `a`.
    uint256 internal constant WRITE = 0;
    uint256 internal constant LOAD = 1;
    uint256 internal constant STORE = 2;
    uint256 internal constant EXIT = 3;
    uint256 internal constant TRAP = 4;

    /// @dev The codes of RISC-V's `mcause`.
    uint256 internal constant INSTRUCTION_MISALIGNED = 0;
    uint256 internal constant INSTRUCTION_FAULT = 1;
    uint256 internal constant ILLEGAL = 2;
    uint256 internal constant BREAKPOINT = 3;
    uint256 internal constant LOAD_MISALIGNED = 4;
    uint256 internal constant LOAD_FAULT = 5;
    uint256 internal constant STORE_MISALIGNED = 6;
    uint256 internal constant STORE_FAULT = 7;
    uint256 internal constant ENVIRONMENT_CALL = 8;

    /// @dev Bytes of the image, which is fetched from and not stored to.
    uint256 internal constant IMAGE = 1 << 24;
    /// @dev Bytes of memory.
    uint256 internal constant MEMORY = 1 << 26;
    /// @dev Number of the system call that exits.
    uint256 private constant SYSTEM_EXIT = 93;

    uint256 private constant M = 0xffffffff;

    /// @notice What the instruction `word` at `pc` does. `pc` is aligned and within the image.
    /// @param registers Where the words of the registers lie in memory: four bytes each, big-endian, from register 1 on.
    function execute(uint256 word, uint256 pc, uint256 registers)
        internal
        pure
        returns (uint256 effect, uint256 a, uint256 b, uint256 c)
    {
        unchecked {
            uint256 opcode = word & 0x7f;
            if (opcode == 0x33) return arithmetic(word, pc, registers);
            if (opcode == 0x13) return immediate(word, pc, registers);
            if (opcode == 0x03) return load(word, registers);
            if (opcode == 0x23) return store(word, registers);
            if (opcode == 0x63) return branch(word, pc, registers);
            if (opcode == 0x37) return (WRITE, rd(word), word & 0xfffff000, pc + 4);
            if (opcode == 0x17) return (WRITE, rd(word), (pc + (word & 0xfffff000)) & M, pc + 4);
            if (opcode == 0x6f) return jump(rd(word), (pc + jImmediate(word)) & M, pc);
            if (opcode == 0x67 && funct3(word) == 0) {
                return jump(rd(word), (register(registers, rs1(word)) + iImmediate(word)) & 0xfffffffe, pc);
            }
            if (opcode == 0x0f && funct3(word) == 0) return (WRITE, 0, 0, pc + 4);
            if (word == 0x00000073) {
                if (register(registers, 17) == SYSTEM_EXIT) return (EXIT, register(registers, 10), 0, 0);
                return trap(ENVIRONMENT_CALL);
            }
            if (word == 0x00100073) return trap(BREAKPOINT);
            return trap(ILLEGAL);
        }
    }

    /// @notice What a load of `address` gives, where the aligned word around it is `word`.
    function extract(uint256 width, uint256 address_, uint256 word) internal pure returns (uint256) {
        uint256 shifted = word >> (8 * (address_ & 3));
        if (width == 2) return word;
        if (width == 4) return shifted & 0xff;
        if (width == 5) return shifted & 0xffff;
        if (width == 0) return extend(shifted, 0);
        return extend(shifted, 1);
    }

    /// @notice The aligned word around `address` after a store of `value`, where it was `word`.
    function insert(uint256 width, uint256 address_, uint256 word, uint256 value) internal pure returns (uint256) {
        if (width == 2) return value;
        uint256 shift = 8 * (address_ & 3);
        uint256 mask = uint256(width == 0 ? 0xff : 0xffff) << shift;
        return (word & ~mask) | ((value << shift) & mask);
    }

    /// @notice What register `index` holds.
    function register(uint256 registers, uint256 index) internal pure returns (uint256 value) {
        if (index == 0) return 0;
        assembly ("memory-safe") {
            value := shr(224, mload(add(registers, shl(2, sub(index, 1)))))
        }
    }

    function jump(uint256 link, uint256 target, uint256 pc)
        private
        pure
        returns (uint256, uint256, uint256, uint256)
    {
        unchecked {
            if (target & 3 != 0) return trap(INSTRUCTION_MISALIGNED);
            return (WRITE, link, pc + 4, target);
        }
    }

    function branch(uint256 word, uint256 pc, uint256 registers)
        private
        pure
        returns (uint256, uint256, uint256, uint256)
    {
        unchecked {
            uint256 condition = funct3(word);
            if (condition == 2 || condition == 3) return trap(ILLEGAL);
            (uint256 x, uint256 y) = (register(registers, rs1(word)), register(registers, rs2(word)));
            bool holds;
            if (condition < 2) holds = x == y;
            else if (condition < 6) holds = signed(x) < signed(y);
            else holds = x < y;
            // The odd ones are the opposites.
            if (holds == (condition & 1 == 1)) return (WRITE, 0, 0, pc + 4);
            uint256 target = (pc + bImmediate(word)) & M;
            if (target & 3 != 0) return trap(INSTRUCTION_MISALIGNED);
            return (WRITE, 0, 0, target);
        }
    }

    function load(uint256 word, uint256 registers) private pure returns (uint256, uint256, uint256, uint256) {
        unchecked {
            uint256 width = funct3(word);
            if (width == 3 || width > 5) return trap(ILLEGAL);
            uint256 from = (register(registers, rs1(word)) + iImmediate(word)) & M;
            // The lower two bits of a width are the logarithm of its bytes.
            if (from & ((1 << (width & 3)) - 1) != 0) return trap(LOAD_MISALIGNED);
            if (from >= MEMORY) return trap(LOAD_FAULT);
            return (LOAD, rd(word), from, width);
        }
    }

    function store(uint256 word, uint256 registers) private pure returns (uint256, uint256, uint256, uint256) {
        unchecked {
            uint256 width = funct3(word);
            if (width > 2) return trap(ILLEGAL);
            uint256 to = (register(registers, rs1(word)) + sImmediate(word)) & M;
            if (to & ((1 << width) - 1) != 0) return trap(STORE_MISALIGNED);
            if (to < IMAGE || to >= MEMORY) return trap(STORE_FAULT);
            return (STORE, to, register(registers, rs2(word)), width);
        }
    }

    function immediate(uint256 word, uint256 pc, uint256 registers)
        private
        pure
        returns (uint256, uint256, uint256, uint256)
    {
        unchecked {
            uint256 operation = funct3(word);
            uint256 y = iImmediate(word);
            // A shift's upper seven bits choose it; any other operation has a whole immediate.
            if (operation & 3 == 1) {
                uint256 upper = word >> 25;
                if (upper == 0x20 && operation == 5) operation = 13;
                else if (upper != 0) return trap(ILLEGAL);
                y = rs2(word);
            }
            return (WRITE, rd(word), base(operation, register(registers, rs1(word)), y), pc + 4);
        }
    }

    function arithmetic(uint256 word, uint256 pc, uint256 registers)
        private
        pure
        returns (uint256, uint256, uint256, uint256)
    {
        unchecked {
            (uint256 x, uint256 y) = (register(registers, rs1(word)), register(registers, rs2(word)));
            (uint256 upper, uint256 operation) = (word >> 25, funct3(word));
            if (upper == 1) return (WRITE, rd(word), multiply(operation, x, y), pc + 4);
            if (upper == 0x20 && (operation == 0 || operation == 5)) operation += 8;
            else if (upper != 0) return trap(ILLEGAL);
            return (WRITE, rd(word), base(operation, x, y), pc + 4);
        }
    }

    /// @dev Operations of RV32I, by `funct3`; 8 more for `sub` and `sra`.
    function base(uint256 operation, uint256 x, uint256 y) private pure returns (uint256) {
        unchecked {
            if (operation == 0) return (x + y) & M;
            if (operation == 8) return (x - y) & M;
            if (operation == 1) return (x << (y & 31)) & M;
            if (operation == 2) return signed(x) < signed(y) ? 1 : 0;
            if (operation == 3) return x < y ? 1 : 0;
            if (operation == 4) return x ^ y;
            if (operation == 5) return x >> (y & 31);
            if (operation == 13) return uint256(signed(x) >> (y & 31)) & M;
            if (operation == 6) return x | y;
            return x & y;
        }
    }

    /// @dev Operations of M, by `funct3`. Divisions by zero, and the one signed overflow, as the specification has them.
    function multiply(uint256 operation, uint256 x, uint256 y) private pure returns (uint256) {
        unchecked {
            if (operation == 0) return (x * y) & M;
            if (operation == 1) return (uint256(signed(x) * signed(y)) >> 32) & M;
            if (operation == 2) return (uint256(signed(x) * int256(y)) >> 32) & M;
            if (operation == 3) return (x * y) >> 32;
            // In 256 bits the signed overflow is none, and its quotient's lower 32 bits are the dividend.
            if (operation == 4) return y == 0 ? M : uint256(signed(x) / signed(y)) & M;
            if (operation == 5) return y == 0 ? M : x / y;
            if (operation == 6) return y == 0 ? x : uint256(signed(x) % signed(y)) & M;
            return y == 0 ? x : x % y;
        }
    }

    function trap(uint256 cause) private pure returns (uint256, uint256, uint256, uint256) {
        return (TRAP, cause, 0, 0);
    }

    function rd(uint256 word) private pure returns (uint256) {
        return (word >> 7) & 31;
    }

    function rs1(uint256 word) private pure returns (uint256) {
        return (word >> 15) & 31;
    }

    function rs2(uint256 word) private pure returns (uint256) {
        return (word >> 20) & 31;
    }

    function funct3(uint256 word) private pure returns (uint256) {
        return (word >> 12) & 7;
    }

    function iImmediate(uint256 word) private pure returns (uint256) {
        return uint256(signed(word) >> 20) & M;
    }

    function sImmediate(uint256 word) private pure returns (uint256) {
        return (uint256((signed(word) >> 25) << 5) & M) | ((word >> 7) & 0x1f);
    }

    function bImmediate(uint256 word) private pure returns (uint256) {
        return (uint256((signed(word) >> 31) << 12) & M) | ((word << 4) & 0x800) | ((word >> 20) & 0x7e0)
            | ((word >> 7) & 0x1e);
    }

    function jImmediate(uint256 word) private pure returns (uint256) {
        return (uint256((signed(word) >> 31) << 20) & M) | (word & 0xff000) | ((word >> 9) & 0x800)
            | ((word >> 20) & 0x7fe);
    }

    function signed(uint256 value) private pure returns (int256 wide) {
        assembly ("memory-safe") {
            wide := signextend(3, value)
        }
    }

    /// @dev The lowest `byte_ + 1` bytes, as a signed number of 32 bits.
    function extend(uint256 value, uint256 byte_) private pure returns (uint256 wide) {
        assembly ("memory-safe") {
            wide := and(signextend(byte_, value), 0xffffffff)
        }
    }
}
