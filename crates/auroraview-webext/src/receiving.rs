//! Messages on their way into the page.

use std::ffi::c_char;
use std::rc::Rc;
use std::time::{Duration, Instant};

use auroraview_lane::{DocumentId, Fault, Kind, Message};
use bytes::Bytes;

use crate::connection::Connection;
use crate::js::JsText;
use crate::jsc::*;
use crate::page::Page;
use crate::shield::say;

/// How long frames are taken in a row before input and painting have their turn.
const BUDGET: Duration = Duration::from_millis(8);

/// A message as `receive` and `read` see it.
pub(crate) trait Incoming {
    /// Its text, with a NUL behind it.
    fn text_ptr(&self) -> *const c_char;
    /// How many attachments it has.
    fn attachments(&self) -> usize;
    /// The size of one of them, which must exist.
    fn bytes(&self, index: usize) -> usize;
    /// Copies from one of them, beginning at `offset`; all of that must exist.
    fn copy_part(&self, index: usize, offset: usize, into: &mut [u8]);
}

impl Incoming for Message<'_> {
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
    text: Vec<u8>,
    attachments: Vec<Bytes>,
}

impl Kept {
    pub(crate) fn new(message: &Message<'_>) -> Self {
        let mut text = Vec::with_capacity(message.text.len() + 1);
        text.extend_from_slice(message.text.as_bytes());
        text.push(0);
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
        hand_over(&opened.receive, message);
    });
}

/// Calls a function of the page with a message's text and its number of attachments.
pub(crate) fn hand_over(function: &crate::js::Protected, message: &dyn Incoming) {
    let context = function.context();
    // SAFETY: the function holds its context; a NUL stands behind the text. Both values are on our stack.
    let arguments = unsafe {
        let text = JsText::from_ptr(message.text_ptr());
        let number = JSValueMakeNumber(context, message.attachments() as f64);
        [text.value(context), number]
    };
    // The page's bridge sees to its own errors.
    let _ = function.call(&arguments);
}
