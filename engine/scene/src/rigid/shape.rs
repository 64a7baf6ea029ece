//! Shapes of `[[body.collider]]`.

use std::collections::BTreeMap;
use std::rc::Rc;

use hyperdust_kernel::blueprint::{RigidShape, limits};

use crate::Error;
use crate::context::At;
use crate::expression::to_f32;
use crate::mesh::{self, Mesh};
use crate::package::Reader;
use crate::schema::literal::Number;
use crate::schema::{ColliderSection, ShapeSection};

/// Largest size of a shape, m.
const SIZE: f64 = 1e6;

/// Vertices, m, and triangles.
type Surface = (Vec<[f32; 3]>, Vec<[u32; 3]>);

/// Bytes of a vertex or a triangle, and of a height, in a blueprint.
const ELEMENT_BYTES: usize = 12;
const HEIGHT_BYTES: usize = 4;

/// Lowers the shapes of a scene: each file is parsed once, and what does not fit a blueprint is refused before it is made.
pub(super) struct Shapes<'a> {
    reader: &'a Reader<'a>,
    /// By file; what is held is counted in `bytes`.
    meshes: BTreeMap<String, Rc<Mesh>>,
    /// Of all vertices, triangles and heights so far.
    bytes: usize,
}

impl<'a> Shapes<'a> {
    pub fn new(reader: &'a Reader<'a>) -> Self {
        Self { reader, meshes: BTreeMap::new(), bytes: 0 }
    }

    /// The kernel's shape. Keys of other shapes are errors.
    pub fn lower(&mut self, section: &ColliderSection, at: &At<'_>) -> Result<RigidShape, Error> {
        refuse_other_keys(section, at)?;
        lower(section, at, self)
    }

    /// Counts what a collider is about to hold.
    fn spend(&mut self, bytes: usize, at: &At<'_>) -> Result<(), Error> {
        self.bytes += bytes;
        if self.bytes <= limits::BYTES {
            return Ok(());
        }
        let found = format!("{} bytes of vertices, triangles and heights up to here", self.bytes);
        Err(at.wrong("", found, format!("at most {} in all colliders together", limits::BYTES)))
    }

    fn mesh(&mut self, name: String, at: &At<'_>) -> Result<Rc<Mesh>, Error> {
        let mesh = match self.meshes.get(&name) {
            Some(mesh) => Rc::clone(mesh),
            None => Rc::new(mesh::load(&name, self.reader)?),
        };
        self.spend(ELEMENT_BYTES * (mesh.vertices.len() + mesh.triangles.len()), at)?;
        self.meshes.insert(name, Rc::clone(&mesh));
        Ok(mesh)
    }
}

fn lower(section: &ColliderSection, at: &At<'_>, shapes: &mut Shapes<'_>) -> Result<RigidShape, Error> {
    Ok(match section.shape {
        ShapeSection::Plane => RigidShape::HalfSpace,
        ShapeSection::Sphere => RigidShape::Sphere { radius: size(at, "radius", &section.radius)? },
        ShapeSection::Box => {
            let Some(numbers) = &section.half_size else {
                return Err(at.wrong("half_size", "nothing", "three numbers above 0, m"));
            };
            let half = at.array("half_size", &section.half_size, [0.0; 3])?;
            if half.iter().any(|x| *x <= 0.0 || f64::from(*x) > SIZE) {
                return Err(at.wrong_at("half_size", &numbers.0, format!("{half:?}"), "three numbers above 0, m"));
            }
            RigidShape::Cuboid { half }
        }
        ShapeSection::Capsule => RigidShape::Capsule {
            radius: size(at, "radius", &section.radius)?,
            half_length: size(at, "half_length", &section.half_length)?,
        },
        ShapeSection::Cylinder => RigidShape::Cylinder {
            radius: size(at, "radius", &section.radius)?,
            half_length: size(at, "half_length", &section.half_length)?,
        },
        ShapeSection::Hull => RigidShape::Hull { points: points(section, at, shapes)? },
        ShapeSection::Mesh => {
            let (vertices, triangles) = file(section, at, shapes)?;
            RigidShape::Mesh { vertices, triangles }
        }
        ShapeSection::Heightfield => heightfield(section, at, shapes)?,
    })
}

