//! Constraint rows: contacts and joint limits in MuJoCo's soft model.
//!
//! Each row has a reference acceleration and a weight (the inverse of its regularisation); a row acts
//! only where its residual `J a − reference` is negative. A contact with friction is a pyramid of four
//! rows `n ± μ₁t₁`, `n ± μ₂t₂`. Jacobians of contacts with the world are kept along the tree (they do
//! not fill in the Hessian); those between two moving links are dense.

use alloc::{vec, vec::Vec};

use super::{
    collision::{Collision, Point},
    kinematics::Kinematics,
    topology::{Impedance, Topology},
};
use crate::math::{Mask, Real, Vec3};

/// How a contact's Jacobian is stored: three rows (normal, two tangents; one row if frictionless).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Over the ancestors of this dof.
    Chain(usize),
    /// Over all dofs.
    Dense,
}

/// A contact in the solver.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contact<T: Real> {
    pub point: Point<T>,
    pub reach: Reach,
    /// First entry of its Jacobian.
    pub jacobian: usize,
    /// Entries per Jacobian row.
    pub width: usize,
    /// First of its rows.
    pub row: usize,
    /// 1 or 4.
    pub rows: usize,
    pub friction: [f32; 2],
    /// Normal and tangential force after the solve, N, on the second geom.
    pub force: [T; 3],
}

/// One side of a joint's range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub dof: usize,
    /// +1 at the lower bound, −1 at the upper.
    pub sign: f32,
    pub slot: usize,
    pub row: usize,
}

/// All rows of a step.
#[derive(Clone, Debug)]
pub(super) struct Constraints<T: Real> {
    pub contacts: Vec<Contact<T>>,
    pub limits: Vec<Limit>,
    pub jacobian: Vec<T>,
    /// Zero in lanes that lack the row.
    pub weight: Vec<T>,
    pub reference: Vec<T>,
    pub residual: Vec<T>,
    pub slope: Vec<T>,
    pub active: Vec<T::Mask>,
    limit_impedance: Vec<Impedance>,
}

impl Impedance {
    /// `d(r)` of MuJoCo's documentation.
    #[inline(always)]
    fn at<T: Real>(&self, violation: T) -> T {
        let s = T::splat;
        if self.constant {
            return s(self.low);
        }
        let x = (violation.abs() * s(self.inverse_width)).min(T::one());
        let rest = T::one() - x;
        let near = x.lt(s(self.midpoint));
        let y = if self.power == 1.0 {
            x
        } else if self.power == 2.0 {
            let below = x * x * s(1.0 / self.midpoint);
            let above = T::one() - rest * rest * s(1.0 / (1.0 - self.midpoint));
            T::select(near, below, above)
        } else {
            let (mid, p) = (self.midpoint, self.power);
            let below = x.map(|x| libm::powf(x, p) / libm::powf(mid, p - 1.0));
            let above = rest.map(|r| 1.0 - libm::powf(r, p) / libm::powf(1.0 - mid, p - 1.0));
            T::select(near, below, above)
        };
        s(self.low) + y * s(self.high - self.low)
    }
}

impl<T: Real> Constraints<T> {
    pub fn new(t: &Topology) -> Self {
        let rows = 4 * t.contact_slots + t.limit_slots;
        let mut limit_impedance = Vec::new();
        for joint in t.joints.iter().filter(|j| j.joint.limited) {
            limit_impedance.push(t.limit_impedance(joint));
        }
        Self {
            contacts: Vec::with_capacity(t.contact_slots),
            limits: Vec::with_capacity(t.limit_slots),
            jacobian: Vec::with_capacity(3 * t.contact_slots * t.nv),
            weight: vec![T::zero(); rows],
            reference: vec![T::zero(); rows],
            residual: vec![T::zero(); rows],
            slope: vec![T::zero(); rows],
            active: vec![T::Mask::splat(false); rows],
            limit_impedance,
        }
    }

