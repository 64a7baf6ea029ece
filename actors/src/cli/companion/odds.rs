//! `hyperdust companion odds`: the numbers of [`crate::companion::odds`], for given rates and amounts.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use serde::Serialize;

use crate::{
    Error,
    cli::print_json,
    companion::{
        canary::{self, Fixed},
        odds::{self, Rate, Stakes},
    },
};

/// Numbers of claims that the table shows.
const CLAIMS: [u64; 5] = [1, 10, 50, 100, 500];

#[derive(Args)]
pub(in crate::cli) struct Odds {
    /// Share of claims that a companion checks: 1/20, 5% or 0.05
    #[arg(long)]
    check_rate: Rate,
    /// Share of canaries in what companions are handed
    #[arg(long, required_unless_present = "fixed")]
    canary_rate: Option<Rate>,
    /// Instead: what `canary plant` fixed …
    #[arg(long, value_name = "FILE", requires = "handed", conflicts_with = "canary_rate")]
    fixed: Option<PathBuf>,
    /// … and how many claims companions are handed meanwhile, canaries included
    #[arg(long, value_name = "CLAIMS", requires = "fixed")]
    handed: Option<u64>,
    /// Paid to a companion for a true verdict (an integer of the smallest unit)
    #[arg(long)]
    reward: u128,
    /// What computing a claim again costs a companion
    #[arg(long)]
    cost: u128,
    /// Lost by a companion that attests to a canary
    #[arg(long)]
    bond: u128,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Found {
    claims: u64,
    /// That a provider is found that lied in so many claims.
    provider: f64,
    /// That a companion is found that attested to so many claims without computing.
    companion: f64,
}

#[derive(Serialize)]
struct Report {
    computing_earns: i128,
    attesting_earns: f64,
    attesting_loses_from: f64,
    computing_pays_from: f64,
    replays_per_claim: f64,
    found: Vec<Found>,
}

impl Odds {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let stakes = Stakes::new(self.reward, self.cost, self.bond)?;
        let canaries = self.canaries()?;
        let (above, below) = stakes.attesting(canaries).ok_or(Error::Number {
            what: "amounts",
            found: "a product beyond 128 bits".into(),
            accepted: "smaller ones",
        })?;
        let (loses, pays) = (stakes.loses_from(), stakes.computing_pays_from());
        let report = Report {
            computing_earns: stakes.computing(),
            attesting_earns: above as f64 / below as f64,
            attesting_loses_from: loses.value(),
            computing_pays_from: pays.value(),
            replays_per_claim: odds::replays(self.check_rate, canaries),
            found: CLAIMS.map(|claims| self.found(claims, canaries)).into(),
        };
        if self.json {
            print_json(&report);
            return Ok(ExitCode::SUCCESS);
        }
        println!("a companion that computes earns {} per claim", report.computing_earns);
        println!("a companion that attests without computing earns {:.2} per claim", report.attesting_earns);
        println!("- it earns less than by computing from a canary rate of {pays} on");
        println!("- it loses money from a canary rate of {loses} on");
        println!("replays per claim that is served: {:.4}", report.replays_per_claim);
        println!("\n   claims   liar found   lazy companion found");
        for Found { claims, provider, companion } in report.found {
            println!("{claims:9}   {:8.3} %   {:18.3} %", 100.0 * provider, 100.0 * companion);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn canaries(&self) -> Result<Rate, Error> {
        match (self.canary_rate, &self.fixed, self.handed) {
            (_, Some(path), Some(handed)) => {
                let fixed = Fixed::decode(&super::read(path, canary::LONGEST)?)?;
                format!("{}/{handed}", fixed.count).parse().map_err(|_| Error::Number {
                    what: "claims handed out",
                    found: handed.to_string(),
                    accepted: "as many as there are canaries, or more, below 10^9",
                })
            }
            (Some(rate), _, _) => Ok(rate),
            _ => unreachable!("the arguments say that one of them is there"),
        }
    }

    fn found(&self, claims: u64, canaries: Rate) -> Found {
        let of = |rate| odds::detection(rate, claims);
        Found { claims, provider: of(self.check_rate), companion: of(canaries) }
    }
}
