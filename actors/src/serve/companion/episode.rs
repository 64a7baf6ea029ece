//! A recorded episode, computed again.

use hyperdust_gym::{Episode, Start};
use hyperdust_store::{EpisodeMeta, Id, Outcome};

use super::{Finding, models::Models, pace::Pace};
use crate::serve::{Error, Hub};

/// Replays it from where it starts and its actions. None where it is gone, or the server ends.
///
/// What it is listed as is compared too: the list is what people see.
pub(super) fn check(hub: &Hub, models: &Models, id: &Id, pace: &mut Pace<'_>) -> Result<Option<Finding>, Error> {
    let store = hub.vault.store();
    let failed = |error: hyperdust_store::Error| Error::Store(error.to_string());
    let Some(record) = store.episode(id).map_err(failed)? else { return Ok(None) };
    let Some(bytes) = store.episode_bytes(id).map_err(failed)? else { return Ok(None) };
    let episode = match Episode::decode(&bytes) {
        Ok(episode) => episode,
        Err(error) => return Ok(Some(Finding::new(Outcome::Disputed, error))),
    };
    if let Some(part) = other(&record.meta, &episode) {
        return Ok(Some(Finding::new(Outcome::Disputed, format_args!("it is listed with another {part}"))));
    }
    let model = match models.of(hub, &episode.blueprint) {
        Ok(model) => model,
        Err(error) => return Ok(Some(Finding::abstained(error))),
    };
    Ok(match episode.replay_while(&model, |_, _| pace.go_on()) {
        Ok(None) => None,
        Ok(Some(report)) => Some(match &report.divergence {
            None => Finding::new(Outcome::Attested, format_args!("{} steps", report.matched)),
            Some(divergence) => Finding::new(Outcome::Disputed, divergence),
        }),
        Err(error) => Some(Finding::abstained(error)),
    })
}

/// What of an episode is not as it is listed.
fn other(meta: &EpisodeMeta, episode: &Episode) -> Option<&'static str> {
    let seed = match episode.start {
        Start::Seed(seed) => Some(seed),
        _ => None,
    };
    match () {
        () if meta.blueprint.0 != episode.blueprint.0 => Some("blueprint"),
        () if meta.seed != seed => Some("seed"),
        () if meta.steps != episode.len() as u64 => Some("number of steps"),
        () if meta.episode_return.to_bits() != episode.episode_return().to_bits() => Some("return"),
        () if meta.complete != episode.complete() => Some("end"),
        () => None,
    }
}
