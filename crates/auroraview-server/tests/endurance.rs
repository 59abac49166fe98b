//! Clients that are silent, slow, greedy, many, or mad.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use auroraview_protocol::Reason;
use auroraview_server::Options;
use futures_util::SinkExt;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;
use support::{PATIENCE, Stage, back, options, run, typed, until};
use tokio_tungstenite::tungstenite::Message;

#[test]
fn a_quiet_client_is_asked_and_a_silent_one_is_given_up() {
    run(async {
        let stage = Stage::new(Options {
            heartbeat_interval: Duration::from_millis(100),
            heartbeat_timeout: Duration::from_millis(600),
            ..options()
        });
        let (mut client, place) = stage.page("d1").await;
        for _ in 0..12 {
            client.control("ping").await;
            client.send(typed("pong", &json!({}))).await;
        }
        let page = stage.program.page(0);
        assert!(!page.notes().contains(&"suspended".to_owned()));
        let quiet = Instant::now();
        assert_eq!(client.close_code().await, 4005);
        assert!(quiet.elapsed() >= Duration::from_millis(400));
        page.wait_for("suspended");
        let mut client = stage.connect().await;
        assert!(client.hello(back("d1", &place, Some(0))).await.resumed);
    });
}

#[test]
fn a_client_that_asks_is_answered() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, _) = stage.page("d1").await;
        client.send(typed("ping", &json!({}))).await;
        client.control("pong").await;
    });
}

