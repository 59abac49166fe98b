//! The embedded transport: a peer whose page is in a window of a host, in this process or one of its own.

mod console;
#[cfg(test)]
mod guest;
mod options;

use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use auroraview_host_api::{
    AskError, ConsoleLevel, Decision, EvalError, HostCommand, HostEvent, Question, Refusal, ViewId,
    WindowChange,
};
use auroraview_protocol::{Batch, Reason, SyncAnswer, envelope};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::bridge::Bridge;
use crate::fast_lane::{FastLane, Standing};
use crate::host::{self, End, Isolated, Route};
use crate::lane::notices;
use crate::notice::{Notice, Payload};
use crate::peer::{Outlet, Peer, PeerCore};
use console::Console;
use options::{Options, lane_limits, make_size, make_source};

struct WindowOutlet {
    view: ViewId,
    route: Arc<Route>,
    fast_lane: Arc<FastLane>,
}

impl Outlet for WindowOutlet {
    fn answer(&self, answer: SyncAnswer) {
        self.fast_lane.answer(answer);
    }

    fn deliver(&self, batch: Batch) {
        let Some(batch) = self.fast_lane.deliver(batch) else {
            return;
        };
        let frame = if batch.attachments.is_empty() {
            batch.text
        } else {
            envelope::join(&batch.text, &batch.attachments)
        };
        // Without a host there is no document, so the session has no batch; a late one has no reader.
        self.route.send(&HostCommand::Deliver {
            view: self.view,
            document: batch.document,
            frame,
        });
    }
}

static NEXT_VIEW: AtomicU64 = AtomicU64::new(1);
static NEXT_REQUEST: AtomicU64 = AtomicU64::new(1);

/// Why the calls of a page end with its window.
const CLOSED: &str = "the window was closed";
const NOT_OPENED: &str = "the window could not be opened";

/// A view's state on the Rust side.
pub(crate) struct ViewCore {
    id: ViewId,
    peer: Arc<PeerCore>,
    route: Arc<Route>,
    fast_lane: Arc<FastLane>,
    callback: Arc<Py<PyAny>>,
    /// From `open()` until the window is gone.
    open: AtomicBool,
    /// Since `open()` there has been a window: another one is the same window come back.
    opened: AtomicBool,
    console: Console,
}

impl ViewCore {
    pub(crate) fn route(&self) -> &Route {
        &self.route
    }

    fn notice(&self, notice: Notice) {
        notices().notice(&self.callback, notice);
    }

    /// A frame came the ordinary way. `lane`: the others of that document come on the fast lane, if there is one.
    fn receive(&self, document: &str, frame: &str, lane: bool) {
        self.fast_lane.drain();
        match envelope::split(frame) {
            // The host allows for the length of base64, which ordinary frames do not have.
            Ok((text, _)) if text.len() > self.peer.limits().message_bytes => {
                self.peer.refuse(Reason::TooLarge);
            }
            Ok((text, mut attachments)) => {
                if lane {
                    if self.fast_lane.admit(document, text, &mut attachments) {
                        self.peer.flush();
                        return;
                    }
                } else if self.fast_lane.is_left(document, text) {
                    self.peer.document_gone();
                }
                self.peer.receive(text, attachments);
                self.fast_lane.make_way(&self.peer);
            }
            Err(reason) => self.peer.refuse(reason),
        }
    }

    fn document_gone(&self) {
        self.fast_lane.document_gone();
        self.peer.document_gone();
    }

    /// The process of the window is gone, and the page with it.
    pub(crate) fn document_is_lost(&self) {
        self.fast_lane.close(CLOSED);
        self.peer.document_gone();
    }

    /// The process of the window has ended, or there is none. While `place` lives, nobody closes the view or opens
    /// another window: what is told here is told of this one, before anything of the next.
    pub(crate) fn shell_ended<T>(&self, end: End, place: T) {
        let was_open = || self.open.swap(false, Ordering::AcqRel);
        let last = match end {
            End::Closed => was_open().then_some((CLOSED, Notice::Plain("closed"))),
            End::Failed(message) if !self.opened.load(Ordering::Acquire) => {
                was_open().then(|| (NOT_OPENED, Notice::Named("open_failed", message)))
            }
            End::Failed(how) | End::Lost(how) => {
                self.notice(Notice::Named("lost", how));
                None
            }
        };
        drop(place);
        self.fast_lane.close(CLOSED);
        // Whoever wants to open another waits for this notice.
        if let Some((reason, notice)) = last {
            self.peer.close(reason);
            self.notice(notice);
        }
    }

