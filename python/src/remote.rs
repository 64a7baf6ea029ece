//! A session on a server, as `hyperdust/remote.py` uses it. `Remote` has the calls of `VectorEnv` with the same arguments and
//! results, so that one Python class serves worlds here and there.
//!
//! The interpreter lock is released while a call waits, and signals are looked after: Ctrl-C ends a call, and what is
//! pending then stays pending.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use hyperdust_gym::Seeds;
use hyperdust_kernel::layout::Layout;
use hyperdust_scene::ParameterValue;
use hyperdust_wire::{
    ArraySpec, Token,
    client::{Books, ClientError, Session, SignedSession},
    message::{Open, Opened, Resume, Right, Run, Value},
};
use numpy::PyReadonlyArray1;
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyTuple},
};

use crate::{
    actions::Actions,
    arrays::{self, Shelf},
    connection::Client,
    errors::{self, wire},
    info::{self, Legend},
    line::Line,
    payment::{self, Bought, Terms},
    scene,
    vector::{self, Stepped},
};

/// Steps of a segment that are asked for in a session that is paid: what a server signs for unless told otherwise.
const EVERY: u32 = 64;

/// How long a wait goes on without a look at signals, where they come to another thread.
const SLICE: Duration = Duration::from_millis(500);

/// A vector environment on a server.
#[pyclass(module = "hyperdust._core")]
pub struct Remote {
    /// A socket belongs to one thread at a time: `&mut self` is what guards it, the mutex tells the compiler.
    line: Mutex<Line>,
    legend: Legend,
    inputs: Layout,
    actions: Actions,
    shelves: Vec<Shelf>,
}

#[pymethods]
impl Remote {
    /// Opens a session on a new connection, which it takes; one that was opened on a chain is signed and paid.
    #[staticmethod]
    #[expect(clippy::too_many_arguments, reason = "named arguments of one Python caller")]
    fn open(
        py: Python<'_>,
        client: &Client,
        scene: String,
        parameters: Bound<'_, PyDict>,
        num_envs: usize,
        autoreset_mode: String,
        max_episode_steps: Option<u32>,
        record: bool,
        pipeline: u32,
        bought: Option<&Bought>,
    ) -> PyResult<Self> {
        let parameters = scene::overrides(&parameters)?.into_iter().map(|(name, value)| (name, sent(value)));
        let open = Open {
            parameters: parameters.collect(),
            autoreset: autoreset_mode,
            max_episode_steps,
            record,
            pipeline,
            signing: bought.map(|bought| bought.request(EVERY)).transpose()?,
            ..Open::new(scene, num_envs)
        };
        let client = client.take()?;
        let session = py.detach(|| client.open(open)).map_err(wire::opening)?;
        let Some(bought) = bought else { return Self::new(py, Line::Free(session.into())) };
        let (key, kept) = bought.take()?;
        let keep = Box::new(move |books: Books<'_>| kept.write(books.receipts, books.voucher));
        let budget = bought.agreement.deposit;
        let signed = SignedSession::paying(session, key, keep, bought.agreement, budget).map_err(wire::opening)?;
        Self::new(py, Line::Paid(signed.into(), Terms::of(bought)))
    }

    /// Takes over the session that these three are of, on a new connection, which it takes.
    #[staticmethod]
    fn resume(py: Python<'_>, client: &Client, session: u64, token: &str, answered: u64) -> PyResult<Self> {
        let token = hyperdust_wire::Hex::parse(token).map(Token).ok_or_else(|| {
            errors::python::StateError::new_err("resumption: the token is not 0x and 32 hexadecimal digits")
        })?;
        let client = client.take()?;
        let resume = Resume { session, token, answered, again: None };
        Self::new(py, Line::Free(py.detach(|| client.resume(resume)).map_err(wire::opening)?.into()))
    }

    /// Session, token and how far it was answered: what [`Remote::resume`] takes.
    fn resumption(&mut self) -> PyResult<(u64, String, u64)> {
        if matches!(self.line(), Line::Paid(..)) {
            let why = "a session that is paid cannot be handed over: what was signed in it is known here alone";
            return Err(errors::python::StateError::new_err(why));
        }
        let resume = self.session().resumption();
        Ok((resume.session, resume.token.0.to_string(), resume.answered))
    }

    /// What the session has cost, by name; `None`: it is not paid.
    fn receipt<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        match self.line() {
            Line::Free(_) => Ok(None),
            Line::Paid(signed, terms) => payment::receipt(py, terms, signed),
        }
    }

