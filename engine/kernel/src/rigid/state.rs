//! What a rigid world remembers between environment steps, in canonical form.

/// −0 becomes +0: which of the two a computation leaves may differ between targets.
pub(super) fn canonical<const N: usize>(values: [f32; N]) -> [f32; N] {
    values.map(|x| x + 0.0)
}

/// The quaternion scaled to length 1, with canonical zeros; one without direction becomes the identity.
pub(super) fn unit(q: [f32; 4]) -> [f32; 4] {
    let squared = q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3];
    if !(squared > 1e-20 && squared.is_finite()) {
        return [1.0, 0.0, 0.0, 0.0];
    }
    // IEEE square root: the same bits everywhere, in hardware or not.
    let length = libm::sqrtf(squared);
    canonical(q.map(|x| x / length))
}

/// Pose and velocity of each body; index = body.
#[derive(Debug, Default, PartialEq)]
pub(super) struct State {
    pub positions: alloc::vec::Vec<[f32; 3]>,
    pub orientations: alloc::vec::Vec<[f32; 4]>,
    pub linear_velocities: alloc::vec::Vec<[f32; 3]>,
    pub angular_velocities: alloc::vec::Vec<[f32; 3]>,
}

impl Clone for State {
    fn clone(&self) -> Self {
        Self {
            positions: self.positions.clone(),
            orientations: self.orientations.clone(),
            linear_velocities: self.linear_velocities.clone(),
            angular_velocities: self.angular_velocities.clone(),
        }
    }

    // Spelled out: the derived one would allocate anew.
    fn clone_from(&mut self, other: &Self) {
        self.positions.clone_from(&other.positions);
        self.orientations.clone_from(&other.orientations);
        self.linear_velocities.clone_from(&other.linear_velocities);
        self.angular_velocities.clone_from(&other.angular_velocities);
    }
}
