//! What is printed, and where: the dialog of the system's printers.

use std::ffi::c_uint;
use std::rc::Rc;

use gtk::glib::translate::{FromGlib, ToGlibPtr};
use gtk::prelude::*;
use gtk::{PageSetup, PrintSettings, ResponseType, glib};

use super::{Shown, once, show as show_dialog, translated};
use crate::view::View;

/// What the engine does itself where a printer cannot: sets of pages, copies, collating, the reverse order, scaling, more
/// pages on one.
const CAPABILITIES: c_uint = 0b11_0001_1111;

// GTK has it, the bindings have not.
unsafe extern "C" {
    fn gtk_print_unix_dialog_get_type() -> glib::ffi::GType;
    fn gtk_print_unix_dialog_set_manual_capabilities(
        dialog: *mut gtk::ffi::GtkDialog,
        capabilities: c_uint,
    );
}

/// Shows it. `done` is told once what the user wants; nothing when it was dismissed.
pub(crate) fn show(
    view: &Rc<View>,
    done: impl FnOnce(Option<(PrintSettings, PageSetup)>) + 'static,
) -> Option<Shown> {
    // SAFETY: takes nothing and has no conditions, but that GTK is there, which it is.
    let kind = unsafe { glib::Type::from_glib(gtk_print_unix_dialog_get_type()) };
    let dialog = glib::Object::with_type(kind)
        .downcast::<gtk::Dialog>()
        .ok()?;
    dialog.set_title(&translated("Print"));
    dialog.set_property("embed-page-setup", true);
    // SAFETY: the dialog is alive, and of this type.
    unsafe { gtk_print_unix_dialog_set_manual_capabilities(dialog.to_glib_none().0, CAPABILITIES) };
    let done = once(done);
    Some(show_dialog(view, &dialog, None, move |dialog, response| {
        let wanted = (response == ResponseType::Ok).then(|| {
            let settings: Option<PrintSettings> = dialog.property("print-settings");
            let setup: Option<PageSetup> = dialog.property("page-setup");
            settings.zip(setup)
        });
        done(wanted.flatten());
        true
    }))
}
