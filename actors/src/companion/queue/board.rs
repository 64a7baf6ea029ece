//! What is to be done next: the queue's state, without threads.
//!
//! A *slot* is a node by its identity, whatever jobs it is part of. Its *users* are the places that it has in jobs that have
//! begun. Invariants: a slot is run only while it has users and after all slots that it reads; a slot with users keeps its
//! output; a job is over when all its slots have outputs and were handed on, or one has failed.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap},
    sync::Arc,
};

use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::{Graph, Node, Source};

use super::{Event, Limits, Output, Report, identity};
use crate::Error;

/// A job's place in line: the highest priority first, then the smallest number.
type Place = (i32, Reverse<usize>);

pub(super) enum Task<J> {
    Load {
        job: usize,
    },
    /// One, or some that are alike.
    Run {
        nodes: Vec<Due<J>>,
    },
    Finish {
        number: usize,
        job: Arc<J>,
        outputs: Vec<Output>,
    },
}

/// A slot to be run, as part of one of its jobs.
pub(super) struct Due<J> {
    pub slot: usize,
    pub job: Arc<J>,
    pub index: u32,
    pub outputs: Vec<Option<Output>>,
}

enum State {
    Waiting,
    Running,
    Done(Output),
    Failed(Arc<Error>),
}

struct Slot {
    /// Slot of each input that comes from a node.
    inputs: Vec<Option<usize>>,
    /// What it has in common with those that it may be run with.
    alike: Option<Hash>,
    /// Slots that read this one.
    readers: Vec<usize>,
    /// Places in jobs that are not over.
    places: usize,
    /// Those in jobs that have begun: job, and index in its graph.
    users: Vec<(usize, u32)>,
    state: State,
    /// It is in the heap of what is ready.
    queued: bool,
}

struct Entry<J, D> {
    plan: Hash,
    slots: Vec<usize>,
    nodes: usize,
    loaded: Option<Arc<J>>,
    /// Slots without an output.
    left: usize,
    result: Option<Result<D, Arc<Error>>>,
}

pub(super) struct Board<J, D> {
    slots: Vec<Slot>,
    jobs: Vec<Entry<J, D>>,
    priorities: Vec<i32>,
    line: BinaryHeap<Place>,
    ready: BinaryHeap<(Place, Reverse<u32>, usize)>,
    complete: Vec<usize>,
    active: usize,
    /// Bytes of outputs without users. Every slot with an output and no users is counted.
    kept: usize,
    limits: Limits,
    runs: usize,
    /// Slots that are running.
    running: usize,
}

impl<J, D> Board<J, D> {
    pub fn new(
        plans: impl Iterator<Item = Result<Graph, Error>>,
        priorities: &[i32],
        limits: Limits,
        alike: impl Fn(&Node) -> Option<Hash>,
    ) -> Self {
        let mut board = Self {
            slots: Vec::new(),
            jobs: Vec::new(),
            priorities: priorities.to_vec(),
            line: BinaryHeap::new(),
            ready: BinaryHeap::new(),
            complete: Vec::new(),
            active: 0,
            kept: 0,
            limits,
            runs: 0,
            running: 0,
        };
        let mut by_identity = HashMap::new();
        for (number, plan) in plans.enumerate() {
            let entry = match plan {
                Ok(plan) => {
                    board.line.push(board.place(number));
                    let slots = board.enter(&plan, &mut by_identity, &alike);
                    Entry {
                        plan: plan.plan(),
                        left: slots.len(),
                        nodes: slots.len(),
                        slots,
                        loaded: None,
                        result: None,
                    }
                }
                Err(error) => {
                    let result = Some(Err(Arc::new(error)));
                    Entry { plan: [0; 32], left: 0, nodes: 0, slots: Vec::new(), loaded: None, result }
                }
            };
            board.jobs.push(entry);
        }
        board
    }

    fn place(&self, job: usize) -> Place {
        (self.priorities[job], Reverse(job))
    }

