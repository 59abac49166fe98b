//! One run of one handler: the call or event it serves, its parameters, its answer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use auroraview_protocol::{Encoded, ErrorObject, Given};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::convert;
use crate::lane::Work;
use crate::lock;
use crate::peer::{LARGE, PeerCore};
use crate::signature::{Arguments, Signature};

/// A plain handler that takes longer while others wait is named in a warning.
const SLOW: Duration = Duration::from_secs(1);

/// Where a handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Worker,
    Pool,
    Loop,
    Main,
}

impl Place {
    pub(crate) fn parse(name: &str) -> Option<Place> {
        Some(match name {
            "worker" => Place::Worker,
            "pool" => Place::Pool,
            "loop" => Place::Loop,
            "main" => Place::Main,
            _ => return None,
        })
    }
}

/// A bound function, what it takes, and how it has done so far.
pub(crate) struct Handler {
    pub(crate) func: Py<PyAny>,
    pub(crate) place: Place,
    /// It may be called by a page that stands still until it has answered.
    pub(crate) sync: bool,
    /// `None`: a callable without a signature is called as it is.
    pub(crate) signature: Option<Signature>,
    pub(crate) times: Times,
    /// It was unbound: what still waits for it is not run any more.
    pub(crate) removed: AtomicBool,
}

/// Counts and durations of a handler's runs.
#[derive(Default)]
pub(crate) struct Times {
    pub(crate) runs: AtomicU64,
    pub(crate) total_nanos: AtomicU64,
    pub(crate) longest_nanos: AtomicU64,
    /// It was named in a warning.
    was_slow: AtomicBool,
}

impl Times {
    fn record(&self, elapsed: Duration) {
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.total_nanos.fetch_add(nanos, Ordering::Relaxed);
        self.longest_nanos.fetch_max(nanos, Ordering::Relaxed);
    }
}

/// What is to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    Call {
        generation: u64,
        id: u64,
        /// The page stands still until it is answered.
        sync: bool,
    },
    Event,
}

/// A job as the queues carry it, without the GIL.
pub(crate) struct JobData {
    pub(crate) peer: Arc<PeerCore>,
    pub(crate) occasion: Occasion,
    pub(crate) name: String,
    pub(crate) handler: Arc<Handler>,
    params: Option<Arc<Given>>,
    /// What it counts in the backlog of its peer while it waits.
    bytes: usize,
    waits: AtomicBool,
    cancelled: AtomicBool,
    /// A coroutine of this job runs on the asyncio loop, wherever its handler was called.
    on_loop: AtomicBool,
    started: Mutex<Option<Instant>>,
}

impl JobData {
    pub(crate) fn new(
        peer: Arc<PeerCore>,
        occasion: Occasion,
        name: String,
        handler: Arc<Handler>,
        params: Option<Arc<Given>>,
    ) -> Arc<JobData> {
        let on_loop = handler.place == Place::Loop;
        let bytes = params.as_deref().map_or(0, Given::size);
        peer.job_waits(bytes);
        Arc::new(JobData {
            peer,
            occasion,
            name,
            handler,
            params,
            bytes,
            waits: AtomicBool::new(true),
            cancelled: AtomicBool::new(false),
            on_loop: AtomicBool::new(on_loop),
            started: Mutex::new(None),
        })
    }

    /// It has left the queue.
    fn is_taken(&self) {
        if self.waits.swap(false, Ordering::Relaxed) {
            self.peer.job_is_taken(self.bytes);
        }
    }

    pub(crate) fn cancel(&self) {
        // Sequentially consistent with `follow_on_loop`: one of the two sees the other.
        self.cancelled.store(true, Ordering::SeqCst);
    }

    pub(crate) fn runs_on_loop(&self) -> bool {
        self.on_loop.load(Ordering::SeqCst)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    fn answer(&self, py: Python<'_>, result: Result<Encoded, ErrorObject>) {
        if let Some(started) = lock(&self.started).take() {
            let elapsed = self.since(started);
            self.handler.times.record(elapsed);
            if elapsed > SLOW {
                self.complain_of_slowness(elapsed);
            }
        }
        if let Occasion::Call { generation, id, .. } = self.occasion {
            let peer = &self.peer;
            if result.as_ref().is_ok_and(|value| value.size() > LARGE) {
                py.detach(|| peer.respond(generation, id, result));
            } else {
                peer.patiently(py, || peer.respond(generation, id, result));
            }
        }
    }

    fn since(&self, started: Instant) -> Duration {
        let now = self.peer.bridge.time.now();
        now.saturating_duration_since(started)
    }

    /// Names a plain handler, once, that has kept others waiting.
    fn complain_of_slowness(&self, elapsed: Duration) {
        let kept_others_waiting = self.handler.place == Place::Worker
            && !self.runs_on_loop()
            && self.peer.bridge.workers.anyone_waits();
        if kept_others_waiting && !self.handler.times.was_slow.swap(true, Ordering::Relaxed) {
            log::warn!(
                "the handler of '{}' took {:.1} s while others waited; make it `async def`, or bind it with \
                 thread=\"pool\"",
                self.name,
                elapsed.as_secs_f64(),
            );
        }
    }

    /// Seconds this job has run.
    pub(crate) fn seconds_running(&self) -> f64 {
        lock(&self.started).map_or(0.0, |started| self.since(started).as_secs_f64())
    }
}

impl Drop for JobData {
    fn drop(&mut self) {
        self.is_taken();
    }
}

/// A call or event that a handler is serving; what `auroraview.current_call()` returns.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Job {
    data: Arc<JobData>,
}

