//! Settings of the server: a file, then the environment, then flags; the later wins, key by key.
//!
//! Each layer is a table of TOML, checked alone before it is laid over the others, so that a message names the layer that a
//! wrong key is in. Unknown keys are errors everywhere: a setting that is misspelt is not a setting. What is [printed](Config::render)
//! is a file that gives the same settings.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::Error;

/// What environment variables start with; sections are set off by two underscores: `HYPERDUST_SERVE_QUOTA__LANES=64`.
pub const ENVIRONMENT: &str = "HYPERDUST_SERVE_";
/// The file that is read where none is named, if it is there.
pub const FILE: &str = "hyperdust.toml";
/// Bytes of a file, at most.
const LONGEST: u64 = 1 << 20;

/// All settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Endpoints of the wire protocol: `tcp://ADDRESS:PORT` (port 0: any) or `ipc://PATH`. Addresses beyond loopback demand CURVE.
    pub listen: Vec<String>,
    /// Where HTTP is served: `ADDRESS:PORT`, or `off`.
    pub http: Http,
    /// Folder of the store and of the server's keys.
    pub data: PathBuf,
    /// Folders with scenes (folders with a `scene.toml`), beside the built-in ones.
    pub scenes: Vec<PathBuf>,
    /// How logs are written.
    pub log: Log,
    /// The least severe level that is logged: `error`, `warn`, `info`, `debug` or `trace`.
    pub level: Level,
    /// Threads that a session's worlds are stepped by; 0: one a processor.
    pub threads: usize,
    /// What one client may have.
    pub quota: super::quota::Limits,
    /// Connections.
    pub wire: Wire,
    /// What is kept.
    pub store: Keep,
    /// Sessions whose actions their users sign.
    pub signing: Signing,
    /// Sessions that are paid on a chain.
    pub settlement: Settlement,
    /// Computing again what was recorded.
    pub companion: Hosted,
    /// Policies that are hosted: files (see docs/policies.md) by name.
    pub policies: BTreeMap<String, PathBuf>,
    /// How requests for them are gathered.
    pub policy: super::policy::Settings,
}

/// Connections and what is pending on them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wire {
    /// Requests of a session that may be under way, at most.
    pub pipeline: u32,
    /// Bytes of one frame, at most.
    pub frame_bytes: u64,
    /// Seconds without a word after which a client counts as gone; its sessions stay resumable.
    pub silence: u64,
    /// Seconds that the session of a client that has gone stays resumable.
    pub resumable: u64,
    /// Seconds that a drain waits for requests under way.
    pub drain: u64,
}

/// What the store holds, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// Bytes that the store may take; the oldest unpinned values go first. 0: as many as there are.
    pub capacity: u64,
    /// Milliseconds that a commit waits for more to go with it.
    pub gather: u64,
    /// Whether sessions can be resumed after the server was killed: their commands are written down as they come.
    pub journal: bool,
    /// Bytes of a session's commands after which a checkpoint takes their place.
    pub checkpoint: usize,
    /// Bytes that the store's files may have beyond three times what is in them before they are written anew.
    pub slack: u64,
}

/// What this provider signs, and with which key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signing {
    /// File with the provider's key: 64 hexadecimal digits that its owner alone can read. None: nothing is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// Number of the chain where signatures count.
    pub chain_id: u64,
    /// Address of the contract that checks them.
    #[serde(with = "crate::word::address")]
    pub contract: hyperdust_receipt::Address,
    /// Steps of a segment, at most: what is lost where a user does not sign. A segment has to halt within 2³² instructions of the proof
    /// machine, or its provider cannot defend what it signed: see what a step takes in docs/verification.md before there are more.
    pub every: u32,
    /// Bytes of a session's commands, at most: they are kept until it ends.
    pub log: usize,
}

/// Who is paid for what this server does, and where. Sessions are then signed with the wallet's key, for the deployment's chain and contract.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settlement {
    /// URL of the chain's node (`http`, `https`, `ws`, `wss`). None: nothing is paid. It may hold a key: it is printed as scheme, host and port alone.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "origin")]
    pub chain: Option<String>,
    /// File of the deployment.
    pub deployment: PathBuf,
    /// Name of the provider's wallet.
    pub wallet: String,
    /// Folder of wallets, where it is another one than `~/.hyperdust/wallets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallets: Option<PathBuf>,
    /// File with the wallet's password; without it the variable `HYPERDUST_PASSWORD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// Folder of the proof machine's programs, as `make guest` left them: what claims are defended with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programs: Option<PathBuf>,
    /// Seconds in which a session that was opened with this provider has to begin here. After that it is given back: it ties a part of the bond.
    pub begin: u64,
    /// Seconds that companions are given to compute a session again and commit to it, before it is claimed.
    pub patience: u64,
    /// Seconds between looks at the chain.
    pub look: u64,
    /// Blocks, its own and those after it, after which what is in a block counts as done.
    pub confirmations: u64,
}

