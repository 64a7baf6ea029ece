//! Companions and the keys that they sign with: what they find, what they refuse, and what they cost. And stores on the command line.

mod cli;
mod companion;
mod key;
mod scene;
mod serve;
mod signatures;
mod store;
