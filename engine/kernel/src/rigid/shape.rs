//! From the blueprint's shapes to Parry's.
//!
//! Frames. Ours are right-handed with z up; Parry's cylinder lies along y and its height field rises
//! along y. Both are turned by +90° about x (y → z, z → −y), the [`Built::correction`] that comes
//! after the collider's own frame. Parry's height field therefore counts its rows along our −y, and its
//! rows are written in reverse.
//!
//! Parry panics on some input (an index out of range, an empty height field): everything that could
//! reach such a line is refused here first, so [`build`] is total.

use alloc::vec::Vec;
use rapier3d::math::{Pose, Rotation, Vector};
use rapier3d::parry::{
    shape::{SharedShape, TriMeshFlags},
    utils::Array2,
};

use super::error::ShapeProblem;
use super::hull::{self, convex_hull};
use crate::blueprint::{RigidShape, limits};

/// Smallest size of anything, metres.
pub const SMALLEST: f32 = 1e-4;
/// Largest size or coordinate, metres.
pub const LARGEST: f32 = 1e5;

pub(super) struct Built {
    pub shape: SharedShape,
    /// Shape's frame in the collider's.
    pub correction: Pose,
}

fn size(value: f32) -> Result<f32, ShapeProblem> {
    // A NaN is in no range.
    if (SMALLEST..=LARGEST).contains(&value) { Ok(value) } else { Err(ShapeProblem::Size(value)) }
}

fn coordinate(value: f32) -> Result<f32, ShapeProblem> {
    if value.abs() <= LARGEST { Ok(value) } else { Err(ShapeProblem::Coordinate(value)) }
}

fn vertices(points: &[[f32; 3]]) -> Result<Vec<Vector>, ShapeProblem> {
    points.iter().map(|p| Ok(Vector::new(coordinate(p[0])?, coordinate(p[1])?, coordinate(p[2])?))).collect()
}

// Exactly (√½, 0, 0, √½) in f32, so no sine is needed.
fn y_to_z() -> Pose {
    let half = core::f32::consts::FRAC_1_SQRT_2;
    Pose::from_parts(Vector::ZERO, Rotation::from_xyzw(half, 0.0, 0.0, half))
}

/// Whether only a fixed body may have this shape: it has no volume.
pub(super) fn needs_fixed_body(shape: &RigidShape) -> bool {
    matches!(shape, RigidShape::HalfSpace | RigidShape::Mesh { .. } | RigidShape::HeightField { .. })
}

pub(super) fn build(shape: &RigidShape) -> Result<Built, ShapeProblem> {
    let mut correction = Pose::IDENTITY;
    let shape = match shape {
        RigidShape::HalfSpace => SharedShape::halfspace(Vector::Z),
        RigidShape::Sphere { radius } => SharedShape::ball(size(*radius)?),
        RigidShape::Cuboid { half } => SharedShape::cuboid(size(half[0])?, size(half[1])?, size(half[2])?),
        RigidShape::Capsule { radius, half_length } => {
            let end = Vector::new(0.0, 0.0, size(*half_length)?);
            SharedShape::capsule(-end, end, size(*radius)?)
        }
        RigidShape::Cylinder { radius, half_length } => {
            correction = y_to_z();
            SharedShape::cylinder(size(*half_length)?, size(*radius)?)
        }
        RigidShape::Hull { points } => {
            vertices(points)?;
            if points.len() > hull::POINTS {
                return Err(ShapeProblem::TooMany { what: "hull points", found: points.len(), limit: hull::POINTS });
            }
            let hull = convex_hull(points).ok_or(ShapeProblem::Flat)?;
            SharedShape::convex_mesh(vertices(&hull.vertices)?, &hull.triangles).ok_or(ShapeProblem::Flat)?
        }
        RigidShape::Mesh { vertices: points, triangles } => mesh(points, triangles)?,
        RigidShape::HeightField { rows, columns, heights, size: extent } => {
            correction = y_to_z();
            height_field(*rows, *columns, heights, *extent)?
        }
    };
    Ok(Built { shape, correction })
}

fn mesh(points: &[[f32; 3]], triangles: &[[u32; 3]]) -> Result<SharedShape, ShapeProblem> {
    for (what, found) in [("mesh vertices", points.len()), ("mesh triangles", triangles.len())] {
        if found > limits::MESH_ELEMENTS {
            return Err(ShapeProblem::TooMany { what, found, limit: limits::MESH_ELEMENTS });
        }
    }
    let vertices = vertices(points)?;
    let mut kept = Vec::with_capacity(triangles.len());
    for triangle in triangles {
        if let Some(&index) = triangle.iter().find(|i| **i as usize >= vertices.len()) {
            return Err(ShapeProblem::Index { found: index, vertices: vertices.len() });
        }
        // Slivers without a normal are common in modelled meshes and touch nothing: left out.
        let [a, b, c] = triangle.map(|i| vertices[i as usize]);
        if (b - a).cross(c - a).length_squared() > 0.0 {
            kept.push(*triangle);
        }
    }
    if kept.is_empty() {
        return Err(ShapeProblem::Empty);
    }
    // Without this a body sliding over two flush triangles trips on the edge between them.
    SharedShape::trimesh_with_flags(vertices, kept, TriMeshFlags::FIX_INTERNAL_EDGES).map_err(|_| ShapeProblem::Empty)
}

fn height_field(rows: u32, columns: u32, heights: &[f32], extent: [f32; 2]) -> Result<SharedShape, ShapeProblem> {
    let cells = u64::from(rows) * u64::from(columns);
    if rows < 2 || columns < 2 || cells != heights.len() as u64 {
        return Err(ShapeProblem::Grid { rows, columns, heights: heights.len() });
    }
    if heights.len() > limits::HEIGHTFIELD_CELLS {
        return Err(ShapeProblem::TooMany { what: "heights", found: heights.len(), limit: limits::HEIGHTFIELD_CELLS });
    }
    let (rows, columns) = (rows as usize, columns as usize);
    let mut grid = Array2::new(rows, columns, heights.to_vec());
    for row in 0..rows {
        for column in 0..columns {
            grid[(rows - 1 - row, column)] = coordinate(heights[row * columns + column])?;
        }
    }
    Ok(SharedShape::heightfield(grid, Vector::new(size(extent[0])?, 1.0, size(extent[1])?)))
}
