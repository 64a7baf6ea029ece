//! `[robot]` and `[physics]`: the robot file, what the scene changes of it, and the settings of the solvers.

use hyperdust_kernel::blueprint::{Integrator, Options, limits};

use crate::context::Context;
use crate::error::Errors;
use crate::package::Reader;
use crate::robot::{Keyframe, RobotFile, RobotOptions};
use crate::schema::literal::Count;
use crate::schema::{PhysicsSection, RobotSection};
use crate::{Error, mjcf, urdf};

/// Solver iterations of rigid bodies where the scene does not say.
const RIGID_ITERATIONS: u16 = 4;

/// Compiles a robot file of the package.
pub(crate) fn load(file: &str, reader: &Reader<'_>, errors: &Errors) -> Result<RobotFile, Error> {
    let text = reader.text(file)?;
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let files = |name: &str| {
        let name = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        reader.read(&name).ok()
    };
    match file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("xml" | "mjcf") => mjcf::read(&text, file, &files, errors),
        Some("urdf") => urdf::load(&text, file, &files),
        _ => Err(Error::File {
            file: file.into(),
            reason: "not a robot; accepted: MJCF (.xml, .mjcf) or URDF (.urdf)".into(),
        }),
    }
}

/// The robot, with what the scene changes of its joints.
pub(super) fn robot(
    section: Option<&RobotSection>,
    context: &Context<'_>,
    reader: &Reader<'_>,
) -> Result<Option<RobotFile>, Error> {
    let Some(section) = section else { return Ok(None) };
    let at = context.at("robot", section.file.0.span.clone());
    let mut robot = load(&at.text("file", &section.file)?, reader, context.errors)?;
    for (name, joint) in &section.joints {
        let at = context.at(format!("robot.joints.{name}"), section.file.0.span.clone());
        let Some(index) = robot.names.joints.iter().position(|joint| !joint.is_empty() && joint == name) else {
            let accepted = crate::expression::list(robot.names.joints.iter().map(String::as_str));
            return Err(at.wrong("", "no such joint", accepted));
        };
        let max_speed = at.bounded("max_speed", &joint.max_speed, 0.0, 0.0, f64::from(limits::MAGNITUDE))?;
        if let (true, Some(joint)) = (joint.max_speed.is_some(), robot.robot.joints.get_mut(index)) {
            joint.max_speed = max_speed;
        }
    }
    Ok(Some(robot))
}

/// Settings of the solvers, and the time step as written: f32 would shift `dt` by its rounding.
pub(super) fn options(
    section: &PhysicsSection,
    context: &Context<'_>,
    robot: Option<RobotOptions>,
) -> Result<(Options, f64), Error> {
    let at = context.at("physics", 0..0);
    let written = robot.map_or(0.01, |r| shortest(r.timestep));
    let timestep = at.number_or("timestep", &section.timestep, written)?;
    let options = Options {
        timestep: at.bounded("timestep", &section.timestep, written, 1e-6, f64::from(limits::TIMESTEP))?,
        frame_skip: whole(&at, "frame_skip", &section.frame_skip, 1, limits::FRAME_SKIP)?,
        integrator: match &section.integrator {
            None => robot.map_or(Integrator::Euler, |r| r.integrator),
            Some(text) => match at.text("integrator", text)?.as_str() {
                "euler" => Integrator::Euler,
                "explicit_euler" => Integrator::ExplicitEuler,
                "rk4" => Integrator::RungeKutta4,
                other => {
                    let accepted = "\"euler\", \"explicit_euler\", \"rk4\"";
                    return Err(at.wrong_at("integrator", &text.0, format!("\"{other}\""), accepted));
                }
            },
        },
        iterations: whole(
            &at,
            "iterations",
            &section.iterations,
            robot.map_or(100, |r| r.iterations),
            limits::ITERATIONS,
        )?,
        rigid_iterations: whole(
            &at,
            "rigid_iterations",
            &section.rigid_iterations,
            RIGID_ITERATIONS,
            limits::ITERATIONS,
        )?,
        gravity: at.array("gravity", &section.gravity, robot.map_or([0.0, 0.0, -9.81], |r| r.gravity))?,
    };
    Ok((options, timestep))
}

fn whole(at: &crate::context::At<'_>, key: &str, count: &Option<Count>, default: u16, most: u16) -> Result<u16, Error> {
    let Some(count) = count else { return Ok(default) };
    let value = at.count(key, count, 1, most.into())?;
    Ok(u16::try_from(value).unwrap_or(most))
}

/// The number that its author wrote, from what f32 left of it: the shortest decimal.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// The state in which episodes begin, before they are randomised.
pub(super) fn keyframe<'a>(
    section: &RobotSection,
    context: &Context<'_>,
    robot: &'a RobotFile,
) -> Result<Option<&'a Keyframe>, Error> {
    let Some(text) = &section.keyframe else { return Ok(None) };
    let at = context.at("robot", section.file.0.span.clone());
    let name = at.text("keyframe", text)?;
    let found = robot.keyframes.iter().find(|keyframe| !keyframe.name.is_empty() && keyframe.name == name);
    found.map(Some).ok_or_else(|| {
        let accepted = crate::expression::list(robot.keyframes.iter().map(|keyframe| keyframe.name.as_str()));
        at.wrong_at("keyframe", &text.0, format!("\"{name}\""), accepted)
    })
}
