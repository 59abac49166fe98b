//! From the request to the session: who gets in, and what a connection may say.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use std::time::Duration;

use auroraview_protocol::Reason;
use auroraview_server::Options;
use serde_json::json;
use support::{Name, PATIENCE, Stage, TOKEN, back, hello, options, run, typed, until};
use tokio_tungstenite::tungstenite::Message;

#[test]
fn a_page_connects_calls_and_gets_events() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, place) = stage.page("d1").await;
        assert_eq!((place.id.len(), place.resume.len()), (22, 22));
        assert_eq!((place.received, place.resumed), (0, false));
        let welcome = client.frame().await;
        assert_eq!(welcome["seq"], 1);
        assert_eq!(welcome["msgs"][0]["event"], "__auroraview_welcome");

        let messages = json!([{"type": "ready"}, {"type": "call", "id": 7, "method": "echo", "params": [1, "ä"]}]);
        client.numbered("d1", 1, 1, messages).await;
        let frame = client.frame().await;
        assert_eq!(
            frame["msgs"][0]["detail"],
            json!({"id": 7, "ok": true, "result": [1, "ä"]})
        );
        let page = stage.program.page(0);
        page.wait_for("ready");
        page.emit("tick", "1");
        assert_eq!(client.frame().await["msgs"][0]["event"], "tick");

        let info = page.info.lock().unwrap().clone();
        assert_eq!(info.session_id, place.id);
        assert_eq!(info.url, "http://localhost/");
        assert!(info.address.unwrap().starts_with("127.0.0.1:"));
        assert!(page.notes().iter().all(|note| !note.contains(TOKEN)));
        assert!(stage.server.close(PATIENCE));
    });
}

#[test]
fn a_bare_message_counts_as_a_frame() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, _) = stage.page("d1").await;
        client
            .send(r#"{"type":"event","event":"hi","detail":[5]}"#)
            .await;
        client.send(r#"[{"type":"event","event":"there"}]"#).await;
        let page = stage.program.page(0);
        page.wait_for("hi [5] []");
        page.wait_for("there null");
    });
}

#[test]
fn a_hello_must_bring_the_token() {
    run(async {
        let stage = Stage::new(options());
        for token in [
            json!(null),
            json!("wrong"),
            json!(format!("{TOKEN}x")),
            json!(""),
        ] {
            let mut client = stage.connect().await;
            let mut hello = hello("d1");
            hello["token"] = token;
            client.send(typed("hello", &hello)).await;
            assert_eq!(client.close_code().await, 4001);
        }
        assert_eq!(stage.program.count(), 0);
        assert_eq!(stage.sessions.stats().refused["token"], 4);
    });
}

#[test]
fn without_a_token_in_the_options_none_is_needed() {
    run(async {
        let stage = Stage::new(Options::default());
        let mut client = stage.connect().await;
        client.hello(json!({"protocol": 1, "document": "d"})).await;
    });
}

#[test]
fn foreign_hosts_and_origins_get_no_connection() {
    run(async {
        let stage = Stage::new(Options {
            allow_origins: vec!["https://app.example".into()],
            ..options()
        });
        let own = format!("http://localhost:{}", stage.port());
        let other_port = format!("http://localhost:{}", stage.port() ^ 1);
        for (headers, good) in [
            (vec![("origin", own.as_str())], true),
            (vec![("origin", "https://app.example")], true),
            (vec![("origin", "https://evil.example")], false),
            (vec![("origin", "null")], false),
            (vec![("origin", other_port.as_str())], false),
            (vec![("host", "evil.example")], false),
            (vec![("host", "localhost")], false),
        ] {
            let result = stage.connect_with("", &headers).await;
            assert_eq!(result.err(), (!good).then_some(403), "{headers:?}");
        }
    });
}

#[test]
fn a_token_in_the_query_is_refused_even_if_it_is_right() {
    run(async {
        let stage = Stage::new(options());
        let query = format!("?a=b&token={TOKEN}");
        assert_eq!(stage.connect_with(&query, &[]).await.err(), Some(400));
        assert_eq!(stage.connect_with("?%74oken=x", &[]).await.err(), Some(400));
        assert!(stage.connect_with("?tokens=x", &[]).await.is_ok());
    });
}

#[test]
fn who_says_no_hello_is_closed() {
    run(async {
        let stage = Stage::new(Options {
            handshake_timeout: Duration::from_millis(200),
            ..options()
        });
        let mut client = stage.connect().await;
        assert_eq!(client.close_code().await, 4008);
        until("the connection is gone", || {
            stage.sessions.stats().connections == 0
        })
        .await;
    });
}

