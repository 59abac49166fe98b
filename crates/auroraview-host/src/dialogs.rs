//! Dialogs of a window: to select files, to say something, to ask.
//!
//! None of them runs a loop of its own: it is shown, and what the user does comes as a signal. It is modal to its view's
//! window alone, so other views go on, and several may be open. A window inside of one of the application has no place of
//! its own on the screen: its dialogs belong to the application's window around it.

mod files;
mod messages;
mod print;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use auroraview_host_api::{Answer, FileDialog, MessageDialog};
use gtk::glib;
use gtk::prelude::*;

use crate::output::shielded;
use crate::questions::Reply;
use crate::view::View;

pub(crate) use files::{Files, Purpose, in_any_case, show as show_files};
pub(crate) use messages::{Message, Pressed, show as show_message};
pub(crate) use print::show as show_print;

/// Asks which files to open.
pub(crate) fn open_file(view: &Rc<View>, options: FileDialog, reply: Reply) {
    select(view, Purpose::Open, options, reply);
}

/// Asks where to save a file.
pub(crate) fn save_file(view: &Rc<View>, options: FileDialog, reply: Reply) {
    select(view, Purpose::Save, options, reply);
}

/// Asks which folders to take.
pub(crate) fn select_folder(view: &Rc<View>, options: FileDialog, reply: Reply) {
    select(view, Purpose::Folder, options, reply);
}

/// Says something.
pub(crate) fn message(view: &Rc<View>, options: MessageDialog, reply: Reply) {
    say(view, Message::new(options, false), reply);
}

/// Asks whether the user agrees.
pub(crate) fn confirm(view: &Rc<View>, options: MessageDialog, reply: Reply) {
    say(view, Message::new(options, true), reply);
}

fn select(view: &Rc<View>, purpose: Purpose, options: FileDialog, reply: Reply) {
    let done = reply.clone();
    let shown = files::show(view, Files::new(purpose, options), move |paths| {
        done.give(texts(paths).map(Answer::Paths));
    });
    match shown {
        Ok(shown) => reply.when_ended(move || shown.close()),
        Err(problem) => reply.give(Err(problem)),
    }
}

fn say(view: &Rc<View>, message: Message, reply: Reply) {
    let done = reply.clone();
    let shown = messages::show(view, message, move |pressed, _| {
        done.give(Ok(Answer::Choice(pressed == Pressed::Accept)));
    });
    reply.when_ended(move || shown.close());
}

fn texts(paths: Vec<PathBuf>) -> Result<Vec<String>, String> {
    let text = |path: PathBuf| {
        path.into_os_string()
            .into_string()
            .map_err(|path| format!("the name of {} is no UTF-8", path.to_string_lossy()))
    };
    paths.into_iter().map(text).collect()
}

/// A dialog on the screen. It stays there when this is dropped.
pub(crate) struct Shown(glib::WeakRef<gtk::Dialog>);

impl Shown {
    /// Takes it from the screen; who waits for what the user does is not told. Does nothing when it is gone.
    pub(crate) fn close(&self) {
        if let Some(dialog) = self.0.upgrade() {
            destroy(&dialog);
        }
    }
}

fn destroy(dialog: &gtk::Dialog) {
    // SAFETY: the dialog is ours; nothing uses it after this but references that keep its memory.
    unsafe { dialog.destroy() };
}

/// Shows a dialog that is complete, above the window of the view or, for one about a dialog, above that. `done` is called
/// once with what the user did, unless the dialog is closed before; it returns whether the dialog closes.
fn show(
    view: &Rc<View>,
    dialog: &gtk::Dialog,
    above: Option<&gtk::Dialog>,
    done: impl Fn(&gtk::Dialog, gtk::ResponseType) -> bool + 'static,
) -> Shown {
    dialog.set_modal(true);
    dialog.set_destroy_with_parent(above.is_some());
    view.window.adopt(dialog, above.map(AsRef::as_ref));
    dialog.connect_response(move |dialog, response| {
        shielded((), || {
            if done(dialog, response) {
                destroy(dialog);
            }
        });
    });
    dialog.show();
    // It has the keyboard, also when the user did something else last.
    dialog.present_with_time(gtk::current_event_time());
    Shown(dialog.downgrade())
}

/// For a function that is called once by one that may be called again.
fn once<T>(function: impl FnOnce(T) + 'static) -> impl Fn(T) + 'static {
    let function = RefCell::new(Some(function));
    move |value| {
        let taken = function.borrow_mut().take();
        if let Some(function) = taken {
            function(value);
        }
    }
}

/// A text of GTK's own in the language of the program.
fn translated(text: &str) -> glib::GString {
    glib::dgettext(Some("gtk30"), text)
}
