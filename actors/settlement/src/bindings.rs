//! The contracts as Rust types, from the committed artefacts (`../artifacts`, written by `npm run artifacts` in `../contracts`).
//!
//! A module for each contract, because the contracts share libraries whose types would else have one name. Types of one
//! interface in two contracts (`IClaims.Verdict`) are two types here.

/// Interface of one contract.
macro_rules! contract {
    ($module:ident, $name:ident, $file:tt, $what:literal) => {
        #[doc = $what]
        #[allow(missing_docs, clippy::all)]
        pub mod $module {
            alloy::sol!(
                #[sol(rpc, all_derives)]
                $name,
                $file
            );
        }
        pub use $module::$name;
    };
}

contract!(account, Account, "artifacts/Account.json", "An agent's own account.");
contract!(assets, Assets, "artifacts/Assets.json", "Scenes, agents, programs.");
contract!(companions, Companions, "artifacts/Companions.json", "Who computes again.");
contract!(disputes, Disputes, "artifacts/Disputes.json", "Games about outputs, down to one instruction.");
contract!(
    inputs,
    Inputs,
    "artifacts/Inputs.json",
    "Games about inputs: a chunk of signed actions, or the claim falls."
);
contract!(passes, Passes, "artifacts/Passes.json", "Passes to assets that ask for one.");
contract!(providers, Providers, "artifacts/Providers.json", "Who serves, where, for how much, with what at stake.");
contract!(sessions, Sessions, "artifacts/Sessions.json", "Deposits, vouchers, claims, payment.");
contract!(shares, Shares, "artifacts/Shares.json", "Shares in what an agent earns.");
contract!(token, Token, "artifacts/Token.json", "The token of work.");
contract!(work, Work, "artifacts/Work.json", "Coin burnt for provable work, and tokens for it.");
