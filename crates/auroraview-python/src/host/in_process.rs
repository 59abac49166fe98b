//! The host library: loaded at the first show, so that importing the package needs no WebKitGTK.
//!
//! Commands go in from any thread, events come out on the GUI thread. [`on_event`] never runs Python. Where a loop of the
//! application drives GTK, a command of the GUI thread is obeyed inside of [`send`], and what comes of it is told inside
//! of it: nobody sends with a lock that the handling of an event takes.
//!
//! The windows, and the connections that they are drawn by, stay with this process: one that is forked from it has none,
//! and must not touch them.

use std::collections::HashMap;
use std::ffi::c_void;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, TryLockError, Weak};
use std::time::{Duration, Instant};

use auroraview_host_api::{HostCommand, HostEvent, ViewId, abi, decode, encode};
use libloading::{Library, Symbol};
use pyo3::prelude::*;

use super::{INSTALL, log_line};
use crate::error;
use crate::lock;
use crate::view::{ViewCore, take_descriptor};

struct Host {
    send: abi::SendFn,
    /// A loop of the application drives GTK.
    is_guest: bool,
    /// Where it was started.
    process: u32,
}

impl Host {
    fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }
}

static HOST: OnceLock<Host> = OnceLock::new();
/// The thread on which events come, as `threading.get_ident` has it; 0: none came yet.
static GUI_THREAD: AtomicU64 = AtomicU64::new(0);
static STARTING: Mutex<()> = Mutex::new(());
static VIEWS: Mutex<Option<HashMap<ViewId, Weak<ViewCore>>>> = Mutex::new(None);
static SHUT_DOWN: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

const FORKED: &str = "the windows are those of the process that this one was forked from; open windows in a program that \
    is started anew, as by multiprocessing's \"spawn\"";

