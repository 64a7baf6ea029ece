//! A small assembler: instruction words from the tables of the specification, written independently of the decoder.
#![allow(dead_code, reason = "tests and the benchmark use different instructions")]

pub const ZERO: u32 = 0;
pub const RA: u32 = 1;
pub const SP: u32 = 2;
pub const T0: u32 = 5;
pub const T1: u32 = 6;
pub const T2: u32 = 7;
pub const S0: u32 = 8;
pub const S1: u32 = 9;
pub const A0: u32 = 10;
pub const A1: u32 = 11;
pub const A2: u32 = 12;
pub const A3: u32 = 13;
pub const A4: u32 = 14;
pub const A7: u32 = 17;

pub const ECALL: u32 = 0x73;
pub const EBREAK: u32 = 0x10_0073;
pub const FENCE: u32 = 0x0ff0_000f;

/// Mnemonic, funct7, funct3 of every register-register instruction.
pub const REGISTER: [(&str, u32, u32); 18] = [
    ("add", 0, 0),
    ("sub", 0x20, 0),
    ("sll", 0, 1),
    ("slt", 0, 2),
    ("sltu", 0, 3),
    ("xor", 0, 4),
    ("srl", 0, 5),
    ("sra", 0x20, 5),
    ("or", 0, 6),
    ("and", 0, 7),
    ("mul", 1, 0),
    ("mulh", 1, 1),
    ("mulhsu", 1, 2),
    ("mulhu", 1, 3),
    ("div", 1, 4),
    ("divu", 1, 5),
    ("rem", 1, 6),
    ("remu", 1, 7),
];
/// Mnemonic and funct3 of those with a 12-bit immediate.
pub const IMMEDIATE: [(&str, u32); 6] = [("addi", 0), ("slti", 2), ("sltiu", 3), ("xori", 4), ("ori", 6), ("andi", 7)];
/// Mnemonic, upper seven bits, funct3 of the shifts by a constant.
pub const SHIFT: [(&str, u32, u32); 3] = [("slli", 0, 1), ("srli", 0, 5), ("srai", 0x20, 5)];
/// Mnemonic and funct3.
pub const LOADS: [(&str, u32); 5] = [("lb", 0), ("lh", 1), ("lw", 2), ("lbu", 4), ("lhu", 5)];
/// Mnemonic and funct3.
pub const STORES: [(&str, u32); 3] = [("sb", 0), ("sh", 1), ("sw", 2)];
/// Mnemonic and funct3.
pub const BRANCHES: [(&str, u32); 6] = [("beq", 0), ("bne", 1), ("blt", 4), ("bge", 5), ("bltu", 6), ("bgeu", 7)];

pub fn r_type(funct7: u32, rs2: u32, rs1: u32, funct3: u32, rd: u32) -> u32 {
    funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x33
}

pub fn i_type(opcode: u32, immediate: i32, rs1: u32, funct3: u32, rd: u32) -> u32 {
    assert!((-2048..2048).contains(&immediate));
    (immediate as u32) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
}

/// By name, from the tables above.
pub fn op(name: &str, rd: u32, rs1: u32, rs2: u32) -> u32 {
    let (_, funct7, funct3) = REGISTER.iter().find(|row| row.0 == name).expect("a register instruction");
    r_type(*funct7, rs2, rs1, *funct3, rd)
}

pub fn opi(name: &str, rd: u32, rs1: u32, immediate: i32) -> u32 {
    if let Some((_, upper, funct3)) = SHIFT.iter().find(|row| row.0 == name) {
        return i_type(0x13, immediate | (*upper << 5) as i32, rs1, *funct3, rd);
    }
    let (_, funct3) = IMMEDIATE.iter().find(|row| row.0 == name).expect("an immediate instruction");
    i_type(0x13, immediate, rs1, *funct3, rd)
}

pub fn load(name: &str, rd: u32, offset: i32, rs1: u32) -> u32 {
    let (_, funct3) = LOADS.iter().find(|row| row.0 == name).expect("a load");
    i_type(0x03, offset, rs1, *funct3, rd)
}

pub fn store(name: &str, rs2: u32, offset: i32, rs1: u32) -> u32 {
    let (_, funct3) = STORES.iter().find(|row| row.0 == name).expect("a store");
    assert!((-2048..2048).contains(&offset));
    let offset = offset as u32;
    (offset >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (offset & 31) << 7 | 0x23
}

pub fn branch(name: &str, rs1: u32, rs2: u32, offset: i32) -> u32 {
    let (_, funct3) = BRANCHES.iter().find(|row| row.0 == name).expect("a branch");
    assert!((-4096..4096).contains(&offset) && offset % 2 == 0);
    let o = offset as u32;
    (o >> 12 & 1) << 31
        | (o >> 5 & 0x3f) << 25
        | rs2 << 20
        | rs1 << 15
        | funct3 << 12
        | (o >> 1 & 0xf) << 8
        | (o >> 11 & 1) << 7
        | 0x63
}

pub fn jal(rd: u32, offset: i32) -> u32 {
    assert!((-(1 << 20)..1 << 20).contains(&offset) && offset % 2 == 0);
    let o = offset as u32;
    (o >> 20 & 1) << 31 | (o >> 1 & 0x3ff) << 21 | (o >> 11 & 1) << 20 | (o >> 12 & 0xff) << 12 | rd << 7 | 0x6f
}

pub fn jalr(rd: u32, offset: i32, rs1: u32) -> u32 {
    i_type(0x67, offset, rs1, 0, rd)
}

pub fn lui(rd: u32, upper: u32) -> u32 {
    upper << 12 | rd << 7 | 0x37
}

pub fn auipc(rd: u32, upper: u32) -> u32 {
    upper << 12 | rd << 7 | 0x17
}

/// `rd ← value`, in two instructions.
pub fn li(rd: u32, value: u32) -> [u32; 2] {
    let low = (value as i32) << 20 >> 20;
    [lui(rd, value.wrapping_sub(low as u32) >> 12), opi("addi", rd, rd, low)]
}

/// Exits with what is in `a0`.
pub fn exit() -> [u32; 2] {
    [opi("addi", A7, ZERO, 93), ECALL]
}

/// The bytes of an image.
pub fn image(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