    /// The process of the window wrote a line.
    pub(crate) fn printed(&self, line: Notice) {
        self.notice(line);
    }

    /// Takes an event of the host, on the thread that has it, and runs no Python. It may come inside of a command that
    /// this thread sends.
    pub(crate) fn handle(&self, event: HostEvent) {
        match event {
            HostEvent::Posted {
                document,
                frame,
                lane,
                ..
            } => self.receive(&document, &frame, lane),
            HostEvent::Refused { refusal, .. } => self.peer.refuse(match refusal {
                Refusal::Key => Reason::Key,
                Refusal::TooLarge => Reason::TooLarge,
                Refusal::Origin => Reason::Origin,
            }),
            HostEvent::Opened {
                origin, native_id, ..
            } => {
                self.peer.set_connected(true);
                let again = self.opened.swap(true, Ordering::AcqRel);
                let name = if again { "reopened" } else { "opened" };
                self.notice(Notice::Opened(name, origin, native_id));
            }
            HostEvent::OpenFailed { message, .. } => {
                self.open.store(false, Ordering::Release);
                self.fast_lane.close(NOT_OPENED);
                self.peer.close(NOT_OPENED);
                self.notice(Notice::Named("open_failed", message));
            }
            HostEvent::Committed { url, bridge, .. } => {
                self.document_gone();
                self.notice(Notice::Loading("committed", url, bridge));
            }
            HostEvent::Loaded { url, .. } => self.notice(Notice::Named("loaded", url)),
            HostEvent::LoadFailed { url, message, .. } => {
                log::warn!("{url} could not be loaded: {message}");
                self.notice(Notice::Named("load_failed", url));
            }
            HostEvent::Evaluated {
                request, result, ..
            } => {
                self.fast_lane.drain();
                let result = result.map(Payload::Json).map_err(|error| match error {
                    // Without a name it would be the document's end, below.
                    EvalError::Raised { name, message } if name.is_empty() => {
                        ("Error".to_owned(), message)
                    }
                    EvalError::Raised { name, message } => (name, message),
                    EvalError::Gone => (String::new(), "the document went away".to_owned()),
                });
                self.notice(Notice::Answer("answer", request, result));
            }
            HostEvent::Screenshot {
                request, result, ..
            } => {
                self.fast_lane.drain();
                let result = result
                    .map(Payload::Bytes)
                    .map_err(|message| ("HostError".to_owned(), message));
                self.notice(Notice::Answer("answer", request, result));
            }
            HostEvent::Answered {
                request, answer, ..
            } => {
                self.fast_lane.drain();
                let answer = match answer {
                    Ok(answer) => Ok(json(&answer)),
                    Err(AskError::Failed(problem)) => Err(Some(problem)),
                    Err(AskError::Gone) => Err(None),
                };
                self.notice(Notice::Answered(request, answer));
            }
            HostEvent::Download {
                download, change, ..
            } => self.notice(Notice::Named("download", json(&(download, change)))),
            HostEvent::FileDrop { paths, x, y, .. } => {
                self.notice(Notice::Named("file_drop", json(&(paths, x, y))));
            }
            HostEvent::Console {
                level,
                text,
                source,
                line,
                ..
            } => {
                let line = Notice::Console(level_name(level), text, source, line);
                if let Some(notice) = self.console.admit(line) {
                    self.notice(notice);
                }
            }
            HostEvent::Shown { .. } => self.notice(Notice::Plain("shown")),
            HostEvent::Hidden { .. } => self.notice(Notice::Plain("hidden")),
            HostEvent::Resized { size, .. } => self.notice(Notice::Numbers(
                "resized",
                i64::from(size.width),
                i64::from(size.height),
            )),
            HostEvent::Moved { x, y, .. } => {
                self.notice(Notice::Numbers("moved", i64::from(x), i64::from(y)));
            }
            HostEvent::Focused { .. } => self.notice(Notice::Plain("focused")),
            HostEvent::Blurred { .. } => self.notice(Notice::Plain("blurred")),
            HostEvent::Fullscreen { on, .. } => {
                self.notice(Notice::Numbers("fullscreen", i64::from(on), 0));
            }
            HostEvent::Closing { request, .. } => {
                self.notice(Notice::Question("closing", request, String::new(), false));
            }
            HostEvent::Navigating {
                request,
                url,
                new_window,
                ..
            } => self.notice(Notice::Question("navigating", request, url, new_window)),
            HostEvent::OpenExternal { url, .. } => self.notice(Notice::Named("external", url)),
            HostEvent::Crashed { reason, .. } => {
                self.document_gone();
                self.notice(Notice::Named("crashed", reason));
            }
            HostEvent::Closed { .. } => {
                self.fast_lane.close(CLOSED);
                if self.open.swap(false, Ordering::AcqRel) {
                    self.peer.close(CLOSED);
                    self.notice(Notice::Plain("closed"));
                }
            }
            HostEvent::Key { stroke, .. } => self.notice(Notice::Named("key", stroke)),
            // Not asked for yet.
            HostEvent::LaneOffered { descriptor, .. } => {
                if let Some(socket) = take_descriptor(descriptor) {
                    self.fast_lane.offer(socket);
                }
            }
            HostEvent::LaneUnavailable { reason, .. } => self.fast_lane.unavailable(reason),
            HostEvent::ShutDown | HostEvent::Log { .. } => {}
        }
    }
}

