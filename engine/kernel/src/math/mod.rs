//! Arithmetic with the same bits on every machine: scalars or lanes, vectors, spatial algebra.
//!
//! Only `+ − × ÷ √`, comparisons and polynomials over them are used (IEEE 754 fixes their results), in
//! a written order, never contracted into fused operations. What the language leaves open (`f32::max` of
//! +0 and −0, platform `sin`) is not used: see [`scalar`].

pub mod real;
pub mod scalar;
pub mod spatial;

pub use real::{Mask, Real};
pub use spatial::{Inertia, Mat3, Spatial, Vec3};
