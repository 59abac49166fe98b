//! What waits to be sent over one connection, and the way there from a session.
//!
//! Frames are few by nature: a session hands out two and waits. What the connection itself has to say is kept as facts
//! (a ping is due, received up to 48), not as a list, so a client that asks without reading costs nothing but its
//! connection.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use auroraview_protocol::Batch;
use bytes::Bytes;

use crate::lock;
use crate::wire::{close_code, short_reason};

/// Tells whoever moves the bytes that [`Connection::next_outgoing`](crate::Connection::next_outgoing) may have
/// something; again only after it had nothing. Called on any thread, perhaps within [`SessionOutlet::deliver`]: it must
/// neither block nor call back.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// One WebSocket message for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
    /// A ping of the WebSocket itself, to a client that knows no other.
    Ping,
    /// The close frame, with code and reason. Nothing follows.
    Close(u16, String),
}

/// A frame that is longer, with its attachments, is announced: a client does not see that a part of it came.
const LONG: usize = 256 * 1024;

/// Answers that a client has asked for and does not take.
const PONGS: usize = 64;

/// Where a session's frames go: to the connection it has at the time, if any.
#[derive(Default)]
pub struct SessionOutlet {
    mailbox: Mutex<Option<Arc<Mailbox>>>,
}

impl SessionOutlet {
    /// Queues a frame. To be called in the order in which the session hands frames out. Without a connection it is
    /// dropped: the session has it until it is acknowledged.
    pub fn deliver(&self, batch: Batch) {
        let mailbox = lock(&self.mailbox).clone();
        if let Some(mailbox) = mailbox {
            mailbox.frame(batch);
        }
    }

    pub(crate) fn connect(&self, mailbox: &Arc<Mailbox>) -> Option<Arc<Mailbox>> {
        lock(&self.mailbox).replace(mailbox.clone())
    }

    pub(crate) fn disconnect(&self) -> Option<Arc<Mailbox>> {
        lock(&self.mailbox).take()
    }

    pub(crate) fn mailbox(&self) -> Option<Arc<Mailbox>> {
        lock(&self.mailbox).clone()
    }

    pub(crate) fn leads_to(&self, mailbox: &Arc<Mailbox>) -> bool {
        lock(&self.mailbox)
            .as_ref()
            .is_some_and(|present| Arc::ptr_eq(present, mailbox))
    }
}

/// What a close frame does to the frames before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leave {
    /// They are sent first.
    Last,
    /// They are dropped.
    Now,
}

/// Something to send.
pub(crate) enum Item {
    Control(String),
    Ping,
    Frame(String),
    /// A frame that announces attachments, which are the next items.
    Announcing(String),
    Attachment(Bytes),
    Close(u16, String),
}

/// See the module.
pub(crate) struct Mailbox {
    state: Mutex<State>,
    wake: Wake,
    closed: AtomicBool,
}

#[derive(Default)]
struct State {
    reply: Option<String>,
    ping: bool,
    reload: bool,
    ack: Option<u64>,
    pongs: usize,
    /// Attachments of the frame that was sent last.
    attachments: VecDeque<Bytes>,
    frames: VecDeque<Batch>,
    /// The client was told how long the next one is, and waits for nothing else.
    is_announced: bool,
    document: String,
    /// The number with which frames begin on this connection, and the next one.
    first: u64,
    expected: u64,
    /// The client was told where it stands: frames may be sent.
    open: bool,
    /// Frames that were sent and not yet counted by [`Mailbox::take_sent`].
    sent: u64,
    close: Option<(u16, String)>,
    woken: bool,
}

impl State {
    /// The next frame; its attachments are next after it.
    fn frame(&mut self) -> Option<Item> {
        let batch = self.frames.pop_front()?;
        self.sent += 1;
        if batch.attachments.is_empty() {
            return Some(Item::Frame(batch.text));
        }
        self.attachments.extend(batch.attachments);
        Some(Item::Announcing(batch.text))
    }
}

