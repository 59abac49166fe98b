//! A session of a server: the program's side of a browser.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::lane::Work;
use crate::notice::Notice;
use crate::peer::PeerCore;

/// What a peer of a server has besides a session.
pub(crate) struct Link {
    notice: Arc<Py<PyAny>>,
}

impl Link {
    pub(crate) fn callback(&self) -> &Arc<Py<PyAny>> {
        &self.notice
    }

    pub(crate) fn was_reset(&self) {}

    pub(crate) fn kick(&self, _reason: &str) {}

    pub(crate) fn info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        Ok(PyTuple::empty(py))
    }

    pub(crate) fn tell<'py>(
        _py: Python<'py>,
        _peer: &Arc<PeerCore>,
        _notice: Notice,
    ) -> PyResult<Option<Work<'py>>> {
        Ok(None)
    }
}