impl Settlement {
    /// Who acts where; none where nothing is paid.
    pub fn account(&self) -> Option<hyperdust_settlement::account::Settings> {
        Some(hyperdust_settlement::account::Settings {
            chain: self.chain.clone()?,
            deployment: self.deployment.clone(),
            wallet: self.wallet.clone(),
            wallets: self.wallets.clone(),
            password_file: self.password_file.clone(),
        })
    }
}

impl std::fmt::Debug for Settlement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settlement").field("account", &self.account()).finish_non_exhaustive()
    }
}

fn origin<S: serde::Serializer>(url: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&hyperdust_settlement::chain::origin(url.as_deref().unwrap_or_default()))
}

/// A companion in the server itself: it finds what went wrong here, and proves nothing to others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hosted {
    /// Whether there is one.
    pub enabled: bool,
    /// Threads that compute, each all the time while no session steps and a twentieth of it while one does.
    pub threads: usize,
}

/// Where HTTP is served, if anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Http(pub Option<SocketAddr>);

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Log {
    /// A line for people.
    #[default]
    Human,
    /// A JSON object a line.
    Json,
}

/// The least severe level that is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "they are named as everywhere")]
pub enum Level {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec!["tcp://127.0.0.1:5555".into()],
            http: Http(Some(SocketAddr::from(([127, 0, 0, 1], 8080)))),
            data: data_folder(),
            scenes: Vec::new(),
            log: Log::default(),
            level: Level::default(),
            threads: 0,
            quota: super::quota::Limits::default(),
            wire: Wire::default(),
            store: Keep::default(),
            signing: Signing::default(),
            settlement: Settlement::default(),
            companion: Hosted::default(),
            policies: BTreeMap::new(),
            policy: super::policy::Settings::default(),
        }
    }
}

impl Default for Wire {
    fn default() -> Self {
        Self { pipeline: 8, frame_bytes: 64 << 20, silence: 60, resumable: 600, drain: 10 }
    }
}

impl Default for Keep {
    fn default() -> Self {
        Self { capacity: 0, gather: 20, journal: true, checkpoint: 4 << 20, slack: 256 << 20 }
    }
}

impl Default for Signing {
    fn default() -> Self {
        let contract = hyperdust_receipt::Address([0; 20]);
        // As long as every published scene's can be opened in a dispute: Blocks takes up to 40 million instructions a step.
        Self { key: None, chain_id: 31337, contract, every: crate::trial::SEGMENT_STEPS, log: 256 << 20 }
    }
}

impl Default for Settlement {
    fn default() -> Self {
        Self {
            chain: None,
            deployment: "deployment.json".into(),
            wallet: "provider".into(),
            wallets: None,
            password_file: None,
            programs: None,
            begin: 3600,
            patience: 60,
            look: 2,
            confirmations: 6,
        }
    }
}

impl Default for Hosted {
    fn default() -> Self {
        Self { enabled: false, threads: 1 }
    }
}

impl TryFrom<String> for Http {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "off" => Ok(Self(None)),
            address => address.parse().map(|address| Self(Some(address))).map_err(|_| {
                format!("found \"{}\"; accepted: ADDRESS:PORT, or off", address.chars().take(64).collect::<String>())
            }),
        }
    }
}

impl From<Http> for String {
    fn from(http: Http) -> Self {
        http.0.map_or_else(|| "off".into(), |address| address.to_string())
    }
}

impl std::str::FromStr for Http {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.to_owned().try_into()
    }
}