impl Mailbox {
    pub(crate) fn new(wake: Wake) -> Self {
        Self {
            state: Mutex::default(),
            wake,
            closed: AtomicBool::new(false),
        }
    }

    /// A close frame waits or was sent: nothing counts any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Begins anew: holds frames of `document` from number `first` on back until [`Self::open`].
    pub(crate) fn hold(&self, document: &str, first: u64) {
        let mut state = lock(&self.state);
        state.is_announced = false;
        document.clone_into(&mut state.document);
        state.first = first;
        state.expected = first;
        state.frames.clear();
    }

    /// Sends `reply`, then frames.
    pub(crate) fn open(&self, reply: String) {
        self.change(|state| {
            state.reply = Some(reply);
            state.open = true;
        });
    }

    fn frame(&self, batch: Batch) {
        let mut lost = false;
        self.change(|state| {
            if batch.document != state.document {
                return;
            }
            // While held back, what another thread was still about to deliver may come between; the session's own
            // repetition begins with the first number.
            if !state.open && batch.seq == state.first {
                state.frames.clear();
                state.expected = state.first;
            }
            if batch.seq == state.expected {
                state.expected += 1;
                state.frames.push_back(batch);
            } else {
                lost = state.open && batch.seq > state.expected;
            }
        });
        if lost {
            log::error!(
                "a frame was delivered out of order; the connection is given up, so that it resumes"
            );
            self.close(close_code::INTERNAL, "frames out of order", Leave::Now);
        }
    }

    pub(crate) fn ping(&self) {
        self.change(|state| state.ping = true);
    }

    /// False when too many wait already.
    pub(crate) fn pong(&self) -> bool {
        let mut good = true;
        self.change(|state| {
            state.pongs += 1;
            good = state.pongs <= PONGS;
        });
        good
    }

    pub(crate) fn reload(&self) {
        self.change(|state| state.reload = true);
    }

    pub(crate) fn ack(&self, received: u64) {
        self.change(|state| state.ack = Some(received));
    }

