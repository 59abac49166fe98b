//! The messages of both directions.
//!
//! What a page said is an [`Incoming`]; values of the program stay JSON text in it, so that they are converted once and
//! elsewhere. What goes to a page is text from the start: an event is encoded once ([`EncodedEvent`]) however many
//! sessions it is given to.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::ErrorObject;
use crate::json::write_json_string;
use crate::value::{Encoded, Given};

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
        /// `None` when the key was absent, `null` when it was null.
        params: Option<Given>,
        /// The page stands still until the answer comes.
        sync: bool,
    },
    /// The page sent an event.
    Event {
        /// The document's number.
        generation: u64,
        /// Its name; not empty and not reserved.
        event: String,
        /// `None`, which means null, when the key was absent.
        detail: Option<Given>,
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
    attachments: Box<[Bytes]>,
    size: usize,
    retain: bool,
}

impl EncodedEvent {
    /// Encodes an event. `retain` asks that every later document gets it, too. Whether the name is reserved is for the
    /// caller to ask ([`is_reserved`]).
    pub fn new(event: &str, detail: &Encoded, retain: bool) -> Self {
        let text = event_text(event, detail, retain);
        let attachments = detail.buffers();
        Self(Arc::new(Parts {
            name: event.into(),
            size: text.len() + attachments.iter().map(Bytes::len).sum::<usize>(),
            text: text.into(),
            attachments,
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

    /// What travels beside the message, in the order of its `att`.
    pub fn attachments(&self) -> &[Bytes] {
        &self.0.attachments
    }

    /// Its bytes: those of the message and of all attachments.
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// Whether every later document gets it, too.
    pub fn is_retained(&self) -> bool {
        self.0.retain
    }
}

/// The text of an event message.
fn event_text(event: &str, detail: &Encoded, retain: bool) -> String {
    let size = 64 + event.len() + detail.json.len() + detail.att_size();
    let mut out = String::with_capacity(size);
    write_event(&mut out, event, &detail.json);
    if retain {
        out.push_str(",\"retain\":true");
    }
    detail.write_att(&mut out);
    out.push('}');
    out
}

/// The text of an internal event.
pub(crate) fn control_text(event: &str, detail_json: &str) -> String {
    let mut out = String::with_capacity(64 + event.len() + detail_json.len());
    write_event(&mut out, event, detail_json);
    out.push('}');
    out
}

/// Writes an event message up to its detail.
fn write_event(out: &mut String, event: &str, detail_json: &str) {
    out.push_str("{\"type\":\"event\",\"event\":");
    write_json_string(out, event);
    out.push_str(",\"detail\":");
    out.push_str(detail_json);
}

/// The text of an internal event whose detail is `{"reason": reason}`.
pub(crate) fn reason_text(event: &str, reason: &str) -> String {
    let mut detail = String::from("{\"reason\":");
    write_json_string(&mut detail, reason);
    detail.push('}');
    control_text(event, &detail)
}

/// The answer to a call, as it stands in a frame.
pub(crate) enum Answer {
    Plain(String),
    /// With what travels beside it.
    Attached(Box<(String, Box<[Bytes]>)>),
}

impl Answer {
    pub(crate) fn new(id: u64, result: &Result<Encoded, ErrorObject>) -> Self {
        const HEAD: &str =
            "{\"type\":\"event\",\"event\":\"__auroraview_call_result\",\"detail\":{\"id\":";
        let failure;
        let (state, value) = match result {
            Ok(value) => (",\"ok\":true,\"result\":", value),
            Err(error) => {
                failure = Encoded::from(error.to_json());
                (",\"ok\":false,\"error\":", &failure)
            }
        };
        let id = id.to_string();
        let size = HEAD.len() + id.len() + state.len() + value.json.len() + 2;
        let mut text = String::with_capacity(size + value.att_size());
        text.push_str(HEAD);
        text.push_str(&id);
        text.push_str(state);
        text.push_str(&value.json);
        text.push('}');
        value.write_att(&mut text);
        text.push('}');
        if value.attachments.is_empty() {
            Self::Plain(text)
        } else {
            Self::Attached(Box::new((text, value.buffers())))
        }
    }

    /// The message and what travels beside it.
    pub(crate) fn parts(&self) -> (&str, &[Bytes]) {
        match self {
            Self::Plain(text) => (text, &[]),
            Self::Attached(both) => (&both.0, &both.1),
        }
    }

    /// Its bytes: those of the message and of all attachments.
    pub(crate) fn size(&self) -> usize {
        let (text, attachments) = self.parts();
        text.len() + attachments.iter().map(Bytes::len).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::{Attachment, Dtype};

    #[test]
    fn an_event_is_encoded_in_the_protocols_shape() {
        let event = EncodedEvent::new("say \"hi\"", &"[1]".into(), false);
        assert_eq!(
            event.text(),
            r#"{"type":"event","event":"say \"hi\"","detail":[1]}"#
        );
        assert_eq!(event.name(), "say \"hi\"");
        let event = EncodedEvent::new("e", &"null".into(), true);
        assert_eq!(
            event.text(),
            r#"{"type":"event","event":"e","detail":null,"retain":true}"#
        );
        assert!(event.is_retained());
    }

    #[test]
    fn answers_are_internal_events() {
        assert_eq!(
            Answer::new(7, &Ok("{}".into())).parts().0,
            r#"{"type":"event","event":"__auroraview_call_result","detail":{"id":7,"ok":true,"result":{}}}"#
        );
        assert!(
            Answer::new(7, &Err(ErrorObject::busy(1)))
                .parts()
                .0
                .contains(r#""id":7,"ok":false,"error":{"name":"Busy""#)
        );
    }

    #[test]
    fn attachments_are_described_beside_the_value() {
        let picture = Attachment {
            dtype: Some(Dtype::Uint8),
            shape: Some(vec![2, 2]),
            data: Bytes::from_static(b"\x01\x02\x03\x04"),
        };
        let detail = Encoded {
            json: r#"{"$av":0}"#.to_owned(),
            attachments: vec![picture],
            escaped: false,
        };
        let event = EncodedEvent::new("e", &detail, true);
        let att = r#""att":[{"bytes":4,"dtype":"uint8","shape":[2,2]}]"#;
        assert_eq!(
            event.text(),
            format!(r#"{{"type":"event","event":"e","detail":{{"$av":0}},"retain":true,{att}}}"#)
        );
        assert_eq!(event.attachments(), [detail.attachments[0].data.clone()]);
        assert_eq!(event.size(), event.text().len() + 4);
        let answer = Answer::new(7, &Ok(detail));
        let (text, attachments) = answer.parts();
        assert!(text.ends_with(&format!(r#""result":{{"$av":0}}}},{att}}}"#)));
        assert_eq!((attachments.len(), answer.size()), (1, text.len() + 4));
        let escaped = Encoded {
            escaped: true,
            ..r#"{"$av":[1]}"#.into()
        };
        let text = EncodedEvent::new("e", &escaped, false).text().to_owned();
        assert!(text.ends_with(r#","detail":{"$av":[1]},"att":[]}"#));
    }

    #[test]
    fn only_the_exact_prefix_is_reserved() {
        assert!(is_reserved("__auroraview_welcome") && is_reserved("__auroraview_"));
        assert!(
            !is_reserved("_auroraview_x") && !is_reserved("a__auroraview_") && !is_reserved("")
        );
    }
}
