//! Passes on where libsodium was built: cargo tells it to build scripts of crates that depend on it, and to nobody else.

use std::env;

fn main() {
    let variable = |name: &str| {
        println!("cargo:rerun-if-env-changed={name}");
        env::var(name).ok().filter(|value| !value.is_empty())
    };
    let library = variable("SODIUM_LIB_DIR").or_else(|| env::var("DEP_SODIUM_LIB").ok());
    let headers = variable("SODIUM_INCLUDE_DIR").or_else(|| env::var("DEP_SODIUM_INCLUDE").ok());
    let library = library.expect("libsodium-sys-stable says where its library is");
    println!("cargo:rustc-env=HYPERDUST_SODIUM_LIB={library}");
    println!("cargo:rustc-env=HYPERDUST_SODIUM_INCLUDE={}", headers.as_deref().unwrap_or("/usr/include"));
}