#[test]
fn what_is_no_hello_is_closed_before_it_reaches_anybody() {
    run(async {
        let stage = Stage::new(options());
        let mut version = hello("d1");
        version["protocol"] = json!(2);
        let mut document = hello("d1");
        document["document"] = json!("not good");
        for text in [
            r#"{"v":1,"doc":"d1","msgs":[]}"#.to_owned(),
            typed("event", &json!({"event": "x"})),
            typed("ping", &json!({})),
            typed("hello", &version),
            typed("hello", &document),
            "{".to_owned(),
        ] {
            let mut client = stage.connect().await;
            client.send(text.as_str()).await;
            assert_eq!(client.close_code().await, 4002, "{text}");
        }
        let mut client = stage.connect().await;
        client.send_message(Message::binary(vec![1, 2, 3])).await;
        assert_eq!(client.close_code().await, 4002);
        let mut client = stage.connect().await;
        client
            .send(typed("hello", &json!({"x": "y".repeat(100_000)})))
            .await;
        assert_eq!(client.close_code().await, 1009);
        assert_eq!(stage.program.count(), 0);
    });
}

#[test]
fn the_close_frame_names_the_version_that_is_spoken() {
    run(async {
        let stage = Stage::new(options());
        let mut client = stage.connect().await;
        client.send(r#"{"type":"hello","protocol":99}"#).await;
        let Some(Message::Close(Some(frame))) = client.next_message().await else {
            panic!("expected a close frame");
        };
        assert!(frame.reason.contains("speaks 1"), "{}", frame.reason);
    });
}

#[test]
fn a_broken_protocol_ends_the_session() {
    run(async {
        for text in [
            typed("hello", &hello("d1")),
            typed("nonsense", &json!({})),
            r#"{"att":0,"v":1}"#.to_owned(),
        ] {
            let stage = Stage::new(options());
            let (mut client, _) = stage.page("d1").await;
            client.send(text.as_str()).await;
            assert_eq!(client.close_code().await, 4002, "{text}");
            stage.program.page(0).wait_for("end protocol");
            assert_eq!(stage.sessions.stats().sessions, 0);
        }
    });
}

#[test]
fn attachments_come_with_their_frame_or_not_at_all() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, _) = stage.page("d1").await;
        let frame = |count: usize, seq: u64| {
            let list = vec![r#"{"bytes":3}"#; count].join(",");
            format!(
                r#"{{"att":{count},"seq":{seq},"v":1,"doc":"d1","msgs":[{{"type":"event","event":"pixels","detail":{{"$av":0}},"att":[{list}]}}]}}"#
            )
        };
        client.send(frame(2, 1)).await;
        client.send_message(Message::binary(vec![0; 3])).await;
        client.send_message(Message::binary(vec![1; 3])).await;
        stage.program.page(0).wait_for(r#"pixels {"$av":0} [3, 3]"#);

        client.send(frame(2, 2)).await;
        client.send_message(Message::binary(vec![0; 3])).await;
        client.send(frame(1, 3)).await;
        assert_eq!(client.close_code().await, 4002);

        let (mut client, _) = stage.page("d2").await;
        client.send_message(Message::binary(vec![0; 3])).await;
        assert_eq!(client.close_code().await, 4002);
    });
}

#[test]
fn too_large_is_too_large_in_one_piece_or_in_several() {
    run(async {
        let stage = Stage::new(Options {
            message_bytes: 100_000,
            ..options()
        });
        let (mut client, place) = stage.page("d1").await;
        client.send(format!("[{}]", " ".repeat(300_000))).await;
        assert_eq!(client.close_code().await, 1009);
        let page = stage.program.page(0);
        page.wait_for("suspended");
        assert_eq!(page.refused(Reason::TooLarge), 1);

        let mut client = stage.connect().await;
        assert!(client.hello(back("d1", &place, Some(1))).await.resumed);
        client.send(r#"{"att":3,"v":1,"doc":"d1","msgs":[]}"#).await;
        for _ in 0..3 {
            client.send_message(Message::binary(vec![0; 80_000])).await;
        }
        assert_eq!(client.close_code().await, 1009);
    });
}

#[test]
fn too_many_connections_are_told_so() {
    run(async {
        let stage = Stage::new(Options {
            max_connections: 2,
            ..options()
        });
        let first = stage.connect().await;
        let _second = stage.connect().await;
        assert_eq!(stage.connect_with("", &[]).await.err(), Some(503));
        first.cut();
        until("a place is free", || stage.sessions.stats().connections < 2).await;
        assert!(stage.connect_with("", &[]).await.is_ok());
    });
}

#[test]
fn too_many_sessions_close_with_a_code_of_their_own() {
    run(async {
        let stage = Stage::new(Options {
            max_sessions: 1,
            ..options()
        });
        let (_client, _) = stage.page("d1").await;
        let mut second = stage.connect().await;
        second.send(typed("hello", &hello("d2"))).await;
        assert_eq!(second.close_code().await, 4003);
    });
}

#[test]
fn the_programs_own_login_replaces_the_token() {
    run(async {
        let stage = Stage::new(Options {
            authenticate: true,
            ..options()
        });
        assert_eq!(stage.connect_with("", &[]).await.err(), Some(401));
        let mut client = stage.connect_with("", &[("x-user", "ada")]).await.unwrap();
        let place = client.hello(json!({"protocol": 1, "document": "d1"})).await;
        let identity = stage
            .program
            .page(0)
            .info
            .lock()
            .unwrap()
            .identity
            .clone()
            .unwrap();
        let name = identity.as_any().downcast_ref::<Name>().unwrap();
        assert_eq!(name.0, "ada");

        // The resume token is of no use to somebody else.
        let mut other = stage.connect_with("", &[("x-user", "bob")]).await.unwrap();
        let elsewhere = other.hello(back("d1", &place, Some(0))).await;
        assert_ne!(elsewhere.id, place.id);
        let mut again = stage.connect_with("", &[("x-user", "ada")]).await.unwrap();
        assert_eq!(again.hello(back("d2", &place, None)).await.id, place.id);
    });
}

#[test]
fn pages_are_told_to_reload() {
    run(async {
        let stage = Stage::new(options());
        let (mut one, _) = stage.page("d1").await;
        let (mut two, _) = stage.page("d2").await;
        assert_eq!(stage.sessions.reload(), 2);
        one.control("reload").await;
        two.control("reload").await;
    });
}

#[test]
fn closing_the_server_ends_everything_in_good_order() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, _) = stage.page("d1").await;
        client.frame().await;
        let mut silent = stage.connect().await;
        let Stage {
            program, server, ..
        } = stage;
        let port = server.port();
        let closing = tokio::task::spawn_blocking(move || {
            assert!(server.close(PATIENCE));
            assert!(server.close(PATIENCE));
        });
        assert_eq!(
            client.frame().await["msgs"][0]["event"],
            "__auroraview_closed"
        );
        assert_eq!(client.close_code().await, 1001);
        assert_eq!(silent.close_code().await, 1001);
        drop((client, silent));
        closing.await.unwrap();
        assert_eq!(program.page(0).notes().last().unwrap(), "end server_closed");
        // The port is free again.
        std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    });
}

