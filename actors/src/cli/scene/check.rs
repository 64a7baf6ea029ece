//! `hyperdust scene check`

use std::process::ExitCode;

use clap::Args;
use hyperdust_scene::{Finding, Report, Scene, Severity};
use serde::Serialize;

use super::is_builtin;
use crate::{Error, cli::print_json};

#[derive(Args)]
pub(in crate::cli) struct Check {
    /// A scene's folder, an archive (.hdscene), a bare MJCF or URDF file, or a published scene's name
    scene: String,
    /// Warnings count as errors
    #[arg(long)]
    strict: bool,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Summary<'a> {
    scene: &'a str,
    /// Whether the exit code is 0.
    ok: bool,
    errors: usize,
    warnings: usize,
    blueprint: Option<String>,
    blueprint_bytes: usize,
    /// Whether a run of it can be proved, or only attested.
    tier: Option<&'static str>,
    package: Option<String>,
    findings: &'a [Finding],
}

impl Check {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let report = report(&self.scene);
        let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
        let ok = errors == 0 && (warnings == 0 || !self.strict);
        let summary = Summary {
            scene: &report.name,
            ok,
            errors,
            warnings,
            blueprint: report.blueprint.map(|id| id.to_string()),
            blueprint_bytes: report.blueprint_bytes,
            tier: tier(&report),
            package: report.package.map(|id| id.to_string()),
            findings: &report.findings,
        };
        if self.json {
            print_json(&summary);
        } else {
            report.findings.iter().for_each(|finding| println!("{}", shown(finding)));
            let name = if report.name.is_empty() { &self.scene } else { &report.name };
            println!("{name}: {}, {}", counted(errors, "error"), counted(warnings, "warning"));
            if let (Some(id), Some(tier)) = (&summary.blueprint, summary.tier) {
                println!("  blueprint {id}  {} bytes, {tier}", report.blueprint_bytes);
            }
            if let Some(id) = &summary.package {
                println!("  package   {id}");
            }
        }
        Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The report on a published scene's name, or a path.
pub(super) fn report(scene: &str) -> Report {
    if is_builtin(scene) { Scene::check_builtin(scene) } else { Scene::check(scene.as_ref()) }
}

/// What can be said of a run afterwards.
pub(super) fn tier(report: &Report) -> Option<&'static str> {
    report.provable().map(|provable| if provable { "provable" } else { "attested" })
}

/// A finding in two lines.
pub(super) fn shown(finding: &Finding) -> String {
    let Finding { severity, file, line, key, message, fix } = finding;
    let severity = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let line = if *line == 0 { String::new() } else { format!(":{line}") };
    let key = if key.is_empty() { String::new() } else { format!(" `{key}`:") };
    format!("{severity}: {file}{line}:{key} {message}\n  fix: {fix}")
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
