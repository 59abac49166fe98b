//! The session that is there before anybody connects, and outlives whoever does.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use auroraview_server::{Connection, Options, Outgoing, Sessions};
use serde_json::{Value, json};
use support::direct::{close_code, connect, open, registry, request};
use support::{Echo, Stage, back, hello, options, run, typed};

fn expecting() -> Options {
    Options {
        expects: true,
        ..options()
    }
}

fn setting() -> (Arc<Echo>, Arc<Sessions>) {
    let (program, sessions) = registry(expecting());
    assert_eq!(program.count(), 1);
    (program, sessions)
}

/// Says ready; names and details of the events that come then, and the number of the last frame. Nothing is
/// acknowledged.
fn ready(connection: &mut Connection, document: &str) -> (Vec<(String, Value)>, u64) {
    connection.receive_text(&format!(
        r#"{{"v":1,"doc":"{document}","ack":1,"msgs":[{{"type":"ready"}}]}}"#
    ));
    events(connection)
}

fn events(connection: &mut Connection) -> (Vec<(String, Value)>, u64) {
    let (mut events, mut last) = (Vec::new(), 0);
    while let Some(outgoing) = connection.next_outgoing() {
        let Outgoing::Text(text) = outgoing else {
            panic!("expected a text, found {outgoing:?}");
        };
        let frame: Value = serde_json::from_str(&text).unwrap();
        last = frame["seq"].as_u64().unwrap_or(last);
        for message in frame["msgs"].as_array().into_iter().flatten() {
            let name = message["event"].as_str().unwrap();
            if !name.starts_with("__auroraview_") {
                events.push((name.to_owned(), message["detail"].clone()));
            }
        }
    }
    (events, last)
}

fn named(events: &[(&str, i64)]) -> Vec<(String, Value)> {
    let one = |(name, detail): &(&str, i64)| ((*name).to_owned(), json!(detail));
    events.iter().map(one).collect()
}

#[test]
fn what_is_emitted_before_anybody_is_there_waits_for_the_first_who_comes() {
    let (program, sessions) = setting();
    let page = program.page(0);
    assert_eq!(
        (sessions.stats().sessions, sessions.stats().connected),
        (1, 0)
    );
    assert_eq!(page.info.lock().unwrap().session_id.len(), 22);
    page.emit("a", "1");
    page.emit_retained("setting", "2");
    page.emit("b", "3");
    let (mut connection, place) = open(&sessions, &hello("d"));
    assert!(!place.resumed);
    assert_eq!(page.info.lock().unwrap().session_id, place.id);
    assert_eq!(page.info.lock().unwrap().url, "http://localhost/");
    assert_eq!(page.notes(), ["connected", "document d http://localhost/"]);
    let (events, _) = ready(&mut connection, "d");
    assert_eq!(events, named(&[("setting", 2), ("a", 1), ("b", 3)]));
    assert_eq!(program.count(), 1);
}

#[test]
fn while_somebody_is_there_others_begin_sessions_of_their_own() {
    let (program, sessions) = setting();
    let (_first, own) = open(&sessions, &hello("d"));
    let (_second, other) = open(&sessions, &hello("e"));
    assert_ne!(own.id, other.id);
    assert_eq!(program.count(), 2);
    assert_eq!(program.page(1).notes(), ["document e http://localhost/"]);
    assert_eq!(sessions.stats().sessions, 2);
}

