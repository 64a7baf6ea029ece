//! Arrays of an observation or an action, as a session's opening describes them.

use hyperdust_kernel::layout::{Dtype as KernelDtype, Layout, Segment};
use serde::{Deserialize, Serialize};

use crate::{
    control::{Bad, between, name},
    limits,
};

/// Element type, by NumPy's name; little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// 32-bit float.
    Float32,
    /// 64-bit float.
    Float64,
    /// 32-bit signed integer.
    Int32,
    /// 32-bit unsigned integer.
    Uint32,
    /// Byte.
    Uint8,
    /// One byte, 0 or 1.
    Bool,
}

impl Dtype {
    /// Bytes per element.
    pub fn size(self) -> usize {
        match self {
            Self::Float32 | Self::Int32 | Self::Uint32 => 4,
            Self::Float64 => 8,
            Self::Uint8 | Self::Bool => 1,
        }
    }
}

impl From<KernelDtype> for Dtype {
    fn from(dtype: KernelDtype) -> Self {
        match dtype {
            KernelDtype::F32 => Self::Float32,
            KernelDtype::F64 => Self::Float64,
            KernelDtype::I32 => Self::Int32,
            KernelDtype::U8 => Self::Uint8,
            KernelDtype::Bool => Self::Bool,
        }
    }
}

/// Bounds of an array's elements: one for all, or one for each in row-major order; none (JSON: `null`) is infinite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Bounds {
    /// Of every element.
    All(Option<f32>),
    /// Of each.
    Each(Vec<Option<f32>>),
}

impl Bounds {
    fn new(values: &[f32]) -> Self {
        let bound = |value: &f32| value.is_finite().then_some(*value);
        match values {
            [first, rest @ ..] if rest.iter().all(|value| value.to_bits() == first.to_bits()) => {
                Self::All(bound(first))
            }
            values => Self::Each(values.iter().map(bound).collect()),
        }
    }

    /// One for each of `count` elements, with `infinite` for those without.
    pub fn each(&self, count: usize, infinite: f32) -> Vec<f32> {
        match self {
            Self::All(bound) => vec![bound.unwrap_or(infinite); count],
            Self::Each(bounds) => bounds.iter().map(|bound| bound.unwrap_or(infinite)).collect(),
        }
    }

    fn check(&self, path: &str, count: usize) -> Result<(), Bad> {
        match self {
            Self::Each(bounds) if bounds.len() != count => {
                Err(Bad::new(path, format_args!("{} bounds", bounds.len()), format!("one, or {count}")))
            }
            Self::All(bound) if bound.is_some_and(|bound| !bound.is_finite()) => {
                Err(Bad::new(path, "a number beyond float32", "float32 or null"))
            }
            Self::Each(bounds) if bounds.iter().flatten().any(|bound| !bound.is_finite()) => {
                Err(Bad::new(path, "a number beyond float32", "float32 or null"))
            }
            _ => Ok(()),
        }
    }
}

/// A named array of one lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArraySpec {
    /// Key in a `Dict` space.
    pub name: String,
    /// Element type.
    pub dtype: Dtype,
    /// Row-major, without the lanes; empty: a scalar.
    pub shape: Vec<usize>,
    /// Unit of each element, or empty where mixed.
    pub unit: String,
    /// Lower bounds.
    pub low: Bounds,
    /// Upper bounds.
    pub high: Bounds,
    /// Of a discrete action: number of choices; else 0.
    pub choices: u32,
}

impl ArraySpec {
    /// The arrays of a kernel's layout.
    pub fn of(layout: &Layout) -> Vec<Self> {
        let spec = |segment: &Segment| Self {
            name: segment.name.clone(),
            dtype: segment.dtype.into(),
            shape: segment.shape.clone(),
            unit: segment.unit.clone(),
            low: Bounds::new(&segment.low),
            high: Bounds::new(&segment.high),
            choices: segment.choices,
        };
        layout.segments.iter().map(spec).collect()
    }

    /// The kernel's layout of arrays that came in a [`crate::message::Opened`]; none where a dtype is not the kernel's.
    pub fn layout(arrays: &[Self]) -> Option<Layout> {
        let mut layout = Layout::default();
        for array in arrays {
            let dtype = match array.dtype {
                Dtype::Float32 => KernelDtype::F32,
                Dtype::Float64 => KernelDtype::F64,
                Dtype::Int32 => KernelDtype::I32,
                Dtype::Uint8 => KernelDtype::U8,
                Dtype::Bool => KernelDtype::Bool,
                Dtype::Uint32 => return None,
            };
            let count = array.elements();
            layout.push(Segment {
                name: array.name.clone(),
                dtype,
                shape: array.shape.clone(),
                unit: array.unit.clone(),
                offset: 0,
                low: array.low.each(count, f32::NEG_INFINITY),
                high: array.high.each(count, f32::INFINITY),
                choices: array.choices,
            });
        }
        Some(layout)
    }

    /// Number of elements of a lane.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Bytes of a lane, without padding.
    pub fn bytes(&self) -> usize {
        self.elements() * self.dtype.size()
    }

    fn check(&self, path: &str) -> Result<(), Bad> {
        name(&format!("{path}.name"), &self.name, 0)?;
        name(&format!("{path}.unit"), &self.unit, 0)?;
        between(&format!("{path}.shape: dimensions"), self.shape.len() as u64, 0, limits::DIMENSIONS as u64)?;
        let bytes = self.shape.iter().try_fold(self.dtype.size(), |bytes, length| bytes.checked_mul(*length));
        between(&format!("{path}.shape: bytes"), bytes.map_or(u64::MAX, |bytes| bytes as u64), 0, limits::DATA as u64)?;
        let elements = self.elements();
        if self.choices == 0 {
            self.low.check(&format!("{path}.low"), elements)?;
            self.high.check(&format!("{path}.high"), elements)?;
        } else if self.dtype != Dtype::Int32 {
            return Err(Bad::new(format!("{path}.choices"), self.choices, "0 where the dtype is not int32"));
        }
        Ok(())
    }
}

/// An error unless all are within limits and the names differ.
pub(crate) fn check(path: &str, arrays: &[ArraySpec]) -> Result<(), Bad> {
    between(path, arrays.len() as u64, 0, limits::ARRAYS as u64)?;
    for (index, array) in arrays.iter().enumerate() {
        let path = format!("{path}[{index}]");
        array.check(&path)?;
        if arrays[..index].iter().any(|before| before.name == array.name) {
            return Err(Bad::new(format!("{path}.name"), format_args!("{:?} twice", array.name), "different names"));
        }
    }
    Ok(())
}
