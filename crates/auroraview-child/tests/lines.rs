//! What a child writes.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use auroraview_child::{Child, Exit, LINE_LIMIT, Output, Stdin, Watch};
use support::{LONG, Stage, ms, script};

#[test]
fn lines_of_both_outputs_come_before_the_end() {
    let stage = Stage::new(script("echo one; echo two >&2; printf three", Stdin::Null));
    let (mut lines, exit) = stage.rest();
    assert_eq!(exit, Exit::Code(0));
    lines.sort_by_key(|(from, _)| *from == Output::Stderr);
    let expected = [
        (Output::Stdout, "one".to_owned()),
        (Output::Stdout, "three".to_owned()),
        (Output::Stderr, "two".to_owned()),
    ];
    assert_eq!(lines, expected);
    assert_eq!(stage.child.tail(), "two");
}

#[test]
fn what_is_not_text_is_made_text() {
    let stage = Stage::new(script(
        r"printf 'a\377b\r\n'; head -c 40000 /dev/zero | tr '\0' x",
        Stdin::Null,
    ));
    let (lines, _) = stage.rest();
    let lines: Vec<_> = lines.into_iter().map(|(_, line)| line).collect();
    assert_eq!(lines[0], "a\u{fffd}b");
    assert!(lines.iter().all(|line| line.len() <= LINE_LIMIT));
    assert_eq!(lines[1..].concat(), "x".repeat(40_000));
    assert_eq!(stage.child.tail().len(), 4095);
}

/// Takes no line before it may.
struct Slow {
    may: Mutex<Receiver<()>>,
    lines: Mutex<Vec<String>>,
    exited: Mutex<Sender<Exit>>,
}

impl Slow {
    fn new() -> (Arc<Slow>, Sender<()>, Receiver<Exit>) {
        let ((go, may), (exited, exit)) = (channel(), channel());
        let slow = Slow {
            may: Mutex::new(may),
            lines: Mutex::default(),
            exited: Mutex::new(exited),
        };
        (Arc::new(slow), go, exit)
    }
}

impl Watch for Slow {
    fn line(&self, _: Output, line: &str) {
        // An error: it may take all.
        let _ = self.may.lock().unwrap().recv();
        self.lines.lock().unwrap().push(line.into());
    }

    fn exited(&self, exit: Exit) {
        self.exited.lock().unwrap().send(exit).unwrap();
    }
}

#[test]
fn a_flood_waits_for_who_takes_it() {
    let (slow, go, exit) = Slow::new();
    let child = Child::spawn(script("seq 300000", Stdin::Null), slow.clone()).unwrap();
    // Two megabytes do not fit into a pipe: as long as nobody takes them, the child cannot end.
    assert_eq!(child.wait(Some(ms(300))), None);
    drop(go);
    assert_eq!(exit.recv_timeout(LONG).unwrap(), Exit::Code(0));
    let lines = slow.lines.lock().unwrap();
    assert_eq!(lines.len(), 300_000);
    assert!(
        (1..)
            .zip(lines.iter())
            .all(|(number, line): (u32, _)| *line == number.to_string())
    );
}

#[test]
fn who_takes_nothing_does_not_hold_up_the_news_of_the_end() {
    let (slow, go, exit) = Slow::new();
    let child = Child::spawn(script("seq 1000; exit 3", Stdin::Null), slow.clone()).unwrap();
    assert_eq!(child.wait(Some(LONG)), Some(Exit::Code(3)));
    assert!(exit.try_recv().is_err());
    drop(go);
    assert_eq!(exit.recv_timeout(LONG).unwrap(), Exit::Code(3));
    assert_eq!(slow.lines.lock().unwrap().len(), 1000);
}

#[test]
fn a_child_that_never_stops_talking_can_be_stopped() {
    let stage = Stage::new(script("exec yes", Stdin::Null));
    assert_eq!(stage.line(), "y");
    let start = Instant::now();
    assert_eq!(stage.child.stop(ms(0), LONG), Some(Exit::Signal(15)));
    assert!(start.elapsed() < ms(5000));
}
