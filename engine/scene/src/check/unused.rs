//! What is there and does nothing, and what is missing though nothing asks for it.

use std::collections::BTreeSet;

use hyperdust_kernel::blueprint::ActionTerm;

use super::Report;
use crate::Place;
use crate::cook::Cooked;
use crate::package::{Package, SCENE};
use crate::scene::Scene;

/// Files that are for people.
const DOCUMENTS: [&str; 6] = ["license", "licence", "copying", "notice", "readme", "changelog"];
const PICTURES: [&str; 8] = ["md", "txt", "png", "jpg", "jpeg", "webp", "gif", "svg"];

/// Warns of parts of the scene that have no effect, and of what users miss first.
pub(super) fn warn(scene: &Scene, cooked: &Cooked, report: &mut Report) {
    let (sections, text) = (&scene.document.sections, scene.text());
    let file = || Place::new(SCENE, 0);
    let task = &cooked.blueprint.task;
    if task.max_episode_steps == 0 && task.terminations.is_empty() {
        let fix = "`max_episode_steps`, or a [[termination]]";
        report.warn(file(), "episode.max_episode_steps", "episodes never end", fix);
    }
    if task.rewards.is_empty() {
        report.warn(file(), "reward", "every reward is 0", "at least one [[reward]]");
    }
    // The default task of a bare robot has no author.
    if !scene.bare && sections.scene.license.is_empty() {
        let fix = "an SPDX expression, like \"MIT\" or \"CC-BY-4.0\"";
        report.warn(file(), "scene.license", "nothing: nobody may copy it", fix);
    }
    let declared = sections.parameters.iter().map(|(name, section)| {
        (format!("parameters.{name}"), format!("${name}"), section.default.0.span.clone(), "used nowhere as `$name`")
    });
    let named = sections.quantities.iter().map(|(name, formula)| {
        (format!("quantities.{name}"), name.clone(), formula.0.span.clone(), "used in no expression")
    });
    for (key, word, span, message) in declared.chain(named) {
        // A quantity's own name is there once, in front of the `=`.
        let expected = usize::from(!word.starts_with('$'));
        if occurrences(text.text, &word) <= expected {
            report.warn(text.place(&span), &key, message, "use it, or leave it out");
        }
    }
    let driven: BTreeSet<usize> = task.actions.iter().flat_map(actuators).map(|index| usize::from(*index)).collect();
    let idle = cooked.names.actuators.iter().enumerate().filter(|(index, _)| !driven.contains(index));
    let idle: Vec<String> =
        idle.map(|(index, name)| if name.is_empty() { index.to_string() } else { name.clone() }).collect();
    if !idle.is_empty() {
        let message = format!("no action drives {}", crate::expression::list(idle.iter().map(String::as_str)));
        report.warn(file(), "action", message, "name them in `actuators`, or leave them out of the robot");
    }
}

fn actuators(action: &ActionTerm) -> &[u16] {
    match action {
        ActionTerm::Continuous { actuators, .. } | ActionTerm::Discrete { actuators, .. } => actuators,
    }
}

/// How often a name stands in a text, not as part of another.
fn occurrences(text: &str, word: &str) -> usize {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let alone = |at: usize| {
        let before = text[..at].chars().next_back();
        // `$name` begins with what no name has in it.
        let begins = word.starts_with('$') || !before.is_some_and(|c| inside(c) || c == '$');
        begins && !text[at + word.len()..].chars().next().is_some_and(inside)
    };
    text.match_indices(word).filter(|(at, _)| alone(*at)).count()
}

/// Warns of files that nothing reads.
pub(super) fn files(package: &Package, read: &BTreeSet<String>, report: &mut Report) {
    for (name, contents) in package.files() {
        let last = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        let ending = last.rsplit_once('.').map_or("", |(_, ending)| ending);
        let document = DOCUMENTS.iter().any(|start| last.starts_with(start)) || PICTURES.contains(&ending);
        // Digests of a known run, of published scenes.
        if document || last == "golden.toml" || name == SCENE || read.contains(name) {
            continue;
        }
        let message = format!("{} bytes that no value of the parameters makes the scene read", contents.len());
        report.warn(Place::new(name.clone(), 0), "", message, "name it in the scene, delete it, or hide it (.name)");
    }
}
