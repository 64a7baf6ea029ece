//! Questions about what a claim was computed from: asked, answered, and lost by who doesn't answer. The contract is `Inputs`.

use std::collections::BTreeMap;

use alloy::{
    primitives::{B256, Bytes},
    providers::Provider,
    rpc::types::Filter,
    sol_types::SolEvent,
};
use hyperdust_merkle as merkle;
use hyperdust_receipt::{ActionRoot, Signed, claim::LaneClaim};

use super::{Call, Event, Market, events::logs};
use crate::{
    Error,
    bindings::{self as b, Inputs::InputsEvents},
    dispute::Lane,
    keeper::Evidence,
};

/// Leaves of a chunk, and levels above them.
const CHUNK: usize = 32;
const LEVELS: usize = 5;

/// A question, and what became of it.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its number: a hash.
    pub id: B256,
    /// What was asked, by whom, and until when an answer is taken.
    pub asked: b::Inputs::Question,
    /// Where it stands.
    pub standing: Standing,
}

/// Where a question stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for its answer, or for its time to be over.
    Pending,
    /// It was answered: this is what is claimed of the lane.
    Answered(Box<Lane>),
    /// It was not, and the claim fell.
    Unanswered,
}

impl Market {
    /// Asks for a chunk (from 0) of the actions of a lane's segment, with the bond that the deployment asks for. Within the claim's window.
    pub fn ask(&self, session: B256, lane: u32, segment: u32, chunk: u32) -> Call {
        let call = b::Inputs::askCall { session, lane, segment, chunk };
        let bond = self.deployment().parameters.question_bond;
        Call::new(self.at().inputs, call, "ask for inputs").paying(bond)
    }

    /// Answers a question. An error where the evidence can't be an answer to it.
    pub fn answer(&self, question: &b::Inputs::Question, lane: &Lane, evidence: &Evidence) -> Result<Call, Error> {
        let refused = |why: &str| Error::Argument { what: "answer a question", why: why.into() };
        let claimed = b::Inputs::Lane {
            index: lane.index,
            plan: lane.claim.plan.into(),
            claim: lane.claim.claim.into(),
            nodes: lane.claim.nodes,
        };
        let mut answer = b::Inputs::Answer {
            lane: claimed,
            laneSiblings: lane.siblings.clone(),
            siblings: evidence.siblings.clone(),
            length: 0,
            tree: B256::ZERO,
            leaves: Vec::new(),
            leafSiblings: Vec::new(),
            before: nothing(),
            beforeSignature: Bytes::new(),
            last: nothing(),
            lastSignature: Bytes::new(),
        };
        match &evidence.segment {
            Some(segment) => {
                let actions = &segment.actions;
                (answer.length, answer.tree) = (actions.len() as u64, merkle::tree(actions).into());
                let first = question.chunk as usize * CHUNK * merkle::LEAF;
                if let Some(rest) = actions.get(first..).filter(|rest| !rest.is_empty()) {
                    let some = &rest[..rest.len().min(CHUNK * merkle::LEAF)];
                    answer.leaves = some.chunks(merkle::LEAF).map(B256::right_padding_from).collect();
                    let index = u64::from(question.chunk) * CHUNK as u64;
                    let proof = merkle::prove(actions, index).ok_or_else(|| refused("there is no such chunk"))?;
                    answer.leafSiblings = proof.siblings.into_iter().skip(LEVELS).map(B256::from).collect();
                }
                (answer.last, answer.lastSignature) = shown(&segment.signed);
                if question.segment > 0 {
                    let before = evidence.before.as_ref().ok_or_else(|| refused("the signature before is missing"))?;
                    (answer.before, answer.beforeSignature) = shown(before);
                }
            }
            None => {
                if let Some(last) = &evidence.before {
                    (answer.last, answer.lastSignature) = shown(last);
                }
            }
        }
        Ok(Call::new(self.at().inputs, b::Inputs::answerCall { q: question.clone(), a: answer }, "answer a question"))
    }

    /// Ends a question that was not answered in time: the claim is refuted. Anyone may.
    pub fn unanswered(&self, question: &b::Inputs::Question) -> Call {
        Call::new(self.at().inputs, b::Inputs::timeoutCall { q: question.clone() }, "end an unanswered question")
    }

    /// All questions about a session's claim as of the node's latest block, in the order in which they were asked.
    pub async fn questions(&self, node: &impl Provider, session: B256) -> Result<Vec<Question>, Error> {
        let at = self.at().inputs;
        let latest = node.get_block_number().await?;
        let signatures = vec![
            b::Inputs::Asked::SIGNATURE_HASH,
            b::Inputs::Answered::SIGNATURE_HASH,
            b::Inputs::Unanswered::SIGNATURE_HASH,
        ];
        let filter = Filter::new().address(at).event_signature(signatures).topic1(session);
        let mut found = logs(node, &filter, self.deployment().block, latest).await?;
        found.sort_by_key(|log| (log.block_number, log.log_index));
        let (mut order, mut questions) = (Vec::new(), BTreeMap::new());
        for event in found.iter().filter_map(|log| self.decode(&log.inner)) {
            let Event::Inputs(event) = event else { continue };
            match event {
                InputsEvents::Asked(event) => {
                    order.push(event.question);
                    let (id, asked) = (event.question, event.asked);
                    questions.insert(id, Question { id, asked, standing: Standing::Pending });
                }
                InputsEvents::Answered(event) => {
                    if let Some(question) = questions.get_mut(&event.question) {
                        let job = hyperdust_receipt::claim::job(&session.0, event.lane.index.into());
                        let claim = LaneClaim {
                            job,
                            plan: event.lane.plan.0,
                            claim: event.lane.claim.0,
                            nodes: event.lane.nodes,
                        };
                        let lane = Lane { index: event.lane.index, claim, siblings: event.laneSiblings };
                        question.standing = Standing::Answered(Box::new(lane));
                    }
                }
                InputsEvents::Unanswered(event) => {
                    if let Some(question) = questions.get_mut(&event.question) {
                        question.standing = Standing::Unanswered;
                    }
                }
                _ => {}
            }
        }
        Ok(order.into_iter().filter_map(|id| questions.remove(&id)).collect())
    }
}

fn nothing() -> b::Inputs::ActionRoot {
    b::Inputs::ActionRoot { job: B256::ZERO, segment: 0, steps: 0, root: B256::ZERO }
}

fn shown(signed: &Signed<ActionRoot>) -> (b::Inputs::ActionRoot, Bytes) {
    let ActionRoot { job, segment, steps, root } = signed.message;
    let message = b::Inputs::ActionRoot { job: job.into(), segment, steps, root: root.into() };
    (message, Bytes::copy_from_slice(&signed.signature.to_bytes()))
}
