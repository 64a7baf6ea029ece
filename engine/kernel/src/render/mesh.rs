//! Triangles in a tree of boxes.
//!
//! Built by halving the longest side of the centres' box at the median, so the depth is at most
//! log₂ of the number of triangles and the traversal's stack is of fixed size.

use alloc::vec::Vec;

use super::Vec3;
use crate::math::scalar::{max, min};
use crate::math::spatial::vec3;

/// Triangles of one leaf.
const LEAF: usize = 4;
/// Deeper than any tree of 2³² triangles.
const STACK: usize = 40;

struct Triangle {
    corner: Vec3,
    edge1: Vec3,
    edge2: Vec3,
}

struct Node {
    low: Vec3,
    high: Vec3,
    /// Leaf: first triangle. Branch: the right child; the left follows the branch.
    index: u32,
    /// Triangles of a leaf; 0: a branch.
    count: u32,
}

pub struct Mesh {
    triangles: Vec<Triangle>,
    nodes: Vec<Node>,
    /// Middle of everything and the farthest corner from it.
    pub center: Vec3,
    pub radius: f32,
}

fn component(v: Vec3, axis: usize) -> f32 {
    [v.x, v.y, v.z][axis]
}

fn lower(a: Vec3, b: Vec3) -> Vec3 {
    vec3(min(a.x, b.x), min(a.y, b.y), min(a.z, b.z))
}

fn upper(a: Vec3, b: Vec3) -> Vec3 {
    vec3(max(a.x, b.x), max(a.y, b.y), max(a.z, b.z))
}

impl Mesh {
    /// `None` if no triangle is left once those with bad indices, infinite corners or no area are dropped.
    pub fn new(vertices: &[[f32; 3]], triangles: &[[u32; 3]]) -> Option<Self> {
        let corner = |i: u32| {
            let v = vertices.get(i as usize)?;
            v.iter().all(|x| x.abs() < 1e6).then(|| vec3(v[0], v[1], v[2]))
        };
        let mut items: Vec<(Vec3, Triangle)> = Vec::with_capacity(triangles.len());
        for t in triangles {
            let (Some(a), Some(b), Some(c)) = (corner(t[0]), corner(t[1]), corner(t[2])) else {
                continue;
            };
            let (edge1, edge2) = (b - a, c - a);
            if edge1.cross(edge2) != vec3(0.0, 0.0, 0.0) {
                items.push(((a + b + c).scale(1.0 / 3.0), Triangle { corner: a, edge1, edge2 }));
            }
        }
        if items.is_empty() {
            return None;
        }
        let mut nodes = Vec::new();
        split(&mut items, 0, &mut nodes);
        let center = (nodes[0].low + nodes[0].high).scale(0.5);
        let half = nodes[0].high - center;
        Some(Self { triangles: items.into_iter().map(|i| i.1).collect(), nodes, center, radius: half.norm() })
    }

    /// First hit with `near < t < far`, as (t, unit normal towards the ray's origin).
    pub fn hit(&self, o: Vec3, d: Vec3, near: f32, mut far: f32) -> Option<(f32, Vec3)> {
        let inverse = vec3(1.0 / d.x, 1.0 / d.y, 1.0 / d.z);
        let mut stack = [0_u32; STACK];
        let mut depth = 1;
        let mut found = None;
        while depth > 0 {
            depth -= 1;
            let index = stack[depth] as usize;
            let node = &self.nodes[index];
            if !crosses(node, o, inverse, near, far) {
                continue;
            }
            if node.count == 0 {
                // The nearer child last, so that it is taken first.
                let (left, right) = (index as u32 + 1, node.index);
                let towards = |child: u32| {
                    let n = &self.nodes[child as usize];
                    (n.low + n.high).dot(d)
                };
                let left_first = towards(left) <= towards(right);
                stack[depth] = if left_first { right } else { left };
                stack[depth + 1] = if left_first { left } else { right };
                depth += 2;
                continue;
            }
            for triangle in &self.triangles[node.index as usize..][..node.count as usize] {
                if let Some(t) = triangle.hit(o, d, near, far) {
                    far = t;
                    found = Some(triangle);
                }
            }
        }
        found.map(|triangle| {
            let n = super::unit(triangle.edge1.cross(triangle.edge2));
            (far, if n.dot(d) > 0.0 { -n } else { n })
        })
    }
}

