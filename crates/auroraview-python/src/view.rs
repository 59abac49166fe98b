//! The embedded transport: a peer whose page is in a window of the host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use auroraview_host_api::{
    Decision, EvalError, HostCommand, HostEvent, OpenOptions, Refusal, Size, Source, ViewId,
    WindowChange,
};
use auroraview_protocol::{Batch, Reason, envelope};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::bridge::Bridge;
use crate::host;
use crate::lane::notices;
use crate::notice::{Notice, Payload};
use crate::peer::{Outlet, Peer, PeerCore};

struct WindowOutlet {
    view: ViewId,
}

impl Outlet for WindowOutlet {
    fn deliver(&self, batch: Batch) {
        let frame = if batch.attachments.is_empty() {
            batch.text
        } else {
            envelope::join(&batch.text, &batch.attachments)
        };
        // Without a host there is no document, so the session has no batch; a late one has no reader.
        host::send(&HostCommand::Deliver {
            view: self.view,
            document: batch.document,
            frame,
        });
    }
}

static NEXT_VIEW: AtomicU64 = AtomicU64::new(1);
static NEXT_REQUEST: AtomicU64 = AtomicU64::new(1);

/// A view's state on the Rust side.
pub(crate) struct ViewCore {
    id: ViewId,
    peer: Arc<PeerCore>,
    callback: Arc<Py<PyAny>>,
    open: AtomicBool,
}

impl ViewCore {
    fn notice(&self, notice: Notice) {
        notices().notice(&self.callback, notice);
    }

    fn receive(&self, frame: &str) {
        match envelope::split(frame) {
            // The host allows for the length of base64, which ordinary frames do not have.
            Ok((text, _)) if text.len() > self.peer.limits().message_bytes => {
                self.peer.refuse(Reason::TooLarge);
            }
            Ok((text, attachments)) => self.peer.receive(text, attachments),
            Err(reason) => self.peer.refuse(reason),
        }
    }

    /// Takes an event of the host, on the GUI thread.
    pub(crate) fn handle(&self, event: HostEvent) {
        match event {
            HostEvent::Posted { frame, .. } => self.receive(&frame),
            HostEvent::Refused { refusal, .. } => self.peer.refuse(match refusal {
                Refusal::Key => Reason::Key,
                Refusal::TooLarge => Reason::TooLarge,
                Refusal::Origin => Reason::Origin,
            }),
            HostEvent::Opened { origin, .. } => {
                self.peer.set_connected(true);
                self.notice(Notice::Named("opened", origin));
            }
            HostEvent::OpenFailed { message, .. } => {
                self.open.store(false, Ordering::Release);
                self.peer.close("the window could not be opened");
                self.notice(Notice::Named("open_failed", message));
            }
            HostEvent::Committed { url, bridge, .. } => {
                self.peer.document_gone();
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
                let result = result.map(Payload::Json).map_err(|error| match error {
                    EvalError::Raised { name, message } => (name, message),
                    EvalError::Gone => (String::new(), "the document went away".to_owned()),
                });
                self.notice(Notice::Answer("answer", request, result));
            }
            HostEvent::Screenshot {
                request, result, ..
            } => {
                let result = result
                    .map(Payload::Bytes)
                    .map_err(|message| ("HostError".to_owned(), message));
                self.notice(Notice::Answer("answer", request, result));
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
                self.peer.document_gone();
                self.notice(Notice::Named("crashed", reason));
            }
            HostEvent::Closed { .. } => {
                self.open.store(false, Ordering::Release);
                self.peer.close("the window was closed");
                self.notice(Notice::Plain("closed"));
            }
            HostEvent::ShutDown | HostEvent::Log { .. } => {}
        }
    }
}

/// What [`View::open`] takes, a dict with these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Options {
    key: String,
    source: (String, String, String),
    allow_origins: Vec<String>,
    debug: bool,
    data_directory: Option<String>,
    title: String,
    size: (u32, u32),
    min_size: Option<(u32, u32)>,
    position: Option<(i32, i32)>,
    resizable: bool,
    decorations: bool,
    always_on_top: bool,
    transparent: bool,
    background_color: Option<[u8; 4]>,
    visible: bool,
    maximized: bool,
    fullscreen: bool,
    icon: Option<String>,
    context_menu: bool,
    user_agent: Option<String>,
    watch_navigation: bool,
    watch_closing: bool,
}

fn make_size((width, height): (u32, u32)) -> Size {
    Size { width, height }
}

/// `("url", address, "")`, `("html", text, "")` or `("directory", root, entry)`.
fn make_source((kind, text, entry): (String, String, String)) -> PyResult<Source> {
    match kind.as_str() {
        "url" => Ok(Source::Url(text)),
        "html" => Ok(Source::Html(text)),
        "directory" => Ok(Source::Directory { root: text, entry }),
        _ => Err(PyValueError::new_err(format!("no source {kind:?}"))),
    }
}

/// A peer in a window.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct View {
    core: Arc<ViewCore>,
}

impl View {
    fn send(&self, command: &HostCommand) -> bool {
        host::send(command)
    }
}

