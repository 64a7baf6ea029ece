//! The devnet beside a real anvil: the same transactions and questions, by chance, give the same receipts, gas, logs, returned and reverted
//! bytes, errors, balances, nonces, code, storage, and state roots.
//!
//! What differs is left out where it is named: hashes of blocks (anvil draws `mixHash` by chance), and what the README says.

mod dice;
mod market;
mod pair;
mod probe;
mod roots;
mod sending;

use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use hyperdust_devnet::{Devnet, Genesis, account};
use serde_json::{Value, json};

use self::{
    dice::Dice,
    market::Contracts,
    pair::{Pair, ask_anvil, without},
    probe::Deed,
    sending::{Wish, complaint},
};
use crate::anvil::Anvil;

const GWEI: u128 = 1_000_000_000;

fn genesis() -> Genesis {
    Genesis { timestamp: 1_700_000_000, pace: 1, ..Genesis::default() }
}

/// Both nodes, with a block a second.
async fn start() -> (Anvil, Pair) {
    let anvil = Anvil::start(&genesis());
    let ours = Devnet::in_memory(genesis()).unwrap().client();
    let mut pair = Pair { anvil: anvil.address(), ours, alike: 0 };
    pair.result("anvil_setBlockTimestampInterval", json!([1])).await;
    pair.block(json!("0x0")).await.unwrap();
    // anvil gives block 1 the fee of its genesis, where EIP-1559 wants an eighth less after an empty block.
    let fee = genesis().base_fee / 8 * 7;
    ask_anvil(pair.anvil, "anvil_setNextBlockBaseFeePerGas", &json!([format!("{fee:#x}")])).unwrap();
    for method in ["eth_gasPrice", "eth_maxPriorityFeePerGas", "net_version", "eth_chainId", "eth_syncing"] {
        pair.result(method, json!([])).await;
    }
    (anvil, pair)
}

fn wish(from: u64) -> Wish {
    Wish {
        from,
        to: TxKind::Create,
        value: U256::ZERO,
        input: Bytes::new(),
        gas: 200_000,
        nonce_off: 0,
        chain_id: genesis().chain_id,
        fee: (20 * GWEI, GWEI),
    }
}

/// What there is to play with.
struct Play {
    pair: Pair,
    dice: Dice,
    probes: Vec<Address>,
    market: Contracts,
    /// Everybody that ever got or did something.
    seen: Vec<Address>,
}

impl Play {
    async fn deploy(&mut self) {
        let wish = Wish { input: probe::creation(&probe::runtime()), gas: 500_000, ..wish(self.dice.below(4)) };
        let receipt = self.pair.send(&mut self.dice, &wish).await.expect("both take it");
        let address = serde_json::from_value(receipt["contractAddress"].clone()).unwrap();
        self.probes.push(address);
        self.seen.push(address);
    }

    fn anybody(&mut self) -> Address {
        match self.dice.below(8) {
            0 => Address::from_word(self.dice.word()),
            1 => Address::with_last_byte(self.dice.below(12) as u8),
            _ => *self.dice.one_of(&self.seen),
        }
    }

    fn padded(&mut self) -> B256 {
        self.anybody().into_word()
    }

