//! Evaluating a script in the page and bringing its value back as JSON.
//!
//! The script travels as the string argument of one constant function: WebKitGTK's web process keeps every distinct
//! source for good. That function evaluates in the global scope, awaits a promise and answers a text: `v` and JSON, `e`
//! and the error as JSON, or `c` when the page's content security policy forbids `eval`. Then the engine's own evaluation
//! is what is left; it cannot await.
//!
//! The engine may never answer when the document goes away, so questions are kept per view and ended by us. Whoever is
//! first answers; the other finds the question gone.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use auroraview_host_api::{EvalError, HostEvent, RequestId, ViewId};
use gtk::{gio, glib};
use javascriptcore::{Value, ValueExt};
use webkit2gtk::WebViewExt;

use crate::output::{emit, shielded};
use crate::replies;
use crate::view::View;

const FUNCTION: &str = r"
const failed = (error) => {
    let name = 'Error', message = '';
    try {
        if (error instanceof Error || (error && typeof error === 'object' && 'message' in error)) {
            name = String(error.name || name);
            message = String(error.message);
        } else {
            message = String(error);
        }
    } catch {}
    return 'e' + JSON.stringify({ name, message });
};
let value;
try {
    value = (0, eval)(source);
} catch (error) {
    try { (0, eval)('0'); } catch { return 'c'; }
    return failed(error);
}
try {
    const json = JSON.stringify(await value);
    return 'v' + (json === undefined ? 'null' : json);
} catch (error) {
    return failed(error);
}
";

/// The questions of one view that have no answer yet.
#[derive(Default)]
pub(crate) struct Evaluations {
    next: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, RequestId>>,
}

impl Evaluations {
    fn ask(&self, request: RequestId) -> u64 {
        let ticket = self.next.get();
        self.next.set(ticket + 1);
        self.waiting.borrow_mut().insert(ticket, request);
        ticket
    }

    fn waits(&self, ticket: u64) -> bool {
        self.waiting.borrow().contains_key(&ticket)
    }

    fn answer(&self, view: ViewId, ticket: u64, result: Result<String, EvalError>) {
        let request = self.waiting.borrow_mut().remove(&ticket);
        if let Some(request) = request {
            answer(view, request, result);
        }
    }

    /// The document is gone, and with it every answer.
    pub(crate) fn end(&self, view: ViewId) {
        for (_, request) in self.waiting.take() {
            answer(view, request, Err(EvalError::Gone));
        }
    }
}

/// Answers a question.
pub(crate) fn answer(view: ViewId, request: RequestId, result: Result<String, EvalError>) {
    emit(HostEvent::Evaluated {
        view,
        request,
        result,
    });
}

impl View {
    /// Evaluates `script`; answered by `Evaluated`, once.
    pub(crate) fn eval(self: &Rc<Self>, request: RequestId, script: String) {
        if self.crashed.get() {
            return answer(self.id, request, Err(EvalError::Gone));
        }
        if script.contains('\0') {
            let error = raised("SyntaxError", "the script contains a NUL character");
            return answer(self.id, request, Err(error));
        }
        let ticket = self.evaluations.ask(request);
        let arguments = glib::VariantDict::new(None);
        arguments.insert("source", script.as_str());
        let weak = Rc::downgrade(self);
        self.webview.call_async_javascript_function(
            FUNCTION,
            Some(&arguments.end()),
            None,
            None,
            None::<&gio::Cancellable>,
            move |result| {
                shielded((), || {
                    let Some(view) = weak.upgrade() else { return };
                    match result.map(|value| replies::string(&value).unwrap_or_default()) {
                        Ok(text) if text == "c" => view.eval_natively(ticket, &script),
                        Ok(text) => view.evaluations.answer(view.id, ticket, read(&text)),
                        Err(error) => view.evaluations.answer(view.id, ticket, Err(lost(&error))),
                    }
                });
            },
        );
    }

    /// Where the page forbids `eval`.
    fn eval_natively(self: &Rc<Self>, ticket: u64, script: &str) {
        if !self.evaluations.waits(ticket) {
            return;
        }
        let weak = Rc::downgrade(self);
        self.webview.evaluate_javascript(
            script,
            None,
            None,
            None::<&gio::Cancellable>,
            move |result| {
                shielded((), || {
                    let Some(view) = weak.upgrade() else { return };
                    let result = match result {
                        Ok(value) => json(&value),
                        Err(error) => Err(thrown(&error)),
                    };
                    view.evaluations.answer(view.id, ticket, result);
                });
            },
        );
    }
}

fn raised(name: &str, message: &str) -> EvalError {
    EvalError::Raised {
        name: name.into(),
        message: message.into(),
    }
}

/// Reads what the function answered.
fn read(text: &str) -> Result<String, EvalError> {
    if let Some(json) = text.strip_prefix('v') {
        return Ok(json.to_owned());
    }
    let error = text.strip_prefix('e').unwrap_or_default();
    let error: serde_json::Value = serde_json::from_str(error).unwrap_or_default();
    let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    Err(EvalError::Raised {
        name: part("name"),
        message: part("message"),
    })
}

fn json(value: &Value) -> Result<String, EvalError> {
    if value.is_undefined() {
        return Ok("null".into());
    }
    match value.to_json(0) {
        Some(json) => Ok(json.into()),
        None => Err(no_json()),
    }
}

fn no_json() -> EvalError {
    raised(
        "TypeError",
        "the value is no JSON; a promise cannot be awaited where the page's content security policy forbids eval",
    )
}

/// The constant function itself never throws: its promise was lost, or the document with it.
fn lost(error: &glib::Error) -> EvalError {
    if error.matches(webkit2gtk::JavascriptError::ScriptFailed) {
        raised("Error", error.message())
    } else {
        EvalError::Gone
    }
}

/// An error of the native evaluation, whose text is `[address:line:column: ]Name: message`.
fn thrown(error: &glib::Error) -> EvalError {
    if error.matches(webkit2gtk::JavascriptError::InvalidResult) {
        return no_json();
    }
    let text = error.message();
    let is_name =
        |part: &&str| part.ends_with("Error") && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut rest = text;
    while let Some((part, after)) = rest.split_once(": ") {
        let last = part.rsplit([' ', ':']).next().unwrap_or_default();
        if is_name(&last) {
            return raised(last, after);
        }
        rest = after;
    }
    raised("Error", text)
}
