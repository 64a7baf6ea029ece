//! `<worldbody>`: the tree of bodies, with everything that is on them.

use super::frame::Frame;
use super::schema;
use super::settings::SWITCH;
use super::{Reader, joint};
use crate::Error;
use crate::robot::inertia::diagonalize;
use crate::robot::spec::{BodySpec, InertialSpec};
use crate::robot::vector::{EPSILON, Pose, UNIT};
use crate::robot::xml::Element;

const CHILDREN: &[&str] = &["body", "frame", "inertial", "joint", "freejoint", "geom", "site", "camera", "light"];

/// All bodies in depth-first order, the world first.
pub(super) fn read(root: &Element, reader: &mut Reader) -> Result<Vec<BodySpec>, Error> {
    let mut bodies = vec![BodySpec {
        name: "world".into(),
        place: root.place(),
        parent: 0,
        pose: Pose::IDENTITY,
        inertial: None,
        joints: Vec::new(),
        geoms: Vec::new(),
        simple: true,
    }];
    for section in root.children("worldbody") {
        if let Some((attribute, _)) = section.attributes.first() {
            return Err(section.refuse(attribute, "no attributes: the world is where it is"));
        }
        contents(section, 0, Pose::IDENTITY, 0, &mut bodies, reader)?;
    }
    Ok(bodies)
}

/// Reads what is inside a body, or inside a `<frame>` of it that is at `around` in the body.
fn contents(
    e: &Element,
    body: usize,
    around: Pose,
    class: usize,
    bodies: &mut Vec<BodySpec>,
    reader: &mut Reader,
) -> Result<(), Error> {
    for child in &e.children {
        let read = self::child(e, child, body, around, class, bodies, reader);
        reader.errors.keep(read)?;
    }
    Ok(())
}

/// Reads an element `child` inside `e`.
fn child(
    e: &Element,
    child: &Element,
    body: usize,
    around: Pose,
    class: usize,
    bodies: &mut Vec<BodySpec>,
    reader: &mut Reader,
) -> Result<(), Error> {
    let (classes, settings) = (reader.classes, reader.settings);
    let own = || classes.named(child, "class", class).map(|index| classes.get(index));
    let in_world = |what: &str| child.wrong(format!("{what} of the world"), "none: the world never moves");
    match child.name.as_str() {
        "body" => {
            schema::check(child, schema::BODY, &mut reader.warnings)?;
            if child.boolean("mocap")? == Some(true) {
                return Err(child.refuse("mocap", "\"false\"; bodies that are moved from outside are not simulated"));
            }
            let class = classes.named(child, "childclass", class)?;
            let mut frame = Frame::default();
            frame.apply(child, settings)?;
            let index = bodies.len();
            bodies.push(BodySpec {
                name: child.text("name").unwrap_or_default().to_owned(),
                place: child.place(),
                parent: body,
                pose: around.then(frame.pose()),
                inertial: None,
                joints: Vec::new(),
                geoms: Vec::new(),
                simple: child.keyword("simple", SWITCH)? != Some(Some(false)),
            });
            contents(child, index, Pose::IDENTITY, class, bodies, reader)?;
        }
        "frame" => {
            schema::check(child, schema::FRAME, &mut reader.warnings)?;
            if let Some(attribute) = ["scale", "scaling", "massscale"].into_iter().find(|a| child.text(a).is_some()) {
                return Err(child.refuse(attribute, "none: frames that scale what is in them are not read"));
            }
            let class = classes.named(child, "childclass", class)?;
            let mut frame = Frame::default();
            frame.apply(child, settings)?;
            contents(child, body, around.then(frame.pose()), class, bodies, reader)?;
        }
        "inertial" if body == 0 => return Err(in_world("mass")),
        "inertial" => {
            if bodies[body].inertial.is_some() {
                return Err(child.wrong("a second <inertial>", "one in a body"));
            }
            bodies[body].inertial = Some(inertial(child, reader)?);
        }
        "joint" | "freejoint" if body == 0 => return Err(in_world("a joint")),
        "joint" => {
            let mut draft = own()?.joint.clone();
            draft.apply(child, &mut reader.warnings)?;
            let joint = draft.finish(child, around, settings, &mut reader.warnings)?;
            bodies[body].joints.push(joint);
        }
        "freejoint" => bodies[body].joints.push(joint::free(child, settings, &mut reader.warnings)?),
        "geom" => {
            let mut draft = own()?.geom.clone();
            draft.apply(child, settings, &mut reader.warnings)?;
            let geom = draft.finish(child, around, reader)?;
            bodies[body].geoms.push(geom);
        }
        "site" | "camera" | "light" => {
            reader.warnings.element(child, "not used: sensors, cameras and lights are the scene's")
        }
        "composite" | "flexcomp" | "replicate" | "attach" | "plugin" => {
            return Err(child.wrong(
                format!("<{}>, which makes bodies that are not simulated", child.name),
                "bodies written out one by one",
            ));
        }
        _ => return Err(schema::unknown(child, &e.name, CHILDREN)),
    }
    Ok(())
}

fn inertial(e: &Element, reader: &mut Reader) -> Result<InertialSpec, Error> {
    schema::check(e, schema::INERTIAL, &mut reader.warnings)?;
    for required in ["pos", "mass"] {
        if e.text(required).is_none() {
            return Err(e.refuse(required, "a value: an <inertial> has pos and mass"));
        }
    }
    let mut mass = 0.0;
    e.number("mass", &mut mass)?;
    if mass < 0.0 {
        return Err(e.refuse("mass", "kg, not negative"));
    }
    let mut frame = Frame::default();
    frame.apply(e, reader.settings)?;
    let mut pose = frame.pose();
    let mut inertia = [0.0; 6];
    if let Some(full) = e.exactly::<6>("fullinertia")? {
        let oriented =
            ["quat", "axisangle", "xyaxes", "zaxis", "euler", "diaginertia"].into_iter().find(|a| e.text(a).is_some());
        if let Some(attribute) = oriented {
            return Err(e.refuse(attribute, "none where fullinertia gives the inertia in body axes"));
        }
        let (moments, _) = diagonalize(&full);
        if moments[2] < EPSILON && reader.settings.inertia.bound_inertia <= 0.0 {
            return Err(e.refuse("fullinertia", "a positive matrix: xx, yy, zz, xy, xz, yz"));
        }
        pose.rotation = UNIT;
        inertia = full;
    } else {
        e.numbers("diaginertia", &mut inertia[..3], 3)?;
        if inertia.iter().any(|i| *i < 0.0) {
            return Err(e.refuse("diaginertia", "three moments, not negative"));
        }
    }
    Ok(InertialSpec { mass, pose, inertia })
}
