//! From Rust's errors to the exception tree of `hyperdust/errors.py`.

use pyo3::PyErr;

/// The Python classes, looked up when first raised.
pub mod python {
    #![allow(missing_docs, reason = "each is documented where it is defined, in hyperdust/errors.py")]
    pyo3::import_exception!(hyperdust.errors, ActionError);
    pyo3::import_exception!(hyperdust.errors, ClosedError);
    pyo3::import_exception!(hyperdust.errors, EpisodeError);
    pyo3::import_exception!(hyperdust.errors, Error);
    pyo3::import_exception!(hyperdust.errors, LaneError);
    pyo3::import_exception!(hyperdust.errors, MaskError);
    pyo3::import_exception!(hyperdust.errors, ParameterError);
    pyo3::import_exception!(hyperdust.errors, RenderError);
    pyo3::import_exception!(hyperdust.errors, ResetNeeded);
    pyo3::import_exception!(hyperdust.errors, SceneError);
    pyo3::import_exception!(hyperdust.errors, SeedError);
    pyo3::import_exception!(hyperdust.errors, StateError);
}

/// An error of the gym crate.
pub fn gym(error: hyperdust_gym::Error) -> PyErr {
    use hyperdust_gym::Error as E;
    let message = error.to_string();
    match error {
        E::StepBeforeReset | E::LaneBeforeReset { .. } | E::NeedsReset { .. } => python::ResetNeeded::new_err(message),
        E::Closed => python::ClosedError::new_err(message),
        E::ActionSegments { .. }
        | E::ActionBytes { .. }
        | E::ActionArena { .. }
        | E::ActionNotFinite { .. }
        | E::ActionChoice { .. } => python::ActionError::new_err(message),
        E::Snapshot(_) | E::Kernel(_) => python::StateError::new_err(message),
        E::Episode(_) => python::EpisodeError::new_err(message),
        E::SeedCount { .. } => python::SeedError::new_err(message),
        E::MaskLength { .. } | E::MaskEmpty => python::MaskError::new_err(message),
        E::Lanes { .. } | E::NoSuchLane { .. } => python::LaneError::new_err(message),
        _ => python::Error::new_err(message),
    }
}

/// An error of an episode.
pub fn episode(error: hyperdust_gym::EpisodeError) -> PyErr {
    python::EpisodeError::new_err(error.to_string())
}

/// A state that the kernel refuses.
pub fn state(error: hyperdust_kernel::Error) -> PyErr {
    python::StateError::new_err(error.to_string())
}

/// A scene that cannot be used.
pub fn scene(error: hyperdust_scene::Error) -> PyErr {
    let message = error.to_string();
    match error {
        hyperdust_scene::Error::Parameter { .. } => python::ParameterError::new_err(message),
        _ => python::SceneError::new_err(message),
    }
}