    /// Ends the connection; only the first time counts.
    pub(crate) fn close(&self, code: u16, reason: &str, leave: Leave) {
        self.change(|state| {
            state.close = Some((code, short_reason(reason)));
            if leave == Leave::Now {
                state.reply = None;
                state.is_announced = false;
                state.frames.clear();
                state.attachments.clear();
            }
            self.closed.store(true, Ordering::Release);
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let wake = {
            let mut state = lock(&self.state);
            if self.is_closed() {
                return;
            }
            change(&mut state);
            !std::mem::replace(&mut state.woken, true)
        };
        if wake {
            (self.wake)();
        }
    }

    /// What is to be sent next.
    pub(crate) fn next(&self) -> Option<Item> {
        let mut state = lock(&self.state);
        let state = &mut *state;
        // Nothing may come between a text and the attachments it announced.
        if let Some(attachment) = state.attachments.pop_front() {
            return Some(Item::Attachment(attachment));
        }
        if let Some(reply) = state.reply.take() {
            return Some(Item::Control(reply));
        }
        if state.is_announced {
            state.is_announced = false;
            return state.frame();
        }
        // Nothing follows a close frame, and but for frames nothing goes before it.
        if !self.is_closed() {
            if std::mem::take(&mut state.ping) {
                return Some(Item::Ping);
            }
            if state.pongs > 0 {
                state.pongs -= 1;
                return Some(Item::Control(r#"{"type":"pong"}"#.into()));
            }
            if let Some(received) = state.ack.take() {
                return Some(Item::Control(format!(
                    r#"{{"type":"ack","received":{received}}}"#
                )));
            }
            if std::mem::take(&mut state.reload) {
                return Some(Item::Control(r#"{"type":"reload"}"#.into()));
            }
        }
        if state.open
            && let Some(bytes) = state.frames.front().map(size)
            && bytes > LONG
        {
            state.is_announced = true;
            return Some(Item::Control(format!(
                r#"{{"type":"long","bytes":{bytes}}}"#
            )));
        }
        if state.open
            && let Some(frame) = state.frame()
        {
            return Some(frame);
        }
        if let Some((code, reason)) = state.close.take() {
            return Some(Item::Close(code, reason));
        }
        state.woken = false;
        None
    }

    /// The rest of what [`Item::Announcing`] announced.
    pub(crate) fn take_attachments(&self) -> Vec<Bytes> {
        lock(&self.state).attachments.drain(..).collect()
    }

    /// Bytes of the frame that comes next, attachments included.
    pub(crate) fn next_frame_bytes(&self) -> usize {
        lock(&self.state).frames.front().map_or(0, size)
    }

    /// How many frames were sent since the last time.
    pub(crate) fn take_sent(&self) -> u64 {
        std::mem::take(&mut lock(&self.state).sent)
    }
}

/// The bytes of a frame, attachments included.
fn size(batch: &Batch) -> usize {
    batch.text.len() + batch.attachments.iter().map(Bytes::len).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn batch(document: &str, seq: u64) -> Batch {
        Batch {
            document: document.into(),
            generation: 1,
            seq,
            text: format!("{document}{seq}"),
            attachments: Vec::new(),
        }
    }

    fn sent(mailbox: &Mailbox) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(item) = mailbox.next() {
            texts.push(match item {
                Item::Control(text) | Item::Frame(text) | Item::Announcing(text) => text,
                Item::Attachment(bytes) => format!("{} bytes", bytes.len()),
                Item::Ping => "ping".into(),
                Item::Close(code, reason) => format!("{code} {reason}"),
            });
        }
        texts
    }

    fn outlet() -> (SessionOutlet, Arc<Mailbox>, Arc<AtomicUsize>) {
        let wakes = Arc::new(AtomicUsize::new(0));
        let counted = wakes.clone();
        let wake = move || {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        let mailbox = Arc::new(Mailbox::new(Box::new(wake)));
        let outlet = SessionOutlet::default();
        outlet.connect(&mailbox);
        (outlet, mailbox, wakes)
    }

    #[test]
    fn frames_wait_for_the_reply_and_what_was_under_way_is_not_sent_twice() {
        let (outlet, mailbox, _) = outlet();
        mailbox.hold("d", 4);
        outlet.deliver(batch("d", 5));
        outlet.deliver(batch("old", 4));
        outlet.deliver(batch("d", 4));
        outlet.deliver(batch("d", 5));
        outlet.deliver(batch("d", 4));
        outlet.deliver(batch("d", 5));
        assert!(sent(&mailbox).is_empty());
        mailbox.open("reply".into());
        outlet.deliver(batch("d", 4));
        outlet.deliver(batch("d", 6));
        assert_eq!(sent(&mailbox), ["reply", "d4", "d5", "d6"]);
        assert_eq!(mailbox.take_sent(), 3);
    }

    #[test]
    fn a_gap_in_what_is_delivered_ends_the_connection_instead_of_losing_a_frame() {
        let (outlet, mailbox, _) = outlet();
        mailbox.hold("d", 1);
        mailbox.open("reply".into());
        outlet.deliver(batch("d", 2));
        assert_eq!(sent(&mailbox), ["1011 frames out of order"]);
    }

    #[test]
    fn attachments_follow_their_text_whatever_else_there_is_to_say() {
        let (outlet, mailbox, _) = outlet();
        mailbox.hold("d", 1);
        mailbox.open("reply".into());
        let attachments = vec![Bytes::from_static(b"123"), Bytes::new()];
        outlet.deliver(Batch {
            attachments,
            ..batch("d", 1)
        });
        assert!(matches!(mailbox.next(), Some(Item::Control(_))));
        assert!(matches!(mailbox.next(), Some(Item::Announcing(_))));
        assert!(mailbox.pong());
        assert_eq!(sent(&mailbox), ["3 bytes", "0 bytes", r#"{"type":"pong"}"#]);
    }

    #[test]
    fn nothing_follows_a_close_frame() {
        for leave in [Leave::Now, Leave::Last] {
            let (_, mailbox, _) = outlet();
            mailbox.hold("d", 1);
            mailbox.open("reply".into());
            assert_eq!(sent(&mailbox), ["reply"]);
            mailbox.ack(18);
            mailbox.ping();
            mailbox.reload();
            assert!(mailbox.pong());
            mailbox.close(4004, "over", leave);
            assert_eq!(sent(&mailbox), ["4004 over"]);
        }
    }

    #[test]
    fn a_flood_of_questions_is_bounded_and_acknowledgements_take_one_place() {
        let (_, mailbox, _) = outlet();
        for received in 0..1000 {
            mailbox.ack(received);
        }
        assert_eq!((0..1000).take_while(|_| mailbox.pong()).count(), PONGS);
        mailbox.ping();
        let texts = sent(&mailbox);
        assert_eq!(texts.len(), PONGS + 3);
        assert_eq!(texts.last().unwrap(), r#"{"type":"ack","received":999}"#);
    }

    #[test]
    fn it_wakes_once_until_it_was_emptied() {
        let (outlet, mailbox, wakes) = outlet();
        mailbox.hold("d", 1);
        mailbox.open("reply".into());
        outlet.deliver(batch("d", 1));
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
        assert_eq!(sent(&mailbox).len(), 2);
        outlet.deliver(batch("d", 2));
        assert_eq!(wakes.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn closing_sends_what_waits_or_drops_it_and_is_final() {
        let (outlet, mailbox, _) = outlet();
        mailbox.hold("d", 1);
        mailbox.open("reply".into());
        outlet.deliver(batch("d", 1));
        mailbox.close(4000, "enough", Leave::Last);
        mailbox.close(4005, "late", Leave::Now);
        outlet.deliver(batch("d", 2));
        assert_eq!(sent(&mailbox), ["reply", "d1", "4000 enough"]);

        let (outlet, mailbox) = {
            let (outlet, mailbox, _) = self::outlet();
            (outlet, mailbox)
        };
        mailbox.hold("d", 1);
        mailbox.open("reply".into());
        outlet.deliver(batch("d", 1));
        mailbox.close(4004, "taken over", Leave::Now);
        assert_eq!(sent(&mailbox), ["4004 taken over"]);
    }

    #[test]
    fn a_long_frame_is_announced_once() {
        let (outlet, mailbox, _) = outlet();
        mailbox.hold("d", 1);
        mailbox.open("reply".into());
        for (seq, bytes) in [(1, LONG), (2, LONG + 1), (3, 1)] {
            let mut batch = batch("d", seq);
            batch.text = "x".into();
            batch.attachments = vec![Bytes::from(vec![0; bytes - 1])];
            outlet.deliver(batch);
        }
        let announced = format!(r#"{{"type":"long","bytes":{}}}"#, LONG + 1);
        let sent: Vec<_> = std::iter::from_fn(|| mailbox.next())
            .map(|item| match item {
                Item::Control(text) => text,
                Item::Announcing(_) => "frame".into(),
                Item::Attachment(bytes) => bytes.len().to_string(),
                Item::Frame(_) | Item::Ping | Item::Close(..) => "other".into(),
            })
            .collect();
        let length = |bytes: usize| (bytes - 1).to_string();
        assert_eq!(
            sent,
            [
                "reply",
                "frame",
                &length(LONG),
                &announced,
                "frame",
                &length(LONG + 1),
                "frame",
                "0"
            ]
        );
    }

    #[test]
    fn without_a_connection_frames_are_dropped() {
        let (outlet, mailbox, _) = outlet();
        mailbox.hold("d", 1);
        mailbox.open("reply".into());
        assert!(outlet.leads_to(&mailbox));
        assert!(outlet.disconnect().is_some());
        outlet.deliver(batch("d", 1));
        assert_eq!(sent(&mailbox), ["reply"]);
    }
}
