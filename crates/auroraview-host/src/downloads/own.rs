//! Downloads of the view's own files, which the engine cannot make: it knows no other way to them than into a page.

use std::fs;
use std::path::Path;
use std::rc::Rc;

use auroraview_host_api::DownloadChange;
use gtk::{gio, glib};
use webkit2gtk::WebViewExt;

use super::name::{name_in, safe_name};
use crate::output::shielded;
use crate::view::{self, View};
use crate::{assets, replies};

/// Where the page's scripts have no say.
const WORLD: &str = "auroraview-downloads";

/// The engine does not tell what the link proposes.
const PROPOSED: &str = r"
for (const link of document.querySelectorAll('a[download], area[download]')) {
    if (link.href === url) return link.getAttribute('download');
}
return '';
";

impl View {
    /// A link of the page wants a file of the page's own to be downloaded.
    pub(crate) fn copy_own(self: &Rc<Self>, url: String) {
        if !self.may_download(&url) {
            return;
        }
        let arguments = glib::VariantDict::new(None);
        arguments.insert("url", url.as_str());
        let weak = Rc::downgrade(self);
        self.webview.call_async_javascript_function(
            PROPOSED,
            Some(&arguments.end()),
            Some(WORLD),
            None,
            None::<&gio::Cancellable>,
            move |answer| {
                let Some(view) = weak.upgrade().filter(|view| !view.closed.get()) else {
                    return;
                };
                let proposed = answer.ok().and_then(|value| replies::string(&value));
                shielded((), || {
                    view.copy_as(url, proposed.as_deref().unwrap_or_default());
                });
            },
        );
    }

    /// A file of the page's own, under the name that is proposed, or its own.
    pub(crate) fn copy_as(&self, url: String, proposed: &str) {
        if !self.may_download(&url) {
            return;
        }
        let own = name_in(&url);
        let proposed = if proposed.is_empty() { &own } else { proposed };
        let name = safe_name(proposed, &url, None);
        let site = self.site.borrow().clone();
        let id = self.begin_download(url.clone(), None);
        let Some(path) = self.reserve(id, &name, None) else {
            return self.download_ended(id);
        };
        let view = self.id;
        let copy = move || {
            let copied = assets::read(&site, &url).and_then(|bytes| write(&path, &bytes));
            let mut copied = Some(copied);
            let tell = move || {
                if let (Some(view), Some(copied)) = (view::find(view), copied.take()) {
                    shielded((), || view.copied(id, copied));
                }
                glib::ControlFlow::Break
            };
            glib::idle_source_new(Some("auroraview-copied"), glib::Priority::DEFAULT, tell)
                .attach(Some(&glib::MainContext::default()));
        };
        // The task goes on by itself; its handle is only for waiting.
        drop(gio::spawn_blocking(copy));
    }

    fn copied(&self, id: u64, copied: Result<u64, String>) {
        if let Some(one) = self.downloads.running.borrow_mut().get_mut(&id) {
            match copied {
                Ok(length) => one.received = length,
                Err(message) => one.end = Some(DownloadChange::Failed { message }),
            }
        }
        self.download_ended(id);
    }
}

/// Into the file that is there. Gone meanwhile, nobody wants it any more.
fn write(path: &Path, bytes: &[u8]) -> Result<u64, String> {
    let file = fs::OpenOptions::new().write(true).open(path);
    file.and_then(|mut file| std::io::Write::write_all(&mut file, bytes))
        .map_err(|error| format!("it cannot be written: {error}"))?;
    Ok(bytes.len() as u64)
}
