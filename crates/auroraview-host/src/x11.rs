//! What GTK has no words for: windows of the application by their X11 ids, the X keyboard focus, and X errors.
//!
//! All of it goes through GDK's own connection, on the GUI thread. An X request about a window of somebody else may fail at
//! any time, since that window may be gone; such an error is none of the program's.

use std::cell::OnceCell;
use std::ffi::{c_int, c_uint};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

use ::x11::xlib;
use gdkx11::{X11Display, X11Window};
use gtk::gdk;
use gtk::glib::translate::ToGlibPtr;
use gtk::prelude::*;

type BrokenHandler = unsafe extern "C" fn(*mut xlib::Display) -> c_int;
type ErrorHandler = unsafe extern "C" fn(*mut xlib::Display, *mut xlib::XErrorEvent) -> c_int;

/// A window of anybody on the X server. Ids have 29 bits, whatever Xlib's type is.
pub(crate) type XId = u32;

/// Calls `init`, which sets GTK up, and lets the application's handlers of X errors stay in force for its connections.
///
/// GDK's handlers are for the whole process, and for an error on GDK's connection they end it. Ours lets such an error
/// pass, and hands all others on. GDK's is still in force for moments, while GDK expects errors of its own: a window that
/// is gone must not get as far as that, see [`pass_over_gone_windows`].
pub(crate) fn keeping_error_handlers<T, E>(init: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    // SAFETY: Xlib's handlers are plain function pointers; ours has exactly the type and lives for good.
    let on_errors = unsafe { xlib::XSetErrorHandler(Some(on_error)) };
    *PREVIOUS.lock().unwrap_or_else(PoisonError::into_inner) = on_errors;
    // SAFETY: as above; `None` stands for Xlib's own, which the second call tells.
    let [on_broken, default] = unsafe { [None, None].map(|own| xlib::XSetIOErrorHandler(own)) };
    let is_application = on_broken.map(address) != default.map(address);
    let outcome = init();
    if outcome.is_ok()
        && let Some(display) = display()
    {
        OURS.store(display.raw, Ordering::Release);
        pass_over_gone_windows(display);
    }
    let handler = if outcome.is_ok() {
        Some(on_error as ErrorHandler)
    } else {
        on_errors
    };
    // SAFETY: as above; what is put back was in force a moment ago.
    unsafe {
        xlib::XSetErrorHandler(handler);
        // GDK's ends the process without what Xlib's does on the way out, which is as well on a thread of our own.
        if is_application {
            xlib::XSetIOErrorHandler(on_broken);
        }
    }
    outcome
}

fn address(handler: BrokenHandler) -> usize {
    handler as usize
}

/// GDK's connection, whose errors are let pass.
static OURS: AtomicPtr<xlib::Display> = AtomicPtr::new(std::ptr::null_mut());
/// The application's handler.
static PREVIOUS: Mutex<Option<ErrorHandler>> = Mutex::new(None);

unsafe extern "C" fn on_error(display: *mut xlib::Display, error: *mut xlib::XErrorEvent) -> c_int {
    if display == OURS.load(Ordering::Acquire) {
        return 0;
    }
    let previous = *PREVIOUS.lock().unwrap_or_else(PoisonError::into_inner);
    match previous {
        // SAFETY: Xlib called us with these, and would have called that one.
        Some(previous) => unsafe { previous(display, error) },
        None => 0,
    }
}

/// Has errors about windows that are gone, or hidden when they are to have the keyboard, end on GDK's connection, before
/// any handler of the process.
fn pass_over_gone_windows(display: Display) {
    for code in [xlib::BadWindow, xlib::BadDrawable, xlib::BadMatch] {
        // SAFETY: the connection is open for good; the function has exactly the type and lives as long.
        unsafe { xlib::XESetWireToError(display.raw, c_int::from(code), Some(is_for_handlers)) };
    }
}

unsafe extern "C" fn is_for_handlers(
    _: *mut xlib::Display,
    error: *mut xlib::XErrorEvent,
    _: *mut xlib::xError,
) -> c_int {
    const SET_INPUT_FOCUS: u8 = 42;
    // SAFETY: Xlib lends the error, with all that handlers get to see.
    let error = unsafe { &*error };
    (error.error_code == xlib::BadMatch && error.request_code != SET_INPUT_FOCUS).into()
}