    /// What was fixed when the session was opened, by name.
    fn opened<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let said = PyDict::new(py);
        said.set_item("observations", scene::segments(py, self.legend.observations())?)?;
        said.set_item("actions", scene::segments(py, &self.inputs)?)?;
        let session = self.session();
        let welcome = session.client().welcome().clone();
        let opened = session.opened();
        said.set_item("session", opened.session)?;
        said.set_item("scene", &opened.scene)?;
        said.set_item("blueprint_id", opened.blueprint.to_string())?;
        said.set_item("num_envs", opened.num_envs)?;
        said.set_item("autoreset_mode", &opened.autoreset)?;
        said.set_item("max_episode_steps", opened.max_episode_steps)?;
        said.set_item("pipeline", opened.pipeline)?;
        said.set_item("rights", opened.rights.iter().map(right).collect::<Vec<_>>())?;
        said.set_item("render_fps", opened.render_fps)?;
        said.set_item("server", welcome.server)?;
        said.set_item("kernel_version", welcome.kernel)?;
        Ok(said)
    }

    /// As `VectorEnv.reset`.
    #[pyo3(signature = (seeds=None, mask=None))]
    fn reset<'py>(
        &mut self,
        py: Python<'py>,
        seeds: Option<Vec<Option<u64>>>,
        mask: Option<PyReadonlyArray1<'py, bool>>,
    ) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
        self.alone()?;
        self.reset_async(py, seeds, mask)?;
        let (observations, _, _, _, infos) = self.wait(py, None)?;
        Ok((observations, infos))
    }

    /// Asks for a reset; `wait` takes its batch.
    #[pyo3(signature = (seeds=None, mask=None))]
    fn reset_async(
        &mut self,
        py: Python<'_>,
        seeds: Option<Vec<Option<u64>>>,
        mask: Option<PyReadonlyArray1<'_, bool>>,
    ) -> PyResult<()> {
        let mask = mask.as_ref().map(|mask| mask.as_slice()).transpose()?;
        let seeds = seeds.as_deref().map_or(Seeds::Continue, Seeds::Each);
        self.settled(py)?;
        self.line().reset_async(seeds, mask).map_err(wire::call)
    }

    /// As `VectorEnv.step`.
    fn step<'py>(&mut self, py: Python<'py>, actions: &Bound<'py, PyTuple>) -> PyResult<Stepped<'py>> {
        self.alone()?;
        self.step_async(py, actions)?;
        self.wait(py, None)
    }

    /// Asks for a step; `wait` takes its batch.
    fn step_async(&mut self, py: Python<'_>, actions: &Bound<'_, PyTuple>) -> PyResult<()> {
        let lanes = self.line().opened().num_envs;
        self.actions.read(&self.inputs, Some(lanes), actions)?;
        self.send(py)
    }

    /// Lets a policy that the server hosts make so many steps; the last one's batch, within so many seconds.
    #[pyo3(signature = (policy, steps, timeout=None))]
    fn run<'py>(
        &mut self,
        py: Python<'py>,
        policy: String,
        steps: u32,
        timeout: Option<f64>,
    ) -> PyResult<Stepped<'py>> {
        self.alone()?;
        self.settled(py)?;
        self.session().run_async(Run { policy, steps }).map_err(wire::policy)?;
        self.arrived(py, timeout, wire::policy)?;
        self.batch(py)
    }

    /// The batch of the oldest pending request, within so many seconds; `None`: the connection's own time.
    #[pyo3(signature = (timeout=None))]
    fn wait<'py>(&mut self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Stepped<'py>> {
        self.arrived(py, timeout, wire::call)?;
        self.batch(py)
    }

    /// Number of requests whose batch was not taken.
    fn pending(&mut self) -> usize {
        self.line().pending()
    }

    /// As `Env.reset`, of a session with one lane.
    #[pyo3(signature = (seed=None))]
    fn reset_one<'py>(
        &mut self,
        py: Python<'py>,
        seed: Option<u64>,
    ) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
        self.alone()?;
        self.settled(py)?;
        self.line().reset_async(Seeds::Each(&[seed]), None).map_err(wire::call)?;
        self.arrived(py, None, wire::call)?;
        let (observation, _, _, _, info) = self.only(py)?;
        Ok((observation, info))
    }

    /// As `Env.step`, of a session with one lane.
    fn step_one<'py>(&mut self, py: Python<'py>, actions: &Bound<'py, PyTuple>) -> PyResult<One<'py>> {
        self.alone()?;
        self.actions.read(&self.inputs, None, actions)?;
        self.send(py)?;
        self.arrived(py, None, wire::call)?;
        self.only(py)
    }

    /// Everything that the future depends on. Operators.
    fn get_state<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.settled(py)?;
        let session = self.session();
        let state = py.detach(|| session.snapshot()).map_err(wire::call)?;
        Ok(PyBytes::new(py, &state))
    }

    /// Becomes what the state was taken of: observation arrays. Operators.
    fn set_state<'py>(&mut self, py: Python<'py>, state: &[u8]) -> PyResult<Bound<'py, PyTuple>> {
        self.settled(py)?;
        let session = self.line.get_mut().unwrap_or_else(PoisonError::into_inner).session();
        py.detach(|| session.restore(state).map(|_| ())).map_err(wire::state)?;
        let lanes = session.opened().num_envs;
        let buffers = &mut session.batch_mut().observations;
        arrays::lend_all(py, self.legend.observations(), lanes, buffers, &self.shelves)
    }

    /// Ends the session, within so many seconds: steps of every lane, and episodes that are safe on the server.
    fn close(&mut self, py: Python<'_>, timeout: f64) -> PyResult<(u64, u64)> {
        let line = self.line();
        line.session().client().set_timeout(wire::seconds(timeout)?);
        let closed = py.detach(|| line.close()).map_err(wire::call)?;
        Ok((closed.steps, closed.episodes))
    }
}

