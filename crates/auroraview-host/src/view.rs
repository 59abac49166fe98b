//! One open view: a window, a webview in it, and what belongs to them; and the table of all views.
//!
//! The table lives on the GUI thread. Callbacks of GTK and WebKit hold weak references only, so that a closed view is
//! freed at once, and no borrow of the table or of a view's state is held while anything is called that could call back.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use auroraview_host_api::{
    AskError, EvalError, HostCommand, HostEvent, LogLevel, OpenOptions, RequestId, Source, ViewId,
    WindowChange,
};
use gtk::prelude::*;
use webkit2gtk::{WebInspectorExt, WebViewExt};
use wry::WebViewExtUnix;

use crate::assets::{self, Site};
use crate::console::Console;
use crate::downloads::Downloads;
use crate::eval::{self, Evaluations};
use crate::file_drop::FileDrop;
use crate::file_inputs::FileInputs;
use crate::find::Find;
use crate::ipc_handler::IpcHandler;
use crate::lane::LaneOffers;
use crate::navigation::Navigation;
use crate::order::Order;
use crate::origins::{Allowed, document_address};
use crate::output::{emit, log, panic_text, shielded};
use crate::page::Document;
use crate::print_pdf::Printing;
use crate::questions::{self, Questions};
use crate::script_dialogs::PageDialogs;
use crate::web_context::Keeper;
use crate::window::Window;
use crate::{HostError, screenshot, web_context};

thread_local! {
    /// Never dropped: the application's thread ends in `exit`, its own or that of a process forked from it, where windows
    /// and the engine cannot be taken apart any more.
    static VIEWS: ManuallyDrop<RefCell<BTreeMap<ViewId, Rc<View>>>> =
        const { ManuallyDrop::new(RefCell::new(BTreeMap::new())) };
}

/// An open view.
pub(crate) struct View {
    pub(crate) id: ViewId,
    /// `auroraview://<host>`, fixed when the view opens.
    pub(crate) origin: String,
    pub(crate) debug: bool,
    /// The page may get the bridge at all.
    pub(crate) bridge: bool,
    pub(crate) window: Window,
    pub(crate) webview: webkit2gtk::WebView,
    /// Keeps the webview; dropping it destroys the widget.
    keeper: RefCell<Option<Keeper>>,
    pub(crate) site: RefCell<Site>,
    pub(crate) allowed: RefCell<Allowed>,
    pub(crate) order: RefCell<Option<Order>>,
    pub(crate) ipc: IpcHandler,
    /// The fast lane, where it is offered.
    pub(crate) lane: Option<LaneOffers>,
    pub(crate) document: RefCell<Document>,
    pub(crate) navigation: Navigation,
    pub(crate) evaluations: Evaluations,
    pub(crate) screenshots: RefCell<BTreeSet<RequestId>>,
    pub(crate) questions: Questions,
    pub(crate) page_dialogs: PageDialogs,
    pub(crate) file_inputs: FileInputs,
    pub(crate) downloads: Downloads,
    pub(crate) console: Console,
    pub(crate) file_drop: FileDrop,
    pub(crate) find: Find,
    pub(crate) printing: Printing,
    pub(crate) crashed: Cell<bool>,
    pub(crate) closed: Cell<bool>,
}

