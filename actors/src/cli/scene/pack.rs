//! `hyperdust scene pack` and `hyperdust scene unpack`

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use hyperdust_scene::{ARCHIVE, Package, PackageId, Scene, Severity};
use serde::Serialize;

use super::{check, open, write};
use crate::{Error, cli::print_json};

#[derive(Args)]
pub(in crate::cli) struct Pack {
    /// A scene's folder, a bare MJCF or URDF file, or a published scene's name
    scene: String,
    /// The archive to write; default: the scene's name with .hdscene, here
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(in crate::cli) struct Unpack {
    /// What `hyperdust scene pack` wrote
    archive: PathBuf,
    /// Folder to write, which must not be there yet; default: the archive's name without .hdscene
    #[arg(short, long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// The package that it has to be
    #[arg(long)]
    id: Option<PackageId>,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Summary {
    package: String,
    /// Of the scene with its default parameters; none: it cannot be cooked.
    blueprint: Option<String>,
    files: usize,
    /// Of all files together.
    bytes: usize,
    /// Of the archive.
    archive_bytes: Option<usize>,
    path: PathBuf,
}

impl Summary {
    fn new(package: &Package, path: &Path, archive_bytes: Option<usize>) -> Self {
        let cook = || -> Result<String, Error> {
            let cooked = Scene::from_package(package.clone())?.cook(&Default::default())?;
            Ok(cooked.blueprint.id()?.to_string())
        };
        let blueprint = cook().map_err(|error| eprintln!("warning: it cannot be cooked: {error}")).ok();
        Self {
            package: package.id().to_string(),
            blueprint,
            files: package.files().len(),
            bytes: package.files().values().map(Vec::len).sum(),
            archive_bytes,
            path: path.into(),
        }
    }

    fn print(&self, json: bool) {
        if json {
            return print_json(self);
        }
        let archive = self.archive_bytes.map_or_else(String::new, |bytes| format!(", packed {bytes}"));
        println!("{}: {} files, {} bytes{archive}", self.path.display(), self.files, self.bytes);
        println!("  package   {}", self.package);
        if let Some(id) = &self.blueprint {
            println!("  blueprint {id}");
        }
    }
}

impl Pack {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        // What others cannot use is not packed.
        let report = check::report(&self.scene);
        let errors: Vec<_> = report.findings.iter().filter(|found| found.severity == Severity::Error).collect();
        if !errors.is_empty() {
            errors.iter().for_each(|finding| eprintln!("{}", check::shown(finding)));
            eprintln!("error: {}: nothing is packed", self.scene);
            return Ok(ExitCode::FAILURE);
        }
        let scene = open(&self.scene)?;
        let package = scene.package()?;
        let archive = package.encode();
        let out = self.out.unwrap_or_else(|| format!("{}.{ARCHIVE}", scene.name()).into());
        if out.extension().is_none_or(|ending| ending != ARCHIVE) {
            let reason = format!("accepted: a name that ends with .{ARCHIVE}, which no package has in it");
            return Err(hyperdust_scene::Error::File { file: out.display().to_string(), reason }.into());
        }
        write(&out, &archive)?;
        Summary::new(&package, &out, Some(archive.len())).print(self.json);
        Ok(ExitCode::SUCCESS)
    }
}

impl Unpack {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let package = Package::read_archive(&self.archive)?;
        let found = package.id();
        if let Some(asked) = self.id.filter(|asked| *asked != found) {
            let reason = format!("it is package {found}; accepted: {asked}");
            return Err(hyperdust_scene::Error::Archive { entry: String::new(), reason }.into());
        }
        let out = self.out.unwrap_or_else(|| self.archive.with_extension(""));
        package.unpack(&out)?;
        Summary::new(&package, &out, None).print(self.json);
        Ok(ExitCode::SUCCESS)
    }
}
