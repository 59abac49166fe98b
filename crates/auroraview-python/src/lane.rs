//! A queue from which Python threads take work.
//!
//! Work is put in by threads that may not hold the GIL (the GUI thread above all); it becomes Python objects only when a
//! Python thread takes it. A thread waits for work with [`Lane::take`], or, where it has a loop of its own, on the
//! lane's file descriptor.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyTuple;

use crate::job::{Job, JobData};
use crate::lock;
use crate::notice::Notice;
use crate::peer::PeerCore;
use crate::served::Link;

/// What a lane carries.
pub(crate) enum Item {
    /// Run a handler.
    Run(Arc<JobData>),
    /// The caller of this job gave up: cancel it if it still runs.
    Cancel(Arc<JobData>),
    /// Call a Python function.
    Callback(Py<PyAny>, Py<PyTuple>),
    /// Tell a Python callback of something that happened.
    Notice(Arc<Py<PyAny>>, Notice),
    /// As `Notice`, of a session of a server.
    OfSession(Arc<PeerCore>, Notice),
    /// The program knows of this session: what it reports may be seen to.
    LetGo(Arc<PeerCore>),
    /// Let go of this with the GIL held.
    Release(PyBackedBytes),
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    waiting: usize,
    closed: bool,
}

/// The queue itself; shared between the Python object and the threads that fill it.
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    /// Readable while there is (or was, since the last look) something to do.
    signal: Option<(UnixStream, UnixStream)>,
}

impl Queue {
    pub(crate) fn new() -> Arc<Queue> {
        Arc::new(Queue {
            state: Mutex::default(),
            filled: Condvar::new(),
            signal: None,
        })
    }

    /// A queue whose [`Lane::fileno`] can be waited on.
    pub(crate) fn with_signal() -> std::io::Result<Arc<Queue>> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(Arc::new(Queue {
            state: Mutex::default(),
            filled: Condvar::new(),
            signal: Some((reader, writer)),
        }))
    }

    /// Adds an item; tells whether it is the only one. A closed lane takes nothing.
    pub(crate) fn push(&self, item: Item) -> bool {
        let (was_empty, waiting) = {
            let mut state = lock(&self.state);
            if state.closed {
                return false;
            }
            state.items.push_back(item);
            (state.items.len() == 1, state.waiting > 0)
        };
        if waiting {
            self.filled.notify_one();
        }
        if was_empty {
            self.kick();
        }
        was_empty
    }

    pub(crate) fn notice(&self, callback: &Arc<Py<PyAny>>, notice: Notice) {
        self.push(Item::Notice(Arc::clone(callback), notice));
    }

    /// Wakes whoever waits on the file descriptor.
    pub(crate) fn kick(&self) {
        if let Some((_, writer)) = &self.signal {
            // A full pipe is already readable, which is all a kick is for.
            let _ = (&*writer).write(&[1]);
        }
    }

    fn calm(&self) {
        if let Some((reader, _)) = &self.signal {
            let mut bytes = [0; 64];
            while matches!((&*reader).read(&mut bytes), Ok(count) if count == bytes.len()) {}
        }
    }

    fn pop(&self) -> Option<Item> {
        lock(&self.state).items.pop_front()
    }

    /// Waits for an item; `None` when time is up or the lane was closed and is empty.
    fn wait(&self, deadline: Option<Instant>) -> Option<Item> {
        let mut state = lock(&self.state);
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state.waiting += 1;
            let mut late = false;
            state = match deadline {
                None => self
                    .filled
                    .wait(state)
                    .unwrap_or_else(std::sync::PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    late = left.is_zero();
                    self.filled
                        .wait_timeout(state, left)
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .0
                }
            };
            state.waiting -= 1;
            if late && state.items.is_empty() {
                return None;
            }
        }
    }

    fn close(&self) {
        {
            let mut state = lock(&self.state);
            state.closed = true;
        }
        self.filled.notify_all();
        self.kick();
    }
}

/// What [`Lane::take`] hands to Python: what to call, and the job it belongs to (`None` for a notice).
pub(crate) type Work<'py> = (
    Option<Bound<'py, Job>>,
    Option<Bound<'py, PyAny>>,
    Bound<'py, PyTuple>,
    Option<Bound<'py, pyo3::types::PyDict>>,
);

/// See the module.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Lane {
    pub(crate) queue: Arc<Queue>,
}

