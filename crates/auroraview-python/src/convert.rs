//! Python values to JSON text and back.
//!
//! Writing follows the table "Results" of the documentation: JSON's own types directly, a few well-known types by their
//! plain form, everything else is a `TypeError` that names the path to the value. Reading is jiter's.

use auroraview_protocol::{ErrorObject, write_json_string};
use jiter::{PythonParse, StringCacheMode};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyDate, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PyMapping, PySet, PyString,
    PyTime, PyTuple, PyType,
};

/// Integers that JavaScript can hold exactly.
const SAFE_INTEGER: i64 = (1 << 53) - 1;
/// How many values within each other may be written as something else (an `Enum`, a class with a hook).
const STAND_INS: usize = 200;

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

/// Writes a value as JSON text; `root` names it in errors.
pub(crate) fn to_json(
    value: &Bound<'_, PyAny>,
    root: &str,
    depth: usize,
) -> Result<String, Unsendable> {
    let mut writer = Writer {
        out: String::with_capacity(64),
        open: Vec::new(),
        limit: depth,
        stand_ins: 0,
    };
    match writer.write(value) {
        Ok(()) => Ok(writer.out),
        Err(Fault::Raised(error)) => Err(Unsendable::Raised(error)),
        Err(Fault::Depth) => Err(Unsendable::Depth {
            path: root.to_owned(),
            limit: depth,
        }),
        Err(Fault::Value { problem, steps }) => {
            let mut path = root.to_owned();
            for step in steps.iter().rev() {
                path.push_str(step);
            }
            Err(Unsendable::Type { path, problem })
        }
    }
}

/// Reads JSON text. `Err` is what to tell the sender.
pub(crate) fn from_json<'py>(py: Python<'py>, text: &str) -> Result<Bound<'py, PyAny>, String> {
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

/// JSON text of a value.
#[pyfunction]
#[pyo3(signature = (value, root, depth))]
pub(crate) fn dumps(value: &Bound<'_, PyAny>, root: &str, depth: usize) -> PyResult<String> {
    to_json(value, root, depth).map_err(Unsendable::into_exception)
}

/// The value of JSON text.
#[pyfunction]
pub(crate) fn loads<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    from_json(py, text).map_err(pyo3::exceptions::PyValueError::new_err)
}

/// What stopped the writer; steps are collected from the inside out.
enum Fault {
    /// Something that is no `Exception`, as Ctrl-C is.
    Raised(PyErr),
    Depth,
    Value {
        problem: String,
        steps: Vec<String>,
    },
}

impl Fault {
    fn new(problem: impl Into<String>) -> Fault {
        Fault::Value {
            problem: problem.into(),
            steps: Vec::new(),
        }
    }

