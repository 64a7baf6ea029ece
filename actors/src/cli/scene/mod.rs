//! `hyperdust scene …`: what an author of scenes needs, from the first folder to the archive that others get.

mod check;
mod cook;
mod list;
mod new;
mod pack;
mod publish;

use std::{fs, path::Path, process::ExitCode};

use clap::Subcommand;
use hyperdust_scene::Scene;

use crate::Error;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Writes a folder with a small scene that runs
    New(new::New),
    /// Lists the published scenes, and those in a folder
    List(list::List),
    /// Says what is wrong with a scene, with file, key and fix; exit code 1 where something is
    Check(check::Check),
    /// Writes what is simulated, and prints its id
    Cook(cook::Cook),
    /// Makes one file of a scene's folder: the same bytes on every machine
    Pack(pack::Pack),
    /// Writes the folder that was packed, once its id is verified
    Unpack(pack::Unpack),
    /// Sells it on a chain: an asset that providers may offer and users open sessions for
    Publish(publish::Publish),
}

pub(super) fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::New(new) => new.run(),
        Command::List(list) => list.run(),
        Command::Check(check) => check.run(),
        Command::Cook(cook) => cook.run(),
        Command::Pack(pack) => pack.run(),
        Command::Unpack(unpack) => unpack.run(),
        Command::Publish(publish) => publish.run(),
    }
}

fn is_builtin(scene: &str) -> bool {
    Scene::builtin_names().contains(&scene)
}

/// A published scene's name, or a path.
pub(super) fn open(scene: &str) -> Result<Scene, Error> {
    Ok(if is_builtin(scene) { Scene::builtin(scene) } else { Scene::open(scene.as_ref()) }?)
}

/// Writes a file that appears whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let io = |source| Error::Io { path: path.into(), source };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.{}.partial", std::process::id()));
    let written = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    written.map_err(|error| {
        // What is left over is ours, and the first error is the one to tell.
        let _ = fs::remove_file(&partial);
        io(error)
    })
}
