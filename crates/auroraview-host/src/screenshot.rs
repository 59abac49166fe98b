//! A picture of the page, as a PNG file's bytes: rendered for it, or what was last painted on the screen.

use std::rc::Rc;

use auroraview_host_api::{HostEvent, RequestId, ViewId};
use cairo::ImageSurface;
use gtk::prelude::WidgetExt;
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

    /// Answers at once with the visible part of the page as it was last painted.
    pub(crate) fn painted(&self, request: RequestId) {
        let picture = match () {
            () if self.crashed.get() => Err("the web process died".into()),
            () if !self.webview.is_mapped() => {
                Err("nothing is painted while the window is hidden".into())
            }
            () => self.paint().map_err(|error| error.to_string()),
        };
        answer(self.id, request, picture.and_then(|image| png(Ok(image))));
    }

    fn paint(&self) -> Result<cairo::Surface, cairo::Error> {
        let (area, scale) = (self.webview.allocation(), self.webview.scale_factor());
        let format = cairo::Format::ARgb32;
        let image = ImageSurface::create(format, area.width() * scale, area.height() * scale)?;
        image.set_device_scale(scale.into(), scale.into());
        let painter = cairo::Context::new(&image)?;
        self.webview.draw(&painter);
        drop(painter);
        Ok((*image).clone())
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
