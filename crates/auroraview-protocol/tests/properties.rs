//! Whatever a page and a program do, in whatever order: what a session promises holds.

#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod model;

use auroraview_protocol::{CALL_ID_MAX, Incoming, Limits, Session};
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
        take_any(&text);
    }

    #[test]
    fn anything_that_looks_like_a_frame_is_taken_or_counted(text in frame_like()) {
        take_any(&text);
    }
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
fn take_any(text: &str) {
    let mut session = Session::new(Limits::default());
    session.receive(text);
    session.receive(
        r#"{"v":1,"doc":"d1","msgs":[{"type":"hello","protocol":1,"document":"d1","url":""}]}"#,
    );
    session.receive(text);
    session.welcome("{}");
    session.receive(text);
    while let Some(incoming) = session.next_incoming() {
        match incoming {
            Incoming::Call { id, method, .. } => {
                assert!((1..=CALL_ID_MAX).contains(&id) && !method.is_empty());
            }
            Incoming::Event { event, .. } => assert!(!event.is_empty()),
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