/// The descriptor that came with an event. It is closed when nobody keeps it.
pub(crate) fn take_descriptor(descriptor: RawFd) -> Option<OwnedFd> {
    // SAFETY: who tells of it gives it away.
    (descriptor >= 0).then(|| unsafe { OwnedFd::from_raw_fd(descriptor) })
}

impl Drop for ViewCore {
    fn drop(&mut self) {
        // The lane would keep itself: the transport of the peer has it, too.
        self.fast_lane.close(CLOSED);
    }
}

/// JSON text of a part of an event.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("parts of events have names for keys")
}

fn level_name(level: ConsoleLevel) -> &'static str {
    match level {
        ConsoleLevel::Log => "log",
        ConsoleLevel::Info => "info",
        ConsoleLevel::Warning => "warning",
        ConsoleLevel::Error => "error",
        ConsoleLevel::Debug => "debug",
    }
}

/// A peer in a window.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct View {
    core: Arc<ViewCore>,
}

impl View {
    /// Waits for nobody; without the GIL where the command may be obeyed meanwhile.
    fn send(&self, py: Python<'_>, command: &HostCommand) -> bool {
        let route = &self.core.route;
        if route.may_obey() {
            py.detach(|| route.send(command))
        } else {
            route.send(command)
        }
    }

    /// What opens a window: the command, and those that follow it.
    fn make_open(&self, options: Options) -> PyResult<(HostCommand, Vec<HostCommand>)> {
        let view = self.core.id;
        let changes = options.changes().into_iter();
        let changes = changes.map(|change| HostCommand::Window { view, change });
        let changes = changes.collect();
        let why_not = options.why_no_fast_lane();
        let options = Box::new(options.into_open(self.core.peer.limits())?);
        self.core.fast_lane.window_opens(why_not);
        Ok((HostCommand::Open { view, options }, changes))
    }

    /// Opens the window, and a process for it where it has one of its own. False when there is one.
    fn send_open(&self, py: Python<'_>, command: &HostCommand, changes: &[HostCommand]) -> bool {
        let send_changes = || {
            for change in changes {
                self.send(py, change);
            }
        };
        match &*self.core.route {
            Route::InProcess => {
                let sent = self.send(py, command);
                send_changes();
                sent
            }
            Route::Isolated(isolated) => match isolated.open(&self.core, command) {
                Ok(started) => {
                    if started {
                        send_changes();
                    }
                    started
                }
                Err(problem) => {
                    let text = format!("the window's process cannot be started: {problem}");
                    py.detach(|| self.core.shell_ended(End::Failed(text), ()));
                    true
                }
            },
        }
    }
}