#[test]
fn the_next_client_gets_what_the_one_before_did_not_acknowledge() {
    let (program, sessions) = setting();
    let page = program.page(0);
    page.emit_retained("setting", "1");
    let (mut connection, first) = open(&sessions, &hello("d"));
    let (seen, last) = ready(&mut connection, "d");
    assert_eq!(seen, named(&[("setting", 1)]));
    connection.receive_text(&format!(r#"{{"v":1,"doc":"d","ack":{last},"msgs":[]}}"#));
    page.emit("a", "2");
    page.emit("b", "3");
    page.emit("c", "4");
    assert_eq!(events(&mut connection).0, named(&[("a", 2), ("b", 3)]));
    drop(connection);
    page.emit_retained("setting", "5");

    let (mut connection, second) = open(&sessions, &hello("e"));
    assert_eq!(second.id, first.id);
    let (seen, _) = ready(&mut connection, "e");
    assert_eq!(seen, named(&[("setting", 5), ("a", 2), ("b", 3), ("c", 4)]));
    let notes = page.notes();
    assert_eq!(notes[3..5], ["suspended", "resumed"]);
    assert_eq!(program.count(), 1);
    // What the first client had is worth nothing any more.
    drop(connection);
    let (_third, third) = open(&sessions, &back("d", &first, Some(2)));
    assert!(!third.resumed);
    let (_again, again) = open(&sessions, &back("e", &second, Some(1)));
    assert_ne!(again.id, second.id);
}

#[test]
fn who_has_its_resume_token_goes_on() {
    let (program, sessions) = setting();
    let (mut connection, place) = open(&sessions, &hello("d"));
    ready(&mut connection, "d");
    drop(connection);
    program.page(0).emit("missed", "1");
    let (mut connection, back) = open(&sessions, &back("d", &place, Some(1)));
    assert!(back.resumed);
    assert_eq!(back.id, place.id);
    assert_eq!(events(&mut connection).0, named(&[("missed", 1)]));
}

#[test]
fn a_stranger_begins_anew_also_under_the_same_document_id() {
    let (program, sessions) = setting();
    let (connection, _) = open(&sessions, &hello("main"));
    drop(connection);
    program.page(0).emit("x", "1");
    let mut greeting = hello("main");
    greeting["received"] = 1.into();
    let (mut connection, place) = open(&sessions, &greeting);
    assert_eq!((place.resumed, place.received), (false, 0));
    assert_eq!(ready(&mut connection, "main").0, named(&[("x", 1)]));
    assert_eq!(program.count(), 1);
}

#[test]
fn it_waits_for_as_long_as_it_takes() {
    let (program, sessions) = setting();
    let mut now = Instant::now();
    for document in ["d", "e", "f"] {
        assert_eq!(sessions.tick(now), None);
        now += Duration::from_secs(1_000_000);
        let (connection, _) = open(&sessions, &hello(document));
        drop(connection);
    }
    assert_eq!(sessions.tick(now), None);
    assert_eq!(program.count(), 1);
    // As many sessions as there may be, and one that waits among them.
    let (_, sessions) = registry(Options {
        max_sessions: 1,
        ..expecting()
    });
    let (_own, _) = open(&sessions, &hello("d"));
    let mut other = connect(&sessions, "127.0.0.1:2").unwrap();
    other.receive_text(&typed("hello", &hello("e")));
    assert_eq!(close_code(&mut other), Some(4003));
}

#[test]
fn a_goodbye_does_not_end_it_and_makes_room_at_once() {
    let (program, sessions) = setting();
    let (mut leaving, place) = open(&sessions, &hello("d"));
    leaving.receive_text(r#"{"type":"bye"}"#);
    assert_eq!(sessions.tick(Instant::now()), None);
    let (_next, next) = open(&sessions, &hello("e"));
    assert_eq!(next.id, place.id);
    assert_eq!(close_code(&mut leaving), Some(4004));
    let (_other, other) = open(&sessions, &hello("f"));
    assert_ne!(other.id, place.id);
    assert_eq!(program.count(), 2);
}

#[test]
fn only_the_program_the_server_or_a_broken_protocol_ends_it() {
    let (program, sessions) = setting();
    let id = program.page(0).info.lock().unwrap().session_id.clone();
    assert!(sessions.kick(&id, "enough"));
    assert_eq!(program.page(0).notes(), ["end kicked"]);
    let (_own, own) = open(&sessions, &hello("d"));
    assert_ne!(own.id, id);

    let (program, sessions) = setting();
    sessions.close();
    assert_eq!(program.page(0).notes(), ["end server_closed"]);

    let (program, sessions) = setting();
    let (mut broken, place) = open(&sessions, &hello("d"));
    broken.receive_text(r#"{"type":"nonsense"}"#);
    assert_eq!(close_code(&mut broken), Some(4002));
    assert_eq!(program.page(0).notes().last().unwrap(), "end protocol");
    let (_next, next) = open(&sessions, &hello("e"));
    assert_ne!(next.id, place.id);
}

#[test]
fn who_is_not_there_cannot_be_too_slow() {
    let (program, sessions) = setting();
    let id = program.page(0).info.lock().unwrap().session_id.clone();
    assert!(!sessions.end_for_backpressure(&id));
    let (_connection, _) = open(&sessions, &hello("d"));
    assert!(sessions.end_for_backpressure(&id));
    assert_eq!(program.page(0).notes().last().unwrap(), "end backpressure");
}

#[test]
fn strangers_without_the_token_do_not_get_it() {
    let (program, sessions) = setting();
    let mut connection = connect(&sessions, "127.0.0.1:1").unwrap();
    connection.receive_text(r#"{"type":"hello","protocol":1,"document":"d"}"#);
    assert_eq!(close_code(&mut connection), Some(4001));
    assert!(program.page(0).notes().is_empty());
}

#[test]
fn it_belongs_to_the_identity_that_has_it() {
    let (_, sessions) = registry(Options {
        authenticate: true,
        ..expecting()
    });
    let greet = |name: &str, hello: &Value| {
        let mut request = request("127.0.0.1:1");
        request.headers.push(("x-user".into(), name.into()));
        let mut connection = sessions.connect(request, Box::new(|| {})).unwrap();
        connection.receive_text(&typed("hello", hello));
        let Some(Outgoing::Text(reply)) = connection.next_outgoing() else {
            panic!("expected the answer to hello");
        };
        let reply: Value = serde_json::from_str(&reply).unwrap();
        (connection, reply)
    };
    let (connection, ann) = greet("ann", &hello("d"));
    drop(connection);
    let mut again = hello("d");
    again["session"] = ann["id"].clone();
    again["resume"] = ann["resume"].clone();
    again["received"] = 0.into();
    // Nobody is there: Bob gets the session, but not the document.
    let (connection, bob) = greet("bob", &again);
    assert_eq!((&bob["id"], &bob["resumed"]), (&ann["id"], &json!(false)));
    drop(connection);
    // What he has is worth nothing to others.
    again["resume"] = bob["resume"].clone();
    let (connection, own) = greet("bob", &again);
    assert_eq!(own["resumed"], true);
    drop(connection);
    again["resume"] = own["resume"].clone();
    let (_connection, ann) = greet("ann", &again);
    assert_eq!(ann["resumed"], false);
}

#[test]
fn of_many_who_come_at_once_one_gets_it() {
    for _ in 0..50 {
        let (program, sessions) = setting();
        let start = Barrier::new(4);
        let ids: Vec<_> = thread::scope(|scope| {
            let one = |number: usize| {
                let (sessions, start) = (&sessions, &start);
                scope.spawn(move || {
                    start.wait();
                    open(sessions, &hello(&format!("d{number}")))
                })
            };
            let all: Vec<_> = (0..4).map(one).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let expected = program.page(0).info.lock().unwrap().session_id.clone();
        assert_eq!(
            ids.iter().filter(|(_, place)| place.id == expected).count(),
            1
        );
        assert_eq!(program.count(), 4);
    }
}

#[test]
fn over_a_real_socket_a_lost_client_is_followed_by_another() {
    run(async {
        let stage = Stage::new(expecting());
        let page = stage.program.page(0);
        page.emit("early", "1");
        for (document, resumed) in [("d", "connected"), ("e", "resumed"), ("f", "resumed")] {
            let (mut client, _) = stage.page(document).await;
            client
                .numbered(document, 1, 0, json!([{"type": "ready"}]))
                .await;
            loop {
                let frame = client.frame().await;
                if frame["msgs"][0]["event"] == "early" {
                    break;
                }
            }
            assert!(page.notes().iter().any(|note| note == resumed));
            let suspended = |page: &support::Page| {
                let notes = page.notes();
                notes.iter().filter(|note| *note == "suspended").count()
            };
            let before = suspended(&page);
            client.cut();
            support::until("the loss is noticed", || suspended(&page) > before).await;
        }
        assert_eq!(stage.program.count(), 1);
    });
}
