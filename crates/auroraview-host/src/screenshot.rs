//! A picture of the page as it is rendered, as a PNG file's bytes.

use std::rc::Rc;

use auroraview_host_api::{HostEvent, RequestId, ViewId};
use cairo::ImageSurface;
use gtk::{gio, glib};
use webkit2gtk::{SnapshotOptions, SnapshotRegion, WebViewExt};

use crate::output::{emit, shielded};
use crate::view::View;

/// Answers a question.
pub(crate) fn answer(view: ViewId, request: RequestId, result: Result<Vec<u8>, String>) {
    emit(HostEvent::Screenshot {
        view,
        request,
        result,
    });
}

impl View {
    /// Takes a picture of the visible part of the page; answered by `Screenshot`, once.
    pub(crate) fn screenshot(self: &Rc<Self>, request: RequestId) {
        if self.crashed.get() {
            return answer(self.id, request, Err("the web process died".into()));
        }
        self.screenshots.borrow_mut().insert(request);
        let weak = Rc::downgrade(self);
        self.webview.snapshot(
            SnapshotRegion::Visible,
            SnapshotOptions::NONE,
            None::<&gio::Cancellable>,
            move |surface| {
                shielded((), || {
                    let Some(view) = weak.upgrade() else { return };
                    if view.screenshots.borrow_mut().remove(&request) {
                        answer(view.id, request, png(surface));
                    }
                });
            },
        );
    }

    /// Answers all that wait.
    pub(crate) fn end_screenshots(&self, reason: &str) {
        for request in self.screenshots.take() {
            answer(self.id, request, Err(reason.into()));
        }
    }
}

fn png(surface: Result<cairo::Surface, glib::Error>) -> Result<Vec<u8>, String> {
    let surface = surface.map_err(|error| error.to_string())?;
    let image = ImageSurface::try_from(surface)
        .map_err(|_| "the web engine gave no image surface".to_owned())?;
    let mut bytes = Vec::new();
    image
        .write_to_png(&mut bytes)
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}
