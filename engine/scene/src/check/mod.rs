//! What an author should know of a scene before others use it: every error that can be told apart, and what is right but may not
//! be meant.
//!
//! Errors are collected part by part: a reward that is wrong does not hide an observation that is. Only what others are built on (the
//! robot, parameters, quantities) ends the search, because everything after it would complain of what is missing.
//! Where nothing is wrong the scene is cooked once more for each choice of a text and for each yes or no that a
//! parameter has besides its default, and an episode is begun.

mod finding;
mod unused;

pub use finding::{Finding, Severity};

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hyperdust_kernel::blueprint::BlueprintId;
use hyperdust_kernel::{Model, World};

use crate::cook::{self, Cooked};
use crate::error::Errors;
use crate::package::{Package, PackageId, Reader};
use crate::parameters::{Parameter, ParameterValue};
use crate::scene::{Scene, Source};
use crate::{Error, Place};

/// Longest blueprint that the proof machine's input takes, bytes: what is larger can be replayed, and not be proved.
pub const PROVABLE_BYTES: usize = 2 << 20;

/// Most errors that are looked for.
const MOST: usize = 100;
/// Most cooks with other values than the defaults.
const VARIANTS: usize = 32;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The scene's name; "" where it could not be read.
    pub name: String,
    /// Errors, then warnings; each by file and line.
    pub findings: Vec<Finding>,
    /// Of the scene with its default parameters; none where that is wrong.
    pub blueprint: Option<BlueprintId>,
    /// Length of its canonical encoding.
    pub blueprint_bytes: usize,
    /// Of all its files; none where they cannot be packed.
    pub package: Option<PackageId>,
}

impl Report {
    /// How many findings there are of one kind.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Whether every step of a run can be proved; none: it has no blueprint.
    pub fn provable(&self) -> Option<bool> {
        self.blueprint.map(|_| self.blueprint_bytes <= PROVABLE_BYTES)
    }

    fn sort(&mut self) {
        self.findings.sort_by(|a, b| (a.severity, &a.file, a.line).cmp(&(b.severity, &b.file, b.line)));
    }

    fn error(&mut self, error: &Error) {
        let finding = Finding::error(error);
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn warn(&mut self, place: Place, key: &str, message: impl Into<String>, fix: impl Into<String>) {
        self.findings.push(Finding::warning(place, key, message.into(), fix.into()));
    }
}

/// Checks what [`Scene::open`] takes.
pub(crate) fn at(path: &Path) -> Report {
    let mut report = check(Source::at(path));
    // An archive as a whole has no name of its own.
    for finding in report.findings.iter_mut().filter(|finding| finding.file.is_empty()) {
        finding.file = path.display().to_string();
    }
    report
}

/// Checks a published scene.
pub(crate) fn builtin(name: &str) -> Report {
    check(Source::builtin(name))
}

fn check(source: Result<Source, Error>) -> Report {
    let (mut report, errors) = (Report::default(), Errors::up_to(MOST));
    let opened = match source {
        Ok(source) => {
            // Also where the scene cannot be read.
            let folder = source.folder.clone();
            let listed = source.is_folder().then(|| Package::from_folder(&folder));
            source.open(&errors).map(|scene| (scene, listed))
        }
        Err(error) => Err(error),
    };
    let (scene, listed) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            errors.into_list().iter().chain([&error]).for_each(|error| report.error(error));
            report.sort();
            return report;
        }
    };
    report.name = scene.document.sections.scene.name.chars().take(64).collect();
    let reader = Reader::new(&scene.folder);
    let cooked = cook::cook(&scene, &BTreeMap::new(), &reader, &errors);
    let mut read: BTreeSet<String> = reader.into_files().into_keys().collect();
    errors.into_list().iter().chain(cooked.as_ref().err()).for_each(|error| report.error(error));
    if let (Ok(cooked), []) = (&cooked, report.findings.as_slice()) {
        cook_variants(&scene, &mut read, &mut report);
        begin(cooked, &mut report);
        for warning in &cooked.warnings {
            report.findings.push(Finding::of(warning));
        }
        unused::warn(&scene, cooked, &mut report);
    }
    match listed.unwrap_or_else(|| scene.package()) {
        Ok(package) => {
            report.package = Some(package.id());
            if report.blueprint.is_some() {
                unused::files(&package, &read, &mut report);
            }
        }
        // A scene that cannot be packed still runs where it is.
        Err(error) if cooked.is_ok() => {
            let finding = Finding::error(&error);
            let message = format!("the scene cannot be packed: {}", finding.message);
            report.findings.push(Finding { severity: Severity::Warning, message, ..finding });
        }
        Err(error) => report.error(&error),
    }
    report.sort();
    report
}

/// Cooks with every other choice, one at a time.
fn cook_variants(scene: &Scene, read: &mut BTreeSet<String>, report: &mut Report) {
    let others = scene.parameters.iter().flat_map(|p| others(p).into_iter().map(|value| (p.name.clone(), value)));
    for (name, value) in others.take(VARIANTS) {
        let reader = Reader::new(&scene.folder);
        let said = format!("with {name} = {value}");
        let cooked = cook::cook(scene, &BTreeMap::from([(name, value)]), &reader, &Errors::strict());
        read.extend(reader.into_files().into_keys());
        if let Err(error) = cooked {
            let finding = Finding::error(&error);
            let message = format!("{said}: {}", finding.message);
            report.findings.push(Finding { message, ..finding });
        }
    }
}

/// Values of a parameter besides its default, where they can be listed.
fn others(parameter: &Parameter) -> Vec<ParameterValue> {
    let all = match &parameter.default {
        ParameterValue::Bool(_) => vec![ParameterValue::Bool(false), ParameterValue::Bool(true)],
        ParameterValue::Text(_) => parameter.choices.iter().cloned().map(ParameterValue::Text).collect(),
        _ => Vec::new(),
    };
    all.into_iter().filter(|value| *value != parameter.default).collect()
}

/// Compiles the blueprint and begins an episode: what the first observation needs can be computed.
fn begin(cooked: &Cooked, report: &mut Report) {
    let place = || Place::new(crate::package::SCENE, 0);
    let begun = cooked.blueprint.encode().and_then(|bytes| Ok((bytes.len(), Model::new(cooked.blueprint.clone())?)));
    let (bytes, model) = match begun {
        Ok(begun) => begun,
        Err(error) => return report.error(&Error::Blueprint { place: place(), message: error.to_string() }),
    };
    report.blueprint = Some(model.id());
    report.blueprint_bytes = bytes;
    let mut world = World::new(model, 0);
    world.reset(Some(0));
    if let Some(fault) = world.fault() {
        let body = fault.body.and_then(|body| cooked.names.bodies.get(usize::from(body)));
        let body = body.map_or_else(String::new, |body| format!(" (body \"{body}\")"));
        report.findings.push(Finding {
            severity: Severity::Error,
            file: place().file,
            line: 0,
            key: "observation".into(),
            message: format!("an episode cannot begin, seed 0: {}{body}", fault.kind),
            fix: "expressions that are finite in the first state: no division by 0 there, no root of a negative number"
                .into(),
        });
    }
    if bytes > PROVABLE_BYTES {
        let message =
            format!("its blueprint has {bytes} bytes: runs of it are attested by companions, and cannot be proved");
        report.warn(place(), "", message, format!("meshes and height fields small enough for {PROVABLE_BYTES} bytes"));
    }
}
