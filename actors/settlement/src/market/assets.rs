//! What authors do: programs, scenes, agents, prices, passes, an agent's income and its account.

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider,
    rpc::types::TransactionReceipt,
};

use super::{Call, Market, NATIVE, Purse, narrow, number};
use crate::{Error, bindings as b};

/// Longest metadata URI, in bytes.
const LONGEST_URI: usize = 512;

/// A scene as its author publishes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// Of all its files (`PackageId`).
    pub package: B256,
    /// The blueprint's root: first input of each of its jobs.
    pub content: B256,
    /// Image root, from the list, of the program whose runs its work is. `None` for a scene whose work is attested.
    pub program: Option<B256>,
    /// What the author asks for a unit, in wei.
    pub price: U256,
    /// What a pass costs, in wei, where one is needed.
    pub pass: Option<U256>,
    /// Where its metadata is; up to 512 bytes.
    pub uri: String,
}

/// An agent as its author publishes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// As of a scene; the content is the model's root.
    pub asset: Scene,
    /// Shares in what it earns, in their smallest unit (10⁻¹⁸): all of them are the author's at first.
    pub shares: U256,
    /// The share token's name.
    pub name: String,
    /// And symbol.
    pub symbol: String,
}

/// What the chain knows of an asset, but for its prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetState {
    /// Of all its files.
    pub package: B256,
    /// Blueprint or model.
    pub content: B256,
    /// Image root, where its work is provable.
    pub program: Option<B256>,
    /// Who published it.
    pub author: Address,
    /// Who owns it now.
    pub owner: Address,
    /// An agent's share token and account.
    pub agent: Option<(Address, Address)>,
    /// What a pass costs, where one is needed.
    pub pass: Option<U256>,
    /// What replaces it.
    pub successor: Option<u64>,
    /// Where its metadata is. A stranger's text.
    pub uri: String,
}

impl Market {
    /// Appends an image root to the list of programs.
    pub fn add_program(&self, root: B256) -> Call {
        Call::new(self.at().assets, b::Assets::addProgramCall { program: root }, "add a program")
    }

    /// Whether a program is in the list.
    pub async fn has_program(&self, node: &impl Provider, root: B256) -> Result<bool, Error> {
        Ok(!b::Assets::new(self.at().assets, node).programAt(root).call().await?.is_zero())
    }

    /// Publishes a scene. Its number: [`Market::published`].
    pub fn publish_scene(&self, scene: &Scene) -> Result<Call, Error> {
        self.publish(publication(scene)?, "publish a scene")
    }

    /// Publishes an agent. Its number: [`Market::published`].
    pub fn publish_agent(&self, agent: &Agent) -> Result<Call, Error> {
        if agent.shares.is_zero() || agent.shares.bit_len() > 128 {
            return Err(Error::Argument {
                what: "publish an agent", why: "1 to 2¹²⁸ − 1 shares are accepted".into()
            });
        }
        let mut p = publication(&agent.asset)?;
        (p.agent, p.shares, p.name, p.symbol) = (true, agent.shares, agent.name.clone(), agent.symbol.clone());
        self.publish(p, "publish an agent")
    }

    fn publish(&self, p: b::assets::Assets::Publication, what: &str) -> Result<Call, Error> {
        Ok(Call::new(self.at().assets, b::Assets::publishCall { p }, what))
    }

    /// Number of the asset that was published.
    pub fn published(&self, receipt: &TransactionReceipt) -> Result<u64, Error> {
        number(self.event::<b::Assets::Published>(receipt, self.at().assets)?.asset, "an asset's number")
    }

    /// Sells an asset for a currency at so much a unit, or no longer. Only its owner.
    pub fn price(&self, asset: u64, currency: Address, amount: U256, active: bool) -> Result<Call, Error> {
        let amount = narrow(amount, "an asset's price")?;
        let call = b::Assets::setPriceCall { asset: U256::from(asset), token: currency, amount, active };
        Ok(Call::new(self.at().assets, call, "set an asset's price"))
    }

    /// Says what replaces an asset. Only its owner.
    pub fn succeed(&self, asset: u64, successor: u64) -> Call {
        let call = b::Assets::setSuccessorCall { asset: U256::from(asset), successor: U256::from(successor) };
        Call::new(self.at().assets, call, "name an asset's successor")
    }

    /// Asks for a pass at so much, or for none. Only the asset's owner.
    pub fn pass(&self, asset: u64, price: Option<U256>) -> Result<Call, Error> {
        let amount = narrow(price.unwrap_or_default(), "a pass's price")?;
        let call = b::Assets::setPassCall { asset: U256::from(asset), amount, gated: price.is_some() };
        Ok(Call::new(self.at().assets, call, "set what a pass costs"))
    }

    /// Buys a pass for `to`, at the price that was seen. Not for an agent's account, which takes none.
    pub fn buy_pass(&self, asset: u64, to: Address, price: U256) -> Call {
        Call::new(self.at().passes, b::Passes::buyCall { asset: U256::from(asset), to }, "buy a pass").paying(price)
    }