    /// Slots of a graph's nodes.
    fn enter(
        &mut self,
        plan: &Graph,
        by_identity: &mut HashMap<Hash, usize>,
        alike: &impl Fn(&Node) -> Option<Hash>,
    ) -> Vec<usize> {
        let (mut known, mut slots) = (Vec::new(), Vec::new());
        for node in plan.nodes() {
            let id = identity(node, &known);
            let slot = *by_identity.entry(id).or_insert_with(|| {
                let input = |source: &Source| match *source {
                    Source::Node(index) => Some(slots[index as usize]),
                    _ => None,
                };
                let inputs: Vec<Option<usize>> = node.inputs.iter().map(input).collect();
                let slot = self.slots.len();
                for &input in inputs.iter().flatten().collect::<BTreeSet<_>>() {
                    self.slots[input].readers.push(slot);
                }
                self.slots.push(Slot {
                    inputs,
                    alike: alike(node),
                    readers: Vec::new(),
                    places: 0,
                    users: Vec::new(),
                    state: State::Waiting,
                    queued: false,
                });
                slot
            });
            self.slots[slot].places += 1;
            known.push(id);
            slots.push(slot);
        }
        slots
    }

    /// Number of different nodes.
    pub fn different(&self) -> usize {
        self.slots.len()
    }

    /// Jobs that have no graph.
    pub fn refused(&self) -> Vec<(usize, Arc<Error>)> {
        let error = |entry: &Entry<J, D>| entry.result.as_ref()?.as_ref().err().cloned();
        (0..).zip(&self.jobs).filter_map(|(job, entry)| Some((job, error(entry)?))).collect()
    }

    pub fn is_over(&self) -> bool {
        self.active == 0 && self.line.is_empty()
    }

    /// The next thing to do, if there is one now.
    pub fn next(&mut self) -> Option<Task<J>> {
        if let Some(number) = self.complete.pop() {
            let entry = &self.jobs[number];
            let job = Arc::clone(entry.loaded.as_ref()?);
            let outputs = entry.slots.iter().filter_map(|&slot| self.output(slot)).collect();
            return Some(Task::Finish { number, job, outputs });
        }
        if self.active < self.limits.active.get()
            && let Some((_, Reverse(job))) = self.line.pop()
        {
            self.active += 1;
            return Some(Task::Load { job });
        }
        let nodes: Vec<Due<J>> = self.share().into_iter().filter_map(|slot| self.start(slot)).collect();
        (!nodes.is_empty()).then_some(Task::Run { nodes })
    }

    /// The most urgent slot that is ready, and some that are alike: a thread's share of those that there are.
    fn share(&mut self) -> Vec<usize> {
        let Limits { threads, width, .. } = self.limits;
        let (mut share, mut others) = (Vec::new(), Vec::new());
        let mut alike = None;
        while share.len() < width.saturating_mul(threads).get()
            && let Some(entry) = self.ready.pop()
        {
            let slot = entry.2;
            // Its job may have failed since, and what it reads may be gone with it.
            if !self.is_ready(slot) {
                self.slots[slot].queued = false;
                continue;
            }
            if share.is_empty() {
                alike = self.slots[slot].alike;
                share.push(entry);
                if alike.is_none() {
                    break;
                }
            } else if self.slots[slot].alike == alike {
                share.push(entry);
            } else {
                others.push(entry);
            }
        }
        // What others are running will be ready again soon, for whoever is there then.
        let own = (share.len() + self.running).div_ceil(threads.get()).clamp(1, width.get());
        others.extend(share.drain(own.min(share.len())..));
        self.ready.extend(others);
        share.into_iter().map(|(_, _, slot)| slot).collect()
    }

    fn start(&mut self, slot: usize) -> Option<Due<J>> {
        let (number, index) = self.slots[slot].users[0];
        let job = Arc::clone(self.jobs[number].loaded.as_ref()?);
        let outputs = self.slots[slot].inputs.iter().map(|input| self.output((*input)?)).collect();
        let Slot { queued, state, .. } = &mut self.slots[slot];
        (*queued, *state) = (false, State::Running);
        self.runs += 1;
        self.running += 1;
        Some(Due { slot, job, index, outputs })
    }

    fn output(&self, slot: usize) -> Option<Output> {
        match &self.slots[slot].state {
            State::Done(output) => Some(Arc::clone(output)),
            _ => None,
        }
    }

    fn is_ready(&self, slot: usize) -> bool {
        let Slot { state, users, inputs, .. } = &self.slots[slot];
        let there = |&input: &usize| matches!(self.slots[input].state, State::Done(_));
        matches!(state, State::Waiting) && !users.is_empty() && inputs.iter().flatten().all(there)
    }

    fn queue(&mut self, slot: usize) {
        if !self.slots[slot].queued && self.is_ready(slot) {
            self.slots[slot].queued = true;
            // Jobs begin in their order, so the first user is the one that is most urgent.
            let (job, index) = self.slots[slot].users[0];
            self.ready.push((self.place(job), Reverse(index), slot));
        }
    }

