//! The life of a shell, on a thread of its own: starting it, hearing it, seeing it off.
//!
//! The view learns of the end when the process is gone, so that nothing of a closed window is left.

use std::io::ErrorKind;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use auroraview_child::{Child, Exit, Output, Prepared, Socket, Spec, Watch};
use auroraview_host_api::stream::{Greeting, Incoming, StreamError};
use auroraview_host_api::{HostEvent, abi};

use super::descriptors::Descriptors;
use super::isolated::question_of;
use super::shell::{END, Shell};
use super::{INSTALL, Route, log_line};
use crate::gate::Gate;
use crate::notice::Notice;
use crate::view::{ViewCore, take_descriptor};

/// How long a shell may take from its start to its greeting.
const START: Duration = Duration::from_secs(15);
/// How long the kernel may take to end it.
const KILL: Duration = Duration::from_secs(2);

/// Lines that may wait to be told; then what it writes is not read.
const LINES: usize = 1000;

const CHUNK: usize = 64 * 1024;

/// How the life of a shell ended.
pub(crate) enum End {
    /// Its window was closed.
    Closed,
    /// It had no window yet. What went wrong and what to do.
    Failed(String),
    /// It went away. Which process, and how.
    Lost(String),
}

/// What the thread of a shell knows.
pub(super) struct Life {
    shell: Arc<Shell>,
    view: Weak<ViewCore>,
    program: PathBuf,
    prepared: Option<Prepared>,
    /// There is a window.
    opened: bool,
    /// Came beside what was read, and belong to events that are not complete yet.
    descriptors: Descriptors,
}

/// Why reading ended.
enum Stop {
    Closed,
    /// No window could be made, in the shell's words.
    Refused(String),
    /// It closed its end, or died.
    HungUp,
    Late,
    Nonsense(String),
}

impl From<StreamError> for Stop {
    fn from(error: StreamError) -> Stop {
        Stop::Nonsense(error.to_string())
    }
}

impl Life {
    /// Takes the environment: to be called with the GIL held.
    pub(super) fn prepare(
        shell: Arc<Shell>,
        view: Weak<ViewCore>,
        program: &Path,
        theirs: UnixStream,
    ) -> std::io::Result<Life> {
        let socket = Socket::new(theirs.into())?;
        let prepared = Prepared::new(Spec {
            args: vec![format!("--host-fd={}", socket.number()).into()],
            socket: Some(socket),
            ..Spec::new(program, "auroraview-shell")
        })?;
        Ok(Life {
            shell,
            view,
            program: program.to_owned(),
            prepared: Some(prepared),
            opened: false,
            descriptors: Descriptors::default(),
        })
    }

    /// The body of the thread.
    pub(super) fn run(mut self) {
        let end = match self.spawn() {
            Ok(child) => {
                let _ = self.shell.child.set(Arc::clone(&child));
                let stop = self.read();
                self.end(&child, stop)
            }
            Err(problem) => {
                self.shell.out.close();
                End::Failed(self.not_spawned(&problem))
            }
        };
        if let Some(view) = self.view.upgrade()
            && let Route::Isolated(isolated) = view.route()
        {
            if !matches!(end, End::Closed) {
                view.document_is_lost();
            }
            let (wanted, place) = isolated.forget(&self.shell);
            view.shell_ended(if wanted { End::Closed } else { end }, place);
        }
        self.shell.is_gone();
    }

    fn spawn(&mut self) -> std::io::Result<Arc<Child>> {
        let pid = Arc::new(OnceLock::new());
        let lines = Lines {
            shell: Arc::downgrade(&self.shell),
            view: self.view.clone(),
            gate: Gate::new(LINES),
            pid: Arc::clone(&pid),
        };
        let child = match self.prepared.take() {
            Some(prepared) => prepared.spawn(Arc::new(lines)),
            None => Err(std::io::Error::other("it was started before")),
        };
        // Always: its first line may wait for it.
        let _ = pid.set(child.as_ref().map_or(0, |child| child.pid()));
        child
    }

    fn not_spawned(&self, problem: &std::io::Error) -> String {
        let program = self.program.display();
        match problem.kind() {
            ErrorKind::NotFound => format!(
                "the window's process {program} is missing; install the package again, or build it with `make`"
            ),
            ErrorKind::PermissionDenied => format!(
                "the window's process {program} may not be run ({problem}); is its file system mounted noexec?"
            ),
            _ => format!("the window's process {program} cannot be started: {problem}"),
        }
    }

    /// Hands on what the shell says, until it says nothing more.
    fn read(&mut self) -> Stop {
        let mut incoming = Incoming::default();
        let mut chunk = vec![0; CHUNK];
        if let Err(stop) = self.greet(&mut incoming, &mut chunk) {
            return stop;
        }
        loop {
            loop {
                match incoming.next::<HostEvent>() {
                    Ok(Some(event)) => {
                        if let Some(stop) = self.take(event) {
                            return stop;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => return error.into(),
                }
            }
            if let Err(stop) = self.fill(&mut incoming, &mut chunk) {
                return stop;
            }
        }
    }

    /// Waits for the first words.
    fn greet(&mut self, incoming: &mut Incoming, chunk: &mut [u8]) -> Result<(), Stop> {
        let deadline = Instant::now() + START;
        let mut fill = |incoming: &mut Incoming, chunk: &mut [u8]| {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Stop::Late);
            }
            let _ = self.shell.out.stream().set_read_timeout(Some(left));
            self.fill(incoming, chunk)
        };
        let version = loop {
            match incoming.version() {
                Some(version) => break version,
                None => fill(incoming, chunk)?,
            }
        };
        if version != abi::ABI_VERSION {
            return Err(Stop::Refused(format!(
                "{} speaks version {version} of the host interface, this package version {}; install the package again",
                self.program.display(),
                abi::ABI_VERSION,
            )));
        }
        let greeting = loop {
            match incoming.next::<Greeting>()? {
                Some(greeting) => break greeting,
                None => fill(incoming, chunk)?,
            }
        };
        let _ = self.shell.out.stream().set_read_timeout(None);
        match greeting {
            Greeting::Ready => Ok(()),
            Greeting::Failed(text) => Err(Stop::Refused(text)),
        }
    }

