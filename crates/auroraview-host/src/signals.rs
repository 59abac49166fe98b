//! Handlers of signals that a library has connected before us, and that we take away.

use gtk::glib;
use gtk::glib::translate::IntoGlib;
use gtk::prelude::*;

/// Disconnects all handlers of a signal of an object, whoever connected them; an unknown signal has none.
pub(crate) fn disconnect_all(object: &impl IsA<glib::Object>, signal: &str) {
    let object = object.upcast_ref::<glib::Object>();
    let Some(signal) = glib::subclass::SignalId::lookup(signal, object.type_()) else {
        return;
    };
    let object = object.as_ptr();
    // SAFETY: the object is alive; only the signal's id is compared, and each handler found is disconnected once.
    unsafe {
        loop {
            let handler = glib::gobject_ffi::g_signal_handler_find(
                object,
                glib::gobject_ffi::G_SIGNAL_MATCH_ID,
                signal.into_glib(),
                0,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            );
            if handler == 0 {
                break;
            }
            glib::gobject_ffi::g_signal_handler_disconnect(object, handler);
        }
    }
}
