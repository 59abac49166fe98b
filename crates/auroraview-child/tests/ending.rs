//! How children end: by themselves, when asked, when killed, when nobody has them any more.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use std::time::Instant;

use auroraview_child::{Exit, Stdin};
use support::{LONG, Stage, ms, runs, script, state, until};

#[test]
fn an_end_by_itself_is_told_with_its_code_and_leaves_no_zombie() {
    let stage = Stage::new(script("exit 7", Stdin::Null));
    let (_, exit) = stage.rest();
    assert_eq!(exit.to_string(), "exited with code 7");
    assert_eq!(state(stage.child.pid()), None);
    assert_eq!(stage.child.wait(None), Some(exit));
    // To nobody, above all not to who has the number now.
    stage.child.kill();
    stage.child.terminate();
    assert_eq!(stage.child.stop(ms(0), ms(0)), Some(exit));
}

#[test]
fn a_signal_is_told() {
    let stage = Stage::new(script("kill -SEGV $$", Stdin::Null));
    let (_, exit) = stage.rest();
    assert_eq!(exit.to_string(), "was killed by signal 11 (SIGSEGV)");
}

#[test]
fn a_child_that_nobody_waits_for_is_reaped() {
    let Stage { child, heard } = Stage::new(script("read line; exit 3", Stdin::Open));
    let pid = child.pid();
    assert!(runs(pid));
    drop((child, heard));
    until("reaped", || state(pid).is_none());
}

#[test]
fn a_child_that_closes_its_output_lives_on() {
    let stage = Stage::new(script(
        "echo here; exec >&- 2>&-; read line; exit 4",
        Stdin::Open,
    ));
    assert_eq!(stage.line(), "here");
    assert_eq!(stage.child.wait(Some(ms(300))), None);
    assert!(stage.heard.try_recv().is_err());
    stage.child.close_stdin();
    assert_eq!(stage.rest().1, Exit::Code(4));
}

#[test]
fn who_inherited_its_output_does_not_hold_up_its_end() {
    let stage = Stage::new(script("sleep 600 & echo $!; exit 5", Stdin::Null));
    let start = Instant::now();
    let sleeper: u32 = stage.line().parse().unwrap();
    assert_eq!(stage.rest().1, Exit::Code(5));
    assert!(start.elapsed() < ms(3000));
    // It ended by itself: what it left running is its own affair.
    assert!(runs(sleeper));
    kill(sleeper);
}

fn kill(pid: u32) {
    // SAFETY: a process that a test started, and saw running.
    unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) };
}

#[test]
fn who_heeds_the_end_of_its_input_is_only_asked() {
    let stage = Stage::new(script("cat; exit 6", Stdin::Line("last words".into())));
    assert_eq!(stage.line(), "last words");
    assert_eq!(stage.child.stop(LONG, LONG), Some(Exit::Code(6)));
}

#[test]
fn who_does_not_is_terminated() {
    let stage = Stage::new(script(
        "trap 'echo bye; exit 8' TERM; echo up; while :; do sleep 0.01; done",
        Stdin::Open,
    ));
    assert_eq!(stage.line(), "up");
    assert_eq!(stage.child.stop(ms(50), LONG), Some(Exit::Code(8)));
    // What ended the sleep may be told as well.
    let (lines, _) = stage.rest();
    assert!(lines.iter().any(|(_, line)| line == "bye"));
}

#[test]
fn who_ignores_that_too_is_killed_with_all_it_started() {
    let stage = Stage::new(script(
        "trap '' TERM; sleep 600 & echo $!; wait; while :; do sleep 600; done",
        Stdin::Open,
    ));
    let sleeper: u32 = stage.line().parse().unwrap();
    assert_eq!(stage.child.stop(ms(50), ms(50)), Some(Exit::Signal(9)));
    until("its child killed", || !runs(sleeper));
}

#[test]
fn what_is_left_of_a_terminated_group_is_killed() {
    let stage = Stage::new(script(
        "sh -c \"trap '' TERM; echo \\$\\$; while :; do sleep 600; done\" & read line < /dev/null; wait",
        Stdin::Open,
    ));
    let stubborn: u32 = stage.line().parse().unwrap();
    stage.child.terminate();
    assert_eq!(stage.child.wait(Some(LONG)), Some(Exit::Signal(15)));
    until("the stubborn one killed", || !runs(stubborn));
}

#[test]
fn a_dropped_child_is_asked() {
    let Stage { child, heard } = Stage::new(script("cat; echo asked", Stdin::Open));
    drop(child);
    assert_eq!(
        heard.recv_timeout(LONG).unwrap(),
        support::Heard::Line(auroraview_child::Output::Stdout, "asked".into())
    );
}

#[test]
fn a_dropped_child_that_ignores_it_is_killed() {
    let Stage { child, heard } = Stage::new(script(
        "trap '' TERM; echo up; while :; do sleep 600; done",
        Stdin::Open,
    ));
    heard.recv_timeout(LONG).unwrap();
    let pid = child.pid();
    drop(child);
    until("killed", || state(pid).is_none());
    assert_eq!(
        heard.recv_timeout(LONG).unwrap(),
        support::Heard::Exited(Exit::Signal(9))
    );
}

#[test]
fn the_thread_that_made_a_child_may_end() {
    let stage = std::thread::spawn(|| Stage::new(script("read line; exit 9", Stdin::Open)));
    let stage = stage.join().unwrap();
    // The parent-death signal, had it come, would be there by now: the thread was joined.
    assert_eq!(stage.child.stop(LONG, LONG), Some(Exit::Code(9)));
}
