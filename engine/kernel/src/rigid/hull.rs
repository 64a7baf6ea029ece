//! Convex hulls that cannot fail half-way.
//!
//! Parry's hull code works in floats: on awkward input it recurses without bound or trips an assertion,
//! and there is no catching that in a `no_std` guest. A blueprint comes from outside, so the topology
//! is decided here in whole numbers: points are rounded to a grid of 2²⁰ cells across their
//! extent, where every "which side of this plane" is exact. Vertices keep their original coordinates.
//!
//! Invariants of a returned hull: a closed surface in which every directed edge occurs once and its
//! reverse once, counter-clockwise seen from outside; at most [`POINTS`] vertices.

use alloc::{vec, vec::Vec};

/// Most points of one hull. The work grows with their square.
pub const POINTS: usize = 256;

/// A closed convex surface.
#[derive(Clone, Debug, PartialEq)]
pub struct Hull {
    /// Those input points that are corners, in input order.
    pub vertices: Vec<[f32; 3]>,
    /// Counter-clockwise from outside.
    pub triangles: Vec<[u32; 3]>,
}

type Cell = [i64; 3];

fn sub(a: Cell, b: Cell) -> Cell {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn cross(a: Cell, b: Cell) -> Cell {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

// 21 + 21 + 1 bits times 21 bits: beyond 64, far below 128.
fn dot(a: Cell, b: Cell) -> i128 {
    (0..3).map(|k| i128::from(a[k]) * i128::from(b[k])).sum()
}

struct Face {
    corners: [usize; 3],
    normal: Cell,
}

impl Face {
    fn new(cells: &[Cell], corners: [usize; 3]) -> Self {
        let [a, b, c] = corners.map(|i| cells[i]);
        Self { corners, normal: cross(sub(b, a), sub(c, a)) }
    }

    fn sees(&self, cells: &[Cell], point: usize) -> bool {
        dot(self.normal, sub(cells[point], cells[self.corners[0]])) > 0
    }
}

/// The hull of `points`, or `None` if they are not finite, more than [`POINTS`], or all in one plane
/// (to a millionth of their extent).
pub fn convex_hull(points: &[[f32; 3]]) -> Option<Hull> {
    if points.len() < 4 || points.len() > POINTS || points.iter().flatten().any(|x| !x.is_finite()) {
        return None;
    }
    let cells = grid(points)?;
    let mut faces = tetrahedron(&cells)?;
    let mut seen: Vec<Face> = Vec::new();
    let mut edges: Vec<(usize, usize)> = Vec::new();
    for point in outermost_first(&cells) {
        // Strictly in front: a point on a face's plane but outside the face is in front of a
        // neighbour, so nothing is lost, and no new triangle can have collinear corners.
        seen.clear();
        faces.retain_mut(|face| {
            let keep = !face.sees(&cells, point);
            if !keep {
                seen.push(Face { corners: face.corners, normal: face.normal });
            }
            keep
        });
        edges.clear();
        edges.extend(seen.iter().flat_map(|f| {
            let [a, b, c] = f.corners;
            [(a, b), (b, c), (c, a)]
        }));
        edges.sort_unstable();
        for &(a, b) in &edges {
            if edges.binary_search(&(b, a)).is_err() {
                faces.push(Face::new(&cells, [a, b, point]));
            }
        }
    }
    Some(compact(points, &faces))
}

// In f64 the rounding is the same everywhere: only + − × ÷ and a truncating cast.
fn grid(points: &[[f32; 3]]) -> Option<Vec<Cell>> {
    let mut low = points[0].map(f64::from);
    let mut high = low;
    for point in points {
        for k in 0..3 {
            let x = f64::from(point[k]);
            if x < low[k] {
                low[k] = x;
            }
            if x > high[k] {
                high[k] = x;
            }
        }
    }
    let mut extent = 0.0;
    for k in 0..3 {
        if high[k] - low[k] > extent {
            extent = high[k] - low[k];
        }
    }
    if extent == 0.0 {
        return None;
    }
    let scale = f64::from(1 << 20) / extent;
    let cell = |p: &[f32; 3]| core::array::from_fn(|k| ((f64::from(p[k]) - low[k]) * scale + 0.5) as i64);
    Some(points.iter().map(cell).collect())
}

// Corners tend to be farther out than what lies on their edges and faces: taken first, they keep the
// others from ever being in front of a face.
fn outermost_first(cells: &[Cell]) -> Vec<usize> {
    let half = 1 << 19;
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by_key(|&i| {
        let d = sub(cells[i], [half; 3]);
        (core::cmp::Reverse(dot(d, d)), i)
    });
    order
}

// Four points that span space: a corner, then what is farthest from point, line and plane.
fn tetrahedron(cells: &[Cell]) -> Option<Vec<Face>> {
    let farthest = |measure: &dyn Fn(Cell) -> i128| {
        let mut best = (0, 0);
        for (i, &cell) in cells.iter().enumerate() {
            let m = measure(cell);
            if m > best.1 {
                best = (i, m);
            }
        }
        (best.1 > 0).then_some(best.0)
    };
    // Lexicographically first: a corner for certain.
    let a = (0..cells.len()).min_by_key(|&i| (cells[i], i))?;
    let b = farthest(&|p| dot(sub(p, cells[a]), sub(p, cells[a])))?;
    let along = sub(cells[b], cells[a]);
    // A product of two crosses can take 88 bits.
    let c = farthest(&|p| {
        let n = cross(along, sub(p, cells[a]));
        dot(n, n)
    })?;
    let normal = cross(along, sub(cells[c], cells[a]));
    let d = farthest(&|p| dot(normal, sub(p, cells[a])).abs())?;
    let above = dot(normal, sub(cells[d], cells[a])) > 0;
    let (b, c) = if above { (c, b) } else { (b, c) };
    Some(vec![
        Face::new(cells, [a, b, c]),
        Face::new(cells, [a, d, b]),
        Face::new(cells, [b, d, c]),
        Face::new(cells, [c, d, a]),
    ])
}

fn compact(points: &[[f32; 3]], faces: &[Face]) -> Hull {
    const UNUSED: u32 = u32::MAX;
    let mut index = vec![UNUSED; points.len()];
    for corner in faces.iter().flat_map(|f| f.corners) {
        index[corner] = 0;
    }
    let mut vertices = Vec::new();
    for (i, slot) in index.iter_mut().enumerate() {
        if *slot != UNUSED {
            *slot = vertices.len() as u32;
            vertices.push(points[i]);
        }
    }
    Hull { vertices, triangles: faces.iter().map(|f| f.corners.map(|c| index[c])).collect() }
}
