//! Masses and inertias of bodies, by MuJoCo's formulas.
//!
//! A geom's mass follows from its density and volume (or area, for shells); a body's from its geoms, or from what
//! the author wrote. Symmetric matrices are six numbers: xx, yy, zz, xy, xz, yz.

use std::f64::consts::PI;

use super::spec::{BodySpec, GeomSpec, InertiaSettings, ShapeSpec};
use super::vector::{EPSILON, Mat3, Quat, UNIT, Vec3, dot, from_columns, mat_mul, matrix, norm, sub, transpose};
use crate::Error;

/// The mass of one body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MassSpec {
    pub mass: f64,
    /// Body frame.
    pub center: Vec3,
    /// About the centre, body axes.
    pub inertia: [f64; 6],
    /// Whether MuJoCo's inertial frame is the body frame.
    pub aligned: bool,
}

impl MassSpec {
    pub(crate) const ZERO: Self = Self { mass: 0.0, center: [0.0; 3], inertia: [0.0; 6], aligned: true };
}

/// Inertia of a point mass at `offset`.
pub(crate) fn point_inertia(mass: f64, offset: Vec3) -> [f64; 6] {
    let [x, y, z] = offset;
    [
        mass * (y * y + z * z),
        mass * (x * x + z * z),
        mass * (x * x + y * y),
        -mass * x * y,
        -mass * x * z,
        -mass * y * z,
    ]
}

/// A symmetric matrix given in a frame, in that frame's parent.
pub(crate) fn turn(rotation: &Mat3, s: &[f64; 6]) -> [f64; 6] {
    let full = [s[0], s[3], s[4], s[3], s[1], s[5], s[4], s[5], s[2]];
    let m = mat_mul(&mat_mul(rotation, &full), &transpose(rotation));
    [m[0], m[4], m[8], m[1], m[2], m[5]]
}

/// Volume in m³, or area in m² of a shell. Zero for shapes without mass.
fn extent(shape: &ShapeSpec, shell: bool) -> f64 {
    match (shape, shell) {
        (ShapeSpec::Sphere { radius: r }, false) => 4.0 * PI * r * r * r / 3.0,
        (ShapeSpec::Sphere { radius: r }, true) => 4.0 * PI * r * r,
        (ShapeSpec::Capsule { radius: r, half }, false) => PI * (r * r * 2.0 * half + 4.0 * r * r * r / 3.0),
        (ShapeSpec::Capsule { radius: r, half }, true) => 4.0 * PI * r * r + 2.0 * PI * r * 2.0 * half,
        (ShapeSpec::Cylinder { radius: r, half }, false) => PI * r * r * 2.0 * half,
        (ShapeSpec::Cylinder { radius: r, half }, true) => 2.0 * PI * r * r + 2.0 * PI * r * 2.0 * half,
        (ShapeSpec::Ellipsoid { radii: [a, b, c] }, false) => 4.0 * PI * a * b * c / 3.0,
        (ShapeSpec::Ellipsoid { radii: [a, b, c] }, true) => {
            // Thomsen's approximation of an ellipsoid's area.
            const P: f64 = 1.6075;
            let mean = (libm::pow(a * b, P) + libm::pow(b * c, P) + libm::pow(c * a, P)) / 3.0;
            4.0 * PI * libm::pow(mean, 1.0 / P)
        }
        (ShapeSpec::Box { half: [a, b, c] }, false) => 8.0 * a * b * c,
        (ShapeSpec::Box { half: [a, b, c] }, true) => 8.0 * (a * b + b * c + c * a),
        (ShapeSpec::Plane | ShapeSpec::HeightField | ShapeSpec::Mesh { .. }, _) => 0.0,
    }
}

