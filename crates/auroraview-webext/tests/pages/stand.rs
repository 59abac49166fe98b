//! A stand-in for the host: a view whose web process loads the library, and the host's end of each lane it asks for.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use auroraview_lane::{Data, DocumentId, Fault, Kind, Lane, Limits};
use gtk::gio::{self, prelude::*};
use gtk::glib::{self, Variant};
use gtk::prelude::*;
use javascriptcore::ValueExt;
use tempfile::TempDir;
use webkit2gtk::{
    SecurityManagerExt, URISchemeRequestExt, UserMessage, UserMessageExt, WebContext,
    WebContextExt, WebView, WebViewExt,
};

/// No single wait is longer; `PATIENCE=` says it in seconds, for runs under a debugger.
static PATIENCE: LazyLock<Duration> = LazyLock::new(|| {
    let given = std::env::var("PATIENCE")
        .ok()
        .and_then(|text| text.parse().ok());
    Duration::from_secs(given.unwrap_or(20))
});

pub(crate) const LIMITS: Limits = Limits {
    message_bytes: 256 << 20,
    queue_bytes: 32 << 20,
};

/// The document that the pages of these tests open.
pub(crate) const DOCUMENT: &str = "document-0000001";

/// What every page begins with: it takes the object, and tells what it receives.
const BEGIN: &str = r"<!doctype html><meta charset=utf-8><script>
const began = { lane: window.__auroraview_lane, shown: Object.keys(window).includes('__auroraview_lane') };
delete window.__auroraview_lane;
const lane = began.lane;
const got = [], sizes = [];
let lost = 0;
const open = (receive = (text, count) => { got.push(text); sizes.push(count); }, document = 'document-0000001') =>
    lane.open(document, receive, () => { lost += 1; });
</script>";

/// A folder with the library alone.
static LIBRARY: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let test = std::env::current_exe().unwrap();
    let name = "libauroraview_webext.so";
    std::fs::copy(test.with_file_name(name), folder.path().join(name)).unwrap();
    folder
});

/// How the stand-in answers the library.
pub(crate) type Answer = Rc<dyn Fn(&OwnedFd) -> Option<UserMessage>>;

/// The usual answer, for these origins.
pub(crate) fn answer(origins: &'static [&'static str]) -> Answer {
    Rc::new(move |socket| {
        let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
        let parameters = (
            LIMITS.message_bytes as u64,
            LIMITS.queue_bytes as u64,
            origins,
        );
        Some(reply(&parameters.to_variant(), &[socket]))
    })
}

pub(crate) fn reply(parameters: &Variant, descriptors: &[&OwnedFd]) -> UserMessage {
    let list = gio::UnixFDList::new();
    for descriptor in descriptors {
        list.append(descriptor.as_raw_fd()).unwrap();
    }
    UserMessage::with_fd_list("auroraview-lane", Some(parameters), Some(&list))
}

pub(crate) struct Stand {
    pub(crate) view: WebView,
    window: gtk::Window,
    pages: Rc<RefCell<HashMap<String, String>>>,
    /// The newest end that was asked for.
    end: Rc<RefCell<Option<OwnedFd>>>,
    pub(crate) asked: Rc<Cell<u32>>,
}

impl Stand {
    pub(crate) fn new() -> Self {
        Self::answering(answer(&["test://page"]))
    }

    pub(crate) fn answering(answer: Answer) -> Self {
        let _ = auroraview_webext::webkit_web_extension_initialize_with_user_data as *const ();
        let context = WebContext::new_ephemeral();
        context.set_web_extensions_directory(LIBRARY.path().to_str().unwrap());
        let pages: Rc<RefCell<HashMap<String, String>>> = Rc::default();
        let served = pages.clone();
        context.register_uri_scheme("test", move |request| {
            let address = request.uri().unwrap_or_default();
            let body = served
                .borrow()
                .get(address.as_str())
                .cloned()
                .unwrap_or_default();
            let bytes = glib::Bytes::from_owned(format!("{BEGIN}{body}"));
            let stream = gio::MemoryInputStream::from_bytes(&bytes);
            request.finish(&stream, bytes.len() as i64, Some("text/html"));
        });
        if let Some(manager) = context.security_manager() {
            manager.register_uri_scheme_as_secure("test");
        }
        let view = WebView::with_context(&context);
        let end: Rc<RefCell<Option<OwnedFd>>> = Rc::default();
        let asked = Rc::new(Cell::new(0));
        let (ends, count) = (end.clone(), asked.clone());
        view.connect_user_message_received(move |_, question| {
            assert_eq!(question.name().as_deref(), Some("auroraview-lane"));
            let version = question
                .parameters()
                .and_then(|asked| asked.get::<(u32,)>());
            assert_eq!(version, Some((auroraview_lane::VERSION,)));
            count.set(count.get() + 1);
            let (ours, theirs) = Lane::pair().unwrap();
            if let Some(reply) = answer(&theirs) {
                question.send_reply(&reply);
                ends.replace(Some(ours));
            }
            true
        });
        let window = gtk::Window::new(gtk::WindowType::Toplevel);
        window.set_default_size(400, 300);
        window.add(&view);
        window.show_all();
        Self {
            view,
            window,
            pages,
            end,
            asked,
        }
    }

