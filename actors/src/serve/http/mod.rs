//! HTTP beside the wire: health, counters, and what the page shows. Everything is read; nothing can be changed from here.
//!
//! It is meant for the machine's own browser and for Prometheus. Secrets (tokens, keys) are no part of any answer. A request that names
//! another host than the one that is listened on is refused, so that no other site can read it through a browser. Nobody is asked for a key
//! here, so beyond loopback there is health and counters alone: what was recorded is not everybody's.

mod live;
mod recorded;
mod sessions;

use std::{net::SocketAddr, sync::Arc, time::Instant};

use actix::Addr;
use actix_web::{
    App, HttpResponse, HttpServer, ResponseError,
    dev::{ServerHandle, Service, ServiceRequest},
    http::{StatusCode, header},
    middleware::DefaultHeaders,
    web,
};
use serde_json::json;

use super::{Error, Hub, sessions::Sessions};

/// What handlers share.
pub struct State {
    hub: Arc<Hub>,
    sessions: Addr<Sessions>,
    since: Instant,
}

/// Why a request has no answer: a status and a line for people.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    fn missing(what: impl std::fmt::Display) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: what.to_string() }
    }

    fn invalid(what: impl std::fmt::Display) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: what.to_string() }
    }

    fn forbidden(what: impl std::fmt::Display) -> Self {
        Self { status: StatusCode::FORBIDDEN, message: what.to_string() }
    }

    fn internal(what: impl std::fmt::Display) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: what.to_string() }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(json!({ "message": self.message }))
    }
}

/// Runs something that may take long beside the actors.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Refusal::internal("a fault of the server")))
}

/// Serves HTTP; where, and what ends it.
pub fn serve(
    address: SocketAddr,
    hub: Arc<Hub>,
    sessions: Addr<Sessions>,
) -> Result<(SocketAddr, ServerHandle), Error> {
    let refused =
        |error: std::io::Error| Error::Listen { endpoint: format!("http://{address}"), why: error.to_string() };
    let state = web::Data::new(State { hub, sessions, since: Instant::now() });
    let public = !address.ip().to_canonical().is_loopback();
    if public {
        tracing::warn!(%address, "beyond loopback HTTP has health and counters alone: it asks nobody for a key");
    }
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .wrap_fn(move |request, service| {
                let answer = admitted(&request, public).map(|()| service.call(request));
                async move {
                    match answer {
                        Ok(answer) => answer.await,
                        Err(refusal) => Err(refusal.into()),
                    }
                }
            })
            .wrap(
                DefaultHeaders::new()
                    .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
                    .add((
                        header::CONTENT_SECURITY_POLICY,
                        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'",
                    ))
                    .add((header::CACHE_CONTROL, "no-store")),
            )
            .route("/", web::get().to(index))
            .route("/page.css", web::get().to(style))
            .route("/page.js", web::get().to(script))
            .route("/healthz", web::get().to(sessions::health))
            .route("/metrics", web::get().to(sessions::metrics))
            .route("/api/status", web::get().to(sessions::status))
            .route("/api/scenes", web::get().to(sessions::scenes))
            .route("/api/scenes/{name}/picture.png", web::get().to(sessions::picture))
            .route("/api/scenes/{name}/stage", web::get().to(sessions::scene_stage))
            .route("/api/sessions", web::get().to(sessions::list))
            .route("/api/sessions/{id}", web::get().to(sessions::one))
            .route("/api/sessions/{id}/stage", web::get().to(sessions::stage))
            .route("/api/sessions/{id}/live", web::get().to(live::live))
            .route("/api/episodes", web::get().to(recorded::list))
            .route("/api/episodes/{id}", web::get().to(recorded::one))
            .route("/api/episodes/{id}/stage", web::get().to(recorded::stage))
            .route("/api/episodes/{id}/trajectory", web::get().to(recorded::trajectory))
            .route("/api/episodes/{id}/poses", web::get().to(recorded::poses))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .bind(address)
    .map_err(refused)?;
    let bound = server.addrs().first().copied().unwrap_or(address);
    let server = server.run();
    let handle = server.handle();
    actix::spawn(server);
    Ok((bound, handle))
}

/// What everybody may see who can reach a server.
const PUBLIC: [&str; 2] = ["/healthz", "/metrics"];

/// Refuses what is not for whoever asks: where this is reached from elsewhere nobody knows who that is.
fn admitted(request: &ServiceRequest, public: bool) -> Result<(), Refusal> {
    if public && PUBLIC.contains(&request.path()) {
        return Ok(());
    }
    if public {
        return Err(Refusal::forbidden("beyond loopback there are /healthz and /metrics alone"));
    }
    match known_host(request) {
        true => Ok(()),
        false => Err(Refusal::invalid("found another host's name; accepted: this server's address")),
    }
}

/// Whether a request is to an address (which a name that was bound again to this machine is not) or to `localhost`.
fn known_host(request: &ServiceRequest) -> bool {
    // Not what proxies say of it: a page from elsewhere may add their headers to its requests.
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(|authority| authority.as_str()).or(named).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.contains(']') { host } else { name });
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok()
}

async fn index() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(include_str!(concat!(env!("OUT_DIR"), "/index.html")))
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css").body(include_str!(concat!(env!("OUT_DIR"), "/page.css")))
}

async fn script() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript").body(include_str!(concat!(env!("OUT_DIR"), "/page.js")))
}
