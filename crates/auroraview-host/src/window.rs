//! The window around the page: a plain `gtk::Window` with a box that the webview fills.
//!
//! Sizes are those of the page area in logical pixels. Positions are those of the page area's upper left corner too, not
//! of the frame's: static gravity makes what is set what is reported under every window manager, framed or not.
//! A user's close is the program's to decide when it watches; a page that does not answer cannot hold it up.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use auroraview_host_api::{
    CLOSING_PATIENCE_SECONDS, HostEvent, LogLevel, OpenOptions, RequestId, Size, ViewId,
    WindowChange,
};
use gtk::gdk::WindowState;
use gtk::glib::{self, Propagation};
use gtk::prelude::*;

use crate::output::{emit, log, shielded};
use crate::requests::next_request;
use crate::view::View;

/// A view's window.
pub(crate) struct Window {
    window: gtk::Window,
    /// Holds the webview and nothing else.
    pub(crate) page_area: gtk::Box,
    resizable: bool,
    /// The program decides whether the user may close.
    pub(crate) watched: Cell<bool>,
    reported: Reported,
    closing: RefCell<Option<Closing>>,
    destroyed: Cell<bool>,
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

/// A close that waits for the program's answer.
struct Closing {
    request: RequestId,
    timeout: Option<glib::SourceId>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(timeout) = self.timeout.take() {
            timeout.remove();
        }
    }
}

fn pixels(length: u32) -> i32 {
    // X11 knows no larger windows.
    i32::try_from(length.clamp(1, 32_767)).unwrap_or(32_767)
}

impl Window {
    /// A window as the options want it, not shown yet.
    pub(crate) fn new(options: &OpenOptions) -> Self {
        let window = gtk::Window::new(gtk::WindowType::Toplevel);
        let page_area = gtk::Box::new(gtk::Orientation::Vertical, 0);
        window.add(&page_area);
        // Owned from here on: it is destroyed even when one of the options makes a binding panic.
        let created = Self {
            window,
            page_area,
            resizable: options.resizable,
            watched: Cell::new(options.watch_closing),
            reported: Reported::default(),
            closing: RefCell::default(),
            destroyed: Cell::new(false),
        };
        let window = &created.window;
        window.set_title(&options.title);
        window.set_decorated(options.decorations);
        window.set_keep_above(options.always_on_top);
        window.set_gravity(gtk::gdk::Gravity::Static);
        if options.transparent {
            make_transparent(window);
        }
        if let Some(icon) = &options.icon
            && let Err(error) = window.set_icon_from_file(icon)
        {
            log(
                LogLevel::Warning,
                format!("icon {icon:?} cannot be used: {error}"),
            );
        }
        created.set_size(options.size);
        if let Some(Size { width, height }) = options.min_size.filter(|_| options.resizable) {
            created
                .page_area
                .set_size_request(pixels(width), pixels(height));
        }
        created.window.set_resizable(options.resizable);
        if let Some((x, y)) = options.position {
            created.window.move_(x, y);
        }
        created
    }

    /// Shows the window, unless it is to be opened hidden.
    pub(crate) fn open(&self, options: &OpenOptions) {
        if options.maximized {
            self.window.maximize();
        }
        if options.fullscreen {
            self.window.fullscreen();
        }
        self.page_area.show_all();
        if options.visible {
            self.window.show();
        } else {
            // A page has a size and may paint for a screenshot before anybody sees it.
            self.window.realize();
        }
    }