impl Config {
    /// The settings of a file (`None`: [`FILE`], if it is there), of these environment variables, and of a table of flags.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        flags: Table,
    ) -> Result<Self, Error> {
        let mut layers = Vec::new();
        let path = file.unwrap_or(Path::new(FILE));
        if file.is_some() || path.exists() {
            layers.push((path.display().to_string(), read(path)?));
        }
        layers.push(("the environment".to_owned(), from_environment(environment)?));
        layers.push(("the command line".to_owned(), flags));
        let mut merged = Table::new();
        for (name, layer) in layers {
            settings(&name, layer.clone())?;
            lay(&mut merged, layer);
        }
        let config = settings("the settings", merged)?;
        config.check()?;
        Ok(config)
    }

    /// A file with these settings.
    pub fn render(&self) -> String {
        toml::to_string_pretty(self).expect("settings are tables of plain values")
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |key: &str, found: String, accepted: &str| {
            Err(Error::Config { place: key.to_owned(), why: format!("found {found}; accepted: {accepted}") })
        };
        if self.listen.is_empty() {
            return wrong("listen", "no endpoint".into(), "at least one tcp://ADDRESS:PORT or ipc://PATH");
        }
        if let Some(other) = self.listen.iter().find(|text| text.parse::<hyperdust_wire::Endpoint>().is_err()) {
            return wrong("listen", format!("\"{other}\""), "tcp://ADDRESS:PORT or ipc://PATH");
        }
        if !(1..=hyperdust_wire::limits::PIPELINE).contains(&self.wire.pipeline) {
            return wrong("wire.pipeline", self.wire.pipeline.to_string(), "1 to 64");
        }
        if !(1 << 16..=1 << 32).contains(&self.wire.frame_bytes) {
            return wrong("wire.frame_bytes", self.wire.frame_bytes.to_string(), "65536 to 4294967296");
        }
        if self.threads > hyperdust_gym::MAX_THREADS {
            return wrong("threads", self.threads.to_string(), "0 to 1024");
        }
        let most = hyperdust_kernel::segment::Actions::MOST;
        if !(1..=most).contains(&self.signing.every) {
            return wrong("signing.every", self.signing.every.to_string(), &format!("1 to {most}"));
        }
        if !(1..=64).contains(&self.companion.threads) {
            return wrong("companion.threads", self.companion.threads.to_string(), "1 to 64");
        }
        if self.settlement.look == 0 || self.settlement.confirmations == 0 {
            return wrong("settlement", "look or confirmations of 0".into(), "1 and more");
        }
        self.policy.check(&self.policies)?;
        self.quota.check()
    }
}

/// The store's folder in a server's data folder.
pub const STORE: &str = "store";

/// Where a server keeps its data unless told otherwise: `$XDG_DATA_HOME/hyperdust`, or what that stands for where it is not set.
pub fn data_folder() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let base = base.or_else(|| set("HOME").map(|home| home.join(".local/share")));
    base.map_or_else(|| PathBuf::from("hyperdust-data"), |base| base.join("hyperdust"))
}

/// The settings in a layer. An error names the key.
fn settings(layer: &str, table: Table) -> Result<Config, Error> {
    serde_path_to_error::deserialize(table).map_err(|error| {
        let key = error.path().to_string();
        let why = error.into_inner();
        let why = if key == "." { why.message().to_owned() } else { format!("{key}: {}", why.message()) };
        Error::Config { place: layer.to_owned(), why }
    })
}

fn read(path: &Path) -> Result<Table, Error> {
    use std::io::Read;
    let place = path.display().to_string();
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text))
        .map_err(|source| Error::Io { path: path.into(), source })?;
    if text.len() as u64 > LONGEST {
        return Err(Error::Config { place, why: format!("more than {LONGEST} bytes") });
    }
    text.parse::<Table>().map_err(|error| Error::Config { place, why: error.to_string() })
}

fn from_environment(variables: impl Iterator<Item = (String, String)>) -> Result<Table, Error> {
    let mut table = Table::new();
    for (name, text) in variables {
        if let Some(key) = name.strip_prefix(ENVIRONMENT) {
            let path: Vec<String> = key.split("__").map(str::to_ascii_lowercase).collect();
            set(&mut table, &path, &text).map_err(|why| Error::Config { place: name, why })?;
        }
    }
    Ok(table)
}

/// Puts `key=value` into a table of flags; sections are set off by dots.
pub fn assign(table: &mut Table, assignment: &str) -> Result<(), String> {
    let (key, text) = assignment.split_once('=').ok_or("accepted: KEY=VALUE, such as quota.lanes=64")?;
    set(table, &key.split('.').map(str::to_owned).collect::<Vec<_>>(), text)
}

