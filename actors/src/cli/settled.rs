//! `hyperdust episode dispute --chain URL`: the same dispute, settled by contracts.

use std::path::PathBuf;

use clap::Args;
use hyperdust_proof::Party;
use hyperdust_settlement::{Account, account::Settings, amount::Coin};
use tokio::runtime::Builder;

use super::{
    Guest, Trial,
    chain::{self, Wallets, refused},
    print_json,
};
use crate::{
    Error, Program, SEGMENT,
    dispute::{
        Injection, Truth, Value,
        settled::{People, Ready, Settled},
        sides,
    },
};

/// On which chain, and who. Not the chain that the environment names: this spends coin.
#[derive(Args)]
pub(super) struct Settling {
    /// Settles it on this chain, for coin: URL of a node. It is never shown
    #[arg(long, value_name = "URL", requires_all = ["deployment", "asset", "user", "provider", "companion"])]
    chain: Option<String>,
    /// File of the deployment, as `hyperdust devnet` writes one
    #[arg(long, value_name = "FILE", env = "HYPERDUST_DEPLOYMENT")]
    deployment: Option<PathBuf>,
    /// Number of the scene's asset on the chain
    #[arg(long, requires = "chain")]
    asset: Option<u64>,
    /// Wallet that opens the session
    #[arg(long, value_name = "NAME", requires = "chain")]
    user: Option<String>,
    /// Wallet that claims: registered, bonded, and offering the asset
    #[arg(long, value_name = "NAME", requires = "chain")]
    provider: Option<String>,
    /// Wallet that disputes
    #[arg(long, value_name = "NAME", requires = "chain")]
    companion: Option<String>,
    /// What the user puts in: 0.01eth [default: what the steps cost]
    #[arg(long, value_name = "AMOUNT", requires = "chain")]
    deposit: Option<String>,
    #[command(flatten)]
    wallets: Wallets,
    /// File with the password of all three [default: what HYPERDUST_PASSWORD says]
    #[arg(long, value_name = "FILE", env = "HYPERDUST_PASSWORD_FILE")]
    password_file: Option<PathBuf>,
}

impl Settling {
    /// Whether a chain was named.
    pub(super) fn is_wanted(&self) -> bool {
        self.chain.is_some()
    }

    /// Settles it, and says how it went.
    pub(super) fn run(
        &self,
        trial: &Trial,
        lie: Option<(Party, Injection)>,
        guest: &Guest,
        show: &mut impl FnMut(&str),
    ) -> Result<(Settled, Coin), Error> {
        let Some((liar, injection)) = lie else {
            return Err(refused("--liar", "none", "provider or companion: nobody disputes what is true"));
        };
        if injection.value == Value::Action {
            let accepted = "another value: what a machine made of the actions";
            return Err(refused("--inject", "value=action, which is a question about inputs", accepted));
        }
        // Connections are looked after by another thread: this one computes for longer than nodes keep idle ones open.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|source| Error::Io { path: "the runtime".into(), source })?;
        runtime.block_on(async {
            show("the three accounts are opened");
            let people = People {
                user: self.account(&self.user).await?,
                provider: self.account(&self.provider).await?,
                companion: self.account(&self.companion).await?,
            };
            let coin = people.user.chain.coin();
            let deposit = self.deposit.as_ref().map(|text| coin.parse(text)).transpose()?;
            let root = Program::committed(SEGMENT)?.root;
            let scene = trial.model()?.id().0;
            let asset = self.asset.unwrap_or_default();
            let ready = Ready::of(&people, asset, (scene, root), trial.steps, deposit).await?;
            show("the program is loaded");
            let program = guest.load()?;
            show("both run the episode");
            let truth = Truth::of(trial.job(program.root)?)?;
            let sides = sides(&truth, &program, &injection, &mut *show)?;
            let settled = ready.settle(&truth, &program, sides, liar, trial.segment, &mut *show).await?;
            Ok((settled, coin))
        })
    }

    async fn account(&self, name: &Option<String>) -> Result<Account, Error> {
        // clap has seen to it that all of them are there.
        let settings = Settings {
            chain: self.chain.clone().unwrap_or_default(),
            deployment: self.deployment.clone().unwrap_or_default(),
            wallet: name.clone().unwrap_or_default(),
            wallets: Some(self.wallets.folder()),
            password_file: self.password_file.clone(),
        };
        Ok(Account::open(&settings).await?)
    }
}

/// As JSON, or in words.
pub(super) fn print(settled: &Settled, coin: Coin, json: bool) {
    if json {
        return print_json(settled);
    }
    let costs: Vec<String> = settled.transactions.iter().map(|sent| coin.show(sent.cost)).collect();
    let wide = costs.iter().map(String::len).max().unwrap_or_default();
    println!("{:9}  {:25}  {:>9}  {:>wide$}  transaction", "who", "what", "gas", "cost");
    for (sent, cost) in settled.transactions.iter().zip(&costs) {
        println!("{:9}  {:25}  {:>9}  {cost:>wide$}  {}", sent.who, sent.what, sent.gas, sent.hash);
    }
    println!("{} gas for {} in all\n", settled.gas, coin.show(settled.cost));
    if let Some(guilty) = &settled.guilty {
        println!("{guilty}");
    }
    let why = match settled.blamed {
        "provider" => "the chain executed that instruction, and comes to another state than was claimed",
        _ => "the chain executed that instruction, and comes to the state that was claimed",
    };
    println!("blamed: the {}: {why}", settled.blamed);
    println!("session {}, game {}", settled.session, settled.game);
    println!("  deposit   {}, of which {} were claimed", coin.show(settled.deposit), coin.show(settled.claimed));
    println!("  slashed   {} of the provider's bond", coin.show(settled.slashed));
    println!("  game      {} of its bonds to who was right", coin.show(settled.won));
    if let Some(until) = settled.open_until {
        println!("  claim     stands; to be disputed until {}", chain::time(until));
    }
    for owed in &settled.owed {
        println!("  {:9} may fetch {} from {}", owed.who, coin.show(owed.amount), owed.from);
    }
}
