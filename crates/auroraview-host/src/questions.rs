//! Questions of the program that take their time, from the command until their one answer.
//!
//! Each is kept in its view's table with what closes it. Whoever is first answers: the user, the engine, the program that
//! gives the question up, or the end of the window. The others find the question gone.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use auroraview_host_api::{Answer, AskError, HostEvent, Question, RequestId, ViewId};

use crate::output::{emit, shielded};
use crate::view::View;
use crate::{clipboard, dialogs, find, print_pdf};

/// Closes what a question has opened.
type Close = Box<dyn FnOnce()>;

/// The questions of one view that have no answer yet.
#[derive(Default)]
pub(crate) struct Questions {
    waiting: RefCell<BTreeMap<RequestId, Option<Close>>>,
}

impl Questions {
    /// The window is gone, and with it every answer.
    pub(crate) fn end(&self, view: ViewId) {
        for (request, close) in self.waiting.take() {
            finish(view, request, close, Err(AskError::Gone));
        }
    }
}

/// Answers a question.
pub(crate) fn answer(view: ViewId, request: RequestId, answer: Result<Answer, AskError>) {
    emit(HostEvent::Answered {
        view,
        request,
        answer,
    });
}

fn finish(view: ViewId, request: RequestId, close: Option<Close>, what: Result<Answer, AskError>) {
    if let Some(close) = close {
        shielded((), close);
    }
    answer(view, request, what);
}

/// The way of one answer. The question ends with the first one given, whichever copy gives it.
#[derive(Clone)]
pub(crate) struct Reply {
    view: std::rc::Weak<View>,
    request: RequestId,
}

impl Reply {
    /// Answers, unless the question has ended. `Err` is a sentence.
    pub(crate) fn give(&self, what: Result<Answer, String>) {
        let Some(view) = self.view.upgrade() else {
            return;
        };
        let found = view.questions.waiting.borrow_mut().remove(&self.request);
        if let Some(close) = found {
            let what = what.map_err(AskError::Failed);
            finish(view.id, self.request, close, what);
        }
    }

    /// Has `close` called when the question ends, however it does; at once when it has ended.
    pub(crate) fn when_ended(&self, close: impl FnOnce() + 'static) {
        let view = self.view.upgrade();
        let mut waiting = view
            .as_ref()
            .map(|view| view.questions.waiting.borrow_mut());
        match waiting.as_mut().and_then(|all| all.get_mut(&self.request)) {
            Some(slot) => *slot = Some(Box::new(close)),
            None => {
                drop(waiting);
                close();
            }
        }
    }

    /// It has no answer yet.
    pub(crate) fn waits(&self) -> bool {
        self.view
            .upgrade()
            .is_some_and(|view| view.questions.waiting.borrow().contains_key(&self.request))
    }
}

impl View {
    /// Takes a question, which is answered later, or at once.
    pub(crate) fn take_question(self: &Rc<Self>, request: RequestId, question: Question) {
        self.questions.waiting.borrow_mut().insert(request, None);
        let reply = Reply {
            view: Rc::downgrade(self),
            request,
        };
        let failed = reply.clone();
        let asked = shielded(false, || {
            match question {
                Question::OpenFile(options) => dialogs::open_file(self, options, reply),
                Question::SaveFile(options) => dialogs::save_file(self, options, reply),
                Question::SelectFolder(options) => dialogs::select_folder(self, options, reply),
                Question::Message(options) => dialogs::message(self, options, reply),
                Question::Confirm(options) => dialogs::confirm(self, options, reply),
                Question::Find(options) => find::ask(self, options, reply),
                Question::PrintPdf(options) => print_pdf::ask(self, options, reply),
                Question::ReadClipboard => clipboard::read(self, reply),
                Question::WriteClipboard(text) => clipboard::write(self, text, reply),
            }
            true
        });
        if !asked {
            failed.give(Err("the question could not be asked".into()));
        }
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn withdraw(&self, request: RequestId) {
        let found = self.questions.waiting.borrow_mut().remove(&request);
        if let Some(close) = found {
            finish(self.id, request, close, Err(AskError::Gone));
        }
    }
}