    /// A call of a probe.
    fn deed(&mut self) -> (Address, Bytes, U256) {
        let to = *self.dice.one_of(&self.probes);
        let small = |dice: &mut Dice| B256::from(U256::from(dice.below(4)));
        let (deed, arguments): (Deed, Vec<Vec<u8>>) = match self.dice.below(16) {
            0..=2 => {
                // Zero often: cleared slots give gas back.
                let value = if self.dice.below(2) == 0 { B256::ZERO } else { self.dice.word() };
                (Deed::Store, vec![small(&mut self.dice).to_vec(), value.to_vec()])
            }
            3 => (Deed::Load, vec![small(&mut self.dice).to_vec()]),
            4..=6 => {
                let data = self.dice.bytes(100);
                (Deed::Log, vec![small(&mut self.dice).to_vec(), small(&mut self.dice).to_vec(), data])
            }
            7 | 8 => (Deed::Revert, vec![complaint(&mut self.dice)]),
            9 => (Deed::Echo, vec![self.dice.bytes(300)]),
            10 => (*self.dice.one_of(&[Deed::Loop, Deed::Invalid, Deed::Push0]), vec![]),
            11 => (Deed::Create, vec![probe::creation(&probe::runtime()).to_vec()]),
            12 | 13 => {
                let inner = probe::call(
                    *self.dice.one_of(&[Deed::Store, Deed::Revert, Deed::Loop, Deed::Echo, Deed::Log]),
                    &[self.dice.word().as_slice(), self.dice.word().as_slice(), &self.dice.bytes(60)],
                );
                (Deed::Call, vec![self.padded().to_vec(), inner.to_vec()])
            }
            14 if self.probes.len() > 3 => {
                self.probes.retain(|probe| *probe != to);
                (Deed::Destroy, vec![self.padded().to_vec()])
            }
            _ => (Deed::Setting, vec![]),
        };
        let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
        let value = U256::from(if self.dice.below(3) == 0 { self.dice.below(1000) } else { 0 });
        (to, probe::call(deed, &arguments), value)
    }

    async fn transact(&mut self) {
        let from = self.dice.below(10);
        let (to, input, value) = match self.dice.below(6) {
            0 => (self.anybody(), Bytes::new(), U256::from(self.dice.below(1_000_000))),
            1 | 2 => self.market.deed(&mut self.dice),
            _ => self.deed(),
        };
        self.seen.push(to);
        let fee = (GWEI * u128::from(2 + self.dice.below(30)), u128::from(self.dice.below(3)) * GWEI / 2);
        let gas = 60_000 + self.dice.below(600_000);
        let wish = Wish { to: to.into(), value, input, gas, fee, ..wish(from) };
        let receipt = self.pair.send(&mut self.dice, &wish).await.expect("both take it");
        self.look(account(from).address(), receipt["blockNumber"].clone()).await;
        self.look(to, json!("latest")).await;
    }

    /// Everything that can be read about an account.
    async fn look(&mut self, address: Address, block: Value) {
        for method in ["eth_getBalance", "eth_getTransactionCount", "eth_getCode"] {
            self.pair.result(method, json!([address, block])).await;
        }
        for slot in 0..3 {
            self.pair.result("eth_getStorageAt", json!([address, format!("{slot:#x}"), block])).await;
        }
    }

    async fn look_back(&mut self) {
        let height = self.pair.height().await;
        let block = json!(format!("{:#x}", self.dice.below(height + 2)));
        let address = self.anybody();
        if self.pair.same("eth_getBalance", json!([address, block])).await.is_ok() {
            self.look(address, block.clone()).await;
            self.pair.block(block).await.unwrap();
        }
    }

    /// A call or an estimate of something that might have been sent.
    async fn ask(&mut self) {
        let (to, input, value) = match self.dice.below(5) {
            0 => {
                let (to, input) = self.market.question(&mut self.dice);
                (to, input, U256::ZERO)
            }
            1 => self.market.deed(&mut self.dice),
            _ => self.deed(),
        };
        let from = account(self.dice.below(4)).address();
        let mut request = json!({"from": from, "to": to, "input": input, "value": format!("{value:#x}")});
        if self.dice.below(4) == 0 {
            request["gas"] = json!(format!("{:#x}", 60_000 + self.dice.below(100_000)));
        }
        if self.dice.below(4) == 0 {
            request["gasPrice"] = json!(format!("{:#x}", 20 * GWEI));
        }
        let block = match self.dice.below(3) {
            0 => json!(format!("{:#x}", self.dice.below(self.pair.height().await + 1))),
            1 => json!("pending"),
            _ => json!("latest"),
        };
        let _ = self.pair.same("eth_call", json!([request, block])).await;
        let _ = self.pair.same("eth_estimateGas", json!([request, "latest"])).await;
    }

