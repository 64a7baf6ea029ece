//! A connection to a server, for everything that belongs to no session: its scenes, recorded episodes and policies.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use hyperdust_wire::{
    Hex,
    client::{Client as WireClient, ClientError, Options},
    curve::{KeyPair, PublicKey},
    message::{EpisodeId, EpisodeQuery, Role},
};
use pyo3::{prelude::*, types::PyDict};

use crate::{
    episode::Episode,
    errors::{python, wire},
};

/// A connection. A session that is opened on it takes it; it is of no use any more then.
#[pyclass(module = "hyperdust._core", frozen)]
pub struct Client {
    /// One call at a time: a socket belongs to one thread.
    client: Mutex<Option<WireClient>>,
}

#[pymethods]
impl Client {
    /// Connects. `server_key`: the server's public key as text; `key`: the file with one's own pair.
    #[new]
    #[pyo3(signature = (address, timeout, server_key=None, key=None))]
    fn new(
        py: Python<'_>,
        address: &str,
        timeout: f64,
        server_key: Option<&str>,
        key: Option<PathBuf>,
    ) -> PyResult<Self> {
        let refused = |error: hyperdust_wire::curve::KeyError| python::AccessError::new_err(error.to_string());
        let keys = match (server_key, key) {
            (None, None) => None,
            (Some(server), Some(file)) => {
                Some((server.parse::<PublicKey>().map_err(refused)?, KeyPair::load(&file).map_err(refused)?))
            }
            _ => {
                return Err(python::AccessError::new_err(
                    "server_key and key go together: the server's public key, and the file with one's own pair",
                ));
            }
        };
        let name = concat!("hyperdust-python/", env!("CARGO_PKG_VERSION")).into();
        let options = Options { timeout: wire::seconds(timeout)?, keys, name };
        let client = py.detach(|| WireClient::connect(address, &options)).map_err(wire::call)?;
        Ok(Self { client: Mutex::new(Some(client)) })
    }

    /// What the server said of itself.
    fn welcome<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let said = PyDict::new(py);
        let mut guard = self.lock();
        let welcome = held(&mut guard)?.welcome();
        said.set_item("server", &welcome.server)?;
        said.set_item("kernel_version", welcome.kernel)?;
        let role = match welcome.role {
            Role::Agent => "agent",
            Role::Companion => "companion",
            Role::Operator => "operator",
        };
        said.set_item("role", role)?;
        Ok(said)
    }

    /// The published scenes, by name.
    fn scenes<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let list = self.ask(py, |client| client.scenes())?;
        let scenes = list.scenes.into_iter().map(|scene| {
            let said = PyDict::new(py);
            said.set_item("name", scene.name)?;
            said.set_item("title", scene.title)?;
            said.set_item("blueprint_id", scene.blueprint.to_string())?;
            said.set_item("tier", scene.tier)?;
            said.set_item("max_episode_steps", scene.max_episode_steps)?;
            said.set_item("parameters", scene.parameters)?;
            Ok(said)
        });
        scenes.collect()
    }

    /// Ids of the recorded episodes, newest first.
    #[pyo3(signature = (scene=None))]
    fn episodes(&self, py: Python<'_>, scene: Option<String>) -> PyResult<Vec<String>> {
        let mut query = EpisodeQuery { scene, ..EpisodeQuery::default() };
        let mut ids = Vec::new();
        loop {
            let page = self.ask(py, |client| client.episodes(query.clone()))?;
            ids.extend(page.episodes.iter().map(|episode| episode.id.to_string()));
            match page.episodes.last() {
                Some(last) if page.more => query.after = Some(last.id),
                _ => return Ok(ids),
            }
        }
    }

    /// A recorded episode.
    fn episode(&self, py: Python<'_>, id: &str) -> PyResult<Episode> {
        let id = Hex::parse(id).ok_or_else(|| {
            python::EpisodeError::new_err(format!("episode id {id:?} is not 0x and 64 hexadecimal digits"))
        })?;
        let (_, bytes) = self.ask(py, |client| client.episode(EpisodeId { id }))?;
        Episode::from_bytes(&bytes)
    }

    /// Numbers of an observation and of an action of a policy, and the rows of one call at most.
    fn policy(&self, py: Python<'_>, name: &str) -> PyResult<(usize, usize, usize, String)> {
        let policy = self.try_ask(py, |client| client.policy(name))?.map_err(wire::policy)?;
        Ok((policy.inputs, policy.outputs, policy.rows, policy.digest.to_string()))
    }

    /// Actions of a policy for rows of observations, both float32 in row-major bytes; `actions` bytes come back.
    fn act(&self, py: Python<'_>, name: &str, observations: &[u8], actions: usize) -> PyResult<Vec<u8>> {
        let mut bytes = vec![0; actions];
        self.try_ask(py, |client| client.act(name, observations, &mut bytes))?.map_err(wire::policy)?;
        Ok(bytes)
    }

    /// Ends the connection; a second call does nothing.
    fn close(&self) {
        self.lock().take();
    }
}

impl Client {
    /// The connection itself, for a session.
    pub fn take(&self) -> PyResult<WireClient> {
        self.lock().take().ok_or_else(closed)
    }

    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        question: impl FnOnce(&mut WireClient) -> Result<T, ClientError> + Send,
    ) -> PyResult<T> {
        self.try_ask(py, question)?.map_err(wire::call)
    }

    fn try_ask<T: Send>(
        &self,
        py: Python<'_>,
        question: impl FnOnce(&mut WireClient) -> Result<T, ClientError> + Send,
    ) -> PyResult<Result<T, ClientError>> {
        py.detach(|| {
            // Locked without the interpreter's lock: whoever has this one may be waiting for that one.
            let mut guard = self.lock();
            held(&mut guard).map(question)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<WireClient>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn held<'a>(guard: &'a mut MutexGuard<'_, Option<WireClient>>) -> PyResult<&'a mut WireClient> {
    guard.as_mut().ok_or_else(closed)
}

fn closed() -> PyErr {
    python::ClosedError::new_err("the connection is closed, or was given to a session: connect again")
}
