//! One-step proofs as JSON, for whoever implements [`hyperdust_proof::machine::step::verify`] elsewhere.
//!
//! `vectors/steps.json` is an object of two lists. Each element of `steps` has the root before the step (`pre`), the proof's
//! bytes, and the root after it (`post`): every instruction with edge operands, every trap, halted machines, and steps from the
//! middle of programs. Each element of `refused` has the same and the `error` by which it is refused. All bytes are hexadecimal with
//! `0x`. `cargo run -p hyperdust-proof --example vectors` writes the file; a test compares it, and checks that nothing is missing.

use std::fmt::Write;

use hyperdust_proof::{
    StepError,
    machine::{Cause, Machine, State, Status, StepProof, decode, disassemble, plain, step},
    tree::Hash,
};

use crate::{assembler::*, programs};

/// Where the data of most steps is.
const DATA: u32 = 0x0240_0100;
/// Words with every sign in every place.
const PATTERN: [u32; 8] =
    [0x8081_8283, 0x0102_7fff, 0xdead_beef, 0x7f80_ff00, 0x0000_0001, 0xffff_8000, 0x1234_5678, 0x8000_0000];

/// A state about to make a step.
pub struct Case {
    pub name: String,
    pub state: State,
}

/// A state about to execute `word` at `pc`, between other instructions and with data in memory.
fn about_to(word: u32, pc: u32, registers: &[(u32, u32)]) -> State {
    let mut state = State::initial(&[], &[([3; 32], b"an input")]).unwrap();
    let memory = state.memory_mut();
    for near in 1..4 {
        memory.place(pc.wrapping_sub(4 * near) & 0x00ff_fffc, &op("add", near, near, near).to_le_bytes());
    }
    memory.place(pc & 0x00ff_fffc, &word.to_le_bytes());
    for (place, word) in (DATA..).step_by(4).zip(PATTERN) {
        memory.place(place, &word.to_le_bytes());
    }
    state.processor.pc = pc;
    // So that no register is zero by chance.
    for register in 1..32u8 {
        state.processor.set(register, 0x0101_0101 * u32::from(register));
    }
    for &(register, value) in registers {
        state.processor.set(register as u8, value);
    }
    state
}

