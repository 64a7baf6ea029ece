//! A model as read from a file, before compilation: what MJCF and URDF have in common.
//!
//! All numbers are f64 in SI units and radians; frames are resolved to quaternions; default classes are applied.
//! Bodies are in depth-first order, the world first, so a parent's index is smaller than its children's.

use hyperdust_kernel::blueprint::Integrator;

use super::mesh::PlacedMesh;
use super::vector::{Pose, Vec3};
use crate::Place;

/// A model to compile.
#[derive(Clone, Debug)]
pub(crate) struct ModelSpec {
    pub name: String,
    pub place: Place,
    pub inertia: InertiaSettings,
    pub options: OptionsSpec,
    /// `bodies[0]` is the world.
    pub bodies: Vec<BodySpec>,
    pub pairs: Vec<PairSpec>,
    /// Body indices whose geoms never touch.
    pub excludes: Vec<(usize, usize)>,
    pub actuators: Vec<ActuatorSpec>,
    pub keyframes: Vec<KeyframeSpec>,
}

/// MuJoCo's compiler settings that shape masses.
#[derive(Clone, Debug)]
pub(crate) struct InertiaSettings {
    /// `Some(true)`: geoms override `<inertial>`; `Some(false)`: geoms have no mass; `None`: only where `<inertial>` is absent.
    pub from_geoms: Option<bool>,
    /// Geoms of these groups count.
    pub groups: [i64; 2],
    pub bound_mass: f64,
    pub bound_inertia: f64,
    pub balance: bool,
    /// Masses are scaled to this sum; ≤ 0: not.
    pub total_mass: f64,
}

impl Default for InertiaSettings {
    fn default() -> Self {
        Self { from_geoms: None, groups: [0, 5], bound_mass: 0.0, bound_inertia: 0.0, balance: false, total_mass: -1.0 }
    }
}

/// Settings of the simulation.
#[derive(Clone, Debug)]
pub(crate) struct OptionsSpec {
    pub timestep: f64,
    pub gravity: Vec3,
    pub integrator: Integrator,
    pub iterations: u16,
    /// Contacts between a link and its parent link are left out.
    pub filter_parent: bool,
    pub contacts: bool,
    pub limits: bool,
    pub springs: bool,
    pub dampers: bool,
    pub clamp_controls: bool,
}

impl Default for OptionsSpec {
    fn default() -> Self {
        Self {
            timestep: 0.002,
            gravity: [0.0, 0.0, -9.81],
            integrator: Integrator::Euler,
            iterations: 100,
            filter_parent: true,
            contacts: true,
            limits: true,
            springs: true,
            dampers: true,
            clamp_controls: true,
        }
    }
}

/// A body.
#[derive(Clone, Debug)]
pub(crate) struct BodySpec {
    /// Empty if the author gave none.
    pub name: String,
    pub place: Place,
    /// The world is its own parent.
    pub parent: usize,
    /// In the parent's frame.
    pub pose: Pose,
    pub inertial: Option<InertialSpec>,
    pub joints: Vec<JointSpec>,
    pub geoms: Vec<GeomSpec>,
    /// MuJoCo's shortcut for bodies that only slide may be used.
    pub simple: bool,
}

/// An explicit mass.
#[derive(Clone, Debug)]
pub(crate) struct InertialSpec {
    pub mass: f64,
    /// Centre of mass and axes, in the body frame.
    pub pose: Pose,
    /// xx, yy, zz, xy, xz, yz about the centre, in the axes of `pose`.
    pub inertia: [f64; 6],
}

/// What a joint lets move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MotionSpec {
    Free,
    Slide,
    Hinge,
}

/// A joint.
#[derive(Clone, Debug)]
pub(crate) struct JointSpec {
    pub name: String,
    pub place: Place,
    pub motion: MotionSpec,
    pub anchor: Vec3,
    /// Unit.
    pub axis: Vec3,
    pub limited: bool,
    pub range: [f64; 2],
    pub margin: f64,
    pub stiffness: f64,
    pub spring_reference: f64,
    /// Time constant and damping ratio that replace stiffness and damping, where both are positive.
    pub spring_damper: [f64; 2],
    pub reference: f64,
    pub damping: f64,
    pub armature: f64,
    pub max_speed: f64,
    /// Bounds of the sum of actuator forces on the joint.
    pub force_range: Option<[f64; 2]>,
    pub solref: [f64; 2],
    pub solimp: [f64; 5],
}

