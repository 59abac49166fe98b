//! A window for the inside of one of the application, which takes it by its X11 id.
//!
//! It is a popup, which no window manager touches, and lives in a window that is never shown until the application takes
//! it. From then on the application says where it is, how large, and whether it is seen; GTK must never hide or show it
//! again, since it would move it to where it remembers it. So hiding is between the page and the X server alone.
//!
//! The X keyboard focus is the page's when the user clicks into it. While another window has it, the X server still
//! delivers keys here when the pointer is over the page, for this window is a child of the other: those are handed back.

use std::rc::Rc;

use auroraview_host_api::{HostEvent, OpenOptions, Size, WindowChange};
use gtk::gdk::EventKey;
use gtk::glib::Propagation;
use gtk::prelude::*;

use super::{Window, on, pixels};
use crate::output::emit;
use crate::view::View;
use crate::x11::{self, Display, Key, XId};
use crate::{HostError, keys};

/// What an embedded window needs.
pub(super) struct Embedded {
    display: Display,
}

impl Embedded {
    /// # Errors
    /// Without X11.
    pub(super) fn new() -> Result<(gtk::Window, Self), HostError> {
        let display = x11::display().ok_or(HostError::NotX11)?;
        let window = gtk::Window::new(gtk::WindowType::Popup);
        Ok((window, Self { display }))
    }

    pub(super) fn furnish(&self, of: &Window, options: &OpenOptions) {
        set_size(of, options.size);
    }

    /// Puts it where nobody sees it, and makes GTK show it there.
    pub(super) fn prepare(&self, of: &Window, options: &OpenOptions) {
        if let Some(id) = x11::id_of(&of.window) {
            self.display.put_away(id);
        }
        show_page(of, options.visible);
        of.window.show();
    }

    pub(super) fn change(&self, of: &Window, change: WindowChange) {
        match change {
            WindowChange::Size(size) => set_size(of, size),
            WindowChange::Visible(visible) => self.set_visible(of, visible),
            WindowChange::Focus => {
                if let Some(id) = x11::id_of(&of.window) {
                    self.display.set_focus(id, 0);
                }
                of.focus_page();
            }
            WindowChange::Position(..)
            | WindowChange::Fullscreen(_)
            | WindowChange::AlwaysOnTop(_)
            | WindowChange::Minimize
            | WindowChange::Maximize
            | WindowChange::Restore
            | WindowChange::TransientFor(_)
            | WindowChange::Title(_)
            | WindowChange::GiveFocus(_)
            | WindowChange::Enabled(_)
            | WindowChange::Zoom(_)
            | WindowChange::Inspector => {}
        }
    }

    fn set_visible(&self, of: &Window, visible: bool) {
        show_page(of, visible);
        if let Some(id) = x11::id_of(&of.window) {
            self.display.set_mapped(id, visible);
        }
    }

    /// Has a dialog stay above the window of the application that this one is in, and open over the middle of this one.
    pub(super) fn put_above(&self, of: &Window, dialog: &gtk::Dialog) {
        dialog.set_type_hint(gtk::gdk::WindowTypeHint::Dialog);
        dialog.realize();
        let (Some(own), Some(id)) = (x11::id_of(&of.window), x11::id_of(dialog)) else {
            return;
        };
        self.display
            .set_transient(id, self.display.top_level_of(own));
        if let Some(area) = self.display.area(own) {
            let scale = dialog.scale_factor().max(1);
            let (_, wanted) = dialog.preferred_size();
            let middle = |start: i32, length: i32, size: i32| {
                ((start + length / 2) / scale - size / 2).max(0)
            };
            dialog.move_(
                middle(area.x(), area.width(), wanted.width),
                middle(area.y(), area.height(), wanted.height),
            );
        }
    }

    /// Focus and keys.
    pub(super) fn connect(&self, view: &Rc<View>) {
        let (window, display) = (&view.window.window, self.display);
        window
            .connect_key_press_event(move |window, event| hand_back(display, window, event, true));
        window.connect_key_release_event(move |window, event| {
            hand_back(display, window, event, false)
        });
        window.connect_focus_in_event(move |window, _| {
            // GTK takes the pointer's coming for it; the page would draw a caret.
            match elsewhere(display, window) {
                Some(_) => Propagation::Stop,
                None => Propagation::Proceed,
            }
        });
        let top = window.clone();
        view.webview.connect_button_press_event(move |_, event| {
            if let Some(id) = x11::id_of(&top) {
                display.set_focus(id, event.time());
            }
            Propagation::Proceed
        });
        on(view, |view, report| {
            // The engine brings back what the page did not use, as if it were pressed again.
            view.window
                .page_area
                .connect_key_press_event(move |_, event| {
                    if let Some(stroke) = keys::stroke(event) {
                        report(&|view| {
                            emit(HostEvent::Key {
                                view: view.id,
                                stroke: stroke.clone(),
                            });
                        });
                    }
                    Propagation::Stop
                });
        });
        // Past the last element of the page, or the first: the engine brings the key back too.
        window.connect_focus(|_, direction| match direction {
            gtk::DirectionType::TabForward | gtk::DirectionType::TabBackward => Propagation::Stop,
            _ => Propagation::Proceed,
        });
    }
}

/// Whether the page knows that it is seen. It has a size either way.
fn show_page(of: &Window, visible: bool) {
    for webview in of.page_area.children() {
        webview.set_child_visible(visible);
    }
}

fn set_size(of: &Window, Size { width, height }: Size) {
    let (width, height) = (pixels(width), pixels(height));
    of.window.set_default_size(width, height);
    of.window.resize(width, height);
}

/// The window that has the keyboard, when this one has not.
fn elsewhere(display: Display, window: &gtk::Window) -> Option<XId> {
    let own = x11::id_of(window)?;
    display.focus().filter(|focus| *focus != own)
}

/// Hands a key on to the window that it is for.
fn hand_back(
    display: Display,
    window: &gtk::Window,
    event: &EventKey,
    pressed: bool,
) -> Propagation {
    let Some(focus) = elsewhere(display, window) else {
        return Propagation::Proceed;
    };
    // GDK adds modifiers of its own above those of the X server, and takes the keyboard's group out of them.
    let state = (event.state().bits() & 0x1fff) | (u32::from(event.group() & 3) << 13);
    display.send_key(
        focus,
        &Key {
            pressed,
            time: event.time(),
            state,
            code: event.hardware_keycode(),
        },
    );
    Propagation::Stop
}
