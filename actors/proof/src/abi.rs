//! What is shown to a contract, as Solidity's ABI lays it out: 32-byte words, numbers big-endian.
//!
//! Of what a game shows only an [opening](Execution) has a layout of its own; roots are words, and a [step's proof](crate::machine::StepProof)
//! is a byte string. The contract's side is `actors/settlement/contracts/src/proof/Opening.sol`, held to this by the games that
//! `examples/games.rs` writes.

use crate::{graph::Execution, tree::Hash};

/// Words of an opening before its first list: the fixed part of `Opening.Run`.
const HEAD: u64 = 29;

/// A number.
pub fn word(number: u64) -> Hash {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}

/// Bytes, filled up with zeros on the right.
pub fn padded(bytes: &[u8]) -> Vec<Hash> {
    let filled = |chunk: &[u8]| {
        let mut word = [0; 32];
        word[..chunk.len()].copy_from_slice(chunk);
        word
    };
    bytes.chunks(32).map(filled).collect()
}

/// `abi.encode` of an opening as an `Opening.Run`. The first word says that the rest begins after it, as for every value whose length varies.
pub fn opening(execution: &Execution) -> Vec<Hash> {
    let list = |roots: &[Hash]| -> Vec<Hash> { [word(roots.len() as u64)].iter().chain(roots).copied().collect() };
    let siblings = list(&execution.node.siblings);
    let outputs: Vec<Vec<Hash>> = execution
        .node
        .outputs
        .iter()
        .map(|output| [vec![output.output, word(64)], list(&output.siblings)].concat())
        .collect();
    let mut places = Vec::new();
    let mut place = outputs.len() as u64;
    for output in &outputs {
        places.push(word(32 * place));
        place += output.len() as u64;
    }
    let outputs = [vec![word(outputs.len() as u64)], places, outputs.concat()].concat();
    let processor: Vec<u8> = execution.processor.words().iter().flat_map(|word| word.to_le_bytes()).collect();
    let processor = [vec![word(processor.len() as u64)], padded(&processor)].concat();

    let node = execution.node.node.words();
    let mut words = vec![word(32)];
    words.extend_from_slice(&node[..6]);
    words.push(word(32 * HEAD));
    words.push(word(32 * (HEAD + siblings.len() as u64)));
    for head in execution.inputs.iter().chain([&Some(execution.output)]) {
        words.extend(head.map_or([[0; 32]; 3], |head| [head.kind, head.length_word(), head.tree]));
    }
    words.push(word(execution.steps));
    words.push(word(32 * (HEAD + (siblings.len() + outputs.len()) as u64)));
    words.extend(execution.siblings);
    debug_assert_eq!(words.len() as u64, 1 + HEAD);
    [words, siblings, outputs, processor].concat()
}
