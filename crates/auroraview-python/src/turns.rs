//! Who may run plain handlers: one job at a time for each peer, in arrival order, and at most `permits` peers at once.
//!
//! A worker thread that takes a job of a peer holds that peer's *turn* until it takes the next job. While a handler waits
//! inside this library it gives its turn away ([`Turns::yield_turn`]), so that another worker can serve the message it
//! may be waiting for.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex};

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::job::{Job, JobData};
use crate::lane::Work;
use crate::lock;

/// One thing to run in a turn.
pub(crate) enum Task {
    Job(Arc<JobData>),
    Callback(Py<PyAny>, Py<PyTuple>),
}

#[derive(Default)]
struct Line {
    tasks: VecDeque<Task>,
    /// A worker serves this peer now.
    taken: bool,
}

#[derive(Default)]
struct State {
    lines: HashMap<u64, Line>,
    /// Peers with tasks and without a turn, in order of arrival.
    ready: VecDeque<u64>,
    permits: usize,
    idle: usize,
    closed: bool,
}

impl State {
    /// The next task of the peer whose turn this worker holds, else of the peer that has waited longest.
    fn next(&mut self, turn: &mut Option<u64>) -> Option<Task> {
        if let Some(peer) = *turn {
            let others_wait = !self.ready.is_empty();
            if let Some(line) = self.lines.get_mut(&peer) {
                if !others_wait && let Some(task) = line.tasks.pop_front() {
                    return Some(task);
                }
                line.taken = false;
                if line.tasks.is_empty() {
                    self.lines.remove(&peer);
                } else {
                    self.ready.push_back(peer);
                }
            }
            *turn = None;
            self.permits += 1;
        }
        if self.permits == 0 {
            return None;
        }
        let peer = self.ready.pop_front()?;
        let line = self.lines.get_mut(&peer)?;
        let task = line.tasks.pop_front()?;
        line.taken = true;
        self.permits -= 1;
        *turn = Some(peer);
        Some(task)
    }

    fn give_back(&mut self, peer: u64) {
        self.permits += 1;
        if let Some(line) = self.lines.get_mut(&peer) {
            line.taken = false;
            if line.tasks.is_empty() {
                self.lines.remove(&peer);
            } else {
                self.ready.push_front(peer);
            }
        }
    }
}

/// The state shared by the workers and by those who bring tasks.
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    pub(crate) fn new(permits: usize) -> Arc<Shared> {
        Arc::new(Shared {
            state: Mutex::new(State {
                permits: permits.max(1),
                ..State::default()
            }),
            changed: Condvar::new(),
        })
    }

    pub(crate) fn push(&self, peer: u64, task: Task) {
        self.push_all(peer, vec![task]);
    }

    pub(crate) fn push_all(&self, peer: u64, tasks: Vec<Task>) {
        if tasks.is_empty() {
            return;
        }
        let wake = {
            let mut state = lock(&self.state);
            if state.closed {
                return;
            }
            let line = state.lines.entry(peer).or_default();
            let becomes_ready = !line.taken && line.tasks.is_empty();
            line.tasks.extend(tasks);
            if becomes_ready {
                state.ready.push_back(peer);
            }
            becomes_ready && state.idle > 0 && state.permits > 0
        };
        if wake {
            self.changed.notify_one();
        }
    }

    /// Tasks that wait for this peer's turn.
    pub(crate) fn waiting(&self, peer: u64) -> usize {
        lock(&self.state)
            .lines
            .get(&peer)
            .map_or(0, |line| line.tasks.len())
    }

    /// Whether any task waits.
    pub(crate) fn anyone_waits(&self) -> bool {
        let state = lock(&self.state);
        state.lines.values().any(|line| !line.tasks.is_empty())
    }

    fn wait(&self, turn: &mut Option<u64>, spare: usize) -> Option<Task> {
        let mut state = lock(&self.state);
        loop {
            if let Some(task) = state.next(turn) {
                if !state.ready.is_empty() && state.permits > 0 && state.idle > 0 {
                    self.changed.notify_one();
                }
                return Some(task);
            }
            if state.closed || state.idle >= spare {
                return None;
            }
            state.idle += 1;
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            state.idle -= 1;
        }
    }
}

/// The Python side; see the module. Each worker thread keeps its turn in an object of its own, see `Turns.worker`.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Turns {
    pub(crate) shared: Arc<Shared>,
    /// The turn that this object's thread holds.
    turn: Mutex<Option<u64>>,
}

impl Turns {
    pub(crate) fn over(shared: Arc<Shared>) -> Turns {
        Turns {
            shared,
            turn: Mutex::new(None),
        }
    }
}

#[pymethods]
impl Turns {
    /// One thread's view of the same queue.
    fn worker(&self) -> Turns {
        Turns::over(Arc::clone(&self.shared))
    }

    /// Ends this thread's turn and waits for the next task; `None` when the queue is closed, or when more than `spare`
    /// workers would be idle.
    fn take<'py>(&self, py: Python<'py>, spare: usize) -> PyResult<Option<Work<'py>>> {
        loop {
            let mut turn = *lock(&self.turn);
            let task = {
                let quick = lock(&self.shared.state).next(&mut turn);
                match quick {
                    Some(task) => Some(task),
                    None => py.detach(|| self.shared.wait(&mut turn, spare)),
                }
            };
            *lock(&self.turn) = turn;
            match task {
                None => return Ok(None),
                Some(Task::Callback(func, args)) => {
                    return Ok(Some((
                        None,
                        Some(func.into_bound(py)),
                        args.into_bound(py),
                        None,
                    )));
                }
                Some(Task::Job(data)) => {
                    if let Some(work) = Job::prepare(py, data)? {
                        return Ok(Some(work));
                    }
                }
            }
        }
    }

    /// Lets another worker go on with this thread's peer. Returns whether enough workers are idle to do so.
    fn yield_turn(&self) -> bool {
        let mut state = lock(&self.shared.state);
        if let Some(peer) = lock(&self.turn).take() {
            state.give_back(peer);
        }
        let idle = state.idle >= state.permits;
        drop(state);
        self.shared.changed.notify_one();
        idle
    }

    /// Puts a plain callable into a peer's line.
    fn put(&self, peer: u64, func: Py<PyAny>, args: Py<PyTuple>) {
        self.shared.push(peer, Task::Callback(func, args));
    }

    fn close(&self) {
        lock(&self.shared.state).closed = true;
        self.shared.changed.notify_all();
    }
}
