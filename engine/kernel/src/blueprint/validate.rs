//! What makes a blueprint valid. Every float of it passes [`number`], which refuses what is not finite
//! and writes every zero as +0, so a valid blueprint has one encoding.
//!
//! Errors name the field with its indices, what was found and what is accepted.

mod mass;
mod rigid;
mod robot;
mod task;
mod work;

use alloc::{format, string::ToString};
use core::fmt;

use super::{Blueprint, Options, limits};
use crate::error::Error;

type Checked = Result<(), Error>;

impl Blueprint {
    /// The same blueprint with canonical zeros, if it is valid.
    pub fn validated(mut self) -> Result<Self, Error> {
        options(&mut self.options)?;
        if let Some(robot) = &mut self.robot {
            robot::check(robot)?;
        }
        if let Some(rigid) = &mut self.rigid {
            rigid::check(rigid)?;
        }
        work::check(&self)?;
        // Terms refer to the robot and the bodies: only now is it known that those are sound.
        let mut task = core::mem::take(&mut self.task);
        task::check(&mut task, &self)?;
        self.task = task;
        // Its lists are each within their limit; together they must be what decoding accepts.
        let bytes = self.encode()?.len();
        count(bytes, 0, limits::BYTES, format_args!("bytes of the encoding"))?;
        Ok(self)
    }
}

fn options(options: &mut Options) -> Checked {
    let path = "options";
    number(&mut options.timestep, 1e-6, limits::TIMESTEP, format_args!("{path}.timestep"))?;
    count(options.frame_skip.into(), 1, limits::FRAME_SKIP.into(), format_args!("{path}.frame_skip"))?;
    count(options.iterations.into(), 1, limits::ITERATIONS.into(), format_args!("{path}.iterations"))?;
    count(options.rigid_iterations.into(), 1, limits::ITERATIONS.into(), format_args!("{path}.rigid_iterations"))?;
    numbers(&mut options.gravity, -1e4, 1e4, format_args!("{path}.gravity"))
}

fn invalid(path: impl fmt::Display, found: impl fmt::Display, accepted: impl fmt::Display) -> Error {
    Error::Invalid { path: path.to_string(), found: found.to_string(), accepted: accepted.to_string() }
}

fn ensure(holds: bool, path: impl fmt::Display, found: impl fmt::Display, accepted: impl fmt::Display) -> Checked {
    if holds { Ok(()) } else { Err(invalid(path, found, accepted)) }
}

/// A finite number in `[low, high]`; −0 becomes +0.
fn number(x: &mut f32, low: f32, high: f32, path: fmt::Arguments<'_>) -> Checked {
    // Also false for NaN.
    if !(*x >= low && *x <= high) {
        return Err(invalid(path, *x, format_args!("{low} to {high}")));
    }
    *x += 0.0;
    Ok(())
}

fn numbers(xs: &mut [f32], low: f32, high: f32, path: fmt::Arguments<'_>) -> Checked {
    for (i, x) in xs.iter_mut().enumerate() {
        number(x, low, high, format_args!("{path}[{i}]"))?;
    }
    Ok(())
}

/// Any number with a physical unit.
fn magnitude(xs: &mut [f32], path: fmt::Arguments<'_>) -> Checked {
    numbers(xs, -limits::MAGNITUDE, limits::MAGNITUDE, path)
}

fn count(n: usize, low: usize, high: usize, path: fmt::Arguments<'_>) -> Checked {
    ensure((low..=high).contains(&n), path, n, format_args!("{low} to {high}"))
}

fn index(n: usize, len: usize, path: fmt::Arguments<'_>) -> Checked {
    ensure(n < len, path, n, format_args!("an index below {len}"))
}

/// `[low, high]` with `low ≤ high`.
fn range(range: &mut [f32; 2], path: fmt::Arguments<'_>) -> Checked {
    magnitude(range, path)?;
    ensure(range[0] <= range[1], path, format_args!("{range:?}"), "the lower bound first")
}

/// A unit vector or quaternion, to a thousandth: solvers normalise again.
fn unit(xs: &mut [f32], path: fmt::Arguments<'_>) -> Checked {
    magnitude(xs, path)?;
    let squares: f64 = xs.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    ensure((squares - 1.0).abs() < 2e-3, path, format_args!("{xs:?}"), "length 1 (to 0.001)")
}

/// A row-major rotation matrix, to a thousandth.
fn rotation(m: &mut [f32; 9], path: fmt::Arguments<'_>) -> Checked {
    numbers(m, -1.01, 1.01, path)?;
    let row = |i: usize| [0, 1, 2].map(|k| f64::from(m[3 * i + k]));
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let mut worst = 0.0;
    for i in 0..3 {
        for j in 0..=i {
            let error = (dot(row(i), row(j)) - if i == j { 1.0 } else { 0.0 }).abs();
            if error > worst {
                worst = error;
            }
        }
    }
    let [x, y, z] = [row(0), row(1), row(2)];
    let cross = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
    ensure(worst < 2e-3 && dot(cross, z) > 0.0, path, format_args!("{m:?}"), "a right-handed rotation (to 0.001)")
}

/// 1 to [`limits::NAME`] bytes, none of them a control character.
fn name(name: &str, path: fmt::Arguments<'_>) -> Checked {
    let accepted = format!("1 to {} bytes without control characters", limits::NAME);
    let sound = (1..=limits::NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    ensure(sound, path, format_args!("{name:?}"), accepted)
}

/// As [`name`], or empty.
fn label(text: &str, path: fmt::Arguments<'_>) -> Checked {
    if text.is_empty() { Ok(()) } else { name(text, path) }
}
