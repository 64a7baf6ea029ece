//! Where the arrays of a batch lie in a frame.
//!
//! A batch of `n` lanes ([`hyperdust_gym::Batch`]) goes over the wire as one dense frame, and where a lane's episode ended with
//! same-step autoreset as a second one for the final observations and infos. Both are fixed when the session is opened. Every
//! array starts at a multiple of 8 bytes and has the lanes first; what is between arrays is 0.
//!
//! Invariant: the layout follows from the arrays of an observation, the names of the infos, the lanes and the mode alone. So a
//! client computes it again and refuses a server that says otherwise, and no offset from outside is ever used.

use hyperdust_gym::{AutoresetMode, Batch, Buffer};
use hyperdust_kernel::Model;
use serde::{Deserialize, Serialize};

use crate::{ArraySpec, Dtype, Error, faults, limits};

const ALIGNMENT: usize = 8;

/// What an array of a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// An array of the observation, by its name. In the second frame: of episodes that ended.
    Observation,
    /// Sum of the reward terms.
    Reward,
    /// Return of the episodes that `episode_mask` names.
    EpisodeReturn,
    /// An info, by its name. In the second frame: of episodes that ended.
    Info,
    /// Length of the episodes that `episode_mask` names.
    EpisodeLength,
    /// Body of the fault, −1: none.
    FaultBody,
    /// Number of the fault, 0: none.
    Fault,
    /// The task ended the episode.
    Terminated,
    /// Something else did.
    Truncated,
    /// Lanes that this call stepped or reset.
    InfoMask,
    /// Lanes whose episode ended and which were reset in this call: the second frame is theirs.
    FinalMask,
    /// Lanes whose episode ended in this call.
    EpisodeMask,
}

/// An array of a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What it is.
    pub part: Part,
    /// Name of the observation's array or of the info; else empty.
    pub name: String,
    /// Element type.
    pub dtype: Dtype,
    /// Lanes first.
    pub shape: Vec<usize>,
    /// First byte.
    pub offset: usize,
}

impl Field {
    /// Its bytes in the frame, without padding.
    pub fn range(&self) -> core::ops::Range<usize> {
        self.offset..self.offset + self.shape.iter().product::<usize>() * self.dtype.size()
    }
}

/// The arrays of a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameLayout {
    /// Bytes of the frame.
    pub size: usize,
    /// By offset.
    pub fields: Vec<Field>,
}

impl FrameLayout {
    const EMPTY: Self = Self { size: 0, fields: Vec::new() };

    fn push(&mut self, part: Part, name: &str, dtype: Dtype, lanes: usize, shape: &[usize]) -> Result<(), Error> {
        let offset = self.size;
        let shape: Vec<usize> = core::iter::once(lanes).chain(shape.iter().copied()).collect();
        let bytes = shape.iter().try_fold(dtype.size(), |bytes, length| bytes.checked_mul(*length));
        let size = bytes.and_then(|bytes| offset.checked_add(bytes)?.checked_next_multiple_of(ALIGNMENT));
        self.size = size.filter(|size| *size <= limits::DATA).ok_or(Error::TooLong {
            what: "frame of a batch",
            found: size.unwrap_or(usize::MAX),
            limit: limits::DATA,
        })?;
        self.fields.push(Field { part, name: name.into(), dtype, shape, offset });
        Ok(())
    }

    /// The field of this part and name.
    pub fn find(&self, part: Part, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.part == part && field.name == name)
    }
}

/// The frames of a session's batches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Number of lanes.
    pub lanes: usize,
    /// The frame that every batch has.
    pub batch: FrameLayout,
    /// The second frame; only with same-step autoreset, and only in batches whose `final_mask` names a lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finals: Option<FrameLayout>,
}

impl Layout {
    /// Of batches of a model's worlds. An error where a frame would be longer than [`limits::DATA`].
    pub fn new(model: &Model, lanes: usize, mode: AutoresetMode) -> Result<Self, Error> {
        Self::of(&ArraySpec::of(model.observations()), model.info_names(), lanes, mode)
    }

