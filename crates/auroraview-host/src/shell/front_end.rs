//! The ready-made front end of a `Launcher`: one window with one page, which talks to the program over a WebSocket.
//!
//! No bridge is injected: the page finds the program by the port in its address, as it would in a browser. Here are only
//! the window, the reload of a page whose web process died, and the links that belong in the system's browser.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use auroraview_host::GuiLoop;
use auroraview_host_api::{HostCommand, HostEvent, LogLevel, OpenOptions, Source, ViewId};
use gtk::glib;

use crate::arguments::Front;
use crate::lifeline::{self, Lifeline};
use crate::{FAILED, environment, failed, say};

const VIEW: ViewId = 1;
/// How often a page whose web process dies is loaded again ...
const RELOADS: usize = 5;
/// ... in this time.
const RELOADS_WITHIN: Duration = Duration::from_secs(60);

static GUI: OnceLock<GuiLoop> = OnceLock::new();

/// Shows the page until its window is closed or the program wants no more.
pub(crate) fn run(front: Front) -> ExitCode {
    let page = match environment::page(front.port) {
        Ok(page) => page,
        Err(problem) => return failed(FAILED, problem),
    };
    if let Err(problem) = lifeline::watch(&Lifeline::Stdin) {
        return failed(FAILED, problem);
    }
    glib::set_prgname(Some("auroraview-shell"));
    let source = Source::Url(page.into());
    let shown = Rc::new(Shown {
        source: source.clone(),
        crashes: RefCell::default(),
    });
    let gui = match GuiLoop::on_this_thread(move |event| shown.hear(event)) {
        Ok(gui) => GUI.get_or_init(|| gui),
        Err(problem) => return failed(FAILED, problem),
    };
    lifeline::holds(gui);
    gui.send(HostCommand::Open {
        view: VIEW,
        options: Box::new(window(front, source)),
    });
    gui.run();
    ExitCode::SUCCESS
}

fn window(front: Front, source: Source) -> OpenOptions {
    OpenOptions {
        title_follows: front.title.is_none(),
        title: front.title.unwrap_or_else(|| "AuroraView".into()),
        ..OpenOptions::new(source, front.size)
    }
}

/// What is shown, and how often its web process died lately.
struct Shown {
    source: Source,
    crashes: RefCell<VecDeque<Instant>>,
}

impl Shown {
    /// On the GUI thread.
    fn hear(&self, event: HostEvent) {
        match event {
            HostEvent::Closed { .. } => lifeline::leave(0),
            HostEvent::ShutDown if lifeline::ends() => lifeline::leave(0),
            HostEvent::OpenFailed { message, .. } => {
                say(message);
                lifeline::leave(FAILED);
            }
            HostEvent::LoadFailed { url, message, .. } => {
                say(format!(
                    "{} could not be loaded: {message}",
                    without_secret(&url)
                ));
            }
            HostEvent::Crashed { reason, .. } => self.crashed(&reason),
            HostEvent::OpenExternal { url, .. } => {
                glib::idle_add_local_once(move || open_outside(&url));
            }
            HostEvent::Log { level, message } if level != LogLevel::Debug => say(message),
            _ => {}
        }
    }

    fn crashed(&self, reason: &str) {
        if !self.may_reload(Instant::now()) {
            say(format!(
                "the page's web process died ({reason}) more than {RELOADS} times in {} s: given up",
                RELOADS_WITHIN.as_secs()
            ));
            lifeline::leave(FAILED);
        }
        say(format!(
            "the page's web process died ({reason}): the page is loaded again"
        ));
        if let Some(gui) = GUI.get() {
            // Not a reload: the page has taken the secret out of its address, and what it kept may have died too.
            gui.send(HostCommand::Load {
                view: VIEW,
                source: self.source.clone(),
                allow_origins: vec![],
            });
        }
    }

    fn may_reload(&self, now: Instant) -> bool {
        let mut crashes = self.crashes.borrow_mut();
        crashes.retain(|then| now.duration_since(*then) < RELOADS_WITHIN);
        crashes.push_back(now);
        crashes.len() <= RELOADS
    }
}

fn without_secret(url: &str) -> &str {
    url.split_once('#').map_or(url, |(address, _)| address)
}

fn open_outside(url: &str) {
    if let Err(problem) = gtk::show_uri_on_window(
        None::<&gtk::Window>,
        url,
        gtk::gdk::ffi::GDK_CURRENT_TIME as u32,
    ) {
        say(format!(
            "{url} could not be opened in the system's browser: {problem}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_loaded_again_five_times_in_a_minute() {
        let shown = Shown {
            source: Source::Html(String::new()),
            crashes: RefCell::default(),
        };
        let start = Instant::now();
        let at = |seconds| shown.may_reload(start + Duration::from_secs(seconds));
        assert_eq!([0, 1, 2, 3, 4].map(at), [true; 5]);
        assert!(!at(59));
        assert!(at(63), "those of the first seconds are long ago");
    }
}
