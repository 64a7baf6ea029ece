//! The provider's side.

use hyperdust_gym::Segment;
use hyperdust_kernel::segment::Actions;
use hyperdust_receipt::{ActionRoot, Hash, Key, OutputRoot, ProviderLedger, Receipt, Signed};

use super::{SigningError, refused, terms};
use crate::message::SigningTerms;

#[derive(Clone, Debug)]
struct Lane {
    job: Hash,
    ledger: ProviderLedger,
    /// Root of the output of the last segment.
    output: Hash,
    /// The last segment is not signed yet.
    open: bool,
}

/// What was made of each lane, and what was signed of it. Its receipts are to be written down before their signatures are sent.
#[derive(Clone, Debug)]
pub struct ProviderBook {
    /// Bytes of an action arena.
    size: usize,
    lanes: Vec<Lane>,
}

impl ProviderBook {
    /// Of a session that was just opened under these terms, whose actions have arenas of `size` bytes.
    pub fn new(agreed: &SigningTerms, size: usize) -> Self {
        let lane = |terms: hyperdust_receipt::Terms| Lane {
            job: terms.job,
            ledger: ProviderLedger::new(terms),
            output: [0; 32],
            open: false,
        };
        Self { size, lanes: terms(agreed).into_iter().map(lane).collect() }
    }

    /// An error while a lane's last segment is not signed: before any step, and any reset.
    pub fn may_go_on(&self) -> Result<(), SigningError> {
        match self.lanes.iter().position(|lane| lane.open) {
            Some(lane) => Err(SigningError::Unsigned { lane }),
            None => Ok(()),
        }
    }

    /// Takes segments that the env has cut, each with its lane.
    pub fn cut(&mut self, segments: &[(usize, Segment)]) -> Result<(), SigningError> {
        let mut lanes = self.lanes.clone();
        for (index, segment) in segments {
            let wrong = |reason: String| SigningError::Malformed { what: "segment", reason };
            let lane = lanes.get_mut(*index).ok_or_else(|| wrong(format!("found lane {index}, which is not there")))?;
            let actions = Actions::decode(&segment.actions, self.size).map_err(|error| wrong(error.to_string()))?;
            lane.ledger.step(actions.count().into()).map_err(refused(*index))?;
            lane.ledger.close(&segment.actions_root).map_err(refused(*index))?;
            (lane.output, lane.open) = (segment.output_root, true);
        }
        self.lanes = lanes;
        Ok(())
    }

    /// Takes the frame of a RECEIPT and countersigns all of it: the two frames of the answer. On an error none of it was taken. What
    /// is sent again is answered the same.
    pub fn accept(&mut self, key: &Key, frame: &[u8]) -> Result<(Vec<u8>, Vec<u8>), SigningError> {
        let wrong = |reason: String| SigningError::Malformed { what: "RECEIPT", reason };
        const EACH: usize = Signed::<ActionRoot>::BYTES;
        let (each, rest) = frame.as_chunks::<EACH>();
        if !rest.is_empty() || each.len() > self.lanes.len() {
            let most = self.lanes.len();
            return Err(wrong(format!(
                "found {} bytes; accepted: {EACH} for each of at most {most} lanes",
                frame.len()
            )));
        }
        let mut lanes = self.lanes.clone();
        let (mut outputs, mut signatures) = (Vec::new(), Vec::new());
        for bytes in each {
            let signed = Signed::<ActionRoot>::decode(bytes).map_err(|error| wrong(error.to_string()))?;
            let job = signed.message.job;
            let found = lanes.iter_mut().enumerate().find(|(_, lane)| lane.job == job);
            let (index, lane) = found.ok_or(SigningError::Stranger { job })?;
            lane.ledger.accept(&signed).map_err(refused(index))?;
            if lane.ledger.uncountersigned().is_some() {
                lane.ledger.countersign(key, &lane.output).map_err(refused(index))?;
                lane.open = false;
            }
            let answer: Option<Signed<OutputRoot>> = lane.ledger.last().and_then(|receipt| receipt.outputs);
            let answer = answer.ok_or(SigningError::Unsigned { lane: index })?;
            outputs.extend(lane.output);
            signatures.extend(answer.encode());
        }
        self.lanes = lanes;
        Ok((outputs, signatures))
    }

    /// The last receipt of each lane.
    pub fn receipts(&self) -> Vec<Option<Receipt>> {
        self.lanes.iter().map(|lane| lane.ledger.last().copied()).collect()
    }
}
