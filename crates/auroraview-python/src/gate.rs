//! How much may wait to be told: a child that writes without end must not fill our memory.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::lock;

/// So many may be on their way at a time.
pub(crate) struct Gate {
    free: Mutex<usize>,
    changed: Condvar,
}

/// Leave to be on the way; returned when dropped.
pub(crate) struct Permit {
    gate: Arc<Gate>,
}

impl Gate {
    pub(crate) fn new(places: usize) -> Arc<Gate> {
        Arc::new(Gate {
            free: Mutex::new(places),
            changed: Condvar::new(),
        })
    }

    /// Waits for a place. Never on a thread that holds the GIL: who gives places back needs it.
    pub(crate) fn enter(self: &Arc<Gate>) -> Permit {
        let free = lock(&self.free);
        let waited = self.changed.wait_while(free, |free| *free == 0);
        *waited.unwrap_or_else(PoisonError::into_inner) -= 1;
        Permit {
            gate: Arc::clone(self),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *lock(&self.gate.free) += 1;
        self.gate.changed.notify_one();
    }
}
