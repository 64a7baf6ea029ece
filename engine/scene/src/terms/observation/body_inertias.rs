//! `body_inertias`: 10 numbers a body: spatial inertia about the centre of mass of the body's tree (kg m², kg m, kg), MuJoCo's `cinert`.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::terms::selection::BodyPart;

/// Spatial inertias of bodies.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct BodyInertias(BodyPart);

impl BodyInertias {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Slice>, Error> {
        self.0.slices(at, Source::BodyInertia, 10)
    }
}
