//! Shapes as rays meet them.
//!
//! A [`Solid`] is a shape prepared once, in its own frame; a [`Placed`] is one in a picture, relative to
//! the eye. Rays are tested against the bounding sphere first and then, in the shape's frame, from the
//! point nearest to its centre, where `f32` has most digits to spare.
//!
//! Only entering a convex shape is a hit: a ray that starts inside passes out unseen.

use super::mesh::{self, Mesh};
use super::{Mat3, Pose, Vec3, VisualShape, into_frame, light, rotation};
use crate::blueprint::RigidShape;
use crate::math::scalar::{max, min, sqrt};
use crate::math::spatial::vec3;
use crate::rigid::hull::convex_hull;

pub enum Kind {
    Plane,
    Sphere { radius: f32 },
    Cuboid { half: Vec3 },
    Capsule { radius: f32, half: f32 },
    Cylinder { radius: f32, half: f32 },
    Mesh(Mesh),
}

/// Colour and opacity.
pub struct Paint {
    /// Linear light.
    pub color: Vec3,
    pub opacity: f32,
    pub checker: bool,
}

pub struct Solid {
    body: usize,
    position: Vec3,
    rotation: Mat3,
    kind: Kind,
    /// Bounding sphere, in the shape's frame; a plane has none.
    center: Vec3,
    radius: f32,
    paint: Paint,
}

/// A solid in a picture, relative to the eye.
pub struct Placed<'a> {
    pub kind: &'a Kind,
    pub paint: &'a Paint,
    pub position: Vec3,
    pub rotation: Mat3,
    /// Middle of the bounding sphere.
    pub center: Vec3,
    pub radius: f32,
}

/// Where a ray met something.
#[derive(Clone, Copy)]
pub struct Hit {
    pub distance: f32,
    /// Unit, in the shape's frame, towards the side the ray came from.
    pub normal: Vec3,
}

fn positive(x: f32) -> Option<f32> {
    (x > 0.0 && x < 1e6).then_some(x)
}

impl Solid {
    /// `None` if there is nothing to see of it.
    pub fn new(visual: &VisualShape) -> Option<Self> {
        let [r, g, b, opacity] = visual.rgba;
        if !(opacity > 0.0 && visual.position.iter().all(|x| x.abs() < 1e6)) {
            return None;
        }
        let zero = vec3(0.0, 0.0, 0.0);
        let (kind, center, radius) = match &visual.shape {
            RigidShape::HalfSpace => (Kind::Plane, zero, f32::INFINITY),
            RigidShape::Sphere { radius } => {
                let radius = positive(*radius)?;
                (Kind::Sphere { radius }, zero, radius)
            }
            RigidShape::Cuboid { half } => {
                let half = vec3(positive(half[0])?, positive(half[1])?, positive(half[2])?);
                (Kind::Cuboid { half }, zero, half.norm())
            }
            RigidShape::Capsule { radius, half_length } => {
                let (radius, half) = (positive(*radius)?, positive(*half_length)?);
                (Kind::Capsule { radius, half }, zero, radius + half)
            }
            RigidShape::Cylinder { radius, half_length } => {
                let (radius, half) = (positive(*radius)?, positive(*half_length)?);
                (Kind::Cylinder { radius, half }, zero, sqrt(radius * radius + half * half))
            }
            RigidShape::Hull { points } => {
                let hull = convex_hull(points)?;
                of_mesh(Mesh::new(&hull.vertices, &hull.triangles)?)
            }
            RigidShape::Mesh { vertices, triangles } => of_mesh(Mesh::new(vertices, triangles)?),
            RigidShape::HeightField { rows, columns, heights, size } => {
                of_mesh(mesh::from_heights(*rows, *columns, heights, *size)?)
            }
        };
        Some(Self {
            body: usize::from(visual.body),
            position: vec3(visual.position[0], visual.position[1], visual.position[2]),
            rotation: rotation(visual.orientation)?,
            kind,
            center,
            radius: radius * 1.001,
            paint: Paint { color: light::linear([r, g, b]), opacity: min(opacity, 1.0), checker: visual.checker },
        })
    }

    /// `None` if its body has no usable pose.
    pub fn place(&self, poses: &[Pose], eye: Vec3) -> Option<Placed<'_>> {
        let pose = poses.get(self.body)?;
        let body = rotation(pose.orientation)?;
        let [x, y, z] = pose.position;
        let position = body.rotate(self.position) + (vec3(x, y, z) - eye);
        let rotation = body.times(&self.rotation);
        let center = position + rotation.rotate(self.center);
        if !center.dot(center).is_finite() {
            return None;
        }
        Some(Placed { kind: &self.kind, paint: &self.paint, position, rotation, center, radius: self.radius })
    }
}

fn of_mesh(mesh: Mesh) -> (Kind, Vec3, f32) {
    let (center, radius) = (mesh.center, mesh.radius);
    (Kind::Mesh(mesh), center, radius)
}

