//! Messages on their way into the page.

use std::ffi::c_char;
use std::ptr::{copy_nonoverlapping, null_mut};
use std::rc::Rc;
use std::time::{Duration, Instant};

use auroraview_lane::{DocumentId, Fault, Kind, Message};
use bytes::Bytes;

use crate::connection::Connection;
use crate::js::{JsText, Protected};
use crate::jsc::*;
use crate::page::{Opened, Page};
use crate::shield::say;

/// The bytes from which on a text is decoded by the page.
const LONG: usize = 16 << 10;

/// How long frames are taken in a row before input and painting have their turn.
const BUDGET: Duration = Duration::from_millis(8);

/// A message as `receive` and `read` see it.
pub(crate) trait Incoming {
    /// Its text.
    fn text(&self) -> &str;
    /// The same, with a NUL behind it.
    fn text_ptr(&self) -> *const c_char;
    /// How many attachments it has.
    fn attachments(&self) -> usize;
    /// The size of one of them, which must exist.
    fn bytes(&self, index: usize) -> usize;
    /// Copies from one of them, beginning at `offset`; all of that must exist.
    fn copy_part(&self, index: usize, offset: usize, into: &mut [u8]);
}

impl Incoming for Message<'_> {
    fn text(&self) -> &str {
        self.text
    }

    fn text_ptr(&self) -> *const c_char {
        Message::text_ptr(self)
    }

    fn attachments(&self) -> usize {
        Message::attachments(self)
    }

    fn bytes(&self, index: usize) -> usize {
        Message::bytes(self, index)
    }

    fn copy_part(&self, index: usize, offset: usize, into: &mut [u8]) {
        Message::copy_part(self, index, offset, into);
    }
}

/// A message that came while the page waited for the answer to a synchronous call.
pub(crate) struct Kept {
    document: DocumentId,
    /// It ends with a NUL.
    text: String,
    attachments: Vec<Bytes>,
}

impl Kept {
    pub(crate) fn new(message: &Message<'_>) -> Self {
        let mut text = String::with_capacity(message.text.len() + 1);
        text.push_str(message.text);
        text.push('\0');
        let attachments = (0..message.attachments()).map(|index| message.to_bytes(index));
        Self {
            document: message.document,
            text,
            attachments: attachments.collect(),
        }
    }

    /// How much memory it takes.
    pub(crate) fn size(&self) -> usize {
        let attached: usize = self
            .attachments
            .iter()
            .map(|bytes| bytes.len() + size_of::<Bytes>())
            .sum();
        size_of::<Self>() + self.text.capacity() + attached
    }
}

impl Incoming for Kept {
    fn text(&self) -> &str {
        &self.text[..self.text.len() - 1]
    }

    fn text_ptr(&self) -> *const c_char {
        self.text.as_ptr().cast()
    }

    fn attachments(&self) -> usize {
        self.attachments.len()
    }

    fn bytes(&self, index: usize) -> usize {
        self.attachments[index].len()
    }

    fn copy_part(&self, index: usize, offset: usize, into: &mut [u8]) {
        into.copy_from_slice(&self.attachments[index][offset..offset + into.len()]);
    }
}

/// Takes what has come, for as long as others can wait. From the loop.
pub(crate) fn turn(page: &Page, connection: &Rc<Connection>) {
    connection.begin_turn();
    let began = Instant::now();
    loop {
        match next(page, connection) {
            Ok(true) if began.elapsed() < BUDGET => (),
            Ok(true) => return connection.end_turn(connection.has_more()),
            Ok(false) if connection.alert.look_again() => (),
            Ok(false) => return connection.end_turn(false),
            Err(Over) => return page.lose(connection),
        }
    }
}

/// The connection has ended.
struct Over;

/// Takes one message; `false`: there is none now.
fn next(page: &Page, connection: &Rc<Connection>) -> Result<bool, Over> {
    if let Some(kept) = connection.next_kept() {
        deliver(page, kept.document, &kept);
        return Ok(true);
    }
    if connection.is_over() {
        return Err(Over);
    }
    let taken = connection.lane.receive(|message| {
        connection.alert.came();
        match message.kind {
            Kind::Frame => deliver(page, message.document, &message),
            // The answer to a call whose time was up; the host makes no synchronous calls.
            Kind::SyncAnswer | Kind::SyncCall => (),
        }
    });
    match taken {
        Ok(taken) => Ok(taken.is_some()),
        Err(fault) => {
            tell(&fault);
            connection.set_over();
            Err(Over)
        }
    }
}

/// Says what went wrong, unless the host has just closed its end.
pub(crate) fn tell(fault: &Fault) {
    if *fault != Fault::Closed {
        say(fault);
    }
}

fn deliver(page: &Page, document: DocumentId, message: &dyn Incoming) {
    let Some(opened) = page.opened().filter(|opened| opened.document == document) else {
        return;
    };
    page.reading(opened.number, message, || {
        hand_over(&opened, &opened.receive, message);
    });
}

/// Calls a function of the page with a message's text and its number of attachments.
pub(crate) fn hand_over(opened: &Opened, function: &Protected, message: &dyn Incoming) {
    let context = function.context();
    let text = long_text(opened, message.text());
    // SAFETY: the function holds its context; a NUL stands behind the text. Both values are on our stack.
    let arguments = unsafe {
        let text = text.unwrap_or_else(|| JsText::from_ptr(message.text_ptr()).value(context));
        let number = JSValueMakeNumber(context, message.attachments() as f64);
        [text, number]
    };
    // The page's bridge sees to its own errors.
    let _ = function.call(&arguments);
}

/// A text as the page's `decode` makes it of its bytes, which takes a fraction of the time where there are many. `None`:
/// it is short, or that failed.
fn long_text(opened: &Opened, text: &str) -> Option<JSValueRef> {
    let decode = opened.decode.as_ref().filter(|_| text.len() >= LONG)?;
    let context = decode.context();
    // SAFETY: the function holds its context. The array is on our stack, so it lives; it has so many bytes, and nobody
    // else knows it.
    let bytes = unsafe {
        let array = JSObjectMakeTypedArray(context, JS_TYPED_ARRAY_UINT8, text.len(), null_mut());
        let bytes = JSObjectGetTypedArrayBytesPtr(context, array, null_mut());
        if bytes.is_null() {
            return None;
        }
        copy_nonoverlapping(text.as_ptr(), bytes.cast(), text.len());
        array.cast_const()
    };
    decode.call(&[bytes]).ok()
}
