//! Named kinds of terms, each lowered to what the kernel knows: a slice of a quantity, or a program. A kind is one file
//! with its unit and formula; most are written as an expression of the language that authors use too.

pub(crate) mod action;
pub(crate) mod observation;
pub(crate) mod reset;
pub(crate) mod reward;
mod selection;
pub(crate) mod termination;