#[test]
fn dropping_the_server_waits_for_nobody() {
    run(async {
        let stage = Stage::new(options());
        let (_client, _) = stage.page("d1").await;
        let program = stage.program.clone();
        drop(stage);
        program.page(0).wait_for("end server_closed");
    });
}

#[test]
fn a_used_port_is_an_error_at_once() {
    let stage = Stage::new(options());
    let site = auroraview_server::Site::new(None, None, false).unwrap();
    let error =
        auroraview_server::Server::start(stage.sessions.clone(), site.into(), stage.address());
    assert_eq!(error.err().unwrap().kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn a_kicked_page_is_told_why_and_its_session_is_gone() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, place) = stage.page("d1").await;
        client.frame().await;
        assert!(stage.sessions.kick(&place.id, "you have been replaced"));
        assert!(!stage.sessions.kick(&place.id, "again"));
        assert_eq!(
            client.frame().await["msgs"][0]["event"],
            "__auroraview_closed"
        );
        let Some(Message::Close(Some(frame))) = client.next_message().await else {
            panic!("expected a close frame");
        };
        assert_eq!(
            (u16::from(frame.code), frame.reason.as_str()),
            (4000, "you have been replaced")
        );
        assert_eq!(stage.program.page(0).notes().last().unwrap(), "end kicked");
        // Loaded again, it is a page like any other.
        let mut again = stage.connect().await;
        assert_ne!(again.hello(back("d2", &place, None)).await.id, place.id);
    });
}

#[test]
fn a_page_that_was_away_when_it_was_kicked_is_told_when_it_comes_back() {
    run(async {
        let stage = Stage::new(options());
        let (client, place) = stage.page("d1").await;
        client.cut();
        stage.program.page(0).wait_for("suspended");
        assert!(stage.sessions.kick(&place.id, "enough"));
        let mut again = stage.connect().await;
        again
            .send(typed("hello", &back("d1", &place, Some(1))))
            .await;
        assert_eq!(again.close_code().await, 4000);
    });
}

#[test]
fn long_frames_are_compressed_for_who_can_read_it() {
    use std::io::Read;
    run(async {
        let stage = Stage::new(Options {
            compress: Some(true),
            ..options()
        });
        let mut client = stage.connect().await;
        let mut greeting = hello("d1");
        greeting["accepts"] = json!(["gzip"]);
        client.hello(greeting).await;
        client.frame().await;
        let text = "a long text ".repeat(1000);
        let call = json!([{"type": "call", "id": 1, "method": "echo", "params": [text]}]);
        client.numbered("d1", 1, 1, call.clone()).await;
        let Some(Message::Binary(bytes)) = client.next_message().await else {
            panic!("expected a compressed frame");
        };
        assert!(bytes.len() < 1000);
        let mut found = String::new();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut found)
            .unwrap();
        assert!(found.contains(&text));

        let (mut plain, _) = stage.page("d2").await;
        plain.frame().await;
        plain.numbered("d2", 1, 1, call).await;
        assert!(plain.text().await.contains(&text));
    });
}

#[test]
fn a_long_message_is_whole_at_the_other_end() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, _) = stage.page("d1").await;
        client.frame().await;
        let text = "ä€😀".repeat(300_000);
        let call = json!([{"type": "call", "id": 1, "method": "echo", "params": [text]}]);
        client.numbered("d1", 1, 1, call).await;
        let frame = client.frame().await;
        assert_eq!(frame["msgs"][0]["detail"]["result"][0], json!(text));
    });
}
