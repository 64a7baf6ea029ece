//! `hyperdust companion open` and `hyperdust companion check`: what follows once a commitment is out.

use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::{Graph, hex};
use hyperdust_receipt::Key;
use serde::Serialize;

use super::{ATTESTATION, CLAIM, COMMITMENT, Identity, read, read_commitment, shown, stem, write};
use crate::{
    Error, Program, SEGMENT,
    cli::{
        canary::{Known, OPENED, Rules},
        print_json,
    },
    companion::{Committed, Verdict, machine},
};

/// The verdict about a claim that is wrong on purpose.
const CANARY: &str = "canary";
/// Exit code where a claim is wrong.
const DISPUTED: u8 = 3;
/// Bytes of a claim, at most: those of the largest graph.
const LONGEST_CLAIM: usize = 32 << 20;

#[derive(Args)]
pub(in crate::cli) struct Open {
    /// A commitment's file
    commitment: PathBuf,
    /// The challenge, drawn after the commitment was published: 64 hexadecimal digits
    #[arg(long, value_name = "HASH", value_parser = word)]
    challenge: Hash,
    /// Questions
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1024))]
    count: u32,
    /// Prints a JSON array
    #[arg(long)]
    json: bool,
}

fn word(text: &str) -> Result<Hash, String> {
    let mut word = [0; 32];
    if hex::read_word(text.as_bytes(), &mut word) { Ok(word) } else { Err("accepted: 64 hexadecimal digits".into()) }
}

#[derive(Serialize)]
struct Answer {
    segment: u32,
    steps: u32,
    root: String,
}

