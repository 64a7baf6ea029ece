//! The toy job: five adders in a graph with a fork and a join, true and false.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use hyperdust_proof::{
    Graph, Node, Source, TraceProvider,
    game::Knowledge,
    graph::{Execution, NodeProof, Run, UNKNOWN, Unclaimable},
    machine::{State, StepProof, Trace, layout},
    tree::{Hash, Head},
};

use super::SIGNATURE;
use crate::programs::{self, TOY};

/// Steps of each node.
pub const STEPS: u64 = 16;
/// Sources of inputs 0 and 1 of each node: `None` for the given word, or an earlier node. Node 2 is a policy between
/// segments.
const SHAPE: [[Option<u32>; 2]; 5] =
    [[None, None], [Some(0), None], [Some(1), Some(0)], [Some(1), Some(2)], [Some(3), Some(0)]];
/// What is given to node `i`, before `i` is added.
const GIVEN: u32 = 0x0101_0100;

/// A node as somebody ran it: all roots, and proofs as they are asked for.
#[derive(Clone)]
pub struct Table(Rc<Ran>);

struct Ran {
    run: Run,
    roots: Vec<Hash>,
    proofs: RefCell<(Trace, BTreeMap<u64, StepProof>)>,
}

impl Table {
    fn new(mut run: Run) -> Self {
        let roots = (0..=STEPS + 4).map(|step| run.trace.root_at(step)).collect();
        let proofs = RefCell::new((run.trace.clone(), BTreeMap::new()));
        Self(Rc::new(Ran { run, roots, proofs }))
    }
}

impl TraceProvider for Table {
    fn root_at(&mut self, step: u64) -> Hash {
        // A halted machine stays as it is.
        self.0.roots[(step as usize).min(self.0.roots.len() - 1)]
    }
}

/// The job as somebody sees it.
#[derive(Clone)]
pub struct View {
    pub graph: Graph,
    tables: Vec<Table>,
    signed: bool,
}

/// The job.
pub struct Job {
    pub truth: View,
    image: Vec<u8>,
}

impl Job {
    pub fn new() -> Self {
        Self::of(SHAPE.len())
    }

    /// The first nodes of the job alone.
    pub fn of(nodes: usize) -> Self {
        let image = programs::adder();
        Self { truth: compute(&image, nodes, |_| GIVEN, |_, run| run), image }
    }

    pub fn nodes(&self) -> u32 {
        self.truth.graph.count()
    }

    /// Somebody whose machine fails at `step` of `node` (1 to 16: the first wrong state), and who computes everything
    /// that follows from there: only one state of one node does not follow from what is before it.
    pub fn lie(&self, node: u32, step: u64) -> View {
        let alter = |index: u32, run: Run| if index == node { fail_at(&run, step) } else { run };
        compute(&self.image, self.nodes() as usize, |_| GIVEN, alter)
    }

    /// As [`lie`](Self::lie), but with the true outputs of all other nodes: the wrong output is not even used.
    pub fn inconsistent_lie(&self, node: u32, step: u64) -> View {
        let mut view = self.truth.clone();
        view.tables[node as usize] = Table::new(fail_at(&self.truth.tables[node as usize].0.run, step));
        let mut nodes = view.graph.nodes().to_vec();
        nodes[node as usize].output = view.tables[node as usize].0.run.output().unwrap().root();
        view.graph = Graph::new(nodes).unwrap();
        view
    }

    /// Somebody who computes truly, from another word than was given to `node`, and has no signature for it.
    pub fn poisoned(&self, node: u32) -> View {
        let given = |index| if index == node { GIVEN ^ 0x80 } else { GIVEN };
        View { signed: false, ..compute(&self.image, self.nodes() as usize, given, |_, run| run) }
    }

