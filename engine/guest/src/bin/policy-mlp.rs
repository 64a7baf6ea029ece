//! A policy's network and a batch of observations in, answers out.
#![no_main]

use hyperdust_guest::{INPUTS, Program};
use hyperdust_mlp as mlp;

hyperdust_guest::program!(Program { inputs: &[mlp::NETWORK, mlp::OBSERVATIONS], output: mlp::ANSWERS, run });

fn run([network, observations, ..]: &[&[u8]; INPUTS]) -> Result<Vec<u8>, String> {
    mlp::run(network, observations).map_err(|error| error.to_string())
}
