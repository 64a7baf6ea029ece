//! Compares every scene with its golden digests; with `--write`, writes them.

use std::{fs, process::ExitCode};

use hyperdust_tests::{Golden, path, scenes};

fn main() -> ExitCode {
    let write = std::env::args().any(|argument| argument == "--write");
    let mut failed = false;
    for (name, model) in scenes() {
        let found = Golden::compute(&model);
        let difference = match Golden::read(&path(name)) {
            Ok(golden) => golden.difference(&found),
            Err(error) => Some(error),
        };
        match difference {
            None => println!("{name}: as before"),
            Some(why) if write => match fs::write(path(name), found.text()) {
                Ok(()) => println!("{name}: written ({why})"),
                Err(error) => {
                    println!("{name}: cannot be written: {error}");
                    failed = true;
                }
            },
            Some(why) => {
                println!("{name}: {why}");
                failed = true;
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
