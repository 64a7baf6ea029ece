//! A hosted policy that is paid for, row by row: asked by a user and by another agent, through a server that is killed, claimed by that server and shared out. What
//! wasn't paid for isn't answered, whatever is tried.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use alloy::primitives::{B256, U256};
use hyperdust_policy::Policy;
use hyperdust_receipt::{Key, Signed, Voucher};
use hyperdust_wire::{
    Code, Failure, Hex,
    client::{Agreed, Client, ClientError, Options, PaidPolicy},
    message::Payer,
    signing::PolicyBook,
};
use serde_json::Value;

use super::{COIN, Town, agents::policy, text, wei};

const GWEI: u64 = 1_000_000_000;

/// The provider's server, in a process of its own.
struct Server {
    child: Child,
    endpoint: String,
}

impl Server {
    /// At this endpoint, hosting the worker.
    fn start(town: &Town, endpoint: &str) -> Self {
        let mut command = town.command("provider");
        std::fs::write(town.path("provider.password"), super::PASSWORD).unwrap();
        let chain = town.served.url();
        let settings = [
            format!("settlement.chain={chain}"),
            "settlement.deployment=deployment.json".into(),
            "settlement.wallet=provider".into(),
            "settlement.wallets=wallets".into(),
            "settlement.password_file=provider.password".into(),
            "settlement.look=1".into(),
            "settlement.confirmations=1".into(),
            "settlement.patience=3600".into(),
            "threads=1".into(),
        ];
        command.args([
            "serve",
            "--listen",
            endpoint,
            "--http",
            "off",
            "--data",
            "data",
            "--policy",
            "walk=worker.safetensors",
        ]);
        for setting in &settings {
            command.args(["--set", setting]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let endpoint = line.trim().strip_prefix("listens on ").expect("it says where").to_owned();
        Self { child, endpoint }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A town where the provider serves the worker, asset 1, for 10 gwei a row.
fn served() -> (Town, Server, Policy) {
    let town = Town::with(&["worker", "boss", "provider", "user"]);
    policy(&town, "worker.safetensors", 0.25);
    policy(&town, "boss.safetensors", -0.5);
    let publish = "--symbol S --shares 100 --price 3gwei --json";
    town.says("worker", &format!("agent publish worker.safetensors --name Worker {publish}"));
    town.says("boss", &format!("agent publish boss.safetensors --name Boss {publish}"));
    let server = Server::start(&town, "tcp://127.0.0.1:*");
    town.says("provider", &format!("provider register {} --key 0x{} --json", server.endpoint, "07".repeat(32)));
    town.says("provider", "provider bond 10eth --json");
    town.says("provider", "provider offer 1 --price 7gwei --json");
    let model = Policy::read(&town.path("worker.safetensors")).unwrap();
    (town, server, model)
}

fn rows(count: usize, from: f32) -> Vec<Vec<f32>> {
    (0..count).map(|row| (0..4).map(|column| from + row as f32 * 0.5 - column as f32).collect()).collect()
}

fn file(town: &Town, name: &str, rows: &[Vec<f32>]) {
    let lines: Vec<_> = rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
    std::fs::write(town.path(name), lines.join("\n")).unwrap();
}

fn expected(model: &Policy, rows: &[Vec<f32>]) -> Value {
    let actions = model.act(&rows.concat()).unwrap();
    // As text: numbers of JSON have no width, and are written as short as they can be.
    let rows = serde_json::to_string(&actions.chunks(model.outputs()).collect::<Vec<_>>()).unwrap();
    serde_json::from_str(&rows).unwrap()
}

/// Waits until a session stands so.
fn until(town: &Town, session: &str, status: &str) -> Value {
    let mut command = town.command("user");
    command.args(["session", "status", session, "--watch", "--every", "1", "--json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let shown = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let found = shown.into_iter().find(|shown| shown["status"] == status);
    let _ = child.kill();
    let _ = child.wait();
    found.unwrap_or_else(|| panic!("session {session} never was {status}"))
}

/// A user asks, goes on in the same session after the server was killed, and closes; the server claims what was asked, and all is paid out to the wei.
#[test]
fn a_policy_is_asked_and_paid() {
    let (town, server, model) = served();
    let (first, second) = (rows(3, 0.5), rows(2, -2.0));
    file(&town, "first", &first);
    file(&town, "second", &second);
    let asked = town.says("user", "agent invoke 1 --input first --deposit 0.0000001eth --json");
    assert_eq!(asked["outputs"], expected(&model, &first));
    assert_eq!((wei(&asked["paid"]), wei(&asked["left"])), (U256::from(30 * GWEI), U256::from(70 * GWEI)));
    let session = text(&asked["session"]);

    let endpoint = server.endpoint.clone();
    drop(server);
    let _server = Server::start(&town, &endpoint);
    // Its first digits are enough: there is no other.
    let again = town.says("user", &format!("agent invoke 1 --input second --session {} --json", &session[..6]));
    assert_eq!((&again["outputs"], wei(&again["cost"])), (&expected(&model, &second), U256::ZERO));
    assert_eq!((wei(&again["paid"]), wei(&again["paid_in_session"])), (U256::from(20 * GWEI), U256::from(50 * GWEI)));
    file(&town, "many", &rows(6, 0.0));
    let dear = town.refuses("user", &format!("agent invoke 1 --input many --session {session}"));
    assert!(dear.contains("6 rows more would cost more than it; accepted: 5"), "{dear}");
    let stranger = town.refuses("boss", &format!("agent invoke 1 --input second --session {session}"));
    assert!(stranger.contains("accepted: one that is open for this agent, signed by this wallet"), "{stranger}");

    town.says("user", &format!("session close {session} --json"));
    let claimed = until(&town, &session, "claimed");
    assert_eq!(wei(&claimed["claim"]["amount"]), U256::from(50 * GWEI));
    town.sleep(86_400);
    let ended = until(&town, &session, "ended");
    assert_eq!(ended["claim"]["shares"], claimed["claim"]["shares"]);
    let fetched = town.says("worker", "agent revenue 1 --withdraw --json");
    let due = wei(&claimed["claim"]["shares"]["author"]);
    assert!(due - wei(&fetched["withdrawn"]) <= U256::from(1) && due > U256::ZERO, "{fetched}");
    let over = town.refuses("user", &format!("agent invoke 1 --input second --session {session}"));
    assert!(over.contains("found one that is ended"), "{over}");
}

/// One agent asks another: the session is its account's, the wallet that owns it signs, and a deposit that is used up is claimed without anybody asking for it.
#[test]
fn an_agent_asks_an_agent() {
    let (town, _server, model) = served();
    let asked = rows(4, 1.0);
    file(&town, "rows", &asked);
    let poor = town.refuses("boss", "agent invoke 1 --input rows --as 2");
    assert!(poor.contains("agent fund"), "{poor}");
    let funded = town.says("boss", "agent fund 2 0.5eth --json");
    let answer = town.says("boss", "agent invoke 1 --input rows --as 2 --json");
    assert_eq!((&answer["outputs"], wei(&answer["left"])), (&expected(&model, &asked), U256::ZERO));
    let session = text(&answer["session"]);
    let claimed = until(&town, &session, "claimed");
    assert_eq!((&claimed["user"], wei(&claimed["claim"]["amount"])), (&funded["account"], U256::from(40 * GWEI)));
    let account = text(&funded["account"]).parse().unwrap();
    assert_eq!(town.balance(account), U256::from(COIN / 2) - U256::from(40 * GWEI));
    // Wrong inputs say what is right.
    for (input, why) in [("", "at least one"), ("[1,2]\n[\"x\"]", "a JSON array of numbers"), ("[]", "empty")] {
        std::fs::write(town.path("wrong"), input).unwrap();
        let said = town.refuses("boss", "agent invoke 1 --input wrong");
        assert!(said.contains(why), "{input}: {said}");
    }
    std::fs::write(town.path("short"), "[1, 2, 3]").unwrap();
    // Before anything is paid.
    let listed = || town.says("boss", &format!("session list --account {account} --json"))["total"].as_u64();
    let (before, boss) = (town.balance(account), town.address("boss"));
    let coin = town.balance(boss);
    for more in ["", "--as 2"] {
        let short = town.refuses("boss", &format!("agent invoke 1 --input short {more}"));
        assert!(short.contains("--input short: found 3 numbers in row 1; accepted: rows of 4"), "{short}");
    }
    let little = town.refuses("boss", "agent invoke 1 --input rows --as 2 --deposit 39gwei");
    assert!(little.contains("accepted: 0.00000004 ETH (40 gwei): 4 rows at"), "{little}");
    let own = town.refuses("provider", "agent invoke 1 --input rows");
    assert!(own.contains("found an offer of this very wallet's"), "{own}");
    assert_eq!((town.balance(account), town.balance(boss), listed()), (before, coin, Some(1)));
    let scene = town.says("boss", "scene publish cartpole --price 0wei --json");
    let no_agent = town.refuses("boss", &format!("agent invoke {} --input rows", scene["asset"]));
    assert!(no_agent.contains("accepted: an agent"), "{no_agent}");
}

fn bytes(rows: &[Vec<f32>]) -> Vec<u8> {
    rows.concat().iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// What is wrong with a voucher.
type Change = fn(&mut Voucher);

fn code(result: Result<(), ClientError>) -> Code {
    match result {
        Err(ClientError::Refused(Failure { code, .. })) => code,
        other => panic!("{other:?}"),
    }
}

/// Every voucher but the one that is due is refused, and takes nothing; the one that was due is taken once, however often it comes.
#[test]
fn only_the_voucher_that_is_due_is_taken() {
    let (town, server, model) = served();
    let session = text(&town.says("user", "session open 1 --deposit 0.0000001eth --json")["session"]);
    let session = session.parse::<B256>().unwrap().0;
    let key = town.account("user").wallet.key().unwrap();
    let other = Key::from_secret(&[9; 32]).unwrap();
    let domain = town.market.deployment().domain();
    let digest = Hex(model.digest()).to_string();
    let connect = || Client::connect(&server.endpoint, &Options::default()).unwrap();
    let mut client = connect();
    let (price, deposit) = (u128::from(10 * GWEI), u128::from(100 * GWEI));
    let book = PolicyBook::new(session, price, deposit);
    let observations = bytes(&rows(2, 0.5));
    let mut actions = vec![0; 8];

    // Nobody has opened it, or somebody else does.
    let due = book.due(2, &observations).unwrap();
    let sign = |voucher: Voucher, key: &Key| Signed::new(voucher, &domain, key).encode();
    let good = sign(due.voucher, &key);
    assert_eq!(code(client.paid_act("walk", &observations, &good, &mut actions)), Code::NotFound);
    let user = Hex(key.address().0);
    let foreign = Payer { session: Hex(session), user: Hex(other.address().0) };
    assert_eq!(code(client.paid_policy("walk", foreign).map(drop)), Code::Forbidden);
    let unknown = Payer { session: Hex([3; 32]), user };
    assert_eq!(code(client.paid_policy("walk", unknown).map(drop)), Code::Forbidden);
    client.paid_policy(&digest, Payer { session: Hex(session), user }).unwrap();

    let wrong: [(&str, Change); 5] = [
        ("units", |v| v.units -= 1),
        ("amount", |v| v.amount -= 1),
        ("more", |v| v.amount += 1),
        ("actions", |v| v.actions[0] ^= 1),
        ("outputs", |v| v.outputs[0] ^= 1),
    ];
    for (what, change) in wrong {
        let mut voucher = due.voucher;
        change(&mut voucher);
        let refused = client.paid_act("walk", &observations, &sign(voucher, &key), &mut actions);
        assert_eq!(code(refused), Code::Receipt, "{what}");
    }
    let forged = sign(due.voucher, &other);
    assert_eq!(code(client.paid_act("walk", &observations, &forged, &mut actions)), Code::Receipt);
    assert_eq!(code(client.paid_act("walk", &observations, &good[1..], &mut actions)), Code::Malformed);
    let elsewhere = bytes(&rows(2, 9.0));
    assert_eq!(code(client.paid_act("walk", &elsewhere, &good, &mut actions)), Code::Receipt);
    assert_eq!(code(client.paid_act("walk", &[], &good, &mut actions)), Code::Invalid);
    let much = bytes(&rows(11, 0.5));
    assert_eq!(code(client.paid_act("walk", &much, &good, &mut [0; 44])), Code::Quota);
    // What can't be computed isn't paid.
    let broken = bytes(&[vec![f32::NAN; 4], vec![0.0; 4]]);
    let paid = sign(book.due(2, &broken).unwrap().voucher, &key);
    assert_eq!(code(client.paid_act("walk", &broken, &paid, &mut actions)), Code::Invalid);

    // Taken once, answered as often as it is asked for; not for other rows.
    for _ in 0..3 {
        client.paid_act("walk", &observations, &good, &mut actions).unwrap();
        assert_eq!(actions, bytes(&[model.act(&rows(2, 0.5).concat()).unwrap()]));
    }
    assert_eq!(code(client.paid_act("walk", &elsewhere, &good, &mut actions)), Code::Receipt);
    let agreed = Agreed {
        domain,
        session,
        provider: town.address("provider").into_array(),
        price,
        deposit,
        digest: model.digest(),
    };
    let mut policy = PaidPolicy::open(connect(), "walk", &agreed, key).unwrap();
    assert_eq!((policy.book().units(), policy.book().amount()), (2, 2 * price));
    policy.act(&elsewhere, &mut actions).unwrap();
    assert_eq!(policy.book().amount(), 4 * price);
    // A server that says otherwise than the chain is not paid.
    for changed in [
        Agreed { price: 1, ..agreed },
        Agreed { deposit: 1, ..agreed },
        Agreed { provider: [1; 20], ..agreed },
        Agreed { digest: [1; 32], ..agreed },
    ] {
        let key = town.account("user").wallet.key().unwrap();
        let refused = PaidPolicy::open(connect(), "walk", &changed, key);
        assert!(matches!(refused, Err(ClientError::Unexpected { .. })), "{refused:?}");
    }
}
