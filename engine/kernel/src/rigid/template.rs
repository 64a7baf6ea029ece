//! A world's pristine Rapier sets, and the checks that make building them safe.

use alloc::vec::Vec;
use rapier3d::math::{Pose, Real, Rotation, Vector};
use rapier3d::prelude::{
    ColliderBuilder, ColliderHandle, ColliderSet, FrictionModel, Group, IntegrationParameters, InteractionGroups,
    InteractionTestMode, RigidBodyBuilder, RigidBodyHandle, RigidBodySet,
};

use super::error::RigidError;
use super::shape::{self, LARGEST};
use super::state::{canonical, unit};
use crate::blueprint::{Collider, Options, Rigid, RigidBody, limits};

/// Largest speed a blueprint may start with, m/s and rad/s.
const FASTEST: f32 = 1e4;

/// Never stepped; every environment step clones it.
#[derive(Clone)]
pub(super) struct Template {
    pub bodies: RigidBodySet,
    pub colliders: ColliderSet,
    /// By index of the body.
    pub handles: Vec<RigidBodyHandle>,
    /// By index of the body: whether it moves.
    pub moves: Vec<bool>,
    /// Centre of mass in the body's frame.
    pub centers: Vec<Vector>,
    /// Body of each collider, for reports.
    pub owners: Vec<(ColliderHandle, usize)>,
    pub parameters: IntegrationParameters,
    pub gravity: Vector,
}

/// Whether every number and shape can be simulated. Bounded by the limits of
/// [`crate::blueprint::limits`] and [`super::hull::POINTS`]; never panics.
pub fn check(rigid: &Rigid) -> Result<(), RigidError> {
    sets(rigid).map(|_| ())
}

impl Template {
    /// What [`check`] refuses becomes an empty template.
    pub fn new(rigid: &Rigid, options: &Options) -> Self {
        let mut template = sets(rigid).unwrap_or_else(|_| Self::empty());
        template.parameters.dt = options.timestep;
        template.parameters.num_solver_iterations = usize::from(options.rigid_iterations).max(1);
        template.gravity = Vector::from_array(options.gravity);
        template
    }

    fn empty() -> Self {
        Self {
            bodies: RigidBodySet::new(),
            colliders: ColliderSet::new(),
            handles: Vec::new(),
            moves: Vec::new(),
            centers: Vec::new(),
            owners: Vec::new(),
            parameters: parameters(),
            gravity: Vector::ZERO,
        }
    }
}

// What differs from Rapier's defaults, and why.
fn parameters() -> IntegrationParameters {
    IntegrationParameters {
        // One friction cone and one twist row for each face of contact. Measured on an incline, a box
        // slides within 0.5 % of the closed form; with a cone at every point those of one face pull
        // against each other and a tenth of the friction is lost.
        friction_model: FrictionModel::Simplified,
        // These three keep a stack standing although every environment step starts cold: five boxes
        // creep 2 mm in 10 s at one physics step each, against 140 mm with Rapier's own values.
        friction_in_bias_pass: true,
        num_internal_pgs_iterations: 8,
        num_internal_stabilization_iterations: 2,
        // Contacts are found anew each step: accuracy before speed, and one memory less.
        contact_recycling: false,
        // No hidden clamp: a body that is too fast is reported, not slowed down.
        normalized_max_linear_velocity: Real::MAX,
        max_ccd_substeps: 0,
        ..IntegrationParameters::default()
    }
}

pub(super) fn pose(position: [f32; 3], orientation: [f32; 4]) -> Pose {
    let [w, x, y, z] = orientation;
    Pose::from_parts(Vector::from_array(position), Rotation::from_xyzw(x, y, z, w))
}

fn sets(rigid: &Rigid) -> Result<Template, RigidError> {
    for (what, found, limit) in [
        ("rigid bodies", rigid.bodies.len(), limits::RIGID_BODIES),
        ("colliders", rigid.colliders.len(), limits::COLLIDERS),
    ] {
        if found > limit {
            return Err(RigidError::TooMany { what, found, limit });
        }
    }
    let mut template = Template::empty();
    for (index, body) in rigid.bodies.iter().enumerate() {
        check_body(index, body)?;
        let builder = if body.fixed { RigidBodyBuilder::fixed() } else { RigidBodyBuilder::dynamic() };
        let handle = template.bodies.insert(
            builder
                .pose(pose(canonical(body.position), unit(body.orientation)))
                .linear_damping(body.linear_damping)
                .angular_damping(body.angular_damping)
                // A sleeping body's clock would be state beyond pose and velocity.
                .can_sleep(false),
        );
        template.handles.push(handle);
        template.moves.push(!body.fixed);
    }
    for (index, collider) in rigid.colliders.iter().enumerate() {
        add_collider(&mut template, rigid, index, collider)?;
    }
    for (index, handle) in template.handles.iter().enumerate() {
        let body = &mut template.bodies[*handle];
        body.recompute_mass_properties_from_colliders(&template.colliders);
        let properties = &body.mass_properties().local_mprops;
        let inverses = [
            properties.inv_mass,
            properties.inv_principal_inertia.x,
            properties.inv_principal_inertia.y,
            properties.inv_principal_inertia.z,
        ];
        template.centers.push(if template.moves[index] { properties.local_com } else { Vector::ZERO });
        if template.moves[index]
            && !(inverses.iter().all(|x| x.is_finite() && *x > 0.0) && properties.local_com.is_finite())
        {
            return Err(RigidError::Massless { body: index, mass: body.mass() });
        }
    }
    Ok(template)
}

