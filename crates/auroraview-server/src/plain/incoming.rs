//! What a plain client says: `{"type": NAME, ...}`, in any order and with any spaces.

use std::fmt;

use auroraview_protocol::write_json_string;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A message that can be handed on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) name: String,
    /// JSON of an object: all fields but the name, as they were written.
    pub(crate) rest: String,
}

impl Message {
    /// Appends it as an event of the protocol.
    pub(crate) fn write_event(&self, out: &mut String) {
        out.reserve(64 + self.name.len() + self.rest.len());
        out.push_str(r#"{"type":"event","event":"#);
        write_json_string(out, &self.name);
        out.push_str(r#","detail":"#);
        out.push_str(&self.rest);
        out.push('}');
    }
}

/// `None`: it is not JSON, no object, or has no name. Whether the name may be used is for the session to say.
pub(crate) fn read_message(text: &str) -> Option<Message> {
    serde_json::from_str(text).ok()
}

/// The token of `{"type": "hello", "token": TOKEN}`.
pub(crate) fn read_token(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Hello {
        #[serde(rename = "type")]
        name: String,
        token: String,
    }
    let hello: Hello = serde_json::from_str(text).ok()?;
    (hello.name == "hello").then_some(hello.token)
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Message;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with a type")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message, A::Error> {
        let mut name: Option<String> = None;
        let mut rest = String::from("{");
        while let Some(key) = map.next_key::<String>()? {
            if key == "type" {
                if name.replace(map.next_value()?).is_some() {
                    return Err(Error::duplicate_field("type"));
                }
                continue;
            }
            let value: &RawValue = map.next_value()?;
            if rest.len() > 1 {
                rest.push(',');
            }
            write_json_string(&mut rest, &key);
            rest.push(':');
            rest.push_str(value.get());
        }
        rest.push('}');
        match name {
            Some(name) if !name.is_empty() => Ok(Message { name, rest }),
            _ => Err(Error::missing_field("type")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_may_stand_anywhere_and_the_rest_stays_as_it_was_written() {
        for (text, name, rest) in [
            (r#"{"type":"ready"}"#, "ready", "{}"),
            (
                r#" { "a" : [ 1.50 , -0.0 ] , "type" : "go" , "b" : {"type":1} } "#,
                "go",
                r#"{"a":[ 1.50 , -0.0 ],"b":{"type":1}}"#,
            ),
            (r#"{"\u0074ype":"\u00e4\n"}"#, "ä\n", "{}"),
            (
                r#"{"type":"e","\"\\":"\ud800"}"#,
                "e",
                r#"{"\"\\":"\ud800"}"#,
            ),
            (r#"{"type":"e","a":1,"a":2}"#, "e", r#"{"a":1,"a":2}"#),
            (r#"{"type":"e","$av":0}"#, "e", r#"{"$av":0}"#),
        ] {
            let message = read_message(text).unwrap();
            assert_eq!((&*message.name, &*message.rest), (name, rest), "{text}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in [
            "",
            "nonsense",
            "[]",
            "1",
            "null",
            r#""ready""#,
            "{}",
            r#"{"type":1}"#,
            r#"{"type":null}"#,
            r#"{"type":""}"#,
            r#"{"type":"a","type":"a"}"#,
            r#"{"type":"a"} x"#,
            r#"{"type":"a""#,
            r#"{"type":"a",}"#,
            r#"{"type":"a","b":nan}"#,
            r#"{"type":"\ud800"}"#,
            r#"{"Type":"a"}"#,
        ] {
            assert_eq!(read_message(text), None, "{text}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!(r#"{{"type":"a","b":{}}}"#, "[".repeat(1_000_000));
        assert_eq!(read_message(&deep), None);
        let deep = "[".repeat(500_000) + &"]".repeat(500_000);
        let text = format!(r#"{{"type":"a","b":{deep}}}"#);
        assert_eq!(read_message(&text).unwrap().rest.len(), deep.len() + 6);
    }

    #[test]
    fn a_hello_brings_a_token_or_nothing() {
        let token = |text| read_token(text);
        assert_eq!(
            token(r#"{"token": "t", "type": "hello", "more": 1}"#).as_deref(),
            Some("t")
        );
        for bad in [
            r#"{"type":"hello"}"#,
            r#"{"type":"hello","token":1}"#,
            r#"{"type":"ready","token":"t"}"#,
            r#"{"type":"hello","token":"a","token":"t"}"#,
            "t",
        ] {
            assert_eq!(token(bad), None, "{bad}");
        }
    }
}
