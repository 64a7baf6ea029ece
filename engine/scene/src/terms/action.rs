//! `[[action]]`: what the agent's action drives.

use hyperdust_kernel::blueprint::{ActionTerm, Actuator};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::error::Warning;
use crate::expression::to_f32;
use crate::schema::literal::{Names, NumberOrNumbers, Raw, Rows};
use crate::schema::{Entry, kinds};

/// Keys of every action.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Common {
    /// Key of the action where there are several; "action".
    pub name: Option<String>,
    /// Names, or "all".
    pub actuators: Option<Names>,
}

/// A box: each number is the control of one actuator.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Continuous {
    /// Lower bounds of the space, in the actuators' units; default: their control ranges.
    pub low: Option<NumberOrNumbers>,
    /// Upper bounds of the space.
    pub high: Option<NumberOrNumbers>,
}

/// One of several rows of controls.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Discrete {
    /// One row of controls per choice, a number per actuator.
    pub choices: Rows,
}

kinds! {
    /// What the agent's action drives.
    Action, Common, ["name", "actuators"], Some("continuous"), {
        "continuous" => Continuous(Continuous),
        "discrete" => Discrete(Discrete),
    }
}

/// As the kernel's term.
pub(crate) fn lower(
    entry: &Entry<Action>,
    at: &At<'_>,
    actuators: &[Actuator],
    warnings: &mut Vec<Warning>,
) -> Result<ActionTerm, Error> {
    let name = entry.common.name.clone().unwrap_or_else(|| "action".into());
    let driven = match &entry.common.actuators {
        Some(names) => at.actuators("actuators", names)?,
        None => (0..actuators.len()).filter_map(|index| u16::try_from(index).ok()).collect(),
    };
    let ranges = driven.iter().map(|index| actuators[usize::from(*index)].control_range);
    match &entry.kind {
        Action::Continuous(fields) => {
            if driven.is_empty() {
                return Err(at.wrong(
                    "actuators",
                    "no actuators",
                    "at least one; `kind = \"discrete\"` where there is nothing to drive",
                ));
            }
            let bounds: Vec<[f32; 2]> = ranges.map(|range| range.unwrap_or([f32::MIN, f32::MAX])).collect();
            let side = |key: &str, given: &Option<NumberOrNumbers>, side: usize| match given {
                Some(numbers) => {
                    Ok(at.spread(key, numbers, driven.len())?.into_iter().map(to_f32).collect::<Vec<f32>>())
                }
                None => Ok(bounds.iter().map(|range| range[side]).collect()),
            };
            let (low, high) = (side("low", &fields.low, 0)?, side("high", &fields.high, 1)?);
            if let Some(index) = (0..low.len()).find(|index| low[*index] > high[*index]) {
                return Err(at.wrong(
                    "low",
                    format!("{} for actuator {index}, above its `high`", low[index]),
                    "low at most high",
                ));
            }
            if low.contains(&f32::MIN) || high.contains(&f32::MAX) {
                warnings.push(
                    at.warning(
                        "the action space is unbounded: give `low` and `high`, or the actuators a control range",
                    ),
                );
            }
            Ok(ActionTerm::Continuous { name, actuators: driven, low, high })
        }
        Action::Discrete(fields) => {
            let Raw::List(rows) = &fields.choices.0.raw else {
                return Err(at.wrong_at("choices", &fields.choices.0, "no list", "a list of rows"));
            };
            if rows.is_empty() || (driven.is_empty() && rows.len() != 1) {
                let accepted =
                    if driven.is_empty() { "[[]]: one choice, to wait" } else { "at least one row of controls" };
                return Err(at.wrong_at("choices", &fields.choices.0, format!("{} rows", rows.len()), accepted));
            }
            let mut choices = Vec::new();
            for row in rows {
                let values = at.row("choices", row)?;
                if values.len() != driven.len() || !values.iter().all(|value| value.is_finite()) {
                    let accepted = format!("{} finite numbers: one per actuator", driven.len());
                    return Err(at.wrong_at("choices", row, format!("{values:?}"), accepted));
                }
                choices.extend(values.into_iter().map(to_f32));
            }
            Ok(ActionTerm::Discrete { name, actuators: driven, choices })
        }
    }
}
