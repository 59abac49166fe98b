//! Why a value cannot be sent: as the writer meets it, and as whoever sent it is told.

use auroraview_protocol::ErrorObject;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

/// Why a value cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unsendable {
    /// A conversion hook raised what is no `Exception`.
    #[error("{0}")]
    Raised(PyErr),
    /// Its type or content is not representable.
    #[error("{path}: {problem}")]
    Type {
        /// Where it stands, as in `result.items[3].mesh`.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Nested too deeply.
    #[error("{path} is nested deeper than {limit}")]
    Depth {
        /// The outermost name.
        path: String,
        /// The limit.
        limit: usize,
    },
}

impl Unsendable {
    /// What has to be raised all the same.
    pub(crate) fn raised(&self, py: Python<'_>) -> Option<PyErr> {
        match self {
            Unsendable::Raised(error) => Some(error.clone_ref(py)),
            Unsendable::Type { .. } | Unsendable::Depth { .. } => None,
        }
    }

    /// As an answer to the page.
    pub(crate) fn into_object(self) -> ErrorObject {
        let text = self.to_string();
        match self {
            Unsendable::Raised(_) | Unsendable::Type { .. } => {
                ErrorObject::handler_error("TypeError", text)
            }
            Unsendable::Depth { .. } => ErrorObject::too_large(text),
        }
    }

    /// As an exception: `TypeError`, or `ValueError` for depth.
    pub(crate) fn into_exception(self) -> PyErr {
        let text = self.to_string();
        match self {
            Unsendable::Raised(error) => error,
            Unsendable::Type { .. } => pyo3::exceptions::PyTypeError::new_err(text),
            Unsendable::Depth { .. } => pyo3::exceptions::PyValueError::new_err(text),
        }
    }
}

/// What stopped the writer; steps are collected from the inside out.
pub(super) enum Fault {
    /// Something that is no `Exception`, as Ctrl-C is.
    Raised(PyErr),
    Depth,
    Value {
        problem: String,
        steps: Vec<String>,
    },
}

impl Fault {
    pub(super) fn new(problem: impl Into<String>) -> Fault {
        Fault::Value {
            problem: problem.into(),
            steps: Vec::new(),
        }
    }

    pub(super) fn at(mut self, step: impl FnOnce() -> String) -> Fault {
        if let Fault::Value { steps, .. } = &mut self {
            steps.push(step());
        }
        self
    }
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Fault {
        let ordinary = Python::attach(|py| error.is_instance_of::<PyException>(py));
        if ordinary {
            Fault::new(error.to_string())
        } else {
            Fault::Raised(error)
        }
    }
}

impl Fault {
    /// For whoever sent the value, which `root` names.
    pub(super) fn told(self, root: &str, depth: usize) -> Unsendable {
        match self {
            Fault::Raised(error) => Unsendable::Raised(error),
            Fault::Depth => Unsendable::Depth {
                path: root.to_owned(),
                limit: depth,
            },
            Fault::Value { problem, steps } => {
                let mut path = root.to_owned();
                for step in steps.iter().rev() {
                    path.push_str(step);
                }
                Unsendable::Type { path, problem }
            }
        }
    }
}
