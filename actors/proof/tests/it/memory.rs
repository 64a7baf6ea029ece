//! Memory: bytes go where they should, the incremental tree is the tree of the bytes, and a stranger can compute the
//! initial root.

use hyperdust_proof::{
    Error,
    machine::{
        Machine, Memory, State, Status,
        layout::{self, HEADER, MEMORY, Region},
    },
    tree::{self, Hash, Head},
};
use proptest::{collection::vec, prelude::*};

use crate::assembler::*;

/// The tree over all bytes, computed from its definition with the zero subtrees cut short.
fn from_scratch(memory: &Memory, address: u32, height: u32) -> Hash {
    if height == 0 {
        return memory.leaf(address);
    }
    let half = 1 << (height - 1 + 5);
    if height <= 7 || memory.bytes(address, 2 * half).iter().any(|&byte| byte != 0) {
        tree::node(&from_scratch(memory, address, height - 1), &from_scratch(memory, address + half, height - 1))
    } else {
        tree::zero(height)
    }
}

/// Every store at every alignment, read back by every load.
#[test]
fn stores_and_loads_are_little_endian() {
    let base = 0x0240_0020u32;
    for (stored, bytes) in [("sb", 1u32), ("sh", 2), ("sw", 4)] {
        for (loaded, width) in [("lb", 1u32), ("lbu", 1), ("lh", 2), ("lhu", 2), ("lw", 4)] {
            for at in (0..4).step_by(bytes as usize) {
                for from in (0..4).step_by(width as usize) {
                    let code = [store("sw", A1, 0, S0), store(stored, A2, at, S0), load(loaded, A0, from, S0), EBREAK];
                    let mut state = State::initial(&image(&code), &[]).unwrap();
                    for (register, value) in [(S0, base), (A1, 0x8182_8384), (A2, 0xf1f2_f3f4)] {
                        state.processor.set(register as u8, value);
                    }
                    let mut memory = 0x8182_8384u32.to_le_bytes();
                    memory[at as usize..][..bytes as usize]
                        .copy_from_slice(&0xf1f2_f3f4u32.to_le_bytes()[..bytes as usize]);
                    let raw = &memory[from as usize..][..width as usize];
                    let expected = match loaded {
                        "lb" => i32::from(raw[0] as i8) as u32,
                        "lbu" => raw[0].into(),
                        "lh" => i32::from(i16::from_le_bytes([raw[0], raw[1]])) as u32,
                        "lhu" => u16::from_le_bytes([raw[0], raw[1]]).into(),
                        _ => u32::from_le_bytes(memory),
                    };
                    let mut machine = Machine::new(state);
                    machine.run(4);
                    assert_eq!(machine.state().processor.registers()[A0 as usize], expected, "{stored} {loaded}");
                    assert_eq!(machine.state().memory().bytes(base, 4), memory);
                }
            }
        }
    }
}

/// The map is gapless, aligned, and what the documentation says.
#[test]
fn regions_are_subtrees() {
    let mut at = 0;
    for region in [Region::IMAGE].into_iter().chain(Region::INPUTS).chain([Region::OUTPUT]) {
        assert_eq!(region.start, at);
        assert!(region.bytes.is_power_of_two() && region.start % region.bytes == 0);
        assert_eq!(32 << region.height(), region.bytes);
        at += region.bytes;
    }
    assert_eq!(at, layout::FREE);
    assert_eq!(32u32 << layout::DEPTH, MEMORY);
}

