//! The tree of a robot, laid out for the solver.
//!
//! Every symmetric matrix over degrees of freedom that has the tree's sparsity (the mass matrix, its
//! factor, the Hessian with ground contacts) is stored by rows: row `k` holds the entries of dof `k`
//! with its ancestors by depth, itself last. The ancestors of an ancestor at depth `d` are the first
//! `d + 1` entries of that list, so every row update is a contiguous multiply–add.

use alloc::vec::Vec;

use crate::blueprint::{Actuator, Body, Geom, GeomShape, Integrator, Joint, JointKind, Link, Options, Pair, Robot};

/// Constants of one robot, shared by all its worlds.
#[derive(Clone, Debug)]
pub struct Topology {
    pub(super) nq: usize,
    pub(super) nv: usize,
    pub(super) timestep: f32,
    pub(super) gravity: [f32; 3],
    pub(super) integrator: Integrator,
    pub(super) iterations: u16,
    pub(super) links: Vec<LinkNode>,
    pub(super) joints: Vec<JointNode>,
    pub(super) bodies: Vec<Body>,
    pub(super) geoms: Vec<GeomNode>,
    pub(super) pairs: Vec<PairNode>,
    pub(super) actuators: Vec<Actuator>,
    pub(super) qpos0: Vec<f32>,
    /// First entry of each dof's row; `nv + 1` of them.
    pub(super) row: Vec<usize>,
    /// For each entry of each row: the ancestor dof.
    pub(super) ancestor: Vec<u16>,
    pub(super) armature: Vec<f32>,
    pub(super) damping: Vec<f32>,
    pub(super) has_damping: bool,
    /// Number of trees, the world (0) included.
    pub(super) trees: usize,
    /// Contact points that can exist at once.
    pub(super) contact_slots: usize,
    /// Joint-limit sides that can be active at once.
    pub(super) limit_slots: usize,
}

/// A link and where its degrees of freedom are.
#[derive(Clone, Debug)]
pub(super) struct LinkNode {
    pub link: Link,
    pub parent: usize,
    pub tree: usize,
    pub joints: (usize, usize),
    pub dofs: (usize, usize),
    /// Its only joint is free.
    pub free: bool,
    /// The root of its tree has a free joint, which takes the first six dofs of every row.
    pub free_root: Option<usize>,
    pub identity: bool,
}

/// A joint with its addresses.
#[derive(Clone, Debug)]
pub(super) struct JointNode {
    pub joint: Joint,
    pub q: usize,
    pub dof: usize,
    pub reference: f32,
    /// First of two limit slots, where limited.
    pub slot: usize,
}

/// A geom with its bounding radius.
#[derive(Clone, Debug)]
pub(super) struct GeomNode {
    pub geom: Geom,
    pub tree: usize,
    pub radius: f32,
    pub half_length: f32,
    pub bound: f32,
}

/// A pair with what does not change from step to step.
#[derive(Clone, Debug)]
pub(super) struct PairNode {
    pub pair: Pair,
    pub first: usize,
    pub second: usize,
    /// First contact slot.
    pub slot: usize,
    /// Force-bearing distance: margin − gap.
    pub reach: f32,
    pub impedance: Impedance,
    /// `diagApprox` of the constraint rows.
    pub diagonal: f32,
}

/// MuJoCo's solref and solimp, prepared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Impedance {
    pub stiffness: f32,
    pub damping: f32,
    pub low: f32,
    pub high: f32,
    pub inverse_width: f32,
    pub midpoint: f32,
    pub power: f32,
    /// Width is zero or both ends are equal: the impedance is constant.
    pub constant: bool,
}

impl Impedance {
    /// By the formulas of MuJoCo's documentation, "Solver parameters", with `refsafe`.
    fn new(solref: [f32; 2], solimp: [f32; 5], timestep: f32) -> Self {
        let low = crate::math::scalar::clamp(solimp[0], 1e-4, 0.9999);
        let high = crate::math::scalar::clamp(solimp[1], 1e-4, 0.9999);
        let (stiffness, damping) = if solref[0] > 0.0 {
            let time = crate::math::scalar::max(solref[0], 2.0 * timestep);
            let ratio = crate::math::scalar::max(solref[1], 1e-6);
            (1.0 / (high * high * time * time * ratio * ratio), 2.0 / (high * time))
        } else {
            (-solref[0] / (high * high), -solref[1] / high)
        };
        let width = crate::math::scalar::max(solimp[2], 0.0);
        let constant = low == high || width <= 1e-15;
        Self {
            stiffness,
            damping,
            low: if constant { 0.5 * (low + high) } else { low },
            high,
            inverse_width: if constant { 0.0 } else { 1.0 / width },
            midpoint: crate::math::scalar::clamp(solimp[3], 1e-4, 0.9999),
            power: crate::math::scalar::max(solimp[4], 1.0),
            constant,
        }
    }
}

