//! Programs from anywhere: refused or evaluated, never a panic, always the same bits.

use borsh::BorshDeserialize;
use hyperdust_kernel::blueprint::{Op, Program, Reduce, Slice, Source, limits};
use hyperdust_kernel::task::program::{Code, check};
use proptest::prelude::*;

fn op() -> impl Strategy<Value = Op> {
    let slice =
        (0u16..40, 0u16..6).prop_map(|(start, len)| Slice { source: Source::Qpos, start, len, previous: false });
    let reduce = prop::sample::select(vec![
        Reduce::Sum,
        Reduce::SumSquares,
        Reduce::Norm,
        Reduce::Min,
        Reduce::Max,
        Reduce::SumAbs,
    ]);
    let plain = prop::sample::select(vec![
        Op::Add,
        Op::Sub,
        Op::Mul,
        Op::Div,
        Op::Neg,
        Op::Abs,
        Op::Sqrt,
        Op::Exp,
        Op::Ln,
        Op::Tanh,
        Op::Sin,
        Op::Cos,
        Op::Atan2,
        Op::Floor,
        Op::Min,
        Op::Max,
        Op::Clamp,
        Op::Less,
        Op::LessEqual,
        Op::Equal,
        Op::And,
        Op::Or,
        Op::Not,
        Op::Select,
    ]);
    prop_oneof![
        3 => any::<u32>().prop_map(|bits| Op::Const(f32::from_bits(bits))),
        2 => slice.clone().prop_map(Op::Load),
        1 => (reduce.clone(), slice.clone()).prop_map(|(r, s)| Op::Reduce(r, s)),
        1 => (reduce, slice, any::<f32>(), any::<f32>()).prop_map(|(r, s, a, b)| Op::ReduceClamped(r, s, a, b)),
        7 => plain,
    ]
}

fn run(program: &Program, values: &[f32]) {
    let Ok(code) = Code::compile(program, |slice| Some(slice.start.into())) else {
        return;
    };
    assert!(check(program).unwrap() <= limits::PROGRAM_STACK);
    let result = code.evaluate(values);
    assert_ne!(result.to_bits(), 0x8000_0000, "zeros are canonical");
    let again = code.evaluate(values);
    assert!(result.to_bits() == again.to_bits() || (result.is_nan() && again.is_nan()));
}

proptest! {
    #![proptest_config(super::cases(3000))]

    #[test]
    fn any_operations(ops in prop::collection::vec(op(), 0..60), values in prop::collection::vec(any::<u32>().prop_map(f32::from_bits), 0..50)) {
        run(&Program { ops }, &values);
    }

    /// Sound by construction: operations are appended while they fit.
    #[test]
    fn sound_operations(candidates in prop::collection::vec(op(), 1..200), values in prop::collection::vec(-100f32..100.0, 50)) {
        let mut program = Program { ops: vec![Op::Const(0.5)] };
        for op in candidates {
            program.ops.push(op);
            let sound = (0..3).any(|adds| {
                let mut closed = program.clone();
                closed.ops.extend(std::iter::repeat_n(Op::Add, adds));
                check(&closed).is_ok()
            });
            if !sound {
                program.ops.pop();
            }
        }
        while check(&program).is_err() {
            program.ops.push(Op::Add);
            prop_assert!(program.ops.len() < 300);
        }
        run(&program, &values);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(program) = Program::try_from_slice(&bytes) {
            run(&program, &[1.0; 100]);
        }
    }
}
