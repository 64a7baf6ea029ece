//! Where a test may end the process: before and after everything that waits for a node, a signer or the disk.
//!
//! The points are there only with the feature `failpoints`. [`POINTS`] names all of them, so that a test can go through them one by one;
//! a point that is not named there fails in tests.

/// A place where the process may be made to end.
macro_rules! crash_point {
    ($($name:tt)*) => {
        #[cfg(feature = "failpoints")]
        $crate::crash::reach(&format!($($name)*));
    };
}
pub(crate) use crash_point;

/// Every point: `rpc` around each request of the sender and the follower, `ledger` around each write, `keeper` around what decisions wait for.
#[cfg(feature = "failpoints")]
pub const POINTS: &[&str] = &[
    "rpc eth_chainId before",
    "rpc eth_chainId after",
    "rpc eth_getBlockByNumber before",
    "rpc eth_getBlockByNumber after",
    "rpc eth_getBlockByHash before",
    "rpc eth_getBlockByHash after",
    "rpc eth_getTransactionCount before",
    "rpc eth_getTransactionCount after",
    "rpc eth_getTransactionReceipt before",
    "rpc eth_getTransactionReceipt after",
    "rpc eth_getBalance before",
    "rpc eth_getBalance after",
    "rpc eth_call before",
    "rpc eth_call after",
    "rpc eth_estimateGas before",
    "rpc eth_estimateGas after",
    "rpc eth_gasPrice before",
    "rpc eth_gasPrice after",
    "rpc eth_maxPriorityFeePerGas before",
    "rpc eth_maxPriorityFeePerGas after",
    "rpc eth_sendRawTransaction before",
    "rpc eth_sendRawTransaction after",
    "rpc eth_getLogs before",
    "rpc eth_getLogs after",
    "signer before",
    "signer after",
    "ledger put write",
    "ledger put flush",
    "ledger put done",
    "ledger signed write",
    "ledger signed flush",
    "ledger signed done",
    "ledger replaced write",
    "ledger replaced flush",
    "ledger replaced done",
    "ledger included write",
    "ledger included flush",
    "ledger included done",
    "ledger vanished write",
    "ledger vanished flush",
    "ledger vanished done",
    "ledger displaced write",
    "ledger displaced flush",
    "ledger displaced done",
    "ledger final write",
    "ledger final flush",
    "ledger final done",
    "ledger failed write",
    "ledger failed flush",
    "ledger failed done",
    "ledger cursor write",
    "ledger cursor flush",
    "ledger cursor done",
    "keeper latest before",
    "keeper latest after",
    "keeper session before",
    "keeper session after",
    "keeper games before",
    "keeper games after",
    "keeper questions before",
    "keeper questions after",
    "keeper owed before",
    "keeper owed after",
    "keeper epoch before",
    "keeper epoch after",
    "keeper burnt before",
    "keeper burnt after",
];

#[cfg(feature = "failpoints")]
pub(crate) fn reach(name: &str) {
    assert!(POINTS.contains(&name), "a crash point that no test knows of: {name}");
    fail::fail_point!(name);
}
