//! The messages between the page and its view, over the engine's own connection.

use std::ffi::{CStr, c_char};
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr::null_mut;

use auroraview_lane::Limits;
use glib_sys::GVariant;
use gobject_sys::g_object_unref;

use crate::webkit::*;

/// Page to view: `(u)`, our version; the reply bears the same name: `(ttas)` and one descriptor.
pub(crate) const LANE: &CStr = c"auroraview-lane";
/// View to page: `(as)`; the reply bears the same name.
pub(crate) const ORIGINS: &CStr = c"auroraview-origins";

/// What the view answered.
pub(crate) struct Granted {
    pub(crate) socket: OwnedFd,
    pub(crate) limits: Limits,
    pub(crate) origins: Vec<String>,
}

/// The question for a lane, as a floating reference.
pub(crate) fn question() -> *mut WebKitUserMessage {
    // SAFETY: the name ends with a NUL; the tuple takes the number over, and the message the tuple.
    unsafe {
        let mut version = glib_sys::g_variant_new_uint32(auroraview_lane::VERSION);
        let parameters = glib_sys::g_variant_new_tuple(&raw mut version, 1);
        webkit_user_message_new(LANE.as_ptr(), parameters)
    }
}

/// Reads the answer; `None` when it is none that we know, which says that there is no lane.
///
/// # Safety
/// The message lives.
pub(crate) unsafe fn granted(message: *mut WebKitUserMessage) -> Option<Granted> {
    // SAFETY: the message lives; parameters and list are lent by it. The type is checked before anything is read.
    unsafe {
        if !is_named(message, LANE) {
            return None;
        }
        let parameters = Parameters::of(message, c"(ttas)")?;
        let limits = Limits {
            message_bytes: parameters.number(0)?,
            queue_bytes: parameters.number(1)?,
        };
        let origins = parameters.texts(2);
        let list = webkit_user_message_get_fd_list(message);
        if list.is_null() || gio_sys::g_unix_fd_list_get_length(list) != 1 {
            return None;
        }
        let descriptor = gio_sys::g_unix_fd_list_get(list, 0, null_mut());
        if descriptor < 0 {
            return None;
        }
        Some(Granted {
            // The list keeps its own and gives a copy.
            socket: OwnedFd::from_raw_fd(descriptor),
            limits,
            origins,
        })
    }
}

/// The origins that a message of the view tells; `None` when it tells something else.
///
/// # Safety
/// The message lives.
pub(crate) unsafe fn origins(message: *mut WebKitUserMessage) -> Option<Vec<String>> {
    // SAFETY: as the caller promises; the type is checked before anything is read.
    unsafe {
        if !is_named(message, ORIGINS) {
            return None;
        }
        Some(Parameters::of(message, c"(as)")?.texts(0))
    }
}

/// Says that the origins were heard.
///
/// # Safety
/// The message lives and has not been answered.
pub(crate) unsafe fn acknowledge(message: *mut WebKitUserMessage) {
    // SAFETY: the reply's floating reference is taken over by what it answers.
    unsafe {
        let reply = webkit_user_message_new(ORIGINS.as_ptr(), null_mut());
        webkit_user_message_send_reply(message, reply);
    }
}

/// # Safety
/// The message lives.
unsafe fn is_named(message: *mut WebKitUserMessage, name: &CStr) -> bool {
    // SAFETY: the name is lent by the message.
    unsafe {
        let given = webkit_user_message_get_name(message);
        !given.is_null() && CStr::from_ptr(given) == name
    }
}

/// The parameters of a message, whose type is known.
struct Parameters(*mut GVariant);

impl Parameters {
    /// # Safety
    /// The message lives at least as long.
    unsafe fn of(message: *mut WebKitUserMessage, kind: &CStr) -> Option<Self> {
        // SAFETY: parameters are lent by the message; the type's text is a valid one.
        unsafe {
            let parameters = webkit_user_message_get_parameters(message);
            let kind = kind.as_ptr().cast::<glib_sys::GVariantType>();
            let right = !parameters.is_null()
                && glib_sys::g_variant_is_of_type(parameters, kind) != glib_sys::GFALSE;
            right.then_some(Self(parameters))
        }
    }

    /// The child that is a `t`, as far as it fits.
    fn number(&self, index: usize) -> Option<usize> {
        // SAFETY: there is such a child, and what is got is given back.
        unsafe {
            let child = glib_sys::g_variant_get_child_value(self.0, index);
            let number = glib_sys::g_variant_get_uint64(child);
            glib_sys::g_variant_unref(child);
            usize::try_from(number).ok()
        }
    }

    /// The child that is an `as`.
    fn texts(&self, index: usize) -> Vec<String> {
        // SAFETY: there is such a child of that type; the texts are read before they are given back.
        unsafe {
            let list = glib_sys::g_variant_get_child_value(self.0, index);
            let texts = (0..glib_sys::g_variant_n_children(list)).map(|place| {
                let child = glib_sys::g_variant_get_child_value(list, place);
                let text: *const c_char = glib_sys::g_variant_get_string(child, null_mut());
                let text = CStr::from_ptr(text).to_string_lossy().into_owned();
                glib_sys::g_variant_unref(child);
                text
            });
            let texts = texts.collect();
            glib_sys::g_variant_unref(list);
            texts
        }
    }
}

/// Gives a message back that was ours.
///
/// # Safety
/// The message lives, and one reference to it is the caller's.
pub(crate) unsafe fn unref(message: *mut WebKitUserMessage) {
    // SAFETY: as the caller promises.
    unsafe { g_object_unref(message.cast()) };
}
