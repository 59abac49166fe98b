//! Searching the page.

use std::rc::Rc;

use auroraview_host_api::FindOptions;

use crate::questions::Reply;
use crate::view::View;

/// The search of one view.
#[derive(Default)]
pub(crate) struct Find {}

/// Searches; answered by a count.
pub(crate) fn ask(_view: &Rc<View>, _options: FindOptions, reply: Reply) {
    reply.give(Err("not built yet".into()));
}

impl View {
    /// Before the first load.
    pub(crate) fn connect_find(self: &Rc<Self>) {}
}