    /// Number of rows in use.
    #[inline(always)]
    pub fn len(&self) -> usize {
        let contacts: usize = self.contacts.last().map_or(0, |c| c.row + c.rows);
        self.limits.last().map_or(contacts, |l| l.row + 1)
    }

    /// Builds the rows of the current state. `warm` holds, per slot, which rows acted in the last step.
    #[inline(always)]
    pub fn build(
        &mut self,
        t: &Topology,
        k: &Kinematics<T>,
        found: &Collision<T>,
        state: (&[T], &[T]),
        warm: &mut [T::Byte],
    ) {
        self.contacts.clear();
        self.limits.clear();
        self.jacobian.clear();
        let mut next_slot = 0;
        let mut row = 0;
        for point in &found.points {
            warm[next_slot..point.slot].fill(T::splat_byte(COLD));
            next_slot = point.slot + 1;
            row = self.add_contact(t, k, point, state.1, warm[point.slot], row);
        }
        warm[next_slot..t.contact_slots].fill(T::splat_byte(COLD));
        self.add_limits(t, state, &mut warm[t.contact_slots..], row);
    }

    #[inline(always)]
    fn add_contact(
        &mut self,
        t: &Topology,
        k: &Kinematics<T>,
        point: &Point<T>,
        qvel: &[T],
        warm: T::Byte,
        row: usize,
    ) -> usize {
        let pair = &t.pairs[point.pair];
        let rows = if pair.pair.dimension == 1 { 1 } else { 4 };
        let axes = if rows == 1 { 1 } else { 3 };
        let jacobian = self.jacobian.len();
        let links = [pair.first, pair.second].map(|g| usize::from(t.geoms[g].geom.link));
        let speed;
        let (reach, width) = match (t.last_dof(links[0]), t.last_dof(links[1])) {
            (None, Some(dof)) => {
                speed = self.push_chain(t, k, point, dof, point.position, T::one(), axes, qvel);
                (Reach::Chain(dof), t.ancestors(dof).len())
            }
            (Some(dof), None) => {
                speed = self.push_chain(t, k, point, dof, point.position + point.shift, -T::one(), axes, qvel);
                (Reach::Chain(dof), t.ancestors(dof).len())
            }
            (first, second) => {
                speed = self.push_dense(t, k, point, [first, second], axes, qvel);
                (Reach::Dense, t.nv)
            }
        };
        let impedance = pair.impedance.at(point.depth);
        let regular = (T::one() - impedance) / impedance * T::splat(pair.diagonal);
        let mu = pair.pair.friction[0];
        let regular = if rows == 1 { regular } else { T::splat(2.0 * mu * mu) * regular };
        let weight = T::select(point.present, T::one() / regular.max(T::splat(1e-15)), T::zero());
        let damping = T::splat(pair.impedance.damping);
        let normal = -(damping * speed[0]) - T::splat(pair.impedance.stiffness) * impedance * point.depth;
        let [f1, f2] = pair.pair.friction;
        let (slide1, slide2) = (damping * T::splat(f1) * speed[1], damping * T::splat(f2) * speed[2]);
        let references = [normal - slide1, normal + slide1, normal - slide2, normal + slide2];
        for i in 0..rows {
            self.weight[row + i] = weight;
            self.reference[row + i] = if rows == 1 { normal } else { references[i] };
            self.active[row + i] = T::bit(warm, i);
        }
        let force = [T::zero(); 3];
        self.contacts.push(Contact { point: *point, reach, jacobian, width, row, rows, friction: [f1, f2], force });
        row + rows
    }

    /// Rows of a contact between a moving link and the world; returns the velocity along each axis.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "the inner part of one function, shared by two cases")]
    fn push_chain(
        &mut self,
        t: &Topology,
        k: &Kinematics<T>,
        point: &Point<T>,
        dof: usize,
        at: Vec3<T>,
        sign: T,
        axes: usize,
        qvel: &[T],
    ) -> [T; 3] {
        let mut speed = [T::zero(); 3];
        for (axis, speed) in point.frame.iter().zip(&mut speed).take(axes) {
            let axis = axis.scale(sign);
            for &a in t.ancestors(dof) {
                let a = usize::from(a);
                let entry = axis.dot(k.axis[a].at(at));
                self.jacobian.push(entry);
                *speed += entry * qvel[a];
            }
        }
        speed
    }

