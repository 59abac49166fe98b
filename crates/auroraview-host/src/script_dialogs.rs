//! Dialogs that the page's scripts open: `alert`, `confirm`, `prompt`, `print`, and the question before a page with unsaved
//! work is left.
//!
//! The script waits for the user; nothing else does. A page has one such dialog at a time. It closes with its document,
//! and when the program shows another one, which is never asked about. While one is open the window cannot be closed by
//! the user, so where one follows the other the user may end that. `print` waits for nobody: the engine's own way to its
//! dialog runs a loop inside of this one.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use webkit2gtk::{PrintOperation, PrintOperationExt, ScriptDialog, ScriptDialogType, WebViewExt};

use crate::dialogs::{self, Message, Pressed, Shown};
use crate::output::shielded;
use crate::view::View;

/// Sooner after the answer to one, another one follows it.
const SOON: Duration = Duration::from_secs(1);
/// So many may follow each other before the user can have no more of them.
const IN_A_ROW: u32 = 2;

/// A dialog of the page, and how its script goes on without an answer.
type Waiting = (Shown, Box<dyn FnOnce()>);

/// The dialogs that the page of one view has opened.
#[derive(Default)]
pub(crate) struct PageDialogs {
    next: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, Option<Waiting>>>,
    /// When the user answered one last, and how many followed each other until then.
    last: Cell<Option<(Instant, u32)>>,
    /// That of `print`.
    printing: Cell<Option<u64>>,
    /// The user wants no more of this document.
    silent: Cell<bool>,
}

impl PageDialogs {
    /// Closes them.
    pub(crate) fn end(&self) {
        self.silent.set(false);
        for (shown, without) in self.waiting.take().into_values().flatten() {
            shielded((), || shown.close());
            shielded((), without);
        }
    }

    /// A place for a dialog that is going to be shown.
    pub(crate) fn begin(&self) -> u64 {
        let number = self.next.get();
        self.next.set(number + 1);
        self.waiting.borrow_mut().insert(number, None);
        number
    }

    /// It is there.
    pub(crate) fn shown(&self, number: u64, shown: Shown, without: impl FnOnce() + 'static) {
        if let Some(place) = self.waiting.borrow_mut().get_mut(&number) {
            *place = Some((shown, Box::new(without)));
        }
    }

    /// How many dialogs of scripts there were right before this moment.
    fn in_a_row(&self) -> u32 {
        let last = self.last.get();
        last.map_or(
            0,
            |(when, count)| if when.elapsed() < SOON { count } else { 0 },
        )
    }

    /// The user has answered; whether that is the first thing that happened to it.
    pub(crate) fn answered(&self, number: u64) -> bool {
        let found = self.waiting.borrow_mut().remove(&number);
        found.is_some()
    }
}

impl View {
    /// Before the first load.
    pub(crate) fn connect_script_dialogs(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        self.webview.connect_script_dialog(move |_, dialog| {
            let Some(view) = weak.upgrade().filter(|view| !view.closed.get()) else {
                return false;
            };
            // The engine closes what nobody has kept.
            shielded((), || view.script_dialog(dialog));
            true
        });
        let weak = Rc::downgrade(self);
        self.webview.connect_print(move |_, _| {
            if let Some(view) = weak.upgrade().filter(|view| !view.closed.get()) {
                shielded((), || view.print_dialog());
            }
            true
        });
    }

    fn print_dialog(self: &Rc<Self>) {
        let dialogs = &self.page_dialogs;
        let is_open = |number: u64| dialogs.waiting.borrow().contains_key(&number);
        if dialogs.silent.get() || dialogs.printing.get().is_some_and(is_open) {
            return;
        }
        let number = dialogs.begin();
        dialogs.printing.set(Some(number));
        let weak = Rc::downgrade(self);
        let shown = dialogs::show_print(self, move |wanted| {
            let view = weak
                .upgrade()
                .filter(|view| view.page_dialogs.answered(number));
            if let (Some(view), Some((settings, setup))) = (view, wanted) {
                let operation = PrintOperation::new(&view.webview);
                operation.set_print_settings(&settings);
                operation.set_page_setup(&setup);
                // The engine keeps it until it is done.
                operation.print();
            }
        });
        match shown {
            Some(shown) => dialogs.shown(number, shown, || {}),
            None => {
                dialogs.answered(number);
            }
        }
    }

    fn script_dialog(self: &Rc<Self>, dialog: &ScriptDialog) {
        let kind = dialog.dialog_type();
        if kind == ScriptDialogType::BeforeUnloadConfirm && self.navigation.is_ordered() {
            // The program's loads are the program's to ask about; the engine would not tell it of one that the user stopped.
            return dialog.confirm_set_confirmed(true);
        }
        if kind != ScriptDialogType::BeforeUnloadConfirm && self.page_dialogs.silent.get() {
            // Not closed here: inside of the signal the engine does not bear it. It closes what nobody has kept.
            return;
        }
        let before = self.page_dialogs.in_a_row();
        let text: String = dialog.message().map_or_else(String::new, Into::into);
        let message = match kind {
            ScriptDialogType::BeforeUnloadConfirm => Message {
                accept: Some("Leave".into()),
                cancel: Some(Some("Stay".into())),
                ..plain("Leave this page? Changes that were made may not be saved.".into())
            },
            ScriptDialogType::Alert => plain(text),
            ScriptDialogType::Prompt => Message {
                cancel: Some(None),
                line: Some(
                    dialog
                        .prompt_get_default_text()
                        .map_or_else(String::new, Into::into),
                ),
                ..plain(text)
            },
            _ => Message {
                cancel: Some(None),
                ..plain(text)
            },
        };
        let message = Message {
            silence: kind != ScriptDialogType::BeforeUnloadConfirm && before >= IN_A_ROW,
            ..message
        };
        let number = self.page_dialogs.begin();
        let (weak, asked) = (Rc::downgrade(self), dialog.clone());
        let shown = dialogs::show_message(self, message, move |pressed, line| {
            let view = weak
                .upgrade()
                .filter(|view| view.page_dialogs.answered(number));
            let Some(view) = view else { return };
            let dialogs = &view.page_dialogs;
            dialogs.last.set(Some((Instant::now(), before + 1)));
            if pressed == Pressed::Silence {
                dialogs.silent.set(true);
            }
            let accepted = pressed == Pressed::Accept;
            match kind {
                ScriptDialogType::Alert => {}
                ScriptDialogType::Prompt if accepted => asked.prompt_set_text(&line),
                ScriptDialogType::Prompt => {}
                _ => asked.confirm_set_confirmed(accepted),
            }
            asked.close();
        });
        let unanswered = dialog.clone();
        self.page_dialogs.shown(number, shown, move || {
            if kind == ScriptDialogType::BeforeUnloadConfirm {
                unanswered.confirm_set_confirmed(true);
            }
            unanswered.close();
        });
    }
}

fn plain(text: String) -> Message {
    Message {
        title: None,
        text,
        detail: None,
        kind: None,
        accept: None,
        cancel: None,
        line: None,
        silence: false,
    }
}