/// Carries out one command.
pub(crate) fn obey(command: HostCommand) {
    use HostCommand as C;
    match command {
        C::Open { view, options } => open(view, *options),
        C::Close { view } => with(view, |view| view.close()),
        C::Load {
            view,
            source,
            allow_origins,
        } => with(view, |view| view.load(&source, &allow_origins)),
        C::Reload { view } => with(view, |view| view.reload()),
        C::Deliver {
            view,
            document,
            frame,
        } => with(view, |view| view.ipc.deliver(&document, frame)),
        C::Eval {
            view,
            request,
            script,
        } => match find(view) {
            Some(view) => view.eval(request, script),
            None => eval::answer(view, request, Err(EvalError::Gone)),
        },
        C::Screenshot {
            view,
            request,
            painted,
        } => match find(view) {
            Some(view) if painted => view.painted(request),
            Some(view) => view.screenshot(request),
            None => screenshot::answer(view, request, Err("the window is not open".into())),
        },
        C::Ask {
            view,
            request,
            question,
        } => match find(view) {
            Some(view) => view.take_question(request, question),
            None => questions::answer(view, request, Err(AskError::Gone)),
        },
        C::Withdraw { view, request } => with(view, |view| view.withdraw(request)),
        C::CancelDownload { view, download } => with(view, |view| view.cancel_download(download)),
        C::Window { view, change } => with(view, |view| view.change(change)),
        C::Watch {
            view,
            navigation,
            closing,
        } => with(view, |view| {
            view.navigation.watched.set(navigation);
            view.window.watched.set(closing);
        }),
        C::AnswerNavigation {
            view,
            request,
            decision,
        } => with(view, |view| view.answer_navigation(request, decision)),
        C::AnswerClosing {
            view,
            request,
            allow,
        } => with(view, |view| {
            if view.window.answer_closing(request) && allow {
                view.close();
            }
        }),
        C::ShutDown => {
            let views: Vec<_> = VIEWS.with(|views| views.borrow().values().cloned().collect());
            for view in views {
                view.close();
            }
            emit(HostEvent::ShutDown);
        }
    }
}

/// The view with this id, while it is open.
pub(crate) fn find(view: ViewId) -> Option<Rc<View>> {
    VIEWS.with(|views| views.borrow().get(&view).cloned())
}

fn with(view: ViewId, work: impl FnOnce(Rc<View>)) {
    if let Some(view) = find(view) {
        work(view);
    }
}

/// What the view that asks serves at `host`; without a view, what any view with that host serves.
pub(crate) fn site_for(view: Option<ViewId>, host: &str) -> Option<Site> {
    let serves = |view: &Rc<View>| {
        view.origin
            .split_once("://")
            .is_some_and(|(_, own)| own == host)
    };
    let found = match view {
        Some(view) => find(view).filter(serves),
        None => VIEWS.with(|views| views.borrow().values().find(|view| serves(view)).cloned()),
    };
    found.map(|view| view.site.borrow().clone())
}

fn open(id: ViewId, options: OpenOptions) {
    // What cannot be told from an option's type (a NUL in a path, say) makes the bindings panic.
    let message = match catch_unwind(AssertUnwindSafe(|| try_open(id, options))) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => {
            let half_made = VIEWS.with(|views| views.borrow_mut().remove(&id));
            if let Some(view) = half_made {
                shielded((), || view.discard());
            }
            format!("the window could not be made: {}", panic_text(&*panic))
        }
    };
    emit(HostEvent::OpenFailed { view: id, message });
}

fn try_open(id: ViewId, options: OpenOptions) -> Result<(), HostError> {
    if find(id).is_some() {
        return Err(HostError::Open(id));
    }
    let site = Site::of(&options.source, options.debug)?;
    let origin = assets::own_origin(id, &options.source, options.data_directory.is_some())?;
    let address = assets::entry_address(&origin, &options.source)?;
    let window = Window::new(&options)?;
    let keeper = web_context::build_webview(&window.page_area, &id.to_string(), &options)?;
    let (allowed, bad) = allowed(&origin, &options.source, &options.allow_origins);
    let view = Rc::new(View {
        id,
        debug: options.debug,
        bridge: options.bridge,
        window,
        webview: keeper.webview.webview(),
        keeper: RefCell::new(Some(keeper)),
        site: RefCell::new(site),
        allowed: RefCell::new(allowed),
        order: RefCell::default(),
        ipc: IpcHandler::new(options.key.clone(), options.message_bytes),
        lane: LaneOffers::new(&options),
        document: RefCell::default(),
        navigation: Navigation::new(options.watch_navigation),
        evaluations: Evaluations::default(),
        screenshots: RefCell::default(),
        questions: Questions::default(),
        page_dialogs: PageDialogs::default(),
        file_inputs: FileInputs::default(),
        downloads: Downloads::new(&options),
        console: Console::new(&options),
        file_drop: FileDrop::default(),
        find: Find::default(),
        printing: Printing::default(),
        crashed: Cell::new(false),
        closed: Cell::new(false),
        origin,
    });
    VIEWS.with(|views| views.borrow_mut().insert(id, view.clone()));
    view.window.prepare(&options);
    emit(HostEvent::Opened {
        view: id,
        origin: view.origin.clone(),
        native_id: view.window.native_id(),
    });
    complain(&bad);
    view.set_up_page(&options);
    Window::connect(&view);
    view.load_address(&address);
    view.window.open(id, &options);
    if options.visible {
        view.webview.grab_focus();
    }
    Ok(())
}

