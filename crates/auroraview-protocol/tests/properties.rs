//! Whatever a page and a program do, in whatever order: what a session promises holds.

#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod model;

use auroraview_protocol::{CALL_ID_MAX, Given, Incoming, Limits, Session, envelope};
use bytes::Bytes;
use model::{Op, World};
use proptest::prelude::*;
use serde_json::json;

fn op() -> impl Strategy<Value = Op> {
    let retain = || prop::bool::weighted(0.3);
    let size = prop_oneof![60 => Just(0usize), 1 => Just(140_000), 1 => Just(300_000)];
    prop_oneof![
        2 => Just(Op::Hello),
        1 => Just(Op::HelloAgain),
        4 => Just(Op::Ready),
        4 => Just(Op::Welcome),
        1 => Just(Op::Gone),
        1 => Just(Op::Close),
        2 => Just(Op::Open),
        1 => Just(Op::Control),
        6 => prop::bool::weighted(0.1).prop_map(|deep| Op::Call { deep }),
        1 => any::<usize>().prop_map(Op::CallAgain),
        2 => any::<usize>().prop_map(Op::Cancel),
        2 => Just(Op::Event),
        1 => Just(Op::UnknownType),
        1 => ".{0,20}".prop_map(Op::Junk),
        1 => Just(Op::StaleFrame),
        6 => any::<usize>().prop_map(Op::Acknowledge),
        1 => Just(Op::AcknowledgeUnsent),
        12 => (0..3usize, retain(), size).prop_map(|(name, retain, size)| Op::Emit { name, retain, size }),
        2 => prop::collection::vec((0..3usize, retain()), 0..5).prop_map(Op::EmitAll),
        4 => (0..3usize, retain()).prop_map(|(name, retain)| Op::Broadcast { name, retain }),
        1 => (0..3usize).prop_map(|name| Op::Retain { name }),
        6 => (0..3usize, retain()).prop_map(|(key, retain)| Op::EmitLatest { key, retain }),
        3 => Just(Op::ReleaseLatest),
        4 => any::<usize>().prop_map(Op::Resume),
        1 => any::<usize>().prop_map(Op::ResumeWrongly),
        6 => (any::<usize>(), any::<bool>()).prop_map(|(which, fail)| Op::Respond { which, fail }),
        1 => any::<usize>().prop_map(Op::RespondTwice),
        1 => any::<usize>().prop_map(Op::RespondToOld),
        12 => Just(Op::Deliver),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let bytes = prop_oneof![Just(300usize), Just(2_000_000)];
    (1..8usize, bytes, 1..5usize).prop_map(|(queue_messages, queue_bytes, calls_in_flight)| {
        Limits {
            queue_messages,
            queue_bytes,
            calls_in_flight,
            depth: 4,
            ..Limits::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_keeps_what_a_session_promises(limits in limits(), ops in prop::collection::vec(op(), 0..120)) {
        let mut world = World::new(limits);
        for op in ops {
            world.run(op);
        }
        world.finish();
    }

    #[test]
    fn any_interleaving_in_a_page_that_works_keeps_what_a_session_promises(
        limits in limits(), ops in prop::collection::vec(op(), 0..60)
    ) {
        let mut world = World::new(limits);
        for op in [Op::Hello, Op::Welcome, Op::Ready].into_iter().chain(ops) {
            world.run(op);
        }
        world.finish();
    }

    #[test]
    fn any_text_is_taken_or_counted(text in any::<String>()) {
        take_any(&text, &[]);
    }

    #[test]
    fn anything_that_looks_like_a_frame_is_taken_or_counted(
        text in frame_like(), attachments in attachments()
    ) {
        take_any(&text, &attachments);
    }

    #[test]
    fn a_frame_with_any_lists_and_any_attachments_is_taken_or_counted(
        count in 0..4usize, lists in prop::collection::vec(att(), 1..4), attachments in attachments()
    ) {
        let message = |(at, list): (usize, &String)| match at % 2 {
            0 => format!(r#"{{"type":"call","id":{},"method":"m","params":{{"$av":0}},"att":{list}}}"#, at + 1),
            _ => format!(r#"{{"type":"event","event":"e","detail":[{{"$av":1}}],"att":{list}}}"#),
        };
        let messages: Vec<_> = lists.iter().enumerate().map(message).collect();
        take_any(&format!(r#"{{"att":{count},"v":1,"doc":"d1","msgs":[{}]}}"#, messages.join(",")), &attachments);
    }

    #[test]
    fn any_text_is_split_into_a_frame_and_attachments_or_refused(
        head in prop_oneof![Just(String::new()), (0..3usize).prop_map(|count| format!("{{\"att\":{count},"))],
        rest in prop_oneof![any::<String>(), "[\nA-Za-z0-9+/=]{0,12}"],
    ) {
        let text = head + &rest;
        if let Ok((frame, attachments)) = envelope::split(&text) {
            prop_assert_eq!(envelope::announced(&text).unwrap_or(0), attachments.len());
            prop_assert_eq!(envelope::join(frame, &attachments), text);
        }
    }
}

fn attachments() -> impl Strategy<Value = Vec<Bytes>> {
    let one = (0..9usize).prop_map(|size| Bytes::from(vec![1; size]));
    prop::collection::vec(one, 0..4)
}

/// The list of a message: good, bad, and none.
fn att() -> impl Strategy<Value = String> {
    let number = || prop_oneof![8 => 0..9u64, 1 => any::<u64>()];
    let shape = prop::collection::vec(number(), 0..4);
    let dtype = prop::sample::select(vec!["", "int8", "int16", "float32", "float64", "bool", "x"]);
    let entry = (number(), dtype, prop::option::of(shape)).prop_map(|(bytes, dtype, shape)| {
        let mut entry = json!({"bytes": bytes});
        if !dtype.is_empty() {
            entry["dtype"] = json!(dtype);
        }
        if let Some(shape) = shape {
            entry["shape"] = json!(shape);
        }
        entry.to_string()
    });
    let other = prop::sample::select(vec!["null", "{}", "7", "[[]]"]).prop_map(str::to_owned);
    let list = prop::collection::vec(prop_oneof![9 => entry, 1 => other.clone()], 0..4);
    prop_oneof![9 => list.prop_map(|list| format!("[{}]", list.join(","))), 1 => other]
}

/// Texts from the parts of real frames, in no sensible order.
fn frame_like() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\ud800",
        "null",
        "1",
        "0",
        "-1",
        "1.5",
        "true",
        "\"v\":1",
        "\"doc\":\"d1\"",
        "\"msgs\":[",
        "\"ack\":1",
        "\"seq\":1",
        "\"seq\":2",
        "\"att\":1",
        "\"att\":[{\"bytes\":1}]",
        "{\"att\":1,\"v\":1,\"doc\":\"d1\",\"msgs\":[",
        "\"type\":\"call\"",
        "\"type\":\"event\"",
        "\"type\":\"hello\"",
        "\"type\":\"cancel\"",
        "\"id\":1",
        "\"method\":\"m\"",
        "\"event\":\"e\"",
        "\"params\":",
        "\"detail\":",
        "\"protocol\":1",
        "\"document\":\"d2\"",
        "{\"type\":\"ready\"}",
        "{\"v\":1,\"doc\":\"d1\",\"msgs\":[",
        "]}",
        "{\"type\":\"call\",\"id\":1,\"method\":\"m\",\"params\":",
    ]);
    prop::collection::vec(part, 0..14).prop_map(|parts| parts.concat())
}

/// What is reported for any text is within the protocol, and the page lives on.
fn take_any(text: &str, attachments: &[Bytes]) {
    let mut session = Session::new(Limits::default());
    let take = |session: &mut Session| session.receive_with(text, attachments.to_vec());
    take(&mut session);
    session.receive(
        r#"{"v":1,"doc":"d1","msgs":[{"type":"hello","protocol":1,"document":"d1","url":""}]}"#,
    );
    take(&mut session);
    session.welcome("{}");
    take(&mut session);
    while let Some(incoming) = session.next_incoming() {
        match incoming {
            Incoming::Call {
                id, method, params, ..
            } => {
                assert!((1..=CALL_ID_MAX).contains(&id) && !method.is_empty());
                check_attachments(params, attachments);
            }
            Incoming::Event { event, detail, .. } => {
                assert!(!event.is_empty());
                check_attachments(detail, attachments);
            }
            _ => {}
        }
    }
    let document = session.document().unwrap().to_owned();
    let ready = json!({"v": 1, "doc": document, "msgs": [{"type": "event", "event": "alive"}]});
    session.receive(&ready.to_string());
    assert!(
        matches!(session.next_incoming(), Some(Incoming::Event { event, .. }) if event == "alive")
    );
}

/// What a message has beside it fits, and came with the frame.
fn check_attachments(given: Option<Given>, came: &[Bytes]) {
    for attachment in given
        .and_then(|given| given.attachments)
        .into_iter()
        .flatten()
    {
        assert!(attachment.fits() && came.contains(&attachment.data));
    }
}
