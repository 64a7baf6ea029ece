//! Static meshes from glTF 2.0 (`.glb`, or `.gltf` with `.bin` files): triangles only; no images, skins or
//! animations are read. glTF's y is up; vertices are turned to z up (x, y, z) → (x, −z, y), metres.
//!
//! Only the JSON is the `gltf-json` crate's: its validation, and the `gltf` crate's container and accessors, panic on some
//! malformed files. Here every index and offset is checked where it is used.

use gltf_json::accessor::{ComponentType, GenericComponentType, Type};
use gltf_json::mesh::{Mode, Primitive, Semantic};
use gltf_json::validation::Checked;
use gltf_json::{Accessor, Index, Node, Root};
use hyperdust_kernel::blueprint::limits::MESH_ELEMENTS;

use crate::Error;
use crate::package::{FILE_BYTES, Reader};

/// Deepest node.
const DEPTH: usize = 32;
/// Most nodes visited.
const NODES: usize = 4096;
/// Most primitives read: each costs at least its accessors.
const PRIMITIVES: usize = 4096;
/// Longest JSON, bytes: its parts take many times that in memory.
const JSON_BYTES: usize = 4 << 20;
/// Most buffers.
const BUFFERS: usize = 64;

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
    let bytes = reader.read(name)?;
    let (json, binary) = if bytes.starts_with(b"glTF") {
        let outside = || wrong("not a glTF 2.0 container; accepted: a JSON chunk and at most one binary chunk".into());
        container(&bytes).ok_or_else(outside)?
    } else {
        (bytes.as_slice(), None)
    };
    if json.len() > JSON_BYTES {
        return Err(wrong(format!("{} bytes of JSON; accepted: at most {JSON_BYTES}", json.len())));
    }
    let root: Root = serde_json::from_slice(json).map_err(|error| wrong(format!("not glTF 2.0: {error}")))?;
    let mut buffers: Vec<Vec<u8>> = Vec::new();
    for (index, buffer) in root.buffers.iter().enumerate() {
        buffers.push(match &buffer.uri {
            None if index == 0 => binary.ok_or_else(|| wrong("the binary chunk is missing".into()))?.to_vec(),
            None => return Err(wrong("a buffer without a file".into())),
            Some(uri) if uri.starts_with("data:") => {
                return Err(wrong("a buffer inside the JSON; accepted: .glb, or .gltf with .bin files".into()));
            }
            Some(uri) => {
                let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                reader.read(&if folder.is_empty() { uri.clone() } else { format!("{folder}/{uri}") })?
            }
        });
        // Many buffers may name one file.
        if buffers.iter().map(Vec::len).sum::<usize>() > 2 * FILE_BYTES || buffers.len() > BUFFERS {
            return Err(wrong(format!("too many buffers; accepted: {BUFFERS}, together {} bytes", 2 * FILE_BYTES)));
        }
    }
    let scene = root.scenes.get(root.scene.map_or(0, |scene| scene.value()));
    let mut builder = Builder { name, root: &root, buffers, mesh: Mesh::default(), visited: 0, primitives: 0 };
    for node in &scene.ok_or_else(|| wrong("no scene".into()))?.nodes {
        builder.node(*node, &IDENTITY, 0)?;
    }
    if builder.mesh.triangles.is_empty() {
        return Err(wrong("no triangles".into()));
    }
    Ok(builder.mesh)
}

/// The JSON and binary chunk of a `.glb`.
fn container(bytes: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let (header, rest) = bytes.split_first_chunk::<12>()?;
    if header[4..8] != 2u32.to_le_bytes() {
        return None;
    }
    let (json, rest) = chunk(rest, b"JSON")?;
    Some((json, chunk(rest, b"BIN\0").map(|(binary, _)| binary)))
}

fn chunk<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<(&'a [u8], &'a [u8])> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    let [a, b, c, d, found @ ..] = *head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if found == *kind { rest.split_at_checked(length) } else { None }
}

struct Builder<'a> {
    name: &'a str,
    root: &'a Root,
    buffers: Vec<Vec<u8>>,
    mesh: Mesh,
    visited: usize,
    primitives: usize,
}

impl<'a> Builder<'a> {
    fn wrong(&self, reason: impl Into<String>) -> Error {
        Error::File { file: self.name.to_owned(), reason: reason.into() }
    }

