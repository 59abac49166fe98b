//! Who may run plain handlers: one job at a time for each peer, in arrival order, and at most `permits` peers at once.
//!
//! A worker thread that takes a job of a peer holds that peer's *turn* until it takes the next job. While a handler waits
//! inside this library it gives its turn away ([`Turns::yield_turn`]), so that another worker can serve the message it
//! may be waiting for.
//!
//! One of the workers that have nothing to do, the *leader*, reads the fast lanes meanwhile: what comes there is mostly
//! what it is to do next, and nobody has to be woken for it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::fast_lane::{Ready, Sockets};
use crate::job::{Job, JobData};
use crate::lane::Work;
use crate::lock;

/// So long after something came the leader stays awake for the next: to be woken on another core takes as long.
const ALERT: Duration = Duration::from_micros(50);
/// Who lets others go first for so long has met one who needs this core,
const CROWDED: Duration = Duration::from_micros(100);
/// and does not stay awake again for so long.
const CALM: Duration = Duration::from_millis(20);

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
    /// Workers that wait to be woken.
    asleep: usize,
    /// The worker that has nothing to do but read the lanes.
    leader: Option<ThreadId>,
    /// It waits for them, and has to be rung for.
    leader_waits: bool,
    /// It was.
    rung: bool,
    /// Until then leaders do not stay awake, for others need the core.
    calm: Option<Instant>,
    closed: bool,
}

impl State {
    /// Workers without a task.
    fn idle(&self) -> usize {
        self.asleep + usize::from(self.leader.is_some())
    }

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
    sockets: Arc<Sockets>,
}

impl Shared {
    pub(crate) fn new(permits: usize) -> Arc<Shared> {
        Arc::new(Shared {
            state: Mutex::new(State {
                permits: permits.max(1),
                ..State::default()
            }),
            changed: Condvar::new(),
            sockets: Arc::default(),
        })
    }

    /// The fast lanes that a worker reads while it has nothing to do.
    pub(crate) fn sockets(&self) -> &Arc<Sockets> {
        &self.sockets
    }

    /// There is a lane, perhaps the first.
    pub(crate) fn lanes_came(&self) {
        // Under the lock: else a worker that saw none just now falls asleep after this.
        let _state = lock(&self.state);
        self.changed.notify_one();
    }

    pub(crate) fn push(&self, peer: u64, task: Task) {
        self.push_all(peer, vec![task]);
    }

    pub(crate) fn push_all(&self, peer: u64, tasks: Vec<Task>) {
        if tasks.is_empty() {
            return;
        }
        let mut state = lock(&self.state);
        if state.closed {
            return;
        }
        let line = state.lines.entry(peer).or_default();
        let becomes_ready = !line.taken && line.tasks.is_empty();
        line.tasks.extend(tasks);
        if becomes_ready {
            state.ready.push_back(peer);
            // Who reads looks here next.
            if state.leader != Some(thread::current().id()) {
                self.wake(&mut state);
            }
        }
    }

    /// Has an idle worker look for a task, if there is one.
    fn wake(&self, state: &mut State) {
        if state.permits == 0 {
            return;
        }
        if state.asleep > 0 {
            self.changed.notify_one();
        } else {
            self.ring(state);
        }
    }

    /// Wakes the leader. Under the lock: it has to know whether the bell is to be silenced before others have the lanes.
    fn ring(&self, state: &mut State) {
        if state.leader_waits && !state.rung {
            state.rung = true;
            self.sockets.ring();
        }
    }

    /// No worker gets a task any more.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        self.changed.notify_all();
        self.ring(&mut state);
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

    pub(crate) fn wait(&self, turn: &mut Option<u64>, spare: usize) -> Option<Task> {
        let mut state = lock(&self.state);
        loop {
            if let Some(task) = state.next(turn) {
                if !state.ready.is_empty() {
                    self.wake(&mut state);
                }
                return Some(task);
            }
            if state.closed || state.idle() >= spare {
                return None;
            }
            if state.leader.is_none() && self.sockets.are_there() {
                state = self.lead(state);
                continue;
            }
            state.asleep += 1;
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            state.asleep -= 1;
        }
    }

    /// Reads the lanes until there is something to do.
    fn lead<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.leader = Some(thread::current().id());
        self.sockets.take_over();
        let mut ready = Ready::none();
        let mut calm = state.calm;
        let mut alert = Instant::now() + ALERT;
        while !state.closed && (state.ready.is_empty() || state.permits == 0) {
            state.leader_waits = true;
            drop(state);
            self.wait_for_lanes(&mut ready, alert, &mut calm);
            state = lock(&self.state);
            state.leader_waits = false;
            if std::mem::take(&mut state.rung) {
                self.sockets.silence();
            }
            drop(state);
            self.sockets.serve(&ready);
            alert = Instant::now() + ALERT;
            state = lock(&self.state);
        }
        state.calm = calm;
        state.leader = None;
        self.sockets.give_back();
        state
    }

    /// Waits until a lane is ready, or the bell rings. Until `alert` it stays awake for that, and lets others go first.
    /// `calm`: until then it sleeps at once.
    fn wait_for_lanes(&self, ready: &mut Ready, alert: Instant, calm: &mut Option<Instant>) {
        let mut now = Instant::now();
        if calm.is_none_or(|calm| calm <= now) {
            *calm = None;
            while now < alert && calm.is_none() {
                self.sockets.wait(Some(Duration::ZERO), ready);
                if !ready.is_empty() {
                    return;
                }
                let before = Instant::now();
                thread::yield_now();
                now = Instant::now();
                if now - before > CROWDED {
                    *calm = Some(now + CALM);
                }
            }
        }
        self.sockets.wait(None, ready);
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
        let enough = state.idle() >= state.permits;
        self.shared.wake(&mut state);
        enough
    }

    /// Puts a plain callable into a peer's line.
    fn put(&self, peer: u64, func: Py<PyAny>, args: Py<PyTuple>) {
        self.shared.push(peer, Task::Callback(func, args));
    }

    fn close(&self) {
        self.shared.close();
    }
}
