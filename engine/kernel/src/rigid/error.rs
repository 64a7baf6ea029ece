//! Why a set of rigid bodies is refused.

use thiserror::Error;

/// A set of rigid bodies that cannot be simulated. Bodies and colliders are named by their index.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RigidError {
    /// Over a limit.
    #[error("{found} {what}, at most {limit} are accepted")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many may be.
        limit: usize,
    },
    /// A number of a body is out of range.
    #[error("rigid body {body}: {field} is {found}, accepted is {accepted}")]
    Body {
        /// Index of the body.
        body: usize,
        /// Which number.
        field: &'static str,
        /// Its value.
        found: f32,
        /// What is accepted.
        accepted: &'static str,
    },
    /// A moving body that could not resist any push.
    #[error("rigid body {body}: it moves but its mass is {mass} kg; give it a collider with a density above 0")]
    Massless {
        /// Index of the body.
        body: usize,
        /// Sum over its colliders, kg.
        mass: f32,
    },
    /// A number of a collider is out of range.
    #[error("collider {collider}: {field} is {found}, accepted is {accepted}")]
    Collider {
        /// Index of the collider.
        collider: usize,
        /// Which number.
        field: &'static str,
        /// Its value.
        found: f32,
        /// What is accepted.
        accepted: &'static str,
    },
    /// A half-space, mesh or height field on a body that moves.
    #[error(
        "collider {collider}: half-spaces, meshes and height fields are accepted on fixed bodies only; body {body} moves (use a hull)"
    )]
    NeedsFixedBody {
        /// Index of the collider.
        collider: usize,
        /// Index of its body.
        body: usize,
    },
    /// A shape that cannot be built.
    #[error("collider {collider}: {problem}")]
    Shape {
        /// Index of the collider.
        collider: usize,
        /// Why.
        problem: ShapeProblem,
    },
}

/// Why a shape cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ShapeProblem {
    /// A radius, half size or extent.
    #[error("a size is {0} m, accepted is 0.0001 to 100000")]
    Size(f32),
    /// A coordinate or height.
    #[error("a coordinate is {0} m, accepted is -100000 to 100000")]
    Coordinate(f32),
    /// Over a limit.
    #[error("{found} {what}, at most {limit} are accepted")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many may be.
        limit: usize,
    },
    /// Points of a hull without volume.
    #[error("a hull needs at least four points that do not lie in one plane")]
    Flat,
    /// A mesh without a proper triangle.
    #[error("the mesh has no triangle with an area above 0")]
    Empty,
    /// A triangle's corner that does not exist.
    #[error("a triangle names vertex {found} of {vertices}")]
    Index {
        /// The index.
        found: u32,
        /// Number of vertices.
        vertices: usize,
    },
    /// A height field whose sizes do not match.
    #[error(
        "{heights} heights for {rows} rows of {columns}; accepted are at least two of each, and rows × columns heights"
    )]
    Grid {
        /// Along y.
        rows: u32,
        /// Along x.
        columns: u32,
        /// Number of heights.
        heights: usize,
    },
}
