//! The robot solver by itself: against closed forms, and lanes against single worlds.

mod builder;
mod closed_forms;
mod lanes;
