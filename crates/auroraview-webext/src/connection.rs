//! A page's end of its lane, in the main loop of the web process.
//!
//! Reading has a higher priority than the engine's own messages: what the host sent on the lane before it spoke to the
//! engine is handled before. After a long turn it steps back behind everything else, but not for long.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::{c_int, c_uint, c_void};
use std::mem::transmute;
use std::os::fd::AsRawFd;
use std::ptr::null_mut;
use std::rc::Rc;

use auroraview_lane::{Lane, Limits};
use glib_sys::{
    G_IO_ERR, G_IO_HUP, G_IO_IN, G_IO_OUT, G_PRIORITY_DEFAULT, G_PRIORITY_DEFAULT_IDLE,
    G_PRIORITY_HIGH, G_SOURCE_CONTINUE, G_SOURCE_REMOVE, GIOCondition, GSource, GSourceFunc,
    gboolean, gpointer,
};

use crate::alert::Alert;
use crate::page;
use crate::receiving::{self, Kept};
use crate::shield::shielded;

/// Before everything that the engine does in its loop.
const FIRST: c_int = G_PRIORITY_HIGH - 50;
/// After input, timers and painting.
const LAST: c_int = G_PRIORITY_DEFAULT_IDLE;
/// How long reading stays behind when the page never rests, in milliseconds.
const STEP_BACK: c_uint = 8;
/// How long shared memory is kept that nothing comes or goes in, in milliseconds.
const QUIET: c_uint = 5000;

/// A lane and its sources.
pub(crate) struct Connection {
    pub(crate) lane: Lane,
    page: u32,
    limits: Limits,
    input: Source,
    output: RefCell<Option<Source>>,
    /// Ends the stepping back.
    pause: RefCell<Option<Source>>,
    /// Looks whether shared memory is still in use.
    quiet: RefCell<Option<Source>>,
    /// How many messages were in it when that was looked at last.
    shared: Cell<u64>,
    kept: RefCell<VecDeque<Kept>>,
    kept_bytes: Cell<usize>,
    calls: Cell<u64>,
    over: Cell<bool>,
    pub(crate) alert: Alert,
    /// The host is waited for when it does not take what is sent at once.
    pub(crate) patient: Cell<bool>,
    /// The loop comes to us, though the socket may be silent.
    woken: Cell<bool>,
    /// The loop is with us, and looks for more before it goes.
    in_turn: Cell<bool>,
}

impl Connection {
    /// Takes the lane into the main loop, for the page of that number.
    pub(crate) fn new(lane: Lane, limits: Limits, page: u32) -> Rc<Self> {
        let input = Source::of_descriptor(
            lane.as_raw_fd(),
            G_IO_IN | G_IO_HUP | G_IO_ERR,
            FIRST,
            readable,
            page,
        );
        Rc::new(Self {
            lane,
            page,
            limits,
            input,
            output: RefCell::default(),
            pause: RefCell::default(),
            quiet: RefCell::default(),
            shared: Cell::new(0),
            kept: RefCell::default(),
            kept_bytes: Cell::new(0),
            calls: Cell::new(0),
            over: Cell::new(false),
            alert: Alert::default(),
            patient: Cell::new(true),
            woken: Cell::new(false),
            in_turn: Cell::new(false),
        })
    }

    pub(crate) fn begin_turn(&self) {
        self.in_turn.set(true);
        self.at_once();
    }

    /// Ends the stepping back.
    fn at_once(&self) {
        if self.pause.take().is_some() {
            self.input.set_priority(FIRST);
        }
    }

    /// Whether there is something to take. Where nothing is, stepping back would only let what comes later overtake.
    pub(crate) fn has_more(&self) -> bool {
        let mut socket = libc::pollfd {
            fd: self.lane.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one descriptor that lives as long as the lane.
        self.over.get()
            || !self.kept.borrow().is_empty()
            || unsafe { libc::poll(&raw mut socket, 1, 0) } != 0
    }

    /// Ends a turn of taking messages; `more` where some may be left.
    pub(crate) fn end_turn(&self, more: bool) {
        self.in_turn.set(false);
        if more {
            self.input.set_priority(LAST);
            self.wake();
            let pause = Source::of_time(STEP_BACK, FIRST, paused, self.page);
            self.pause.replace(Some(pause));
        }
        self.settle();
    }

    /// To be called after the lane was used: sees to it that what waits is sent on as soon as the socket takes it, and
    /// that memory is given back some time later.
    pub(crate) fn settle(&self) {
        self.watch_output();
        let mut quiet = self.quiet.borrow_mut();
        if quiet.is_none() && self.lane.shared() != self.shared.get() {
            *quiet = Some(Source::of_time(
                QUIET,
                G_PRIORITY_DEFAULT,
                quietened,
                self.page,
            ));
        }
    }

    fn watch_output(&self) {
        let waits = self.lane.is_waiting();
        let mut output = self.output.borrow_mut();
        if !waits {
            drop(output.take());
        } else if output.is_none() {
            let source = Source::of_descriptor(
                self.lane.as_raw_fd(),
                G_IO_OUT,
                G_PRIORITY_DEFAULT,
                writable,
                self.page,
            );
            *output = Some(source);
        }
    }

    /// Gives memory back when nothing was in it since the last look; whether to look again.
    fn look_for_quiet(&self) -> bool {
        let shared = self.lane.shared();
        if self.shared.replace(shared) != shared {
            return true;
        }
        self.lane.rest();
        drop(self.quiet.take());
        self.watch_output();
        false
    }

    /// Keeps a message for the loop; `false` when that is more than any host has reason to send meanwhile.
    pub(crate) fn keep(&self, message: Kept) -> bool {
        let bytes = self.kept_bytes.get().saturating_add(message.size());
        let most = self
            .limits
            .message_bytes
            .saturating_mul(2)
            .saturating_add(self.limits.queue_bytes);
        if bytes > most {
            return false;
        }
        self.kept_bytes.set(bytes);
        self.kept.borrow_mut().push_back(message);
        self.wake();
        true
    }

    pub(crate) fn next_kept(&self) -> Option<Kept> {
        let message = self.kept.borrow_mut().pop_front()?;
        self.kept_bytes.set(self.kept_bytes.get() - message.size());
        Some(message)
    }

    /// A number for a synchronous call.
    pub(crate) fn next_call(&self) -> u64 {
        self.calls.set(self.calls.get() + 1);
        self.calls.get()
    }

    /// The lane has ended; the loop tells the page.
    pub(crate) fn set_over(&self) {
        self.over.set(true);
        self.wake();
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// After sending: what waits is sent on as soon as the socket takes it, and an answer may come at once.
    pub(crate) fn sent(&self) {
        if self.alert.sent() && !self.in_turn.get() {
            self.wake();
        }
        self.settle();
    }

    /// Has the loop come to us, though the socket may be silent.
    fn wake(&self) {
        // Each time costs the loop a system call.
        if !self.woken.replace(true) {
            self.input.set_ready();
        }
    }
}

unsafe extern "C" fn readable(_: c_int, _: GIOCondition, page: gpointer) -> gboolean {
    shielded(G_SOURCE_CONTINUE, || {
        let Some(page) = page::get(page as usize as u32) else {
            return G_SOURCE_REMOVE;
        };
        let Some(connection) = page.connection() else {
            return G_SOURCE_REMOVE;
        };
        if connection.woken.replace(false) {
            connection.input.set_unready();
        }
        let guard = Guard(&connection);
        receiving::turn(&page, &connection);
        std::mem::forget(guard);
        G_SOURCE_CONTINUE
    })
}

/// What panics while it takes a message would do so again.
struct Guard<'a>(&'a Connection);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.set_over();
    }
}

