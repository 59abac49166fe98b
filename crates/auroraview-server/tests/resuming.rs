//! Sessions that outlive their connections.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use std::time::Duration;

use auroraview_server::Options;
use serde_json::{Value, json};
use support::{Client, Stage, back, hello, options, run, typed, until};

/// Events `from` to `to` of the page, one numbered frame each.
async fn send_events(client: &mut Client, document: &str, numbers: impl Iterator<Item = u64>) {
    for number in numbers {
        let messages = json!([{"type": "event", "event": "n", "detail": number}]);
        client.numbered(document, number, 0, messages).await;
    }
}

fn events_of(notes: &[String]) -> Vec<String> {
    notes
        .iter()
        .filter(|note| note.starts_with("n "))
        .cloned()
        .collect()
}

fn numbered_notes(to: u64) -> Vec<String> {
    (1..=to).map(|number| format!("n {number} []")).collect()
}

fn events_in(frame: &Value) -> Vec<String> {
    let messages = frame["msgs"].as_array().unwrap().iter();
    messages
        .map(|message| message["event"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_was_missed_comes_again_with_the_same_numbers() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, place) = stage.page("d1").await;
        assert_eq!(client.frame().await["seq"], 1);
        client
            .numbered("d1", 1, 1, json!([{"type": "ready"}]))
            .await;
        let page = stage.program.page(0);
        page.wait_for("ready");
        page.emit("first", "1");
        assert_eq!(client.frame().await["seq"], 2);
        page.emit("second", "2");
        client.cut();
        page.wait_for("suspended");
        page.emit("third", "3");

        let mut client = stage.connect().await;
        let place = client.hello(back("d1", &place, Some(2))).await;
        assert_eq!((place.resumed, place.received), (true, 1));
        let mut events = Vec::new();
        let mut seq = 2;
        while events.len() < 2 {
            let frame = client.frame().await;
            seq += 1;
            assert_eq!(frame["seq"], seq);
            events.extend(events_in(&frame));
            client.ack("d1", seq).await;
        }
        assert_eq!(events, ["second", "third"]);
        assert_eq!(page.notes().last().unwrap(), "resumed");
        assert_eq!(stage.program.count(), 1);
    });
}

#[test]
fn what_is_sent_twice_takes_effect_once_and_in_order() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, mut place) = stage.page("d1").await;
        let page = stage.program.page(0);
        let mut sent = 0;
        for cut in 1..=10 {
            send_events(&mut client, "d1", sent + 1..=sent + 7).await;
            sent += 7;
            if cut % 2 == 0 {
                page.wait_for(&format!("n {} []", sent - 3));
            }
            client.cut();
            client = stage.connect().await;
            place = client.hello(back("d1", &place, Some(0))).await;
            assert!(place.resumed);
            // The client cannot know what arrived after its last acknowledgement: it says some again.
            let again = place.received.saturating_sub(3) + 1;
            send_events(&mut client, "d1", again..=sent).await;
        }
        page.wait_for(&format!("n {sent} []"));
        assert_eq!(events_of(&page.notes()), numbered_notes(sent));
        assert!(page.duplicates() > 0);
    });
}

#[test]
fn the_client_learns_what_arrived_after_so_many_frames_or_bytes() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, _) = stage.page("d1").await;
        send_events(&mut client, "d1", 1..=16).await;
        assert_eq!(client.control("ack").await["received"], 16);
        let large = json!([{"type": "event", "event": "large", "detail": "x".repeat(300_000)}]);
        client.numbered("d1", 17, 0, large).await;
        assert_eq!(client.control("ack").await["received"], 17);
    });
}

