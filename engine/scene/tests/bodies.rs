//! `[[body]]`: rigid bodies, their shapes, and how they look.

mod fixture;

use std::collections::BTreeMap;

use fixture::{cook, files};
use hyperdust_kernel::blueprint::{ResetTarget, RigidShape, limits};
use hyperdust_scene::Scene;

/// The shape that replaces the floor's plane: a fixed body may have any.
fn shape(keys: &str) -> RigidShape {
    shape_of(keys, r#""translation":[0,0,2]"#)
}

/// The same, with the keys of the mesh's node.
fn shape_of(keys: &str, node: &str) -> RigidShape {
    let mut files = files("shape = \"plane\"", keys);
    files.insert("meshes/mesh.glb".into(), fixture::tetrahedron(node));
    let cooked = Scene::from_files(files).unwrap().cook(&BTreeMap::new()).unwrap_or_else(|error| panic!("{error}"));
    cooked.blueprint.rigid.unwrap().colliders[0].shape.clone()
}

#[test]
fn shapes_are_lowered() {
    assert_eq!(shape("shape = \"plane\""), RigidShape::HalfSpace);
    assert_eq!(shape("shape = \"box\"\nhalf_size = [1, 2, \"$weight\"]"), RigidShape::Cuboid { half: [1.0, 2.0, 1.0] });
    assert_eq!(
        shape("shape = \"capsule\"\nradius = 0.5\nhalf_length = 1"),
        RigidShape::Capsule { radius: 0.5, half_length: 1.0 }
    );
    assert_eq!(
        shape("shape = \"cylinder\"\nradius = 0.5\nhalf_length = 1"),
        RigidShape::Cylinder { radius: 0.5, half_length: 1.0 }
    );
}

/// glTF's y is up and its node sits at z = 2: z up, that is y = −2.
#[test]
fn meshes_are_turned_upright() {
    let RigidShape::Mesh { vertices, triangles } =
        shape("shape = \"mesh\"\nfile = \"meshes/mesh.glb\"\nscale = [1, 2, 3]")
    else {
        panic!("a mesh")
    };
    assert_eq!(vertices, [[0.0, -4.0, 0.0], [1.0, -4.0, 0.0], [0.0, -4.0, 3.0], [0.0, -6.0, 0.0]]);
    assert_eq!(triangles[0], [0, 2, 1]);
    let hull = shape("shape = \"hull\"\nfile = \"meshes/mesh.glb\"");
    assert!(matches!(hull, RigidShape::Hull { points } if points.len() == 4));
}

/// A quarter turn about glTF's x takes its y to its z; a matrix may mirror, and then triangles are turned round.
#[test]
fn nodes_turn_scale_and_mirror() {
    let keys = "shape = \"mesh\"\nfile = \"meshes/mesh.glb\"";
    let half = core::f32::consts::FRAC_1_SQRT_2;
    let turned = shape_of(keys, &format!(r#""rotation":[{half},0,0,{half}],"scale":[1,2,1]"#));
    let RigidShape::Mesh { vertices, triangles } = turned else { panic!("a mesh") };
    for (found, expected) in vertices.iter().zip([[0.0; 3], [1.0, 0.0, 0.0], [0.0, -2.0, 0.0], [0.0, 0.0, -1.0]]) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{vertices:?}");
    }
    assert_eq!(triangles[0], [0, 2, 1]);
    let mirrored = shape_of(keys, r#""matrix":[-1,0,0,0, 0,1,0,0, 0,0,1,0, 5,0,0,1]"#);
    let RigidShape::Mesh { vertices, triangles } = mirrored else { panic!("a mesh") };
    assert_eq!((vertices[1], triangles[0]), ([4.0, 0.0, 0.0], [0, 1, 2]));
}

#[test]
fn terrain_is_given_or_generated() {
    let grid = "shape = \"heightfield\"\nrows = 2\ncolumns = 3\nsize = [4, 2]\n";
    let heights = |more: &str| match shape(&format!("{grid}{more}")) {
        RigidShape::HeightField { rows: 2, columns: 3, heights, size: [4.0, 2.0] } => heights,
        other => panic!("{other:?}"),
    };
    assert_eq!(heights("heights = [0, 1, 2, 3, 4, 5]"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(heights("steps = { height = 0.5, length = 2 }"), [0.0, 0.5, 1.0, 0.0, 0.5, 1.0]);
    // sin(2πx/8) · sin(2πy/4) at x = −2, 0, 2 and y = −1, 1.
    let waves = heights("waves = { height = 3, length = 8 }");
    let root = 3.0 * core::f32::consts::FRAC_1_SQRT_2;
    for (found, expected) in waves.iter().zip([root, 0.0, -root, -root, 0.0, root]) {
        assert!((found - expected).abs() < 1e-6, "{waves:?}");
    }
}

#[test]
fn orientations_are_unit_and_bodies_are_in_sensor_order() {
    let cooked = cook("position = [1, 0, 0.5]", "orientation = [1, 1, 1, 1]\nlinear_velocity = [0, 0, -1]").unwrap();
    let ball = &cooked.blueprint.rigid.as_ref().unwrap().bodies[1];
    assert_eq!((ball.orientation, ball.linear_velocity, ball.fixed), ([0.5; 4], [0.0, 0.0, -1.0], false));
    let drawn: Vec<u16> = cooked.visuals.shapes.iter().map(|shape| shape.body).collect();
    assert!(drawn.ends_with(&[3, 4]), "{drawn:?}");
}

#[test]
fn resets_reach_bodies_by_name() {
    let cooked = cook("target = \"qpos\"", "target = \"orientation\"\nbodies = [\"ball\"]\nmode = \"set\"").unwrap();
    let reset = &cooked.blueprint.task.resets[0];
    assert_eq!((reset.target, reset.start, reset.len, reset.add), (ResetTarget::RigidOrientation, 4, 4, false));
}

/// The same collider often, each within its limits: a small file must not become a blueprint that no decoder takes.
#[test]
fn colliders_are_limited_together() {
    let many = |keys: &str, count: usize| {
        let colliders = vec![keys; count].join("\n[[body.collider]]\n");
        let mut files = files("shape = \"plane\"", &colliders);
        files.insert("meshes/mesh.glb".into(), fixture::tetrahedron(r#""translation":[0,0,2]"#));
        Scene::from_files(files).unwrap().cook(&BTreeMap::new())
    };
    let mesh = "shape = \"mesh\"\nfile = \"meshes/mesh.glb\"";
    let colliders = many(mesh, 3).unwrap().blueprint.rigid.unwrap().colliders;
    assert_eq!((&colliders[0].shape, &colliders[1].shape), (&colliders[2].shape, &colliders[2].shape));
    let terrain =
        "shape = \"heightfield\"\nrows = 1024\ncolumns = 1024\nsize = [1, 1]\nsteps = { height = 1, length = 1 }";
    for (keys, count, accepted) in [(terrain, 12, limits::BYTES), ("shape = \"plane\"", 8193, limits::COLLIDERS)] {
        let error = many(keys, count).unwrap_err().to_string();
        assert!(error.contains(&format!("at most {accepted}")) && error.contains("collider["), "{error}");
    }
}

/// However it was made, a blueprint is valid only if its encoding can be decoded.
#[test]
fn blueprints_too_long_to_decode_are_invalid() {
    let mut blueprint = cook("", "").unwrap().blueprint;
    let colliders = &mut blueprint.rigid.as_mut().unwrap().colliders;
    let mut terrain = colliders[0].clone();
    let heights = vec![0.0; limits::HEIGHTFIELD_CELLS];
    terrain.shape = RigidShape::HeightField { rows: 1024, columns: 1024, heights, size: [1.0; 2] };
    colliders.extend([terrain.clone(), terrain.clone(), terrain.clone()]);
    blueprint.clone().validated().unwrap();
    blueprint.rigid.as_mut().unwrap().colliders.push(terrain);
    let error = blueprint.validated().unwrap_err().to_string();
    assert!(error.contains("bytes of the encoding") && error.contains("16777216"), "{error}");
}

/// JSON takes many times its bytes in memory: a long one is refused unread.
#[test]
fn long_json_is_refused_before_it_is_parsed() {
    let mut files = files("shape = \"plane\"", "shape = \"mesh\"\nfile = \"mesh.gltf\"");
    files.insert("mesh.gltf".into(), vec![b' '; (4 << 20) + 1]);
    let error = Scene::from_files(files).unwrap().cook(&BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("mesh.gltf") && error.contains("at most 4194304"), "{error}");
}
