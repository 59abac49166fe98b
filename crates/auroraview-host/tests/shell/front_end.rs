//! The ready-made front end of a launcher: a page that finds its program by the port in its address.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::{Process, poll, read, send_signal, shell, titles, turn};
use crate::server::Server;

const SECRET: &str = "s3cret-7f1c0a";
const SOON: Duration = Duration::from_secs(2);

/// A page that tells its server what it sees.
const PAGE: &str = "<title>told by the page</title><script>
const bridge = typeof window.auroraview + typeof window.ipc + typeof window.webkit?.messageHandlers?.ipc;
fetch('/told?' + encodeURIComponent([location.search, location.hash, bridge].join(' ')));
</script>";

fn front(address: &str) -> Command {
    let mut command = shell();
    command.args(["--ws-port", "8123", "--width=300", "--height=200"]);
    command.env("AURORAVIEW_URL", address).stdin(Stdio::piped());
    command
}

/// Waits until `count` requests begin with `path`; the last of them.
fn asked(server: &Server, path: &str, count: usize) -> String {
    poll(path, || {
        let asked = server.asked.lock().expect("nobody panics with it");
        let found: Vec<_> = asked.iter().filter(|one| one.starts_with(path)).collect();
        (found.len() >= count).then(|| found[count - 1].clone())
    })
}

#[test]
fn a_page_is_shown_without_a_bridge_and_ends_with_stdin() {
    let _turn = turn();
    let server = Server::start().page("/?port=8123", PAGE).page("/told", "");
    let mut command = front(&server.url("/?port=8123"));
    command.env("AURORAVIEW_SECRET", SECRET);
    let mut process = Process::start(command, None);
    let told = asked(&server, "/told", 1);
    let seen = format!("?port=8123 #token={SECRET} undefinedundefinedundefined");
    assert_eq!(told, format!("/told?{}", escaped(&seen)));
    poll("the title", || {
        titles()
            .contains(&"told by the page".to_owned())
            .then_some(())
    });
    secret_is_in_no_command_line();
    for other in process.descendants() {
        let environment = read(other, "environ").unwrap_or_default();
        assert!(
            !holds_secret(&environment),
            "{other} has it in its environment"
        );
    }
    let mut stdin = process.child.stdin.take().expect("a pipe");
    stdin
        .write_all(b"what comes is dropped\n")
        .expect("it reads");
    drop(stdin);
    assert_eq!(process.status_within(SOON), 0);
}

#[test]
fn the_secret_may_come_on_stdin_and_the_title_from_the_arguments() {
    let _turn = turn();
    let server = Server::start().page("/?port=8123", PAGE).page("/told", "");
    let mut command = front(&server.url("/"));
    command
        .env("AURORAVIEW_SECRET_VIA", "stdin")
        .arg("--title=told by the program");
    let mut process = Process::start(command, None);
    let mut stdin = process.child.stdin.take().expect("a pipe");
    stdin
        .write_all(format!("{SECRET}\n").as_bytes())
        .expect("it reads");
    assert!(asked(&server, "/told", 1).contains(SECRET));
    poll("the title", || {
        titles()
            .contains(&"told by the program".to_owned())
            .then_some(())
    });
    assert!(!titles().contains(&"told by the page".to_owned()));
    secret_is_in_no_command_line();
    process.signal(libc::SIGTERM);
    assert_eq!(process.status_within(SOON), 0);
}

#[test]
fn the_page_may_close_its_window() {
    let _turn = turn();
    let body = "<script>onload = () => setTimeout(() => window.close())</script>";
    let server = Server::start().page("/?port=8123", body);
    let mut command = front(&server.url("/"));
    // Not a pipe: its end means nothing.
    command.stdin(Stdio::null());
    assert_eq!(Process::start(command, None).status(), 0);
}

#[test]
fn local_pages_lead_to_local_pages_only() {
    let _turn = turn();
    let server = Server::start().page("/told", "");
    let folder = tempfile::tempdir().expect("a folder");
    let tell = format!(
        "fetch('{}?' + location.search, {{mode: 'no-cors'}})",
        server.url("/told")
    );
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    };
    write("second.html", format!("<script>{tell}</script>"));
    let first = write(
        "first.html",
        "<script>onload = () => { location.href = 'second.html?from=first' }</script>".into(),
    );
    let process = Process::start(front(&format!("file://{first}")), None);
    assert!(asked(&server, "/told", 1).contains("from=first"));
    drop(process);

    let body = format!(
        "<script>location.href = 'file://{first}'; setTimeout(() => fetch('/told?here'), 500)</script>"
    );
    let other = Server::start().page("/?port=8123", &body).page("/told", "");
    let _process = Process::start(front(&other.url("/")), None);
    asked(&other, "/told?here", 1);
    let told = server.asked.lock().expect("nobody panics with it");
    let told = told.iter().filter(|path| path.starts_with("/told"));
    assert_eq!(told.count(), 1, "a page of a server came to a file");
}

#[test]
fn a_page_whose_process_dies_is_loaded_again_five_times() {
    let _turn = turn();
    let server = Server::start().page("/?port=8123", PAGE).page("/told", "");
    let mut command = front(&server.url("/"));
    command.env("AURORAVIEW_SECRET", SECRET);
    let mut process = Process::start(command, None);
    let mut dead = Vec::new();
    for count in 1..=6 {
        // Each time the page finds its secret.
        assert!(asked(&server, "/told", count).contains(SECRET));
        let page = poll("the web process", || {
            process
                .web_processes()
                .into_iter()
                .find(|id| !dead.contains(id))
        });
        send_signal(page, libc::SIGKILL);
        dead.push(page);
        let part = if count <= 5 {
            "loaded again"
        } else {
            "given up"
        };
        assert!(process.line("web process died").contains(part));
    }
    assert_eq!(process.status(), 1);
}

#[test]
fn an_address_that_does_not_answer_is_told_without_the_secret() {
    let _turn = turn();
    // A port that was free a moment ago.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = format!("http://{}/", listener.local_addr().expect("an address"));
    drop(listener);
    let mut command = front(&address);
    command.env("AURORAVIEW_SECRET", SECRET);
    let process = Process::start(command, None);
    let line = process.line("could not be loaded");
    assert!(
        line.contains(&format!("{address}?port=8123")) && !line.contains(SECRET),
        "{line}"
    );
}

fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2D", "-")
}

fn holds_secret(bytes: &[u8]) -> bool {
    bytes
        .windows(SECRET.len())
        .any(|window| window == SECRET.as_bytes())
}

fn secret_is_in_no_command_line() {
    let own = std::process::id();
    for entry in std::fs::read_dir("/proc")
        .expect("a list of processes")
        .flatten()
    {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let line = read(id, "cmdline").unwrap_or_default();
        assert!(
            id == own || !holds_secret(&line),
            "{id} has it in its arguments"
        );
    }
}
