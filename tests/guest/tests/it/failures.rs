//! Whatever a program does wrong ends it in a defined way: an exit code or a trap, never a wrong output, never a run on.

use hyperdust_guest_tests::{End, Guest};
use hyperdust_kernel::merkle::Kind;
use hyperdust_proof::machine::{Status, state::Cause};

/// What `hyperdust_guest::EXHAUSTED` says.
const EXHAUSTED: Status = Status::Exited(101);
const TRAPPED: Status = Status::Trapped(Cause::IllegalInstruction);

fn run(failure: &str) -> End {
    Guest::new("failures").run(&[Some((Kind::new("failure"), failure.as_bytes()))])
}

/// The runtime works where nothing goes wrong, also at its limits: the longest output, and memory that is used again.
#[test]
fn what_is_right_works() {
    let success = Kind::new("success");
    assert_eq!(run("none").result(success), b"fine");
    assert_eq!(run("largest output").result(success), vec![1; 1 << 21]);
    assert_eq!(run("reuse").result(success), [231; 4], "a gigabyte in all, a megabyte at a time");
    assert_eq!(run("refusal").refusal(), "no");
}

/// A heap, a stack or an output region that is too small: exit code 101, and nothing in the output region.
#[test]
fn exhaustion_is_an_exit_code() {
    for failure in ["heap", "stack", "output"] {
        let end = run(failure);
        assert_eq!(end.status, EXHAUSTED, "{failure}");
        assert!(end.output.is_none(), "{failure}");
    }
}

/// A stack that runs through all of memory ends at the image, which nothing can write to.
#[test]
fn an_endless_recursion_is_a_trap() {
    assert_eq!(run("endless stack").status, Status::Trapped(Cause::StoreAccessFault));
}

/// A panic traps where it happened: the line of the source can be told from the trap's `pc`.
#[test]
fn a_panic_is_a_trap_with_a_line() {
    let map = Guest::new("failures").source_map();
    for failure in ["panic", "index"] {
        let end = run(failure);
        assert_eq!(end.status, TRAPPED, "{failure}");
        assert!(end.output.is_none(), "{failure}");
        let frames = map.frames(end.state.processor.pc);
        let file = "engine/guest/src/bin/failures.rs";
        assert!(frames.iter().any(|frame| frame.file.as_deref() == Some(file)), "{failure}: {frames:?}");
    }
}

/// There is no operating system: whatever asks for one traps.
#[test]
fn there_is_nothing_outside() {
    for failure in ["print", "random", "clock", "environment", "arguments"] {
        assert_eq!(run(failure).status, TRAPPED, "{failure}");
    }
}
