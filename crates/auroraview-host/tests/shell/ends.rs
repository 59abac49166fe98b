//! The ends of a shell, asked for and not.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use auroraview_host_api::HostCommand;
use auroraview_host_api::HostEvent;
use auroraview_host_api::stream::{Greeting, put};

use crate::process::{Process, lives, poll, shell, turn};
use crate::streams::{KEY, Shell, greeting, options, start};

/// How long an end may take that was asked for.
const SOON: Duration = Duration::from_secs(2);

fn gone(processes: &[u32]) {
    poll("the end of the engine's processes", || {
        processes.iter().all(|id| !lives(*id)).then_some(())
    });
}

#[test]
fn it_ends_with_its_socket() {
    let _turn = turn();
    let mut shell = Shell::ready();
    shell.open(1, "");
    shell.open(2, "");
    let others = shell.process.descendants();
    shell.hang_up();
    assert_eq!(shell.process.status_within(SOON), 0);
    gone(&others);
}

#[test]
fn it_ends_with_its_socket_before_any_window_was_there() {
    let _turn = turn();
    let mut shell = Shell::ready();
    shell.hang_up();
    assert_eq!(shell.process.status_within(SOON), 0);
    // Not even the greeting is waited for.
    let (mut process, socket) = start(crate::process::shell());
    drop(socket);
    assert_eq!(process.status(), 0);
}

#[test]
fn the_end_of_writing_is_an_end() {
    let _turn = turn();
    let mut shell = Shell::ready();
    shell.open(1, "");
    shell
        .socket
        .shutdown(std::net::Shutdown::Write)
        .expect("it was open");
    shell.wait("Closed", |event| {
        (event == HostEvent::Closed { view: 1 }).then_some(())
    });
    assert_eq!(shell.process.status_within(SOON), 0);
}

#[test]
fn sigterm_closes_the_windows_and_ends_it() {
    let _turn = turn();
    let mut shell = Shell::ready();
    shell.open(1, "<script>onbeforeunload = () => { for (;;) {} }</script>");
    let others = shell.process.descendants();
    shell.process.signal(libc::SIGTERM);
    shell.wait("Closed", |event| {
        (event == HostEvent::Closed { view: 1 }).then_some(())
    });
    assert_eq!(shell.process.status_within(SOON), 0);
    gone(&others);
}

#[test]
fn ctrl_c_is_for_the_parent() {
    let _turn = turn();
    let shell = Shell::ready();
    shell.open(1, "");
    shell.process.signal(libc::SIGINT);
    assert_eq!(shell.eval(1, "1"), Ok("1".into()));
}

#[test]
fn a_killed_shell_leaves_no_process_of_the_engine() {
    let _turn = turn();
    let mut shell = Shell::ready();
    shell.open(1, "");
    let others = shell.process.descendants();
    shell.process.signal(libc::SIGKILL);
    assert_eq!(shell.process.status(), -libc::SIGKILL);
    gone(&others);
}

#[test]
fn a_busy_page_ends_with_its_shell() {
    let _turn = turn();
    for signal in [libc::SIGKILL, libc::SIGTERM] {
        let mut command = shell();
        // As the program starts it: of a group that is not its own it kills nobody.
        command.process_group(0);
        let mut shell = Shell::of(command);
        let page = format!(
            "<script>webkit.messageHandlers.ipc.postMessage('{KEY}' + 'document-0000001' + 'busy');
                for (;;) {{}}</script>"
        );
        shell.send(&HostCommand::Open {
            view: 1,
            options: Box::new(options(&page)),
        });
        shell.posted("busy");
        let others = shell.process.descendants();
        // Such as a browser that shows a link of the page.
        let mut browser = Command::new("sleep")
            .arg("600")
            .process_group(shell.process.id().cast_signed())
            .spawn()
            .unwrap();
        shell.process.signal(signal);
        shell.process.status();
        let killed = Instant::now();
        gone(&others);
        let took = killed.elapsed();
        assert!(took < SOON, "signal {signal}: it took {took:?}");
        let left = browser.try_wait().unwrap();
        browser.kill().unwrap();
        browser.wait().unwrap();
        assert_eq!(
            left, None,
            "signal {signal}: who is not of the engine lives on"
        );
    }
}

#[test]
fn junk_ends_it() {
    let _turn = turn();
    for junk in [&[0xff; 64][..], &[2, 0, 0, 0, 0xff, 0xff]] {
        let mut shell = Shell::ready();
        shell.write(junk);
        assert!(
            shell
                .process
                .line("host message")
                .starts_with("auroraview-shell: ")
        );
        assert_eq!(shell.process.status_within(SOON), 1);
    }
}

/// A shell that waits in a write, since nobody reads what its page posts.
fn stuck() -> (Process, UnixStream) {
    let (process, mut socket) = start(shell());
    assert_eq!(greeting(&mut socket).0, Greeting::Ready);
    let page = format!(
        "<script>setInterval(() => webkit.messageHandlers.ipc.postMessage(
            '{KEY}' + 'document-0000001' + 'x'.repeat(1e6)))</script>"
    );
    let open = HostCommand::Open {
        view: 1,
        options: Box::new(options(&page)),
    };
    socket
        .write_all(&put(&open).expect("not too long"))
        .expect("it reads");
    // More than all events before the first post, which does not fit into the socket's buffer.
    poll("a full socket", || {
        (unread(&socket) > 100_000).then_some(())
    });
    (process, socket)
}

/// How many bytes wait to be read.
fn unread(socket: &UnixStream) -> libc::c_int {
    let mut count = 0;
    // SAFETY: the answer is one number, alive during the call.
    unsafe { libc::ioctl(socket.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    count
}

#[test]
fn it_ends_when_the_parent_dies_while_it_writes() {
    let _turn = turn();
    let (mut process, socket) = stuck();
    drop(socket);
    assert_eq!(process.status_within(SOON), 0);
}

#[test]
fn it_ends_at_sigterm_even_while_it_writes() {
    let _turn = turn();
    let (mut process, _socket) = stuck();
    process.signal(libc::SIGTERM);
    assert_eq!(process.status_within(SOON), 0);
}
