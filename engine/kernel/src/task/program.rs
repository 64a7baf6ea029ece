//! The postfix machine: bounded code over named quantities that leaves one number.
//!
//! [`check`] proves statically that the stack never underflows nor passes
//! [`limits::PROGRAM_STACK`], so evaluation needs neither checks nor memory. Every operation has one result on every
//! target, in f32:
//! - `+ − × ÷ √ ⌊⌋` and comparisons are IEEE 754's; the others are [`libm`]'s, sine and cosine [`crate::math`]'s.
//! - An infinity is an ordinary number, so `min(exp(x), 10)` is 10 for large `x`.
//! - A NaN goes through everything, `min`, `max`, comparisons and logic included, except that `select` drops
//!   the branch it does not take. What is left at the end must be finite, else the episode ends.
//! - `min` and `max` of equal numbers (+0 and −0 among them) are the first. A result of −0 is +0.

use alloc::vec::Vec;

use crate::blueprint::{Op, Program, Reduce, Slice, limits};
use crate::math::{Mask, Real};

/// Why a program is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// Too many operations.
    #[error("{0} operations; accepted: 1 to {max}", max = limits::PROGRAM_OPS)]
    Length(usize),
    /// An operation lacks operands.
    #[error("operation {at} takes {needs} operands and finds {found}")]
    Underflow {
        /// Index of the operation.
        at: usize,
        /// Operands it takes.
        needs: usize,
        /// Numbers on the stack.
        found: usize,
    },
    /// The stack is full.
    #[error("operation {at} is over the {max} numbers that the stack holds", max = limits::PROGRAM_STACK)]
    Overflow {
        /// Index of the operation.
        at: usize,
    },
    /// `Load` of a slice that is not one number.
    #[error("operation {at} loads {len} numbers; accepted: 1 (or a reduction)")]
    Load {
        /// Index of the operation.
        at: usize,
        /// Numbers in the slice.
        len: u16,
    },
    /// A reduction of nothing.
    #[error("operation {at} reduces an empty slice")]
    Empty {
        /// Index of the operation.
        at: usize,
    },
    /// The end finds not exactly one number.
    #[error("leaves {0} numbers; accepted: 1")]
    Leaves(usize),
    /// A slice is not among the values.
    #[error("operation {at} reads what there is not")]
    Slice {
        /// Index of the operation.
        at: usize,
    },
}

/// Deepest stack of a sound program, or why it is not sound.
pub fn check(program: &Program) -> Result<usize, ProgramError> {
    if program.ops.is_empty() || program.ops.len() > limits::PROGRAM_OPS {
        return Err(ProgramError::Length(program.ops.len()));
    }
    let (mut depth, mut deepest) = (0usize, 0);
    for (at, op) in program.ops.iter().enumerate() {
        match slice_of(op) {
            Some(slice) if slice.len == 0 => return Err(ProgramError::Empty { at }),
            Some(slice) if slice.len != 1 && matches!(op, Op::Load(_)) => {
                return Err(ProgramError::Load { at, len: slice.len });
            }
            _ => {}
        }
        let needs = operands(op);
        let rest = depth.checked_sub(needs).ok_or(ProgramError::Underflow { at, needs, found: depth })?;
        depth = rest + 1;
        if depth > limits::PROGRAM_STACK {
            return Err(ProgramError::Overflow { at });
        }
        deepest = deepest.max(depth);
    }
    if depth == 1 { Ok(deepest) } else { Err(ProgramError::Leaves(depth)) }
}

/// The slice that an operation reads.
pub fn slice_of(op: &Op) -> Option<&Slice> {
    match op {
        Op::Load(slice) | Op::Reduce(_, slice) | Op::ReduceClamped(_, slice, _, _) => Some(slice),
        _ => None,
    }
}

/// Numbers that an operation takes from the stack; each leaves one.
fn operands(op: &Op) -> usize {
    match op {
        Op::Const(_) | Op::Load(_) | Op::Reduce(..) | Op::ReduceClamped(..) => 0,
        Op::Neg | Op::Abs | Op::Sqrt | Op::Exp | Op::Ln | Op::Tanh | Op::Sin | Op::Cos | Op::Floor | Op::Not => 1,
        Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Atan2 | Op::Min | Op::Max => 2,
        Op::Less | Op::LessEqual | Op::Equal | Op::And | Op::Or => 2,
        Op::Clamp | Op::Select => 3,
    }
}

