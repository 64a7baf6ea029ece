//! `hyperdust agent invoke`: asks a policy that somebody hosts, and pays for it.
//!
//! The provider's server is asked what the policy takes, and the rows are held to that; only then a session for the agent is opened on the chain, by the wallet or by another
//! agent's account. Each request goes with a voucher for itself. The session stays open, so that more can be asked in it; the provider claims it when nothing was asked for a
//! while, or its user closes it.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use alloy::primitives::{Address, B256, U256};
use clap::Args;
use hyperdust_settlement::{
    amount,
    market::{NATIVE, Opening, Status},
};
use hyperdust_wire::{
    Endpoint,
    client::{Agreed, Client, Options, PaidPolicy},
    curve::{KeyPair, PublicKey},
};
use serde::Serialize;

use super::Agent;
use crate::{
    Error,
    cli::{
        chain::{self, Actor, Who, refused, text},
        session::{
            Named,
            open::{cheapest, enough},
        },
    },
};

/// Bytes of an input, at most.
const LONGEST: u64 = 64 << 20;

#[derive(Args)]
pub(in crate::cli) struct Invoke {
    /// Number of the agent
    asset: u64,
    /// Rows of observations: a file, or - for standard input, with a JSON array of numbers for each row
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// This agent's account opens the session and pays; the wallet owns or operates it, and signs
    #[arg(long = "as", value_name = "AGENT", conflicts_with = "session")]
    agent: Option<u64>,
    /// What all that is asked in the session may cost; the rest comes back [default: what these rows cost]
    #[arg(long, value_name = "AMOUNT", conflicts_with = "session", allow_hyphen_values = true)]
    deposit: Option<String>,
    /// The most that a row may cost, the author's price included [default: whatever the cheapest asks]
    #[arg(long, value_name = "AMOUNT", conflicts_with = "session", allow_hyphen_values = true)]
    max_price: Option<String>,
    /// Whose server shall answer [default: the cheapest whose bond is enough]
    #[arg(long, value_name = "ADDRESS", value_parser = chain::address, conflicts_with = "session")]
    provider: Option<Address>,
    /// Goes on in a session that is open, whose signer this wallet is: its id, or a beginning of it that no other has
    #[arg(long)]
    session: Option<Named>,
    /// Key file of this client, for a server beyond this machine, which has to allow it (`hyperdust keys new`)
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    who: Who,
}

/// A session that pays, and where it is served.
struct Seat {
    /// None: it has to be opened.
    session: Option<B256>,
    provider: Address,
    endpoint: String,
    curve: B256,
    price: U256,
    deposit: U256,
    digest: B256,
}

#[derive(Serialize)]
struct Invoked {
    asset: u64,
    session: B256,
    #[serde(serialize_with = "text")]
    provider: Address,
    outputs: Vec<Vec<f32>>,
    rows: usize,
    /// Of these rows.
    #[serde(with = "amount::wei")]
    paid: U256,
    /// Of all rows that were ever asked in the session.
    #[serde(with = "amount::wei")]
    paid_in_session: U256,
    /// That is left of the deposit.
    #[serde(with = "amount::wei")]
    left: U256,
}