    /// Rows of a contact between two moving links.
    #[inline(always)]
    fn push_dense(
        &mut self,
        t: &Topology,
        k: &Kinematics<T>,
        point: &Point<T>,
        dofs: [Option<usize>; 2],
        axes: usize,
        qvel: &[T],
    ) -> [T; 3] {
        let mut speed = [T::zero(); 3];
        let sides = [(dofs[0], point.position + point.shift, -T::one()), (dofs[1], point.position, T::one())];
        for (axis, speed) in point.frame.iter().zip(&mut speed).take(axes) {
            let start = self.jacobian.len();
            self.jacobian.resize(start + t.nv, T::zero());
            let row = &mut self.jacobian[start..];
            for (dof, at, sign) in sides {
                let Some(dof) = dof else { continue };
                for &a in t.ancestors(dof) {
                    let a = usize::from(a);
                    row[a] += sign * axis.dot(k.axis[a].at(at));
                }
            }
            for (&entry, &v) in row.iter().zip(qvel) {
                *speed += entry * v;
            }
        }
        speed
    }

    #[inline(always)]
    fn add_limits(&mut self, t: &Topology, (qpos, qvel): (&[T], &[T]), warm: &mut [T::Byte], mut row: usize) {
        let limited = t.joints.iter().filter(|j| j.joint.limited);
        for (joint, impedance) in limited.zip(&self.limit_impedance) {
            let [low, high] = joint.joint.range;
            let (q, margin) = (qpos[joint.q], T::splat(joint.joint.margin));
            for (side, (distance, sign)) in
                [(q - T::splat(low), 1.0f32), (T::splat(high) - q, -1.0)].into_iter().enumerate()
            {
                let slot = joint.slot + side;
                let depth = distance - margin;
                let present = depth.lt(T::zero());
                if !present.any() {
                    warm[slot] = T::splat_byte(COLD);
                    continue;
                }
                let i = impedance.at(depth);
                let regular = ((T::one() - i) * T::splat(joint.joint.inverse_weight) / i).max(T::splat(1e-15));
                self.weight[row] = T::select(present, T::one() / regular, T::zero());
                let speed = T::splat(sign) * qvel[joint.dof];
                self.reference[row] =
                    -(T::splat(impedance.damping) * speed) - T::splat(impedance.stiffness) * i * depth;
                self.active[row] = T::bit(warm[slot], 0);
                self.limits.push(Limit { dof: joint.dof, sign, slot: t.contact_slots + slot, row });
                row += 1;
            }
        }
    }

    /// Remembers which rows act, for the next step.
    #[inline(always)]
    pub fn remember(&self, warm: &mut [T::Byte]) {
        for contact in &self.contacts {
            let mut byte = T::splat_byte(COLD);
            for i in 0..contact.rows {
                byte = T::set_bit(byte, i, self.active[contact.row + i]);
            }
            warm[contact.point.slot] = T::select_byte(contact.point.present, byte, T::splat_byte(COLD));
        }
        for limit in &self.limits {
            let present = T::zero().lt(self.weight[limit.row]);
            let byte = T::set_bit(T::splat_byte(COLD), 0, self.active[limit.row]);
            warm[limit.slot] = T::select_byte(present, byte, T::splat_byte(COLD));
        }
    }

