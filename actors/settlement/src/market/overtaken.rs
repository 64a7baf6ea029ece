//! Whether what a contract said of a call means that the call has no use any more, now or later.
//!
//! Sessions only go forward (open, closing, claimed, paid, ended), times only pass, games are decided once. So some refusals are for good, unless the
//! chain takes blocks back: somebody else did the same first, or its time is over. All others may have passed a moment later.

use alloy::sol_types::{SolCall, SolError};

use super::Call;
use crate::bindings as b;

/// Statuses of sessions as the contracts number them.
const OPEN: u8 = 1;
const CLOSING: u8 = 2;
const CLAIMED: u8 = 3;
const PAID: u8 = 4;
const ENDED: u8 = 5;

/// The last status of a session in which a call is of use. Of what is not known: paid, which is the last in which anything is.
fn last(call: &Call) -> u8 {
    let Some(selector) = call.input.first_chunk::<4>() else { return PAID };
    match *selector {
        b::Sessions::closeCall::SELECTOR => OPEN,
        b::Sessions::claimCall::SELECTOR
        | b::Sessions::declineCall::SELECTOR
        | b::Sessions::reclaimCall::SELECTOR
        | b::Companions::commitCall::SELECTOR => CLOSING,
        b::Sessions::finaliseCall::SELECTOR
        | b::Sessions::contradictedCall::SELECTOR
        | b::Companions::openCall::SELECTOR => CLAIMED,
        _ => PAID,
    }
}

/// Whether a call that is refused for this reason will be refused for ever.
pub(crate) fn overtaken(call: &Call, reason: &[u8]) -> bool {
    let (Some(error), Some(selector)) = (reason.first_chunk::<4>(), call.input.first_chunk::<4>()) else {
        return false;
    };
    match *error {
        b::Sessions::WrongStatus::SELECTOR => {
            let status = reason.get(4..36).and_then(|word| word.split_last());
            let Some((&status, _)) = status.filter(|(_, zeros)| zeros.iter().all(|byte| *byte == 0)) else {
                return false;
            };
            // A seed is drawn while its session is open: one that is there is not drawn again.
            let drawn = *selector == b::Sessions::drawCall::SELECTOR && (OPEN..=ENDED).contains(&status);
            drawn || (status > last(call) && status <= ENDED)
        }
        // Times that have passed.
        b::Sessions::TooLate::SELECTOR | b::Inputs::Late::SELECTOR => true,
        b::Disputes::Over::SELECTOR => true,
        // What was answered, fetched or minted is refused for the same reason before there is anything: that may pass.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, B256, U256};

    use super::*;

    fn call(call: impl SolCall) -> Call {
        Call::new(Address::ZERO, call, "a test")
    }

    fn status(status: u8) -> Vec<u8> {
        let word = U256::from(status).to_be_bytes::<32>();
        [&b::Sessions::WrongStatus::SELECTOR[..], &word].concat()
    }

    #[test]
    fn a_session_that_is_past_a_call_never_comes_back() {
        let session = B256::ZERO;
        let finalise = call(b::Sessions::finaliseCall { session });
        let reward = call(b::Sessions::rewardCall { session });
        let decline = call(b::Sessions::declineCall { session });
        let draw = call(b::Sessions::drawCall { session });
        let close = call(b::Sessions::closeCall { session });
        // Of each: statuses that it is refused for, and may have its time after.
        for (call, before, after) in [
            (&finalise, 0..CLAIMED, PAID..=ENDED),
            (&reward, 0..PAID, ENDED..=ENDED),
            (&decline, 0..OPEN, CLAIMED..=ENDED),
            (&draw, 0..OPEN, OPEN..=ENDED),
            (&close, 0..OPEN, CLOSING..=ENDED),
        ] {
            assert!(before.clone().all(|it| !overtaken(call, &status(it))), "{call:?} after {before:?}");
            assert!(after.clone().all(|it| overtaken(call, &status(it))), "{call:?} after {after:?}");
        }
    }

    #[test]
    fn what_may_pass_is_waited_for() {
        let finalise = call(b::Sessions::finaliseCall { session: B256::ZERO });
        for reason in [
            b::Sessions::TooEarly { accepted: U256::from(7) }.abi_encode(),
            b::Sessions::InDispute { games: U256::from(1) }.abi_encode(),
            b"no".to_vec(),
            Vec::new(),
            b::Sessions::WrongStatus::SELECTOR.to_vec(),
            [&b::Sessions::WrongStatus::SELECTOR[..], &[0xff; 32]].concat(),
        ] {
            assert!(!overtaken(&finalise, &reason), "{reason:?}");
        }
        assert!(overtaken(&finalise, &b::Sessions::TooLate { accepted: U256::from(7) }.abi_encode()));
    }
}