#[test]
fn a_resume_token_is_good_once_and_the_one_before_until_the_client_spoke() {
    run(async {
        let stage = Stage::new(options());
        let (client, first) = stage.page("d1").await;
        client.cut();
        let mut client = stage.connect().await;
        let second = client.hello(back("d1", &first, Some(0))).await;
        assert_ne!(first.resume, second.resume);
        // The answer was lost: the client still has the first one.
        client.cut();
        let mut client = stage.connect().await;
        let third = client.hello(back("d1", &first, Some(0))).await;
        assert_eq!(third.id, first.id);
        client.send(typed("ping", &json!({}))).await;
        client.control("pong").await;
        // Now it has the third one for certain: nothing else is good.
        for old in [&first, &second] {
            let mut thief = stage.connect().await;
            let place = thief.hello(back("d1", old, Some(0))).await;
            assert_ne!(place.id, first.id);
            assert!(!place.resumed);
        }
        client.send(typed("ping", &json!({}))).await;
        client.control("pong").await;
        client.cut();
        let mut client = stage.connect().await;
        assert_eq!(client.hello(back("d1", &third, Some(0))).await.id, first.id);
    });
}

#[test]
fn a_resume_token_is_nothing_without_the_launch_token() {
    run(async {
        let stage = Stage::new(options());
        let (_client, place) = stage.page("d1").await;
        let mut thief = stage.connect().await;
        let mut hello = back("d1", &place, Some(0));
        hello["token"] = json!("guess");
        thief.send(typed("hello", &hello)).await;
        assert_eq!(thief.close_code().await, 4001);
    });
}

#[test]
fn a_newer_connection_takes_the_session_over() {
    run(async {
        let stage = Stage::new(options());
        let (mut older, place) = stage.page("d1").await;
        older.frame().await;
        let mut newer = stage.connect().await;
        assert!(newer.hello(back("d1", &place, Some(1))).await.resumed);
        assert_eq!(older.close_code().await, 4004);
        send_events(&mut newer, "d1", 1..=1).await;
        let page = stage.program.page(0);
        page.wait_for("n 1 []");
        assert_eq!(page.notes()[1..3], ["suspended", "resumed"]);
        // The older one's end is no end of the session.
        drop(older);
        until("one connection is left", || {
            stage.sessions.stats().connections == 1
        })
        .await;
        assert_eq!(stage.sessions.stats().connected, 1);
    });
}

#[test]
fn many_hellos_at_once_leave_one_connection_that_works() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, place) = stage.page("d1").await;
        client.frame().await;
        let mut clients = Vec::new();
        for _ in 0..20 {
            let mut client = stage.connect().await;
            // Not confirmed in between, so the same token is good for each.
            client
                .send(typed("hello", &back("d1", &place, Some(1))))
                .await;
            clients.push(client);
        }
        until("one has it", || {
            let stats = stage.sessions.stats();
            (stats.connected, stats.connections) == (1, 1)
        })
        .await;
        let mut working = 0;
        for mut client in clients {
            while let Some(message) = client.next_message().await {
                if message.is_text() {
                    client.send(typed("ping", &json!({}))).await;
                    let answer = client.next_message().await;
                    if answer.is_some_and(|answer| answer.is_text()) {
                        working += 1;
                        break;
                    }
                }
            }
        }
        assert_eq!(working, 1);
    });
}

#[test]
fn a_reload_keeps_the_session_and_begins_a_document() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, place) = stage.page("d1").await;
        client.frame().await;
        client
            .numbered("d1", 1, 1, json!([{"type": "ready"}]))
            .await;
        let page = stage.program.page(0);
        page.wait_for("ready");
        page.emit("kept", "1");
        client.send(typed("bye", &json!({}))).await;
        client.cut();
        page.wait_for("suspended");

        let mut client = stage.connect().await;
        let again = client.hello(back("d2", &place, None)).await;
        assert_eq!(
            (again.id.as_str(), again.resumed, again.received),
            (place.id.as_str(), false, 0)
        );
        page.wait_for("document d2 http://localhost/");
        let welcome = client.frame().await;
        assert_eq!(
            (welcome["seq"].clone(), welcome["doc"].clone()),
            (json!(1), json!("d2"))
        );
        client
            .numbered("d2", 1, 1, json!([{"type": "ready"}]))
            .await;
        assert_eq!(events_in(&client.frame().await), ["kept"]);
    });
}

