//! `auroraview-shell`: windows in a process of their own.
//!
//! It is started by the Python package, in one of two roles: as the other end of a view with `isolation="process"`, which
//! speaks host commands and events over a socket ([`isolated`]), or as the ready-made front end of a `Launcher`, which
//! shows a page that talks to the program over a WebSocket ([`front_end`]). It links the system's WebKitGTK and knows
//! nothing of Python. Either way it ends with the program that started it ([`lifeline`]), and leaves nothing ([`guard`]).

mod arguments;
mod environment;
mod front_end;
mod guard;
mod isolated;
mod lifeline;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use arguments::Role;

/// The platform, or what came from the program, said no.
const FAILED: u8 = 1;
/// The arguments are wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let role = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(role) => role,
        Err(problem) => return failed(USAGE, problem),
    };
    match role {
        Role::Help => print(arguments::HELP),
        Role::Version => print(concat!(
            "auroraview-shell ",
            env!("CARGO_PKG_VERSION"),
            "\n"
        )),
        Role::Isolated { socket } => {
            prepare();
            isolated::run(socket)
        }
        Role::FrontEnd(window) => {
            prepare();
            front_end::run(window)
        }
    }
}

fn prepare() {
    environment::prefer_utf8();
    if let Err(problem) = guard::start() {
        say(format!("nobody sees to busy pages at the end: {problem}"));
    }
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(FAILED),
    }
}

fn failed(status: u8, problem: impl Display) -> ExitCode {
    say(problem);
    ExitCode::from(status)
}

/// Writes one line to stderr, where the program that started this one listens; when nobody does, that is no reason to
/// end.
fn say(text: impl Display) {
    let text = text.to_string().replace(['\n', '\r'], " ");
    let _ = std::io::stderr().write_all(format!("auroraview-shell: {text}\n").as_bytes());
}
