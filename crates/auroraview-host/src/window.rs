//! The window around the page: a plain `gtk::Window` with a box that the webview fills, and what is reported of it.
//!
//! Sizes are those of the page area in logical pixels. What differs between a window of its own and one inside of a window
//! of the application: [`toplevel`], [`embedded`].

mod closing;
mod embedded;
mod toplevel;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use auroraview_host_api::{HostEvent, OpenOptions, Place, Size, ViewId, WindowChange};
use gtk::gdk::WindowState;
use gtk::glib::Propagation;
use gtk::prelude::*;

use crate::output::{emit, shielded};
use crate::view::View;
use crate::{HostError, x11};

use closing::Closing;
pub(crate) use closing::close_soon;
use embedded::Embedded;
use toplevel::Toplevel;

/// A view's window.
pub(crate) struct Window {
    window: gtk::Window,
    /// Holds the webview and nothing else.
    pub(crate) page_area: gtk::Box,
    kind: Kind,
    /// The program decides whether the user may close.
    pub(crate) watched: Cell<bool>,
    reported: Reported,
    closing: RefCell<Option<Closing>>,
    destroyed: Cell<bool>,
    /// This window and its dialogs, which take input from it and from no other window.
    group: OnceCell<gtk::WindowGroup>,
}

enum Kind {
    Toplevel(Toplevel),
    Embedded(Embedded),
}

/// What was said last, so that nothing is said twice.
#[derive(Default)]
struct Reported {
    shown: Cell<bool>,
    focused: Cell<bool>,
    fullscreen: Cell<bool>,
    minimized: Cell<bool>,
    size: Cell<Option<Size>>,
    position: Cell<Option<(i32, i32)>>,
}

fn pixels(length: u32) -> i32 {
    // X11 knows no larger windows.
    i32::try_from(length.clamp(1, 32_767)).unwrap_or(32_767)
}

impl Window {
    /// A window as the options want it, with nothing in it yet.
    ///
    /// # Errors
    /// For an embedded window without X11.
    pub(crate) fn new(options: &OpenOptions) -> Result<Self, HostError> {
        let (window, kind) = match options.place {
            Place::Toplevel { .. } => {
                let (window, toplevel) = Toplevel::new(options);
                (window, Kind::Toplevel(toplevel))
            }
            Place::Embedded => {
                let (window, embedded) = Embedded::new()?;
                (window, Kind::Embedded(embedded))
            }
        };
        let page_area = gtk::Box::new(gtk::Orientation::Vertical, 0);
        window.add(&page_area);
        // Owned from here on: it is destroyed even when one of the options makes a binding panic.
        let created = Self {
            window,
            page_area,
            kind,
            watched: Cell::new(options.watch_closing),
            reported: Reported::default(),
            closing: RefCell::default(),
            destroyed: Cell::new(false),
            group: OnceCell::new(),
        };
        created.window.set_title(&options.title);
        match &created.kind {
            Kind::Toplevel(toplevel) => toplevel.furnish(&created, options),
            Kind::Embedded(embedded) => embedded.furnish(&created, options),
        }
        Ok(created)
    }

    /// Makes it exist for the window system, with the webview in it. A page has a size and may paint for a screenshot
    /// before anybody sees it.
    pub(crate) fn prepare(&self, options: &OpenOptions) {
        self.page_area.show_all();
        self.window.realize();
        match (&self.kind, options.place) {
            (
                Kind::Toplevel(_),
                Place::Toplevel {
                    transient_for: Some(owner),
                },
            ) => {
                toplevel::set_transient(self, Some(owner));
                if options.position.is_none() {
                    toplevel::center_over(self, owner, options.size);
                }
            }
            (Kind::Toplevel(_), _) => {}
            (Kind::Embedded(embedded), _) => embedded.prepare(self, options),
        }
    }

    /// The window's id on the X server, once it exists; `None` without X11.
    pub(crate) fn native_id(&self) -> Option<u64> {
        x11::id_of(&self.window).map(u64::from)
    }

    /// The text of its title bar.
    pub(crate) fn title(&self) -> String {
        self.window.title().map_or_else(String::new, Into::into)
    }

    /// A dialog of this window, or of another dialog: it stays above that and takes its input.
    pub(crate) fn adopt(&self, dialog: &gtk::Dialog, above: Option<&gtk::Window>) {
        let group = self.group.get_or_init(|| {
            let group = gtk::WindowGroup::new();
            group.add_window(&self.window);
            group
        });
        group.add_window(dialog);
        dialog.set_skip_taskbar_hint(true);
        match (&self.kind, above) {
            (_, Some(above)) => dialog.set_transient_for(Some(above)),
            (Kind::Toplevel(_), None) => dialog.set_transient_for(Some(&self.window)),
            (Kind::Embedded(embedded), None) => embedded.put_above(self, dialog),
        }
    }

    /// Shows the window, unless it is to be opened hidden.
    pub(crate) fn open(&self, view: ViewId, options: &OpenOptions) {
        match &self.kind {
            Kind::Toplevel(toplevel) => toplevel.open(self, options),
            Kind::Embedded(_) => self.report_shown(view, options.visible),
        }
    }

