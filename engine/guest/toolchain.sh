#!/usr/bin/env bash
# Puts the compiler of the proof machine's programs into a folder of its own and prints its path.
#
# Images are the same everywhere only if the very same compiler made them, so what a machine has installed is not used.
# Each file is checked against toolchain.sha256 before it is unpacked, and the folder is named after that list: a changed
# list makes a new folder, and one whose making was interrupted is made again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
list=$here/toolchain.sha256
cache=$(realpath -m "${HYPERDUST_CACHE:-$HOME/.cache/hyperdust}")/guest-toolchain
source=${HYPERDUST_GUEST_DIST:-https://static.rust-lang.org/dist}

if [[ $(uname -sm) != "Linux x86_64" ]]; then
  echo "found $(uname -sm); accepted: Linux x86_64, which the compiler in $list is for" >&2
  exit 1
fi
folder=$cache/$(sha256sum <"$list" | cut -c1-12)
if [[ ! -e $folder/.ready ]]; then
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/making-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  while read -r _ file; do
    echo "fetching $file" >&2
    curl --fail --silent --show-error --location --retry 3 --output "$work/$file" "$source/$file"
  done <"$list"
  (cd "$work" && sha256sum --quiet --check --strict "$list") >&2
  mkdir "$work/root"
  while read -r _ file; do
    # Each holds `package/component/…`; together the components are a sysroot.
    tar --extract --file "$work/$file" --directory "$work/root" --strip-components=2 --no-same-owner \
      --exclude='*/share/doc' --exclude='*/share/man'
  done <"$list"
  touch "$work/root/.ready"
  rm -rf "$folder"
  mv --no-target-directory "$work/root" "$folder"
fi
echo "$folder"