    /// The same from what a session's opening says.
    pub fn of(observations: &[ArraySpec], infos: &[String], lanes: usize, mode: AutoresetMode) -> Result<Self, Error> {
        let mut batch = FrameLayout::EMPTY;
        for array in observations {
            batch.push(Part::Observation, &array.name, array.dtype, lanes, &array.shape)?;
        }
        batch.push(Part::Reward, "", Dtype::Float64, lanes, &[])?;
        batch.push(Part::EpisodeReturn, "", Dtype::Float64, lanes, &[])?;
        for info in infos {
            batch.push(Part::Info, info, Dtype::Float32, lanes, &[])?;
        }
        batch.push(Part::EpisodeLength, "", Dtype::Uint32, lanes, &[])?;
        batch.push(Part::FaultBody, "", Dtype::Int32, lanes, &[])?;
        batch.push(Part::Fault, "", Dtype::Uint8, lanes, &[])?;
        for part in [Part::Terminated, Part::Truncated, Part::InfoMask, Part::FinalMask, Part::EpisodeMask] {
            batch.push(part, "", Dtype::Bool, lanes, &[])?;
        }
        let mut finals = None;
        if mode == AutoresetMode::SameStep {
            let mut frame = FrameLayout::EMPTY;
            for array in observations {
                frame.push(Part::Observation, &array.name, array.dtype, lanes, &array.shape)?;
            }
            for info in infos {
                frame.push(Part::Info, info, Dtype::Float32, lanes, &[])?;
            }
            finals = Some(frame);
        }
        Ok(Self { lanes, batch, finals })
    }

    /// Writes the first frame into `frame` and says whether a second one follows. Panics where `frame` has not
    /// `self.batch.size` bytes, or the batch is not one of this layout.
    pub fn write(&self, batch: &Batch, frame: &mut [u8]) -> bool {
        assert_eq!(frame.len(), self.batch.size, "bytes of a batch's frame");
        let (mut observations, mut infos) = (batch.observations.iter(), batch.infos.iter());
        for field in &self.batch.fields {
            let target = &mut frame[field.range()];
            match field.part {
                Part::Observation => target.copy_from_slice(observations.next().expect("an array for each field")),
                Part::Info => put(target, infos.next().expect("a column for each field"), |x| x.to_le_bytes()),
                Part::Reward => put(target, &batch.rewards, |x| x.to_le_bytes()),
                Part::EpisodeReturn => put(target, &batch.episode_returns, |x| x.to_le_bytes()),
                Part::EpisodeLength => put(target, &batch.episode_lengths, |x| x.to_le_bytes()),
                Part::FaultBody => put(target, &batch.faults, |fault| faults::number(*fault).1.to_le_bytes()),
                Part::Fault => put(target, &batch.faults, |fault| [faults::number(*fault).0]),
                Part::Terminated => put(target, &batch.terminated, |x| [u8::from(*x)]),
                Part::Truncated => put(target, &batch.truncated, |x| [u8::from(*x)]),
                Part::InfoMask => put(target, &batch.info_mask, |x| [u8::from(*x)]),
                Part::FinalMask => put(target, &batch.final_mask, |x| [u8::from(*x)]),
                Part::EpisodeMask => put(target, &batch.episode_mask, |x| [u8::from(*x)]),
            }
        }
        self.finals.is_some() && batch.final_mask.contains(&true)
    }

    /// Writes the second frame into `frame`, of `self.finals`'s size. Panics as [`Layout::write`] does.
    pub fn write_finals(&self, batch: &Batch, frame: &mut [u8]) {
        let layout = self.finals.as_ref().expect("a session with same-step autoreset");
        assert_eq!(frame.len(), layout.size, "bytes of a second frame");
        let (mut observations, mut infos) = (batch.final_observations.iter(), batch.final_infos.iter());
        for field in &layout.fields {
            let target = &mut frame[field.range()];
            match field.part {
                Part::Observation => target.copy_from_slice(observations.next().expect("an array for each field")),
                _ => put(target, infos.next().expect("a column for each field"), |x| x.to_le_bytes()),
            }
        }
    }

    /// A batch of this layout, all zeros, for [`Layout::read`] to write into.
    pub fn buffer(&self) -> Batch {
        let observations = |frame: &FrameLayout| {
            let arrays = frame.fields.iter().filter(|field| field.part == Part::Observation);
            arrays.map(|field| Buffer::new(field.range().len())).collect()
        };
        let infos = |frame: &FrameLayout| {
            let count = frame.fields.iter().filter(|field| field.part == Part::Info).count();
            vec![vec![0.0; self.lanes]; count]
        };
        let no = || vec![false; self.lanes];
        Batch {
            observations: observations(&self.batch),
            rewards: vec![0.0; self.lanes],
            terminated: no(),
            truncated: no(),
            infos: infos(&self.batch),
            info_mask: no(),
            final_observations: self.finals.as_ref().map(observations).unwrap_or_default(),
            final_infos: self.finals.as_ref().map(infos).unwrap_or_default(),
            final_mask: no(),
            faults: vec![None; self.lanes],
            episode_returns: vec![0.0; self.lanes],
            episode_lengths: vec![0; self.lanes],
            episode_mask: no(),
        }
    }

