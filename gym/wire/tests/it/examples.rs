//! One of every message: what the tests send through the decoders, and what the golden files hold.

use hyperdust_wire::{ArraySpec, FAULTS, Hex, Kind, Layout, Reply, Request, Token, message::*};

use crate::model;

/// Seeds 0, 1, 2.
const SEEDS: [u8; 24] = {
    let mut seeds = [0; 24];
    (seeds[8], seeds[16]) = (1, 2);
    seeds
};

/// Requests: at least one of every kind.
pub fn requests() -> Vec<Request<'static>> {
    let id = Hex([7; 32]);
    let mut open = Open::new("ant", 64);
    open.parameters = [
        ("gravity".into(), Value::Float(-9.81)),
        ("legs".into(), Value::Integer(4)),
        ("half".into(), Value::Float(0.5)),
        ("floor".into(), Value::Bool(true)),
        ("name".into(), Value::Text("\u{1F980} \"".into())),
        ("list".into(), Value::List(vec![1.0, 2.5])),
    ]
    .into();
    open.max_episode_steps = Some(0);
    open.agent = Some("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7".into());
    open.signing = Some(SigningRequest { user: Hex([1; 20]), every: 100, session: None, proof: None });
    vec![
        Request::Hello(Hello { versions: vec![1, 2], client: "test".into() }),
        Request::Scenes,
        Request::Ping,
        Request::Shutdown,
        Request::Open(Box::new(Open::new("cartpole", 1))),
        Request::Open(Box::new(open)),
        Request::Resume(Resume { session: 9, token: Token(Hex([3; 16])), answered: 0, again: None }),
        Request::Reset(Reset { seeds: SeedsFrame::Continue, each: None, mask: None }),
        Request::Reset(Reset { seeds: SeedsFrame::First(u64::MAX), each: None, mask: Some(&[1, 0, 1]) }),
        Request::Reset(Reset { seeds: SeedsFrame::Each, each: Some((&SEEDS, &[1, 0, 1])), mask: Some(&[1, 1, 1]) }),
        Request::Step(&[&[1; 8], &[2; 4]]),
        Request::Step(&[]),
        Request::Run(Run { policy: "ant".into(), steps: 1000 }),
        Request::Snapshot,
        Request::Restore(&[1, 2, 3]),
        Request::Close,
        Request::Receipt(&[1; 145]),
        Request::Voucher(&[1; 185]),
        Request::Episodes(EpisodeQuery { scene: Some("ant".into()), after: Some(id), limit: 5, ..Default::default() }),
        Request::Episode(EpisodeId { id }),
        Request::PolicyOpen(PolicyOpen { name: "ant".into(), payment: None }),
        Request::PolicyOpen(PolicyOpen {
            name: "ant".into(),
            payment: Some(Payer { session: Hex([6; 32]), user: Hex([4; 20]) }),
        }),
        Request::PolicyAct(PolicyName { name: "ant".into() }, &[0; 16], None),
        Request::PolicyAct(PolicyName { name: "ant".into() }, &[0; 16], Some(&[1; 185])),
        Request::Jobs,
        Request::Job(JobId { job: id }),
        Request::Commit(CommitRequest { job: id, commitment: id, companion: Hex([2; 20]) }),
        Request::Opening(OpeningRequest { job: id }, &[1]),
    ]
}