/// Sets one key. A value is read as TOML, and is a text where it is none; lists may be given as `a,b`.
fn set(table: &mut Table, path: &[String], text: &str) -> Result<(), String> {
    let Some((last, sections)) = path.split_last() else { return Err("accepted: a key".into()) };
    let mut target = table;
    for section in sections {
        let entry = target.entry(section.clone()).or_insert_with(|| Value::Table(Table::new()));
        target = entry.as_table_mut().ok_or_else(|| format!("\"{section}\" is no section"))?;
    }
    let plain = || Value::String(text.to_owned());
    let value = format!("v = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("v")).unwrap_or_else(plain);
    let value = match (sections, last.as_str(), value) {
        ([], "listen" | "scenes", Value::String(list)) => {
            Value::Array(list.split(',').filter(|one| !one.is_empty()).map(|one| Value::String(one.into())).collect())
        }
        (_, _, value) => value,
    };
    target.insert(last.clone(), value);
    Ok(())
}

/// Lays `over` over `under`, section by section.
fn lay(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => lay(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)], flags: &[&str]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, file).unwrap();
        let mut table = Table::new();
        flags.iter().for_each(|flag| assign(&mut table, flag).unwrap());
        let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Config::load(Some(&path), environment, table).map_err(|error| error.to_string())
    }

    /// File < environment < flags, key by key: a section that a later layer touches keeps its other keys.
    #[test]
    fn layers() {
        let file = "threads = 1\nhttp = \"off\"\n[quota]\nlanes = 10\nsessions = 3\n[wire]\npipeline = 2\n";
        let environment = [
            ("HYPERDUST_SERVE_QUOTA__LANES", "20"),
            ("HYPERDUST_SERVE_THREADS", "2"),
            ("HYPERDUST_SERVE_LISTEN", "ipc:///a,tcp://127.0.0.1:1"),
            ("HYPERDUST_GUEST", "not ours"),
        ];
        let config = load(file, &environment, &["threads=3", "quota.steps_per_second=7"]).unwrap();
        assert_eq!((config.threads, config.quota.lanes, config.quota.sessions), (3, 20, 3));
        assert_eq!((config.quota.steps_per_second, config.wire.pipeline, config.http), (7, 2, Http(None)));
        assert_eq!(config.listen, ["ipc:///a", "tcp://127.0.0.1:1"]);
    }

    /// What is printed gives the same settings again, the defaults included.
    #[test]
    fn printed_settings_read_back() {
        let chain = "http://127.0.0.1:8545";
        let secret = load(&format!("[settlement]\nchain = \"{chain}/a-key?b=c\"\n"), &[], &[]).unwrap();
        assert!(secret.render().contains(chain) && !secret.render().contains("a-key"), "{}", secret.render());
        assert!(!format!("{secret:?}").contains("a-key"));
        let file = "[wire]\nsilence = 5\n[policies]\nrun = \"a/run.safetensors\"\n";
        let config = load(file, &[("HYPERDUST_SERVE_POLICIES__WALK", "walk.net")], &["level=debug"]).unwrap();
        assert_eq!(config.policies.keys().collect::<Vec<_>>(), ["run", "walk"]);
        assert_eq!(load(&config.render(), &[], &[]).unwrap(), config);
    }

    /// A misspelt key is an error that names it and the layer it is in.
    #[test]
    fn unknown_keys() {
        let error = load("[quota]\nlane = 1\n", &[], &[]).unwrap_err();
        assert!(error.contains("settings.toml") && error.contains("`lane`"), "{error}");
        let error = load("", &[("HYPERDUST_SERVE_LISTN", "x")], &[]).unwrap_err();
        assert!(error.contains("the environment") && error.contains("`listn`"), "{error}");
        let error = load("", &[], &["wire.pipelin=1"]).unwrap_err();
        assert!(error.contains("the command line") && error.contains("`pipelin`"), "{error}");
    }

    /// What a provider signs without saying otherwise, it can defend: a segment of any published scene halts within the machine's limit.
    #[test]
    fn signed_segments_can_be_opened() {
        let measured = include_str!("../../../docs/evidence/guest.json");
        let measured: serde_json::Value = serde_json::from_str(measured).unwrap();
        let longest =
            measured["scenes"].as_array().unwrap().iter().map(|scene| scene["longest_segment"].as_u64().unwrap());
        assert!(longest.min().unwrap() > Signing::default().every.into());
    }

    /// Values that cannot be are refused by name.
    #[test]
    fn wrong_values() {
        for (flag, key) in [
            ("listen=http://x", "listen"),
            ("listen=", "listen"),
            ("wire.pipeline=0", "wire.pipeline"),
            ("quota.lanes=0", "quota.lanes"),
            ("policy.min_batch=0", "policy.min_batch"),
            ("policies.walk=1", "policies"),
            ("http=nowhere", "ADDRESS:PORT"),
        ] {
            let error = load("", &[], &[flag]).unwrap_err();
            assert!(error.contains(key), "{flag}: {error}");
        }
    }
}
