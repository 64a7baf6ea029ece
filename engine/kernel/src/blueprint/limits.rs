//! What a blueprint may at most hold. Decoding refuses more, before it allocates for it.

/// Bytes of a blueprint's canonical encoding.
pub const BYTES: usize = 16 << 20;
/// Links of a robot (fused bodies), the world's own included.
pub const LINKS: usize = 256;
/// Degrees of freedom of a robot, and joints.
pub const DOFS: usize = 512;
/// Numbers in a robot's `qpos`.
pub const COORDINATES: usize = 640;
/// Bodies of a robot as written by its author.
pub const BODIES: usize = 1024;
/// Collision shapes of a robot.
pub const GEOMS: usize = 1024;
/// Pairs of a robot's shapes that may touch.
pub const PAIRS: usize = 16 * 1024;
/// Actuators of a robot.
pub const ACTUATORS: usize = 512;
/// Rigid bodies.
pub const RIGID_BODIES: usize = 4096;
/// Colliders of rigid bodies.
pub const COLLIDERS: usize = 8192;
/// Cells of one height field.
pub const HEIGHTFIELD_CELLS: usize = 1 << 20;
/// Vertices, and triangles, of one mesh.
pub const MESH_ELEMENTS: usize = 1 << 18;
/// Terms of each kind in a task.
pub const TERMS: usize = 256;
/// Operations of one program.
pub const PROGRAM_OPS: usize = 512;
/// Operands on a program's stack.
pub const PROGRAM_STACK: usize = 32;
/// Numbers in all observations together.
pub const OBSERVATION_ELEMENTS: usize = 1 << 16;
/// Numbers in all actions together.
pub const ACTION_ELEMENTS: usize = 1 << 12;
/// Choices of a discrete action.
pub const CHOICES: usize = 4096;
/// Bytes of a name.
pub const NAME: usize = 64;
/// Physics steps per environment step.
pub const FRAME_SKIP: u16 = 1000;
/// Bytes of a task's part of the encoding: its operations take more room in memory than in bytes.
pub const TASK_BYTES: usize = 1 << 20;
/// Numbers that all programs of a task together read in a step.
pub const PROGRAM_READS: usize = 1 << 20;
/// Numbers in all choices of a discrete action together.
pub const CHOICE_CONTROLS: usize = 1 << 16;
/// Dimensions of an observation's shape.
pub const DIMENSIONS: usize = 8;
/// Seconds of a physics step.
pub const TIMESTEP: f32 = 1.0;
/// Newton iterations of a robot's constraint solve, and Rapier's solver iterations.
pub const ITERATIONS: u16 = 1000;
/// Magnitude of any number with a physical unit: far beyond use, far within f32.
pub const MAGNITUDE: f32 = 1e9;
/// Arithmetic operations that a robot's solver may at worst need in an environment step: minutes.
pub const ROBOT_WORK: u64 = 1 << 37;
/// Moving rigid bodies times colliders: what Rapier may at worst keep contacts for.
pub const RIGID_PAIRS: u64 = 1 << 20;
/// Those times physics steps times solver iterations.
pub const RIGID_WORK: u64 = 1 << 28;
