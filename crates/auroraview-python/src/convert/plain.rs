//! The conversions as functions, for the parts of the package that speak the wire themselves.

use auroraview_protocol::{Attachment, Dtype};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::large::new_bytes;
use super::reader::{from_json, into_bytes, restore};
use super::unsendable::Unsendable;
use super::writer::encode;

/// Bytes, name of the elements' type, shape.
type PlainAttachment<'py> = (Bound<'py, PyBytes>, Option<String>, Option<Vec<usize>>);

/// JSON text of a value, its attachments, and whether it has escapes. With either the message needs an `att`.
#[pyfunction]
pub(crate) fn dumps<'py>(
    value: &Bound<'py, PyAny>,
    root: &str,
    depth: usize,
) -> PyResult<(String, Vec<Bound<'py, PyTuple>>, bool)> {
    let py = value.py();
    let encoded = encode(value, root, depth).map_err(Unsendable::into_exception)?;
    let rows = encoded.attachments.iter().map(|attachment| {
        let dtype = attachment.dtype.map(Dtype::as_str);
        let shape = attachment.shape.clone();
        (new_bytes(py, &attachment.data)?, dtype, shape).into_pyobject(py)
    });
    let rows = rows.collect::<PyResult<_>>()?;
    Ok((encoded.json, rows, encoded.escaped))
}

/// The value of JSON text. With `attachments` (which may be empty) references to them are replaced.
#[pyfunction]
#[pyo3(signature = (text, attachments = None))]
pub(crate) fn loads<'py>(
    py: Python<'py>,
    text: &str,
    attachments: Option<Vec<PlainAttachment<'py>>>,
) -> PyResult<Bound<'py, PyAny>> {
    let value = from_json(py, text).map_err(PyValueError::new_err)?;
    let Some(rows) = attachments else {
        return Ok(value);
    };
    let mut attachments = Vec::with_capacity(rows.len());
    for (data, dtype, shape) in rows {
        let dtype = match dtype {
            Some(name) => Some(Dtype::parse(&name).ok_or_else(|| {
                PyValueError::new_err(format!("there is no element type {name:?}"))
            })?),
            None => None,
        };
        let data = into_bytes(data);
        let attachment = Attachment { dtype, shape, data };
        if !attachment.fits() {
            let (bytes, shape) = (attachment.data.len(), &attachment.shape);
            let text = format!("{bytes} bytes do not make an array of shape {shape:?}");
            return Err(PyValueError::new_err(text));
        }
        attachments.push(attachment);
    }
    restore(value, &attachments).map_err(PyValueError::new_err)
}
