//! A session's id on a command line: whole, or as much of its beginning as no other session has.

use std::str::FromStr;

use alloy::{primitives::B256, providers::Provider};
use hyperdust_settlement::Market;

use super::refused;
use crate::Error;

/// Digits of a whole id.
const WHOLE: usize = 64;
const ACCEPTED: &str =
    "accepted: a session's id (0x and 64 hexadecimal digits), or a beginning of it that no other has";

/// What somebody calls a session: hexadecimal digits in small letters, without 0x.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Named(String);

impl FromStr for Named {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        match (1..=WHOLE).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            true => Ok(Self(digits.to_ascii_lowercase())),
            false => Err(ACCEPTED),
        }
    }
}

impl Named {
    /// The id. What is whole is taken as it is; of anything else the chain is asked for all sessions of the deployment.
    pub(in crate::cli) async fn find(&self, market: &Market, node: &impl Provider) -> Result<B256, Error> {
        if self.0.len() == WHOLE {
            return Ok(self.0.parse().expect("digits were looked at"));
        }
        let mut found = market.sessions_opened(node, None, 0).await?.0;
        found.retain(|session| alloy::hex::encode(session).starts_with(&self.0));
        found.sort_unstable();
        found.dedup();
        let wrong = |found| Err(refused("a session", found, "an id, or a beginning of it that one session alone has"));
        match found[..] {
            [only] => Ok(only),
            [] => wrong(format!("none of this deployment whose id begins with 0x{}", self.0)),
            _ => wrong(format!("{} whose ids begin with 0x{}", found.len(), self.0)),
        }
    }
}