    /// Reads both frames into `batch`, in place. It is one of [`Layout::buffer`], and of no use after an error. Panics where it
    /// is of another layout.
    pub fn read(&self, frame: &[u8], finals: Option<&[u8]>, batch: &mut Batch) -> Result<(), Error> {
        length("frame of a batch", frame, self.batch.size)?;
        let had_finals = batch.final_mask.contains(&true);
        let (mut observations, mut infos) = (batch.observations.iter_mut(), batch.infos.iter_mut());
        let mut fault_bodies: &[u8] = &[];
        for field in &self.batch.fields {
            let source = &frame[field.range()];
            match field.part {
                Part::Observation => {
                    check_bools(field, source)?;
                    observations.next().expect("an array for each field").copy_from_slice(source);
                }
                Part::Info => get(source, infos.next().expect("a column for each field"), f32::from_le_bytes),
                Part::Reward => get(source, &mut batch.rewards, f64::from_le_bytes),
                Part::EpisodeReturn => get(source, &mut batch.episode_returns, f64::from_le_bytes),
                Part::EpisodeLength => get(source, &mut batch.episode_lengths, u32::from_le_bytes),
                Part::FaultBody => fault_bodies = source,
                Part::Fault => read_faults(source, fault_bodies, &mut batch.faults)?,
                Part::Terminated => bools(field, source, &mut batch.terminated)?,
                Part::Truncated => bools(field, source, &mut batch.truncated)?,
                Part::InfoMask => bools(field, source, &mut batch.info_mask)?,
                Part::FinalMask => bools(field, source, &mut batch.final_mask)?,
                Part::EpisodeMask => bools(field, source, &mut batch.episode_mask)?,
            }
        }
        let has_finals = batch.final_mask.contains(&true);
        let accepted = "the second one where final_mask names a lane, and only there";
        match (&self.finals, finals) {
            (Some(layout), Some(frame)) if has_finals => read_finals(layout, frame, batch),
            (_, None) if !has_finals => {
                if had_finals {
                    batch.final_observations.iter_mut().for_each(|array| array.fill(0));
                    batch.final_infos.iter_mut().for_each(|column| column.fill(0.0));
                }
                Ok(())
            }
            (_, finals) => Err(Error::Frames { kind: "batch", found: 1 + usize::from(finals.is_some()), accepted }),
        }
    }
}

fn read_finals(layout: &FrameLayout, frame: &[u8], batch: &mut Batch) -> Result<(), Error> {
    length("second frame of a batch", frame, layout.size)?;
    let (mut observations, mut infos) = (batch.final_observations.iter_mut(), batch.final_infos.iter_mut());
    for field in &layout.fields {
        let source = &frame[field.range()];
        match field.part {
            Part::Observation => {
                check_bools(field, source)?;
                observations.next().expect("an array for each field").copy_from_slice(source);
            }
            _ => get(source, infos.next().expect("a column for each field"), f32::from_le_bytes),
        }
    }
    Ok(())
}

fn read_faults(numbers: &[u8], bodies: &[u8], faults: &mut [Option<hyperdust_kernel::Fault>]) -> Result<(), Error> {
    for (lane, ((number, body), fault)) in numbers.iter().zip(bodies.as_chunks().0).zip(faults).enumerate() {
        *fault = faults::fault(*number, i32::from_le_bytes(*body)).ok_or(Error::Fault { lane, found: *number })?;
    }
    Ok(())
}

fn length(what: &'static str, frame: &[u8], accepted: usize) -> Result<(), Error> {
    if frame.len() == accepted { Ok(()) } else { Err(Error::Length { what, found: frame.len(), accepted }) }
}

/// Compiles to a copy where the bytes are the same.
fn put<T, const N: usize>(target: &mut [u8], values: &[T], bytes: impl Fn(&T) -> [u8; N]) {
    assert_eq!(target.len(), values.len() * N, "a value for each lane");
    for (target, value) in target.as_chunks_mut::<N>().0.iter_mut().zip(values) {
        *target = bytes(value);
    }
}

fn get<T, const N: usize>(source: &[u8], values: &mut [T], value: impl Fn([u8; N]) -> T) {
    assert_eq!(source.len(), values.len() * N, "a value for each lane");
    for (source, target) in source.as_chunks::<N>().0.iter().zip(values) {
        *target = value(*source);
    }
}

fn bools(field: &Field, source: &[u8], values: &mut [bool]) -> Result<(), Error> {
    check_bytes(field, source)?;
    get(source, values, |[byte]| byte != 0);
    Ok(())
}

fn check_bools(field: &Field, source: &[u8]) -> Result<(), Error> {
    if field.dtype == Dtype::Bool { check_bytes(field, source) } else { Ok(()) }
}

fn check_bytes(field: &Field, source: &[u8]) -> Result<(), Error> {
    // One pass that vectorises; where it failed, a second one says where.
    if source.iter().fold(0, |all, byte| all | byte) <= 1 {
        return Ok(());
    }
    let at = source.iter().position(|byte| *byte > 1).unwrap_or_default();
    Err(Error::Bool { what: format!("{:?} {}", field.part, field.name), at, found: source[at] })
}
