//! The transport for tests: frames go to a Python function on the notice thread.

use std::sync::Arc;

use auroraview_protocol::Batch;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::bridge::Bridge;
use crate::convert::into_bytes;
use crate::lane::notices;
use crate::notice::Notice;
use crate::peer::{Outlet, Peer, PeerCore};

struct MemoryOutlet {
    receive: Arc<Py<PyAny>>,
}

impl Outlet for MemoryOutlet {
    fn deliver(&self, batch: Batch) {
        notices().notice(&self.receive, Notice::Frame(batch.text, batch.attachments));
    }
}

/// A peer whose page is Python code.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Memory {
    peer: Arc<PeerCore>,
}

#[pymethods]
impl Memory {
    /// `receive(frame_text, attachments)` gets frames, `callback(name, ...)` what happens; both on the notice thread.
    #[new]
    fn new(bridge: &Bridge, receive: Py<PyAny>, callback: Py<PyAny>) -> Memory {
        let outlet = MemoryOutlet {
            receive: Arc::new(receive),
        };
        let core = Arc::clone(&bridge.core);
        let peer = PeerCore::new(core, Box::new(outlet), Arc::new(callback));
        peer.set_connected(true);
        Memory { peer }
    }

    #[getter]
    fn peer(&self) -> Peer {
        Peer {
            core: Arc::clone(&self.peer),
        }
    }

    /// Takes a frame from the page.
    #[pyo3(signature = (frame, attachments = None))]
    fn post(&self, py: Python<'_>, frame: &str, attachments: Option<Vec<Bound<'_, PyBytes>>>) {
        let attachments = attachments.unwrap_or_default();
        let attachments = attachments.into_iter().map(into_bytes).collect();
        py.detach(|| self.peer.receive(frame, attachments));
    }

    /// The page's document went away without a word.
    fn document_gone(&self, py: Python<'_>) {
        py.detach(|| self.peer.document_gone());
    }
}
