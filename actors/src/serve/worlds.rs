//! The worlds of a session: a vector env that can be brought back to where it was.
//!
//! Everything that acts on them is a [`Deed`], live and when a session is brought back alike: the same deeds in the same order give
//! the same bytes. Chance enters at one place, [`Worlds::reset`], which writes the seeds that it draws into the deed.

use std::sync::Arc;

use hyperdust_gym::{AutoresetMode, Batch, Episode, Error, Seeds, VectorEnv, VectorOptions};

use hyperdust_policy::Policy;
use hyperdust_wire::{Code, Failure};

use super::{
    catalogue::Dish,
    ledger::{Checkpoint, Deed, Entry},
    policy::{Policies, actions},
    signing::{Agreed, Books},
};

/// What a session was opened with.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The scene.
    pub dish: Arc<Dish>,
    /// Lanes.
    pub lanes: usize,
    /// What happens to ended ones.
    pub mode: AutoresetMode,
    /// Threads that step them; 0: one a processor.
    pub threads: usize,
    /// Whether episodes are recorded.
    pub record: bool,
    /// What is signed, if anything is.
    pub signing: Option<Agreed>,
    /// Who may drive it.
    pub policies: Arc<Policies>,
}

/// The worlds.
#[derive(Debug)]
pub struct Worlds {
    env: VectorEnv,
    /// Lanes that have been given a seed: the others have to be given one before they can be reset.
    seeded: Vec<bool>,
    /// What was signed.
    pub books: Option<Books>,
    /// The frames that the last RECEIPT is answered with.
    pub countersigned: (Vec<u8>, Vec<u8>),
    policies: Arc<Policies>,
}

impl Worlds {
    /// New ones, waiting for their first reset.
    pub fn new(shape: &Shape) -> Result<Self, Error> {
        let options = VectorOptions { num_envs: shape.lanes, num_threads: shape.threads, autoreset: shape.mode };
        let mut env = VectorEnv::new(shape.dish.model.clone(), options)?;
        if shape.record {
            // Blueprints are kept once, beside the episodes.
            env.record(false);
        }
        let books = shape.signing.as_ref().map(|agreed| {
            env.commit(agreed.terms.every);
            Books::new(agreed, shape.dish.model.actions().size)
        });
        let (seeded, policies) = (vec![false; shape.lanes], shape.policies.clone());
        Ok(Self { env, seeded, books, countersigned: Default::default(), policies })
    }

    /// Those that a session had after these deeds. `each` sees every deed done again, with the batch it gave; episodes that end on the
    /// way are returned: whether they were handed on before, the log does not know.
    pub fn restore(
        shape: &Shape,
        checkpoint: &Checkpoint,
        entries: &[Arc<Entry>],
        mut each: impl FnMut(&Entry, &mut Self),
    ) -> Result<(Self, Vec<(usize, Episode)>), Error> {
        let mut worlds = Self::new(shape)?;
        if let Some(snapshot) = &checkpoint.snapshot {
            worlds.env.restore(snapshot)?;
        }
        if checkpoint.seeded.len() == shape.lanes {
            worlds.seeded.clone_from(&checkpoint.seeded);
        }
        let mut episodes = worlds.env.take_episodes();
        for entry in entries {
            worlds.obey(&entry.deed)?;
            each(entry, &mut worlds);
            episodes.extend(worlds.env.take_episodes());
        }
        Ok((worlds, episodes))
    }

    /// The first lane that a reset with these seeds would have to choose a seed for.
    pub fn unseeded(&self, seeds: Seeds<'_>, mask: Option<&[bool]>) -> Option<usize> {
        let given = |lane: usize| match seeds {
            Seeds::Continue => false,
            Seeds::First(_) => true,
            Seeds::Each(list) => list.get(lane).copied().flatten().is_some(),
        };
        let named = |lane: usize| mask.is_none_or(|mask| mask.get(lane).copied().unwrap_or_default());
        (0..self.seeded.len()).find(|&lane| !self.seeded[lane] && named(lane) && !given(lane))
    }

