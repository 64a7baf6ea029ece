//! A running world, as a stream of events.

use actix_web::{
    HttpResponse,
    web::{self, Bytes},
};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::watch;

use super::{Refusal, State, sessions::find};
use crate::serve::session::Frame;

#[derive(Deserialize)]
pub struct Query {
    #[serde(default)]
    lane: usize,
}

/// A frame after a step, some thirty times a second at most; `gone` when the session has ended.
pub async fn live(
    state: web::Data<State>,
    id: web::Path<u64>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let shared = find(&state, *id).await?;
    if query.lane >= shared.shape.lanes {
        let accepted = shared.shape.lanes - 1;
        return Err(Refusal::invalid(format!("found lane {}; accepted: 0 to {accepted}", query.lane)));
    }
    let frames = shared.view.watch(query.lane);
    let events = stream::unfold(Some(frames), next);
    Ok(HttpResponse::Ok().content_type("text/event-stream").streaming(events))
}

type Frames = Option<watch::Receiver<Frame>>;

async fn next(frames: Frames) -> Option<(Result<Bytes, actix_web::Error>, Frames)> {
    let mut frames = frames?;
    match frames.changed().await {
        Ok(()) => {
            let data = serde_json::to_string(&*frames.borrow_and_update()).unwrap_or_default();
            Some((Ok(format!("data: {data}\n\n").into()), Some(frames)))
        }
        Err(_) => Some((Ok("event: gone\ndata: {}\n\n".into()), None)),
    }
}