    /// `slope = J x`.
    #[inline(always)]
    pub fn slopes(&mut self, t: &Topology, x: &[T]) {
        let Self { contacts, limits, jacobian, slope: out, .. } = self;
        for c in &*contacts {
            let mut along = [T::zero(); 3];
            let entries = &jacobian[c.jacobian..];
            for (axis, sum) in along.iter_mut().enumerate().take(if c.rows == 1 { 1 } else { 3 }) {
                let row = &entries[axis * c.width..(axis + 1) * c.width];
                match c.reach {
                    Reach::Chain(dof) => {
                        for (&j, &a) in row.iter().zip(t.ancestors(dof)) {
                            *sum += j * x[usize::from(a)];
                        }
                    }
                    Reach::Dense => {
                        for (&j, &x) in row.iter().zip(x) {
                            *sum += j * x;
                        }
                    }
                }
            }
            let [n, t1, t2] = along;
            if c.rows == 1 {
                out[c.row] = n;
                continue;
            }
            let (a, b) = (t1 * T::splat(c.friction[0]), t2 * T::splat(c.friction[1]));
            out[c.row..c.row + 4].copy_from_slice(&[n + a, n - a, n + b, n - b]);
        }
        for l in &*limits {
            out[l.row] = T::splat(l.sign) * x[l.dof];
        }
    }

    /// What a row pushes with: zero unless it acts.
    #[inline(always)]
    fn force(&self, row: usize) -> T {
        T::select(self.active[row], -(self.weight[row] * self.residual[row]), T::zero())
    }

    /// `y += Jᵀ f`: the forces of the rows that act.
    #[inline(always)]
    pub fn pull(&self, t: &Topology, y: &mut [T]) {
        for c in &self.contacts {
            let sums = if c.rows == 1 {
                [self.force(c.row), T::zero(), T::zero()]
            } else {
                c.decode([self.force(c.row), self.force(c.row + 1), self.force(c.row + 2), self.force(c.row + 3)])
            };
            let entries = &self.jacobian[c.jacobian..];
            for (axis, &sum) in sums.iter().enumerate().take(if c.rows == 1 { 1 } else { 3 }) {
                let row = &entries[axis * c.width..(axis + 1) * c.width];
                match c.reach {
                    Reach::Chain(dof) => {
                        for (&j, &a) in row.iter().zip(t.ancestors(dof)) {
                            y[usize::from(a)] += j * sum;
                        }
                    }
                    Reach::Dense => {
                        for (&j, y) in row.iter().zip(y.iter_mut()) {
                            *y += j * sum;
                        }
                    }
                }
            }
        }
        for l in &self.limits {
            y[l.dof] += T::splat(l.sign) * self.force(l.row);
        }
    }
}

impl<T: Real> Contact<T> {
    /// Normal and tangential components of a pyramid's four edges.
    #[inline(always)]
    pub fn decode(&self, w: [T; 4]) -> [T; 3] {
        let (f1, f2) = (T::splat(self.friction[0]), T::splat(self.friction[1]));
        [(w[0] + w[1]) + (w[2] + w[3]), (w[0] - w[1]) * f1, (w[2] - w[3]) * f2]
    }
}

/// All rows of a slot that was not there are taken to act.
pub(super) const COLD: u8 = 15;

impl<T: Real> Constraints<T> {
    /// Contact forces of the solution, for sensors.
    #[inline(always)]
    pub fn decode_forces(&mut self) {
        for i in 0..self.contacts.len() {
            let c = &self.contacts[i];
            let mut f = [T::zero(); 4];
            for (j, f) in f.iter_mut().enumerate().take(c.rows) {
                let row = c.row + j;
                *f = self.force(row);
            }
            let force = if c.rows == 1 { [f[0], T::zero(), T::zero()] } else { c.decode(f) };
            self.contacts[i].force = force;
        }
    }

    /// Contacts and rows that exist, per lane.
    #[inline(always)]
    pub fn count(&self) -> (T, T) {
        let (mut contacts, mut rows) = (T::zero(), T::zero());
        for c in &self.contacts {
            let one = T::select(c.point.present, T::one(), T::zero());
            contacts += one;
            rows += one * T::splat(c.rows as f32);
        }
        for l in &self.limits {
            rows += T::select(T::zero().lt(self.weight[l.row]), T::one(), T::zero());
        }
        (contacts, rows)
    }
}
