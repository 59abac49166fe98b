//! The page's end of the fast lane, as a library that WebKitGTK loads into each web process.
//!
//! For every page it asks the view for a socket, over the engine's own connection between the two processes, and gives
//! the main frame's documents of allowed origins a native object to send and receive frames with. What the frames say is
//! a matter of the bridge in the page and of the host; here they are texts with attachments. Where anything is amiss no
//! object is given or it says that its lane is lost, and the page goes on in the ordinary way.
//!
//! Everything runs on the web process's main thread. It never waits there but for `callSync`, and for a moment where the
//! host does not read what is sent at once. A crash here would take the page along: callbacks let no
//! panic out, and whatever the host sends is checked by `auroraview-lane`.

mod alert;
mod connection;
mod extension;
mod js;
mod jsc;
mod messages;
mod native;
mod origin;
mod outgoing;
mod page;
mod patience;
mod realm;
mod receiving;
mod shield;
mod sync_call;
mod webkit;

use std::ffi::c_void;

use webkit::WebKitWebExtension;

/// What WebKitGTK calls once, when it has loaded the library.
///
/// # Safety
/// As WebKitGTK calls it: on the main thread, with its extension object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn webkit_web_extension_initialize_with_user_data(
    extension: *mut c_void,
    _data: *const c_void,
) {
    shield::shielded((), || {
        // SAFETY: as the caller promises.
        unsafe { extension::start(extension.cast::<WebKitWebExtension>()) }
    });
}
