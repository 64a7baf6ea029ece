//! Jobs to try things with: a scene, a seed, random actions, signed by a user whose key everybody knows.
//!
//! The keys are hashes of their labels, and good for nothing but trials.

use std::{num::NonZeroU64, sync::Arc};

use hyperdust_gym::{AutoresetMode, Sampler, Seeds, VectorEnv, VectorOptions, rows};
use hyperdust_kernel::{Model, merkle::Hash};
use hyperdust_receipt::{ActionRoot, Address, Domain, Key, Signed, Terms, chain};
use hyperdust_scene::Scene;
use sha3::{Digest, Keccak256};

use crate::{Error, Job, job::Inputs};

/// Steps of a segment, unless it is said otherwise: what a provider may lose to a user who does not sign.
pub const SEGMENT_STEPS: u32 = 64;

/// A key that everybody knows.
pub fn key(label: &str) -> Result<Key, Error> {
    let secret: Hash = Keccak256::digest(format!("hyperdust trial {label}")).into();
    Key::from_secret(&secret).map_err(|error| Error::Job(error.to_string()))
}

/// The compiled scene of a published name, or of a folder.
pub fn model(scene: &str) -> Result<Arc<Model>, Error> {
    let scene =
        if Scene::builtin_names().contains(&scene) { Scene::builtin(scene) } else { Scene::open(scene.as_ref()) }?;
    Ok(Model::new(scene.cook(&Default::default())?.blueprint)?)
}

/// A job of `steps` random actions (over the whole action space, drawn from `seed`) in `scene`, reset with `seed`, in
/// segments of `every` steps, with next-step autoreset; signed.
pub fn job(model: &Arc<Model>, program: Hash, seed: u64, steps: u32, every: u32) -> Result<Job, Error> {
    let options = VectorOptions { num_envs: 1, num_threads: 1, autoreset: AutoresetMode::NextStep };
    let mut env = VectorEnv::new(Arc::clone(model), options)?;
    env.commit(every);
    env.reset(Seeds::First(seed), None)?;
    let mut sampler = Sampler::new(model.actions(), seed);
    for _ in 0..steps {
        let rows = rows(model.actions(), &[sampler.draw(model.actions()).to_vec()]);
        env.step(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    }
    let segments: Vec<_> = env.take_segments(true)?.into_iter().map(|(_, segment)| segment).collect();
    sign(&Job::cut(model, program, &segments)?, seed, every)
}

/// The job with the trial user's signatures, under terms that name `seed` and leave `every` steps unsigned.
pub fn sign(job: &Job, seed: u64, every: u32) -> Result<Job, Error> {
    let user = key("user")?;
    let terms = Terms {
        domain: Domain { chain_id: 31, contract: Address([0x11; 20]) },
        job: Keccak256::new().chain_update(job.model().id().0).chain_update(seed.to_le_bytes()).finalize().into(),
        user: user.address(),
        provider: key("provider")?.address(),
        credit: NonZeroU64::new(u64::from(every)).unwrap_or(NonZeroU64::MIN),
    };
    signed(job, terms, &user)
}

/// The job as its user signs it under these terms, segment by segment.
pub fn signed(job: &Job, terms: Terms, user: &Key) -> Result<Job, Error> {
    let (mut root, mut steps) = (chain::START, 0_u64);
    let mut segments = job.segments().to_vec();
    for (number, inputs) in segments.iter_mut().enumerate() {
        root = chain::next(chain::ACTIONS, &root, &crate::job::actions_root(inputs));
        steps += u64::from(job.shape(number)?.0);
        let message = ActionRoot { job: terms.job, segment: number as u64, steps, root };
        *inputs = Inputs { signed: Some(Signed::new(message, &terms.domain, user)), ..inputs.clone() };
    }
    Job::new(job.model(), job.program(), segments, Some(terms))
}
