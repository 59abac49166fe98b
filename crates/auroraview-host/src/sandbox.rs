//! The engine's sandbox: web processes that see little of the file system, and none of the other processes.
//!
//! A context enters it once, before it has any process; a webview in it counts as one, and the engine ends the program
//! that comes late. wry makes an incognito context and its webview in one step, so the moment between them is the end of
//! the context's construction: the class of contexts gets a `constructed` of ours around the engine's, which does
//! something inside of [`within`] only.

use std::cell::RefCell;
use std::sync::OnceLock;

use gtk::glib::gobject_ffi::{GObject, GObjectClass, g_type_class_ref};
use gtk::glib::translate::Borrowed;
use gtk::glib::translate::from_glib_borrow;
use webkit2gtk::{WebContext, WebContextExt};
use webkit2gtk_sys::{WebKitWebContext, webkit_web_context_get_type};

use crate::output::shielded;

type Constructed = unsafe extern "C" fn(*mut GObject);

/// The engine's own, once ours stands before it.
static ENGINES: OnceLock<Option<Constructed>> = OnceLock::new();

thread_local! {
    /// What contexts that are made now are to see, to read only; `None`: they do not enter.
    static ENTERING: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Runs `make`. All contexts that are made on this thread meanwhile enter the sandbox, where `folders` can be read besides
/// what the engine shows its processes anyway. [`WebContextExt::is_sandbox_enabled`] tells whether they have.
pub(crate) fn within<T>(folders: &[&str], make: impl FnOnce() -> T) -> T {
    ENGINES.get_or_init(|| {
        // SAFETY: the class lives for good once it was asked for. This is the thread that makes contexts and looks at
        // the class while it does; one function stands in for another of the same type, which it calls.
        unsafe {
            let class: *mut GObjectClass = g_type_class_ref(webkit_web_context_get_type()).cast();
            (*class).constructed.replace(constructed)
        }
    });
    let folders = folders.iter().map(|&folder| folder.to_owned()).collect();
    let _entering = Entering(ENTERING.replace(Some(folders)));
    make()
}

/// Holds what was the case before.
struct Entering(Option<Vec<String>>);

impl Drop for Entering {
    fn drop(&mut self) {
        ENTERING.set(self.0.take());
    }
}

unsafe extern "C" fn constructed(object: *mut GObject) {
    if let Some(Some(engines)) = ENGINES.get() {
        // SAFETY: called with what the class calls it with.
        unsafe { engines(object) };
    }
    let Some(folders) = ENTERING.with_borrow(Clone::clone) else {
        return;
    };
    // SAFETY: the class is that of contexts; the object is whole now, and lives during the call.
    let context: Borrowed<WebContext> =
        unsafe { from_glib_borrow(object.cast::<WebKitWebContext>()) };
    shielded((), || {
        for folder in folders {
            context.add_path_to_sandbox(folder, true);
        }
        context.set_sandbox_enabled(true);
    });
}
