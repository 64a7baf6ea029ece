//! A scene as a page draws it: shapes on bodies once, where the bodies are for every frame.
//!
//! Metres, z up, orientations w x y z: what the kernel's own pictures are made of. Bodies are counted as there, the world first.

use hyperdust_kernel::{
    World,
    blueprint::RigidShape,
    render::{Pose, VisualShape},
};
use serde_json::{Value, json};

use super::catalogue::Dish;

/// Numbers of a frame for one body: position and orientation.
pub const POSE: usize = 7;

/// What does not change while a world runs.
pub fn description(dish: &Dish) -> Value {
    let camera = &dish.visuals.camera;
    json!({
        "bodies": dish.model.blueprint().body_count(),
        "camera": {
            "follow": camera.follow,
            "target": camera.target,
            "distance": camera.distance,
            "azimuth": camera.azimuth,
            "elevation": camera.elevation,
            "vertical_fov": camera.vertical_fov,
        },
        "shapes": dish.visuals.shapes.iter().map(shape).collect::<Vec<_>>(),
    })
}

/// Where the bodies are, [`POSE`] numbers each.
pub fn poses(world: &World) -> Vec<f32> {
    let numbers = |Pose { position, orientation }: Pose| position.into_iter().chain(orientation);
    world.bodies().into_iter().flat_map(numbers).collect()
}

fn shape(visual: &VisualShape) -> Value {
    let mut shape = match &visual.shape {
        RigidShape::HalfSpace => json!({ "kind": "half_space" }),
        RigidShape::Sphere { radius } => json!({ "kind": "sphere", "radius": radius }),
        RigidShape::Cuboid { half } => json!({ "kind": "cuboid", "half": half }),
        RigidShape::Capsule { radius, half_length } => {
            json!({ "kind": "capsule", "radius": radius, "half_length": half_length })
        }
        RigidShape::Cylinder { radius, half_length } => {
            json!({ "kind": "cylinder", "radius": radius, "half_length": half_length })
        }
        RigidShape::Hull { points } => json!({ "kind": "hull", "points": points }),
        RigidShape::Mesh { vertices, triangles } => {
            json!({ "kind": "mesh", "vertices": vertices, "triangles": triangles })
        }
        RigidShape::HeightField { rows, columns, heights, size } => {
            json!({ "kind": "height_field", "rows": rows, "columns": columns, "heights": heights, "size": size })
        }
    };
    shape["body"] = visual.body.into();
    shape["position"] = json!(visual.position);
    shape["orientation"] = json!(visual.orientation);
    shape["rgba"] = json!(visual.rgba);
    shape["checker"] = visual.checker.into();
    shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::catalogue::{Catalogue, Order};

    /// Every published scene has something to draw, on bodies that it has, and a frame has each body once.
    #[test]
    fn every_scene_can_be_drawn() {
        let catalogue = Catalogue::read(&[]).unwrap();
        for scene in catalogue.scenes() {
            let dish = catalogue.cook(&Order::of(scene.name())).unwrap();
            let description = description(&dish);
            let bodies = description["bodies"].as_u64().unwrap();
            let shapes = description["shapes"].as_array().unwrap();
            assert!(!shapes.is_empty(), "{}", scene.name());
            assert!(shapes.iter().all(|shape| shape["body"].as_u64().unwrap() < bodies), "{}", scene.name());
            let world = World::new(dish.model.clone(), 0);
            assert_eq!(poses(&world).len(), POSE * bodies as usize, "{}", scene.name());
        }
    }
}
