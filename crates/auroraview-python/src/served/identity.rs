//! Who a client is, as the program's own login says: any Python object.
//!
//! The server compares identities on its own threads. So that it needs no Python for it, objects that are equal are
//! given the same [`Known`] when they come in, which happens with the GIL held.

use std::any::Any;
use std::sync::{Arc, Mutex, Weak};

use auroraview_server::{Authenticated, Identity};
use pyo3::prelude::*;

use crate::lock;

struct Known {
    object: Py<PyAny>,
    /// `None`: it has no hash, and is compared with all others.
    hash: Option<isize>,
}

impl Identity for Known {
    fn same(&self, other: &dyn Identity) -> bool {
        other
            .as_any()
            .downcast_ref::<Known>()
            .is_some_and(|other| std::ptr::eq(self, other))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The identities that are in use.
#[derive(Default)]
pub(crate) struct Identities {
    known: Mutex<Vec<Weak<Known>>>,
}

impl Identities {
    /// The one identity of all objects equal to this one.
    pub(crate) fn get(&self, object: &Bound<'_, PyAny>) -> Authenticated {
        let py = object.py();
        let hash = object.hash().ok();
        let candidates: Vec<Arc<Known>> = {
            let mut known = lock(&self.known);
            known.retain(|one| one.strong_count() > 0);
            known
                .iter()
                .filter_map(Weak::upgrade)
                .filter(|one| one.hash == hash)
                .collect()
        };
        // Comparing runs Python code, so the lock is not held.
        for one in candidates {
            let known = one.object.bind(py);
            if known.is(object) || known.eq(object).unwrap_or(false) {
                return one;
            }
        }
        let new = Arc::new(Known {
            object: object.clone().unbind(),
            hash,
        });
        lock(&self.known).push(Arc::downgrade(&new));
        new
    }
}

/// The Python object of an identity.
pub(crate) fn object(py: Python<'_>, identity: &Authenticated) -> Option<Py<PyAny>> {
    let known = identity.as_any().downcast_ref::<Known>()?;
    Some(known.object.clone_ref(py))
}
