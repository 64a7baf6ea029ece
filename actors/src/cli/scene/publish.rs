//! `hyperdust scene publish`

use std::process::ExitCode;

use alloy::primitives::{B256, U256};
use clap::Args;
use hyperdust_scene::{PROVABLE_BYTES, Severity};
use hyperdust_settlement::market;
use serde::Serialize;

use super::{check, open};
use crate::{
    Error, Program, SEGMENT,
    cli::chain::{self, Actor, Who, refused, some_wei},
};

/// Publishing the same package again finds the asset that there is, and changes nothing.
#[derive(Args)]
pub(in crate::cli) struct Publish {
    /// A scene's folder, an archive (.hdscene), a bare MJCF or URDF file, or a published scene's name
    scene: String,
    /// What the author asks for a unit, a step of one lane: 3gwei
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    price: String,
    /// What a pass costs, without which nobody opens a session [default: no pass is needed]
    #[arg(long, value_name = "AMOUNT")]
    pass: Option<String>,
    /// Its work is attested, though it could be proved: no bond is taken for lies, and nothing is minted
    #[arg(long)]
    attested: bool,
    /// Where its metadata is, up to 512 bytes
    #[arg(long, default_value = "")]
    uri: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Serialize)]
struct Published {
    asset: u64,
    scene: String,
    package: B256,
    blueprint: B256,
    tier: &'static str,
    /// Whether it had been published before, by the same author.
    was_there: bool,
    /// What its author asks for a unit now; none: it isn't sold.
    #[serde(serialize_with = "some_wei")]
    price: Option<U256>,
    #[serde(serialize_with = "some_wei")]
    pass: Option<U256>,
}

impl Publish {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let report = check::report(&self.scene);
        let errors: Vec<_> = report.findings.iter().filter(|found| found.severity == Severity::Error).collect();
        if !errors.is_empty() {
            errors.iter().for_each(|finding| eprintln!("{}", check::shown(finding)));
            eprintln!("error: {}: nothing is published", self.scene);
            return Ok(ExitCode::FAILURE);
        }
        let scene = open(&self.scene)?;
        let package = B256::from(scene.package()?.id().0);
        let blueprint = scene.cook(&Default::default())?.blueprint;
        let (bytes, content) = (blueprint.encode()?.len(), B256::from(blueprint.id()?.0));
        if bytes > PROVABLE_BYTES && !self.attested {
            let found = format!("a blueprint of {bytes} bytes");
            return Err(refused(
                &self.scene,
                found,
                format!("up to {PROVABLE_BYTES}, which can be proved; or --attested"),
            ));
        }
        chain::run(async {
            let actor = self.who.open().await?;
            let published = self.publish(&actor, scene.name(), package, content).await?;
            actor.report(&published, || published.print(&actor));
            Ok(ExitCode::SUCCESS)
        })
    }

    async fn publish(&self, actor: &Actor, name: &str, package: B256, content: B256) -> Result<Published, Error> {
        let (price, pass) =
            (actor.amount(&self.price)?, self.pass.as_ref().map(|pass| actor.amount(pass)).transpose()?);
        let program = if self.attested { None } else { Some(B256::from(Program::committed(SEGMENT)?.root)) };
        let (market, node) = (actor.market(), actor.node());
        let mut found = None;
        for asset in market.published_as(node, content, Some(actor.address())).await? {
            let state = market.asset(node, asset).await?;
            if (state.package, state.program) == (package, program) && state.agent.is_none() {
                found = Some(asset);
                break;
            }
        }
        let asset = match found {
            Some(asset) => asset,
            None => {
                if let Some(root) = program
                    && !market.has_program(node, root).await?
                {
                    actor.send(&market.add_program(root)).await?;
                }
                let scene = market::Scene { package, content, program, price, pass, uri: self.uri.clone() };
                market.published(&actor.send(&market.publish_scene(&scene)?).await?)?
            }
        };
        Ok(Published {
            asset,
            scene: name.into(),
            package,
            blueprint: content,
            tier: if program.is_some() { "provable" } else { "attested" },
            was_there: found.is_some(),
            price: market.author_price(node, asset, market::NATIVE).await?,
            pass: market.asset(node, asset).await?.pass,
        })
    }
}

impl Published {
    fn print(&self, actor: &Actor) {
        let was = if self.was_there { ", published before: nothing was changed" } else { "" };
        println!("asset {}: {}, {}{was}", self.asset, self.scene, self.tier);
        println!("  package   {}", self.package);
        println!("  blueprint {}", self.blueprint);
        println!("  price     {}", self.price.map_or_else(|| "not sold".into(), |price| actor.show(price) + " a unit"));
        if let Some(pass) = self.pass {
            println!("  pass      {}", actor.show(pass));
        }
    }
}
