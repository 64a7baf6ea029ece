//! A chain in this process.
#![forbid(unsafe_code)]
