//! The C functions of [`auroraview_host_api::abi`]. Nothing unwinds through them.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use auroraview_host_api::abi::{ABI_VERSION, APPLICATION, FAILED, OWN_THREAD, OnError, OnEvent};
use auroraview_host_api::{HostCommand, decode, encode};

use crate::GuiLoop;
use crate::output::panic_text;

static RUNNING: Mutex<Option<GuiLoop>> = Mutex::new(None);

const NOT_A_COMMAND: i32 = 1;
const NOT_RUNNING: i32 = 2;

/// The program's function and its context, on their way to the GUI thread.
struct Receiver {
    on_event: OnEvent,
    context: *mut c_void,
}

// SAFETY: the caller of the start function promises that the context may be used on the GUI thread.
unsafe impl Send for Receiver {}

impl Receiver {
    fn receive(&self, bytes: &[u8]) {
        // SAFETY: the function and its context are valid for the life of the process, as the ABI demands.
        unsafe { (self.on_event)(self.context, bytes.as_ptr(), bytes.len()) }
    }
}

/// See [`auroraview_host_api::abi::VersionFn`].
#[unsafe(no_mangle)]
pub extern "C" fn auroraview_host_abi_version() -> u32 {
    ABI_VERSION
}

/// See [`auroraview_host_api::abi::StartFn`].
///
/// # Safety
/// Both functions must be callable with `context`, `on_event` on any thread and for the life of the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn auroraview_host_start(
    on_event: OnEvent,
    on_error: OnError,
    context: *mut c_void,
) -> i32 {
    let receiver = Receiver { on_event, context };
    let started = catch_unwind(AssertUnwindSafe(|| {
        let gui = GuiLoop::start(move |event| receiver.receive(&encode(&event)))?;
        let driven = if gui.is_in_application() {
            APPLICATION
        } else {
            OWN_THREAD
        };
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(gui);
        Ok::<_, crate::HostError>(driven)
    }));
    let message = match started {
        Ok(Ok(driven)) => return driven,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => format!("bug: {}", panic_text(&*panic)),
    };
    // SAFETY: the caller's function gets the caller's context and a text that outlives the call.
    unsafe { on_error(context, message.as_ptr(), message.len()) };
    FAILED
}

/// See [`auroraview_host_api::abi::SendFn`].
///
/// # Safety
/// `bytes` must point to `length` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn auroraview_host_send(bytes: *const u8, length: usize) -> i32 {
    catch_unwind(|| {
        if bytes.is_null() {
            return NOT_A_COMMAND;
        }
        // SAFETY: the caller lends `length` bytes for this call.
        let bytes = unsafe { std::slice::from_raw_parts(bytes, length) };
        let Ok(command) = decode::<HostCommand>(bytes) else {
            return NOT_A_COMMAND;
        };
        // Not held meanwhile: a command that is obeyed at once has events, which may be answered by commands.
        let running = {
            let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
            running.clone()
        };
        match running {
            Some(gui) => {
                gui.send(command);
                0
            }
            None => NOT_RUNNING,
        }
    })
    .unwrap_or(NOT_A_COMMAND)
}