impl Invoke {
    pub(super) fn run(self) -> Result<(), Error> {
        let rows = read(&self.input)?;
        let keys = self.key.as_deref().map(KeyPair::load).transpose();
        let keys = keys.map_err(|error| refused("--key", error, "a file that `hyperdust keys new` wrote"))?;
        let (actor, seat, session, client) = chain::run(async {
            let actor = self.who.open().await?;
            let seat = match &self.session {
                Some(session) => self.resume(&actor, session.find(actor.market(), actor.node()).await?).await?,
                None => self.choose(&actor, rows.len()).await?,
            };
            // Nothing is paid before it is known that it can be answered.
            let mut client = seat.connect(keys)?;
            let inputs = client.policy(&seat.digest.to_string())?.inputs;
            if let Some(place) = rows.iter().position(|row| row.len() != inputs) {
                let found = format!("{} numbers in row {}", rows[place].len(), place + 1);
                return Err(refused(self.named(), found, format!("rows of {inputs}, as the model takes them")));
            }
            let session = match seat.session {
                Some(session) => session,
                None => self.open(&actor, &seat).await?,
            };
            Ok((actor, seat, session, client))
        })?;
        // What was paid for is not lost: the same session may be asked again.
        let again = |_: &Error| eprintln!("session {session} is open: go on with --session {session}");
        let mut policy = seat.pay(&actor, client, session).inspect_err(again)?;
        let before = policy.book().amount();
        let outputs = ask(&mut policy, &rows).inspect_err(again)?;
        let all = policy.book().amount();
        let invoked = Invoked {
            asset: self.asset,
            session,
            provider: seat.provider,
            outputs,
            rows: rows.len(),
            paid: U256::from(all - before),
            paid_in_session: U256::from(all),
            left: seat.deposit.saturating_sub(U256::from(all)),
        };
        actor.report(&invoked, || invoked.print(&actor));
        Ok(())
    }

    /// The input, as it is called in errors.
    fn named(&self) -> String {
        format!("--input {}", self.input.display())
    }

    /// Who a new session is opened with: the cheapest provider or the one that was named.
    async fn choose(&self, actor: &Actor, rows: usize) -> Result<Seat, Error> {
        let agent = Agent::of(actor, self.asset).await?;
        let named = self.deposit.as_ref().map(|deposit| actor.amount(deposit)).transpose()?;
        let what = format!("agent {}", self.asset);
        let least = named.unwrap_or(U256::from(1));
        let (_, offer) = cheapest(actor, &what, &[self.asset], least, self.provider).await?;
        let most = self.max_price.as_ref().map(|price| actor.amount(price)).transpose()?;
        if let Some(most) = most.filter(|most| offer.price > *most) {
            let found = format!("{} a row", actor.show(offer.price));
            return Err(refused(what, found, format!("up to {}", actor.show(most))));
        }
        let cost = U256::from(rows).saturating_mul(offer.price).max(U256::from(1));
        let deposit = named.unwrap_or(cost);
        if deposit < cost {
            let accepted = format!("{}: {rows} rows at {}", actor.show(cost), actor.show(offer.price));
            return Err(refused("--deposit", actor.show(deposit), accepted));
        }
        if offer.largest < deposit {
            let found = format!("a bond that is enough for {}", actor.show(offer.largest));
            return Err(refused(what, found, format!("one that is for {}", actor.show(deposit))));
        }
        Ok(Seat {
            session: None,
            provider: offer.provider,
            endpoint: offer.endpoint,
            curve: offer.curve,
            price: offer.price,
            deposit,
            digest: agent.state.content,
        })
    }

    /// Puts the deposit in: the session's id.
    async fn open(&self, actor: &Actor, seat: &Seat) -> Result<B256, Error> {
        let (market, acting) = (actor.market(), actor.acting(self.agent).await?);
        if self.agent.is_some() {
            enough(actor, acting.address, seat.deposit).await?;
        }
        let opening = Opening {
            provider: seat.provider,
            asset: self.asset,
            currency: NATIVE,
            deposit: seat.deposit,
            signer: actor.address(),
            lanes: 1,
            max_price: seat.price,
            minting: false,
        };
        let receipt = actor.send(&acting.call(market, market.open(&opening)?)).await?;
        market.opened(&receipt).map_err(Error::from)
    }