fn refuse_other_keys(section: &ColliderSection, at: &At<'_>) -> Result<(), Error> {
    let accepted: &[&str] = match section.shape {
        ShapeSection::Plane => &[],
        ShapeSection::Sphere => &["radius"],
        ShapeSection::Box => &["half_size"],
        ShapeSection::Capsule | ShapeSection::Cylinder => &["radius", "half_length"],
        ShapeSection::Hull => &["file", "points", "scale"],
        ShapeSection::Mesh => &["file", "scale"],
        ShapeSection::Heightfield => &["rows", "columns", "size", "heights", "waves", "steps"],
    };
    let given = [
        ("radius", section.radius.is_some()),
        ("half_length", section.half_length.is_some()),
        ("half_size", section.half_size.is_some()),
        ("file", section.file.is_some()),
        ("scale", section.scale.is_some()),
        ("points", section.points.is_some()),
        ("rows", section.rows.is_some()),
        ("columns", section.columns.is_some()),
        ("size", section.size.is_some()),
        ("heights", section.heights.is_some()),
        ("waves", section.waves.is_some()),
        ("steps", section.steps.is_some()),
    ];
    match given.iter().find(|(key, given)| *given && !accepted.contains(key)) {
        None => Ok(()),
        Some((key, _)) => {
            let accepted = if accepted.is_empty() { "no size".into() } else { accepted.join(", ") };
            Err(at.wrong(key, "a key of another shape", format!("for this one: {accepted}")))
        }
    }
}

fn size(at: &At<'_>, key: &str, number: &Option<Number>) -> Result<f32, Error> {
    let accepted = "a number above 0, m";
    let Some(literal) = number else { return Err(at.wrong(key, "nothing", accepted)) };
    let value = at.number(key, literal)?;
    if value > 0.0 && value <= SIZE {
        Ok(to_f32(value))
    } else {
        Err(at.wrong_at(key, &literal.0, value.to_string(), accepted))
    }
}

/// Points of a hull, without duplicates, in order.
fn points(section: &ColliderSection, at: &At<'_>, shapes: &mut Shapes<'_>) -> Result<Vec<[f32; 3]>, Error> {
    let points = match (&section.file, &section.points) {
        (Some(_), None) => file(section, at, shapes)?.0,
        (None, Some(points)) => {
            shapes.spend(ELEMENT_BYTES * points.len(), at)?;
            scaled(points, section, at)?
        }
        _ => return Err(at.wrong("", "not exactly one of `file` and `points`", "one of them")),
    };
    let mut seen = std::collections::BTreeSet::new();
    Ok(points.into_iter().filter(|point| seen.insert(point.map(f32::to_bits))).collect())
}

fn file(section: &ColliderSection, at: &At<'_>, shapes: &mut Shapes<'_>) -> Result<Surface, Error> {
    let Some(name) = &section.file else {
        return Err(at.wrong("file", "nothing", "a .glb or .gltf file of the package"));
    };
    let mesh = shapes.mesh(at.text("file", name)?, at)?;
    Ok((scaled(&mesh.vertices, section, at)?, mesh.triangles.clone()))
}

fn scaled(points: &[[f64; 3]], section: &ColliderSection, at: &At<'_>) -> Result<Vec<[f32; 3]>, Error> {
    let scale = match &section.scale {
        Some(scale) => at.spread("scale", scale, 3)?,
        None => vec![1.0; 3],
    };
    if scale.iter().any(|factor| !(*factor > 0.0 && *factor <= SIZE)) {
        return Err(at.wrong("scale", format!("{scale:?}"), "numbers above 0"));
    }
    let point = |point: &[f64; 3]| {
        let scaled = [0, 1, 2].map(|k| point[k] * scale[k]);
        let sound = scaled.iter().all(|x| x.is_finite() && libm::fabs(*x) <= SIZE);
        if sound {
            Ok(scaled.map(to_f32))
        } else {
            Err(at.wrong("", format!("the point {scaled:?}"), format!("coordinates up to {SIZE} m")))
        }
    };
    points.iter().map(point).collect()
}

