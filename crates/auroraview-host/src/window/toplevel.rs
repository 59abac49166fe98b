//! A window of its own, under a window manager.
//!
//! Positions are those of the page area's upper left corner, not of the frame's: static gravity makes what is set what is
//! reported under every window manager, framed or not. Such a window may belong to one of the application: it stays above
//! that, and opens over the middle of it.

use auroraview_host_api::{LogLevel, OpenOptions, Size, WindowChange};
use gtk::glib::Propagation;
use gtk::prelude::*;

use super::{Window, pixels};
use crate::output::log;
use crate::x11;

/// What is fixed when it opens.
pub(super) struct Toplevel {
    resizable: bool,
}

impl Toplevel {
    pub(super) fn new(options: &OpenOptions) -> (gtk::Window, Self) {
        let window = gtk::Window::new(gtk::WindowType::Toplevel);
        let resizable = options.resizable;
        (window, Self { resizable })
    }

    /// All that can be said before it exists.
    pub(super) fn furnish(&self, of: &Window, options: &OpenOptions) {
        let window = &of.window;
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
        self.set_size(of, options.size);
        if let Some(Size { width, height }) = options.min_size.filter(|_| self.resizable) {
            of.page_area.set_size_request(pixels(width), pixels(height));
        }
        window.set_resizable(self.resizable);
        if let Some((x, y)) = options.position {
            window.move_(x, y);
        }
    }

    /// Shows it, unless it is to be opened hidden.
    pub(super) fn open(&self, of: &Window, options: &OpenOptions) {
        if options.maximized {
            of.window.maximize();
        }
        if options.fullscreen {
            of.window.fullscreen();
        }
        if options.visible {
            of.window.show();
        }
    }

    pub(super) fn change(&self, of: &Window, change: WindowChange) {
        let window = &of.window;
        match change {
            WindowChange::Size(size) => self.set_size(of, size),
            WindowChange::Position(x, y) => window.move_(x, y),
            WindowChange::Fullscreen(true) => window.fullscreen(),
            WindowChange::Fullscreen(false) => window.unfullscreen(),
            WindowChange::AlwaysOnTop(on) => window.set_keep_above(on),
            WindowChange::Visible(true) => show(of),
            WindowChange::Visible(false) => window.hide(),
            WindowChange::Minimize => window.iconify(),
            WindowChange::Maximize => window.maximize(),
            WindowChange::Restore if of.reported.minimized.get() => window.deiconify(),
            WindowChange::Restore => window.unmaximize(),
            WindowChange::Focus => {
                show(of);
                window.deiconify();
                window.present();
            }
            WindowChange::TransientFor(owner) => set_transient(of, owner),
            WindowChange::Title(_)
            | WindowChange::GiveFocus(_)
            | WindowChange::Enabled(_)
            | WindowChange::Zoom(_)
            | WindowChange::Inspector => {}
        }
    }

    fn set_size(&self, of: &Window, Size { width, height }: Size) {
        let (width, height) = (pixels(width), pixels(height));
        if !self.resizable {
            // A window that cannot be resized is as large as its content asks to be.
            of.page_area.set_size_request(width, height);
        }
        of.window.set_default_size(width, height);
        of.window.resize(width, height);
    }
}

fn show(of: &Window) {
    if of.window.is_visible() {
        return;
    }
    // GTK forgets where a hidden window was.
    if let Some((x, y)) = of.reported.position.get() {
        of.window.move_(x, y);
    }
    of.window.show();
    of.focus_page();
}

/// Above a window of the application from now on. The window exists.
pub(super) fn set_transient(of: &Window, owner: Option<u64>) {
    if let (Some(display), Some(id)) = (x11::display(), x11::id_of(&of.window)) {
        let owner = owner.and_then(|owner| owner.try_into().ok());
        display.set_transient(id, owner);
    }
}

/// Over the middle of a window of the application, before it is shown.
pub(super) fn center_over(of: &Window, owner: u64, Size { width, height }: Size) {
    let area = owner
        .try_into()
        .ok()
        .and_then(|owner| x11::display()?.area(owner));
    let Some(area) = area else { return };
    // The X server's pixels to logical ones.
    let scale = of.window.scale_factor().max(1);
    let middle =
        |start: i32, length: i32, own: u32| ((start + length / 2) / scale - pixels(own) / 2).max(0);
    let (x, y) = (
        middle(area.x(), area.width(), width),
        middle(area.y(), area.height(), height),
    );
    of.window.move_(x, y);
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
