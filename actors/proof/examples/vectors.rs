//! Writes `actors/proof/vectors/steps.json` anew, which a test compares with what is computed.
//!
//! `cargo run -p hyperdust-proof --example vectors`. Say in the commit why a vector changed.

#[path = "../tests/it/assembler.rs"]
mod assembler;
#[path = "../tests/it/programs.rs"]
mod programs;
#[path = "../tests/it/vectors.rs"]
mod vectors;

fn main() -> std::io::Result<()> {
    let text = vectors::render();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/steps.json");
    println!("{path}: {} steps, {} bytes", vectors::cases().len(), text.len());
    std::fs::write(path, text)
}
