//! What a connection itself says and hears: the messages around the frames, by `protocol/PROTOCOL.md`.
//!
//! A frame is never parsed here: how it begins says all that a transport needs.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// WebSocket close codes of this server.
pub mod close_code {
    /// The session ended because its page said goodbye.
    pub const NORMAL: u16 = 1000;
    /// The server is closing; come back later.
    pub const GOING_AWAY: u16 = 1001;
    /// A message was too large; come back.
    pub const TOO_LARGE: u16 = 1009;
    /// The server failed; come back.
    pub const INTERNAL: u16 = 1011;
    /// The program ended the session; the reason says why. Do not come back.
    pub const KICKED: u16 = 4000;
    /// The token is missing or wrong. Do not come back.
    pub const TOKEN: u16 = 4001;
    /// The protocol was broken, or its version is not known here. Do not come back.
    pub const PROTOCOL: u16 = 4002;
    /// There are too many sessions; come back later.
    pub const TOO_MANY: u16 = 4003;
    /// A newer connection has the session now. Do not come back.
    pub const TAKEN_OVER: u16 = 4004;
    /// Nothing was heard for too long; come back.
    pub const HEARTBEAT: u16 = 4005;
    /// No hello came in time; come back.
    pub const NO_HELLO: u16 = 4008;
    /// Too many frames or bytes in too short a time; come back.
    pub const RATE: u16 = 4029;
}

/// Longest hello, in bytes: nothing larger is read from somebody who is not known yet.
pub(crate) const HELLO_BYTES: usize = 64 * 1024;

/// Most attachments of one frame.
const ATTACHMENTS: usize = 65_536;

/// What kind of text came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To be handed on, with so many attachments that follow; `numbered` counts towards an acknowledgement.
    Frame {
        attachments: usize,
        numbered: bool,
    },
    /// For the connection.
    Hello,
    Ping,
    Pong,
    Bye,
    /// The frame that comes next is so many bytes long.
    Long(u64),
    /// Neither.
    Bad(&'static str),
}

/// Looks at how a text begins.
pub(crate) fn kind(text: &str) -> Kind {
    if let Some(rest) = text.strip_prefix("{\"type\":") {
        return message_kind(text, rest);
    }
    let Some(rest) = text.strip_prefix("{\"att\":") else {
        return Kind::Frame {
            attachments: 0,
            numbered: text.starts_with("{\"seq\":"),
        };
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (count, rest) = rest.split_at(digits);
    match (count.parse(), rest.strip_prefix(',')) {
        (Ok(attachments @ 1..=ATTACHMENTS), Some(rest)) => Kind::Frame {
            attachments,
            numbered: rest.starts_with("\"seq\":"),
        },
        _ => Kind::Bad("expected {\"att\":COUNT, with a count from 1 to 65536"),
    }
}

fn message_kind(text: &str, rest: &str) -> Kind {
    let name = rest
        .trim_ascii_start()
        .strip_prefix('"')
        .and_then(|rest| rest.split_once('"'));
    if let Some(("long", _)) = name {
        return match serde_json::from_str::<Long>(text) {
            Ok(long) => Kind::Long(long.bytes),
            Err(_) => Kind::Bad("expected the length of what comes next"),
        };
    }
    let (kind, whole) = match name {
        Some(("call" | "event" | "ready" | "cancel", _)) => {
            return Kind::Frame {
                attachments: 0,
                numbered: false,
            };
        }
        Some(("hello", _)) => (Kind::Hello, None),
        Some(("ping", _)) => (Kind::Ping, Some(())),
        Some(("pong", _)) => (Kind::Pong, Some(())),
        Some(("bye", _)) => (Kind::Bye, Some(())),
        _ => return Kind::Bad("expected a frame, or a message of a type that is known"),
    };
    // The hello is parsed by who wants to know what is in it.
    if whole.is_some() && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
        return Kind::Bad("expected a message that is JSON");
    }
    kind
}

#[derive(Deserialize)]
struct Long {
    bytes: u64,
}

