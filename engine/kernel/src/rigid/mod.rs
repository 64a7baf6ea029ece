//! Free and fixed rigid bodies, by Rapier.
//!
//! **State.** A [`RigidWorld`] is the pose and velocity of each body and nothing else. Rapier itself
//! remembers more (warm-started impulses, contact features, islands, a bounding-volume tree), so at the
//! start of every environment step its sets are cloned from a template that was never stepped, the poses
//! and velocities are written in, and all physics steps of that environment step run on them. Snapshot →
//! restore, digests and handing a body to the robot solver are then equal by construction: there is no
//! second history to lose. The price is that a resting stack is solved from cold once per environment
//! step. Sleeping, contact recycling and continuous collision detection are off: each is memory too.
//!
//! **Frames and units.** SI, world frame right-handed with z up, quaternions w x y z. A body's linear
//! velocity is that of its frame's *origin*; Rapier's own is the centre of mass's, and is converted at both ends.
//!
//! **Contacts.** Coulomb friction, one cone for each face of contact; friction and restitution of a pair are the mean
//! of both colliders'. Two colliders touch if each is in a group that the other filters for. Colliders
//! of one body, and of two fixed bodies, never touch.
//!
//! **Equal bits.** `enhanced-determinism` fixes iteration orders and means to take elementary functions from `libm`; where it
//! misses one, `hyperdust-elementary` sees to it. What is left open between targets (docs/open-operations.md lists all):
//! - the sign of zero out of `f32::max`/`min` (Parry's tree, the twist friction in `wide`'s lanes): zeros are canonical in
//!   everything that goes in and everything that is read back;
//! - sign and payload of a NaN: a NaN or infinity is never read back; Rapier quarantines the body and
//!   [`RigidWorld::non_finite`] names it, which ends the episode.
//!
//! Subnormals, division, square roots, casts and fused operations were seen to agree between x86-64 and RV32IM.

use alloc::sync::Arc;

use rapier3d::math::Vector;
use rapier3d::prelude::{
    BroadPhaseBvh, CCDSolver, ImpulseJointSet, IslandManager, MultibodyJointSet, NarrowPhase, PhysicsPipeline,
    RigidBodySet, SoftBodySet,
};

use crate::blueprint::{Options, Rigid};
use crate::task::Cost;

mod error;
pub mod hull;
mod shape;
mod state;
mod template;

pub use error::{RigidError, ShapeProblem};
pub use template::check;

use state::{State, canonical, unit};
use template::{Template, pose};

/// A body farther out, m, or faster, m/s or rad/s, has left the simulation: see [`RigidWorld::non_finite`].
pub const BOUND: f32 = 1e6;

/// One world's rigid bodies. See the module documentation.
pub struct RigidWorld {
    template: Arc<Template>,
    initial: Arc<State>,
    state: State,
    /// Lowest body that Rapier quarantined in the last step.
    quarantined: Option<usize>,
}

impl Clone for RigidWorld {
    fn clone(&self) -> Self {
        Self {
            template: Arc::clone(&self.template),
            initial: Arc::clone(&self.initial),
            state: self.state.clone(),
            quarantined: self.quarantined,
        }
    }

    fn clone_from(&mut self, other: &Self) {
        self.template.clone_from(&other.template);
        self.initial.clone_from(&other.initial);
        self.state.clone_from(&other.state);
        self.quarantined = other.quarantined;
    }
}

impl RigidWorld {
    /// In its initial state. `rigid` has passed [`check`]; what has not gives a world without bodies.
    pub fn new(rigid: &Rigid, options: &Options) -> Self {
        let template = Template::new(rigid, options);
        let mut initial = State::default();
        // As many as the template has: none, if it was refused.
        for body in rigid.bodies.iter().take(template.handles.len()) {
            initial.positions.push(canonical(body.position));
            initial.orientations.push(unit(body.orientation));
            let moves = if body.fixed { 0.0 } else { 1.0 };
            initial.linear_velocities.push(canonical(body.linear_velocity.map(|v| v * moves)));
            initial.angular_velocities.push(canonical(body.angular_velocity.map(|v| v * moves)));
        }
        Self { template: Arc::new(template), state: initial.clone(), initial: Arc::new(initial), quarantined: None }
    }

    /// Back to the blueprint's poses and velocities.
    pub fn reset_state(&mut self) {
        self.state.clone_from(&self.initial);
        self.quarantined = None;
    }

