//! Numbers at which floating-point code decides something: zeros of both signs, ties, touching distances, and neighbours of
//! all these. Earlier ones are simpler: shrinking goes towards them.

use proptest::{prelude::*, sample::select};

/// One of these.
pub fn one_of<T: Copy + std::fmt::Debug>(values: &'static [T]) -> BoxedStrategy<T> {
    select(values).boxed()
}

/// Mostly the first of these, else any.
pub fn mostly<T: Copy + std::fmt::Debug>(values: &'static [T]) -> BoxedStrategy<T> {
    prop_oneof![3 => Just(values[0]), 1 => select(values)].boxed()
}

/// Where something is, beside where it would be plainly, m.
pub fn offset() -> BoxedStrategy<f32> {
    prop_oneof![
        4 => one_of(&[0.0, -0.0]),
        4 => one_of(&[0.25, -0.25, 0.5, -0.5, 0.1, -0.1, 1.0, -1.0]),
        1 => one_of(&[1e-7, -1e-7, 1e-40, -1e-40, f32::MIN_POSITIVE, f32::EPSILON, -f32::EPSILON]),
        1 => -1.0f32..1.0,
    ]
    .boxed()
}

/// Three of them, of which equal ones are likely.
pub fn offsets() -> BoxedStrategy<[f32; 3]> {
    prop_oneof![
        3 => Just([0.0; 3]),
        2 => offset().prop_map(|x| [x; 3]),
        2 => (offset(), 0..3usize).prop_map(|(x, axis)| std::array::from_fn(|i| if i == axis { x } else { 0.0 })),
        3 => [offset(), offset(), offset()],
    ]
    .boxed()
}

/// Distance between two things that should touch, m: exactly, by a rounding error or so, within and beyond what Rapier
/// looks ahead (2 mm) and allows to overlap (1 mm).
pub fn gap() -> BoxedStrategy<f32> {
    prop_oneof![
        4 => one_of(&[0.0, -0.0]),
        3 => one_of(&[6e-8, -6e-8, 1.2e-7, -1.2e-7, 1e-6, -1e-6]),
        3 => one_of(&[0.001, -0.001, 0.002, -0.002, 0.01, -0.01, 0.05, -0.05]),
        1 => -0.2f32..0.5,
    ]
    .boxed()
}

/// A half size or radius, m.
pub fn size() -> BoxedStrategy<f32> {
    prop_oneof![
        8 => one_of(&[0.5, 0.25, 0.1, 1.0]),
        2 => 0.05f32..1.0,
        1 => one_of(&[1e-4, 0.001, 10.0, 1000.0, 1e5]),
    ]
    .boxed()
}

/// A component of a velocity, m/s or rad/s.
pub fn velocity() -> BoxedStrategy<f32> {
    prop_oneof![
        6 => one_of(&[0.0, -0.0]),
        4 => one_of(&[1.0, -1.0, 0.5, -0.5, 10.0, -10.0]),
        1 => one_of(&[1e-7, -1e-7, 1e-40, 100.0, -1000.0, 1e4]),
        1 => -3.0f32..3.0,
    ]
    .boxed()
}

/// A velocity, often none.
pub fn velocities() -> BoxedStrategy<[f32; 3]> {
    prop_oneof![3 => Just([0.0; 3]), 2 => [velocity(), velocity(), velocity()]].boxed()
}

const HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// Cosine and sine of π/8.
const EIGHTH: [f32; 2] = [0.923_879_5, 0.382_683_43];

/// An orientation, w x y z: quarter, half and eighth turns about the axes, and any.
pub fn turn() -> BoxedStrategy<[f32; 4]> {
    let [c, s] = EIGHTH;
    let exact = vec![
        [1.0, 0.0, 0.0, 0.0],
        [HALF, HALF, 0.0, 0.0],
        [HALF, 0.0, HALF, 0.0],
        [HALF, 0.0, 0.0, HALF],
        [HALF, -HALF, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
        [-0.0, -0.0, -0.0, 1.0],
        [-1.0, 0.0, 0.0, 0.0],
        [c, s, 0.0, 0.0],
        [c, 0.0, s, 0.0],
        [c, 0.0, 0.0, s],
        [0.5, 0.5, 0.5, 0.5],
    ];
    let any = [-1.0f32..1.0, -1.0f32..1.0, -1.0f32..1.0, -1.0f32..1.0].prop_map(|q| {
        let length = q.iter().map(|x| x * x).sum::<f32>().sqrt();
        if length > 0.1 { q.map(|x| x / length) } else { [1.0, 0.0, 0.0, 0.0] }
    });
    prop_oneof![4 => Just([1.0, 0.0, 0.0, 0.0]), 4 => select(exact), 2 => any].boxed()
}

/// A number for a term or an action: finite but for a rare one.
pub fn value() -> BoxedStrategy<f32> {
    prop_oneof![
        3 => one_of(&[0.0, -0.0]),
        5 => one_of(&[1.0, -1.0, 0.5, -0.5, 2.0, 0.1, -0.1]),
        3 => -2.0f32..2.0,
        1 => one_of(&[1e-40, -1e-40, f32::MIN_POSITIVE, 1e9, -1e9, 16_777_216.0, 255.5]),
    ]
    .boxed()
}
