//! Source arrays: how long they are, which parts a task needs, and how those are filled.
//!
//! All values that programs and observations read lie in one flat array. Its first part is *now*: the
//! merged intervals of every source that any slice names, sensed after physics. Its second part is
//! *previous*: exactly the slices that are asked for with `previous`, copied from the first part when a
//! step (or a reset) is complete. Only the second part outlives a step, and so belongs to the state.
//!
//! Body arrays are in sensor order: the world, the robot's bodies, rigid bodies. `ContactForce`,
//! `BodyInertia` and `BodyVelocity` are the robot solver's and end with its bodies. A source of a robot
//! that is not there has no elements; the world's own pose is the origin and it does not move.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::articulated::{Articulated, Solver};
use crate::blueprint::{Blueprint, Slice, Source};
use crate::error::{Fault, FaultKind};
use crate::math::{Mask, Real};
use crate::rigid::RigidWorld;

/// Number of elements of a source in worlds of this blueprint.
pub fn source_len(source: Source, blueprint: &Blueprint) -> usize {
    let robot = blueprint.robot.as_ref();
    let bodies = match source {
        Source::ContactForce | Source::BodyInertia | Source::BodyVelocity => robot.map_or(0, |r| 1 + r.bodies.len()),
        _ => blueprint.body_count(),
    };
    match source {
        Source::Time | Source::Steps => 1,
        Source::Qpos => robot.map_or(0, |r| r.nq()),
        Source::Qvel | Source::ActuatorForce => robot.map_or(0, |r| r.nv()),
        Source::Control => robot.map_or(0, |r| r.actuators.len()),
        Source::Action => blueprint.task.actions.iter().map(super::action::elements).sum(),
        Source::CenterOfMass => robot.map_or(0, |_| 3),
        _ => stride(source) * bodies,
    }
}

/// Elements per body of a body array; 0 for another source.
fn stride(source: Source) -> usize {
    match source {
        Source::BodyPosition | Source::BodyLinearVelocity | Source::BodyAngularVelocity => 3,
        Source::BodyOrientation => 4,
        Source::ContactForce | Source::BodyVelocity => 6,
        Source::BodyInertia => 10,
        _ => 0,
    }
}

/// Elements of a source and where they go.
#[derive(Clone, Debug)]
struct Read {
    source: Source,
    start: usize,
    len: usize,
    at: usize,
}

/// Where every value lies. See the module documentation.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    /// By source, then by start; disjoint and not adjacent.
    reads: Vec<Read>,
    /// Of the slices asked for with `previous`: (source, start, len) → address.
    previous: BTreeMap<(Source, u16, u16), usize>,
    /// (address now, address previous, length).
    copies: Vec<(usize, usize, usize)>,
    /// Values now.
    now: usize,
    /// Values in all.
    len: usize,
    /// Sensor bodies of the robot, the world included: the first rigid body's number.
    robot_bodies: usize,
}

impl Addresses {
    pub(super) fn new(slices: &[Slice], blueprint: &Blueprint) -> Self {
        let mut intervals: BTreeMap<Source, BTreeSet<(usize, usize)>> = BTreeMap::new();
        for slice in slices {
            let start = usize::from(slice.start);
            intervals.entry(slice.source).or_default().insert((start, start + usize::from(slice.len)));
        }
        let mut reads: Vec<Read> = Vec::new();
        for (source, intervals) in intervals {
            for (start, end) in intervals {
                match reads.last_mut() {
                    Some(last) if last.source == source && start <= last.start + last.len => {
                        last.len = last.len.max(end - last.start);
                    }
                    _ => reads.push(Read { source, start, len: end - start, at: 0 }),
                }
            }
        }
        let mut now = 0;
        for read in &mut reads {
            read.at = now;
            now += read.len;
        }
        let robot_bodies = 1 + blueprint.robot.as_ref().map_or(0, |r| r.bodies.len());
        let mut addresses = Self { reads, previous: BTreeMap::new(), copies: Vec::new(), now, len: now, robot_bodies };
        for slice in slices.iter().filter(|s| s.previous) {
            let key = (slice.source, slice.start, slice.len);
            if !addresses.previous.contains_key(&key)
                && let Some(from) = addresses.locate(&Slice { previous: false, ..*slice })
            {
                addresses.previous.insert(key, addresses.len);
                addresses.copies.push((from, addresses.len, slice.len.into()));
                addresses.len += usize::from(slice.len);
            }
        }
        addresses
    }

    /// Length of the array of values.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Address of a slice's first value; `None` if it was not among those given to `new`.
    pub(super) fn locate(&self, slice: &Slice) -> Option<usize> {
        if slice.previous {
            return self.previous.get(&(slice.source, slice.start, slice.len)).copied();
        }
        let (start, end) = (usize::from(slice.start), usize::from(slice.start) + usize::from(slice.len));
        let after = self.reads.partition_point(|r| (r.source, r.start) <= (slice.source, start));
        let read = self.reads.get(after.checked_sub(1)?)?;
        let within = read.source == slice.source && end <= read.start + read.len;
        within.then(|| read.at + start - read.start)
    }