    /// Reports what happens to the window, and closes it when the user wants that.
    pub(crate) fn connect(view: &Rc<View>) {
        let window = &view.window.window;
        let weak = Rc::downgrade(view);
        window.connect_delete_event(move |_, _| {
            if let Some(view) = weak.upgrade() {
                shielded((), || user_closes(&view));
            }
            Propagation::Stop
        });
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
            view.window.window.connect_is_active_notify(move |window| {
                let active = window.is_active();
                report(&|view| view.window.report_focused(view.id, active));
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
            view.window.page_area.connect_size_allocate(move |_, area| {
                let size = (area.width(), area.height());
                report(&|view| view.window.report_size(view.id, size));
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
    pub(crate) fn change(&self, change: WindowChange) {
        let window = &self.window;
        match change {
            WindowChange::Title(title) => window.set_title(&title),
            WindowChange::Size(size) => self.set_size(size),
            WindowChange::Position(x, y) => window.move_(x, y),
            WindowChange::Fullscreen(true) => window.fullscreen(),
            WindowChange::Fullscreen(false) => window.unfullscreen(),
            WindowChange::AlwaysOnTop(on) => window.set_keep_above(on),
            WindowChange::Visible(true) => self.show(),
            WindowChange::Visible(false) => window.hide(),
            WindowChange::Minimize => window.iconify(),
            WindowChange::Maximize => window.maximize(),
            WindowChange::Restore if self.reported.minimized.get() => window.deiconify(),
            WindowChange::Restore => window.unmaximize(),
            WindowChange::Focus => {
                self.show();
                window.deiconify();
                window.present();
            }
            WindowChange::TransientFor(_)
            | WindowChange::GiveFocus(_)
            | WindowChange::Enabled(_)
            | WindowChange::Zoom(_) => {}
        }
    }

    fn show(&self) {
        if self.window.is_visible() {
            return;
        }
        // GTK forgets where a hidden window was.
        if let Some((x, y)) = self.reported.position.get() {
            self.window.move_(x, y);
        }
        self.window.show();
        if let Some(webview) = self.page_area.children().first() {
            webview.grab_focus();
        }
    }

    fn set_size(&self, Size { width, height }: Size) {
        let (width, height) = (pixels(width), pixels(height));
        if !self.resizable {
            // A window that cannot be resized is as large as its content asks to be.
            self.page_area.set_size_request(width, height);
        }
        self.window.set_default_size(width, height);
        self.window.resize(width, height);
    }

    /// Whether this was the question that waits; it waits no longer.
    pub(crate) fn answer_closing(&self, request: RequestId) -> bool {
        let mut closing = self.closing.borrow_mut();
        let waits = closing.as_ref().is_some_and(|one| one.request == request);
        if waits {
            closing.take();
        }
        waits
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

/// The user pressed the close button.
fn user_closes(view: &Rc<View>) {
    let window = &view.window;
    if !window.watched.get() {
        return close_soon(view);
    }
    if window.closing.borrow().is_some() {
        return;
    }
    let request = next_request();
    let weak = Rc::downgrade(view);
    let timeout = glib::timeout_add_seconds_local_once(CLOSING_PATIENCE_SECONDS, move || {
        let Some(view) = weak.upgrade() else { return };
        if let Some(closing) = view.window.closing.borrow_mut().as_mut() {
            // It has fired; removing it again would be an error.
            closing.timeout = None;
        }
        shielded((), || view.close());
    });
    *window.closing.borrow_mut() = Some(Closing {
        request,
        timeout: Some(timeout),
    });
    emit(HostEvent::Closing {
        view: view.id,
        request,
    });
}

/// Closes when the signal of the widget that is going to be destroyed is over.
pub(crate) fn close_soon(view: &Rc<View>) {
    let weak = Rc::downgrade(view);
    glib::idle_add_local_once(move || {
        if let Some(view) = weak.upgrade() {
            shielded((), || view.close());
        }
    });
}

fn make_transparent(window: &gtk::Window) {
    let visual = gtk::prelude::WidgetExt::screen(window).and_then(|screen| screen.rgba_visual());
    window.set_visual(visual.as_ref());
    window.set_app_paintable(true);
    window.connect_draw(|_, painter| {
        painter.set_source_rgba(0.0, 0.0, 0.0, 0.0);
        painter.set_operator(gtk::cairo::Operator::Source);
        // Painting fails only on a surface that is broken already.
        let _ = painter.paint();
        painter.set_operator(gtk::cairo::Operator::Over);
        Propagation::Proceed
    });
}