/// Replies, by what they answer: at least one to every kind.
pub fn replies() -> Vec<(Kind, Reply<'static>)> {
    let limits = Limits {
        lanes: 4096,
        sessions: 8,
        pipeline: 4,
        data: 1 << 20,
        heartbeat_ms: 5000,
        silence_ms: 60_000,
        resume_ms: 1,
    };
    let welcome = Welcome { version: 1, server: "test".into(), kernel: 2, role: Role::Agent, limits, draining: false };
    let id = Hex([7; 32]);
    let scene = SceneSummary {
        name: "ant".into(),
        title: "Ant".into(),
        blueprint: id,
        tier: "provable".into(),
        max_episode_steps: 1000,
        parameters: vec!["gravity".into()],
    };
    let episode = EpisodeSummary {
        id,
        scene: "ant".into(),
        blueprint: id,
        seed: Some(u64::MAX),
        steps: 1000,
        episode_return: -12.5,
        complete: true,
        session: 9,
        lane: 2,
        time_ms: 1_795_000_000_000,
        bytes: 123,
    };
    let policy = Policy { name: "ant".into(), inputs: 105, outputs: 8, rows: 64, digest: id, payment: None };
    let paid = PaymentSoFar { voucher: Hex([1; 185]), actions: Hex([2; 32]), outputs: Hex([3; 32]) };
    let terms = PolicyTerms {
        chain_id: 73_313,
        contract: Hex([8; 20]),
        provider: Hex([9; 20]),
        price: "10000000000".into(),
        deposit: "10000000000000000".into(),
        paid: Some(paid),
    };
    let job = JobSummary { job: id, blueprint: id, segments: 3, steps: 300 };
    vec![
        (Kind::Hello, Reply::Welcome(welcome)),
        (Kind::Scenes, Reply::Scenes(SceneList { scenes: vec![scene] })),
        (Kind::Open, Reply::Opened(Box::new(opened()))),
        (Kind::Resume, Reply::Resumed(Box::new(Resumed { opened: opened(), next: 5 }))),
        (Kind::Reset, Reply::Batch(&[1; 16], None)),
        (Kind::Step, Reply::Batch(&[1; 16], Some(&[2; 8]))),
        (Kind::Run, Reply::Batch(&[], None)),
        (Kind::Restore, Reply::Batch(&[1; 16], None)),
        (Kind::Snapshot, Reply::Snapshot(&[1, 2])),
        (Kind::Close, Reply::Closed(Closed { steps: 5, episodes: 1 })),
        (Kind::Receipt, Reply::Receipt(&[1; 32], &[2; 177])),
        (Kind::Voucher, Reply::Done),
        (Kind::Ping, Reply::Done),
        (Kind::Shutdown, Reply::Done),
        (Kind::Opening, Reply::Done),
        (Kind::Episodes, Reply::Episodes(EpisodeList { episodes: vec![episode.clone()], more: true })),
        (Kind::Episode, Reply::Episode(episode, b"HDEP")),
        (Kind::PolicyOpen, Reply::Policy(policy.clone())),
        (Kind::PolicyOpen, Reply::Policy(Policy { payment: Some(terms.into()), ..policy })),
        (Kind::PolicyAct, Reply::Actions(&[0; 32])),
        (Kind::Jobs, Reply::Jobs(JobList { jobs: vec![job] })),
        (Kind::Job, Reply::Job(b"HDJB")),
        (Kind::Commit, Reply::Claim(&[9; 32])),
    ]
}

/// What a server would say of a session of `ant` with three lanes.
pub fn opened() -> Opened {
    let model = model("ant");
    let mode = hyperdust_gym::AutoresetMode::SameStep;
    Opened {
        session: 9,
        token: Token(Hex([3; 16])),
        scene: "ant".into(),
        blueprint: Hex([5; 32]),
        num_envs: 3,
        autoreset: mode.name().into(),
        max_episode_steps: 1000,
        pipeline: 2,
        rights: vec![Right::Step, Right::Reset],
        actions: ArraySpec::of(model.actions()),
        observations: ArraySpec::of(model.observations()),
        infos: model.info_names().to_vec(),
        bodies: vec!["world".into(), "torso".into()],
        faults: FAULTS.map(|fault| fault.to_string()).into(),
        layout: Layout::new(&model, 3, mode).unwrap(),
        render_fps: 20,
        signing: Some(SigningTerms {
            chain_id: 31,
            contract: Hex([1; 20]),
            user: Hex([2; 20]),
            provider: Hex([3; 20]),
            every: 100,
            session: Hex([4; 32]),
            payment: None,
            jobs: vec![Hex([5; 32]); 3],
        }),
    }
}
