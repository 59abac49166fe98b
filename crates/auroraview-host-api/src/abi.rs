//! The C ABI of the host library: three functions.
//!
//! All memory is owned by the caller and only lent for the duration of a call. No function unwinds.

use std::ffi::c_void;

/// Changes whenever a command, an event, the stream or one of these functions does; [`VERSION_SYMBOL`] answers with it.
pub const ABI_VERSION: u32 = 5;

/// Name of the function of type [`VersionFn`].
pub const VERSION_SYMBOL: &[u8] = b"auroraview_host_abi_version\0";
/// Name of the function of type [`StartFn`].
pub const START_SYMBOL: &[u8] = b"auroraview_host_start\0";
/// Name of the function of type [`SendFn`].
pub const SEND_SYMBOL: &[u8] = b"auroraview_host_send\0";

/// Answers [`ABI_VERSION`]. May be called at any time.
pub type VersionFn = unsafe extern "C" fn() -> u32;

/// Receives one encoded [`crate::HostEvent`], on the GUI thread. Must return soon and must not unwind.
pub type OnEvent = unsafe extern "C" fn(context: *mut c_void, bytes: *const u8, length: usize);

/// Receives the text of an error as UTF-8, before the start function returns.
pub type OnError = unsafe extern "C" fn(context: *mut c_void, text: *const u8, length: usize);

/// [`StartFn`]: the loop has a thread of its own. Commands are obeyed there, events come from there.
pub const OWN_THREAD: i32 = 0;
/// [`StartFn`]: a loop of the application drives GTK, that of the calling thread or of another one. A command sent on that
/// thread is obeyed before [`SendFn`] returns, and events come inside of it.
pub const APPLICATION: i32 = 1;
/// [`StartFn`]: no windows here; `on_error` was told why.
pub const FAILED: i32 = -1;

/// Makes the GUI loop ready: on a thread of its own, or, where the application drives GLib's default context already, in
/// that loop. Returns when commands are obeyed.
///
/// Returns [`OWN_THREAD`], [`APPLICATION`], or [`FAILED`] after calling `on_error` once. May be called again after a
/// failure; after a success it must not be. `context` is handed to both functions and must stay valid for the life of the
/// process.
pub type StartFn =
    unsafe extern "C" fn(on_event: OnEvent, on_error: OnError, context: *mut c_void) -> i32;

/// Takes one encoded [`crate::HostCommand`]. Any thread. It is queued, which never blocks; under [`APPLICATION`] a command
/// sent on the GUI thread is obeyed at once, unless one is being obeyed there. Returns 0, or 1 when the bytes were not a command
/// of this version, 2 when the loop does not run.
pub type SendFn = unsafe extern "C" fn(bytes: *const u8, length: usize) -> i32;
