//! Files and folders, selected by the user.
//!
//! GTK's own dialog, but for its question whether a file may be replaced: GTK asks that in a loop of its own. Patterns of
//! file names do not look at upper and lower case, as people do not.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use auroraview_host_api::{FileDialog, FileFilter, MessageKind};
use gtk::prelude::*;
use gtk::{FileChooserAction, ResponseType, gio, glib};

use super::messages::{Message, Pressed};
use super::{Shown, messages, once, show as show_dialog, translated};
use crate::view::View;

/// What GTK's dialog keeps its settings by; without it GTK ends the process.
const SCHEMA: &str = "org.gtk.Settings.FileChooser";

thread_local! {
    /// The folder that the user was in last.
    static LAST: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// What is selected, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Files that exist.
    Open,
    /// A file that may not exist.
    Save,
    /// Folders that exist.
    Folder,
}

/// What is asked.
pub(crate) struct Files {
    purpose: Purpose,
    options: FileDialog,
    /// One more kind of files, before the others.
    pub(crate) filter: Option<gtk::FileFilter>,
    /// The user may have all files shown.
    pub(crate) any: bool,
}

impl Files {
    pub(crate) fn new(purpose: Purpose, options: FileDialog) -> Self {
        Self {
            purpose,
            options,
            filter: None,
            any: false,
        }
    }
}

/// Shows the dialog. `done` is told once what was selected; nothing when it was dismissed.
///
/// # Errors
/// Where GTK is not installed completely.
pub(crate) fn show(
    view: &Rc<View>,
    files: Files,
    done: impl FnOnce(Vec<PathBuf>) + 'static,
) -> Result<Shown, String> {
    if gio::SettingsSchemaSource::default()
        .and_then(|source| source.lookup(SCHEMA, true))
        .is_none()
    {
        return Err(format!(
            "there is no settings schema {SCHEMA}, without which GTK has no file dialog; install GTK's common files \
             (Debian, Ubuntu: apt install libgtk-3-common) and have XDG_DATA_DIRS name their folder (/usr/share)"
        ));
    }
    let (action, title, accept) = match files.purpose {
        Purpose::Open => (FileChooserAction::Open, "Open File", "_Open"),
        Purpose::Save => (FileChooserAction::Save, "Save File", "_Save"),
        Purpose::Folder => (FileChooserAction::SelectFolder, "Select Folder", "_Select"),
    };
    let options = files.options;
    let title = options.title.unwrap_or_else(|| translated(title).into());
    let chooser = gtk::FileChooserDialog::new(Some(&title), gtk::Window::NONE, action);
    chooser.add_button(&translated("_Cancel"), ResponseType::Cancel);
    chooser.add_button(&translated(accept), ResponseType::Accept);
    chooser.set_default_response(ResponseType::Accept);
    chooser.set_local_only(true);
    chooser.set_select_multiple(options.multiple && files.purpose != Purpose::Save);
    chooser.set_create_folders(files.purpose != Purpose::Open);
    let folder = options.directory.map(PathBuf::from).or_else(|| {
        let last = LAST.with_borrow(Clone::clone);
        last.filter(|folder| folder.is_dir())
    });
    if let Some(folder) = folder.or_else(home) {
        chooser.set_current_folder(&folder);
    }
    if let Some(name) = options.name.filter(|_| files.purpose == Purpose::Save) {
        chooser.set_current_name(&name);
    }
    let filters = files.filter.into_iter();
    for filter in filters.chain(options.filters.iter().map(kind_of_files)) {
        chooser.add_filter(filter);
    }
    if files.any {
        let any = gtk::FileFilter::new();
        any.set_name(Some(&translated("All Files")));
        any.add_pattern("*");
        chooser.add_filter(any);
    }

    let done = Rc::new(once(done));
    let weak = Rc::downgrade(view);
    let purpose = files.purpose;
    let selected = chooser.downgrade();
    Ok(show_dialog(
        view,
        chooser.upcast_ref(),
        None,
        move |dialog, response| {
            let Some(chooser) = selected.upgrade() else {
                return true;
            };
            let paths = match response {
                ResponseType::Accept => chooser.filenames(),
                _ => Vec::new(),
            };
            if response == ResponseType::Accept {
                if paths.is_empty() {
                    return false;
                }
                LAST.set(chooser.current_folder());
            }
            match (weak.upgrade(), paths.first()) {
                (Some(view), Some(path)) if purpose == Purpose::Save && path.exists() => {
                    replace(&view, dialog, path.clone(), done.clone());
                    false
                }
                _ => {
                    done(paths);
                    true
                }
            }
        },
    ))
}

fn home() -> Option<PathBuf> {
    Some(glib::home_dir()).filter(|home| home.is_dir())
}

/// Asks whether a file may be replaced; if not, another may be selected.
fn replace(
    view: &Rc<View>,
    dialog: &gtk::Dialog,
    path: PathBuf,
    done: Rc<impl Fn(Vec<PathBuf>) + 'static>,
) {
    let part = |part: Option<&std::ffi::OsStr>| {
        part.map_or_else(String::new, |part| part.to_string_lossy().into_owned())
    };
    let question = Message {
        title: dialog.title().map(Into::into),
        text: translated("A file named “%s” already exists.  Do you want to replace it?")
            .replace("%s", &part(path.file_name())),
        detail: Some(
            translated(
                "The file already exists in “%s”.  Replacing it will overwrite its contents.",
            )
            .replace("%s", &part(path.parent().and_then(Path::file_name))),
        ),
        kind: Some(MessageKind::Question),
        accept: Some(translated("_Replace").replace('_', "")),
        cancel: Some(None),
        line: None,
        silence: false,
    };
    let chooser = dialog.downgrade();
    messages::show_above(view, Some(dialog), question, move |pressed, _| {
        if pressed == Pressed::Accept {
            done(vec![path]);
            if let Some(chooser) = chooser.upgrade() {
                super::destroy(&chooser);
            }
        }
    });
}

fn kind_of_files(filter: &FileFilter) -> gtk::FileFilter {
    let made = gtk::FileFilter::new();
    made.set_name(Some(&filter.name));
    for pattern in &filter.patterns {
        made.add_pattern(&in_any_case(pattern));
    }
    made
}

/// The pattern with both cases of each letter, unless it has sets of its own.
pub(crate) fn in_any_case(pattern: &str) -> String {
    if pattern.contains(['[', '\\']) {
        return pattern.to_owned();
    }
    let mut both = String::with_capacity(pattern.len() * 4);
    for letter in pattern.chars() {
        let (lower, upper) = (letter.to_lowercase(), letter.to_uppercase());
        if lower.len() == 1 && upper.len() == 1 && !lower.clone().eq(upper.clone()) {
            both.push('[');
            both.extend(lower);
            both.extend(upper);
            both.push(']');
        } else {
            both.push(letter);
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_do_not_look_at_the_case() {
        assert_eq!(in_any_case("*.Pn4"), "*.[pP][nN]4");
        assert_eq!(in_any_case("*.[pq]ng"), "*.[pq]ng");
        assert_eq!(in_any_case("ß?"), "ß?");
    }
}
