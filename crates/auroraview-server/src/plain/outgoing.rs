//! From a frame of the session to messages for a plain client.
//!
//! The frame is text that this workspace wrote a moment ago (`auroraview-protocol`, `message.rs` and `frame.rs`), so it
//! is taken apart by its exact form, in one pass: a payload of megabytes sixty times a second is not parsed twice.

use std::collections::VecDeque;

use auroraview_protocol::{FRAME_BYTES, RESERVED_PREFIX};
use bytes::Bytes;
use serde::de::IgnoredAny;

use super::json::Json;
use super::message_pack::MessagePack;
use super::walk::{Sink, end_of_value, walk};
use crate::mailbox::Outgoing;
use crate::options::Encoding;

/// What MessagePack needs beyond the text it comes from, at most, in a message that holds no value.
const ROOM: usize = 64;

/// Appends the events of `frame` to `out`; internal ones are dropped. `None`: it is not a frame of ours.
pub(super) fn expand(
    frame: &str,
    attachments: &[Bytes],
    encoding: Encoding,
    out: &mut VecDeque<Outgoing>,
) -> Option<()> {
    // The document's id has no quotes.
    let (_, mut rest) = frame.split_once("\"msgs\":[")?;
    let mut attachments = attachments;
    loop {
        rest = rest.strip_prefix("{\"type\":\"event\",\"event\":")?;
        let (name, after) = split_value(rest)?;
        rest = after.strip_prefix(",\"detail\":")?;
        let is_internal = name.get(1..)?.starts_with(RESERVED_PREFIX);
        // Without attachments in the frame there is nothing in the value to be resolved, but for an escape now and then.
        let early = (!is_internal && encoding == Encoding::MessagePack && attachments.is_empty())
            .then(|| message_pack(name, rest, None))
            .flatten();
        let end = match &early {
            Some((_, end)) => *end,
            None => end_of_value(rest)?,
        };
        let detail = &rest[..end];
        rest = &rest[end..];
        rest = rest.strip_prefix(",\"retain\":true").unwrap_or(rest);
        let own;
        (own, rest) = match rest.strip_prefix(",\"att\":") {
            None => (None, rest),
            Some(list) => {
                let (list, rest) = split_value(list)?;
                let count = serde_json::from_str::<Vec<IgnoredAny>>(list).ok()?.len();
                let own;
                (own, attachments) = attachments.split_at_checked(count)?;
                (Some(own), rest)
            }
        };
        rest = rest.strip_prefix('}')?;
        if !is_internal {
            out.push_back(match (encoding, early) {
                (Encoding::Json, _) => Outgoing::Text(json(name, detail, own)?),
                (Encoding::MessagePack, Some((bytes, _))) if own.is_none() => {
                    Outgoing::Binary(bytes.into())
                }
                (Encoding::MessagePack, _) => {
                    Outgoing::Binary(message_pack(name, detail, own)?.0.into())
                }
            });
        }
        if rest == "]}" {
            return Some(());
        }
        rest = rest.strip_prefix(',')?;
    }
}

fn split_value(text: &str) -> Option<(&str, &str)> {
    Some(text.split_at(end_of_value(text)?))
}

/// The message, its name given as JSON.
fn json(name: &str, detail: &str, attachments: Option<&[Bytes]>) -> Option<String> {
    let attached: usize = attachments.into_iter().flatten().map(Bytes::len).sum();
    let mut out = Json::default();
    out.text
        .reserve(ROOM + name.len() + detail.len() + attached / 3 * 4);
    out.text.push_str("{\"type\":");
    out.text.push_str(name);
    out.text.push_str(",\"data\":");
    match attachments {
        None => out.text.push_str(detail),
        Some(_) => drop(walk(detail, attachments, &mut out)?),
    }
    out.text.push('}');
    Some(out.text)
}

/// The message, with the value at the start of `text` as its data, and where that ends.
fn message_pack(name: &str, text: &str, attachments: Option<&[Bytes]>) -> Option<(Vec<u8>, usize)> {
    let attached: usize = attachments.into_iter().flatten().map(Bytes::len).sum();
    // Longer than a frame, the text is that of one message; else the messages behind it may belong to it.
    let own = if text.len() > FRAME_BYTES {
        text.len()
    } else {
        0
    };
    let mut out = MessagePack::with_capacity(ROOM + name.len() + own + attached);
    // A map of two.
    out.bytes.push(0x82);
    out.string("\"type\"");
    out.string(name);
    out.string("\"data\"");
    let end = walk(text, attachments, &mut out)?;
    Some((out.bytes, end))
}

#[cfg(test)]
mod tests {
    use auroraview_protocol::{Attachment, Dtype, Encoded, EncodedEvent, Limits, Session};
    use proptest::prelude::*;
    use rmpv::Value;
    use serde_json::json;

    use super::*;

