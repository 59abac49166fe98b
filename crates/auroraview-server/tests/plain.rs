//! Clients that know nothing but JSON with a `type`, over real sockets.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use auroraview_protocol::{EncodedEvent, Limits, Reason};
use auroraview_server::{Dialect, Encoding, Options, Outgoing, Site};
use bytes::Bytes;
use futures_util::StreamExt;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::direct::{close_code, connect, registry};
use support::{Client, PATIENCE, Page, Stage, run, until};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

fn plain(encoding: Encoding) -> Options {
    Options {
        expects: true,
        dialect: Dialect::Plain(encoding),
        ..Options::default()
    }
}

fn with_token() -> Options {
    Options {
        token: Some(support::TOKEN.into()),
        ..plain(Encoding::Json)
    }
}

/// A client of either kind that has said ready, and the session behind it.
async fn ready(stage: &Stage) -> Client {
    let mut client = stage.plain().await;
    client.send(r#"{"type":"ready"}"#).await;
    client
}

fn count(page: &Page, wanted: &str) -> usize {
    page.notes().iter().filter(|note| *note == wanted).count()
}

#[test]
fn names_come_in_as_events_and_events_go_out_with_their_data() {
    run(async {
        let stage = Stage::new(plain(Encoding::Json));
        let page = stage.program.page(0);
        page.emit("queued", r#"{"n":1}"#);
        page.emit_retained("settings", r#"{"dark":true}"#);
        let mut client = stage.plain().await;
        client
            .send(r#"{"value": 1.50, "type": "early", "list": [1, {"type": 2}]}"#)
            .await;
        page.wait_for(r#"early {"value":1.50,"list":[1, {"type": 2}]} []"#);
        client.send(r#"{"type":"ready","version":"1.0"}"#).await;
        let settings = client.text().await;
        assert_eq!(settings, r#"{"type":"settings","data":{"dark":true}}"#);
        assert_eq!(client.text().await, r#"{"type":"queued","data":{"n":1}}"#);
        page.wait_for(r#"ready {"version":"1.0"} []"#);
        page.emit("more", "null");
        assert_eq!(client.text().await, r#"{"type":"more","data":null}"#);
        // A second one is an event like any other, and nothing comes again.
        client.send(r#"{"type":"ready"}"#).await;
        page.wait_for("ready {} []");
        page.emit("last", "[]");
        assert_eq!(client.text().await, r#"{"type":"last","data":[]}"#);
        assert_eq!(count(&page, "ready"), 1);
        let notes = page.notes();
        assert_eq!(notes[0], "connected");
        assert!(notes[1].starts_with("document "), "{notes:?}");
        let at = |wanted: &str| notes.iter().position(|note| note == wanted);
        assert!(at("ready") < at(r#"ready {"version":"1.0"} []"#));
        assert!(!notes.iter().any(|note| note == "suspended"));
    });
}

#[test]
fn what_cannot_be_read_is_counted_and_ends_nothing() {
    run(async {
        let stage = Stage::new(plain(Encoding::Json));
        let page = stage.program.page(0);
        let mut client = stage.plain().await;
        for text in [
            "",
            "junk",
            "[]",
            "7",
            r#"{"no":"type"}"#,
            r#"{"type":7}"#,
            r#"{"type":""}"#,
        ] {
            client.send(text).await;
        }
        client
            .send_message(Message::Binary(Bytes::from_static(b"\x81\xa4type")))
            .await;
        client
            .send(r#"{"type":"__auroraview_call_result","id":1}"#)
            .await;
        client.send(r#"{"type":"fine"}"#).await;
        page.wait_for("fine {} []");
        assert_eq!(page.refused(Reason::Malformed), 8);
        assert_eq!(page.refused(Reason::Reserved), 1);
        // What our own protocol says is nothing special here.
        for kind in ["hello", "call", "bye", "ping", "pong", "long", "cancel"] {
            client.send(format!(r#"{{"type":"{kind}","id":1}}"#)).await;
            page.wait_for(&format!(r#"{kind} {{"id":1}} []"#));
        }
        client
            .send(r#"{"v":1,"type":"event","doc":"d","msgs":[]}"#)
            .await;
        page.wait_for(r#"event {"v":1,"doc":"d","msgs":[]} []"#);
        assert_eq!(page.refused(Reason::Malformed), 8);
    });
}

/// A WebSocket as bytes, for what no library sends. What was read besides the answer to the upgrade is dropped.
fn raw(stage: &Stage) -> TcpStream {
    let mut socket = TcpStream::connect(stage.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = stage.port();
    write!(
        socket,
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    socket
}

/// A frame of a client, masked with zeros.
fn frame(opcode: u8, bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![
        opcode,
        0x80 | u8::try_from(bytes.len()).unwrap(),
        0,
        0,
        0,
        0,
    ];
    frame.extend_from_slice(bytes);
    frame
}

#[test]
fn text_that_is_no_utf_8_is_counted_and_ends_nothing() {
    let stage = Stage::new(plain(Encoding::Json));
    let page = stage.program.page(0);
    let mut socket = raw(&stage);
    socket
        .write_all(&frame(0x81, b"{\"type\":\"\xff\"}"))
        .unwrap();
    socket.write_all(&frame(0x81, b"\xc3")).unwrap();
    socket
        .write_all(&frame(0x81, br#"{"type":"fine"}"#))
        .unwrap();
    page.wait_for("fine {} []");
    assert_eq!(page.refused(Reason::Malformed), 2);
}

#[test]
fn a_flood_ends_the_connection_and_not_the_session() {
    run(async {
        let stage = Stage::new(Options {
            frames_per_second: 50.0,
            ..plain(Encoding::Json)
        });
        let page = stage.program.page(0);
        for kind in ["junk", r#"{"type":"x"}"#] {
            let mut client = stage.plain().await;
            // More than a second's worth, however long sending takes.
            let flood = async {
                loop {
                    let message = Message::text(kind);
                    if futures_util::SinkExt::send(&mut client.socket, message)
                        .await
                        .is_err()
                    {
                        break;
                    }
                }
            };
            timeout(PATIENCE, flood).await.unwrap();
            until("the connection is given up", || {
                stage.sessions.stats().connected == 0
            })
            .await;
        }
        assert!(page.refused(Reason::Rate) >= 2);
        assert!(stage.sessions.stats().refused["rate"] >= 2);
        assert!(!page.notes().iter().any(|note| note.starts_with("end")));
    });
}

#[test]
fn without_the_token_nothing_else_counts() {
    run(async {
        let stage = Stage::new(with_token());
        let page = stage.program.page(0);
        for first in [
            r#"{"type":"ready"}"#,
            r#"{"type":"hello"}"#,
            r#"{"type":"hello","token":"wrong"}"#,
            r#"{"type":"hello","token":7}"#,
            "junk",
            "",
        ] {
            let mut client = stage.plain().await;
            client.send(first).await;
            assert_eq!(client.close_code().await, 4001, "{first}");
        }
        let mut client = stage.plain().await;
        client.send_message(Message::binary(vec![1])).await;
        assert_eq!(client.close_code().await, 4001);
        assert_eq!(stage.connect_at("/?token=x", &[]).await.err(), Some(400));
        assert!(page.notes().is_empty());

        let mut client = stage.plain().await;
        let hello = json!({"token": support::TOKEN, "type": "hello"});
        client.send(hello.to_string()).await;
        client.send(r#"{"type":"ready"}"#).await;
        page.wait_for("ready {} []");
        assert!(!page.notes().iter().any(|note| note.contains("token")));
    });
}

#[test]
fn the_token_must_come_in_time_and_ready_need_not() {
    let (_, sessions) = registry(with_token());
    let mut connection = connect(&sessions, "127.0.0.1:1").unwrap();
    let deadline = connection.tick(Instant::now()).unwrap();
    assert_eq!(connection.tick(deadline), None);
    assert_eq!(close_code(&mut connection), Some(4008));

    for (options, hello) in [
        (plain(Encoding::Json), None),
        (
            with_token(),
            Some(json!({"type": "hello", "token": support::TOKEN})),
        ),
    ] {
        let (program, sessions) = registry(options);
        let mut connection = connect(&sessions, "127.0.0.1:1").unwrap();
        if let Some(hello) = hello {
            connection.receive_text(&hello.to_string());
        }
        assert_eq!(program.page(0).notes()[0], "connected");
        let mut now = Instant::now();
        for _ in 0..20 {
            now = connection.tick(now).unwrap();
            // Its library answers pings; that is all it does.
            while let Some(outgoing) = connection.next_outgoing() {
                assert_eq!(outgoing, Outgoing::Ping);
                connection.heard(now);
            }
        }
        assert!(!connection.is_over());
    }
}

#[test]
fn pings_keep_a_silent_client_and_find_a_dead_one() {
    run(async {
        let stage = Stage::new(Options {
            heartbeat_interval: Duration::from_millis(50),
            heartbeat_timeout: Duration::from_millis(400),
            ..plain(Encoding::Json)
        });
        let page = stage.program.page(0);
        // It never reads, so nobody answers for it.
        let dead = raw(&stage);
        until("the dead one is given up", || {
            count(&page, "suspended") == 1
        })
        .await;
        drop(dead);
        let mut client = stage.plain().await;
        let begun = Instant::now();
        let mut pings = 0;
        while begun.elapsed() < Duration::from_secs(2) {
            match timeout(PATIENCE, client.socket.next()).await.unwrap() {
                Some(Ok(Message::Ping(_))) => pings += 1,
                other => panic!("expected a ping, found {other:?}"),
            }
        }
        assert!(pings >= 5, "{pings}");
        page.emit("still", "1");
        client.send(r#"{"type":"ready"}"#).await;
        assert_eq!(client.text().await, r#"{"type":"still","data":1}"#);
    });
}

#[test]
fn it_is_spoken_at_the_root_alone_and_files_are_served_there_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "the page").unwrap();
    let site = || Site::new(Some(folder.path().into()), Some("default"), false).unwrap();
    run(async {
        let stage = Stage::with_site(plain(Encoding::Json), site());
        assert_eq!(stage.get("/", "").body, b"the page");
        assert_eq!(stage.get("/?port=8000", "").body, b"the page");
        assert_eq!(stage.connect_with("", &[]).await.err(), Some(404));
        assert_eq!(stage.connect_at("/other", &[]).await.err(), Some(404));
        let mut client = stage.connect_at("/?port=8000", &[]).await.unwrap();
        client.send(r#"{"type":"x"}"#).await;
        stage.program.page(0).wait_for("x {} []");

        let stage = Stage::with_site(support::options(), site());
        assert_eq!(stage.connect_at("/", &[]).await.err(), Some(200));
    });
}

#[test]
fn names_origins_and_numbers_are_limited_as_ever() {
    run(async {
        let stage = Stage::new(Options {
            max_connections: 2,
            allow_origins: vec!["null".into()],
            ..plain(Encoding::Json)
        });
        for (name, value) in [
            ("host", "evil.example"),
            ("origin", "http://evil.example"),
            ("origin", "file://"),
        ] {
            let refused = stage.connect_at("/", &[(name, value)]).await.err();
            assert_eq!(refused, Some(403), "{value}");
        }
        let from_file = stage.connect_at("/", &[("origin", "null")]).await;
        let second = stage.plain().await;
        assert_eq!(stage.connect_at("/", &[]).await.err(), Some(503));
        let page = stage.program.page(0);
        assert_eq!(page.info.lock().unwrap().origin.as_deref(), Some("null"));
        drop((from_file, second));
        until("the places are free", || {
            stage.sessions.stats().connections == 0
        })
        .await;
    });
}

#[test]
fn the_next_client_gets_what_the_one_before_was_not_given() {
    run(async {
        let stage = Stage::new(plain(Encoding::Json));
        let page = stage.program.page(0);
        page.emit_retained("setting", "1");
        let mut first = ready(&stage).await;
        assert_eq!(first.text().await, r#"{"type":"setting","data":1}"#);
        // It stops reading; more is emitted than fits between the two.
        let large = json!("x".repeat(1 << 20)).to_string();
        for number in 0..24 {
            page.emit(&format!("large {number}"), &large);
        }
        page.emit("last", "2");
        until("the socket is full", || {
            page.act(|s| s.unacknowledged()) == 2
        })
        .await;
        page.emit_retained("setting", "3");
        first.cut();
        page.wait_for("suspended");

        let mut second = ready(&stage).await;
        page.wait_for("resumed");
        assert_eq!(second.text().await, r#"{"type":"setting","data":3}"#);
        let mut names = Vec::new();
        while names.last().is_none_or(|name| name != "last") {
            let message = second.json().await;
            names.push(message["type"].as_str().unwrap().to_owned());
        }
        // From somewhere in the middle to the end, in order, without a gap.
        let begin: usize = names[0].strip_prefix("large ").unwrap().parse().unwrap();
        let expected = (begin..24).map(|number| format!("large {number}"));
        assert_eq!(
            names,
            expected.chain(["last".to_owned()]).collect::<Vec<_>>()
        );
        assert_eq!(stage.program.count(), 1);
    });
}

#[test]
fn a_second_client_has_a_session_of_its_own_while_it_is_there() {
    run(async {
        let stage = Stage::new(plain(Encoding::Json));
        let _first = ready(&stage).await;
        stage.program.page(0).wait_for("ready {} []");
        let second = ready(&stage).await;
        until("it has begun", || stage.program.count() == 2).await;
        let own = stage.program.page(1);
        own.wait_for("ready {} []");
        own.emit("own", "1");
        second.cut();
        // Nobody could come back to it.
        own.wait_for("end closed");
        until("it is forgotten", || stage.sessions.stats().sessions == 1).await;
        assert_eq!(count(&stage.program.page(0), "suspended"), 0);
    });
}

#[test]
fn who_is_back_before_its_old_connection_ended_is_waited_for() {
    run(async {
        let stage = Stage::new(plain(Encoding::Json));
        let page = stage.program.page(0);
        for turn in 0..10 {
            let old = ready(&stage).await;
            let mut new = ready(&stage).await;
            old.cut();
            until("its end", || count(&page, "suspended") > 2 * turn).await;
            page.emit("for the page", "1");
            assert_eq!(new.text().await, r#"{"type":"for the page","data":1}"#);
            new.cut();
            until("its end too", || count(&page, "suspended") > 2 * turn + 1).await;
        }
        assert_eq!(stage.program.count(), 1);
    });
}

#[test]
fn the_program_and_the_server_can_end_it() {
    run(async {
        let stage = Stage::new(plain(Encoding::Json));
        let mut client = ready(&stage).await;
        let page = stage.program.page(0);
        page.wait_for("ready {} []");
        page.emit("shutdown", "{}");
        let id = page.info.lock().unwrap().session_id.clone();
        assert!(stage.sessions.kick(&id, "enough"));
        assert_eq!(client.text().await, r#"{"type":"shutdown","data":{}}"#);
        assert_eq!(client.close_code().await, 4000);
        let mut client = ready(&stage).await;
        until("it has begun", || stage.program.count() == 2).await;
        stage.sessions.close();
        assert_eq!(client.close_code().await, 1001);
    });
}

#[test]
fn message_pack_goes_out_in_binary_messages() {
    run(async {
        let stage = Stage::new(plain(Encoding::MessagePack));
        let page = stage.program.page(0);
        page.emit_retained("setting", r#"{"a":[1,-0.0,"\u00e4"],"b":null}"#);
        let rows: Vec<_> = (0..5000)
            .map(|row| json!({"id": row, "x": f64::from(row) / 8.0, "name": format!("row {row}")}))
            .collect();
        page.emit("rows", &json!(rows).to_string());
        let mut client = ready(&stage).await;
        let mut next = async || match client.next_message().await {
            Some(Message::Binary(bytes)) => rmpv::decode::read_value(&mut &*bytes).unwrap(),
            other => panic!("expected bytes, found {other:?}"),
        };
        let setting = next().await;
        assert_eq!(setting["type"], "setting".into());
        assert_eq!(setting["data"]["a"][2], "ä".into());
        let found = next().await;
        assert_eq!(found["type"], "rows".into());
        let found = found["data"].as_array().unwrap();
        assert_eq!(found.len(), 5000);
        assert_eq!(found[4999]["x"], 624.875.into());
        assert_eq!(found[4999]["name"], "row 4999".into());
    });
}

/// One update of about a megabyte; its number comes first.
fn update(number: usize) -> EncodedEvent {
    let rows: Vec<_> = (0..5_000)
        .map(|row| {
            json!([
                row,
                number,
                f64::from(row) * 0.37,
                "a cell with some text",
                "another one",
                true
            ])
        })
        .collect();
    let json = format!(
        r#"{{"number":{number},"rows":{},"pad":"{}"}}"#,
        json!(rows),
        "x".repeat(600_000)
    );
    EncodedEvent::new("update", &json.into(), false)
}

#[test]
fn sixty_updates_of_a_megabyte_a_second_do_not_queue_up() {
    for encoding in [Encoding::Json, Encoding::MessagePack] {
        run(async {
            let stage = Stage::new(plain(encoding));
            let page = stage.program.page(0);
            let mut client = ready(&stage).await;
            page.wait_for("ready {} []");
            let producer = page.clone();
            let updates: Vec<_> = (0..8).map(update).collect();
            let producing = std::thread::spawn(move || {
                let begun = Instant::now();
                for number in 0..120_u32 {
                    let event = &updates[number as usize % updates.len()];
                    producer.act(|session| {
                        session.emit_latest("update", event).unwrap();
                        session.release_latest();
                    });
                    let (messages, bytes) = producer.act(|session| session.queued());
                    assert!(messages <= 2 && bytes <= 3 << 20, "{messages} {bytes}");
                    let next = begun + Duration::from_secs(1) * (number + 1) / 60;
                    std::thread::sleep(next.saturating_duration_since(Instant::now()));
                }
                let last = update(999);
                producer.act(|session| {
                    session.emit_latest("update", &last).unwrap();
                    session.release_latest();
                });
                begun.elapsed()
            });
            let mut received = 0;
            loop {
                let number = match client.next_message().await {
                    Some(Message::Text(text)) => {
                        let start = r#"{"type":"update","data":{"number":"#;
                        let rest = text.strip_prefix(start).unwrap();
                        rest.split(',').next().unwrap().parse().unwrap()
                    }
                    Some(Message::Binary(bytes)) => {
                        let value = rmpv::decode::read_value(&mut &*bytes).unwrap();
                        value["data"]["number"].as_i64().unwrap()
                    }
                    other => panic!("expected an update, found {other:?}"),
                };
                received += 1;
                if number == 999 {
                    break;
                }
            }
            let took = producing.join().unwrap();
            assert!(received > 10, "{received} in {took:?}");
        });
    }
}

#[test]
fn a_client_that_reads_nothing_is_bounded_and_given_up() {
    run(async {
        let stage = Stage::new(Options {
            heartbeat_interval: Duration::from_millis(100),
            heartbeat_timeout: Duration::from_secs(2),
            ..plain(Encoding::Json)
        });
        let page = stage.program.page(0);
        let mut deaf = raw(&stage);
        deaf.write_all(&frame(0x81, br#"{"type":"ready"}"#))
            .unwrap();
        page.wait_for("ready {} []");
        let event = EncodedEvent::new("e", &json!("y".repeat(100_000)).to_string().into(), false);
        let bound = Limits::default().queue_bytes;
        let mut refused = false;
        for _ in 0..10_000 {
            refused |= page.act(|session| session.emit(&event).is_err());
            assert!(page.act(|session| session.queued().1) <= bound);
            assert!(page.act(|session| session.unacknowledged()) <= 2);
            if refused {
                break;
            }
        }
        assert!(refused);
        until("it is given up", || count(&page, "suspended") == 1).await;
        // The others never noticed.
        let mut other = ready(&stage).await;
        other.send(r#"{"type":"hi"}"#).await;
        page.wait_for("hi {} []");
    });
}

#[test]
fn a_client_that_reads_slowly_is_not_given_up() {
    run(async {
        let stage = Stage::new(Options {
            heartbeat_interval: Duration::from_millis(200),
            heartbeat_timeout: Duration::from_millis(1500),
            ..plain(Encoding::Json)
        });
        let page = stage.program.page(0);
        let large = format!("\"{}\"", "y".repeat(24 << 20));
        let mut slow = raw(&stage);
        slow.write_all(&frame(0x81, br#"{"type":"ready"}"#))
            .unwrap();
        page.wait_for("ready {} []");
        page.emit("large", &large);
        let reading = std::thread::spawn(move || {
            let begun = Instant::now();
            let mut piece = vec![0; 100_000];
            let mut total = 0;
            while begun.elapsed() < Duration::from_secs(4) {
                let count = slow.read(&mut piece).unwrap();
                assert!(count > 0, "closed after {total} bytes");
                total += count;
                std::thread::sleep(Duration::from_millis(20));
            }
            (slow, total)
        });
        let reading = tokio::task::spawn_blocking(|| reading.join().unwrap());
        let (_slow, total) = reading.await.unwrap();
        assert!((4 << 20..24 << 20).contains(&total), "{total}");
        assert_eq!(count(&page, "suspended"), 0);
    });
}

fn any_message() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r#"[\[\]{}",:\\ a-z0-9$-]{0,40}"#,
        any::<String>().prop_map(|name| json!({"type": name, "rest": [1]}).to_string()),
        r#"\{"type":"(ready|hello|event|__auroraview_x|call|bye)"(,"[a-z]":[0-9\[\]"]{0,4}){0,3}\}"#,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn nothing_that_is_said_ends_another_session(messages in prop::collection::vec(any_message(), 0..40)) {
        let (program, sessions) = registry(plain(Encoding::MessagePack));
        let mut other = connect(&sessions, "127.0.0.1:1").unwrap();
        let mut hostile = connect(&sessions, "127.0.0.1:2").unwrap();
        // It is held no longer.
        hostile.tick(Instant::now() + Duration::from_secs(1));
        other.receive_text(r#"{"type":"ready"}"#);
        for (at, message) in messages.iter().enumerate() {
            match at % 7 {
                6 => hostile.receive_binary(message.clone().into_bytes().into()),
                _ => hostile.receive_text(message),
            }
            program.page(1).emit("to it", "[1]");
            while hostile.next_outgoing().is_some() {}
        }
        prop_assert!(!hostile.is_over());
        program.page(0).emit("to the other", "1");
        let sent: Vec<_> = std::iter::from_fn(|| other.next_outgoing()).collect();
        prop_assert_eq!(sent.len(), 1);
        prop_assert_eq!(program.count(), 2);
    }
}

#[test]
fn values_are_not_looked_at_twice() {
    // A reference of our protocol in what a plain client says is an ordinary object.
    let (program, sessions) = registry(plain(Encoding::Json));
    let mut connection = connect(&sessions, "127.0.0.1:1").unwrap();
    connection.receive_text(r#"{"type":"x","a":{"$av":0},"att":[{"bytes":1}]}"#);
    let note = r#"x {"a":{"$av":0},"att":[{"bytes":1}]} []"#;
    assert!(program.page(0).notes().contains(&note.to_owned()));
    let deep: Value = json!({"type": "y", "deep": 1});
    let deep = deep
        .to_string()
        .replace('1', &("[".repeat(300) + &"]".repeat(300)));
    connection.receive_text(&deep);
    assert_eq!(program.page(0).refused(Reason::TooLarge), 1);
    assert!(!connection.is_over());
}
