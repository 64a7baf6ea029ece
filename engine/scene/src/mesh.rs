//! Static meshes from glTF 2.0 (`.glb`, or `.gltf` with `.bin` files): triangles only; no images, skins or
//! animations are read. glTF's y is up; vertices are turned to z up (x, y, z) → (x, −z, y), metres.
//!
//! Buffers are read here and not through the crate's accessors: every offset is checked.

use gltf::accessor::{DataType, Dimensions};
use gltf::buffer::Source;
use gltf::{Accessor, Gltf, Node, Semantic};
use hyperdust_kernel::blueprint::limits::MESH_ELEMENTS;

use crate::Error;
use crate::package::Reader;

/// Deepest node.
const DEPTH: usize = 32;
/// Most nodes visited.
const NODES: usize = 4096;

/// Vertices and triangles, z up.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Mesh {
    /// Metres.
    pub vertices: Vec<[f64; 3]>,
    /// Counter-clockwise.
    pub triangles: Vec<[u32; 3]>,
}

/// Column-major affine transform: three axes and an origin.
type Transform = [[f64; 3]; 4];

const IDENTITY: Transform = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]];

/// Reads all triangles of the default scene of a file.
pub(crate) fn load(name: &str, reader: &Reader<'_>) -> Result<Mesh, Error> {
    let wrong = |reason: String| Error::File { file: name.to_owned(), reason };
    let gltf = Gltf::from_slice(&reader.read(name)?).map_err(|error| wrong(format!("not glTF 2.0: {error}")))?;
    let mut buffers = Vec::new();
    for buffer in gltf.buffers() {
        buffers.push(match buffer.source() {
            Source::Bin => gltf.blob.clone().ok_or_else(|| wrong("the binary chunk is missing".into()))?,
            Source::Uri(uri) if uri.starts_with("data:") => {
                return Err(wrong("a buffer inside the JSON; accepted: .glb, or .gltf with .bin files".into()));
            }
            Source::Uri(uri) => {
                let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                reader.read(&if folder.is_empty() { uri.to_owned() } else { format!("{folder}/{uri}") })?
            }
        });
    }
    let mut builder = Builder { name, buffers, mesh: Mesh::default(), visited: 0 };
    let scene = gltf.default_scene().or_else(|| gltf.scenes().next());
    for node in scene.ok_or_else(|| wrong("no scene".into()))?.nodes() {
        builder.node(&node, &IDENTITY, 0)?;
    }
    if builder.mesh.triangles.is_empty() {
        return Err(wrong("no triangles".into()));
    }
    Ok(builder.mesh)
}

struct Builder<'a> {
    name: &'a str,
    buffers: Vec<Vec<u8>>,
    mesh: Mesh,
    visited: usize,
}