/// Every step of the vectors.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name: &str, word: u32, pc: u32, registers: &[(u32, u32)]| {
        let text = disassemble(word, pc);
        let values = registers.iter().map(|(register, value)| format!(" x{register}={value:#x}")).collect::<String>();
        cases.push(Case { name: format!("{name}: {text}{values}"), state: about_to(word, pc, registers) });
    };
    let pairs = [
        (7, 3),
        (0, 0xffff_ffff),
        (0x8000_0000, 0xffff_ffff),
        (0xffff_fff9, 2),
        (0x7fff_ffff, 0x8000_0000),
        (0xdead_beef, 0),
        (0x8765_4321, 0xffff_ffe4),
    ];
    for (name, ..) in REGISTER {
        for (a, b) in pairs {
            add("arithmetic", op(name, A0, A1, A2), 0x400, &[(A1, a), (A2, b)]);
        }
    }
    add("register 0", op("add", ZERO, A1, A2), 0x400, &[(A1, 1), (A2, 2)]);
    add("register 0", op("add", A0, ZERO, ZERO), 0x400, &[]);
    add("one register", op("mul", A1, A1, A1), 0x400, &[(A1, 0xffff_fffd)]);
    for (name, _) in IMMEDIATE {
        for (a, immediate) in [(5, -1), (0x8000_0000, 2047), (0xffff_ffff, -2048), (0, 0)] {
            add("immediate", opi(name, A0, A1, immediate), 0x400, &[(A1, a)]);
        }
    }
    for (name, ..) in SHIFT {
        for amount in [0, 1, 31] {
            add("immediate", opi(name, A0, A1, amount), 0x400, &[(A1, 0x8000_0001)]);
        }
    }
    for upper in [0, 1, 0xf_ffff, 0x8_0000] {
        add("upper", lui(A0, upper), 0x400, &[]);
        add("upper", auipc(A0, upper), 0x00ff_fffc, &[]);
    }
    for (name, _) in BRANCHES {
        for (a, b) in [(5, 5), (1, 2), (0x8000_0000, 1), (0xffff_ffff, 0)] {
            add("branch", branch(name, A1, A2, if a == 5 { -4 } else { 4092 }), 0x400, &[(A1, a), (A2, b)]);
        }
    }
    for (offset, taken) in [(-4096, 1), (2, 1), (2, 0), (-2, 1)] {
        add("branch", branch("bne", A1, ZERO, offset), 0x400, &[(A1, taken)]);
    }
    for offset in [0, 4, -4, -1024, 0xf_fffc, -(1 << 20), 2, -2] {
        add("jump", jal(RA, offset), 0x400, &[]);
    }
    add("jump", jal(ZERO, 8), 0x400, &[]);
    for (base, offset) in [(0x800, 4), (0x801, 0), (0x802, 0), (0, -4), (0xffff_ffff, 5), (0x0400_0000, 0)] {
        add("jump", jalr(RA, offset, A1), 0x400, &[(A1, base)]);
        add("jump", jalr(A1, offset, A1), 0x400, &[(A1, base)]);
    }
    for (name, _) in LOADS {
        let size = if name.starts_with("lb") { 1 } else { 2 + 2 * i32::from(name == "lw") };
        for place in (0..32).step_by(4).chain([size, 3 * size]) {
            add("load", load(name, A0, place, A1), 0x400, &[(A1, DATA)]);
        }
        add("load of an instruction", load(name, A0, 0, ZERO), 0x400, &[]);
        add("load", load(name, A0, 2047, A1), 0x400, &[(A1, DATA.wrapping_sub(2047))]);
        add("load", load(name, ZERO, 0, A1), 0x400, &[(A1, DATA)]);
        add("load", load(name, A1, 0, A1), 0x400, &[(A1, DATA)]);
        for address in
            [0x0100_0000, 0x0400_0000 - size as u32, 0x0400_0000, 0xffff_fffc, DATA + 1, DATA + 2, 0x0400_0001]
        {
            add("load at a border", load(name, A0, 0, A1), 0x400, &[(A1, address)]);
        }
    }
    for (name, _) in STORES {
        let size = 1 << STORES.iter().position(|row| row.0 == name).expect("a store");
        for place in (0..32).step_by(8).chain([size, 3 * size]) {
            add("store", store(name, A2, place, A1), 0x400, &[(A1, DATA), (A2, 0xa1b2_c3d4)]);
        }
        add("store of nothing", store(name, ZERO, 4, A1), 0x400, &[(A1, DATA)]);
        add("store where nothing is", store(name, A1, -2048, A1), 0x400, &[(A1, 0x0300_0000)]);
        for address in
            [0x00ff_fffc, 0x0100_0000, 0x0400_0000 - size as u32, 0x0400_0000, 0, DATA + 1, DATA + 2, 0xffff_ffff]
        {
            add("store at a border", store(name, A2, 0, A1), 0x400, &[(A1, address)]);
        }
    }
    add("exit", ECALL, 0x400, &[(A7, 93), (A0, 0)]);
    add("exit", ECALL, 0x400, &[(A7, 93), (A0, 0xffff_ffff)]);
    add("system call", ECALL, 0x400, &[(A7, 94)]);
    add("system call", ECALL, 0x400, &[(A7, 0)]);
    add("breakpoint", EBREAK, 0x400, &[]);
    for fence in [FENCE, 0x0000_000f, 0xffff_8f8f] {
        add("fence", fence, 0x400, &[]);
    }
    // Illegal: every opcode with what is left over, and the reserved forms near legal ones.
    for opcode in (0..0x80).filter(|opcode| ![0x37, 0x17, 0x6f].contains(opcode)) {
        let mut words = (0..8u32).map(|funct3| opcode | funct3 << 12 | 0x7f << 25);
        if let Some(word) = words.find(|&word| decode(word).is_none()) {
            add("illegal", word, 0x400, &[]);
        }
    }
    for word in [0, u32::MAX, 0x0000_100f, 0x0020_0073, 0x1000_0073, 0x0000_00f3, 0x4000_1013, 0x0200_1013, 0x6000_5013]
    {
        add("illegal", word, 0x400, &[]);
    }
    for pc in [0, 0x00ff_fffc, 0x0100_0000, 0x03ff_fffc, 0x0400_0000, 0xffff_fffc, 1, 2, 3, 0x0100_0002, 0xffff_ffff] {
        add("fetch", op("xor", A0, A1, A2), pc, &[]);
    }
    for status in Cause::ALL.into_iter().map(Status::Trapped).chain([0, 1, u32::MAX].map(Status::Exited)) {
        let mut state = about_to(FENCE, 0x400, &[]);
        state.processor.status = status;
        cases.push(Case { name: format!("halted: {status:?}"), state });
    }
    for (name, program) in [("sieve", programs::sieve(3000)), ("checksum", programs::checksum(2000, 3))] {
        let mut machine = Machine::new(State::initial(&program, &[]).unwrap());
        for _ in 0..16 {
            machine.run(613);
            cases
                .push(Case { name: format!("{name}, step {}", machine.state().steps), state: machine.state().clone() });
        }
    }
    cases
}