    /// Whether a lane was never seeded.
    pub fn fresh(&self, lane: usize) -> bool {
        self.seeded.get(lane).is_some_and(|seeded| !seeded)
    }

    /// The deed of a reset with these seeds, and whether chance is in it: lanes that never had one get one from the operating system.
    pub fn reset(&self, seeds: Seeds<'_>, mask: Option<&[bool]>) -> Result<(Deed, bool), Error> {
        let lanes = self.seeded.len();
        if let Seeds::Each(list) = seeds
            && list.len() != lanes
        {
            return Err(Error::SeedCount { found: list.len(), lanes });
        }
        let mut drawn = None;
        let mut each = Vec::with_capacity(lanes);
        for lane in 0..lanes {
            let given = match seeds {
                Seeds::Continue => None,
                Seeds::First(first) => Some(first.wrapping_add(lane as u64)),
                Seeds::Each(list) => list[lane],
            };
            each.push(match given {
                None if !self.seeded[lane] => {
                    let base = match drawn {
                        Some(base) => base,
                        None => *drawn.insert(getrandom::u64().map_err(Error::Entropy)?),
                    };
                    Some(u64::wrapping_add(base, lane as u64))
                }
                given => given,
            });
        }
        Ok((Deed::Reset { seeds: each, mask: mask.map(<[bool]>::to_vec) }, drawn.is_some()))
    }

    /// Does it. On an error nothing has changed.
    pub fn obey(&mut self, deed: &Deed) -> Result<&Batch, Error> {
        match deed {
            Deed::Nothing => {}
            Deed::Reset { seeds, mask } => {
                self.env.reset(Seeds::Each(seeds), mask.as_deref())?;
                for (lane, seeded) in self.seeded.iter_mut().enumerate() {
                    *seeded |= mask.as_ref().is_none_or(|mask| mask[lane]);
                }
            }
            Deed::Step(actions) => {
                let segments: Vec<&[u8]> = actions.iter().map(Vec::as_slice).collect();
                self.env.step(&segments)?;
            }
            Deed::Restore(snapshot) => {
                self.env.restore(snapshot)?;
                self.seeded.fill(true);
            }
            // They held when they were written down, so they do now.
            Deed::Receipt(frame) => {
                if let Some(books) = &mut self.books
                    && let Ok(countersigned) = books.countersign(frame)
                {
                    self.countersigned.clone_from(&countersigned.frames);
                    books.settle(countersigned);
                }
            }
            Deed::Voucher(frame) => {
                if let Some(books) = &mut self.books
                    && let Ok(voucher) = books.check(frame)
                {
                    books.pay(voucher);
                }
            }
            Deed::Run { policy, steps, .. } => {
                // A session is brought back only where its policies are hosted, and a policy that could make steps can make them again.
                let policy = self.policies.known(policy).cloned().expect("the policy that the deed names");
                self.run(&policy, *steps, |_| true).expect("steps that were made before");
            }
        }
        if let (Some(books), Deed::Reset { .. } | Deed::Step(_)) = (&mut self.books, deed) {
            let cut = books.cut(self.env.take_segments(false)?);
            // Whoever is asked may_go_on first is never refused here.
            assert!(cut.is_ok(), "segments that the books do not take: {cut:?}");
        }
        Ok(self.env.batch())
    }

    /// Steps with the actions of a policy that fits the scene: so many, or fewer where `after`, which is called after each, says that
    /// it is enough, or where a lane's episode has ended that nobody resets. How many were made. On an error the worlds are where the
    /// last step has left them.
    pub fn run(
        &mut self,
        policy: &Policy,
        steps: u32,
        mut after: impl FnMut(&mut Self) -> bool,
    ) -> Result<u32, Failure> {
        for made in 1..=steps {
            let actions = actions(policy, &self.env).map_err(|why| Failure::new(Code::Invalid, why))?;
            let segments: Vec<&[u8]> = actions.iter().map(Vec::as_slice).collect();
            let batch = self.env.step(&segments).map_err(|error| Failure::from(&error))?;
            let ended = batch.terminated.iter().chain(&batch.truncated).any(|ended| *ended);
            let ended = ended && self.env.autoreset_mode() == AutoresetMode::Disabled;
            if !after(self) || ended {
                return Ok(made);
            }
        }
        Ok(steps)
    }

