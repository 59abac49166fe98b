//! What window tests share: a display, the one GUI loop of the process, and views to talk to.
//!
//! Where no display is set, an X server and a small window manager are started on a free one; they end with this
//! process. Tests of one binary take turns, since they share screen and keyboard focus.

#![allow(dead_code, reason = "not every test binary uses all of it")]

pub(crate) mod application;
pub(crate) mod display;
pub(crate) mod lane;
pub(crate) mod server;

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use auroraview_host::GuiLoop;
use auroraview_host_api::{
    EvalError, HostCommand, HostEvent, OpenOptions, Size, Source, ViewId, WindowChange, decode,
    encode,
};

/// No single wait of a test is longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// The loop, and where events go.
pub(crate) struct Host {
    gui: GuiLoop,
    views: &'static Mutex<HashMap<Option<ViewId>, Sender<HostEvent>>>,
}

static HOST: LazyLock<Host> = LazyLock::new(|| {
    display::ensure();
    let views: &Mutex<HashMap<Option<ViewId>, Sender<HostEvent>>> = Box::leak(Box::default());
    let gui = GuiLoop::start(move |event| {
        // Through the serialisation, as a program gets it.
        let event: HostEvent = decode(&encode(&event)).expect("events survive their serialisation");
        if let Some(view) = views
            .lock()
            .expect("nobody panics with it")
            .get(&event.view())
        {
            let _ = view.send(event);
        }
    })
    .expect("the loop starts");
    Host { gui, views }
});
static TURN: Mutex<()> = Mutex::new(());
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Waits for this test's turn.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends a command through its serialisation.
pub(crate) fn send(command: &HostCommand) {
    HOST.gui
        .send(decode(&encode(command)).expect("commands survive their serialisation"));
}

/// Events that belong to no view.
pub(crate) fn global_events() -> Receiver<HostEvent> {
    subscribe(None)
}

fn subscribe(view: Option<ViewId>) -> Receiver<HostEvent> {
    let (sender, receiver) = channel();
    HOST.views
        .lock()
        .expect("nobody panics with it")
        .insert(view, sender);
    receiver
}

/// Options of a small plain window.
pub(crate) fn options(source: Source) -> OpenOptions {
    let size = Size {
        width: 320,
        height: 240,
    };
    OpenOptions {
        key: KEY.into(),
        bridge: true,
        message_bytes: 128 << 20,
        title: "test".into(),
        ..OpenOptions::new(source, size)
    }
}

/// A page of HTML.
pub(crate) fn html(text: &str) -> Source {
    Source::Html(text.into())
}

/// One view; closed when dropped.
pub(crate) struct View {
    pub(crate) id: ViewId,
    events: Receiver<HostEvent>,
    pub(crate) origin: String,
    native_id: Option<u64>,
    /// What a question passed over while it waited for its answer.
    passed: RefCell<VecDeque<HostEvent>>,
    closed: bool,
}

impl View {
    /// Opens a window and waits until its page has loaded.
    pub(crate) fn open(options: OpenOptions) -> Self {
        let view = Self::open_only(options);
        view.loaded();
        view
    }

    pub(crate) fn open_html(text: &str) -> Self {
        Self::open(options(html(text)))
    }

    /// Opens a window and waits for `Opened` only.
    pub(crate) fn open_only(options: OpenOptions) -> Self {
        let mut view = Self::asking(options);
        let (origin, native_id) = view.wait("Opened", |event| match event {
            HostEvent::Opened {
                origin, native_id, ..
            } => Some((origin.clone(), *native_id)),
            HostEvent::OpenFailed { message, .. } => panic!("not opened: {message}"),
            _ => None,
        });
        (view.origin, view.native_id) = (origin, native_id);
        view
    }

    /// The window's X11 id.
    pub(crate) fn native_id(&self) -> u64 {
        self.native_id.expect("an X11 window")
    }

    /// Asks for a window and waits for nothing.
    pub(crate) fn asking(options: OpenOptions) -> Self {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let events = subscribe(Some(id));
        send(&HostCommand::Open {
            view: id,
            options: Box::new(options),
        });
        Self {
            id,
            events,
            origin: String::new(),
            native_id: None,
            passed: RefCell::default(),
            closed: false,
        }
    }

    /// Waits for the first event that `pick` takes; others are passed over.
    pub(crate) fn wait<T>(&self, what: &str, pick: impl FnMut(&HostEvent) -> Option<T>) -> T {
        self.wait_keeping(what, pick).0
    }

