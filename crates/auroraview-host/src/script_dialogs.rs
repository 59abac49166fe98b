//! Dialogs that the page's scripts open.

use std::rc::Rc;

use crate::view::View;

impl View {
    /// Before the first load.
    pub(crate) fn connect_script_dialogs(self: &Rc<Self>) {}
}
