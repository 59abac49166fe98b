//! Parents that end, in every way: their children end with them.
//!
//! A parent is this test program once more, told to run the one test that is ignored.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child as StdChild, Command, Stdio};

use auroraview_child::{Child, Stdin};
use support::{LONG, ear, ms, runs, script, until};

const HOW: &str = "AURORAVIEW_TEST_PARENT";
/// Heeds nothing but what cannot be ignored.
const STUBBORN: &str = "trap '' TERM HUP INT PIPE; exec sleep 600";

#[test]
#[ignore = "the parent of the other tests"]
fn parent() {
    let how = std::env::var(HOW).unwrap_or_default();
    if how == "ignores" {
        // SAFETY: the default action and this one are no code of ours.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
        let child = Child::spawn(script("exit 3", Stdin::Null), ear().0).unwrap();
        println!("\n@{:?}", child.wait(Some(LONG)));
        return;
    }
    let child = Child::spawn(script(STUBBORN, Stdin::Open), ear().0).unwrap();
    println!("\n@{}", child.pid());
    match how.as_str() {
        "returns" => {}
        "exits" => std::process::exit(0),
        "aborts" => std::process::abort(),
        "execs" => {
            use std::os::unix::process::CommandExt;
            let error = Command::new("/bin/sleep").arg("600").exec();
            panic!("no exec: {error}");
        }
        // Until it is killed, or forgotten.
        _ => drop(child.wait(Some(LONG * 3))),
    }
}

/// A parent, and what it said first.
fn start(how: &str) -> (StdChild, String) {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args([
            "parent",
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(HOW, how)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let word = lines
        .map(Result::unwrap)
        .find_map(|line| Some(line.strip_prefix('@')?.to_owned()));
    (parent, word.unwrap())
}

fn child_ends_with(how: &str, end: impl FnOnce(&mut StdChild)) {
    let (mut parent, word) = start(how);
    let pid = word.parse().unwrap();
    end(&mut parent);
    let time = until("the child gone", || !runs(pid));
    assert!(time < ms(1000), "{time:?}");
    let _ = parent.kill();
    parent.wait().unwrap();
}

#[test]
fn a_parent_that_is_killed() {
    child_ends_with("waits", |parent| {
        parent.kill().unwrap();
        parent.wait().unwrap();
    });
}

#[test]
fn a_parent_that_ends_without_a_word() {
    for how in ["returns", "exits", "aborts"] {
        child_ends_with(how, |parent| {
            parent.wait().unwrap();
        });
    }
}

#[test]
fn a_parent_that_becomes_another_program() {
    child_ends_with("execs", |_| {});
}

#[test]
fn a_parent_that_ignores_the_end_of_its_children() {
    let (mut parent, word) = start("ignores");
    assert_eq!(word, "Some(Code(255))");
    parent.wait().unwrap();
}
