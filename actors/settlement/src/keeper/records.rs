//! What a party knows: the side of a keeper that isn't the chain's.

use std::{fmt::Display, sync::Arc};

use alloy::primitives::B256;
use hyperdust_proof::game::Knowledge;
use hyperdust_receipt::{ActionRoot, Signed, Voucher};

use crate::{
    Error,
    dispute::{Lanes, Stuck},
    market::SessionState,
    sender::Error as OutboxError,
};

/// Why a keeper could not look after a session now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failed {
    /// The chain, or the node that tells of it.
    #[error(transparent)]
    Chain(#[from] Error),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// What is known could not be read or computed.
    #[error("{0}")]
    Records(String),
    /// A contract refused something as often as it was tried.
    #[error("{name} was refused {times} times: a person has to look at it")]
    Refused {
        /// What.
        name: String,
        /// How often.
        times: u32,
    },
    /// A claim that stands on the chain is another one than this party made or knows.
    #[error("session {session}: what is claimed is not what is known here: found {found}, known is {known}")]
    Stranger {
        /// The session.
        session: B256,
        /// What the chain says.
        found: B256,
        /// What it should say.
        known: B256,
    },
}

impl Failed {
    /// Of records that could not be had.
    pub fn records(error: impl Display) -> Self {
        Self::Records(error.to_string())
    }
}

impl<E: Display> From<Stuck<E>> for Failed {
    fn from(stuck: Stuck<E>) -> Self {
        Self::Records(stuck.to_string())
    }
}

/// What there is to claim of a session.
#[derive(Clone, Debug)]
pub enum Work {
    /// It goes on, or others are given the time to compute it again.
    Going,
    /// It has ended, and nothing was earned.
    Nothing,
    /// It has ended: what was computed, and the highest voucher.
    Done(Arc<Lanes>, Box<Signed<Voucher>>),
}

/// A segment of a lane, as it is shown to whoever asks for its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its action string.
    pub actions: Vec<u8>,
    /// What the user signed at its end.
    pub signed: Signed<ActionRoot>,
}

/// What answers a question about the inputs of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The segment that was asked for, if the lane has it.
    pub segment: Option<Segment>,
    /// What the user signed at the end of the segment before it; where there is no such segment, at the end of the lane. None: nothing.
    pub before: Option<Signed<ActionRoot>>,
    /// Opens the segment's node in the lane's plan, from its own sibling upwards; where there is no such segment, the lane's last running action root
    /// among those of all lanes.
    pub siblings: Vec<B256>,
}

/// What a party knows of sessions. Asked again and again: what is dear to compute is kept by whoever implements it.
pub trait Records {
    /// What is known of a lane's job.
    type Knowledge: Knowledge<Error: Display>;

    /// Sessions that are not over. Others are not looked at.
    fn sessions(&mut self) -> Result<Vec<B256>, Failed>;

    /// What follows from the inputs of a lane: what a game about it is played with.
    fn knowledge(&mut self, session: B256, lane: u32) -> Result<Self::Knowledge, Failed>;

    /// Whether games can be played at all: whether there is the program that nodes are run with.
    fn defends(&self) -> bool {
        true
    }

    /// What answers a question about a segment of a lane. None where it isn't known here.
    fn evidence(&mut self, session: B256, lane: u32, segment: u32) -> Result<Option<Evidence>, Failed>;

    /// Nothing is left to do for this session.
    fn over(&mut self, session: B256) -> Result<(), Failed>;

    /// Of a provider: what there is to claim. `closing`: the user wants its money back, so that the session has to end now.
    fn work(&mut self, session: B256, state: &SessionState, closing: bool) -> Result<Work, Failed> {
        let _ = (session, state, closing);
        Ok(Work::Going)
    }

    /// Of a companion: what is known of a session's results.
    fn watched(&mut self, session: B256, state: &SessionState) -> Result<Watched, Failed> {
        let _ = (session, state);
        Ok(Watched::default())
    }
}

/// What a companion knows of a session's results.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// What it computed of all lanes, and the salt of its commitment.
    pub own: Option<(Arc<Lanes>, B256)>,
    /// What the provider says that it claims. Whether it does, its commitment shows.
    pub claimed: Option<Arc<Lanes>>,
    /// Whether its provider has given nothing of it so far, nor said that there is anything; and its inputs can be asked for on the chain.
    pub missing: bool,
}
