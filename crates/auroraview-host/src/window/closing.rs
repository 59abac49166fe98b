//! The end of a window. A user's close is the program's to decide when it watches; a page that does not answer cannot hold
//! it up.

use std::rc::Rc;

use auroraview_host_api::{CLOSING_PATIENCE_SECONDS, HostEvent, RequestId};
use gtk::glib::{self, Propagation};
use gtk::prelude::*;

use super::Window;
use crate::output::{emit, shielded};
use crate::requests::next_request;
use crate::view::View;

/// A close that waits for the program's answer.
pub(super) struct Closing {
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

/// Closes the window when the user or somebody else wants that.
pub(super) fn connect(view: &Rc<View>) {
    let window = &view.window.window;
    let weak = Rc::downgrade(view);
    window.connect_delete_event(move |_, _| {
        if let Some(view) = weak.upgrade() {
            shielded((), || user_closes(&view));
        }
        Propagation::Stop
    });
    // The X window is gone, with one of the application that it was in, say. GTK would destroy the widgets under us.
    let weak = Rc::downgrade(view);
    window.connect_destroy_event(move |_, _| {
        if let Some(view) = weak.upgrade() {
            close_soon(&view);
        }
        Propagation::Stop
    });
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

impl Window {
    /// Whether this was the question that waits; it waits no longer.
    pub(crate) fn answer_closing(&self, request: RequestId) -> bool {
        let mut closing = self.closing.borrow_mut();
        let waits = closing.as_ref().is_some_and(|one| one.request == request);
        if waits {
            closing.take();
        }
        waits
    }
}