    /// The same; what was passed over is the second value.
    fn wait_keeping<T>(
        &self,
        what: &str,
        mut pick: impl FnMut(&HostEvent) -> Option<T>,
    ) -> (T, VecDeque<HostEvent>) {
        let end = Instant::now() + PATIENCE;
        let mut passed = VecDeque::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let kept = self.passed.borrow_mut().pop_front();
            let event = match kept.map_or_else(|| self.events.recv_timeout(left), Ok) {
                Ok(event) => event,
                Err(_) => panic!("no {what}; instead came {passed:#?}"),
            };
            if let Some(found) = pick(&event) {
                return (found, passed);
            }
            passed.push_back(event);
        }
    }

    /// Waits for exactly this event.
    pub(crate) fn expect(&self, wanted: &HostEvent) {
        self.wait(&format!("{wanted:?}"), |event| {
            (event == wanted).then_some(())
        });
    }

    /// All events that come until `last`, it included.
    pub(crate) fn until(&self, what: &str, last: impl Fn(&HostEvent) -> bool) -> Vec<HostEvent> {
        let mut all = Vec::new();
        self.wait(what, |event| {
            all.push(event.clone());
            last(event).then_some(())
        });
        all
    }

    pub(crate) fn loaded(&self) -> String {
        self.wait("Loaded", |event| match event {
            HostEvent::Loaded { url, .. } => Some(url.clone()),
            _ => None,
        })
    }

    pub(crate) fn committed(&self) -> (String, bool) {
        self.wait("Committed", |event| match event {
            HostEvent::Committed { url, bridge, .. } => Some((url.clone(), *bridge)),
            _ => None,
        })
    }

    /// The next post whose frame contains `part`.
    pub(crate) fn posted(&self, part: &str) -> (String, String) {
        self.wait(part, |event| match event {
            HostEvent::Posted {
                document, frame, ..
            } if frame.contains(part) => Some((document.clone(), frame.clone())),
            _ => None,
        })
    }

    pub(crate) fn send_eval(&self, script: &str) -> u64 {
        let request = NEXT.fetch_add(1, Ordering::Relaxed);
        send(&HostCommand::Eval {
            view: self.id,
            request,
            script: script.into(),
        });
        request
    }

    pub(crate) fn evaluated(&self, wanted: u64) -> Result<String, EvalError> {
        let (result, mut passed) = self.wait_keeping("Evaluated", |event| match event {
            HostEvent::Evaluated {
                request, result, ..
            } if *request == wanted => Some(result.clone()),
            _ => None,
        });
        passed.append(&mut self.passed.borrow_mut());
        self.passed.replace(passed);
        result
    }

    pub(crate) fn eval(&self, script: &str) -> Result<String, EvalError> {
        self.evaluated(self.send_eval(script))
    }

    /// The value of a script that does not fail.
    pub(crate) fn value(&self, script: &str) -> String {
        self.eval(script)
            .unwrap_or_else(|error| panic!("{script}: {error:?}"))
    }

    pub(crate) fn window(&self, change: WindowChange) {
        send(&HostCommand::Window {
            view: self.id,
            change,
        });
    }

    pub(crate) fn load(&self, source: Source, allow_origins: &[&str]) {
        send(&HostCommand::Load {
            view: self.id,
            source,
            allow_origins: allow_origins.iter().map(|&origin| origin.into()).collect(),
        });
    }

    pub(crate) fn deliver(&self, document: &str, frame: &str) {
        send(&HostCommand::Deliver {
            view: self.id,
            document: document.into(),
            frame: frame.into(),
        });
    }

    /// Waits for `Closed`.
    pub(crate) fn closed(mut self) -> Vec<HostEvent> {
        let events = self.until("Closed", |event| matches!(event, HostEvent::Closed { .. }));
        self.closed = true;
        events
    }

    /// Whatever has come and not been waited for.
    pub(crate) fn later(&self) -> Vec<HostEvent> {
        let kept = std::mem::take(&mut *self.passed.borrow_mut());
        kept.into_iter().chain(self.events.try_iter()).collect()
    }

    /// The window is not there any more, or never was.
    pub(crate) fn forget(mut self) {
        self.closed = true;
    }

    pub(crate) fn close(self) {
        send(&HostCommand::Close { view: self.id });
        self.closed();
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if !self.closed {
            send(&HostCommand::Close { view: self.id });
            if !std::thread::panicking() {
                self.until("Closed", |event| matches!(event, HostEvent::Closed { .. }));
            }
        }
        HOST.views
            .lock()
            .expect("nobody panics with it")
            .remove(&Some(self.id));
    }
}

/// Looks until `found` finds something; for what the system tells only when asked.
pub(crate) fn poll<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
