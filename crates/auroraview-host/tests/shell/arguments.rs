//! How it is started, and how not.

use std::process::{Command, Output, Stdio};

use auroraview_host_api::stream::Greeting;

use crate::process::{Process, shell};
use crate::streams::{greeting, start};

fn run(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .stdin(Stdio::null())
        .output()
        .expect("the shell starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        status.code().expect("no signal"),
        text(stdout),
        text(stderr),
    )
}

fn without_display(command: &mut Command) -> &mut Command {
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY")
}

#[test]
fn wrong_arguments_end_it_with_status_2_and_one_line() {
    for (arguments, part) in [
        (&[][..], "started by them"),
        (&["--ws-port"], "--ws-port"),
        (&["--ws-port="], "1 to 65535"),
        (&["--ws-port=0"], "1 to 65535"),
        (&["--ws-port", "65536"], "1 to 65535"),
        (&["--ws-port=80 "], "1 to 65535"),
        (&["--ws-port=8765", "--secret=x"], "--secret"),
        (&["--ws-port=8765", "page.html"], "page.html"),
        (&["--host-fd=3", "--ws-port=8765"], "together"),
        (&["--host-fd=77"], "descriptor 77 is no socket"),
        (&["--host-fd=0"], "descriptor 0 is no socket"),
    ] {
        let (status, stdout, stderr) = run(shell().args(arguments));
        assert_eq!(
            (status, stdout.as_str()),
            (2, ""),
            "{arguments:?}: {stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
        assert!(
            stderr.starts_with("auroraview-shell: ") && stderr.contains(part),
            "{stderr}"
        );
    }
}

#[test]
fn help_and_version_need_no_display() {
    let (status, stdout, _) = run(without_display(shell().arg("--help")));
    assert_eq!(status, 0);
    assert!(stdout.contains("--ws-port=PORT"), "{stdout}");
    let (status, stdout, _) = run(without_display(shell().arg("--version")));
    let version = concat!("auroraview-shell ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!((status, stdout.as_str()), (0, version));
}

#[test]
fn a_front_end_without_a_page_or_a_display_ends_with_status_1_and_one_line() {
    for (address, part) in [
        (None, "AURORAVIEW_URL is not set"),
        (Some(""), "AURORAVIEW_URL is not set"),
        (Some("/index.html"), "no address"),
        (Some("javascript:alert(1)"), "expected http, https or file"),
        (Some("http://127.0.0.1:1/?port=1"), "no display"),
    ] {
        let mut command = shell();
        command
            .arg("--ws-port=1")
            .envs(address.map(|address| ("AURORAVIEW_URL", address)));
        let (status, _, stderr) = run(without_display(&mut command));
        assert_eq!((status, stderr.lines().count()), (1, 1), "{stderr}");
        assert!(stderr.contains(part), "{stderr}");
    }
}

#[test]
fn without_a_display_the_greeting_says_why() {
    let mut command = shell();
    without_display(&mut command);
    let (mut process, mut socket) = start(command);
    match greeting(&mut socket).0 {
        Greeting::Failed(message) => assert!(message.contains("no display"), "{message}"),
        Greeting::Ready => panic!("ready without a display"),
    }
    assert_eq!(process.status(), 1);
}

#[test]
fn a_secret_that_does_not_come_on_stdin_is_an_error() {
    for via in ["stdin", "argv"] {
        let mut command = shell();
        command
            .arg("--ws-port=1")
            .env("AURORAVIEW_URL", "http://127.0.0.1:1/");
        command
            .env("AURORAVIEW_SECRET_VIA", via)
            .stdin(Stdio::null());
        let mut process = Process::start(command, None);
        let part = if via == "stdin" {
            "stdin ended"
        } else {
            "expected \"env\""
        };
        process.line(part);
        assert_eq!(process.status(), 1);
    }
}