/// The first message of a connection. Holds secrets: not printable.
#[derive(Deserialize)]
pub(crate) struct Hello<'a> {
    #[serde(rename = "type", borrow)]
    _type: Cow<'a, str>,
    #[serde(borrow)]
    protocol: Option<&'a RawValue>,
    pub(crate) document: String,
    #[serde(default)]
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) token: Option<String>,
    #[serde(default)]
    pub(crate) session: Option<String>,
    #[serde(default)]
    pub(crate) resume: Option<String>,
    #[serde(default)]
    pub(crate) received: Option<u64>,
    #[serde(default)]
    accepts: Option<Vec<String>>,
}

impl<'a> Hello<'a> {
    /// Of the first text of a connection.
    ///
    /// # Errors
    /// The reason for the close frame.
    pub(crate) fn parse(text: &'a str) -> Result<Self, &'static str> {
        if kind(text) != Kind::Hello {
            return Err("expected hello as the first message");
        }
        let version = serde_json::from_str::<Version<'_>>(text).ok();
        if version.is_some_and(|version| version.protocol.is_some_and(|number| number.get() != "1"))
        {
            return Err("protocol version not supported; this server speaks 1");
        }
        let hello: Self = serde_json::from_str(text).map_err(|_| "malformed hello")?;
        if hello.protocol.is_none() {
            return Err("expected \"protocol\":1 in hello");
        }
        let good = (1..=64).contains(&hello.document.len())
            && hello
                .document
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        good.then_some(hello)
            .ok_or("expected a document id of 1 to 64 characters A-Z a-z 0-9 _ - in hello")
    }

    /// That of a client that says none, as it would.
    pub(crate) fn plain(document: String) -> Self {
        Self {
            _type: Cow::Borrowed("hello"),
            protocol: None,
            document,
            url: None,
            token: None,
            session: None,
            resume: None,
            received: None,
            accepts: None,
        }
    }

    pub(crate) fn accepts_gzip(&self) -> bool {
        let mut accepts = self.accepts.iter().flatten();
        accepts.any(|name| name == "gzip")
    }

    /// The page's address, without a fragment in which the token could be.
    pub(crate) fn url(&self) -> String {
        let url = self.url.as_deref().unwrap_or_default();
        let kept = match url.split_once('#') {
            Some((before, fragment)) if fragment.contains("token") => before,
            _ => url,
        };
        kept.to_owned()
    }

    /// The hello for the session: without what only concerns the connection, the secrets above all.
    pub(crate) fn for_session(&self) -> String {
        let url = self.url();
        let hello = SessionHello {
            kind: "hello",
            protocol: 1,
            document: &self.document,
            url: (!url.is_empty()).then_some(&url),
        };
        to_json(&hello)
    }
}

/// The version alone, so that a hello of another version need not look like ours.
#[derive(Deserialize)]
struct Version<'a> {
    #[serde(borrow)]
    protocol: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct SessionHello<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    protocol: u32,
    document: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a String>,
}

/// The answer to a good hello.
#[derive(Serialize)]
pub(crate) struct SessionReply<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) id: &'a str,
    pub(crate) resume: &'a str,
    pub(crate) received: u64,
    pub(crate) resumed: bool,
    /// In seconds.
    pub(crate) heartbeat: f64,
    /// In seconds.
    pub(crate) timeout: f64,
}

impl SessionReply<'_> {
    pub(crate) fn to_json(&self) -> String {
        to_json(self)
    }
}

fn to_json(value: &impl Serialize) -> String {
    // Strings, integers and finite numbers always can be written.
    serde_json::to_string(value).unwrap_or_default()
}

