//! Scripts as children, what was heard of them, and a look at processes from outside.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "every test file is a crate of its own and uses a part of this"
)]

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use auroraview_child::{Child, Exit, Output, Spec, Stdin, Watch};

/// Longer than anything here takes.
pub const LONG: Duration = Duration::from_secs(20);

#[derive(Debug, PartialEq)]
pub enum Heard {
    Line(Output, String),
    Exited(Exit),
}

struct Ear(Mutex<Sender<Heard>>);

impl Watch for Ear {
    fn line(&self, from: Output, line: &str) {
        let _ = self.0.lock().unwrap().send(Heard::Line(from, line.into()));
    }

    fn exited(&self, exit: Exit) {
        let _ = self.0.lock().unwrap().send(Heard::Exited(exit));
    }
}

/// Something that hears, and where it is heard.
pub fn ear() -> (Arc<dyn Watch>, Receiver<Heard>) {
    let (sender, receiver) = channel();
    (Arc::new(Ear(Mutex::new(sender))), receiver)
}

/// A shell script that reads what `stdin` says.
pub fn script(text: &str, stdin: Stdin) -> Spec {
    Spec {
        args: vec!["-c".into(), text.into()],
        stdin,
        ..Spec::new("/bin/sh", "script")
    }
}

pub struct Stage {
    pub child: Arc<Child>,
    pub heard: Receiver<Heard>,
}

impl Stage {
    pub fn new(spec: Spec) -> Stage {
        let (watch, heard) = ear();
        let child = Child::spawn(spec, watch).unwrap();
        Stage { child, heard }
    }

    /// The next line.
    pub fn line(&self) -> String {
        match self.heard.recv_timeout(LONG).unwrap() {
            Heard::Line(_, line) => line,
            Heard::Exited(exit) => panic!("{exit}, where a line was expected"),
        }
    }

    /// All up to the end, and that nothing comes after it.
    pub fn rest(&self) -> (Vec<(Output, String)>, Exit) {
        let mut lines = Vec::new();
        loop {
            match self.heard.recv_timeout(LONG).unwrap() {
                Heard::Line(from, line) => lines.push((from, line)),
                Heard::Exited(exit) => {
                    // The watch goes with the thread that told it.
                    assert!(self.heard.recv_timeout(LONG).is_err());
                    assert_eq!(self.child.exit(), Some(exit));
                    return (lines, exit);
                }
            }
        }
    }
}

/// Whether a process of this number runs; a zombie does not.
pub fn runs(pid: u32) -> bool {
    state(pid).is_some_and(|state| state != 'Z')
}

/// The letter of its state; `None`: there is no such process.
pub fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Waits for what is told to nobody; how long that took.
pub fn until(what: &str, mut is: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < LONG, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    start.elapsed()
}

/// How many entries a directory has.
pub fn count(directory: impl AsRef<Path>) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

pub fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}
