//! `<input type=file>`: the page asks for files, the user selects them.
//!
//! The engine's request does not tell whether folders are wanted, nor which endings of file names are accepted. A script in
//! a world of its own, which the page cannot reach, tells that of the input that was clicked a moment before.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use auroraview_host_api::FileDialog;
use javascriptcore::ValueExt;
use webkit2gtk::{
    FileChooserRequest, FileChooserRequestExt, UserContentInjectedFrames, UserContentManager,
    UserContentManagerExt, UserScript, UserScriptInjectionTime, WebViewExt,
};

use crate::dialogs::{self, Files, Purpose};
use crate::output::{log, shielded};
use crate::view::View;

const WORLD: &str = "auroraview-files";
const HANDLER: &str = "auroraview_file_input";

/// Tells of each file input that is clicked, by the user or by the page.
const SCRIPT: &str = r"
addEventListener('click', (event) => {
    const input = event.composedPath()[0];
    if (input instanceof HTMLInputElement && input.type === 'file') {
        webkit.messageHandlers.auroraview_file_input.postMessage(
            JSON.stringify({ folder: input.webkitdirectory, accept: input.accept.slice(0, 4096) }));
    }
}, true);
";

/// What is known of the input that was clicked last.
#[derive(Default)]
pub(crate) struct FileInputs {
    clicked: RefCell<Option<Clicked>>,
}

#[derive(Default)]
struct Clicked {
    folder: bool,
    accept: String,
}

impl View {
    /// Before the first load.
    pub(crate) fn connect_file_inputs(self: &Rc<Self>) {
        if let Some(manager) = self.webview.user_content_manager() {
            let weak = Rc::downgrade(self);
            manager.connect_script_message_received(Some(HANDLER), move |_, message| {
                let Some(view) = weak.upgrade() else { return };
                shielded((), || {
                    let text = message.js_value().map(|value| value.to_str());
                    *view.file_inputs.clicked.borrow_mut() = text.and_then(|text| read(&text));
                });
            });
            if !manager.register_script_message_handler_in_world(HANDLER, WORLD) {
                log(
                    auroraview_host_api::LogLevel::Error,
                    "bug: no handler for file inputs",
                );
            }
        }
        let weak = Rc::downgrade(self);
        self.webview.connect_run_file_chooser(move |_, request| {
            let Some(view) = weak.upgrade().filter(|view| !view.closed.get()) else {
                return false;
            };
            shielded((), || view.run_file_chooser(request));
            true
        });
    }

    /// Adds the script to those of documents that come from now on.
    pub(crate) fn inject_file_inputs(&self, manager: &UserContentManager) {
        manager.add_script(&UserScript::for_world(
            SCRIPT,
            UserContentInjectedFrames::AllFrames,
            UserScriptInjectionTime::Start,
            WORLD,
            &[],
            &[],
        ));
    }

    fn run_file_chooser(self: &Rc<Self>, request: &FileChooserRequest) {
        let clicked = self.file_inputs.clicked.take().unwrap_or_default();
        let purpose = if clicked.folder {
            Purpose::Folder
        } else {
            Purpose::Open
        };
        let mut files = Files::new(
            purpose,
            FileDialog {
                multiple: request.selects_multiple() && !clicked.folder,
                ..FileDialog::default()
            },
        );
        if !clicked.folder {
            files.filter = filter(request, &clicked.accept);
            files.any = files.filter.is_some();
        }
        let number = self.page_dialogs.begin();
        let (weak, asked) = (Rc::downgrade(self), request.clone());
        let shown = dialogs::show_files(self, files, move |paths| {
            let first = weak
                .upgrade()
                .is_some_and(|view| view.page_dialogs.answered(number));
            if first {
                answer(&asked, &paths);
            }
        });
        match shown {
            Ok(shown) => {
                let unanswered = request.clone();
                self.page_dialogs
                    .shown(number, shown, move || unanswered.cancel());
            }
            Err(problem) => {
                self.page_dialogs.answered(number);
                request.cancel();
                log(auroraview_host_api::LogLevel::Error, problem);
            }
        }
    }
}

fn answer(request: &FileChooserRequest, paths: &[PathBuf]) {
    // The engine takes file names in GLib's encoding of them, which is that of the file system.
    let names: Vec<&str> = paths.iter().filter_map(|path| path.to_str()).collect();
    if names.is_empty() {
        request.cancel();
    } else {
        request.select_files(&names);
    }
}

fn read(text: &str) -> Option<Clicked> {
    let told: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(Clicked {
        folder: told["folder"].as_bool()?,
        accept: told["accept"].as_str()?.to_owned(),
    })
}

/// The files that the page accepts; `None`: all.
fn filter(request: &FileChooserRequest, accept: &str) -> Option<gtk::FileFilter> {
    let mut accepted: Vec<String> = accept
        .split(',')
        .map(|one| one.trim().to_lowercase())
        .filter(|one| !one.is_empty())
        .collect();
    if accepted.is_empty() {
        accepted.extend(request.mime_types().iter().map(|one| one.to_lowercase()));
    }
    if accepted.is_empty() || accepted.iter().any(|one| one == "*/*") {
        return None;
    }
    let made = gtk::FileFilter::new();
    made.set_name(Some(&accepted.join(", ")));
    for one in &accepted {
        match one.strip_prefix('.') {
            Some(ending) => made.add_pattern(&dialogs::in_any_case(&format!("*.{ending}"))),
            None => made.add_mime_type(one),
        }
    }
    Some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_clicked_input_tells_is_read() {
        let clicked = read(r#"{"folder": true, "accept": ".png, image/*"}"#).unwrap();
        assert!(clicked.folder);
        assert_eq!(clicked.accept, ".png, image/*");
        assert!(read("[]").is_none() && read("x").is_none());
    }
}
