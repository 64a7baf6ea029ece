//! What a vector env does with a lane whose episode has ended: the kernel's modes, by Gymnasium's names.

pub use hyperdust_kernel::AutoresetMode;

use crate::Error;

/// The mode that Gymnasium calls `name`.
pub fn autoreset_mode(name: &str) -> Result<AutoresetMode, Error> {
    let found = AutoresetMode::ALL.into_iter().find(|mode| mode.name() == name);
    found.ok_or_else(|| Error::AutoresetMode { found: name.chars().take(64).collect() })
}
