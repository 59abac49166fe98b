//! The clipboard's text.
//!
//! The owner of what is in it may be slow, or gone: reading waits in the loop, never in a call.

use std::rc::Rc;

use auroraview_host_api::Answer;

use crate::output::shielded;
use crate::questions::Reply;
use crate::view::View;

fn clipboard() -> gtk::Clipboard {
    gtk::Clipboard::get(&gtk::gdk::SELECTION_CLIPBOARD)
}

/// Answered by the text that is there.
pub(crate) fn read(_view: &Rc<View>, reply: Reply) {
    clipboard().request_text(move |_, text| {
        let text = text.map(str::to_owned);
        shielded((), || reply.give(Ok(Answer::Text(text))));
    });
}

/// Answered when it is there.
pub(crate) fn write(_view: &Rc<View>, text: String, reply: Reply) {
    if text.contains('\0') {
        return reply.give(Err(
            "the clipboard takes no text with a NUL character".into()
        ));
    }
    clipboard().set_text(&text);
    reply.give(Ok(Answer::Done));
}
