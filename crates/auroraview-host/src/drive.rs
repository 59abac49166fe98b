//! Whose loop drives GTK, decided at the first start, for the life of the process: GTK belongs to the first thread that
//! uses it.
//!
//! GTK's sources live in GLib's default main context, which one thread at a time owns. Where nobody does, a thread of our
//! own takes it and never gives it back. Where the calling thread does (an application whose toolkit runs on GLib, as Qt's
//! often do), GTK is set up there and the application's loop is GTK's too, with no loop of ours. Where another thread does,
//! GTK is set up there by a source, as soon as that thread's loop takes it.
//!
//! An application's loop has more in it than ours: its locale, its signals and its X error handlers stay as they are.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, Once, PoisonError, TryLockError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use auroraview_host_api::HostEvent;
use gtk::glib;

use crate::output::set_sink;
use crate::{HostError, x11};

static STARTED: Mutex<bool> = Mutex::new(false);

/// What another thread waits for, until the one that owns the context gets to it.
static ASKED: Mutex<Option<Asked>> = Mutex::new(None);

type Asked = Box<dyn FnOnce() + Send>;

/// How long the loop of another thread may take to get to us.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the thread of that loop looks whether it is asked, should it want to start too.
const MOMENT: Duration = Duration::from_millis(1);

/// Sets GTK up where it can live. The thread of the application's loop, when it lives in that.
pub(crate) fn start(
    on_event: impl Fn(HostEvent) + Send + 'static,
) -> Result<Option<ThreadId>, HostError> {
    once(|| {
        let context = glib::MainContext::default();
        if context.is_owner() {
            return in_application(on_event).map(Some);
        }
        let Ok(free) = context.acquire() else {
            return in_loop_of_another(on_event).map(Some);
        };
        drop(free);
        on_own_thread(on_event).map(|()| None)
    })
}

/// Sets GTK up on the calling thread, which then has to run the loop.
pub(crate) fn on_this_thread(on_event: impl Fn(HostEvent) + 'static) -> Result<(), HostError> {
    let context = glib::MainContext::default();
    once(|| match context.is_owner() {
        true => Err(HostError::ContextOwned),
        false => begin(&context, on_event),
    })
}

/// Runs `start` unless it has succeeded before.
fn once<T>(start: impl FnOnce() -> Result<T, HostError>) -> Result<T, HostError> {
    let mut started = turn_to_start();
    if *started {
        return Err(HostError::AlreadyRunning);
    }
    avoid_broken_renderer();
    keep_settings_without_bus();
    let driven = start()?;
    *started = true;
    Ok(driven)
}

/// Waits while another thread starts. That one may wait for this thread, which then does what is asked of it.
fn turn_to_start() -> MutexGuard<'static, bool> {
    while glib::MainContext::default().is_owner() {
        match STARTED.try_lock() {
            Ok(started) => return started,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {}
        }
        do_what_is_asked();
        thread::sleep(MOMENT);
    }
    STARTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread of our own that runs the loop for good.
fn on_own_thread(on_event: impl Fn(HostEvent) + Send + 'static) -> Result<(), HostError> {
    let (ready, is_ready) = mpsc::channel();
    thread::Builder::new()
        .name("auroraview-gui".into())
        .spawn(move || {
            let context = glib::MainContext::default();
            let begun = begin(&context, on_event);
            let runs = begun.is_ok();
            // A failure is told when the context is free again, for a second attempt may follow at once.
            let _ = ready.send(begun);
            if runs {
                glib::MainLoop::new(Some(&context), false).run();
            }
        })?;
    is_ready.recv().map_err(|_| HostError::Died)?
}

/// Makes the calling thread that of GTK, which keeps the context from then on.
fn begin(
    context: &glib::MainContext,
    on_event: impl Fn(HostEvent) + 'static,
) -> Result<(), HostError> {
    let _owned = context.acquire().map_err(|_| HostError::ContextOwned)?;
    set_up_gtk()?;
    set_sink(on_event);
    Ok(())
}

