//! What stays in the web process: nothing for each frame, nothing for each document.

use auroraview_lane::Lane;

use crate::stand::{Stand, next, send, text, until};

crate::tests![frames_leave_nothing_behind, documents_leave_nothing_behind];

/// In megabytes.
const GROWTH: u64 = 40;

/// The memory once the collector has been there, which has its own mind when that is: at the latest when a wait ends.
fn settled(stand: &Stand, limit: u64) -> u64 {
    until("the collector", || stand.memory() < limit);
    stand.memory()
}

fn exchange(stand: &Stand, lane: &Lane, frames: usize, bytes: &[u8]) {
    for _ in 0..frames {
        send(lane, "frame", &[bytes]);
        text(lane);
    }
    assert_eq!(stand.eval("lost"), "0");
}

fn frames_leave_nothing_behind() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open((text) => { lane.post(text, [lane.read(0)]); })");
    next(&lane).unwrap();
    let bytes = vec![7; 100_000];
    exchange(&stand, &lane, 2_000, &bytes);
    let before = stand.memory();
    exchange(&stand, &lane, 10_000, &bytes);
    let after = settled(&stand, before + GROWTH);
    println!("10 000 frames of 100 kB each way: {before} MB, then {after} MB");
}

fn documents_leave_nothing_behind() {
    let stand =
        Stand::with("<script>open((text) => { lane.post(text, [lane.read(0)]); })</script>");
    let lane = stand.lane();
    let rounds = |count: usize| {
        for _ in 0..count {
            stand.reload();
            send(&lane, "x", &[&[1]]);
            text(&lane);
        }
    };
    rounds(150);
    let before = stand.memory();
    rounds(300);
    let after = settled(&stand, before + GROWTH);
    println!("300 documents: {before} MB, then {after} MB");
}
