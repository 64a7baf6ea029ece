//! Memory that NumPy sees.
//!
//! A batch of observations is written by the worker threads into a [`Buffer`] and handed to Python without
//! another copy: the array's base object, a [`Slab`], owns the buffer. When the last view of it dies, the buffer
//! goes back to its [`Shelf`] and is written again by a later step. So a training loop that drops its
//! observations runs in the same memory all the time, and one that keeps them keeps them: nothing that
//! Python can still see is ever written to.

use std::sync::{Arc, Mutex, PoisonError};

use hyperdust_gym::Buffer;
use hyperdust_kernel::layout::{Dtype, Layout, Segment};
use numpy::{
    Element, IxDyn, PyArrayDyn, PyArrayMethods,
    ndarray::{ArrayViewMutD, ShapeBuilder},
};
use pyo3::{prelude::*, types::PyTuple};

/// Buffers of one size that a shelf holds at most; more are freed.
const SHELVED: usize = 4;

/// Unused buffers of one size.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    buffers: Arc<Mutex<Vec<Buffer>>>,
}

impl Shelf {
    /// A buffer of `len` bytes, whatever is in it.
    pub fn take(&self, len: usize) -> Buffer {
        let shelved = self.buffers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        shelved.filter(|buffer| buffer.len() == len).unwrap_or_else(|| Buffer::new(len))
    }

    fn put(&self, buffer: Buffer) {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        if buffers.len() < SHELVED {
            buffers.push(buffer);
        }
    }
}

/// Owner of the memory of one array; it is reachable as the array's `base` and has no methods.
#[pyclass(frozen, module = "hyperdust._core")]
pub struct Slab {
    buffer: Option<Buffer>,
    shelf: Shelf,
}

impl Drop for Slab {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.shelf.put(buffer);
        }
    }
}

/// `buffer` as an array of the segment's dtype and shape, with `lanes` in front; no copy.
fn lend<'py>(
    py: Python<'py>,
    segment: &Segment,
    lanes: usize,
    buffer: Buffer,
    shelf: &Shelf,
) -> PyResult<Bound<'py, PyAny>> {
    let shape: Vec<usize> = core::iter::once(lanes).chain(segment.shape.iter().copied()).collect();
    match segment.dtype {
        Dtype::F32 => lend_as::<f32>(py, &shape, buffer, shelf),
        Dtype::F64 => lend_as::<f64>(py, &shape, buffer, shelf),
        Dtype::I32 => lend_as::<i32>(py, &shape, buffer, shelf),
        Dtype::U8 | Dtype::Bool => lend_as::<u8>(py, &shape, buffer, shelf),
    }
}

/// The buffers of a batch, one a segment, as arrays; others from the shelves take their place.
pub fn lend_all<'py>(
    py: Python<'py>,
    layout: &Layout,
    lanes: usize,
    buffers: &mut [Buffer],
    shelves: &[Shelf],
) -> PyResult<Bound<'py, PyTuple>> {
    let arrays = layout.segments.iter().zip(buffers).zip(shelves).map(|((segment, slot), shelf)| {
        let fresh = shelf.take(slot.len());
        lend(py, segment, lanes, core::mem::replace(slot, fresh), shelf)
    });
    PyTuple::new(py, arrays.collect::<PyResult<Vec<_>>>()?)
}

fn lend_as<'py, T: Element + bytemuck::Pod>(
    py: Python<'py>,
    shape: &[usize],
    mut buffer: Buffer,
    shelf: &Shelf,
) -> PyResult<Bound<'py, PyAny>> {
    // Panics on a buffer of another size, which would be a bug here: shapes come from the same layout.
    let elements: &mut [T] = bytemuck::cast_slice_mut(buffer.as_mut_slice());
    assert_eq!(elements.len(), shape.iter().product::<usize>(), "a batch buffer has the size of its segment");
    let pointer = elements.as_mut_ptr();
    let slab = Bound::new(py, Slab { buffer: Some(buffer), shelf: shelf.clone() })?;
    // SAFETY: `pointer` is to the heap memory of `buffer`, aligned for `T` (8 bytes), initialised, and as long as
    // `shape` says (asserted). Moving the buffer into the slab does not move its heap memory.
    let view = unsafe { ArrayViewMutD::from_shape_ptr(IxDyn(shape).into_shape_with_order(), pointer) };
    // SAFETY: the slab is the array's base, so the memory lives as long as any view; nothing in Rust reads or
    // writes a buffer that is inside a slab.
    let array = unsafe { PyArrayDyn::borrow_from_array(&view, slab.into_any()) };
    Ok(array.into_any())
}

/// A new array with a copy of the bytes, which are as many as the shape says.
pub fn copy<'py>(py: Python<'py>, dtype: Dtype, shape: &[usize], bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match dtype {
        Dtype::F32 => copy_as::<f32>(py, shape, bytes),
        Dtype::F64 => copy_as::<f64>(py, shape, bytes),
        Dtype::I32 => copy_as::<i32>(py, shape, bytes),
        Dtype::U8 | Dtype::Bool => copy_as::<u8>(py, shape, bytes),
    }
}

fn copy_as<'py, T: Element + bytemuck::Pod>(
    py: Python<'py>,
    shape: &[usize],
    bytes: &[u8],
) -> PyResult<Bound<'py, PyAny>> {
    let array = PyArrayDyn::<T>::zeros(py, shape, false);
    // The array is new and known to nobody, so this borrow cannot fail.
    let mut writer = array.readwrite();
    bytemuck::cast_slice_mut(writer.as_slice_mut()?).copy_from_slice(bytes);
    drop(writer);
    Ok(array.into_any())
}
