//! `[[termination]]`: what ends an episode.

mod expression;
mod healthy_range;
mod height;
mod tilt;

use hyperdust_kernel::blueprint::TerminationTerm;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::schema::literal::Flag;
use crate::schema::{Entry, kinds};

/// Keys of every term.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Common {
    /// Default: the kind.
    pub name: Option<String>,
    /// Left out where false.
    pub enabled: Option<Flag>,
    /// Report as truncated, not terminated.
    pub truncates: Option<Flag>,
}

kinds! {
    /// What ends an episode.
    Termination, Common, ["name", "enabled", "truncates"], None, {
        "healthy_range" => HealthyRange(healthy_range::HealthyRange),
        "height" => Height(height::Height),
        "tilt" => Tilt(tilt::Tilt),
        "expression" => Expression(expression::Expression),
    }
}

/// As the kernel's term; none where it is not enabled.
pub(crate) fn lower(entry: &Entry<Termination>, at: &At<'_>) -> Result<Option<TerminationTerm>, Error> {
    let common = &entry.common;
    if !at.flag("enabled", &common.enabled, true)? {
        return Ok(None);
    }
    let value = match &entry.kind {
        Termination::HealthyRange(fields) => fields.lower(at)?,
        Termination::Height(fields) => fields.lower(at)?,
        Termination::Tilt(fields) => fields.lower(at)?,
        Termination::Expression(fields) => fields.lower(at)?,
    };
    let name = common.name.as_deref().unwrap_or(entry.name).to_owned();
    let truncates = at.flag("truncates", &common.truncates, false)?;
    Ok(Some(TerminationTerm { name, truncates, value: value.program() }))
}