#[pymethods]
impl View {
    /// `callback(name, ...)` is told, on the notice thread, what the host and the page report.
    /// `shell`: the program of a window in a process of its own.
    #[new]
    #[pyo3(signature = (bridge, callback, shell = None))]
    fn new(bridge: &Bridge, callback: Py<PyAny>, shell: Option<PathBuf>) -> View {
        let id = NEXT_VIEW.fetch_add(1, Ordering::Relaxed);
        let callback = Arc::new(callback);
        let route = Arc::new(match shell {
            None => Route::InProcess,
            Some(program) => Route::Isolated(Isolated::new(program)),
        });
        let workers = Arc::clone(&bridge.core.workers);
        let fast_lane = FastLane::new(workers, lane_limits(&bridge.core.limits));
        let outlet = Box::new(WindowOutlet {
            view: id,
            route: Arc::clone(&route),
            fast_lane: Arc::clone(&fast_lane),
        });
        let peer = PeerCore::new(Arc::clone(&bridge.core), outlet, Arc::clone(&callback));
        fast_lane.belongs_to(&peer);
        let core = Arc::new(ViewCore {
            id,
            peer,
            route,
            fast_lane,
            callback,
            open: AtomicBool::new(false),
            opened: AtomicBool::new(false),
            console: Console::new(),
        });
        if matches!(*core.route, Route::InProcess) {
            host::register(id, &core);
        }
        View { core }
    }

    #[getter]
    fn peer(&self) -> Peer {
        Peer {
            core: Arc::clone(&self.core.peer),
        }
    }

    /// From `open()` until the window is gone.
    #[getter]
    fn is_open(&self) -> bool {
        self.core.open.load(Ordering::Acquire)
    }

    /// `"fast"` or `"script-message"`: which way the frames of the page take now; and why not the fast one.
    fn lane(&self) -> Standing {
        self.core.fast_lane.standing()
    }

    /// Opens the window; answered by the notice `opened` or `open_failed`. `False` when it is open already. Not at the
    /// same time as `close` and `reopen`.
    fn open(&self, py: Python<'_>, options: Options) -> PyResult<bool> {
        let (command, changes) = self.make_open(options)?;
        if self.core.open.swap(true, Ordering::AcqRel) {
            return Ok(false);
        }
        self.core.opened.store(false, Ordering::Release);
        py.detach(|| self.core.peer.open());
        self.send_open(py, &command, &changes);
        Ok(true)
    }

    /// Opens the window again whose process was lost; answered by the notice `reopened`, or `lost` once more. `False`
    /// when it is not lost.
    fn reopen(&self, py: Python<'_>, options: Options) -> PyResult<bool> {
        let (command, changes) = self.make_open(options)?;
        Ok(self.core.open.load(Ordering::Acquire) && self.send_open(py, &command, &changes))
    }

    fn close(&self, py: Python<'_>) {
        let view = self.core.id;
        py.detach(|| match &*self.core.route {
            Route::InProcess => {
                self.core.route.send(&HostCommand::Close { view });
            }
            Route::Isolated(isolated) => {
                if !isolated.close(view) {
                    // Its process was lost, and no other is there yet.
                    self.core.handle(HostEvent::Closed { view });
                }
            }
        });
    }

    fn load(
        &self,
        py: Python<'_>,
        source: (String, String, String),
        allow_origins: Vec<String>,
    ) -> PyResult<()> {
        let command = HostCommand::Load {
            view: self.core.id,
            source: make_source(source)?,
            allow_origins,
        };
        self.send(py, &command);
        Ok(())
    }

    fn reload(&self, py: Python<'_>) {
        let view = self.core.id;
        self.send(py, &HostCommand::Reload { view });
    }

    /// A number for a question; its answer is the notice `answer`.
    #[staticmethod]
    fn new_request() -> u64 {
        NEXT_REQUEST.fetch_add(1, Ordering::Relaxed)
    }

    fn eval(&self, py: Python<'_>, request: u64, script: String) -> bool {
        let view = self.core.id;
        let command = HostCommand::Eval {
            view,
            request,
            script,
        };
        self.send(py, &command)
    }

    /// `painted`: as it was last painted, without asking the engine.
    #[pyo3(signature = (request, painted = false))]
    fn screenshot(&self, py: Python<'_>, request: u64, painted: bool) -> bool {
        let view = self.core.id;
        let command = HostCommand::Screenshot {
            view,
            request,
            painted,
        };
        self.send(py, &command)
    }

