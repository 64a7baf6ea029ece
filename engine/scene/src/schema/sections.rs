//! The plain sections of `scene.toml`.

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;

use super::literal::{
    Count, Default as DefaultValue, Flag, Formula, Name, Number, NumberOrNumbers, Numbers, Raw, Text,
};

/// A HyperDust scene.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sections {
    /// Version of this format: 1.
    #[expect(dead_code, reason = "checked before the sections are read")]
    pub format: i64,
    /// Who and what.
    pub scene: SceneSection,
    /// How long.
    #[serde(default)]
    pub episode: EpisodeSection,
    /// Articulated bodies.
    pub robot: Option<RobotSection>,
    /// Settings of the solvers; what is left out comes from the robot file.
    #[serde(default)]
    pub physics: PhysicsSection,
    /// What a user may change, by name; used as `"$name"`.
    #[serde(default)]
    pub parameters: BTreeMap<String, ParameterSection>,
    /// Named expressions.
    #[serde(default)]
    pub quantities: BTreeMap<String, Formula>,
    /// Rigid bodies.
    #[serde(default)]
    pub body: Vec<BodySection>,
    /// Further numbers for `info`.
    #[serde(default)]
    pub info: Vec<InfoSection>,
    /// Caps of cost per environment step; passing one truncates the episode.
    #[serde(default)]
    pub budget: BudgetSection,
    /// Where pictures are taken from.
    #[serde(default)]
    pub camera: CameraSection,
}

/// Who and what; part of the package, not of the blueprint.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SceneSection {
    /// Lower-case identifier.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// SPDX expression.
    #[serde(default)]
    pub license: String,
    /// Who made it.
    #[serde(default)]
    pub author: String,
    /// What can be proved about a run of it.
    #[serde(default)]
    pub tier: TierSection,
}

/// What can be proved about a run.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TierSection {
    /// Only data: every step can be proved.
    #[default]
    Provable,
}

/// How long an episode is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EpisodeSection {
    /// Environment steps after which it is truncated; 0 (the default): never.
    pub max_episode_steps: Option<Count>,
    /// Return at which the task counts as solved.
    pub reward_threshold: Option<Number>,
}

/// Articulated bodies.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RobotSection {
    /// MJCF (`.xml`) or URDF (`.urdf`), relative to the package.
    pub file: Text,
    /// Named state of the file in which episodes begin; default: the reference configuration.
    pub keyframe: Option<Text>,
    /// Changes to joints, by name.
    #[serde(default)]
    pub joints: BTreeMap<String, JointSection>,
}

/// What robot files cannot say about a joint.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JointSection {
    /// Speeds are clamped to it after each physics step, m/s or rad/s; 0: not.
    pub max_speed: Option<Number>,
}

/// Settings of the solvers.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhysicsSection {
    /// Seconds per physics step.
    pub timestep: Option<Number>,
    /// Physics steps per environment step; 1.
    pub frame_skip: Option<Count>,
    /// "euler", "explicit_euler" or "rk4".
    pub integrator: Option<Text>,
    /// m/s², three numbers.
    pub gravity: Option<Numbers>,
    /// Upper bound of Newton iterations of the robot's constraint solver.
    pub iterations: Option<Count>,
    /// Solver iterations of rigid bodies.
    pub rigid_iterations: Option<Count>,
}

/// A number, yes or no, text or list that a user may change.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParameterSection {
    /// Value, and kind, where the user says nothing.
    pub default: DefaultValue,
    /// What it does, and its unit.
    #[serde(default)]
    pub doc: String,
    /// Smallest accepted number.
    pub min: Option<f64>,
    /// Largest accepted number.
    pub max: Option<f64>,
    /// Accepted texts.
    pub choices: Option<Vec<String>>,
}

/// `[[observation]]`: one segment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupSection {
    /// Key of the observation where there are several groups; "observation".
    pub name: Option<String>,
    /// Element type; f32.
    #[serde(default)]
    pub dtype: DtypeSection,
    /// Shape; one axis by default.
    pub shape: Option<Vec<u32>>,
}

/// Element type of an observation.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DtypeSection {
    /// 32-bit float.
    #[default]
    F32,
    /// 64-bit float (computed in 32).
    F64,
    /// 32-bit integer.
    I32,
    /// Byte.
    U8,
    /// One byte, 0 or 1.
    Bool,
}

/// A number reported in `info`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InfoSection {
    /// Key.
    pub name: String,
    /// Value.
    pub value: Formula,
    /// For people.
    #[serde(default)]
    pub unit: String,
    /// Left out where false.
    pub enabled: Option<Flag>,
}

