//! Prints `schema.json`: `cargo run -p hyperdust-scene --example schema > engine/scene/schema.json`.

fn main() {
    print!("{}", hyperdust_scene::json_schema());
}
