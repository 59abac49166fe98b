//! The transport for tests: frames go to a Python function on the notice thread.

use std::sync::Arc;

use auroraview_protocol::Batch;
use pyo3::prelude::*;

use crate::bridge::Bridge;
use crate::lane::notices;
use crate::notice::Notice;
use crate::peer::{Outlet, Peer, PeerCore};

struct MemoryOutlet {
    receive: Arc<Py<PyAny>>,
}

impl Outlet for MemoryOutlet {
    fn deliver(&self, batch: Batch) {
        notices().notice(&self.receive, Notice::Text(batch.text));
    }
}

/// A peer whose page is Python code.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Memory {
    peer: Arc<PeerCore>,
}

#[pymethods]
impl Memory {
    /// `receive(frame_text)` gets frames, `callback(name, ...)` what happens; both on the notice thread.
    #[new]
    fn new(bridge: &Bridge, receive: Py<PyAny>, callback: Py<PyAny>) -> Memory {
        let outlet = MemoryOutlet {
            receive: Arc::new(receive),
        };
        let core = Arc::clone(&bridge.core);
        Memory {
            peer: PeerCore::new(core, Box::new(outlet), Arc::new(callback)),
        }
    }

    #[getter]
    fn peer(&self) -> Peer {
        Peer {
            core: Arc::clone(&self.peer),
        }
    }

    /// Takes a frame from the page.
    fn post(&self, py: Python<'_>, frame: &str) {
        py.detach(|| self.peer.receive(frame));
    }

    /// The page's document went away without a word.
    fn document_gone(&self, py: Python<'_>) {
        py.detach(|| self.peer.document_gone());
    }
}
