//! The one mapping of errors to Python: the classes of `auroraview.errors`.

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

static ERRORS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

/// Makes an exception of a class of `auroraview.errors`.
fn make(py: Python<'_>, class: &str, text: String) -> PyErr {
    let class = ERRORS
        .get_or_try_init(py, || {
            PyModule::import(py, "auroraview.errors").map(Bound::unbind)
        })
        .and_then(|module| module.bind(py).getattr(class));
    match class.and_then(|class| class.cast_into::<PyType>().map_err(PyErr::from)) {
        Ok(class) => PyErr::from_type(class, text),
        Err(error) => error,
    }
}

pub(crate) fn usage(py: Python<'_>, text: impl Into<String>) -> PyErr {
    make(py, "UsageError", text.into())
}

pub(crate) fn host(py: Python<'_>, text: impl Into<String>) -> PyErr {
    make(py, "HostError", text.into())
}

pub(crate) fn backpressure(py: Python<'_>, text: impl Into<String>) -> PyErr {
    make(py, "Backpressure", text.into())
}

/// Makes an `OSError`, with its number where it has one: PyO3's own conversion leaves that out.
pub(crate) fn os(error: &std::io::Error) -> PyErr {
    os_of(error, None)
}

/// As [`os`], with the path that it is about: the exception's `filename`.
pub(crate) fn os_of(error: &std::io::Error, path: Option<std::ffi::OsString>) -> PyErr {
    let text = error.to_string();
    match error.raw_os_error() {
        Some(number) => {
            let text = text
                .split(" (os error")
                .next()
                .unwrap_or_default()
                .to_owned();
            PyOSError::new_err((number, text, path))
        }
        None => PyOSError::new_err(text),
    }
}
