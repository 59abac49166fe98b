//! Synchronous calls.

use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use auroraview_lane::{Data, Kind, Lane};

use crate::stand::{Came, Stand, document, next, send, text};

crate::tests![
    a_synchronous_call_is_answered_with_attachments,
    a_call_without_an_answer_ends_in_time_and_a_late_answer_is_dropped,
    frames_that_come_meanwhile_are_received_afterwards_in_order,
    a_receiver_may_call_synchronously_and_read_on,
    a_lane_that_ends_ends_the_call,
    a_host_that_sends_without_end_keeps_no_page_longer_than_it_said,
];

fn call(lane: &Lane) -> Came {
    loop {
        let came = next(lane).unwrap();
        if came.kind == Kind::SyncCall {
            return came;
        }
    }
}

fn answer(lane: &Lane, number: u64, text: &str, attachments: &[Data<'_>]) {
    lane.send(Kind::SyncAnswer, document(), number, text, attachments)
        .unwrap();
}

fn a_synchronous_call_is_answered_with_attachments() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open()");
    stand.begin(
        "const answers = [];
         const ended = lane.callSync('question', [new Uint8Array([1, 2])], 10000,
             (text, count) => { answers.push(text, count, ...lane.read(0)); });
         lane.post([ended, ...answers].join())",
    );
    let asked = call(&lane);
    assert_eq!(
        (asked.text.as_str(), &asked.attachments),
        ("question", &vec![vec![1, 2]])
    );
    answer(&lane, asked.number, "answer", &[Data::Lent(&[3, 4, 5])]);
    assert_eq!(text(&lane), "0,answer,1,3,4,5");
}

fn a_call_without_an_answer_ends_in_time_and_a_late_answer_is_dropped() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open(); let takes = 0; const take = (text) => { takes += 1; got.push(text); }");
    assert_eq!(
        stand.eval("lane.callSync('first', undefined, 30, take)"),
        "1"
    );
    let first = call(&lane);
    stand.begin("lane.post(String(lane.callSync('second', undefined, 10000, take)))");
    let second = call(&lane);
    assert_ne!(first.number, second.number);
    answer(&lane, first.number, "late", &[]);
    answer(&lane, second.number, "right", &[]);
    assert_eq!(text(&lane), "0");
    answer(&lane, second.number, "twice", &[]);
    send(&lane, "a frame", &[]);
    stand.becomes("takes + got.join()", "1right,a frame");
    assert_eq!(stand.eval("lane.callSync('third', [], 0, take)"), "1");
}

fn frames_that_come_meanwhile_are_received_afterwards_in_order() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "open((text, count) => { got.push(text + (count ? lane.read(count - 1).length : '')); })",
    );
    stand.begin(
        "lane.callSync('x', undefined, 10000, () => { got.push('answer'); }); got.push('returned'); 0",
    );
    let asked = call(&lane);
    send(&lane, "a", &[]);
    send(&lane, "b", &[&[1], &vec![2; 3_000_000]]);
    answer(&lane, asked.number, "", &[]);
    send(&lane, "c", &[]);
    stand.becomes("got.join()", "answer,returned,a,b3000000,c");
}

fn a_receiver_may_call_synchronously_and_read_on() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "open((text, count) => {
            if (!count) return void lane.post(text);
            const inner = [];
            const ended = lane.callSync('inner', undefined, 10000, () => { inner.push(...lane.read(0)); });
            lane.post([text, ended, ...inner, ...lane.read(0)].join());
        })",
    );
    next(&lane).unwrap();
    send(&lane, "outer", &[&[1, 2]]);
    let asked = call(&lane);
    send(&lane, "after", &[]);
    answer(&lane, asked.number, "", &[Data::Lent(&[8, 9])]);
    assert_eq!(text(&lane), "outer,0,8,9,1,2");
    assert_eq!(text(&lane), "after");
}

fn a_lane_that_ends_ends_the_call() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open()");
    stand.begin("var ended = lane.callSync('x', undefined, 15000, () => {}); var then = lost; 0");
    call(&lane);
    drop(lane);
    stand.becomes("[ended, then, lost].join()", "2,0,1");
    assert_eq!(
        stand.eval("lane.callSync('x', undefined, 15000, () => {})"),
        "2"
    );
    assert_eq!(stand.eval("open()"), "false");
}

fn a_host_that_sends_without_end_keeps_no_page_longer_than_it_said() {
    let stand = Stand::with("");
    let mut socket = File::from(stand.socket());
    stand.eval("open()");
    // A frame for another document, as a packet.
    let mut packet = [0; 48];
    packet[0] = 1;
    packet[16..32].copy_from_slice(b"document-0000002");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let _ = socket.write(&packet);
            }
        });
        let script = "const before = performance.now(), ended = lane.callSync('x', undefined, 100, () => {});
             ended + (performance.now() - before < 5000 ? ' in time' : ' late')";
        let ended = stand.try_eval(script);
        over.store(true, Ordering::Relaxed);
        assert_eq!(ended, Ok("1 in time".into()));
    });
}
