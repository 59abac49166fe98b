//! Looking again for a moment, right after something was sent, before sleeping.
//!
//! An answer often comes within microseconds, and waking up from sleep can take longer than the call itself. Each look
//! lets others run first. When one of them does, this core is wanted: then there is no looking for a while.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long after sending it is worth it.
const ALERT: Duration = Duration::from_micros(50);
/// Letting others run takes less when there are none.
const ALONE: Duration = Duration::from_micros(100);
/// How long not to look once somebody else had work to do.
const REST: Duration = Duration::from_millis(20);

/// When the last look was worth it.
#[derive(Default)]
pub(crate) struct Alert {
    sent: Cell<Option<Instant>>,
    rest_until: Cell<Option<Instant>>,
}

impl Alert {
    /// Something was sent. Whether looking for its answer is worth it.
    pub(crate) fn sent(&self) -> bool {
        let now = Instant::now();
        if self.rest_until.get().is_some_and(|until| now < until) {
            return false;
        }
        self.sent.set(Some(now));
        true
    }

    /// Something has come.
    pub(crate) fn came(&self) {
        self.sent.set(None);
    }

    /// Lets others run; whether to look again then.
    pub(crate) fn look_again(&self) -> bool {
        let Some(sent) = self.sent.get() else {
            return false;
        };
        let before = Instant::now();
        if before.duration_since(sent) < ALERT {
            std::thread::yield_now();
            let after = Instant::now();
            if after.duration_since(before) < ALONE {
                return true;
            }
            self.rest_until.set(Some(after + REST));
        }
        self.sent.set(None);
        // What came while others ran is there now.
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_ends_soon_and_only_sending_begins_it() {
        let alert = Alert::default();
        assert!(!alert.look_again());
        assert!(alert.sent());
        let began = Instant::now();
        while alert.look_again() {
            assert!(began.elapsed() < Duration::from_secs(10));
        }
        assert!(!alert.look_again());
    }

    #[test]
    fn what_came_ends_it() {
        let alert = Alert::default();
        alert.sent();
        alert.came();
        assert!(!alert.look_again());
    }

    #[test]
    fn there_is_no_looking_while_it_rests() {
        let alert = Alert::default();
        alert
            .rest_until
            .set(Some(Instant::now() + Duration::from_secs(60)));
        assert!(!alert.sent());
        assert!(!alert.look_again());
        alert.rest_until.set(Some(Instant::now()));
        assert!(alert.sent());
    }
}
