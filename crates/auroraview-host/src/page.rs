//! The webview's settings, the injected script, and the life of its documents.
//!
//! The bridge is injected through the engine's own content manager: main frame only, at document start, for addresses of
//! allowed origins only. Since the engine's patterns know no ports, the script looks at `location.origin` itself too.

use std::rc::Rc;

use auroraview_host_api::{HostEvent, LogLevel, OpenOptions, WindowChange};
use gtk::glib;
use webkit2gtk::{
    InputMethodContextExt, LoadEvent, NetworkError, PolicyError, SettingsExt,
    UserContentInjectedFrames, UserContentManagerExt, UserScript, UserScriptInjectionTime,
    WebProcessTerminationReason, WebViewExt,
};

use crate::ipc_handler::IpcHandler;
use crate::origins::{document_address, is_web, origin_of};
use crate::output::{emit, log, shielded};
use crate::signals::disconnect_all;
use crate::view::View;
use crate::window::close_soon;

/// The page's end of the bridge: the body of a function of `__AURORAVIEW_CONFIG__`.
const EVENT_BRIDGE: &str = include_str!("event_bridge.js");

/// The main frame's document.
#[derive(Default)]
pub(crate) struct Document {
    /// Where the committed document came from; empty before the first.
    pub(crate) address: String,
    /// What `Reload` shows after the web process died.
    pub(crate) wanted: String,
    /// Where the last answer for the main frame came from.
    pub(crate) answered: String,
    /// What the program asked for while an error page was on its way.
    pub(crate) deferred: Option<String>,
    stage: Stage,
    /// The address whose error page comes next.
    pub(crate) failed: Option<String>,
}

/// How far the main frame's load is.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Idle,
    Committed,
    ErrorPage,
}

impl View {
    /// Settings and signals, before the first load.
    pub(crate) fn set_up_page(self: &Rc<Self>, options: &OpenOptions) {
        self.settings(options);
        if let Some(manager) = self.webview.user_content_manager().filter(|_| self.bridge) {
            IpcHandler::connect(self, &manager);
        }
        self.connect_lane();
        self.inject();
        self.connect_close();
        self.connect_loads();
        self.connect_decisions();
        self.connect_script_dialogs();
        self.connect_file_inputs();
        self.connect_downloads();
        self.connect_file_drop();
        self.connect_find();
        self.connect_console();
        if options.title_follows {
            self.connect_title();
        }
        let no_menu = !options.context_menu;
        self.webview.connect_context_menu(move |_, _, _, _| no_menu);
    }

    fn settings(&self, options: &OpenOptions) {
        if let Some(settings) = WebViewExt::settings(&self.webview) {
            settings.set_enable_developer_extras(options.debug);
            settings.set_user_agent(options.user_agent.as_deref());
            // WebKit 2.50 crashes the process when a view closes while (or soon after) an element fills the screen.
            // The program can make the window do so.
            settings.set_enable_fullscreen(false);
        }
        // wry turns the input methods' preview off; without it composing shows nothing.
        if let Some(input) = self.webview.input_method_context() {
            input.set_enable_preedit(true);
        }
        let colour = match (options.transparent, options.background_color) {
            (_, Some(colour)) => colour,
            (true, None) => [0; 4],
            (false, None) => return,
        };
        let [red, green, blue, alpha] = colour.map(|part| f64::from(part) / 255.0);
        self.webview
            .set_background_color(&gtk::gdk::RGBA::new(red, green, blue, alpha));
    }

    /// Gives documents that come from now on the bridge for the origins allowed now.
    pub(crate) fn inject(&self) {
        let manager = self.webview.user_content_manager().filter(|_| self.bridge);
        let Some(manager) = manager else { return };
        let allowed = self.allowed.borrow();
        let config = serde_json::json!({
            "key": self.ipc.key(),
            "origins": allowed.iter().collect::<Vec<_>>(),
            "debug": self.debug,
        });
        let source = format!("((__AURORAVIEW_CONFIG__) => {{\n{EVENT_BRIDGE}\n}})({config});");
        let patterns = allowed.patterns();
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        manager.remove_all_scripts();
        self.inject_console(&manager);
        self.inject_file_inputs(&manager);
        manager.add_script(&UserScript::new(
            &source,
            UserContentInjectedFrames::TopFrame,
            UserScriptInjectionTime::Start,
            &patterns,
            &[],
        ));
    }

    /// The window is called what the document is called; a document without a name changes nothing.
    fn connect_title(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        self.webview.connect_title_notify(move |webview| {
            let title = webview.title().filter(|title| !title.is_empty());
            if let (Some(view), Some(title)) = (weak.upgrade(), title) {
                shielded((), || view.change(WindowChange::Title(title.into())));
            }
        });
    }

    /// `window.close()` in the page closes the window.
    fn connect_close(self: &Rc<Self>) {
        // wry's own handler would destroy the widget under us.
        disconnect_all(&self.webview, "close");
        let weak = Rc::downgrade(self);
        self.webview.connect_close(move |_| {
            if let Some(view) = weak.upgrade() {
                close_soon(&view);
            }
        });
    }

