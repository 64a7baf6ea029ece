//! The reference interpreter: fetch, decode, execute, one step at a time.
//!
//! It is written to be read beside the specification. [`super::blocks`] is faster and must always agree with it.

use super::{
    decode::decode,
    execute::{Effect, check_fetch, execute, extract, insert},
    state::{Cause, State, Status},
};

/// Addresses that a step touched; a step reads or writes at one place at most, and never both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Where the instruction was fetched.
    pub fetch: Option<u32>,
    /// Where data was loaded.
    pub read: Option<u32>,
    /// Where data was stored.
    pub write: Option<u32>,
}

/// Makes one step. Total: a halted machine stays as it is, and everything a program can do wrong is a trap.
#[inline(always)]
pub fn step(state: &mut State) -> Access {
    let mut access = Access::default();
    state.steps = state.steps.wrapping_add(1);
    if state.processor.status == Status::Running
        && let Err(cause) = advance(state, &mut access)
    {
        state.processor.trap(cause);
    }
    access
}

/// What the next step will touch, without making it. A step that traps touches the instruction at most.
pub fn access(state: &State) -> Access {
    let (processor, memory) = (&state.processor, state.memory());
    let mut access = Access::default();
    if processor.status != Status::Running || check_fetch(processor.pc).is_err() {
        return access;
    }
    access.fetch = Some(processor.pc);
    let instruction = decode(memory.word(processor.pc));
    match instruction.map(|instruction| execute(instruction, processor.pc, processor.registers())) {
        Some(Ok(Effect::Load { address, .. })) => access.read = Some(address),
        Some(Ok(Effect::Store { address, .. })) => access.write = Some(address),
        _ => {}
    }
    access
}

/// Makes `steps` steps; returns how many of them the machine was running at, the halting one included.
pub fn run(state: &mut State, steps: u64) -> u64 {
    for done in 0..steps {
        if state.processor.status != Status::Running {
            state.steps = state.steps.wrapping_add(steps - done);
            return done;
        }
        step(state);
    }
    steps
}

#[inline(always)]
fn advance(state: &mut State, access: &mut Access) -> Result<(), Cause> {
    let State { processor, memory, .. } = state;
    let pc = processor.pc;
    check_fetch(pc)?;
    access.fetch = Some(pc);
    let instruction = decode(memory.word(pc)).ok_or(Cause::IllegalInstruction)?;
    match execute(instruction, pc, processor.registers())? {
        Effect::Write { rd, value, next } => {
            processor.set(rd, value);
            processor.pc = next;
        }
        Effect::Load { width, rd, address } => {
            access.read = Some(address);
            processor.set(rd, extract(width, address, memory.word(address)));
            processor.pc = pc.wrapping_add(4);
        }
        Effect::Store { width, address, value } => {
            access.write = Some(address);
            memory.set_word(address, insert(width, address, memory.word(address), value));
            processor.pc = pc.wrapping_add(4);
        }
        Effect::Exit { code } => processor.status = Status::Exited(code),
    }
    Ok(())
}
