//! Writes the first inputs of every target into the folders `<argument>/<target>/`: the published scenes and what comes of them.
//! From a mere empty input a fuzzer would take days to find its way past a magic number.

use std::{collections::BTreeMap, env, error::Error, fs, path::Path, sync::Arc};

use hyperdust_actors::{
    companion::{
        Assigned, Report, Session, Verdict,
        canary::{Canaries, Canary},
    },
    trial,
};
use hyperdust_gym::{AutoresetMode, Env, Seeds, VectorEnv, VectorOptions};
use hyperdust_kernel::{Model, World};
use hyperdust_mlp::{Activation, Batch, Layer, Network};
use hyperdust_proof::{
    Game, Graph, Node, Party, Source,
    game::{Challenge, Clock, Due, Move, NothingSigned, Runs, Terms, respond},
    graph::Run,
    machine::layout::image_root,
};
use hyperdust_receipt::{ActionRoot, Address, Domain, Key, OutputRoot, Receipt, Signed, Voucher, chain};
use hyperdust_scene::{Package, Scene};
use hyperdust_store::{key::Key as StoreKey, value::Part};

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::args().nth(1).ok_or("usage: seeds FOLDER")?;
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = Path::new(&out).join(target);
        fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(name), bytes))
    };
    let scenes = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenes"));
    for name in Scene::builtin_names() {
        let text = fs::read_to_string(scenes.join(name).join("scene.toml"))?;
        write("scene", name, text.as_bytes())?;
        for (index, line) in text.lines().filter_map(|line| line.split_once("= \"")).enumerate() {
            write("expression", &format!("{name}-{index}"), line.1.trim_end_matches('"').as_bytes())?;
        }
        if let Ok(robot) = fs::read(scenes.join(name).join("robot.xml")) {
            write("mjcf", name, &robot)?;
        }
        let package = Scene::builtin(name)?.package()?;
        write("package", name, &package.encode())?;
        // Small enough to be changed in many places.
        let small = BTreeMap::from([("scene.toml".to_owned(), text.clone().into_bytes())]);
        write("package", &format!("{name}-small"), &Package::from_files(small)?.encode())?;
        let blueprint = Scene::builtin(name)?.cook(&BTreeMap::new())?.blueprint;
        write("blueprint", name, &blueprint.encode()?)?;
        for term in &blueprint.task.rewards {
            write("program", &format!("{name}-{}", term.name), &borsh::to_vec(&term.value)?)?;
        }

        let model = Model::new(blueprint)?;
        let action = vec![0u8; model.actions().size];
        let mut world = World::new(model.clone(), 1);
        write("snapshot", &format!("{name}-reset"), &world.snapshot())?;
        world.step(&action);
        write("snapshot", &format!("{name}-step"), &world.snapshot())?;
        write("actions", name, &action.repeat(4))?;
        let env = played(model.clone(), &action)?;
        write("episode", name, &env.episode().ok_or("nothing was recorded")?.encode())?;
        write("env_state", name, &env.snapshot()?)?;
        let options = VectorOptions { num_envs: 2, num_threads: 1, autoreset: AutoresetMode::SameStep };
        let mut lanes = VectorEnv::new(model, options)?;
        lanes.record(false);
        lanes.reset(Seeds::First(1), None)?;
        write("env_state", &format!("{name}-lanes"), &lanes.snapshot()?)?;
    }
    for (name, bytes) in disputes()? {
        write(if name == "graph" { "graph" } else { "transcript" }, name, &bytes)?;
    }
    for (number, name) in (0..).zip(["pendulum", "hopper", "blocks"]) {
        let job = trial::job(&trial::model(name)?, [7; 32], 1, 6, 3)?;
        write("job", name, &job.encode())?;
        for (segment, inputs) in job.segments().iter().enumerate() {
            let outputs = job.replay(|_| {})?;
            let state = job.start(segment, &outputs);
            let length = u16::try_from(state.len())?.to_le_bytes();
            write("segment", &format!("{name}-{segment}"), &[&[number], &length[..], state, &inputs.actions].concat())?;
        }
        let terms = *job.terms().ok_or("a trial has terms")?;
        write("terms", name, &Session::of(&terms).encode())?;
        let committed = Assigned::new(job, &terms, &[7; 32])?.replay(|_| {})?.commit(Address([0xaa; 20]))?;
        write("graph", name, &committed.graph().encode())?;
        let verdict = Verdict::Abstained { why: "a seed".into() };
        write("report", name, &Report::new(&committed, verdict).encode())?;
        let bytes = committed.encode();
        write("commitment", name, &bytes[..bytes.len() - 32])?;
    }
    for (name, bytes) in canaries()? {
        write("canary", name, &bytes)?;
    }
    write("elf", "counts", &elf())?;
    write("elf", "list", include_bytes!("../engine/guest/IMAGE_ROOT"))?;
    write("network", "two-layers", &network()?)?;
    let golden = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../gym/wire/golden"));
    for entry in fs::read_dir(golden)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).ok_or("a name that is no text")?;
        write("wire", name, &wire(&fs::read_to_string(&path)?)?)?;
    }
    write("urdf", "arm", include_bytes!("seeds/arm.urdf"))?;
    write("mesh", "tetrahedron", include_bytes!("seeds/tetrahedron.glb"))?;
    let secret = hyperdust_store::value::Secret([7; 32]);
    for (name, key) in [("head", StoreKey::Head), ("command", StoreKey::Command(1, 2))] {
        for part in Part::cut(key, 3, b"a value") {
            write("store_value", name, &part.encode(&secret))?;
        }
    }
    for (name, bytes) in receipts()? {
        write("receipt", name, &bytes)?;
    }
    Ok(())
}

