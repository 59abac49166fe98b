//! Files that the user drops onto the page.

use std::rc::Rc;

use crate::view::View;

/// What is being dragged over one view.
#[derive(Default)]
pub(crate) struct FileDrop {}

impl View {
    /// Before the first load.
    pub(crate) fn connect_file_drop(self: &Rc<Self>) {}
}
