//! `hyperdust episode list` and `hyperdust episode show`: what a store holds of episodes, or a server that has it open.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, UNIX_EPOCH},
};

use clap::Args;
use hyperdust_store::{EpisodeRecord, Id, Outcome, Query, Store, Verdict};
use serde::Serialize;

use super::{chain::refused, hosted::Hosted, print_json, store::Folder};
use crate::Error;

/// Milliseconds since 1970 of the last second that RFC 3339 can say.
const LAST: u64 = 253_402_300_799_000;

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    folder: Folder,
    /// Asks a server that runs on this machine, whose store nobody else can open: tcp://HOST:PORT or ipc://PATH
    #[arg(long, value_name = "ENDPOINT")]
    server: Option<String>,
    /// Of this scene only
    #[arg(long)]
    scene: Option<String>,
    /// Of this session only
    #[arg(long)]
    session: Option<u64>,
    /// How many, the newest first; 0: all
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Leaves out so many of the newest
    #[arg(long, default_value_t = 0)]
    offset: u64,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Show {
    /// The episode's name, or a beginning of it that no other has
    id: String,
    #[command(flatten)]
    folder: Folder,
    /// Asks a server that runs on this machine, whose store nobody else can open: tcp://HOST:PORT or ipc://PATH
    #[arg(long, value_name = "ENDPOINT")]
    server: Option<String>,
    /// Writes the episode's bytes into this file, as `episode verify` reads them; there must be none yet
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    record: &'a EpisodeRecord,
    /// None: a server doesn't tell.
    verdicts: Option<&'a [Verdict]>,
}

/// A page of what a server has. How many there are, it doesn't tell.
#[derive(Serialize)]
struct Asked<'a> {
    episodes: &'a [EpisodeRecord],
    more: bool,
    total: Option<u64>,
}

pub(super) fn list(List { folder, server, scene, session, limit, offset, json }: List) -> Result<ExitCode, Error> {
    if let Some(server) = server {
        let (episodes, more) = Hosted::at(&server)?.list(scene.as_deref(), session, offset, limit)?;
        if json {
            print_json(&Asked { episodes: &episodes, more, total: None });
            return Ok(ExitCode::SUCCESS);
        }
        head();
        episodes.iter().for_each(|record| row(record, "on the server's page"));
        println!("{}{}", episodes.len(), if more { ", and there are more (--offset, --limit)" } else { "" });
        return Ok(ExitCode::SUCCESS);
    }
    let (store, _) = folder.open()?;
    let page = store.episodes(&Query { scene, session, limit, offset, ..Query::default() })?;
    if json {
        print_json(&page);
        return Ok(ExitCode::SUCCESS);
    }
    head();
    for record in &page.episodes {
        row(record, said(&store.verdicts(&record.id)?));
    }
    println!("{} of {}", page.episodes.len(), page.total);
    Ok(ExitCode::SUCCESS)
}

fn head() {
    println!(
        "{:<12}  {:<20}  {:>20}  {:>7}  {:>12}  {:>10}  {:<20}  verdict",
        "episode", "scene", "seed", "steps", "return", "bytes", "recorded"
    );
}

fn row(record: &EpisodeRecord, verdict: &str) {
    let (meta, id) = (&record.meta, record.id.to_string());
    let seed = meta.seed.map_or_else(|| "-".into(), |seed| seed.to_string());
    println!(
        "{:<12}  {:<20}  {seed:>20}  {:>7}  {:>12.3}  {:>10}  {:<20}  {verdict}",
        &id[..12],
        meta.scene,
        meta.steps,
        meta.episode_return,
        record.bytes,
        time(meta.time_ms),
    );
}

