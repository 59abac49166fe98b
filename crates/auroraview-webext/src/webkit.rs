//! What is used of WebKitGTK's interface for web process extensions, version 4.1.
//!
//! Written by hand from its headers: there are no bindings for this side, and these few functions are stable.

use std::ffi::{c_char, c_int, c_void};

use gio_sys::{GAsyncReadyCallback, GAsyncResult, GCancellable, GUnixFDList};
use glib_sys::{GError, GVariant};

use crate::jsc::JSGlobalContextRef;

#[repr(C)]
pub(crate) struct WebKitWebExtension {
    _opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct WebKitWebPage {
    _opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct WebKitFrame {
    _opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct WebKitScriptWorld {
    _opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct WebKitUserMessage {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    pub(crate) fn webkit_script_world_get_default() -> *mut WebKitScriptWorld;

    pub(crate) fn webkit_frame_is_main_frame(frame: *mut WebKitFrame) -> c_int;
    pub(crate) fn webkit_frame_get_uri(frame: *mut WebKitFrame) -> *const c_char;
    // Deprecated in favour of the GLib interface of JavaScriptCore, which has no way to this pointer.
    pub(crate) fn webkit_frame_get_javascript_context_for_script_world(
        frame: *mut WebKitFrame,
        world: *mut WebKitScriptWorld,
    ) -> JSGlobalContextRef;

    pub(crate) fn webkit_web_page_send_message_to_view(
        page: *mut WebKitWebPage,
        message: *mut WebKitUserMessage,
        cancellable: *mut GCancellable,
        callback: GAsyncReadyCallback,
        user_data: *mut c_void,
    );
    pub(crate) fn webkit_web_page_send_message_to_view_finish(
        page: *mut WebKitWebPage,
        result: *mut GAsyncResult,
        error: *mut *mut GError,
    ) -> *mut WebKitUserMessage;

    pub(crate) fn webkit_user_message_new(
        name: *const c_char,
        parameters: *mut GVariant,
    ) -> *mut WebKitUserMessage;
    pub(crate) fn webkit_user_message_get_name(message: *mut WebKitUserMessage) -> *const c_char;
    pub(crate) fn webkit_user_message_get_parameters(
        message: *mut WebKitUserMessage,
    ) -> *mut GVariant;
    pub(crate) fn webkit_user_message_get_fd_list(
        message: *mut WebKitUserMessage,
    ) -> *mut GUnixFDList;
    pub(crate) fn webkit_user_message_send_reply(
        message: *mut WebKitUserMessage,
        reply: *mut WebKitUserMessage,
    );
}