    /// Becomes what it [stood](Self::stand) for.
    pub fn back(&mut self, snapshot: &[u8], seeded: Vec<bool>) -> Result<(), Error> {
        self.env.restore(snapshot)?;
        self.seeded = seeded;
        Ok(())
    }

    /// The vector env, to read.
    pub fn env(&self) -> &VectorEnv {
        &self.env
    }

    /// Episodes that have ended since they were last taken, each with its lane.
    pub fn take_episodes(&mut self) -> Vec<(usize, Episode)> {
        self.env.take_episodes()
    }

    /// What a checkpoint is made of.
    pub fn stand(&self) -> Result<(Vec<u8>, Vec<bool>), Error> {
        Ok((self.env.snapshot()?, self.seeded.clone()))
    }
}

#[cfg(test)]
mod tests {
    use hyperdust_gym::{Sampler, rows};

    use super::*;
    use crate::serve::{
        catalogue::{Catalogue, Order},
        ledger::Ledger,
    };

    fn shape(scene: &str, mode: AutoresetMode, threads: usize) -> Shape {
        let dish = Catalogue::read(&[]).unwrap().cook(&Order::of(scene)).unwrap();
        Shape { dish, lanes: 5, mode, threads, record: true, signing: None, policies: Arc::default() }
    }

    /// Brought back from any point, with any number of threads, worlds give the batches and episodes that they would have given: also
    /// where the first reset had no seeds, and where lanes were reset one by one.
    #[test]
    fn worlds_come_back() {
        for (scene, mode) in [
            ("cartpole", AutoresetMode::SameStep),
            ("cartpole", AutoresetMode::NextStep),
            ("pendulum", AutoresetMode::Disabled),
        ] {
            let shape = shape(scene, mode, 1);
            let layout = shape.dish.model.actions();
            let mut samplers: Vec<Sampler> = (0..5).map(|seed| Sampler::new(layout, seed)).collect();
            let mut worlds = Worlds::new(&shape).unwrap();
            let mut ledger = Ledger::new(4, 5);
            let (mut batches, mut episodes) = (Vec::new(), Vec::new());
            for round in 0..120 {
                let deed = match round {
                    0 => worlds.reset(Seeds::Continue, None).unwrap().0,
                    40 => worlds.reset(Seeds::Continue, Some(&[true, false, false, true, false])).unwrap().0,
                    _ => {
                        let arenas: Vec<_> = samplers.iter_mut().map(|s| s.draw(layout).to_vec()).collect();
                        Deed::Step(rows(layout, &arenas))
                    }
                };
                if let Err(Error::NeedsReset { .. }) = worlds.obey(&deed) {
                    continue;
                }
                batches.push(worlds.env().batch().clone());
                episodes.extend(worlds.take_episodes());
                ledger.answered(deed, Arc::default());
                if round % 50 == 49 {
                    let (snapshot, seeded) = worlds.stand().unwrap();
                    ledger.stand(snapshot, seeded);
                }
            }
            let (checkpoint, entries) = ledger.story();
            assert!(checkpoint.snapshot.is_some() && !entries.is_empty(), "{scene}: something is to be done again");
            let mut again = Vec::new();
            let seen = |_: &Entry, worlds: &mut Worlds| again.push(worlds.env().batch().clone());
            let other = Shape { threads: 2, ..shape.clone() };
            let (back, found) = Worlds::restore(&other, &checkpoint, &entries, seen).unwrap();
            assert_eq!(again[..], batches[batches.len() - again.len()..], "{scene}");
            assert!(found.iter().all(|episode| episodes.contains(episode)), "{scene}");
            assert_eq!(back.stand().unwrap(), worlds.stand().unwrap(), "{scene}");
        }
    }
}
