//! Recorded episodes: lists of them, and what a replay of one looks like.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use hyperdust_gym::Episode;
use hyperdust_kernel::{Model, World, blueprint::Blueprint};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, State, aside, sessions};
use crate::serve::{
    Hub, companion,
    stage::{description, poses as bodies},
    vault::Listed,
};

/// Entries of a page, at most.
const PAGE: u32 = 200;
/// Bytes of an episode's poses, at most.
const POSES: usize = 256 << 20;

#[derive(Deserialize)]
pub struct Query {
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    limit: u32,
}

fn entry(Listed { summary, verdict }: &Listed) -> Value {
    json!({
        "id": summary.id,
        "scene": summary.scene,
        "seed": summary.seed,
        "steps": summary.steps,
        "episode_return": summary.episode_return,
        "complete": summary.complete,
        "session": summary.session.to_string(),
        "lane": summary.lane,
        "recorded_at": summary.time_ms / 1000,
        "verdict": verdict.as_ref().map(companion::said),
    })
}

pub async fn list(state: web::Data<State>, query: web::Query<Query>) -> Result<web::Json<Value>, Refusal> {
    let hub = state.hub.clone();
    let limit = if query.limit == 0 { PAGE } else { query.limit.min(PAGE) };
    let (total, episodes) = aside(move || hub.vault.page(query.offset, limit).map_err(Refusal::internal)).await?;
    Ok(web::Json(json!({ "total": total, "episodes": episodes.iter().map(entry).collect::<Vec<_>>() })))
}

pub async fn one(state: web::Data<State>, id: web::Path<String>) -> Result<web::Json<Value>, Refusal> {
    let hub = state.hub.clone();
    let listed = aside(move || listed(&hub, &id)).await?;
    Ok(web::Json(entry(&listed)))
}

pub async fn stage(state: web::Data<State>, id: web::Path<String>) -> Result<web::Json<Value>, Refusal> {
    let hub = state.hub.clone();
    let listed = aside(move || listed(&hub, &id)).await?;
    Ok(web::Json(description(&*sessions::dish(&state, listed.summary.scene).await?)))
}

pub async fn trajectory(state: web::Data<State>, id: web::Path<String>) -> Result<web::Json<Value>, Refusal> {
    let hub = state.hub.clone();
    let found = aside(move || {
        let (episode, model) = episode(&hub, &id)?;
        let options = &model.blueprint().options;
        let last = episode.records.last();
        Ok(json!({
            "dt": f64::from(options.timestep) * f64::from(options.frame_skip),
            "rewards": episode.records.iter().map(|record| record.reward).collect::<Vec<_>>(),
            "terminated": last.is_some_and(|record| record.terminated),
            "truncated": last.is_some_and(|record| record.truncated),
        }))
    });
    Ok(web::Json(found.await?))
}

/// Numbers of every body, after the reset and after each step: `f32`, little-endian.
pub async fn poses(state: web::Data<State>, id: web::Path<String>) -> Result<HttpResponse, Refusal> {
    let hub = state.hub.clone();
    let found = aside(move || {
        let (episode, model) = episode(&hub, &id)?;
        let mut world = episode.begin(&model).map_err(Refusal::internal)?;
        let frame = bodies(&world).len() * 4;
        if frame.saturating_mul(episode.len() + 1) > POSES {
            return Err(Refusal::invalid(format!("the episode is too long to be shown: {} steps", episode.len())));
        }
        let mut bytes = Vec::with_capacity(frame * (episode.len() + 1));
        let mut show = |world: &World| bytes.extend(bodies(world).iter().flat_map(|number| number.to_le_bytes()));
        show(&world);
        for action in (0..episode.len()).filter_map(|step| episode.action(step)) {
            world.step(action);
            show(&world);
        }
        Ok(bytes)
    });
    Ok(HttpResponse::Ok().content_type("application/octet-stream").body(found.await?))
}

fn listed(hub: &Hub, id: &str) -> Result<Listed, Refusal> {
    let missing = || Refusal::missing(format!("there is no episode {}", id.chars().take(80).collect::<String>()));
    let id = hyperdust_wire::Hex::parse(&format!("0x{}", id.trim_start_matches("0x"))).ok_or_else(missing)?;
    hub.vault.listed(&id).map_err(Refusal::internal)?.ok_or_else(missing)
}

fn episode(hub: &Hub, id: &str) -> Result<(Episode, Arc<Model>), Refusal> {
    let listed = listed(hub, id)?;
    let found = hub.vault.episode(&listed.summary.id, None).map_err(Refusal::internal)?;
    let (_, bytes) = found.ok_or_else(|| Refusal::missing("the episode is gone"))?;
    let episode = Episode::decode(&bytes).map_err(Refusal::internal)?;
    let blueprint = hub.vault.blueprint(&episode.blueprint).map_err(Refusal::internal)?;
    let blueprint = blueprint.ok_or_else(|| Refusal::missing("the episode's blueprint is gone"))?;
    let model = Blueprint::decode(&blueprint).and_then(Model::new).map_err(Refusal::internal)?;
    Ok((episode, model))
}
