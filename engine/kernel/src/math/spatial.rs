//! Vectors, rotations and spatial algebra, world-aligned.
//!
//! Spatial vectors are pairs (angular, linear) about a common origin. The origin is each tree's root
//! (not the world's origin), which keeps `f32` accurate far from home.

use core::ops::{Add, AddAssign, Neg, Sub};

use super::Real;

/// A 3-vector.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vec3<T> {
    /// Forward.
    pub x: T,
    /// Left.
    pub y: T,
    /// Up.
    pub z: T,
}

/// Builds a vector.
#[inline(always)]
pub fn vec3<T>(x: T, y: T, z: T) -> Vec3<T> {
    Vec3 { x, y, z }
}

impl<T: Real> Vec3<T> {
    /// A constant in every lane.
    #[inline(always)]
    pub fn splat(a: [f32; 3]) -> Self {
        vec3(T::splat(a[0]), T::splat(a[1]), T::splat(a[2]))
    }
    /// Scalar product.
    #[inline(always)]
    pub fn dot(self, b: Self) -> T {
        self.x * b.x + self.y * b.y + self.z * b.z
    }
    /// Vector product.
    #[inline(always)]
    pub fn cross(self, b: Self) -> Self {
        vec3(self.y * b.z - self.z * b.y, self.z * b.x - self.x * b.z, self.x * b.y - self.y * b.x)
    }
    /// Scaled.
    #[inline(always)]
    pub fn scale(self, k: T) -> Self {
        vec3(self.x * k, self.y * k, self.z * k)
    }
    /// Euclidean length.
    #[inline(always)]
    pub fn norm(self) -> T {
        self.dot(self).sqrt()
    }
    /// `a` where the mask holds, else `b`.
    #[inline(always)]
    pub fn select(mask: T::Mask, a: Self, b: Self) -> Self {
        vec3(T::select(mask, a.x, b.x), T::select(mask, a.y, b.y), T::select(mask, a.z, b.z))
    }
}

impl<T: Real> Add for Vec3<T> {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        vec3(self.x + b.x, self.y + b.y, self.z + b.z)
    }
}

impl<T: Real> AddAssign for Vec3<T> {
    #[inline(always)]
    fn add_assign(&mut self, b: Self) {
        *self = *self + b;
    }
}

impl<T: Real> Sub for Vec3<T> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        vec3(self.x - b.x, self.y - b.y, self.z - b.z)
    }
}

impl<T: Real> Neg for Vec3<T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        vec3(-self.x, -self.y, -self.z)
    }
}

/// A 3×3 matrix by columns.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mat3<T> {
    /// First column: image of x.
    pub x: Vec3<T>,
    /// Second column: image of y.
    pub y: Vec3<T>,
    /// Third column: image of z.
    pub z: Vec3<T>,
}

impl<T: Real> Mat3<T> {
    /// The identity.
    #[inline(always)]
    pub fn identity() -> Self {
        let (o, l) = (T::zero(), T::one());
        Self { x: vec3(l, o, o), y: vec3(o, l, o), z: vec3(o, o, l) }
    }
    /// From constants in row-major order.
    #[inline(always)]
    pub fn splat(r: &[f32; 9]) -> Self {
        Self {
            x: Vec3::splat([r[0], r[3], r[6]]),
            y: Vec3::splat([r[1], r[4], r[7]]),
            z: Vec3::splat([r[2], r[5], r[8]]),
        }
    }
    /// Matrix × vector.
    #[inline(always)]
    pub fn rotate(&self, v: Vec3<T>) -> Vec3<T> {
        self.x.scale(v.x) + self.y.scale(v.y) + self.z.scale(v.z)
    }
    /// Matrix × matrix.
    #[inline(always)]
    pub fn times(&self, b: &Self) -> Self {
        Self { x: self.rotate(b.x), y: self.rotate(b.y), z: self.rotate(b.z) }
    }
    /// Rotation about a constant unit axis (Rodrigues).
    #[inline(always)]
    pub fn about(axis: [f32; 3], sin: T, cos: T) -> Self {
        let u = Vec3::<T>::splat(axis);
        let t = T::one() - cos;
        let (tx, ty) = (u.x * t, u.y * t);
        Self {
            x: vec3(tx * u.x + cos, tx * u.y + u.z * sin, tx * u.z - u.y * sin),
            y: vec3(tx * u.y - u.z * sin, ty * u.y + cos, ty * u.z + u.x * sin),
            z: vec3(tx * u.z + u.y * sin, ty * u.z - u.x * sin, u.z * t * u.z + cos),
        }
    }
    /// Rotation of a unit quaternion w, x, y, z.
    #[inline(always)]
    pub fn from_quaternion(w: T, x: T, y: T, z: T) -> Self {
        let (one, two) = (T::one(), T::splat(2.0));
        Self {
            x: vec3(one - two * (y * y + z * z), two * (x * y + w * z), two * (x * z - w * y)),
            y: vec3(two * (x * y - w * z), one - two * (x * x + z * z), two * (y * z + w * x)),
            z: vec3(two * (x * z + w * y), two * (y * z - w * x), one - two * (x * x + y * y)),
        }
    }
    /// `R I Rᵀ` of a symmetric constant given as xx, yy, zz, xy, xz, yz; the same order.
    #[inline(always)]
    pub fn conjugate(&self, i: &[f32; 6]) -> [T; 6] {
        let s = T::splat;
        let a = self.x.scale(s(i[0])) + self.y.scale(s(i[3])) + self.z.scale(s(i[4]));
        let b = self.x.scale(s(i[3])) + self.y.scale(s(i[1])) + self.z.scale(s(i[5]));
        let c = self.x.scale(s(i[4])) + self.y.scale(s(i[5])) + self.z.scale(s(i[2]));
        let r = self;
        [
            a.x * r.x.x + b.x * r.y.x + c.x * r.z.x,
            a.y * r.x.y + b.y * r.y.y + c.y * r.z.y,
            a.z * r.x.z + b.z * r.y.z + c.z * r.z.z,
            a.x * r.x.y + b.x * r.y.y + c.x * r.z.y,
            a.x * r.x.z + b.x * r.y.z + c.x * r.z.z,
            a.y * r.x.z + b.y * r.y.z + c.y * r.z.z,
        ]
    }
}

