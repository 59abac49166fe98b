//! From the text of a frame to messages.
//!
//! A frame is split into the raw texts of its messages first and each message is read on its own, so that one bad
//! message never sinks its neighbours. Values are skipped iteratively, never recursed into: the deepest nesting a page
//! can send costs no stack.

use std::borrow::Cow;
use std::iter;

use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::attachment::{Attachment, take_list};
use crate::counters::Reason;
use crate::error::ErrorObject;
use crate::json::{is_deeper_than, present, read_integer, read_string};
use crate::limits::{CALL_ID_MAX, Limits, PROTOCOL_VERSION};
use crate::message::is_reserved;
use crate::value::Given;

/// What a page sent in one piece.
pub(crate) struct Frame<'a> {
    /// `None` when the page sent a message or an array of messages without a frame around it.
    pub(crate) head: Option<Head<'a>>,
    pub(crate) messages: Vec<&'a RawValue>,
}

/// What a frame says besides its messages.
pub(crate) struct Head<'a> {
    pub(crate) doc: Option<Cow<'a, str>>,
    pub(crate) seq: Option<u64>,
    pub(crate) ack: Ack,
    /// How many attachments come with it.
    pub(crate) att: usize,
}

/// The `ack` of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ack {
    Absent,
    Upto(u64),
    Bad,
}

/// A value of a message, and what it refers to; see [`crate::Given`].
pub(crate) struct Value<'a> {
    pub(crate) raw: &'a RawValue,
    pub(crate) attachments: Option<Vec<Attachment>>,
}

impl From<Value<'_>> for Given {
    fn from(value: Value<'_>) -> Self {
        Self {
            json: value.raw.to_owned(),
            attachments: value.attachments,
        }
    }
}

/// One message of a page.
pub(crate) enum Message<'a> {
    Hello {
        document: Cow<'a, str>,
        url: Cow<'a, str>,
    },
    Ready,
    Call {
        id: u64,
        method: Cow<'a, str>,
        params: Option<Value<'a>>,
    },
    Event {
        event: Cow<'a, str>,
        detail: Option<Value<'a>>,
    },
    Cancel {
        id: u64,
    },
}

/// Why a message was not read, and what to tell whoever waits for it.
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    /// The id to answer; the session knows whether it may.
    pub(crate) answer: Option<(u64, ErrorObject)>,
    pub(crate) is_hello: bool,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            answer: None,
            is_hello: false,
        }
    }
}

#[derive(Deserialize)]
struct FrameFields<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    v: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    doc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    seq: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    ack: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    att: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present_list")]
    msgs: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default, deserialize_with = "present", rename = "type")]
    kind: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct MessageFields<'a> {
    #[serde(borrow, default, deserialize_with = "present", rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    event: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    detail: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    protocol: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    document: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    url: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    att: Option<&'a RawValue>,
}

/// As [`present`], for the list of messages.
fn present_list<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Vec<&'de RawValue>>, D::Error> {
    Vec::deserialize(from).map(Some)
}

/// Splits what a page sent into raw messages.
pub(crate) fn read_frame(text: &str) -> Result<Frame<'_>, Reason> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let bare = |messages| Frame {
        head: None,
        messages,
    };
    if text.starts_with('[') {
        return serde_json::from_str(text)
            .map(bare)
            .map_err(|_| Reason::Malformed);
    }
    if !text.starts_with('{') {
        return Err(Reason::Malformed);
    }
    let single = || -> Result<Frame<'_>, Reason> {
        let message = serde_json::from_str(text).map_err(|_| Reason::Malformed)?;
        Ok(bare(vec![message]))
    };
    match serde_json::from_str::<FrameFields<'_>>(text) {
        Ok(fields) if fields.kind.is_some() => single(),
        Ok(fields) => read_head(fields),
        // A message may have fields of its own that look like those of a frame and are none.
        Err(_) => match serde_json::from_str::<MessageFields<'_>>(text) {
            Ok(fields) if fields.kind.is_some() => single(),
            _ => Err(Reason::Malformed),
        },
    }
}

/// Whether a frame is the hello of a document, with whatever follows it. For transports that carry a document's frames
/// in more than one way.
pub fn begins_document(text: &str) -> bool {
    let is_hello = |raw: &&RawValue| {
        let read = read_message(raw, &mut iter::empty(), &Limits::default());
        matches!(read, Ok(Message::Hello { .. }))
    };
    read_frame(text).is_ok_and(|frame| frame.messages.first().is_some_and(is_hello))
}

