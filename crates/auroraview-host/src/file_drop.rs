//! Files that the user drops onto the page.
//!
//! The engine asks for the data of a drag as soon as it is over the page, and says then whether the page takes it; here
//! is only listened. A drag counts when it comes from a program with files: one that began in a page carries what that
//! page has put into it, so neither one of our own pages counts, nor one that offers HTML, as those of browsers do.
//!
//! A page that does not care for drops is left alone: the engine would show the file instead of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use auroraview_host_api::{HostEvent, LogLevel};
use gtk::gdk::DragContext;
use gtk::glib;
use gtk::glib::translate::{ToGlibPtr, from_glib_none};
use gtk::prelude::*;

use crate::output::{emit, log, shielded};
use crate::view::View;

/// Most files of one drop that are told.
const MOST: usize = 10_000;

/// How soon after a drop the engine goes to what was dropped. Later it is a link to the same file.
const AT_ONCE: Duration = Duration::from_secs(2);

const FILES: &str = "text/uri-list";
/// Offered by drags that began in a page.
const OF_PAGES: [&str; 4] = [
    "text/html",
    "org.webkitgtk.WebKit.custom-pasteboard-data",
    "chromium/x-renderer-taint",
    "application/x-moz-custom-clipdata",
];

/// What is being dragged over one view.
#[derive(Default)]
pub(crate) struct FileDrop {
    /// The addresses of the drag that was here last.
    over: RefCell<Option<(DragContext, Vec<String>)>>,
    /// A drop whose addresses have not come yet, and its place.
    awaited: RefCell<Option<(DragContext, i32, i32)>>,
    /// The files that were dropped last, and when.
    dropped: RefCell<Option<(Instant, Vec<String>)>>,
}

impl FileDrop {
    /// Whether the engine goes there only because it was dropped onto the page.
    pub(crate) fn leads_to(&self, url: &str) -> bool {
        let dropped = self.dropped.borrow();
        dropped
            .as_ref()
            .is_some_and(|(when, all)| when.elapsed() < AT_ONCE && all.iter().any(|one| one == url))
    }
}

impl View {
    /// Before the first load.
    pub(crate) fn connect_file_drop(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        self.webview
            .connect_drag_data_received(move |_, context, _, _, data, _, _| {
                let Some(view) = weak.upgrade() else { return };
                if data.target().name() == FILES {
                    let addresses = data.uris().into_iter().map(String::from).collect();
                    shielded((), || view.drag_has(context, addresses));
                }
            });
        let weak = Rc::downgrade(self);
        self.webview.connect_drag_drop(move |_, context, x, y, _| {
            if let Some(view) = weak.upgrade() {
                shielded((), || view.drag_dropped(context, (x, y)));
            }
            // The engine goes on with it.
            false
        });
    }

    fn drag_has(&self, context: &DragContext, addresses: Vec<String>) {
        let mut awaited = self.file_drop.awaited.borrow_mut();
        let place = awaited.take_if(|(one, ..)| one == context);
        drop(awaited);
        if let Some((_, x, y)) = place {
            return self.files_dropped(context, addresses, (x, y));
        }
        *self.file_drop.over.borrow_mut() = Some((context.clone(), addresses));
    }

    fn drag_dropped(&self, context: &DragContext, (x, y): (i32, i32)) {
        match self.file_drop.over.take() {
            Some((one, addresses)) if one == *context => {
                self.files_dropped(context, addresses, (x, y));
            }
            _ => *self.file_drop.awaited.borrow_mut() = Some((context.clone(), x, y)),
        }
    }

    fn files_dropped(&self, context: &DragContext, addresses: Vec<String>, (x, y): (i32, i32)) {
        if self.closed.get() || !self.webview.is_sensitive() || is_of_page(context) {
            return;
        }
        let mut paths = Vec::new();
        let mut files = Vec::new();
        let mut nameless = 0;
        for address in addresses {
            match path_of(&address) {
                Some(Ok(path)) => paths.push(path),
                Some(Err(())) => nameless += 1,
                None => continue,
            }
            files.push(address);
        }
        *self.file_drop.dropped.borrow_mut() = Some((Instant::now(), files));
        if nameless > 0 {
            let text = format!("{nameless} dropped files are left out: their names are no UTF-8");
            log(LogLevel::Warning, text);
        }
        if paths.len() > MOST {
            let text = format!(
                "{} files were dropped at once: only {MOST} are told",
                paths.len()
            );
            log(LogLevel::Warning, text);
            paths.truncate(MOST);
        }
        if !paths.is_empty() {
            emit(HostEvent::FileDrop {
                view: self.id,
                paths,
                x,
                y,
            });
        }
    }
}

/// Whether a page decides what is in this drag.
fn is_of_page(context: &DragContext) -> bool {
    // SAFETY: the context is alive; the widget is one of this process, or none.
    let source: Option<gtk::Widget> = unsafe {
        from_glib_none(gtk::ffi::gtk_drag_get_source_widget(
            context.to_glib_none().0,
        ))
    };
    source.is_some_and(|source| source.is::<webkit2gtk::WebView>())
        || context
            .list_targets()
            .iter()
            .any(|target| OF_PAGES.contains(&target.name().as_str()))
}

/// The path of a file of this machine; `None` for other addresses, `Err` for a path that is no text.
fn path_of(address: &str) -> Option<Result<String, ()>> {
    let (path, host) = glib::filename_from_uri(address).ok()?;
    let here = host.is_none_or(|host| {
        host.is_empty() || host == "localhost" || glib::host_name().as_str() == host
    });
    here.then(|| path.into_os_string().into_string().map_err(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_this_machine_have_paths() {
        for (address, path) in [
            ("file:///a%20b/%C3%BC", Some(Ok("/a b/ü".to_owned()))),
            ("file://localhost/a", Some(Ok("/a".to_owned()))),
            ("file://elsewhere.example/a", None),
            ("https://a.example/a", None),
            ("/a", None),
            ("", None),
            ("file:///%FF", Some(Err(()))),
        ] {
            assert_eq!(path_of(address), path, "{address}");
        }
    }
}
