//! `hyperdust scene cook`

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use hyperdust_scene::{PROVABLE_BYTES, ParameterValue};
use serde::Serialize;
use serde_json::Value;

use super::{open, write};
use crate::{Error, cli::print_json};

#[derive(Args)]
pub(in crate::cli) struct Cook {
    /// A scene's folder, an archive (.hdscene), a bare MJCF or URDF file, or a published scene's name
    scene: String,
    /// File for the canonical bytes of what is simulated
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Another value of a parameter: a number, true, false, a text, or a list like [0,1]; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    set: Vec<(String, ParameterValue)>,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Summary {
    scene: String,
    blueprint: String,
    bytes: usize,
    tier: &'static str,
    warnings: Vec<String>,
}

impl Cook {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let scene = open(&self.scene)?;
        let cooked = scene.cook(&self.set.into_iter().collect())?;
        let (bytes, id) = (cooked.blueprint.encode()?, cooked.blueprint.id()?.to_string());
        if let Some(out) = &self.out {
            write(out, &bytes)?;
        }
        let warnings: Vec<String> = cooked.warnings.iter().map(ToString::to_string).collect();
        if self.json {
            let tier = if bytes.len() <= PROVABLE_BYTES { "provable" } else { "attested" };
            print_json(&Summary { scene: scene.name().into(), blueprint: id, bytes: bytes.len(), tier, warnings });
        } else {
            warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
            println!("{id}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn parameter(text: &str) -> Result<(String, ParameterValue), String> {
    let (name, value) = text.split_once('=').ok_or("accepted: NAME=VALUE")?;
    let number = |value: &Value| value.as_f64().or_else(|| infinite(value.as_str()?));
    let value = match serde_json::from_str(value) {
        Ok(Value::Bool(value)) => ParameterValue::Bool(value),
        Ok(Value::Number(value)) => match value.as_i64() {
            Some(value) => ParameterValue::Integer(value),
            None => ParameterValue::Float(value.as_f64().ok_or("accepted: a number that fits 64 bits")?),
        },
        Ok(Value::Array(items)) => {
            let numbers = items.iter().map(number).collect::<Option<Vec<f64>>>();
            ParameterValue::List(numbers.ok_or("accepted: a list of numbers; infinite ones as \"inf\" and \"-inf\"")?)
        }
        Ok(Value::String(value)) => ParameterValue::Text(value),
        _ => infinite(value).map_or_else(|| ParameterValue::Text(value.to_owned()), ParameterValue::Float),
    };
    Ok((name.to_owned(), value))
}

fn infinite(text: &str) -> Option<f64> {
    match text {
        "inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}