    /// Somebody who claims the truth of a plan in which `node` runs another program.
    pub fn reprogrammed(&self, node: u32) -> View {
        let mut nodes = self.truth.graph.nodes().to_vec();
        nodes[node as usize].program[0] ^= 1;
        View { graph: Graph::new(nodes).unwrap(), ..self.truth.clone() }
    }

    /// Somebody who has the truth and no signatures.
    pub fn unsigned(&self) -> View {
        View { signed: false, ..self.truth.clone() }
    }
}

/// Runs the job; `given` is the word given to a node, before its index is added, and `alter` says how its run turns out.
fn compute(image: &[u8], nodes: usize, given: impl Fn(u32) -> u32, alter: impl Fn(u32, Run) -> Run) -> View {
    let program = layout::image_root(image).unwrap();
    let (mut list, mut tables) = (Vec::<Node>::new(), Vec::<Table>::new());
    for (index, shape) in (0..).zip(&SHAPE[..nodes]) {
        let given = (given(index) + index).to_le_bytes();
        let mut sources = [Source::Empty; 4];
        let mut strings: [Option<(Hash, Vec<u8>)>; 4] = Default::default();
        for (input, source) in shape.iter().enumerate() {
            (sources[input], strings[input]) = match source {
                None => (Source::Given(Head::of(TOY, &given).root()), Some((TOY, given.to_vec()))),
                Some(from) => (Source::Node(*from), Some((TOY, tables[*from as usize].0.run.bytes().to_vec()))),
            };
        }
        let inputs = [0, 1, 2, 3].map(|i: usize| strings[i].as_ref().map(|(kind, bytes)| (*kind, bytes.as_slice())));
        let run = alter(index, Run::record(image, inputs, 4, 1000).unwrap());
        let output = run.output().map_or(UNKNOWN, |head| head.root());
        list.push(Node { program, inputs: sources, output });
        tables.push(Table::new(run));
    }
    View { graph: Graph::new(list).unwrap(), tables, signed: true }
}

/// The run of a machine that fails at `step`: one bit of the value on its way from input to output, wherever it is then.
fn fail_at(run: &Run, step: u64) -> Run {
    let fail = |state: &mut State| {
        for address in [0x0100_0000, 0x0200_0000] {
            let word = state.memory().word(address) ^ 1 << 20;
            state.memory_mut().place(address, &word.to_le_bytes());
        }
        let value = state.processor.registers()[11] ^ 1 << 20;
        state.processor.set(11, value);
    };
    Run::of(run.program, run.inputs, run.trace.tampered(step, fail, 4, 1000).unwrap())
}

impl View {
    /// The states of a node.
    pub fn table(&self, node: u32) -> Table {
        self.tables[node as usize].clone()
    }
}

impl Knowledge for View {
    type Error = Unclaimable;

    fn prefix(&mut self, known: u32) -> Hash {
        self.graph.prefix(known).root()
    }

    fn plan_subtree(&mut self, level: u32, place: u32) -> Option<Hash> {
        self.graph.plan_subtree(level, place)
    }

    fn evidence(&mut self, index: u32) -> Result<(NodeProof, Vec<u8>), Unclaimable> {
        let evidence = if self.signed { SIGNATURE.to_vec() } else { Vec::new() };
        Ok((self.graph.prefix(0).prove(index).expect("a node"), evidence))
    }

    fn execution(&mut self, index: u32) -> Result<Execution, Unclaimable> {
        let proof = self.graph.prefix(index).prove(index).expect("a node");
        self.tables[index as usize].0.run.execution(proof)
    }

    fn trace(&mut self, index: u32) -> Result<&mut dyn TraceProvider, Unclaimable> {
        Ok(&mut self.tables[index as usize])
    }

    fn proof(&mut self, index: u32, step: u64) -> Result<StepProof, Unclaimable> {
        let (trace, proofs) = &mut *self.tables[index as usize].0.proofs.borrow_mut();
        Ok(proofs.entry(step).or_insert_with(|| trace.proof_at(step)).clone())
    }
}
