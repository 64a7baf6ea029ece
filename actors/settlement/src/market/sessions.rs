//! What users and providers do with a session, from its opening to its end.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::Provider,
    rpc::types::Filter,
    sol_types::SolEvent,
};
use hyperdust_receipt::{Signed, Voucher};

use super::{Call, Market, NATIVE, logs, narrow};
use crate::{Error, bindings as b};

/// Blocks that are looked at again: a reorg may have put others in their place.
const SHALLOW: u64 = 64;

/// Most lanes of a session.
const LANES: u32 = 4_096;

/// What a user asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Who shall serve it.
    pub provider: Address,
    /// What.
    pub asset: u64,
    /// In which it is paid.
    pub currency: Address,
    /// What it may cost at most; the rest comes back.
    pub deposit: U256,
    /// The key that will sign vouchers and actions.
    pub signer: Address,
    /// 1 to 4,096.
    pub lanes: u32,
    /// What a unit may cost, the author's part included.
    pub max_price: U256,
    /// Whether the work shall count for minting: a provable scene, in native coin. A seed has to be [drawn](Market::draw) first.
    pub minting: bool,
}

/// What a provider claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Root of the list of the lanes' claims ([`hyperdust_receipt::claim`]).
    pub commitment: B256,
    /// The highest voucher of the session's signer.
    pub voucher: Signed<Voucher>,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// There is no such session.
    None,
    /// Work goes on.
    Open,
    /// The user wants its money back; the provider may claim until the period's end.
    Closing,
    /// The provider has claimed; the challenge window runs.
    Claimed,
    /// Paid; the companions' part waits for its draw.
    Paid,
    /// Nothing is left in it.
    Ended,
}

/// What was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// What it earns.
    pub amount: U256,
    /// Root of the list of the lanes' claims.
    pub commitment: B256,
    /// The voucher's root of actions.
    pub actions: B256,
    /// The voucher's root of outputs.
    pub outputs: B256,
}

/// What the chain knows of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionState {
    /// Where it stands.
    pub status: Status,
    /// Whose it is.
    pub user: Address,
    /// Whose signature counts on vouchers and actions.
    pub signer: Address,
    /// Who serves it.
    pub provider: Address,
    /// What is served.
    pub asset: u64,
    /// In which it is paid.
    pub currency: Address,
    /// What was put in.
    pub deposit: U256,
    /// What a unit costs, the author's part included.
    pub price: U256,
    /// The author's part of that.
    pub author_price: U256,
    /// Lanes.
    pub lanes: u32,
    /// Whether coin is burnt for it.
    pub minting: bool,
    /// Whether it was shown not to begin from its seed: then nothing is minted for it.
    pub unseeded: bool,
    /// Seed of a minting session, once it is drawn.
    pub seed: Option<B256>,
    /// Block whose hash the seed, or the companions' draw, is made of.
    pub draw_block: u64,
    /// End of the closing period or of the challenge window, in Unix time's seconds; 0 before.
    pub ends: u64,
    /// Games that have begun and not ended.
    pub games: u32,
    /// The claim, once there is one.
    pub claim: Option<Claimed>,
}

impl SessionState {
    /// Root of what is claimed of its lanes; zero before there is a claim.
    pub fn commitment(&self) -> B256 {
        self.claim.map(|claim| claim.commitment).unwrap_or_default()
    }
}

impl Market {
    /// Opens a session. Its id: [`Market::opened`].
    pub fn open(&self, o: &Opening) -> Result<Call, Error> {
        let refused = |why: String| Error::Argument { what: "open a session", why };
        if o.lanes == 0 || o.lanes > LANES {
            return Err(refused(format!("{} lanes; 1 to {LANES} are accepted", o.lanes)));
        }
        if o.signer.is_zero() {
            return Err(refused("a signer is needed".into()));
        }
        if o.deposit.is_zero() {
            return Err(refused("a deposit is needed".into()));
        }
        narrow(o.deposit, "a deposit")?;
        if o.minting && o.currency != NATIVE {
            return Err(refused("tokens are minted for native coin alone".into()));
        }
        let call = b::Sessions::openCall {
            o: b::sessions::Sessions::Opening {
                provider: o.provider,
                asset: o.asset,
                token: o.currency,
                deposit: o.deposit,
                signer: o.signer,
                lanes: o.lanes,
                maxPrice: o.max_price,
                minting: o.minting,
            },
        };
        let call = Call::new(self.at().sessions, call, "open a session");
        Ok(if o.currency == NATIVE { call.paying(o.deposit) } else { call })
    }

    /// Draws the seed of a minting session, two blocks after its opening or later. Anyone may.
    pub fn draw(&self, session: B256) -> Call {
        Call::new(self.at().sessions, b::Sessions::drawCall { session }, "draw a session's seed")
    }

    /// Gives a session up: the user has everything back. Only the provider.
    pub fn decline(&self, session: B256) -> Call {
        Call::new(self.at().sessions, b::Sessions::declineCall { session }, "decline a session")
    }

    /// Asks for the deposit back; the provider has a while to claim. Only the user.
    pub fn close(&self, session: B256) -> Call {
        Call::new(self.at().sessions, b::Sessions::closeCall { session }, "close a session")
    }