fn heightfield(section: &ColliderSection, at: &At<'_>, shapes: &mut Shapes<'_>) -> Result<RigidShape, Error> {
    let (Some(rows), Some(columns), Some(_)) = (&section.rows, &section.columns, &section.size) else {
        return Err(at.wrong("", "a heightfield without `rows`, `columns` or `size`", "all three"));
    };
    let cells = limits::HEIGHTFIELD_CELLS;
    let (rows, columns) = (at.count("rows", rows, 2, cells)?, at.count("columns", columns, 2, cells)?);
    if rows.saturating_mul(columns) > cells {
        return Err(at.wrong("rows", format!("{rows} × {columns}"), format!("at most {cells} heights")));
    }
    shapes.spend(HEIGHT_BYTES * rows * columns, at)?;
    let size = at.array("size", &section.size, [0.0; 2])?;
    if size.iter().any(|x| *x <= 0.0 || f64::from(*x) > SIZE) {
        return Err(at.wrong("size", format!("{size:?}"), "two numbers above 0, m"));
    }
    let heights = match (&section.heights, &section.waves, &section.steps) {
        (Some(numbers), None, None) => {
            let values = at.numbers("heights", numbers)?;
            if values.len() != rows * columns || values.iter().any(|x| !(x.is_finite() && libm::fabs(*x) <= SIZE)) {
                let accepted = format!("{} finite heights, m: rows × columns", rows * columns);
                return Err(at.wrong_at("heights", &numbers.0, format!("{} numbers", values.len()), accepted));
            }
            values
        }
        (None, Some(waves), None) => {
            let (height, length) = profile(at, "waves", &waves.height, &waves.length)?;
            let wave = |t: f64| libm::sin(2.0 * core::f64::consts::PI * t / length);
            grid(rows, columns, size, |x, y| height * wave(x) * wave(y))
        }
        (None, None, Some(steps)) => {
            let (height, length) = profile(at, "steps", &steps.height, &steps.length)?;
            let edge = f64::from(size[0]) / 2.0;
            grid(rows, columns, size, |x, _| height * libm::floor((x + edge) / length))
        }
        _ => return Err(at.wrong("", "not exactly one of `heights`, `waves`, `steps`", "one of them")),
    };
    if !heights.iter().all(|x| libm::fabs(*x) <= SIZE) {
        return Err(at.wrong("", "heights that are too large", format!("up to {SIZE} m")));
    }
    let heights = heights.into_iter().map(to_f32).collect();
    Ok(RigidShape::HeightField { rows: rows as u32, columns: columns as u32, heights, size })
}

fn profile(at: &At<'_>, key: &str, height: &Number, length: &Number) -> Result<(f64, f64), Error> {
    let (height, length) = (at.number(&format!("{key}.height"), height)?, at.number(&format!("{key}.length"), length)?);
    if libm::fabs(height) <= SIZE && length > 1e-6 && length <= SIZE {
        return Ok((height, length));
    }
    Err(at.wrong(key, format!("height {height}, length {length}"), "finite metres, the length above 0"))
}

/// Row-major heights over a grid centred on the origin: rows along y, columns along x.
fn grid(rows: usize, columns: usize, size: [f32; 2], height: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let along = |index: usize, count: usize, extent: f32| f64::from(extent) * (index as f64 / (count - 1) as f64 - 0.5);
    let cell = |row: usize, column: usize| height(along(column, columns, size[0]), along(row, rows, size[1]));
    (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .map(|(row, column)| cell(row, column))
        .collect()
}