impl Job {
    pub(crate) fn wrap(py: Python<'_>, data: Arc<JobData>) -> PyResult<Bound<'_, Job>> {
        Bound::new(py, Job { data })
    }

    /// Makes the Python side of a job, or answers it when there is nothing to run.
    pub(crate) fn prepare(py: Python<'_>, data: Arc<JobData>) -> PyResult<Option<Work<'_>>> {
        data.is_taken();
        if data.is_cancelled() {
            let reason = "the call was cancelled before it ran";
            data.answer(py, Err(ErrorObject::cancelled(reason)));
            return Ok(None);
        }
        if data.handler.removed.load(Ordering::Acquire) {
            data.answer(py, Err(ErrorObject::method_not_found(&data.name)));
            return Ok(None);
        }
        let arguments = match Job::arguments(py, &data) {
            Ok(arguments) => arguments,
            Err(message) => {
                if data.occasion == Occasion::Event {
                    data.peer.event_refused(&data.name, &message);
                }
                data.answer(py, Err(ErrorObject::invalid_params(message)));
                return Ok(None);
            }
        };
        *lock(&data.started) = Some(data.peer.bridge.time.now());
        let func = data.handler.func.bind(py).clone();
        let job = Job::wrap(py, data)?;
        Ok(Some((Some(job), Some(func), arguments.0, arguments.1)))
    }

    fn arguments<'py>(
        py: Python<'py>,
        data: &JobData,
    ) -> Result<(Bound<'py, PyTuple>, Option<Bound<'py, PyDict>>), String> {
        let value = match &data.params {
            None => None,
            Some(params) => Some(convert::decode(py, params)?),
        };
        let arguments = match data.occasion {
            Occasion::Call { .. } => Arguments::of_call(value),
            Occasion::Event => Arguments::of_event(
                value.unwrap_or_else(|| py.None().into_bound(py)),
                data.handler.signature.as_ref(),
            ),
        };
        if let Some(signature) = &data.handler.signature {
            signature.check(&data.name, &arguments)?;
        }
        arguments.into_python(py).map_err(|error| error.to_string())
    }
}

#[pymethods]
impl Job {
    /// The page (or other end) that called.
    #[getter]
    fn peer(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.data.peer.python(py)
    }

    /// Name of the method or event.
    #[getter]
    fn method(&self) -> &str {
        &self.data.name
    }

    /// Id of the call within its document; `None` for an event.
    #[getter]
    fn id(&self) -> Option<u64> {
        match self.data.occasion {
            Occasion::Call { id, .. } => Some(id),
            Occasion::Event => None,
        }
    }

    /// The page stands still until this call is answered.
    #[getter]
    fn sync(&self) -> bool {
        matches!(self.data.occasion, Occasion::Call { sync: true, .. })
    }

    /// Nobody waits for the answer any more: the page gave up, or its document went away.
    #[getter]
    fn cancelled(&self) -> bool {
        self.data.is_cancelled()
    }

    /// Has a cancellation told to the asyncio loop, where this job goes on; look at `cancelled` afterwards.
    fn follow_on_loop(&self) {
        self.data.on_loop.store(true, Ordering::SeqCst);
    }

    /// The page may see tracebacks.
    #[getter]
    fn debug(&self) -> bool {
        self.data.peer.is_debug()
    }

    /// Seconds since the handler was started; 0 once it has answered.
    #[getter]
    fn elapsed(&self) -> f64 {
        self.data.seconds_running()
    }

    /// Answers with a value. Returns the text of the `TypeError` that was answered instead when it cannot be sent.
    ///
    /// Raises, after that, what a conversion hook raised if it is no `Exception`.
    fn succeed(&self, value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
        let py = value.py();
        if self.data.occasion == Occasion::Event {
            self.data.answer(py, Ok(Encoded::default()));
            return Ok(None);
        }
        let depth = self.data.peer.limits().depth;
        match convert::encode(value, "result", depth) {
            Ok(encoded) => {
                self.data.answer(py, Ok(encoded));
                Ok(None)
            }
            Err(error) => {
                let text = error.to_string();
                let raised = error.raised(py);
                self.data.answer(py, Err(error.into_object()));
                raised.map_or(Ok(Some(text)), Err)
            }
        }
    }

    /// Answers with what the handler raised.
    fn fail(&self, py: Python<'_>, name: &str, message: &str, traceback: Option<String>) {
        let mut error = ErrorObject::handler_error(name, message);
        error.traceback = traceback;
        self.data.answer(py, Err(error));
    }

    /// Answers that the handler was cancelled.
    fn fail_cancelled(&self, py: Python<'_>, message: &str) {
        self.data.answer(py, Err(ErrorObject::cancelled(message)));
    }

    fn __repr__(&self) -> String {
        match self.data.occasion {
            Occasion::Call { id, .. } => format!("<call {id} of {:?}>", self.data.name),
            Occasion::Event => format!("<event {:?}>", self.data.name),
        }
    }

    fn __hash__(&self) -> usize {
        Arc::as_ptr(&self.data) as usize
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other
            .cast::<Job>()
            .is_ok_and(|other| Arc::ptr_eq(&self.data, &other.get().data))
    }
}
