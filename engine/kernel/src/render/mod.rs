//! Pictures of a world, by a deterministic ray-caster.
//!
//! What the eye sees ([`Visuals`]) is apart from what is simulated: shapes on bodies, coloured, and a
//! camera. A [`Renderer`] prepares them once (hulls, bounding-volume trees); each picture then needs
//! only where the bodies are. One sun with hard shadows, Lambert and a little gloss, ambient light from
//! sky and ground, a horizon that fades into haze, sRGB out.
//!
//! The same pictures everywhere: `f32` in a written order, square roots and `libm`, no platform mathematics,
//! nothing that depends on threads. Right-handed frames, z up, metres and radians.
//!
//! Total: what cannot be drawn (a size that is not positive, a body without a pose, an index out of
//! range) is left out. No allocation per pixel; per picture, a few lists as long as there are shapes.

use alloc::vec::Vec;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::blueprint::RigidShape;
use crate::math::scalar::{clamp, sin_cos, sqrt};
use crate::math::spatial::vec3;

mod light;
mod mesh;
mod solid;
mod view;

use light::Tones;
use solid::Solid;

type Vec3 = crate::math::Vec3<f32>;
type Mat3 = crate::math::Mat3<f32>;

/// Where a body is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// World frame, m.
    pub position: [f32; 3],
    /// World frame, unit, w x y z.
    pub orientation: [f32; 4],
}

/// What is drawn, and from where.
#[derive(Clone, Debug, Default, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Visuals {
    /// In any order.
    pub shapes: Vec<VisualShape>,
    /// The eye.
    pub camera: Camera,
}

/// A coloured shape on a body.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct VisualShape {
    /// Sensor body; 0: the world.
    pub body: u16,
    /// Shape; a half-space is drawn as its plane, seen from above only.
    pub shape: RigidShape,
    /// Frame in the body's, m.
    pub position: [f32; 3],
    /// Frame in the body's, unit, w x y z.
    pub orientation: [f32; 4],
    /// sRGB and opacity, 0 to 1.
    pub rgba: [f32; 4],
    /// A second, darker tone: on a half-space squares of 1 m, elsewhere the octants of the shape's
    /// frame, so that turning is seen.
    pub checker: bool,
}

/// MuJoCo's free camera: looks at a point from `distance` away.
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Camera {
    /// Body looked at; 0: the world, the camera stands still.
    pub follow: u16,
    /// Point looked at, from the body's origin along world axes, m.
    pub target: [f32; 3],
    /// From that point to the eye, m.
    pub distance: f32,
    /// Direction of sight about z, from x, rad.
    pub azimuth: f32,
    /// Direction of sight above the horizon (negative: looking down), rad.
    pub elevation: f32,
    /// Between the lower and upper edge of the picture, rad.
    pub vertical_fov: f32,
}

impl Default for Camera {
    /// From the side, a little above.
    fn default() -> Self {
        Self {
            follow: 0,
            target: [0.0; 3],
            distance: 4.0,
            azimuth: core::f32::consts::FRAC_PI_2,
            elevation: -0.35,
            vertical_fov: core::f32::consts::FRAC_PI_4,
        }
    }
}

/// How edges are smoothed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Smoothing {
    /// One ray for each pixel.
    None,
    /// The mean of 2 × 2 rays.
    #[default]
    Four,
}

/// Prepared visuals: make once, draw often.
pub struct Renderer {
    solids: Vec<Solid>,
    /// The eye; may be changed between pictures.
    pub camera: Camera,
    /// Edges; may be changed between pictures.
    pub smoothing: Smoothing,
    tones: Tones,
}

/// One picture, smoothed. For more than one of the same visuals, keep a [`Renderer`].
///
/// `poses`: by sensor body, the world first. `rgb`: row-major from the top left, `height · width · 3` bytes; of another
/// length nothing is drawn.
pub fn render(visuals: &Visuals, poses: &[Pose], width: usize, height: usize, rgb: &mut [u8]) {
    Renderer::new(visuals).render(poses, width, height, rgb);
}

impl Renderer {
    /// Builds what does not change between pictures.
    pub fn new(visuals: &Visuals) -> Self {
        Self {
            solids: visuals.shapes.iter().filter_map(Solid::new).collect(),
            camera: visuals.camera,
            smoothing: Smoothing::default(),
            tones: Tones::new(),
        }
    }

    /// Draws; see [`render`].
    pub fn render(&self, poses: &[Pose], width: usize, height: usize, rgb: &mut [u8]) {
        let pixels = width.checked_mul(height).and_then(|n| n.checked_mul(3));
        if pixels != Some(rgb.len()) || rgb.is_empty() {
            return;
        }
        let eye = Eye::new(&self.camera, poses, height);
        let placed: Vec<_> = self.solids.iter().filter_map(|s| s.place(poses, eye.position)).collect();
        view::draw(&placed, &eye, self.smoothing, &self.tones, width, height, rgb);
    }
}

/// A camera in place. All geometry is relative to `position`, which keeps `f32` exact far from home.
struct Eye {
    position: Vec3,
    forward: Vec3,
    /// Per pixel, at unit distance.
    right: Vec3,
    /// Per pixel, at unit distance.
    down: Vec3,
    /// Radians per pixel.
    pixel: f32,
    /// Where haze has taken half of the light, m.
    haze: f32,
}

impl Eye {
    fn new(camera: &Camera, poses: &[Pose], height: usize) -> Self {
        let finite = |x: f32, otherwise: f32| if x.is_finite() { x } else { otherwise };
        let origin = poses.get(usize::from(camera.follow)).map_or([0.0; 3], |p| p.position);
        let at = |k: usize| finite(origin[k], 0.0) + finite(camera.target[k], 0.0);
        let distance = clamp(finite(camera.distance, 4.0), 1e-3, 1e5);
        let (sa, ca) = sin_cos(clamp(finite(camera.azimuth, 0.0), -1e3, 1e3));
        let (se, ce) = sin_cos(clamp(finite(camera.elevation, 0.0), -1e3, 1e3));
        let (sf, cf) = sin_cos(0.5 * clamp(finite(camera.vertical_fov, 0.8), 0.01, 3.0));
        let forward = vec3(ce * ca, ce * sa, se);
        let pixel = 2.0 * (sf / cf) / height as f32;
        Self {
            position: vec3(at(0), at(1), at(2)) - forward.scale(distance),
            forward,
            right: vec3(sa, -ca, 0.0).scale(pixel),
            down: vec3(se * ca, se * sa, -ce).scale(pixel),
            pixel,
            haze: 20.0 + 8.0 * distance,
        }
    }

    /// Towards a point of the picture; `x` and `y` in pixels from its centre.
    fn towards(&self, x: f32, y: f32) -> Vec3 {
        unit(self.forward + self.right.scale(x) + self.down.scale(y))
    }
}

fn unit(v: Vec3) -> Vec3 {
    v.scale(1.0 / sqrt(v.dot(v)))
}

/// Rotation of a quaternion that may be a little off unit length; `None` without direction.
fn rotation(q: [f32; 4]) -> Option<Mat3> {
    let squared = q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3];
    if !(squared > 1e-12 && squared.is_finite()) {
        return None;
    }
    let k = 1.0 / sqrt(squared);
    Some(Mat3::from_quaternion(q[0] * k, q[1] * k, q[2] * k, q[3] * k))
}

/// The vector in the frame whose axes are the matrix's columns.
#[inline(always)]
fn into_frame(frame: &Mat3, v: Vec3) -> Vec3 {
    vec3(frame.x.dot(v), frame.y.dot(v), frame.z.dot(v))
}
