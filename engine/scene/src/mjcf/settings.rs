//! `<compiler>` and `<option>`: how the file is to be read, and how simulated.

use hyperdust_kernel::blueprint::{Integrator, limits};

use super::schema::{self, Warnings};
use crate::Error;
use crate::robot::spec::{InertiaSettings, OptionsSpec};
use crate::robot::xml::Element;

/// A three-valued switch.
pub(super) const SWITCH: &[(&str, Option<bool>)] = &[("true", Some(true)), ("false", Some(false)), ("auto", None)];

/// What the file says about itself.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Angles are in degrees.
    pub degrees: bool,
    /// Letters of `eulerseq`.
    pub euler: [u8; 3],
    /// Ranges imply limits.
    pub autolimits: bool,
    /// Folder of meshes, "" or ending in a slash.
    pub meshes: String,
    /// Folders in the paths of meshes are dropped.
    strip: bool,
    /// Not switched off by a flag.
    gravity: bool,
    pub inertia: InertiaSettings,
    pub options: OptionsSpec,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            degrees: true,
            euler: *b"xyz",
            autolimits: true,
            meshes: String::new(),
            strip: false,
            gravity: true,
            inertia: InertiaSettings::default(),
            options: OptionsSpec::default(),
        }
    }
}

impl Settings {
    /// Those of a URDF that says nothing: angles are radians.
    pub(crate) fn of_urdf() -> Self {
        Self { degrees: false, ..Self::default() }
    }

    /// Where a mesh is, from what its element says.
    pub(crate) fn mesh(&self, file: &str) -> String {
        let file = if self.strip { file.rsplit('/').next().unwrap_or(file) } else { file };
        format!("{}{file}", self.meshes)
    }

    /// Reads the sections of a model.
    pub(crate) fn read(root: &Element, warnings: &mut Warnings) -> Result<Self, Error> {
        let mut settings = Self::default();
        for section in root.children("compiler") {
            settings.compiler(section, warnings)?;
        }
        for section in root.children("option") {
            settings.option(section, warnings)?;
        }
        if !settings.gravity {
            settings.options.gravity = [0.0; 3];
        }
        for section in root.children("size") {
            schema::check(section, schema::SIZE, warnings)?;
        }
        Ok(settings)
    }

    fn compiler(&mut self, e: &Element, warnings: &mut Warnings) -> Result<(), Error> {
        schema::check(e, schema::COMPILER, warnings)?;
        if let Some(child) = e.children.iter().find(|c| c.name != "lengthrange") {
            return Err(schema::unknown(child, "compiler", &["lengthrange"]));
        }
        if let Some(degrees) = e.keyword("angle", &[("degree", true), ("radian", false)])? {
            self.degrees = degrees;
        }
        // Global coordinates left MuJoCo in version 2.3.4.
        e.keyword("coordinate", &[("local", ())])?;
        self.strip = e.boolean("strippath")?.unwrap_or(self.strip);
        if let Some(sequence) = e.text("eulerseq") {
            let letters = sequence.as_bytes();
            match <[u8; 3]>::try_from(letters) {
                Ok(three) if letters.iter().all(|c| b"xyzXYZ".contains(c)) => self.euler = three,
                _ => return Err(e.refuse("eulerseq", "three letters out of x, y, z, X, Y, Z")),
            }
        }
        if let Some(on) = e.boolean("autolimits")? {
            self.autolimits = on;
        }
        if e.boolean("alignfree")? == Some(true) {
            warnings.add(e.place(), "alignfree", "compiler: alignfree: body frames stay where the file puts them");
        }
        for attribute in ["assetdir", "meshdir"] {
            if let Some(folder) = e.text(attribute) {
                let folder = folder.trim().trim_end_matches('/');
                self.meshes = if folder.is_empty() || folder == "." { String::new() } else { format!("{folder}/") };
            }
        }
        let inertia = &mut self.inertia;
        if let Some(from_geoms) = e.keyword("inertiafromgeom", SWITCH)? {
            inertia.from_geoms = from_geoms;
        }
        if let Some([low, high]) = e.exactly::<2>("inertiagrouprange")? {
            inertia.groups = [low as i64, high as i64];
        }
        if let Some(on) = e.boolean("balanceinertia")? {
            inertia.balance = on;
        }
        for (attribute, into) in [("boundmass", &mut inertia.bound_mass), ("boundinertia", &mut inertia.bound_inertia)]
        {
            if e.number(attribute, into)? && *into < 0.0 {
                return Err(e.refuse(attribute, "a number that is not negative"));
            }
        }
        e.number("settotalmass", &mut inertia.total_mass)?;
        Ok(())
    }

