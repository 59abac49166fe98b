//! Any text a page sends: it is taken or counted, what is reported keeps the limits, and what is sent back is JSON.
//!
//! The input is what a transport that carries text alone gets: a frame, and behind it its attachments in base64.
#![no_main]

use auroraview_protocol::{
    CALL_ID_MAX, Encoded, EncodedEvent, Given, Incoming, Limits, Session, envelope, is_reserved,
};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;

const HELLO: &str =
    r#"{"v":1,"doc":"d1","msgs":[{"type":"hello","protocol":1,"document":"d1","url":""}]}"#;

/// So little that inputs of a fuzzer reach it.
const TIGHT: Limits = Limits {
    message_bytes: 96,
    queue_messages: 3,
    queue_bytes: 200,
    depth: 3,
    calls_in_flight: 2,
};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let (frame, attachments) = match envelope::split(text) {
        Ok((frame, attachments)) => {
            assert_eq!(envelope::announced(text).unwrap_or(0), attachments.len());
            assert_eq!(envelope::join(frame, &attachments), text);
            (frame, attachments)
        }
        Err(_) => (text, Vec::new()),
    };
    for limits in [Limits::default(), TIGHT] {
        take(frame, &attachments, limits);
    }
});

/// As a first text, as one of a page that is not ready, and as one of a page that is.
fn take(frame: &str, attachments: &[Bytes], limits: Limits) {
    let mut session = Session::new(limits);
    session.receive_with(frame, attachments.to_vec());
    check(&mut session, attachments);
    session.receive(HELLO);
    session.receive_with(frame, attachments.to_vec());
    check(&mut session, attachments);
    session.welcome("{}");
    session.receive_with(frame, attachments.to_vec());
    session.receive(r#"[{"type":"ready"}]"#);
    session.receive_with(frame, attachments.to_vec());
    check(&mut session, attachments);

    // Nothing it sent can hurt the next document.
    session.receive(&HELLO.replace("d1", "last"));
    session.receive(r#"{"v":1,"doc":"last","msgs":[{"type":"event","event":"alive"}]}"#);
    let alive = std::iter::from_fn(|| session.next_incoming())
        .any(|incoming| matches!(incoming, Incoming::Event { event, .. } if event == "alive"));
    assert!(alive);
}

fn check(session: &mut Session, attachments: &[Bytes]) {
    let limits = *session.limits();
    let mut told = Vec::new();
    while let Some(incoming) = session.next_incoming() {
        match incoming {
            Incoming::Call {
                generation,
                id,
                method,
                params,
            } => {
                assert!((1..=CALL_ID_MAX).contains(&id) && !method.is_empty());
                let value = params.map(|given| check_given(given, attachments, &limits));
                session.respond(generation, id, Ok(value.unwrap_or_else(|| "null".into())));
            }
            Incoming::Event { event, detail, .. } => {
                assert!(!event.is_empty() && !is_reserved(&event));
                if let Some(given) = detail {
                    let value = check_given(given, attachments, &limits);
                    told.push(EncodedEvent::new(&event, &value, false));
                }
            }
            Incoming::Document { document, .. } => assert!((1..=64).contains(&document.len())),
            _ => {}
        }
    }
    assert!(session.in_flight() <= limits.calls_in_flight);
    for event in &told {
        let _ = session.emit(event);
    }
    while let Some(batch) = session.next_batch() {
        // A tree of values cannot hold all that the raw text can: deep nesting, and lone surrogates.
        serde_json::from_str::<&RawValue>(&batch.text).expect("frames are JSON");
        if let Ok(frame) = serde_json::from_str::<Value>(&batch.text) {
            assert_eq!(frame["doc"], batch.document);
            assert_eq!(frame["seq"], batch.seq);
            let announced = frame["att"].as_u64().unwrap_or(0);
            assert_eq!(announced, batch.attachments.len() as u64);
        }
        let joined = envelope::join(&batch.text, &batch.attachments);
        let (text, parts) = envelope::split(&joined).expect("it was joined");
        assert!(text == batch.text && parts == batch.attachments);
        let (doc, seq) = (&batch.document, batch.seq);
        session.receive(&format!(r#"{{"v":1,"doc":"{doc}","ack":{seq},"msgs":[]}}"#));
    }
}

/// It is JSON, keeps the limits, and came with the frame; what it was is what is sent back.
fn check_given(given: Given, came: &[Bytes], limits: &Limits) -> Encoded {
    let json = given.json.get();
    serde_json::from_str::<&RawValue>(json).expect("values are JSON");
    assert!(depth(json) <= limits.depth);
    let attachments = given.attachments.clone().unwrap_or_default();
    let bytes: usize = attachments.iter().map(|one| one.data.len()).sum();
    assert!(json.len() + bytes <= limits.message_bytes);
    for attachment in &attachments {
        assert!(attachment.fits() && came.contains(&attachment.data));
    }
    Encoded {
        json: json.to_owned(),
        escaped: given.attachments.is_some(),
        attachments,
    }
}

fn depth(json: &str) -> usize {
    let (mut deepest, mut depth, mut in_string, mut escaped) = (0, 0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}
