//! Replaying many jobs of one scene side by side, as fast as they were made.
//!
//! A session's lanes were computed many at a time, and can be computed again so: a vector env whose lanes are the jobs, given their
//! resets and actions, cuts the same segments. Lanes are independent, so the bytes are those of [`Job::replay`]. What a vector env
//! would refuse or never makes (a bad action, a segment of nothing) runs alone.

use std::sync::Arc;

use hyperdust_gym::{AutoresetMode, Seeds, Space, VectorEnv, VectorOptions, rows};
use hyperdust_kernel::{
    layout::Layout,
    segment::{Actions, Begin},
};

use crate::{Error, Job};

/// A job as a lane: where it is in its segments.
struct Lane<'a> {
    segments: Vec<Actions<'a>>,
    segment: usize,
    action: u32,
    /// Whether what the running segment begins with is still to come; after the last, the reset that cuts it.
    fresh: bool,
}

impl<'a> Lane<'a> {
    fn new(job: &'a Job) -> Result<Self, Error> {
        let size = job.model().actions().size;
        let segments: Result<Vec<_>, _> =
            job.segments().iter().map(|inputs| Actions::decode(&inputs.actions, size)).collect();
        Ok(Self { segments: segments?, segment: 0, action: 0, fresh: true })
    }

    fn through(&self) -> bool {
        self.segment == self.segments.len()
    }

    /// The reset that comes before the next action, if any: a segment's own, or after the last any, which ends it.
    fn reset(&mut self) -> Option<Option<u64>> {
        if !self.fresh && !self.through() && self.action == self.segments[self.segment].count() {
            (self.segment, self.action, self.fresh) = (self.segment + 1, 0, true);
        }
        if !std::mem::replace(&mut self.fresh, false) {
            return None;
        }
        match self.segments.get(self.segment).map(|segment| segment.begin) {
            Some(Begin::Continue) => None,
            Some(Begin::Reset { seed }) => Some(seed),
            None => Some(None),
        }
    }

    /// Whether a segment is at its end, and the next has not begun.
    fn due(&self) -> bool {
        self.fresh || !self.through() && self.action == self.segments[self.segment].count()
    }

    /// The next action; none after the last.
    fn act(&mut self) -> Option<&'a [u8]> {
        let action = self.segments.get(self.segment)?.get(self.action)?;
        self.action += 1;
        Some(action)
    }
}

/// Steps of a segment, if these jobs can be replayed side by side: one scene and mode, every stream from its seeded beginning,
/// every segment that is not followed by a reset of the same number of steps, and nothing in them that no vector env makes.
fn alike(jobs: &[Job]) -> Option<u32> {
    let first = jobs.first()?;
    let layout = first.model().actions();
    let mode = Actions::decode(&first.segments().first()?.actions, layout.size).ok()?.mode;
    if mode == AutoresetMode::Disabled {
        // Lanes that are through go on, and nobody would reset them.
        return None;
    }
    let (mut every, mut longest) = (None, 1);
    for job in jobs {
        if job.model().id() != first.model().id() {
            return None;
        }
        let segments = job.segments().iter().map(|inputs| Actions::decode(&inputs.actions, layout.size));
        let segments = segments.collect::<Result<Vec<_>, _>>().ok()?;
        for (number, (inputs, actions)) in job.segments().iter().zip(&segments).enumerate() {
            let begins = match inputs.start.as_deref() {
                Some([]) if number == 0 => matches!(actions.begin, Begin::Reset { seed: Some(_) }),
                Some(_) => false,
                None => actions.begin != Begin::Continue || actions.count() > 0,
            };
            if !begins || actions.mode != mode || !actions.iter().all(|action| ordinary(layout, action)) {
                return None;
            }
            longest = longest.max(actions.count());
            let goes_on = segments.get(number + 1).is_some_and(|next| next.begin == Begin::Continue);
            if goes_on && *every.get_or_insert(actions.count()) != actions.count() {
                return None;
            }
        }
    }
    Some(every.unwrap_or(longest)).filter(|&every| longest <= every)
}

/// Whether a vector env takes this action, and gives the same bytes to its world.
fn ordinary(layout: &Layout, action: &[u8]) -> bool {
    let mut padding = action.to_vec();
    for segment in &layout.segments {
        padding[segment.offset..segment.offset + segment.bytes()].fill(0);
    }
    Space::contains(layout, action) && padding.iter().all(|&byte| byte == 0)
}