/// A checked program whose slices are addresses in an array of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    ops: Vec<Op>,
    /// First address of each operation's slice; 0 where it has none.
    starts: Vec<u32>,
    /// One past the last address read.
    end: usize,
}

impl Code {
    /// Checks `program` and asks `locate` for the address of each slice's first number.
    pub fn compile(program: &Program, mut locate: impl FnMut(&Slice) -> Option<usize>) -> Result<Self, ProgramError> {
        check(program)?;
        let mut code = Self { ops: program.ops.clone(), starts: Vec::with_capacity(program.ops.len()), end: 0 };
        for (at, op) in program.ops.iter().enumerate() {
            let mut start = 0;
            if let Some(slice) = slice_of(op) {
                let address = locate(slice).ok_or(ProgramError::Slice { at })?;
                start = u32::try_from(address).map_err(|_| ProgramError::Slice { at })?;
                code.end = code.end.max(address + usize::from(slice.len));
            }
            code.starts.push(start);
        }
        Ok(code)
    }

    /// The number that the program leaves: not finite where it failed, else with a canonical zero. NaN
    /// where `values` is shorter than the addresses that [`Code::compile`] was given.
    pub fn evaluate(&self, values: &[f32]) -> f32 {
        self.run(values, &mut Stack::default())
    }

    /// As [`Self::evaluate`], for one world or several; `stack` is room to compute in.
    #[inline(always)]
    pub(crate) fn run<T: Real>(&self, values: &[T], stack: &mut Stack<T>) -> T {
        if values.len() < self.end {
            return T::splat(f32::NAN);
        }
        stack.len = 0;
        for (op, &start) in self.ops.iter().zip(&self.starts) {
            let start = start as usize;
            let result = match op {
                Op::Const(x) => T::splat(*x),
                Op::Load(_) => values[start],
                Op::Reduce(how, slice) => reduce(*how, &values[start..start + usize::from(slice.len)], None),
                Op::ReduceClamped(how, slice, low, high) => {
                    let bounds = Some((T::splat(*low), T::splat(*high)));
                    reduce(*how, &values[start..start + usize::from(slice.len)], bounds)
                }
                Op::Neg => -stack.pop(),
                Op::Abs => stack.pop().abs(),
                Op::Sqrt => stack.pop().sqrt(),
                Op::Exp => stack.pop().map(libm::expf),
                Op::Ln => stack.pop().map(libm::logf),
                Op::Tanh => stack.pop().map(libm::tanhf),
                Op::Sin => stack.pop().sin_cos().0,
                Op::Cos => stack.pop().sin_cos().1,
                Op::Floor => stack.pop().map(libm::floorf),
                Op::Not => {
                    let a = stack.pop();
                    T::select(a.is_nan(), a, truth(a.is_zero()))
                }
                Op::Clamp => {
                    let (high, low, a) = (stack.pop(), stack.pop(), stack.pop());
                    clamp(a, low, high)
                }
                Op::Select => {
                    let (b, a, condition) = (stack.pop(), stack.pop(), stack.pop());
                    T::select(condition.is_nan(), condition, T::select(condition.is_zero(), b, a))
                }
                _ => {
                    let (b, a) = (stack.pop(), stack.pop());
                    binary(op, a, b)
                }
            };
            stack.push(result);
        }
        stack.pop() + T::zero()
    }
}

/// Room for a program's numbers; bounds are proved by [`check`].
#[derive(Clone, Debug)]
pub(crate) struct Stack<T> {
    numbers: [T; limits::PROGRAM_STACK],
    len: usize,
}

impl<T: Real> Default for Stack<T> {
    fn default() -> Self {
        Self { numbers: [T::zero(); limits::PROGRAM_STACK], len: 0 }
    }
}

impl<T: Real> Stack<T> {
    #[inline(always)]
    fn push(&mut self, x: T) {
        self.numbers[self.len] = x;
        self.len += 1;
    }

    #[inline(always)]
    fn pop(&mut self) -> T {
        self.len -= 1;
        self.numbers[self.len]
    }
}

