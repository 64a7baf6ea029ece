//! Any byte string is a graph or an error; one that decodes encodes to the same bytes, and each of its nodes can be opened, whatever
//! part of the outputs is known.
#![no_main]

use hyperdust_proof::Graph;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(graph) = Graph::decode(bytes) else { return };
    assert_eq!(graph.encode(), bytes, "bytes of a graph are canonical");
    let nodes = graph.count();
    assert_eq!(graph.prefix(0).root(), graph.plan(), "nothing is known of a plan");
    assert_eq!(graph.prefix(nodes).root(), graph.root(), "a claim is complete");
    for index in 0..nodes.min(8) {
        let prefix = graph.prefix(index);
        let proof = prefix.prove(index).expect("there is such a node");
        proof.check(&prefix.root(), nodes, index).expect("its own root");
        assert!(proof.check(&[1; 32], nodes, index).is_err(), "a root that nobody has a preimage of");
    }
    assert!(graph.prove(nodes).is_none());
});
