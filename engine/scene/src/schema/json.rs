//! `schema.json`: the format for editors, generated from the types that read it.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::{GroupSection, Kinds, Sections};
use crate::terms::action::Action;
use crate::terms::observation::Observation;
use crate::terms::reset::Reset;
use crate::terms::reward::Reward;
use crate::terms::termination::Termination;

/// JSON Schema (draft 2020-12) of `scene.toml`.
pub(crate) fn document_schema() -> String {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut root = Sections::json_schema(&mut generator);
    let mut group = GroupSection::json_schema(&mut generator);
    let terms = section::<Observation>(&mut generator);
    property(&mut group, "term", terms);
    property(&mut root, "observation", json_schema!({ "type": "array", "items": group }));
    let sections = [
        ("action", section::<Action>(&mut generator)),
        ("reward", section::<Reward>(&mut generator)),
        ("termination", section::<Termination>(&mut generator)),
        ("reset", section::<Reset>(&mut generator)),
    ];
    for (name, schema) in sections {
        property(&mut root, name, schema);
    }
    root.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    root.insert("title".into(), "HyperDust scene.toml".into());
    root.insert("$defs".into(), generator.take_definitions(true).into());
    format!("{:#}\n", root.to_value())
}

/// `[[section]]`: one alternative per kind, with the common keys in each.
fn section<K: Kinds>(generator: &mut SchemaGenerator) -> Schema {
    let common = K::Common::json_schema(generator);
    let kinds: Vec<Schema> = K::schemas(generator)
        .into_iter()
        .map(|(kind, mut schema)| {
            merge(&mut schema, &common);
            property(&mut schema, "kind", json_schema!({ "const": kind }));
            if K::DEFAULT != Some(kind) {
                require(&mut schema, "kind".into());
            }
            schema.insert("title".into(), kind.into());
            schema
        })
        .collect();
    json_schema!({ "type": "array", "items": { "oneOf": kinds } })
}

fn property(schema: &mut Schema, name: &str, value: Schema) {
    let object = schema.ensure_object();
    let properties = object.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(name.into(), value.to_value());
    }
}

fn merge(schema: &mut Schema, common: &Schema) {
    let Some(properties) = common.get("properties").and_then(|p| p.as_object()) else { return };
    for (name, value) in properties.clone() {
        if let Ok(value) = Schema::try_from(value) {
            property(schema, &name, value);
        }
    }
    for name in common.get("required").and_then(|r| r.as_array()).into_iter().flatten() {
        require(schema, name.clone());
    }
}

fn require(schema: &mut Schema, name: Value) {
    let required = schema.ensure_object().entry("required").or_insert_with(|| Vec::<String>::new().into());
    if let Some(required) = required.as_array_mut() {
        required.push(name);
    }
}
