//! Errors: the object that crosses the wire, and the one this crate raises.

use crate::json::write_json_string;

/// The kind of an error, the same in Rust, Python and TypeScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Nothing is bound to that name, or the message's type is unknown.
    MethodNotFound,
    /// The parameters do not fit the handler's signature, or cannot be represented.
    InvalidParams,
    /// The handler raised.
    HandlerError,
    /// No answer within the caller's limit.
    Timeout,
    /// The caller gave up, or the handler was cancelled.
    Cancelled,
    /// The page, document or program went away.
    Closed,
    /// Past the size or depth limit.
    TooLarge,
    /// Not allowed from here.
    Forbidden,
    /// Too many calls in flight.
    Busy,
}

impl Code {
    /// The code as it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MethodNotFound => "method_not_found",
            Self::InvalidParams => "invalid_params",
            Self::HandlerError => "handler_error",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
            Self::TooLarge => "too_large",
            Self::Forbidden => "forbidden",
            Self::Busy => "busy",
        }
    }

    /// The error's `name` where no exception of the program named it.
    pub fn default_name(self) -> &'static str {
        match self {
            Self::MethodNotFound => "MethodNotFound",
            Self::InvalidParams => "InvalidParams",
            Self::HandlerError => "HandlerError",
            Self::Timeout => "TimeoutError",
            Self::Cancelled => "Cancelled",
            Self::Closed => "Closed",
            Self::TooLarge => "TooLarge",
            Self::Forbidden => "Forbidden",
            Self::Busy => "Busy",
        }
    }
}

/// The error object of the wire: what a rejected promise in the page is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorObject {
    /// The exception's class name.
    pub name: String,
    /// What went wrong, for people.
    pub message: String,
    /// What went wrong, for programs.
    pub code: Code,
    /// More about it: the text of one JSON value.
    pub data: Option<String>,
    /// The Python traceback; only with `debug`.
    pub traceback: Option<String>,
}

impl ErrorObject {
    /// An error with the code's own name, without data and traceback.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            name: code.default_name().to_owned(),
            message: message.into(),
            code,
            data: None,
            traceback: None,
        }
    }

    /// Nothing is bound to `method`.
    pub fn method_not_found(method: &str) -> Self {
        Self::new(
            Code::MethodNotFound,
            format!("nothing is bound to '{method}'"),
        )
    }

    /// The parameters do not fit; `message` says what was expected.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParams, message)
    }

    /// The handler raised an exception of class `name`.
    pub fn handler_error(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::new(Code::HandlerError, message)
        }
    }

    /// No answer in time.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(Code::Timeout, message)
    }

    /// The caller gave up, or the handler was cancelled.
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new(Code::Cancelled, message)
    }

    /// The other end went away.
    pub fn closed(reason: impl Into<String>) -> Self {
        Self::new(Code::Closed, reason)
    }

    /// Past the size or depth limit; `message` names the limit.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(Code::TooLarge, message)
    }

    /// Not allowed from here.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// More than `limit` calls are in flight.
    pub fn busy(limit: usize) -> Self {
        Self::new(Code::Busy, format!("{limit} calls are in flight already"))
    }

    /// The object's JSON text.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(64 + self.message.len());
        out.push_str("{\"name\":");
        write_json_string(&mut out, &self.name);
        out.push_str(",\"message\":");
        write_json_string(&mut out, &self.message);
        out.push_str(",\"code\":\"");
        out.push_str(self.code.as_str());
        out.push('"');
        if let Some(data) = &self.data {
            out.push_str(",\"data\":");
            out.push_str(data);
        }
        if let Some(traceback) = &self.traceback {
            out.push_str(",\"traceback\":");
            write_json_string(&mut out, traceback);
        }
        out.push('}');
        out
    }
}

/// The page does not keep up: what was to be emitted does not fit in its queue, and nothing was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the page does not keep up: {messages} messages ({bytes} bytes) wait, limits are {max_messages} messages and {max_bytes} bytes"
)]
pub struct Backpressure {
    /// Messages that wait, unacknowledged included.
    pub messages: usize,
    /// Their bytes.
    pub bytes: usize,
    /// The limit `queue_messages`.
    pub max_messages: usize,
    /// The limit `queue_bytes`.
    pub max_bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_object_is_written_in_the_protocols_shape() {
        let error = ErrorObject {
            data: Some("[1,null]".to_owned()),
            traceback: Some("line 1\nline 2".to_owned()),
            ..ErrorObject::handler_error("ValueError", "not \"this\"")
        };
        assert_eq!(
            error.to_json(),
            r#"{"name":"ValueError","message":"not \"this\"","code":"handler_error","data":[1,null],"traceback":"line 1\nline 2"}"#
        );
    }

    #[test]
    fn an_unnamed_error_takes_the_name_of_its_code() {
        assert_eq!(ErrorObject::timeout("5 s").name, "TimeoutError");
        assert_eq!(
            ErrorObject::method_not_found("api.x").to_json(),
            r#"{"name":"MethodNotFound","message":"nothing is bound to 'api.x'","code":"method_not_found"}"#
        );
    }
}
