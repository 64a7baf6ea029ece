//! Whether a session of the chain is one that this server can be paid for.

use alloy::primitives::B256;
use hyperdust_kernel::merkle::Hash;
use hyperdust_receipt::claim;
use hyperdust_settlement::{
    Error,
    market::{SessionState, Status},
};
use hyperdust_wire::{
    Code, Failure, Hex,
    message::{PaymentTerms, SigningTerms},
};

use super::Settlement;

impl Settlement {
    /// How the session is paid that these terms name, if it is on the chain what was asked for here. Asks the chain, and may take seconds.
    pub fn admit(&self, terms: &SigningTerms, blueprint: &Hex<32>, program: &Hash) -> Result<PaymentTerms, Failure> {
        let (market, node) = (&self.account.market, self.account.node());
        let session = B256::from(terms.session.0);
        let state = self.ask(market.session(node, session)).map_err(unreachable)?;
        self.fits(&state, terms)?;
        let asset = self.ask(market.asset(node, state.asset)).map_err(unreachable)?;
        if asset.content.0 != blueprint.0 {
            let why = format!(
                "the session is for asset {}, whose scene is {}; asked for is {blueprint}",
                state.asset, asset.content
            );
            return Err(invalid(why));
        }
        if asset.program.is_some_and(|found| found.0 != *program) {
            return Err(invalid("the asset's program is another one than this server's".into()));
        }
        let lanes = 0..u64::from(state.lanes);
        let seeds = state.seed.map(|seed| lanes.map(|lane| claim::lane_seed(&seed.0, lane)).collect());
        Ok(PaymentTerms { price: state.price.to_string(), deposit: state.deposit.to_string(), seeds })
    }

    fn fits(&self, state: &SessionState, terms: &SigningTerms) -> Result<(), Failure> {
        let session = terms.session;
        if state.status == Status::None {
            return Err(Failure::new(Code::NotFound, format!("the chain knows no session {session}")));
        }
        if state.status != Status::Open {
            return Err(invalid(format!("session {session} is not open on the chain any more")));
        }
        if state.provider != self.account.address() {
            return Err(invalid(format!(
                "session {session} is for {}; this is {}",
                state.provider,
                self.account.address()
            )));
        }
        if state.signer.0.0 != terms.user.0 {
            return Err(Failure::new(
                Code::Forbidden,
                format!("user: found {}; accepted: {}", terms.user, state.signer),
            ));
        }
        if state.lanes as usize != terms.jobs.len() {
            return Err(invalid(format!("num_envs: found {}; accepted: {}", terms.jobs.len(), state.lanes)));
        }
        if state.minting && state.seed.is_none() {
            return Err(invalid(format!("session {session}: its seed has to be drawn first")));
        }
        // What signatures hold is 128 bits.
        if state.deposit.bit_len() > 127 || state.price.bit_len() > 96 {
            return Err(invalid("found a price or deposit that no voucher holds".into()));
        }
        Ok(())
    }
}

fn invalid(why: String) -> Failure {
    Failure::new(Code::Invalid, why)
}

/// What the chain could not be asked.
fn unreachable(error: Error) -> Failure {
    let code = if error.is_retryable() { Code::Busy } else { Code::Internal };
    Failure::new(code, format!("the session cannot be looked up: {error}"))
}