/// A spatial motion or force: (angular, linear) or (torque, force).
#[derive(Clone, Copy, Debug, Default)]
pub struct Spatial<T> {
    /// Angular velocity, or torque.
    pub angular: Vec3<T>,
    /// Linear velocity of the point at the origin, or force.
    pub linear: Vec3<T>,
}

impl<T: Real> Spatial<T> {
    /// Power: motion · force.
    #[inline(always)]
    pub fn dot(&self, b: &Self) -> T {
        self.angular.dot(b.angular) + self.linear.dot(b.linear)
    }
    /// `self += b·k`.
    #[inline(always)]
    pub fn add_scaled(&mut self, b: &Self, k: T) {
        self.angular += b.angular.scale(k);
        self.linear += b.linear.scale(k);
    }
    /// `self += b`.
    #[inline(always)]
    pub fn accumulate(&mut self, b: &Self) {
        self.angular += b.angular;
        self.linear += b.linear;
    }
    /// Motion × motion.
    #[inline(always)]
    pub fn cross_motion(&self, b: &Self) -> Self {
        Self {
            angular: self.angular.cross(b.angular),
            linear: self.angular.cross(b.linear) + self.linear.cross(b.angular),
        }
    }
    /// Motion × force.
    #[inline(always)]
    pub fn cross_force(&self, f: &Self) -> Self {
        Self {
            angular: self.angular.cross(f.angular) + self.linear.cross(f.linear),
            linear: self.angular.cross(f.linear),
        }
    }
    /// Velocity of the point at `p` from the origin.
    #[inline(always)]
    pub fn at(&self, p: Vec3<T>) -> Vec3<T> {
        self.linear + self.angular.cross(p)
    }
}

/// Spatial inertia about the common origin: mass, first moment and rotational inertia (about the origin).
#[derive(Clone, Copy, Debug, Default)]
pub struct Inertia<T> {
    /// kg
    pub mass: T,
    /// Mass times centre of mass.
    pub moment: Vec3<T>,
    /// xx, yy, zz
    pub diagonal: Vec3<T>,
    /// xy, xz, yz
    pub off: Vec3<T>,
}

impl<T: Real> Inertia<T> {
    /// From mass, centre and inertia about the centre (xx, yy, zz, xy, xz, yz), by the parallel-axis theorem.
    #[inline(always)]
    pub fn new(mass: T, center: Vec3<T>, about: [T; 6]) -> Self {
        let (c, h) = (center, center.scale(mass));
        Self {
            mass,
            moment: h,
            diagonal: vec3(
                about[0] + h.y * c.y + h.z * c.z,
                about[1] + h.x * c.x + h.z * c.z,
                about[2] + h.x * c.x + h.y * c.y,
            ),
            off: vec3(about[3] - h.x * c.y, about[4] - h.x * c.z, about[5] - h.y * c.z),
        }
    }
    /// Momentum of a motion.
    #[inline(always)]
    pub fn times(&self, s: &Spatial<T>) -> Spatial<T> {
        let (w, d, o) = (s.angular, self.diagonal, self.off);
        let rotated = vec3(
            d.x * w.x + o.x * w.y + o.y * w.z,
            o.x * w.x + d.y * w.y + o.z * w.z,
            o.y * w.x + o.z * w.y + d.z * w.z,
        );
        Spatial {
            angular: rotated + self.moment.cross(s.linear),
            linear: s.linear.scale(self.mass) + w.cross(self.moment),
        }
    }
    /// `self += b`.
    #[inline(always)]
    pub fn accumulate(&mut self, b: &Self) {
        self.mass += b.mass;
        self.moment += b.moment;
        self.diagonal += b.diagonal;
        self.off += b.off;
    }
}
