//! What a page downloads, and where it is kept.
//!
//! The engine asks for a place when the answer's head is there; the file is written beside it as a `.part` file and gets
//! its name when it is complete. The engine cannot download from the view's own origin, so such a file is copied here.
//! A server that hangs up early is no error to the engine, but it is one here.

mod name;
mod own;
mod part;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use auroraview_host_api::{DownloadChange, Downloads as Wanted, HostEvent, LogLevel, OpenOptions};
use gtk::glib;
use gtk::prelude::*;
use webkit2gtk::{
    Download, DownloadError, DownloadExt, URIRequestExt, URIResponse, URIResponseExt,
    WebContextExt, WebViewExt,
};

use crate::origins::SCHEME;
use crate::output::{emit, log, shielded};
use crate::requests::next_request;
use crate::signals::disconnect_all;
use crate::view::View;

use name::{name_in, safe_name};
use part::Part;

/// How often progress is told at most.
const PACE: Duration = Duration::from_millis(100);
/// How many may go on at the same time.
const MOST: usize = 100;
/// How much is told of an address, which may be the data itself, in characters.
const ADDRESS_MAX: usize = 2_000;

/// The downloads of one view.
pub(crate) struct Downloads {
    place: Wanted,
    running: RefCell<BTreeMap<u64, Running>>,
    /// A context may be that of other views too, and go on.
    connection: RefCell<Option<(webkit2gtk::WebContext, glib::SignalHandlerId)>>,
}

/// One that has not ended.
struct Running {
    url: String,
    /// The engine's; `None`: a file of the view's own.
    engine: Option<Download>,
    /// Once it has a place.
    part: Option<Part>,
    total: Option<u64>,
    received: u64,
    told: Instant,
    /// That it began was told.
    announced: bool,
    /// Why there will be no file.
    end: Option<DownloadChange>,
}

impl Downloads {
    pub(crate) fn new(options: &OpenOptions) -> Self {
        Self {
            place: options.downloads.clone(),
            running: RefCell::default(),
            connection: RefCell::default(),
        }
    }

    /// `None`: downloads are refused.
    fn folder(&self) -> Option<PathBuf> {
        match &self.place {
            Wanted::Folder(folder) => Some(folder.into()),
            Wanted::UserFolder => glib::user_special_dir(glib::UserDirectory::Downloads)
                .or_else(|| Some(glib::home_dir().join("Downloads"))),
            Wanted::Refused => None,
        }
    }
}

impl View {
    /// Before the first load.
    pub(crate) fn connect_downloads(self: &Rc<Self>) {
        let Some(context) = self.webview.context() else {
            return;
        };
        let weak = Rc::downgrade(self);
        let handler = context.connect_download_started(move |_, download| {
            let Some(view) = weak.upgrade() else { return };
            shielded((), || match download.web_view() {
                Some(webview) if webview == view.webview => {
                    // Not of a download of another view, which shares the context and has its own handlers there.
                    // wry has the engine write into the user's folder, over what is there if need be.
                    disconnect_all(download, "decide-destination");
                    view.download_started(download);
                }
                Some(_) => {}
                // Nobody would hear of it, and the engine would choose the place.
                None => download.cancel(),
            });
        });
        *self.downloads.connection.borrow_mut() = Some((context, handler));
    }

    /// Whether one from this address may begin; else a line in the log says why not.
    pub(crate) fn may_download(&self, url: &str) -> bool {
        let why = if self.downloads.folder().is_none() {
            "downloads=None refuses them".to_owned()
        } else if self.downloads.running.borrow().len() >= MOST {
            format!("{MOST} downloads of this page go on already")
        } else {
            return true;
        };
        log(
            LogLevel::Warning,
            format!("{} was not downloaded: {why}", shown(url, 120)),
        );
        false
    }

    fn download_started(self: &Rc<Self>, download: &Download) {
        let url = download.request().and_then(|request| request.uri());
        let url = url.map_or_else(String::new, String::from);
        if url.starts_with(SCHEME) && url[SCHEME.len()..].starts_with(':') {
            download.cancel();
            return self.copy_own(url);
        }
        if !self.may_download(&url) {
            return download.cancel();
        }
        let id = self.begin_download(url, Some(download.clone()));
        let weak = Rc::downgrade(self);
        let with = move |work: &dyn Fn(&View)| {
            if let Some(view) = weak.upgrade() {
                shielded((), || work(&view));
            }
        };
        let run = with.clone();
        download.connect_decide_destination(move |download, proposed| {
            run(&|view| view.give_place(id, download, proposed));
            true
        });
        let run = with.clone();
        download.connect_received_data(move |download, _| {
            let received = download.received_data_length();
            run(&|view| view.download_goes_on(id, received));
        });
        let run = with.clone();
        download.connect_failed(move |_, error| {
            let end = if error.matches(DownloadError::CancelledByUser) {
                DownloadChange::Cancelled
            } else {
                DownloadChange::Failed {
                    message: error.message().to_owned(),
                }
            };
            run(&|view| {
                if let Some(one) = view.downloads.running.borrow_mut().get_mut(&id) {
                    // There may be a reason already for which it was given up.
                    one.end.get_or_insert_with(|| end.clone());
                }
            });
        });
        download.connect_finished(move |_| with(&|view| view.download_ended(id)));
    }

    fn begin_download(&self, url: String, engine: Option<Download>) -> u64 {
        let id = next_request();
        let running = Running {
            url,
            engine,
            part: None,
            total: None,
            received: 0,
            told: Instant::now(),
            announced: false,
            end: None,
        };
        self.downloads.running.borrow_mut().insert(id, running);
        id
    }

