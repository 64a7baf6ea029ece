//! The devnet over HTTP, for `cast`, a wallet, or a client in another process.
//!
//! On actix-web, which serves this project's other pages: one more server would be one more thing to keep. It runs on a thread of its
//! own, so that whoever serves needs no runtime.
//!
//! A page of the web must not use it, whoever visits it: requests that name another host are refused (a name that was bound to this
//! machine), as are those of any origin but a browser's extension, where wallets live, and those that aren't JSON, which a page could send
//! without asking first. Bodies, batches and connections are limited. There is no encryption and there are no passwords: everybody who
//! can connect owns the chain, so that it listens beyond this machine only where it is told to.

use std::{
    net::{IpAddr, SocketAddr, TcpListener},
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::header::{self, HeaderMap},
    rt::System,
    web,
};

use crate::{Devnet, Error, Shared, rpc};

/// The longest body, in bytes: what geth takes.
const BODY: usize = 5 << 20;
/// Most connections at a time.
const CONNECTIONS: usize = 256;

/// A devnet that is served. It ends with this value.
pub struct Served {
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// Where it listens; the port is the one that was found if none was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients are given.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The word is sent at once; the future only waits for the end, and so does the thread.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Devnet {
    /// Serves the chain over HTTP JSON-RPC, until the result is dropped. Port 0: any free one.
    ///
    /// # Errors
    /// [`Error::Listen`].
    pub fn serve(&self, address: SocketAddr) -> Result<Served, Error> {
        let refused = |error: std::io::Error| Error::Listen { address, why: error.to_string() };
        let listener = TcpListener::bind(address).map_err(refused)?;
        let bound = listener.local_addr().map_err(refused)?;
        let shared = self.shared.clone();
        let (started, wait) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("devnet-http".into())
            .spawn(move || System::new().block_on(run(listener, shared, started)))
            .map_err(refused)?;
        match wait.recv() {
            Ok(Ok(handle)) => Ok(Served { address: bound, handle, thread: Some(thread) }),
            Ok(Err(error)) => Err(refused(error)),
            Err(_) => Err(Error::Listen { address, why: "the server did not start".into() }),
        }
    }
}

async fn run(listener: TcpListener, shared: Arc<Shared>, started: mpsc::Sender<std::io::Result<ServerHandle>>) {
    let shared = web::Data::from(shared);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(BODY))
            .route("/", web::post().to(ask))
            .default_service(web::to(other))
    })
    .workers(1)
    .max_connections(CONNECTIONS)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener);
    match server {
        Ok(server) => {
            let server = server.run();
            if started.send(Ok(server.handle())).is_ok() {
                let _ = server.await;
            }
        }
        Err(error) => drop(started.send(Err(error))),
    }
}

async fn other() -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, "POST")).body("JSON-RPC: POST to /\n")
}

async fn ask(shared: web::Data<Shared>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    // Not what proxies say of the host: a page from elsewhere may add their headers to its requests.
    let target = request.uri().authority().map(|authority| authority.as_str());
    if let Err(why) = admit(target, request.headers()) {
        return HttpResponse::Forbidden().body(why);
    }
    match web::block(move || rpc::body(&shared, &body)).await {
        Ok(Some(answer)) => HttpResponse::Ok().content_type("application/json").body(answer),
        Ok(None) => HttpResponse::NoContent().finish(),
        Err(_) => HttpResponse::InternalServerError().body("the devnet has a fault; open it again\n"),
    }
}

/// Whether a request may be a client's, and no page's.
fn admit(target: Option<&str>, headers: &HeaderMap) -> Result<(), &'static str> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = target.or_else(|| text(header::HOST)).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.contains(']') { host } else { name });
    let name = name.trim_start_matches('[').trim_end_matches(']');
    if name != "localhost" && name.parse::<IpAddr>().is_err() {
        return Err("found another host's name; accepted: an address, or localhost\n");
    }
    const EXTENSIONS: [&str; 3] = ["chrome-extension://", "moz-extension://", "safari-web-extension://"];
    if text(header::ORIGIN).is_some_and(|origin| !EXTENSIONS.iter().any(|scheme| origin.starts_with(scheme))) {
        return Err("found the origin of a page; accepted: none, or that of a browser's extension\n");
    }
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err("found another content type; accepted: application/json\n");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! No page gets in, and every client does.

    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn admitted(headers: &[(HeaderName, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        admit(None, &headers.collect()).is_ok()
    }

    #[test]
    fn pages_are_refused_and_clients_are_not() {
        let json = (header::CONTENT_TYPE, "application/json");
        for host in ["127.0.0.1:8545", "localhost:8545", "localhost", "[::1]:8545", "[::1]", "192.168.1.7:80"] {
            assert!(admitted(&[(header::HOST, host), json.clone()]), "{host}");
        }
        let host = (header::HOST, "127.0.0.1:8545");
        for name in
            ["evil.example:8545", "localhost.evil.example", "", "127.0.0.1.evil.example:80", "local\u{68}ost.:1"]
        {
            assert!(!admitted(&[(header::HOST, name), json.clone()]), "{name}");
        }
        for origin in ["http://evil.example", "https://localhost:3000", "null", "", "http://127.0.0.1:8545"] {
            assert!(!admitted(&[host.clone(), json.clone(), (header::ORIGIN, origin)]), "{origin}");
        }
        assert!(admitted(&[
            host.clone(),
            json,
            (header::ORIGIN, "chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn")
        ]));
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            assert!(!admitted(&[host.clone(), (header::CONTENT_TYPE, kind)]), "{kind}");
        }
        assert!(admitted(&[host, (header::CONTENT_TYPE, "application/json; charset=utf-8")]));
    }
}