    /// A job was loaded, or could not be.
    pub fn loaded(&mut self, number: usize, loaded: Result<(J, Graph), Error>) -> Vec<Event> {
        let job = match loaded {
            Ok((job, graph)) if graph.plan() == self.jobs[number].plan => job,
            Ok(_) => {
                let changed = Error::Job("it is another one than a moment ago".into());
                return self.over(number, Err(Arc::new(changed))).into_iter().collect();
            }
            Err(error) => return self.over(number, Err(Arc::new(error))).into_iter().collect(),
        };
        let nodes = self.jobs[number].slots.clone();
        self.jobs[number].loaded = Some(Arc::new(job));
        let mut failed = None;
        for (index, &slot) in (0..).zip(&nodes) {
            let Slot { users, state, .. } = &mut self.slots[slot];
            match state {
                State::Done(output) => {
                    if users.is_empty() {
                        self.kept -= output.len();
                    }
                    self.jobs[number].left -= 1;
                }
                State::Failed(error) => failed = failed.or_else(|| Some(Arc::clone(error))),
                State::Waiting | State::Running => {}
            }
            users.push((number, index));
        }
        let left = self.jobs[number].left;
        let begun = Event::Begun { job: number, nodes: nodes.len(), known: nodes.len() - left };
        if let Some(error) = failed {
            return [begun].into_iter().chain(self.over(number, Err(error))).collect();
        }
        if left == 0 {
            self.complete.push(number);
        }
        nodes.into_iter().for_each(|slot| self.queue(slot));
        vec![begun]
    }

    /// A slot was run.
    pub fn computed(&mut self, slot: usize, output: Result<Vec<u8>, Error>) -> Vec<Event> {
        self.running -= 1;
        let users: Vec<usize> = self.slots[slot].users.iter().map(|&(job, _)| job).collect();
        let jobs: BTreeSet<usize> = users.iter().copied().collect();
        match output {
            Ok(output) => {
                self.slots[slot].state = State::Done(output.into());
                for job in users {
                    self.jobs[job].left -= 1;
                    if self.jobs[job].left == 0 {
                        self.complete.push(job);
                    }
                }
                self.settle(slot);
                for reader in self.slots[slot].readers.clone() {
                    self.queue(reader);
                }
                vec![Event::Computed { jobs: jobs.into_iter().collect() }]
            }
            Err(error) => {
                let error = Arc::new(error);
                self.slots[slot].state = State::Failed(Arc::clone(&error));
                jobs.into_iter().filter_map(|job| self.over(job, Err(Arc::clone(&error)))).collect()
            }
        }
    }

    /// A job is over: its slots are no longer its.
    pub fn over(&mut self, number: usize, result: Result<D, Arc<Error>>) -> Option<Event> {
        let entry = &mut self.jobs[number];
        if entry.result.is_some() {
            return None;
        }
        let error = result.as_ref().err().cloned();
        entry.result = Some(result);
        entry.loaded = None;
        self.active -= 1;
        let slots = std::mem::take(&mut entry.slots);
        for &slot in &slots {
            self.slots[slot].places -= 1;
        }
        for slot in slots {
            let Slot { users, state, .. } = &mut self.slots[slot];
            // What has an output and no users is kept already; whether it stays is decided anew.
            if users.is_empty()
                && let State::Done(output) = state
            {
                self.kept -= output.len();
            }
            users.retain(|&(job, _)| job != number);
            self.settle(slot);
        }
        Some(Event::Over { job: number, error })
    }

    /// Keeps the output of a slot that has no users, and is not counted as kept, or drops it.
    fn settle(&mut self, slot: usize) {
        let Slot { users, places, state, .. } = &mut self.slots[slot];
        let State::Done(output) = state else { return };
        if !users.is_empty() {
            return;
        }
        if *places > 0 && self.kept + output.len() <= self.limits.kept {
            self.kept += output.len();
        } else {
            *state = State::Waiting;
        }
    }

    pub fn report(self) -> Report<D> {
        let lost = || Err(Arc::new(Error::Panic("the queue lost a job".into())));
        let nodes = self.jobs.iter().map(|job| job.nodes).sum();
        let results = self.jobs.into_iter().map(|job| job.result.unwrap_or_else(lost)).collect();
        Report { results, nodes, runs: self.runs }
    }
}
