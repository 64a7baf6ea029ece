//! A world's canonical state as bytes: what [`World::snapshot`] writes and [`World::digest`] hashes.
//!
//! `"HDSN" ‖ version (u16) ‖ blueprint id ‖ borsh(header) ‖ lists`, where a list is a `u32` count and its
//! elements, all little-endian. That covers everything that the future or the next record depends on:
//! the stream's position, steps, fault, flags, positions, velocities, warm start, bodies, previous values,
//! the last action and its controls, infos, reward, and the last observation. The digest is the BLAKE3 of
//! a domain and these very bytes, so nothing can be in one and not in the other; only the observation, which a record hashes
//! anyway, is in the digest by its own BLAKE3.
//!
//! Reading is total: every length is the model's, every float finite with a canonical zero, and a refused
//! snapshot leaves the world as it was.

use alloc::{format, string::String, vec::Vec};

use borsh::io::{Result as IoResult, Write};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::VERSION;
use crate::arena::{is_canonical, is_canonical_f32};
use crate::blueprint::BlueprintId;
use crate::error::{Error, Fault};
use crate::rng::Rng;
use crate::task::Cost;
use crate::world::World;

const WHAT: &str = "snapshot";
const MAGIC: &[u8; 4] = b"HDSN";
/// Separates digests from other hashes of snapshots.
const DOMAIN: &[u8] = b"hyperdust world digest v2";

/// Everything that is not an array, and no floats: its encoding cannot fail.
#[derive(BorshSerialize, BorshDeserialize)]
struct Header {
    seed: u64,
    position: u64,
    steps: u32,
    fault: Option<Fault>,
    terminated: bool,
    truncated: bool,
    cost: Cost,
    /// Hash of an action that had the wrong length.
    odd_action: Option<[u8; 32]>,
}

/// Arrays in the order of the encoding.
struct Lists<'a> {
    qpos: &'a [u8],
    qvel: &'a [u8],
    warm_start: &'a [u8],
    rigid: [&'a [u8]; 4],
    previous: &'a [u8],
    action_numbers: &'a [u8],
    controls: &'a [u8],
    info: &'a [u8],
    reward: &'a [u8],
    action: &'a [u8],
    observation: &'a [u8],
}

