//! The clock of what leaves together: coalesced events (`keep="latest"`), which a page gets at most so many times a
//! second, and results that come in quick succession.
//!
//! What comes after a pause leaves at once, on the thread that has it; what follows is left to one thread of the process,
//! which starts at the first need, sleeps while nothing is due and never runs Python.
//!
//! A bridge may have a time of its own that a test moves: [`Time`]. What only spares frames, as results that leave
//! together, keeps to the computer's.

mod controlled;

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::lock;
use crate::peer::PeerCore;

pub(crate) use controlled::{Clock, Controlled};

/// Time as a bridge has it.
#[derive(Clone)]
pub(crate) enum Time {
    /// The computer's.
    Real,
    /// Moved by a test.
    Controlled(Arc<Controlled>),
}

impl Time {
    pub(crate) fn now(&self) -> Instant {
        match self {
            Time::Real => Instant::now(),
            Time::Controlled(time) => time.now(),
        }
    }

    /// Has something done at that time.
    pub(crate) fn wake(&self, at: Instant, peer: &Arc<PeerCore>, action: Action) {
        match self {
            Time::Real => wake(at, peer, action),
            Time::Controlled(time) => time.wake(at, Arc::downgrade(peer), action),
        }
    }
}

/// When a peer's coalesced events left last, and whether they are about to.
#[derive(Default)]
pub(crate) struct Pace {
    last: Option<Instant>,
    is_due: bool,
}

/// What to do about events that wait to be released.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// They may leave now.
    Now,
    /// The clock is to see to it then.
    At(Instant),
    /// The clock sees to it already.
    Awaited,
}

impl Pace {
    /// Something was put where coalesced events wait.
    pub(crate) fn next(&mut self, now: Instant, interval: Duration) -> Release {
        if self.is_due {
            return Release::Awaited;
        }
        match self.last.map(|last| last + interval) {
            Some(at) if at > now => {
                self.is_due = true;
                Release::At(at)
            }
            _ => {
                self.last = Some(now);
                Release::Now
            }
        }
    }

    /// The clock has come for what waits.
    pub(crate) fn tick(&mut self, now: Instant) {
        self.is_due = false;
        self.last = Some(now);
    }
}

/// What is to be done with a peer when the time has come.
pub(crate) type Action = fn(&PeerCore);

#[derive(Default)]
struct Alarms {
    /// By time; the number tells those of one instant apart.
    due: BTreeMap<(Instant, u64), (Weak<PeerCore>, Action)>,
    count: u64,
    runs: bool,
}

static ALARMS: Mutex<Alarms> = Mutex::new(Alarms {
    due: BTreeMap::new(),
    count: 0,
    runs: false,
});
static CHANGED: Condvar = Condvar::new();

/// Has something done at that time, by the computer's clock.
pub(crate) fn wake(at: Instant, peer: &Arc<PeerCore>, action: Action) {
    let mut alarms = lock(&ALARMS);
    alarms.count += 1;
    let key = (at, alarms.count);
    let is_first = alarms.due.keys().next().is_none_or(|first| key < *first);
    alarms.due.insert(key, (Arc::downgrade(peer), action));
    if !alarms.runs {
        let thread = std::thread::Builder::new().name("auroraview-clock".to_owned());
        match thread.spawn(run) {
            Ok(_) => alarms.runs = true,
            Err(problem) => {
                log::error!("no thread for the clock: {problem}");
                alarms.due.clear();
                drop(alarms);
                action(peer);
                return;
            }
        }
    }
    drop(alarms);
    if is_first {
        CHANGED.notify_one();
    }
}

fn run() {
    let mut alarms = lock(&ALARMS);
    loop {
        let now = Instant::now();
        match alarms.due.first_entry() {
            None => {
                alarms = CHANGED
                    .wait(alarms)
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
            }
            Some(first) if first.key().0 > now => {
                let left = first.key().0 - now;
                alarms = CHANGED
                    .wait_timeout(alarms, left)
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .0;
            }
            Some(first) => {
                let (peer, action) = first.remove();
                drop(alarms);
                if let Some(peer) = peer.upgrade() {
                    action(&peer);
                }
                alarms = lock(&ALARMS);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_leaves_at_once_and_the_next_ones_together_at_the_end_of_the_interval() {
        let interval = Duration::from_millis(10);
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.next(start, interval), Release::Now);
        let soon = start + Duration::from_millis(3);
        assert_eq!(pace.next(soon, interval), Release::At(start + interval));
        assert_eq!(pace.next(soon, interval), Release::Awaited);
        let end = start + interval;
        pace.tick(end);
        assert_eq!(pace.next(end, interval), Release::At(end + interval));
        pace.tick(end + interval);
        assert_eq!(pace.next(end + 2 * interval, interval), Release::Now);
    }
}
