//! What Python is told of, as plain data: made by threads without the GIL, turned into arguments by the one that calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::convert::new_bytes;
use crate::gate::Permit;

/// Arguments of a callback, as plain data.
pub(crate) enum Notice {
    /// A frame and its attachments.
    Frame(String, Vec<Bytes>),
    /// A frame that passed, and who sent it.
    Traffic(&'static str, String, Vec<Bytes>),
    Nothing,
    Plain(&'static str),
    Named(&'static str, String),
    Numbers(&'static str, i64, i64),
    Answer(&'static str, u64, Result<Payload, (String, String)>),
    Question(&'static str, u64, String, bool),
    Loading(&'static str, String, bool),
    /// A window's page has this origin, the window this id.
    Opened(&'static str, String, Option<u64>),
    Text(&'static str, &'static str, String),
    Number(&'static str, i64),
    /// A question's answer as JSON text, or what went wrong; neither: its window is gone.
    Answered(u64, Result<String, Option<String>>),
    /// A line of the page's console: level, text, script, line in it.
    Console(&'static str, String, Option<String>, Option<u32>),
    /// So many lines of the page's console were not told; counted until this is.
    Dropped(Arc<AtomicU64>),
    /// One of those of which only so many may wait.
    Gated(Box<Notice>, Permit),
    /// A line that a window's process wrote: where to, its process id (0: not known yet), the line.
    Line(&'static str, u32, String),
}

/// A successful answer.
pub(crate) enum Payload {
    Json(String),
    Bytes(Vec<u8>),
}

fn as_bytes<'py>(py: Python<'py>, attachments: &[Bytes]) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    attachments
        .iter()
        .map(|attachment| new_bytes(py, attachment))
        .collect()
}

impl Notice {
    pub(crate) fn into_args(self, py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
        match self {
            Notice::Frame(text, attachments) => {
                (text, as_bytes(py, &attachments)?).into_pyobject(py)
            }
            Notice::Traffic(from, text, attachments) => {
                (from, text, as_bytes(py, &attachments)?).into_pyobject(py)
            }
            Notice::Nothing => Ok(PyTuple::empty(py)),
            Notice::Plain(name) => (name,).into_pyobject(py),
            Notice::Named(name, text) => (name, text).into_pyobject(py),
            Notice::Numbers(name, a, b) => (name, a, b).into_pyobject(py),
            Notice::Answer(name, request, Ok(Payload::Json(text))) => {
                (name, request, text, py.None(), py.None()).into_pyobject(py)
            }
            Notice::Answer(name, request, Ok(Payload::Bytes(bytes))) => {
                let bytes = new_bytes(py, &bytes)?;
                (name, request, bytes, py.None(), py.None()).into_pyobject(py)
            }
            Notice::Answer(name, request, Err((class, message))) => {
                (name, request, py.None(), class, message).into_pyobject(py)
            }
            Notice::Question(name, request, text, flag) => {
                (name, request, text, flag).into_pyobject(py)
            }
            Notice::Loading(name, url, flag) => (name, url, flag).into_pyobject(py),
            Notice::Opened(name, origin, native_id) => (name, origin, native_id).into_pyobject(py),
            Notice::Text(name, kind, text) => (name, kind, text).into_pyobject(py),
            Notice::Number(name, number) => (name, number).into_pyobject(py),
            Notice::Answered(request, Ok(text)) => {
                ("answered", request, text, py.None()).into_pyobject(py)
            }
            Notice::Answered(request, Err(problem)) => {
                ("answered", request, py.None(), problem).into_pyobject(py)
            }
            Notice::Console(level, text, source, line) => {
                ("console", level, text, source, line).into_pyobject(py)
            }
            Notice::Dropped(count) => {
                let text = format!("{} messages were dropped", count.swap(0, Ordering::AcqRel));
                ("console", "warning", text, py.None(), py.None()).into_pyobject(py)
            }
            Notice::Gated(notice, _permit) => notice.into_args(py),
            Notice::Line(stream, pid, line) => ("line", stream, pid, line).into_pyobject(py),
        }
    }
}