/// A reason as a close frame can hold it: 123 bytes at most.
pub(crate) fn short_reason(reason: &str) -> String {
    let mut end = reason.len().min(123);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Kind = Kind::Frame {
        attachments: 0,
        numbered: false,
    };

    #[test]
    fn how_a_text_begins_says_what_it_is() {
        for (text, expected) in [
            (r#"{"v":1,"doc":"d","msgs":[]}"#, FRAME),
            (
                r#"{"seq":3,"v":1}"#,
                Kind::Frame {
                    attachments: 0,
                    numbered: true,
                },
            ),
            (
                r#"{"att":2,"v":1}"#,
                Kind::Frame {
                    attachments: 2,
                    numbered: false,
                },
            ),
            (
                r#"{"att":2,"seq":1,"v":1}"#,
                Kind::Frame {
                    attachments: 2,
                    numbered: true,
                },
            ),
            (r#"{"type":"call","id":1}"#, FRAME),
            (r#"[{"type":"ready"}]"#, FRAME),
            ("nonsense", FRAME),
            ("", FRAME),
            (r#"{"type":"ping"}"#, Kind::Ping),
            (r#"{"type": "pong", "x": 1}"#, Kind::Pong),
            (r#"{"type":"bye"}"#, Kind::Bye),
            (r#"{"type":"long","bytes":300000}"#, Kind::Long(300_000)),
            (r#"{"type":"hello"}"#, Kind::Hello),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
        for bad in [
            r#"{"type":"ping""#,
            r#"{"type":"reload"}"#,
            r#"{"type":"session"}"#,
            r#"{"type":1}"#,
            r#"{"type":"#,
            r#"{"att":0,"v":1}"#,
            r#"{"att":,"v":1}"#,
            r#"{"att":-1,"v":1}"#,
            r#"{"att":1}"#,
            r#"{"att":65537,"v":1}"#,
            r#"{"att":99999999999999999999,"v":1}"#,
        ] {
            assert!(matches!(kind(bad), Kind::Bad(_)), "{bad}");
        }
    }

    #[test]
    fn a_hello_is_read_whole_or_not_at_all() {
        let text = r##"{"type":"hello","protocol":1,"document":"d-1_","url":"http://h/p#token=geheim","token":"geheim",
            "session":"s","resume":"r","received":7,"accepts":["gzip","br"],"later":[1]}"##;
        let hello = Hello::parse(text).unwrap_or_else(|reason| panic!("{reason}"));
        assert!(hello.accepts_gzip());
        assert_eq!(hello.received, Some(7));
        assert_eq!(
            hello.for_session(),
            r#"{"type":"hello","protocol":1,"document":"d-1_","url":"http://h/p"}"#
        );
        for (text, reason) in [
            (r#"{"type":"ready"}"#, "expected hello"),
            (r#"{"v":1}"#, "expected hello"),
            (r#"{"type":"hello","protocol":2,"anything":1}"#, "speaks 1"),
            (
                r#"{"type":"hello","protocol":"1","document":"d"}"#,
                "speaks 1",
            ),
            (r#"{"type":"hello","document":"d"}"#, "protocol"),
            (r#"{"type":"hello","protocol":1}"#, "malformed"),
            (
                r#"{"type":"hello","protocol":1,"document":"d","document":"e"}"#,
                "malformed",
            ),
            (
                r#"{"type":"hello","protocol":1,"document":"d","received":-1}"#,
                "malformed",
            ),
            (
                r#"{"type":"hello","protocol":1,"document":"d","token":5}"#,
                "malformed",
            ),
            (
                r#"{"type":"hello","protocol":1,"document":"a b"}"#,
                "document id",
            ),
            (
                r#"{"type":"hello","protocol":1,"document":""}"#,
                "document id",
            ),
        ] {
            let found = Hello::parse(text).err().unwrap_or_default();
            assert!(found.contains(reason), "{text}: {found}");
        }
    }

    #[test]
    fn a_fragment_that_holds_no_token_stays() {
        let text = r##"{"type":"hello","protocol":1,"document":"d","url":"http://h/#/tab/2"}"##;
        let hello = Hello::parse(text).unwrap_or_else(|reason| panic!("{reason}"));
        assert_eq!(hello.url(), "http://h/#/tab/2");
    }

    #[test]
    fn long_reasons_are_cut_between_characters() {
        assert_eq!(short_reason("short"), "short");
        let cut = short_reason(&"ä".repeat(100));
        assert_eq!(cut.len(), 122);
    }
}