    /// A session that there is.
    async fn resume(&self, actor: &Actor, session: B256) -> Result<Seat, Error> {
        let (market, node) = (actor.market(), actor.node());
        let (agent, state) = (Agent::of(actor, self.asset).await?, market.session(node, session).await?);
        let wrong =
            |found: String| Err(refused("--session", found, "one that is open for this agent, signed by this wallet"));
        if state.status != Status::Open {
            return wrong(format!("one that is {}", format!("{:?}", state.status).to_lowercase()));
        }
        if state.asset != self.asset || state.signer != actor.address() {
            return wrong(format!("one for asset {}, signed by {}", state.asset, state.signer));
        }
        let contact = market.provider(node, state.provider, NATIVE).await?.contact;
        let Some((endpoint, curve)) = contact else { return wrong("one whose provider has no address".into()) };
        Ok(Seat {
            session: Some(session),
            provider: state.provider,
            endpoint,
            curve,
            price: state.price,
            deposit: state.deposit,
            digest: agent.state.content,
        })
    }
}

impl Seat {
    fn connect(&self, keys: Option<KeyPair>) -> Result<Client, Error> {
        let endpoint: Endpoint =
            self.endpoint.parse().map_err(|error| refused("the provider", error, "tcp://HOST:PORT"))?;
        // On this machine nobody asks for keys.
        let keys = if endpoint.loopback() { None } else { keys.map(|own| (PublicKey(self.curve.0), own)) };
        Ok(Client::connect(endpoint.as_str(), &Options { keys, ..Options::default() })?)
    }

    /// The policy, paid for by the session.
    fn pay(&self, actor: &Actor, client: Client, session: B256) -> Result<PaidPolicy, Error> {
        let narrow = |wei: U256| u128::try_from(wei).unwrap_or(u128::MAX);
        let agreed = Agreed {
            domain: actor.market().deployment().domain(),
            session: session.0,
            provider: self.provider.into_array(),
            price: narrow(self.price),
            deposit: narrow(self.deposit),
            digest: self.digest.0,
        };
        // By what it is: what a server calls it is its own business.
        Ok(PaidPolicy::open(client, &self.digest.to_string(), &agreed, actor.account.wallet.key()?)?)
    }
}

/// Asks all rows, as many at a time as the server takes.
fn ask(policy: &mut PaidPolicy, rows: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, Error> {
    let (outputs, most) = (policy.policy().outputs, policy.policy().rows.max(1));
    let mut answers = Vec::with_capacity(rows.len());
    for some in rows.chunks(most) {
        let observations: Vec<u8> = some.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
        let mut actions = vec![0; 4 * outputs * some.len()];
        policy.act(&observations, &mut actions)?;
        let numbers: Vec<f32> = actions.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        answers.extend(numbers.chunks_exact(outputs.max(1)).map(<[f32]>::to_vec));
    }
    Ok(answers)
}

/// Rows of numbers from JSON arrays, one after the other.
fn read(path: &PathBuf) -> Result<Vec<Vec<f32>>, Error> {
    let io = |source| Error::Io { path: path.clone(), source };
    let mut bytes = Vec::new();
    match path.as_os_str() == "-" {
        true => io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes).map_err(io)?,
        false => File::open(path).map_err(io)?.take(LONGEST + 1).read_to_end(&mut bytes).map_err(io)?,
    };
    let accepted = "a JSON array of numbers for each row, one after the other, at least one";
    let wrong = |found: String| refused(format!("--input {}", path.display()), found, accepted);
    if bytes.len() as u64 > LONGEST {
        return Err(wrong(format!("more than {LONGEST} bytes")));
    }
    let rows = serde_json::Deserializer::from_slice(&bytes).into_iter().collect::<Result<Vec<Vec<f32>>, _>>();
    let rows = rows.map_err(|error| wrong(error.to_string()))?;
    match rows.iter().flatten().all(|x| x.is_finite()) && rows.iter().all(|row| !row.is_empty()) && !rows.is_empty() {
        true => Ok(rows),
        false => Err(wrong(format!("{} rows, of which some are empty or not finite", rows.len()))),
    }
}

impl Invoked {
    fn print(&self, actor: &Actor) {
        for row in &self.outputs {
            println!("{}", serde_json::to_string(row).expect("finite numbers are JSON"));
        }
        eprintln!(
            "session {}: {} rows for {}; {} left",
            self.session,
            self.rows,
            actor.show(self.paid),
            actor.show(self.left)
        );
    }
}
