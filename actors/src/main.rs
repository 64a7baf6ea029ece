//! The `hyperdust` binary: see [`hyperdust_actors::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    hyperdust_actors::cli::main()
}
