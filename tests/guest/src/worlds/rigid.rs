//! Random rigid bodies: piles of a few, put beside each other so that they touch exactly, graze or just miss.

use hyperdust_kernel::blueprint::{Collider, Rigid, RigidBody, RigidShape};
use proptest::{collection::vec, prelude::*};

use super::numbers::{gap, mostly, offset, offsets, one_of, size, turn, velocities};

/// What is decided about a body before its place is known.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Takes shapes, material and turn of the piece before: equal masses and distances.
    twin: bool,
    fixed: bool,
    shapes: Vec<(RigidShape, [f32; 3], [f32; 4])>,
    place: Place,
    turn: [f32; 4],
    velocities: [[f32; 3]; 2],
    damping: [f32; 2],
    density: f32,
    material: [f32; 2],
    groups: [u32; 2],
}

/// Where a piece is, from the one before it.
#[derive(Clone, Debug)]
enum Place {
    /// Touching it along an axis (which, and whether on its negative side), but for a gap; moved aside along the others.
    Beside(usize, bool, f32, [f32; 3]),
    /// Where it is, but for an offset.
    Within([f32; 3]),
}

/// What does not move. Its surface is at z = 0.
#[derive(Clone, Debug)]
enum Ground {
    None,
    HalfSpace([f32; 4]),
    Cuboid,
    Sphere(f32),
    /// Two flush triangles, the second perhaps at another height.
    Triangles(f32),
    /// Heights of a grid with so many columns.
    Field(u32, Vec<f32>),
}

/// A ground and up to five bodies.
#[derive(Clone, Debug)]
pub struct Pile {
    ground: Ground,
    material: [f32; 2],
    pieces: Vec<Piece>,
}

/// Any pile.
pub fn pile() -> BoxedStrategy<Pile> {
    (ground(), material(), vec(piece(), 1..=5))
        .prop_map(|(ground, material, pieces)| Pile { ground, material, pieces })
        .boxed()
}

fn ground() -> BoxedStrategy<Ground> {
    prop_oneof![
        3 => Just(Ground::HalfSpace([1.0, 0.0, 0.0, 0.0])),
        2 => Just(Ground::Cuboid),
        1 => Just(Ground::None),
        1 => turn().prop_map(Ground::HalfSpace),
        1 => size().prop_map(Ground::Sphere),
        1 => offset().prop_map(Ground::Triangles),
        1 => (2..=3u32, vec(offset(), 6)).prop_map(|(columns, heights)| Ground::Field(columns, heights)),
    ]
    .boxed()
}

/// Friction and restitution.
fn material() -> BoxedStrategy<[f32; 2]> {
    [mostly(&[0.5, 0.0, -0.0, 1.0, 100.0, 1e-6]), mostly(&[0.0, -0.0, 1.0, 0.5])].boxed()
}

fn shape() -> BoxedStrategy<RigidShape> {
    let cuboid = prop_oneof![size().prop_map(|x| [x; 3]), [size(), size(), size()]];
    prop_oneof![
        cuboid.prop_map(|half| RigidShape::Cuboid { half }),
        size().prop_map(|radius| RigidShape::Sphere { radius }),
        [size(), size()].prop_map(|[radius, half_length]| RigidShape::Capsule { radius, half_length }),
        [size(), size()].prop_map(|[radius, half_length]| RigidShape::Cylinder { radius, half_length }),
        (size(), vec([offset(), offset(), offset()], 0..5)).prop_map(|(size, more)| hull(size, more)),
    ]
    .boxed()
}

/// A tetrahedron of this size and whatever other points; some lie on its faces or on each other.
fn hull(size: f32, more: Vec<[f32; 3]>) -> RigidShape {
    let mut points = vec![[size, size, size], [size, -size, -size], [-size, size, -size], [-size, -size, size]];
    points.extend(more.iter().map(|p| p.map(|x| 2.0 * size * x)));
    RigidShape::Hull { points }
}

fn piece() -> BoxedStrategy<Piece> {
    let placed_shape = (shape(), prop_oneof![3 => Just([0.0; 3]), 1 => offsets()], mostly_upright());
    let beside = (prop_oneof![3 => Just(2), 1 => 0..3usize], prop::bool::weighted(0.1), gap(), offsets());
    let place = prop_oneof![
        8 => beside.prop_map(|(axis, negative, gap, aside)| Place::Beside(axis, negative, gap, aside)),
        1 => offsets().prop_map(Place::Within),
    ];
    let looks = (prop::bool::weighted(0.35), prop::bool::weighted(0.1), vec(placed_shape, 1..=2), place, turn());
    let physics = (
        [velocities(), velocities()],
        [mostly(&[0.0, 0.1, 100.0]), mostly(&[0.0, 0.1, 100.0])],
        mostly(&[1000.0, 1.0, 1e-3, 1e6]),
        material(),
        prop_oneof![9 => Just([1, 1]), 1 => one_of(&[[1, 0], [3, 2], [2, 3], [u32::MAX, u32::MAX]])],
    );
    (looks, physics)
        .prop_map(|((twin, fixed, shapes, place, turn), (velocities, damping, density, material, groups))| Piece {
            twin,
            fixed,
            shapes,
            place,
            turn,
            velocities,
            damping,
            density,
            material,
            groups,
        })
        .boxed()
}

