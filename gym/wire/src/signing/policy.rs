//! A paid policy's books, the same on both sides.
//!
//! A session on a chain for an agent pays for rows that its policy is asked. Each request comes with a voucher which pays for itself, too: the provider computes nothing that
//! isn't paid for, and the user is ahead by one request at most. What a voucher has to say follows from the requests and answers so far: units are
//! rows, `actions` is over all requests, the new one included, `outputs` over the answers before it; so whoever signs one has seen and accepted every answer but the
//! last. Both are lists of one lane ([`list::LANES`]) whose running root ([`chain`]) has an item for each request.

use hyperdust_kernel::merkle::{self, Kind};
use hyperdust_receipt::{Hash, Voucher, chain, list};

/// A request's rows of observations, as they are on the wire.
pub const REQUEST: Kind = Kind::new("hyperdust policy request");
/// The rows of actions that answer it.
pub const ANSWER: Kind = Kind::new("hyperdust policy answer");

/// Why a request can't be paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unpayable {
    /// It has no rows, so nothing would be paid.
    #[error("no rows: found 0; accepted: 1 or more where they are paid for")]
    Nothing,
    /// All rows so far would cost more than the deposit.
    #[error("the deposit: {rows} rows more would cost more than it; accepted: {left}")]
    TooDear {
        /// Asked for.
        rows: u64,
        /// What it is enough for.
        left: u64,
    },
}

/// What was paid for, and how it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyBook {
    session: Hash,
    price: u128,
    deposit: u128,
    units: u64,
    actions: Hash,
    outputs: Hash,
}

/// A request that is under way: what its voucher has to say, and what is true of the book once it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// To be signed by the user.
    pub voucher: Voucher,
    actions: Hash,
}

impl PolicyBook {
    /// Of a session at this price a unit with this deposit, in the smallest unit of its currency.
    pub fn new(session: Hash, price: u128, deposit: u128) -> Self {
        Self { session, price, deposit, units: 0, actions: chain::START, outputs: chain::START }
    }

    /// As it stood when `units` were paid for, with these running roots over all requests and answers.
    pub fn resume(self, units: u64, actions: Hash, outputs: Hash) -> Self {
        Self { units, actions, outputs, ..self }
    }

    /// Rows that were paid for.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// What they cost.
    pub fn amount(&self) -> u128 {
        u128::from(self.units).saturating_mul(self.price)
    }

    /// Running roots over all requests and over all answers.
    pub fn roots(&self) -> (Hash, Hash) {
        (self.actions, self.outputs)
    }

    /// What has to come with these rows.
    pub fn due(&self, rows: u64, observations: &[u8]) -> Result<Due, Unpayable> {
        if rows == 0 {
            return Err(Unpayable::Nothing);
        }
        let most =
            self.deposit.checked_div(self.price).map_or(u64::MAX, |most| u64::try_from(most).unwrap_or(u64::MAX));
        let left = most.saturating_sub(self.units);
        if rows > left {
            return Err(Unpayable::TooDear { rows, left });
        }
        let units = self.units + rows;
        let actions = chain::next(chain::ACTIONS, &self.actions, &merkle::root(REQUEST, observations));
        let voucher = Voucher {
            session: self.session,
            units,
            amount: u128::from(units).saturating_mul(self.price),
            actions: list::root(list::LANES, &[actions]),
            outputs: list::root(list::LANES, &[self.outputs]),
        };
        Ok(Due { voucher, actions })
    }

    /// They were answered.
    pub fn answered(&mut self, due: &Due, answer: &[u8]) {
        self.units = due.voucher.units;
        self.actions = due.actions;
        self.outputs = chain::next(chain::OUTPUTS, &self.outputs, &merkle::root(ANSWER, answer));
    }

    /// Whether this is the last voucher that was taken: its units and requests are all that there were.
    pub fn is_last(&self, voucher: &Voucher) -> bool {
        let said = (voucher.session, voucher.units, voucher.amount, voucher.actions);
        said == (self.session, self.units, self.amount(), list::root(list::LANES, &[self.actions]))
    }
}

#[cfg(test)]
mod tests {
    //! Both sides come to the same vouchers, and a row that was altered, left out or not paid for shows.

    use super::*;

    #[test]
    fn books_grow_by_what_was_asked() {
        let start = PolicyBook::new([7; 32], 10, 55);
        let mut book = start;
        let due = book.due(2, &[1; 32]).unwrap();
        assert_eq!((due.voucher.units, due.voucher.amount), (2, 20));
        assert_eq!(due.voucher.outputs, list::root(list::LANES, &[chain::START]));
        assert_ne!(due.voucher.actions, book.due(2, &[2; 32]).unwrap().voucher.actions);
        book.answered(&due, &[9; 16]);
        assert!(book.is_last(&due.voucher));
        let next = book.due(3, &[1; 48]).unwrap();
        assert!(next.voucher.follows(&due.voucher).is_ok() && !book.is_last(&next.voucher));
        let mut other = start;
        other.answered(&due, &[8; 16]);
        let lied = other.due(3, &[1; 48]).unwrap();
        assert_eq!((lied.voucher.units, lied.voucher.actions), (next.voucher.units, next.voucher.actions));
        assert_ne!(lied.voucher.outputs, next.voucher.outputs, "an answer that somebody altered");
        let (actions, outputs) = book.roots();
        assert_eq!(start.resume(2, actions, outputs), book);
    }

    #[test]
    fn nothing_costs_more_than_the_deposit() {
        let book = PolicyBook::new([7; 32], 10, 55);
        assert_eq!(book.due(6, &[]), Err(Unpayable::TooDear { rows: 6, left: 5 }));
        assert_eq!(book.due(0, &[]), Err(Unpayable::Nothing));
        assert!(book.due(5, &[]).is_ok());
        assert!(PolicyBook::new([7; 32], 0, 0).due(u64::MAX, &[]).is_ok(), "what is free is never too dear");
        assert!(PolicyBook::new([7; 32], u128::MAX, u128::MAX).due(2, &[]).is_err());
    }
}
