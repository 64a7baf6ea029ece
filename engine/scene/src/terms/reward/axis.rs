//! A coordinate axis of the world.

use schemars::JsonSchema;
use serde::Deserialize;

/// A coordinate axis of the world (z up).
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Axis {
    /// Forward.
    #[default]
    X,
    /// Left.
    Y,
    /// Up.
    Z,
}

impl Axis {
    /// As in expressions.
    pub fn name(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Y => "y",
            Self::Z => "z",
        }
    }
}
