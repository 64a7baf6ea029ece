//! Who may connect: the server's own key, and the list of those of others.
//!
//! Both are files in the server's folder. The list is read again when it changes, so a key that is revoked is refused from then on,
//! connected or not.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use hyperdust_wire::curve::{Authorised, KeyPair};

use super::Error;

/// The server's key pair, in its folder.
pub const SERVER: &str = "server.key";
/// The list, in the same folder.
pub const LIST: &str = "authorised";

/// The list, as it was read last.
pub struct Keys {
    path: PathBuf,
    changed: Option<SystemTime>,
    list: Arc<RwLock<Authorised>>,
}

impl Keys {
    /// Of the server with this folder.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(LIST);
        let changed = changed(&path);
        let list = Authorised::load(&path).map_err(|error| Error::Keys(error.to_string()))?;
        Ok(Self { path, changed, list: Arc::new(RwLock::new(list)) })
    }

    /// What the ZAP handler asks.
    pub fn list(&self) -> &Arc<RwLock<Authorised>> {
        &self.list
    }

    /// Reads the list again where its file has changed; whether it has. One that cannot be read lets nobody in.
    pub fn refresh(&mut self) -> bool {
        let now = changed(&self.path);
        if now == self.changed {
            return false;
        }
        self.changed = now;
        let list = Authorised::load(&self.path).unwrap_or_else(|error| {
            tracing::error!(%error, "the list of keys cannot be read: nobody is let in");
            Authorised::default()
        });
        tracing::info!(keys = list.entries().len(), "the list of keys was read again");
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = list;
        true
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|about| about.modified()).ok()
}

/// The server's key pair; a new one where there is none yet.
pub fn server(folder: &Path) -> Result<KeyPair, Error> {
    let refused = |error: hyperdust_wire::curve::KeyError| Error::Keys(error.to_string());
    std::fs::create_dir_all(folder).map_err(|source| Error::Io { path: folder.into(), source })?;
    let path = folder.join(SERVER);
    if !path.exists() {
        KeyPair::generate().and_then(|pair| pair.save(&path)).map_err(refused)?;
    }
    KeyPair::load(&path).map_err(refused)
}
