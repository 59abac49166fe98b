//! The program's end of the socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use auroraview_host_api::abi::ABI_VERSION;
use auroraview_host_api::stream::{Greeting, Incoming, put};
use auroraview_host_api::{EvalError, HostCommand, HostEvent, OpenOptions, Size, Source, ViewId};

use crate::process::{PATIENCE, Process, shell};

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A shell and the socket to it.
pub(crate) struct Shell {
    pub(crate) process: Process,
    pub(crate) socket: UnixStream,
    events: Receiver<HostEvent>,
}

/// A shell whose socket nobody reads.
pub(crate) fn start(mut command: Command) -> (Process, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
    command.arg("--host-fd=3");
    let process = Process::start(command, Some(theirs.into()));
    ours.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    (process, ours)
}

/// Reads until the shell has greeted. What came with it is in the second value.
pub(crate) fn greeting(socket: &mut UnixStream) -> (Greeting, Incoming) {
    let mut incoming = Incoming::default();
    let mut version = None;
    loop {
        let mut bytes = [0; 100];
        let count = socket.read(&mut bytes).expect("the shell greets in time");
        assert!(count > 0, "the shell ended");
        incoming.push(&bytes[..count]);
        version = version.or_else(|| incoming.version());
        if let Some(version) = version {
            assert_eq!(version, ABI_VERSION);
            if let Some(greeting) = incoming.next().expect("a greeting") {
                return (greeting, incoming);
            }
        }
    }
}

impl Shell {
    /// Starts it, and waits until it is ready.
    pub(crate) fn ready() -> Self {
        Self::of(shell())
    }

    pub(crate) fn of(command: Command) -> Self {
        let (process, mut socket) = start(command);
        let (greeting, mut incoming) = greeting(&mut socket);
        assert_eq!(greeting, Greeting::Ready);
        socket.set_read_timeout(None).expect("no timeout");
        let mut reads = socket.try_clone().expect("a second descriptor");
        let (sender, events) = channel();
        thread::spawn(move || {
            let mut bytes = vec![0; 1 << 16];
            loop {
                while let Some(event) = incoming.next().expect("events") {
                    let _ = sender.send(event);
                }
                match reads.read(&mut bytes) {
                    Ok(0) | Err(_) => return,
                    Ok(count) => incoming.push(&bytes[..count]),
                }
            }
        });
        Self {
            process,
            socket,
            events,
        }
    }

    pub(crate) fn send(&self, command: &HostCommand) {
        self.write(&put(command).expect("not too long"));
    }

    pub(crate) fn write(&self, bytes: &[u8]) {
        (&self.socket).write_all(bytes).expect("the shell reads");
    }

    /// Waits for the first event that `pick` takes; others are passed over.
    pub(crate) fn wait<T>(&self, what: &str, mut pick: impl FnMut(HostEvent) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left);
            let event = event.unwrap_or_else(|error| panic!("no {what}: {error}"));
            if let Some(found) = pick(event) {
                return found;
            }
        }
    }

    /// Opens a window with a page, and waits until it has loaded.
    pub(crate) fn open(&self, view: ViewId, html: &str) {
        self.send(&HostCommand::Open {
            view,
            options: Box::new(options(html)),
        });
        self.wait("Loaded", |event| match event {
            HostEvent::Loaded { view: found, .. } if found == view => Some(()),
            HostEvent::OpenFailed { message, .. } => panic!("not opened: {message}"),
            _ => None,
        });
    }

    /// The next post whose frame contains `part`: its document and itself.
    pub(crate) fn posted(&self, part: &str) -> (String, String) {
        self.wait(part, |event| match event {
            HostEvent::Posted {
                document, frame, ..
            } if frame.contains(part) => Some((document, frame)),
            _ => None,
        })
    }

    pub(crate) fn eval(&self, view: ViewId, script: &str) -> Result<String, EvalError> {
        self.send(&HostCommand::Eval {
            view,
            request: 1,
            script: script.into(),
        });
        self.evaluated()
    }

    pub(crate) fn evaluated(&self) -> Result<String, EvalError> {
        self.wait("Evaluated", |event| match event {
            HostEvent::Evaluated { result, .. } => Some(result),
            _ => None,
        })
    }

    /// The program's end closes.
    pub(crate) fn hang_up(&self) {
        self.socket
            .shutdown(std::net::Shutdown::Both)
            .expect("it was open");
    }
}

pub(crate) fn options(html: &str) -> OpenOptions {
    let size = Size {
        width: 320,
        height: 240,
    };
    OpenOptions {
        key: KEY.into(),
        bridge: true,
        message_bytes: 128 << 20,
        title: "isolated".into(),
        ..OpenOptions::new(Source::Html(html.into()), size)
    }
}