    /// What a client of either encoding gets for events of a page that is ready.
    fn sent(events: &[EncodedEvent], encoding: Encoding) -> Vec<Outgoing> {
        let mut session = Session::new(Limits::default());
        session.receive(r#"[{"type":"hello","protocol":1,"document":"d"},{"type":"ready"}]"#);
        session.welcome(r#"{"methods":["a","b"],"x":{"msgs":[1]}}"#);
        for event in events {
            session.emit(event).unwrap();
        }
        let mut out = VecDeque::new();
        while let Some(batch) = session.next_batch() {
            expand(&batch.text, &batch.attachments, encoding, &mut out)
                .unwrap_or_else(|| panic!("{}", batch.text));
            let seq = batch.seq;
            session.receive(&format!(r#"{{"doc":"d","ack":{seq},"msgs":[]}}"#));
        }
        out.into()
    }

    fn texts(events: &[EncodedEvent]) -> Vec<String> {
        let text = |one| match one {
            Outgoing::Text(text) => text,
            other => panic!("expected a text, found {other:?}"),
        };
        let sent = sent(events, Encoding::Json);
        sent.into_iter().map(text).collect()
    }

    fn packed(events: &[EncodedEvent]) -> Vec<Vec<u8>> {
        let bytes = |one| match one {
            Outgoing::Binary(bytes) => bytes.to_vec(),
            other => panic!("expected bytes, found {other:?}"),
        };
        let sent = sent(events, Encoding::MessagePack);
        sent.into_iter().map(bytes).collect()
    }

    fn unpacked(bytes: &[u8]) -> Value {
        let mut rest = bytes;
        let value = rmpv::decode::read_value(&mut rest).unwrap();
        assert!(rest.is_empty());
        value
    }

    fn event(name: &str, json: &str) -> EncodedEvent {
        EncodedEvent::new(name, &json.into(), false)
    }

    fn attached(json: &str, attachments: &[&'static [u8]]) -> EncodedEvent {
        let plain = attachments.iter().map(|bytes| Attachment {
            dtype: (bytes.len() == 4).then_some(Dtype::Uint16),
            ..Bytes::from_static(bytes).into()
        });
        let detail = Encoded {
            json: json.to_owned(),
            attachments: plain.collect(),
            escaped: true,
        };
        EncodedEvent::new("e", &detail, false)
    }

    #[test]
    fn an_event_is_a_name_and_its_data_as_it_was_written() {
        let retained = EncodedEvent::new("r", &"[1,{}]".into(), true);
        let events = [
            event("say \"hi\"", r#"{"a":[1.50,"]}"],"$av":0}"#),
            retained,
            event("n", "null"),
            event("s", r#""\\\"""#),
        ];
        assert_eq!(
            texts(&events),
            [
                r#"{"type":"say \"hi\"","data":{"a":[1.50,"]}"],"$av":0}}"#,
                r#"{"type":"r","data":[1,{}]}"#,
                r#"{"type":"n","data":null}"#,
                r#"{"type":"s","data":"\\\""}"#,
            ]
        );
    }

    #[test]
    fn attachments_are_base64_or_binary_where_the_value_refers_to_them() {
        let one = attached(
            r#"{"a":[{"$av":1},{"$av":0}],"b":{"$av":[{"$av":[[]]}]},"c":{"$av":1,"d":2},"e":{"$av":[0],"f":1}}"#,
            &[b"abc", b"\xff\xfe\0\x01"],
        );
        let events = [event("before", "1"), one, event("after", "[]")];
        let texts = texts(&events);
        assert_eq!(
            texts[1],
            r#"{"type":"e","data":{"a":["//4AAQ==","YWJj"],"b":{"$av":{"$av":[]}},"c":{"$av":1,"d":2},"e":{"$av":[0],"f":1}}}"#
        );
        assert_eq!(
            (texts.len(), &*texts[2]),
            (3, r#"{"type":"after","data":[]}"#)
        );
        let packed = packed(&events);
        let data = &unpacked(&packed[1])["data"];
        assert_eq!(data["a"][0], Value::from(&b"\xff\xfe\0\x01"[..]));
        assert_eq!(data["a"][1], Value::from(&b"abc"[..]));
        assert_eq!(data["b"]["$av"]["$av"], Value::Array(Vec::new()));
        assert_eq!(data["c"]["$av"], Value::from(1));
        assert_eq!(data["e"]["$av"][0], Value::from(0));
        assert_eq!(unpacked(&packed[2])["type"], Value::from("after"));
    }

    #[test]
    fn what_only_looks_like_an_attachment_is_read_back_without_one() {
        let events = [attached(r#"[{"$av":["x"]},1]"#, &[])];
        assert_eq!(texts(&events), [r#"{"type":"e","data":[{"$av":"x"},1]}"#]);
        let data = &unpacked(&packed(&events)[0])["data"];
        assert_eq!(data[0]["$av"], Value::from("x"));
    }

    #[test]
    fn numbers_keep_their_value_and_kind() {
        let text =
            "[0,-1,127,128,-33,9007199254740991,-9007199254740991,1.0,-0.0,0.1,1e300,5e-324,-0]";
        let data = unpacked(&packed(&[event("n", text)])[0])["data"].clone();
        let integers: Vec<_> = (0..7).map(|at| data[at].as_i64().unwrap()).collect();
        let most = 9_007_199_254_740_991;
        assert_eq!(integers, [0, -1, 127, 128, -33, most, -most]);
        for (at, expected) in [1.0, -0.0, 0.1, 1e300, 5e-324, -0.0]
            .into_iter()
            .enumerate()
        {
            let Value::F64(found) = data[at + 7] else {
                panic!("expected a float, found {}", data[at + 7]);
            };
            assert_eq!(found.to_bits(), f64::to_bits(expected));
        }
    }

    #[test]
    fn containers_of_every_length_have_their_head() {
        for length in [0, 1, 15, 16, 65_535, 65_536] {
            let array = json!(vec![7; length]);
            let object: serde_json::Map<_, _> =
                (0..length).map(|at| (at.to_string(), json!(at))).collect();
            let both = json!([array, object, "end"]).to_string();
            let data = unpacked(&packed(&[event("n", &both)])[0])["data"].clone();
            assert_eq!(data[0].as_array().unwrap().len(), length);
            assert_eq!(data[1].as_map().unwrap().len(), length);
            assert_eq!(data[2], Value::from("end"));
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let depth = 200_000;
        let deep = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(texts(&[event("d", &deep)])[0].len(), deep.len() + 20);
        assert_eq!(packed(&[event("d", &deep)])[0].len(), depth + 14);
        let deep = format!("{}1{}", r#"{"$av":["#.repeat(500), "]}".repeat(500));
        let unescaped = format!("{}1{}", r#"{"$av":"#.repeat(500), "}".repeat(500));
        let sent = texts(&[attached(&deep, &[])]);
        assert_eq!(sent[0], format!(r#"{{"type":"e","data":{unescaped}}}"#));
    }

    #[test]
    fn what_is_no_frame_is_told_from_one() {
        let good =
            r#"{"v":1,"doc":"d","seq":1,"msgs":[{"type":"event","event":"e","detail":[1]}]}"#;
        let mut out = VecDeque::new();
        for encoding in [Encoding::Json, Encoding::MessagePack] {
            assert!(expand(good, &[], encoding, &mut out).is_some());
            for at in 0..good.len() {
                assert!(
                    expand(&good[..at], &[], encoding, &mut out).is_none(),
                    "{at}"
                );
            }
            let missing = good
                .replace("[1]", r#"{"$av":0}"#)
                .replace("}]}", r#","att":[{"bytes":1}]}]}"#);
            assert!(expand(&missing, &[], encoding, &mut out).is_none());
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(|flag| json!(flag)),
            (-9_007_199_254_740_991_i64..9_007_199_254_740_991).prop_map(|number| json!(number)),
            any::<f64>().prop_map(|number| json!(number)),
            any::<String>().prop_map(|text| json!(text)),
            "[\"\\\\/\n\u{0}$av{}\\[\\]:,]{0,8}".prop_map(|text| json!(text)),
        ];
        leaf.prop_recursive(6, 200, 20, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..20).prop_map(|items| json!(items)),
                prop::collection::btree_map(
                    prop_oneof![any::<String>(), Just("$av".to_owned())],
                    inner,
                    0..20
                )
                .prop_map(|fields| json!(fields)),
            ]
        })
    }

    fn as_packed(value: &serde_json::Value) -> Value {
        match value {
            serde_json::Value::Null => Value::Nil,
            serde_json::Value::Bool(flag) => Value::from(*flag),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(integer) => Value::from(integer),
                None => Value::from(number.as_f64().unwrap()),
            },
            serde_json::Value::String(text) => Value::from(text.as_str()),
            serde_json::Value::Array(items) => items.iter().map(as_packed).collect(),
            serde_json::Value::Object(fields) => {
                let pair =
                    |(key, value): (&String, _)| (Value::from(key.as_str()), as_packed(value));
                Value::Map(fields.iter().map(pair).collect())
            }
        }
    }

    proptest! {
        #[test]
        fn any_value_arrives(values in prop::collection::vec((any::<String>(), any_json()), 1..8), is_pretty: bool) {
            let written = |value: &serde_json::Value| match is_pretty {
                true => serde_json::to_string_pretty(value).unwrap(),
                false => value.to_string(),
            };
            let named: Vec<_> = values.iter().map(|(name, value)| (format!("n{name}"), value)).collect();
            let events: Vec<_> = named.iter().map(|(name, value)| event(name, &written(value))).collect();
            let texts = texts(&events);
            let packed = packed(&events);
            prop_assert_eq!(texts.len(), events.len());
            prop_assert_eq!(packed.len(), events.len());
            for (((name, value), text), bytes) in named.iter().zip(&texts).zip(&packed) {
                let read: serde_json::Value = serde_json::from_str(text).unwrap();
                prop_assert_eq!(&read["type"], name);
                let data = format!(",\"data\":{}}}", written(value));
                prop_assert!(text.ends_with(&data), "{text} {data}");
                let read = unpacked(bytes);
                prop_assert_eq!(&read["type"], &Value::from(name.as_str()));
                prop_assert_eq!(&read["data"], &as_packed(value));
            }
        }
    }
}
