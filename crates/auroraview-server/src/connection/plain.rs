//! A client of the plain dialect: what it says, and what it is told.

use std::time::{Duration, Instant};

use auroraview_protocol::Reason;

use super::{Connection, Stage};
use crate::auth::random_text;
use crate::mailbox::{Item, Outgoing};
use crate::plain::{read_message, read_token};
use crate::wire::{Hello, close_code};

/// How long who comes while the expected session is taken waits for it: a page that reloads may be back before the end
/// of its old connection is seen, and has no token to tell.
const HOLD: Duration = Duration::from_millis(500);

impl Connection {
    /// Gives a plain client its session right away, when nothing is to be waited for.
    pub(crate) fn begin_if_plain(&mut self) {
        let options = &self.sessions.options;
        let needs_token = options.token.is_some() && !options.authenticate;
        if self.plain.is_some() && !needs_token {
            self.begin_plain(Instant::now());
        }
    }

    fn begin_plain(&mut self, now: Instant) {
        if self.expects_another() {
            self.stage = Stage::Held(now + HOLD);
        } else {
            self.attach_plain(now);
        }
    }

    fn expects_another(&self) -> bool {
        let expected = self.sessions.expected();
        expected.is_some_and(|entry| entry.is_taken())
    }

    /// Gives a client that is held its session, when there is nothing more to wait for.
    pub(super) fn settle(&mut self, now: Instant) {
        if let Stage::Held(until) = self.stage
            && !self.is_over()
            && (now >= until || !self.expects_another())
        {
            self.attach_plain(now);
        }
    }

    fn attach_plain(&mut self, now: Instant) {
        let Ok(document) = random_text() else {
            log::error!("the system has no random numbers; no document can begin");
            return self.fail(close_code::INTERNAL, "no random numbers");
        };
        if let Some(plain) = &mut self.plain {
            plain.begin(document.clone());
        }
        self.attach(&Hello::plain(document), now);
    }

    /// Takes a text.
    pub(super) fn plain_text(&mut self, text: &str, now: Instant) {
        self.stop_holding(now);
        let (Stage::Open(attached), Some(plain)) = (&mut self.stage, &mut self.plain) else {
            return self.plain_hello(Some(text), now);
        };
        if !attached.may_send(text.len(), &self.mailbox, now) {
            return self.too_fast();
        }
        match read_message(text) {
            Some(message) => attached
                .served
                .receive(&plain.frame_of(&message), Vec::new()),
            None => attached.served.refuse(Reason::Malformed),
        }
    }

    /// Takes what is no text. It costs what it would cost if it were.
    pub(super) fn unreadable(&mut self, bytes: usize, now: Instant) {
        self.stop_holding(now);
        let Stage::Open(attached) = &mut self.stage else {
            return self.plain_hello(None, now);
        };
        if !attached.may_send(bytes, &self.mailbox, now) {
            return self.too_fast();
        }
        attached.served.refuse(Reason::Malformed);
    }

    /// It speaks, to a transport that reads nevertheless.
    fn stop_holding(&mut self, now: Instant) {
        if self.is_held() {
            self.attach_plain(now);
        }
    }

    fn plain_hello(&mut self, text: Option<&str>, now: Instant) {
        if !matches!(self.stage, Stage::Hello(_)) {
            return;
        }
        let token = text.and_then(read_token);
        if token.is_some() && self.is_good_token(token.as_deref()) {
            return self.begin_plain(now);
        }
        self.sessions
            .count("token", "Its token is missing or wrong.");
        self.fail(close_code::TOKEN, "the token is missing or wrong");
    }

    /// What goes out next. That it is asked for says that the socket has all that went before.
    pub(super) fn next_plain(&mut self) -> Option<Outgoing> {
        loop {
            let plain = self.plain.as_mut()?;
            if let Some(message) = plain.next() {
                return Some(message);
            }
            if let Some(frame) = plain.acknowledgement()
                && let Stage::Open(attached) = &self.stage
            {
                attached.served.receive(&frame, Vec::new());
            }
            let taken = match self.mailbox.next()? {
                Item::Frame(text) => plain.take(&text, &[]),
                Item::Announcing(text) => plain.take(&text, &self.mailbox.take_attachments()),
                // A client that knows nothing of sessions needs to know nothing of this.
                Item::Control(_) | Item::Attachment(_) => Ok(()),
                Item::Ping => return Some(Outgoing::Ping),
                Item::Close(code, reason) => {
                    self.closed();
                    return Some(Outgoing::Close(code, reason));
                }
            };
            if taken.is_err() {
                log::error!("a frame of the session could not be read; the connection is given up");
                self.fail(close_code::INTERNAL, "a frame that cannot be read");
            }
        }
    }
}
