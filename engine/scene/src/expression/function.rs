//! Functions, and operators element by element.

use hyperdust_kernel::blueprint::{Op, Reduce};

use super::Problem;
use super::compile::{Compiled, Compiler};
use super::node::Number;
use super::parser::Tree;
use super::value::{ELEMENTS, Value, Vector};

/// All names, for error messages.
pub(super) const NAMES: [&str; 24] = [
    "abs",
    "sqrt",
    "square",
    "exp",
    "ln",
    "tanh",
    "sin",
    "cos",
    "floor",
    "wrap_angle",
    "atan2",
    "min",
    "max",
    "clamp",
    "select",
    "sum",
    "sumsq",
    "sumabs",
    "norm",
    "all",
    "any",
    "body",
    "prev",
    "dot",
];

/// Calls a function.
pub(super) fn call(compiler: &mut Compiler<'_>, name: &str, arguments: &[Tree], column: usize) -> Compiled<Value> {
    let simple = match name {
        "abs" => Some(Op::Abs),
        "sqrt" => Some(Op::Sqrt),
        "exp" => Some(Op::Exp),
        "ln" => Some(Op::Ln),
        "tanh" => Some(Op::Tanh),
        "sin" => Some(Op::Sin),
        "cos" => Some(Op::Cos),
        "floor" => Some(Op::Floor),
        _ => None,
    };
    let values = arguments.iter().map(|argument| compiler.walk(argument)).collect::<Compiled<Vec<Value>>>()?;
    match (name, values.as_slice()) {
        (_, [_]) if simple.is_some() => each(compiler, simple.unwrap_or(Op::Abs), values, column),
        ("square", [value]) => each(compiler, Op::Mul, vec![value.clone(), value.clone()], column),
        ("wrap_angle", [value]) => wrap_angle(compiler, value.clone(), column),
        ("atan2", [_, _]) => each(compiler, Op::Atan2, values, column),
        ("select", [_, _, _]) => each(compiler, Op::Select, values, column),
        ("clamp", [value, low, high]) => clamp(compiler, value.clone(), low.clone(), high.clone(), column),
        ("sum", [Value::Vector(vector)]) => reduce(compiler, Reduce::Sum, vector, column),
        ("sumsq", [Value::Vector(vector)]) => reduce(compiler, Reduce::SumSquares, vector, column),
        ("sumabs", [Value::Vector(vector)]) => reduce(compiler, Reduce::SumAbs, vector, column),
        ("norm", [Value::Vector(vector)]) => reduce(compiler, Reduce::Norm, vector, column),
        ("min", [Value::Vector(vector)]) => reduce(compiler, Reduce::Min, vector, column),
        ("max", [Value::Vector(vector)]) => reduce(compiler, Reduce::Max, vector, column),
        ("all", [Value::Vector(vector)]) => logic(compiler, Op::And, vector, column),
        ("any", [Value::Vector(vector)]) => logic(compiler, Op::Or, vector, column),
        ("dot", [Value::Vector(_), Value::Vector(_)]) => {
            let Value::Vector(products) = each(compiler, Op::Mul, values, column)? else {
                return Err(Problem::new(column, "numbers", "two vectors").into());
            };
            reduce(compiler, Reduce::Sum, &products, column)
        }
        ("min" | "max", [_, _, ..]) => {
            let op = if name == "min" { Op::Min } else { Op::Max };
            let mut values = values.into_iter();
            let first = values.next().unwrap_or_else(|| Value::Number(Number::constant(0.0)));
            values.try_fold(first, |all, value| each(compiler, op, vec![all, value], column))
        }
        _ => {
            let found = values.iter().map(Value::describe).collect::<Vec<_>>().join(", ");
            match signature(name) {
                Some(accepted) => Err(Problem::new(column, format!("{name}({found})"), accepted).into()),
                None => Err(Problem::new(column, format!("unknown function `{name}`"), NAMES.join(", ")).into()),
            }
        }
    }
}

fn signature(name: &str) -> Option<&'static str> {
    Some(match name {
        "abs" | "sqrt" | "square" | "exp" | "ln" | "tanh" | "sin" | "cos" | "floor" | "wrap_angle" => {
            "one number or vector"
        }
        "atan2" => "two numbers: y, x",
        "min" | "max" => "two or more numbers, or one vector",
        "clamp" => "a number or vector, low, high",
        "select" => "a condition and two numbers",
        "sum" | "sumsq" | "sumabs" | "norm" | "all" | "any" => "one vector",
        "dot" => "two vectors",
        "body" => "one name or index",
        "prev" => "one expression",
        _ => return None,
    })
}

