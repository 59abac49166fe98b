//! The other end of an isolated view: host commands from a socket, host events into it.
//!
//! The socket is a source of the GUI thread's own loop, so a command is obeyed without a hop between threads. It only
//! queues commands, and no command runs inside of it: where one runs a loop of its own (a dialog), the socket is read
//! there too. Events are written where they arise; that may wait for the parent, which always reads. A descriptor goes with
//! the bytes of its event, and is closed here then.

use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;

use auroraview_host::GuiLoop;
use auroraview_host_api::stream::{self, Greeting, Incoming, StreamError};
use auroraview_host_api::{AskError, EvalError, HostCommand, HostEvent, LogLevel};
use gtk::glib::{ControlFlow, IOCondition, MainContext, Priority, unix_fd_source_new};

use crate::lifeline::{self, Lifeline};
use crate::{FAILED, USAGE, failed, say};

/// Most that is read in one turn of the loop, in bytes.
const PIECE: usize = 256 << 10;

/// Obeys until the other end closes.
pub(crate) fn run(descriptor: RawFd) -> ExitCode {
    let socket = match take(descriptor) {
        Ok(socket) => Arc::new(socket),
        Err(problem) => {
            let text = format!("--host-fd: descriptor {descriptor} is no socket: {problem}");
            return failed(USAGE, text);
        }
    };
    // The whole foreground group of a terminal gets Ctrl-C; what it means is the parent's to decide.
    // SAFETY: ignoring a signal runs no code.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    if let Err(problem) = lifeline::watch(&Lifeline::Socket(descriptor)) {
        return failed(FAILED, problem);
    }
    write(&socket, &stream::version());
    gtk::glib::set_prgname(Some("auroraview-shell"));
    let sink = socket.clone();
    let gui = match GuiLoop::on_this_thread(move |event| tell(&sink, event)) {
        Ok(gui) => gui,
        Err(problem) => {
            greet(&socket, &Greeting::Failed(problem.to_string()));
            say(problem);
            // And not by returning: that would close the socket under the lifeline, which then may be the first to end
            // the process, as if all were well.
            lifeline::leave(FAILED);
        }
    };
    lifeline::holds(&gui);
    greet(&socket, &Greeting::Ready);
    let reader = Reader {
        socket,
        gui: gui.clone(),
        incoming: Incoming::default(),
        piece: vec![0; PIECE],
    };
    reader.attach(Priority::HIGH);
    gui.run();
    ExitCode::SUCCESS
}

/// The descriptor as ours alone: processes of the web engine must not keep it open.
fn take(descriptor: RawFd) -> io::Result<UnixStream> {
    // SAFETY: numbers only; a descriptor that is not open is an error.
    if unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, and was left to this process for this purpose; nothing else here uses it.
    let socket = unsafe { UnixStream::from_raw_fd(descriptor) };
    match socket.local_addr() {
        Ok(_) => Ok(socket),
        Err(problem) => {
            // Not ours to close.
            let _ = std::os::fd::IntoRawFd::into_raw_fd(socket);
            Err(problem)
        }
    }
}

fn greet(socket: &UnixStream, greeting: &Greeting) {
    match stream::put(greeting) {
        Ok(bytes) => write(socket, &bytes),
        Err(problem) => say(problem),
    }
}

/// Hands an event to the parent, with the descriptor that belongs to it.
fn tell(socket: &UnixStream, event: HostEvent) {
    let last = event == HostEvent::ShutDown && lifeline::ends();
    let beside = match event {
        HostEvent::LaneOffered { descriptor, .. } => {
            // SAFETY: whoever gets the event owns the descriptor, and nobody else gets this one.
            Some(unsafe { OwnedFd::from_raw_fd(descriptor) })
        }
        _ => None,
    };
    match stream::put(&event) {
        Ok(bytes) => match beside {
            Some(descriptor) => hand_over(socket, &bytes, &descriptor),
            None => write(socket, &bytes),
        },
        Err(problem) => {
            let bytes = stream::put(&instead_of(event, &problem));
            write(socket, &bytes.unwrap_or_default());
        }
    }
    if last {
        lifeline::leave(0);
    }
}

