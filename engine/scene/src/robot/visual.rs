//! What a model looks like: a shape for every visible geom.

use hyperdust_kernel::blueprint::RigidShape;
use hyperdust_kernel::render::VisualShape;

use super::mesh::Budget;
use super::spec::{GeomSpec, ModelSpec, ShapeSpec};
use super::tree::Tree;
use super::vector::Vec3;
use crate::Warning;

/// Viewers of MuJoCo show these groups; authors put collision-only geoms into the others.
const SHOWN: std::ops::RangeInclusive<i64> = i64::MIN..=2;
/// Meridians and parallels of an ellipsoid's hull.
const SIDES: usize = 16;

/// Shapes in geom order; body 0 is the world. Geoms that are wholly transparent are left out.
pub(crate) fn visuals(model: &ModelSpec, tree: &Tree, warnings: &mut Vec<Warning>) -> Vec<VisualShape> {
    debug_assert_eq!(tree.link_of.len(), model.bodies.len());
    let (mut shapes, mut budget) = (Vec::new(), Budget::new());
    for (body, spec) in model.bodies.iter().enumerate() {
        for geom in spec.geoms.iter().filter(|g| SHOWN.contains(&g.group) && g.rgba[3] > 0.0) {
            let shape = match shape(geom, &mut budget) {
                Ok(shape) => shape,
                Err(reason) => {
                    let message = format!("{}: its {} is not drawn: {reason}", geom.label(), geom.shape.name());
                    warnings.push(Warning { place: geom.place.clone(), message });
                    continue;
                }
            };
            shapes.push(VisualShape {
                body: body as u16,
                shape,
                position: geom.pose.position.map(single),
                orientation: geom.pose.rotation.map(single),
                rgba: geom.rgba,
                checker: geom.checker || geom.shape == ShapeSpec::Plane,
            });
        }
    }
    shapes
}

fn single(x: f64) -> f32 {
    x as f32 + 0.0
}

fn shape(geom: &GeomSpec, budget: &mut Budget) -> Result<RigidShape, String> {
    Ok(match &geom.shape {
        ShapeSpec::Plane => RigidShape::HalfSpace,
        ShapeSpec::Sphere { radius } => RigidShape::Sphere { radius: single(*radius) },
        ShapeSpec::Capsule { radius, half } => {
            RigidShape::Capsule { radius: single(*radius), half_length: single(*half) }
        }
        ShapeSpec::Cylinder { radius, half } => {
            RigidShape::Cylinder { radius: single(*radius), half_length: single(*half) }
        }
        ShapeSpec::Box { half } => RigidShape::Cuboid { half: half.map(single) },
        ShapeSpec::Ellipsoid { radii } => {
            let points = ellipsoid(*radii);
            budget.take(points.len())?;
            RigidShape::Hull { points }
        }
        ShapeSpec::Mesh { mesh } if mesh.mesh.vertices.len() >= 3 => {
            budget.take(mesh.mesh.elements())?;
            let vertices = mesh.points().map(|p| p.map(single)).collect();
            let triangles = mesh.mesh.triangles.clone();
            if triangles.is_empty() {
                RigidShape::Hull { points: vertices }
            } else {
                RigidShape::Mesh { vertices, triangles }
            }
        }
        ShapeSpec::Mesh { .. } => return Err("it has no points".into()),
        ShapeSpec::HeightField => return Err("height fields of robot files are not read".into()),
    })
}

/// Points on an ellipsoid: both poles, and rings between them.
fn ellipsoid([a, b, c]: Vec3) -> Vec<[f32; 3]> {
    let mut points = vec![[0.0, 0.0, single(c)], [0.0, 0.0, single(-c)]];
    for ring in 1..SIDES / 2 {
        let (sin, cos) = libm::sincos(std::f64::consts::PI * ring as f64 / (SIDES / 2) as f64);
        for side in 0..SIDES {
            let (y, x) = libm::sincos(2.0 * std::f64::consts::PI * side as f64 / SIDES as f64);
            points.push([single(a * sin * x), single(b * sin * y), single(c * cos)]);
        }
    }
    points
}
