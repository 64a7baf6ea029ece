//! The tree of links: bodies without joints fused into the body that carries them.
//!
//! A link's frame is the frame of its one body with joints. Link 0 is the world with everything fixed in it; it has
//! no mass. MuJoCo's "weld groups" are exactly these links.

use hyperdust_kernel::blueprint::limits;

use super::inertia::{MassSpec, body_mass, point_inertia, turn};
use super::spec::{ModelSpec, MotionSpec};
use super::vector::{Pose, add, matrix, scale, sub};
use crate::Error;

/// Smallest mass and moment of a moving link (MuJoCo's `mjMINVAL`).
const LIGHTEST: f64 = 1e-15;

/// A link.
#[derive(Clone, Debug)]
pub(crate) struct LinkTree {
    pub parent: usize,
    /// Its body with joints (0 for the world).
    pub body: usize,
    /// In the parent link's frame, at the reference configuration.
    pub pose: Pose,
    /// In the world, at the reference configuration.
    pub world: Pose,
    /// Index of its first joint and first dof.
    pub first_joint: usize,
    pub first_dof: usize,
    /// Fused, in the link frame.
    pub mass: MassSpec,
}

/// The model's bodies as links.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub links: Vec<LinkTree>,
    /// Link of each body.
    pub link_of: Vec<usize>,
    /// Pose of each body in its link.
    pub in_link: Vec<Pose>,
    /// Mass of each body, body frame, after scaling.
    pub masses: Vec<MassSpec>,
    /// Number of dofs.
    pub dofs: usize,
}

impl Tree {
    /// Fuses the bodies of a model.
    pub(crate) fn new(model: &ModelSpec) -> Result<Self, Error> {
        let count = model.bodies.len();
        let masses = masses(model)?;
        let root = LinkTree {
            parent: 0,
            body: 0,
            pose: Pose::IDENTITY,
            world: Pose::IDENTITY,
            first_joint: 0,
            first_dof: 0,
            mass: MassSpec::ZERO,
        };
        let mut tree =
            Self { links: vec![root], link_of: vec![0; count], in_link: vec![Pose::IDENTITY; count], masses, dofs: 0 };
        let mut joints = 0;
        for (index, body) in model.bodies.iter().enumerate().skip(1) {
            let parent = tree.link_of[body.parent];
            let pose = tree.in_link[body.parent].then(body.pose);
            if body.joints.is_empty() {
                tree.link_of[index] = parent;
                tree.in_link[index] = pose;
                continue;
            }
            let dofs = body_dofs(model, index)?;
            if tree.links.len() >= limits::LINKS {
                return Err(Error::value(
                    body.place.clone(),
                    body.label(),
                    "one more moving body",
                    format!("at most {} links", limits::LINKS),
                ));
            }
            tree.link_of[index] = tree.links.len();
            let world = tree.links[parent].world.then(pose);
            let (first_joint, first_dof) = (joints, tree.dofs);
            tree.links.push(LinkTree {
                parent,
                body: index,
                pose,
                world,
                first_joint,
                first_dof,
                mass: MassSpec::ZERO,
            });
            joints += body.joints.len();
            tree.dofs += dofs;
            if tree.dofs > limits::DOFS {
                return Err(Error::value(
                    body.place.clone(),
                    body.label(),
                    "one more joint",
                    format!("at most {} degrees of freedom", limits::DOFS),
                ));
            }
        }
        tree.fuse(model)?;
        Ok(tree)
    }

    fn fuse(&mut self, model: &ModelSpec) -> Result<(), Error> {
        for link in 1..self.links.len() {
            let parts: Vec<(f64, [f64; 3], [f64; 6])> = (1..model.bodies.len())
                .filter(|b| self.link_of[*b] == link)
                .map(|b| {
                    let (mass, pose) = (&self.masses[b], self.in_link[b]);
                    (mass.mass, pose.point(mass.center), turn(&matrix(pose.rotation), &mass.inertia))
                })
                .collect();
            let body = &model.bodies[self.links[link].body];
            let total: f64 = parts.iter().map(|p| p.0).sum();
            if total.is_nan() || total < LIGHTEST {
                return Err(Error::value(
                    body.place.clone(),
                    body.label(),
                    format!("a moving body of {total} kg"),
                    "a mass: a geom with size and density, or <inertial>",
                ));
            }
            let center = scale(parts.iter().fold([0.0; 3], |sum, p| add(sum, scale(p.1, p.0))), 1.0 / total);
            let mut inertia = [0.0; 6];
            for (mass, at, own) in &parts {
                let moved = point_inertia(*mass, sub(*at, center));
                inertia = std::array::from_fn(|k| inertia[k] + own[k] + moved[k]);
            }
            self.links[link].mass = MassSpec { mass: total, center, inertia, aligned: false };
        }
        Ok(())
    }

    /// Pose of a body in the world, at the reference configuration.
    pub(crate) fn world(&self, body: usize) -> Pose {
        self.links[self.link_of[body]].world.then(self.in_link[body])
    }
}

/// Masses of all bodies, scaled to the wanted total.
fn masses(model: &ModelSpec) -> Result<Vec<MassSpec>, Error> {
    let mut masses = vec![MassSpec::ZERO];
    for body in &model.bodies[1..] {
        masses.push(body_mass(body, &model.inertia)?);
    }
    if model.inertia.total_mass > 0.0 {
        let total: f64 = masses.iter().map(|m| m.mass).sum();
        let factor = (model.inertia.total_mass / total.max(LIGHTEST)).max(LIGHTEST);
        for mass in &mut masses {
            mass.mass *= factor;
            mass.inertia = mass.inertia.map(|i| i * factor);
        }
    }
    Ok(masses)
}

fn body_dofs(model: &ModelSpec, index: usize) -> Result<usize, Error> {
    let body = &model.bodies[index];
    let free = body.joints.iter().find(|j| j.motion == MotionSpec::Free);
    if let Some(joint) = free {
        if body.parent != 0 {
            return Err(Error::value(
                joint.place.clone(),
                joint.label(),
                format!("a free joint of {}, which is inside another body", body.label()),
                "free joints of bodies that are children of the world",
            ));
        }
        if body.joints.len() > 1 {
            return Err(Error::value(
                joint.place.clone(),
                joint.label(),
                format!("a free joint beside {} other joints", body.joints.len() - 1),
                "a free joint by itself",
            ));
        }
        return Ok(6);
    }
    if body.joints.len() > 6 {
        return Err(Error::value(
            body.place.clone(),
            body.label(),
            format!("{} joints", body.joints.len()),
            "at most 6 per body",
        ));
    }
    Ok(body.joints.len())
}