#[pymethods]
impl View {
    /// `callback(name, ...)` is told, on the notice thread, what the host and the page report.
    #[new]
    fn new(bridge: &Bridge, callback: Py<PyAny>) -> View {
        let id = NEXT_VIEW.fetch_add(1, Ordering::Relaxed);
        let callback = Arc::new(callback);
        let outlet = Box::new(WindowOutlet { view: id });
        let core = Arc::new(ViewCore {
            id,
            peer: PeerCore::new(Arc::clone(&bridge.core), outlet, Arc::clone(&callback)),
            callback,
            open: AtomicBool::new(false),
        });
        host::register(id, &core);
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

    /// Opens the window; answered by the notice `opened` or `open_failed`. `False` when it is open already.
    fn open(&self, options: Options) -> PyResult<bool> {
        if self.core.open.swap(true, Ordering::AcqRel) {
            return Ok(false);
        }
        // The host refuses unread what is longer. Attachments come as base64, four characters for three bytes.
        let limit = self.core.peer.limits().message_bytes;
        let limit = limit.saturating_add(limit / 3).saturating_add(4096);
        let command = HostCommand::Open {
            view: self.core.id,
            options: Box::new(OpenOptions {
                key: options.key,
                source: make_source(options.source)?,
                allow_origins: options.allow_origins,
                bridge: true,
                message_bytes: u64::try_from(limit).unwrap_or(u64::MAX),
                debug: options.debug,
                data_directory: options.data_directory,
                title: options.title,
                title_follows: false,
                size: make_size(options.size),
                min_size: options.min_size.map(make_size),
                position: options.position,
                resizable: options.resizable,
                decorations: options.decorations,
                always_on_top: options.always_on_top,
                transparent: options.transparent,
                background_color: options.background_color,
                visible: options.visible,
                maximized: options.maximized,
                fullscreen: options.fullscreen,
                icon: options.icon,
                context_menu: options.context_menu,
                user_agent: options.user_agent,
                watch_navigation: options.watch_navigation,
                watch_closing: options.watch_closing,
            }),
        };
        self.core.peer.open();
        self.send(&command);
        Ok(true)
    }

    fn close(&self) {
        self.send(&HostCommand::Close { view: self.core.id });
    }

    fn load(&self, source: (String, String, String), allow_origins: Vec<String>) -> PyResult<()> {
        self.send(&HostCommand::Load {
            view: self.core.id,
            source: make_source(source)?,
            allow_origins,
        });
        Ok(())
    }

    fn reload(&self) {
        self.send(&HostCommand::Reload { view: self.core.id });
    }

    /// A number for a question; its answer is the notice `answer`.
    #[staticmethod]
    fn new_request() -> u64 {
        NEXT_REQUEST.fetch_add(1, Ordering::Relaxed)
    }

    fn eval(&self, request: u64, script: String) -> bool {
        self.send(&HostCommand::Eval {
            view: self.core.id,
            request,
            script,
        })
    }

    fn screenshot(&self, request: u64) -> bool {
        self.send(&HostCommand::Screenshot {
            view: self.core.id,
            request,
        })
    }

    fn watch(&self, navigation: bool, closing: bool) {
        self.send(&HostCommand::Watch {
            view: self.core.id,
            navigation,
            closing,
        });
    }

    /// `True`: inside, `False`: forbidden, `None`: the default.
    #[pyo3(signature = (request, decision))]
    fn answer_navigation(&self, request: u64, decision: Option<bool>) {
        self.send(&HostCommand::AnswerNavigation {
            view: self.core.id,
            request,
            decision: match decision {
                None => Decision::Default,
                Some(true) => Decision::Inside,
                Some(false) => Decision::Forbid,
            },
        });
    }

    fn answer_closing(&self, request: u64, allow: bool) {
        self.send(&HostCommand::AnswerClosing {
            view: self.core.id,
            request,
            allow,
        });
    }

    fn set_title(&self, title: String) {
        self.change(WindowChange::Title(title));
    }

    fn set_size(&self, size: (u32, u32)) {
        self.change(WindowChange::Size(make_size(size)));
    }

    fn set_position(&self, position: (i32, i32)) {
        self.change(WindowChange::Position(position.0, position.1));
    }

    fn set_fullscreen(&self, on: bool) {
        self.change(WindowChange::Fullscreen(on));
    }

    fn set_always_on_top(&self, on: bool) {
        self.change(WindowChange::AlwaysOnTop(on));
    }

    fn set_visible(&self, on: bool) {
        self.change(WindowChange::Visible(on));
    }

    /// `minimize`, `maximize`, `restore` or `focus`.
    fn act(&self, action: &str) -> PyResult<()> {
        self.change(match action {
            "minimize" => WindowChange::Minimize,
            "maximize" => WindowChange::Maximize,
            "restore" => WindowChange::Restore,
            "focus" => WindowChange::Focus,
            _ => return Err(PyValueError::new_err(format!("no action {action:?}"))),
        });
        Ok(())
    }
}

impl View {
    fn change(&self, change: WindowChange) {
        self.send(&HostCommand::Window {
            view: self.core.id,
            change,
        });
    }
}
