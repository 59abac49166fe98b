//! The page's console on its way to Python: so much may wait, and what does not is counted.
//!
//! The thread that hears of it is that of the windows, which waits for nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::gate::Gate;
use crate::notice::Notice;

/// How many lines may wait to be told.
const PLACES: usize = 1_000;

/// See the module.
pub(super) struct Console {
    gate: Arc<Gate>,
    dropped: Arc<AtomicU64>,
}

impl Console {
    pub(super) fn new() -> Console {
        Console {
            gate: Gate::new(PLACES),
            dropped: Arc::default(),
        }
    }

    /// What is to be told of this line, if anything.
    pub(super) fn admit(&self, line: Notice) -> Option<Notice> {
        if let Some(permit) = self.gate.try_enter() {
            return Some(Notice::Gated(Box::new(line), permit));
        }
        // It is told once, after all that waits, how many there were until then.
        let first = self.dropped.fetch_add(1, Ordering::AcqRel) == 0;
        first.then(|| Notice::Dropped(Arc::clone(&self.dropped)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_place_is_counted_and_told_once() {
        let console = Console::new();
        let line = || Notice::Console("log", String::new(), None, None);
        let mut waiting: Vec<_> = (0..PLACES).map(|_| console.admit(line())).collect();
        assert!(
            waiting
                .iter()
                .all(|one| matches!(one, Some(Notice::Gated(..))))
        );
        assert!(matches!(console.admit(line()), Some(Notice::Dropped(_))));
        assert!(console.admit(line()).is_none());
        assert_eq!(console.dropped.load(Ordering::Acquire), 2);
        waiting.pop();
        assert!(matches!(console.admit(line()), Some(Notice::Gated(..))));
    }
}