    /// Number of bodies.
    pub fn len(&self) -> usize {
        self.state.positions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// World frame, m.
    pub fn positions(&self) -> &[[f32; 3]] {
        &self.state.positions
    }

    /// See [`Self::positions`].
    pub fn positions_mut(&mut self) -> &mut [[f32; 3]] {
        &mut self.state.positions
    }

    /// World frame, unit, w x y z.
    pub fn orientations(&self) -> &[[f32; 4]] {
        &self.state.orientations
    }

    /// See [`Self::orientations`]; call [`Self::normalize`] after writing.
    pub fn orientations_mut(&mut self) -> &mut [[f32; 4]] {
        &mut self.state.orientations
    }

    /// Of the frames' origins, world axes, m/s.
    pub fn linear_velocities(&self) -> &[[f32; 3]] {
        &self.state.linear_velocities
    }

    /// See [`Self::linear_velocities`]; a fixed body's is ignored.
    pub fn linear_velocities_mut(&mut self) -> &mut [[f32; 3]] {
        &mut self.state.linear_velocities
    }

    /// World axes, rad/s.
    pub fn angular_velocities(&self) -> &[[f32; 3]] {
        &self.state.angular_velocities
    }

    /// See [`Self::angular_velocities`]; a fixed body's is ignored.
    pub fn angular_velocities_mut(&mut self) -> &mut [[f32; 3]] {
        &mut self.state.angular_velocities
    }

    /// Makes written states canonical: unit quaternions (one without direction: the identity), +0 for −0.
    pub fn normalize(&mut self) {
        self.state.orientations.iter_mut().for_each(|q| *q = unit(*q));
        for values in [&mut self.state.positions, &mut self.state.linear_velocities, &mut self.state.angular_velocities]
        {
            values.iter_mut().for_each(|v| *v = canonical(*v));
        }
    }

    /// The first body whose state is not finite, lies beyond [`BOUND`], or that Rapier had to take out
    /// of the last step because something of it became NaN or infinite.
    pub fn non_finite(&self) -> Option<usize> {
        let usable = |values: &[f32]| values.iter().all(|x| x.abs() <= BOUND);
        let state = &self.state;
        let outside = (0..self.len()).find(|&i| {
            !(usable(&state.positions[i])
                && usable(&state.orientations[i])
                && usable(&state.linear_velocities[i])
                && usable(&state.angular_velocities[i]))
        });
        match (outside, self.quarantined) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// `frame_skip` physics steps. Does nothing if [`Self::non_finite`] names a body; stops early when
    /// one becomes so.
    pub fn step(&mut self, frame_skip: u16) -> Cost {
        self.step_while(frame_skip, |_| true)
    }

    /// As [`Self::step`], but stops after a physics step whose cost so far `go_on` refuses.
    pub fn step_while(&mut self, frame_skip: u16, go_on: impl Fn(Cost) -> bool) -> Cost {
        self.quarantined = None;
        let mut cost = Cost::default();
        if !self.template.moves.contains(&true) || self.non_finite().is_some() {
            return cost;
        }
        let template = Arc::clone(&self.template);
        let mut bodies = template.bodies.clone();
        let mut colliders = template.colliders.clone();
        self.write(&template, &mut bodies);
        let mut pipeline = PhysicsPipeline::new();
        let mut islands = IslandManager::new();
        let mut broad_phase = BroadPhaseBvh::new();
        let mut narrow_phase = NarrowPhase::new();
        let mut joints = ImpulseJointSet::new();
        let mut multibodies = MultibodyJointSet::new();
        let mut soft_bodies = SoftBodySet::new();
        let mut ccd = CCDSolver::new();
        for _ in 0..frame_skip {
            pipeline.step(
                template.gravity,
                &template.parameters,
                &mut islands,
                &mut broad_phase,
                &mut narrow_phase,
                &mut bodies,
                &mut colliders,
                &mut joints,
                &mut multibodies,
                &mut soft_bodies,
                &mut ccd,
                &(),
                &(),
            );
            count(&mut cost, &narrow_phase, &template);
            self.quarantined = first_quarantined(&pipeline, &template);
            if self.quarantined.is_some() || !go_on(cost) {
                break;
            }
        }
        self.read(&template, &bodies);
        cost
    }

    fn write(&self, template: &Template, bodies: &mut RigidBodySet) {
        for (i, handle) in template.handles.iter().enumerate() {
            let pose = pose(canonical(self.state.positions[i]), unit(self.state.orientations[i]));
            let body = &mut bodies[*handle];
            body.set_position(pose, false);
            if template.moves[i] {
                let spin = Vector::from_array(canonical(self.state.angular_velocities[i]));
                let velocity = Vector::from_array(canonical(self.state.linear_velocities[i]));
                body.set_linvel(velocity + spin.cross(pose.rotation * template.centers[i]), false);
                body.set_angvel(spin, false);
            }
        }
    }

    fn read(&mut self, template: &Template, bodies: &RigidBodySet) {
        for (i, handle) in template.handles.iter().enumerate().filter(|(i, _)| template.moves[*i]) {
            let body = &bodies[*handle];
            let (pose, spin) = (body.position(), body.angvel());
            let velocity = body.linvel() - spin.cross(pose.rotation * template.centers[i]);
            let q = pose.rotation;
            self.state.positions[i] = canonical(pose.translation.to_array());
            self.state.orientations[i] = unit([q.w, q.x, q.y, q.z]);
            self.state.linear_velocities[i] = canonical(velocity.to_array());
            self.state.angular_velocities[i] = canonical(spin.to_array());
        }
    }
}

// A contact point is one normal and two friction rows, visited once per iteration.
fn count(cost: &mut Cost, narrow_phase: &NarrowPhase, template: &Template) {
    let contacts: usize = narrow_phase
        .contact_pairs()
        .flat_map(|pair| pair.solver_manifolds())
        .map(|manifold| manifold.data.solver_contacts.len())
        .sum();
    let contacts = u32::try_from(contacts).unwrap_or(u32::MAX);
    let iterations = template.parameters.num_solver_iterations as u32;
    cost.contacts = cost.contacts.saturating_add(contacts);
    cost.rows = cost.rows.saturating_add(contacts.saturating_mul(3).saturating_mul(iterations));
}

fn first_quarantined(pipeline: &PhysicsPipeline, template: &Template) -> Option<usize> {
    let quarantine = pipeline.quarantine();
    let body = |handle| template.handles.iter().position(|h| h == handle);
    let owner = |handle| template.owners.iter().find(|(h, _)| h == handle).map(|(_, body)| *body);
    quarantine.bodies().iter().filter_map(body).chain(quarantine.colliders().iter().filter_map(owner)).min()
}

impl core::fmt::Debug for RigidWorld {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RigidWorld").field("state", &self.state).finish_non_exhaustive()
    }
}
