//! Typed segments in one aligned arena: what NumPy, the wire and the proof guest all see.

use alloc::{string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};

/// Element type, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Dtype {
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 32-bit signed integer.
    I32,
    /// Byte.
    U8,
    /// One byte, 0 or 1.
    Bool,
}

impl Dtype {
    /// Bytes per element.
    pub fn size(self) -> usize {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::F64 => 8,
            Self::U8 | Self::Bool => 1,
        }
    }
}

/// Every segment starts at a multiple of this many bytes.
pub const ALIGNMENT: usize = 8;

/// A named array inside an arena.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Key in a `Dict` space.
    pub name: String,
    /// Element type.
    pub dtype: Dtype,
    /// Row-major; empty: a scalar.
    pub shape: Vec<usize>,
    /// Unit of each element, or empty where mixed.
    pub unit: String,
    /// First byte; a multiple of [`ALIGNMENT`].
    pub offset: usize,
    /// Lower bound per element (−∞: none).
    pub low: Vec<f32>,
    /// Upper bound per element (∞: none).
    pub high: Vec<f32>,
    /// For a discrete action: number of choices; else 0.
    pub choices: u32,
}

impl Segment {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Bytes, without padding.
    pub fn bytes(&self) -> usize {
        self.elements() * self.dtype.size()
    }
}

/// The segments of an arena, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// By offset.
    pub segments: Vec<Segment>,
    /// Bytes of the arena; a multiple of [`ALIGNMENT`].
    pub size: usize,
}

impl Layout {
    /// Appends a segment after the last, aligned; its `offset` is set here.
    pub fn push(&mut self, mut segment: Segment) {
        segment.offset = self.size;
        self.size += segment.bytes().next_multiple_of(ALIGNMENT);
        self.segments.push(segment);
    }
}