impl World {
    /// The state as bytes; [`World::restore`] in any world of this blueprint goes on with the same digests.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encode(&mut bytes);
        list(&mut bytes, self.observation.bytes().len(), self.observation.bytes());
        bytes
    }

    /// BLAKE3 of the canonical state: worlds with equal digests have equal futures and equal last records.
    pub fn digest(&self) -> [u8; 32] {
        self.digest_with(&self.observation_hash())
    }

    /// BLAKE3 of the last observation.
    pub(crate) fn observation_hash(&self) -> [u8; 32] {
        *blake3::hash(self.observation.bytes()).as_bytes()
    }

    /// [`Self::digest`], given [`Self::observation_hash`].
    pub(crate) fn digest_with(&self, observation: &[u8; 32]) -> [u8; 32] {
        let mut sink = Buffered { hasher: blake3::Hasher::new(), buffer: [0; 1024], len: 0 };
        self.put_preimage(observation, &mut sink);
        sink.finish()
    }

    /// Appends what [`Self::digest`] is the BLAKE3 of, given the BLAKE3 of the last observation: for those who hash several worlds'
    /// at once.
    pub fn preimage(&self, observation: &[u8; 32], bytes: &mut Vec<u8>) {
        self.put_preimage(observation, bytes);
    }

    fn put_preimage(&self, observation: &[u8; 32], sink: &mut impl Sink) {
        sink.put(DOMAIN);
        self.encode(sink);
        sink.put(observation);
    }

    /// All but the observation.
    fn encode(&self, sink: &mut impl Sink) {
        sink.put(MAGIC);
        sink.put(&VERSION.to_le_bytes());
        sink.put(&self.model.id().0);
        let header = Header {
            seed: self.rng.seed(),
            position: self.rng.position(),
            steps: self.steps,
            fault: self.fault,
            terminated: self.terminated,
            truncated: self.truncated,
            cost: self.cost,
            odd_action: self.odd_action,
        };
        let written = header.serialize(&mut Writer(sink));
        debug_assert!(written.is_ok(), "a header holds no float and its sink takes everything");
        let (qpos, qvel, warm_start) = match &self.robot {
            Some(robot) => (robot.qpos(), robot.qvel(), robot.warm_start()),
            None => (&[][..], &[][..], &[][..]),
        };
        floats(sink, qpos);
        floats(sink, qvel);
        list(sink, warm_start.len(), warm_start);
        for array in self.rigid_arrays() {
            floats(sink, array);
        }
        floats(sink, self.model.plan().addresses.previous(&self.values));
        floats(sink, &self.action_numbers);
        floats(sink, &self.controls);
        floats(sink, &self.info);
        floats(sink, &[self.reward]);
        list(sink, self.action.len(), &self.action);
    }

    /// Takes on the state in `bytes`, or says why not and stays as it is.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (header, lists) = self.decode(bytes)?;
        if let Some(robot) = &mut self.robot {
            // The only list whose validity its owner decides: first, since nothing may change before.
            if !robot.set_warm_start(lists.warm_start) {
                return Err(malformed(format!(
                    "warm start of {} bytes is not one of this robot",
                    lists.warm_start.len()
                )));
            }
            fill(robot.qpos_mut(), lists.qpos);
            fill(robot.qvel_mut(), lists.qvel);
            robot.refresh();
        }
        if let Some(rigid) = &mut self.rigid {
            fill(rigid.positions_mut().as_flattened_mut(), lists.rigid[0]);
            fill(rigid.orientations_mut().as_flattened_mut(), lists.rigid[1]);
            fill(rigid.linear_velocities_mut().as_flattened_mut(), lists.rigid[2]);
            fill(rigid.angular_velocities_mut().as_flattened_mut(), lists.rigid[3]);
        }
        fill(self.model.plan().addresses.previous_mut(&mut self.values), lists.previous);
        fill(&mut self.action_numbers, lists.action_numbers);
        fill(&mut self.controls, lists.controls);
        fill(&mut self.info, lists.info);
        fill(core::slice::from_mut(&mut self.reward), lists.reward);
        self.action.clear();
        self.action.extend_from_slice(lists.action);
        self.observation.bytes_mut().copy_from_slice(lists.observation);
        self.rng = Rng::at(header.seed, header.position);
        self.steps = header.steps;
        self.fault = header.fault;
        self.terminated = header.terminated;
        self.truncated = header.truncated;
        self.timed_out = false;
        self.cost = header.cost;
        self.odd_action = header.odd_action;
        Ok(())
    }

    /// Splits and checks; touches nothing.
    fn decode<'a>(&self, bytes: &'a [u8]) -> Result<(Header, Lists<'a>), Error> {
        let mut rest = bytes;
        let head = take(&mut rest, 38, "head")?;
        if head[..4] != *MAGIC {
            return Err(malformed(format!("starts with {:02x?}; accepted: {MAGIC:02x?} (\"HDSN\")", &head[..4])));
        }
        let found = u16::from_le_bytes([head[4], head[5]]);
        if found != VERSION {
            return Err(Error::Version { what: WHAT, found, accepted: VERSION });
        }
        let mut id = [0; 32];
        id.copy_from_slice(&head[6..]);
        if id != self.model.id().0 {
            return Err(Error::OtherBlueprint { found: BlueprintId(id), accepted: self.model.id() });
        }
        let header = Header::deserialize(&mut rest).map_err(|error| malformed(format!("header: {error}")))?;
        if header.fault.is_some() && !header.truncated {
            return Err(malformed("a fault that does not truncate".into()));
        }
        let bodies = self.model.blueprint().body_count();
        if let Some(body) = header.fault.and_then(|fault| fault.body).filter(|&body| usize::from(body) >= bodies) {
            return Err(malformed(format!("fault: found body {body}; accepted: an index below {bodies}")));
        }
        let (nq, nv) = (self.qpos().len(), self.qvel().len());
        let warm_start = self.robot.as_ref().map_or(0, |r| r.warm_start().len());
        let bodies = self.rigid.as_ref().map_or(0, |r| r.len());
        let previous = self.model.plan().addresses.previous(&self.values).len();
        let lists = Lists {
            qpos: numbers(&mut rest, nq, "qpos")?,
            qvel: numbers(&mut rest, nv, "qvel")?,
            warm_start: counted(&mut rest, &[warm_start], "warm start")?,
            rigid: [
                numbers(&mut rest, 3 * bodies, "positions of rigid bodies")?,
                numbers(&mut rest, 4 * bodies, "orientations of rigid bodies")?,
                numbers(&mut rest, 3 * bodies, "velocities of rigid bodies")?,
                numbers(&mut rest, 3 * bodies, "angular velocities of rigid bodies")?,
            ],
            previous: numbers(&mut rest, previous, "previous values")?,
            action_numbers: numbers(&mut rest, self.action_numbers.len(), "action")?,
            controls: numbers(&mut rest, self.controls.len(), "controls")?,
            info: numbers(&mut rest, self.info.len(), "infos")?,
            reward: numbers(&mut rest, 1, "reward")?,
            // None after a reset.
            action: counted(&mut rest, &[0, self.model.actions().size], "bytes of the action")?,
            observation: counted(&mut rest, &[self.model.observations().size], "bytes of the observation")?,
        };
        if !is_canonical(lists.observation, self.model.observations()) {
            return Err(malformed("observation: not finite, a zero is -0, or padding is not 0".into()));
        }
        if header.odd_action.is_some() && !lists.action.is_empty() {
            return Err(malformed("two last actions".into()));
        }
        if !rest.is_empty() {
            return Err(malformed(format!("{} bytes after the end", rest.len())));
        }
        Ok((header, lists))
    }
}

