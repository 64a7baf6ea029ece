//! How fast a companion replays a session, against how fast it was run: `cargo run --release -p hyperdust-actors --example replay
//! [SCENE] [LANES]`. Both cut and commit to the same segments, in turn, five times; the medians' ratio.

use std::{env, sync::Arc, time::Instant};

use hyperdust_actors::{Job, together, trial};
use hyperdust_gym::{AutoresetMode, Sampler, Seeds, Segment, VectorEnv, VectorOptions, rows};
use hyperdust_kernel::Model;

const STEPS: usize = 256;
const TURNS: usize = 5;

fn main() {
    let mut arguments = env::args().skip(1);
    let scene = arguments.next().unwrap_or_else(|| "ant".into());
    let lanes = arguments.next().map_or(256, |lanes| lanes.parse().expect("a number of lanes"));
    let model = trial::model(&scene).unwrap_or_else(|error| panic!("{error}"));
    let mut sampler = Sampler::new(model.actions(), 1);
    let batches: Vec<Vec<Vec<u8>>> = (0..STEPS)
        .map(|_| {
            let arenas: Vec<_> = (0..lanes).map(|_| sampler.draw(model.actions()).to_vec()).collect();
            rows(model.actions(), &arenas)
        })
        .collect();
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        let start = Instant::now();
        let segments = run(&model, lanes, &batches);
        times[0].push(start.elapsed().as_secs_f64());
        let jobs: Vec<Job> = segments
            .iter()
            .map(|segments| Job::cut(&model, [1; 32], segments).expect("a stream from its beginning"))
            .collect();
        let start = Instant::now();
        let outputs = together::replay(&jobs, 0).unwrap_or_else(|error| panic!("{error}"));
        times[1].push(start.elapsed().as_secs_f64());
        assert!(outputs.iter().zip(&jobs).all(|(outputs, job)| outputs.len() == job.segments().len()));
    }
    let [run, replay] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[TURNS / 2]
    });
    let rate = |seconds: f64| (lanes * STEPS) as f64 / seconds;
    println!(
        "{scene}, {lanes} lanes: run {:.0} steps/s, replay {:.0} steps/s, ratio {:.2}",
        rate(run),
        rate(replay),
        run / replay
    );
}

fn run(model: &Arc<Model>, lanes: usize, batches: &[Vec<Vec<u8>>]) -> Vec<Vec<Segment>> {
    let options = VectorOptions { num_envs: lanes, num_threads: 0, autoreset: AutoresetMode::NextStep };
    let mut env = VectorEnv::new(Arc::clone(model), options).expect("options are valid");
    env.commit(trial::SEGMENT_STEPS);
    env.reset(Seeds::First(0), None).expect("a new env can be reset");
    for batch in batches {
        env.step(&batch.iter().map(Vec::as_slice).collect::<Vec<_>>()).expect("actions are valid");
    }
    let mut segments = vec![Vec::new(); lanes];
    for (lane, segment) in env.take_segments(true) {
        segments[lane].push(segment);
    }
    segments
}
