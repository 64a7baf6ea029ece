//! The provider's side of a session that is paid, as small as the protocol allows: the real books, and the rule that nothing is receipted
//! and nothing ends before what is countersigned is paid. The real server is elsewhere.

use std::sync::{Arc, Mutex};

use hyperdust_gym::VectorEnv;
use hyperdust_receipt::{Address, Agreement, Domain, Key, Signed, Voucher, due};
use hyperdust_wire::{
    Code, Failure, Hex,
    message::{Open, PaymentTerms, SigningTerms},
    signing::ProviderBook,
};

/// Keys that nobody may use for anything but tests.
pub fn key(number: u8) -> Key {
    Key::from_secret(&[number; 32]).unwrap()
}

/// A session of so many lanes as a chain would know it: a unit costs 3. The user has key 1, the provider key 2.
pub fn agreement(content: [u8; 32], lanes: u32, deposit: u128, seed: Option<[u8; 32]>) -> Agreement {
    let domain = Domain { chain_id: 31, contract: Address([0xc0; 20]) };
    let (user, provider) = (key(1).address(), key(2).address());
    Agreement { domain, session: [9; 32], user, provider, content, lanes, price: 3, deposit, seed }
}

/// What a server says of it.
pub fn terms(a: &Agreement, every: u32) -> SigningTerms {
    SigningTerms {
        chain_id: a.domain.chain_id,
        contract: Hex(a.domain.contract.0),
        user: Hex(a.user.0),
        provider: Hex(a.provider.0),
        every,
        session: Hex(a.session),
        payment: Some(PaymentTerms {
            price: a.price.to_string(),
            deposit: a.deposit.to_string(),
            seeds: (0..a.lanes.into()).map(|lane| a.lane_seed(lane)).collect(),
        }),
        jobs: (0..a.lanes.into()).map(|lane| Hex(a.job(lane))).collect(),
    }
}

/// How a server signs, and the vouchers that it was given.
#[derive(Clone)]
pub struct Signs {
    pub terms: SigningTerms,
    pub vouchers: Arc<Mutex<Vec<Signed<Voucher>>>>,
}

impl Signs {
    pub fn new(terms: SigningTerms) -> Self {
        Self { terms, vouchers: Arc::default() }
    }

    /// The last voucher that it has.
    pub fn last(&self) -> Option<Voucher> {
        self.vouchers.lock().unwrap().last().map(|signed| signed.message)
    }
}

/// The provider's books of a session.
pub struct Provider {
    signs: Signs,
    book: ProviderBook,
}

impl Provider {
    pub fn new(signs: Signs, open: &Open, env: &mut VectorEnv) -> Option<Self> {
        let asked = open.signing.as_ref()?;
        assert_eq!(asked.session, Some(signs.terms.session));
        env.commit(signs.terms.every);
        let book = ProviderBook::new(&signs.terms, env.model().actions().size);
        Some(Self { signs, book })
    }

    pub fn terms(&self) -> &SigningTerms {
        &self.signs.terms
    }

    pub fn may_go_on(&self) -> Result<(), Failure> {
        self.book.may_go_on().map_err(|error| Failure::new(Code::Unsigned, error))
    }

    /// Takes what a step or reset has cut.
    pub fn cut(&mut self, env: &mut VectorEnv) {
        self.book.cut(&env.take_segments(false).unwrap()).unwrap();
    }

    /// An error unless everything that is countersigned is paid.
    pub fn paid(&self) -> Result<(), Failure> {
        let owed = self.owed();
        match owed.units == 0 || self.signs.last() == Some(owed) {
            true => Ok(()),
            false => Err(Failure::new(Code::Unsigned, format!("{} units are to be paid", owed.units))),
        }
    }

    pub fn receipt(&mut self, frame: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Failure> {
        self.paid()?;
        self.book.accept(&key(2), frame).map_err(|error| Failure::new(Code::Receipt, error))
    }

    pub fn voucher(&mut self, frame: &[u8]) -> Result<(), Failure> {
        let wrong = |why: String| Failure::new(Code::Receipt, why);
        let signed = Signed::<Voucher>::decode(frame).map_err(|error| wrong(error.to_string()))?;
        let terms = &self.signs.terms;
        let domain = Domain { chain_id: terms.chain_id, contract: Address(terms.contract.0) };
        signed.verify(&domain, &Address(terms.user.0)).map_err(|error| wrong(error.to_string()))?;
        if let Some(before) = self.signs.last() {
            signed.message.follows(&before).map_err(|error| wrong(error.to_string()))?;
        }
        if signed.message != self.owed() {
            return Err(wrong(format!("found {:?}; accepted: {:?}", signed.message, self.owed())));
        }
        if signed.message.amount > self.number(|payment| &payment.deposit) {
            return Err(Failure::new(Code::Quota, "more than the deposit"));
        }
        self.signs.vouchers.lock().unwrap().push(signed);
        Ok(())
    }

    fn owed(&self) -> Voucher {
        due(self.signs.terms.session.0, self.number(|payment| &payment.price), &self.book.receipts()).unwrap()
    }

    fn number(&self, of: fn(&PaymentTerms) -> &String) -> u128 {
        of(self.signs.terms.payment.as_ref().unwrap()).parse().unwrap()
    }
}
