//! The published scenes are embedded by `src/builtin.rs`: rebuild when one of them changes.

fn main() {
    println!("cargo:rerun-if-changed=../../scenes");
}
