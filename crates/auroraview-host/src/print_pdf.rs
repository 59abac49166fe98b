//! The page as a PDF file.
//!
//! GTK's printer of files writes it, without a dialog. Whether backgrounds are printed is a setting of the whole view, and
//! the web process dies when it prints two at once, so files are written one after the other: also after one that was given
//! up, which goes on until it is done. Each is written under another name and renamed when it is complete, which is looked
//! at: the engine does not tell when the web process dies over it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use auroraview_host_api::{Answer, PdfOptions};
use gtk::prelude::*;
use gtk::{PageSetup, PaperSize, PrintSettings, Unit, glib};
use webkit2gtk::{PrintOperation, PrintOperationExt, SettingsExt, WebViewExt};

use crate::output::shielded;
use crate::questions::Reply;
use crate::requests::next_request;
use crate::view::View;

/// How long one that was given up may keep others waiting.
const PATIENCE: Duration = Duration::from_secs(60);

/// The files of one view that are being written, and wait for it.
#[derive(Default)]
pub(crate) struct Printing {
    turns: RefCell<VecDeque<Turn>>,
    /// One of a document before, which goes on.
    given_up: RefCell<Option<PrintOperation>>,
}

/// One file; the first in line is being written.
struct Turn {
    options: PdfOptions,
    reply: Reply,
    at_work: Option<Work>,
}

struct Work {
    operation: PrintOperation,
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
        if self.printing.given_up.borrow().is_some() {
            // Its end begins with the first.
            return;
        }
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
        operation.connect_failed(move |operation, error| {
            if let Some(view) = weak.upgrade() {
                shielded((), || view.printing.failed(operation, error.message()));
            }
        });
        let (weak, written) = (Rc::downgrade(self), unfinished.clone());
        operation.connect_finished(move |operation| {
            let view = weak.upgrade();
            shielded((), || {
                if !view
                    .as_ref()
                    .is_some_and(|view| view.print_ended(operation))
                {
                    // It was given up, and went on with its file all the same.
                    let _ = fs::remove_file(&written);
                }
                if let Some(view) = view {
                    view.print_first();
                }
            });
        });
        if let Some(turn) = self.printing.turns.borrow_mut().front_mut() {
            turn.at_work = Some(Work {
                operation: operation.clone(),
                unfinished,
                problem: None,
            });
        }
        operation.print();
        Ok(())
    }

    /// The engine is done with it; whether it was the first in line.
    fn print_ended(&self, operation: &PrintOperation) -> bool {
        self.printing
            .given_up
            .borrow_mut()
            .take_if(|given_up| given_up == operation);
        let turn = self.printing.take_at_work(operation);
        let Some((turn, work)) = turn else {
            return false;
        };
        let result = match work.problem {
            Some(problem) => Err(problem),
            None if !is_complete(&work.unfinished) => {
                Err("the web engine did not write all of it".into())
            }
            None => fs::rename(&work.unfinished, &turn.options.path)
                .map(|()| Answer::Done)
                .map_err(|error| format!("{} cannot be written: {error}", turn.options.path)),
        };
        if result.is_err() {
            // It may not be there at all.
            let _ = fs::remove_file(&work.unfinished);
        }
        turn.reply.give(result);
        true
    }

    /// The document is gone, and perhaps the process that draws it.
    pub(crate) fn end_printing(self: &Rc<Self>, reason: &str) {
        for turn in self.printing.turns.take() {
            if let Some(work) = turn.at_work {
                let _ = fs::remove_file(&work.unfinished);
                self.await_given_up(work.operation);
            }
            turn.reply.give(Err(reason.into()));
        }
        if self.crashed.get() || self.closed.get() {
            drop(self.printing.given_up.take());
        }
    }

    /// The next ones begin when this one has ended, or has ended without a word.
    fn await_given_up(self: &Rc<Self>, operation: PrintOperation) {
        let (weak, awaited) = (Rc::downgrade(self), operation.downgrade());
        *self.printing.given_up.borrow_mut() = Some(operation);
        glib::timeout_add_local_once(PATIENCE, move || {
            let (Some(view), Some(awaited)) = (weak.upgrade(), awaited.upgrade()) else {
                return;
            };
            let still = view
                .printing
                .given_up
                .borrow_mut()
                .take_if(|given_up| *given_up == awaited);
            if still.is_some() {
                shielded((), || view.print_first());
            }
        });
    }
}

impl Printing {
    /// The file that this one writes, if that is the first in line: one of a document before may still go on.
    fn take_at_work(&self, operation: &PrintOperation) -> Option<(Turn, Work)> {
        let mut turns = self.turns.borrow_mut();
        let work = &mut turns.front_mut()?.at_work;
        let work = work.take_if(|work| work.operation == *operation)?;
        Some((turns.pop_front()?, work))
    }

    fn failed(&self, operation: &PrintOperation, problem: &str) {
        let mut turns = self.turns.borrow_mut();
        let work = turns.front_mut().and_then(|turn| turn.at_work.as_mut());
        if let Some(work) = work.filter(|work| work.operation == *operation) {
            work.problem = Some(problem.to_owned());
        }
    }
}

/// Whether the file has the end that a PDF file has.
fn is_complete(path: &Path) -> bool {
    const END: &[u8] = b"%%EOF";
    let read = || {
        let mut file = File::open(path)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(64)))?;
        let mut last = Vec::new();
        file.read_to_end(&mut last)?;
        Ok::<_, std::io::Error>(last)
    };
    read().is_ok_and(|last| last.windows(END.len()).any(|part| part == END))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_end_is_not_complete() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("x.pdf");
        assert!(!is_complete(&path));
        for (text, complete) in [
            ("", false),
            ("%PDF-1.5 and so", false),
            ("x\n%%EOF\n", true),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(is_complete(&path), complete, "{text:?}");
        }
    }
}
