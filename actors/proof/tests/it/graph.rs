//! Layer 1: the commitment is the documented one, each node opens in it and nothing else does, and the run of a node is
//! bound to what was agreed before it and claimed after it.

use hyperdust_proof::{
    ExecutionError, Graph, GraphError, Node, Source,
    graph::{Execution, KIND, MAX_NODES, MAX_STEPS, NodeProof, OutputProof, Run, UNKNOWN, Unclaimable},
    machine::{Status, layout, step},
    tree::{self, Hash, Head},
};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{assembler::*, programs};

/// A node of some shape: `seed` decides where its inputs come from.
fn node(index: u32, seed: u64) -> Node {
    let mut seed = seed;
    let mut draw = |below: u64| {
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(index.into());
        (seed >> 33) % below
    };
    let inputs = std::array::from_fn(|_| match draw(3) {
        0 => Source::Empty,
        1 => Source::Given([draw(256) as u8; 32]),
        _ if index > 0 => Source::Node(draw(index.into()) as u32),
        _ => Source::Empty,
    });
    Node { program: [draw(256) as u8; 32], inputs, output: [draw(255) as u8 + 1; 32] }
}

fn graph(count: u32, seed: u64) -> Graph {
    Graph::new((0..count).map(|index| node(index, seed)).collect()).unwrap()
}

/// The graph with the outputs from `known` on left out, made anew.
fn cut_off(graph: &Graph, known: u32) -> Graph {
    let output = |index: u32, node: &Node| if index < known { node.output } else { UNKNOWN };
    let nodes = (0..).zip(graph.nodes()).map(|(index, node)| Node { output: output(index, node), ..node.clone() });
    Graph::new(nodes.collect()).unwrap()
}

/// Roots of input strings by the definition.
fn inputs_of(graph: &Graph, index: u32) -> [Option<Hash>; 4] {
    graph.nodes()[index as usize].inputs.map(|source| match source {
        Source::Empty => None,
        Source::Given(root) => Some(root),
        Source::Node(from) => Some(graph.nodes()[from as usize].output),
    })
}

/// For every number of nodes and of known outputs: the root is that of the documented bytes, and every node opens.
#[test]
fn every_prefix_is_a_graph() {
    for count in 1..=17 {
        let graph = graph(count, 7);
        for known in 0..=count {
            let (prefix, expected) = (graph.prefix(known), cut_off(&graph, known));
            let root = prefix.root();
            assert_eq!(root, tree::root(KIND, &expected.bytes()), "{known} of {count}");
            for index in 0..count {
                let proof = prefix.prove(index).unwrap();
                assert_eq!(proof.node, expected.nodes()[index as usize]);
                assert_eq!(proof.check(&root, count, index), Ok(inputs_of(&expected, index)), "{index} of {count}");
            }
            assert_eq!(prefix.prove(count), None);
        }
        assert_eq!((graph.plan(), graph.root()), (graph.prefix(0).root(), graph.prefix(count).root()));
    }
}

/// The words of a node, written out.
#[test]
fn nodes_are_the_documented_words() {
    let inputs = [Source::Node(0), Source::Given([9; 32]), Source::Empty, Source::Node(1)];
    let node = Node { program: [1; 32], inputs, output: [5; 32] };
    let mut sources = [0; 32];
    (sources[7], sources[15], sources[31]) = (2, 1, 3);
    let words = [[1; 32], sources, [0; 32], [9; 32], [0; 32], [0; 32], [5; 32], [0; 32]];
    assert_eq!(node.words(), words);
    assert_eq!(node.subtree(), tree::tree(&words.concat()));
}

#[test]
fn order_and_numbers_are_limited() {
    let first = Node { program: [0; 32], inputs: [Source::Empty; 4], output: UNKNOWN };
    assert!(matches!(Graph::new(vec![]), Err(GraphError::Count { found: 0, .. })));
    let itself = Node { inputs: [Source::Empty, Source::Node(0), Source::Empty, Source::Empty], ..first.clone() };
    assert_eq!(Graph::new(vec![itself]), Err(GraphError::Order { node: 0, input: 1, from: 0 }));
    let later = Node { inputs: [Source::Node(2); 4], ..first.clone() };
    let nodes = vec![first.clone(), later, first.clone()];
    assert_eq!(Graph::new(nodes), Err(GraphError::Order { node: 1, input: 0, from: 2 }));
    let many = vec![first; MAX_NODES as usize + 1];
    assert!(matches!(Graph::new(many), Err(GraphError::Count { .. })));
    let proof = graph(5, 1).prove(3).unwrap();
    let root = graph(5, 1).root();
    assert!(matches!(proof.check(&root, 5, 5), Err(GraphError::Index { found: 5, nodes: 5 })));
    assert!(matches!(proof.check(&root, 0, 0), Err(GraphError::Count { .. })));
    assert!(matches!(proof.check(&root, 9, 3), Err(GraphError::Siblings { .. })), "of another depth");
    assert!(matches!(proof.check(&root, 6, 3), Err(GraphError::NotInGraph { .. })), "of the same depth");
}