    /// The head of the answer is there.
    fn give_place(&self, id: u64, download: &Download, proposed: &str) {
        let response = download.response();
        let mime_type = response.as_ref().and_then(URIResponseExt::mime_type);
        let total = response.as_ref().and_then(length);
        let Some(url) = self.url_of(id) else {
            return download.cancel();
        };
        let name = safe_name(proposed, &url, mime_type.as_deref());
        let path = self.reserve(id, &name, total);
        match path.as_deref().and_then(Path::to_str) {
            Some(path) => {
                // The file is there, empty.
                download.set_allow_overwrite(true);
                download.set_destination(path);
            }
            None => download.cancel(),
        }
    }

    fn url_of(&self, id: u64) -> Option<String> {
        let running = self.downloads.running.borrow();
        running.get(&id).map(|one| one.url.clone())
    }

    /// Tells that it begins, and where to write it; `None`: nowhere, and that is told at its end.
    fn reserve(&self, id: u64, name: &str, total: Option<u64>) -> Option<PathBuf> {
        let folder = self.downloads.folder()?;
        let reserved = match folder.to_str() {
            Some(_) => Part::reserve(&folder, name),
            None => Err(io::Error::other("the folder's name is no text")),
        };
        let (path, target) = match &reserved {
            Ok(part) => (Some(part.path().to_owned()), part.target()),
            Err(_) => (None, folder.join(name)),
        };
        let url = {
            let mut running = self.downloads.running.borrow_mut();
            let one = running.get_mut(&id)?;
            one.total = total;
            one.told = Instant::now();
            one.announced = true;
            match reserved {
                Ok(part) => one.part = Some(part),
                Err(error) => {
                    one.end = Some(DownloadChange::Failed {
                        message: format!("it cannot be kept in {}: {error}", folder.display()),
                    });
                }
            }
            shown(&one.url, ADDRESS_MAX)
        };
        self.tell_download(
            id,
            DownloadChange::Started {
                url,
                path: text(&target),
                total,
            },
        );
        path
    }

    fn download_goes_on(&self, id: u64, received: u64) {
        let total = {
            let mut running = self.downloads.running.borrow_mut();
            let Some(one) = running.get_mut(&id) else {
                return;
            };
            one.received = received;
            if !one.announced || one.told.elapsed() < PACE {
                return;
            }
            one.told = Instant::now();
            one.total
        };
        self.tell_download(id, DownloadChange::Progress { received, total });
    }

    /// The engine, or the copy, is done with it.
    pub(crate) fn download_ended(&self, id: u64) {
        let one = self.downloads.running.borrow_mut().remove(&id);
        let Some(one) = one else { return };
        if !one.announced {
            match one.end {
                Some(DownloadChange::Failed { .. }) => self.announce_late(id, &one),
                // Given up before there was anything to tell of.
                _ => return,
            }
        }
        let Running {
            part,
            total,
            received,
            end,
            ..
        } = one;
        let short = total.is_some_and(|total| received < total);
        let change = match (end, part) {
            (Some(end), _) => end,
            (None, Some(_)) if short => DownloadChange::Failed {
                message: format!(
                    "the connection ended after {received} of {} bytes",
                    total.unwrap_or_default()
                ),
            },
            (None, Some(part)) => match part.finish() {
                Ok(path) => DownloadChange::Finished { path: text(&path) },
                Err(error) => DownloadChange::Failed {
                    message: format!("it cannot be given its name: {error}"),
                },
            },
            (None, None) => return,
        };
        self.tell_download(id, change);
    }

    /// One that failed before the head of an answer came.
    fn announce_late(&self, id: u64, one: &Running) {
        let folder = self.downloads.folder().unwrap_or_default();
        let path = folder.join(safe_name(&name_in(&one.url), &one.url, None));
        self.tell_download(
            id,
            DownloadChange::Started {
                url: shown(&one.url, ADDRESS_MAX),
                path: text(&path),
                total: None,
            },
        );
    }

    fn tell_download(&self, download: u64, change: DownloadChange) {
        emit(HostEvent::Download {
            view: self.id,
            download,
            change,
        });
    }

    /// Gives one up.
    pub(crate) fn cancel_download(&self, id: u64) {
        let engine = {
            let running = self.downloads.running.borrow();
            let Some(one) = running.get(&id) else { return };
            one.engine.clone()
        };
        match engine {
            // It answers with the end.
            Some(engine) => engine.cancel(),
            None => {
                if let Some(one) = self.downloads.running.borrow_mut().get_mut(&id) {
                    one.end = Some(DownloadChange::Cancelled);
                }
                self.download_ended(id);
            }
        }
    }

    /// The window is gone.
    pub(crate) fn end_downloads(&self) {
        if let Some((context, handler)) = self.downloads.connection.take() {
            context.disconnect(handler);
        }
        for (id, one) in self.downloads.running.take() {
            if let Some(engine) = &one.engine {
                engine.cancel();
            }
            let announced = one.announced;
            drop(one);
            if announced {
                self.tell_download(id, DownloadChange::Cancelled);
            }
        }
    }
}

/// How long the answer will be, as far as that can be compared with what comes.
fn length(response: &URIResponse) -> Option<u64> {
    let encoded = response
        .http_headers()
        .and_then(|headers| headers.one("Content-Encoding"))
        .is_some();
    Some(response.content_length()).filter(|length| *length > 0 && !encoded)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn shown(url: &str, most: usize) -> String {
    match url.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &url[..end]),
        None => url.to_owned(),
    }
}
