//! The page as a PDF file.
//!
//! GTK's printer of files writes it, without a dialog. Whether backgrounds are printed is a setting of the whole view, so
//! files are written one after the other. Each is written under another name and renamed when it is complete.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use auroraview_host_api::{Answer, PdfOptions};
use gtk::{PageSetup, PaperSize, PrintSettings, Unit, glib};
use webkit2gtk::{PrintOperation, PrintOperationExt, SettingsExt, WebViewExt};

use crate::output::shielded;
use crate::questions::Reply;
use crate::requests::next_request;
use crate::view::View;

/// The files of one view that are being written, and wait for it.
#[derive(Default)]
pub(crate) struct Printing {
    turns: RefCell<VecDeque<Turn>>,
}

/// One file; the first in line is being written.
struct Turn {
    options: PdfOptions,
    reply: Reply,
    at_work: Option<Work>,
}

struct Work {
    /// Kept until it is done.
    _operation: PrintOperation,
    unfinished: PathBuf,
    problem: Option<String>,
}

/// Writes the file; answered when it is there.
pub(crate) fn ask(view: &Rc<View>, options: PdfOptions, reply: Reply) {
    if view.crashed.get() {
        return reply.give(Err("the web process died".into()));
    }
    let first = {
        let mut turns = view.printing.turns.borrow_mut();
        turns.push_back(Turn {
            options,
            reply,
            at_work: None,
        });
        turns.len() == 1
    };
    if first {
        view.print_first();
    }
}

impl View {
    fn print_first(self: &Rc<Self>) {
        loop {
            let options = match self.printing.turns.borrow().front() {
                Some(turn) if turn.reply.waits() => Ok(turn.options.clone()),
                Some(_) => Err("nobody waits for it any more".to_owned()),
                None => return,
            };
            match options.and_then(|options| self.print(&options)) {
                Ok(()) => return,
                Err(problem) => {
                    let turn = self.printing.turns.borrow_mut().pop_front();
                    if let Some(turn) = turn {
                        turn.reply.give(Err(problem));
                    }
                }
            }
        }
    }

    /// Begins with the one that is first in line.
    fn print(self: &Rc<Self>, options: &PdfOptions) -> Result<(), String> {
        let unfinished = reserve(Path::new(&options.path))?;
        let address = glib::filename_to_uri(&unfinished, None)
            .map_err(|error| format!("{} is no path: {error}", unfinished.display()))?;
        if let Some(settings) = WebViewExt::settings(&self.webview) {
            settings.set_print_backgrounds(options.background);
        }
        let operation = PrintOperation::new(&self.webview);
        operation.set_print_settings(&settings(&address));
        operation.set_page_setup(&page_setup(options));
        let weak = Rc::downgrade(self);
        operation.connect_failed(move |_, error| {
            if let Some(view) = weak.upgrade() {
                shielded((), || view.printing.failed(error.message()));
            }
        });
        let weak = Rc::downgrade(self);
        operation.connect_finished(move |_| {
            if let Some(view) = weak.upgrade() {
                shielded((), || {
                    view.print_ended();
                    view.print_first();
                });
            }
        });
        if let Some(turn) = self.printing.turns.borrow_mut().front_mut() {
            turn.at_work = Some(Work {
                _operation: operation.clone(),
                unfinished,
                problem: None,
            });
        }
        operation.print();
        Ok(())
    }

    fn print_ended(&self) {
        let turn = self.printing.turns.borrow_mut().pop_front();
        let Some(turn) = turn else { return };
        let Some(work) = turn.at_work else { return };
        let result = match work.problem {
            Some(problem) => Err(problem),
            None => fs::rename(&work.unfinished, &turn.options.path)
                .map(|()| Answer::Done)
                .map_err(|error| format!("{} cannot be written: {error}", turn.options.path)),
        };
        if result.is_err() {
            // It may not be there at all.
            let _ = fs::remove_file(&work.unfinished);
        }
        turn.reply.give(result);
    }

    /// The document is gone, and perhaps the process that draws it.
    pub(crate) fn end_printing(&self, reason: &str) {
        for turn in self.printing.turns.take() {
            if let Some(work) = turn.at_work {
                let _ = fs::remove_file(&work.unfinished);
            }
            turn.reply.give(Err(reason.into()));
        }
    }
}

impl Printing {
    fn failed(&self, problem: &str) {
        let mut turns = self.turns.borrow_mut();
        if let Some(work) = turns.front_mut().and_then(|turn| turn.at_work.as_mut()) {
            work.problem = Some(problem.to_owned());
        }
    }
}

/// A new, empty file beside the one that it will be.
fn reserve(path: &Path) -> Result<PathBuf, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let short: String = name.chars().take(50).collect();
    let number = format!("{}-{}", std::process::id(), next_request());
    let unfinished = path.with_file_name(format!(".{short}.{number}.part"));
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&unfinished)
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    Ok(unfinished)
}

fn settings(address: &str) -> PrintSettings {
    let settings = PrintSettings::new();
    // It is known by its name in the user's language.
    let printer = glib::dgettext(Some("gtk30"), "Print to File");
    settings.set_printer(&printer);
    settings.set("output-uri", Some(address));
    settings.set("output-file-format", Some("pdf"));
    settings
}

fn page_setup(options: &PdfOptions) -> PageSetup {
    let (width, height) = (options.width_mm, options.height_mm);
    let setup = PageSetup::new();
    setup.set_paper_size(&PaperSize::new_custom(
        "page",
        "page",
        width,
        height,
        Unit::Mm,
    ));
    setup.set_top_margin(options.margin_mm, Unit::Mm);
    setup.set_bottom_margin(options.margin_mm, Unit::Mm);
    setup.set_left_margin(options.margin_mm, Unit::Mm);
    setup.set_right_margin(options.margin_mm, Unit::Mm);
    setup
}