/// Principal moments about the centre, in the geom's axes.
fn moments(shape: &ShapeSpec, shell: bool, mass: f64) -> Vec3 {
    match (shape, shell) {
        (ShapeSpec::Sphere { radius: r }, _) => [2.0 * mass * r * r / if shell { 3.0 } else { 5.0 }; 3],
        (ShapeSpec::Capsule { radius: r, half }, false) => {
            let (r, h) = (*r, 2.0 * half);
            let caps = mass * 4.0 * r / (4.0 * r + 3.0 * h);
            let tube = mass - caps;
            let ball = 2.0 * caps * r * r / 5.0;
            let across = tube * (3.0 * r * r + h * h) / 12.0 + ball + caps * h * (3.0 * r + 2.0 * h) / 8.0;
            [across, across, tube * r * r / 2.0 + ball]
        }
        (ShapeSpec::Capsule { radius: r, half }, true) => {
            let (r, h) = (*r, 2.0 * half);
            let caps = mass * 2.0 * r / (2.0 * r + h);
            let tube = mass - caps;
            let ball = 2.0 * caps * r * r / 3.0;
            // A hemispherical shell's centre is half a radius from the cut.
            let away = half + r / 2.0;
            let across = tube * (6.0 * r * r + h * h) / 12.0 + ball + caps * (away * away - r * r / 4.0);
            [across, across, tube * r * r + ball]
        }
        (ShapeSpec::Cylinder { radius: r, half }, false) => {
            let (r, h) = (*r, 2.0 * half);
            let across = mass * (3.0 * r * r + h * h) / 12.0;
            [across, across, mass * r * r / 2.0]
        }
        (ShapeSpec::Cylinder { radius: r, half }, true) => {
            let (r, h) = (*r, 2.0 * half);
            let disk = mass * r / (2.0 * r + 2.0 * h);
            let tube = mass - 2.0 * disk;
            let across = tube * (6.0 * r * r + h * h) / 12.0 + 2.0 * disk * (r * r / 4.0 + half * half);
            [across, across, tube * r * r + disk * r * r]
        }
        (ShapeSpec::Ellipsoid { radii }, false) => ellipsoid(mass, *radii),
        (ShapeSpec::Ellipsoid { radii }, true) => {
            // MuJoCo's shell: the difference to an ellipsoid larger by a micrometre.
            const GROWTH: f64 = 1e-6;
            let grown = radii.map(|r| r + GROWTH);
            let (inner, outer) = (radii.iter().product::<f64>(), grown.iter().product::<f64>());
            let density = mass / (outer - inner);
            let (a, b) = (ellipsoid(inner * density, *radii), ellipsoid(outer * density, grown));
            sub(b, a)
        }
        (ShapeSpec::Box { half: [a, b, c] }, false) => {
            [mass * (b * b + c * c) / 3.0, mass * (a * a + c * c) / 3.0, mass * (a * a + b * b) / 3.0]
        }
        (ShapeSpec::Box { half: [a, b, c] }, true) => {
            // Three pairs of plates, each plate's own inertia moved out by the half size across it.
            let area = a * b + b * c + c * a;
            let [top, front, side] = [a * b, b * c, c * a].map(|s| mass * s / area);
            let plate = |m: f64, u: f64, v: f64| (m * v * v / 3.0, m * u * u / 3.0, m * (u * u + v * v) / 3.0);
            let (tx, ty, tz) = plate(top, *a, *b);
            let (fy, fz, fx) = plate(front, *b, *c);
            let (sz, sx, sy) = plate(side, *c, *a);
            [
                tx + fx + sx + top * c * c + side * b * b,
                ty + fy + sy + top * c * c + front * a * a,
                tz + fz + sz + front * a * a + side * b * b,
            ]
        }
        (ShapeSpec::Plane | ShapeSpec::HeightField | ShapeSpec::Mesh { .. }, _) => [0.0; 3],
    }
}

fn ellipsoid(mass: f64, [a, b, c]: Vec3) -> Vec3 {
    [mass * (b * b + c * c) / 5.0, mass * (a * a + c * c) / 5.0, mass * (a * a + b * b) / 5.0]
}

/// Mass and principal moments of a geom.
fn geom_mass(geom: &GeomSpec) -> (f64, Vec3) {
    let size = extent(&geom.shape, geom.shell);
    let mass = match geom.mass {
        Some(mass) if size > EPSILON => mass,
        Some(_) => 0.0,
        None => geom.density * size,
    };
    (mass, moments(&geom.shape, geom.shell, mass))
}

