//! `hyperdust devnet`: the same chain when it is opened again, nothing beyond this machine unless told, and nobody's file overwritten.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use hyperdust_settlement::{Deployment, deployment::Parameters};
use serde_json::Value;

/// A devnet in a process of its own; killed when it is dropped.
struct Process {
    child: Child,
    started: Value,
}

fn hyperdust(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperdust"));
    command.current_dir(folder).env("HOME", folder).env("HYPERDUST_PASSWORD", "correct horse");
    for name in ["CHAIN", "DEPLOYMENT", "WALLET", "WALLETS", "PASSWORD_FILE"] {
        command.env_remove(format!("HYPERDUST_{name}"));
    }
    command.args(arguments.split_whitespace());
    command
}

fn refused(folder: &Path, arguments: &str) -> String {
    let output: Output = hyperdust(folder, arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn says(folder: &Path, arguments: &str) -> Value {
    let output = hyperdust(folder, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

impl Process {
    fn start(folder: &Path, arguments: &str) -> Self {
        let mut command = hyperdust(folder, &format!("devnet --listen 127.0.0.1:0 --json {arguments}"));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, started: serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}")) }
    }

    fn url(&self) -> &str {
        self.started["url"].as_str().unwrap()
    }

    fn end(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success() && self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Chain, deployment and coin are there again; coin is given once; other parameters are refused and not half applied.
#[test]
fn a_folder_keeps_chain_and_deployment() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    says(at, "wallet new user --json");
    let arguments = "--data net --trial --window 77 --set closing=33 --fund user=12.5eth";
    let first = Process::start(at, arguments);
    assert_eq!(first.started["reopened"], false);
    let read = || Deployment::read(&at.join("net/deployment.json")).unwrap();
    let made = read();
    assert_eq!(made.parameters, Parameters { window: 77, closing: 33, ..Parameters::trial() });
    let show = |net: &Process| says(at, &format!("wallet show user --chain {} --json", net.url()));
    assert_eq!(show(&first)["balance"], "12500000000000000000");
    let publish = |net: &Process| {
        let place = format!("--chain {} --deployment net/deployment.json --wallet user", net.url());
        says(at, &format!("scene publish cartpole --price 3gwei --json {place}"))
    };
    let published = publish(&first);
    assert_eq!(published["transactions"].as_array().map(Vec::len), Some(1), "the program is in the list already");
    let in_use = refused(at, "devnet --listen 127.0.0.1:0 --data net");
    assert!(in_use.contains("is open in another process"), "{in_use}");
    let left = show(&first);
    first.end();

    let other = refused(at, "devnet --listen 127.0.0.1:0 --data net --window 78");
    assert!(other.contains("accepted: those of net/deployment.json, or another folder"), "{other}");
    let second = Process::start(at, "--data net --fund user=1eth");
    assert_eq!((second.started["reopened"].as_bool(), read()), (Some(true), made));
    assert_eq!(show(&second), left);
    assert_eq!(publish(&second)["was_there"], true);
    second.end();
}

#[test]
fn what_it_does_not_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let beyond = refused(at, "devnet --listen 0.0.0.0:0");
    assert!(beyond.contains("--anyone"), "{beyond}");
    for (arguments, why) in [
        ("--window 0", "window has to be 1 second to 90 days"),
        ("--set windows=3", "accepted: answer, budget, burn_share"),
        ("--set window=soon", "accepted: a whole number"),
        ("--fund user", "accepted: ADDRESS=AMOUNT"),
        ("--fund user=1eth", "there is no wallet user"),
        ("--fund 0x12=1eth", "accepted: 0x and 40 hexadecimal digits"),
        (&format!("--fund 0x{}=1sat", "7".repeat(40)), "ETH, gwei, wei are accepted"),
    ] {
        let said = refused(at, &format!("devnet --listen 127.0.0.1:0 {arguments}"));
        assert!(said.contains(why), "{arguments}: {said}");
    }
    // Another chain's deployment is not taken for its own, and neither is what is none.
    let net = Process::start(at, "--deployment here.json");
    let own = Deployment::read(&at.join("here.json")).unwrap();
    net.end();
    Deployment { chain_id: 30, ..own }.write(&at.join("real.json")).unwrap();
    std::fs::write(at.join("none.json"), "{}").unwrap();
    for (file, why) in [("real.json", "found a deployment on chain 30"), ("none.json", "none.json: ")] {
        let before = std::fs::read(at.join(file)).unwrap();
        let said = refused(at, &format!("devnet --listen 127.0.0.1:0 --deployment {file}"));
        assert!(said.contains(why), "{said}");
        assert_eq!(std::fs::read(at.join(file)).unwrap(), before);
    }
    Process::start(at, "--deployment here.json").end();
}