impl Topology {
    /// Lays out a valid robot (see [`crate::blueprint`]).
    pub fn new(robot: &Robot, options: &Options) -> Self {
        let mut t = Self {
            nq: robot.nq(),
            nv: robot.nv(),
            timestep: options.timestep,
            gravity: options.gravity,
            integrator: options.integrator,
            iterations: options.iterations,
            links: Vec::new(),
            joints: Vec::new(),
            bodies: robot.bodies.clone(),
            geoms: Vec::new(),
            pairs: Vec::new(),
            actuators: robot.actuators.clone(),
            qpos0: robot.qpos0.clone(),
            row: alloc::vec![0],
            ancestor: Vec::new(),
            armature: Vec::new(),
            damping: Vec::new(),
            has_damping: false,
            trees: 1,
            contact_slots: 0,
            limit_slots: 0,
        };
        t.add_links(robot);
        t.has_damping = t.damping.iter().any(|&d| d > 0.0);
        t.add_geoms(robot);
        t.add_pairs(robot);
        t
    }

    fn add_links(&mut self, robot: &Robot) {
        let (mut next_joint, mut q) = (0, 0);
        for (index, link) in robot.links.iter().enumerate() {
            let parent = usize::from(link.parent);
            let joints = (next_joint, next_joint + usize::from(link.joints));
            next_joint = joints.1;
            let first_dof = self.armature.len();
            for joint in &robot.joints[joints.0..joints.1] {
                let dof = self.armature.len();
                for _ in 0..joint.kind.nv() {
                    self.add_dof(self.link_above(index, parent, first_dof));
                    self.armature.push(joint.armature);
                    self.damping.push(joint.damping);
                }
                let slot = self.limit_slots;
                if joint.limited {
                    self.limit_slots += 2;
                }
                self.joints.push(JointNode { joint: joint.clone(), q, dof, reference: robot.qpos0[q], slot });
                q += joint.kind.nq();
            }
            let free = joints.1 > joints.0 && robot.joints[joints.0].kind == JointKind::Free;
            let tree = if index == 0 {
                0
            } else if parent == 0 {
                self.trees += 1;
                self.trees - 1
            } else {
                self.links[parent].tree
            };
            let free_root = if free {
                Some(index)
            } else if index == 0 || parent == 0 {
                None
            } else {
                self.links[parent].free_root
            };
            let identity = link.rotation == [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
            let dofs = (first_dof, self.armature.len());
            self.links.push(LinkNode { link: link.clone(), parent, tree, joints, dofs, free, free_root, identity });
        }
    }

    /// The dof just above a new one: the previous of the same link, or the last of the parent's.
    fn link_above(&self, index: usize, parent: usize, first_dof: usize) -> Option<usize> {
        let next = self.armature.len();
        if next > first_dof {
            Some(next - 1)
        } else if index == 0 || parent == 0 {
            None
        } else {
            Some(self.links[parent].dofs.1 - 1)
        }
    }

    fn add_dof(&mut self, above: Option<usize>) {
        let dof = self.row.len() - 1;
        if let Some(above) = above {
            self.ancestor.extend_from_within(self.row[above]..self.row[above + 1]);
        }
        self.ancestor.push(dof as u16);
        self.row.push(self.ancestor.len());
    }

    fn add_geoms(&mut self, robot: &Robot) {
        for geom in &robot.geoms {
            let (radius, half_length) = match geom.shape {
                GeomShape::Plane => (0.0, 0.0),
                GeomShape::Sphere { radius } => (radius, 0.0),
                GeomShape::Capsule { radius, half_length } => (radius, half_length),
            };
            let tree = self.links[usize::from(geom.link)].tree;
            self.geoms.push(GeomNode { geom: geom.clone(), tree, radius, half_length, bound: radius + half_length });
        }
    }

    fn add_pairs(&mut self, robot: &Robot) {
        for pair in &robot.pairs {
            let (first, second) = (usize::from(pair.first), usize::from(pair.second));
            let capsules = [first, second].iter().filter(|&&g| self.geoms[g].half_length > 0.0).count();
            let plane = robot.geoms[first].shape == GeomShape::Plane;
            let slots = if plane {
                1 + capsules
            } else if capsules == 2 {
                2
            } else {
                1
            };
            let slot = self.contact_slots;
            self.contact_slots += slots;
            let mu = pair.friction[0];
            // MuJoCo's pyramid: every edge gets 2μ² times the first edge's regularisation.
            let diagonal =
                if pair.dimension == 1 { pair.inverse_weight } else { pair.inverse_weight * (1.0 + mu * mu) };
            let impedance = Impedance::new(pair.solref, pair.solimp, self.timestep);
            let reach = pair.margin - pair.gap;
            self.pairs.push(PairNode { pair: pair.clone(), first, second, slot, reach, impedance, diagonal });
        }
    }

    /// Entries of dof `k`'s row.
    #[inline(always)]
    pub(super) fn ancestors(&self, k: usize) -> &[u16] {
        &self.ancestor[self.row[k]..self.row[k + 1]]
    }

    /// The last dof that moves a link, or `None` for links fixed in the world.
    #[inline(always)]
    pub(super) fn last_dof(&self, link: usize) -> Option<usize> {
        self.links[link].dofs.1.checked_sub(1).filter(|_| link != 0)
    }

    /// Impedance of a joint's limit.
    pub(super) fn limit_impedance(&self, joint: &JointNode) -> Impedance {
        Impedance::new(joint.joint.solref, joint.joint.solimp, self.timestep)
    }
}