    /// What both refuse.
    async fn offend(&mut self) {
        let mut wish = Wish { to: self.anybody().into(), ..wish(self.dice.below(10)) };
        match self.dice.below(8) {
            0 => wish.nonce_off = -1,
            1 => wish.value = U256::from(10).pow(U256::from(30)),
            2 => wish.gas = 30_000_001,
            3 => wish.gas = 20_999,
            4 => wish.fee = (1, 1),
            5 => {
                wish.chain_id += 1;
                let nonce = self.pair.nonce(account(wish.from).address()).await;
                let (raw, _) = sending::sign(&mut self.dice, &wish, nonce);
                // anvil takes a legacy transaction for another chain, and never mines it.
                match raw[0] > 0x7f {
                    true => assert!(self.pair.ours("eth_sendRawTransaction", json!([raw])).await.is_err()),
                    false => assert!(self.pair.same("eth_sendRawTransaction", json!([raw])).await.is_err()),
                }
                return;
            }
            6 => {
                let bytes = Bytes::from(self.dice.bytes(80));
                let _ = self.pair.same("eth_sendRawTransaction", json!([bytes])).await;
                return;
            }
            _ => {
                // One that is there already.
                let nonce = self.pair.nonce(account(wish.from).address()).await;
                let (raw, hash) = sending::sign(&mut Dice::new(7), &wish, nonce);
                self.pair.result("eth_sendRawTransaction", json!([raw])).await;
                self.pair.mined(hash);
                self.pair.inspect(hash).await;
                self.pair.refused("eth_sendRawTransaction", json!([raw])).await;
                return;
            }
        }
        let nonce = self.pair.nonce(account(wish.from).address()).await;
        if wish.nonce_off < 0 && nonce == 0 {
            return;
        }
        assert!(self.pair.send(&mut self.dice, &wish).await.is_none(), "{wish:?} was taken");
    }

    async fn search(&mut self) {
        let height = self.pair.height().await;
        let from = self.dice.below(height + 1);
        let to = from + self.dice.below(20);
        let mut filter = json!({"fromBlock": format!("{from:#x}"), "toBlock": format!("{to:#x}")});
        if self.dice.below(2) == 0 {
            filter["address"] = json!([self.dice.one_of(&self.probes), self.market.token]);
        }
        let topic = |dice: &mut Dice| match dice.below(3) {
            0 => Value::Null,
            1 => json!(B256::from(U256::from(dice.below(4)))),
            _ => json!([B256::ZERO, B256::from(U256::from(dice.below(4)))]),
        };
        if self.dice.below(2) == 0 {
            filter["topics"] = json!([topic(&mut self.dice), topic(&mut self.dice)]);
        }
        let _ = self.pair.compare("eth_getLogs", json!([filter]), |logs| without(logs, &["blockHash"])).await;
    }