    /// A view that shows a page with this at its end.
    pub(crate) fn with(page: &str) -> Self {
        let stand = Self::new();
        stand.load("test://page/", page);
        stand
    }

    /// Loads a page and waits until it is there.
    pub(crate) fn load(&self, address: &str, page: &str) {
        self.serve(address, page);
        self.view.load_uri(address);
        self.loaded(address);
    }

    pub(crate) fn serve(&self, address: &str, page: &str) {
        self.pages
            .borrow_mut()
            .insert(address.to_owned(), page.to_owned());
    }

    pub(crate) fn loaded(&self, address: &str) {
        // The load begins in the loop.
        until("the load to end", || {
            !self.view.is_loading()
                && self.view.uri().as_deref() == Some(address)
                && self.try_eval("document.readyState") == Ok("complete".into())
        });
    }

    pub(crate) fn reload(&self) {
        self.eval("window.former = true");
        self.view.reload();
        until("the new document", || {
            self.try_eval("window.former !== true && document.readyState === 'complete'")
                == Ok("true".into())
        });
    }

    /// The host's end of the newest lane.
    pub(crate) fn lane(&self) -> Lane {
        Lane::new(self.socket(), LIMITS).unwrap()
    }

    /// The same, as nothing but a socket.
    pub(crate) fn socket(&self) -> OwnedFd {
        self.end.take().expect("the library has asked")
    }

    /// The value of a script as text, or its error.
    pub(crate) fn try_eval(&self, script: &str) -> Result<String, String> {
        let result: Rc<RefCell<Option<Result<String, String>>>> = Rc::default();
        let done = result.clone();
        self.view
            .evaluate_javascript(script, None, None, gio::Cancellable::NONE, move |value| {
                let value = value.map(|value| value.to_str().to_string());
                done.replace(Some(value.map_err(|error| error.to_string())));
            });
        until(script, || result.borrow().is_some());
        result.take().unwrap()
    }

    /// Begins a script, and does not wait for its end.
    pub(crate) fn begin(&self, script: &str) {
        self.view
            .evaluate_javascript(script, None, None, gio::Cancellable::NONE, |result| {
                if let Err(error) = result {
                    eprintln!("{error}");
                }
            });
    }

    pub(crate) fn eval(&self, script: &str) -> String {
        self.try_eval(script)
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Evaluates until it is that.
    pub(crate) fn becomes(&self, script: &str, value: &str) {
        let last = RefCell::new(String::new());
        let end = Instant::now() + *PATIENCE;
        while Instant::now() < end {
            last.replace(self.eval(script));
            if *last.borrow() == value {
                return;
            }
        }
        panic!("{script}: {} instead of {value}", last.borrow());
    }

    /// The memory of the web process, in MB: what it alone has.
    pub(crate) fn memory(&self) -> u64 {
        let process = web_process();
        let text = std::fs::read_to_string(Path::new(&process).join("smaps_rollup")).unwrap();
        let kilobytes = |name: &str| -> u64 {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        (kilobytes("Private_Dirty:") + kilobytes("Private_Clean:")) / 1024
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        // SAFETY: the window is not used any more.
        unsafe { self.window.destroy() };
    }
}

/// The newest web process of ours, in /proc.
pub(crate) fn web_process() -> String {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(process) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let mut rest = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace();
        let parent = rest.nth(1).unwrap_or_default().to_owned();
        if stat.contains("(WebKitWebProces") && parent == std::process::id().to_string() {
            found.push(process);
        }
    }
    format!("/proc/{}", found.iter().max().unwrap())
}

/// Runs the loop until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + *PATIENCE;
    let context = glib::MainContext::default();
    // Something that ends each wait.
    let tick = glib::timeout_add_local(Duration::from_millis(2), || glib::ControlFlow::Continue);
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain for: {what}");
        context.iteration(true);
    }
    tick.remove();
}

/// What came on a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Came {
    pub(crate) kind: Kind,
    pub(crate) document: String,
    pub(crate) number: u64,
    pub(crate) text: String,
    pub(crate) attachments: Vec<Vec<u8>>,
}

/// The next message; the loop goes on meanwhile.
pub(crate) fn next(lane: &Lane) -> Result<Came, Fault> {
    let mut came = None;
    until("a message", || {
        let taken = lane.receive(|message| Came {
            kind: message.kind,
            document: message.document.as_str().to_owned(),
            number: message.number,
            text: message.text.to_owned(),
            attachments: (0..message.attachments())
                .map(|index| message.to_bytes(index).to_vec())
                .collect(),
        });
        came = match taken {
            Ok(taken) => taken.map(Ok),
            Err(fault) => Some(Err(fault)),
        };
        came.is_some()
    });
    came.unwrap()
}

/// The text of the next frame that has one.
pub(crate) fn text(lane: &Lane) -> String {
    loop {
        let came = next(lane).unwrap();
        if !came.text.is_empty() {
            return came.text;
        }
    }
}

pub(crate) fn send(lane: &Lane, text: &str, attachments: &[&[u8]]) {
    let attachments: Vec<Data<'_>> = attachments.iter().map(|&bytes| bytes.into()).collect();
    lane.send(Kind::Frame, document(), 0, text, &attachments)
        .unwrap();
    until("room on the lane", || lane.flush().unwrap_or(true));
}

pub(crate) fn document() -> DocumentId {
    DocumentId::parse(DOCUMENT).unwrap()
}
