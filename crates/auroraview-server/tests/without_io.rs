//! The registry and its connections with the time and the addresses that a test wants.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use auroraview_server::{Options, Outgoing};
use bytes::Bytes;
use serde_json::json;
use support::direct::{close_code, connect, open, registry, request};
use support::{Page, back, hello, options, typed};

const SECOND: Duration = Duration::from_secs(1);

fn is_over(page: &Page) -> bool {
    page.notes().iter().any(|note| note.starts_with("end"))
}

#[test]
fn one_address_gets_so_many_connections_and_this_machine_as_many_as_there_are() {
    let (_, sessions) = registry(Options {
        max_connections_per_address: 2,
        ..options()
    });
    let first = connect(&sessions, "10.0.0.1:1").unwrap();
    let _second = connect(&sessions, "[::ffff:10.0.0.1]:2").unwrap();
    assert_eq!(connect(&sessions, "10.0.0.1:3").err().unwrap().status, 503);
    let _other = connect(&sessions, "10.0.0.2:1").unwrap();
    let _own: Vec<_> = (1..20)
        .map(|port| connect(&sessions, &format!("127.0.0.1:{port}")).unwrap())
        .collect();
    let _unknown: Vec<_> = (1..20)
        .map(|_| connect(&sessions, "testclient").unwrap())
        .collect();
    drop(first);
    assert!(connect(&sessions, "10.0.0.1:4").is_ok());
    assert_eq!(sessions.stats().refused["connections"], 1);
}

