//! What kind of value something is, and how errors name it.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};

use super::unsendable::Fault;
use super::writer::REFERENCE;

/// A `str` proper, not a subclass that may have a form of its own (an `Enum` of strings).
pub(super) fn is_plain(value: &Bound<'_, PyAny>, text: &Bound<'_, PyString>) -> bool {
    value.get_type().is(text.py().get_type::<PyString>())
}

/// Whether an object's only key makes it look like a reference to an attachment.
pub(super) fn is_reference_key(key: &Bound<'_, PyAny>) -> bool {
    key.cast::<PyString>()
        .is_ok_and(|key| key.to_str().is_ok_and(|key| key == REFERENCE))
}

pub(super) fn is_numpy_scalar(value: &Bound<'_, PyAny>) -> Result<bool, Fault> {
    is_of_numpy(value, "generic")
}

/// Some of its elements count as missing, which no typed array can say.
pub(super) fn is_masked_array(value: &Bound<'_, PyAny>) -> Result<bool, Fault> {
    is_of_numpy(value, "MaskedArray")
}

/// Whether a value is of this class of numpy, which is not imported for the question.
fn is_of_numpy(value: &Bound<'_, PyAny>, name: &str) -> Result<bool, Fault> {
    let class = value.get_type();
    for base in class.mro().iter() {
        let base = base.cast_into::<PyType>().map_err(PyErr::from)?;
        if base.name()? == name && base.module()?.to_cow()?.starts_with("numpy") {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn member_step(name: &Bound<'_, PyString>) -> String {
    let name = name.to_string_lossy();
    let is_word = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_word {
        format!(".{name}")
    } else {
        format!("[{name:?}]")
    }
}

pub(super) fn type_name(value: &Bound<'_, PyAny>) -> String {
    let class = value.get_type();
    let name = class
        .qualname()
        .map_or_else(|_| "object".to_owned(), |name| name.to_string());
    match class.module() {
        Ok(module) if module != "builtins" => format!("a value of type {module}.{name}"),
        _ => format!("a value of type {name}"),
    }
}

pub(super) fn short_repr(value: &Bound<'_, PyAny>) -> String {
    let text = value.repr().map_or_else(
        |_| "?".to_owned(),
        |text| text.to_string_lossy().into_owned(),
    );
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// Classes of the standard library that have a plain form.
pub(super) struct Types {
    pub(super) enumeration: Py<PyAny>,
    pub(super) path: Py<PyAny>,
    pub(super) uuid: Py<PyAny>,
    pub(super) decimal: Py<PyAny>,
    pub(super) fields: Py<PyAny>,
}

impl Types {
    pub(super) fn get(py: Python<'_>) -> PyResult<&'static Types> {
        static TYPES: PyOnceLock<Types> = PyOnceLock::new();
        TYPES.get_or_try_init(py, || {
            let find = |module: &str, name: &str| -> PyResult<Py<PyAny>> {
                Ok(py.import(module)?.getattr(name)?.unbind())
            };
            Ok(Types {
                enumeration: find("enum", "Enum")?,
                path: find("pathlib", "PurePath")?,
                uuid: find("uuid", "UUID")?,
                decimal: find("decimal", "Decimal")?,
                fields: find("dataclasses", "fields")?,
            })
        })
    }
}
