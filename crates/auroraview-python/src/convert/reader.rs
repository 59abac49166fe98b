//! JSON text and attachments as Python values.

use auroraview_protocol::{Attachment, Given};
use bytes::Bytes;
use jiter::{PythonParse, StringCacheMode};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList};

use super::array::Array;
use super::buffers;
use super::large::new_bytes;
use super::writer::REFERENCE;

/// Reads a value of a page. `Err` is what to tell the sender.
pub(crate) fn decode<'py>(py: Python<'py>, given: &Given) -> Result<Bound<'py, PyAny>, String> {
    let value = from_json(py, given.json.get())?;
    match &given.attachments {
        None => Ok(value),
        Some(attachments) => restore(value, attachments),
    }
}

/// Reads JSON text. `Err` is what to tell the sender.
pub(super) fn from_json<'py>(py: Python<'py>, text: &str) -> Result<Bound<'py, PyAny>, String> {
    let parse = PythonParse {
        cache_mode: StringCacheMode::Keys,
        ..PythonParse::default()
    };
    parse.python_parse(py, text.as_bytes()).map_err(|error| {
        let description = error.description(text.as_bytes());
        // The text is valid JSON, so what jiter refuses of an escape is half of a surrogate pair.
        if description.contains("hex escape") || description.contains("surrogate") {
            "a string holds a lone surrogate, which is no character".to_owned()
        } else {
            description
        }
    })
}

/// The content of a `bytes` object, shared unless it is small.
pub(crate) fn into_bytes(bytes: Bound<'_, PyBytes>) -> Bytes {
    buffers::share(&bytes)
}

/// Puts attachments in the place of references, and a user's own objects in the place of their escapes.
pub(super) fn restore<'py>(
    value: Bound<'py, PyAny>,
    attachments: &[Attachment],
) -> Result<Bound<'py, PyAny>, String> {
    let mut restorer = Restorer {
        attachments,
        made: attachments.iter().map(|_| None).collect(),
    };
    let replacement = restorer.visit(&value)?;
    Ok(replacement.unwrap_or(value))
}

struct Restorer<'a, 'py> {
    attachments: &'a [Attachment],
    /// Two references to one attachment are one object.
    made: Vec<Option<Bound<'py, PyAny>>>,
}

impl<'py> Restorer<'_, 'py> {
    /// Changes containers in place; returns what `value` itself is to be replaced by. The value is a fresh tree out of
    /// the parser, at most as deep as that goes.
    fn visit(&mut self, value: &Bound<'py, PyAny>) -> Result<Option<Bound<'py, PyAny>>, String> {
        if let Ok(list) = value.cast_exact::<PyList>() {
            for (index, item) in list.iter().enumerate() {
                if let Some(other) = self.visit(&item)? {
                    list.set_item(index, other)
                        .map_err(|error| error.to_string())?;
                }
            }
        } else if let Ok(dict) = value.cast_exact::<PyDict>() {
            if dict.len() == 1
                && let Some(inner) = dict.get_item(REFERENCE).map_err(|e| e.to_string())?
            {
                return self.reference(dict, &inner);
            }
            // The keys stay the same, so the dict may be changed while it is read; PyO3's iterator does not know that.
            let mut changes = Vec::new();
            for (key, item) in dict.iter() {
                if let Some(other) = self.visit(&item)? {
                    changes.push((key, other));
                }
            }
            for (key, other) in changes {
                dict.set_item(key, other)
                    .map_err(|error| error.to_string())?;
            }
        }
        Ok(None)
    }

    fn reference(
        &mut self,
        dict: &Bound<'py, PyDict>,
        inner: &Bound<'py, PyAny>,
    ) -> Result<Option<Bound<'py, PyAny>>, String> {
        if let Ok(escaped) = inner.cast_exact::<PyList>()
            && escaped.len() == 1
        {
            let own = escaped.get_item(0).map_err(|error| error.to_string())?;
            let own = self.visit(&own)?.unwrap_or(own);
            dict.set_item(REFERENCE, own)
                .map_err(|error| error.to_string())?;
            return Ok(None);
        }
        let index = match inner.cast_exact::<PyInt>() {
            Ok(number) => number.extract::<usize>().ok(),
            Err(_) => None,
        };
        let Some((index, attachment)) = index.and_then(|at| Some((at, self.attachments.get(at)?)))
        else {
            let count = self.attachments.len();
            return Err(format!(
                "{{\"{REFERENCE}\": ...}} names no attachment: the message has {count}"
            ));
        };
        if self.made[index].is_none() {
            self.made[index] =
                Some(make(dict.py(), attachment).map_err(|error| error.to_string())?);
        }
        Ok(self.made[index].clone())
    }
}

fn make<'py>(py: Python<'py>, attachment: &Attachment) -> PyResult<Bound<'py, PyAny>> {
    Ok(match attachment.dtype {
        None => new_bytes(py, &attachment.data)?.into_any(),
        Some(dtype) => {
            let shape = attachment.shape.as_deref();
            Bound::new(py, Array::new(py, dtype, shape, &attachment.data))?.into_any()
        }
    })
}