    /// The entry that an index names.
    fn get<T>(&self, entries: &'a [T], index: Index<T>) -> Result<&'a T, Error> {
        let wrong = || self.wrong(format!("index {} of a list of {}", index.value(), entries.len()));
        entries.get(index.value()).ok_or_else(wrong)
    }

    fn node(&mut self, index: Index<Node>, parent: &Transform, depth: usize) -> Result<(), Error> {
        self.visited += 1;
        // Nodes may form a cycle in a malformed file.
        if depth > DEPTH || self.visited > NODES {
            return Err(self.wrong(format!("too many or too deep nodes; accepted: {NODES}, {DEPTH} deep")));
        }
        let root = self.root;
        let node = self.get(&root.nodes, index)?;
        let local = local(node);
        let linear = |v: [f64; 3]| [0, 1, 2].map(|k| parent[0][k] * v[0] + parent[1][k] * v[1] + parent[2][k] * v[2]);
        let origin = linear(local[3]);
        let transform =
            [linear(local[0]), linear(local[1]), linear(local[2]), [0, 1, 2].map(|k| origin[k] + parent[3][k])];
        if let Some(mesh) = node.mesh {
            for primitive in &self.get(&root.meshes, mesh)?.primitives {
                self.primitive(primitive, &transform)?;
            }
        }
        node.children.iter().flatten().try_for_each(|child| self.node(*child, &transform, depth + 1))
    }

    fn primitive(&mut self, primitive: &Primitive, transform: &Transform) -> Result<(), Error> {
        self.primitives += 1;
        if self.primitives > PRIMITIVES {
            return Err(self.wrong(format!("too many primitives; accepted: at most {PRIMITIVES}")));
        }
        if primitive.mode != Checked::Valid(Mode::Triangles) {
            return Err(self.wrong("a primitive that is not triangles; accepted: triangle lists"));
        }
        let root = self.root;
        let Some(positions) = primitive.attributes.get(&Checked::Valid(Semantic::Positions)) else {
            return Err(self.wrong("a primitive without positions"));
        };
        let positions = self.get(&root.accessors, *positions)?;
        if component(positions) != (Some(ComponentType::F32), Some(Type::Vec3)) {
            return Err(self.wrong("positions that are not three 32-bit floats"));
        }
        let first = self.mesh.vertices.len();
        let mut vertices = Vec::new();
        for bytes in self.elements(positions, 12)? {
            let number = |i: usize| f64::from(f32::from_le_bytes([bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]));
            let v = [number(0), number(4), number(8)];
            let [x, y, z] = [0, 1, 2]
                .map(|k| transform[0][k] * v[0] + transform[1][k] * v[1] + transform[2][k] * v[2] + transform[3][k]);
            if ![x, y, z].iter().all(|value| value.is_finite()) {
                return Err(self.wrong("a vertex that is not finite"));
            }
            vertices.push([x, -z, y]);
        }
        self.mesh.vertices.append(&mut vertices);
        let count = self.mesh.vertices.len() - first;
        let indices = match primitive.indices {
            None => (0..count as u32).collect(),
            Some(accessor) => self.indices(self.get(&root.accessors, accessor)?)?,
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
            return Err(
                self.wrong(format!("too many vertices or triangles; accepted: at most {MESH_ELEMENTS} of each"))
            );
        }
        Ok(())
    }

    fn indices(&self, accessor: &Accessor) -> Result<Vec<u32>, Error> {
        let size = match component(accessor) {
            (Some(ComponentType::U8), Some(Type::Scalar)) => 1,
            (Some(ComponentType::U16), Some(Type::Scalar)) => 2,
            (Some(ComponentType::U32), Some(Type::Scalar)) => 4,
            _ => return Err(self.wrong("indices that are not unsigned integers")),
        };
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0u32, |all, byte| all << 8 | u32::from(*byte));
        Ok(self.elements(accessor, size)?.into_iter().map(number).collect())
    }

    /// The bytes of each element.
    fn elements(&self, accessor: &Accessor, size: usize) -> Result<Vec<&[u8]>, Error> {
        let most = 3 * MESH_ELEMENTS;
        let count = usize::try_from(accessor.count.0).ok().filter(|count| *count <= most);
        let count =
            count.ok_or_else(|| self.wrong(format!("more than {most} elements in one accessor; accepted: fewer")))?;
        let (None, Some(view)) = (&accessor.sparse, accessor.buffer_view) else {
            return Err(self.wrong("a sparse accessor; accepted: dense ones"));
        };
        let view = self.get(&self.root.buffer_views, view)?;
        let outside = || self.wrong("an accessor outside its buffer");
        let number = |value: Option<gltf_json::validation::USize64>| {
            usize::try_from(value.map_or(0, |value| value.0)).map_err(|_| outside())
        };
        let buffer = self.buffers.get(view.buffer.value()).ok_or_else(outside)?;
        let start = number(view.byte_offset)?;
        let end = start.checked_add(number(Some(view.byte_length))?).ok_or_else(outside)?;
        let bytes = buffer.get(start..end).ok_or_else(outside)?;
        let (offset, stride) = (number(accessor.byte_offset)?, view.byte_stride.map_or(size, |stride| stride.0));
        let element = |index: usize| {
            let start = index.checked_mul(stride)?.checked_add(offset)?;
            bytes.get(start..start.checked_add(size)?)
        };
        (0..count).map(|index| element(index).ok_or_else(outside)).collect()
    }
}

/// What an accessor's elements are; none: nothing that glTF knows.
fn component(accessor: &Accessor) -> (Option<ComponentType>, Option<Type>) {
    let component = match accessor.component_type {
        Checked::Valid(GenericComponentType(component)) => Some(component),
        Checked::Invalid => None,
    };
    let kind = match accessor.type_ {
        Checked::Valid(kind) => Some(kind),
        Checked::Invalid => None,
    };
    (component, kind)
}

/// A node's own transform: its matrix, or translation · rotation · scale.
fn local(node: &Node) -> Transform {
    if let Some(matrix) = node.matrix {
        return [0, 4, 8, 12].map(|column| [0, 1, 2].map(|row| f64::from(matrix[column + row])));
    }
    let [x, y, z, w] = node.rotation.map_or([0.0, 0.0, 0.0, 1.0], |rotation| rotation.0.map(f64::from));
    let scale = node.scale.unwrap_or([1.0; 3]).map(f64::from);
    let axes = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y)],
        [2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x)],
        [2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)],
    ];
    let column = |k: usize| axes[k].map(|value| value * scale[k]);
    [column(0), column(1), column(2), node.translation.unwrap_or([0.0; 3]).map(f64::from)]
}
