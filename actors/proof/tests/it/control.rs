//! Jumps, branches and every trap: where the machine stops, with which cause, and that nothing else changed.

use hyperdust_proof::machine::{Cause, Machine, Processor, State, Status, StepProof, plain, step};

use crate::assembler::*;

/// One step of `words` at address 0 from these registers, by the interpreters and by proof.
fn after(words: &[u32], registers: &[(u32, u32)]) -> Processor {
    let mut before = State::initial(&image(words), &[]).unwrap();
    for &(register, value) in registers {
        before.processor.set(register as u8, value);
    }
    let mut next = before.clone();
    plain::step(&mut next);
    let mut blocks = Machine::new(before.clone());
    blocks.run(1);
    assert_eq!(blocks.state().processor, next.processor);
    assert_eq!(blocks.root(), next.root());
    step::verify(&before.root(), &next.root(), &StepProof::of(&mut before)).unwrap();
    if next.processor.status != Status::Running {
        let mut unchanged = before.processor.clone();
        unchanged.status = next.processor.status;
        assert_eq!(unchanged, next.processor, "a halt changes nothing but the status");
    }
    next.processor
}

#[test]
fn branches_compare_as_they_are_named() {
    let values = [0u32, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
    for (name, _) in BRANCHES {
        for a in values {
            for b in values {
                let taken = match name {
                    "beq" => a == b,
                    "bne" => a != b,
                    "blt" => (a as i32) < b as i32,
                    "bge" => a as i32 >= b as i32,
                    "bltu" => a < b,
                    _ => a >= b,
                };
                let processor = after(&[branch(name, A1, A2, 1024)], &[(A1, a), (A2, b)]);
                assert_eq!(processor.pc, if taken { 1024 } else { 4 }, "{name} {a:#x} {b:#x}");
            }
        }
    }
}

#[test]
fn jumps_link_and_align() {
    let processor = after(&[jal(RA, 2044)], &[]);
    assert_eq!((processor.pc, processor.registers()[RA as usize]), (2044, 4));
    // The lowest bit is cleared, and the base may be the link register.
    let processor = after(&[jalr(RA, -3, RA)], &[(RA, 0x104)]);
    assert_eq!((processor.pc, processor.registers()[RA as usize]), (0x100, 4));
    // Targets wrap around, and may lie outside of the image: the fetch traps, not the jump.
    let processor = after(&[jal(RA, -4)], &[]);
    assert_eq!((processor.pc, processor.status), (0xffff_fffc, Status::Running));
    for misaligned in [jal(RA, 6), jalr(RA, 2, ZERO), branch("beq", ZERO, ZERO, 2)] {
        let processor = after(&[misaligned], &[]);
        assert_eq!(processor.status, Status::Trapped(Cause::InstructionAddressMisaligned));
    }
    assert_eq!(after(&[branch("bne", ZERO, ZERO, 2)], &[]).pc, 4, "a branch that is not taken goes nowhere");
}

#[test]
fn every_cause_has_its_instruction() {
    let trapped = |word, registers: &[(u32, u32)]| match after(&[word], registers).status {
        Status::Trapped(cause) => cause,
        other => panic!("{word:#x}: {other:?}"),
    };
    assert_eq!(trapped(0, &[]), Cause::IllegalInstruction);
    assert_eq!(trapped(u32::MAX, &[]), Cause::IllegalInstruction);
    assert_eq!(trapped(EBREAK, &[]), Cause::Breakpoint);
    assert_eq!(trapped(ECALL, &[(A7, 94)]), Cause::EnvironmentCall);
    let (image, end) = (0x00ff_fffc, 0x0400_0000);
    for (name, bytes) in [("lb", 1), ("lbu", 1), ("lh", 2), ("lhu", 2), ("lw", 4)] {
        for base in [end, 0x8000_0000, 0u32.wrapping_sub(bytes)] {
            assert_eq!(trapped(load(name, A0, 0, A1), &[(A1, base)]), Cause::LoadAccessFault);
        }
        for offset in 1..bytes {
            assert_eq!(trapped(load(name, A0, 0, A1), &[(A1, end + offset)]), Cause::LoadAddressMisaligned);
        }
        for base in [image, end - bytes] {
            assert_eq!(after(&[load(name, A0, 0, A1)], &[(A1, base)]).status, Status::Running);
        }
    }
    for (name, bytes) in [("sb", 1), ("sh", 2), ("sw", 4)] {
        for base in [0, image, end, 0x8000_0000, 0u32.wrapping_sub(bytes)] {
            assert_eq!(trapped(store(name, A0, 0, A1), &[(A1, base)]), Cause::StoreAccessFault);
        }
        for offset in 1..bytes {
            assert_eq!(trapped(store(name, A0, 0, A1), &[(A1, image + offset)]), Cause::StoreAddressMisaligned);
        }
        for base in [image + 4, end - bytes] {
            assert_eq!(after(&[store(name, A0, 0, A1)], &[(A1, base)]).status, Status::Running);
        }
    }
    assert_eq!(after(&[ECALL], &[(A7, 93), (A0, 7)]).status, Status::Exited(7));
    assert_eq!(after(&[FENCE], &[]).pc, 4);
}

/// Fetches outside of the image and from a misaligned `pc`, which no program reaches but a commitment can hold.
#[test]
fn fetches_trap_outside_of_the_image() {
    for (pc, cause) in [
        (0x0100_0000, Cause::InstructionAccessFault),
        (0xffff_fffc, Cause::InstructionAccessFault),
        (2, Cause::InstructionAddressMisaligned),
        (0xffff_ffff, Cause::InstructionAddressMisaligned),
    ] {
        let mut before = State::initial(&[], &[]).unwrap();
        before.processor.pc = pc;
        let mut next = before.clone();
        assert_eq!(plain::step(&mut next), plain::Access::default());
        assert_eq!((next.processor.pc, next.processor.status), (pc, Status::Trapped(cause)));
        let mut blocks = Machine::new(before.clone());
        assert_eq!(blocks.run(5), 1);
        assert_eq!(blocks.root(), next.root());
        step::verify(&before.root(), &next.root(), &StepProof::of(&mut before)).unwrap();
    }
}

/// A block that runs into the image's end stops there.
#[test]
fn the_images_last_word_is_executed() {
    let mut program = vec![0; 1 << 24];
    program[(1 << 24) - 8..].copy_from_slice(&image(&[FENCE, op("add", A0, A1, A1)]));
    let mut state = State::initial(&program, &[]).unwrap();
    state.processor.pc = 0x00ff_fff8;
    state.processor.set(A1 as u8, 21);
    let mut blocks = Machine::new(state.clone());
    assert_eq!((plain::run(&mut state, 10), blocks.run(10)), (3, 3));
    assert_eq!(state.processor, blocks.state().processor);
    assert_eq!((state.processor.pc, state.processor.registers()[A0 as usize]), (0x0100_0000, 42));
    assert_eq!(state.processor.status, Status::Trapped(Cause::InstructionAccessFault));
}

/// A halted machine's steps change nothing but the counter, and prove themselves.
#[test]
fn a_halt_loops_on_itself() {
    for program in [exit().to_vec(), vec![EBREAK]] {
        let mut plain_state = State::initial(&image(&program), &[]).unwrap();
        let running = plain::run(&mut plain_state, 1000);
        assert_eq!((running, plain_state.steps), (program.len() as u64, 1000));
        let mut blocks = Machine::new(State::initial(&image(&program), &[]).unwrap());
        assert_eq!(blocks.run(1000), running);
        assert_eq!(blocks.state().steps, 1000);
        let root = plain_state.root();
        assert_eq!(blocks.root(), root);
        plain::step(&mut plain_state);
        assert_eq!(plain_state.root(), root);
        let proof = StepProof::of(&mut plain_state);
        assert_eq!((&proof.instruction, &proof.data), (&None, &None));
        step::verify(&root, &root, &proof).unwrap();
    }
}
