//! The scenes of a server: read at the start, cooked when first asked for, shared from then on.
//!
//! A scene with other parameters is another blueprint. The latest [`COOKED`] are kept; whoever steps an older one keeps it alive. Two who
//! ask for the same at once cook it once: the second waits for the first, and for nobody else.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use hyperdust_kernel::{Model, blueprint::BlueprintId, render::Visuals};
use hyperdust_scene::{Metadata, Names, ParameterValue, Scene};

use super::Error;

/// Cooked scenes that are kept.
const COOKED: usize = 64;
/// Scenes in one folder, at most.
const MOST: usize = 4096;

/// A scene that can be stepped.
#[derive(Debug)]
pub struct Dish {
    /// Compiled.
    pub model: Arc<Model>,
    /// What it looks like.
    pub visuals: Visuals,
    /// What its author calls things.
    pub names: Names,
    /// Who and what.
    pub metadata: Metadata,
    /// Findings of the cook, for people.
    pub warnings: Vec<String>,
}

impl Dish {
    /// What is simulated.
    pub fn id(&self) -> BlueprintId {
        self.model.id()
    }
}

type Cell = Arc<OnceLock<Result<Arc<Dish>, Arc<hyperdust_scene::Error>>>>;
/// Values of a scene's parameters, by name.
pub type Parameters = BTreeMap<String, ParameterValue>;

/// Which blueprint is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Order {
    /// The scene's name.
    pub scene: String,
    /// Values of its parameters; those that are missing have their defaults.
    pub parameters: Parameters,
    /// Truncates episodes after so many steps instead of the scene's number; 0: never.
    pub max_episode_steps: Option<u32>,
}

impl Order {
    /// A scene as its author made it.
    pub fn of(scene: &str) -> Self {
        Self { scene: scene.into(), ..Self::default() }
    }
}

struct Cooking {
    order: Order,
    cell: Cell,
}

/// All scenes.
pub struct Catalogue {
    scenes: BTreeMap<String, Scene>,
    /// Oldest first.
    cooked: Mutex<Vec<Cooking>>,
}

impl Catalogue {
    /// The built-in scenes and those of the folders, each a scene or a folder of scenes. A later one of the same name is refused:
    /// nobody should get another scene than he asked for.
    pub fn read(folders: &[PathBuf]) -> Result<Self, Error> {
        let mut scenes = BTreeMap::new();
        let refused =
            |name: &str, error: &dyn std::fmt::Display| Error::Scene { name: name.into(), why: error.to_string() };
        for name in Scene::builtin_names() {
            scenes.insert((*name).to_owned(), Scene::builtin(name).map_err(|error| refused(name, &error))?);
        }
        for path in folders.iter().map(|folder| packages(folder)).collect::<Result<Vec<_>, _>>()?.concat() {
            let shown = path.display().to_string();
            let scene = Scene::open(&path).map_err(|error| refused(&shown, &error))?;
            let name = scene.name().to_owned();
            if scenes.insert(name.clone(), scene).is_some() {
                return Err(refused(
                    &shown,
                    &format!("there is another scene \"{name}\"; accepted: a name of its own"),
                ));
            }
        }
        Ok(Self { scenes, cooked: Mutex::default() })
    }

    /// By name.
    pub fn scenes(&self) -> impl Iterator<Item = &Scene> {
        self.scenes.values()
    }

    /// One of them.
    pub fn scene(&self, name: &str) -> Option<&Scene> {
        self.scenes.get(name)
    }

    /// A scene, cooked. May take seconds.
    pub fn cook(&self, order: &Order) -> Result<Arc<Dish>, Arc<hyperdust_scene::Error>> {
        let Some(scene) = self.scenes.get(&order.scene) else {
            let accepted = self.scenes.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let name = order.scene.chars().take(64).collect();
            return Err(Arc::new(hyperdust_scene::Error::UnknownScene { name, accepted }));
        };
        let cell = self.cell(order);
        let cooked = cell.get_or_init(|| dish(scene, order).map(Arc::new).map_err(Arc::new)).clone();
        if cooked.is_err() {
            // Files may have changed when it is asked for again, and strangers' mistakes take no room.
            self.lock().retain(|cooking| !Arc::ptr_eq(&cooking.cell, &cell));
        }
        cooked
    }

