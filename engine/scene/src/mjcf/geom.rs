//! `<geom>`: a shape with mass, contacts and looks.

use super::Reader;
use super::frame::Frame;
use super::joint::{SOLIMP, SOLREF, soft};
use super::schema::{self, Warnings};
use super::settings::Settings;
use crate::Error;
use crate::robot::spec::{GeomSpec, ShapeSpec};
use crate::robot::vector::{EPSILON, Pose, Vec3, add, norm, scale, sub, z_to};
use crate::robot::xml::Element;

/// MuJoCo's colour of a geom without one; it gives way to a material's.
const PLAIN: [f64; 4] = [0.5, 0.5, 0.5, 1.0];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Plane,
    HeightField,
    Sphere,
    Capsule,
    Ellipsoid,
    Cylinder,
    Box,
    Mesh,
}

const KINDS: &[(&str, Kind)] = &[
    ("plane", Kind::Plane),
    ("hfield", Kind::HeightField),
    ("sphere", Kind::Sphere),
    ("capsule", Kind::Capsule),
    ("ellipsoid", Kind::Ellipsoid),
    ("cylinder", Kind::Cylinder),
    ("box", Kind::Box),
    ("mesh", Kind::Mesh),
];

/// A geom as its default classes and its element have it so far.
#[derive(Clone, Debug)]
pub(super) struct GeomDraft {
    kind: Kind,
    frame: Frame,
    size: Vec3,
    from_to: Option<[f64; 6]>,
    mass: Option<f64>,
    density: f64,
    shell: bool,
    group: i64,
    contype: u32,
    conaffinity: u32,
    dimension: u8,
    priority: i64,
    friction: Vec3,
    solmix: f64,
    solref: [f64; 2],
    solimp: [f64; 5],
    margin: f64,
    gap: f64,
    rgba: [f64; 4],
    material: Option<String>,
    mesh: Option<String>,
}

impl Default for GeomDraft {
    fn default() -> Self {
        Self {
            kind: Kind::Sphere,
            frame: Frame::default(),
            size: [0.0; 3],
            from_to: None,
            mass: None,
            density: 1000.0,
            shell: false,
            group: 0,
            contype: 1,
            conaffinity: 1,
            dimension: 3,
            priority: 0,
            friction: [1.0, 0.005, 0.0001],
            solmix: 1.0,
            solref: SOLREF,
            solimp: SOLIMP,
            margin: 0.0,
            gap: 0.0,
            rgba: PLAIN,
            material: None,
            mesh: None,
        }
    }
}

/// Reads a `condim`.
pub(super) fn dimension(e: &Element) -> Result<Option<u8>, Error> {
    e.keyword("condim", &[("1", 1), ("3", 3), ("4", 4), ("6", 6)])
}

/// Says that spinning and rolling friction are missing.
pub(super) fn warn_dimension(e: &Element, dimension: u8, warnings: &mut Warnings) {
    if dimension > 3 {
        warnings.add(
            e.place(),
            "condim",
            format!(
                "{}: condim=\"{dimension}\": spinning and rolling friction are not simulated; 3 is used",
                e.label()
            ),
        );
    }
}

impl GeomDraft {
    /// Reads what a `<geom>` says, here or in a default class.
    pub(super) fn apply(&mut self, e: &Element, settings: &Settings, warnings: &mut Warnings) -> Result<(), Error> {
        schema::check(e, schema::GEOM, warnings)?;
        if let Some(kind) = e.keyword("type", KINDS)? {
            self.kind = kind;
        }
        self.frame.apply(e, settings)?;
        e.numbers("size", &mut self.size, 1)?;
        self.from_to = e.exactly("fromto")?.or(self.from_to);
        let mut mass = 0.0;
        if e.number("mass", &mut mass)? {
            if mass < 0.0 {
                return Err(e.refuse("mass", "kg, not negative"));
            }
            self.mass = Some(mass);
        }
        if e.number("density", &mut self.density)? && self.density < 0.0 {
            return Err(e.refuse("density", "kg/m³, not negative"));
        }
        self.shell = e.boolean("shellinertia")?.unwrap_or(self.shell);
        let int = i64::from(i32::MIN)..=i64::from(i32::MAX);
        let mask = i64::from(i32::MIN)..=i64::from(u32::MAX);
        self.group = e.integer("group", int.clone())?.unwrap_or(self.group);
        self.priority = e.integer("priority", int)?.unwrap_or(self.priority);
        self.contype = e.integer("contype", mask.clone())?.map_or(self.contype, |bits| bits as u32);
        self.conaffinity = e.integer("conaffinity", mask)?.map_or(self.conaffinity, |bits| bits as u32);
        self.dimension = dimension(e)?.unwrap_or(self.dimension);
        e.numbers("friction", &mut self.friction, 1)?;
        e.number("solmix", &mut self.solmix)?;
        soft(e, ["solref", "solimp"], &mut self.solref, &mut self.solimp)?;
        e.number("margin", &mut self.margin)?;
        e.number("gap", &mut self.gap)?;
        e.numbers("rgba", &mut self.rgba, 4)?;
        for (attribute, into) in [("material", &mut self.material), ("mesh", &mut self.mesh)] {
            if let Some(name) = e.text(attribute) {
                *into = Some(name.to_owned());
            }
        }
        Ok(())
    }

