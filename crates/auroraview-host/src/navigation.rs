//! Where the page may go: decisions about navigations and new windows.
//!
//! WebKitGTK asks twice. Before the request (`NavigationAction`) it does not tell frames apart, so only what no frame
//! may do is stopped there, and the program is asked when it watches. When the answer of the main frame comes
//! (`Response`), the document's origin decides: what is allowed, what the program loads and what the watcher let in is
//! shown; other web addresses go to the system browser.
//!
//! An answer that is no document (an attachment, or of a kind that the engine cannot show) becomes a download.
//!
//! New windows never open: their address is shown here or goes to the system browser. Navigations within a document
//! (a fragment) are not asked about.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use auroraview_host_api::{Decision, HostEvent, LogLevel, NAVIGATION_PATIENCE_SECONDS, RequestId};
use gtk::glib;
use gtk::prelude::*;
use webkit2gtk::{
    NavigationPolicyDecision, NavigationPolicyDecisionExt, PolicyDecision, PolicyDecisionExt,
    PolicyDecisionType, ResponsePolicyDecision, ResponsePolicyDecisionExt, URIRequestExt,
    URIResponseExt, WebViewExt,
};

use crate::origins::{SCHEME, document_address, is_web, origin_of};
use crate::output::{emit, log, shielded};
use crate::requests::next_request;
use crate::view::View;

/// How many addresses the watcher let in are remembered until they are shown.
const LET_IN_MAX: usize = 16;

/// One view's navigations under way.
pub(crate) struct Navigation {
    /// The program wants to be asked.
    pub(crate) watched: Cell<bool>,
    /// The program's own load in progress: its address and where its server redirected it.
    expected: RefCell<Vec<String>>,
    /// Addresses of loads that a newer order stopped and whose end was not heard of yet.
    superseded: RefCell<Vec<String>>,
    /// The program's own load was asked for and has not begun.
    pub(crate) requested: Cell<bool>,
    /// Addresses that the watcher wants to be shown inside.
    let_in: RefCell<VecDeque<String>>,
    /// A new window's address, already asked about, that is about to be loaded here.
    asked: RefCell<Option<String>>,
    questions: RefCell<BTreeMap<RequestId, Question>>,
}

/// What waits for the program's answer.
struct Question {
    url: String,
    /// The engine's question; `None` where a new window was asked for.
    held: Option<PolicyDecision>,
    timeout: Option<glib::SourceId>,
}

impl Drop for Question {
    fn drop(&mut self) {
        if let Some(timeout) = self.timeout.take() {
            timeout.remove();
        }
    }
}

impl Navigation {
    pub(crate) fn new(watched: bool) -> Self {
        Self {
            watched: Cell::new(watched),
            expected: RefCell::default(),
            superseded: RefCell::default(),
            requested: Cell::new(false),
            let_in: RefCell::default(),
            asked: RefCell::default(),
            questions: RefCell::default(),
        }
    }

    /// The program loads this address (as [`document_address`] writes it).
    pub(crate) fn expect(&self, address: String) {
        let older = self.expected.replace(vec![address]);
        if !self.requested.replace(true) {
            // Its last address is the one that the engine names when it stops it.
            self.superseded
                .borrow_mut()
                .extend(older.into_iter().last());
        }
    }

    /// The program loads something that is not there yet.
    pub(crate) fn is_ordered(&self) -> bool {
        !self.expected.borrow().is_empty()
    }

    /// The main frame's load was redirected to this address.
    ///
    /// Where a redirect is decided about, it cannot be told from one of a frame within the page.
    pub(crate) fn redirected(&self, address: String) {
        let mut expected = self.expected.borrow_mut();
        if !expected.is_empty() && !self.requested.get() {
            expected.push(address);
        }
    }

    /// A document of this address is there. Whether it is the one that the program loads.
    pub(crate) fn committed(&self, address: &str) -> bool {
        self.let_in.borrow_mut().retain(|one| one != address);
        if self.requested.get() {
            // An older load's: the program's has not begun.
            return false;
        }
        let ours = self.is_expected(address);
        if ours {
            self.forget_expected();
        }
        ours
    }

    /// The load of this address ended without a document. Whether it was the one that the program waits for.
    pub(crate) fn ended(&self, address: &str) -> bool {
        let mut superseded = self.superseded.borrow_mut();
        if let Some(at) = superseded.iter().position(|one| one == address) {
            superseded.remove(at);
            return false;
        }
        drop(superseded);
        let ours = !self.requested.get() && self.is_expected(address);
        if ours {
            self.forget_expected();
        }
        ours
    }