#[test]
fn too_many_frames_per_second_close_the_connection_and_not_the_session() {
    run(async {
        let stage = Stage::new(Options {
            frames_per_second: 100.0,
            ..options()
        });
        let (mut client, place) = stage.page("d1").await;
        for _ in 0..300 {
            // The server may have closed already.
            let _ = client
                .socket
                .feed(Message::text(r#"{"type":"event","event":"flood"}"#))
                .await;
        }
        let _ = client.socket.flush().await;
        assert_eq!(client.close_code().await, 4029);
        let page = stage.program.page(0);
        page.wait_for("suspended");
        assert_eq!(page.refused(Reason::Rate), 1);
        let floods = page
            .notes()
            .iter()
            .filter(|note| note.starts_with("flood"))
            .count();
        assert!((90..200).contains(&floods), "{floods}");
        let mut client = stage.connect().await;
        assert!(client.hello(back("d1", &place, Some(0))).await.resumed);
    });
}

#[test]
fn who_waits_for_answers_is_never_too_fast() {
    run(async {
        let stage = Stage::new(Options {
            frames_per_second: 20.0,
            ..options()
        });
        let (mut client, _) = stage.page("d1").await;
        let mut seq = client.frame().await["seq"].as_u64().unwrap();
        for number in 1..=300 {
            let call = json!([{"type": "call", "id": number, "method": "echo"}]);
            client.numbered("d1", number, seq, call).await;
            let frame = client.frame().await;
            assert_eq!(frame["msgs"][0]["detail"]["id"], number);
            seq = frame["seq"].as_u64().unwrap();
        }
    });
}

#[test]
fn too_many_bytes_slow_a_client_down_and_then_close() {
    run(async {
        let stage = Stage::new(Options {
            bytes_per_second: 100_000.0,
            ..options()
        });
        let (mut client, _) = stage.page("d1").await;
        let large = |number: u64, bytes: usize| {
            let detail = "x".repeat(bytes);
            format!(
                r#"{{"seq":{number},"v":1,"doc":"d1","msgs":[{{"type":"event","event":"e{number}","detail":"{detail}"}}]}}"#
            )
        };
        // More than a second's worth passes by itself, and the rest of it is waited for.
        client.send(large(1, 140_000)).await;
        client.send(large(2, 10)).await;
        let page = stage.program.page(0);
        until("the second one", || {
            page.notes().iter().any(|note| note.starts_with("e2 "))
        })
        .await;
        // Ten seconds' worth is not.
        client.send(large(3, 1_000_000)).await;
        client.send(large(4, 10)).await;
        assert_eq!(client.close_code().await, 4029);
    });
}

#[test]
fn a_flood_of_questions_that_reads_no_answer_is_closed() {
    run(async {
        let stage = Stage::new(Options {
            frames_per_second: 1e9,
            ..options()
        });
        let (mut client, _) = stage.page("d1").await;
        let page = stage.program.page(0);
        let deadline = Instant::now() + PATIENCE;
        // Until the sockets in between are full.
        while !page.notes().contains(&"suspended".to_owned()) {
            assert!(
                Instant::now() < deadline,
                "expected the connection to be closed"
            );
            for _ in 0..1000 {
                if client
                    .socket
                    .feed(Message::text(r#"{"type":"ping"}"#))
                    .await
                    .is_err()
                {
                    break;
                }
            }
            if tokio::time::timeout(Duration::from_secs(5), client.socket.flush())
                .await
                .is_err()
            {
                break;
            }
        }
        page.wait_for("suspended");
        assert_eq!(page.refused(Reason::Rate), 1);
    });
}

#[test]
fn a_client_that_reads_nothing_holds_up_nobody() {
    run(async {
        let stage = Stage::new(options());
        let (mut stalled, _) = stage.page("s").await;
        stalled.send(r#"{"type":"ready"}"#).await;
        let (mut client, _) = stage.page("d").await;
        let mut seq = client.frame().await["seq"].as_u64().unwrap();
        let page = stage.program.page(0);
        page.wait_for("ready");
        let large = format!("\"{}\"", "x".repeat(20_000_000));
        page.emit("large", &large);
        page.emit("large", &large);
        for number in 1..=200 {
            let call = json!([{"type": "call", "id": number, "method": "echo"}]);
            client.numbered("d", number, seq, call).await;
            seq = client.frame().await["seq"].as_u64().unwrap();
        }
        // And it is still heard.
        stalled.send(r#"{"type":"event","event":"alive"}"#).await;
        page.wait_for("alive null");
    });
}

#[test]
fn two_hundred_quiet_connections_cost_no_thread() {
    run(async {
        let stage = Stage::new(options());
        let mut clients = Vec::new();
        for number in 0..200 {
            clients.push(stage.page(&format!("d{number}")).await.0);
        }
        assert_eq!(stage.sessions.stats().connected, 200);
        for page in stage.program.pages.lock().unwrap().iter() {
            page.emit("x", "1");
        }
        for (number, client) in clients.iter_mut().enumerate() {
            client.frame().await;
            client
                .numbered(&format!("d{number}"), 1, 1, json!([{"type": "ready"}]))
                .await;
            assert_eq!(client.frame().await["msgs"][0]["event"], "x");
        }
        drop(clients);
        until("all are gone", || stage.sessions.stats().connections == 0).await;
        assert_eq!(stage.sessions.stats().sessions, 200);
    });
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    let stage = Stage::new(Options {
        handshake_timeout: Duration::from_millis(300),
        ..options()
    });
    for beginning in [
        "",
        "GET / HT",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n",
    ] {
        let mut socket = TcpStream::connect(stage.address()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.write_all(beginning.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // Closed, with or without a word.
        let _ = socket.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{beginning}");
    }
}

#[test]
fn a_head_that_comes_byte_by_byte_is_given_up() {
    let stage = Stage::new(Options {
        handshake_timeout: Duration::from_millis(500),
        ..options()
    });
    let mut socket = TcpStream::connect(stage.address()).unwrap();
    let head = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(10_000));
    let begun = Instant::now();
    let mut ended = false;
    for byte in head.bytes() {
        if socket.write_all(&[byte]).is_err() {
            ended = true;
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(ended && begun.elapsed() < PATIENCE);
}

#[test]
fn a_socket_that_is_cut_in_the_middle_of_a_frame_is_a_lost_connection() {
    run(async {
        let stage = Stage::new(options());
        let mut socket = TcpStream::connect(stage.address()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        upgrade(&mut socket, stage.port());
        let text = typed("hello", &support::hello("d1"));
        socket.write_all(&masked(0x81, text.as_bytes())).unwrap();
        until("the session", || stage.program.count() == 1).await;
        // A character that is cut in two, in a frame that is cut in two.
        let frame = masked(0x81, "{\"type\":\"event\",\"event\":\"ä\"}".as_bytes());
        socket.write_all(&frame[..frame.len() - 4]).unwrap();
        drop(socket);
        let page = stage.program.page(0);
        page.wait_for("suspended");
        assert_eq!(page.notes().len(), 2);
    });
}

#[test]
fn bytes_that_are_no_text_close_with_the_code_for_it() {
    run(async {
        let stage = Stage::new(options());
        for (bytes, code) in [
            (masked(0x81, b"{\"type\":\xff\xfe"), 1007),
            (vec![0x81, 0x02, b'{', b'}'], 1002),
            (masked(0xf1, b"{}"), 1002),
            (masked(0x83, b"{}"), 1002),
        ] {
            let mut socket = TcpStream::connect(stage.address()).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            upgrade(&mut socket, stage.port());
            socket.write_all(&bytes).unwrap();
            let mut answer = Vec::new();
            socket.read_to_end(&mut answer).unwrap();
            assert_eq!(answer[0], 0x88);
            assert_eq!(u16::from_be_bytes([answer[2], answer[3]]), code);
        }
    });
}

#[test]
fn sockets_beyond_all_limits_are_turned_away() {
    let stage = Stage::new(Options {
        max_connections: 1,
        ..options()
    });
    let answers = (0..200).map(|_| {
        let socket = TcpStream::connect(stage.address()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    });
    let mut sockets: Vec<_> = answers.collect();
    let mut answer = String::new();
    sockets.pop().unwrap().read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.ends_with("There are too many connections.\n"));
    drop(sockets);
    run(async {
        until("those that were taken have left", || {
            stage.get("/auroraview.js", "").status == 200
        })
        .await;
    });
}

/// Speaks HTTP until the WebSocket begins.
fn upgrade(socket: &mut TcpStream, port: u16) {
    let head = format!(
        "GET /auroraview.ws HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let answer = String::from_utf8(answer).unwrap().to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 101"));
    assert!(answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="));
}

/// A frame of a client.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
    }
    let mask = [1, 2, 3, 4];
    frame.extend(mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

#[derive(Debug, Clone)]
enum Nonsense {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Raw(Vec<u8>),
}

fn nonsense() -> impl Strategy<Value = Nonsense> {
    let pieces = prop::sample::select(vec![
        "{\"type\":",
        "\"hello\"",
        "\"ping\"",
        "\"bye\"",
        "\"call\"",
        ",",
        "}",
        "{",
        "[",
        "]",
        "\"protocol\":1",
        "\"document\":\"d\"",
        "{\"att\":",
        "2,",
        "\"seq\":1,",
        "\"v\":1",
        "\"doc\":\"d\"",
        "\"msgs\":[",
        "null",
        "1e999",
        "\"token\":\"guess\"",
        "\"received\":-1",
        "\u{0}",
        "\\ud800",
        "ä",
    ]);
    let structured = prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat());
    prop_oneof![
        4 => structured.prop_map(Nonsense::Text),
        1 => ".{0,40}".prop_map(Nonsense::Text),
        2 => prop::collection::vec(any::<u8>(), 0..200).prop_map(Nonsense::Binary),
        1 => prop::collection::vec(any::<u8>(), 0..125).prop_map(Nonsense::Ping),
        2 => prop::collection::vec(any::<u8>(), 0..60).prop_map(Nonsense::Raw),
    ]
}

/// Sends the lot, then reads to the end; what the server says does not matter.
fn rave(stage: &Stage, greeting: Option<&str>, lot: &[Nonsense]) {
    let mut socket = TcpStream::connect(stage.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    upgrade(&mut socket, stage.port());
    let greeting = greeting.map(|text| masked(0x81, text.as_bytes()));
    let frames = lot.iter().map(|one| match one {
        Nonsense::Text(text) => masked(0x81, text.as_bytes()),
        Nonsense::Binary(bytes) => masked(0x82, bytes),
        Nonsense::Ping(bytes) => masked(0x89, bytes),
        Nonsense::Raw(bytes) => bytes.clone(),
    });
    for frame in greeting.into_iter().chain(frames) {
        if socket.write_all(&frame).is_err() {
            break;
        }
    }
    let _ = socket.shutdown(std::net::Shutdown::Write);
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest);
}

#[test]
fn a_mad_client_reaches_nobody_before_a_good_hello() {
    let stage = Stage::new(options());
    let mut runner = TestRunner::new(ProptestConfig::with_cases(300));
    runner
        .run(&prop::collection::vec(nonsense(), 1..8), |lot| {
            rave(&stage, None, &lot);
            prop_assert_eq!(stage.program.count(), 0);
            Ok(())
        })
        .unwrap();
    run(async {
        stage.page("sane").await;
        until("the others are gone", || {
            stage.sessions.stats().connections <= 1
        })
        .await;
    });
}

#[test]
fn a_mad_client_after_a_good_hello_harms_only_itself() {
    let stage = Stage::new(Options {
        session_ttl: Duration::from_millis(1),
        ..options()
    });
    let greeting = typed("hello", &support::hello("d"));
    let mut runner = TestRunner::new(ProptestConfig::with_cases(300));
    runner
        .run(&prop::collection::vec(nonsense(), 1..8), |lot| {
            rave(&stage, Some(&greeting), &lot);
            Ok(())
        })
        .unwrap();
    run(async {
        stage.page("sane").await;
        until("the others are gone", || {
            stage.sessions.stats().connections == 0
        })
        .await;
        until("their sessions are gone", || {
            stage.sessions.stats().sessions == 0
        })
        .await;
    });
}
