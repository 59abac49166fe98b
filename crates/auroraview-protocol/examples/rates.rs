//! Prints how fast a session reads and writes: `cargo run --release -p auroraview-protocol --example rates`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use auroraview_protocol::{EncodedEvent, Limits, Session};

const CALLS: u64 = 10_000;
const ROUNDS: u32 = 30;

fn main() {
    let calls: Vec<_> = (1..=CALLS)
        .map(|id| format!(r#"{{"type":"call","id":{id},"method":"api.m","params":[{id},2]}}"#))
        .collect();
    let frame = format!(r#"{{"v":1,"doc":"d1","msgs":[{}]}}"#, calls.join(","));
    let event = EncodedEvent::new("selection_changed", &r#"{"items":[1,2,3]}"#.into(), false);
    let mut receive = Vec::new();
    let mut respond = Vec::new();
    let mut emit = Vec::new();
    let mut batch = Vec::new();
    let mut bytes_out = 0;
    for _ in 0..ROUNDS {
        let mut session = ready();
        receive.push(timed(|| session.receive(black_box(&frame))));
        assert_eq!(session.in_flight() as u64, CALLS);
        respond.push(timed(|| {
            for id in 1..=CALLS {
                session.respond(1, id, Ok("[1,2,3]".into()));
            }
        }));
        emit.push(timed(|| {
            for _ in 0..CALLS {
                session.emit(&event).expect("the queue has room");
            }
        }));
        bytes_out = 0;
        batch.push(timed(|| {
            while let Some(batch) = session.next_batch() {
                bytes_out += batch.text.len();
                let ack = format!(r#"{{"v":1,"doc":"d1","ack":{},"msgs":[]}}"#, batch.seq);
                session.receive(&ack);
            }
        }));
    }
    let size = format!("frame of {CALLS} calls, {} bytes", frame.len());
    report(&size, &mut receive);
    report(&format!("{CALLS} results"), &mut respond);
    report(&format!("{CALLS} emits"), &mut emit);
    let size = format!("batches of all that, {bytes_out} bytes");
    report(&size, &mut batch);
}

fn ready() -> Session {
    let mut session = Session::new(Limits::default());
    session.receive(r#"{"type":"hello","protocol":1,"document":"d1","url":""}"#);
    session.receive(r#"{"type":"ready"}"#);
    session.welcome("{}");
    session
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort();
    let (least, median) = (times[0], times[times.len() / 2]);
    println!("{what}: least {least:.2?}, median {median:.2?}");
}
