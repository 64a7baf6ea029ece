//! Two pictures: an ant as MuJoCo users know it, and every shape there is.

use hyperdust_kernel::blueprint::RigidShape;
use hyperdust_kernel::render::{Camera, Pose, VisualShape, Visuals};

const UPRIGHT: [f32; 4] = [1.0, 0.0, 0.0, 0.0];

/// The body is the world (0).
pub fn shape(shape: RigidShape, position: [f32; 3], rgba: [f32; 4]) -> VisualShape {
    VisualShape { body: 0, shape, position, orientation: UPRIGHT, rgba, checker: false }
}

pub fn ground() -> VisualShape {
    VisualShape { checker: true, ..shape(RigidShape::HalfSpace, [0.0; 3], [0.74, 0.78, 0.80, 1.0]) }
}

/// A capsule between two points.
fn limb(from: [f32; 3], to: [f32; 3], radius: f32, rgba: [f32; 4]) -> VisualShape {
    let d = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
    let length = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt();
    // Shortest turn from z to d.
    let q = [length + d[2], -d[1], d[0], 0.0];
    let norm = q.iter().map(|x| x * x).sum::<f32>().sqrt();
    VisualShape {
        orientation: q.map(|x| x / norm),
        ..shape(
            RigidShape::Capsule { radius, half_length: 0.5 * length },
            [0, 1, 2].map(|k| 0.5 * (from[k] + to[k])),
            rgba,
        )
    }
}

/// Body 1 is the ant.
pub fn ant() -> (Visuals, Vec<Pose>) {
    let (skin, joint) = ([0.80, 0.50, 0.28, 1.0], [0.62, 0.34, 0.20, 1.0]);
    let mut shapes = vec![ground()];
    let mut parts = vec![shape(RigidShape::Sphere { radius: 0.25 }, [0.0; 3], skin)];
    for (x, y) in [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)] {
        let points = [0.0, 0.2, 0.4].map(|r| [r * x, r * y, 0.0]);
        parts.push(limb(points[0], points[1], 0.08, skin));
        parts.push(limb(points[1], points[2], 0.08, joint));
        parts.push(limb(points[2], [0.65 * x, 0.65 * y, -0.45], 0.08, skin));
    }
    shapes.extend(parts.into_iter().map(|p| VisualShape { body: 1, ..p }));
    let camera = Camera {
        follow: 1,
        target: [0.0, 0.0, -0.1],
        distance: 4.0,
        azimuth: 2.2,
        elevation: -0.42,
        vertical_fov: 0.785,
    };
    let turned = [0.96, 0.06, -0.05, 0.27];
    let poses = vec![
        Pose { position: [0.0; 3], orientation: UPRIGHT },
        Pose { position: [0.3, -0.2, 0.55], orientation: turned },
    ];
    (Visuals { shapes, camera }, poses)
}

/// One of every kind, on the world.
pub fn parade() -> (Visuals, Vec<Pose>) {
    let heights = (0..20 * 20)
        .map(|i| {
            let (x, y) = ((i % 20) as f32 - 9.5, (i / 20) as f32 - 9.5);
            0.9 / (1.0 + 0.05 * (x * x + y * y)) + 0.04 * ((i * 7) % 5) as f32
        })
        .collect();
    let tetra = [[0.5, 0.0, -0.3], [-0.3, 0.45, -0.3], [-0.3, -0.45, -0.3], [0.0, 0.0, 0.6]];
    let hull = (0..60)
        .map(|i| {
            let (a, z) = (i as f32 * 2.4, i as f32 / 29.5 - 1.0);
            let r = 0.4 * (1.0 - z * z).max(0.0).sqrt();
            [r * a.cos(), r * a.sin(), 0.4 * z]
        })
        .collect();
    let tilted = [0.92, 0.25, 0.1, 0.28];
    let shapes = vec![
        ground(),
        VisualShape {
            checker: true,
            ..shape(RigidShape::Sphere { radius: 0.45 }, [-1.6, 0.0, 0.45], [0.9, 0.3, 0.25, 1.0])
        },
        VisualShape {
            orientation: tilted,
            ..shape(RigidShape::Cuboid { half: [0.35, 0.25, 0.3] }, [-0.4, -0.2, 0.55], [0.25, 0.55, 0.85, 1.0])
        },
        VisualShape {
            orientation: tilted,
            ..shape(RigidShape::Cylinder { radius: 0.3, half_length: 0.3 }, [0.8, 0.0, 0.5], [0.35, 0.7, 0.4, 1.0])
        },
        limb([1.7, -0.3, 0.2], [2.1, 0.3, 0.9], 0.2, [0.95, 0.75, 0.25, 1.0]),
        shape(RigidShape::Hull { points: hull }, [-1.2, -1.5, 0.4], [0.7, 0.45, 0.8, 1.0]),
        shape(
            RigidShape::Mesh { vertices: tetra.to_vec(), triangles: vec![[0, 1, 3], [1, 2, 3], [2, 0, 3], [0, 2, 1]] },
            [0.2, -1.6, 0.3],
            [0.9, 0.6, 0.55, 1.0],
        ),
        shape(RigidShape::Cuboid { half: [0.3, 0.02, 0.4] }, [1.3, -1.6, 0.4], [0.5, 0.8, 0.9, 0.35]),
        shape(
            RigidShape::HeightField { rows: 20, columns: 20, heights, size: [5.0, 3.0] },
            [0.0, 3.2, 0.0],
            [0.55, 0.62, 0.40, 1.0],
        ),
    ];
    let camera = Camera {
        follow: 0,
        target: [0.2, 0.3, 0.4],
        distance: 6.5,
        azimuth: 1.45,
        elevation: -0.38,
        vertical_fov: 0.785,
    };
    (Visuals { shapes, camera }, vec![Pose { position: [0.0; 3], orientation: UPRIGHT }])
}
