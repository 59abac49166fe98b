//! The lanes of one bridge, and who reads them.
//!
//! They are in one set, which is read by whoever has it: the process's I/O thread, or a worker of the bridge that has
//! nothing to do. Such a worker takes the set over, so that what comes wakes no thread but the one that will run the
//! handler, and gives it back before it enters Python.
//!
//! The I/O thread waits on the sets of all bridges that have not been taken over. It starts with the first lane, and
//! sleeps while nothing comes. It may still be at work in a set that was just taken over: what is read is read under the
//! lane's own lock, and only who has the set may silence its bell.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use super::connection::Connection;
use super::epoll::{Bell, Epoll, NOTHING, READ, Ready, WRITE};
use crate::lock;

/// The bell's number in a set.
const BELL: u64 = 0;

static NEXT_NUMBER: AtomicU64 = AtomicU64::new(BELL + 1);

/// A number for a lane, or a set of lanes.
pub(super) fn new_number() -> u64 {
    NEXT_NUMBER.fetch_add(1, Ordering::Relaxed)
}

struct Set {
    number: u64,
    epoll: Epoll,
    bell: Bell,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Sockets {
    /// Made with the first lane.
    set: OnceLock<Set>,
    connections: Mutex<HashMap<u64, Arc<Connection>>>,
}

impl Sockets {
    /// There was a lane, and this process may wait for it.
    pub(crate) fn are_there(&self) -> bool {
        self.ours().is_some()
    }

    fn ours(&self) -> Option<&Set> {
        self.set
            .get()
            .filter(|_| !IS_FORKED.load(Ordering::Relaxed))
    }

    /// Makes it one of those that are seen to; [`Self::watch`] says for what.
    pub(super) fn add(self: &Arc<Self>, connection: &Arc<Connection>) -> io::Result<()> {
        let mut connections = lock(&self.connections);
        if self.set.get().is_none() {
            let set = Set {
                number: new_number(),
                epoll: Epoll::new()?,
                bell: Bell::new()?,
            };
            set.epoll.add(set.bell.as_fd(), BELL, READ)?;
            io_thread()?.add(&set, self)?;
            let _ = self.set.set(set);
        }
        if self.ours().is_none() {
            return Err(forked());
        }
        connections.insert(connection.number, Arc::clone(connection));
        Ok(())
    }

    pub(super) fn remove(&self, connection: &Connection) {
        lock(&self.connections).remove(&connection.number);
    }

    /// Has the set watch a lane for this, instead of for that.
    pub(super) fn watch(&self, connection: &Connection, before: u32, now: u32) -> io::Result<()> {
        let (Some(set), socket) = (self.ours(), connection.socket()) else {
            return Ok(());
        };
        let number = connection.number;
        match (before, now) {
            (NOTHING, NOTHING) => Ok(()),
            // Taken out: of what is in, the set also tells that it was hung up on, for ever.
            (_, NOTHING) => set.epoll.remove(socket),
            (NOTHING, _) => set.epoll.add(socket, number, now),
            (_, _) => set.epoll.change(socket, number, now),
        }
    }

    /// A worker has the set from now on, until [`Self::give_back`].
    pub(crate) fn take_over(&self) {
        self.hand_over(NOTHING);
    }

    /// The I/O thread has it again.
    pub(crate) fn give_back(&self) {
        self.hand_over(READ);
    }

    fn hand_over(&self, events: u32) {
        if let (Some(set), Some(Ok(io_thread))) = (self.set.get(), IO_THREAD.get())
            && let Err(problem) = io_thread
                .epoll
                .change(set.epoll.as_fd(), set.number, events)
        {
            log::error!("the lanes of a bridge cannot be handed over: {problem}");
        }
    }

    /// Wakes the worker that has the set.
    pub(crate) fn ring(&self) {
        if let Some(set) = self.ours() {
            set.bell.ring();
        }
    }

    /// What [`Self::ring`] was for is seen to. Only for who has the set.
    pub(crate) fn silence(&self) {
        if let Some(set) = self.set.get() {
            set.bell.silence();
        }
    }

    /// Waits, at most so long, until the bell rings or a lane is to be seen to; `None`: for ever.
    pub(crate) fn wait(&self, at_most: Option<Duration>, ready: &mut Ready) {
        match self.set.get() {
            Some(set) => set.epoll.wait(at_most, ready),
            None => *ready = Ready::none(),
        }
    }

    /// Sees to the lanes that are ready: reads them a little way, and sends what waits.
    pub(crate) fn serve(&self, ready: &Ready) {
        for (number, events) in ready.iter() {
            if number == BELL {
                continue;
            }
            let connection = lock(&self.connections).get(&number).map(Arc::clone);
            let Some(connection) = connection else {
                continue;
            };
            let attend = || connection.attend(events & !WRITE != 0, events & WRITE != 0);
            if panic::catch_unwind(AssertUnwindSafe(attend)).is_err() {
                log::error!("a fast lane could not be read; this is a bug of auroraview");
            }
        }
    }
}

/// The thread that reads the lanes which nobody else reads.
struct IoThread {
    epoll: Epoll,
    sets: Mutex<HashMap<u64, Weak<Sockets>>>,
}

/// This process was forked from one that had lanes. It has their sockets and sets too, and must not touch them.
static IS_FORKED: AtomicBool = AtomicBool::new(false);

extern "C" fn note_fork() {
    IS_FORKED.store(true, Ordering::Relaxed);
}

static IO_THREAD: OnceLock<Result<Arc<IoThread>, io::ErrorKind>> = OnceLock::new();

/// Starts it at the first need.
fn io_thread() -> io::Result<&'static IoThread> {
    let started = IO_THREAD.get_or_init(|| IoThread::start().map_err(|problem| problem.kind()));
    match started {
        Ok(_) if IS_FORKED.load(Ordering::Relaxed) => Err(forked()),
        Ok(this) => Ok(this),
        Err(kind) => Err(io::Error::from(*kind)),
    }
}

fn forked() -> io::Error {
    io::Error::other("the thread that reads it stayed in the process that this one was forked from")
}

impl IoThread {
    fn start() -> io::Result<Arc<IoThread>> {
        let this = Arc::new(IoThread {
            epoll: Epoll::new()?,
            sets: Mutex::default(),
        });
        // SAFETY: the function does nothing that a child after a fork may not do, and is there as long as the process:
        // a module of Python is never unloaded.
        let noted = unsafe { libc::pthread_atfork(None, None, Some(note_fork)) };
        if noted != 0 {
            return Err(io::Error::from_raw_os_error(noted));
        }
        let thread = std::thread::Builder::new().name("auroraview-io".to_owned());
        let runs = Arc::clone(&this);
        thread.spawn(move || runs.run())?;
        Ok(this)
    }

    fn add(&self, set: &Set, sockets: &Arc<Sockets>) -> io::Result<()> {
        let mut sets = lock(&self.sets);
        sets.retain(|_, known| known.strong_count() > 0);
        sets.insert(set.number, Arc::downgrade(sockets));
        self.epoll.add(set.epoll.as_fd(), set.number, READ)
    }

    fn run(&self) {
        let (mut sets, mut lanes) = (Ready::none(), Ready::none());
        loop {
            self.epoll.wait(None, &mut sets);
            for (number, _) in sets.iter() {
                let sockets = lock(&self.sets).get(&number).and_then(Weak::upgrade);
                if let Some(sockets) = sockets {
                    sockets.wait(Some(Duration::ZERO), &mut lanes);
                    sockets.serve(&lanes);
                }
            }
        }
    }
}
