//! Do the parameters of a call fit a handler? Checked before the handler runs, so that a caller's mistake is told apart
//! from a `TypeError` inside the handler.
//!
//! Python's own `Signature.bind` does the same and takes longer than a whole call may.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

/// What a handler takes, as `inspect.signature` says.
pub(crate) struct Signature {
    /// The signature's text, for messages.
    text: String,
    parameters: Vec<Parameter>,
    /// `*args`
    any_positional: bool,
    /// `**kwargs`
    any_named: bool,
}

struct Parameter {
    name: String,
    kind: Kind,
    required: bool,
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Kind {
    PositionalOnly,
    Either,
    NamedOnly,
}

/// Parameters as they came: by name, by position, one value, or none.
pub(crate) enum Arguments<'py> {
    None,
    Named(Bound<'py, PyDict>),
    Positional(Bound<'py, PyList>),
    One(Bound<'py, PyAny>),
}

impl<'py> Arguments<'py> {
    /// The mapping of `params` in PROTOCOL.md.
    pub(crate) fn of_call(params: Option<Bound<'py, PyAny>>) -> Arguments<'py> {
        match params {
            None => Arguments::None,
            Some(value) => match value.cast_into_exact::<PyDict>() {
                Ok(dict) => Arguments::Named(dict),
                Err(error) => match error.into_inner().cast_into_exact::<PyList>() {
                    Ok(list) => Arguments::Positional(list),
                    Err(error) => Arguments::One(error.into_inner()),
                },
            },
        }
    }

    /// An event's handler takes the detail, or nothing at all.
    pub(crate) fn of_event(
        detail: Bound<'py, PyAny>,
        signature: Option<&Signature>,
    ) -> Arguments<'py> {
        match signature {
            Some(signature) if !signature.takes_a_value() => Arguments::None,
            _ => Arguments::One(detail),
        }
    }

    pub(crate) fn into_python(
        self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyTuple>, Option<Bound<'py, PyDict>>)> {
        Ok(match self {
            Arguments::None => (PyTuple::empty(py), None),
            Arguments::Named(dict) => (PyTuple::empty(py), Some(dict)),
            Arguments::Positional(list) => (list.to_tuple(), None),
            Arguments::One(value) => (PyTuple::new(py, [value])?, None),
        })
    }
}

impl Signature {
    /// Takes `(text, [(name, kind, required)])` with the kinds of `inspect.Parameter` as numbers.
    pub(crate) fn new(text: String, parameters: Vec<(String, u8, bool)>) -> Signature {
        let mut signature = Signature {
            text,
            parameters: Vec::with_capacity(parameters.len()),
            any_positional: false,
            any_named: false,
        };
        for (name, kind, required) in parameters {
            let kind = match kind {
                0 => Kind::PositionalOnly,
                1 => Kind::Either,
                2 => {
                    signature.any_positional = true;
                    continue;
                }
                3 => Kind::NamedOnly,
                _ => {
                    signature.any_named = true;
                    continue;
                }
            };
            signature.parameters.push(Parameter {
                name,
                kind,
                required,
            });
        }
        signature
    }

    fn positional(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters
            .iter()
            .filter(|parameter| parameter.kind != Kind::NamedOnly)
    }

    fn takes_a_value(&self) -> bool {
        self.any_positional || self.positional().next().is_some()
    }

    /// `Err` says what was expected and what to write instead.
    pub(crate) fn check(&self, method: &str, arguments: &Arguments<'_>) -> Result<(), String> {
        match arguments {
            Arguments::None => self.check_positional(method, 0),
            Arguments::One(_) => self.check_positional(method, 1),
            Arguments::Positional(list) => self.check_positional(method, list.len()),
            Arguments::Named(dict) => self.check_named(method, dict),
        }
    }

    fn check_positional(&self, method: &str, given: usize) -> Result<(), String> {
        let mut room = 0;
        for (index, parameter) in self.positional().enumerate() {
            room += 1;
            if parameter.required && index >= given {
                return Err(self.complain(
                    method,
                    &format!("the parameter '{}' is missing", parameter.name),
                    "",
                ));
            }
        }
        if given > room && !self.any_positional {
            let problem = match room {
                0 => "it takes no parameters".to_owned(),
                1 => format!("it takes 1 parameter, and {given} were given"),
                _ => format!("it takes {room} parameters, and {given} were given"),
            };
            let remedy = if room == 1 && given > 1 {
                format!("; to pass one list as the parameter: call(\"{method}\", [list])")
            } else {
                String::new()
            };
            return Err(self.complain(method, &problem, &remedy));
        }
        match self
            .parameters
            .iter()
            .find(|parameter| parameter.kind == Kind::NamedOnly && parameter.required)
        {
            Some(parameter) => Err(self.complain(
                method,
                &format!("the parameter '{}' must be given by name", parameter.name),
                &format!(
                    "; pass an object: call(\"{method}\", {{{}: ...}})",
                    parameter.name
                ),
            )),
            None => Ok(()),
        }
    }

    fn check_named(&self, method: &str, given: &Bound<'_, PyDict>) -> Result<(), String> {
        let mut known = 0;
        for parameter in &self.parameters {
            let is_given = parameter.kind != Kind::PositionalOnly
                && given.contains(parameter.name.as_str()).unwrap_or(false);
            if is_given {
                known += 1;
            } else if parameter.required {
                let problem = format!("the parameter '{}' is missing", parameter.name);
                return Err(self.complain(method, &problem, &self.one_object(method)));
            }
        }
        if known == given.len() || self.any_named {
            return Ok(());
        }
        let stranger = given
            .keys()
            .iter()
            .filter_map(|key| key.cast_into::<PyString>().ok())
            .map(|key| key.to_string_lossy().into_owned())
            .find(|key| {
                !self
                    .parameters
                    .iter()
                    .any(|known| known.kind != Kind::PositionalOnly && known.name == *key)
            })
            .unwrap_or_default();
        let problem = format!("it has no parameter '{stranger}'");
        Err(self.complain(method, &problem, &self.one_object(method)))
    }

    /// The remedy where an object was perhaps meant as the one argument.
    fn one_object(&self, method: &str) -> String {
        if self.positional().count() == 1 {
            format!("; to pass one object as the parameter: call(\"{method}\", [object])")
        } else {
            String::new()
        }
    }

    fn complain(&self, method: &str, problem: &str, remedy: &str) -> String {
        format!("{method}{}: {problem}{remedy}", self.text)
    }
}
