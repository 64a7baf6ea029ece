//! Actions from outside: checked whole, then laid out as the kernel reads them.
//!
//! The kernel turns a bad action into a faulted episode, because on chain there is no one to raise an
//! error to. Here there is: a wrong length, a NaN or a choice outside the space is refused before any lane
//! is stepped, by name. Values outside a box are taken: actuators clamp, as MuJoCo's do.

use hyperdust_kernel::layout::{Dtype, Layout, Segment};

use crate::Error;

/// NumPy's name of a dtype.
pub(crate) fn dtype_name(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F32 => "float32",
        Dtype::F64 => "float64",
        Dtype::I32 => "int32",
        Dtype::U8 => "uint8",
        Dtype::Bool => "bool",
    }
}

/// Refuses one lane's arena (segments at their offsets) where the space does not hold it.
pub(crate) fn check_arena(layout: &Layout, arena: &[u8]) -> Result<(), Error> {
    if arena.len() != layout.size {
        return Err(Error::ActionArena { found: arena.len(), expected: layout.size });
    }
    for segment in &layout.segments {
        check_values(segment, &arena[segment.offset..segment.offset + segment.bytes()], 0)?;
    }
    Ok(())
}

/// Refuses a batch, one contiguous `(lanes, *shape)` array per segment.
pub(crate) fn check_batch(layout: &Layout, lanes: usize, actions: &[&[u8]]) -> Result<(), Error> {
    if actions.len() != layout.segments.len() {
        return Err(Error::ActionSegments { found: actions.len(), expected: layout.segments.len() });
    }
    for (segment, bytes) in layout.segments.iter().zip(actions) {
        let expected = segment.bytes() * lanes;
        if bytes.len() != expected {
            return Err(Error::ActionBytes {
                segment: segment.name.clone(),
                found: bytes.len(),
                expected,
                dtype: dtype_name(segment.dtype),
                shape: core::iter::once(lanes).chain(segment.shape.iter().copied()).collect(),
            });
        }
        if segment.bytes() > 0 {
            for (lane, row) in bytes.chunks_exact(segment.bytes()).enumerate() {
                check_values(segment, row, lane)?;
            }
        }
    }
    Ok(())
}

/// Copies lane `lane` of a checked batch into its arena; padding stays as it was (zero).
pub(crate) fn scatter(layout: &Layout, actions: &[&[u8]], lane: usize, arena: &mut [u8]) {
    for (segment, bytes) in layout.segments.iter().zip(actions) {
        let size = segment.bytes();
        arena[segment.offset..segment.offset + size].copy_from_slice(&bytes[lane * size..(lane + 1) * size]);
    }
}

fn check_values(segment: &Segment, bytes: &[u8], lane: usize) -> Result<(), Error> {
    let not_finite = |index, value| Error::ActionNotFinite { lane, segment: segment.name.clone(), index, value };
    match segment.dtype {
        Dtype::F32 => {
            for (index, chunk) in bytes.as_chunks::<4>().0.iter().enumerate() {
                let value = f32::from_le_bytes(*chunk);
                if !value.is_finite() {
                    return Err(not_finite(index, f64::from(value)));
                }
            }
        }
        Dtype::F64 => {
            for (index, chunk) in bytes.as_chunks::<8>().0.iter().enumerate() {
                let value = f64::from_le_bytes(*chunk);
                if !value.is_finite() {
                    return Err(not_finite(index, value));
                }
            }
        }
        Dtype::I32 if segment.choices > 0 => {
            for chunk in bytes.as_chunks::<4>().0 {
                let value = i32::from_le_bytes(*chunk);
                if u32::try_from(value).map_or(true, |v| v >= segment.choices) {
                    return Err(Error::ActionChoice {
                        lane,
                        segment: segment.name.clone(),
                        value,
                        choices: segment.choices,
                    });
                }
            }
        }
        Dtype::I32 | Dtype::U8 | Dtype::Bool => {}
    }
    Ok(())
}