pub(super) fn show(Show { id, folder, server, save, json }: Show) -> Result<ExitCode, Error> {
    let (record, bytes, verdicts) = match server {
        Some(server) => {
            let (record, bytes) = Hosted::at(&server)?.read(&id)?;
            (record, Some(bytes), None)
        }
        None => {
            let (store, _) = folder.open()?;
            let record = find(&store, &id)?;
            let bytes = if save.is_some() { store.episode_bytes(&record.id)? } else { None };
            let verdicts = store.verdicts(&record.id)?;
            (record, bytes, Some(verdicts))
        }
    };
    if let Some(path) = save {
        let bytes = bytes.ok_or_else(|| unknown(&id))?;
        let written = fs::File::create_new(&path).and_then(|mut file| file.write_all(&bytes));
        written.map_err(|source| Error::Io { path, source })?;
    }
    if json {
        print_json(&Shown { record: &record, verdicts: verdicts.as_deref() });
        return Ok(ExitCode::SUCCESS);
    }
    let meta = &record.meta;
    println!("episode    {}", record.id);
    println!("scene      {}", meta.scene);
    println!("blueprint  {}", meta.blueprint);
    println!("seed       {}", meta.seed.map_or_else(|| "-".into(), |seed| seed.to_string()));
    println!("steps      {}{}", meta.steps, if meta.complete { "" } else { ", and it went on" });
    println!("return     {}", meta.episode_return);
    println!("session    {}, lane {}", meta.session, meta.lane);
    println!("recorded   {}", time(meta.time_ms));
    println!("bytes      {}", record.bytes);
    if verdicts.is_none() {
        println!("verdict    on the server's page");
    }
    for verdict in verdicts.iter().flatten() {
        let outcome = outcome(verdict);
        println!("verdict    {outcome} by {}, {} {}", verdict.by, time(verdict.time_ms), verdict.detail);
    }
    Ok(ExitCode::SUCCESS)
}

fn outcome(verdict: &Verdict) -> &'static str {
    match verdict.outcome {
        Outcome::Attested => "attested",
        Outcome::Disputed => "disputed",
        Outcome::Inputs => "about other inputs",
        _ => "abstained",
    }
}

/// All verdicts in a word: a dispute, where there is one.
fn said(verdicts: &[Verdict]) -> &'static str {
    let disputed = verdicts.iter().find(|verdict| verdict.outcome == Outcome::Disputed);
    disputed.or(verdicts.last()).map_or("unchecked", outcome)
}

pub(super) fn unknown(id: &str) -> Error {
    hyperdust_store::Error::Unknown { what: "episode", name: id.into() }.into()
}

/// The one episode whose name begins so.
pub(super) fn find(store: &dyn Store, id: &str) -> Result<EpisodeRecord, Error> {
    if let Some(whole) = whole(id) {
        return store.episode(&whole)?.ok_or_else(|| unknown(id));
    }
    let begins = beginning(id)?;
    let mut found = store.episodes(&Query::default())?.episodes;
    found.retain(|record| record.id.to_string().starts_with(&begins));
    only(id, found)
}

/// A whole name, with 0x before it or without.
pub(super) fn whole(id: &str) -> Option<Id> {
    id.strip_prefix("0x").unwrap_or(id).parse().ok()
}

/// What a name begins with.
pub(super) fn beginning(id: &str) -> Result<String, Error> {
    let begins = id.strip_prefix("0x").unwrap_or(id).to_ascii_lowercase();
    match !begins.is_empty() && begins.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(begins),
        false => Err(hyperdust_store::Error::Name { found: id.chars().take(80).collect() }.into()),
    }
}

/// The only one of those whose names begin so.
pub(super) fn only(id: &str, mut found: Vec<EpisodeRecord>) -> Result<EpisodeRecord, Error> {
    match found.len() {
        0 => Err(unknown(id)),
        1 => Ok(found.remove(0)),
        many => {
            Err(refused("episode", format!("{many} whose names begin with {id}"), "a beginning that one alone has"))
        }
    }
}

/// In UTC, to the second.
fn time(ms: u64) -> String {
    if ms > LAST {
        format!("{ms} ms")
    } else {
        humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(ms)).to_string()
    }
}