/// What `Env.step` returns.
type One<'py> = (Bound<'py, PyTuple>, f64, bool, bool, Bound<'py, PyDict>);

impl Remote {
    fn new(py: Python<'_>, line: Line) -> PyResult<Self> {
        let opened: &Opened = line.opened();
        let layout = |arrays: &[ArraySpec]| {
            ArraySpec::layout(arrays).ok_or_else(|| {
                errors::python::RemoteError::new_err("the server has arrays of a dtype that is not known here")
            })
        };
        let (observations, inputs) = (layout(&opened.observations)?, layout(&opened.actions)?);
        let shelves = observations.segments.iter().map(|_| Shelf::default()).collect();
        let legend = Legend::new(py, &opened.infos, opened.bodies.clone(), observations);
        Ok(Self { line: Mutex::new(line), legend, inputs, actions: Actions::default(), shelves })
    }

    /// The batch that arrived.
    fn batch<'py>(&mut self, py: Python<'py>) -> PyResult<Stepped<'py>> {
        let session = self.line.get_mut().unwrap_or_else(PoisonError::into_inner).session();
        let lanes = session.opened().num_envs;
        let batch = session.batch();
        let (rewards, terminations, truncations) = vector::ends(py, batch);
        let infos = info::batch(py, &self.legend, batch)?;
        let buffers = &mut session.batch_mut().observations;
        let arrays = arrays::lend_all(py, self.legend.observations(), lanes, buffers, &self.shelves)?;
        Ok((arrays, rewards, terminations, truncations, infos))
    }

    fn line(&mut self) -> &mut Line {
        self.line.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn session(&mut self) -> &mut Session {
        self.line().session()
    }

    fn send(&mut self, py: Python<'_>) -> PyResult<()> {
        self.settled(py)?;
        let line = self.line.get_mut().unwrap_or_else(PoisonError::into_inner);
        let sent = line.step_async(&self.actions.slices());
        sent.map_err(|error| match (error, &*line) {
            (ClientError::Budget { budget, spent, made, left, lanes }, Line::Paid(_, terms)) => {
                wire::exceeded(&terms.coin, budget, spent, made, left, lanes)
            }
            (error, _) => wire::call(error),
        })
    }

    /// Has everything signed and paid that comes before the next request.
    fn settled(&mut self, py: Python<'_>) -> PyResult<()> {
        let line = self.line();
        match line {
            Line::Free(_) => return Ok(()),
            Line::Paid(signed, _) if signed.pending() => {
                return Err(wire::call(ClientError::PipelineFull { limit: 1 }));
            }
            Line::Paid(..) => {}
        }
        let timeout = line.session().client().timeout();
        Self::until(py, line, timeout, "receipts and vouchers", |line, slice| line.settle_within(slice), wire::call)
    }

    /// An error while something is pending: its batch would be taken for that of the next call.
    fn alone(&mut self) -> PyResult<()> {
        match self.session().pending() {
            0 => Ok(()),
            pending => Err(wire::call(ClientError::Pending { pending })),
        }
    }

    /// Waits for the oldest request and reads its batch.
    fn arrived(
        &mut self,
        py: Python<'_>,
        timeout: Option<f64>,
        refused: impl Fn(ClientError) -> PyErr,
    ) -> PyResult<()> {
        let line = self.line();
        let timeout = timeout.map_or(Ok(line.session().client().timeout()), wire::seconds)?;
        Self::until(py, line, timeout, "the oldest request", |line, slice| line.arrived(slice), refused)
    }

    /// Tries in slices until it is done, without the interpreter's lock, looking after signals.
    fn until(
        py: Python<'_>,
        line: &mut Line,
        timeout: Duration,
        what: &'static str,
        attempt: impl Fn(&mut Line, Duration) -> Result<bool, ClientError> + Sync,
        refused: impl Fn(ClientError) -> PyErr,
    ) -> PyResult<()> {
        let until = Instant::now() + timeout;
        loop {
            let slice = SLICE.min(until.saturating_duration_since(Instant::now()));
            match py.detach(|| attempt(line, slice)) {
                Ok(true) => return Ok(()),
                Ok(false) if Instant::now() >= until => {
                    let endpoint = line.session().client().endpoint().clone();
                    return Err(wire::call(ClientError::Timeout { endpoint, what, after: timeout }));
                }
                Ok(false) | Err(ClientError::Interrupted) => py.check_signals()?,
                Err(error) => return Err(refused(error)),
            }
        }
    }

    /// The only lane's part of the batch.
    fn only<'py>(&mut self, py: Python<'py>) -> PyResult<One<'py>> {
        let session = self.line.get_mut().unwrap_or_else(PoisonError::into_inner).session();
        let batch = session.batch();
        let segments = self.legend.observations().segments.iter().zip(&batch.observations);
        let arrays = segments.map(|(segment, row)| arrays::copy(py, segment.dtype, &segment.shape, row));
        let arrays = PyTuple::new(py, arrays.collect::<PyResult<Vec<_>>>()?)?;
        let values: Vec<f32> = batch.infos.iter().filter_map(|column| column.first().copied()).collect();
        let info = info::single(py, &self.legend, &values, batch.faults.first().copied().flatten())?;
        let first = |flags: &[bool]| flags.first().copied().unwrap_or_default();
        let reward = batch.rewards.first().copied().unwrap_or_default();
        Ok((arrays, reward, first(&batch.terminated), first(&batch.truncated), info))
    }
}

fn right(right: &Right) -> &'static str {
    match right {
        Right::Step => "step",
        Right::Reset => "reset",
        Right::State => "state",
    }
}

fn sent(value: ParameterValue) -> Value {
    match value {
        ParameterValue::Bool(value) => Value::Bool(value),
        ParameterValue::Integer(value) => Value::Integer(value),
        ParameterValue::Float(value) => Value::Float(value),
        ParameterValue::Text(value) => Value::Text(value),
        ParameterValue::List(value) => Value::List(value),
    }
}
