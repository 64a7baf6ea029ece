//! docs/market.md runs: its blocks, in order, in one shell. Where it says that time goes by, the chain's clock is moved.

use std::{
    fs,
    process::{Command, Stdio},
};

use hyperdust_policy::{Activation, Dense, Design};

const PAGE: &str = include_str!("../../../../../docs/market.md");

#[test]
fn the_page_runs() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let layer = Dense { weight: vec![0.5; 4], bias: vec![0.0] };
    fs::write(at.join("walk.safetensors"), Design::new(vec![layer], Activation::Linear).encode().unwrap()).unwrap();
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let blocks = PAGE.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut script = String::from("set -eu -o pipefail\n");
    let mut waits = 0;
    for block in blocks {
        for line in block.lines() {
            if line.starts_with("# ") && line.ends_with(" later") {
                waits += 1;
                script += "post evm_increaseTime 600\npost evm_mine\n";
            } else if line.contains(" devnet ") {
                // The page's reader sees it listen; the script reads what it says.
                let line = line.replace(" devnet ", &format!(" devnet --listen 127.0.0.1:{port} "));
                script += &format!("mkfifo said\n{} > said &\nnet=$!\nread -r _ < said\n", line.trim_end_matches(" &"));
                script += "trap 'kill $net; wait $net' EXIT\n";
            } else {
                script += &line.replace("127.0.0.1:8545", &format!("127.0.0.1:{port}"));
                script += "\n";
            }
        }
    }
    assert!(waits == 2 && script.contains("session reclaim"));
    // JSON-RPC without a tool that may be missing.
    let post = format!(
        "post() {{\n body='{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"'$1'\",\"params\":['${{2:-}}']}}'\n exec 3<>/dev/tcp/127.0.0.1/{port}\n \
         printf 'POST / HTTP/1.0\\r\\nHost: localhost\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n%s' ${{#body}} \"$body\" >&3\n \
         grep -q result <&3\n exec 3>&-\n}}\n"
    );
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_hyperdust")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    for name in ["CHAIN", "DEPLOYMENT", "WALLET", "WALLETS", "PASSWORD_FILE"] {
        command.env_remove(format!("HYPERDUST_{name}"));
    }
    command.args(["-c", &(post + &script)]).current_dir(at).env("HOME", at).env("PATH", path).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{script}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    for part in [
        "asset 1: arm, provable",
        "price     0.00000001 ETH (10 gwei) a unit",
        "is closing",
        "0.01 ETH (10000000 gwei) for",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(at.join(".hyperdust/wallets/author.json").is_file());
}
