//! From Rust's errors to the exception tree of `hyperdust/errors.py`.

use pyo3::PyErr;

/// The Python classes, looked up when first raised.
pub mod python {
    #![allow(missing_docs, reason = "each is documented where it is defined, in hyperdust/errors.py")]
    pyo3::import_exception!(hyperdust.errors, AccessError);
    pyo3::import_exception!(hyperdust.errors, ActionError);
    pyo3::import_exception!(hyperdust.errors, AddressError);
    pyo3::import_exception!(hyperdust.errors, AmountError);
    pyo3::import_exception!(hyperdust.errors, BudgetExceeded);
    pyo3::import_exception!(hyperdust.errors, ChainError);
    pyo3::import_exception!(hyperdust.errors, ClosedError);
    pyo3::import_exception!(hyperdust.errors, EpisodeError);
    pyo3::import_exception!(hyperdust.errors, Error);
    pyo3::import_exception!(hyperdust.errors, LaneError);
    pyo3::import_exception!(hyperdust.errors, MaskError);
    pyo3::import_exception!(hyperdust.errors, ParameterError);
    pyo3::import_exception!(hyperdust.errors, PendingError);
    pyo3::import_exception!(hyperdust.errors, PolicyError);
    pyo3::import_exception!(hyperdust.errors, RemoteError);
    pyo3::import_exception!(hyperdust.errors, RemoteTimeout);
    pyo3::import_exception!(hyperdust.errors, RenderError);
    pyo3::import_exception!(hyperdust.errors, ResetNeeded);
    pyo3::import_exception!(hyperdust.errors, SceneError);
    pyo3::import_exception!(hyperdust.errors, SeedError);
    pyo3::import_exception!(hyperdust.errors, SessionLost);
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

/// What a chain refused, or did not do.
pub fn chain(error: hyperdust_settlement::Error) -> PyErr {
    python::ChainError::new_err((error.to_string(), error.is_retryable()))
}

/// Errors of a server, and of the way to it.
pub mod wire {
    use std::time::Duration;

    use alloy::primitives::U256;
    use hyperdust_settlement::amount::Coin;
    use hyperdust_wire::{Code, Failure, client::ClientError};
    use pyo3::{PyErr, PyResult};

    use super::python::{
        AccessError, ActionError, AddressError, BudgetExceeded, ClosedError, ParameterError, PendingError, PolicyError,
        RemoteError, RemoteTimeout, ResetNeeded, SceneError, SeedError, SessionLost, StateError,
    };

    /// Of a call to an open session, or to none.
    pub fn call(error: ClientError) -> PyErr {
        map(error, ActionError::new_err)
    }

    /// Of opening a session: what is invalid there are parameters.
    pub fn opening(error: ClientError) -> PyErr {
        map(error, ParameterError::new_err)
    }

    /// Of a policy: there is none, or what it was given does not fit.
    pub fn policy(error: ClientError) -> PyErr {
        match error {
            ClientError::Refused(failure) if matches!(failure.code, Code::Invalid | Code::NotFound) => {
                PolicyError::new_err(failure.message)
            }
            error => call(error),
        }
    }

    /// Of setting a state.
    pub fn state(error: ClientError) -> PyErr {
        map(error, StateError::new_err)
    }

    /// A step that could not be paid, in words of its coin.
    pub fn exceeded(coin: &Coin, budget: u128, spent: u128, made: u64, left: u64, lanes: u64) -> PyErr {
        let show = |wei: u128| coin.show(U256::from(wei));
        let message = format!(
            "the budget of {} ends here: {} are spent for {made} units, {left} more can be paid, and a step takes {lanes}; nothing was stepped",
            show(budget),
            show(spent),
        );
        BudgetExceeded::new_err((message, budget, spent, made, left))
    }

    /// A time that Python gave; refused where it is none.
    pub fn seconds(given: f64) -> PyResult<Duration> {
        // A year is for ever, and what can be added to any clock.
        Duration::try_from_secs_f64(given.min(31_536_000.0)).map_err(|_| {
            pyo3::exceptions::PyValueError::new_err(format!("timeout is {given}, accepted are seconds, 0 or more"))
        })
    }

    fn map(error: ClientError, invalid: impl Fn(String) -> PyErr) -> PyErr {
        let (message, retryable) = (error.to_string(), error.retryable());
        match error {
            ClientError::Refused(failure) => refused(failure, invalid),
            ClientError::Timeout { .. } => RemoteTimeout::new_err((message, "timeout", true)),
            ClientError::Lost { .. } => SessionLost::new_err((message, "lost", false)),
            ClientError::Closed => ClosedError::new_err(message),
            ClientError::Pending { .. } | ClientError::NothingPending | ClientError::PipelineFull { .. } => {
                PendingError::new_err(message)
            }
            ClientError::NoCurve(_) | ClientError::NeedsKeys { .. } | ClientError::Unauthorised { .. } => {
                AccessError::new_err((message, "unauthorised", false))
            }
            ClientError::Drawn => SeedError::new_err(message),
            ClientError::Terms { .. } => RemoteError::new_err((message, "terms", false)),
            ClientError::Endpoint(_) => AddressError::new_err(message),
            _ => RemoteError::new_err((message, None::<&str>, retryable)),
        }
    }

    fn refused(failure: Failure, invalid: impl Fn(String) -> PyErr) -> PyErr {
        let Failure { code, message, retryable, retry_after_ms, .. } = failure;
        let after = retry_after_ms.map(|milliseconds| milliseconds as f64 / 1000.0);
        let arguments = (message.clone(), code.name(), retryable, after);
        match code {
            Code::Invalid => invalid(message),
            Code::NeedsReset => ResetNeeded::new_err(message),
            Code::NotFound => SceneError::new_err(message),
            Code::Forbidden => AccessError::new_err(arguments),
            Code::UnknownSession | Code::Detached | Code::BadToken | Code::RolledBack => {
                SessionLost::new_err(arguments)
            }
            _ => RemoteError::new_err(arguments),
        }
    }
}
