//! Any client of the plain dialect: what it says arrives as it was written, and what goes back is JSON or MessagePack
//! that says the same.
//!
//! The first byte of the input chooses, each line behind it is a message of the client; one that begins with a zero
//! byte is binary. The program sends every event back as it came, and tells of the length of its detail in bytes.
#![no_main]

use std::sync::Arc;

use auroraview_fuzz::{Answering, Choices, options};
use auroraview_protocol::{Attachment, Encoded, EncodedEvent, write_json_string};
use auroraview_server::{Dialect, Encoding, Options, Outgoing, RequestInfo, Sessions, close_code};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;

fuzz_target!(|input: &[u8]| {
    let (first, lines) = input.split_first().unwrap_or((&0, &[]));
    let mut choices = Choices::new(std::slice::from_ref(first));
    let choice = choices.below(16);
    let encoding = [Encoding::Json, Encoding::MessagePack][choice & 1];
    let program = Arc::new(Answering::default());
    let sessions = Sessions::new(
        program.clone(),
        Options {
            dialect: Dialect::Plain(encoding),
            token: (choice & 2 > 0).then(|| "t".to_owned()),
            expects: choice & 4 > 0,
            ..options()
        },
    );
    let request = RequestInfo {
        path: "/".into(),
        headers: vec![("host".into(), "localhost".into())],
        address: Some("127.0.0.1:1".into()),
        ..RequestInfo::default()
    };
    let mut connection = sessions
        .connect(request, Box::new(|| {}))
        .unwrap_or_else(|refusal| panic!("{}", refusal.message));

    let mut told: Vec<(String, Encoded)> = Vec::new();
    let mut heard = 0;
    for line in lines.split(|byte| *byte == b'\n') {
        match (line.strip_prefix(b"\0"), std::str::from_utf8(line)) {
            (Some(bytes), _) => connection.receive_binary(Bytes::copy_from_slice(bytes)),
            (None, Ok(text)) => connection.receive_text(text),
            (None, Err(_)) => assert!(connection.receive_garbage()),
        }
        let Some(page) = program.last() else {
            continue;
        };
        for (_, name, detail) in page.heard().drain(heard..) {
            heard += 1;
            let back = answer(detail.expect("the adapter writes one"));
            page.emit(&EncodedEvent::new(&name, &back, false));
            told.push((name, back));
        }
    }
    connection.receive_text(r#"{"type":"ready"}"#);
    if let Some(page) = program.last() {
        for (_, name, _) in page.heard().drain(heard..) {
            assert_eq!(name, "ready");
        }
    }

    let mut told = told.into_iter();
    while let Some(outgoing) = connection.next_outgoing() {
        match outgoing {
            Outgoing::Close(code, _) => {
                assert_eq!(code, close_code::TOKEN);
                assert!(
                    choice & 2 > 0 && program.last().is_none_or(|page| page.heard().is_empty())
                );
            }
            Outgoing::Text(text) => {
                assert_eq!(encoding, Encoding::Json);
                check_json(&text, &told.next().expect("something was told"));
            }
            Outgoing::Binary(bytes) => {
                assert_eq!(encoding, Encoding::MessagePack);
                check_packed(&bytes, &told.next().expect("something was told"));
            }
            Outgoing::Ping => {}
        }
    }
    assert!(connection.is_over() || told.next().is_none(), "all of it");
    assert!(program.count() <= 1);
    drop(connection);
    sessions.close();
    assert!(program.pages().iter().all(|page| page.ends() == 1));
});

/// The detail itself, and bytes beside it where no part of it would be taken for one.
fn answer(detail: Encoded) -> Encoded {
    assert!(!detail.escaped && detail.attachments.is_empty());
    if detail.json.contains("av") {
        return detail;
    }
    let length = detail.json.len() as u32;
    Encoded {
        json: format!(r#"[{},{{"$av":0}}]"#, detail.json),
        attachments: vec![Attachment::from(Bytes::from(length.to_be_bytes().to_vec()))],
        escaped: false,
    }
}

fn check_json(text: &str, (name, told): &(String, Encoded)) {
    serde_json::from_str::<&RawValue>(text).expect("JSON");
    let mut head = String::from(r#"{"type":"#);
    write_json_string(&mut head, name);
    head += r#","data":"#;
    let data = text
        .strip_prefix(&head)
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or_else(|| panic!("{text}"));
    match told.attachments.first() {
        None => assert_eq!(data, told.json),
        Some(bytes) => {
            let [_, _, high, low] = bytes.data[..] else {
                panic!("four bytes");
            };
            let length = usize::from(u16::from_be_bytes([high, low]));
            // What stands beside attachments is written anew, without the space between its parts.
            let space = |byte: &u8| !b" \t\r\n".contains(byte);
            let without_space = |text: &str| text.bytes().filter(space).collect::<Vec<_>>();
            let value = without_space(&told.json[1..=length]);
            let found = without_space(data);
            assert!(found.starts_with(b"[") && found[1..].starts_with(&value));
            // Six digits of base64 and two of padding, in quotes.
            assert_eq!(found.len(), 1 + value.len() + 1 + 10 + 1);
        }
    }
}

fn check_packed(bytes: &[u8], (name, told): &(String, Encoded)) {
    let mut rest = bytes;
    let read = rmpv::decode::read_value(&mut rest).expect("MessagePack");
    assert!(rest.is_empty());
    assert_eq!(read["type"].as_str(), Some(&**name));
    let data = match told.attachments.first() {
        None => &read["data"],
        Some(bytes) => {
            assert_eq!(read["data"][1].as_slice(), Some(&bytes.data[..]));
            &read["data"][0]
        }
    };
    // A tree of values cannot hold all that text can: lone surrogates, numbers past every float, any depth.
    if let Ok(mut expected) = serde_json::from_str::<Value>(&told.json) {
        if !told.attachments.is_empty() {
            expected = expected[0].take();
        }
        assert!(is_same(data, &expected), "{data} {expected}");
    }
}

fn is_same(found: &rmpv::Value, expected: &Value) -> bool {
    match (found, expected) {
        (rmpv::Value::Nil, Value::Null) => true,
        (rmpv::Value::Boolean(found), Value::Bool(expected)) => found == expected,
        (rmpv::Value::Integer(found), Value::Number(expected)) => {
            found.as_i64() == expected.as_i64() && found.as_u64() == expected.as_u64()
        }
        (rmpv::Value::F64(found), Value::Number(expected)) => {
            expected.is_f64() && Some(found.to_bits()) == expected.as_f64().map(f64::to_bits)
        }
        (rmpv::Value::String(found), Value::String(expected)) => found.as_str() == Some(expected),
        (rmpv::Value::Array(found), Value::Array(expected)) => {
            let pairs = || found.iter().zip(expected);
            found.len() == expected.len() && pairs().all(|(one, other)| is_same(one, other))
        }
        // Of a key that stands there twice the last one counts.
        (rmpv::Value::Map(found), Value::Object(expected)) => {
            let last = |key: &str| {
                found
                    .iter()
                    .rev()
                    .find(|(name, _)| name.as_str() == Some(key))
            };
            found.len() >= expected.len()
                && expected
                    .iter()
                    .all(|(key, value)| last(key).is_some_and(|(_, found)| is_same(found, value)))
        }
        _ => false,
    }
}