thread_local! {
    /// Never shown; there for good, since its children would go with it. The GUI thread's.
    static NOWHERE: OnceCell<xlib::Window> = const { OnceCell::new() };
}

/// GDK's connection to the X server.
#[derive(Clone, Copy)]
pub(crate) struct Display {
    raw: *mut xlib::Display,
}

/// GDK's connection, when GDK runs on X11.
pub(crate) fn display() -> Option<Display> {
    let display = gdk::Display::default()?.downcast::<X11Display>().ok()?;
    // SAFETY: the display lives as long as the process; GTK closes its default display never.
    let raw = unsafe { gdkx11::ffi::gdk_x11_display_get_xdisplay(display.to_glib_none().0) };
    (!raw.is_null()).then_some(Display { raw })
}

/// The id of a realized window, when GDK runs on X11.
pub(crate) fn id_of(window: &impl IsA<gtk::Widget>) -> Option<XId> {
    let window = window.window()?.downcast::<X11Window>().ok()?;
    XId::try_from(window.xid()).ok()
}

/// The largest of the numbers that stand for no window.
const POINTER_ROOT: XId = 1;

/// A key press or release.
pub(crate) struct Key {
    pub(crate) pressed: bool,
    pub(crate) time: u32,
    /// Modifiers and the keyboard's group, as the X server has them.
    pub(crate) state: u32,
    pub(crate) code: u16,
}

impl Display {
    /// The window that has the keyboard; `None` when none has, or whichever the pointer is in.
    pub(crate) fn focus(self) -> Option<XId> {
        let (mut window, mut revert) = (0, 0);
        // SAFETY: the connection is open for good; both results have room.
        unsafe { xlib::XGetInputFocus(self.raw, &raw mut window, &raw mut revert) };
        XId::try_from(window)
            .ok()
            .filter(|window| *window > POINTER_ROOT)
    }

    /// Gives a window the keyboard; `time` is that of the user's act, 0 for now.
    pub(crate) fn set_focus(self, window: XId, time: u32) {
        // SAFETY: the connection is open for good; a window that is gone or hidden is an X error, which is let pass.
        unsafe {
            xlib::XSetInputFocus(self.raw, window.into(), xlib::RevertToParent, time.into());
            xlib::XFlush(self.raw);
        }
    }

    /// Hands a key to a window as if it had been pressed there.
    pub(crate) fn send_key(self, window: XId, key: &Key) {
        // SAFETY: the connection is open for good.
        let root = unsafe { xlib::XDefaultRootWindow(self.raw) };
        let kind = if key.pressed {
            xlib::KeyPress
        } else {
            xlib::KeyRelease
        };
        let mut event = xlib::XEvent {
            key: xlib::XKeyEvent {
                type_: kind,
                serial: 0,
                send_event: xlib::True,
                display: self.raw,
                window: window.into(),
                root,
                subwindow: 0,
                time: key.time.into(),
                x: 1,
                y: 1,
                x_root: 1,
                y_root: 1,
                state: key.state,
                keycode: key.code.into(),
                same_screen: xlib::True,
            },
        };
        // SAFETY: the event is complete; Xlib copies it. Without a mask it goes to the window's own program.
        unsafe {
            xlib::XSendEvent(
                self.raw,
                window.into(),
                xlib::False,
                xlib::NoEventMask,
                &raw mut event,
            );
            xlib::XFlush(self.raw);
        }
    }

    /// Keeps `window` above `owner`, or above none.
    pub(crate) fn set_transient(self, window: XId, owner: Option<XId>) {
        // SAFETY: the connection is open for good, the window ours.
        unsafe {
            match owner {
                Some(owner) => xlib::XSetTransientForHint(self.raw, window.into(), owner.into()),
                None => xlib::XDeleteProperty(self.raw, window.into(), xlib::XA_WM_TRANSIENT_FOR),
            };
            xlib::XFlush(self.raw);
        }
    }