/// `op` of numbers, or of the elements of vectors (numbers stand for vectors of themselves).
pub(super) fn each(compiler: &mut Compiler<'_>, op: Op, arguments: Vec<Value>, column: usize) -> Compiled<Value> {
    let mut len = None;
    for argument in &arguments {
        match argument {
            Value::Number(_) => {}
            Value::Vector(vector) => match len {
                None => len = Some(vector.len()),
                Some(len) if len == vector.len() => {}
                Some(len) => {
                    let found = format!("vectors of {len} and of {}", vector.len());
                    return Err(Problem::new(column, found, "vectors of equal length, or numbers").into());
                }
            },
            Value::Body(_) => return Err(Problem::new(column, "a body", "a field of it, such as .position.x").into()),
            Value::Text(text) => {
                return Err(Problem::new(column, format!("the text \"{text}\""), "numbers or vectors").into());
            }
        }
    }
    let Some(len) = len else {
        let numbers =
            arguments.into_iter().filter_map(|a| if let Value::Number(n) = a { Some(n) } else { None }).collect();
        return compiler.operation(op, numbers, column).map(Value::Number);
    };
    if len > ELEMENTS {
        return Err(Problem::new(
            column,
            format!("a vector of {len}, computed element by element"),
            format!("at most {ELEMENTS}"),
        )
        .into());
    }
    let mut columns = Vec::with_capacity(arguments.len());
    for argument in arguments {
        columns.push(match argument {
            Value::Vector(vector) => compiler.items(&vector, column)?,
            Value::Number(number) => {
                compiler.spend(number.ops() * len, column)?;
                vec![number; len]
            }
            Value::Body(_) | Value::Text(_) => Vec::new(),
        });
    }
    let mut items = Vec::with_capacity(len);
    for index in 0..len {
        let numbers = columns.iter().filter_map(|column| column.get(index).cloned()).collect();
        items.push(compiler.operation(op, numbers, column)?);
    }
    Ok(Value::Vector(Vector::Items(items)))
}

/// `angle − 2π ⌊(angle + π) / 2π⌋`, in [−π, π).
fn wrap_angle(compiler: &mut Compiler<'_>, angle: Value, column: usize) -> Compiled<Value> {
    use core::f64::consts::{PI, TAU};
    let constant = |value: f64| Value::Number(Number::constant(value));
    let shifted = each(compiler, Op::Add, vec![angle.clone(), constant(PI)], column)?;
    let turns = each(compiler, Op::Div, vec![shifted, constant(TAU)], column)?;
    let turns = each(compiler, Op::Floor, vec![turns], column)?;
    let turned = each(compiler, Op::Mul, vec![turns, constant(TAU)], column)?;
    each(compiler, Op::Sub, vec![angle, turned], column)
}

fn clamp(compiler: &mut Compiler<'_>, value: Value, low: Value, high: Value, column: usize) -> Compiled<Value> {
    if let (Value::Number(low), Value::Number(high)) = (&low, &high)
        && let (Some(low), Some(high)) = (low.value(), high.value())
    {
        if low > high {
            return Err(Problem::new(column, format!("clamp to [{low}, {high}]"), "low at most high").into());
        }
        if let Value::Vector(Vector::Slice(slice)) = value {
            return Ok(Value::Vector(Vector::Clamped(slice, low, high)));
        }
    }
    each(compiler, Op::Clamp, vec![value, low, high], column)
}

fn reduce(compiler: &mut Compiler<'_>, how: Reduce, vector: &Vector, column: usize) -> Compiled<Value> {
    match vector {
        Vector::Slice(slice) => return Ok(Value::Number(Number::reduce(how, *slice, None))),
        Vector::Clamped(slice, low, high) => {
            return Ok(Value::Number(Number::reduce(how, *slice, Some((*low, *high)))));
        }
        Vector::Items(_) => {}
    }
    let each = match how {
        Reduce::SumSquares | Reduce::Norm => {
            compiler.items(vector, column)?.into_iter().map(|x| (Op::Mul, vec![x.clone(), x])).collect()
        }
        Reduce::SumAbs => compiler.items(vector, column)?.into_iter().map(|x| (Op::Abs, vec![x])).collect(),
        Reduce::Sum | Reduce::Min | Reduce::Max => Vec::new(),
    };
    let items = if each.is_empty() {
        compiler.items(vector, column)?
    } else {
        each.into_iter()
            .map(|(op, arguments)| compiler.operation(op, arguments, column))
            .collect::<Compiled<Vec<_>>>()?
    };
    let op = match how {
        Reduce::Min => Op::Min,
        Reduce::Max => Op::Max,
        Reduce::Sum | Reduce::SumSquares | Reduce::Norm | Reduce::SumAbs => Op::Add,
    };
    let all = fold(compiler, op, items, column)?;
    let all = if how == Reduce::Norm { compiler.operation(Op::Sqrt, vec![all], column)? } else { all };
    Ok(Value::Number(all))
}

fn logic(compiler: &mut Compiler<'_>, op: Op, vector: &Vector, column: usize) -> Compiled<Value> {
    let items = compiler.items(vector, column)?;
    let all = fold(compiler, op, items, column)?;
    let truth = all.truth().map_err(|e| super::compile::too_large(e, column))?;
    Ok(Value::Number(truth))
}

fn fold(compiler: &mut Compiler<'_>, op: Op, items: Vec<Number>, column: usize) -> Compiled<Number> {
    let mut items = items.into_iter();
    let first = items.next().unwrap_or_else(|| Number::constant(0.0));
    items.try_fold(first, |all, item| compiler.operation(op, vec![all, item], column))
}
