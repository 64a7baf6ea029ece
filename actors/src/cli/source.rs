//! Where `hyperdust episode verify` and `export` have a recording from: a file, a store, or a server.

use std::{fs, path::PathBuf};

use clap::Args;
use hyperdust_gym::Episode;
use hyperdust_kernel::Model;
use hyperdust_kernel::blueprint::Blueprint;
use hyperdust_store::Store;

use super::{chain::refused, hosted::Hosted, recorded, store::Folder};
use crate::{Error, trial};

#[derive(Args)]
pub(super) struct Source {
    /// File that `Episode.save` or `episode export` wrote; with --store or --server the episode's name, or a beginning of it that no other has
    episode: String,
    /// Takes it from the store in this folder
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// Takes it from a server on this machine: tcp://HOST:PORT or ipc://PATH
    #[arg(long, value_name = "ENDPOINT", conflicts_with = "store")]
    server: Option<String>,
    /// The scene that it is of, where neither it nor the store has its blueprint
    #[arg(long)]
    scene: Option<String>,
}

/// A recording and what it is of.
pub(super) struct Found {
    pub(super) episode: Episode,
    /// Where something gave it.
    pub(super) blueprint: Option<Vec<u8>>,
    /// The scene's name, where the list has one.
    listed: Option<String>,
}

impl Source {
    /// The recording.
    pub(super) fn read(&self) -> Result<Found, Error> {
        let decode =
            |bytes: &[u8]| Episode::decode(bytes).map_err(|error| Error::from(hyperdust_gym::Error::from(error)));
        if let Some(path) = &self.store {
            let (store, _) = Folder::at(path.clone()).open()?;
            let record = recorded::find(&store, &self.episode)?;
            let bytes = store.episode_bytes(&record.id)?.ok_or_else(|| recorded::unknown(&self.episode))?;
            let episode = decode(&bytes)?;
            let blueprint = store.blueprint(&record.meta.blueprint)?.or_else(|| episode.blueprint_bytes.clone());
            return Ok(Found { episode, blueprint, listed: Some(record.meta.scene) });
        }
        if let Some(server) = &self.server {
            let (record, bytes) = Hosted::at(server)?.read(&self.episode)?;
            let episode = decode(&bytes)?;
            let blueprint = episode.blueprint_bytes.clone();
            return Ok(Found { episode, blueprint, listed: Some(record.meta.scene) });
        }
        let path = PathBuf::from(&self.episode);
        let bytes = fs::read(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
        let none = |error: Error| {
            let accepted = "a file that `Episode.save` or `hyperdust episode export` wrote";
            refused(path.display().to_string(), error, accepted)
        };
        let episode = decode(&bytes).map_err(none)?;
        let blueprint = episode.blueprint_bytes.clone();
        Ok(Found { episode, blueprint, listed: None })
    }

    /// What it is of, compiled: the scene that was named, else the blueprint that is there, else the published scene of that name.
    pub(super) fn model(&self, found: &Found) -> Result<std::sync::Arc<Model>, Error> {
        match (&self.scene, &found.blueprint, &found.listed) {
            (Some(scene), ..) | (None, None, Some(scene)) => trial::model(scene),
            (None, Some(blueprint), _) => Ok(Model::new(Blueprint::decode(blueprint)?)?),
            (None, None, None) => {
                Err(Error::Job("the episode does not carry its blueprint: name its scene with --scene".into()))
            }
        }
    }
}
