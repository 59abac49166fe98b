//! What a session does, one sentence a test: what the shared vectors cannot say or would be too large for.

#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

use std::time::{Duration, Instant};

use auroraview_protocol::{
    Broadcast, Emitted, Encoded, EncodedEvent, ErrorObject, FRAME_BYTES, Incoming, Limits, Reason,
    Session,
};
use bytes::Bytes;

fn hello(session: &mut Session, id: &str) {
    session.receive(&format!(
        r#"{{"v":1,"doc":"{id}","msgs":[{{"type":"hello","protocol":1,"document":"{id}","url":""}}]}}"#
    ));
    session.welcome("{}");
}

fn send(session: &mut Session, doc: &str, messages: &str) {
    session.receive(&format!(r#"{{"v":1,"doc":"{doc}","msgs":[{messages}]}}"#));
}

/// A session whose document `d1` is ready and has acknowledged its welcome.
fn ready(limits: Limits) -> Session {
    let mut session = Session::new(limits);
    hello(&mut session, "d1");
    session.next_batch().unwrap();
    session.receive(r#"{"v":1,"doc":"d1","ack":1,"msgs":[{"type":"ready"}]}"#);
    while session.next_incoming().is_some() {}
    session
}

fn event(name: &str, detail: &str) -> EncodedEvent {
    EncodedEvent::new(name, &detail.into(), false)
}

fn refused(session: &Session, reason: Reason) -> u64 {
    *session.counters().refused.get(&reason).unwrap_or(&0)
}

#[test]
fn a_value_a_hundred_thousand_deep_is_refused_and_its_frame_survives() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let objects = r#"{"a":"#.repeat(100_000) + "1" + &"}".repeat(100_000);
    let run = move || {
        let mut session = ready(Limits::default());
        send(
            &mut session,
            "d1",
            &format!(
                r#"{{"type":"event","event":"a"}},{{"type":"call","id":1,"method":"m","params":{deep}}},{{"type":"event","event":"b","detail":{objects}}},{{"type":"call","id":{deep},"method":{deep}}},{{"type":{deep}}},{deep},{{"type":"event","event":"c","x":{objects}}}"#
            ),
        );
        let mut names = Vec::new();
        while let Some(incoming) = session.next_incoming() {
            match incoming {
                Incoming::Event { event, .. } => names.push(event),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(names, ["a", "c"]);
        assert_eq!(refused(&session, Reason::TooLarge), 2);
        assert_eq!(refused(&session, Reason::Malformed), 3);
        let answer = session.next_batch().unwrap().text;
        assert!(
            answer.contains(r#""id":1,"ok":false"#) && answer.contains(r#""code":"too_large""#)
        );
        session.receive(&format!(r#"{{"v":{deep},"doc":"d1","msgs":[]}}"#));
        session.receive(&format!(r#"{{"v":1,"doc":{deep},"msgs":{objects}}}"#));
        session.receive(&deep);
        assert_eq!(refused(&session, Reason::Version), 1);
    };
    // A stack far smaller than recursion of that depth would need.
    let thread = std::thread::Builder::new().stack_size(128 << 10).spawn(run);
    thread.unwrap().join().unwrap();
}

#[test]
fn a_frame_is_filled_to_its_bound_and_a_larger_message_travels_alone() {
    let mut session = ready(Limits::default());
    let large = format!("\"{}\"", "x".repeat(FRAME_BYTES + 1));
    let half = format!("\"{}\"", "y".repeat(FRAME_BYTES / 2 - 100));
    for detail in ["1", &large, &half, &half, &half] {
        session.emit(&event("e", detail)).unwrap();
    }
    let mut sizes = Vec::new();
    while let Some(batch) = session.next_batch() {
        let messages = batch.text.matches(r#""type":"event""#).count();
        assert!(batch.text.len() <= FRAME_BYTES || messages == 1);
        sizes.push(messages);
        session.receive(&format!(
            r#"{{"v":1,"doc":"d1","ack":{},"msgs":[]}}"#,
            batch.seq
        ));
    }
    assert_eq!(sizes, [1, 1, 2, 1]);
    assert_eq!(session.queued(), (0, 0));
}

#[test]
fn a_message_that_just_fits_shares_its_frame() {
    for over in [0, 1] {
        let mut session = ready(Limits::default());
        let first = event("a", "1");
        let rest = FRAME_BYTES
            - r#"{"v":1,"doc":"d1","seq":2,"msgs":[,]}"#.len()
            - first.text().len()
            - event("b", "\"\"").text().len();
        let second = event("b", &format!("\"{}\"", "x".repeat(rest + over)));
        session.emit_all(&[first, second]).unwrap();
        let batch = session.next_batch().unwrap();
        assert_eq!(batch.text.len() == FRAME_BYTES, over == 0);
        assert_eq!(session.next_batch().is_some(), over == 1);
    }
}

#[test]
fn a_frame_counts_its_attachments_and_their_announcement() {
    let carrying = |bytes: usize| {
        let detail = Encoded {
            attachments: vec![Bytes::from(vec![1; bytes]).into()],
            ..r#"{"$av":0}"#.into()
        };
        EncodedEvent::new("e", &detail, false)
    };
    let room = FRAME_BYTES - r#"{"att":2,"v":1,"doc":"d1","seq":2,"msgs":[,]}"#.len();
    let first = carrying(1000);
    let second = room - first.size() - carrying(100_000).text().len();
    for over in [0, 1] {
        let mut session = ready(Limits::default());
        session
            .emit_all(&[first.clone(), carrying(second + over)])
            .unwrap();
        let batch = session.next_batch().unwrap();
        let attached: usize = batch.attachments.iter().map(Bytes::len).sum();
        assert_eq!(batch.text.len() + attached == FRAME_BYTES, over == 0);
        assert_eq!(session.next_batch().is_some(), over == 1);
    }
    let mut session = ready(Limits::default());
    session
        .emit_all(&[first.clone(), carrying(FRAME_BYTES), first])
        .unwrap();
    let mut counts = Vec::new();
    while let Some(batch) = session.next_batch() {
        counts.push(batch.attachments.len());
        session.receive(&format!(
            r#"{{"v":1,"doc":"d1","ack":{},"msgs":[]}}"#,
            batch.seq
        ));
    }
    assert_eq!(counts, [1, 1, 1]);
}

#[test]
fn bytes_are_shared_and_never_copied_on_their_way() {
    let data = Bytes::from(vec![1; 1000]);
    let detail = Encoded {
        attachments: vec![data.clone().into()],
        ..r#"{"$av":0}"#.into()
    };
    let mut session = ready(Limits::default());
    session
        .emit(&EncodedEvent::new("e", &detail, false))
        .unwrap();
    let sent = session.next_batch().unwrap().attachments;
    assert_eq!(sent[0].as_ptr(), data.as_ptr());
    assert!(session.resume("d1", 1));
    let again = session.next_batch().unwrap().attachments;
    assert_eq!(again[0].as_ptr(), data.as_ptr());
    let text = r#"{"att":1,"v":1,"doc":"d1","msgs":[{"type":"event","event":"e","detail":{"$av":0},"att":[{"bytes":1000}]}]}"#;
    session.receive_with(text, vec![data.clone()]);
    match session.next_incoming() {
        Some(Incoming::Event { detail, .. }) => {
            let given = detail.unwrap().attachments.unwrap();
            assert_eq!(given[0].data.as_ptr(), data.as_ptr());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn events_emitted_together_are_queued_all_or_not_at_all() {
    let limits = Limits {
        queue_messages: 3,
        ..Limits::default()
    };
    let mut session = ready(limits);
    let pair = [event("a", "1"), EncodedEvent::new("b", &"2".into(), true)];
    session.emit_all(&pair).unwrap();
    let full = session.emit_all(&pair).unwrap_err();
    assert_eq!((full.messages, full.max_messages), (2, 3));
    assert!(full.to_string().contains("2 messages"));
    assert_eq!(session.queued().0, 2);
    session.emit_all(&[]).unwrap();
    session.emit(&pair[0]).unwrap();
    session.emit_all(&[]).unwrap();
}

#[test]
fn a_closed_session_drops_events_says_so_and_keeps_retained_values() {
    let mut session = ready(Limits::default());
    session.emit(&event("lost", "1")).unwrap();
    session.close("window \"closed\"");
    session.close("again");
    assert_eq!(session.emit(&event("e", "1")).unwrap(), Emitted::Dropped);
    assert_eq!(session.broadcast(&event("e", "1")), Broadcast::Dropped);
    session.emit_all(&[event("e", "1")]).unwrap();
    let theme = EncodedEvent::new("theme", &"\"dark\"".into(), true);
    assert_eq!(session.emit(&theme).unwrap(), Emitted::Queued);
    assert_eq!(session.counters().dropped, 4);
    assert_eq!(session.queued(), (0, 0));
    assert!(session.is_closed() && session.document().is_none());
    let farewell = session.next_batch().unwrap();
    assert!(
        farewell
            .text
            .contains(r#""detail":{"reason":"window \"closed\""}"#)
    );
    assert!(session.next_batch().is_none());
    session.open();
    hello(&mut session, "d2");
    send(&mut session, "d2", r#"{"type":"ready"}"#);
    assert!(session.next_batch().unwrap().text.contains("\"dark\""));
}

#[test]
fn a_session_that_closes_before_a_document_says_nothing() {
    let mut session = Session::new(Limits::default());
    session.close("never shown");
    assert!(session.next_batch().is_none() && session.next_incoming().is_none());
}

#[test]
fn a_reopened_session_forgets_the_farewell_nobody_took() {
    let mut session = ready(Limits::default());
    session.close("bye");
    session.open();
    assert!(session.next_batch().is_none());
}

#[test]
fn the_queue_counts_what_waits_and_what_is_on_its_way() {
    let mut session = ready(Limits::default());
    let one = event("e", "1");
    session.emit(&one).unwrap();
    assert_eq!(session.queued(), (1, one.text().len()));
    session.next_batch().unwrap();
    assert_eq!((session.queued().0, session.unacknowledged()), (1, 1));
    session.document_gone();
    assert_eq!((session.queued().0, session.unacknowledged()), (1, 0));
    hello(&mut session, "d2");
    send(&mut session, "d2", r#"{"type":"ready"}"#);
    let batch = session.next_batch().unwrap();
    assert!(batch.text.contains(one.text()) && batch.generation == 2);
    session.receive(r#"{"v":1,"doc":"d2","ack":1,"msgs":[]}"#);
    assert_eq!((session.queued(), session.unacknowledged()), ((0, 0), 0));
}

#[test]
fn a_value_recorded_before_the_session_began_reaches_the_page_but_not_one_that_is_ready() {
    let mut session = ready(Limits::default());
    session.retain(&EncodedEvent::new("theme", &"1".into(), true));
    session.retain(&event("plain", "2"));
    assert!(session.next_batch().is_none());
    hello(&mut session, "d2");
    send(&mut session, "d2", r#"{"type":"ready"}"#);
    let text = session.next_batch().unwrap().text;
    assert!(text.contains(r#""event":"theme","detail":1,"retain":true"#));
    assert!(!text.contains("plain"));
}

#[test]
fn an_event_longer_than_the_whole_queue_waits_alone() {
    let limits = Limits {
        queue_bytes: 100,
        ..Limits::default()
    };
    let large = event("b", &format!("\"{}\"", "x".repeat(100)));
    let mut session = ready(limits);
    session.emit(&large).unwrap();
    assert_eq!(session.queued(), (1, large.size()));
    assert_eq!(session.emit(&event("a", "1")).unwrap_err().messages, 1);
    assert_eq!(session.emit(&large).unwrap_err().messages, 1);
    let both = [large.clone(), large.clone()];
    assert!(ready(limits).emit_all(&both).is_err());

    let mut session = ready(limits);
    assert_eq!(session.broadcast(&large), Broadcast::Queued);
    assert_eq!(session.broadcast(&large), Broadcast::Reset);
    assert_eq!(session.queued(), (1, large.size()));
    assert_eq!(session.counters().dropped, 1);
    let text = session.next_batch().unwrap().text;
    assert!(text.contains("__auroraview_reset") && text.contains("xxx"));
}

#[test]
fn refusals_of_the_transport_are_counted_with_the_others() {
    let mut session = Session::new(Limits::default());
    session.refuse(Reason::Key, 3);
    session.refuse(Reason::Origin, 0);
    session.receive("junk");
    let counted: Vec<_> = session.counters().refused.iter().collect();
    assert_eq!(counted, [(&Reason::Malformed, &1), (&Reason::Key, &3)]);
}

#[test]
fn answers_to_refused_calls_are_bounded_when_the_page_takes_none() {
    let limits = Limits {
        queue_messages: 10,
        calls_in_flight: 1,
        ..Limits::default()
    };
    let mut session = ready(limits);
    for id in 1..1000 {
        send(
            &mut session,
            "d1",
            &format!(
                r#"{{"type":"call","id":{id},"method":"m"}},{{"type":"odd","id":{}}}"#,
                id + 5000
            ),
        );
    }
    assert_eq!(session.queued().0, 10);
    assert_eq!(session.in_flight(), 1);
    assert_eq!(refused(&session, Reason::Busy), 998);
}

#[test]
fn answers_of_the_program_are_never_dropped_for_want_of_room() {
    let limits = Limits {
        queue_messages: 1,
        ..Limits::default()
    };
    let mut session = ready(limits);
    send(
        &mut session,
        "d1",
        r#"{"type":"call","id":1,"method":"m"},{"type":"call","id":2,"method":"m"}"#,
    );
    session.emit(&event("e", "1")).unwrap();
    session.respond(1, 1, Ok("1".into()));
    session.respond(1, 2, Err(ErrorObject::cancelled("stopped")));
    assert_eq!(session.queued().0, 3);
    assert_eq!(session.in_flight(), 0);
}

#[test]
fn an_error_past_the_limit_becomes_one_that_fits() {
    let limits = Limits {
        message_bytes: 200,
        ..Limits::default()
    };
    let mut session = ready(limits);
    send(&mut session, "d1", r#"{"type":"call","id":1,"method":"m"}"#);
    let long = "x".repeat(300);
    session.respond(1, 1, Err(ErrorObject::handler_error("ValueError", long)));
    let text = session.next_batch().unwrap().text;
    assert!(text.contains(r#""code":"too_large""#) && text.len() < 300);
}

#[test]
fn counters_add_up() {
    let mut session = ready(Limits::default());
    send(
        &mut session,
        "d1",
        r#"{"type":"call","id":1,"method":"m"},{"type":"event","event":"e"},{"type":"cancel","id":1},{"type":"cancel","id":9}"#,
    );
    session.emit(&event("a", "1")).unwrap();
    session.next_batch().unwrap();
    let counters = session.counters();
    assert_eq!(
        (counters.calls, counters.events, counters.cancels),
        (1, 1, 2)
    );
    assert_eq!(
        (counters.emitted, counters.batches, counters.dropped),
        (1, 2, 0)
    );
    assert!(counters.refused.is_empty());
}

#[test]
fn ten_thousand_calls_are_linear_work() {
    let calls: Vec<_> = (1..=10_000)
        .map(|id| format!(r#"{{"type":"call","id":{id},"method":"api.m","params":[{id},2]}}"#))
        .collect();
    let mut session = ready(Limits::default());
    let begun = Instant::now();
    send(&mut session, "d1", &calls.join(","));
    assert_eq!(session.in_flight(), 10_000);
    // Generous: debug builds on busy machines take about a twentieth of it; quadratic work takes far longer.
    assert!(begun.elapsed() < Duration::from_secs(3));
}
