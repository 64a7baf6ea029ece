//! `schema.json` beside the manifest is the one that the types give, and knows every kind that the reader knows.

/// After a change: `cargo run -p hyperdust-scene --example schema > engine/scene/schema.json`.
#[test]
fn the_committed_schema_is_current() {
    let generated: serde_json::Value = serde_json::from_str(&hyperdust_scene::json_schema()).unwrap();
    let committed: serde_json::Value = serde_json::from_str(include_str!("../schema.json")).unwrap();
    assert!(generated == committed, "run `cargo run -p hyperdust-scene --example schema > engine/scene/schema.json`");
}

/// Each kind is an alternative with its `kind`, the keys of its section and nothing else.
#[test]
fn every_kind_has_its_keys() {
    let schema: serde_json::Value = serde_json::from_str(&hyperdust_scene::json_schema()).unwrap();
    let section = |name: &str| schema["properties"][name]["items"]["oneOf"].as_array().unwrap().clone();
    let terms = schema["properties"]["observation"]["items"]["properties"]["term"]["items"]["oneOf"]
        .as_array()
        .unwrap()
        .clone();
    let sections = [
        (section("action"), 2, "actuators"),
        (terms, 14, "scale"),
        (section("reward"), 7, "weight"),
        (section("termination"), 4, "truncates"),
        (section("reset"), 3, "target"),
    ];
    for (kinds, count, common) in sections {
        assert_eq!(kinds.len(), count);
        for kind in kinds {
            assert!(kind["properties"]["kind"]["const"].is_string(), "{kind}");
            assert!(kind["properties"][common].is_object(), "{kind}");
            assert_eq!(kind["additionalProperties"], false, "{kind}");
            assert!(kind.get("$ref").is_none(), "{kind}");
        }
    }
}
