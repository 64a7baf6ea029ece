//! Pictures: the same bytes everywhere, true to geometry, and total.

use hyperdust_kernel::blueprint::RigidShape;
use hyperdust_kernel::render::{Camera, Pose, Renderer, Smoothing, VisualShape, Visuals, render};

mod figures;

const HOME: Pose = Pose { position: [0.0; 3], orientation: [1.0, 0.0, 0.0, 0.0] };
const WHITE: [f32; 4] = [1.0; 4];

fn draw(visuals: &Visuals, poses: &[Pose], width: usize, height: usize) -> Vec<u8> {
    let mut rgb = vec![0; width * height * 3];
    render(visuals, poses, width, height, &mut rgb);
    rgb
}

/// Looks along x at the origin from 10 m, 0.4 rad high.
fn alone(shape: RigidShape, orientation: [f32; 4]) -> Visuals {
    let shape = VisualShape { orientation, ..figures::shape(shape, [0.0; 3], [1.0, 0.0, 0.0, 1.0]) };
    let camera =
        Camera { follow: 0, target: [0.0; 3], distance: 10.0, azimuth: 0.0, elevation: 0.0, vertical_fov: 0.4 };
    Visuals { shapes: vec![shape], camera }
}

/// Share of the pixels that are red.
fn red(visuals: &Visuals) -> f32 {
    let rgb = draw(visuals, &[HOME], 200, 200);
    rgb.chunks_exact(3).filter(|p| p[0] / 2 > p[2]).count() as f32 / 40_000.0
}

#[test]
fn golden_digests() {
    let mut found = Vec::new();
    for (visuals, poses) in [figures::ant(), figures::parade()] {
        for smoothing in [Smoothing::None, Smoothing::Four] {
            let mut renderer = Renderer::new(&visuals);
            renderer.smoothing = smoothing;
            let mut rgb = vec![0; 160 * 120 * 3];
            renderer.render(&poses, 160, 120, &mut rgb);
            found.push(blake3::hash(&rgb).to_hex()[..16].to_string());
        }
    }
    // Ant, parade; plain, smoothed. They change with every deliberate change of looks.
    assert_eq!(found, ["21b089cdd242c207", "f91aeb58f599d9f6", "47fa7954bd28282b", "5aa67d7e0b060a6d"]);
}

#[test]
fn silhouettes_have_their_area() {
    // Seen from 10 m, the picture is 2 · 10 · tan(0.2) = 4.054 m high at the origin.
    let side = 2.0 * 10.0 * 0.2_f32.tan();
    let upright = [1.0, 0.0, 0.0, 0.0];
    let half = std::f32::consts::FRAC_1_SQRT_2;
    let pi = std::f32::consts::PI;
    let tube = |radius, half_length| RigidShape::Capsule { radius, half_length };
    let cube: Vec<[f32; 3]> =
        (0..8).map(|i| [i & 1, i >> 1 & 1, i >> 2].map(|b| if b == 1 { 0.5 } else { -0.5 })).collect();
    let cases = [
        (RigidShape::Sphere { radius: 1.0 }, upright, pi),
        // The near face, 9.5 m away.
        (RigidShape::Cuboid { half: [0.5; 3] }, upright, 1.0 / 0.95_f32.powi(2)),
        (RigidShape::Hull { points: cube }, upright, 1.0 / 0.95_f32.powi(2)),
        (tube(0.3, 0.8), upright, 0.6 * 1.6 + pi * 0.09),
        // Along the line of sight: its round end, 9.2 m away.
        (tube(0.3, 0.8), [half, 0.0, half, 0.0], pi * 0.09 / 0.92_f32.powi(2)),
        (RigidShape::Cylinder { radius: 0.3, half_length: 0.8 }, upright, 0.6 * 1.6),
        (RigidShape::Cylinder { radius: 0.3, half_length: 0.8 }, [half, 0.0, half, 0.0], pi * 0.09 / 0.92_f32.powi(2)),
    ];
    for (shape, orientation, area) in cases {
        let name = format!("{shape:?} {orientation:?}");
        let found = red(&alone(shape, orientation)) * side * side;
        assert!((found / area - 1.0).abs() < 0.04, "{name}: {found} m², not {area} m²");
    }
}

#[test]
fn up_is_up_and_left_is_left() {
    // Looking along x, y is to the left and z is up.
    let mut visuals = alone(RigidShape::Sphere { radius: 0.3 }, [1.0, 0.0, 0.0, 0.0]);
    visuals.shapes[0].position = [0.0, 1.0, 1.0];
    let rgb = draw(&visuals, &[HOME], 100, 100);
    let is_red = |x: usize, y: usize| rgb[(y * 100 + x) * 3] / 2 > rgb[(y * 100 + x) * 3 + 2];
    assert!(is_red(25, 25), "upper left");
    assert!(!is_red(75, 25) && !is_red(25, 75) && !is_red(75, 75));
}

#[test]
fn a_ball_shades_the_ground() {
    let (mut visuals, _) = figures::ant();
    visuals.shapes.truncate(1);
    visuals.shapes[0].checker = false;
    visuals.camera = Camera { elevation: -1.5, distance: 6.0, ..Camera::default() };
    let sum = |rgb: &[u8]| rgb.iter().map(|b| u64::from(*b)).sum::<u64>();
    let bare = sum(&draw(&visuals, &[HOME], 64, 64));
    // Behind the eye, so that only its shadow is in the picture.
    let mut ball = figures::shape(RigidShape::Sphere { radius: 1.0 }, [6.3, -8.4, 14.0], WHITE);
    visuals.shapes.push(ball.clone());
    let shaded = sum(&draw(&visuals, &[HOME], 64, 64));
    assert!(shaded < bare * 95 / 100, "{shaded} of {bare}");
    ball.rgba[3] = 0.3;
    visuals.shapes[1] = ball;
    assert_eq!(sum(&draw(&visuals, &[HOME], 64, 64)), bare, "what is transparent casts no shadow");
}