impl Placed<'_> {
    /// First hit of the ray from `o` along the unit vector `d` with `near < distance < far`.
    #[inline]
    pub fn hit(&self, o: Vec3, d: Vec3, near: f32, far: f32) -> Option<Hit> {
        if let Kind::Plane = self.kind {
            let (height, fall) = (self.rotation.z.dot(o - self.position), -self.rotation.z.dot(d));
            let distance = height / fall;
            let seen = height > 0.0 && fall > 0.0 && distance > near && distance < far;
            return seen.then_some(Hit { distance, normal: vec3(0.0, 0.0, 1.0) });
        }
        let to_center = self.center - o;
        let along = to_center.dot(d);
        let squared = to_center.dot(to_center);
        let reach = self.radius * self.radius + 1e-6 * squared;
        // Beside the ray, behind it, or beyond what was already hit.
        if squared - along * along > reach || along + self.radius < near || along - self.radius > far {
            return None;
        }
        // From the nearest point to the centre.
        let o = into_frame(&self.rotation, o + d.scale(along) - self.position);
        let d = into_frame(&self.rotation, d);
        let (t, normal) = self.kind.hit(o, d, near - along, far - along)?;
        let distance = t + along;
        (distance > near && distance < far).then_some(Hit { distance, normal })
    }
}

impl Kind {
    #[inline]
    fn hit(&self, o: Vec3, d: Vec3, near: f32, far: f32) -> Option<(f32, Vec3)> {
        match self {
            Self::Plane => None,
            Self::Sphere { radius } => ball(o, d, *radius),
            Self::Cuboid { half } => cuboid(o, d, *half),
            Self::Capsule { radius, half } => capsule(o, d, *radius, *half),
            Self::Cylinder { radius, half } => cylinder(o, d, *radius, *half),
            Self::Mesh(mesh) => mesh.hit(o, d, near, far),
        }
    }
}

#[inline(always)]
fn ball(o: Vec3, d: Vec3, radius: f32) -> Option<(f32, Vec3)> {
    let b = o.dot(d);
    let under = b * b - o.dot(o) + radius * radius;
    if under < 0.0 {
        return None;
    }
    let t = -b - sqrt(under);
    Some((t, (o + d.scale(t)).scale(1.0 / radius)))
}

#[inline(always)]
fn cuboid(o: Vec3, d: Vec3, half: Vec3) -> Option<(f32, Vec3)> {
    // Not zero, so that no ∞ · 0 appears.
    let away = |x: f32| if x.abs() < 1e-9 { 1e-9 } else { x };
    let slab = |o: f32, d: f32, half: f32| {
        let inverse = 1.0 / away(d);
        let (middle, reach) = (-o * inverse, half * inverse.abs());
        (middle - reach, middle + reach)
    };
    let (x, y, z) = (slab(o.x, d.x, half.x), slab(o.y, d.y, half.y), slab(o.z, d.z, half.z));
    let enter = max(x.0, max(y.0, z.0));
    if enter > min(x.1, min(y.1, z.1)) {
        return None;
    }
    let against = |d: f32| if d > 0.0 { -1.0 } else { 1.0 };
    let normal = if enter == x.0 {
        vec3(against(d.x), 0.0, 0.0)
    } else if enter == y.0 {
        vec3(0.0, against(d.y), 0.0)
    } else {
        vec3(0.0, 0.0, against(d.z))
    };
    Some((enter, normal))
}

#[inline(always)]
fn capsule(o: Vec3, d: Vec3, radius: f32, half: f32) -> Option<(f32, Vec3)> {
    // The infinite tube first; where its hit is past an end, that end's ball decides.
    let a = d.x * d.x + d.y * d.y;
    let b = o.x * d.x + o.y * d.y;
    let c = o.x * o.x + o.y * o.y - radius * radius;
    let under = b * b - a * c;
    if under < 0.0 {
        return None;
    }
    let end = if a > 1e-12 {
        let t = (-b - sqrt(under)) / a;
        let z = o.z + d.z * t;
        if z.abs() <= half {
            return Some((t, vec3(o.x + d.x * t, o.y + d.y * t, 0.0).scale(1.0 / radius)));
        }
        if z > 0.0 { half } else { -half }
    } else if d.z < 0.0 {
        half
    } else {
        -half
    };
    ball(vec3(o.x, o.y, o.z - end), d, radius)
}

#[inline(always)]
fn cylinder(o: Vec3, d: Vec3, radius: f32, half: f32) -> Option<(f32, Vec3)> {
    let a = d.x * d.x + d.y * d.y;
    let b = o.x * d.x + o.y * d.y;
    let c = o.x * o.x + o.y * o.y - radius * radius;
    let under = b * b - a * c;
    if under < 0.0 {
        return None;
    }
    if a > 1e-12 {
        let t = (-b - sqrt(under)) / a;
        if (o.z + d.z * t).abs() <= half {
            return Some((t, vec3(o.x + d.x * t, o.y + d.y * t, 0.0).scale(1.0 / radius)));
        }
    }
    if d.z == 0.0 {
        return None;
    }
    let cap = if d.z < 0.0 { half } else { -half };
    let t = (cap - o.z) / d.z;
    let (x, y) = (o.x + d.x * t, o.y + d.y * t);
    let up = if d.z < 0.0 { 1.0 } else { -1.0 };
    (x * x + y * y <= radius * radius).then_some((t, vec3(0.0, 0.0, up)))
}
