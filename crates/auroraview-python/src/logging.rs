//! Log lines of the Rust code go to Python's `logging`, on the notice thread: the thread that logs may be the GUI
//! thread, which never runs Python.

use std::sync::{Arc, OnceLock};

use pyo3::prelude::*;

use crate::lane::notices;
use crate::notice::Notice;

struct ToPython {
    callback: OnceLock<Arc<Py<PyAny>>>,
}

static LOGGER: ToPython = ToPython {
    callback: OnceLock::new(),
};

impl log::Log for ToPython {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        // Our own crates alone: at its lowest levels the WebSocket library logs whole frames, secrets included.
        let target = metadata.target();
        ["_core", "auroraview_server", "auroraview_child"]
            .iter()
            .any(|ours| target.starts_with(ours))
    }

    fn log(&self, record: &log::Record<'_>) {
        if let (true, Some(callback)) = (self.enabled(record.metadata()), self.callback.get()) {
            let level = match record.level() {
                log::Level::Error => "error",
                log::Level::Warn => "warning",
                log::Level::Info => "info",
                log::Level::Debug | log::Level::Trace => "debug",
            };
            notices().notice(callback, Notice::Named(level, record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// Sends log lines to `callback(level_name, text)`; the first callback stays.
#[pyfunction]
pub(crate) fn set_logger(callback: Py<PyAny>) {
    if LOGGER.callback.set(Arc::new(callback)).is_ok() && log::set_logger(&LOGGER).is_ok() {
        log::set_max_level(log::LevelFilter::Debug);
    }
}