/// Caps per environment step; 0: none.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BudgetSection {
    /// Contact points, summed over physics steps.
    pub contacts: Option<Count>,
    /// Constraint rows times solver iterations, summed.
    pub rows: Option<Count>,
    /// Ray casts.
    pub rays: Option<Count>,
}

/// Where pictures are taken from; angles in degrees, as MuJoCo's free camera.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CameraSection {
    /// Body that is followed; none: the camera is fixed.
    pub body: Option<Name>,
    /// Point looked at, metres, world axes, from the followed body.
    pub target: Option<Numbers>,
    /// Metres.
    pub distance: Option<Number>,
    /// Degrees about z; 90 looks along +y.
    pub azimuth: Option<Number>,
    /// Degrees; negative looks down.
    pub elevation: Option<Number>,
    /// Degrees.
    pub vertical_fov: Option<Number>,
}

/// A rigid body.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodySection {
    /// Name in expressions.
    pub name: Text,
    /// Never moves.
    pub fixed: Option<Flag>,
    /// Metres, world frame.
    pub position: Option<Numbers>,
    /// Quaternion w, x, y, z; normalised.
    pub orientation: Option<Numbers>,
    /// m/s.
    pub linear_velocity: Option<Numbers>,
    /// rad/s, world axes.
    pub angular_velocity: Option<Numbers>,
    /// 1/s.
    pub linear_damping: Option<Number>,
    /// 1/s.
    pub angular_damping: Option<Number>,
    /// Shapes.
    #[serde(default)]
    pub collider: Vec<ColliderSection>,
}

/// A shape on a rigid body.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColliderSection {
    /// Shape.
    pub shape: ShapeSection,
    /// Metres; sphere, capsule, cylinder.
    pub radius: Option<Number>,
    /// Metres, along z; capsule (of the segment between the caps' centres), cylinder.
    pub half_length: Option<Number>,
    /// Metres, three numbers; box.
    pub half_size: Option<Numbers>,
    /// glTF (`.glb`, `.gltf`), relative to the package; hull, mesh.
    pub file: Option<Text>,
    /// Factor on the file's or the points' coordinates.
    pub scale: Option<NumberOrNumbers>,
    /// Points, metres; hull.
    pub points: Option<Vec<[f64; 3]>>,
    /// Along y; heightfield.
    pub rows: Option<Count>,
    /// Along x; heightfield.
    pub columns: Option<Count>,
    /// Metres along x and y; heightfield.
    pub size: Option<Numbers>,
    /// Metres, row-major; heightfield.
    pub heights: Option<Numbers>,
    /// Sines along x and y instead of `heights`.
    pub waves: Option<WavesSection>,
    /// Stairs along x instead of `heights`.
    pub steps: Option<StepsSection>,
    /// Metres, in the body's frame.
    pub position: Option<Numbers>,
    /// Quaternion w, x, y, z, in the body's frame; normalised.
    pub orientation: Option<Numbers>,
    /// kg/m³; 1000.
    pub density: Option<Number>,
    /// Coulomb coefficient; 0.5.
    pub friction: Option<Number>,
    /// 0 (none, the default) to 1 (elastic).
    pub restitution: Option<Number>,
    /// Bits of the collision groups that it is in; all.
    pub memberships: Option<u32>,
    /// Bits of the collision groups that it touches; all.
    pub filter: Option<u32>,
    /// Colour and opacity, 0 to 1.
    pub rgba: Option<Numbers>,
    /// Drawn as a chequered floor.
    pub checker: Option<bool>,
}

/// Shape of a collider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ShapeSection {
    /// Half-space below the frame's xy plane; fixed bodies only.
    Plane,
    /// Ball.
    Sphere,
    /// Box.
    Box,
    /// Along z.
    Capsule,
    /// Along z.
    Cylinder,
    /// Convex hull of points or of a file's vertices.
    Hull,
    /// A file's triangles; fixed bodies only.
    Mesh,
    /// Heights over a grid; fixed bodies only.
    Heightfield,
}

/// `height · sin(2π x / length) · sin(2π y / length)`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WavesSection {
    /// Metres.
    pub height: Number,
    /// Metres.
    pub length: Number,
}

/// `height · ⌊x / length⌋` from the field's lower edge.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepsSection {
    /// Metres.
    pub height: Number,
    /// Metres.
    pub length: Number,
}

impl BodySection {
    /// Name as written.
    pub fn name(&self) -> &str {
        if let Raw::Text(name) = &self.name.0.raw { name } else { "" }
    }

    /// Where it is in the file.
    pub fn span(&self) -> Range<usize> {
        self.name.0.span.clone()
    }
}
