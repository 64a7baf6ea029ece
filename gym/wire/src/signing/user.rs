//! The user's side.

use hyperdust_gym::{AutoresetMode, Seeds};
use hyperdust_kernel::{
    layout::Layout,
    merkle,
    segment::{self, Actions, Begin},
};
use hyperdust_receipt::{ActionRoot, Domain, Hash, Key, OutputRoot, Receipt, Signed, UserLedger};

use super::{SigningError, domain, refused, terms};
use crate::{
    ArraySpec,
    message::{Opened, SigningTerms},
};

#[derive(Clone, Debug)]
struct Lane {
    job: Hash,
    ledger: UserLedger,
    /// Of the running segment.
    begin: Begin,
    count: u32,
    actions: Vec<u8>,
    /// Root of the actions of the segment that was cut and is not signed.
    closed: Option<Hash>,
    /// It was reset once.
    started: bool,
}

/// What was asked of each lane, and what was signed of it.
///
/// It is told what the server has *carried out*, in order. Whoever holds it writes [`UserBook::receipts`] down before it sends what
/// [`UserBook::due`] signed: a user that forgot what it signed might sign twice.
#[derive(Debug)]
pub struct UserBook {
    key: Key,
    domain: Domain,
    mode: AutoresetMode,
    layout: Layout,
    every: u32,
    lanes: Vec<Lane>,
}

impl UserBook {
    /// Of a session that was just opened with signing. `key` is that of the terms' user.
    pub fn new(key: Key, opened: &Opened, agreed: &SigningTerms) -> Result<Self, SigningError> {
        let wrong = |what, reason: String| SigningError::Malformed { what, reason };
        if agreed.jobs.len() != opened.num_envs {
            let reason = format!("found {} streams; accepted: {}, one a lane", agreed.jobs.len(), opened.num_envs);
            return Err(wrong("jobs", reason));
        }
        if key.address().0 != agreed.user.0 {
            return Err(wrong(
                "user",
                format!("found the key of {}; accepted: that of {}", key.address(), agreed.user),
            ));
        }
        let layout = ArraySpec::layout(&opened.actions)
            .ok_or_else(|| wrong("actions", "found a dtype that no action has".into()))?;
        let lanes = terms(agreed).into_iter().map(|terms| Lane {
            job: terms.job,
            ledger: UserLedger::new(terms),
            begin: Begin::Continue,
            count: 0,
            actions: Vec::new(),
            closed: None,
            started: false,
        });
        Ok(Self {
            key,
            domain: domain(agreed),
            mode: opened.mode(),
            layout,
            every: agreed.every,
            lanes: lanes.collect(),
        })
    }

    /// Whether a reset may be asked for: lanes that it starts have seeds, and what it cuts off can be signed.
    pub fn may_reset(&self, seeds: Seeds<'_>, mask: Option<&[bool]>) -> Result<(), SigningError> {
        for (index, lane) in self.lanes.iter().enumerate().filter(|(index, _)| named(mask, *index)) {
            if !lane.started && seed(seeds, index).is_none() {
                return Err(SigningError::Unseeded { lane: index });
            }
            lane.settled(index)?;
        }
        Ok(())
    }

    /// Whether a step may be asked for.
    pub fn may_step(&self) -> Result<(), SigningError> {
        self.lanes.iter().enumerate().try_for_each(|(index, lane)| lane.settled(index))
    }

    /// A reset was carried out.
    pub fn reset(&mut self, seeds: Seeds<'_>, mask: Option<&[bool]>) -> Result<(), SigningError> {
        self.may_reset(seeds, mask)?;
        for index in (0..self.lanes.len()).filter(|index| named(mask, *index)) {
            self.cut(index);
            let lane = &mut self.lanes[index];
            lane.begin = Begin::Reset { seed: seed(seeds, index) };
            lane.started = true;
        }
        Ok(())
    }