fn add_collider(template: &mut Template, rigid: &Rigid, index: usize, collider: &Collider) -> Result<(), RigidError> {
    let owner = usize::from(collider.body);
    let Some(body) = rigid.bodies.get(owner) else {
        return Err(RigidError::Collider {
            collider: index,
            field: "body",
            found: f32::from(collider.body),
            accepted: "the index of a rigid body",
        });
    };
    if !body.fixed && shape::needs_fixed_body(&collider.shape) {
        return Err(RigidError::NeedsFixedBody { collider: index, body: owner });
    }
    check_collider(index, collider)?;
    let built = shape::build(&collider.shape).map_err(|problem| RigidError::Shape { collider: index, problem })?;
    let frame = pose(canonical(collider.position), unit(collider.orientation)) * built.correction;
    let groups = InteractionGroups::new(
        Group::from(collider.memberships),
        Group::from(collider.filter),
        InteractionTestMode::And,
    );
    let handle = template.colliders.insert_with_parent(
        ColliderBuilder::new(built.shape)
            .position(frame)
            // A fixed body needs no mass, and a mesh's or height field's would be dear or meaningless.
            .density(if body.fixed { 0.0 } else { collider.density })
            .friction(collider.friction)
            .restitution(collider.restitution)
            .collision_groups(groups),
        template.handles[owner],
        &mut template.bodies,
    );
    template.owners.push((handle, owner));
    Ok(())
}

// `found` unless all are within; a NaN never is.
fn outside(values: &[f32], low: f32, high: f32) -> Option<f32> {
    values.iter().copied().find(|x| !(*x >= low && *x <= high))
}

fn not_unit(orientation: &[f32; 4]) -> Option<f32> {
    let squared: f32 = orientation.iter().map(|x| x * x).sum();
    outside(&[squared], 0.98, 1.02)
}

fn check_body(body: usize, b: &RigidBody) -> Result<(), RigidError> {
    let fields: [(&'static str, Option<f32>, &'static str); 6] = [
        ("position", outside(&b.position, -LARGEST, LARGEST), "-100000 to 100000 m"),
        ("the orientation's squared length", not_unit(&b.orientation), "1 (a unit quaternion w x y z)"),
        ("linear velocity", outside(&b.linear_velocity, -FASTEST, FASTEST), "-10000 to 10000 m/s"),
        ("angular velocity", outside(&b.angular_velocity, -FASTEST, FASTEST), "-10000 to 10000 rad/s"),
        ("linear damping", outside(&[b.linear_damping], 0.0, 1e4), "0 to 10000 1/s"),
        ("angular damping", outside(&[b.angular_damping], 0.0, 1e4), "0 to 10000 1/s"),
    ];
    for (field, found, accepted) in fields {
        if let Some(found) = found {
            return Err(RigidError::Body { body, field, found, accepted });
        }
    }
    Ok(())
}

fn check_collider(collider: usize, c: &Collider) -> Result<(), RigidError> {
    let fields: [(&'static str, Option<f32>, &'static str); 5] = [
        ("position", outside(&c.position, -LARGEST, LARGEST), "-100000 to 100000 m"),
        ("the orientation's squared length", not_unit(&c.orientation), "1 (a unit quaternion w x y z)"),
        ("density", outside(&[c.density], 0.0, 1e6), "0 to 1000000 kg/m³"),
        ("friction", outside(&[c.friction], 0.0, 100.0), "0 to 100"),
        ("restitution", outside(&[c.restitution], 0.0, 1.0), "0 to 1"),
    ];
    for (field, found, accepted) in fields {
        if let Some(found) = found {
            return Err(RigidError::Collider { collider, field, found, accepted });
        }
    }
    Ok(())
}