/// Sets GTK up in the loop that the calling thread runs, or is going to run.
fn in_application(on_event: impl Fn(HostEvent) + 'static) -> Result<ThreadId, HostError> {
    if std::env::var_os("DISPLAY").is_some() {
        // Its windows can hold ours by their X11 ids, and only by them.
        gtk::gdk::set_allowed_backends("x11");
    }
    set_up_gtk()?;
    set_sink(on_event);
    Ok(thread::current().id())
}

/// Asks the thread that owns the context to do it.
fn in_loop_of_another(
    on_event: impl Fn(HostEvent) + Send + 'static,
) -> Result<ThreadId, HostError> {
    let (ready, is_ready) = mpsc::channel();
    let set_up = move || {
        let outcome = crate::output::shielded(Err(HostError::Died), || in_application(on_event));
        let _ = ready.send(outcome);
    };
    *asked() = Some(Box::new(set_up));
    let take_up = || {
        do_what_is_asked();
        glib::ControlFlow::Break
    };
    glib::idle_source_new(Some("auroraview-start"), glib::Priority::HIGH, take_up)
        .attach(Some(&glib::MainContext::default()));
    match is_ready.recv_timeout(PATIENCE) {
        Ok(outcome) => return outcome,
        Err(RecvTimeoutError::Disconnected) => return Err(HostError::Died),
        Err(RecvTimeoutError::Timeout) => {}
    }
    // Not begun: it is not done any more.
    if asked().take().is_some() {
        return Err(HostError::LoopStands {
            seconds: PATIENCE.as_secs(),
        });
    }
    is_ready.recv().map_err(|_| HostError::Died)?
}

fn asked() -> MutexGuard<'static, Option<Asked>> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does on the thread that owns the context what another one has asked of it.
fn do_what_is_asked() {
    let asked = asked().take();
    if let Some(set_up) = asked {
        set_up();
    }
}

fn set_up_gtk() -> Result<(), HostError> {
    // Without this GTK would set the program's LC_NUMERIC and with it break number parsing in C libraries.
    // Once: after a failed start GTK counts as begun and complains.
    static LOCALE: Once = Once::new();
    LOCALE.call_once(gtk::disable_setlocale);
    x11::keeping_error_handlers(gtk::init).map_err(|_| HostError::NoDisplay {
        found: display_found(),
    })
}

fn display_found() -> String {
    let names = ["DISPLAY", "WAYLAND_DISPLAY"];
    let set: Vec<String> = names
        .iter()
        .filter_map(|name| Some(format!("{name} is {:?}", std::env::var_os(name)?)))
        .collect();
    if set.is_empty() {
        "neither DISPLAY nor WAYLAND_DISPLAY is set".into()
    } else {
        set.join(", ")
    }
}

/// GTK's file dialog keeps its size and the like in the user's settings, over the message bus of the session. Where there
/// is none, each change would fail with a line on stderr, dozens of them for one dialog: there, settings are kept in memory.
fn keep_settings_without_bus() {
    const SWITCH: &str = "GSETTINGS_BACKEND";
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let bus_of_user = std::env::var_os("XDG_RUNTIME_DIR")
        .is_some_and(|folder| Path::new(&folder).join("bus").exists());
    if bus_of_user || is_set("DBUS_SESSION_BUS_ADDRESS") || is_set(SWITCH) {
        return;
    }
    // SAFETY: as sound as `avoid_broken_renderer`. GLib decides once, here, and keeps the object for good; no process that
    // the program starts sees the variable.
    unsafe {
        std::env::set_var(SWITCH, "memory");
        gtk::gio::ffi::g_settings_backend_get_default();
        std::env::remove_var(SWITCH);
    }
}

/// WebKitGTK's DMA-BUF renderer shows nothing without a GPU and with NVIDIA's driver.
fn avoid_broken_renderer() {
    const SWITCH: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    let broken = !Path::new("/dev/dri/renderD128").exists()
        || Path::new("/proc/driver/nvidia/version").exists();
    if broken && std::env::var_os(SWITCH).is_none() {
        // SAFETY: sound as long as no other thread touches the environment through libc at this moment; this runs
        // once, on the thread that opens the program's first window, and WebKit reads the variable from here only.
        unsafe { std::env::set_var(SWITCH, "1") };
    }
}
