//! From the bytes of an action to controls.
//!
//! An action is the arena of its layout: exactly that many bytes, little-endian, padding ignored. All of it is
//! checked before anything is written, so a refused action leaves the last controls in place.

use alloc::string::String;
use alloc::{vec, vec::Vec};

use crate::blueprint::{ActionTerm, Blueprint, Robot};
use crate::error::{Fault, FaultKind};
use crate::layout::{Dtype, Layout, Segment};
use crate::math::scalar;

/// Numbers that an action term adds to the source `Action`.
pub(super) fn elements(term: &ActionTerm) -> usize {
    match term {
        ActionTerm::Continuous { actuators, .. } => actuators.len(),
        ActionTerm::Discrete { .. } => 1,
    }
}

/// The arena that the terms of a task make.
pub(super) fn layout(terms: &[ActionTerm]) -> Layout {
    let mut layout = Layout::default();
    for term in terms {
        layout.push(match term {
            ActionTerm::Continuous { name, actuators, low, high } => Segment {
                name: name.clone(),
                dtype: Dtype::F32,
                shape: vec![actuators.len()],
                unit: String::new(),
                offset: 0,
                low: low.iter().map(|&x| super::plan::lower(x)).collect(),
                high: high.iter().map(|&x| super::plan::upper(x)).collect(),
                choices: 0,
            },
            ActionTerm::Discrete { name, actuators, choices } => {
                // Without actuators: one choice, to wait.
                let rows = choices.len().checked_div(actuators.len()).unwrap_or(1);
                Segment {
                    name: name.clone(),
                    dtype: Dtype::I32,
                    shape: Vec::new(),
                    unit: String::new(),
                    offset: 0,
                    low: vec![0.0],
                    high: vec![rows.saturating_sub(1) as f32],
                    choices: rows as u32,
                }
            }
        });
    }
    layout
}

/// Drives the actuators.
#[derive(Clone, Debug)]
pub(crate) struct Drive {
    ranges: Vec<Option<[f32; 2]>>,
    /// Sensor body that each actuator pushes, where one was authored.
    bodies: Vec<Option<u16>>,
}

impl Drive {
    pub(super) fn new(blueprint: &Blueprint) -> Self {
        let Some(robot) = &blueprint.robot else {
            return Self { ranges: Vec::new(), bodies: Vec::new() };
        };
        Self {
            ranges: robot.actuators.iter().map(|a| a.control_range).collect(),
            bodies: robot.actuators.iter().map(|a| body_of_joint(robot, a.joint.into())).collect(),
        }
    }

    /// Controls of a world that nobody has acted on: zeros, clamped as any control is.
    pub(crate) fn rest(&self, controls: &mut [f32]) {
        for actuator in 0..controls.len() {
            self.set(controls, actuator, 0.0);
        }
    }

    /// Writes the raw numbers of `action` and the clamped controls, both with canonical zeros.
    pub(crate) fn apply(
        &self,
        terms: &[ActionTerm],
        layout: &Layout,
        action: &[u8],
        numbers: &mut [f32],
        controls: &mut [f32],
    ) -> Result<(), Fault> {
        if action.len() != layout.size {
            return Err(Fault::new(FaultKind::ActionLength));
        }
        for (term, segment) in terms.iter().zip(&layout.segments) {
            if let ActionTerm::Continuous { actuators, .. } = term
                && let Some(i) = words(action, segment).position(|word| !f32::from_le_bytes(word).is_finite())
            {
                return Err(Fault::of_body(FaultKind::ActionNotFinite, self.bodies[usize::from(actuators[i])]));
            }
        }
        let mut numbers = numbers.iter_mut();
        for (term, segment) in terms.iter().zip(&layout.segments) {
            match term {
                ActionTerm::Continuous { actuators, .. } => {
                    for ((&actuator, word), number) in actuators.iter().zip(words(action, segment)).zip(&mut numbers) {
                        *number = scalar::canonical(f32::from_le_bytes(word));
                        self.set(controls, actuator.into(), *number);
                    }
                }
                ActionTerm::Discrete { actuators, choices, .. } => {
                    for (word, number) in words(action, segment).zip(&mut numbers) {
                        let choice = i32::from_le_bytes(word).clamp(0, segment.choices as i32 - 1);
                        *number = choice as f32;
                        let row = &choices[choice as usize * actuators.len()..][..actuators.len()];
                        for (&actuator, &control) in actuators.iter().zip(row) {
                            self.set(controls, actuator.into(), control);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn set(&self, controls: &mut [f32], actuator: usize, control: f32) {
        controls[actuator] = match self.ranges[actuator] {
            Some([low, high]) => scalar::clamp(control, low, high),
            None => control,
        };
    }
}

fn words<'a>(action: &'a [u8], segment: &Segment) -> impl Iterator<Item = [u8; 4]> + 'a {
    action[segment.offset..segment.offset + segment.bytes()].as_chunks::<4>().0.iter().copied()
}

/// The first authored body that moves with a joint.
fn body_of_joint(robot: &Robot, joint: usize) -> Option<u16> {
    let mut first = 0;
    let link = robot.links.iter().position(|link| {
        first += usize::from(link.joints);
        joint < first
    })?;
    let body = robot.bodies.iter().position(|b| usize::from(b.link) == link)?;
    u16::try_from(body + 1).ok()
}
