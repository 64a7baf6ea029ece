//! Numbers to be computed: a tree of the kernel's operations, folded where it is constant.
//!
//! Invariant: a [`Number`] emits at most `limits::PROGRAM_OPS` operations and needs at most
//! `limits::PROGRAM_STACK` operands, whatever it was built from; so building one cannot run away.

use hyperdust_kernel::blueprint::{Op, Program, Reduce, Slice, limits};

/// Refusal to build a number that is too large: what was found and what is accepted.
pub(super) type TooLarge = (String, String);

/// A number, computed every step unless it is constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Number {
    kind: Kind,
    ops: usize,
    stack: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Constant(f64),
    Operation(Op, Vec<Number>),
}

impl Number {
    /// A constant.
    pub fn constant(value: f64) -> Self {
        Self { kind: Kind::Constant(value), ops: 1, stack: 1 }
    }

    /// One element of a source.
    pub fn load(slice: Slice) -> Self {
        Self { kind: Kind::Operation(Op::Load(slice), Vec::new()), ops: 1, stack: 1 }
    }

    /// A slice reduced to a number; its elements clamped first if bounds are given.
    pub fn reduce(how: Reduce, slice: Slice, bounds: Option<(f64, f64)>) -> Self {
        let op = match bounds {
            None => Op::Reduce(how, slice),
            Some((low, high)) => Op::ReduceClamped(how, slice, to_f32(low), to_f32(high)),
        };
        Self { kind: Kind::Operation(op, Vec::new()), ops: 1, stack: 1 }
    }

    /// `op` of `arguments`, computed now if they are constant.
    pub fn operation(op: Op, arguments: Vec<Self>) -> Result<Self, TooLarge> {
        let constants: Option<Vec<f64>> = arguments.iter().map(Self::value).collect();
        if let Some(value) = constants.as_deref().and_then(|values| fold(op, values)) {
            return Ok(Self::constant(value));
        }
        if let (Op::Select, Some(condition)) = (op, arguments.first().and_then(Self::value)) {
            // Both are numbers, so only the chosen one has to be computed.
            let chosen = if condition != 0.0 { 1 } else { 2 };
            return Ok(arguments.into_iter().nth(chosen).unwrap_or_else(|| Self::constant(0.0)));
        }
        let ops = 1 + arguments.iter().map(|a| a.ops).sum::<usize>();
        let stack = arguments.iter().enumerate().map(|(index, a)| index + a.stack).max().unwrap_or(1);
        if ops > limits::PROGRAM_OPS {
            return Err((
                "an expression that grows too large".into(),
                format!("at most {} operations", limits::PROGRAM_OPS),
            ));
        }
        if stack > limits::PROGRAM_STACK {
            return Err((
                "too many intermediate numbers".into(),
                format!("at most {}: nest less to the right", limits::PROGRAM_STACK),
            ));
        }
        Ok(Self { kind: Kind::Operation(op, arguments), ops, stack })
    }

    /// a + b
    pub fn plus(self, other: Self) -> Result<Self, TooLarge> {
        Self::operation(Op::Add, vec![self, other])
    }

    /// a − b
    pub fn minus(self, other: Self) -> Result<Self, TooLarge> {
        Self::operation(Op::Sub, vec![self, other])
    }

    /// a · b
    pub fn times(self, other: Self) -> Result<Self, TooLarge> {
        Self::operation(Op::Mul, vec![self, other])
    }

    /// eᵃ
    pub fn exponential(self) -> Result<Self, TooLarge> {
        Self::operation(Op::Exp, vec![self])
    }

    /// `items` combined from the left; 0 of nothing.
    pub fn fold(op: Op, items: &[Self]) -> Result<Self, TooLarge> {
        let Some((first, rest)) = items.split_first() else { return Ok(Self::constant(0.0)) };
        rest.iter().try_fold(first.clone(), |all, item| Self::operation(op, vec![all, item.clone()]))
    }

    /// Whether `smallest` or `largest` is outside `[low, high]`, or (`open`) outside `(low, high)`. An infinite
    /// bound is none.
    pub fn outside(smallest: Self, largest: Self, low: f64, high: f64, open: bool) -> Result<Self, TooLarge> {
        let op = if open { Op::LessEqual } else { Op::Less };
        let below = Self::operation(op, vec![smallest, Self::constant(low)])?;
        let above = Self::operation(op, vec![Self::constant(high), largest])?;
        match (low.is_finite(), high.is_finite()) {
            (true, true) => Self::operation(Op::Or, vec![below, above]),
            (true, false) => Ok(below),
            (false, true) => Ok(above),
            (false, false) => Ok(Self::constant(0.0)),
        }
    }

