//! Searching the page.
//!
//! The engine does one thing at a time and names no question in its answers, so questions take turns. It counts before it
//! searches: a step to the next match alone is not told how many there are.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use auroraview_host_api::{Answer, FindOptions};
use webkit2gtk::{FindController, FindControllerExt, FindOptions as Flags, WebViewExt};

use crate::output::shielded;
use crate::questions::Reply;
use crate::view::View;

/// The search of one view.
#[derive(Default)]
pub(crate) struct Find {
    turns: RefCell<VecDeque<Turn>>,
    /// What is highlighted, and whether its case counts.
    shown: RefCell<Option<(String, bool)>>,
}

/// One question; the first in line is being answered.
struct Turn {
    options: FindOptions,
    reply: Reply,
    count: u32,
}

/// Searches; answered by a count.
pub(crate) fn ask(view: &Rc<View>, options: FindOptions, reply: Reply) {
    if view.crashed.get() {
        return reply.give(Err("the web process died".into()));
    }
    if options.text.contains('\0') {
        return reply.give(Ok(Answer::Count(0)));
    }
    let turn = Turn {
        options,
        reply,
        count: 0,
    };
    let first = {
        let mut turns = view.find.turns.borrow_mut();
        turns.push_back(turn);
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
        controller.connect_counted_matches(move |controller, count| {
            run(&|view| view.matches_counted(controller, count));
        });
        let run = with.clone();
        controller.connect_found_text(move |_, _| run(&|view| view.match_shown(true)));
        controller.connect_failed_to_find_text(move |_| with(&|view| view.match_shown(false)));
    }

    /// Begins with the question that is first in line.
    fn find_first(&self) {
        let Some(controller) = self.webview.find_controller() else {
            return self.end_find("this web engine cannot search");
        };
        loop {
            let options = match self.find.turns.borrow().front() {
                Some(turn) => turn.options.clone(),
                None => return,
            };
            if !options.text.is_empty() {
                let all = flags(&options) - Flags::BACKWARDS;
                return controller.count_matches(&options.text, all.bits(), u32::MAX);
            }
            self.show_none(&controller);
            let turn = self.find.turns.borrow_mut().pop_front();
            if let Some(turn) = turn {
                turn.reply.give(Ok(Answer::Count(0)));
            }
        }
    }

    fn show_none(&self, controller: &FindController) {
        controller.search_finish();
        self.find.shown.take();
    }

    fn matches_counted(&self, controller: &FindController, count: u32) {
        let options = {
            let mut turns = self.find.turns.borrow_mut();
            let Some(turn) = turns.front_mut() else {
                return;
            };
            turn.count = count;
            turn.options.clone()
        };
        if count == 0 {
            self.show_none(controller);
            return self.match_shown(false);
        }
        let now = Some((options.text.clone(), options.match_case));
        if self.find.shown.replace(now.clone()) != now {
            controller.search(&options.text, flags(&options).bits(), u32::MAX);
        } else if options.backwards {
            controller.search_previous();
        } else {
            controller.search_next();
        }
    }

    fn match_shown(&self, found: bool) {
        let turn = self.find.turns.borrow_mut().pop_front();
        let Some(turn) = turn else { return };
        let count = if found { turn.count } else { 0 };
        turn.reply.give(Ok(Answer::Count(count)));
        self.find_first();
    }

    /// The document is gone.
    pub(crate) fn end_find(&self, reason: &str) {
        self.find.shown.take();
        for turn in self.find.turns.take() {
            turn.reply.give(Err(reason.into()));
        }
    }
}
