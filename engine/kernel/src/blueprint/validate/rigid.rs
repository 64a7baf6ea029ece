//! Sound rigid bodies: canonical zeros here, everything else by [`crate::rigid::check`], which builds them.

use super::{Checked, magnitude};
use crate::blueprint::{Rigid, RigidShape, limits};
use crate::rigid;

pub(super) fn check(set: &mut Rigid) -> Checked {
    super::count(set.bodies.len(), 0, limits::RIGID_BODIES, format_args!("rigid.bodies"))?;
    super::count(set.colliders.len(), 0, limits::COLLIDERS, format_args!("rigid.colliders"))?;
    for (i, body) in set.bodies.iter_mut().enumerate() {
        let path = format_args!("rigid.bodies[{i}]");
        magnitude(&mut body.position, format_args!("{path}.position"))?;
        magnitude(&mut body.orientation, format_args!("{path}.orientation"))?;
        magnitude(&mut body.linear_velocity, format_args!("{path}.linear_velocity"))?;
        magnitude(&mut body.angular_velocity, format_args!("{path}.angular_velocity"))?;
        one(&mut body.linear_damping, format_args!("{path}.linear_damping"))?;
        one(&mut body.angular_damping, format_args!("{path}.angular_damping"))?;
    }
    for (i, collider) in set.colliders.iter_mut().enumerate() {
        let path = format_args!("rigid.colliders[{i}]");
        magnitude(&mut collider.position, format_args!("{path}.position"))?;
        magnitude(&mut collider.orientation, format_args!("{path}.orientation"))?;
        one(&mut collider.density, format_args!("{path}.density"))?;
        one(&mut collider.friction, format_args!("{path}.friction"))?;
        one(&mut collider.restitution, format_args!("{path}.restitution"))?;
        shape(&mut collider.shape, format_args!("{path}.shape"))?;
    }
    Ok(rigid::check(set)?)
}

fn shape(shape: &mut RigidShape, path: core::fmt::Arguments<'_>) -> Checked {
    match shape {
        RigidShape::HalfSpace => Ok(()),
        RigidShape::Sphere { radius } => one(radius, format_args!("{path}.radius")),
        RigidShape::Cuboid { half } => magnitude(half, format_args!("{path}.half")),
        RigidShape::Capsule { radius, half_length } | RigidShape::Cylinder { radius, half_length } => {
            one(radius, format_args!("{path}.radius"))?;
            one(half_length, format_args!("{path}.half_length"))
        }
        RigidShape::Hull { points } => magnitude(points.as_flattened_mut(), format_args!("{path}.points")),
        RigidShape::Mesh { vertices, .. } => magnitude(vertices.as_flattened_mut(), format_args!("{path}.vertices")),
        RigidShape::HeightField { heights, size, .. } => {
            magnitude(size, format_args!("{path}.size"))?;
            magnitude(heights, format_args!("{path}.heights"))
        }
    }
}

fn one(x: &mut f32, path: core::fmt::Arguments<'_>) -> Checked {
    super::number(x, -limits::MAGNITUDE, limits::MAGNITUDE, path)
}
