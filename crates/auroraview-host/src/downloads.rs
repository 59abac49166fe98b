//! What a page downloads, and where it is kept.

use std::rc::Rc;

use auroraview_host_api::OpenOptions;

use crate::view::View;

/// The downloads of one view.
pub(crate) struct Downloads;

impl Downloads {
    pub(crate) fn new(_options: &OpenOptions) -> Self {
        Self
    }
}

impl View {
    /// Before the first load.
    pub(crate) fn connect_downloads(self: &Rc<Self>) {}

    /// Gives one up.
    pub(crate) fn cancel_download(&self, _download: u64) {}

    /// The window is gone.
    pub(crate) fn end_downloads(&self) {}
}
