//! Scenes to start from: small, complete, and right as they are (a test checks each).

use std::collections::BTreeMap;

use crate::{Error, Package};

/// What a new scene is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Template {
    /// An arm of two links with motors: MJCF, a reward, parameters.
    Robot,
    /// Free rigid bodies and nothing to control.
    Rigid,
}

/// Stands for the scene's name.
const NAME: &str = "@NAME@";
const README: (&str, &str) = ("README.md", include_str!("../templates/README.md"));
const ROBOT: &[(&str, &str)] = &[
    README,
    ("robot.xml", include_str!("../templates/robot/robot.xml")),
    ("scene.toml", include_str!("../templates/robot/scene.toml")),
];
const RIGID: &[(&str, &str)] = &[README, ("scene.toml", include_str!("../templates/rigid/scene.toml"))];

impl Template {
    /// Every template.
    pub const ALL: [Self; 2] = [Self::Robot, Self::Rigid];

    /// The files of a new scene of this name: 1 to 64 letters, digits, `_` and `-`.
    pub fn package(self, name: &str) -> Result<Package, Error> {
        crate::scene::check_name(name)?;
        let files = match self {
            Self::Robot => ROBOT,
            Self::Rigid => RIGID,
        };
        let files = files.iter().map(|(file, text)| ((*file).to_owned(), text.replace(NAME, name).into_bytes()));
        Package::from_files(files.collect::<BTreeMap<_, _>>())
    }
}
