//! The project's own contracts on both nodes: bonds, tokens, and all that they refuse.

use alloy::{
    primitives::{Address, Bytes, TxKind, U256, hex},
    sol,
    sol_types::{SolCall, SolValue},
};
use hyperdust_devnet::account;
use serde_json::{Value, json};

use super::{dice::Dice, pair::Pair, sending::Wish};

sol! {
    interface Market {
        function register(string endpoint, bytes32 curve);
        function bond(address token, uint256 amount) payable;
        function unbond(address token, uint96 amount);
        function takeBond(address token);
        function withdraw(address token, address to);
        function slash(address provider, address token, uint256 reserved, uint256 amount, address to);
        function bondOf(address provider, address token);
        function mint(address to, uint256 amount);
        function transfer(address to, uint256 amount);
        function approve(address spender, uint256 amount);
        function transferFrom(address from, address to, uint256 amount);
        function addProgram(bytes32 root);
        function DOMAIN_SEPARATOR();
    }
}

/// Where they are.
pub struct Contracts {
    pub providers: Address,
    pub token: Address,
    pub assets: Address,
}

fn code(artifact: &str, arguments: Vec<u8>) -> Bytes {
    let artifact: Value = serde_json::from_str(artifact).unwrap();
    let mut code = hex::decode(artifact["bytecode"].as_str().unwrap()).unwrap();
    code.extend(arguments);
    code.into()
}

impl Contracts {
    /// Deploys them. The deployer stands for the contracts that they let in.
    pub async fn deploy(pair: &mut Pair, dice: &mut Dice, wish: &Wish) -> Self {
        let deployer = account(wish.from).address();
        let providers = include_str!("../../../../artifacts/Providers.json");
        let token = include_str!("../../../../artifacts/Token.json");
        let assets = include_str!("../../../../artifacts/Assets.json");
        let mut deployed = Vec::new();
        let many = (deployer, deployer, U256::from(3), U256::from(100), U256::from(5000)).abi_encode();
        for code in [code(providers, many), code(token, deployer.abi_encode()), code(assets, deployer.abi_encode())] {
            let wish = Wish { to: TxKind::Create, input: code, gas: 9_000_000, value: U256::ZERO, ..wish.clone() };
            let receipt = pair.send(dice, &wish).await.expect("both take it");
            assert_eq!(receipt["status"], "0x1", "{receipt}");
            deployed.push(serde_json::from_value(receipt["contractAddress"].clone()).unwrap());
        }
        let [providers, token, assets] = deployed[..] else { unreachable!() };
        let market = Self { providers, token, assets };
        pair.result("eth_getCode", json!([providers, "latest"])).await;
        market
    }

    /// Something that somebody may do with them, sensible or not.
    pub fn deed(&self, dice: &mut Dice) -> (Address, Bytes, U256) {
        let who = account(dice.below(4)).address();
        let amount = U256::from(dice.below(50));
        let native = Address::ZERO;
        let (to, input, value): (_, Vec<u8>, _) = match dice.below(10) {
            0 => {
                let endpoint = "tcp://x:1".repeat(dice.below(2) as usize);
                (self.providers, Market::registerCall { endpoint, curve: dice.word() }.abi_encode(), U256::ZERO)
            }
            1 => {
                // Sometimes another amount than what is paid.
                let value = amount + U256::from(dice.below(4) / 3);
                (self.providers, Market::bondCall { token: native, amount }.abi_encode(), value)
            }
            2 => {
                let amount = amount.to();
                (self.providers, Market::unbondCall { token: native, amount }.abi_encode(), U256::ZERO)
            }
            3 => (self.providers, Market::takeBondCall { token: native }.abi_encode(), U256::ZERO),
            4 => (self.providers, Market::withdrawCall { token: native, to: who }.abi_encode(), U256::ZERO),
            5 => (self.token, Market::mintCall { to: who, amount }.abi_encode(), U256::ZERO),
            6 => (self.token, Market::transferCall { to: who, amount }.abi_encode(), U256::ZERO),
            7 => (self.token, Market::approveCall { spender: who, amount }.abi_encode(), U256::ZERO),
            8 => {
                let from = account(dice.below(4)).address();
                (self.token, Market::transferFromCall { from, to: who, amount }.abi_encode(), U256::ZERO)
            }
            _ => (self.assets, Market::addProgramCall { root: dice.word() }.abi_encode(), U256::ZERO),
        };
        (to, input.into(), value)
    }

    /// Something that can be asked.
    pub fn question(&self, dice: &mut Dice) -> (Address, Bytes) {
        let provider = account(dice.below(4)).address();
        match dice.below(3) {
            0 => (self.providers, Market::bondOfCall { provider, token: Address::ZERO }.abi_encode().into()),
            1 => (self.token, Market::DOMAIN_SEPARATORCall {}.abi_encode().into()),
            _ => self.deed_of_nobody(dice),
        }
    }

    fn deed_of_nobody(&self, dice: &mut Dice) -> (Address, Bytes) {
        let (to, input, _) = self.deed(dice);
        (to, input)
    }
}