    /// The engine could not load this address and shows an error page. Whether that was the program's own load.
    pub(crate) fn failed(&self, address: &str) -> bool {
        // Some addresses are rewritten, or refused before they are decided about.
        let ours = self.is_expected(address) || !self.requested.get();
        if ours {
            self.requested.set(false);
            self.forget_expected();
        }
        ours
    }

    fn forget_expected(&self) {
        self.expected.borrow_mut().clear();
        self.superseded.borrow_mut().clear();
    }

    /// Forbids all that is undecided; the view closes.
    pub(crate) fn end(&self) {
        for (_, question) in self.questions.take() {
            if let Some(held) = &question.held {
                held.ignore();
            }
        }
    }

    fn is_expected(&self, address: &str) -> bool {
        self.expected.borrow().iter().any(|one| one == address)
    }

    fn is_let_in(&self, address: &str) -> bool {
        self.let_in.borrow().iter().any(|one| one == address)
    }

    fn let_in(&self, address: String) {
        let mut let_in = self.let_in.borrow_mut();
        if let_in.len() == LET_IN_MAX {
            let_in.pop_front();
        }
        let_in.push_back(address);
    }
}

impl View {
    pub(crate) fn connect_decisions(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        self.webview
            .connect_decide_policy(move |_, decision, kind| {
                let Some(view) = weak.upgrade() else {
                    return false;
                };
                shielded(false, || match kind {
                    PolicyDecisionType::NavigationAction => view.decide_action(decision),
                    PolicyDecisionType::NewWindowAction => {
                        decision.ignore();
                        if let Some((url, _)) = action(decision) {
                            view.new_window(&url);
                        }
                        true
                    }
                    PolicyDecisionType::Response => view.decide_response(decision),
                    _ => false,
                })
            });
        let weak = Rc::downgrade(self);
        self.webview.connect_create(move |_, action| {
            if let Some(view) = weak.upgrade() {
                let url = action.request().and_then(|request| request.uri());
                shielded((), || view.new_window(url.as_deref().unwrap_or_default()));
            }
            None
        });
    }

    /// Before the request, for any frame.
    fn decide_action(self: &Rc<Self>, decision: &PolicyDecision) -> bool {
        let Some((url, redirect)) = action(decision) else {
            return false;
        };
        let address = document_address(&url);
        let navigation = &self.navigation;
        // Perhaps the program's own load goes on; `Redirected` will tell, before the answer is decided about.
        let goes_on = redirect
            && !navigation.requested.get()
            && !navigation.expected.borrow().is_empty()
            && self.may_request(&url);
        let current = document_address(&self.document.borrow().address);
        let within = url.contains('#') && address == current;
        if navigation.is_expected(&address) {
            navigation.requested.set(false);
            decision.use_();
        } else if self.file_drop.leads_to(&url) {
            decision.ignore();
        } else if within || goes_on {
            decision.use_();
        } else if navigation.asked.take_if_equal(&address) || !navigation.watched.get() {
            self.act_by_default(decision, &url);
        } else {
            self.ask(url, Some(decision.clone()));
        }
        true
    }

    fn act_by_default(&self, decision: &PolicyDecision, url: &str) {
        if self.may_request(url) {
            decision.use_();
        } else {
            decision.ignore();
            log(
                LogLevel::Warning,
                format!("navigation to {url} was stopped: expected an http or https address"),
            );
        }
    }

