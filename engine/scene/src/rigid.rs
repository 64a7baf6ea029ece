//! `[[body]]`: rigid bodies and their shapes.

mod shape;

use hyperdust_kernel::blueprint::{Collider, Rigid, RigidBody, limits};
use hyperdust_kernel::render::VisualShape;

use self::shape::Shapes;
use crate::Error;
use crate::context::{At, Context};
use crate::package::Reader;
use crate::schema::literal::Numbers;
use crate::schema::{BodySection, ColliderSection, ShapeSection};

/// Colour of shapes that do not say, and of planes.
const RGBA: [f32; 4] = [0.6, 0.6, 0.65, 1.0];
const FLOOR: [f32; 4] = [0.5, 0.55, 0.5, 1.0];
/// Identity, w x y z.
const UPRIGHT: [f32; 4] = [1.0, 0.0, 0.0, 0.0];

/// All rigid bodies and what they look like; `first` is the sensor index of the first.
pub(crate) fn lower(
    sections: &[BodySection],
    context: &Context<'_>,
    first: usize,
    reader: &Reader<'_>,
) -> Result<(Option<Rigid>, Vec<VisualShape>), Error> {
    let (mut rigid, mut visuals, mut shapes) = (Rigid::default(), Vec::new(), Shapes::new(reader));
    if sections.len() > limits::RIGID_BODIES {
        let found = format!("{} bodies", sections.len());
        return Err(context.at("body", 0..0).wrong("", found, format!("at most {}", limits::RIGID_BODIES)));
    }
    for (index, section) in sections.iter().enumerate() {
        let at = context.at(format!("body[{index}]"), section.span());
        let Some(lowered) = context.errors.keep(body(section, &at))? else { continue };
        let fixed = lowered.fixed;
        rigid.bodies.push(lowered);
        if section.collider.is_empty() {
            return Err(at.wrong("collider", "none", "at least one [[body.collider]]"));
        }
        let (Ok(body), Ok(sensor)) = (u16::try_from(index), u16::try_from(first + index)) else {
            return Err(at.wrong("", "too many bodies", "at most 65535"));
        };
        for (number, collider) in section.collider.iter().enumerate() {
            let at = context.at(format!("body[{index}].collider[{number}]"), section.span());
            if rigid.colliders.len() == limits::COLLIDERS {
                let accepted = format!("at most {} in all bodies together", limits::COLLIDERS);
                return Err(at.wrong("", "one collider too many", accepted));
            }
            let lowered = self::collider(collider, &at, fixed, body, sensor, &mut shapes);
            let Some((collider, visual)) = context.errors.keep(lowered)? else { continue };
            rigid.colliders.push(collider);
            visuals.push(visual);
        }
    }
    Ok(((!rigid.bodies.is_empty()).then_some(rigid), visuals))
}

fn body(section: &BodySection, at: &At<'_>) -> Result<RigidBody, Error> {
    let damping = f64::from(limits::MAGNITUDE);
    Ok(RigidBody {
        fixed: at.flag("fixed", &section.fixed, false)?,
        position: at.array("position", &section.position, [0.0; 3])?,
        orientation: quaternion(at, "orientation", &section.orientation)?,
        linear_velocity: at.array("linear_velocity", &section.linear_velocity, [0.0; 3])?,
        angular_velocity: at.array("angular_velocity", &section.angular_velocity, [0.0; 3])?,
        linear_damping: at.bounded("linear_damping", &section.linear_damping, 0.0, 0.0, damping)?,
        angular_damping: at.bounded("angular_damping", &section.angular_damping, 0.0, 0.0, damping)?,
    })
}

fn collider(
    section: &ColliderSection,
    at: &At<'_>,
    fixed: bool,
    body: u16,
    sensor: u16,
    shapes: &mut Shapes<'_>,
) -> Result<(Collider, VisualShape), Error> {
    let still = matches!(section.shape, ShapeSection::Plane | ShapeSection::Mesh | ShapeSection::Heightfield);
    if still && !fixed {
        return Err(at.wrong(
            "shape",
            "a plane, mesh or heightfield on a body that moves",
            "`fixed = true`, or another shape (a hull for a file)",
        ));
    }
    let shape = shapes.lower(section, at)?;
    let position = at.array("position", &section.position, [0.0; 3])?;
    let orientation = quaternion(at, "orientation", &section.orientation)?;
    let plane = section.shape == ShapeSection::Plane;
    let visual = VisualShape {
        body: sensor,
        shape: shape.clone(),
        position,
        orientation,
        rgba: at.array("rgba", &section.rgba, if plane { FLOOR } else { RGBA })?,
        checker: section.checker.unwrap_or(plane),
    };
    let collider = Collider {
        body,
        shape,
        position,
        orientation,
        density: at.bounded("density", &section.density, 1000.0, 0.0, f64::from(limits::MAGNITUDE))?,
        friction: at.bounded("friction", &section.friction, 0.5, 0.0, f64::from(limits::MAGNITUDE))?,
        restitution: at.bounded("restitution", &section.restitution, 0.0, 0.0, 1.0)?,
        memberships: section.memberships.unwrap_or(u32::MAX),
        filter: section.filter.unwrap_or(u32::MAX),
    };
    Ok((collider, visual))
}

/// A unit quaternion, normalised here in f64.
fn quaternion(at: &At<'_>, key: &str, numbers: &Option<Numbers>) -> Result<[f32; 4], Error> {
    let Some(written) = numbers else { return Ok(UPRIGHT) };
    let wide = at.numbers(key, written)?;
    let length = libm::sqrt(wide.iter().map(|x| x * x).sum());
    match <[f64; 4]>::try_from(wide.as_slice()) {
        Ok(q) if length.is_finite() && length > 1e-6 => Ok(q.map(|x| crate::expression::to_f32(x / length))),
        _ => Err(at.wrong_at(key, &written.0, format!("{wide:?}"), "4 numbers (w, x, y, z), not all 0")),
    }
}