/// Output of every segment of every job, as [`Job::replay`] gives them. Jobs that are not alike run one after the other.
pub fn replay(jobs: &[Job], threads: usize) -> Result<Vec<Vec<Vec<u8>>>, Error> {
    let (Some(every), Some(first)) = (alike(jobs), jobs.first()) else {
        return alone(jobs);
    };
    let model = first.model();
    let mut lanes = jobs.iter().map(Lane::new).collect::<Result<Vec<_>, Error>>()?;
    let autoreset = lanes[0].segments[0].mode;
    let mut env =
        VectorEnv::new(Arc::clone(model), VectorOptions { num_envs: jobs.len(), num_threads: threads, autoreset })?;
    env.commit(every);
    let mut outputs = vec![Vec::new(); jobs.len()];
    let mut arenas = vec![vec![0; model.actions().size]; jobs.len()];
    while !lanes.iter().all(Lane::through) {
        // A segment may do nothing but reset.
        loop {
            let resets: Vec<_> = lanes.iter_mut().map(Lane::reset).collect();
            let mask: Vec<bool> = resets.iter().map(Option::is_some).collect();
            if !mask.contains(&true) && !lanes.iter().any(Lane::due) {
                break;
            }
            if mask.contains(&true) {
                let seeds: Vec<Option<u64>> = resets.into_iter().map(Option::flatten).collect();
                env.reset(Seeds::Each(&seeds), Some(&mask))?;
            }
        }
        for (lane, arena) in lanes.iter_mut().zip(&mut arenas) {
            // A lane that is through repeats its last action, and nobody looks.
            if let Some(action) = lane.act() {
                arena.copy_from_slice(action);
            }
        }
        let rows = rows(model.actions(), &arenas);
        env.step(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        take(&mut env, jobs, &mut outputs);
    }
    let whole = outputs.iter().zip(jobs).all(|(outputs, job)| outputs.len() == job.segments().len());
    if whole { Ok(outputs) } else { alone(jobs) }
}

fn alone(jobs: &[Job]) -> Result<Vec<Vec<Vec<u8>>>, Error> {
    jobs.iter().map(|job| job.replay(|_| {})).collect()
}

fn take(env: &mut VectorEnv, jobs: &[Job], outputs: &mut [Vec<Vec<u8>>]) {
    for (lane, segment) in env.take_segments(false) {
        // What a lane does after its last segment is nobody's.
        if outputs[lane].len() < jobs[lane].segments().len() {
            outputs[lane].push(segment.output);
        }
    }
}

#[cfg(test)]
mod tests {
    use hyperdust_gym::Sampler;
    use hyperdust_kernel::Model;

    use super::*;
    use crate::trial;

    /// Jobs as a session makes them: `lanes` of them, some reset on the way, in segments of 7 steps.
    fn session(model: &Arc<Model>, autoreset: AutoresetMode, lanes: usize, steps: usize) -> Vec<Job> {
        let options = VectorOptions { num_envs: lanes, num_threads: 1, autoreset };
        let mut env = VectorEnv::new(Arc::clone(model), options).unwrap();
        env.commit(7);
        env.reset(Seeds::First(5), None).unwrap();
        let mut sampler = Sampler::new(model.actions(), 1);
        for step in 0..steps {
            if step == 10 || step == 11 {
                let mask: Vec<bool> = (0..lanes).map(|lane| lane % 3 == 1).collect();
                env.reset(Seeds::Continue, Some(&mask)).unwrap();
            }
            let arenas: Vec<_> = (0..lanes).map(|_| sampler.draw(model.actions()).to_vec()).collect();
            let rows = rows(model.actions(), &arenas);
            env.step(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        }
        let mut segments = vec![Vec::new(); lanes];
        for (lane, segment) in env.take_segments(true) {
            segments[lane].push(segment);
        }
        // Some end earlier than others, in the middle of a segment too.
        for (lane, segments) in segments.iter_mut().enumerate() {
            segments.truncate(segments.len() - lane % 2);
        }
        segments.iter().map(|segments| Job::cut(model, [1; 32], segments).unwrap()).collect()
    }

    /// Side by side or one after the other: the same bytes, whether or not they could be put side by side.
    #[test]
    fn bytes_are_those_of_jobs_alone() {
        for scene in ["cartpole", "hopper", "blocks"] {
            let model = trial::model(scene).unwrap();
            for mode in AutoresetMode::ALL {
                // With autoreset disabled, ended lanes would have to be reset: short enough that none ends.
                let steps = if mode == AutoresetMode::Disabled { 8 } else { 40 };
                let jobs = session(&model, mode, 9, steps);
                assert_eq!(alike(&jobs).is_some(), mode != AutoresetMode::Disabled);
                let alone: Vec<_> = jobs.iter().map(|job| job.replay(|_| {}).unwrap()).collect();
                assert_eq!(replay(&jobs, 2).unwrap(), alone, "{scene}, {mode}");
            }
        }
    }
}