// A NaN (0 · ∞, on a ray that runs in a side's plane) compares false and leaves the interval as it is.
fn crosses(node: &Node, o: Vec3, inverse: Vec3, mut near: f32, mut far: f32) -> bool {
    for (o, inverse, low, high) in [
        (o.x, inverse.x, node.low.x, node.high.x),
        (o.y, inverse.y, node.low.y, node.high.y),
        (o.z, inverse.z, node.low.z, node.high.z),
    ] {
        let (a, b) = ((low - o) * inverse, (high - o) * inverse);
        let (a, b) = if a > b { (b, a) } else { (a, b) };
        if a > near {
            near = a;
        }
        if b < far {
            far = b;
        }
    }
    // A hair wider: a flat box has no thickness to hit.
    near <= far + 1e-5 * far.abs() + 1e-6
}

fn split(items: &mut [(Vec3, Triangle)], first: usize, nodes: &mut Vec<Node>) {
    let corners = |t: &Triangle| [t.corner, t.corner + t.edge1, t.corner + t.edge2];
    let mut low = items[0].1.corner;
    let mut high = low;
    for v in items.iter().flat_map(|i| corners(&i.1)) {
        (low, high) = (lower(low, v), upper(high, v));
    }
    let here = nodes.len();
    let leaf = items.len() <= LEAF;
    nodes.push(Node { low, high, index: first as u32, count: if leaf { items.len() as u32 } else { 0 } });
    if leaf {
        return;
    }
    let size = high - low;
    let axis = (0..3).fold(0, |best, k| if component(size, k) > component(size, best) { k } else { best });
    // A stable sort by a total order: the same tree everywhere.
    items.sort_by(|a, b| component(a.0, axis).total_cmp(&component(b.0, axis)));
    let middle = items.len() / 2;
    let (left, right) = items.split_at_mut(middle);
    split(left, first, nodes);
    nodes[here].index = nodes.len() as u32;
    split(right, first + middle, nodes);
}

impl Triangle {
    // Möller and Trumbore, from both sides.
    #[inline(always)]
    fn hit(&self, o: Vec3, d: Vec3, near: f32, far: f32) -> Option<f32> {
        let p = d.cross(self.edge2);
        let determinant = self.edge1.dot(p);
        if determinant == 0.0 {
            return None;
        }
        let inverse = 1.0 / determinant;
        let s = o - self.corner;
        let u = s.dot(p) * inverse;
        let q = s.cross(self.edge1);
        let v = d.dot(q) * inverse;
        let t = self.edge2.dot(q) * inverse;
        (u >= 0.0 && v >= 0.0 && u + v <= 1.0 && t > near && t < far).then_some(t)
    }
}

/// A height field's vertices and triangles, cut along the same diagonals as in the simulation.
pub fn from_heights(rows: u32, columns: u32, heights: &[f32], size: [f32; 2]) -> Option<Mesh> {
    let (r, c) = (rows as usize, columns as usize);
    if r < 2 || c < 2 || r.checked_mul(c)? != heights.len() || heights.len() > u32::MAX as usize {
        return None;
    }
    let step = [size[0] / (c - 1) as f32, size[1] / (r - 1) as f32];
    let vertices: Vec<[f32; 3]> = (0..r * c)
        .map(|i| {
            let (row, column) = (i / c, i % c);
            [column as f32 * step[0] - 0.5 * size[0], row as f32 * step[1] - 0.5 * size[1], heights[i]]
        })
        .collect();
    let mut triangles = Vec::with_capacity((r - 1) * (c - 1) * 2);
    for row in 0..rows - 1 {
        for column in 0..columns - 1 {
            let near = row * columns + column;
            let far = near + columns;
            triangles.push([far, near, far + 1]);
            triangles.push([near, near + 1, far + 1]);
        }
    }
    Mesh::new(&vertices, &triangles)
}
