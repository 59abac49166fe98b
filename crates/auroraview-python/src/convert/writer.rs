//! Python values as JSON text and attachments.

use auroraview_protocol::{Attachment, Encoded, write_json_string};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyBytes, PyDate, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PyMapping, PyMemoryView,
    PySet, PyString, PyTime, PyTuple, PyType,
};

use super::buffers::{self, Content};
use super::kinds::{
    Types, is_masked_array, is_numpy_scalar, is_plain, is_reference_key, member_step, short_repr,
    type_name,
};
use super::unsendable::{Fault, Unsendable};

/// Integers that JavaScript can hold exactly.
const SAFE_INTEGER: i64 = (1 << 53) - 1;
/// How many values within each other may be written as something else (an `Enum`, a class with a hook).
const STAND_INS: usize = 200;
/// The one key of a reference to an attachment.
pub(super) const REFERENCE: &str = "$av";

/// Writes a value for the wire; `root` names it in errors.
pub(crate) fn encode(
    value: &Bound<'_, PyAny>,
    root: &str,
    depth: usize,
) -> Result<Encoded, Unsendable> {
    let mut writer = Writer {
        out: String::with_capacity(64),
        attachments: Vec::new(),
        escaped: false,
        open: Vec::new(),
        limit: depth,
        stand_ins: 0,
    };
    match writer.write(value) {
        Ok(()) => Ok(Encoded {
            json: writer.out,
            attachments: writer.attachments,
            escaped: writer.escaped,
        }),
        Err(fault) => Err(fault.told(root, depth)),
    }
}

struct Writer {
    out: String,
    attachments: Vec<Attachment>,
    /// An object of the program looks like a reference and was written so that it is none.
    escaped: bool,
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
        } else if value.is_exact_instance_of::<PyBytes>() {
            return self.buffer(value);
        }
        self.other(value)
    }

    /// Writes a reference to what a value's buffer holds.
    fn buffer(&mut self, value: &Bound<'_, PyAny>) -> Result<(), Fault> {
        use std::fmt::Write;
        match buffers::read(value)? {
            Content::Attachment(attachment) => {
                let index = self.attachments.len();
                self.attachments.push(attachment);
                write!(self.out, "{{\"{REFERENCE}\":{index}}}")
                    .map_err(|error| Fault::new(error.to_string()))
            }
            Content::Scalar => {
                // numpy's own way knows more formats than that of the standard library.
                let number = if value.hasattr("item")? {
                    value.call_method0("item")?
                } else {
                    PyMemoryView::from(value)?.call_method0("tolist")?
                };
                self.nested(value, &number)
            }
        }
    }

    /// Writes the value of an object whose one key is that of references, so that it is read back as itself.
    fn escape(&mut self, value: &Bound<'_, PyAny>) -> Result<(), Fault> {
        self.escaped = true;
        self.out.push_str("{\"$av\":[");
        self.write(value)
            .map_err(|fault| fault.at(|| format!("[{REFERENCE:?}]")))?;
        self.out.push_str("]}");
        Ok(())
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
        let length = dict.len();
        if length == 1
            && let Some((key, value)) = dict.iter().next()
            && is_reference_key(&key)
        {
            self.escape(&value)?;
            self.open.pop();
            return Ok(());
        }
        self.out.push('{');
        // A conversion hook may change the dict, and PyO3's iterator would panic.
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

    fn mapping(&mut self, mapping: &Bound<'_, PyMapping>) -> Result<(), Fault> {
        self.enter(mapping.as_any())?;
        let items = mapping.items()?;
        let mut first = true;
        let only = items.len() == 1;
        for item in items.iter() {
            let (key, item): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
            if only && is_reference_key(&key) {
                self.escape(&item)?;
                self.open.pop();
                return Ok(());
            }
            if first {
                self.out.push('{');
            }
            self.member(&mut first, &key, &item)?;
        }
        self.out.push_str(if first { "{}" } else { "}" });
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
        if buffers::is_exporter(value) && !is_numpy_scalar(value)? {
            if is_masked_array(value)? {
                return Err(Fault::new(
                    "a masked array cannot be sent, for its mask would be lost; send its filled(...)",
                ));
            }
            return self.buffer(value);
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
            return self.mapping(mapping);
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
