//! Triangle meshes of robots, for their looks: Wavefront OBJ and binary STL.

use std::collections::BTreeMap;

use hyperdust_kernel::blueprint::limits::MESH_ELEMENTS;

use std::sync::Arc;

use super::vector::{Quat, UNIT, Vec3, conjugate, rotate, sub};
use super::xml::LARGEST;
use crate::mjcf::Files;

/// Points and triangles of all meshes of one model together, as read and as drawn.
const BUDGET: usize = 4 * MESH_ELEMENTS;

/// A mesh; without triangles it stands for the convex hull of its points.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MeshSpec {
    pub vertices: Vec<Vec3>,
    pub triangles: Vec<[u32; 3]>,
}

impl MeshSpec {
    /// Points and triangles.
    pub(crate) fn elements(&self) -> usize {
        self.vertices.len() + self.triangles.len()
    }
}

/// A mesh as a geom uses it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlacedMesh {
    pub mesh: Arc<MeshSpec>,
    /// Where the file's axes are, seen from the file's own: points are moved by the opposite.
    pub position: Vec3,
    pub rotation: Quat,
    /// Then they are scaled.
    pub scale: Vec3,
}

impl PlacedMesh {
    /// A mesh as its file has it.
    pub(crate) fn new(mesh: Arc<MeshSpec>) -> Self {
        Self { mesh, position: [0.0; 3], rotation: UNIT, scale: [1.0; 3] }
    }

    /// The points in the geom's frame.
    pub(crate) fn points(&self) -> impl Iterator<Item = Vec3> {
        let back = conjugate(self.rotation);
        self.mesh.vertices.iter().map(move |p| {
            let moved = rotate(back, sub(*p, self.position));
            std::array::from_fn(|i| moved[i] * self.scale[i])
        })
    }
}

/// What is left of the budget for meshes: however often a model names a mesh, it stays bounded.
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(BUDGET)
    }

    /// Takes points and triangles from the budget, if they are there.
    pub(crate) fn take(&mut self, elements: usize) -> Result<(), String> {
        let left = self.0.checked_sub(elements);
        self.0 =
            left.ok_or_else(|| format!("the model's meshes have more than {BUDGET} points and triangles together"))?;
        Ok(())
    }
}

/// Reads each mesh file of a model once.
pub(crate) struct Library<'a> {
    files: &'a Files<'a>,
    known: BTreeMap<String, Result<Arc<MeshSpec>, String>>,
    budget: Budget,
}

impl<'a> Library<'a> {
    pub(crate) fn new(files: &'a Files<'a>) -> Self {
        Self { files, known: BTreeMap::new(), budget: Budget::new() }
    }

    /// The mesh at a path; the error says why it cannot be drawn.
    pub(crate) fn get(&mut self, path: &str) -> Result<Arc<MeshSpec>, String> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let mesh = match (self.files)(path) {
            None => Err("it is not among the scene's files".into()),
            Some(bytes) => {
                read(path, &bytes).and_then(|mesh| self.budget.take(mesh.elements()).map(|()| Arc::new(mesh)))
            }
        };
        self.known.insert(path.to_owned(), mesh.clone());
        mesh
    }
}

/// Reads a file by the ending of its name. The error says why it cannot be used.
fn read(name: &str, bytes: &[u8]) -> Result<MeshSpec, String> {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    let mesh = match ending.as_str() {
        "obj" => obj(bytes),
        "stl" => stl(bytes),
        _ => Err("its format is not read; accepted: .obj, .stl".into()),
    }?;
    if mesh.vertices.iter().flatten().any(|x| !(-LARGEST..=LARGEST).contains(x)) {
        return Err("it has points that are not finite".into());
    }
    if mesh.triangles.is_empty() { Err("it has no triangles".into()) } else { Ok(mesh) }
}

fn full(mesh: &MeshSpec) -> Result<(), String> {
    let more = mesh.vertices.len() > MESH_ELEMENTS || mesh.triangles.len() > MESH_ELEMENTS;
    if more { Err(format!("it has more than {MESH_ELEMENTS} points or triangles")) } else { Ok(()) }
}

/// 80 bytes of header, the number of triangles, and for each its normal, three points and two spare bytes.
fn stl(bytes: &[u8]) -> Result<MeshSpec, String> {
    const HEADER: usize = 84;
    const TRIANGLE: usize = 50;
    let count = bytes.get(80..HEADER).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
    if count > MESH_ELEMENTS || bytes.len() != HEADER + count * TRIANGLE {
        return Err(format!("it is not a binary STL file of at most {MESH_ELEMENTS} triangles"));
    }
    let mut mesh = MeshSpec::default();
    let mut known = BTreeMap::new();
    for triangle in bytes[HEADER..].chunks_exact(TRIANGLE) {
        let mut corners = [0; 3];
        for (corner, point) in corners.iter_mut().zip(triangle[12..48].chunks_exact(12)) {
            *corner = *known.entry(point).or_insert_with(|| {
                let number =
                    |i: usize| f64::from(f32::from_le_bytes([point[i], point[i + 1], point[i + 2], point[i + 3]]));
                mesh.vertices.push([number(0), number(4), number(8)]);
                mesh.vertices.len() as u32 - 1
            });
        }
        mesh.triangles.push(corners);
        full(&mesh)?;
    }
    Ok(mesh)
}

/// Lines `v x y z` and `f a b c …`, where a corner is `point`, `point/texture` or `point/texture/normal`, counted from
/// 1, or backwards from -1. Everything else is looks that are not used.
fn obj(bytes: &[u8]) -> Result<MeshSpec, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not a text file in UTF-8")?;
    let mut mesh = MeshSpec::default();
    for (number, line) in text.lines().enumerate() {
        let wrong = || format!("line {} is not \"v x y z\" or \"f a b c …\"", number + 1);
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("v") => {
                let point: Vec<f64> = words.take(3).filter_map(|w| w.parse().ok()).collect();
                mesh.vertices.push(<Vec3>::try_from(point).map_err(|_| wrong())?);
            }
            Some("f") => {
                let mut corners = Vec::new();
                for word in words {
                    let index: i64 = word.split('/').next().and_then(|w| w.parse().ok()).ok_or_else(wrong)?;
                    let from = if index < 0 { mesh.vertices.len() as i64 } else { -1 };
                    let at = usize::try_from(from.saturating_add(index)).ok().filter(|at| *at < mesh.vertices.len());
                    corners.push(at.ok_or_else(wrong)? as u32);
                }
                for pair in corners.get(1..).unwrap_or_default().windows(2) {
                    mesh.triangles.push([corners[0], pair[0], pair[1]]);
                    full(&mesh)?;
                }
            }
            _ => {}
        }
        full(&mesh)?;
    }
    Ok(mesh)
}