/// Loads the host library and makes its GUI loop ready, once. Returns whose loop that is: `own`, on a thread of ours, or
/// `application`. Raises `HostError`.
#[pyfunction]
pub(crate) fn host_start(py: Python<'_>, path: PathBuf) -> PyResult<&'static str> {
    py.detach(|| {
        // While another thread starts, that one may wait for what this one does in its start.
        let first = match STARTING.try_lock() {
            Ok(first) => Some(first),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let host = match HOST.get() {
            Some(host) => host,
            None => match start(&path) {
                Ok(host) => HOST.get_or_init(|| host),
                Err(problem) => {
                    drop(first.is_none().then(|| lock(&STARTING)));
                    HOST.get().ok_or(problem)?
                }
            },
        };
        if !host.is_ours() {
            return Err(FORKED.to_owned());
        }
        Ok(if host.is_guest { "application" } else { "own" })
    })
    .map_err(|text: String| error::host(py, text))
}

/// The thread of the application whose loop drives the windows, as `threading.get_ident` has it: to wait on it for a
/// window would be to wait for ever. `None` where no such loop does; 0 while the thread is not known.
#[pyfunction]
pub(crate) fn host_guest_thread() -> Option<u64> {
    is_guest().then(|| GUI_THREAD.load(Ordering::Relaxed))
}

/// A command may be obeyed while it is sent, which takes its time.
pub(super) fn is_guest() -> bool {
    HOST.get().is_some_and(|host| host.is_guest)
}

fn start(path: &PathBuf) -> Result<Host, String> {
    // SAFETY: the library is ours; its initialisers are those of GTK and WebKitGTK, which may run on any thread.
    let library =
        unsafe { Library::new(path) }.map_err(|problem| missing_library(path, &problem))?;
    // Leaked on purpose: threads, sources and callbacks of the library outlive every owner we could name.
    let library: &'static Library = Box::leak(Box::new(library));
    let find = |problem: libloading::Error| {
        format!(
            "{} is not a host library of this version: {problem}",
            path.display()
        )
    };
    // SAFETY: the symbols are declared with exactly these types in `auroraview_host_api::abi`.
    let (version, start, send) = unsafe {
        let version: Symbol<'_, abi::VersionFn> = library.get(abi::VERSION_SYMBOL).map_err(find)?;
        let start: Symbol<'_, abi::StartFn> = library.get(abi::START_SYMBOL).map_err(find)?;
        let send: Symbol<'_, abi::SendFn> = library.get(abi::SEND_SYMBOL).map_err(find)?;
        (*version, *start, *send)
    };
    // SAFETY: takes nothing and has no conditions.
    let version = unsafe { version() };
    if version != abi::ABI_VERSION {
        return Err(format!(
            "{} speaks version {version} of the host interface, this package version {}; install the package again",
            path.display(),
            abi::ABI_VERSION,
        ));
    }
    let mut problem = String::new();
    let context = (&raw mut problem).cast::<c_void>();
    // SAFETY: the callbacks match their declared types; `context` is only used by `on_error`, before this returns.
    let status = unsafe { start(on_event, on_error, context) };
    if status == abi::FAILED {
        return Err(problem);
    }
    Ok(Host {
        send,
        is_guest: status == abi::APPLICATION,
        process: std::process::id(),
    })
}

fn missing_library(path: &std::path::Path, problem: &libloading::Error) -> String {
    use std::error::Error as _;
    let text = problem
        .source()
        .map_or_else(|| problem.to_string(), ToString::to_string);
    if path.exists() {
        format!("the window library cannot be loaded: {text}. {INSTALL}")
    } else {
        format!(
            "the window library {} is missing; install the package again, or build it with `make`",
            path.display()
        )
    }
}

unsafe extern "C" fn on_error(context: *mut c_void, text: *const u8, length: usize) {
    // SAFETY: `start` passes the address of a live String, and the library lends `length` bytes of text.
    unsafe {
        let bytes = std::slice::from_raw_parts(text, length);
        *context.cast::<String>() = String::from_utf8_lossy(bytes).into_owned();
    }
}

unsafe extern "C" fn on_event(_context: *mut c_void, bytes: *const u8, length: usize) {
    if GUI_THREAD.load(Ordering::Relaxed) == 0 {
        // SAFETY: has no conditions.
        let thread = unsafe { libc::pthread_self() };
        GUI_THREAD.store(thread as u64, Ordering::Relaxed);
    }
    // SAFETY: the library lends `length` bytes for the duration of this call.
    let bytes = unsafe { std::slice::from_raw_parts(bytes, length) };
    let outcome = std::panic::catch_unwind(|| match decode::<HostEvent>(bytes) {
        Ok(event) => dispatch(event),
        Err(problem) => log::error!("{problem}"),
    });
    if outcome.is_err() {
        log::error!("an event of the host could not be handled; this is a bug of auroraview");
    }
}

fn dispatch(event: HostEvent) {
    match event {
        HostEvent::ShutDown => {
            *lock(&SHUT_DOWN.0) = true;
            SHUT_DOWN.1.notify_all();
        }
        HostEvent::Log { level, message } => log_line(level, &message),
        event => {
            let view = event.view().and_then(|id| {
                lock(&VIEWS)
                    .as_ref()
                    .and_then(|views| views.get(&id))
                    .and_then(Weak::upgrade)
            });
            match (view, &event) {
                (Some(view), _) => view.handle(event),
                (None, HostEvent::LaneOffered { descriptor, .. }) => {
                    drop(take_descriptor(*descriptor));
                }
                (None, _) => {}
            }
        }
    }
}

/// Makes a view's events reach it.
pub(crate) fn register(id: ViewId, view: &Arc<ViewCore>) {
    let mut views = lock(&VIEWS);
    let views = views.get_or_insert_default();
    views.retain(|_, view| view.strong_count() > 0);
    views.insert(id, Arc::downgrade(view));
}

/// Sends a command; see the module. `false` when no host runs in this process.
pub(super) fn send(command: &HostCommand) -> bool {
    let Some(host) = HOST.get().filter(|host| host.is_ours()) else {
        return false;
    };
    let bytes = encode(command);
    // SAFETY: the bytes live for the duration of the call.
    unsafe { (host.send)(bytes.as_ptr(), bytes.len()) == 0 }
}

/// Asks for the end of all windows. False when there is no host.
pub(super) fn ask_to_shut_down() -> bool {
    send(&HostCommand::ShutDown)
}

/// Waits until all windows are gone; returns whether they are.
pub(super) fn wait_for_shut_down(deadline: Instant) -> bool {
    let mut done = lock(&SHUT_DOWN.0);
    while !*done {
        let left = deadline.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return false;
        }
        done = SHUT_DOWN
            .1
            .wait_timeout(done, left)
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .0;
    }
    true
}

/// A host that is a function, for tests.
#[cfg(test)]
pub(crate) mod testing {
    use auroraview_host_api::abi::SendFn;

    use super::{HOST, Host, on_event};

    /// Has commands go there, as if a loop of the application drove the windows.
    pub(crate) fn use_host(send: SendFn) {
        HOST.get_or_init(|| Host {
            send,
            is_guest: true,
            process: std::process::id(),
        });
    }

    /// Tells an event, as the host library does.
    pub(crate) fn tell(bytes: &[u8]) {
        // SAFETY: the bytes live for the duration of the call, and the context is not used.
        unsafe { on_event(std::ptr::null_mut(), bytes.as_ptr(), bytes.len()) };
    }
}
