//! Compiled scenes of what is checked: recordings of one scene come in rows.

use std::sync::{Arc, Mutex, PoisonError};

use hyperdust_kernel::{
    Model,
    blueprint::{Blueprint, BlueprintId},
};

use crate::serve::{Error, Hub};

/// Scenes that are kept, at most.
const KEPT: usize = 8;

/// The last few.
#[derive(Debug, Default)]
pub(super) struct Models(Mutex<Vec<Arc<Model>>>);

impl Models {
    /// The compiled scene of this blueprint, from the store.
    pub fn of(&self, hub: &Hub, id: &BlueprintId) -> Result<Arc<Model>, Error> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = kept().iter().find(|model| model.id() == *id) {
            return Ok(Arc::clone(model));
        }
        let bytes = hub.vault.blueprint(id)?.ok_or_else(|| Error::Store(format!("blueprint {id} is not there")))?;
        let compiled = Blueprint::decode(&bytes).and_then(Model::new);
        let model = compiled.map_err(|error| Error::Store(format!("blueprint {id}: {error}")))?;
        let mut kept = kept();
        kept.truncate(KEPT - 1);
        kept.insert(0, Arc::clone(&model));
        Ok(model)
    }
}
