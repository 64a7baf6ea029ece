//! What sessions are paid and disputed with, on any EVM chain.
#![forbid(unsafe_code)]