fn mostly_upright() -> BoxedStrategy<[f32; 4]> {
    prop_oneof![4 => Just([1.0, 0.0, 0.0, 0.0]), 1 => turn()].boxed()
}

impl Pile {
    /// As a blueprint has it. The first body is the ground, if there is one.
    pub fn build(&self) -> Rigid {
        let mut rigid = Rigid::default();
        if let Some((shape, position, orientation)) = self.ground.build() {
            rigid.bodies.push(still(position, orientation));
            rigid.colliders.push(collider(0, shape, 1000.0, self.material, [1, 1]));
        }
        let (mut position, mut reach) = ([0.0; 3], [0.0; 3]);
        let mut before: Option<&Piece> = None;
        for piece in &self.pieces {
            let look = before.filter(|_| piece.twin).unwrap_or(piece);
            let own = extents(look);
            position = match piece.place {
                Place::Within(offset) => std::array::from_fn(|i| position[i] + offset[i]),
                Place::Beside(axis, negative, gap, aside) => {
                    let distance = reach[axis] + own[axis] + gap;
                    let along = if negative { -distance } else { distance };
                    std::array::from_fn(|i| position[i] + if i == axis { along } else { aside[i] })
                }
            }
            .map(|x: f32| x.clamp(-1e5, 1e5));
            reach = own;
            let body = rigid.bodies.len() as u16;
            let [linear_velocity, angular_velocity] = piece.velocities;
            let [linear_damping, angular_damping] = piece.damping;
            rigid.bodies.push(RigidBody {
                fixed: piece.fixed,
                linear_velocity,
                angular_velocity,
                linear_damping,
                angular_damping,
                ..still(position, look.turn)
            });
            for (shape, position, orientation) in &look.shapes {
                let (position, orientation) = (*position, *orientation);
                let collider = collider(body, shape.clone(), look.density, look.material, piece.groups);
                rigid.colliders.push(Collider { position, orientation, ..collider });
            }
            before = Some(look);
        }
        rigid
    }
}

impl Ground {
    /// Shape, position and orientation.
    fn build(&self) -> Option<(RigidShape, [f32; 3], [f32; 4])> {
        let upright = [1.0, 0.0, 0.0, 0.0];
        Some(match self {
            Self::None => return None,
            Self::HalfSpace(turn) => (RigidShape::HalfSpace, [0.0; 3], *turn),
            Self::Cuboid => (RigidShape::Cuboid { half: [4.0, 4.0, 0.5] }, [0.0, 0.0, -0.5], upright),
            Self::Sphere(radius) => (RigidShape::Sphere { radius: *radius }, [0.0, 0.0, -radius], upright),
            Self::Triangles(height) => {
                let vertices = vec![[-4.0, -4.0, 0.0], [4.0, -4.0, 0.0], [4.0, 4.0, 0.0], [-4.0, 4.0, *height]];
                (RigidShape::Mesh { vertices, triangles: vec![[0, 1, 2], [0, 2, 3]] }, [0.0; 3], upright)
            }
            Self::Field(columns, heights) => {
                let rows = heights.len() as u32 / columns;
                let heights = heights.iter().map(|height| 0.1 * height).collect();
                let field = RigidShape::HeightField { rows, columns: *columns, heights, size: [4.0, 4.0] };
                (field, [0.0; 3], upright)
            }
        })
    }
}

fn still(position: [f32; 3], orientation: [f32; 4]) -> RigidBody {
    RigidBody {
        fixed: true,
        position,
        orientation,
        linear_velocity: [0.0; 3],
        angular_velocity: [0.0; 3],
        linear_damping: 0.0,
        angular_damping: 0.0,
    }
}

fn collider(body: u16, shape: RigidShape, density: f32, material: [f32; 2], groups: [u32; 2]) -> Collider {
    let [friction, restitution] = material;
    let [memberships, filter] = groups;
    let (position, orientation) = ([0.0; 3], [1.0, 0.0, 0.0, 0.0]);
    Collider { body, shape, position, orientation, density, friction, restitution, memberships, filter }
}

/// Half the size along each world axis, as far as it is exact for one upright shape: enough to make things touch.
fn extents(piece: &Piece) -> [f32; 3] {
    let mut all = [0.0f32; 3];
    for (shape, position, turn) in &piece.shapes {
        let own = turned(turn, half(shape));
        all = std::array::from_fn(|i| all[i].max(position[i].abs() + own[i]));
    }
    turned(&piece.turn, all)
}

fn half(shape: &RigidShape) -> [f32; 3] {
    match shape {
        RigidShape::Sphere { radius } => [*radius; 3],
        RigidShape::Cuboid { half } => *half,
        RigidShape::Capsule { radius, half_length } => [*radius, *radius, half_length + radius],
        RigidShape::Cylinder { radius, half_length } => [*radius, *radius, *half_length],
        RigidShape::Hull { points } => {
            points.iter().fold([0.0; 3], |all, point| std::array::from_fn(|i| point[i].abs().max(all[i])))
        }
        _ => [0.0; 3],
    }
}

/// Half sizes of the box around a turned box.
fn turned([w, x, y, z]: &[f32; 4], half: [f32; 3]) -> [f32; 3] {
    let rows = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
        [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
        [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
    ];
    rows.map(|row| row.iter().zip(half).map(|(m, h)| m.abs() * h).sum())
}
