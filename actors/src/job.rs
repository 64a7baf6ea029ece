//! A job: a lane's stream as inputs only, and what follows from them.
//!
//! Everything that a stranger needs in order to compute the job again: blueprint, program, and each segment's actions, with
//! the user's signatures where there are any. Results are not part of it, so a companion that is handed a job cannot copy them. The
//! graph of a job is a chain of segments ([`Job::graph`]); what its nodes give is computed natively ([`Job::replay`]),
//! and for one of them, in a dispute, on the proof machine ([`Job::run`]).
//!
//! Bytes: `"HDJB" ‖ format (u16 LE) ‖ borsh(body)`. Decoding is total and bounded.

use std::sync::{Arc, Mutex, PoisonError};

use borsh::{BorshDeserialize, BorshSerialize, io};
use hyperdust_gym::Segment;
use hyperdust_kernel::{
    AutoresetMode, Model,
    blueprint::Blueprint,
    merkle::{self, Hash, Kind},
    segment::{self, Actions, Begin, Stream, Watch},
};
use hyperdust_proof::{
    Graph, Node, Source,
    graph::{MAX_NODES, MAX_STEPS, Run, UNKNOWN},
};
use hyperdust_receipt::{ActionRoot, Signed, Terms, chain};

use crate::Error;

const MAGIC: &[u8; 4] = b"HDJB";
const FORMAT: u16 = 1;
/// Bytes of a job, at most.
pub const LONGEST: usize = 1 << 30;
/// A snapshot of the machine every 2²² instructions: some hundredths of a second to replay, and half a kilobyte to a megabyte to keep.
const INTERVAL: u32 = 22;

/// What a segment is computed from.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Inputs {
    /// Bytes of the state that it starts from, where that is not the output of the segment before; empty for a stream's beginning.
    pub start: Option<Vec<u8>>,
    /// Bytes of its actions.
    pub actions: Vec<u8>,
    /// The user's signature over the running root of the actions up to here.
    pub signed: Option<Signed<ActionRoot>>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Body {
    program: Hash,
    blueprint: Vec<u8>,
    terms: Option<Terms>,
    segments: Vec<Inputs>,
}

impl Body {
    /// Field by field, so that a number of segments that no graph has costs nothing.
    fn read(bytes: &mut &[u8]) -> Result<Self, io::Error> {
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let program = Hash::deserialize(bytes)?;
        let blueprint = Vec::deserialize(bytes)?;
        let terms = Option::deserialize(bytes)?;
        let count = u32::deserialize(bytes)?;
        if count > MAX_NODES {
            return Err(invalid(format!("found {count} segments; accepted: at most {MAX_NODES}")));
        }
        let segments = (0..count).map(|_| Inputs::deserialize(bytes)).collect::<Result<_, _>>()?;
        if !bytes.is_empty() {
            return Err(invalid(format!("{} bytes after the end", bytes.len())));
        }
        Ok(Self { program, blueprint, terms, segments })
    }
}

/// A job. See the module documentation.
#[derive(Clone, Debug)]
pub struct Job {
    model: Arc<Model>,
    body: Arc<Body>,
    /// Hashes every string of the job: computed once.
    plan: Arc<Graph>,
}

/// Compiled scenes of jobs that are read one after the other: jobs in one scene share its. Keeps the last few.
#[derive(Debug, Default)]
pub struct Models(Mutex<Vec<(Vec<u8>, Arc<Model>)>>);

impl Models {
    const KEPT: usize = 16;

    /// The compiled scene of a blueprint's bytes.
    fn compile(&self, blueprint: &[u8]) -> Result<Arc<Model>, Error> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, model)) = kept().iter().find(|(bytes, _)| bytes == blueprint) {
            return Ok(Arc::clone(model));
        }
        let model = Model::new(Blueprint::decode(blueprint)?)?;
        let mut kept = kept();
        kept.truncate(Self::KEPT - 1);
        kept.insert(0, (blueprint.to_vec(), Arc::clone(&model)));
        Ok(model)
    }
}

impl core::fmt::Debug for Body {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Body").field("segments", &self.segments.len()).finish_non_exhaustive()
    }
}

impl Job {
    /// A job of `program` (its image root) on these segments, at least one, the first of which says where it starts.
    pub fn new(model: &Arc<Model>, program: Hash, segments: Vec<Inputs>, terms: Option<Terms>) -> Result<Self, Error> {
        let blueprint = model.blueprint().encode()?;
        Self::of(Body { program, blueprint, terms, segments }, Arc::clone(model))
    }