/// The mass of a body (not the world), before any scaling of the total.
pub(crate) fn body_mass(body: &BodySpec, settings: &InertiaSettings) -> Result<MassSpec, Error> {
    let from_geoms = settings.from_geoms.unwrap_or(body.inertial.is_none());
    // A body without any mass has its inertial frame at its own pose in the parent: seen where `boundmass` gives it one.
    let mut mass = MassSpec {
        center: body.pose.position,
        aligned: is_null(body.pose.position, body.pose.rotation),
        ..MassSpec::ZERO
    };
    let mut frame = body.pose.rotation;
    if let Some(inertial) = &body.inertial {
        (frame, mass) =
            principal(inertial.mass, inertial.pose.position, &turn(&matrix(inertial.pose.rotation), &inertial.inertia));
        if inertial.inertia[3..] == [0.0; 3] {
            // Already principal: MuJoCo keeps the author's axes.
            frame = inertial.pose.rotation;
            mass.aligned = is_null(mass.center, frame);
        }
    }
    if from_geoms {
        let chosen: Vec<_> = body
            .geoms
            .iter()
            .filter(|g| (settings.groups[0]..=settings.groups[1]).contains(&g.group))
            .map(|g| (g, geom_mass(g)))
            .filter(|(_, (m, _))| *m > EPSILON)
            .collect();
        match chosen.as_slice() {
            [] => {}
            [(geom, (m, i))] => {
                frame = geom.pose.rotation;
                mass = MassSpec {
                    mass: *m,
                    center: geom.pose.position,
                    inertia: turn(&matrix(frame), &[i[0], i[1], i[2], 0.0, 0.0, 0.0]),
                    aligned: is_null(geom.pose.position, frame),
                };
            }
            several => (frame, mass) = compose(several),
        }
    }
    bounded(body, settings, mass, frame)
}

fn compose(geoms: &[(&GeomSpec, (f64, Vec3))]) -> (Quat, MassSpec) {
    let total: f64 = geoms.iter().map(|(_, (m, _))| m).sum();
    let mut center = [0.0; 3];
    for (geom, (m, _)) in geoms {
        center = std::array::from_fn(|k| center[k] + m * geom.pose.position[k]);
    }
    let center = center.map(|c| c / total);
    let mut sum = [0.0; 6];
    for (geom, (m, i)) in geoms {
        let own = turn(&matrix(geom.pose.rotation), &[i[0], i[1], i[2], 0.0, 0.0, 0.0]);
        let moved = point_inertia(*m, sub(geom.pose.position, center));
        sum = std::array::from_fn(|k| sum[k] + own[k] + moved[k]);
    }
    principal(total, center, &sum)
}

/// A mass with the axes in which MuJoCo stores its inertia: principal, moments decreasing.
fn principal(mass: f64, center: Vec3, inertia: &[f64; 6]) -> (Quat, MassSpec) {
    let (_, frame) = diagonalize(inertia);
    (frame, MassSpec { mass, center, inertia: *inertia, aligned: is_null(center, frame) })
}

/// `boundmass`, `boundinertia`, `balanceinertia` and the triangle inequality, on the principal moments.
fn bounded(body: &BodySpec, settings: &InertiaSettings, mut mass: MassSpec, frame: Quat) -> Result<MassSpec, Error> {
    let refuse = |found: String, accepted: &str| Err(Error::value(body.place.clone(), body.label(), found, accepted));
    let rotation = matrix(frame);
    let own = turn(&transpose(&rotation), &mass.inertia);
    let mut moments = [own[0], own[1], own[2]];
    if mass.mass < 0.0 || moments.iter().any(|m| *m < 0.0) {
        return refuse(
            format!("mass {} kg, moments {moments:?} kg m²", mass.mass),
            "a mass and moments of inertia that are not negative",
        );
    }
    let before = moments;
    mass.mass = mass.mass.max(settings.bound_mass);
    moments = moments.map(|m| m.max(settings.bound_inertia));
    let [a, b, c] = moments;
    // One part in 10⁹ allows for the turn into principal axes; files that mean it are far off.
    let slack = 1e-9 * (a + b + c);
    if a + b + slack < c || a + c + slack < b || b + c + slack < a {
        if !settings.balance {
            return refuse(
                format!("moments of inertia {a}, {b}, {c} kg m²"),
                "moments of which no one exceeds the sum of the others, or compiler balanceinertia=\"true\"",
            );
        }
        moments = [(a + b + c) / 3.0; 3];
    }
    if moments != before {
        mass.inertia = turn(&rotation, &[moments[0], moments[1], moments[2], 0.0, 0.0, 0.0]);
    }
    Ok(mass)
}

