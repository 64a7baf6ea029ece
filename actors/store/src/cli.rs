//! What the commands `hyperdust episode list|show|export` and `hyperdust store fsck|compact` ask and print: everything but the reading of
//! arguments. Each answer is printed as text by `Display` and as JSON by serde.

use std::fmt;

use serde::Serialize;

use crate::{
    EpisodeRecord, Error, Id, Opened, Options, Page, Query, SledStore, Store, Usage, Verdict,
    fsck::{Finding, Report},
};

/// `episode list`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct List(pub Page);

/// `episode show`: an episode and what was found about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// What is known of it.
    #[serde(flatten)]
    pub episode: EpisodeRecord,
    /// In the order of who says so.
    pub verdicts: Vec<Verdict>,
}

/// `store fsck`: what was found on opening, and then.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// Where a damaged database was moved to before the check.
    pub moved_aside: Option<std::path::PathBuf>,
    /// What could not be saved of it.
    pub lost: Vec<Finding>,
    /// What is there now.
    #[serde(flatten)]
    pub report: Report,
    /// How much of it.
    pub usage: Usage,
}

impl Checked {
    /// Whether the command succeeds: nothing was lost and all is well.
    pub fn clean(&self) -> bool {
        self.moved_aside.is_none() && self.lost.is_empty() && self.report.clean()
    }
}

/// Some episodes, newest first.
pub fn list(store: &dyn Store, query: &Query) -> Result<List, Error> {
    store.episodes(query).map(List)
}

/// The episode whose name begins with these hexadecimal digits, if only one does.
pub fn find(store: &dyn Store, name: &str) -> Result<EpisodeRecord, Error> {
    let refused = || Error::Name { found: name.chars().take(80).collect() };
    let unknown = || Error::Unknown { what: "episode", name: name.chars().take(80).collect() };
    if let Ok(id) = name.parse::<Id>() {
        return store.episode(&id)?.ok_or_else(unknown);
    }
    let name = name.to_ascii_lowercase();
    if name.is_empty() || name.len() > 64 || !name.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(refused());
    }
    let page = store.episodes(&Query::default())?;
    let mut fitting = page.episodes.into_iter().filter(|episode| episode.id.to_string().starts_with(&name));
    match (fitting.next(), fitting.next()) {
        (Some(episode), None) => Ok(episode),
        (None, _) => Err(unknown()),
        (Some(_), Some(_)) => Err(refused()),
    }
}

/// An episode by the beginning of its name.
pub fn show(store: &dyn Store, name: &str) -> Result<Shown, Error> {
    let episode = find(store, name)?;
    let verdicts = store.verdicts(&episode.id)?;
    Ok(Shown { episode, verdicts })
}

/// An episode's bytes by the beginning of its name: what an export begins with.
pub fn bytes(store: &dyn Store, name: &str) -> Result<(EpisodeRecord, Vec<u8>), Error> {
    let episode = find(store, name)?;
    let unknown = || Error::Unknown { what: "episode", name: episode.id.to_string() };
    let bytes = store.episode_bytes(&episode.id)?.ok_or_else(unknown)?;
    Ok((episode, bytes))
}

/// Opens the store in this folder, which salvages a damaged one, and looks at everything; `compact` rewrites it first.
pub fn fsck(options: &Options, compact: bool) -> Result<Checked, Error> {
    let (store, Opened { moved_aside, lost, .. }) = SledStore::open(options)?;
    if compact {
        store.compact()?;
    }
    let report = store.fsck()?;
    Ok(Checked { moved_aside, lost, report, usage: store.usage() })
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:16}  {:20}  {:>8}  {:>12}  {:>20}  {:>10}", "id", "scene", "steps", "return", "seed", "bytes")?;
        for episode in &self.0.episodes {
            let (id, meta) = (episode.id.to_string(), &episode.meta);
            let seed = meta.seed.map_or_else(|| "-".into(), |seed| seed.to_string());
            writeln!(
                f,
                "{:16}  {:20}  {:>8}  {:>12.3}  {:>20}  {:>10}",
                &id[..16],
                Plain(&meta.scene),
                meta.steps,
                meta.episode_return,
                seed,
                episode.bytes
            )?;
        }
        write!(f, "{} of {}", self.0.episodes.len(), self.0.total)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EpisodeRecord { id, bytes, meta } = &self.episode;
        writeln!(f, "episode    {id}")?;
        writeln!(f, "scene      {}", Plain(&meta.scene))?;
        writeln!(f, "blueprint  {}", meta.blueprint)?;
        writeln!(f, "seed       {}", meta.seed.map_or_else(|| "-".into(), |seed| seed.to_string()))?;
        let end = if meta.complete { "" } else { " (it goes on)" };
        writeln!(f, "steps      {}{end}", meta.steps)?;
        writeln!(f, "return     {}", meta.episode_return)?;
        writeln!(f, "recorded   session {}, lane {}, {} ms since 1970", meta.session, meta.lane, meta.time_ms)?;
        write!(f, "bytes      {bytes}")?;
        for verdict in &self.verdicts {
            let outcome = format!("{:?}", verdict.outcome).to_lowercase();
            write!(f, "\nverdict    {outcome} by {}: {}", Plain(&verdict.by), Plain(&verdict.detail))?;
        }
        Ok(())
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.moved_aside {
            writeln!(f, "the database was damaged; it is in {} and what checks was saved", path.display())?;
        }
        for finding in &self.lost {
            writeln!(f, "lost: {}: {}", Plain(&finding.key), Plain(&finding.reason))?;
        }
        for finding in &self.report.findings {
            writeln!(f, "broken: {}: {}", Plain(&finding.key), Plain(&finding.reason))?;
        }
        let Report { values, bytes, whole, unused, .. } = &self.report;
        write!(f, "{values} values of {bytes} bytes, {whole} things whole, {unused} values unused; ")?;
        write!(f, "{} bytes on the disk; {}", self.usage.disk, if self.clean() { "clean" } else { "not clean" })
    }
}

/// Text of others without what would move a terminal's cursor.
struct Plain<'a>(&'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain: String = self.0.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        f.pad(&plain)
    }
}