    /// A job of segments that a vector env has cut, all of one lane and from its first on.
    pub fn cut(model: &Arc<Model>, program: Hash, segments: &[Segment]) -> Result<Self, Error> {
        let inputs =
            segments.iter().map(|s| Inputs { start: s.start.clone(), actions: s.actions.clone(), signed: None });
        Self::new(model, program, inputs.collect(), None)
    }

    fn of(body: Body, model: Arc<Model>) -> Result<Self, Error> {
        if body.segments.first().is_none_or(|first| first.start.is_none()) {
            return Err(Error::Job("no segment, or a first one that does not say where it starts".into()));
        }
        for (number, inputs) in body.segments.iter().enumerate() {
            Actions::decode(&inputs.actions, model.actions().size)
                .map_err(|error| Error::Job(format!("segment {number}: {error}")))?;
        }
        let plan = Graph::new(nodes(&model, &body))?;
        Ok(Self { model, body: Arc::new(body), plan: Arc::new(plan) })
    }

    /// The job's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        self.body.serialize(&mut bytes).expect("writing to memory does not fail");
        bytes
    }

    /// The job of these bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Self::decode_with(bytes, &Models::default())
    }

    /// As [`Job::decode`], for one of several jobs.
    pub fn decode_with(bytes: &[u8], models: &Models) -> Result<Self, Error> {
        let refused = |why: String| Error::Job(why);
        if bytes.len() > LONGEST {
            return Err(refused(format!("found {} bytes; accepted: at most {LONGEST}", bytes.len())));
        }
        let Some((head, rest)) = bytes.split_first_chunk::<6>() else {
            return Err(refused(format!("found {} bytes; accepted: at least 6", bytes.len())));
        };
        if head[..4] != *MAGIC || head[4..] != FORMAT.to_le_bytes() {
            return Err(refused("does not start with \"HDJB\" and format 1".into()));
        }
        let body = Body::read(&mut &*rest).map_err(|error| refused(error.to_string()))?;
        let model = models.compile(&body.blueprint)?;
        Self::of(body, model)
    }

    /// The compiled scene.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Image root of the program that a segment is a run of.
    pub fn program(&self) -> Hash {
        self.body.program
    }

    /// The segments' inputs.
    pub fn segments(&self) -> &[Inputs] {
        &self.body.segments
    }

    /// Under which signatures count.
    pub fn terms(&self) -> Option<&Terms> {
        self.body.terms.as_ref()
    }

    /// Layer 1 without outputs.
    pub fn plan(&self) -> &Graph {
        &self.plan
    }

    /// Layer 1 with these output roots, one per segment.
    pub fn graph(&self, outputs: &[Hash]) -> Result<Graph, Error> {
        let nodes = self.plan.nodes().iter().zip(outputs);
        Ok(Graph::new(nodes.map(|(node, &output)| Node { output, ..node.clone() }).collect())?)
    }

    /// Runs the job natively and gives every segment's output; `each` is called after each.
    pub fn replay(&self, mut each: impl FnMut(usize)) -> Result<Vec<Vec<u8>>, Error> {
        let mut outputs: Vec<Vec<u8>> = Vec::with_capacity(self.segments().len());
        let mut stream = Stream::new(&self.model);
        for (number, inputs) in self.segments().iter().enumerate() {
            if let Some(start) = &inputs.start {
                stream = Stream::resume(&self.model, start)?;
            }
            stream.advance(&self.actions(inputs)?, &mut ())?;
            outputs.push(stream.state().encode());
            each(number);
        }
        Ok(outputs)
    }

    /// Runs segment `number` natively, from the state string that it starts from.
    pub fn segment(&self, number: usize, state: &[u8], watch: &mut impl Watch) -> Result<Vec<u8>, Error> {
        let mut stream = Stream::resume(&self.model, state)?;
        stream.advance(&self.actions(&self.segments()[number])?, watch)?;
        Ok(stream.state().encode())
    }

    /// Root of the state after the first `steps` actions of segment `number`: what no record of the job contains, so that it
    /// can only be known by computing.
    pub fn opening(&self, number: usize, state: &[u8], steps: u32) -> Result<Hash, Error> {
        let actions = self.actions(&self.segments()[number])?;
        let size = self.model.actions().size;
        let count = steps.min(actions.count());
        let bytes: Vec<u8> = actions.iter().take(count as usize).flatten().copied().collect();
        let mut stream = Stream::resume(&self.model, state)?;
        stream.advance(&Actions::new(actions.begin, actions.mode, size, count, &bytes)?, &mut ())?;
        Ok(merkle::root(segment::STATE, &stream.state().encode()))
    }

    /// Runs segment `number` on the proof machine, from the state string that it starts from. `image` is the program's.
    pub fn run(&self, image: &[u8], number: usize, state: &[u8]) -> Result<Run, Error> {
        fn given(kind: Kind, bytes: &[u8]) -> Option<(Hash, &[u8])> {
            (!bytes.is_empty()).then_some((kind.word(), bytes))
        }
        let inputs = [
            given(Kind::BLUEPRINT, &self.body.blueprint),
            given(segment::STATE, state),
            given(segment::ACTIONS, &self.segments()[number].actions),
            None,
        ];
        Ok(Run::record(image, inputs, INTERVAL, MAX_STEPS)?)
    }

    /// The state string that segment `number` starts from, given the outputs of those before.
    pub fn start<'a>(&'a self, number: usize, outputs: &'a [Vec<u8>]) -> &'a [u8] {
        match &self.segments()[number].start {
            Some(start) => start,
            None => outputs.get(number.wrapping_sub(1)).map_or(&[], Vec::as_slice),
        }
    }

    /// Actions of segment `number`, and resets that it begins with.
    pub fn shape(&self, number: usize) -> Result<(u32, u32), Error> {
        let actions = self.actions(&self.segments()[number])?;
        Ok((actions.count(), u32::from(actions.begin != Begin::Continue)))
    }

    /// What happens where an episode ends, in the first segment.
    pub fn mode(&self) -> Result<AutoresetMode, Error> {
        Ok(self.actions(&self.segments()[0])?.mode)
    }

    /// Actions of all segments.
    pub fn steps(&self) -> Result<u64, Error> {
        (0..self.segments().len()).map(|number| Ok(u64::from(self.shape(number)?.0))).sum()
    }

    /// Refuses a segment whose running action root the user of the terms has not signed, and one that does not start from the end of the
    /// one before (the first: from nothing), which no signature over actions speaks for; nothing is refused without terms.
    pub fn check_signatures(&self) -> Result<(), Error> {
        let Some(terms) = self.terms() else { return Ok(()) };
        let (mut root, mut steps) = (chain::START, 0_u64);
        for (number, (inputs, node)) in self.segments().iter().zip(self.plan.nodes()).enumerate() {
            let actions = match node.inputs[2] {
                Source::Given(actions) => actions,
                _ => return Err(Error::Job(format!("segment {number} has no actions"))),
            };
            root = chain::next(chain::ACTIONS, &root, &actions);
            steps += u64::from(self.actions(inputs)?.count());
            let expected = ActionRoot { job: terms.job, segment: number as u64, steps, root };
            let unsigned = |why: String| Error::Unsigned { segment: number, why };
            let begins = inputs.start.as_deref().map(<[u8]>::is_empty);
            if begins != (number == 0).then_some(true) {
                return Err(unsigned("it starts from a state that is not the end of the segment before".into()));
            }
            let signed = inputs.signed.as_ref().ok_or_else(|| unsigned("there is no signature".into()))?;
            if signed.message != expected {
                return Err(unsigned("the signature is over other actions".into()));
            }
            signed.verify(&terms.domain, &terms.user).map_err(|error| unsigned(error.to_string()))?;
        }
        Ok(())
    }

    fn actions<'a>(&self, inputs: &'a Inputs) -> Result<Actions<'a>, Error> {
        Ok(Actions::decode(&inputs.actions, self.model.actions().size)?)
    }
}

/// The job's segments as nodes, without outputs.
fn nodes(model: &Model, body: &Body) -> Vec<Node> {
    let blueprint = Source::Given(model.id().0);
    let given = |kind: Kind, bytes: &[u8]| match bytes {
        [] => Source::Empty,
        bytes => Source::Given(merkle::root(kind, bytes)),
    };
    let node = |(index, inputs): (u32, &Inputs)| {
        let state = match &inputs.start {
            Some(start) => given(segment::STATE, start),
            // Only the first has none before it, and it says where it starts.
            None => Source::Node(index.saturating_sub(1)),
        };
        let actions = given(segment::ACTIONS, &inputs.actions);
        Node { program: body.program, inputs: [blueprint, state, actions, Source::Empty], output: UNKNOWN }
    };
    (0..).zip(&body.segments).map(node).collect()
}

/// Roots of outputs.
pub fn roots(outputs: &[Vec<u8>]) -> Vec<Hash> {
    outputs.iter().map(|output| merkle::root(segment::STATE, output)).collect()
}

/// Root of a segment's actions.
pub fn actions_root(inputs: &Inputs) -> Hash {
    merkle::root(segment::ACTIONS, &inputs.actions)
}
