//! A policy that is paid for: each request goes with a voucher for itself ([`PolicyBook`]).

use std::fmt;

use hyperdust_receipt::{Domain, Key, Signed, Voucher};

use super::{Client, ClientError};
use crate::{
    Hex,
    message::{Payer, Policy},
    signing::{Due, PolicyBook},
};

/// What a session on a chain says, which its server has to say, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Chain and contract.
    pub domain: Domain,
    /// The session.
    pub session: [u8; 32],
    /// Account of the server's owner.
    pub provider: [u8; 20],
    /// What a row costs, in the smallest unit of the session's currency.
    pub price: u128,
    /// What all rows may cost.
    pub deposit: u128,
    /// What has to be asked: the model's root.
    pub digest: [u8; 32],
}

/// A policy on a server, and its user's books.
pub struct PaidPolicy {
    client: Client,
    policy: Policy,
    domain: Domain,
    key: Key,
    book: PolicyBook,
    /// Asked and perhaps taken, without an answer.
    asked: Option<(Due, Vec<u8>)>,
}

impl fmt::Debug for PaidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaidPolicy")
            .field("policy", &self.policy.name)
            .field("book", &self.book)
            .finish_non_exhaustive()
    }
}

impl PaidPolicy {
    /// Says which session pays for it, and goes on from where the server says that it stands: it has to show a voucher of this key for all that it counts as
    /// paid. The answers before are its word, as long as nobody kept them.
    pub fn open(mut client: Client, name: &str, agreed: &Agreed, key: Key) -> Result<Self, ClientError> {
        let payer = Payer { session: Hex(agreed.session), user: Hex(key.address().0) };
        let policy = client.paid_policy(name, payer)?;
        let other = |what| Err(ClientError::Unexpected { what });
        let Some(terms) = &policy.payment else { return other("POLICY_OPEN with a payment") };
        let chain = (terms.chain_id, terms.contract.0, terms.provider.0);
        if chain != (agreed.domain.chain_id, agreed.domain.contract.0, agreed.provider) {
            return other("POLICY_OPEN: the session's chain, contract and provider");
        }
        if (&terms.price, &terms.deposit) != (&agreed.price.to_string(), &agreed.deposit.to_string()) {
            return other("POLICY_OPEN: the session's price and deposit");
        }
        if policy.digest.0 != agreed.digest {
            return other("POLICY_OPEN: the model that was published");
        }
        let mut book = PolicyBook::new(agreed.session, agreed.price, agreed.deposit);
        if let Some(paid) = &terms.paid {
            let voucher = Signed::<Voucher>::decode(&paid.voucher.0).ok();
            let voucher = voucher.filter(|signed| signed.verify(&agreed.domain, &key.address()).is_ok());
            let Some(voucher) = voucher else { return other("POLICY_OPEN: a voucher of this key") };
            book = book.resume(voucher.message.units, paid.actions.0, paid.outputs.0);
            if !book.is_last(&voucher.message) {
                return other("POLICY_OPEN: the voucher of what was asked");
            }
        }
        Ok(Self { client, policy, domain: agreed.domain, key, book, asked: None })
    }

    /// What it is.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What was asked and answered.
    pub fn book(&self) -> &PolicyBook {
        &self.book
    }

    /// As [`Client::act`], paid for. After an error that may pass, a timeout for instance, the same rows have to be asked again before others: the server may have taken
    /// their voucher. They are paid once.
    pub fn act(&mut self, observations: &[u8], actions: &mut [u8]) -> Result<(), ClientError> {
        let row = 4 * self.policy.inputs;
        let due = match &self.asked {
            Some((due, asked)) if asked == observations => *due,
            Some(_) => return Err(ClientError::Pending { pending: 1 }),
            None => self.book.due((observations.len() / row.max(1)) as u64, observations)?,
        };
        let voucher = Signed::new(due.voucher, &self.domain, &self.key).encode();
        self.asked = Some((due, observations.to_vec()));
        match self.client.paid_act(&self.policy.name, observations, &voucher, actions) {
            Ok(()) => {
                self.book.answered(&due, actions);
                self.asked = None;
                Ok(())
            }
            // It will never be answered, so it isn't paid.
            Err(ClientError::Refused(failure)) if !failure.retryable => {
                self.asked = None;
                Err(failure.into())
            }
            Err(error) => Err(error),
        }
    }
}