    /// Whether some frame of the page may ask for this address.
    fn may_request(&self, url: &str) -> bool {
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" | "about" | "blob" | "data" => true,
            SCHEME => origin_of(url).is_some_and(|origin| origin == self.origin),
            "file" => self.between_files(url),
            _ => false,
        }
    }

    /// Whether a local page goes on to another one. Without a bridge a page has nothing there that it could give away.
    fn between_files(&self, url: &str) -> bool {
        let is_file = |url: &str| url::Url::parse(url).is_ok_and(|url| url.scheme() == "file");
        !self.bridge && is_file(url) && is_file(&self.document.borrow().address)
    }

    /// When the answer is there, for the main frame.
    fn decide_response(&self, decision: &PolicyDecision) -> bool {
        let Some(response) = decision.downcast_ref::<ResponsePolicyDecision>() else {
            return false;
        };
        let url = response.request().and_then(|request| request.uri());
        let Some(url) = url.map(String::from) else {
            return false;
        };
        let for_download = is_for_download(response);
        if !response.is_main_frame_main_resource() {
            if for_download {
                self.download(decision, &url);
            }
            return for_download;
        }
        let address = document_address(&url);
        let shown_now = document_address(&self.document.borrow().address) == address;
        let inside = self.allowed.borrow().allows(&url)
            || self.navigation.is_expected(&address)
            || self.navigation.is_let_in(&address)
            || self.between_files(&url)
            || shown_now
            || self.document.borrow().failed.as_deref() == Some(url.as_str());
        if !inside {
            decision.ignore();
            self.send_away(&url);
        } else if for_download {
            self.download(decision, &url);
        } else {
            self.document.borrow_mut().answered = url;
            return false;
        }
        true
    }

    /// What comes is kept, and not shown.
    fn download(&self, decision: &PolicyDecision, url: &str) {
        if origin_of(url).is_some_and(|origin| origin == self.origin) {
            decision.ignore();
            self.copy_as(url.to_owned(), "");
        } else {
            decision.download();
        }
    }

    /// An address that is not shown here.
    fn send_away(&self, url: &str) {
        if is_web(url) {
            emit(HostEvent::OpenExternal {
                view: self.id,
                url: url.to_owned(),
            });
        } else {
            let shown: String = url.chars().take(120).collect();
            log(
                LogLevel::Warning,
                format!("{shown} is not shown: its origin is not allowed"),
            );
        }
    }

    /// The page asked for a new window.
    fn new_window(self: &Rc<Self>, url: &str) {
        if self.closed.get() {
            return;
        }
        if self.navigation.watched.get() {
            self.ask(url.to_owned(), None);
        } else {
            self.open_here_or_outside(url);
        }
    }

    fn open_here_or_outside(&self, url: &str) {
        if self.allowed.borrow().allows(url) {
            self.open_here(url);
        } else {
            self.send_away(url);
        }
    }

    fn open_here(&self, url: &str) {
        *self.navigation.asked.borrow_mut() = Some(document_address(url));
        self.webview.load_uri(url);
    }

    fn ask(self: &Rc<Self>, url: String, held: Option<PolicyDecision>) {
        let request = next_request();
        let new_window = held.is_none();
        let weak = Rc::downgrade(self);
        let timeout =
            glib::timeout_add_seconds_local_once(NAVIGATION_PATIENCE_SECONDS, move || {
                let Some(view) = weak.upgrade() else { return };
                if let Some(question) = view.navigation.questions.borrow_mut().get_mut(&request) {
                    // It has fired; removing it again would be an error.
                    question.timeout = None;
                }
                shielded((), || view.answer_navigation(request, Decision::Default));
            });
        let question = Question {
            url: url.clone(),
            held,
            timeout: Some(timeout),
        };
        self.navigation
            .questions
            .borrow_mut()
            .insert(request, question);
        emit(HostEvent::Navigating {
            view: self.id,
            request,
            url,
            new_window,
        });
    }

    /// The program's answer, or time is up.
    pub(crate) fn answer_navigation(&self, request: RequestId, decision: Decision) {
        let question = self.navigation.questions.borrow_mut().remove(&request);
        let Some(question) = question else { return };
        let url = question.url.as_str();
        match (decision, &question.held) {
            (Decision::Forbid, Some(held)) => held.ignore(),
            (Decision::Forbid, None) => {}
            (Decision::Inside, Some(held)) => {
                self.navigation.let_in(document_address(url));
                held.use_();
            }
            (Decision::Inside, None) => {
                self.navigation.let_in(document_address(url));
                self.open_here(url);
            }
            (Decision::Default, Some(held)) => self.act_by_default(held, url),
            (Decision::Default, None) => self.open_here_or_outside(url),
        }
    }
}

/// Address of an action, and whether a server redirected there.
fn action(decision: &PolicyDecision) -> Option<(String, bool)> {
    let decision = decision.downcast_ref::<NavigationPolicyDecision>()?;
    let mut action = decision.navigation_action()?;
    let url = action.request()?.uri()?;
    Some((url.into(), action.is_redirect()))
}

/// Whether an answer is no document: its server says so, or it is of a kind that the engine cannot show.
fn is_for_download(response: &ResponsePolicyDecision) -> bool {
    let disposition = response
        .response()
        .and_then(|response| response.http_headers())
        .and_then(|headers| headers.one("Content-Disposition"));
    let kind = disposition
        .as_deref()
        .and_then(|text| text.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("attachment"))
        || !response.is_mime_type_supported()
}

/// Takes what is there when it is the one asked for.
trait TakeIfEqual {
    fn take_if_equal(&self, wanted: &str) -> bool;
}

impl TakeIfEqual for RefCell<Option<String>> {
    fn take_if_equal(&self, wanted: &str) -> bool {
        let equal = self.borrow().as_deref() == Some(wanted);
        if equal {
            self.take();
        }
        equal
    }
}