impl Lane {
    fn unpack<'py>(py: Python<'py>, item: Item) -> PyResult<Option<Work<'py>>> {
        match item {
            Item::Run(data) => Job::prepare(py, data),
            Item::Cancel(data) => Ok(Some((
                Some(Job::wrap(py, data)?),
                None,
                PyTuple::empty(py),
                None,
            ))),
            Item::Callback(func, args) => Ok(Some((
                None,
                Some(func.into_bound(py)),
                args.into_bound(py),
                None,
            ))),
            Item::Notice(callback, notice) => Ok(Some((
                None,
                Some(callback.bind(py).clone()),
                notice.into_args(py)?,
                None,
            ))),
            Item::OfSession(peer, notice) => Link::tell(py, &peer, notice),
            Item::LetGo(peer) => {
                py.detach(|| peer.let_go());
                Ok(None)
            }
            Item::Release(bytes) => {
                drop(bytes);
                Ok(None)
            }
        }
    }
}

#[pymethods]
impl Lane {
    #[new]
    #[pyo3(signature = (signal = false))]
    fn new(signal: bool) -> PyResult<Lane> {
        let queue = if signal {
            Queue::with_signal()?
        } else {
            Queue::new()
        };
        Ok(Lane { queue })
    }

    /// Waits for work. `None` when the lane is closed and empty, or the time in seconds is up.
    #[pyo3(signature = (timeout = None))]
    fn take<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Option<Work<'py>>> {
        let deadline = timeout.map(|timeout| Instant::now() + seconds(timeout));
        loop {
            let item = match self.queue.pop() {
                Some(item) => item,
                None => match py.detach(|| self.queue.wait(deadline)) {
                    Some(item) => item,
                    None => return Ok(None),
                },
            };
            if let Some(work) = Lane::unpack(py, item)? {
                return Ok(Some(work));
            }
        }
    }

    /// Takes work if there is some, else `None`. After `None` the file descriptor signals new work.
    fn take_nowait<'py>(&self, py: Python<'py>) -> PyResult<Option<Work<'py>>> {
        loop {
            let item = match self.queue.pop() {
                Some(item) => item,
                None => {
                    self.queue.calm();
                    // Something may have come in between, with its signal now swallowed.
                    match self.queue.pop() {
                        Some(item) => {
                            self.queue.kick();
                            item
                        }
                        None => return Ok(None),
                    }
                }
            };
            if let Some(work) = Lane::unpack(py, item)? {
                return Ok(Some(work));
            }
        }
    }

    /// Puts a plain callable into the lane.
    fn put(&self, func: Py<PyAny>, args: Py<PyTuple>) {
        self.queue.push(Item::Callback(func, args));
    }

    fn kick(&self) {
        self.queue.kick();
    }

    fn pending(&self) -> usize {
        lock(&self.queue.state).items.len()
    }

    fn idle(&self) -> usize {
        lock(&self.queue.state).waiting
    }

    fn close(&self) {
        self.queue.close();
    }

    fn fileno(&self) -> Option<RawFd> {
        self.queue
            .signal
            .as_ref()
            .map(|(reader, _)| reader.as_raw_fd())
    }
}

/// A time a user gave, in seconds; negative and absurd values are cut.
pub(crate) fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.clamp(0.0, 1e8)).unwrap_or_default()
}

static MAIN: OnceLock<Arc<Queue>> = OnceLock::new();
static NOTICES: OnceLock<Arc<Queue>> = OnceLock::new();
static MAIN_WATCH: Mutex<Option<Arc<Py<PyAny>>>> = Mutex::new(None);

/// The queue of the application's main thread.
pub(crate) fn main_queue() -> Arc<Queue> {
    Arc::clone(MAIN.get_or_init(|| Queue::with_signal().unwrap_or_else(|_| Queue::new())))
}

/// Puts work into the main thread's queue and has somebody look whether it is taken.
pub(crate) fn push_main(item: Item) {
    if !main_queue().push(item) {
        return;
    }
    let watch = lock(&MAIN_WATCH).take();
    if let Some(watch) = watch {
        notices().notice(&watch, Notice::Plain("waiting"));
    }
}

/// The queue of the thread that tells Python what happened.
pub(crate) fn notices() -> Arc<Queue> {
    Arc::clone(NOTICES.get_or_init(Queue::new))
}

/// The lane of the application's main thread. `watch` is called, on the notice thread, when work starts to wait there:
/// once, until it is given again, for a thread that wants the GIL at each piece of work would be in that work's way.
#[pyfunction]
#[pyo3(signature = (watch = None))]
pub(crate) fn main_lane(watch: Option<Py<PyAny>>) -> Lane {
    if let Some(watch) = watch {
        // Dropped when the lock is released: a Python object may do anything then.
        let _before = lock(&MAIN_WATCH).replace(Arc::new(watch));
    }
    Lane {
        queue: main_queue(),
    }
}

/// The lane of the thread that tells Python what happened.
#[pyfunction]
pub(crate) fn notice_lane() -> Lane {
    Lane { queue: notices() }
}