fn malformed(reason: String) -> Error {
    Error::Malformed { what: WHAT, reason }
}

fn take<'a>(rest: &mut &'a [u8], len: usize, what: &str) -> Result<&'a [u8], Error> {
    let (taken, after) = rest
        .split_at_checked(len)
        .ok_or_else(|| malformed(format!("{what}: ends after {} of {len} bytes", rest.len())))?;
    *rest = after;
    Ok(taken)
}

/// A count that is among `accepted`.
fn count(rest: &mut &[u8], accepted: &[usize], what: &str) -> Result<usize, Error> {
    let bytes = take(rest, 4, what)?;
    let found = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    if accepted.contains(&found) {
        Ok(found)
    } else {
        Err(malformed(format!("{what}: found {found}; accepted: {accepted:?}")))
    }
}

fn counted<'a>(rest: &mut &'a [u8], accepted: &[usize], what: &str) -> Result<&'a [u8], Error> {
    let len = count(rest, accepted, what)?;
    take(rest, len, what)
}

/// `len` floats that a world can hold.
fn numbers<'a>(rest: &mut &'a [u8], len: usize, what: &str) -> Result<&'a [u8], Error> {
    let len = count(rest, &[len], what)?;
    let bytes = take(rest, 4 * len, what)?;
    match bytes.as_chunks::<4>().0.iter().position(|&b| !is_canonical_f32(f32::from_le_bytes(b))) {
        None => Ok(bytes),
        Some(i) => Err(malformed(format!("{what}: number {i} is not finite or is -0"))),
    }
}

fn fill(out: &mut [f32], bytes: &[u8]) {
    for (x, &b) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *x = f32::from_le_bytes(b);
    }
}

/// Takes every byte.
trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Gathers small pieces: the hash function likes whole kilobytes.
struct Buffered {
    hasher: blake3::Hasher,
    buffer: [u8; 1024],
    len: usize,
}

impl Buffered {
    fn finish(mut self) -> [u8; 32] {
        self.hasher.update(&self.buffer[..self.len]);
        *self.hasher.finalize().as_bytes()
    }
}

impl Sink for Buffered {
    fn put(&mut self, bytes: &[u8]) {
        if bytes.len() > self.buffer.len() - self.len {
            self.hasher.update(&self.buffer[..self.len]);
            self.len = 0;
            if bytes.len() > self.buffer.len() {
                self.hasher.update(bytes);
                return;
            }
        }
        self.buffer[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}

struct Writer<'a, S: Sink>(&'a mut S);

impl<S: Sink> Write for Writer<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
        self.0.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> IoResult<()> {
        Ok(())
    }
}

fn list(sink: &mut impl Sink, count: usize, bytes: &[u8]) {
    // Limits keep every count far below 2³².
    sink.put(&(count as u32).to_le_bytes());
    sink.put(bytes);
}

fn floats(sink: &mut impl Sink, numbers: &[f32]) {
    list(sink, numbers.len(), bytemuck::cast_slice(numbers));
}
