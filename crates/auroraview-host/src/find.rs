//! Searching the page.
//!
//! The engine names no question in its answers, so questions take turns. A search for the same text again goes on from
//! the match that is marked; the engine's own step to the next one would forget the others and not tell how many.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use auroraview_host_api::{Answer, FindOptions};
use webkit2gtk::{FindControllerExt, FindOptions as Flags, WebViewExt};

use crate::output::shielded;
use crate::questions::Reply;
use crate::view::View;

/// The search of one view.
#[derive(Default)]
pub(crate) struct Find {
    /// The first in line is being answered.
    turns: RefCell<VecDeque<(FindOptions, Reply)>>,
}

/// Searches; answered by a count.
pub(crate) fn ask(view: &Rc<View>, options: FindOptions, reply: Reply) {
    if view.crashed.get() {
        return reply.give(Err("the web process died".into()));
    }
    if options.text.contains('\0') {
        return reply.give(Ok(Answer::Count(0)));
    }
    let first = {
        let mut turns = view.find.turns.borrow_mut();
        turns.push_back((options, reply));
        turns.len() == 1
    };
    if first {
        view.find_first();
    }
}

fn flags(options: &FindOptions) -> Flags {
    let mut flags = Flags::NONE;
    flags.set(Flags::CASE_INSENSITIVE, !options.match_case);
    flags.set(Flags::BACKWARDS, options.backwards);
    flags.set(Flags::WRAP_AROUND, options.wrap);
    flags
}

impl View {
    /// Before the first load.
    pub(crate) fn connect_find(self: &Rc<Self>) {
        let Some(controller) = self.webview.find_controller() else {
            return;
        };
        let weak = Rc::downgrade(self);
        let with = move |work: &dyn Fn(&View)| {
            if let Some(view) = weak.upgrade() {
                shielded((), || work(&view));
            }
        };
        let run = with.clone();
        controller.connect_found_text(move |_, count| run(&|view| view.found(count)));
        controller.connect_failed_to_find_text(move |controller| {
            controller.search_finish();
            with(&|view| view.found(0));
        });
    }

    /// Begins with the question that is first in line.
    fn find_first(&self) {
        let Some(controller) = self.webview.find_controller() else {
            return self.end_find("this web engine cannot search");
        };
        loop {
            let options = match self.find.turns.borrow().front() {
                Some((options, _)) => options.clone(),
                None => return,
            };
            if !options.text.is_empty() {
                return controller.search(&options.text, flags(&options).bits(), u32::MAX);
            }
            controller.search_finish();
            self.answer_first(0);
        }
    }

    fn found(&self, count: u32) {
        self.answer_first(count);
        self.find_first();
    }

    fn answer_first(&self, count: u32) {
        let first = self.find.turns.borrow_mut().pop_front();
        if let Some((_, reply)) = first {
            reply.give(Ok(Answer::Count(count)));
        }
    }

    /// The document is gone.
    pub(crate) fn end_find(&self, reason: &str) {
        for (_, reply) in self.find.turns.take() {
            reply.give(Err(reason.into()));
        }
    }
}
