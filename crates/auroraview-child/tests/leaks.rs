//! Nothing is left of children that ended. Alone in its program, since it counts what the program has.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use auroraview_child::Stdin;
use support::{LONG, Stage, count, ms, script, state, until};

const DESCRIPTORS: &str = "/proc/self/fd";
const THREADS: &str = "/proc/self/task";

#[test]
fn children_leave_neither_threads_nor_descriptors_nor_processes() {
    // The first one brings the thread that stays.
    Stage::new(script("exit 0", Stdin::Null)).rest();
    until("its threads gone", || count(THREADS) <= 3);
    let (descriptors, threads) = (count(DESCRIPTORS), count(THREADS));

    let mut pids = Vec::new();
    for round in 0..60 {
        let text = [
            "exec cat",
            "exec sleep 600",
            "exit 1",
            "exec 1>&- 2>&-; cat",
        ][round % 4];
        let Stage { child, heard } = Stage::new(script(text, Stdin::Open));
        pids.push(child.pid());
        if round % 3 == 0 {
            child.stop(ms(20), LONG).unwrap();
        }
        drop((child, heard));
    }
    until("processes gone", || {
        pids.iter().all(|&pid| state(pid).is_none())
    });
    until("threads gone", || count(THREADS) == threads);
    assert_eq!(count(DESCRIPTORS), descriptors);
}