#[test]
fn the_camera_follows_and_pictures_do_not_decay_far_from_home() {
    let (mut visuals, mut poses) = figures::ant();
    // Whole squares away, so that the ground looks the same.
    let near = draw(&visuals, &poses, 160, 120);
    poses[1].position[0] += 1000.0;
    poses[1].position[1] -= 3000.0;
    let far = draw(&visuals, &poses, 160, 120);
    let different = near.iter().zip(&far).filter(|(a, b)| a.abs_diff(**b) > 12).count();
    assert!(different < near.len() / 50, "{different} of {}", near.len());
    visuals.camera.follow = 0;
    assert_ne!(draw(&visuals, &poses, 160, 120), far);
}

#[test]
fn turning_is_seen_on_a_checkered_ball() {
    let mut visuals = alone(RigidShape::Sphere { radius: 1.0 }, [1.0, 0.0, 0.0, 0.0]);
    let turned = Pose { orientation: [0.9, 0.0, 0.0, 0.436], ..HOME };
    assert_eq!(draw(&visuals, &[HOME], 64, 64), draw(&visuals, &[turned], 64, 64));
    visuals.shapes[0].checker = true;
    assert_ne!(draw(&visuals, &[HOME], 64, 64), draw(&visuals, &[turned], 64, 64));
}

#[test]
fn a_height_field_is_its_triangles() {
    let heights = vec![0.0, 0.1, 0.4, 0.2, 0.5, 0.1, 0.3, 0.0, 0.2, 0.6, 0.1, 0.0];
    let vertices: Vec<[f32; 3]> =
        (0..12).map(|i| [(i % 4) as f32 * 0.5 - 0.75, (i / 4) as f32 * 0.5 - 0.5, heights[i]]).collect();
    let mut triangles = Vec::new();
    for row in 0..2 {
        for column in 0..3 {
            let i = row * 4 + column;
            triangles.extend([[i + 4, i, i + 5], [i, i + 1, i + 5]]);
        }
    }
    let field = RigidShape::HeightField { rows: 3, columns: 4, heights, size: [1.5, 1.0] };
    let mesh = RigidShape::Mesh { vertices, triangles };
    let [mut a, mut b] = [field, mesh].map(|s| alone(s, [1.0, 0.0, 0.0, 0.0]));
    (a.camera.elevation, b.camera.elevation) = (-0.7, -0.7);
    assert_eq!(draw(&a, &[HOME], 100, 100), draw(&b, &[HOME], 100, 100));
}

#[test]
fn what_cannot_be_drawn_is_left_out() {
    let (good, poses) = figures::parade();
    let expected = draw(&good, &poses, 64, 48);
    let bad = [
        RigidShape::Sphere { radius: f32::NAN },
        RigidShape::Sphere { radius: -1.0 },
        RigidShape::Cuboid { half: [0.0, 1.0, f32::INFINITY] },
        RigidShape::Hull { points: vec![[0.0; 3]; 3] },
        RigidShape::Mesh { vertices: vec![[0.0; 3]], triangles: vec![[0, 1, 2]] },
        RigidShape::Mesh { vertices: vec![], triangles: vec![] },
        RigidShape::Mesh { vertices: vec![[f32::NAN; 3], [0.0; 3], [1.0; 3]], triangles: vec![[0, 1, 2]] },
        RigidShape::HeightField { rows: 0, columns: 5, heights: vec![], size: [1.0; 2] },
        RigidShape::HeightField { rows: u32::MAX, columns: u32::MAX, heights: vec![1.0], size: [1.0; 2] },
    ];
    let mut visuals = good.clone();
    for shape in bad {
        visuals.shapes.push(figures::shape(shape, [0.0; 3], WHITE));
    }
    let ball = figures::shape(RigidShape::Sphere { radius: 0.5 }, [0.0, 0.0, 1.0], WHITE);
    visuals.shapes.push(VisualShape { body: 7, ..ball.clone() });
    visuals.shapes.push(VisualShape { orientation: [0.0; 4], ..ball.clone() });
    visuals.shapes.push(VisualShape { position: [f32::NAN; 3], ..ball.clone() });
    visuals.shapes.push(VisualShape { rgba: [1.0, 1.0, 1.0, 0.0], ..ball.clone() });
    assert_eq!(draw(&visuals, &poses, 64, 48), expected);

    let lost = Pose { position: [f32::NAN, 0.0, f32::INFINITY], orientation: [f32::NAN; 4] };
    draw(&visuals, &[lost], 64, 48);
    let camera = Camera {
        distance: f32::NAN,
        azimuth: f32::INFINITY,
        elevation: -1e30,
        vertical_fov: 0.0,
        follow: 9,
        target: [f32::NAN; 3],
    };
    draw(&Visuals { camera, ..good.clone() }, &poses, 64, 48);
    draw(&good, &poses, 0, 48);
    draw(&good, &poses, 1, 1);
    let mut wrong = vec![7; 100];
    render(&good, &poses, 64, 48, &mut wrong);
    assert_eq!(wrong, vec![7; 100], "a buffer of the wrong size is left alone");
}