impl Open {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let answers = read_commitment(&self.commitment)?.open(&self.challenge, self.count)?;
        let answers: Vec<_> = answers
            .iter()
            .map(|answer| {
                let (segment, steps) = (answer.request.segment, answer.request.steps);
                Answer { segment, steps, root: shown(&answer.root) }
            })
            .collect();
        if self.json {
            print_json(&answers);
        } else {
            for Answer { segment, steps, root } in answers {
                println!("segment {segment:6} after {steps:6} actions  {root}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Args)]
pub(in crate::cli) struct Check {
    /// Folder of commitments, or one commitment's file
    commitments: PathBuf,
    /// Folder of claims, each with its job's name (NAME.hdgraph), or one claim's file
    #[arg(long, value_name = "FOLDER")]
    claims: PathBuf,
    /// Folder with the programs that `make guest` builds: needed where a claim is wrong
    #[arg(long, env = "HYPERDUST_GUEST", value_name = "FOLDER")]
    guest: Option<PathBuf>,
    /// Prints a JSON array
    #[arg(long)]
    json: bool,
    /// Folder of opened canaries, each with its job's name (NAME.hdcanary): a wrong claim that was one is nobody's lie
    #[arg(long, value_name = "FOLDER", requires = "fixed")]
    canaries: Option<PathBuf>,
    #[command(flatten)]
    rules: Option<Rules>,
    #[command(flatten)]
    identity: Identity,
}

/// What came out for one job.
#[derive(Default, Serialize)]
struct Row {
    job: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<u32>,
    why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    commitment: Option<String>,
    /// Root and salt, that open the commitment.
    #[serde(skip_serializing_if = "Option::is_none")]
    reveal: Option<[String; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<String>,
    /// Message and signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation: Option<String>,
}

impl Check {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let key = self.identity.key()?;
        let program = OnceCell::new();
        let commitments = list(&self.commitments, COMMITMENT)?;
        if commitments.is_empty() {
            return Err(Error::Commitment(format!("{} holds no file NAME.{COMMITMENT}", self.commitments.display())));
        }
        let known = self.rules.as_ref().map(Rules::read).transpose()?;
        let (mut disputed, mut undecided, mut rows) = (false, false, Vec::new());
        for path in commitments {
            let row = self.judge(&path, &key, &program, known.as_ref()).unwrap_or_else(|error| {
                let (job, why) = (stem(&path), error.to_string());
                Row { job, verdict: "error", why, ..Row::default() }
            });
            match row.verdict {
                "attested" | CANARY => {}
                "disputed" => disputed = true,
                _ => undecided = true,
            }
            rows.push(row);
        }
        if self.json {
            print_json(&rows);
        } else {
            let width = rows.iter().map(|row| row.job.len()).max().unwrap_or(0);
            rows.iter().for_each(|row| println!("{:width$}  {:9}  {}", row.job, row.verdict, row.why));
        }
        Ok(match (disputed, undecided) {
            (true, _) => ExitCode::from(DISPUTED),
            (false, true) => ExitCode::FAILURE,
            (false, false) => ExitCode::SUCCESS,
        })
    }

    fn judge(&self, path: &Path, key: &Key, program: &OnceCell<Program>, known: Option<&Known>) -> Result<Row, Error> {
        let committed = read_commitment(path)?;
        let named = |folder: &Path, ending: &str| folder.join(stem(path)).with_added_extension(ending);
        let claim = if self.claims.is_dir() { named(&self.claims, CLAIM) } else { self.claims.clone() };
        let claim = Graph::decode(&read(&claim, LONGEST_CLAIM)?)?;
        // A claim that is true is no canary, whatever is opened.
        let wrong = claim.root() != committed.graph().root();
        let opened = self.canaries.as_ref().zip(known).zip(committed.job().terms()).filter(|_| wrong);
        let opened =
            opened.and_then(|((folder, known), terms)| known.excuse(&named(folder, OPENED), &terms.job, &claim.root()));
        if let Some(Ok(_)) = opened {
            let why = "wrong on purpose, fixed before the job was assigned, and posted by nobody".into();
            return Ok(Row { verdict: CANARY, ..row(stem(path), &committed, &claim, None, why) });
        }
        let verdict = committed.judge(&claim, key, |job, number, state| {
            let program = match program.get() {
                Some(program) => program,
                None => {
                    let loaded = load(self.guest.as_deref(), number)?;
                    program.get_or_init(|| loaded)
                }
            };
            machine(program)(job, number, state)
        })?;
        if let Verdict::Attested(signed) = &verdict {
            write(&path.with_extension(ATTESTATION), &signed.encode())?;
        }
        let mut row = judged(stem(path), &committed, &claim, &verdict);
        if let Some(Err(error)) = opened {
            row.why = format!("{}; {error}", row.why);
        }
        Ok(row)
    }
}

/// The program, which is needed where a claim is wrong.
pub(super) fn load(guest: Option<&Path>, number: usize) -> Result<Program, Error> {
    let Some(folder) = guest else {
        return Err(Error::Claim(format!(
            "segment {number} has another output than it has natively; before anybody is accused it is run on the \
             proof machine, whose programs --guest or HYPERDUST_GUEST has to name"
        )));
    };
    Program::load(folder, SEGMENT)
}

fn judged(job: String, committed: &Committed, claim: &Graph, verdict: &Verdict) -> Row {
    let (segment, why) = match verdict {
        Verdict::Attested(signed) => {
            (None, format!("all outputs are as claimed; root {}", shown(&signed.message.claim)))
        }
        Verdict::Disputed { node, own, claimed } => {
            let why =
                format!("segment {node} gives {}, also on the machine; claimed is {}", shown(own), shown(claimed));
            (Some(*node), why)
        }
        Verdict::Inputs { segment, why } => (Some(*segment), format!("segment {segment}: {why}")),
        Verdict::Abstained { why } => (None, why.clone()),
    };
    let attestation = match verdict {
        Verdict::Attested(signed) => Some(shown(&signed.encode())),
        _ => None,
    };
    Row { verdict: verdict.name(), attestation, ..row(job, committed, claim, segment, why) }
}

fn row(job: String, committed: &Committed, claim: &Graph, segment: Option<u32>, why: String) -> Row {
    let reveal = committed.reveal();
    Row {
        job,
        segment,
        why,
        commitment: Some(shown(&committed.commitment())),
        reveal: Some([shown(&reveal.root), shown(&reveal.salt)]),
        plan: Some(shown(&committed.graph().plan())),
        claim: Some(shown(&claim.root())),
        ..Row::default()
    }
}

/// A file, or those of a folder with this ending, by name.
fn list(path: &Path, ending: &str) -> Result<Vec<PathBuf>, Error> {
    let io = |source| Error::Io { path: path.into(), source };
    if !std::fs::metadata(path).map_err(io)?.is_dir() {
        return Ok(vec![path.into()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