    fn option(&mut self, e: &Element, warnings: &mut Warnings) -> Result<(), Error> {
        schema::check(e, schema::OPTION, warnings)?;
        let options = &mut self.options;
        if e.number("timestep", &mut options.timestep)?
            && !(1e-6..=f64::from(limits::TIMESTEP)).contains(&options.timestep)
        {
            return Err(e.refuse("timestep", format!("seconds, from 1e-6 to {}", limits::TIMESTEP)));
        }
        e.numbers("gravity", &mut options.gravity, 3)?;
        if options.gravity.iter().any(|g| g.abs() > 1e4) {
            return Err(e.refuse("gravity", "m/s², at most 1e4"));
        }
        if let Some(iterations) = e.integer("iterations", 1..=i64::from(i32::MAX))? {
            // An upper bound: Newton's method needs a handful.
            options.iterations = iterations.min(i64::from(limits::ITERATIONS)) as u16;
        }
        let words = [("Euler", 0), ("RK4", 1), ("implicit", 2), ("implicitfast", 2), ("discrete", 2)];
        match e.keyword("integrator", &words)? {
            Some(0) => options.integrator = Integrator::Euler,
            Some(1) => options.integrator = Integrator::RungeKutta4,
            Some(_) => {
                options.integrator = Integrator::Euler;
                let message = format!(
                    "option: integrator=\"{}\": Euler with implicit joint damping is used",
                    e.text("integrator").unwrap_or_default()
                );
                warnings.add(e.place(), "integrator", message);
            }
            None => {}
        }
        if e.keyword("cone", &[("pyramidal", false), ("elliptic", true)])? == Some(true) {
            warnings.add(e.place(), "cone", "option: cone=\"elliptic\": friction cones are pyramids");
        }
        if e.keyword("solver", &[("Newton", false), ("CG", true), ("PGS", true)])? == Some(true) {
            warnings.add(
                e.place(),
                "solver",
                format!("option: solver=\"{}\": Newton's method is used", e.text("solver").unwrap_or_default()),
            );
        }
        let mut ratio = 1.0;
        if e.number("impratio", &mut ratio)? && ratio != 1.0 {
            warnings.add(e.place(), "impratio", format!("option: impratio=\"{ratio}\": 1 is used"));
        }
        for flag in &e.children {
            if flag.name != "flag" {
                return Err(schema::unknown(flag, "option", &["flag"]));
            }
            self.flag(flag, warnings)?;
        }
        Ok(())
    }

    fn flag(&mut self, e: &Element, warnings: &mut Warnings) -> Result<(), Error> {
        schema::check(e, schema::FLAG, warnings)?;
        let words = [("enable", true), ("disable", false)];
        let options = &mut self.options;
        for (attribute, into) in [
            ("contact", &mut options.contacts),
            ("limit", &mut options.limits),
            ("spring", &mut options.springs),
            ("damper", &mut options.dampers),
            ("clampctrl", &mut options.clamp_controls),
            ("filterparent", &mut options.filter_parent),
        ] {
            if let Some(on) = e.keyword(attribute, &words)? {
                *into = on;
            }
        }
        if e.keyword("constraint", &words)? == Some(false) {
            (options.contacts, options.limits) = (false, false);
        }
        if e.keyword("gravity", &words)? == Some(false) {
            self.gravity = false;
        }
        let unusual = [
            ("actuation", false),
            ("refsafe", false),
            ("eulerdamp", false),
            ("override", true),
            ("diagexact", true),
            ("ipc", true),
            ("speculative", true),
        ];
        for (attribute, value) in unusual {
            if e.keyword(attribute, &words)? == Some(value) {
                let message = format!(
                    "flag: {attribute}=\"{}\": MuJoCo's default is used",
                    e.text(attribute).unwrap_or_default()
                );
                warnings.add(e.place(), attribute, message);
            }
        }
        Ok(())
    }
}