/// A shape; sizes in metres.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ShapeSpec {
    Plane,
    HeightField,
    Sphere {
        radius: f64,
    },
    Capsule {
        radius: f64,
        half: f64,
    },
    Ellipsoid {
        radii: Vec3,
    },
    Cylinder {
        radius: f64,
        half: f64,
    },
    Box {
        half: Vec3,
    },
    /// Without points if they could not be read.
    Mesh {
        mesh: PlacedMesh,
    },
}

impl ShapeSpec {
    /// MuJoCo's `mjtGeom`, which orders the two geoms of a contact.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Plane => 0,
            Self::HeightField => 1,
            Self::Sphere { .. } => 2,
            Self::Capsule { .. } => 3,
            Self::Ellipsoid { .. } => 4,
            Self::Cylinder { .. } => 5,
            Self::Box { .. } => 6,
            Self::Mesh { .. } => 7,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        ["plane", "hfield", "sphere", "capsule", "ellipsoid", "cylinder", "box", "mesh"][usize::from(self.rank())]
    }

    /// Whether the solver knows its contacts.
    pub(crate) fn collides(&self) -> bool {
        matches!(self, Self::Plane | Self::Sphere { .. } | Self::Capsule { .. })
    }
}

/// A geom.
#[derive(Clone, Debug)]
pub(crate) struct GeomSpec {
    pub name: String,
    pub place: Place,
    pub shape: ShapeSpec,
    /// In the body frame.
    pub pose: Pose,
    /// Overrides `density`.
    pub mass: Option<f64>,
    pub density: f64,
    /// Mass on the surface instead of in the volume.
    pub shell: bool,
    pub group: i64,
    pub contype: u32,
    pub conaffinity: u32,
    pub dimension: u8,
    pub priority: i64,
    pub friction: Vec3,
    pub solmix: f64,
    pub solref: [f64; 2],
    pub solimp: [f64; 5],
    pub margin: f64,
    pub gap: f64,
    pub rgba: [f32; 4],
    pub checker: bool,
}

/// A pair of geoms that touch whatever their masks say, with its own parameters.
#[derive(Clone, Debug)]
pub(crate) struct PairSpec {
    /// (body, index in its geoms).
    pub geoms: [(usize, usize); 2],
    pub dimension: u8,
    pub friction: [f64; 2],
    pub solref: [f64; 2],
    pub solimp: [f64; 5],
    pub margin: f64,
    pub gap: f64,
}

/// An actuator on a joint.
#[derive(Clone, Debug)]
pub(crate) struct ActuatorSpec {
    pub name: String,
    pub place: Place,
    /// (body, index in its joints).
    pub joint: (usize, usize),
    pub gear: f64,
    pub gain: f64,
    pub bias: Vec3,
    /// `bias[2]` is a damping ratio, to be turned into a damping once the inertia is known.
    pub damping_ratio: bool,
    pub control_range: Option<[f64; 2]>,
    pub force_range: Option<[f64; 2]>,
}

/// A named state.
#[derive(Clone, Debug)]
pub(crate) struct KeyframeSpec {
    pub name: String,
    pub place: Place,
    /// Empty: the reference.
    pub qpos: Vec<f64>,
    /// Empty: at rest.
    pub qvel: Vec<f64>,
    /// Empty: zero.
    pub ctrl: Vec<f64>,
}

impl BodySpec {
    /// The body as messages call it.
    pub(crate) fn label(&self) -> String {
        if self.name.is_empty() { "body".into() } else { format!("body {}", self.name) }
    }
}

impl JointSpec {
    /// The joint as messages call it.
    pub(crate) fn label(&self) -> String {
        if self.name.is_empty() { "joint".into() } else { format!("joint {}", self.name) }
    }
}

impl GeomSpec {
    /// The geom as messages call it.
    pub(crate) fn label(&self) -> String {
        if self.name.is_empty() { "geom".into() } else { format!("geom {}", self.name) }
    }
}

impl ActuatorSpec {
    /// The actuator as messages call it.
    pub(crate) fn label(&self) -> String {
        if self.name.is_empty() { "actuator".into() } else { format!("actuator {}", self.name) }
    }
}
