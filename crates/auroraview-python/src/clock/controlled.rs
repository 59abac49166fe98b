//! Time that stands still until a test moves it, and then passes at once, alarm by alarm.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::Action;
use crate::lock;
use crate::peer::PeerCore;

#[derive(Default)]
struct State {
    passed: Duration,
    /// By time; the number tells those of one instant apart.
    due: BTreeMap<(Duration, u64), (Weak<PeerCore>, Action)>,
    count: u64,
}

/// See the module.
pub(crate) struct Controlled {
    /// What its instants are counted from: any will do.
    start: Instant,
    state: Mutex<State>,
}

impl Controlled {
    fn new() -> Controlled {
        Controlled {
            start: Instant::now(),
            state: Mutex::default(),
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.start + lock(&self.state).passed
    }

    pub(super) fn wake(&self, at: Instant, peer: Weak<PeerCore>, action: Action) {
        let mut state = lock(&self.state);
        state.count += 1;
        let key = (at.saturating_duration_since(self.start), state.count);
        state.due.insert(key, (peer, action));
    }

    /// Does what is due on the way, each at its own time, on this thread.
    fn advance(&self, by: Duration) {
        let Some(target) = lock(&self.state).passed.checked_add(by) else {
            return;
        };
        loop {
            let (peer, action) = {
                let mut state = lock(&self.state);
                match state.due.first_entry() {
                    Some(first) if first.key().0 <= target => {
                        let at = first.key().0;
                        let alarm = first.remove();
                        state.passed = state.passed.max(at);
                        alarm
                    }
                    _ => {
                        state.passed = state.passed.max(target);
                        return;
                    }
                }
            };
            if let Some(peer) = peer.upgrade() {
                action(&peer);
            }
        }
    }
}

/// Controlled time, as Python holds it.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Clock {
    pub(crate) time: Arc<Controlled>,
}

#[pymethods]
impl Clock {
    #[new]
    fn new() -> Clock {
        Clock {
            time: Arc::new(Controlled::new()),
        }
    }

    /// Seconds that have passed.
    #[getter]
    fn now(&self) -> f64 {
        lock(&self.time.state).passed.as_secs_f64()
    }

    /// Lets so many seconds pass; `ValueError` for those that cannot.
    fn advance(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        let by = Duration::try_from_secs_f64(seconds)
            .ok()
            // A century: far more, and the sum would be no instant any more.
            .filter(|by| by.as_secs() < 3_155_760_000)
            .ok_or_else(|| PyValueError::new_err(format!("{seconds:?} seconds cannot pass")))?;
        py.detach(|| self.time.advance(by));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_still_until_it_is_moved() {
        let time = Controlled::new();
        let start = time.now();
        assert_eq!(time.now(), start);
        time.advance(Duration::from_millis(1500));
        assert_eq!(time.now() - start, Duration::from_millis(1500));
    }

    #[test]
    fn an_alarm_of_a_peer_that_is_gone_is_forgotten_when_its_time_comes() {
        let time = Controlled::new();
        let at = time.now() + Duration::from_secs(1);
        time.wake(at, Weak::new(), |_| unreachable!("nobody is there"));
        time.advance(Duration::from_millis(999));
        assert_eq!(lock(&time.state).due.len(), 1);
        time.advance(Duration::from_millis(1));
        assert_eq!(lock(&time.state).due.len(), 0);
        assert_eq!(time.now(), at);
    }
}