    /// Where a window is on the screen and how large, in pixels of the X server; `None` when it is gone.
    pub(crate) fn area(self, window: XId) -> Option<gdk::Rectangle> {
        let (mut root, mut child) = (0, 0);
        let (mut x, mut y): (c_int, c_int) = (0, 0);
        let [mut width, mut height, mut border, mut depth]: [c_uint; 4] = [0; 4];
        // SAFETY: the connection is open for good; all results have room. A window that is gone gives 0.
        let found = unsafe {
            xlib::XGetGeometry(
                self.raw,
                window.into(),
                &raw mut root,
                &raw mut x,
                &raw mut y,
                &raw mut width,
                &raw mut height,
                &raw mut border,
                &raw mut depth,
            ) != 0
                && xlib::XTranslateCoordinates(
                    self.raw,
                    window.into(),
                    root,
                    0,
                    0,
                    &raw mut x,
                    &raw mut y,
                    &raw mut child,
                ) != 0
        };
        let (width, height) = (width.try_into().ok()?, height.try_into().ok()?);
        found.then(|| gdk::Rectangle::new(x, y, width, height))
    }

    /// The window around `window` that a window manager knows; without a window manager the outermost one. `None` when
    /// it is that itself, or gone.
    pub(crate) fn top_level_of(self, window: XId) -> Option<XId> {
        let (mut inner, mut found) = (xlib::Window::from(window), None);
        while let Some(outer) = self.parent(inner) {
            found = Some(outer);
            if self.is_managed(outer) {
                break;
            }
            inner = outer;
        }
        found.and_then(|found| found.try_into().ok())
    }

    /// The window that this one is in; `None` when that is the screen.
    fn parent(self, window: xlib::Window) -> Option<xlib::Window> {
        let (mut root, mut parent, mut count) = (0, 0, 0);
        let mut children = std::ptr::null_mut();
        // SAFETY: the connection is open for good; all results have room. The list is Xlib's, and given back.
        let found = unsafe {
            let found = xlib::XQueryTree(
                self.raw,
                window,
                &raw mut root,
                &raw mut parent,
                &raw mut children,
                &raw mut count,
            );
            if !children.is_null() {
                xlib::XFree(children.cast());
            }
            found
        };
        (found != 0 && parent != 0 && parent != root).then_some(parent)
    }

    /// Whether a window manager has taken the window in.
    fn is_managed(self, window: xlib::Window) -> bool {
        let (mut kind, mut format, mut count, mut left) = (0, 0, 0, 0);
        let mut value = std::ptr::null_mut();
        // SAFETY: the connection is open for good; all results have room. The value is Xlib's, and given back.
        unsafe {
            let state = xlib::XInternAtom(self.raw, c"WM_STATE".as_ptr(), xlib::True);
            if state == 0 {
                return false;
            }
            xlib::XGetWindowProperty(
                self.raw,
                window,
                state,
                0,
                1,
                xlib::False,
                xlib::AnyPropertyType as xlib::Atom,
                &raw mut kind,
                &raw mut format,
                &raw mut count,
                &raw mut left,
                &raw mut value,
            );
            if !value.is_null() {
                xlib::XFree(value.cast());
            }
        }
        kind != 0
    }

    /// Makes `window` a child of one that is nowhere to be seen.
    pub(crate) fn put_away(self, window: XId) {
        // SAFETY: the connection is open for good, there is one, and the window is ours.
        unsafe {
            let nowhere = NOWHERE.with(|nowhere| {
                *nowhere.get_or_init(|| {
                    let root = xlib::XDefaultRootWindow(self.raw);
                    xlib::XCreateSimpleWindow(self.raw, root, 0, 0, 1, 1, 0, 0, 0)
                })
            });
            xlib::XReparentWindow(self.raw, window.into(), nowhere, 0, 0);
        }
    }

    /// Shows or hides a window where it is.
    pub(crate) fn set_mapped(self, window: XId, mapped: bool) {
        // SAFETY: the connection is open for good, the window ours.
        unsafe {
            if mapped {
                xlib::XMapWindow(self.raw, window.into());
            } else {
                xlib::XUnmapWindow(self.raw, window.into());
            }
            xlib::XFlush(self.raw);
        }
    }
}
