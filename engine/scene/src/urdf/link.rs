//! `<link>`: mass, shapes and looks.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{at_most_one, only, origin, rest};
use crate::Error;
use crate::mjcf::joint::{SOLIMP, SOLREF};
use crate::mjcf::schema::Warnings;
use crate::mjcf::settings::Settings;
use crate::mjcf::{Files, relative};
use crate::robot::inertia::diagonalize;
use crate::robot::mesh::{Library, MeshSpec, PlacedMesh};
use crate::robot::spec::{BodySpec, GeomSpec, InertialSpec, ShapeSpec};
use crate::robot::vector::EPSILON;
use crate::robot::xml::Element;

/// Group of shapes that touch but are not drawn.
const HIDDEN: i64 = 3;
const PLAIN: [f32; 4] = [0.5, 0.5, 0.5, 1.0];

/// What links share: colours and meshes.
pub(super) struct Looks<'a> {
    materials: BTreeMap<&'a str, [f32; 4]>,
    meshes: BTreeMap<&'a str, Result<Arc<MeshSpec>, String>>,
}

impl<'a> Looks<'a> {
    /// Colours anywhere in the file, and each mesh that is named, once.
    pub(super) fn read(root: &'a Element, settings: &Settings, files: &Files) -> Result<Self, Error> {
        let mut looks = Self { materials: BTreeMap::new(), meshes: BTreeMap::new() };
        let mut library = Library::new(files);
        let shapes = || root.children("link").flat_map(|link| &link.children);
        let inline = shapes().flat_map(|shape| shape.children("material"));
        for material in root.children("material").chain(inline) {
            if let (Some(name), Some(color)) = (material.text("name"), color(material)?) {
                looks.materials.entry(name).or_insert(color);
            }
        }
        for mesh in shapes().flat_map(|shape| shape.children("geometry")).flat_map(|g| g.children("mesh")) {
            if let Some(file) = mesh.text("filename")
                && !looks.meshes.contains_key(file)
            {
                looks.meshes.insert(file, open(file, settings, &mut library));
            }
        }
        Ok(looks)
    }
}

fn color(material: &Element) -> Result<Option<[f32; 4]>, Error> {
    let Some(element) = at_most_one(material, "color")? else { return Ok(None) };
    Ok(element.exactly::<4>("rgba")?.map(|rgba| rgba.map(|x| x.clamp(0.0, 1.0) as f32)))
}

/// Finds a mesh: as its path says, inside its package, or by its bare name.
fn open(file: &str, settings: &Settings, library: &mut Library) -> Result<Arc<MeshSpec>, String> {
    let path = file.split_once("://").map_or(file, |(_, path)| path);
    let inside = path.split_once('/').map_or(path, |(_, rest)| rest);
    let bare = format!("{}{}", settings.meshes, path.rsplit('/').next().unwrap_or(path));
    let mut found = Err("its path leaves the scene's folder".into());
    for path in [path, inside, &bare].into_iter().filter_map(relative) {
        found = library.get(&path);
        if found.is_ok() {
            break;
        }
    }
    found
}

/// Puts mass and shapes on a body.
pub(super) fn read(e: &Element, looks: &Looks, body: &mut BodySpec, warnings: &mut Warnings) -> Result<(), Error> {
    rest(e, &["inertial", "visual", "collision"], warnings);
    body.inertial = at_most_one(e, "inertial")?.map(inertial).transpose()?;
    let drawn = e.children.iter().any(|c| c.name == "visual");
    let mut rgba = PLAIN;
    for shape in e.children.iter().filter(|c| c.name == "visual" || c.name == "collision") {
        let solid = shape.name == "collision";
        rest(shape, &["origin", "geometry", "material"], warnings);
        if let Some(material) = at_most_one(shape, "material")? {
            let named = material.text("name").and_then(|name| looks.materials.get(name)).copied();
            rgba = color(material)?.or(named).unwrap_or(rgba);
        }
        body.geoms.push(GeomSpec {
            name: String::new(),
            place: shape.place(),
            shape: geometry(only(shape, "geometry")?, looks, warnings)?,
            pose: origin(shape)?,
            mass: None,
            density: if solid { 1000.0 } else { 0.0 },
            shell: false,
            group: if !solid {
                1
            } else if drawn {
                HIDDEN
            } else {
                0
            },
            contype: u32::from(solid),
            conaffinity: u32::from(solid),
            dimension: 3,
            priority: 0,
            friction: [1.0, 0.005, 0.0001],
            solmix: 1.0,
            solref: SOLREF,
            solimp: SOLIMP,
            margin: 0.0,
            gap: 0.0,
            rgba,
            checker: false,
        });
    }
    if body.inertial.is_none() && body.geoms.iter().any(|g| g.density > 0.0) {
        let message =
            format!("link {}: without <inertial> its mass is that of its <collision> shapes at 1000 kg/m³", body.name);
        warnings.add(e.place(), "inertial", message);
    }
    Ok(())
}