unsafe extern "C" fn writable(_: c_int, _: GIOCondition, page: gpointer) -> gboolean {
    shielded(G_SOURCE_REMOVE, || {
        let connection = page::get(page as usize as u32).and_then(|page| page.connection());
        let Some(connection) = connection else {
            return G_SOURCE_REMOVE;
        };
        if connection.lane.flush().is_err() {
            connection.set_over();
        }
        // Drops this source when nothing waits.
        connection.settle();
        G_SOURCE_CONTINUE
    })
}

unsafe extern "C" fn paused(page: gpointer) -> gboolean {
    shielded(G_SOURCE_REMOVE, || {
        let connection = page::get(page as usize as u32).and_then(|page| page.connection());
        if let Some(connection) = connection {
            connection.at_once();
        }
        G_SOURCE_REMOVE
    })
}

unsafe extern "C" fn quietened(page: gpointer) -> gboolean {
    shielded(G_SOURCE_REMOVE, || {
        let connection = page::get(page as usize as u32).and_then(|page| page.connection());
        match connection {
            Some(connection) if connection.look_for_quiet() => G_SOURCE_CONTINUE,
            _ => G_SOURCE_REMOVE,
        }
    })
}

/// A source in the default context; it leaves the loop at the end.
struct Source(*mut GSource);

type OnDescriptor = unsafe extern "C" fn(c_int, GIOCondition, gpointer) -> gboolean;
type OnTime = unsafe extern "C" fn(gpointer) -> gboolean;

impl Source {
    fn of_descriptor(
        descriptor: c_int,
        condition: GIOCondition,
        priority: c_int,
        callback: OnDescriptor,
        page: u32,
    ) -> Self {
        // SAFETY: a source of this kind calls back with exactly these arguments, whatever the setter calls the type.
        unsafe {
            let source = glib_sys::g_unix_fd_source_new(descriptor, condition);
            let callback =
                transmute::<OnDescriptor, unsafe extern "C" fn(gpointer) -> gboolean>(callback);
            Self::attached(source, priority, Some(callback), page)
        }
    }

    fn of_time(milliseconds: c_uint, priority: c_int, callback: OnTime, page: u32) -> Self {
        // SAFETY: the callback is of the type that such sources call.
        unsafe {
            let source = glib_sys::g_timeout_source_new(milliseconds);
            Self::attached(source, priority, Some(callback), page)
        }
    }

    /// # Safety
    /// The source is new, and calls back as that callback is.
    unsafe fn attached(
        source: *mut GSource,
        priority: c_int,
        callback: GSourceFunc,
        page: u32,
    ) -> Self {
        // SAFETY: as the caller promises; the data is a number.
        unsafe {
            let data = page as usize as *mut c_void;
            glib_sys::g_source_set_priority(source, priority);
            glib_sys::g_source_set_callback(source, callback, data, None);
            glib_sys::g_source_attach(source, null_mut());
        }
        Self(source)
    }

    fn set_priority(&self, priority: c_int) {
        // SAFETY: we hold a reference.
        unsafe { glib_sys::g_source_set_priority(self.0, priority) };
    }

    fn set_ready(&self) {
        // SAFETY: we hold a reference.
        unsafe { glib_sys::g_source_set_ready_time(self.0, 0) };
    }

    fn set_unready(&self) {
        // SAFETY: we hold a reference.
        unsafe { glib_sys::g_source_set_ready_time(self.0, -1) };
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // SAFETY: destroying works twice, and from within the callback; the reference is ours.
        unsafe {
            glib_sys::g_source_destroy(self.0);
            glib_sys::g_source_unref(self.0);
        }
    }
}
