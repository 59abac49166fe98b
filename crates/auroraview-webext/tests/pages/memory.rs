//! What stays in the web process: nothing for each frame, nothing for each document.

use std::fs::{read_dir, read_link, read_to_string};

use auroraview_lane::Lane;

use crate::stand::{Stand, next, send, text, until, web_process};

crate::tests![
    frames_leave_nothing_behind,
    documents_leave_nothing_behind,
    shared_memory_is_given_back_when_traffic_ends,
];

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

/// Files of shared memory that we have open, and how often the web process has such memory mapped.
fn segments() -> (usize, usize) {
    const NAME: &str = "memfd:auroraview-lane";
    let files = read_dir("/proc/self/fd").unwrap().flatten();
    let ours = files.filter(|file| {
        let link = read_link(file.path()).unwrap_or_default();
        link.to_string_lossy().contains(NAME)
    });
    let maps = read_to_string(format!("{}/maps", web_process())).unwrap();
    (ours.count(), maps.matches(NAME).count())
}

fn shared_memory_is_given_back_when_traffic_ends() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open((text) => { lane.post(text, [lane.read(0)]); })");
    next(&lane).unwrap();
    let bytes = vec![7; 10_000_000];
    for _ in 0..2 {
        exchange(&stand, &lane, 3, &bytes);
        let (ours, theirs) = segments();
        assert!(ours > 0 && theirs > 1, "{ours} {theirs}");
        until("the memory to be given back", || {
            assert_eq!(lane.receive(|_| ()), Ok(None));
            segments() == (0, 0)
        });
    }
}
