//! Native dialogs of a window.

use std::rc::Rc;

use auroraview_host_api::{FileDialog, MessageDialog};

use crate::questions::Reply;
use crate::view::View;

pub(crate) fn open_file(_view: &Rc<View>, _options: FileDialog, reply: Reply) {
    reply.give(Err("not built yet".into()));
}

pub(crate) fn save_file(_view: &Rc<View>, _options: FileDialog, reply: Reply) {
    reply.give(Err("not built yet".into()));
}

pub(crate) fn select_folder(_view: &Rc<View>, _options: FileDialog, reply: Reply) {
    reply.give(Err("not built yet".into()));
}

pub(crate) fn message(_view: &Rc<View>, _options: MessageDialog, reply: Reply) {
    reply.give(Err("not built yet".into()));
}

pub(crate) fn confirm(_view: &Rc<View>, _options: MessageDialog, reply: Reply) {
    reply.give(Err("not built yet".into()));
}