#[inline(always)]
fn binary<T: Real>(op: &Op, a: T, b: T) -> T {
    let holds = match op {
        Op::Add => return a + b,
        Op::Sub => return a - b,
        Op::Mul => return a * b,
        Op::Div => return a / b,
        Op::Atan2 => return atan2(a, b),
        Op::Min => return min(a, b),
        Op::Max => return max(a, b),
        Op::Less => a.lt(b),
        Op::LessEqual => b.lt(a).not(),
        Op::Equal => a.lt(b).or(b.lt(a)).not(),
        Op::And => a.is_zero().or(b.is_zero()).not(),
        _ => a.is_zero().and(b.is_zero()).not(),
    };
    T::select(a.is_nan().or(b.is_nan()), T::splat(f32::NAN), truth(holds))
}

fn atan2<T: Real>(mut a: T, b: T) -> T {
    for lane in 0..T::LANES {
        a.set_lane(lane, libm::atan2f(a.lane(lane), b.lane(lane)));
    }
    a
}

#[inline(always)]
fn truth<T: Real>(holds: T::Mask) -> T {
    T::select(holds, T::one(), T::zero())
}

// Unlike `Real`'s, a NaN on either side stays.
#[inline(always)]
fn min<T: Real>(a: T, b: T) -> T {
    T::select(b.lt(a).or(b.is_nan()), b, a)
}

#[inline(always)]
fn max<T: Real>(a: T, b: T) -> T {
    T::select(a.lt(b).or(b.is_nan()), b, a)
}

#[inline(always)]
fn clamp<T: Real>(a: T, low: T, high: T) -> T {
    min(max(a, low), high)
}