fn allowed(own: &str, source: &Source, given: &[String]) -> (Allowed, Vec<String>) {
    let loaded = match source {
        Source::Url(url) => Some(url.as_str()),
        Source::Html(_) | Source::Directory { .. } => None,
    };
    Allowed::new(own, given, loaded)
}

fn complain(bad: &[String]) {
    for text in bad {
        log(
            LogLevel::Warning,
            format!(
                "allow_origins: {text:?} is no origin; expected scheme://host or scheme://host:port"
            ),
        );
    }
}

impl View {
    /// Changes the window, or how its page is shown.
    pub(crate) fn change(&self, change: WindowChange) {
        match change {
            WindowChange::Zoom(factor) if factor.is_finite() && factor > 0.0 => {
                self.webview.set_zoom_level(factor);
            }
            WindowChange::Zoom(factor) => log(
                LogLevel::Warning,
                format!("a page cannot be shown {factor} times as large"),
            ),
            WindowChange::Inspector => self.inspect(),
            change => self.window.change(self.id, change),
        }
    }

    fn inspect(&self) {
        match self.webview.inspector() {
            Some(inspector) if self.debug => inspector.show(),
            _ => log(
                LogLevel::Warning,
                "there is no web inspector without debug=True",
            ),
        }
    }

    /// Shows another document.
    fn load(self: &Rc<Self>, source: &Source, allow_origins: &[String]) {
        let prepared = Site::of(source, self.debug)
            .and_then(|site| Ok((site, assets::entry_address(&self.origin, source)?)));
        let (site, address) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                let url = match source {
                    Source::Url(url) => url,
                    Source::Html(_) | Source::Directory { .. } => &self.origin,
                };
                return emit(HostEvent::LoadFailed {
                    view: self.id,
                    url: url.clone(),
                    message: error.to_string(),
                });
            }
        };
        let (allowed, bad) = allowed(&self.origin, source, allow_origins);
        complain(&bad);
        self.order(site, allowed);
        let shown = document_address(&self.document.borrow().address);
        if address.contains('#') && document_address(&address) == shown {
            // The engine scrolls within the document that is there.
            self.order_committed();
        }
        self.load_address(&address);
    }

    pub(crate) fn load_address(&self, address: &str) {
        {
            let mut document = self.document.borrow_mut();
            if document.failed.is_some() && !self.crashed.get() {
                // The engine drops a load that begins while its error page is on its way.
                document.deferred = Some(address.to_owned());
                return;
            }
            document.deferred = None;
            address.clone_into(&mut document.wanted);
        }
        self.crashed.set(false);
        self.page_dialogs.end();
        self.navigation.expect(document_address(address));
        self.webview.load_uri(address);
    }

    fn reload(&self) {
        let wanted = self.document.borrow().wanted.clone();
        if self.crashed.get() {
            return self.load_address(&wanted);
        }
        self.order_void();
        self.page_dialogs.end();
        let current = self.webview.uri().map_or(wanted, Into::into);
        self.navigation.expect(document_address(&current));
        self.webview.reload();
    }

    /// Closes the window for good; `Closed` is emitted once.
    pub(crate) fn close(self: &Rc<Self>) {
        if self.closed.get() {
            return;
        }
        self.discard();
        emit(HostEvent::Closed { view: self.id });
    }

    /// Takes the view out of the table and ends all that belongs to it.
    fn discard(self: &Rc<Self>) {
        self.closed.set(true);
        drop(VIEWS.with(|views| views.borrow_mut().remove(&self.id)));
        self.end_document("the window was closed");
        self.questions.end(self.id);
        self.end_downloads();
        self.navigation.end();
        self.window.end();
        drop(self.keeper.take());
        self.window.destroy();
    }

    /// The current document is gone: settles all that waited for it.
    pub(crate) fn end_document(self: &Rc<Self>, reason: &str) {
        self.page_dialogs.end();
        self.ipc.clear();
        self.evaluations.end(self.id);
        self.end_screenshots(reason);
        self.end_find(reason);
        self.end_printing(reason);
    }
}
