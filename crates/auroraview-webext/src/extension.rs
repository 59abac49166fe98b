//! What the engine tells: pages that are made, answers of their views, documents that begin.

use std::ffi::{CStr, c_char, c_uint, c_void};
use std::mem::transmute;
use std::ptr::null_mut;

use gio_sys::GAsyncResult;
use glib_sys::{GFALSE, GTRUE, gboolean, gpointer};
use gobject_sys::{GCallback, GObject, g_object_weak_ref, g_signal_connect_data};

use crate::messages;
use crate::native;
use crate::page;
use crate::shield::shielded;
use crate::webkit::*;

/// Connects to everything.
///
/// # Safety
/// On the main thread, with the engine's extension object.
pub(crate) unsafe fn start(extension: *mut WebKitWebExtension) {
    type Created = unsafe extern "C" fn(*mut WebKitWebExtension, *mut WebKitWebPage, gpointer);
    type Cleared = unsafe extern "C" fn(
        *mut WebKitScriptWorld,
        *mut WebKitWebPage,
        *mut WebKitFrame,
        gpointer,
    );
    // SAFETY: both objects live as long as the process, and the handlers are of the types that these signals have.
    unsafe {
        connect(
            extension.cast(),
            c"page-created",
            transmute::<Created, unsafe extern "C" fn()>(page_created),
            null_mut(),
        );
        connect(
            webkit_script_world_get_default().cast(),
            c"window-object-cleared",
            transmute::<Cleared, unsafe extern "C" fn()>(window_object_cleared),
            null_mut(),
        );
    }
}

/// # Safety
/// The object lives, and has that signal with handlers of that type.
unsafe fn connect(
    object: *mut GObject,
    signal: &CStr,
    handler: unsafe extern "C" fn(),
    data: gpointer,
) {
    let handler: GCallback = Some(handler);
    // SAFETY: as the caller promises.
    unsafe { g_signal_connect_data(object, signal.as_ptr(), handler, data, None, 0) };
}

unsafe extern "C" fn page_created(
    _: *mut WebKitWebExtension,
    web_page: *mut WebKitWebPage,
    _: gpointer,
) {
    type Received =
        unsafe extern "C" fn(*mut WebKitWebPage, *mut WebKitUserMessage, gpointer) -> gboolean;
    shielded((), || {
        let Some(number) = page::add(web_page) else {
            return;
        };
        // A number, never followed: the page may be gone when it comes back.
        let data = number as usize as *mut c_void;
        // SAFETY: the page lives; the handlers are of the types asked for and take our number.
        unsafe {
            g_object_weak_ref(web_page.cast(), Some(page_gone), data);
            connect(
                web_page.cast(),
                c"user-message-received",
                transmute::<Received, unsafe extern "C" fn()>(user_message_received),
                data,
            );
            ask(web_page, number);
        }
    });
}

/// Asks the view for a lane; [`answered`] hears of it.
///
/// # Safety
/// The page lives.
unsafe fn ask(web_page: *mut WebKitWebPage, number: c_uint) {
    let data = number as usize as *mut c_void;
    // SAFETY: as the caller promises; the callback takes our number, which is never followed.
    unsafe {
        webkit_web_page_send_message_to_view(
            web_page,
            messages::question(),
            null_mut(),
            Some(answered),
            data,
        );
    }
}

unsafe extern "C" fn page_gone(number: gpointer, _: *mut GObject) {
    shielded((), || page::remove(number as usize as c_uint));
}

/// The view has answered the question for a lane, or there is no answer.
unsafe extern "C" fn answered(source: *mut GObject, result: *mut GAsyncResult, number: gpointer) {
    shielded((), || {
        let mut error = null_mut();
        // SAFETY: as the engine calls it; message and error are ours to give back.
        let granted = unsafe {
            let message =
                webkit_web_page_send_message_to_view_finish(source.cast(), result, &mut error);
            if !error.is_null() {
                glib_sys::g_error_free(error);
            }
            if message.is_null() {
                return;
            }
            let granted = messages::granted(message);
            messages::unref(message);
            granted
        };
        if let (Some(page), Some(granted)) = (page::get(number as usize as c_uint), granted) {
            page.connect(granted);
        }
    });
}

unsafe extern "C" fn user_message_received(
    _: *mut WebKitWebPage,
    message: *mut WebKitUserMessage,
    number: gpointer,
) -> gboolean {
    shielded(GFALSE, || {
        // SAFETY: the message lives during the signal.
        let Some(origins) = (unsafe { messages::origins(message) }) else {
            return GFALSE;
        };
        if let Some(page) = page::get(number as usize as c_uint) {
            page.set_origins(origins);
        }
        // SAFETY: the message lives, and this signal is where it is answered.
        unsafe { messages::acknowledge(message) };
        GTRUE
    })
}

/// A document begins in some frame; none of its scripts has run.
unsafe extern "C" fn window_object_cleared(
    world: *mut WebKitScriptWorld,
    web_page: *mut WebKitWebPage,
    frame: *mut WebKitFrame,
    _: gpointer,
) {
    shielded((), || {
        // SAFETY: the frame lives during the signal.
        if unsafe { webkit_frame_is_main_frame(frame) } == GFALSE {
            return;
        }
        let Some(page) = page::of(web_page) else {
            return;
        };
        page.document_begins();
        if page.connection().is_none() {
            // The engine loses what is asked in a process that it tries a document in, before it shows that one. This
            // answer comes too late for this document; the next one has it.
            // SAFETY: the page lives during the signal.
            unsafe { ask(web_page, page.number) };
        }
        // SAFETY: the address is lent by the frame, which lives.
        let address = unsafe { text(webkit_frame_get_uri(frame)) };
        if !address.is_some_and(|address| page.may_connect(&address)) {
            return;
        }
        // SAFETY: frame and world live, and with them the context during the signal.
        unsafe {
            let context = webkit_frame_get_javascript_context_for_script_world(frame, world);
            if !context.is_null() {
                native::install(&page, context);
            }
        }
    });
}

/// # Safety
/// A text that ends with a NUL, or null.
unsafe fn text(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    Some(
        unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned(),
    )
}
