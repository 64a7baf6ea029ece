//! `hyperdust canary …`: for whoever hands out jobs, and finds companions that attest without computing. See
//! [`crate::companion::canary`].

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use hyperdust_receipt::{Attestation, Signed};

use super::{
    companion::{CLAIM, read, read_job, read_session, shown, stem, write, write_new},
    print_json,
};
use crate::{
    Error,
    companion::{
        canary::{self, Canaries, Canary, Fixed, Opened, Posted},
        commitment,
    },
    job::roots,
};

/// How files of opened canaries end.
pub(super) const OPENED: &str = "hdcanary";
/// Exit code where a companion attested to a canary.
const CAUGHT: u8 = 3;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Makes a wrong claim about each of some jobs, and fixes all of them: before the first is assigned
    Plant(Plant),
    /// Shows one canary with the proof that it was fixed (NAME.hdcanary)
    Open(Open),
    /// Says whether an attestation is to a canary; exit code 3 where it is
    Caught(Caught),
}

pub(super) fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Plant(plant) => plant.run(),
        Command::Open(open) => open.run(),
        Command::Caught(caught) => caught.run(),
    }
}

#[derive(Args)]
pub(super) struct Plant {
    /// Files of jobs, each about its own stream
    #[arg(required = true, value_name = "JOB")]
    files: Vec<PathBuf>,
    /// Folder that the wrong claims are written to (NAME.hdgraph): to be handed to companions, never posted
    #[arg(long, value_name = "FOLDER")]
    claims: PathBuf,
    /// New file for what opens the canaries: nobody else's business until then
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// New file for what is published before the first job is assigned
    #[arg(long, value_name = "FILE")]
    fixed: PathBuf,
    /// When that is: a block's number, or any clock that all share
    #[arg(long)]
    time: u64,
}

impl Plant {
    fn run(self) -> Result<ExitCode, Error> {
        std::fs::create_dir_all(&self.claims).map_err(|source| Error::Io { path: self.claims.clone(), source })?;
        let (mut canaries, mut claims) = (Vec::new(), Vec::new());
        for path in &self.files {
            let job = read_job(path)?;
            let stream = job.terms().ok_or_else(|| Error::Terms(format!("{}: it has none", path.display())))?.job;
            let truth = job.graph(&roots(&job.replay(|_| {})?))?;
            let salt = commitment::salt()?;
            let from = u32::from_be_bytes([salt[0], salt[1], salt[2], salt[3]]) % truth.count();
            let claim = canary::plant(&job, &truth, from, &salt)?;
            // One salt for both: whoever is shown the canary can tell that the output was drawn from it, and a chain can, too.
            canaries.push(Canary { job: stream, claim: claim.root(), salt });
            claims.push((self.claims.join(stem(path)).with_added_extension(CLAIM), claim));
        }
        let canaries = Canaries::new(canaries)?;
        let fixed = canaries.fix(self.time);
        // What opens them first: without it the rest is of no use.
        write_new(&self.out, &canaries.encode())?;
        for (path, claim) in &claims {
            write_new(path, &claim.encode())?;
        }
        write_new(&self.fixed, &fixed.encode())?;
        println!("canaries: {}, fixed at {} as {}", fixed.count, fixed.time, shown(&fixed.root));
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Args)]
pub(super) struct Open {
    /// The file that `plant` wrote with --out
    canaries: PathBuf,
    /// Files of jobs that are canaries
    #[arg(required = true, value_name = "JOB")]
    files: Vec<PathBuf>,
    /// Folder that the opened canaries are written to (NAME.hdcanary)
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
}