    /// That while is over: the user has everything back. Anyone may.
    pub fn reclaim(&self, session: B256) -> Call {
        Call::new(self.at().sessions, b::Sessions::reclaimCall { session }, "reclaim a deposit")
    }

    /// Claims a session. An error where the signature isn't the session's `signer`'s for this chain and deployment.
    pub fn claim(&self, claim: &Claim, signer: Address) -> Result<Call, Error> {
        let c = self.claiming(claim, signer)?;
        Ok(Call::new(self.at().sessions, b::Sessions::claimCall { c }, "claim a session"))
    }

    /// Claims several sessions of this provider's, each with its signer: all, or none.
    pub fn claim_all(&self, claims: &[(Claim, Address)]) -> Result<Call, Error> {
        let claims: Vec<_> =
            claims.iter().map(|(claim, signer)| self.claiming(claim, *signer)).collect::<Result<_, _>>()?;
        let what = format!("claim {} sessions", claims.len());
        Ok(Call::new(self.at().sessions, b::Sessions::claimAllCall { claims }, what))
    }

    fn claiming(&self, claim: &Claim, signer: Address) -> Result<b::sessions::Sessions::Claiming, Error> {
        let refused = |why: String| Error::Argument { what: "claim a session", why };
        if claim.commitment.is_zero() {
            return Err(refused("a claim commits to something".into()));
        }
        let domain = self.deployment.domain();
        let accepted = hyperdust_receipt::Address(signer.into_array());
        claim.voucher.verify(&domain, &accepted).map_err(|error| refused(error.to_string()))?;
        let v = &claim.voucher.message;
        Ok(b::sessions::Sessions::Claiming {
            session: v.session.into(),
            commitment: claim.commitment,
            units: v.units,
            amount: U256::from(v.amount),
            actions: v.actions.into(),
            outputs: v.outputs.into(),
            signature: Bytes::copy_from_slice(&claim.voucher.signature.to_bytes()),
        })
    }

    /// Pays a claim out whose window and games are over. Anyone may.
    pub fn finalise(&self, session: B256) -> Call {
        Call::new(self.at().sessions, b::Sessions::finaliseCall { session }, "finalise a claim")
    }

    /// Pays several claims out: all, or none.
    pub fn finalise_all(&self, sessions: &[B256]) -> Call {
        let what = format!("finalise {} claims", sessions.len());
        Call::new(self.at().sessions, b::Sessions::finaliseAllCall { ids: sessions.to_vec() }, what)
    }

    /// Draws who of a session's companions is paid, two blocks after it was finalised or later. Anyone may.
    pub fn reward(&self, session: B256) -> Call {
        Call::new(self.at().sessions, b::Sessions::rewardCall { session }, "draw a companion")
    }

    /// Sessions that were opened from block `next` on, with a provider or any, in order, and the `next` of the next look. The last blocks before are looked at
    /// again, because the chain may have put others in their place.
    pub async fn sessions_opened(
        &self,
        node: &impl Provider,
        provider: Option<Address>,
        next: u64,
    ) -> Result<(Vec<B256>, u64), Error> {
        let latest = node.get_block_number().await?;
        let from = next.saturating_sub(SHALLOW).max(self.deployment().block);
        let mut filter = Filter::new().address(self.at().sessions).event_signature(b::Sessions::Opened::SIGNATURE_HASH);
        if let Some(provider) = provider {
            filter = filter.topic3(provider.into_word());
        }
        let found = logs(node, &filter, from, latest).await?;
        let opened = found.iter().filter_map(|log| b::Sessions::Opened::decode_log(&log.inner).ok());
        Ok((opened.map(|log| log.session).collect(), latest + 1))
    }

    /// What the chain knows of a session.
    pub async fn session(&self, node: &impl Provider, session: B256) -> Result<SessionState, Error> {
        let contract = b::Sessions::new(self.at().sessions, node);
        let s = contract.get(session).call().await?;
        let status = match s.status {
            0 => Status::None,
            1 => Status::Open,
            2 => Status::Closing,
            3 => Status::Claimed,
            4 => Status::Paid,
            5 => Status::Ended,
            other => return Err(Error::Answer { why: format!("a session has status {other}") }),
        };
        let seed = if s.minting { contract.seedOf(session).call().await? } else { B256::ZERO };
        Ok(SessionState {
            status,
            user: s.user,
            signer: s.signer,
            provider: s.provider,
            asset: s.asset,
            currency: s.token,
            deposit: U256::from(s.deposit),
            price: U256::from(s.price),
            author_price: U256::from(s.authorPrice),
            lanes: s.lanes,
            minting: s.minting,
            unseeded: s.unseeded,
            seed: (!seed.is_zero()).then_some(seed),
            draw_block: s.drawBlock.to(),
            ends: s.ends.to(),
            games: s.games,
            claim: (!s.commitment.is_zero()).then_some(Claimed {
                amount: U256::from(s.amount),
                commitment: s.commitment,
                actions: s.actions,
                outputs: s.outputs,
            }),
        })
    }
}