fn read_head(fields: FrameFields<'_>) -> Result<Frame<'_>, Reason> {
    if fields.v.is_some_and(|v| !is_version(v)) {
        return Err(Reason::Version);
    }
    let messages = fields.msgs.ok_or(Reason::Malformed)?;
    let doc = match fields.doc {
        Some(raw) => Some(read_document(raw).ok_or(Reason::Malformed)?),
        None => None,
    };
    let seq = match fields.seq {
        Some(raw) => Some(
            read_integer(raw)
                .filter(|seq| *seq > 0)
                .ok_or(Reason::Malformed)?,
        ),
        None => None,
    };
    let att = match fields.att {
        Some(raw) => read_integer(raw)
            .and_then(|count| usize::try_from(count).ok())
            .ok_or(Reason::Malformed)?,
        None => 0,
    };
    let ack = match fields.ack {
        None => Ack::Absent,
        Some(raw) => read_integer(raw).map_or(Ack::Bad, Ack::Upto),
    };
    Ok(Frame {
        head: Some(Head { doc, seq, ack, att }),
        messages,
    })
}

/// What a message's `att` gave: nothing when it has none, an error when it is bad.
type Taken = Result<Option<Vec<Attachment>>, Reason>;

/// Reads one message of a frame, and takes what belongs to it from the attachments that are left, whether it is refused
/// or not.
pub(crate) fn read_message<'a>(
    raw: &'a RawValue,
    attachments: &mut impl Iterator<Item = Bytes>,
    limits: &Limits,
) -> Result<Message<'a>, Refusal> {
    let text = raw.get();
    if !text.starts_with('{') {
        return Err(Reason::Malformed.into());
    }
    let fields: MessageFields<'a> = serde_json::from_str(text).map_err(|_| Reason::Malformed)?;
    let taken = match fields.att {
        Some(raw) => take_list(raw, attachments)
            .map(Some)
            .ok_or(Reason::Malformed),
        None => Ok(None),
    };
    let kind = fields.kind.and_then(read_string).ok_or(Reason::Malformed)?;
    match &*kind {
        "call" => read_call(text, &fields, taken, limits),
        "event" => read_event(text, &fields, taken, limits).map_err(Refusal::from),
        "cancel" => read_id(fields.id)
            .map(|id| Message::Cancel { id })
            .ok_or(Reason::Malformed.into()),
        "ready" => Ok(Message::Ready),
        "hello" => read_hello(&fields).map_err(|reason| Refusal {
            is_hello: true,
            ..reason.into()
        }),
        unknown => Err(Refusal {
            answer: read_id(fields.id).map(|id| {
                let what = format!("messages of type '{unknown}' are not known here");
                let error = ErrorObject {
                    message: what,
                    ..ErrorObject::method_not_found(unknown)
                };
                (id, error)
            }),
            ..Reason::UnknownType.into()
        }),
    }
}

fn read_hello<'a>(fields: &MessageFields<'a>) -> Result<Message<'a>, Reason> {
    if !fields.protocol.is_some_and(is_version) {
        return Err(Reason::Version);
    }
    let document = fields
        .document
        .and_then(read_document)
        .ok_or(Reason::Malformed)?;
    let url = match fields.url {
        Some(raw) => read_string(raw).ok_or(Reason::Malformed)?,
        None => Cow::Borrowed(""),
    };
    Ok(Message::Hello { document, url })
}

fn read_call<'a>(
    text: &str,
    fields: &MessageFields<'a>,
    taken: Taken,
    limits: &Limits,
) -> Result<Message<'a>, Refusal> {
    let id = read_id(fields.id).ok_or(Reason::Malformed)?;
    let refuse = |reason: Reason, error: ErrorObject| Refusal {
        answer: Some((id, error)),
        ..reason.into()
    };
    let method = read_name(fields.method).ok_or_else(|| {
        let expected = "a call needs a method: a string that is not empty";
        refuse(Reason::Malformed, ErrorObject::invalid_params(expected))
    })?;
    let attachments = taken.map_err(|reason| {
        let expected = "the call's attachments are not those that its att describes";
        refuse(reason, ErrorObject::invalid_params(expected))
    })?;
    check_size(text, fields.params, attachments.as_deref(), limits)
        .map_err(|what| refuse(Reason::TooLarge, ErrorObject::too_large(what)))?;
    Ok(Message::Call {
        id,
        method,
        params: fields.params.map(|raw| Value { raw, attachments }),
    })
}

fn read_event<'a>(
    text: &str,
    fields: &MessageFields<'a>,
    taken: Taken,
    limits: &Limits,
) -> Result<Message<'a>, Reason> {
    let event = read_name(fields.event).ok_or(Reason::Malformed)?;
    if is_reserved(&event) {
        return Err(Reason::Reserved);
    }
    let attachments = taken?;
    check_size(text, fields.detail, attachments.as_deref(), limits)
        .map_err(|_| Reason::TooLarge)?;
    Ok(Message::Event {
        event,
        detail: fields.detail.map(|raw| Value { raw, attachments }),
    })
}

/// The error is the text for whoever sent it.
fn check_size(
    message: &str,
    value: Option<&RawValue>,
    attachments: Option<&[Attachment]>,
    limits: &Limits,
) -> Result<(), String> {
    let attached: usize = attachments
        .iter()
        .copied()
        .flatten()
        .map(|one| one.data.len())
        .sum();
    let (bytes, most) = (message.len() + attached, limits.message_bytes);
    if bytes > most {
        return Err(format!("the message has {bytes} bytes, {most} are allowed"));
    }
    if value.is_some_and(|raw| is_deeper_than(raw.get(), limits.depth)) {
        let depth = limits.depth;
        return Err(format!("the value is nested more than {depth} deep"));
    }
    Ok(())
}

fn is_version(raw: &RawValue) -> bool {
    read_integer(raw) == Some(u64::from(PROTOCOL_VERSION))
}

fn read_id(raw: Option<&RawValue>) -> Option<u64> {
    raw.and_then(read_integer)
        .filter(|id| (1..=CALL_ID_MAX).contains(id))
}

fn read_name(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    raw.and_then(read_string).filter(|name| !name.is_empty())
}

fn read_document(raw: &RawValue) -> Option<Cow<'_, str>> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    read_string(raw).filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(is_part))
}
