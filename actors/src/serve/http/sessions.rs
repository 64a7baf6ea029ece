//! What runs, and what could.

use std::sync::{Arc, atomic::Ordering};

use actix_web::{HttpResponse, web};
use hyperdust_kernel::{World, render::Renderer};
use serde_json::{Value, json};

use super::{Refusal, State, aside};
use crate::serve::{
    catalogue::{Dish, Order},
    session::Shared,
    sessions::List,
    stage::description,
};

/// Width and height of a scene's picture.
const PICTURE: (usize, usize) = (480, 300);

pub async fn health(state: web::Data<State>) -> HttpResponse {
    match state.hub.draining() {
        false => HttpResponse::Ok().body("ok\n"),
        true => HttpResponse::ServiceUnavailable().body("draining\n"),
    }
}

pub async fn metrics(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(state.hub.metrics.render())
}

pub(super) async fn all(state: &State) -> Result<Vec<Arc<Shared>>, Refusal> {
    let mut sessions = state.sessions.send(List).await.map_err(Refusal::internal)?;
    sessions.sort_by_key(|shared| shared.id);
    Ok(sessions)
}

/// The session with this number.
pub(super) async fn find(state: &State, id: u64) -> Result<Arc<Shared>, Refusal> {
    let found = all(state).await?.into_iter().find(|shared| shared.id == id);
    found.ok_or_else(|| Refusal::missing(format!("there is no session {id}")))
}

fn summary(shared: &Shared) -> Value {
    let client = shared.client();
    let silent = client.as_ref().map(|client| client.silent().as_secs());
    json!({
        "id": shared.id.to_string(),
        "client": shared.opening.owner,
        "role": client.as_ref().map(|client| client.role.name()),
        "scene": shared.opening.open.scene,
        "num_envs": shared.shape.lanes,
        "steps": shared.steps.load(Ordering::Relaxed) * shared.shape.lanes as u64,
        "steps_per_second": shared.rate.load(Ordering::Relaxed),
        "episodes": shared.saved.load(Ordering::Relaxed),
        "idle_seconds": shared.idle().as_secs(),
        "state": match (shared.failures.load(Ordering::Relaxed), silent) {
            (1.., _) => "failed",
            (0, Some(0..60)) => "running",
            _ => "waiting",
        },
    })
}

pub async fn status(state: web::Data<State>) -> Result<web::Json<Value>, Refusal> {
    let sessions = all(&state).await?;
    let lanes: usize = sessions.iter().map(|shared| shared.shape.lanes).sum();
    let rate: u64 = sessions.iter().map(|shared| shared.rate.load(Ordering::Relaxed)).sum();
    Ok(web::Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": state.since.elapsed().as_secs(),
        "draining": state.hub.draining(),
        "sessions": sessions.len(),
        "lanes": lanes,
        "steps": state.hub.metrics.steps(),
        "steps_per_second": rate,
        "episodes": state.hub.vault.store().usage().episodes,
        "store_bytes": state.hub.metrics.store.get(),
    })))
}

pub async fn list(state: web::Data<State>) -> Result<web::Json<Vec<Value>>, Refusal> {
    Ok(web::Json(all(&state).await?.iter().map(|shared| summary(shared)).collect()))
}

pub async fn one(state: web::Data<State>, id: web::Path<u64>) -> Result<web::Json<Value>, Refusal> {
    Ok(web::Json(summary(&*find(&state, *id).await?)))
}

pub async fn stage(state: web::Data<State>, id: web::Path<u64>) -> Result<web::Json<Value>, Refusal> {
    Ok(web::Json(description(&find(&state, *id).await?.shape.dish)))
}

pub async fn scenes(state: web::Data<State>) -> Result<web::Json<Vec<Value>>, Refusal> {
    let hub = state.hub.clone();
    let scenes = aside(move || {
        let scene = |scene: &hyperdust_scene::Scene| {
            let dish = hub.catalogue.cook(&Order::of(scene.name())).ok()?;
            Some(json!({
                "name": scene.name(),
                "title": scene.metadata().title,
                "description": scene.metadata().description,
                "provable": matches!(dish.metadata.tier, hyperdust_scene::Tier::Provable),
                "blueprint": dish.id().to_string(),
            }))
        };
        Ok(hub.catalogue.scenes().filter_map(scene).collect())
    });
    Ok(web::Json(scenes.await?))
}

pub async fn scene_stage(state: web::Data<State>, name: web::Path<String>) -> Result<web::Json<Value>, Refusal> {
    Ok(web::Json(description(&*dish(&state, name.into_inner()).await?)))
}

pub async fn picture(state: web::Data<State>, name: web::Path<String>) -> Result<HttpResponse, Refusal> {
    let dish = dish(&state, name.into_inner()).await?;
    let png = aside(move || {
        let (width, height) = PICTURE;
        let mut rgb = vec![0; width * height * 3];
        let world = World::new(dish.model.clone(), 0);
        Renderer::new(&dish.visuals).render(&world.bodies(), width, height, &mut rgb);
        encode(width as u32, height as u32, &rgb).map_err(Refusal::internal)
    });
    Ok(HttpResponse::Ok().content_type("image/png").body(png.await?))
}

fn encode(width: u32, height: u32, rgb: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()?;
    Ok(bytes)
}

/// A scene as its author made it.
pub(super) async fn dish(state: &State, name: String) -> Result<Arc<Dish>, Refusal> {
    let hub = state.hub.clone();
    aside(move || hub.catalogue.cook(&Order::of(&name)).map_err(Refusal::missing)).await
}
