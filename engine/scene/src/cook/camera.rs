//! `[camera]`: degrees as authors write them, radians as the renderer reads them.

use hyperdust_kernel::render::Camera;

use crate::Error;
use crate::context::Context;
use crate::expression::to_f32;
use crate::schema::CameraSection;
use crate::schema::literal::Number;

/// Where pictures are taken from.
pub(super) fn lower(section: &CameraSection, context: &Context<'_>) -> Result<Camera, Error> {
    let at = context.at("camera", 0..0);
    let body = section.body.as_ref().map(|body| at.body("body", body)).transpose()?;
    let radians = |key: &str, given: &Option<Number>, default: f64, low: f64, high: f64| {
        let degrees = at.bounded(key, given, default, low, high)?;
        Ok::<f32, Error>(to_f32(f64::from(degrees) * core::f64::consts::PI / 180.0))
    };
    Ok(Camera {
        follow: body.and_then(|body| u16::try_from(body).ok()).unwrap_or(0),
        target: at.array("target", &section.target, [0.0; 3])?,
        distance: at.bounded("distance", &section.distance, 4.0, 1e-3, 1e6)?,
        azimuth: radians("azimuth", &section.azimuth, 90.0, -360.0, 360.0)?,
        elevation: radians("elevation", &section.elevation, -20.0, -90.0, 90.0)?,
        vertical_fov: radians("vertical_fov", &section.vertical_fov, 45.0, 1.0, 170.0)?,
    })
}
