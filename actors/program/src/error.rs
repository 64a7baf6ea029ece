//! Why a file is no program.

/// Why a file was refused. None is worth retrying with the same file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not an ELF file of the machine, or a broken one.
    #[error("{what}: {reason}; accepted: a 32-bit little-endian RISC-V executable")]
    Malformed {
        /// Part of the file.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Does not fit the machine's memory map.
    #[error("{what}: found {found:#010x}; accepted: {accepted}")]
    Layout {
        /// Part of the file.
        what: &'static str,
        /// Address.
        found: u64,
        /// What fits.
        accepted: &'static str,
    },
    /// A list of programs that cannot be read.
    #[error("line {line}: found {found:?}; accepted: name, root (0x and 64 digits), bytes, sha256 (64 digits)")]
    List {
        /// From 1.
        line: usize,
        /// Its text.
        found: String,
    },
}