/// Who commits to a graph need not have checked it: a proof of a node that reads a later one is refused.
#[test]
fn proofs_are_of_ordered_graphs() {
    let early = Node { program: [1; 32], inputs: [Source::Node(1); 4], output: UNKNOWN };
    let late = Node { inputs: [Source::Empty; 4], output: [2; 32], ..early.clone() };
    let bytes: Vec<u8> = [early.words(), late.words()].concat().concat();
    let words = late.words();
    let first = tree::node(&tree::node(&words[0], &words[1]), &tree::node(&words[2], &words[3]));
    let siblings = vec![words[7], tree::node(&words[4], &words[5]), first, early.subtree()];
    let output = OutputProof { output: late.output, siblings };
    let proof = NodeProof { node: early, siblings: vec![late.subtree()], outputs: vec![output; 4] };
    let root = tree::root(KIND, &bytes);
    assert_eq!(proof.check(&root, 2, 0), Err(GraphError::Order { node: 0, input: 0, from: 1 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A proof with one changed byte holds for no node, and proves nothing else of the right one.
    #[test]
    fn no_byte_of_a_proof_can_be_changed(
        (count, index, known) in (1..20u32).prop_flat_map(|n| (Just(n), 0..n, 0..=n)),
        seed in any::<u64>(),
        place in any::<Index>(),
        flip in 1..=255u8,
    ) {
        let graph = graph(count, seed);
        let (root, proof) = (graph.prefix(known).root(), graph.prefix(known).prove(index).unwrap());
        prop_assert!(proof.check(&root, count, index).is_ok());
        let mut bytes = borsh::to_vec(&proof).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        if let Ok(forged) = borsh::from_slice::<NodeProof>(&bytes) {
            prop_assert!(forged.check(&root, count, index).is_err());
        }
        for other in (0..count).filter(|&other| graph.prefix(known).prove(other).unwrap().node != proof.node) {
            prop_assert!(proof.check(&root, count, other).is_err());
        }
    }

    /// Graphs encode and decode; any other bytes are an error.
    #[test]
    fn decoding_is_total(count in 1..12u32, seed in any::<u64>(), noise in vec(any::<u8>(), 0..600), place in any::<Index>()) {
        let graph = graph(count, seed);
        let bytes = graph.encode();
        prop_assert_eq!(&Graph::decode(&bytes).unwrap(), &graph);
        prop_assert!(Graph::decode(&bytes[..place.index(bytes.len())]).is_err());
        prop_assert!(Graph::decode(&[&bytes[..], &[0]].concat()).is_err());
        if let Ok(graph) = Graph::decode(&noise) {
            prop_assert_eq!(graph.encode(), noise);
        }
    }
}

/// Two adders: the second reads what the first left.
struct Pair {
    graph: Graph,
    runs: Vec<Run>,
}

fn pair() -> Pair {
    let image = programs::adder();
    let given = 40u32.to_le_bytes();
    let first = Run::record(&image, [Some((programs::TOY, &given)), None, None, None], 4, 1000).unwrap();
    let inputs = [Some((programs::TOY, first.bytes())), Some((programs::TOY, &given[..])), None, None];
    let second = Run::record(&image, inputs, 4, 1000).unwrap();
    let program = layout::image_root(&image).unwrap();
    let given = Source::Given(Head::of(programs::TOY, &given).root());
    let output = |run: &Run| run.output().unwrap().root();
    let nodes = vec![
        Node { program, inputs: [given, Source::Empty, Source::Empty, Source::Empty], output: output(&first) },
        Node { program, inputs: [Source::Node(0), given, Source::Empty, Source::Empty], output: output(&second) },
    ];
    Pair { graph: Graph::new(nodes).unwrap(), runs: vec![first, second] }
}

fn execution(pair: &Pair, index: u32) -> Execution {
    pair.runs[index as usize].execution(pair.graph.prefix(index).prove(index).unwrap()).unwrap()
}

/// An honest opening leads to the roots of the real first and last state.
#[test]
fn openings_lead_to_the_machine() {
    let pair = pair();
    assert_eq!(pair.runs[1].bytes(), 82u32.to_le_bytes());
    for index in 0..2 {
        let (before, after) = (pair.graph.prefix(index).root(), pair.graph.prefix(index + 1).root());
        let opened = execution(&pair, index);
        let ends = opened.check(&before, &after, 2, index).unwrap();
        let trace = &pair.runs[index as usize].trace;
        assert_eq!(ends.steps, 16);
        assert_eq!(ends.first, trace.state_at(0).root());
        assert_eq!(ends.last, trace.state_at(16).root());
        assert_eq!(borsh::from_slice::<Execution>(&borsh::to_vec(&opened).unwrap()).unwrap(), opened);
    }
}

/// Everything in an opening is bound to the two roots, or only says what the trace is then searched for.
#[test]
fn wrong_openings_are_refused() {
    let pair = pair();
    let (before, after) = (pair.graph.prefix(1).root(), pair.graph.prefix(2).root());
    let good = execution(&pair, 1);
    let refused = |change: &dyn Fn(&mut Execution)| {
        let mut forged = good.clone();
        change(&mut forged);
        forged.check(&before, &after, 2, 1).unwrap_err()
    };
    assert!(matches!(refused(&|e| e.steps = 0), ExecutionError::Steps { found: 0, .. }));
    assert!(matches!(refused(&|e| e.steps = MAX_STEPS + 1), ExecutionError::Steps { .. }));
    assert!(matches!(refused(&|e| e.node.node.program[0] ^= 1), ExecutionError::Graph(_)));
    assert!(matches!(refused(&|e| e.node.outputs.clear()), ExecutionError::Graph(GraphError::Missing { .. })));
    let another = |e: &mut Execution| e.node.outputs.push(e.node.outputs[0].clone());
    assert!(matches!(refused(&another), ExecutionError::Graph(GraphError::Superfluous { found: 1 })));
    // A poisoned prestate: other strings, one too many, one too few.
    for input in 0..2 {
        assert!(matches!(refused(&|e| e.inputs[input].as_mut().unwrap().tree[0] ^= 1), ExecutionError::Input { .. }));
        assert!(matches!(refused(&|e| e.inputs[input].as_mut().unwrap().length += 1), ExecutionError::Input { .. }));
        assert!(matches!(refused(&|e| e.inputs[input] = None), ExecutionError::Input { .. }));
        assert!(matches!(refused(&|e| e.inputs[input + 2] = e.inputs[input]), ExecutionError::Input { .. }));
    }
    assert!(matches!(refused(&|e| e.output.tree[0] ^= 1), ExecutionError::Output { .. }));
    assert!(matches!(refused(&|e| e.output.kind[0] ^= 1), ExecutionError::Output { .. }));
    for status in [Status::Running, Status::Exited(1)] {
        assert_eq!(refused(&|e| e.processor.status = status), ExecutionError::NotExited { found: status });
    }
    // The rest of the last state is the provider's word: it moves the root that the trace is searched up to.
    let ends = good.check(&before, &after, 2, 1).unwrap();
    for change in [|e: &mut Execution| e.siblings[2][0] ^= 1, |e: &mut Execution| e.processor.set(9, 1)] {
        let mut other = good.clone();
        change(&mut other);
        let moved = other.check(&before, &after, 2, 1).unwrap();
        assert_eq!((moved.first, moved.steps), (ends.first, ends.steps));
        assert_ne!(moved.last, ends.last);
    }
    // In another place, and against other roots.
    assert!(good.check(&before, &after, 2, 0).is_err());
    assert!(good.check(&after, &after, 2, 1).is_err());
    assert!(good.check(&before, &before, 2, 1).is_err());
    let known = pair.runs[1].execution(pair.graph.prove(1).unwrap()).unwrap();
    assert_eq!(known.check(&after, &after, 2, 1), Err(ExecutionError::Known { node: 1 }));
}

/// What does not end as a claim needs has no output: another exit code, a trap, no end, a region with more than a string.
#[test]
fn some_runs_cannot_be_claimed() {
    let run = |code: &[u32]| Run::record(&image(code), [None; 4], 4, 100).unwrap();
    let exit_with = |code| [opi("addi", A7, ZERO, 93), opi("addi", A0, ZERO, code), ECALL];
    assert_eq!(run(&exit_with(1)).output(), Err(Unclaimable::Status(Status::Exited(1))));
    assert!(matches!(run(&[EBREAK]).output(), Err(Unclaimable::Status(Status::Trapped(_)))));
    assert_eq!(run(&[jal(ZERO, 0)]).output(), Err(Unclaimable::Status(Status::Running)));
    // An untouched region holds the empty string of kind zero.
    assert_eq!(run(&exit_with(0)).output(), Ok(Head::of([0; 32], &[])));
    let scratch = |address: u32| [&li(T0, address)[..], &[store("sb", T0, 1, T0)], &exit_with(0)].concat();
    for address in [0x0200_0000 + 4, 0x0220_0000 + 64, 0x0220_0000 + 40] {
        assert_eq!(run(&scratch(address)).output(), Err(Unclaimable::Region), "{address:#x}");
    }
}

/// Tampering changes the trace from its step on, and nowhere before.
#[test]
fn tampered_traces_fail_once() {
    let pair = pair();
    let honest = &pair.runs[0].trace;
    for wrong in [0, 1, 7, 15, 16] {
        let change = |state: &mut hyperdust_proof::machine::State| state.processor.set(20, 1 << 7);
        let liar = honest.tampered(wrong, change, 4, 1000).unwrap();
        for at in 0..20 {
            let same = liar.state_at(at).root() == honest.state_at(at).root();
            assert_eq!(same, at < wrong, "step {at}, wrong from {wrong}");
        }
        let mut liar = liar;
        for at in (0..20).filter(|at| at + 1 != wrong) {
            let (before, after) = (liar.state_at(at).root(), liar.state_at(at + 1).root());
            assert_eq!(step::verify(&before, &after, &liar.proof_at(at)), Ok(()), "step {at}, wrong from {wrong}");
        }
    }
}
