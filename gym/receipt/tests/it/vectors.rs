//! `vectors.json` is what this crate computes: other implementations (the contracts first) are held to the same file.
//!
//! To write it anew: `cargo test -p hyperdust-receipt -- --ignored write_vectors`. Numbers are decimal text, bytes are `0x` text.
//! Keys are by number: the secret of key N is keccak-256 of "hyperdust test key N".

use std::{fmt::Write as _, fs};

use hyperdust_receipt::{
    ActionRoot, Address, Attestation, Beginning, Domain, Hash, Kind, Message, OutputRoot, Signature, Signed, Voucher,
    chain,
    claim::{self, LaneClaim},
    list,
};
use k256::elliptic_curve::ff::PrimeField;

use crate::{keccak, key};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors.json");

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().fold("0x".into(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// One line of an object: fields as quoted text, in order.
fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\": \"{value}\"")).collect();
    format!("{{ {} }}", fields.join(", "))
}

fn array(indent: usize, items: &[String]) -> String {
    let pad = " ".repeat(indent);
    format!("[\n{pad}  {}\n{pad}]", items.join(&format!(",\n{pad}  ")))
}

fn domains() -> [Domain; 2] {
    [
        Domain { chain_id: 31337, contract: Address(keccak("hyperdust test contract")[12..].try_into().unwrap()) },
        Domain { chain_id: u64::MAX, contract: Address([0xff; 20]) },
    ]
}

