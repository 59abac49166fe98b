//! The clipboard's text.

use std::rc::Rc;

use crate::questions::Reply;
use crate::view::View;

/// Answered by the text that is there.
pub(crate) fn read(_view: &Rc<View>, reply: Reply) {
    reply.give(Err("not built yet".into()));
}

/// Answered when it is there.
pub(crate) fn write(_view: &Rc<View>, _text: String, reply: Reply) {
    reply.give(Err("not built yet".into()));
}