    async fn travel(&mut self) {
        let head = self.pair.block(json!("latest")).await.unwrap();
        let last = u64::from_str_radix(head["timestamp"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
        match self.dice.below(6) {
            0 => drop(self.pair.result("evm_mine", json!([])).await),
            1 => drop(self.pair.result("anvil_mine", json!([format!("{:#x}", self.dice.below(4) + 1)])).await),
            2 => self.pair.refused("evm_setNextBlockTimestamp", json!([last - 1])).await,
            3 => {
                let to = self.anybody();
                // Enough for whoever it is to go on.
                let balance = format!("{:#x}", (1u64 << 60) + self.dice.below(1 << 40));
                self.pair.result("anvil_setBalance", json!([to, balance])).await;
                self.pair.result("evm_mine", json!([])).await;
            }
            4 => self.go_back().await,
            _ => {
                let leap = last + 1 + self.dice.below(1000);
                self.pair.result("evm_setNextBlockTimestamp", json!([leap])).await;
                self.pair.result("evm_mine", json!([])).await;
            }
        }
        self.pair.block(json!("latest")).await.unwrap();
        self.pair.roots().await;
        // anvil learns rewards beside its answers, and may not know the newest yet.
        let history = |value| without(value, &["baseFeePerBlobGas", "blobGasUsedRatio", "reward"]);
        self.pair.compare("eth_feeHistory", json!(["0x5", "latest", [10.0, 50.0, 90.0]]), history).await.unwrap();
    }

    /// To a snapshot, after which what came since is gone.
    async fn go_back(&mut self) {
        let snapshot = self.pair.result("evm_snapshot", json!([])).await;
        let seen = self.seen.clone();
        let height = self.pair.height().await;
        for _ in 0..self.dice.below(3) {
            self.transact().await;
        }
        assert_eq!(self.pair.result("evm_revert", json!([snapshot])).await, json!(true));
        assert_eq!(self.pair.result("evm_revert", json!([snapshot])).await, json!(false));
        assert_eq!(self.pair.height().await, height);
        // anvil goes on with the fee that would have followed what is gone; EIP-1559 has it follow from the parent.
        let fees = self.pair.ours("eth_feeHistory", json!(["0x1", "latest", []])).await.unwrap();
        let next = json!([fees["baseFeePerGas"][1]]);
        ask_anvil(self.pair.anvil, "anvil_setNextBlockBaseFeePerGas", &next).unwrap();
        self.seen = seen;
        let address = self.anybody();
        self.look(address, json!("latest")).await;
        self.pair.result("evm_mine", json!([])).await;
    }
}

async fn play(seed: u64, operations: usize) {
    let (_anvil, mut pair) = start().await;
    let mut dice = Dice::new(seed);
    let market = Contracts::deploy(&mut pair, &mut dice, &wish(0)).await;
    let seen = (0..10).map(|index| account(index).address()).collect();
    let mut play = Play { pair, dice, probes: Vec::new(), market, seen };
    for _ in 0..4 {
        play.deploy().await;
    }
    for _ in 0..operations {
        match play.dice.below(20) {
            0 => play.deploy().await,
            1..=7 => play.transact().await,
            8..=12 => play.ask().await,
            13 | 14 => play.offend().await,
            15 | 16 => play.search().await,
            17 => play.look_back().await,
            _ => play.travel().await,
        }
    }
    println!("seed {seed}: {} answers alike", play.pair.alike);
    assert!(play.pair.alike > operations);
}

#[tokio::test]
async fn two_hundred_and_fifty_operations_by_chance() {
    play(1, 250).await;
}

#[tokio::test]
async fn two_hundred_and_fifty_others() {
    play(2, 250).await;
}

/// A block of several transactions, with logs that are counted over all of them: what waits is mined at a word.
#[tokio::test]
async fn what_waits_is_mined_at_a_word() {
    let (_anvil, mut pair) = start().await;
    let mut dice = Dice::new(3);
    let creation = Wish { input: probe::creation(&probe::runtime()), gas: 500_000, ..wish(0) };
    let receipt = pair.send(&mut dice, &creation).await.expect("both take it");
    let to: Address = serde_json::from_value(receipt["contractAddress"].clone()).unwrap();
    let word = B256::repeat_byte(5);
    let input = probe::call(Deed::Log, &[word.as_slice(), word.as_slice(), b"said"]);
    pair.result("evm_setAutomine", json!([false])).await;
    let mut hashes = Vec::new();
    for nonce in 0..4 {
        let (raw, hash) = sending::sign(&mut dice, &Wish { to: to.into(), input: input.clone(), ..wish(1) }, nonce);
        pair.result("eth_sendRawTransaction", json!([raw])).await;
        pair.result("eth_getTransactionReceipt", json!([hash])).await;
        let count = json!([account(1).address(), "pending"]);
        assert_eq!(pair.result("eth_getTransactionCount", count).await, json!(format!("{:#x}", nonce + 1)));
        hashes.push(hash);
    }
    pair.result("evm_mine", json!([])).await;
    for (index, hash) in hashes.into_iter().enumerate() {
        let receipt = pair.inspect(hash).await;
        assert_eq!((&receipt["blockNumber"], &receipt["status"]), (&json!("0x2"), &json!("0x1")));
        assert_eq!(receipt["logs"][0]["logIndex"], json!(format!("{index:#x}")));
    }
    let logs = json!([{"fromBlock": "0x2", "address": to}]);
    pair.compare("eth_getLogs", logs, |logs| without(logs, &["blockHash"])).await.unwrap();
}