    /// The value, if it is constant.
    pub fn value(&self) -> Option<f64> {
        match self.kind {
            Kind::Constant(value) => Some(value),
            Kind::Operation(..) => None,
        }
    }

    /// The source element, if it is nothing else.
    pub fn element(&self) -> Option<Slice> {
        match self.kind {
            Kind::Operation(Op::Load(slice), _) => Some(slice),
            _ => None,
        }
    }

    /// Number of operations.
    pub fn ops(&self) -> usize {
        self.ops
    }

    /// 1 where it is true, else 0.
    pub fn truth(self) -> Result<Self, TooLarge> {
        if self.is_truth() {
            return Ok(self);
        }
        Self::operation(Op::Not, vec![Self::operation(Op::Not, vec![self])?])
    }

    fn is_truth(&self) -> bool {
        match &self.kind {
            Kind::Constant(value) => *value == 0.0 || *value == 1.0,
            Kind::Operation(op, arguments) => match op {
                Op::Less | Op::LessEqual | Op::Equal | Op::And | Op::Or | Op::Not => true,
                Op::Select => arguments[1..].iter().all(Self::is_truth),
                _ => false,
            },
        }
    }

    /// The kernel's postfix code.
    pub fn program(&self) -> Program {
        let mut program = Program { ops: Vec::with_capacity(self.ops) };
        self.emit(&mut program.ops);
        program
    }

    fn emit(&self, ops: &mut Vec<Op>) {
        match &self.kind {
            Kind::Constant(value) => ops.push(Op::Const(to_f32(*value))),
            Kind::Operation(op, arguments) => {
                arguments.iter().for_each(|a| a.emit(ops));
                ops.push(*op);
            }
        }
    }
}

/// Nearest f32; blueprints hold finite numbers and +0 only, so what is infinite becomes the largest.
pub(crate) fn to_f32(value: f64) -> f32 {
    let value = value as f32;
    if value == 0.0 { 0.0 } else { value.clamp(f32::MIN, f32::MAX) }
}

/// The operation on constants; none: not foldable. In f64, with `libm`: the same on every machine.
fn fold(op: Op, values: &[f64]) -> Option<f64> {
    let truth = |condition: bool| f64::from(u8::from(condition));
    let value = match (op, values) {
        (Op::Add, [a, b]) => a + b,
        (Op::Sub, [a, b]) => a - b,
        (Op::Mul, [a, b]) => a * b,
        (Op::Div, [a, b]) => a / b,
        (Op::Neg, [a]) => -a,
        (Op::Abs, [a]) => libm::fabs(*a),
        (Op::Sqrt, [a]) => libm::sqrt(*a),
        (Op::Exp, [a]) => libm::exp(*a),
        (Op::Ln, [a]) => libm::log(*a),
        (Op::Tanh, [a]) => libm::tanh(*a),
        (Op::Sin, [a]) => libm::sin(*a),
        (Op::Cos, [a]) => libm::cos(*a),
        (Op::Atan2, [a, b]) => libm::atan2(*a, *b),
        (Op::Floor, [a]) => libm::floor(*a),
        (Op::Min, [a, b]) => {
            if b < a {
                *b
            } else {
                *a
            }
        }
        (Op::Max, [a, b]) => {
            if b > a {
                *b
            } else {
                *a
            }
        }
        (Op::Clamp, [a, low, high]) => {
            let a = if a < low { low } else { a };
            if a > high { *high } else { *a }
        }
        (Op::Less, [a, b]) => truth(a < b),
        (Op::LessEqual, [a, b]) => truth(a <= b),
        (Op::Equal, [a, b]) => truth(a == b),
        (Op::And, [a, b]) => truth(*a != 0.0 && *b != 0.0),
        (Op::Or, [a, b]) => truth(*a != 0.0 || *b != 0.0),
        (Op::Not, [a]) => truth(*a == 0.0),
        (Op::Select, [c, a, b]) => {
            if *c != 0.0 {
                *a
            } else {
                *b
            }
        }
        _ => return None,
    };
    // The kernel would end the episode with an error: leave it to the kernel, or to who asked for a constant.
    if value.is_nan() { None } else { Some(value) }
}
