//! `hyperdust serve`

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use toml::{Table, Value};
use tracing_subscriber::{filter::LevelFilter, fmt};

use crate::{
    Error,
    serve::{
        self, Config, Options, Server,
        config::{Level, Log, assign},
    },
};

/// Everything that is not said here, on the command line or in the environment (HYPERDUST_SERVE_…) is as `--print-config` shows.
#[derive(Args)]
pub(super) struct Command {
    /// File with settings [default: hyperdust.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Endpoint to listen on: tcp://ADDRESS:PORT or ipc://PATH; may be given several times. Addresses beyond loopback ask for keys
    /// (see `hyperdust keys`) [default: tcp://127.0.0.1:5555]
    #[arg(long, value_name = "ENDPOINT")]
    listen: Vec<String>,
    /// Where HTTP is served, or off [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    http: Option<String>,
    /// Folder of the store and of keys [default: hyperdust in the user's data folder]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Folder with a scene, or with folders of scenes, beside the built-in ones; may be given several times
    #[arg(long, value_name = "FOLDER")]
    scenes: Vec<PathBuf>,
    /// Computes in idle time again what was recorded, and shows where it is not true
    #[arg(long)]
    companion: bool,
    /// How logs are written, on standard error
    #[arg(long, value_enum)]
    log: Option<Log>,
    /// Any other setting, by its name in the file: quota.lanes=64; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Prints the settings as a file, and ends
    #[arg(long)]
    print_config: bool,
}

impl Command {
    /// As a layer of settings.
    fn flags(&self) -> Result<Table, serve::Error> {
        let mut table = Table::new();
        let text = |path: &PathBuf| Value::String(path.to_string_lossy().into_owned());
        for assignment in &self.set {
            assign(&mut table, assignment)
                .map_err(|why| serve::Error::Config { place: format!("--set {assignment}"), why })?;
        }
        if !self.listen.is_empty() {
            table.insert("listen".into(), self.listen.clone().into());
        }
        if !self.scenes.is_empty() {
            table.insert("scenes".into(), Value::Array(self.scenes.iter().map(text).collect()));
        }
        if let Some(http) = &self.http {
            table.insert("http".into(), http.clone().into());
        }
        if let Some(data) = &self.data {
            table.insert("data".into(), text(data));
        }
        if self.companion {
            assign(&mut table, "companion.enabled=true").expect("companion is a section");
        }
        if let Some(log) = self.log {
            table.insert("log".into(), Value::try_from(log).expect("a name is a value"));
        }
        Ok(table)
    }
}

pub(super) fn run(command: &Command) -> Result<ExitCode, Error> {
    let config = Config::load(command.config.as_deref(), super::variables(), command.flags()?)?;
    if command.print_config {
        print!("{}", config.render());
        return Ok(ExitCode::SUCCESS);
    }
    logs(&config);
    let server = Server::start(config, Options { signals: true, ..Options::default() })?;
    // For people and for programs that started it with port 0.
    let mut out = io::stdout().lock();
    let shown = server.endpoints.iter().try_for_each(|endpoint| writeln!(out, "listens on {endpoint}"));
    let page = server.http.map_or(Ok(()), |address| writeln!(out, "page at http://{address}/"));
    // Nobody has to read it.
    let _ = shown.and(page).and_then(|()| out.flush());
    drop(out);
    server.wait()?;
    Ok(ExitCode::SUCCESS)
}

fn logs(config: &Config) {
    let level = match config.level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    let subscriber = fmt().with_writer(io::stderr).with_max_level(level);
    // Set already: by a test in the same process.
    let _ = match config.log {
        Log::Human => subscriber.with_target(false).try_init(),
        Log::Json => subscriber.json().try_init(),
    };
}