    /// The part that is state.
    pub(crate) fn previous<'a>(&self, values: &'a [f32]) -> &'a [f32] {
        &values[self.now..]
    }

    /// The part that is state.
    pub(crate) fn previous_mut<'a>(&self, values: &'a mut [f32]) -> &'a mut [f32] {
        &mut values[self.now..]
    }

    /// What was *now* becomes *previous*.
    pub(crate) fn turn(&self, values: &mut [f32]) {
        for &(from, to, len) in &self.copies {
            values.copy_within(from..from + len, to);
        }
    }

    /// How many elements of a read are the robot's (or the world's own); they come first, rigid bodies' after them.
    fn robot_part(&self, read: &Read) -> usize {
        match (read.source, stride(read.source)) {
            (Source::Time | Source::Steps | Source::Action | Source::Control, _) => 0,
            (_, 0) => read.len,
            (_, stride) => (stride * self.robot_bodies).saturating_sub(read.start).min(read.len),
        }
    }

    /// Fills the *now* part, with canonical zeros; a fault names the first source element that is not finite.
    pub(crate) fn sense(&self, world: &Sensed<'_>, values: &mut [f32]) -> Result<(), Fault> {
        for read in &self.reads {
            let out = &mut values[read.at..read.at + read.len];
            self.fill(world, read, out);
            for (i, value) in out.iter_mut().enumerate() {
                if !value.is_finite() {
                    let body = (read.start + i).checked_div(stride(read.source)).and_then(|b| u16::try_from(b).ok());
                    return Err(Fault::of_body(FaultKind::QuantityNotFinite, body));
                }
                *value += 0.0;
            }
        }
        Ok(())
    }

    fn fill(&self, world: &Sensed<'_>, read: &Read, out: &mut [f32]) {
        if world.own.fill(read, |i, x| out[i] = x) {
            return;
        }
        let (robot, rigid) = out.split_at_mut(self.robot_part(read));
        match world.robot {
            Some(articulated) => articulated.sense(read.source, read.start, robot),
            None => origin(read.source, read.start, robot),
        }
        if let Some(bodies) = world.rigid.filter(|_| !rigid.is_empty()) {
            let from = read.start + robot.len() - stride(read.source) * self.robot_bodies;
            let len = rigid.len();
            rigid.copy_from_slice(&rigid_array(read.source, bodies)[from..from + len]);
        }
    }

    /// Puts one world's own quantities and its *previous* part into a lane of the values of several.
    pub(crate) fn load<T: Real>(&self, own: &Own<'_>, previous: &[f32], lane: usize, values: &mut [T]) {
        for read in &self.reads {
            own.fill(read, |i, x| values[read.at + i].set_lane(lane, x));
        }
        for (value, &x) in values[self.now..].iter_mut().zip(previous) {
            value.set_lane(lane, x);
        }
    }

    /// Senses the robots of several worlds, and gives all values canonical zeros; returns where they are finite.
    #[inline(always)]
    pub(crate) fn sense_lanes<T: Real>(&self, robots: &Solver<T>, values: &mut [T]) -> T::Mask {
        for read in &self.reads {
            let ours = self.robot_part(read);
            if ours > 0 {
                robots.sense(read.source, read.start, &mut values[read.at..read.at + ours]);
            }
        }
        let mut finite = T::Mask::splat(true);
        for value in &mut values[..self.now] {
            finite = finite.and(value.is_finite());
            *value += T::zero();
        }
        finite
    }

    /// As [`Self::turn`], from a lane of the values of several worlds into one world's.
    pub(crate) fn turn_lane<T: Real>(&self, from: &[T], lane: usize, values: &mut [f32]) {
        for &(now, previous, len) in &self.copies {
            for (value, x) in values[previous..previous + len].iter_mut().zip(&from[now..]) {
                *value = x.lane(lane);
            }
        }
    }
}

/// The world's own elements of a body array.
fn origin(source: Source, start: usize, out: &mut [f32]) {
    for (i, x) in out.iter_mut().enumerate() {
        *x = if source == Source::BodyOrientation && start + i == 0 { 1.0 } else { 0.0 };
    }
}

fn rigid_array(source: Source, bodies: &RigidWorld) -> &[f32] {
    match source {
        Source::BodyPosition => bodies.positions().as_flattened(),
        Source::BodyOrientation => bodies.orientations().as_flattened(),
        Source::BodyLinearVelocity => bodies.linear_velocities().as_flattened(),
        Source::BodyAngularVelocity => bodies.angular_velocities().as_flattened(),
        _ => &[],
    }
}

/// What a world knows of itself, without physics.
pub(crate) struct Own<'a> {
    pub action: &'a [f32],
    pub controls: &'a [f32],
    /// Seconds.
    pub time: f32,
    pub steps: u32,
}

impl Own<'_> {
    /// Puts the elements of a read of these; false for other sources.
    fn fill(&self, read: &Read, mut put: impl FnMut(usize, f32)) -> bool {
        let from = match read.source {
            Source::Time => &[self.time],
            Source::Steps => &[self.steps as f32],
            Source::Action => self.action,
            Source::Control => self.controls,
            _ => return false,
        };
        from[read.start..read.start + read.len].iter().enumerate().for_each(|(i, &x)| put(i, x));
        true
    }
}

/// What there is to sense.
pub(crate) struct Sensed<'a> {
    pub robot: Option<&'a Articulated>,
    pub rigid: Option<&'a RigidWorld>,
    pub own: Own<'a>,
}
