//! Clients whose network is slow, or takes nothing any more.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use auroraview_server::{Options, close_code};
use support::{PATIENCE, Stage, TOKEN, options, run, until};
use tokio_tungstenite::tungstenite::Message;

const LARGE: usize = 20_000_000;

#[test]
fn a_client_that_takes_nothing_is_not_waited_for() {
    run(async {
        let stage = Stage::new(Options {
            heartbeat_interval: Duration::from_millis(100),
            heartbeat_timeout: Duration::from_millis(400),
            ..options()
        });
        let (mut silent, _) = stage.page("s").await;
        silent.send(r#"{"type":"ready"}"#).await;
        let (mut kicked, place) = stage.page("k").await;
        kicked.send(r#"{"type":"ready"}"#).await;
        let large = format!("\"{}\"", "x".repeat(LARGE));
        for number in 0..2 {
            let page = stage.program.page(number);
            page.wait_for("ready");
            page.emit("large", &large);
        }
        assert!(stage.sessions.kick(&place.id, "enough"));
        until("both connections are gone", || {
            stage.sessions.stats().connections == 0
        })
        .await;
    });
}

#[test]
fn a_client_that_takes_slowly_gets_all_before_the_close_frame() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, place) = stage.page("d").await;
        client.send(r#"{"type":"ready"}"#).await;
        let page = stage.program.page(0);
        page.wait_for("ready");
        page.emit("large", &format!("\"{}\"", "x".repeat(LARGE)));
        assert!(stage.sessions.kick(&place.id, "enough"));
        let mut longest = 0;
        loop {
            match client.next_message().await {
                Some(Message::Text(text)) => longest = longest.max(text.len()),
                Some(Message::Close(Some(frame))) => {
                    assert_eq!(u16::from(frame.code), close_code::KICKED);
                    break;
                }
                other => panic!("expected the close frame, found {other:?}"),
            }
        }
        assert!(longest > LARGE);
    });
}

#[test]
fn a_frame_may_have_attachments_for_more_than_the_rate() {
    run(async {
        let stage = Stage::new(Options {
            bytes_per_second: 100_000.0,
            ..options()
        });
        let (mut client, _) = stage.page("d1").await;
        let list = [r#"{"bytes":300000}"#; 3].join(",");
        client
            .send(format!(
                r#"{{"att":3,"seq":1,"v":1,"doc":"d1","msgs":[{{"type":"event","event":"pixels","att":[{list}]}}]}}"#
            ))
            .await;
        for _ in 0..3 {
            client.send_message(Message::binary(vec![0; 300_000])).await;
        }
        stage.program.page(0).wait_for("pixels null");
    });
}

#[test]
fn a_client_whose_message_comes_in_parts_hears_from_the_server() {
    let stage = Stage::new(Options {
        heartbeat_interval: Duration::from_millis(100),
        heartbeat_timeout: Duration::from_secs(20),
        ..options()
    });
    let mut socket = TcpStream::connect(stage.address()).unwrap();
    let head = format!(
        "GET /auroraview.ws HTTP/1.1\r\nHost: localhost:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        stage.port()
    );
    socket.write_all(head.as_bytes()).unwrap();
    let hello = format!(r#"{{"type":"hello","protocol":1,"document":"d","token":"{TOKEN}"}}"#);
    // A mask of zeros changes nothing.
    let mut frame = vec![0x81, 0x80 | u8::try_from(hello.len()).unwrap(), 0, 0, 0, 0];
    frame.extend(hello.as_bytes());
    socket.write_all(&frame).unwrap();
    // A text of a million bytes, of which one comes now and then: less often than the server reads, so each counts.
    let begin = [0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 0, 0, 0, 0];
    socket.write_all(&begin).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let asked = br#"{"type":"ping"}"#;
    let deadline = Instant::now() + PATIENCE;
    let mut heard: Vec<u8> = Vec::new();
    while !heard.windows(asked.len()).any(|some| some == &asked[..]) {
        assert!(Instant::now() < deadline, "nothing was asked");
        socket.write_all(b" ").unwrap();
        let mut some = [0; 1024];
        if let Ok(count) = socket.read(&mut some) {
            heard.extend(&some[..count]);
        }
    }
}
