#!/usr/bin/env bash
# Every scene's golden digests from code for another processor: aarch64, compiled by the toolchain that also compiles the proof
# machine's programs, run under qemu-user. Wants gcc-aarch64-linux-gnu (to link) and qemu-user-static.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
toolchain=$("$here/../engine/guest/toolchain.sh")
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/../target}/aarch64
export RUSTC=$toolchain/bin/rustc RUSTFLAGS="-C target-feature=+crt-static"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
cd "$here"
"$toolchain/bin/cargo" build --locked --quiet --release --target aarch64-unknown-linux-gnu -p hyperdust-tests --example goldens
exec qemu-aarch64-static "$CARGO_TARGET_DIR/aarch64-unknown-linux-gnu/release/examples/goldens"
