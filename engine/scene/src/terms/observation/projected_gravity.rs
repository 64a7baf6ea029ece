//! `projected_gravity`: the world's downward unit vector in a body's axes, Rᵀ · (0, 0, −1). With the body's
//! quaternion (w, x, y, z): (2(wy − xz), −2(yz + wx), 2(x² + y²) − 1).

use hyperdust_kernel::blueprint::Value;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::schema::literal::Name;

/// Downward direction in a body's axes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectedGravity {
    /// Name of the body, or its number.
    pub body: Name,
}

impl ProjectedGravity {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Value>, Error> {
        let q = format!("body({}).orientation", at.body("body", &self.body)?);
        let rows = [
            format!("2 * ({q}.w * {q}.y - {q}.x * {q}.z)"),
            format!("-2 * ({q}.y * {q}.z + {q}.w * {q}.x)"),
            format!("2 * ({q}.x * {q}.x + {q}.y * {q}.y) - 1"),
        ];
        rows.iter().map(|row| Ok(Value::Program(at.built("body", row)?.program()))).collect()
    }
}