#[inline(always)]
fn reduce<T: Real>(how: Reduce, numbers: &[T], bounds: Option<(T, T)>) -> T {
    let mut sum = T::zero();
    for (i, &x) in numbers.iter().enumerate() {
        let x = match bounds {
            Some((low, high)) => clamp(x, low, high),
            None => x,
        };
        sum = match how {
            Reduce::Sum => sum + x,
            Reduce::SumSquares | Reduce::Norm => sum + x * x,
            Reduce::SumAbs => sum + x.abs(),
            Reduce::Min | Reduce::Max if i == 0 => x,
            Reduce::Min => min(sum, x),
            Reduce::Max => max(sum, x),
        };
    }
    if how == Reduce::Norm { sum.sqrt() } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::Source;
    use crate::math::scalar::sin_cos;
    use alloc::vec;

    fn run(ops: &[Op], values: &[f32]) -> f32 {
        let program = Program { ops: ops.to_vec() };
        Code::compile(&program, |slice| Some(slice.start.into())).unwrap().evaluate(values)
    }

    fn slice(start: u16, len: u16) -> Slice {
        Slice { source: Source::Qpos, start, len, previous: false }
    }

    /// Each operation on ordinary numbers; a wrong operand order or table entry shows.
    #[test]
    fn operations_mean_what_they_say() {
        use Op::*;
        let two = |op| run(&[Const(7.0), Const(2.0), op], &[]);
        assert_eq!([Add, Sub, Mul, Div].map(two), [9.0, 5.0, 14.0, 3.5]);
        assert_eq!([Min, Max].map(two), [2.0, 7.0]);
        assert_eq!([Less, LessEqual, Equal, And, Or].map(two), [0.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(two(Atan2), libm::atan2f(7.0, 2.0));
        let one = |op| run(&[Const(-2.25), op], &[]);
        assert_eq!([Neg, Abs, Floor, Not].map(one), [2.25, 2.25, -3.0, 0.0]);
        assert_eq!(run(&[Const(2.25), Sqrt], &[]), 1.5);
        assert_eq!(run(&[Const(0.0), Exp], &[]), 1.0);
        assert_eq!(run(&[Const(1.0), Ln], &[]), 0.0);
        assert_eq!(run(&[Const(0.5), Tanh], &[]), libm::tanhf(0.5));
        assert_eq!(run(&[Const(0.5), Sin], &[]), sin_cos(0.5).0);
        assert_eq!(run(&[Const(0.5), Cos], &[]), sin_cos(0.5).1);
        assert_eq!(run(&[Const(9.0), Const(-1.0), Const(4.0), Clamp], &[]), 4.0);
        assert_eq!(run(&[Const(1.0), Const(5.0), Const(6.0), Select], &[]), 5.0);
        assert_eq!(run(&[Const(0.0), Const(5.0), Const(6.0), Select], &[]), 6.0);
    }

    #[test]
    fn reductions_visit_their_slice() {
        let values = [9.0, 3.0, -4.0, 0.0, 9.0];
        let reduced = |how| run(&[Op::Reduce(how, slice(1, 3))], &values);
        assert_eq!(reduced(Reduce::Sum), -1.0);
        assert_eq!(reduced(Reduce::SumSquares), 25.0);
        assert_eq!(reduced(Reduce::Norm), 5.0);
        assert_eq!(reduced(Reduce::Min), -4.0);
        assert_eq!(reduced(Reduce::Max), 3.0);
        assert_eq!(reduced(Reduce::SumAbs), 7.0);
        assert_eq!(run(&[Op::ReduceClamped(Reduce::SumAbs, slice(0, 5), -1.0, 2.0)], &values), 7.0);
        assert_eq!(run(&[Op::Load(slice(4, 1))], &values), 9.0);
    }

    /// A NaN is never swallowed by a comparison, only by a branch that was not taken.
    #[test]
    fn not_a_number_survives() {
        use Op::*;
        let nan = [Const(0.0), Const(0.0), Div];
        for op in [Min, Max, Less, LessEqual, Equal, And, Or] {
            assert!(run(&[&nan[..], &[Const(1.0), op]].concat(), &[]).is_nan(), "{op:?}");
            assert!(run(&[&[Const(1.0)], &nan[..], &[op]].concat(), &[]).is_nan(), "{op:?}");
        }
        assert!(run(&[&nan[..], &[Not]].concat(), &[]).is_nan());
        assert!(run(&[&nan[..], &[Const(1.0), Const(2.0), Select]].concat(), &[]).is_nan());
        assert_eq!(run(&[&[Const(1.0), Const(2.0)], &nan[..], &[Select]].concat(), &[]), 2.0);
        assert_eq!(run(&[Const(1.0), Const(0.0), Div, Const(10.0), Min], &[]), 10.0);
    }

    #[test]
    fn zeros_are_defined() {
        use Op::*;
        assert_eq!(run(&[Const(0.0), Neg], &[]).to_bits(), 0);
        // 1 / min(+0, −0) shows which zero came out: the first.
        assert_eq!(run(&[Const(1.0), Const(0.0), Const(-0.0), Min, Div], &[]), f32::INFINITY);
        assert_eq!(run(&[Const(1.0), Const(-0.0), Const(0.0), Max, Div], &[]), f32::NEG_INFINITY);
    }

    #[test]
    fn unsound_programs_are_named() {
        let check = |ops: Vec<Op>| check(&Program { ops });
        assert_eq!(check(vec![]), Err(ProgramError::Length(0)));
        assert_eq!(check(vec![Op::Neg; limits::PROGRAM_OPS + 1]), Err(ProgramError::Length(limits::PROGRAM_OPS + 1)));
        assert_eq!(check(vec![Op::Const(1.0), Op::Add]), Err(ProgramError::Underflow { at: 1, needs: 2, found: 1 }));
        assert_eq!(check(vec![Op::Const(1.0); 33]), Err(ProgramError::Overflow { at: 32 }));
        assert_eq!(check(vec![Op::Const(1.0); 2]), Err(ProgramError::Leaves(2)));
        assert_eq!(check(vec![Op::Load(slice(0, 2))]), Err(ProgramError::Load { at: 0, len: 2 }));
        assert_eq!(check(vec![Op::Reduce(Reduce::Sum, slice(0, 0))]), Err(ProgramError::Empty { at: 0 }));
        assert_eq!(check(vec![Op::Const(1.0), Op::Const(1.0), Op::Add]), Ok(2));
    }

    #[test]
    fn short_values_give_nan() {
        let code = Code::compile(&Program { ops: vec![Op::Load(slice(3, 1))] }, |s| Some(s.start.into())).unwrap();
        assert!(code.evaluate(&[0.0; 3]).is_nan());
        assert_eq!(code.evaluate(&[1.0; 4]), 1.0);
    }
}