impl Builder<'_> {
    fn wrong(&self, reason: impl Into<String>) -> Error {
        Error::File { file: self.name.to_owned(), reason: reason.into() }
    }

    fn node(&mut self, node: &Node<'_>, parent: &Transform, depth: usize) -> Result<(), Error> {
        self.visited += 1;
        // Nodes may form a cycle in a malformed file.
        if depth > DEPTH || self.visited > NODES {
            return Err(self.wrong(format!("too many or too deep nodes; accepted: {NODES}, {DEPTH} deep")));
        }
        let matrix = node.transform().matrix();
        let column = |i: usize| [0, 1, 2].map(|k| f64::from(matrix[i][k]));
        let local = [column(0), column(1), column(2), column(3)];
        let linear = |v: [f64; 3]| [0, 1, 2].map(|k| parent[0][k] * v[0] + parent[1][k] * v[1] + parent[2][k] * v[2]);
        let origin = linear(local[3]);
        let transform = [
            linear(local[0]),
            linear(local[1]),
            linear(local[2]),
            [0, 1, 2].map(|k| origin[k] + parent[3][k]),
        ];
        for primitive in node.mesh().iter().flat_map(|mesh| mesh.primitives()) {
            if primitive.mode() != gltf::mesh::Mode::Triangles {
                return Err(self.wrong("a primitive that is not triangles; accepted: triangle lists"));
            }
            self.primitive(&primitive, &transform)?;
        }
        node.children().try_for_each(|child| self.node(&child, &transform, depth + 1))
    }

    fn primitive(&mut self, primitive: &gltf::Primitive<'_>, transform: &Transform) -> Result<(), Error> {
        let Some(positions) = primitive.get(&Semantic::Positions) else {
            return Err(self.wrong("a primitive without positions"));
        };
        if (positions.data_type(), positions.dimensions()) != (DataType::F32, Dimensions::Vec3) {
            return Err(self.wrong("positions that are not three 32-bit floats"));
        }
        let first = self.mesh.vertices.len();
        let mut vertices = Vec::new();
        for bytes in self.elements(&positions, 12)? {
            let number = |i: usize| f64::from(f32::from_le_bytes([bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]));
            let v = [number(0), number(4), number(8)];
            let [x, y, z] = [0, 1, 2].map(|k| {
                transform[0][k] * v[0] + transform[1][k] * v[1] + transform[2][k] * v[2] + transform[3][k]
            });
            if ![x, y, z].iter().all(|value| value.is_finite()) {
                return Err(self.wrong("a vertex that is not finite"));
            }
            vertices.push([x, -z, y]);
        }
        self.mesh.vertices.append(&mut vertices);
        let count = self.mesh.vertices.len() - first;
        let indices = match primitive.indices() {
            None => (0..count as u32).collect(),
            Some(accessor) => self.indices(&accessor)?,
        };
        if indices.len() % 3 != 0 || indices.iter().any(|index| *index as usize >= count) {
            return Err(self.wrong("indices that are not whole triangles of the primitive's vertices"));
        }
        // A mirroring transform turns triangles inside out.
        let [a, b, c] = [transform[0], transform[1], transform[2]];
        let cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
        let mirrored = cross[0] * c[0] + cross[1] * c[1] + cross[2] * c[2] < 0.0;
        let offset = first as u32;
        for triangle in indices.chunks_exact(3) {
            let [a, b, c] = [triangle[0] + offset, triangle[1] + offset, triangle[2] + offset];
            self.mesh.triangles.push(if mirrored { [a, c, b] } else { [a, b, c] });
        }
        if self.mesh.triangles.len() > MESH_ELEMENTS || self.mesh.vertices.len() > MESH_ELEMENTS {
            return Err(self.wrong(format!("too many vertices or triangles; accepted: at most {MESH_ELEMENTS} of each")));
        }
        Ok(())
    }

    fn indices(&self, accessor: &Accessor<'_>) -> Result<Vec<u32>, Error> {
        let size = match (accessor.data_type(), accessor.dimensions()) {
            (DataType::U8, Dimensions::Scalar) => 1,
            (DataType::U16, Dimensions::Scalar) => 2,
            (DataType::U32, Dimensions::Scalar) => 4,
            _ => return Err(self.wrong("indices that are not unsigned integers")),
        };
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0u32, |all, byte| all << 8 | u32::from(*byte));
        Ok(self.elements(accessor, size)?.into_iter().map(number).collect())
    }

    /// The bytes of each element.
    fn elements(&self, accessor: &Accessor<'_>, size: usize) -> Result<Vec<&[u8]>, Error> {
        if accessor.count() > 3 * MESH_ELEMENTS {
            return Err(self.wrong(format!("{} elements in one accessor; accepted: at most {}", accessor.count(), 3 * MESH_ELEMENTS)));
        }
        let (None, Some(view)) = (accessor.sparse(), accessor.view()) else {
            return Err(self.wrong("a sparse accessor; accepted: dense ones"));
        };
        let buffer = self.buffers.get(view.buffer().index()).map_or(&[][..], Vec::as_slice);
        let outside = || self.wrong("an accessor outside its buffer");
        let end = view.offset().checked_add(view.length()).ok_or_else(outside)?;
        let bytes = buffer.get(view.offset()..end).ok_or_else(outside)?;
        let stride = view.stride().unwrap_or(size);
        let element = |index: usize| {
            let start = index.checked_mul(stride)?.checked_add(accessor.offset())?;
            bytes.get(start..start.checked_add(size)?)
        };
        (0..accessor.count()).map(|index| element(index).ok_or_else(outside)).collect()
    }
}
