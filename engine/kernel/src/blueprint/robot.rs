//! Articulated bodies, in MuJoCo's model of joints, actuators and soft contacts.
//!
//! Bodies without joints are fused into the link that carries them; [`Robot::bodies`] keeps them as the
//! author wrote them, for sensors. Link 0 is the world; a link's parent precedes it. `qpos` and `qvel`
//! addresses follow from joint order: a free joint takes 7 and 6, a hinge or slide 1 and 1.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use super::{codec, limits};

/// A forest of links.
#[derive(Clone, Debug, Default, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Robot {
    /// `links[0]` is the world and has no joints and no mass.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::LINKS }>")]
    pub links: Vec<Link>,
    /// In link order; each link's are contiguous and at least one (link 0 has none).
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::DOFS }>")]
    pub joints: Vec<Joint>,
    /// As authored, without the world, in MJCF order (depth first).
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::BODIES }>")]
    pub bodies: Vec<Body>,
    /// Collision shapes, world's included.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::GEOMS }>")]
    pub geoms: Vec<Geom>,
    /// Which shapes may touch, with their merged contact parameters, in MuJoCo's order.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::PAIRS }>")]
    pub pairs: Vec<Pair>,
    /// Inputs, in control order.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::ACTUATORS }>")]
    pub actuators: Vec<Actuator>,
    /// Reference configuration (SI units; quaternions w, x, y, z), length `nq`.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::COORDINATES }>")]
    pub qpos0: Vec<f32>,
}

/// A moving rigid part.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Link {
    /// Index of the parent link, smaller than this link's own.
    pub parent: u16,
    /// Number of joints, consecutive in [`Robot::joints`].
    pub joints: u16,
    /// Position of the link frame in the parent's, metres, at `qpos0`.
    pub position: [f32; 3],
    /// Rotation of the link frame in the parent's, row-major, at `qpos0`.
    pub rotation: [f32; 9],
    /// kg
    pub mass: f32,
    /// Centre of mass in the link frame, metres.
    pub center: [f32; 3],
    /// Inertia about the centre of mass, link axes: xx, yy, zz, xy, xz, yz (kg m²).
    pub inertia: [f32; 6],
}

/// A joint's motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum JointKind {
    /// Position (world axes) and unit quaternion; velocity linear (world) then angular (body). Only joint of a child of the world.
    Free,
    /// Translation along `axis`, metres.
    Slide,
    /// Rotation about `axis` through `anchor`, radians.
    Hinge,
}

/// A joint between a link and its parent.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Joint {
    /// Motion.
    pub kind: JointKind,
    /// Unit axis in the link frame (ignored for `Free`).
    pub axis: [f32; 3],
    /// A point on the axis, link frame, metres.
    pub anchor: [f32; 3],
    /// Whether `range` is enforced.
    pub limited: bool,
    /// Lower and upper bound, metres or radians.
    pub range: [f32; 2],
    /// Distance to the bound at which its constraint appears.
    pub margin: f32,
    /// Spring constant towards `spring_reference`, N/m or N m/rad.
    pub stiffness: f32,
    /// Where the spring is at rest.
    pub spring_reference: f32,
    /// Viscous damping, N s/m or N m s/rad, of each of the joint's dofs.
    pub damping: f32,
    /// Added to the diagonal of the mass matrix, kg or kg m².
    pub armature: f32,
    /// Largest speed; the velocity is clamped to it after each step. 0: none. (Not in MuJoCo; Gymnasium's Pendulum has it.)
    pub max_speed: f32,
    /// MuJoCo's `solreflimit` (time constant s, damping ratio; or negative: -stiffness, -damping).
    pub solref: [f32; 2],
    /// MuJoCo's `solimplimit` (dmin, dmax, width, midpoint, power).
    pub solimp: [f32; 5],
    /// MuJoCo's `dof_invweight0`.
    pub inverse_weight: f32,
}

/// A body as its author wrote it: for sensors.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Body {
    /// The link it was fused into (0: fixed in the world).
    pub link: u16,
    /// Frame of the body in the link's.
    pub position: [f32; 3],
    /// Row-major rotation of the body frame in the link's.
    pub rotation: [f32; 9],
    /// kg
    pub mass: f32,
    /// Centre of mass in the *link* frame.
    pub center: [f32; 3],
    /// Inertia about that centre, *link* axes: xx, yy, zz, xy, xz, yz.
    pub inertia: [f32; 6],
}

/// Shape of a robot's geom; sizes in metres.
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum GeomShape {
    /// Infinite plane, normal = the frame's z. Only on link 0.
    Plane,
    /// Ball.
    Sphere {
        /// Radius.
        radius: f32,
    },
    /// Segment along the frame's z, from `-half_length` to `half_length`, thickened by `radius`.
    Capsule {
        /// Radius.
        radius: f32,
        /// Half the distance between the centres of the end caps.
        half_length: f32,
    },
}

/// A collision shape.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Geom {
    /// Its link.
    pub link: u16,
    /// Its authored body, in sensor numbering (0: world, `i + 1`: `bodies[i]`).
    pub body: u16,
    /// Shape.
    pub shape: GeomShape,
    /// Frame in the link's.
    pub position: [f32; 3],
    /// Row-major rotation in the link's frame.
    pub rotation: [f32; 9],
}

/// Two shapes that may touch, with contact parameters merged by MuJoCo's rules.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Pair {
    /// Index of the first geom. MuJoCo's order: the smaller shape type first (plane < sphere < capsule), then the smaller id.
    pub first: u16,
    /// Index of the second geom. The contact normal points from first to second.
    pub second: u16,
    /// 1: frictionless, 3: sliding friction.
    pub dimension: u8,
    /// Sliding friction coefficients along the two tangents.
    pub friction: [f32; 2],
    /// Distance below which a contact exists, metres.
    pub margin: f32,
    /// Contacts between `margin - gap` and `margin` exert no force.
    pub gap: f32,
    /// MuJoCo's `solref`.
    pub solref: [f32; 2],
    /// MuJoCo's `solimp`.
    pub solimp: [f32; 5],
    /// Sum of both bodies' translational `body_invweight0`.
    pub inverse_weight: f32,
}

/// An input that pushes one joint: `force = gain·ctrl + bias0 + bias1·(gear·q) + bias2·(gear·q̇)`,
/// clamped to `force_range`, times `gear` on the joint's axis. A motor has gain 1 and no bias; a position
/// servo gain kp, bias1 −kp; a velocity servo gain kv, bias2 −kv.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Actuator {
    /// Index into [`Robot::joints`]; hinge or slide.
    pub joint: u16,
    /// Transmission ratio.
    pub gear: f32,
    /// Force per unit of control.
    pub gain: f32,
    /// Constant, position and velocity coefficients.
    pub bias: [f32; 3],
    /// Controls are clamped to it.
    pub control_range: Option<[f32; 2]>,
    /// Forces are clamped to it.
    pub force_range: Option<[f32; 2]>,
}

impl Robot {
    /// Length of `qpos`.
    pub fn nq(&self) -> usize {
        self.joints.iter().map(|j| j.kind.nq()).sum()
    }

    /// Length of `qvel`.
    pub fn nv(&self) -> usize {
        self.joints.iter().map(|j| j.kind.nv()).sum()
    }
}

impl JointKind {
    /// Coordinates in `qpos`.
    pub fn nq(self) -> usize {
        if self == Self::Free { 7 } else { 1 }
    }

    /// Degrees of freedom.
    pub fn nv(self) -> usize {
        if self == Self::Free { 6 } else { 1 }
    }
}
