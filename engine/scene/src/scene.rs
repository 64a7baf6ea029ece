//! A scene that was read, and can be cooked with many values of its parameters.

use std::collections::BTreeMap;
use std::path::Path;

use crate::check::{self, Report};
use crate::cook::{self, Cooked, Metadata};
use crate::error::Errors;
use crate::package::{self, Folder, Package, Reader, SCENE as FILE, SCENE_BYTES};
use crate::parameters::{Parameter, ParameterValue, Values};
use crate::schema::{Document, Text};
use crate::{Error, Place, bare, builtin};

/// A scene package: read and checked, not yet cooked. Reading it runs none of its author's code.
#[derive(Clone, Debug)]
pub struct Scene {
    pub(crate) folder: Folder,
    pub(crate) document: Document,
    pub(crate) parameters: Vec<Parameter>,
    text: String,
    metadata: Metadata,
    /// A robot file without a `scene.toml`.
    pub(crate) bare: bool,
}

impl Scene {
    /// Opens a folder with `scene.toml`, that file itself, an archive (`.hdscene`), or a bare MJCF (`.xml`) or URDF (`.urdf`) file,
    /// which gets a default task: everything is observed, every actuator driven, each step pays 1.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Source::at(path)?.open(&Errors::strict())
    }

    /// Everything that an author should know of what [`Scene::open`] takes: errors and warnings, as many as can be told apart.
    pub fn check(path: &Path) -> Report {
        check::at(path)
    }

    /// The same of a published scene.
    pub fn check_builtin(name: &str) -> Report {
        check::builtin(name)
    }

    /// A package whose files are in memory, by their names relative to its folder. One of them is `scene.toml`.
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> Result<Self, Error> {
        Self::in_folder(Folder::Memory(files))
    }

    /// The scene in a package.
    pub fn from_package(package: Package) -> Result<Self, Error> {
        Self::from_files(package.into_files())
    }

    /// A published scene, by name.
    pub fn builtin(name: &str) -> Result<Self, Error> {
        Source::builtin(name)?.open(&Errors::strict())
    }

    /// Names of the published scenes, sorted.
    pub fn builtin_names() -> &'static [&'static str] {
        builtin::names()
    }

    fn in_folder(folder: Folder) -> Result<Self, Error> {
        Source { folder, robot: None }.open(&Errors::strict())
    }

    fn read(folder: Folder, text: String, bare: bool, errors: &Errors) -> Result<Self, Error> {
        let mut document = Document::read(&text, FILE, errors)?;
        let known = errors.count();
        let parameters = Parameter::read_all(&document.sections.parameters, FILE, &text, errors)?;
        document.missing.base |= errors.count() > known;
        errors.keep(check_name(&document.sections.scene.name))?;
        let mut scene = Self { folder, document, parameters, text, metadata: Metadata::default(), bare };
        let values = Values::new(&scene.parameters, &BTreeMap::new())?;
        // A scene with errors is checked, where they are found again, and never cooked.
        scene.metadata = match errors.is_empty() {
            true => cook::metadata(&scene, &values)?,
            false => Metadata::default(),
        };
        Ok(scene)
    }

    /// Identifier.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Who and what, with the parameters' defaults.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What a user may change, sorted by name.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// `scene.toml`; written by this crate for a bare robot file.
    pub fn source(&self) -> &str {
        &self.text
    }

    /// The blueprint with some parameters changed. The same files and values give the same bytes on every machine.
    ///
    /// Files are read again, so a change on disk shows; `scene.toml` itself stays as it was opened.
    pub fn cook(&self, overrides: &BTreeMap<String, ParameterValue>) -> Result<Cooked, Error> {
        cook::cook(self, overrides, &Reader::new(&self.folder), &Errors::strict())
    }

    /// All files of the scene: its folder's, or what it was opened from. For a bare robot file: the `scene.toml` that was written
    /// for it, what cooking that reads, and the licences beside it.
    pub fn package(&self) -> Result<Package, Error> {
        if !self.bare {
            return Package::from_folder(&self.folder);
        }
        let reader = Reader::new(&self.folder);
        cook::cook(self, &BTreeMap::new(), &reader, &Errors::strict())?;
        for name in self.folder.licences() {
            reader.read(&name)?;
        }
        Package::from_files(reader.into_files())
    }

    pub(crate) fn text(&self) -> Text<'_> {
        Text { file: FILE, text: &self.text }
    }

    /// Makes `scene.toml` part of the package that is read.
    pub(crate) fn include_in(&self, reader: &Reader<'_>) {
        reader.insert(FILE, self.text.as_bytes());
    }
}

/// What a scene may be called.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    if (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
        return Ok(());
    }
    let found = format!("{:?}", name.chars().take(64).collect::<String>());
    Err(Error::value(Place::new(FILE, 0), "scene.name", found, "1 to 64 letters, digits, _ and -"))
}

/// Where a scene is, before it is read.
pub(crate) struct Source {
    pub folder: Folder,
    /// File name, where there is no `scene.toml` to read.
    robot: Option<String>,
}

impl Source {
    /// What [`Scene::open`] takes.
    pub fn at(path: &Path) -> Result<Self, Error> {
        if path.is_dir() {
            return Ok(Self { folder: Folder::open(path)?, robot: None });
        }
        let shown = path.display().to_string();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name else {
            let reason =
                "not a file name; accepted: a folder with scene.toml, an archive, an MJCF or a URDF file".into();
            return Err(Error::File { file: shown, reason });
        };
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(package::ARCHIVE)) {
            let files = Package::read_archive(path)?.into_files();
            return Ok(Self { folder: Folder::Memory(files), robot: None });
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Self { folder: Folder::open(parent)?, robot: (name != FILE).then(|| name.to_owned()) })
    }

    /// A published scene, by name.
    pub fn builtin(name: &str) -> Result<Self, Error> {
        Ok(Self { folder: builtin::folder(name)?, robot: None })
    }

    /// There is, or should be, a `scene.toml`.
    pub fn is_folder(&self) -> bool {
        self.robot.is_none()
    }

    /// Reads the scene.
    pub fn open(self, errors: &Errors) -> Result<Scene, Error> {
        let Self { folder, robot } = self;
        if let Some(file) = robot {
            let robot = cook::load_robot(&file, &Reader::new(&folder), errors)?;
            let text = bare::scene(&file, &robot);
            return Scene::read(folder, text, true, errors);
        }
        let bytes = folder.read(FILE, SCENE_BYTES)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Error::File { file: FILE.into(), reason: "not UTF-8 text; accepted: text in UTF-8".into() })?;
        Scene::read(folder, text, false, errors)
    }
}
