//! The messages of both directions.
//!
//! What a page said is an [`Incoming`]; values of the program stay JSON text in it, so that they are converted once and
//! elsewhere. What goes to a page is text from the start: an event is encoded once ([`EncodedEvent`]) however many
//! sessions it is given to.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::error::ErrorObject;
use crate::json::write_json_string;

/// Event names that start so belong to the protocol; neither end accepts them from a user.
pub const RESERVED_PREFIX: &str = "__auroraview_";

pub(crate) const WELCOME: &str = "__auroraview_welcome";
pub(crate) const RESET: &str = "__auroraview_reset";
pub(crate) const CLOSED: &str = "__auroraview_closed";

/// Whether `event` is a name that users may not emit or send.
pub fn is_reserved(event: &str) -> bool {
    event.starts_with(RESERVED_PREFIX)
}

/// One thing a session reports to the program, in the order in which it happened.
///
/// `generation` numbers the documents of a session from 1; it names the document in [`crate::Session::respond`].
#[derive(Debug, Clone)]
pub enum Incoming {
    /// A new document said hello. Answer with [`crate::Session::welcome`].
    Document {
        /// The document's number.
        generation: u64,
        /// The id it gave itself.
        document: String,
        /// Its address; may be empty.
        url: String,
    },
    /// The document is parsed: events flow from now on.
    Ready {
        /// The document's number.
        generation: u64,
    },
    /// The page calls a method. Answer with [`crate::Session::respond`], exactly once.
    Call {
        /// The document's number.
        generation: u64,
        /// The call's number, unique among the calls in flight of its document.
        id: u64,
        /// The name to look up; not empty.
        method: String,
        /// JSON text; `None` when the key was absent, `null` when it was null.
        params: Option<Box<RawValue>>,
    },
    /// The page sent an event.
    Event {
        /// The document's number.
        generation: u64,
        /// Its name; not empty and not reserved.
        event: String,
        /// JSON text; `None`, which means null, when the key was absent.
        detail: Option<Box<RawValue>>,
    },
    /// The page no longer wants the answer to a call that is in flight. The call must still be answered.
    Cancel {
        /// The document's number.
        generation: u64,
        /// The call's number.
        id: u64,
    },
    /// The document ended: nobody waits for answers to its calls any more.
    Gone {
        /// The document's number.
        generation: u64,
    },
}

/// An event for pages, encoded once. Cloning it and queueing it cost nothing worth counting.
#[derive(Debug, Clone)]
pub struct EncodedEvent(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    name: Box<str>,
    text: Box<str>,
    retain: bool,
}

impl EncodedEvent {
    /// Encodes an event. `detail_json` must be one valid JSON value; `retain` asks that every later document gets it,
    /// too. Whether the name is reserved is for the caller to ask ([`is_reserved`]).
    pub fn new(event: &str, detail_json: &str, retain: bool) -> Self {
        Self(Arc::new(Parts {
            name: event.into(),
            text: event_text(event, detail_json, retain).into(),
            retain,
        }))
    }

    /// The event's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The message as it stands in a frame.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether every later document gets it, too.
    pub fn is_retained(&self) -> bool {
        self.0.retain
    }
}

/// The text of an event message.
pub(crate) fn event_text(event: &str, detail_json: &str, retain: bool) -> String {
    let mut out = String::with_capacity(64 + event.len() + detail_json.len());
    out.push_str("{\"type\":\"event\",\"event\":");
    write_json_string(&mut out, event);
    out.push_str(",\"detail\":");
    out.push_str(detail_json);
    out.push_str(if retain { ",\"retain\":true}" } else { "}" });
    out
}

/// The text of an internal event whose detail is `{"reason": reason}`.
pub(crate) fn reason_text(event: &str, reason: &str) -> String {
    let mut detail = String::from("{\"reason\":");
    write_json_string(&mut detail, reason);
    detail.push('}');
    event_text(event, &detail, false)
}

/// The text of the answer to a call.
pub(crate) fn answer_text(id: u64, result: &Result<String, ErrorObject>) -> String {
    const HEAD: &str =
        "{\"type\":\"event\",\"event\":\"__auroraview_call_result\",\"detail\":{\"id\":";
    let (state, value) = match result {
        Ok(json) => (",\"ok\":true,\"result\":", json),
        Err(error) => (",\"ok\":false,\"error\":", &error.to_json()),
    };
    let id = id.to_string();
    let mut out = String::with_capacity(HEAD.len() + id.len() + state.len() + value.len() + 2);
    out.push_str(HEAD);
    out.push_str(&id);
    out.push_str(state);
    out.push_str(value);
    out.push_str("}}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_encoded_in_the_protocols_shape() {
        let event = EncodedEvent::new("say \"hi\"", "[1]", false);
        assert_eq!(
            event.text(),
            r#"{"type":"event","event":"say \"hi\"","detail":[1]}"#
        );
        assert_eq!(event.name(), "say \"hi\"");
        let event = EncodedEvent::new("e", "null", true);
        assert_eq!(
            event.text(),
            r#"{"type":"event","event":"e","detail":null,"retain":true}"#
        );
        assert!(event.is_retained());
    }

    #[test]
    fn answers_are_internal_events() {
        assert_eq!(
            answer_text(7, &Ok("{}".to_owned())),
            r#"{"type":"event","event":"__auroraview_call_result","detail":{"id":7,"ok":true,"result":{}}}"#
        );
        assert!(
            answer_text(7, &Err(ErrorObject::busy(1)))
                .contains(r#""id":7,"ok":false,"error":{"name":"Busy""#)
        );
    }

    #[test]
    fn only_the_exact_prefix_is_reserved() {
        assert!(is_reserved("__auroraview_welcome") && is_reserved("__auroraview_"));
        assert!(
            !is_reserved("_auroraview_x") && !is_reserved("a__auroraview_") && !is_reserved("")
        );
    }
}
