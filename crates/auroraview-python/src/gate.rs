//! How much may wait to be told: a child that writes without end must not fill our memory.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::lock;

/// So many may be on their way at a time. Who finds it shut waits until half of them have arrived: to be woken for each
/// would cost more than the telling.
pub(crate) struct Gate {
    places: usize,
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
            places,
            free: Mutex::new(places),
            changed: Condvar::new(),
        })
    }

    /// Waits for a place. Never on a thread that holds the GIL: who gives places back needs it.
    pub(crate) fn enter(self: &Arc<Gate>) -> Permit {
        let mut free = lock(&self.free);
        if *free == 0 {
            let waited = self.changed.wait_while(free, |free| *free < self.enough());
            free = waited.unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        drop(free);
        Permit {
            gate: Arc::clone(self),
        }
    }

    /// A place, if there is one now.
    pub(crate) fn try_enter(self: &Arc<Gate>) -> Option<Permit> {
        let mut free = lock(&self.free);
        *free = free.checked_sub(1)?;
        drop(free);
        Some(Permit {
            gate: Arc::clone(self),
        })
    }

    fn enough(&self) -> usize {
        self.places.div_ceil(2)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut free = lock(&self.gate.free);
        *free += 1;
        if *free == self.gate.enough() {
            self.gate.changed.notify_all();
        }
    }
}
