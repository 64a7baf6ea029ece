//! Bytes laid out by a [`Layout`], aligned so that every segment can be viewed as its element type.

use alloc::{vec, vec::Vec};

use crate::layout::{ALIGNMENT, Dtype, Layout};

// Segments, records and snapshots are little-endian, and so is every target this runs on.
#[cfg(target_endian = "big")]
compile_error!("hyperdust-kernel lays out bytes little-endian: big-endian targets would see other arenas");

/// A zeroed or filled arena; its padding is always zero.
#[derive(Debug, Default)]
pub(crate) struct Arena(Vec<u64>);

impl Arena {
    pub fn new(layout: &Layout) -> Self {
        Self(vec![0; layout.size / ALIGNMENT])
    }

    pub fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}

impl Clone for Arena {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }

    fn clone_from(&mut self, other: &Self) {
        self.0.clone_from(&other.0);
    }
}

/// Whether `bytes` are an arena that a world can have written: finite floats with canonical zeros, bools
/// of 0 or 1, zero padding.
pub(crate) fn is_canonical(bytes: &[u8], layout: &Layout) -> bool {
    if bytes.len() != layout.size {
        return false;
    }
    layout.segments.iter().enumerate().all(|(i, segment)| {
        let end = layout.segments.get(i + 1).map_or(layout.size, |next| next.offset);
        let (data, padding) = bytes[segment.offset..end].split_at(segment.bytes());
        padding.iter().all(|&b| b == 0)
            && match segment.dtype {
                Dtype::F32 => data.as_chunks::<4>().0.iter().all(|&b| is_canonical_f32(f32::from_le_bytes(b))),
                Dtype::F64 => data.as_chunks::<8>().0.iter().all(|&b| {
                    let x = f64::from_le_bytes(b);
                    x.is_finite() && (x != 0.0 || x.is_sign_positive())
                }),
                Dtype::Bool => data.iter().all(|&b| b <= 1),
                Dtype::I32 | Dtype::U8 => true,
            }
    })
}

/// Finite, and not −0.
pub(crate) fn is_canonical_f32(x: f32) -> bool {
    x.is_finite() && (x != 0.0 || x.is_sign_positive())
}
