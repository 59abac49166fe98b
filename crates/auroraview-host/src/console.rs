//! What the page writes to its console.

use std::rc::Rc;

use auroraview_host_api::OpenOptions;
use webkit2gtk::UserContentManager;

use crate::view::View;

/// The console of one view.
pub(crate) struct Console;

impl Console {
    pub(crate) fn new(_options: &OpenOptions) -> Self {
        Self
    }
}

impl View {
    /// Before the first load.
    pub(crate) fn connect_console(self: &Rc<Self>) {}

    /// Adds the script of the console to those of documents that come from now on.
    pub(crate) fn inject_console(&self, _manager: &UserContentManager) {}
}