fn messages<T: Message>(values: &[(T, Vec<(&'static str, String)>)]) -> String {
    let items: Vec<_> = values
        .iter()
        .enumerate()
        .flat_map(|(number, (message, members))| {
            domains().into_iter().enumerate().map(move |(domain, at)| {
                let signer = key(number as u32);
                let digest = message.digest(&at);
                let signature = signer.sign(&digest);
                let mut fields = members.clone();
                fields.extend([
                    ("domain", domain.to_string()),
                    ("structHash", hex(message.struct_hash())),
                    ("digest", hex(digest)),
                    ("key", number.to_string()),
                    ("signer", signer.address().to_string()),
                    ("signature", hex(signature.to_bytes())),
                ]);
                object(&fields)
            })
        })
        .collect();
    format!(
        "{{\n    \"type\": \"{}\",\n    \"typeHash\": \"{}\",\n    \"signed\": {}\n  }}",
        T::TYPE,
        hex(T::type_hash()),
        array(4, &items)
    )
}

fn action_roots() -> String {
    let of = |job, segment: u64, steps: u64, root| {
        let members = vec![
            ("job", hex(job)),
            ("segment", segment.to_string()),
            ("steps", steps.to_string()),
            ("root", hex(root)),
        ];
        (ActionRoot { job, segment, steps, root }, members)
    };
    messages(&[
        of(keccak("job"), 3, 4096, keccak("root")),
        of([0; 32], 0, 0, [0; 32]),
        of([0xff; 32], !0, !0, [0xff; 32]),
    ])
}

fn output_roots() -> String {
    let of = |job, segment: u64, steps: u64, actions, root| {
        let members = vec![
            ("job", hex(job)),
            ("segment", segment.to_string()),
            ("steps", steps.to_string()),
            ("actions", hex(actions)),
            ("root", hex(root)),
        ];
        (OutputRoot { job, segment, steps, actions, root }, members)
    };
    let full = [0xff; 32];
    messages(&[
        of(keccak("job"), 3, 4096, keccak("root"), keccak("outputs")),
        of([0; 32], 0, 0, [0; 32], [0; 32]),
        of(full, !0, !0, full, full),
    ])
}

fn vouchers() -> String {
    let of = |session, units: u64, amount: u128, actions, outputs| {
        let members = vec![
            ("session", hex(session)),
            ("units", units.to_string()),
            ("amount", amount.to_string()),
            ("actions", hex(actions)),
            ("outputs", hex(outputs)),
        ];
        (Voucher { session, units, amount, actions, outputs }, members)
    };
    let full = [0xff; 32];
    messages(&[
        of(keccak("session"), 1_000_000, 250_000_000_000_000_000, keccak("actions"), keccak("outputs")),
        of([0; 32], 0, 0, [0; 32], [0; 32]),
        of(full, !0, !0, full, full),
    ])
}

fn beginnings() -> String {
    let of = |session| (Beginning { session }, vec![("session", hex(session))]);
    messages(&[of(keccak("session")), of([0; 32]), of([0xff; 32])])
}

fn attestations() -> String {
    let of = |job, plan, claim, commitment| {
        let members =
            vec![("job", hex(job)), ("plan", hex(plan)), ("claim", hex(claim)), ("commitment", hex(commitment))];
        (Attestation { job, plan, claim, commitment }, members)
    };
    let full = [0xff; 32];
    messages(&[
        of(keccak("job"), keccak("plan"), keccak("claim"), keccak("commitment")),
        of([0; 32], [0; 32], [0; 32], [0; 32]),
        of(full, full, full, full),
    ])
}

/// Bytes that a contract must refuse as a signature of `digest` by key 0, and why.
fn refused() -> String {
    let digest = keccak("digest");
    let good = key(0).sign(&digest).to_bytes();
    let change = |range: std::ops::Range<usize>, bytes: &[u8]| {
        let mut changed = good;
        changed[range].copy_from_slice(bytes);
        changed
    };
    let order = (-k256::Scalar::ONE).to_repr();
    let order: Vec<u8> = order[..31].iter().copied().chain([order[31] + 1]).collect();
    let s = k256::Scalar::from_repr(<[u8; 32]>::try_from(&good[32..64]).unwrap().into()).unwrap();
    let mut other = change(32..64, &(-s).to_repr());
    other[64] ^= 27 ^ 28;
    let cases = [
        ("the other form: n - s, and the other v", other),
        ("r is 0", change(0..32, &[0; 32])),
        ("s is 0", change(32..64, &[0; 32])),
        ("r is the order", change(0..32, &order)),
        ("s is the order", change(32..64, &order)),
        ("v is 0", change(64..65, &[good[64] - 27])),
        ("v is 29", change(64..65, &[29])),
    ];
    let items: Vec<_> = cases
        .iter()
        .map(|(why, bytes)| {
            assert!(Signature::from_bytes(*bytes).is_err(), "{why}");
            object(&[("why", why.to_string()), ("signature", hex(bytes))])
        })
        .collect();
    let [digest, signer, good] = [hex(digest), key(0).address().to_string(), hex(good)];
    format!(
        "{{\n    \"digest\": \"{digest}\",\n    \"signer\": \"{signer}\",\n    \"accepted\": \"{good}\",\n    \"refused\": {}\n  }}",
        array(4, &items)
    )
}

fn roots() -> String {
    let items: Vec<Hash> = (0..5).map(|i| keccak(format!("item {i}"))).collect();
    let running = |kind: Kind| {
        let roots: Vec<_> = (0..=items.len())
            .map(|count| format!("\"{}\"", hex(chain::extend(kind, &chain::START, &items[..count]))))
            .collect();
        format!("{{ \"kind\": \"{}\", \"roots\": {} }}", hex(kind.word()), array(4, &roots))
    };
    let lists = |kind: Kind| {
        let roots: Vec<_> =
            (0..=items.len()).map(|count| format!("\"{}\"", hex(list::root(kind, &items[..count])))).collect();
        format!("{{ \"kind\": \"{}\", \"roots\": {} }}", hex(kind.word()), array(4, &roots))
    };
    let texts: Vec<_> = items.iter().map(|item| format!("\"{}\"", hex(item))).collect();
    format!(
        "{{\n    \"items\": {},\n    \"actions\": {},\n    \"outputs\": {},\n    \"lanes\": {}\n  }}",
        array(4, &texts),
        running(chain::ACTIONS),
        running(chain::OUTPUTS),
        lists(list::LANES)
    )
}

/// Claims of a session's first lanes, with what opens each: siblings from its own upwards.
fn claims() -> String {
    let session = keccak("session");
    let lanes: Vec<_> = (0..5)
        .map(|lane| LaneClaim {
            job: claim::job(&session, lane),
            plan: keccak(format!("plan {lane}")),
            claim: keccak(format!("claim {lane}")),
            nodes: 1 + lane as u32,
        })
        .collect();
    let items: Vec<_> = lanes.iter().map(LaneClaim::item).collect();
    let shown: Vec<_> = (0..)
        .zip(lanes.iter().zip(&items))
        .map(|(lane, (claimed, item))| {
            let proof = list::prove(&items, lane).unwrap();
            let siblings: Vec<_> = proof.siblings.iter().map(hex).collect();
            object(&[
                ("job", hex(claimed.job)),
                ("plan", hex(claimed.plan)),
                ("claim", hex(claimed.claim)),
                ("nodes", claimed.nodes.to_string()),
                ("item", hex(item)),
                ("seed", claim::lane_seed(&keccak("seed"), lane).to_string()),
            ])
            .replace(" }", &format!(", \"siblings\": [\"{}\"] }}", siblings.join("\", \"")))
        })
        .collect();
    format!(
        "{{\n    \"session\": \"{}\",\n    \"seed\": \"{}\",\n    \"root\": \"{}\",\n    \"lanes\": {}\n  }}",
        hex(session),
        hex(keccak("seed")),
        hex(list::root(list::CLAIMS, &items)),
        array(4, &shown)
    )
}

fn vectors() -> String {
    let domains: Vec<_> = domains()
        .iter()
        .map(|domain| {
            object(&[
                ("name", Domain::NAME.into()),
                ("version", Domain::VERSION.into()),
                ("chainId", domain.chain_id.to_string()),
                ("verifyingContract", domain.contract.to_string()),
                ("separator", hex(domain.separator())),
            ])
        })
        .collect();
    let keys: Vec<_> = (0..3)
        .map(|number| {
            object(&[("label", format!("hyperdust test key {number}")), ("address", key(number).address().to_string())])
        })
        .collect();
    format!(
        "{{\n  \"domainType\": \"{}\",\n  \"domainTypeHash\": \"{}\",\n  \"domains\": {},\n  \"keys\": {},\n  \"ActionRoot\": {},\n  \"OutputRoot\": {},\n  \"Voucher\": {},\n  \"Beginning\": {},\n  \"Attestation\": {},\n  \"signatures\": {},\n  \"roots\": {},\n  \"claims\": {}\n}}\n",
        Domain::TYPE,
        hex(keccak(Domain::TYPE)),
        array(2, &domains),
        array(2, &keys),
        action_roots(),
        output_roots(),
        vouchers(),
        beginnings(),
        attestations(),
        refused(),
        roots(),
        claims()
    )
}

#[test]
fn the_vectors_are_what_is_computed() {
    let written = fs::read_to_string(PATH).unwrap();
    assert!(written == vectors(), "vectors.json differs: if that is meant, write it anew and say in the commit why");
}

/// The signatures in it are their signers', through the way that a message takes over the wire.
#[test]
fn the_vectors_verify() {
    let domain = domains()[0];
    let message = ActionRoot { job: keccak("job"), segment: 3, steps: 4096, root: keccak("root") };
    let signed = Signed::new(message, &domain, &key(0));
    assert!(vectors().contains(&hex(signed.signature.to_bytes())));
    assert_eq!(Signed::<ActionRoot>::decode(&signed.encode()).unwrap().verify(&domain, &key(0).address()), Ok(()));
}

#[test]
#[ignore = "writes the file"]
fn write_vectors() {
    fs::write(PATH, vectors()).unwrap();
}
