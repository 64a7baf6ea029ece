#!/usr/bin/env bash
# Builds the programs of the proof machine, and compares them with IMAGE_ROOT.
#
#   engine/guest/build.sh           fails where an image is not the committed one
#   engine/guest/build.sh --write   writes IMAGE_ROOT anew (say in the commit why the images changed)
#
# Leaves NAME.img (the image) and NAME.elf (the same with symbols and line tables) in $CARGO_TARGET_DIR/hyperdust-guest.
# An image depends on the sources, two lock files (this folder's, and the one inside the toolchain for `std`) and the toolchain;
# not on folders, users or the environment.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
# Programs that IMAGE_ROOT lists, and those that only tests run.
programs=(segment policy-mlp)
tested=(failures)
target=$(realpath -m "${CARGO_TARGET_DIR:-$repository/target}")
out=$target/hyperdust-guest
registry=${CARGO_HOME:-$HOME/.cargo}/registry/src

toolchain=$("$here/toolchain.sh")
# `std` is built for the machine; it brings its own lock file. One compiler feature is unstable: that `std` can be built at all.
cargo=("$toolchain/bin/cargo" build --quiet --locked --release --target riscv32im-risc0-zkvm-elf
  -Zbuild-std=std,panic_abort -Zbuild-std-features=compiler-builtins-mem)

# The environment is this and no more. (A `config.toml` of cargo's is still read: a profile in it may change an image, and the
# comparison below then says so.)
kept=(PATH HOME CARGO_HOME CARGO_HTTP_CAINFO CARGO_NET_OFFLINE http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY)
environment=(-i "RUSTC=$toolchain/bin/rustc" RUSTC_BOOTSTRAP=1 "CARGO_TARGET_DIR=$out/build")
for name in "${kept[@]}"; do
  if [[ -n ${!name:-} ]]; then environment+=("$name=${!name}"); fi
done

# Fetched before they are compiled, so that the folder they lie in is there to be named below.
(cd "$here" && env "${environment[@]}" "$toolchain/bin/cargo" fetch --quiet --locked)

flags=(
  # The machine has one thread and no atomic instructions.
  -C passes=lower-atomic
  -C "link-arg=-T$here/link.ld"
  "--remap-path-prefix=$repository="
  "--remap-path-prefix=$toolchain/lib/rustlib/src/rust=/rust"
)
# Sources of crates lie in a folder that is named after the registry.
for index in "$registry"/*/; do
  flags+=("--remap-path-prefix=${index%/}=/cargo")
done

environment+=("CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; echo "${flags[*]}")")

(cd "$here" && env "${environment[@]}" "${cargo[@]}" "${programs[@]/#/--bin=}" "${tested[@]/#/--bin=}")

for program in "${programs[@]}" "${tested[@]}"; do
  cp "$out/build/riscv32im-risc0-zkvm-elf/release/$program" "$out/$program.elf"
done
cd "$repository"
exec cargo run --quiet --locked --package hyperdust-program --bin hyperdust-image -- \
  --list "$here/IMAGE_ROOT" "$@" "${tested[@]/#/--unlisted=$out/}" "${programs[@]/#/$out/}"
