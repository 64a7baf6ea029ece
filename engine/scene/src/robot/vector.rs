//! Vectors, unit quaternions and 3 × 3 matrices in f64, for compiling models.
//!
//! Elementary functions come from `libm`: a compiled model has the same bits on every machine. Quaternions are
//! `[w, x, y, z]`; matrices are row-major; a rotation maps coordinates in its own frame to those of its parent.

use std::f64::consts::PI;

/// Three numbers.
pub(crate) type Vec3 = [f64; 3];
/// A quaternion, w x y z.
pub(crate) type Quat = [f64; 4];
/// A row-major matrix.
pub(crate) type Mat3 = [f64; 9];

/// No rotation.
pub(crate) const UNIT: Quat = [1.0, 0.0, 0.0, 0.0];
/// Norms below this have no direction (MuJoCo's `mjEPS`).
pub(crate) const EPSILON: f64 = 1e-14;

pub(crate) fn add(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(crate) fn sub(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(crate) fn scale(a: Vec3, s: f64) -> Vec3 {
    [a[0] * s, a[1] * s, a[2] * s]
}

pub(crate) fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn cross(a: Vec3, b: Vec3) -> Vec3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(crate) fn norm(a: Vec3) -> f64 {
    libm::sqrt(dot(a, a))
}

/// The direction of `a`; none if it has (almost) no length.
pub(crate) fn unit(a: Vec3) -> Option<Vec3> {
    let length = norm(a);
    (length >= EPSILON && length.is_finite()).then(|| scale(a, 1.0 / length))
}

/// `q` with norm 1; none if it has (almost) no length.
pub(crate) fn unit_quat(q: Quat) -> Option<Quat> {
    let length = libm::sqrt(q.iter().map(|x| x * x).sum());
    (length >= EPSILON && length.is_finite()).then(|| q.map(|x| x / length))
}

/// First `b`, then `a`.
pub(crate) fn mul(a: Quat, b: Quat) -> Quat {
    [
        a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
        a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
        a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
        a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
    ]
}

/// The opposite rotation.
pub(crate) fn conjugate(q: Quat) -> Quat {
    [q[0], -q[1], -q[2], -q[3]]
}

/// `v` turned by `q`.
pub(crate) fn rotate(q: Quat, v: Vec3) -> Vec3 {
    mat_vec(&matrix(q), v)
}

/// Rotation about a unit axis by `angle` radians.
pub(crate) fn axis_angle(axis: Vec3, angle: f64) -> Quat {
    let (sin, cos) = libm::sincos(angle / 2.0);
    [cos, axis[0] * sin, axis[1] * sin, axis[2] * sin]
}

/// The shortest rotation that takes z to the unit vector `direction`.
pub(crate) fn z_to(direction: Vec3) -> Quat {
    let axis = cross([0.0, 0.0, 1.0], direction);
    let sine = norm(axis);
    let axis = if sine < 1e-10 { [1.0, 0.0, 0.0] } else { scale(axis, 1.0 / sine) };
    axis_angle(axis, libm::atan2(sine, direction[2]))
}

/// The rotation whose matrix has the columns x, y, z (orthonormal, right-handed).
pub(crate) fn from_columns(x: Vec3, y: Vec3, z: Vec3) -> Quat {
    // Divide by the largest of the four components: never by something small.
    let squares = [x[0] + y[1] + z[2], x[0] - y[1] - z[2], y[1] - x[0] - z[2], z[2] - x[0] - y[1]];
    let largest = (1..4).fold(0, |best, i| if squares[i] > squares[best] { i } else { best });
    let w = 0.5 * libm::sqrt(1.0 + squares[largest]);
    let f = 0.25 / w;
    match largest {
        0 => [w, f * (y[2] - z[1]), f * (z[0] - x[2]), f * (x[1] - y[0])],
        1 => [f * (y[2] - z[1]), w, f * (y[0] + x[1]), f * (z[0] + x[2])],
        2 => [f * (z[0] - x[2]), f * (y[0] + x[1]), w, f * (z[1] + y[2])],
        _ => [f * (x[1] - y[0]), f * (z[0] + x[2]), f * (z[1] + y[2]), w],
    }
}

/// The matrix of a unit quaternion.
pub(crate) fn matrix(q: Quat) -> Mat3 {
    let [w, x, y, z] = q;
    // Exact for the identity, which most frames are.
    if q == UNIT {
        return [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    }
    [
        w * w + x * x - y * y - z * z,
        2.0 * (x * y - w * z),
        2.0 * (x * z + w * y),
        2.0 * (x * y + w * z),
        w * w - x * x + y * y - z * z,
        2.0 * (y * z - w * x),
        2.0 * (x * z - w * y),
        2.0 * (y * z + w * x),
        w * w - x * x - y * y + z * z,
    ]
}

pub(crate) fn mat_vec(m: &Mat3, v: Vec3) -> Vec3 {
    [dot([m[0], m[1], m[2]], v), dot([m[3], m[4], m[5]], v), dot([m[6], m[7], m[8]], v)]
}

pub(crate) fn mat_mul(a: &Mat3, b: &Mat3) -> Mat3 {
    std::array::from_fn(|i| (0..3).map(|k| a[i / 3 * 3 + k] * b[k * 3 + i % 3]).sum())
}

pub(crate) fn transpose(m: &Mat3) -> Mat3 {
    std::array::from_fn(|i| m[i % 3 * 3 + i / 3])
}

/// Degrees to radians.
pub(crate) fn radians(degrees: f64) -> f64 {
    degrees * (PI / 180.0)
}

/// A rigid transform: where a frame is in its parent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pose {
    pub position: Vec3,
    pub rotation: Quat,
}

impl Pose {
    pub(crate) const IDENTITY: Self = Self { position: [0.0; 3], rotation: UNIT };

    /// The frame `child`, given in this one, seen from this one's parent.
    pub(crate) fn then(self, child: Pose) -> Pose {
        let rotation = mul(self.rotation, child.rotation);
        Pose { position: self.point(child.position), rotation: unit_quat(rotation).unwrap_or(UNIT) }
    }

    /// A point of this frame, seen from its parent.
    pub(crate) fn point(self, p: Vec3) -> Vec3 {
        add(self.position, rotate(self.rotation, p))
    }
}

#[cfg(test)]
mod tests {
    //! Conventions: a sign error here would put every limb in the wrong place.
    use super::*;

    fn close(a: &[f64], b: &[f64]) {
        assert!(a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-12), "{a:?} is not {b:?}");
    }

    #[test]
    fn a_quarter_turn_about_z_takes_x_to_y() {
        let q = axis_angle([0.0, 0.0, 1.0], PI / 2.0);
        close(&rotate(q, [1.0, 0.0, 0.0]), &[0.0, 1.0, 0.0]);
        close(&rotate(conjugate(q), [0.0, 1.0, 0.0]), &[1.0, 0.0, 0.0]);
    }

    #[test]
    fn z_to_reaches_its_target_even_when_opposite() {
        for direction in [[0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [0.6, 0.0, 0.8], [-0.48, 0.6, -0.64]] {
            close(&rotate(z_to(direction), [0.0, 0.0, 1.0]), &direction);
        }
    }

    #[test]
    fn columns_and_quaternion_agree_in_every_branch() {
        for q in [[1.0, 0.1, 0.2, 0.3], [0.1, 1.0, 0.2, 0.3], [0.1, 0.2, 1.0, 0.3], [0.1, 0.2, 0.3, 1.0]] {
            let q = unit_quat(q).unwrap();
            let m = matrix(q);
            close(&from_columns([m[0], m[3], m[6]], [m[1], m[4], m[7]], [m[2], m[5], m[8]]), &q);
        }
    }

    #[test]
    fn poses_compose_left_to_right() {
        let turn = Pose { position: [1.0, 0.0, 0.0], rotation: axis_angle([0.0, 0.0, 1.0], PI / 2.0) };
        let step = Pose { position: [1.0, 0.0, 0.0], rotation: UNIT };
        close(&turn.then(step).position, &[1.0, 1.0, 0.0]);
        close(&step.then(turn).position, &[2.0, 0.0, 0.0]);
    }
}
