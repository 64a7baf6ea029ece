//! Which troubles were told, so that each is told once and not at every pass.

use std::collections::HashMap;

use super::Pass;

/// What was last said of each intent, and of the node under none.
#[derive(Debug, Default)]
pub struct Told(HashMap<Option<String>, String>);

impl Told {
    /// What is new in a pass, in words. An intent that went on, and a node that is well again, may be told of anew.
    pub fn news(&mut self, pass: &Pass) -> Vec<String> {
        for change in &pass.changes {
            self.0.remove(&Some(change.key.clone()));
        }
        if pass.troubles.iter().all(|trouble| trouble.key().is_some()) {
            self.0.remove(&None);
        }
        let mut news = Vec::new();
        for trouble in &pass.troubles {
            let (key, text) = (trouble.key().map(String::from), trouble.to_string());
            if self.0.get(&key) != Some(&text) {
                self.0.insert(key, text.clone());
                news.push(text);
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Bytes;

    use super::*;
    use crate::{
        amount::Coin,
        sender::{Change, Error, Step, Trouble},
    };

    fn pass(changes: &[&str], troubles: Vec<Trouble>) -> Pass {
        let changes = changes.iter().map(|key| Change { key: (*key).into(), step: Step::Final }).collect();
        Pass { head: None, changes, troubles }
    }

    fn refused(key: &str, reason: &'static [u8]) -> Trouble {
        Trouble::Foreseen { key: key.into(), reason: Bytes::from_static(reason), coin: Coin::ETHER }
    }

    fn away() -> Trouble {
        Trouble::Node { key: None, error: Error::Timeout { method: "eth_chainId", ms: 7 } }
    }

    #[test]
    fn each_trouble_is_told_once() {
        let mut told = Told::default();
        let mut count = |changes: &[&str], troubles| told.news(&pass(changes, troubles)).len();
        assert_eq!(count(&[], vec![refused("a", b"no"), refused("b", b"no"), away()]), 3);
        assert_eq!(count(&[], vec![refused("a", b"no"), refused("b", b"no"), away()]), 0);
        // One that was not looked at is not over.
        assert_eq!(count(&[], vec![refused("b", b"no")]), 0);
        assert_eq!(count(&[], vec![refused("a", b"never"), refused("b", b"no"), away()]), 2);
        assert_eq!(count(&["a"], vec![]), 0);
        assert_eq!(count(&[], vec![refused("a", b"never"), away()]), 2);
    }
}