    /// Waits for something and takes it.
    fn fill(&mut self, incoming: &mut Incoming, chunk: &mut [u8]) -> Result<(), Stop> {
        loop {
            match self.descriptors.read(self.shell.out.stream(), chunk) {
                Ok(0) => return Err(Stop::HungUp),
                Ok(count) => {
                    incoming.push(&chunk[..count]);
                    return Ok(());
                }
                Err(problem) => match problem.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => return Err(Stop::Late),
                    _ => return Err(Stop::HungUp),
                },
            }
        }
    }

    /// Sees to one event.
    fn take(&mut self, event: HostEvent) -> Option<Stop> {
        let number = self.shell.number;
        let event = match event {
            HostEvent::Closed { .. } => return Some(Stop::Closed),
            HostEvent::OpenFailed { message, .. } => return Some(Stop::Refused(message)),
            HostEvent::ShutDown => return None,
            HostEvent::Log { level, message } => {
                log_line(level, &message);
                return None;
            }
            HostEvent::LaneOffered { view, .. } => match self.descriptors.next() {
                Some(socket) => HostEvent::LaneOffered {
                    view,
                    descriptor: socket.into_raw_fd(),
                },
                None => HostEvent::LaneUnavailable {
                    view,
                    reason: "no descriptor came from the window's process".to_owned(),
                },
            },
            HostEvent::Closing { view, request } => HostEvent::Closing {
                view,
                request: question_of(number, request),
            },
            HostEvent::Navigating {
                view,
                request,
                url,
                new_window,
            } => HostEvent::Navigating {
                view,
                request: question_of(number, request),
                url,
                new_window,
            },
            event => event,
        };
        self.opened |= matches!(event, HostEvent::Opened { .. });
        let Some(view) = self.view.upgrade() else {
            if let HostEvent::LaneOffered { descriptor, .. } = event {
                drop(take_descriptor(descriptor));
            }
            return Some(Stop::Closed);
        };
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| view.handle(event)));
        if outcome.is_err() {
            log::error!("an event of the host could not be handled; this is a bug of auroraview");
        }
        None
    }

    /// Sees the process off, and tells what became of it.
    fn end(&self, child: &Arc<Child>, stop: Stop) -> End {
        self.shell.out.close();
        let patience = match stop {
            Stop::Closed | Stop::HungUp | Stop::Refused(_) => END,
            Stop::Late | Stop::Nonsense(_) => Duration::ZERO,
        };
        let by_itself = child.wait(Some(patience));
        if by_itself.is_none() {
            child.kill();
            child.wait(Some(KILL));
        }
        let who = format!("the window's process ({})", child.pid());
        let how = match (&stop, &by_itself) {
            (Stop::Nonsense(problem), _) => format!("{who} was killed: {problem}"),
            (Stop::Late, _) => format!(
                "{who} did not answer within {} s and was killed",
                START.as_secs()
            ),
            (_, Some(exit)) => format!("{who} {exit}"),
            (_, None) => format!("{who} closed its connection and was killed"),
        };
        match stop {
            Stop::Closed => End::Closed,
            Stop::Refused(text) => End::Failed(text),
            _ if self.opened => End::Lost(how),
            _ => End::Failed(explain(
                &self.program,
                &how,
                by_itself.as_ref(),
                &child.tail(),
            )),
        }
    }
}

/// Why a process that never got as far as a window ended, and what to do.
fn explain(program: &Path, how: &str, exit: Option<&Exit>, tail: &str) -> String {
    let missing = tail
        .lines()
        .find(|line| line.contains("error while loading shared libraries"));
    match (exit, missing) {
        (Some(Exit::Code(127)), Some(line)) => {
            let line = line.strip_prefix(&*program.to_string_lossy());
            let line = line.map(|line| line.trim_start_matches(": "));
            let line = line.or(missing).unwrap_or_default();
            format!("the window's process cannot be started: {line}. {INSTALL}")
        }
        _ if tail.is_empty() => format!("{how} before there was a window"),
        _ => format!("{how} before there was a window; it said:\n{tail}"),
    }
}

/// What a shell prints.
struct Lines {
    shell: Weak<Shell>,
    view: Weak<ViewCore>,
    gate: Arc<Gate>,
    /// Known a moment after its first line may come.
    pid: Arc<OnceLock<u32>>,
}

impl Watch for Lines {
    fn line(&self, from: Output, line: &str) {
        let permit = self.gate.enter();
        let Some(view) = self.view.upgrade() else {
            return;
        };
        let pid = *self.pid.wait();
        let from = match from {
            Output::Stdout => "stdout",
            Output::Stderr => "stderr",
        };
        let line = Notice::Line(from, pid, line.to_owned());
        view.printed(Notice::Gated(Box::new(line), permit));
    }

    fn exited(&self, _: Exit) {
        if let Some(shell) = self.shell.upgrade() {
            // Should somebody else hold the other end, nobody would tell of the end there. What was said is still read.
            let _ = shell.out.stream().shutdown(std::net::Shutdown::Read);
        }
    }
}
