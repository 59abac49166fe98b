//! A page's post that waits for its answer: WebKit's script message with reply, owned.
//!
//! A frame for the page travels as the *error* of a reply, and the page's promise rejects with it. A proper reply value
//! would have to be a JavaScript value made in this process, and WebKit 2.50 corrupts its table of strings when such
//! values are made and collected by the thousands: the host application crashes after some ten thousand replies. An
//! error is a plain text all the way. A reply that is dropped unanswered rejects too, so that no promise and no handler
//! in the web process outlives its purpose; the page tells the two apart by the text, see `embedded.ts`.

use std::ffi::{CStr, CString};
use std::ptr::NonNull;

use crate::output::log;
use auroraview_host_api::LogLevel;
use gtk::glib::translate::ToGlibPtr;
use javascriptcore::{Value, ValueExt};
use webkit2gtk::UserContentManager;
use webkit2gtk::glib::prelude::*;
use webkit2gtk_sys::{
    WebKitScriptMessageReply, webkit_script_message_reply_ref,
    webkit_script_message_reply_return_error_message, webkit_script_message_reply_unref,
};

/// One promise of the page that waits.
pub(crate) struct Reply(Option<NonNull<WebKitScriptMessageReply>>);

impl Reply {
    /// Hands the page a frame, or an empty text.
    pub(crate) fn answer(mut self, frame: String) {
        match CString::new(frame) {
            Ok(frame) => self.reject(&frame),
            // JSON text escapes NUL, so this is no frame of ours; dropping the reply tells the page.
            Err(problem) => log(
                LogLevel::Error,
                format!("bug: a frame holds NUL: {problem}"),
            ),
        }
    }

    /// Tells the page that its post was refused.
    pub(crate) fn refuse(mut self, message: &CStr) {
        self.reject(message);
    }

    fn reject(&mut self, message: &CStr) {
        let Some(reply) = self.0.take() else { return };
        // SAFETY: we hold one reference to an unanswered reply and give it back; the text outlives the call.
        unsafe {
            webkit_script_message_reply_return_error_message(reply.as_ptr(), message.as_ptr());
            webkit_script_message_reply_unref(reply.as_ptr());
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.reject(c"the document is gone");
    }
}

/// Calls `handler` with every message that waits for a reply on the handler called `name`.
///
/// The signal has no safe binding: its third argument is a boxed `WebKitScriptMessageReply`.
pub(crate) fn connect(
    manager: &UserContentManager,
    name: &str,
    handler: impl Fn(&Value, Reply) + 'static,
) {
    let signal = format!("script-message-with-reply-received::{name}");
    manager.connect_local(&signal, false, move |arguments| {
        let message = arguments.get(1).and_then(|value| value.get::<Value>().ok());
        let reply = arguments.get(2).and_then(|value| {
            // SAFETY: the signal's third argument is a boxed reply, which the value keeps alive for this call; the
            // reference taken here is given back when the reply is answered.
            NonNull::new(unsafe {
                let boxed = gtk::glib::gobject_ffi::g_value_get_boxed(value.to_glib_none().0);
                webkit_script_message_reply_ref(boxed.cast())
            })
        });
        if let (Some(message), Some(reply)) = (message, reply) {
            let reply = Reply(Some(reply));
            crate::output::shielded((), || handler(&message, reply));
        }
        Some(true.to_value())
    });
}

/// The text of a value when it is a string.
pub(crate) fn string(value: &Value) -> Option<String> {
    if !value.is_string() {
        return None;
    }
    let bytes = value.to_string_as_bytes()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