/// One of everything that the target `canary` takes, with the byte before it that says what it is.
fn canaries() -> Result<Vec<(&'static str, Vec<u8>)>, hyperdust_actors::Error> {
    let canary = |job, claim| Canary { job: [job; 32], claim: [claim; 32], salt: [9; 32] };
    let canaries = Canaries::new(vec![canary(1, 2), canary(3, 4), canary(5, 6)])?;
    let opened = canaries.open(&[1; 32]).expect("one of them");
    let posted = format!(r#"[{{"by": "{}", "claim": "0x{}"}}]"#, Address([7; 20]), "02".repeat(32));
    let files = [
        ("canaries", canaries.encode()),
        ("fixed", canaries.fix(1).encode()),
        ("opened", opened.encode()),
        ("posted", posted.into_bytes()),
    ];
    Ok((0..).zip(files).map(|(kind, (name, bytes))| (name, [vec![kind], bytes].concat())).collect())
}

/// One of everything that the target `receipt` takes, with the byte before it that says what it is.
fn receipts() -> Result<Vec<(&'static str, Vec<u8>)>, hyperdust_receipt::Error> {
    let key = Key::from_secret(&chain::next(chain::ACTIONS, &chain::START, &[1; 32]))?;
    let domain = Domain { chain_id: 31, contract: Address([0xc0; 20]) };
    let (job, root) = ([3; 32], [4; 32]);
    let actions = Signed::new(ActionRoot { job, segment: 5, steps: 600, root }, &domain, &key);
    let outputs = OutputRoot { job, segment: 5, steps: 600, actions: root, root: [6; 32] };
    let outputs = Signed::new(outputs, &domain, &key);
    let voucher = Voucher { session: job, units: 600, amount: 1 << 60, actions: root, outputs: [6; 32] };
    let unanswered = Receipt { actions, outputs: None };
    let answered = Receipt { actions, outputs: Some(outputs) };
    let seeds = [
        ("actions", 0, actions.encode()),
        ("outputs", 1, outputs.encode()),
        ("voucher", 2, Signed::new(voucher, &domain, &key).encode()),
        ("unanswered", 3, unanswered.encode()),
        ("answered", 3, answered.encode()),
        ("address", 4, key.address().to_string().into_bytes()),
    ];
    Ok(seeds.into_iter().map(|(name, kind, bytes)| (name, [&[kind], &bytes[..]].concat())).collect())
}

/// An executable of one segment at address 0, which counts down from 9, stores and exits.
fn elf() -> Vec<u8> {
    // li a0, 9; addi a0, a0, -1; bnez a0, -4; lui a1, 0x3000; sw a0, 0(a1); li a7, 93; ecall
    let code = [0x0090_0513u32, 0xfff5_0513, 0xfe05_1ee3, 0x0300_05b7, 0x00a5_a023, 0x05d0_0893, 0x0000_0073];
    let (header, entry, bytes) = (52u32, 32u32, 4 * code.len() as u32);
    let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    file.extend([2u16, 243].iter().flat_map(|half| half.to_le_bytes()));
    file.extend([1, 0, header, 0, 0].iter().flat_map(|word: &u32| word.to_le_bytes()));
    file.extend([header as u16, entry as u16, 1, 40, 0, 0].iter().flat_map(|half| half.to_le_bytes()));
    file.extend([1, header + entry, 0, 0, bytes, bytes, 7, 4].iter().flat_map(|word: &u32| word.to_le_bytes()));
    file.extend(code.iter().flat_map(|word| word.to_le_bytes()));
    file
}

/// A golden message as the target `wire` takes it: a byte that says what it is, and each frame behind its length. Frames that are
/// too long for that are cut.
fn wire(golden: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut bytes = vec![0];
    for line in golden.lines() {
        let frame = match line.split_once(' ') {
            Some(("json", json)) => json.as_bytes().to_vec(),
            Some(("hex", digits)) => {
                let pairs =
                    digits.as_bytes().chunks(2).map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?));
                pairs.collect::<Result<_, Box<dyn Error>>>()?
            }
            _ => continue,
        };
        let length = u16::try_from(frame.len()).unwrap_or(u16::MAX);
        bytes.extend(length.to_le_bytes());
        bytes.extend(&frame[..usize::from(length)]);
    }
    Ok(bytes)
}

