//! An application with a window that ours are put into: an X client of its own, that knows nothing of GTK.

use std::ffi::{c_int, c_long};
use std::process::Command;

use x11::xlib;

use super::poll;

pub(crate) struct Application {
    display: *mut xlib::Display,
    /// Its window, under the window manager.
    pub(crate) window: u64,
    /// A part of it, for one of ours.
    pub(crate) container: u64,
}

/// Where a window is in its parent, and how large.
pub(crate) type Area = (i32, i32, u32, u32);

impl Application {
    /// Shows a window with a part at 20, 30 of 400 x 300 pixels.
    pub(crate) fn new() -> Self {
        // SAFETY: a connection of its own, used by this thread alone; all windows are made here.
        let (display, window, container) = unsafe {
            let display = xlib::XOpenDisplay(std::ptr::null());
            assert!(!display.is_null(), "there is a display");
            let root = xlib::XDefaultRootWindow(display);
            let window = xlib::XCreateSimpleWindow(display, root, 0, 0, 500, 400, 0, 0, 0xaa_aaaa);
            let mask = xlib::KeyPressMask | xlib::FocusChangeMask;
            xlib::XSelectInput(display, window, mask);
            let container = xlib::XCreateSimpleWindow(display, window, 20, 30, 400, 300, 0, 0, 0);
            xlib::XMapWindow(display, container);
            xlib::XMapWindow(display, window);
            xlib::XSync(display, xlib::False);
            (display, window, container)
        };
        let application = Self {
            display,
            window,
            container,
        };
        poll("the application's window", || {
            application.is_seen(window).then_some(())
        });
        application
    }

    /// Puts a window into the part of this one, over all of it.
    pub(crate) fn take(&self, window: u64) {
        // SAFETY: as of `new`; the window is there.
        unsafe {
            xlib::XReparentWindow(self.display, window, self.container, 0, 0);
            xlib::XMoveResizeWindow(self.display, window, 5, 7, 300, 200);
            xlib::XMapWindow(self.display, window);
            xlib::XSync(self.display, xlib::False);
        }
        poll("the window in the application", || {
            self.is_seen(window).then_some(())
        });
    }

    fn attributes(&self, window: u64) -> xlib::XWindowAttributes {
        // SAFETY: plain numbers, filled in by a window that is there.
        unsafe {
            let mut attributes = std::mem::zeroed();
            let found = xlib::XGetWindowAttributes(self.display, window, &raw mut attributes);
            assert_ne!(found, 0, "the window is there");
            attributes
        }
    }

    pub(crate) fn is_seen(&self, window: u64) -> bool {
        self.attributes(window).map_state == xlib::IsViewable
    }

    pub(crate) fn area(&self, window: u64) -> Area {
        let found = self.attributes(window);
        let (width, height) = (found.width.unsigned_abs(), found.height.unsigned_abs());
        (found.x, found.y, width, height)
    }

    /// Where a point of a window is on the screen.
    pub(crate) fn on_screen(&self, window: u64, x: i32, y: i32) -> (i32, i32) {
        let (mut on_x, mut on_y, mut child) = (0, 0, 0);
        // SAFETY: all results have room, the window is there.
        unsafe {
            let root = xlib::XDefaultRootWindow(self.display);
            let results = (&raw mut on_x, &raw mut on_y, &raw mut child);
            let (display, (to_x, to_y, to_child)) = (self.display, results);
            xlib::XTranslateCoordinates(display, window, root, x, y, to_x, to_y, to_child);
        }
        (on_x, on_y)
    }

    pub(crate) fn resize(&self, window: u64, width: u32, height: u32) {
        // SAFETY: the window is there.
        unsafe {
            xlib::XResizeWindow(self.display, window, width, height);
            xlib::XSync(self.display, xlib::False);
        }
    }

    /// The window with the keyboard.
    pub(crate) fn focus(&self) -> u64 {
        let (mut window, mut revert) = (0, 0);
        // SAFETY: both results have room.
        unsafe { xlib::XGetInputFocus(self.display, &raw mut window, &raw mut revert) };
        window
    }

    pub(crate) fn take_focus(&self) {
        // SAFETY: the window is shown.
        unsafe {
            let revert = xlib::RevertToParent;
            xlib::XSetInputFocus(self.display, self.window, revert, xlib::CurrentTime);
            xlib::XSync(self.display, xlib::False);
        }
        self.has_focus(self.window);
    }

    pub(crate) fn has_focus(&self, window: u64) {
        poll("the keyboard", || (self.focus() == window).then_some(()));
    }

    /// The key of the next press in this application's window: its X11 code and modifiers.
    pub(crate) fn pressed(&self) -> (u32, u32) {
        poll("a key", || {
            // SAFETY: a union of plain numbers, filled in when an event is there.
            unsafe {
                let mut event: xlib::XEvent = std::mem::zeroed();
                let (mask, event_to) = (xlib::KeyPressMask as c_long, &raw mut event);
                let found: c_int =
                    xlib::XCheckWindowEvent(self.display, self.window, mask, event_to);
                (found != 0).then_some((event.key.keycode, event.key.state))
            }
        })
    }

    pub(crate) fn code_of(&self, name: &std::ffi::CStr) -> u32 {
        // SAFETY: a text that ends, and a number.
        unsafe {
            let symbol = xlib::XStringToKeysym(name.as_ptr());
            xlib::XKeysymToKeycode(self.display, symbol).into()
        }
    }

    /// Ends the part, and what is in it.
    pub(crate) fn destroy_container(&self) {
        // SAFETY: it is there.
        unsafe {
            xlib::XDestroyWindow(self.display, self.container);
            xlib::XSync(self.display, xlib::False);
        }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // SAFETY: it was opened by `new` and is not used any more; its windows go with it.
        unsafe { xlib::XCloseDisplay(self.display) };
    }
}

/// Acts as the user: the words of `xdotool`.
pub(crate) fn user(words: &[&str]) {
    let done = Command::new("xdotool").args(words).status();
    assert!(done.expect("xdotool is installed").success(), "{words:?}");
}

/// Moves the pointer to a point of the screen, and perhaps clicks there.
pub(crate) fn point((x, y): (i32, i32), click: bool) {
    user(&["mousemove", &x.to_string(), &y.to_string()]);
    if click {
        user(&["click", "1"]);
    }
}

/// What `xprop` says of a property.
pub(crate) fn property(window: u64, name: &str) -> String {
    let mut asked = Command::new("xprop");
    asked.args(["-id", &window.to_string(), name]);
    let answer = asked.output().expect("xprop is installed").stdout;
    String::from_utf8_lossy(&answer).trim().to_owned()
}
