//! A kernel world inside a Bevy world.
//!
//! [`HyperdustPlugin`] owns a [`hyperdust_kernel::World`] as a resource ([`Simulation`]) and runs its
//! phases as systems of the [`EnvStep`] schedule, in the ordered sets of [`StepSet`]:
//! `Act → Physics → Sense → Reward → End`. Rust authors hook their own systems between the phases; each
//! body is an entity with a [`Body`] and a `Transform`. [`step`] is one environment step.
//!
//! ```
//! # use bevy_app::App;
//! # use bevy_ecs::prelude::*;
//! # use hyperdust_view::{EnvStep, HyperdustPlugin, Simulation, StepSet, phases};
//! # fn author(app: &mut App) {
//! fn gust(mut simulation: ResMut<Simulation>) {
//!     simulation.action_mut().fill(0);
//! }
//! // Every system that touches the simulation says where it stands: two that conflict without an order
//! // are an error.
//! app.add_systems(EnvStep, gust.in_set(StepSet::Act).before(phases::act));
//! # }
//! ```
//!
//! **Attested or provable.** A scene whose schedule holds only the built-in phases gives the digests of the
//! direct path ([`hyperdust_kernel::World::step`]) and stays *provable*: a lie about it can be shown on
//! chain. With a system of its author's, or a condition that may skip a phase, it is only *attested*:
//! companions replay it, nobody can be slashed or minted for it. [`provability`] says which.
//!
//! Determinism: the executor is single-threaded whatever features are on elsewhere, the sets are chained,
//! and ambiguous orders are refused when the schedule is built.
#![forbid(unsafe_code)]

mod bodies;
pub mod phases;
mod plugin;
mod step;

pub use bodies::Body;
pub use plugin::{EnvStep, HyperdustPlugin, Simulation, StepSet};
pub use step::{Error, Provability, provability, reset, step};