    /// A step was carried out, with one array of all lanes for each of the action's.
    pub fn step(&mut self, actions: &[&[u8]]) -> Result<(), SigningError> {
        self.may_step()?;
        let expected = self.layout.segments.iter().map(|segment| segment.bytes() * self.lanes.len());
        if !expected.eq(actions.iter().map(|array| array.len())) {
            let reason = "found other arrays than an action has".into();
            return Err(SigningError::Malformed { what: "actions", reason });
        }
        for index in 0..self.lanes.len() {
            let lane = &mut self.lanes[index];
            lane.ledger.step(1).map_err(refused(index))?;
            let first = lane.actions.len();
            lane.actions.resize(first + self.layout.size, 0);
            for (segment, array) in self.layout.segments.iter().zip(actions) {
                let (size, at) = (segment.bytes(), first + segment.offset);
                lane.actions[at..at + size].copy_from_slice(&array[index * size..(index + 1) * size]);
            }
            lane.count += 1;
            if lane.count >= self.every {
                self.cut(index);
            }
        }
        Ok(())
    }

    /// Signs what was cut; what was signed before and has no answer yet comes again. Empty: nothing is to be sent.
    pub fn due(&mut self) -> Result<Vec<Signed<ActionRoot>>, SigningError> {
        let mut signed = Vec::new();
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            if let Some(root) = &lane.closed {
                lane.ledger.sign(&self.key, root).map_err(refused(index))?;
                lane.closed = None;
            }
            signed.extend(lane.ledger.unanswered());
        }
        Ok(signed)
    }

    /// Takes the answer to what was due: roots of outputs and countersignatures.
    pub fn accept(&mut self, answers: &[(Hash, Signed<OutputRoot>)]) -> Result<(), SigningError> {
        for (output, signed) in answers {
            let job = signed.message.job;
            let found = self.lanes.iter_mut().enumerate().find(|(_, lane)| lane.job == job);
            let (index, lane) = found.ok_or(SigningError::Stranger { job })?;
            lane.ledger.accept(signed, output).map_err(refused(index))?;
        }
        match self.lanes.iter().position(|lane| lane.ledger.unanswered().is_some()) {
            Some(lane) => Err(SigningError::Unsigned { lane }),
            None => Ok(()),
        }
    }

    /// Steps that were carried out, of all lanes together, signed or not.
    pub fn steps(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.ledger.steps()).fold(0, u64::saturating_add)
    }

    /// Whether this lane was reset once.
    pub fn started(&self, lane: usize) -> bool {
        self.lanes.get(lane).is_some_and(|lane| lane.started)
    }

    /// Lends what a voucher is signed with and for: the key, where signatures count, and the last receipt of each lane.
    pub fn pay<T>(&self, sign: impl FnOnce(&Key, &Domain, &[Option<Receipt>]) -> T) -> T {
        sign(&self.key, &self.domain, &self.receipts())
    }

    /// The last receipt of each lane.
    pub fn receipts(&self) -> Vec<Option<Receipt>> {
        self.lanes.iter().map(|lane| lane.ledger.last().copied()).collect()
    }

    /// Ends a lane's running segment, where anything happened in it.
    fn cut(&mut self, index: usize) {
        let (mode, size) = (self.mode, self.layout.size);
        let lane = &mut self.lanes[index];
        if lane.count == 0 && lane.begin == Begin::Continue {
            return;
        }
        let actions = Actions::new(lane.begin, mode, size, lane.count, &lane.actions);
        let actions = actions.expect("whole actions, at most as many as a segment has").encode();
        lane.closed = Some(merkle::root(segment::ACTIONS, &actions));
        lane.begin = Begin::Continue;
        lane.count = 0;
        lane.actions.clear();
    }
}

impl Lane {
    /// An error while a segment that is cut waits for signatures.
    fn settled(&self, index: usize) -> Result<(), SigningError> {
        if self.closed.is_some() || self.ledger.unanswered().is_some() {
            return Err(SigningError::Unsigned { lane: index });
        }
        Ok(())
    }
}

fn named(mask: Option<&[bool]>, lane: usize) -> bool {
    mask.is_none_or(|mask| mask.get(lane).copied().unwrap_or_default())
}

fn seed(seeds: Seeds<'_>, lane: usize) -> Option<u64> {
    match seeds {
        Seeds::Continue => None,
        Seeds::First(first) => Some(first.wrapping_add(lane as u64)),
        Seeds::Each(seeds) => seeds.get(lane).copied().flatten(),
    }
}
