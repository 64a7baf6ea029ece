//! Free and fixed rigid bodies, simulated by Rapier.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use super::{codec, limits};

/// A set of rigid bodies.
#[derive(Clone, Debug, Default, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Rigid {
    /// In sensor order, after the robot's.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::RIGID_BODIES }>")]
    pub bodies: Vec<RigidBody>,
    /// In insertion order.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::COLLIDERS }>")]
    pub colliders: Vec<Collider>,
}

/// A body.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct RigidBody {
    /// Never moves.
    pub fixed: bool,
    /// World frame, metres.
    pub position: [f32; 3],
    /// World frame, unit, w x y z.
    pub orientation: [f32; 4],
    /// m/s
    pub linear_velocity: [f32; 3],
    /// rad/s, world axes
    pub angular_velocity: [f32; 3],
    /// 1/s
    pub linear_damping: f32,
    /// 1/s
    pub angular_damping: f32,
}

/// Shape of a rigid body's collider; sizes in metres.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum RigidShape {
    /// Half-space below the frame's xy plane. Only on fixed bodies.
    HalfSpace,
    /// Ball.
    Sphere {
        /// Radius.
        radius: f32,
    },
    /// Box.
    Cuboid {
        /// Half sizes.
        half: [f32; 3],
    },
    /// Along the frame's z.
    Capsule {
        /// Radius.
        radius: f32,
        /// Half the segment.
        half_length: f32,
    },
    /// Along the frame's z.
    Cylinder {
        /// Radius.
        radius: f32,
        /// Half height.
        half_length: f32,
    },
    /// Convex hull of points.
    Hull {
        /// Points.
        #[borsh(deserialize_with = "codec::list::<_, _, { limits::MESH_ELEMENTS }>")]
        points: Vec<[f32; 3]>,
    },
    /// Triangles; fixed bodies only.
    Mesh {
        /// Vertices.
        #[borsh(deserialize_with = "codec::list::<_, _, { limits::MESH_ELEMENTS }>")]
        vertices: Vec<[f32; 3]>,
        /// Counter-clockwise.
        #[borsh(deserialize_with = "codec::list::<_, _, { limits::MESH_ELEMENTS }>")]
        triangles: Vec<[u32; 3]>,
    },
    /// Heights over a grid in the frame's xy plane; fixed bodies only.
    HeightField {
        /// Rows, along y.
        rows: u32,
        /// Columns, along x.
        columns: u32,
        /// Row-major, `rows * columns`, metres.
        #[borsh(deserialize_with = "codec::list::<_, _, { limits::HEIGHTFIELD_CELLS }>")]
        heights: Vec<f32>,
        /// Full extent along x and y.
        size: [f32; 2],
    },
}

/// A shape on a body.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Collider {
    /// Index of the body.
    pub body: u16,
    /// Shape.
    pub shape: RigidShape,
    /// Frame in the body's, metres.
    pub position: [f32; 3],
    /// Frame in the body's, unit, w x y z.
    pub orientation: [f32; 4],
    /// kg/m³
    pub density: f32,
    /// Coulomb coefficient.
    pub friction: f32,
    /// 0: none, 1: elastic.
    pub restitution: f32,
    /// Groups it is in.
    pub memberships: u32,
    /// Groups it touches.
    pub filter: u32,
}