    /// Asks for what JSON text says, see `auroraview_host_api::Question`; answered by the notice `answered`. `False` when
    /// there is no window.
    fn ask(&self, py: Python<'_>, request: u64, question: &str) -> PyResult<bool> {
        let question: Question = serde_json::from_str(question)
            .map_err(|problem| PyValueError::new_err(format!("no question: {problem}")))?;
        let view = self.core.id;
        let command = HostCommand::Ask {
            view,
            request,
            question,
        };
        Ok(self.core.open.load(Ordering::Acquire) && self.send(py, &command))
    }

    /// Nobody waits for the answer any more.
    fn withdraw(&self, py: Python<'_>, request: u64) {
        let view = self.core.id;
        self.send(py, &HostCommand::Withdraw { view, request });
    }

    fn cancel_download(&self, py: Python<'_>, download: u64) {
        let view = self.core.id;
        self.send(py, &HostCommand::CancelDownload { view, download });
    }

    fn watch(&self, py: Python<'_>, navigation: bool, closing: bool) {
        let command = HostCommand::Watch {
            view: self.core.id,
            navigation,
            closing,
        };
        self.send(py, &command);
    }

    /// `True`: inside, `False`: forbidden, `None`: the default.
    #[pyo3(signature = (request, decision))]
    fn answer_navigation(&self, py: Python<'_>, request: u64, decision: Option<bool>) {
        let Some(request) = self.core.route.question(request) else {
            return;
        };
        let command = HostCommand::AnswerNavigation {
            view: self.core.id,
            request,
            decision: match decision {
                None => Decision::Default,
                Some(true) => Decision::Inside,
                Some(false) => Decision::Forbid,
            },
        };
        self.send(py, &command);
    }

    fn answer_closing(&self, py: Python<'_>, request: u64, allow: bool) {
        let Some(request) = self.core.route.question(request) else {
            return;
        };
        let command = HostCommand::AnswerClosing {
            view: self.core.id,
            request,
            allow,
        };
        self.send(py, &command);
    }

    fn set_title(&self, py: Python<'_>, title: String) {
        self.change(py, WindowChange::Title(title));
    }

    fn set_size(&self, py: Python<'_>, size: (u32, u32)) {
        self.change(py, WindowChange::Size(make_size(size)));
    }

    fn set_position(&self, py: Python<'_>, position: (i32, i32)) {
        self.change(py, WindowChange::Position(position.0, position.1));
    }

    fn set_fullscreen(&self, py: Python<'_>, on: bool) {
        self.change(py, WindowChange::Fullscreen(on));
    }

    fn set_always_on_top(&self, py: Python<'_>, on: bool) {
        self.change(py, WindowChange::AlwaysOnTop(on));
    }

    fn set_visible(&self, py: Python<'_>, on: bool) {
        self.change(py, WindowChange::Visible(on));
    }

    #[pyo3(signature = (native_id))]
    fn set_transient_for(&self, py: Python<'_>, native_id: Option<u64>) {
        self.change(py, WindowChange::TransientFor(native_id));
    }

    fn give_focus(&self, py: Python<'_>, native_id: u64) {
        self.change(py, WindowChange::GiveFocus(native_id));
    }

    fn set_enabled(&self, py: Python<'_>, on: bool) {
        self.change(py, WindowChange::Enabled(on));
    }

    fn set_zoom(&self, py: Python<'_>, zoom: f64) {
        self.change(py, WindowChange::Zoom(zoom));
    }

    /// `minimize`, `maximize`, `restore`, `focus` or `inspect`.
    fn act(&self, py: Python<'_>, action: &str) -> PyResult<()> {
        let change = match action {
            "minimize" => WindowChange::Minimize,
            "maximize" => WindowChange::Maximize,
            "restore" => WindowChange::Restore,
            "focus" => WindowChange::Focus,
            "inspect" => WindowChange::Inspector,
            _ => return Err(PyValueError::new_err(format!("no action {action:?}"))),
        };
        self.change(py, change);
        Ok(())
    }
}

impl View {
    fn change(&self, py: Python<'_>, change: WindowChange) {
        let view = self.core.id;
        self.send(py, &HostCommand::Window { view, change });
    }
}