#[test]
fn frames_to_other_machines_are_compressed_by_default() {
    for (address, compress, compressed) in [
        ("127.0.0.1:1", None, false),
        ("[::1]:1", None, false),
        ("10.0.0.1:1", None, true),
        ("10.0.0.1:1", Some(false), false),
        ("127.0.0.1:1", Some(true), true),
    ] {
        let (program, sessions) = registry(Options {
            compress,
            ..options()
        });
        let mut connection = connect(&sessions, address).unwrap();
        let mut greeting = hello("d");
        greeting["accepts"] = json!(["gzip"]);
        connection.receive_text(&typed("hello", &greeting));
        connection.receive_text(r#"{"v":1,"doc":"d","ack":1,"msgs":[{"type":"ready"}]}"#);
        program
            .page(0)
            .emit("x", &format!("\"{}\"", "y".repeat(2000)));
        let sent: Vec<_> = std::iter::from_fn(|| connection.next_outgoing()).collect();
        let found = sent
            .iter()
            .any(|outgoing| matches!(outgoing, Outgoing::Binary(_)));
        assert_eq!(found, compressed, "{address} {compress:?}");
    }
}

#[test]
fn time_runs_out_only_while_it_runs() {
    let (program, sessions) = registry(options());
    let (connection, _) = open(&sessions, &hello("d"));
    assert_eq!(sessions.tick(Instant::now()), None);
    let begun = Instant::now();
    drop(connection);
    let mut now = begun;
    // The process stood still for a quarter of an hour, twice.
    for _ in 0..2 {
        let next = sessions.tick(now).unwrap();
        assert!(next <= now + SECOND);
        now = next + 900 * SECOND;
    }
    assert!(!is_over(&program.page(0)));
    while sessions.tick(now).is_some() {
        now += SECOND;
        assert!(now < begun + 1900 * SECOND);
    }
    assert!(now > begun + 1850 * SECOND);
    assert_eq!(program.page(0).notes().last().unwrap(), "end timeout");
}

#[test]
fn the_heartbeat_asks_waits_and_gives_up() {
    let (program, sessions) = registry(options());
    let (mut connection, _) = open(&sessions, &hello("d"));
    while connection.next_outgoing().is_some() {}
    let begun = Instant::now();
    let mut now = begun;
    let mut pings = 0;
    let code = loop {
        now = connection.tick(now).map_or(now, |next| next.max(now));
        match connection.next_outgoing() {
            Some(Outgoing::Text(text)) if text.contains("ping") => pings += 1,
            Some(Outgoing::Close(code, _)) => break code,
            _ => {}
        }
    };
    assert_eq!((code, pings), (4005, 1));
    let quiet = now - begun;
    assert!((19 * SECOND..21 * SECOND).contains(&quiet), "{quiet:?}");
    assert_eq!(program.page(0).notes().last().unwrap(), "suspended");
    assert_eq!(connection.tick(now), None);
}

#[test]
fn a_long_frame_of_which_no_part_shows_has_its_time() {
    let (_, sessions) = registry(options());
    let (mut connection, _) = open(&sessions, &hello("d"));
    let lasts = |connection: &mut auroraview_server::Connection| {
        let begun = Instant::now();
        let mut now = begun;
        while let Some(next) = connection.tick(now) {
            now = next.max(now);
            while connection.next_outgoing().is_some() {}
        }
        now - begun
    };
    // 32 bytes in a millisecond: half a minute more than the 20 s of silence.
    connection.receive_text(r#"{"type":"long","bytes":960000}"#);
    connection.receive_text(r#"{"seq":1,"v":1,"doc":"d","msgs":[{"type":"ready"}]}"#);
    connection.receive_text(r#"{"type":"long","bytes":960000}"#);
    let waited = lasts(&mut connection);
    assert!((49 * SECOND..51 * SECOND).contains(&waited), "{waited:?}");
    // The frame came: from then on silence is silence.
    let (mut connection, _) = open(&sessions, &hello("e"));
    connection.receive_text(r#"{"type":"long","bytes":960000}"#);
    connection.receive_text(r#"{"seq":1,"v":1,"doc":"e","msgs":[{"type":"ready"}]}"#);
    let waited = lasts(&mut connection);
    assert!((19 * SECOND..21 * SECOND).contains(&waited), "{waited:?}");
}

#[test]
fn a_process_that_stood_still_hears_its_clients_before_it_gives_them_up() {
    let (program, sessions) = registry(options());
    let (mut connection, _) = open(&sessions, &hello("d"));
    let next = connection.tick(Instant::now()).unwrap();
    let awake = next + 600 * SECOND;
    let again = connection.tick(awake).unwrap();
    assert!(again > awake && again <= awake + 10 * SECOND);
    assert!(!connection.is_over());
    // Still nothing: then it is gone.
    assert!((1..=20).any(|second| connection.tick(awake + second * SECOND).is_none()));
    assert_eq!(program.page(0).notes().last().unwrap(), "suspended");
}

#[test]
fn a_hello_that_does_not_come_ends_the_connection_in_time() {
    let (_, sessions) = registry(options());
    let mut connection = connect(&sessions, "127.0.0.1:1").unwrap();
    let deadline = connection.tick(Instant::now()).unwrap();
    assert!(deadline <= Instant::now() + 5 * SECOND);
    assert_eq!(connection.tick(deadline), None);
    assert_eq!(close_code(&mut connection), Some(4008));
}

#[test]
fn a_goodbye_ends_the_session_although_the_connection_stays() {
    let (program, sessions) = registry(options());
    let (mut connection, _) = open(&sessions, &hello("d"));
    let woken = Arc::new(AtomicUsize::new(0));
    let timer = woken.clone();
    sessions.set_timer(Box::new(move || {
        timer.fetch_add(1, Ordering::SeqCst);
    }));
    connection.receive_text(r#"{"type":"bye"}"#);
    assert_eq!(woken.load(Ordering::SeqCst), 1);
    let mut now = Instant::now();
    let begun = now;
    while let Some(next) = sessions.tick(now) {
        now = next;
    }
    assert!((4 * SECOND..6 * SECOND).contains(&(now - begun)));
    assert_eq!(program.page(0).notes().last().unwrap(), "end closed");
    assert_eq!(close_code(&mut connection), Some(1000));
}

#[test]
fn a_session_that_never_keeps_up_is_ended_by_the_program() {
    let (program, sessions) = registry(options());
    let (mut connection, place) = open(&sessions, &hello("d"));
    assert!(sessions.end_for_backpressure(&place.id));
    assert_eq!(program.page(0).notes().last().unwrap(), "end backpressure");
    assert_eq!(close_code(&mut connection), Some(4000));
    assert!(!sessions.end_for_backpressure(&place.id));
}

#[test]
fn a_closed_registry_takes_nobody() {
    let (program, sessions) = registry(options());
    let (mut connection, _) = open(&sessions, &hello("d"));
    let mut waiting = connect(&sessions, "127.0.0.1:2").unwrap();
    sessions.close();
    sessions.close();
    assert_eq!(close_code(&mut connection), Some(1001));
    assert_eq!(close_code(&mut waiting), Some(1001));
    waiting.receive_text(&typed("hello", &hello("e")));
    assert_eq!(connect(&sessions, "127.0.0.1:3").err().unwrap().status, 503);
    assert_eq!(program.count(), 1);
    assert_eq!(program.page(0).notes().last().unwrap(), "end server_closed");
}

#[test]
fn what_comes_after_the_end_counts_for_nothing() {
    let (program, sessions) = registry(options());
    let (mut older, place) = open(&sessions, &hello("d"));
    let (mut newer, _) = open(&sessions, &back("d", &place, Some(0)));
    older.receive_text(r#"{"type":"event","event":"late"}"#);
    older.receive_binary(Bytes::from_static(b"late"));
    older.closed();
    newer.receive_text(r#"{"type":"event","event":"early"}"#);
    let notes = program.page(0).notes();
    assert_eq!(notes[1..], ["suspended", "resumed", "early null"]);
    assert_eq!(close_code(&mut older), Some(4004));
    assert_eq!(close_code(&mut newer), None);
}

#[test]
fn a_page_that_is_loaded_again_may_have_the_id_of_the_document_before() {
    let (program, sessions) = registry(options());
    let (mut connection, place) = open(&sessions, &hello("d"));
    connection.receive_text(r#"{"v":1,"doc":"d","ack":1,"msgs":[{"type":"ready"}]}"#);
    program.page(0).emit("before", "1");
    let (mut connection, again) = open(&sessions, &back("d", &place, None));
    assert_eq!((again.resumed, again.received), (false, 0));
    connection.receive_text(r#"{"seq":1,"v":1,"doc":"d","ack":1,"msgs":[{"type":"ready"}]}"#);
    program.page(0).emit("after", "2");
    let sent: Vec<_> = std::iter::from_fn(|| connection.next_outgoing()).collect();
    let has = |part: &str| {
        sent.iter()
            .any(|one| matches!(one, Outgoing::Text(text) if text.contains(part)))
    };
    assert!(has("\"before\"") && has("\"after\""), "{sent:?}");
    assert!(!connection.is_over());
}

#[test]
fn ten_thousand_reconnects_leave_one_session_and_nothing_else() {
    let (program, sessions) = registry(options());
    let (mut connection, mut place) = open(&sessions, &hello("d"));
    for _ in 0..10_000 {
        drop(connection);
        (connection, place) = open(&sessions, &back("d", &place, Some(0)));
        assert!(place.resumed);
    }
    let stats = sessions.stats();
    assert_eq!(
        (stats.sessions, stats.connections, program.count()),
        (1, 1, 1)
    );
}

#[test]
fn no_secret_is_printed() {
    let mut request = request("10.1.2.3:4");
    request.headers.push(("cookie".into(), "a-secret".into()));
    let shown = format!("{request:?}");
    assert!(!shown.contains("a-secret") && !shown.contains("10.1.2.3"));
}
