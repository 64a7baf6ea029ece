//! A scene that was read, and can be cooked with many values of its parameters.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cook::{self, Cooked, Metadata};
use crate::package::{self, Folder, Package, Reader, SCENE as FILE, SCENE_BYTES};
use crate::parameters::{Parameter, ParameterValue, Values};
use crate::schema::{Document, Text};
use crate::{Error, bare, builtin};

/// A scene package: read and checked, not yet cooked. Reading it runs none of its author's code.
#[derive(Clone, Debug)]
pub struct Scene {
    pub(crate) folder: Folder,
    pub(crate) document: Document,
    pub(crate) parameters: Vec<Parameter>,
    text: String,
    metadata: Metadata,
    /// A robot file without a `scene.toml`.
    bare: bool,
}

impl Scene {
    /// Opens a folder with `scene.toml`, that file itself, an archive (`.hdscene`), or a bare MJCF (`.xml`) or URDF (`.urdf`) file,
    /// which gets a default task: everything is observed, every actuator driven, each step pays 1.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path.is_dir() {
            return Self::in_folder(Folder::open(path)?);
        }
        let shown = path.display().to_string();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name else {
            let reason = "not a file name; accepted: a folder with scene.toml, an MJCF or a URDF file".into();
            return Err(Error::File { file: shown, reason });
        };
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(package::ARCHIVE)) {
            return Self::from_package(Package::read_archive(path)?);
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = Folder::open(parent)?;
        if name == FILE { Self::in_folder(folder) } else { Self::bare(folder, name) }
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
        Self::in_folder(builtin::folder(name)?)
    }

    /// Names of the published scenes, sorted.
    pub fn builtin_names() -> &'static [&'static str] {
        builtin::names()
    }

    fn in_folder(folder: Folder) -> Result<Self, Error> {
        let bytes = folder.read(FILE, SCENE_BYTES)?;
        let text =
            String::from_utf8(bytes).map_err(|_| Error::File { file: FILE.into(), reason: "not UTF-8 text".into() })?;
        Self::read(folder, text, false)
    }

    fn bare(folder: Folder, file: &str) -> Result<Self, Error> {
        let robot = cook::load_robot(file, &Reader::new(&folder))?;
        let text = bare::scene(file, &robot);
        Self::read(folder, text, true)
    }

    fn read(folder: Folder, text: String, bare: bool) -> Result<Self, Error> {
        let document = Document::read(&text, FILE)?;
        let parameters = Parameter::read_all(&document.sections.parameters, FILE, &text)?;
        let name = &document.sections.scene.name;
        let sound =
            (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        if !sound {
            let accepted = "1 to 64 letters, digits, _ and -";
            return Err(Error::value(crate::Place::new(FILE, 0), "scene.name", format!("\"{name}\""), accepted));
        }
        let mut scene = Self { folder, document, parameters, text, metadata: Metadata::default(), bare };
        let values = Values::new(&scene.parameters, &BTreeMap::new())?;
        scene.metadata = cook::metadata(&scene, &values)?;
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
        cook::cook(self, overrides, &Reader::new(&self.folder))
    }

    /// All files of the scene: its folder's, or what it was opened from. For a bare robot file: the `scene.toml` that was written
    /// for it, what cooking that reads, and the licences beside it.
    pub fn package(&self) -> Result<Package, Error> {
        if !self.bare {
            return Package::from_folder(&self.folder);
        }
        let reader = Reader::new(&self.folder);
        cook::cook(self, &BTreeMap::new(), &reader)?;
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