/// Proofs that do not hold, and why.
fn refused() -> Vec<(String, Hash, Vec<u8>, Hash, StepError)> {
    let mut list = Vec::new();
    let instructions =
        [("load", load("lh", A0, 6, A1)), ("store", store("sb", A2, 5, A1)), ("add", op("add", A0, A1, A2))];
    for (name, word) in instructions {
        let mut state = about_to(word, 0x400, &[(A1, DATA)]);
        let (pre, good) = (state.root(), StepProof::of(&mut state));
        plain::step(&mut state);
        let post = state.root();
        let mut add = |what: &str, proof: &StepProof, pre: Hash, post: Hash| {
            let error = step::verify(&pre, &post, proof).expect_err("a proof that is refused");
            list.push((format!("{name}: {what}"), pre, proof.encode(), post, error));
        };
        let changed = |change: &dyn Fn(&mut StepProof)| {
            let mut proof = good.clone();
            change(&mut proof);
            proof
        };
        add("nothing is said to happen", &good, pre, pre);
        add("another state after it", &good, pre, [1; 32]);
        add("another state before it", &good, post, post);
        add("another memory", &changed(&|p| p.memory[31] ^= 1), pre, post);
        add("another register", &changed(&|p| p.processor.set(31, 7)), pre, post);
        add("another place", &changed(&|p| p.processor.pc += 4), pre, post);
        add("a halted machine", &changed(&|p| p.processor.status = Status::Exited(0)), pre, post);
        add("no instruction", &changed(&|p| p.instruction = None), pre, post);
        let bend = |level: usize| {
            move |p: &mut StepProof| p.instruction.as_mut().expect("an instruction").siblings[level][0] ^= 1
        };
        add("another sibling of the instruction", &changed(&bend(0)), pre, post);
        add("another uppermost sibling", &changed(&bend(20)), pre, post);
        add("another instruction", &changed(&|p| p.instruction.as_mut().expect("one").leaf[0] ^= 0x10), pre, post);
        if good.data.is_some() {
            add("no data", &changed(&|p| p.data = None), pre, post);
            add("other data", &changed(&|p| p.data.as_mut().expect("one").leaf[31] ^= 1), pre, post);
            add(
                "another sibling of the data",
                &changed(&|p| p.data.as_mut().expect("one").siblings[9][0] ^= 1),
                pre,
                post,
            );
        } else {
            add("data that is not touched", &changed(&|p| p.data = p.instruction.clone()), pre, post);
        }
    }
    list
}

/// The file.
pub fn render() -> String {
    let mut text = String::from("{\n  \"steps\": [\n");
    let mut separator = "";
    for Case { name, mut state } in cases() {
        let (pre, proof) = (state.root(), StepProof::of(&mut state));
        plain::step(&mut state);
        let post = state.root();
        step::verify(&pre, &post, &proof).expect("a proof of a step that was made");
        let (pre, proof, post) = (hex(&pre), hex(&proof.encode()), hex(&post));
        write!(
            text,
            "{separator}    {{\"name\": \"{name}\", \"pre\": \"{pre}\", \"proof\": \"{proof}\", \"post\": \"{post}\"}}"
        )
        .expect("writing to memory");
        separator = ",\n";
    }
    text.push_str("\n  ],\n  \"refused\": [\n");
    separator = "";
    for (name, pre, proof, post, error) in refused() {
        let (pre, proof, post, error) = (hex(&pre), hex(&proof), hex(&post), variant(&error));
        write!(
            text,
            "{separator}    {{\"name\": \"{name}\", \"pre\": \"{pre}\", \"proof\": \"{proof}\", \"post\": \"{post}\", \"error\": \"{error}\"}}"
        )
        .expect("writing to memory");
        separator = ",\n";
    }
    text.push_str("\n  ]\n}\n");
    text
}

/// The error's name.
fn variant(error: &StepError) -> String {
    let text = format!("{error:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_string(), |text, byte| text + &format!("{byte:02x}"))
}

/// The committed file is what this crate computes.
#[test]
fn the_file_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/steps.json");
    let found = std::fs::read_to_string(path).expect("the committed vectors");
    let same = found == render();
    assert!(same, "vectors/steps.json is not what is computed: cargo run -p hyperdust-proof --example vectors");
}

/// Every instruction, every cause of a trap and every exit is among the steps, and every error but that of the decoder.
#[test]
fn nothing_is_missing() {
    let mut seen = std::collections::BTreeSet::new();
    for Case { mut state, .. } in cases() {
        if let (Status::Running, true) =
            (state.processor.status, state.processor.pc & 3 == 0 && state.processor.pc < 1 << 24)
        {
            let word = state.memory().word(state.processor.pc);
            let text = disassemble(word, 0);
            seen.insert(text.split_whitespace().next().expect("a mnemonic").to_string());
        }
        plain::step(&mut state);
        if let Status::Trapped(cause) = state.processor.status {
            seen.insert(format!("{cause:?}"));
        }
    }
    let tables =
        REGISTER.iter().map(|row| row.0).chain(IMMEDIATE.iter().map(|row| row.0)).chain(SHIFT.iter().map(|row| row.0));
    let tables = tables.chain(LOADS.iter().map(|row| row.0)).chain(STORES.iter().map(|row| row.0));
    let tables = tables.chain(BRANCHES.iter().map(|row| row.0));
    let others = ["lui", "auipc", "jal", "jalr", "fence", "ecall", "ebreak", ".word"];
    for name in tables.chain(others) {
        assert!(seen.contains(name), "{name} is missing; found {seen:?}");
    }
    for cause in Cause::ALL {
        assert!(seen.contains(&format!("{cause:?}")), "{cause:?} is missing");
    }
    let errors: std::collections::BTreeSet<_> = refused().iter().map(|case| variant(&case.4)).collect();
    assert_eq!(
        errors.into_iter().collect::<Vec<_>>(),
        ["Missing", "NotInMemory", "PostState", "PreState", "Superfluous"]
    );
}