/// Whether a frame is its parent's, to MuJoCo's tolerance.
fn is_null(position: Vec3, rotation: Quat) -> bool {
    const NEAR: f64 = 1e-6;
    position.iter().all(|x| x.abs() < NEAR)
        && rotation[1..].iter().all(|x| x.abs() < NEAR)
        && (rotation[0].abs() - 1.0).abs() < NEAR
}

/// Principal moments in decreasing order, and the frame of their axes (Jacobi's rotations).
pub(crate) fn diagonalize(s: &[f64; 6]) -> (Vec3, Quat) {
    const TINY: f64 = 1e-12;
    let full: Mat3 = [s[0], s[3], s[4], s[3], s[1], s[5], s[4], s[5], s[2]];
    let mut axes = matrix(UNIT);
    let mut d = full;
    for _ in 0..100 {
        let (row, column) = [(0, 1), (0, 2), (1, 2)]
            .into_iter()
            .fold((1, 2), |best, at| if d[at.0 * 3 + at.1].abs() > d[best.0 * 3 + best.1].abs() { at } else { best });
        let off = d[row * 3 + column];
        if off.abs() < TINY {
            break;
        }
        let tau = (d[column * 4] - d[row * 4]) / (2.0 * off);
        let t = if tau >= 0.0 { 1.0 } else { -1.0 } / (tau.abs() + libm::sqrt(1.0 + tau * tau));
        let cos = 1.0 / libm::sqrt(1.0 + t * t);
        let sin = t * cos;
        let mut turn = matrix(UNIT);
        (turn[row * 4], turn[column * 4]) = (cos, cos);
        (turn[row * 3 + column], turn[column * 3 + row]) = (sin, -sin);
        axes = mat_mul(&axes, &turn);
        d = mat_mul(&mat_mul(&transpose(&axes), &full), &axes);
    }
    let mut order = [0, 1, 2];
    for lead in [0, 1, 0] {
        if d[order[lead] * 4] + TINY < d[order[lead + 1] * 4] {
            order.swap(lead, lead + 1);
        }
    }
    let column = |i: usize| [axes[order[i]], axes[3 + order[i]], axes[6 + order[i]]];
    let (x, y, mut z) = (column(0), column(1), column(2));
    if dot(super::vector::cross(x, y), z) < 0.0 {
        z = z.map(|v| -v);
    }
    let frame = if order == [0, 1, 2] && norm(sub(x, [1.0, 0.0, 0.0])) == 0.0 && norm(sub(y, [0.0, 1.0, 0.0])) == 0.0 {
        UNIT
    } else {
        from_columns(x, y, z)
    };
    (order.map(|i| d[i * 4]), frame)
}

#[cfg(test)]
mod tests {
    //! Closed forms, and that a diagonalised matrix is the matrix.
    use super::*;

    #[test]
    fn a_capsule_without_length_is_a_ball() {
        for shell in [false, true] {
            let ball = moments(&ShapeSpec::Sphere { radius: 0.3 }, shell, 2.0);
            let capsule = moments(&ShapeSpec::Capsule { radius: 0.3, half: 1e-12 }, shell, 2.0);
            assert!(ball.iter().zip(capsule).all(|(a, b)| (a - b).abs() < 1e-9), "{ball:?} {capsule:?}");
        }
    }

    #[test]
    fn a_cubic_shell_has_five_eighteenths_of_its_side_squared() {
        // Known: a hollow cube of side s has 5/18 m s² about each axis.
        let [x, y, z] = moments(&ShapeSpec::Box { half: [0.5; 3] }, true, 1.0);
        assert!([x, y, z].iter().all(|i| (i - 5.0 / 18.0).abs() < 1e-12), "{x} {y} {z}");
    }

    #[test]
    fn diagonalisation_gives_the_matrix_back() {
        let s = [3.0, 2.0, 1.5, 0.3, -0.2, 0.1];
        let (values, frame) = diagonalize(&s);
        let back = turn(&matrix(frame), &[values[0], values[1], values[2], 0.0, 0.0, 0.0]);
        assert!(s.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-10), "{back:?}");
        assert!(values[0] >= values[1] && values[1] >= values[2]);
    }
}
