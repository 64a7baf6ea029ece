//! Rigid bodies: they obey the closed forms of mechanics, a world is only its poses and velocities,
//! and no blueprint, however broken, panics.

mod closed_forms;
mod determinism;
mod refusals;
mod scenes;