/// The initial root follows from the roots of image and inputs; regions' roots, from the strings' heads.
#[test]
fn anyone_can_compute_the_initial_root() {
    let program: Vec<u8> = (0..10_000u32).map(|i| (i * 7) as u8).collect();
    let kind = |tag: u8| [tag; 32];
    let strings: [Vec<u8>; 3] = [vec![], vec![9; 100], (0..70_000u32).map(|i| i as u8).collect()];
    let inputs: Vec<(Hash, &[u8])> = strings.iter().enumerate().map(|(i, s)| (kind(i as u8 + 1), &s[..])).collect();
    let mut state = State::initial(&program, &inputs).unwrap();
    let mut roots = [layout::empty_root(); 4];
    for (root, (kind, bytes)) in roots.iter_mut().zip(&inputs) {
        *root = layout::string_root("input", &Head::of(*kind, bytes)).unwrap();
    }
    for (region, root) in Region::INPUTS.into_iter().zip(roots) {
        assert_eq!(state.memory_mut().region_root(region), root);
    }
    let image_root = layout::image_root(&program).unwrap();
    assert_eq!(state.memory_mut().region_root(Region::IMAGE), image_root);
    assert_eq!(state.memory_mut().root(), layout::initial_root(&image_root, &roots));
    assert_eq!(state.memory().bytes(Region::INPUTS[1].start + HEADER, 32), kind(2));
    assert_eq!(state.memory().bytes(Region::INPUTS[1].start + HEADER + 32, 32)[31], 100);
}

/// What does not fit is refused, with sizes.
#[test]
fn sizes_are_limited() {
    let large = vec![1; HEADER as usize + 1];
    let error = State::initial(&[], &[([1; 32], &large)]).unwrap_err();
    assert_eq!(error.to_string(), "input 0: found 2097153 bytes; accepted: at most 2097152");
    assert!(State::initial(&[], &[([1; 32], &large[1..])]).is_ok());
    assert!(layout::string_root("input", &Head { kind: [0; 32], length: u64::MAX, tree: [0; 32] }).is_err());
    assert!(matches!(State::initial(&vec![0; (1 << 24) + 1], &[]), Err(Error::TooLarge { .. })));
    assert!(matches!(
        State::initial(&[], &[([0; 32], &[][..]); 5]),
        Err(Error::TooManyInputs { found: 5, accepted: 4 })
    ));
    assert!(layout::image_root(&vec![0; (1 << 24) + 1]).is_err());
}

/// A program's output string, written as the layout says, has the root that anyone computes from its head.
#[test]
fn an_output_is_a_string_with_a_head() {
    let out = Region::OUTPUT.start;
    let mut code = Vec::new();
    code.extend(li(S0, out));
    code.extend(li(S1, out + HEADER));
    code.extend(li(A1, 0x6f77_7421));
    code.extend([store("sw", A1, 0, S0), store("sb", A1, 0, S1)]);
    code.extend([opi("addi", A2, ZERO, 4), store("sb", A2, 63, S1)]);
    code.extend(exit());
    let mut machine = Machine::new(State::initial(&image(&code), &[]).unwrap());
    machine.run(100);
    assert_eq!(machine.state().processor.status, Status::Exited(0));
    let mut kind = [0; 32];
    kind[0] = 0x21;
    let head = Head::of(kind, b"!two");
    let mut state = machine.into_state();
    assert_eq!(state.memory_mut().region_root(Region::OUTPUT), layout::string_root("output", &head).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// After any writes, in any order and with roots asked for in between, the root is that of the bytes, leaves open,
    /// and a copy is equal.
    #[test]
    fn the_incremental_root_is_the_root(
        writes in vec((0..MEMORY - 64, vec(any::<u8>(), 1..64), any::<bool>()), 1..12),
    ) {
        let mut memory = Memory::new();
        for (address, bytes, hash) in &writes {
            memory.place(*address, bytes);
            prop_assert_eq!(&memory.bytes(*address, bytes.len() as u32), bytes);
            if *hash {
                memory.root();
            }
        }
        let root = memory.root();
        prop_assert_eq!(root, from_scratch(&memory, 0, layout::DEPTH));
        prop_assert_eq!(root, memory.clone().root());
        for (address, ..) in &writes {
            prop_assert_eq!(tree::climb(u64::from(address / 32), &memory.leaf(*address), &memory.siblings(*address)), root);
        }
    }
}
