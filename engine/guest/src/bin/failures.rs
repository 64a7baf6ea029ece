//! Everything a program can do wrong, for the tests: input 0 says which.
#![no_main]

use std::{collections::HashMap, env, hint::black_box, time::Instant};

use hyperdust_guest::{INPUTS, Kind, Program};

hyperdust_guest::program!(Program { inputs: &[Kind::new("failure")], output: Kind::new("success"), run });

fn run([failure, ..]: &[&[u8]; INPUTS]) -> Result<Vec<u8>, String> {
    match str::from_utf8(failure).unwrap_or_default() {
        "none" => Ok(b"fine".to_vec()),
        "refusal" => Err("no".into()),
        "panic" => panic!("on purpose"),
        "index" => Ok(vec![black_box(failure)[failure.len()]]),
        "heap" => Ok((0..1000).map(|_| vec![1u8; 1 << 16]).collect::<Vec<_>>().concat()),
        "reuse" => Ok((0..1000).map(|i| vec![i as u8; 1 << 20]).fold(vec![], |_, block| block[..4].to_vec())),
        "stack" => Ok(vec![descend(2_000)]),
        "endless stack" => Ok(vec![descend(1_000_000)]),
        "output" => Ok(vec![1; (1 << 21) + 1]),
        "largest output" => Ok(vec![1; 1 << 21]),
        "print" => {
            println!("nobody reads this");
            Ok(vec![])
        }
        "random" => Ok(vec![HashMap::<u8, u8>::new().len() as u8]),
        "clock" => Ok(vec![Instant::now().elapsed().as_secs() as u8]),
        "environment" => Ok(env::var("PATH").unwrap_or_default().into_bytes()),
        "arguments" => Ok(vec![env::args().count() as u8]),
        other => Err(format!("unknown failure {other:?}")),
    }
}

/// Deep, with a frame of a kilobyte each time, and no way for a compiler to make a loop of it.
#[inline(never)]
fn descend(depth: u32) -> u8 {
    let frame = black_box([depth as u8; 1024]);
    if depth == 0 { frame[7] } else { descend(depth - 1).wrapping_add(frame[depth as usize % 1024]) }
}