fn inertial(e: &Element) -> Result<InertialSpec, Error> {
    let mut mass = 0.0;
    let element = only(e, "mass")?;
    if !element.number("value", &mut mass)? || mass < 0.0 {
        return Err(element.refuse("value", "kg, not negative"));
    }
    let element = only(e, "inertia")?;
    let mut inertia = [0.0; 6];
    for (attribute, into) in ["ixx", "iyy", "izz", "ixy", "ixz", "iyz"].into_iter().zip(&mut inertia) {
        if !element.number(attribute, into)? {
            return Err(element.refuse(attribute, "a number: <inertia> has ixx, iyy, izz, ixy, ixz and iyz"));
        }
    }
    // Many files say 0 for parts that hardly turn: then the link is a point of mass.
    let (moments, _) = diagonalize(&inertia);
    if inertia != [0.0; 6] && moments[2] < EPSILON {
        return Err(element.wrong(
            format!("principal moments {moments:?}"),
            "a positive matrix: principal moments above 0, or all numbers 0",
        ));
    }
    Ok(InertialSpec { mass, pose: origin(e)?, inertia })
}

fn geometry(e: &Element, looks: &Looks, warnings: &mut Warnings) -> Result<ShapeSpec, Error> {
    let accepted = "one <box>, <cylinder>, <sphere>, <capsule> or <mesh>";
    let [shape] = e.children.as_slice() else {
        return Err(e.wrong(format!("{} elements", e.children.len()), accepted));
    };
    let size = |attribute: &str| {
        let mut x = 0.0;
        if shape.number(attribute, &mut x)? && x > 0.0 {
            Ok(x)
        } else {
            Err(shape.refuse(attribute, "metres, more than 0"))
        }
    };
    match shape.name.as_str() {
        "box" => match shape.exactly::<3>("size")? {
            Some(size) if size.iter().all(|x| *x > 0.0) => Ok(ShapeSpec::Box { half: size.map(|x| x / 2.0) }),
            _ => Err(shape.refuse("size", "three lengths in metres, more than 0")),
        },
        "cylinder" => Ok(ShapeSpec::Cylinder { radius: size("radius")?, half: size("length")? / 2.0 }),
        "capsule" => Ok(ShapeSpec::Capsule { radius: size("radius")?, half: size("length")? / 2.0 }),
        "sphere" => Ok(ShapeSpec::Sphere { radius: size("radius")? }),
        "mesh" => {
            let file = shape.text("filename").ok_or_else(|| shape.refuse("filename", "the path of a mesh"))?;
            let mut scale = [1.0; 3];
            shape.numbers("scale", &mut scale, 3)?;
            let mesh = match looks.meshes.get(file) {
                Some(Ok(mesh)) => mesh.clone(),
                Some(Err(reason)) => {
                    warnings.add(
                        shape.place(),
                        &format!("mesh {file}"),
                        format!("mesh {}: not drawn: {reason}", crate::robot::xml::shorten(file)),
                    );
                    Arc::new(MeshSpec::default())
                }
                None => Arc::new(MeshSpec::default()),
            };
            Ok(ShapeSpec::Mesh { mesh: PlacedMesh { scale, ..PlacedMesh::new(mesh) } })
        }
        _ => Err(shape.wrong(format!("<{}>", crate::robot::xml::shorten(&shape.name)), accepted)),
    }
}
