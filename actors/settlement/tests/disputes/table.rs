//! A table to play at: the toy job of the crate `hyperdust-proof`, whose program is on the chain's list, claimed in a
//! session of two lanes, truly or not; and players who decide by themselves.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{B256, U256},
    providers::Provider,
};
use hyperdust_proof::{
    Party, TraceProvider,
    game::Knowledge,
    graph::{Execution, NodeProof, Unclaimable},
    machine::{StepProof, layout},
    tree::Hash,
};
use hyperdust_settlement::{
    deployment::Parameters,
    dispute::{Act, Concession, Game, Games, Lanes, Player},
};

use crate::{
    anvil::later,
    arena::job::{Job, View},
    programs,
    world::{Person, World, coin},
};

/// Who sends.
pub type Who = fn(&World) -> &Person;

pub const PROVIDER: Who = |w| &w.provider;
pub const COMPANION: Who = |w| &w.companion;

/// What was done in which game, and what it used.
pub type Done = (U256, String, u64);

/// Units that are claimed: of 10 gwei each, 0.005 coins of a deposit of 0.007.
const UNITS: u64 = 500_000;

/// A session that was claimed.
pub struct Stage {
    pub w: World,
    pub session: B256,
    pub lanes: Lanes,
    /// Block before the claim.
    from: u64,
}

impl Stage {
    /// Lane 0 is the truth, lane 1 as `claimed`.
    pub async fn claimed(url: &str, job: &Job, claimed: &View) -> Self {
        let mut w = World::with(url, Parameters::default()).await;
        w.program = layout::image_root(&programs::adder()).unwrap().into();
        let asset = w.stocked().await;
        let open = w.market.open(&w.opening(asset, deposit())).unwrap();
        let receipt = w.send(|w| &w.user, open).await.unwrap();
        let session = w.market.opened(&receipt).unwrap();
        let lanes = Lanes::of(session, [&job.truth.graph, &claimed.graph]);
        let from = w.node().get_block_number().await.unwrap();
        let mut claim = w.claim(session, UNITS);
        claim.commitment = lanes.commitment();
        w.send(PROVIDER, w.market.claim(&claim, w.user.address).unwrap()).await.unwrap();
        Self { w, session, lanes, from }
    }

    /// Files a game about lane 1.
    pub async fn file(&mut self, who: Who) -> U256 {
        let lane = self.lanes.open(1).unwrap();
        let receipt = self.w.send(who, self.w.market.dispute(self.session, &lane)).await.unwrap();
        self.w.market.filed(&receipt).unwrap()
    }

    pub async fn games(&self) -> Games {
        self.w.market.games(self.w.node(), self.session, self.from).await.unwrap()
    }

    pub async fn now(&self) -> u64 {
        self.w.node().get_block_by_number(BlockNumberOrTag::Latest).await.unwrap().unwrap().header.timestamp
    }

    /// Everybody does what there is to do in each game. Returns what was done in which game, and what it used.
    pub async fn round(&mut self, seats: &mut [Seat<'_>]) -> Vec<Done> {
        let mut done = Vec::new();
        for seat in seats {
            for game in self.games().await.iter() {
                let now = self.now().await;
                let Some(act) = seat.next(&self.w, game, now) else { continue };
                let call = self.w.market.act(game, &act);
                let what = call.what.clone();
                let receipt = self.w.send(seat.who, call).await.unwrap_or_else(|error| panic!("{what}: {error}"));
                done.push((game.number, what, receipt.gas_used));
            }
        }
        done
    }

    /// Plays until nobody has anything to do, however long they wait.
    pub async fn play(&mut self, seats: &mut [Seat<'_>]) -> Vec<Done> {
        let (mut all, mut waited) = (Vec::new(), false);
        loop {
            let done = self.round(seats).await;
            match (done.is_empty(), waited) {
                (true, true) => return all,
                (true, false) => later(self.w.node(), self.w.market.deployment().parameters.budget + 1).await,
                (false, _) => {}
            }
            waited = done.is_empty();
            all.extend(done);
        }
    }
}

pub fn deposit() -> U256 {
    coin(7)
}

/// What somebody knows, and what it makes of the length of its runs.
#[derive(Clone)]
pub struct Mind {
    view: View,
    length: fn(u64) -> u64,
}

impl Mind {
    pub fn of(view: &View) -> Self {
        Self { view: view.clone(), length: |steps| steps }
    }

    pub fn stretched(view: &View, length: fn(u64) -> u64) -> Self {
        Self { view: view.clone(), length }
    }
}

impl Knowledge for Mind {
    type Error = Unclaimable;

    fn prefix(&mut self, known: u32) -> Hash {
        self.view.prefix(known)
    }

    fn plan_subtree(&mut self, level: u32, place: u32) -> Option<Hash> {
        self.view.plan_subtree(level, place)
    }

    fn evidence(&mut self, index: u32) -> Result<(NodeProof, Vec<u8>), Unclaimable> {
        self.view.evidence(index)
    }

    fn execution(&mut self, index: u32) -> Result<Execution, Unclaimable> {
        let mut execution = self.view.execution(index)?;
        execution.steps = (self.length)(execution.steps);
        Ok(execution)
    }

    fn trace(&mut self, index: u32) -> Result<&mut dyn TraceProvider, Unclaimable> {
        self.view.trace(index)
    }

    fn proof(&mut self, index: u32, step: u64) -> Result<StepProof, Unclaimable> {
        self.view.proof(index, step)
    }
}

/// Somebody at the table.
pub struct Seat<'a> {
    pub who: Who,
    party: Party,
    mind: Box<dyn Fn() -> Mind + 'a>,
    concession: Concession,
    /// Acts that it makes before it falls silent.
    acts: usize,
    /// Whether its process ends after each act, and is started again for the next decision.
    pub dies: bool,
    player: Option<Player<Mind>>,
}

impl<'a> Seat<'a> {
    /// Plays by the book with what this says.
    pub fn new(party: Party, who: Who, mind: impl Fn() -> Mind + 'a) -> Self {
        let concession = Concession::default();
        Self { who, party, mind: Box::new(mind), concession, acts: usize::MAX, dies: false, player: None }
    }

    pub fn conceding(self, concession: Concession) -> Self {
        Self { concession, ..self }
    }

    pub fn silent_after(self, acts: usize) -> Self {
        Self { acts, ..self }
    }

    /// What it does about a game, if anything.
    pub fn next(&mut self, w: &World, game: &Game, now: u64) -> Option<Act> {
        if self.acts == 0 {
            return None;
        }
        if self.dies {
            self.player = None;
        }
        let new = || Player::new(self.party, (self.who)(w).address, (self.mind)()).conceding(self.concession);
        let player = self.player.get_or_insert_with(new);
        // Who lies may find that it can't go on. Whoever is honest and can't, loses, and its test fails.
        let act = player.next(game, now).ok()??;
        self.acts -= 1;
        Some(act)
    }
}