/// Whoever asked gets an answer.
fn instead_of(event: HostEvent, problem: &StreamError) -> HostEvent {
    match event {
        HostEvent::Evaluated { view, request, .. } => HostEvent::Evaluated {
            view,
            request,
            result: Err(EvalError::Raised {
                name: "RangeError".into(),
                message: problem.to_string(),
            }),
        },
        HostEvent::Screenshot { view, request, .. } => HostEvent::Screenshot {
            view,
            request,
            result: Err(problem.to_string()),
        },
        HostEvent::Answered { view, request, .. } => HostEvent::Answered {
            view,
            request,
            answer: Err(AskError::Failed(problem.to_string())),
        },
        _ => HostEvent::Log {
            level: LogLevel::Error,
            message: problem.to_string(),
        },
    }
}

/// Without the parent there is nothing left to do.
fn write(mut socket: &UnixStream, bytes: &[u8]) {
    if socket.write_all(bytes).is_err() {
        lifeline::leave(0);
    }
}

/// Writes bytes with a descriptor beside the first of them.
fn hand_over(socket: &UnixStream, bytes: &[u8], descriptor: &OwnedFd) {
    let mut part = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    // Words, for its alignment; more than the head and one number need.
    let mut control = [0_u64; 8];
    // SAFETY: numbers only.
    let (space, length) = unsafe {
        let size = size_of::<RawFd>() as u32;
        (libc::CMSG_SPACE(size) as usize, libc::CMSG_LEN(size))
    };
    assert!(space <= size_of_val(&control), "it has room");
    // SAFETY: plain numbers and pointers, for which zero is a value.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = space as _;
    // SAFETY: the control buffer has room for the one head and the number after it.
    unsafe {
        let head = libc::CMSG_FIRSTHDR(&raw const message);
        (*head).cmsg_level = libc::SOL_SOCKET;
        (*head).cmsg_type = libc::SCM_RIGHTS;
        (*head).cmsg_len = length as _;
        let number = libc::CMSG_DATA(head).cast::<RawFd>();
        number.write_unaligned(descriptor.as_raw_fd());
    }
    let sent = loop {
        // SAFETY: all parts are alive during the call.
        let count =
            unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
        match usize::try_from(count) {
            Ok(sent) => break sent,
            Err(_) if io::Error::last_os_error().kind() == ErrorKind::Interrupted => {}
            Err(_) => lifeline::leave(0),
        }
    };
    write(socket, &bytes[sent..]);
}

/// The parent's commands.
struct Reader {
    socket: Arc<UnixStream>,
    gui: GuiLoop,
    incoming: Incoming,
    piece: Vec<u8>,
}

impl Reader {
    /// Reads in the loop from now on. With [`Priority::HIGH`] commands go before all else. The many pieces of a large one
    /// go beside the rest, so that windows stay alive meanwhile.
    fn attach(self, priority: Priority) {
        let socket = self.socket.as_raw_fd();
        let wanted = IOCondition::IN | IOCondition::HUP | IOCondition::ERR;
        let mut reader = Some(self);
        let source = unix_fd_source_new(
            socket,
            wanted,
            Some("auroraview-socket"),
            priority,
            move |_, _| {
                let Some(now) = reader.as_mut() else {
                    return ControlFlow::Break;
                };
                if !now.read() {
                    return ControlFlow::Break;
                }
                let better = now.priority();
                if better == priority {
                    return ControlFlow::Continue;
                }
                if let Some(reader) = reader.take() {
                    reader.attach(better);
                }
                ControlFlow::Break
            },
        );
        source.attach(Some(&MainContext::default()));
    }

    fn priority(&self) -> Priority {
        if self.incoming.missing() > PIECE {
            Priority::DEFAULT
        } else {
            Priority::HIGH
        }
    }

    /// Takes what is there; whether more may come.
    fn read(&mut self) -> bool {
        // SAFETY: as much room as is told, alive during the call.
        let count = unsafe {
            let room = self.piece.as_mut_ptr().cast();
            libc::recv(self.socket.as_raw_fd(), room, PIECE, libc::MSG_DONTWAIT)
        };
        match usize::try_from(count) {
            // The lifeline has seen it too, and ends the process.
            Ok(0) => return false,
            Ok(count) => self.incoming.push(&self.piece[..count]),
            Err(_) => {
                let kind = io::Error::last_os_error().kind();
                return matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted);
            }
        }
        loop {
            match self.incoming.next::<HostCommand>() {
                Ok(Some(command)) => self.gui.send(command),
                Ok(None) => return true,
                Err(problem) => {
                    say(problem);
                    lifeline::leave(FAILED);
                }
            }
        }
    }
}