    /// Reports what happens to the window, and closes it when the user wants that.
    pub(crate) fn connect(view: &Rc<View>) {
        closing::connect(view);
        match &view.window.kind {
            Kind::Toplevel(_) => Self::connect_states(view),
            Kind::Embedded(embedded) => embedded.connect(view),
        }
        on(view, |view, report| {
            view.window.window.connect_is_active_notify(move |window| {
                let active = window.is_active();
                report(&|view| view.window.report_focused(view.id, active));
            });
        });
        on(view, |view, report| {
            view.window.page_area.connect_size_allocate(move |_, area| {
                let size = (area.width(), area.height());
                report(&|view| view.window.report_size(view.id, size));
            });
        });
        // It was allocated before, to be there before anybody was told.
        let area = view.window.page_area.allocation();
        view.window
            .report_size(view.id, (area.width(), area.height()));
    }

    /// What a window manager does.
    fn connect_states(view: &Rc<View>) {
        on(view, |view, report| {
            view.window.window.connect_map_event(move |_, _| {
                report(&|view| {
                    // Late, when it was hidden again before it came on the screen.
                    let shown = view.window.window.is_visible();
                    view.window.report_shown(view.id, shown);
                    view.window.look_where(view.id);
                });
                Propagation::Proceed
            });
        });
        on(view, |view, report| {
            view.window.window.connect_hide(move |_| {
                report(&|view| view.window.report_shown(view.id, false));
            });
        });
        on(view, |view, report| {
            view.window.window.connect_configure_event(move |_, event| {
                let position = event.position();
                report(&|view| view.window.report_position(view.id, position));
                false
            });
        });
        on(view, |view, report| {
            view.window
                .window
                .connect_window_state_event(move |_, event| {
                    let state = event.new_window_state();
                    report(&|view| view.window.report_state(view.id, state));
                    Propagation::Proceed
                });
        });
    }

    fn report_shown(&self, view: ViewId, shown: bool) {
        if self.reported.shown.replace(shown) != shown {
            emit(if shown {
                HostEvent::Shown { view }
            } else {
                HostEvent::Hidden { view }
            });
        }
    }

    fn report_focused(&self, view: ViewId, focused: bool) {
        if self.reported.focused.replace(focused) != focused {
            emit(if focused {
                HostEvent::Focused { view }
            } else {
                HostEvent::Blurred { view }
            });
        }
    }

    /// The event's own position: asked again, the X server may not yet know where the window manager has moved it.
    fn report_position(&self, view: ViewId, position: (i32, i32)) {
        if self.reported.position.replace(Some(position)) != Some(position) {
            let (x, y) = position;
            emit(HostEvent::Moved { view, x, y });
        }
    }

    /// Where a window manager put the window while it mapped it; not every one sends an event for that.
    fn look_where(&self, view: ViewId) {
        if let Some(window) = self.window.window() {
            let (_, x, y) = window.origin();
            self.report_position(view, (x, y));
        }
    }

    fn report_size(&self, view: ViewId, (width, height): (i32, i32)) {
        let (Ok(width), Ok(height)) = (width.try_into(), height.try_into()) else {
            return;
        };
        let size = Size { width, height };
        if self.reported.size.replace(Some(size)) != Some(size) {
            emit(HostEvent::Resized { view, size });
        }
    }

    fn report_state(&self, view: ViewId, state: WindowState) {
        self.reported
            .minimized
            .set(state.contains(WindowState::ICONIFIED));
        let on = state.contains(WindowState::FULLSCREEN);
        if self.reported.fullscreen.replace(on) != on {
            emit(HostEvent::Fullscreen { view, on });
        }
    }

    /// Carries out one change.
    pub(crate) fn change(&self, view: ViewId, change: WindowChange) {
        match &change {
            WindowChange::Title(title) => self.window.set_title(title),
            WindowChange::GiveFocus(window) => {
                if let (Some(display), Ok(window)) = (x11::display(), (*window).try_into()) {
                    display.set_focus(window, 0);
                }
            }
            WindowChange::Enabled(enabled) => self.set_enabled(*enabled),
            _ => {}
        }
        match &self.kind {
            Kind::Toplevel(toplevel) => toplevel.change(self, change),
            Kind::Embedded(embedded) => {
                let visible = match change {
                    WindowChange::Visible(visible) => Some(visible),
                    _ => None,
                };
                embedded.change(self, change);
                if let Some(visible) = visible {
                    self.report_shown(view, visible);
                }
            }
        }
    }

    fn set_enabled(&self, enabled: bool) {
        if self.page_area.get_sensitive() == enabled {
            return;
        }
        self.page_area.set_sensitive(enabled);
        if enabled {
            // GTK takes it away from what is not sensitive.
            self.focus_page();
        }
    }

    /// Within the window, the page has the keyboard.
    fn focus_page(&self) {
        if let Some(webview) = self.page_area.children().first() {
            webview.grab_focus();
        }
    }

    /// Nothing is asked or reported any more.
    pub(crate) fn end(&self) {
        drop(self.closing.take());
    }

    /// Removes the window from the screen for good.
    pub(crate) fn destroy(&self) {
        if !self.destroyed.replace(true) {
            // SAFETY: the window is ours; nothing uses it after this but the reference that keeps its memory.
            unsafe { self.window.destroy() };
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // GTK keeps a window that nobody destroys.
        self.destroy();
    }
}

/// Gives `connect` a function that runs a report while the view is open.
fn on(view: &Rc<View>, connect: impl FnOnce(&View, Box<dyn Fn(&dyn Fn(&View))>)) {
    let weak = Rc::downgrade(view);
    let report = move |report: &dyn Fn(&View)| {
        if let Some(view) = weak.upgrade().filter(|view| !view.closed.get()) {
            shielded((), || report(&view));
        }
    };
    connect(view, Box::new(report));
}