    fn at(mut self, step: impl FnOnce() -> String) -> Fault {
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

struct Writer {
    out: String,
    /// The containers that are being written, to find cycles.
    open: Vec<usize>,
    limit: usize,
    /// How many values that stand for others are being written.
    stand_ins: usize,
}

impl Writer {
    fn write(&mut self, value: &Bound<'_, PyAny>) -> Result<(), Fault> {
        if let Ok(text) = value.cast::<PyString>() {
            if is_plain(value, text) {
                return self.string(text);
            }
        } else if value.is_none() {
            self.out.push_str("null");
            return Ok(());
        } else if let Ok(flag) = value.cast::<PyBool>() {
            self.out
                .push_str(if flag.is_true() { "true" } else { "false" });
            return Ok(());
        } else if let Ok(number) = value.cast_exact::<PyInt>() {
            return self.integer(number);
        } else if let Ok(number) = value.cast_exact::<PyFloat>() {
            self.float(number.value());
            return Ok(());
        } else if let Ok(dict) = value.cast_exact::<PyDict>() {
            return self.dict(dict);
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            return self.sequence(value, list.iter());
        } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            return self.sequence(value, tuple.iter());
        }
        self.other(value)
    }

    fn string(&mut self, text: &Bound<'_, PyString>) -> Result<(), Fault> {
        match text.to_str() {
            Ok(text) => {
                write_json_string(&mut self.out, text);
                Ok(())
            }
            Err(_) => Err(Fault::new(
                "the string holds a lone surrogate, which is no character",
            )),
        }
    }

    fn integer(&mut self, number: &Bound<'_, PyAny>) -> Result<(), Fault> {
        match number.extract::<i64>() {
            Ok(value) if (-SAFE_INTEGER..=SAFE_INTEGER).contains(&value) => {
                use std::fmt::Write;
                write!(self.out, "{value}").map_err(|error| Fault::new(error.to_string()))
            }
            _ => Err(Fault::new(
                "the int is outside ±(2**53 - 1), the range JavaScript holds exactly; send it as a string",
            )),
        }
    }

    fn float(&mut self, value: f64) {
        if value.is_finite() {
            match serde_json::Number::from_f64(value) {
                Some(number) => self.out.push_str(&number.to_string()),
                None => self.out.push_str("null"),
            }
        } else {
            self.out.push_str("null");
        }
    }

    fn enter(&mut self, value: &Bound<'_, PyAny>) -> Result<(), Fault> {
        if self.open.len() >= self.limit {
            return Err(Fault::Depth);
        }
        let address = value.as_ptr() as usize;
        if self.open.contains(&address) {
            return Err(Fault::new("the value contains itself"));
        }
        self.open.push(address);
        Ok(())
    }

    fn dict(&mut self, dict: &Bound<'_, PyDict>) -> Result<(), Fault> {
        self.enter(dict.as_any())?;
        self.out.push('{');
        // A conversion hook may change the dict, and PyO3's iterator would panic.
        let length = dict.len();
        let mut items = dict.iter();
        let mut first = true;
        for _ in 0..length {
            if dict.len() != length {
                return Err(Fault::new("the dict changed while it was read"));
            }
            let Some((key, value)) = items.next() else {
                break;
            };
            self.member(&mut first, &key, &value)?;
        }
        self.out.push('}');
        self.open.pop();
        Ok(())
    }

    fn member(
        &mut self,
        first: &mut bool,
        key: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
    ) -> Result<(), Fault> {
        if !std::mem::take(first) {
            self.out.push(',');
        }
        let Ok(name) = key.cast::<PyString>() else {
            return Err(Fault::new(format!(
                "the key {} is {}, and JSON has only string keys",
                short_repr(key),
                type_name(key),
            )));
        };
        self.string(name)
            .map_err(|fault| fault.at(|| member_step(name)))?;
        self.out.push(':');
        self.write(value)
            .map_err(|fault| fault.at(|| member_step(name)))
    }

    fn sequence<'py>(
        &mut self,
        container: &Bound<'py, PyAny>,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
    ) -> Result<(), Fault> {
        self.enter(container)?;
        self.out.push('[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.write(&item)
                .map_err(|fault| fault.at(|| format!("[{index}]")))?;
        }
        self.out.push(']');
        self.open.pop();
        Ok(())
    }

    /// Everything that is not exactly one of JSON's own types.
    fn other(&mut self, value: &Bound<'_, PyAny>) -> Result<(), Fault> {
        let py = value.py();
        let types = Types::get(py)?;
        if let Some(plain) = self.hook(value)? {
            return self.nested(value, &plain);
        }
        if value.is_instance(types.enumeration.bind(py))? {
            return self.nested(value, &value.getattr("value")?);
        }
        if let Ok(text) = value.cast::<PyString>() {
            return self.string(text);
        }
        if value.is_instance_of::<PyInt>() {
            return self.integer(value);
        }
        if let Ok(number) = value.cast::<PyFloat>() {
            self.float(number.value());
            return Ok(());
        }
        if value.is_instance_of::<PyDate>() || value.is_instance_of::<PyTime>() {
            return self.write(&value.call_method0("isoformat")?);
        }
        for (class, convert) in [
            (&types.path, "__fspath__"),
            (&types.uuid, "__str__"),
            (&types.decimal, "__str__"),
        ] {
            if value.is_instance(class.bind(py))? {
                return self.write(&value.call_method0(convert)?);
            }
        }
        if value.hasattr("__dataclass_fields__")? && !value.is_instance_of::<PyType>() {
            return self.dataclass(value, types);
        }
        if let Ok(mapping) = value.cast::<PyMapping>() {
            self.enter(value)?;
            self.out.push('{');
            let mut first = true;
            for item in mapping.items()?.iter() {
                let (key, item): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
                self.member(&mut first, &key, &item)?;
            }
            self.out.push('}');
            self.open.pop();
            return Ok(());
        }
        if let Ok(list) = value.cast::<PyList>() {
            return self.sequence(value, list.iter());
        }
        if let Ok(tuple) = value.cast::<PyTuple>() {
            return self.sequence(value, tuple.iter());
        }
        if value.is_instance_of::<PySet>() || value.is_instance_of::<PyFrozenSet>() {
            // A copy: a conversion hook may change the set.
            let items = value.try_iter()?.collect::<PyResult<Vec<_>>>()?;
            return self.sequence(value, items.into_iter());
        }
        if is_numpy_scalar(value)? {
            return self.write(&value.call_method0("item")?);
        }
        Err(Fault::new(format!(
            "{} cannot be sent; convert it, or give its class a method __auroraview_json__",
            type_name(value)
        )))
    }