    /// What an asset is.
    pub async fn asset(&self, node: &impl Provider, asset: u64) -> Result<AssetState, Error> {
        let contract = b::Assets::new(self.at().assets, node);
        let number_ = U256::from(asset);
        let found = contract.get(number_).call().await?;
        let owner = contract.ownerOf(number_).call().await?;
        Ok(AssetState {
            package: found.package,
            content: found.content,
            program: found.provable.then_some(found.program),
            author: found.author,
            owner,
            agent: found.agent.then_some((found.shares, found.account)),
            pass: found.gated.then_some(U256::from(found.passPrice)),
            successor: match found.successor.is_zero() {
                true => None,
                false => Some(number(found.successor, "a successor")?),
            },
            uri: found.uri,
        })
    }

    /// What an asset's author asks for a unit; `None` where it isn't sold for this currency.
    pub async fn author_price(
        &self,
        node: &impl Provider,
        asset: u64,
        currency: Address,
    ) -> Result<Option<U256>, Error> {
        let found = b::Assets::new(self.at().assets, node).priceOf(U256::from(asset), currency).call().await?;
        Ok(found.active.then_some(U256::from(found.amount)))
    }

    /// Who is credited with the author's part of what an asset earns: its owner, or an agent's shares.
    pub async fn payee(&self, node: &impl Provider, asset: u64) -> Result<Address, Error> {
        Ok(b::Assets::new(self.at().assets, node).payee(U256::from(asset)).call().await?)
    }

    /// Whether an account has a pass for an asset.
    pub async fn has_pass(&self, node: &impl Provider, asset: u64, account: Address) -> Result<bool, Error> {
        let passes = b::Passes::new(self.at().passes, node);
        Ok(!passes.balanceOf(account, U256::from(asset)).call().await?.is_zero())
    }

    /// Lets an agent's account make a call. Only its owner, or an operator.
    pub fn through(&self, account: Address, call: &Call) -> Call {
        let execute = b::Account::executeCall { to: call.to, value: call.value, data: call.input.clone() };
        Call::new(account, execute, format!("{}, by an agent's account", call.what))
    }

    /// Lets `operator` act for an agent's account, or no longer. Only its owner.
    pub fn operator(&self, account: Address, operator: Address, may: bool) -> Call {
        Call::new(account, b::Account::setOperatorCall { operator, may }, "name an agent's operator")
    }

    /// Fetches what a purse owes an agent into its shares. Anyone may.
    pub fn collect(&self, shares: Address, from: Purse, currency: Address) -> Call {
        let call = b::Shares::collectCall { from: from.at(self.at()), token: currency };
        Call::new(shares, call, "collect an agent's income")
    }

    /// Moves a holder's part of an agent's income to where it can be fetched by [`Market::withdraw_shares`]. Anyone may.
    pub fn settle_shares(&self, shares: Address, holder: Address) -> Call {
        Call::new(shares, b::Shares::settleCall { holder }, "settle a holder of shares")
    }

    /// Fetches the caller's part of an agent's income.
    pub fn withdraw_shares(&self, shares: Address, currency: Address, to: Address) -> Call {
        Call::new(shares, b::Shares::withdrawCall { token: currency, to }, "withdraw an agent's income")
    }

    /// Shares that an account holds, and all that there are, in their smallest unit (10⁻¹⁸).
    pub async fn shares_of(
        &self,
        node: &impl Provider,
        shares: Address,
        holder: Address,
    ) -> Result<(U256, U256), Error> {
        let contract = b::Shares::new(shares, node);
        Ok((contract.balanceOf(holder).call().await?, contract.totalSupply().call().await?))
    }

    /// What a holder of shares could withdraw after being settled.
    pub async fn share_income(&self, node: &impl Provider, shares: Address, holder: Address) -> Result<U256, Error> {
        Ok(b::Shares::new(shares, node).earned(NATIVE, holder).call().await?)
    }
}

fn publication(scene: &Scene) -> Result<b::assets::Assets::Publication, Error> {
    let refused = |why: String| Error::Argument { what: "publish", why };
    if scene.package.is_zero() || scene.content.is_zero() {
        return Err(refused("package and content have ids that are not zero".into()));
    }
    if scene.uri.len() > LONGEST_URI {
        return Err(refused(format!("the URI has {} bytes, {LONGEST_URI} are accepted", scene.uri.len())));
    }
    if scene.program.is_some_and(|root| root.is_zero()) {
        return Err(refused("a program's root is not zero".into()));
    }
    Ok(b::assets::Assets::Publication {
        package: scene.package,
        content: scene.content,
        program: scene.program.unwrap_or_default(),
        provable: scene.program.is_some(),
        agent: false,
        gated: scene.pass.is_some(),
        price: narrow(scene.price, "an asset's price")?,
        passPrice: narrow(scene.pass.unwrap_or_default(), "a pass's price")?,
        uri: scene.uri.clone(),
        shares: U256::ZERO,
        name: String::new(),
        symbol: String::new(),
    })
}