#[test]
fn a_client_that_lost_its_place_begins_its_document_anew() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, place) = stage.page("d1").await;
        client.frame().await;
        send_events(&mut client, "d1", 1..=3).await;
        let page = stage.program.page(0);
        page.wait_for("n 3 []");
        client.cut();
        let mut client = stage.connect().await;
        // It says that it has more than was ever sent.
        let again = client.hello(back("d1", &place, Some(50))).await;
        assert_eq!(
            (again.id, again.resumed, again.received),
            (place.id, false, 0)
        );
        assert_eq!(client.frame().await["seq"], 1);
        send_events(&mut client, "d1", 1..=1).await;
        until("it counts from one again", || {
            events_of(&page.notes()).len() == 4
        })
        .await;
    });
}

#[test]
fn a_session_that_nobody_comes_back_to_ends() {
    run(async {
        let stage = Stage::new(Options {
            session_ttl: Duration::from_millis(50),
            ..options()
        });
        let (client, place) = stage.page("d1").await;
        client.cut();
        let page = stage.program.page(0);
        page.wait_for("end timeout");
        let events: Vec<_> = page.notes();
        assert_eq!(events[1..], ["suspended", "end timeout"]);
        assert_eq!(stage.sessions.stats().sessions, 0);
        let mut late = stage.connect().await;
        assert_ne!(late.hello(back("d1", &place, Some(0))).await.id, place.id);
    });
}

#[test]
fn a_page_that_said_goodbye_ends_its_session_soon() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, _) = stage.page("d1").await;
        client.send(typed("bye", &json!({}))).await;
        send_events(&mut client, "d1", 1..=1).await;
        let page = stage.program.page(0);
        page.wait_for("n 1 []");
        let begun = std::time::Instant::now();
        client.cut();
        page.wait_for("end closed");
        // Sooner than the minute that a lost connection has, and not at once.
        assert!(begun.elapsed() > Duration::from_secs(3));
    });
}

#[test]
fn who_comes_back_after_a_goodbye_stays() {
    run(async {
        let stage = Stage::new(Options {
            session_ttl: Duration::from_millis(400),
            ..options()
        });
        let (mut client, place) = stage.page("d1").await;
        client.send(typed("bye", &json!({}))).await;
        client.cut();
        let mut client = stage.connect().await;
        let again = client.hello(back("d2", &place, None)).await;
        assert_eq!(again.id, place.id);
        // Another session's whole life passes meanwhile.
        let (other, _) = stage.page("o").await;
        other.cut();
        stage.program.page(1).wait_for("end timeout");
        client.send(typed("ping", &json!({}))).await;
        client.control("pong").await;
        assert!(
            !stage
                .program
                .page(0)
                .notes()
                .iter()
                .any(|note| note.starts_with("end"))
        );
    });
}

#[test]
fn ten_thousand_missed_events_arrive_in_order() {
    run(async {
        let stage = Stage::new(options());
        let (mut client, place) = stage.page("d1").await;
        client.frame().await;
        client
            .numbered("d1", 1, 1, json!([{"type": "ready"}]))
            .await;
        let page = stage.program.page(0);
        page.wait_for("ready");
        client.cut();
        page.wait_for("suspended");
        for number in 0..10_000 {
            page.emit("missed", &number.to_string());
        }
        let mut client = stage.connect().await;
        assert!(client.hello(back("d1", &place, Some(1))).await.resumed);
        let mut expected = 0;
        while expected < 10_000 {
            let frame = client.frame().await;
            for message in frame["msgs"].as_array().unwrap() {
                assert_eq!(message["detail"], expected);
                expected += 1;
            }
            client.ack("d1", frame["seq"].as_u64().unwrap()).await;
        }
    });
}

#[test]
fn a_session_is_not_found_by_its_name_alone() {
    run(async {
        let stage = Stage::new(options());
        let (_client, place) = stage.page("d1").await;
        let mut thief = stage.connect().await;
        let mut greeting = hello("d1");
        greeting["session"] = json!(place.id);
        greeting["received"] = json!(0);
        assert_ne!(thief.hello(greeting).await.id, place.id);
    });
}
