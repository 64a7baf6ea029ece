#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bare;
mod builtin;
mod check;
mod context;
mod cook;
mod error;
mod expression;
mod mesh;
pub mod mjcf;
mod package;
mod parameters;
mod rigid;
pub mod robot;
mod scene;
mod schema;
mod template;
mod terms;
pub mod urdf;

pub use check::{Finding, PROVABLE_BYTES, Report, Severity};
pub use cook::{Cooked, Metadata, Names, Tier};
pub use error::{Error, Place, Warning};
pub use expression::check as parse_expression;
pub use package::{ARCHIVE, Package, PackageId};
pub use parameters::{Parameter, ParameterValue};
pub use scene::Scene;
pub use template::Template;

/// JSON Schema (draft 2020-12) of `scene.toml`, for editors: what `schema.json` beside this crate's manifest holds.
pub fn json_schema() -> String {
    schema::document_schema()
}