    fn cell(&self, order: &Order) -> Cell {
        let mut cooked = self.lock();
        let found = cooked.iter().position(|cooking| cooking.order == *order);
        let latest = match found {
            Some(index) => cooked.remove(index),
            None => Cooking { order: order.clone(), cell: Cell::default() },
        };
        let cell = latest.cell.clone();
        cooked.push(latest);
        if cooked.len() > COOKED {
            cooked.remove(0);
        }
        cell
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Cooking>> {
        self.cooked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn dish(scene: &Scene, order: &Order) -> Result<Dish, hyperdust_scene::Error> {
    let mut cooked = scene.cook(&order.parameters)?;
    if let Some(steps) = order.max_episode_steps {
        cooked.blueprint.task.max_episode_steps = steps;
    }
    let place = hyperdust_scene::Place::new("scene.toml", 0);
    let model = Model::new(cooked.blueprint)
        .map_err(|error| hyperdust_scene::Error::Blueprint { place, message: error.to_string() })?;
    Ok(Dish {
        model,
        visuals: cooked.visuals,
        names: cooked.names,
        metadata: cooked.metadata,
        warnings: cooked.warnings.iter().map(ToString::to_string).collect(),
    })
}

/// The folder, where it is a scene; else those in it that are, sorted.
fn packages(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let is_scene = |path: &Path| path.join("scene.toml").is_file();
    if is_scene(folder) {
        return Ok(vec![folder.to_owned()]);
    }
    let io = |source| Error::Io { path: folder.into(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)?.take(MOST) {
        let path = entry.map_err(io)?.path();
        if is_scene(&path) {
            found.push(path);
        }
    }
    found.sort();
    match found.is_empty() {
        true => Err(Error::Scene {
            name: folder.display().to_string(),
            why: "found no scene.toml; accepted: a scene, or a folder of scenes".into(),
        }),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same scene and parameters are one model, whoever asks and at once; other parameters are another.
    #[test]
    fn cooked_once() {
        let catalogue = Catalogue::read(&[]).unwrap();
        let scene = catalogue.scene("cartpole").unwrap();
        let number = |p: &&hyperdust_scene::Parameter| matches!(p.default, ParameterValue::Float(_));
        let parameter = scene.parameters().iter().find(number);
        let dishes: Vec<_> = std::thread::scope(|scope| {
            let ask = || catalogue.cook(&Order::of("cartpole")).unwrap();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(dishes.windows(2).all(|pair| Arc::ptr_eq(&pair[0], &pair[1])));
        let shorter = catalogue.cook(&Order { max_episode_steps: Some(3), ..Order::of("cartpole") }).unwrap();
        assert_ne!(shorter.id(), dishes[0].id());
        if let Some(parameter) = parameter {
            let ParameterValue::Float(value) = parameter.default else { unreachable!("it is a number") };
            let parameters = Parameters::from([(parameter.name.clone(), ParameterValue::Float(value * 1.01))]);
            if let Ok(other) = catalogue.cook(&Order { parameters, ..Order::of("cartpole") }) {
                assert!(!Arc::ptr_eq(&other, &dishes[0]));
            }
        }
    }

    /// Whoever asks for what is not there is told what is.
    #[test]
    fn unknown_scenes() {
        let catalogue = Catalogue::read(&[]).unwrap();
        let error = catalogue.cook(&Order::of("antt")).unwrap_err();
        assert!(error.to_string().contains("antt") && error.to_string().contains("cartpole"), "{error}");
        let parameters = Parameters::from([("nothing".to_owned(), ParameterValue::Bool(true))]);
        assert!(catalogue.cook(&Order { parameters, ..Order::of("cartpole") }).is_err());
        assert!(catalogue.lock().is_empty(), "mistakes take no room");
    }

    /// Scenes of a folder stand beside the built-in ones; a name that is taken, and a folder without scenes, are refused.
    #[test]
    fn folders() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Catalogue::read(&[folder.path().into()]).is_err());
        let place = |name: &str| {
            let text = Scene::builtin("cartpole")
                .unwrap()
                .source()
                .replace("name = \"cartpole\"", &format!("name = \"{name}\""));
            let scene = folder.path().join(name);
            std::fs::create_dir(&scene).unwrap();
            std::fs::write(scene.join("scene.toml"), text).unwrap();
        };
        place("other");
        assert!(Catalogue::read(&[folder.path().into()]).unwrap().scene("other").is_some());
        place("cartpole");
        let error = Catalogue::read(&[folder.path().into()]).err().expect("the name is taken").to_string();
        assert!(error.contains("another scene \"cartpole\""), "{error}");
    }
}
