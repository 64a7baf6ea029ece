//! Frames: `pos` with `quat`, `axisangle`, `xyaxes`, `zaxis` or `euler`.

use super::settings::Settings;
use crate::Error;
use crate::robot::vector::{
    Pose, Quat, UNIT, Vec3, axis_angle, cross, dot, from_columns, mul, radians, scale, sub, unit, unit_quat, z_to,
};
use crate::robot::xml::Element;

/// The alternatives to `quat`.
const ALTERNATIVES: [&str; 4] = ["axisangle", "xyaxes", "zaxis", "euler"];

/// A frame that an element, and its default classes, may set in part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub position: Vec3,
    rotation: Quat,
}

impl Default for Frame {
    fn default() -> Self {
        Self { position: [0.0; 3], rotation: UNIT }
    }
}

impl Frame {
    /// Reads what the element says.
    pub(super) fn apply(&mut self, element: &Element, settings: &Settings) -> Result<(), Error> {
        element.numbers("pos", &mut self.position, 3)?;
        let given: Vec<_> = ALTERNATIVES.iter().chain(&["quat"]).filter(|a| element.text(a).is_some()).collect();
        if let [first, second, ..] = given.as_slice() {
            return Err(element.refuse(second, format!("one orientation; {first} is given too")));
        }
        if let Some(q) = element.exactly::<4>("quat")? {
            self.rotation = unit_quat(q).ok_or_else(|| element.refuse("quat", "four numbers, not all zero"))?;
        }
        if let Some(other) = alternative(element, settings)? {
            self.rotation = other;
        }
        Ok(())
    }

    pub(super) fn pose(&self) -> Pose {
        Pose { position: self.position, rotation: self.rotation }
    }
}

fn alternative(element: &Element, settings: &Settings) -> Result<Option<Quat>, Error> {
    let angle = |x: f64| if settings.degrees { radians(x) } else { x };
    if let Some([x, y, z, a]) = element.exactly::<4>("axisangle")? {
        let axis =
            unit([x, y, z]).ok_or_else(|| element.refuse("axisangle", "an axis that is not zero, and an angle"))?;
        return Ok(Some(axis_angle(axis, angle(a))));
    }
    if let Some([a, b, c, d, e, f]) = element.exactly::<6>("xyaxes")? {
        let accepted = "an x and a y axis, neither zero nor parallel";
        let x = unit([a, b, c]).ok_or_else(|| element.refuse("xyaxes", accepted))?;
        let y = [d, e, f];
        let y = unit(sub(y, scale(x, dot(x, y)))).ok_or_else(|| element.refuse("xyaxes", accepted))?;
        return Ok(Some(from_columns(x, y, cross(x, y))));
    }
    if let Some(z) = element.exactly::<3>("zaxis")? {
        return Ok(Some(z_to(unit(z).ok_or_else(|| element.refuse("zaxis", "an axis that is not zero"))?)));
    }
    if let Some(angles) = element.exactly::<3>("euler")? {
        let mut q = UNIT;
        for (letter, a) in settings.euler.iter().zip(angles) {
            let axis = match letter.to_ascii_lowercase() {
                b'x' => [1.0, 0.0, 0.0],
                b'y' => [0.0, 1.0, 0.0],
                _ => [0.0, 0.0, 1.0],
            };
            let turn = axis_angle(axis, angle(a));
            // Small letters turn about the moving axes, capitals about the fixed ones.
            q = if letter.is_ascii_lowercase() { mul(q, turn) } else { mul(turn, q) };
        }
        return Ok(Some(unit_quat(q).unwrap_or(UNIT)));
    }
    Ok(None)
}
