//! `hyperdust scene list`

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use hyperdust_scene::{ARCHIVE, Scene};
use serde::Serialize;

use crate::{Error, cli::print_json};

/// Most scenes of one folder.
const MOST: usize = 1000;

#[derive(Args)]
pub(in crate::cli) struct List {
    /// Folder whose scenes are listed too: its folders with a scene.toml, and its archives
    folder: Option<PathBuf>,
    /// Prints a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    name: String,
    title: String,
    description: String,
    license: String,
    /// Environment steps of an episode; 0: no limit.
    max_episode_steps: u32,
    parameters: Vec<String>,
    /// None: inside this program.
    path: Option<PathBuf>,
    /// Why it cannot be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl List {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let builtin = Scene::builtin_names().iter().map(|name| row(name, None, Scene::builtin(name)));
        let mut rows: Vec<Row> = builtin.collect();
        if let Some(folder) = &self.folder {
            for path in scenes(folder)? {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let scene = Scene::open(&path);
                rows.push(row(&name, Some(path), scene));
            }
        }
        if self.json {
            print_json(&rows);
            return Ok(ExitCode::SUCCESS);
        }
        let width = |of: &dyn Fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
        let (name, place) = (width(&|row| row.name.chars().count()), width(&|row| row.place().chars().count()));
        println!("{:name$}  {:>6}  {:place$}  what", "name", "steps", "where");
        for row in &rows {
            let what = row.error.as_ref().map_or_else(|| row.description.clone(), |error| format!("error: {error}"));
            let what = what.lines().next().unwrap_or_default();
            println!("{:name$}  {:>6}  {:place$}  {what}", row.name, row.max_episode_steps, row.place());
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Row {
    fn place(&self) -> String {
        self.path.as_ref().map_or_else(|| "built in".into(), |path| path.display().to_string())
    }
}

fn row(name: &str, path: Option<PathBuf>, scene: Result<Scene, hyperdust_scene::Error>) -> Row {
    let mut row = Row {
        name: name.to_owned(),
        title: String::new(),
        description: String::new(),
        license: String::new(),
        max_episode_steps: 0,
        parameters: Vec::new(),
        path,
        error: None,
    };
    match scene {
        Ok(scene) => {
            let metadata = scene.metadata().clone();
            row.name = metadata.name;
            row.title = metadata.title;
            row.description = metadata.description;
            row.license = metadata.license;
            row.max_episode_steps = metadata.max_episode_steps;
            row.parameters = scene.parameters().iter().map(|parameter| parameter.name.clone()).collect();
        }
        Err(error) => row.error = Some(error.to_string()),
    }
    row
}

/// Folders with a `scene.toml`, and archives, sorted.
fn scenes(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let io = |source| Error::Io { path: folder.into(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let archive = path.extension().is_some_and(|ending| ending == ARCHIVE);
        if path.join("scene.toml").is_file() || (archive && path.is_file()) {
            found.push(path);
        }
    }
    found.sort();
    found.truncate(MOST);
    Ok(found)
}