impl Open {
    fn run(self) -> Result<ExitCode, Error> {
        let canaries = Canaries::decode(&read(&self.canaries, canary::LONGEST)?)?;
        std::fs::create_dir_all(&self.out).map_err(|source| Error::Io { path: self.out.clone(), source })?;
        for path in &self.files {
            let job = read_job(path)?;
            let opened = job.terms().and_then(|terms| canaries.open(&terms.job));
            let opened = opened.ok_or_else(|| Error::Canary(format!("{} is none of them", path.display())))?;
            let out = self.out.join(stem(path)).with_added_extension(OPENED);
            write(&out, &opened.encode())?;
            println!("{}: claim {}", out.display(), shown(&opened.canary.claim));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What was fixed and posted, when a job was assigned: what decides whether a canary excuses a wrong claim. All or nothing; where it
/// is flattened without `Option`, all.
#[derive(Args)]
pub(super) struct Rules {
    /// What was published before the first job was assigned
    #[arg(long, value_name = "FILE", required = false, requires_all = ["assigned", "posted"])]
    fixed: PathBuf,
    /// When the job was assigned, on the clock of `canary plant --time`
    #[arg(long, value_name = "TIME", required = false, requires_all = ["fixed", "posted"])]
    assigned: u64,
    /// Claims that anybody posted, which no canary excuses: a JSON list of {"by", "claim"}, [] where there is none
    #[arg(long, value_name = "FILE", required = false, requires_all = ["fixed", "assigned"])]
    posted: PathBuf,
}

impl Rules {
    pub(super) fn read(&self) -> Result<Known, Error> {
        let fixed = Fixed::decode(&read(&self.fixed, canary::LONGEST)?)?;
        let posted = Posted::decode(&read(&self.posted, canary::LONGEST)?)?;
        Ok(Known { fixed, posted, assigned: self.assigned })
    }
}

/// [`Rules`], read.
pub(super) struct Known {
    fixed: Fixed,
    posted: Posted,
    assigned: u64,
}

impl Known {
    /// The canary in this file, if there is the file, and whether it excuses a wrong `claim` about the stream `job`.
    pub(super) fn excuse(&self, path: &Path, job: &[u8; 32], claim: &[u8; 32]) -> Option<Result<Opened, Error>> {
        path.exists().then(|| {
            let opened = Opened::decode(&read(path, canary::LONGEST)?)?;
            if opened.canary.job != *job {
                return Err(Error::Canary("it is about another job".into()));
            }
            self.fixed.excuse(&opened, claim, self.assigned, &self.posted)?;
            Ok(opened)
        })
    }
}

#[derive(Args)]
pub(super) struct Caught {
    /// An opened canary's file
    canary: PathBuf,
    /// The companion's attestation (NAME.hdattest)
    #[arg(long, value_name = "FILE")]
    attestation: PathBuf,
    /// The terms of the session: for which chain and contract the attestation is signed
    #[arg(long, value_name = "FILE")]
    terms: PathBuf,
    #[command(flatten)]
    rules: Rules,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Verdict {
    caught: bool,
    companion: String,
}

impl Caught {
    fn run(self) -> Result<ExitCode, Error> {
        let signed = Signed::<Attestation>::decode(&read(&self.attestation, Signed::<Attestation>::BYTES)?);
        let refused = |error: hyperdust_receipt::Error| Error::Claim(error.to_string());
        let signed = signed.map_err(refused)?;
        let companion = signed.signer(&read_session(&self.terms)?.domain()).map_err(refused)?.to_string();
        let Attestation { job, claim, .. } = signed.message;
        // What is not a canary, or no longer one, accuses nobody.
        let opened = match self.rules.read()?.excuse(&self.canary, &job, &claim) {
            Some(opened) => opened?,
            None => return Err(Error::Canary(format!("there is no file {}", self.canary.display()))),
        };
        let caught = opened.caught(&signed.message);
        if self.json {
            print_json(&Verdict { caught, companion });
        } else if caught {
            println!("{companion} attested to a canary");
        } else {
            println!("{companion} did not attest to this canary");
        }
        Ok(if caught { ExitCode::from(CAUGHT) } else { ExitCode::SUCCESS })
    }
}
