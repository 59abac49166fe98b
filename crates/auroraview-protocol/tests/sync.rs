//! Calls for which the page stands still.

use auroraview_protocol::{Encoded, ErrorObject, Incoming, Limits, Reason, Session, SyncAnswer};
use bytes::Bytes;

fn session_with(limits: Limits) -> Session {
    let mut session = Session::new(limits);
    session.receive(
        r#"{"v":1,"doc":"d","msgs":[{"type":"hello","protocol":1,"document":"d","url":""}]}"#,
    );
    while session.next_incoming().is_some() {}
    session
}

fn session() -> Session {
    session_with(Limits::default())
}

fn call(id: u64) -> String {
    format!(r#"{{"v":1,"doc":"d","msgs":[{{"type":"call","id":{id},"method":"m","params":[1]}}]}}"#)
}

fn answer_of(session: &mut Session) -> SyncAnswer {
    let answer = session.next_sync_answer().expect("an answer");
    assert!(session.next_sync_answer().is_none());
    answer
}

#[test]
fn a_synchronous_call_is_answered_alone_and_without_a_number() {
    let mut session = session();
    session.receive_sync(&call(7), Vec::new(), 40);
    let Some(Incoming::Call { id, sync, .. }) = session.next_incoming() else {
        panic!("no call");
    };
    assert_eq!((id, sync, session.in_flight()), (7, true, 1));
    assert!(session.next_sync_answer().is_none());
    session.respond(1, 7, Ok("2".into()));
    let answer = answer_of(&mut session);
    assert_eq!(answer.number, 40);
    assert_eq!(
        answer.text,
        r#"{"v":1,"doc":"d","msgs":[{"type":"event","event":"__auroraview_call_result","detail":{"id":7,"ok":true,"result":2}}]}"#
    );
    // It needs neither a welcome nor a place among the frames.
    assert!(session.next_batch().is_none());
    assert_eq!((session.queued(), session.in_flight()), ((0, 0), 0));
}

#[test]
fn its_attachments_come_and_go_beside_it() {
    let mut session = session();
    let text = r#"{"att":1,"v":1,"doc":"d","msgs":[{"type":"call","id":1,"method":"m","params":{"$av":0},"att":[{"bytes":2}]}]}"#;
    session.receive_sync(text, vec![Bytes::from_static(b"ab")], 1);
    let Some(Incoming::Call {
        params: Some(params),
        ..
    }) = session.next_incoming()
    else {
        panic!("no call");
    };
    let given = params.attachments.unwrap();
    assert_eq!(given[0].data, Bytes::from_static(b"ab"));
    let result = Encoded {
        json: r#"{"$av":0}"#.to_owned(),
        attachments: given,
        escaped: false,
    };
    session.respond(1, 1, Ok(result));
    let answer = answer_of(&mut session);
    assert!(
        answer
            .text
            .starts_with(r#"{"att":1,"v":1,"doc":"d","msgs":[{"#)
    );
    assert_eq!(answer.attachments, [Bytes::from_static(b"ab")]);
}

#[test]
fn whatever_is_refused_is_answered() {
    let hello = r#"{"type":"hello","protocol":1,"document":"d","url":""}"#;
    let one = r#"{"type":"call","id":3,"method":"m"}"#;
    for (text, attachments, reason, told) in [
        ("nonsense".to_owned(), 0, Reason::Malformed, "\"id\":0,"),
        (
            call(3).replace("\"d\"", "\"e\""),
            0,
            Reason::StaleDocument,
            "\"closed\"",
        ),
        (
            format!(r#"{{"v":1,"doc":"d","msgs":[{hello}]}}"#),
            0,
            Reason::Malformed,
            "\"id\":0,",
        ),
        (
            format!(r#"{{"v":1,"doc":"d","msgs":[{one},{one}]}}"#),
            0,
            Reason::Malformed,
            "invalid_params",
        ),
        (
            r#"{"v":1,"doc":"d","msgs":[]}"#.to_owned(),
            0,
            Reason::Malformed,
            "invalid_params",
        ),
        (
            format!(r#"{{"v":1,"doc":"d","seq":1,"msgs":[{one}]}}"#),
            0,
            Reason::Malformed,
            "invalid_params",
        ),
        (call(3), 1, Reason::Malformed, "invalid_params"),
        (
            format!(r#"{{"att":1,"v":1,"doc":"d","msgs":[{one}]}}"#),
            1,
            Reason::Malformed,
            "invalid_params",
        ),
        (
            r#"{"v":1,"doc":"d","msgs":[{"type":"call","id":3,"method":""}]}"#.to_owned(),
            0,
            Reason::Malformed,
            "\"id\":3,",
        ),
        (
            r#"{"v":1,"doc":"d","msgs":[{"type":"later","id":3}]}"#.to_owned(),
            0,
            Reason::UnknownType,
            "\"id\":3,",
        ),
    ] {
        let mut session = session();
        let attachments = vec![Bytes::from_static(b"x"); attachments];
        session.receive_sync(&text, attachments, 9);
        assert!(session.next_incoming().is_none(), "{text}");
        let answer = answer_of(&mut session);
        assert_eq!(answer.number, 9);
        assert!(answer.text.contains("\"ok\":false"), "{}", answer.text);
        assert!(answer.text.contains(told), "{text}: {}", answer.text);
        assert_eq!(session.counters().refused.get(&reason), Some(&1), "{text}");
    }
}

#[test]
fn limits_hold_for_it_as_for_any_call() {
    let limits = Limits {
        message_bytes: 200,
        calls_in_flight: 1,
        ..Limits::default()
    };
    let mut session = session_with(limits);
    session.receive_sync(
        &call(1).replace("[1]", &format!("\"{}\"", "x".repeat(200))),
        Vec::new(),
        1,
    );
    assert!(answer_of(&mut session).text.contains("too_large"));
    session.receive_sync(&call(1), Vec::new(), 2);
    session.receive_sync(&call(1), Vec::new(), 3);
    assert!(answer_of(&mut session).text.contains("invalid_params"));
    session.receive_sync(&call(2), Vec::new(), 4);
    assert!(answer_of(&mut session).text.contains("busy"));
    session.respond(1, 1, Ok(format!("\"{}\"", "x".repeat(200)).into()));
    assert!(answer_of(&mut session).text.contains("too_large"));
    session.refuse_sync(Reason::TooLarge, 5);
    assert!(answer_of(&mut session).text.contains("too_large"));
}

#[test]
fn nobody_answers_a_page_that_gave_up_or_is_gone() {
    let mut session = session();
    session.receive_sync(&call(1), Vec::new(), 1);
    session.receive(r#"{"v":1,"doc":"d","msgs":[{"type":"cancel","id":1}]}"#);
    session.respond(1, 1, Ok("1".into()));
    assert!(session.next_sync_answer().is_none());
    session.receive_sync(&call(2), Vec::new(), 2);
    session.receive_sync(&call(3), Vec::new(), 3);
    session.respond(1, 3, Ok("1".into()));
    session.document_gone();
    session.respond(1, 2, Ok("1".into()));
    assert!(session.next_sync_answer().is_none());
}

#[test]
fn a_session_that_closes_lets_the_page_go_on() {
    let mut session = session();
    session.receive_sync(&call(1), Vec::new(), 1);
    session.receive_sync(&call(2), Vec::new(), 2);
    session.close("the program ended");
    for number in [1, 2] {
        let answer = session.next_sync_answer().unwrap();
        assert_eq!(answer.number, number);
        assert!(answer.text.contains("the program ended"), "{}", answer.text);
    }
    session.respond(1, 1, Err(ErrorObject::busy(1)));
    assert!(session.next_sync_answer().is_none());
    session.receive_sync(&call(3), Vec::new(), 3);
    assert!(answer_of(&mut session).text.contains("\"closed\""));
}