    /// The geom of an element, in a body with the given frame around the element.
    pub(super) fn finish(&self, e: &Element, around: Pose, reader: &mut Reader) -> Result<GeomSpec, Error> {
        warn_dimension(e, self.dimension, &mut reader.warnings);
        let (shape, pose) = self.shape(e, reader)?;
        let (mut rgba, mut checker) = (self.rgba, false);
        if let Some(name) = &self.material {
            let material = super::find_in(e, "material", name, &reader.assets.materials)?;
            checker = material.checker;
            if rgba == PLAIN {
                rgba = material.rgba;
            }
        }
        Ok(GeomSpec {
            name: e.text("name").unwrap_or_default().to_owned(),
            place: e.place(),
            shape,
            pose: around.then(pose),
            mass: self.mass,
            density: self.density,
            shell: self.shell,
            group: self.group,
            contype: self.contype,
            conaffinity: self.conaffinity,
            dimension: self.dimension,
            priority: self.priority,
            friction: self.friction,
            solmix: self.solmix,
            solref: self.solref,
            solimp: self.solimp,
            margin: self.margin,
            gap: self.gap,
            rgba: rgba.map(|x| x.clamp(0.0, 1.0) as f32),
            checker,
        })
    }

    fn shape(&self, e: &Element, reader: &mut Reader) -> Result<(ShapeSpec, Pose), Error> {
        let mut pose = self.frame.pose();
        let mut size = self.size;
        if let Some([a, b, c, d, f, g]) = self.from_to {
            if !matches!(self.kind, Kind::Capsule | Kind::Cylinder | Kind::Ellipsoid | Kind::Box) {
                return Err(e.refuse("fromto", "only on a capsule, cylinder, ellipsoid or box"));
            }
            if pose.position != [0.0; 3] {
                return Err(e.refuse("pos", "none where fromto gives the position"));
            }
            // The geom's z axis points from the second end to the first.
            let (from, to) = ([a, b, c], [d, f, g]);
            let along = sub(from, to);
            let length = norm(along);
            if length / 2.0 < EPSILON {
                return Err(e.refuse("fromto", "two points that are not the same"));
            }
            pose = Pose { position: scale(add(from, to), 0.5), rotation: z_to(scale(along, 1.0 / length)) };
            size[1] = length / 2.0;
            if matches!(self.kind, Kind::Ellipsoid | Kind::Box) {
                size = [size[0], size[0], length / 2.0];
            }
        }
        let used = match self.kind {
            Kind::Sphere => 1,
            Kind::Capsule | Kind::Cylinder => 2,
            Kind::Ellipsoid | Kind::Box => 3,
            Kind::Plane | Kind::HeightField | Kind::Mesh => 0,
        };
        if size[..used].iter().any(|x| *x <= 0.0) {
            let words =
                ["", "a radius", "a radius and half a length (or a radius and fromto)", "three half sizes"][used];
            return Err(e.refuse("size", format!("{words}, all positive (found {:?})", &size[..used])));
        }
        if self.kind == Kind::Plane && size[2] <= 0.0 {
            return Err(e.refuse("size", "three numbers of which the third is positive (the first two may be 0)"));
        }
        if self.mesh.is_some() && self.kind != Kind::Mesh {
            return Err(e.refuse("mesh", "type=\"mesh\"; shapes are not fitted to meshes"));
        }
        let [x, y, z] = size;
        let shape = match self.kind {
            Kind::Plane => ShapeSpec::Plane,
            Kind::HeightField => ShapeSpec::HeightField,
            Kind::Sphere => ShapeSpec::Sphere { radius: x },
            Kind::Capsule => ShapeSpec::Capsule { radius: x, half: y },
            Kind::Ellipsoid => ShapeSpec::Ellipsoid { radii: [x, y, z] },
            Kind::Cylinder => ShapeSpec::Cylinder { radius: x, half: y },
            Kind::Box => ShapeSpec::Box { half: [x, y, z] },
            Kind::Mesh => {
                let Some(name) = &self.mesh else { return Err(e.refuse("mesh", "the name of a mesh")) };
                let mesh = super::find_in(e, "mesh", name, &reader.assets.meshes)?.clone();
                if self.mass != Some(0.0) && self.density != 0.0 {
                    let message =
                        format!("{}: the mass of meshes is not computed, it is 0: give <inertial>", e.label());
                    reader.warnings.add(e.place(), "mesh mass", message);
                }
                ShapeSpec::Mesh { mesh }
            }
        };
        Ok((shape, pose))
    }
}
