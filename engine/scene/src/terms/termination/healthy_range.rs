//! `healthy_range`: ends when any number of a quantity is outside [low, high] (`open`: outside (low, high)).

use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::expression::{Number as Computed, Vector};
use crate::schema::literal::{Formula, Numbers};

/// A quantity leaves its range.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HealthyRange {
    /// An expression: a number or a vector.
    pub quantity: Formula,
    /// [low, high].
    pub range: Numbers,
    /// The bounds themselves are unhealthy.
    #[serde(default)]
    pub open: bool,
}

impl HealthyRange {
    pub fn lower(&self, at: &At<'_>) -> Result<Computed, Error> {
        use hyperdust_kernel::blueprint::Reduce;
        let (low, high) = at.pair("range", &self.range)?;
        let too_large = |(found, accepted)| at.wrong("quantity", found, accepted);
        let vector = at.vector("quantity", &self.quantity)?;
        // The smallest and the largest element decide for all.
        let (smallest, largest) = match vector {
            Vector::Slice(slice) => {
                (Computed::reduce(Reduce::Min, slice, None), Computed::reduce(Reduce::Max, slice, None))
            }
            other => {
                let items = other.items().map_err(too_large)?;
                let fold = |op| Computed::fold(op, &items).map_err(too_large);
                (fold(hyperdust_kernel::blueprint::Op::Min)?, fold(hyperdust_kernel::blueprint::Op::Max)?)
            }
        };
        Computed::outside(smallest, largest, low, high, self.open).map_err(too_large)
    }
}