    fn connect_loads(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        self.webview.connect_load_changed(move |_, event| {
            let Some(view) = weak.upgrade() else { return };
            shielded((), || match event {
                LoadEvent::Redirected => view.redirected(),
                LoadEvent::Committed => view.committed(),
                LoadEvent::Finished => view.finished(),
                _ => {}
            });
        });
        let weak = Rc::downgrade(self);
        self.webview.connect_load_failed(move |_, _, url, error| {
            if let Some(view) = weak.upgrade() {
                shielded((), || view.load_failed(url, error));
            }
            // The engine shows its error page.
            false
        });
        let weak = Rc::downgrade(self);
        self.webview
            .connect_web_process_terminated(move |_, reason| {
                let Some(view) = weak.upgrade() else { return };
                shielded((), || view.terminated(reason));
            });
    }

    /// Where the document that was committed just now came from.
    fn committed_address(&self) -> String {
        let mut document = self.document.borrow_mut();
        let answered = std::mem::take(&mut document.answered);
        if self.navigation.requested.get() && !answered.is_empty() {
            // The engine names what the program asked for a moment ago, not what it commits.
            return answered;
        }
        self.webview.uri().map_or_else(String::new, Into::into)
    }

    /// A server sent the main frame's load elsewhere.
    fn redirected(&self) {
        if let Some(url) = self.webview.uri() {
            self.navigation.redirected(document_address(&url));
        }
    }

    fn committed(self: &Rc<Self>) {
        let url = self.committed_address();
        let expected = self.navigation.committed(&document_address(&url));
        let failed = self.document.borrow_mut().failed.take();
        let error_page = failed.is_some_and(|failed| failed == url);
        if expected || (error_page && self.order_has_failed()) {
            self.order_committed();
        }
        let bridge = {
            let mut document = self.document.borrow_mut();
            document.stage = if error_page {
                Stage::ErrorPage
            } else {
                Stage::Committed
            };
            document.address.clone_from(&url);
            document.wanted.clone_from(&url);
            self.bridge && !error_page && self.allowed.borrow().allows(&url)
        };
        self.crashed.set(false);
        self.lane_committed();
        self.end_document("the document is gone");
        emit(HostEvent::Committed {
            view: self.id,
            url: url.clone(),
            bridge,
        });
        let turned_away = self.bridge && !bridge && !error_page && is_web(&url);
        if let Some(origin) = origin_of(&url).filter(|_| turned_away) {
            log(
                LogLevel::Warning,
                format!(
                    "the page from {url} has no bridge; allow_origins=[\"{origin}\"] would allow it"
                ),
            );
        }
        if self.document.borrow().deferred.is_some() {
            let weak = Rc::downgrade(self);
            glib::idle_add_local_once(move || {
                let Some(view) = weak.upgrade() else { return };
                let deferred = view.document.borrow_mut().deferred.take();
                if let Some(address) = deferred {
                    shielded((), || view.load_address(&address));
                }
            });
        }
    }

    fn finished(&self) {
        let (stage, url, deferred) = {
            let mut document = self.document.borrow_mut();
            (
                std::mem::take(&mut document.stage),
                document.address.clone(),
                document.deferred.is_some(),
            )
        };
        let complete = match stage {
            Stage::Idle => false,
            Stage::Committed => true,
            // The program has ordered another document already, and waits for that one.
            Stage::ErrorPage => !deferred && !self.navigation.requested.get(),
        };
        if complete {
            emit(HostEvent::Loaded { view: self.id, url });
        }
    }

    fn load_failed(&self, url: &str, error: &glib::Error) {
        let cancelled = error.matches(NetworkError::Cancelled)
            || error.matches(PolicyError::FrameLoadInterruptedByPolicyChange);
        if cancelled {
            if self.navigation.ended(&document_address(url)) {
                self.nothing_came(url);
            }
            return;
        }
        if self.navigation.failed(&document_address(url)) {
            self.order_failed();
        }
        {
            let mut document = self.document.borrow_mut();
            document.stage = Stage::Idle;
            document.failed = Some(url.to_owned());
        }
        emit(HostEvent::LoadFailed {
            view: self.id,
            url: url.to_owned(),
            message: error.message().to_owned(),
        });
    }

    fn terminated(self: &Rc<Self>, reason: WebProcessTerminationReason) {
        let reason = match reason {
            WebProcessTerminationReason::ExceededMemoryLimit => "out of memory",
            WebProcessTerminationReason::TerminatedByApi => "terminated",
            _ => "crashed",
        };
        self.crashed.set(true);
        self.end_lane();
        self.document.borrow_mut().address.clear();
        self.end_document("the web process died");
        emit(HostEvent::Crashed {
            view: self.id,
            reason: reason.into(),
        });
    }

    /// Whether the main frame's document may use the bridge.
    pub(crate) fn document_may_post(&self) -> bool {
        let document = self.document.borrow();
        self.allowed.borrow().allows(&document.address)
    }
}