    fn hook<'py>(&self, value: &Bound<'py, PyAny>) -> Result<Option<Bound<'py, PyAny>>, Fault> {
        let class = value.get_type();
        match class.getattr_opt("__auroraview_json__")? {
            Some(method) => Ok(Some(method.call1((value,))?)),
            None => Ok(None),
        }
    }

    /// Writes what stands for a value, which may not be (or contain) the value again.
    fn nested(&mut self, value: &Bound<'_, PyAny>, plain: &Bound<'_, PyAny>) -> Result<(), Fault> {
        if self.stand_ins == STAND_INS {
            return Err(Fault::new(format!(
                "{STAND_INS} values in a row stand for each other"
            )));
        }
        self.enter(value)?;
        // The stand-in is not a level of its own in the JSON text.
        self.limit += 1;
        self.stand_ins += 1;
        let result = self.write(plain);
        self.stand_ins -= 1;
        self.limit -= 1;
        self.open.pop();
        result
    }

    fn dataclass(&mut self, value: &Bound<'_, PyAny>, types: &Types) -> Result<(), Fault> {
        let py = value.py();
        self.enter(value)?;
        self.out.push('{');
        let mut first = true;
        for field in types.fields.bind(py).call1((value,))?.try_iter()? {
            let name = field?.getattr("name")?;
            let name = name.cast_into::<PyString>().map_err(PyErr::from)?;
            let item = value.getattr(&name)?;
            self.member(&mut first, name.as_any(), &item)?;
        }
        self.out.push('}');
        self.open.pop();
        Ok(())
    }
}

/// A `str` proper, not a subclass that may have a form of its own (an `Enum` of strings).
fn is_plain(value: &Bound<'_, PyAny>, text: &Bound<'_, PyString>) -> bool {
    value.get_type().is(text.py().get_type::<PyString>())
}

fn is_numpy_scalar(value: &Bound<'_, PyAny>) -> Result<bool, Fault> {
    let class = value.get_type();
    for base in class.mro().iter() {
        let base = base.cast_into::<PyType>().map_err(PyErr::from)?;
        if base.name()? == "generic" && base.module()?.to_cow()?.starts_with("numpy") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn member_step(name: &Bound<'_, PyString>) -> String {
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

fn type_name(value: &Bound<'_, PyAny>) -> String {
    let class = value.get_type();
    let name = class
        .qualname()
        .map_or_else(|_| "object".to_owned(), |name| name.to_string());
    match class.module() {
        Ok(module) if module != "builtins" => format!("a value of type {module}.{name}"),
        _ => format!("a value of type {name}"),
    }
}

fn short_repr(value: &Bound<'_, PyAny>) -> String {
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
struct Types {
    enumeration: Py<PyAny>,
    path: Py<PyAny>,
    uuid: Py<PyAny>,
    decimal: Py<PyAny>,
    fields: Py<PyAny>,
}

impl Types {
    fn get(py: Python<'_>) -> PyResult<&'static Types> {
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
