//! The robot solver by itself: against closed forms, and lanes against single worlds.

mod arrays;
mod builder;
mod closed_forms;
mod lanes;