/// A network and its observations, behind the network's length.
fn network() -> Result<Vec<u8>, hyperdust_mlp::Error> {
    let layer = |inputs: u32, units: usize, activation| {
        let weights = (0..inputs as usize * units).map(|i| 0.25 * i as f32 - 1.0).collect();
        Layer { inputs, activation, biases: vec![0.5; units], weights }
    };
    let network = Network::new(vec![layer(3, 2, Activation::Tanh), layer(2, 1, Activation::Linear)])?.encode()?;
    let observations = Batch { columns: 3, numbers: vec![0.5, -1.0, 2.0, 0.0, 1.0, -2.0] }.encode()?;
    Ok([&(network.len() as u16).to_le_bytes(), network.as_slice(), &observations].concat())
}

/// An environment after three recorded steps without control.
fn played(model: Arc<Model>, action: &[u8]) -> Result<Env, Box<dyn Error>> {
    let mut env = Env::new(model);
    env.record(true);
    env.reset(Some(1))?;
    for _ in 0..3 {
        env.step(action)?;
    }
    Ok(env)
}

/// Games about a graph of three nodes, each a program that exits at once, in which the provider is honest; and the graph.
fn disputes() -> Result<Vec<(&'static str, Vec<u8>)>, Box<dyn Error>> {
    // li a7, 93; ecall
    let image: Vec<u8> = [0x05d0_0893u32, 0x0000_0073].iter().flat_map(|word| word.to_le_bytes()).collect();
    let (program, run) = (image_root(&image)?, Run::record(&image, [None; 4], 4, 100)?);
    let output = run.output()?.root();
    let node = |from: Option<u32>| {
        let input = from.map_or(Source::Empty, Source::Node);
        Node { program, inputs: [input, Source::Empty, Source::Empty, Source::Empty], output }
    };
    // Nodes 1 and 2 read the output of the one before; it is never opened, because the challenger chooses the first piece.
    let graph = Graph::new(vec![node(None), node(Some(0)), node(Some(1))])?;
    let mut knowledge = Runs::new(graph.clone(), |_| Ok::<_, hyperdust_proof::Error>(run.clone()));
    let mut list = vec![("graph", graph.encode())];
    for (name, challenge) in
        [("outputs", Challenge::Outputs), ("inputs", Challenge::Inputs { node: 1 }), ("plan", Challenge::Plan)]
    {
        let clock = Clock { budget: 100, extension: 10 };
        let (nodes, plan, claim) = (graph.count(), graph.plan(), graph.root());
        let mut game = Game::new(Terms { nodes, plan, claim, challenge, arity: 2, clock, filed: 1 })?;
        while let Some(turn) = game.turn() {
            let action = match turn.due {
                Due::Choose { .. } => Move::Choose(0),
                Due::Pick { .. } => Move::Pick(0),
                _ => respond(Party::Provider, &game, 2, &mut knowledge)?.ok_or("the provider is due")?,
            };
            game.play(turn.by, 2, action, &NothingSigned)?;
        }
        list.push((name, game.transcript().encode()));
    }
    Ok(list)
}
