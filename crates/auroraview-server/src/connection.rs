//! One WebSocket, without the socket: what comes is given to it, what is to be sent is taken from it.
//!
//! Its life: the hello finds or begins a session and is answered with where that stands; then frames go both ways, and
//! the connection only counts them, keeps the heartbeat, and bounds what a client may do. When it ends the session
//! stays, unless the client broke the protocol. A client that knows no protocol has an adapter, `plain`, play its part.

mod handshake;
mod plain;

use std::sync::Arc;
use std::time::{Duration, Instant};

use auroraview_protocol::Reason;
use bytes::Bytes;

use crate::compress::{WORTH_IT, gzip};
use crate::entry::{Ending, Entry, Rates};
use crate::mailbox::{Item, Leave, Mailbox, Outgoing};
use crate::options::Dialect;
use crate::plain::Plain;
use crate::program::Served;
use crate::request::RequestInfo;
use crate::sessions::{Place, STOOD_STILL, Sessions};
use crate::wire::{HELLO_BYTES, Kind, close_code, kind};

/// The client is told what was received after so many numbered frames, or so many bytes of them.
const ACK_FRAMES: u32 = 16;
const ACK_BYTES: usize = 256 * 1024;

/// A frame may be so much longer than a message: what is around its messages.
const FRAME_BYTES: usize = 64 * 1024;

/// What handling an attachment costs besides its bytes, in bytes.
const ATTACHMENT_COST: usize = 64;

/// A long frame may come as slowly as so many bytes in a millisecond.
const SLOWEST: u64 = 32;

const PING: &str = r#"{"type":"ping"}"#;

/// Longest time, at once, that a client is not listened to for sending too many bytes.
const PAUSE: Duration = Duration::from_secs(1);

/// How often a client that is held looks for its session.
const HELD_LOOK: Duration = Duration::from_millis(20);

/// See the module. Dropping it says that the transport is gone.
pub struct Connection {
    sessions: Arc<Sessions>,
    mailbox: Arc<Mailbox>,
    request: RequestInfo,
    compress: bool,
    /// The adapter, when clients speak the plain dialect.
    plain: Option<Box<Plain>>,
    stage: Stage,
    /// When something last came, and when a whole message did.
    heard: Instant,
    message: Instant,
    /// How much longer than usual nothing may come, for a long frame of which no part shows.
    allowance: Duration,
    /// When [`Self::tick`] wanted to be called.
    expected: Option<Instant>,
    _place: Place,
}

enum Stage {
    /// Since the given time.
    Hello(Instant),
    /// A plain client waits, until then at most, for the session that is expected.
    Held(Instant),
    Open(Box<Attached>),
    Closed,
}

struct Attached {
    entry: Arc<Entry>,
    served: Arc<dyn Served>,
    rates: Rates,
    /// The client has shown that it has its new resume token.
    confirmed: bool,
    /// A frame whose attachments are still to come.
    announced: Option<Announced>,
    /// Numbered frames since the client was last told.
    frames: u32,
    bytes: usize,
    pinged: Instant,
}

struct Announced {
    text: String,
    numbered: bool,
    count: usize,
    attachments: Vec<Bytes>,
    bytes: usize,
}

impl Connection {
    pub(crate) fn new(
        sessions: Arc<Sessions>,
        place: Place,
        mailbox: Arc<Mailbox>,
        request: RequestInfo,
    ) -> Self {
        let now = Instant::now();
        let plain = match sessions.options.dialect {
            Dialect::AuroraView => None,
            Dialect::Plain(encoding) => Some(Box::new(Plain::new(encoding))),
        };
        Self {
            sessions,
            mailbox,
            request,
            compress: false,
            plain,
            stage: Stage::Hello(now),
            heard: now,
            message: now,
            allowance: Duration::ZERO,
            expected: None,
            _place: place,
        }
    }

    /// Takes a text message.
    pub fn receive_text(&mut self, text: &str) {
        if self.is_over() {
            return;
        }
        let now = self.came();
        match &self.stage {
            Stage::Hello(_) if text.len() > HELLO_BYTES => self.too_large(),
            Stage::Held(_) | Stage::Open(_) if text.len() > self.message_limit() => {
                self.too_large();
            }
            Stage::Closed => {}
            _ if self.plain.is_some() => self.plain_text(text, now),
            Stage::Hello(_) => self.hello(text, now),
            _ => self.text(text, now),
        }
    }

    /// Takes a binary message.
    pub fn receive_binary(&mut self, bytes: Bytes) {
        if self.is_over() {
            return;
        }
        let now = self.came();
        if self.plain.is_some() {
            return self.unreadable(bytes.len(), now);
        }
        let limit = self.message_limit();
        let Stage::Open(attached) = &mut self.stage else {
            return self.broken("expected hello as the first message");
        };
        // A frame is let in or not as a whole, by its text: one that never could be would come again for ever.
        let cost = bytes.len() + ATTACHMENT_COST;
        attached.rates.bytes.spend(cost as f64, now);
        let Some(announced) = &mut attached.announced else {
            return self.broken("a binary message that no frame announced");
        };
        announced.bytes += bytes.len();
        if announced.bytes > limit {
            return self.too_large();
        }
        announced.attachments.push(bytes);
        if announced.attachments.len() == announced.count
            && let Some(whole) = attached.announced.take()
        {
            attached.served.receive(&whole.text, whole.attachments);
            attached.processed(whole.numbered, whole.bytes, &self.mailbox);
            self.allowance = Duration::ZERO;
        }
    }

    /// Something else came, such as a ping of the WebSocket itself: the client lives, and it counts as a frame.
    pub fn receive_other(&mut self) {
        if self.is_over() {
            return;
        }
        let now = self.came();
        if let Stage::Open(attached) = &mut self.stage
            && !attached.may_send(1, &self.mailbox, now)
        {
            self.too_fast();
        }
    }

    /// A text came that is not UTF-8. False: the connection is to be closed for it.
    pub fn receive_garbage(&mut self) -> bool {
        if self.plain.is_none() {
            return false;
        }
        if !self.is_over() {
            let now = self.came();
            self.unreadable(0, now);
        }
        true
    }

    /// The other end took something at `when`, after it had not for a while. Of a plain client, which is busy with what
    /// it gets and answers pings in their turn, that is a sign of life.
    pub fn taken(&mut self, when: Instant) {
        if self.plain.is_some() {
            self.heard(when);
        }
    }

    fn came(&mut self) -> Instant {
        let now = Instant::now();
        self.heard = now;
        self.message = now;
        now
    }

    /// A part of a message came at `when`: the client lives.
    pub fn heard(&mut self, when: Instant) {
        self.heard = self.heard.max(when);
        // What comes in parts needs no more time than anything else.
        self.allowance = Duration::ZERO;
    }

    /// A message is larger than [`Self::message_limit`].
    pub fn too_large(&mut self) {
        if let Stage::Open(attached) = &self.stage {
            attached.served.refuse(Reason::TooLarge);
        }
        self.fail(close_code::TOO_LARGE, "message too large");
    }

    /// Longest message, in bytes, that may come now; a transport that can refuse more unread should.
    #[must_use]
    pub fn message_limit(&self) -> usize {
        match self.stage {
            Stage::Hello(_) => HELLO_BYTES,
            _ => self
                .sessions
                .options
                .message_bytes
                .saturating_add(FRAME_BYTES),
        }
    }

    fn text(&mut self, text: &str, now: Instant) {
        let kind = kind(text);
        let Stage::Open(attached) = &mut self.stage else {
            return;
        };
        if !attached.confirmed {
            attached.confirmed = true;
            attached.entry.confirm(&self.mailbox);
        }
        if !attached.may_send(text.len(), &self.mailbox, now) {
            return self.too_fast();
        }
        if attached.announced.is_some() {
            return self.broken("a text message while attachments were expected");
        }
        match kind {
            Kind::Frame {
                attachments: 0,
                numbered,
            } => {
                attached.served.receive(text, Vec::new());
                attached.processed(numbered, text.len(), &self.mailbox);
                self.allowance = Duration::ZERO;
            }
            Kind::Frame {
                attachments,
                numbered,
            } => {
                attached.announced = Some(Announced {
                    text: text.to_owned(),
                    numbered,
                    count: attachments,
                    attachments: Vec::new(),
                    bytes: text.len(),
                });
            }
            Kind::Ping => {
                if !self.mailbox.pong() {
                    self.too_fast();
                }
            }
            Kind::Pong => {}
            Kind::Long(bytes) => {
                let most = bytes.min(self.message_limit() as u64);
                self.allowance = Duration::from_millis(most / SLOWEST);
            }
            Kind::Bye => {
                attached
                    .entry
                    .goodbye(&self.mailbox, self.sessions.options.session_ttl);
                self.sessions.deadlines_changed();
            }
            Kind::Hello => self.broken("expected hello once"),
            Kind::Bad(why) => self.broken(why),
        }
    }

    /// What is to be sent next; `None`: nothing until the next wake. A text is compressed here, when it is.
    pub fn next_outgoing(&mut self) -> Option<Outgoing> {
        if self.plain.is_some() {
            return self.next_plain();
        }
        Some(match self.mailbox.next()? {
            Item::Frame(text) if self.compress && text.len() > WORTH_IT => {
                match gzip(text.as_bytes()) {
                    Ok(bytes) => Outgoing::Binary(bytes.into()),
                    Err(_) => Outgoing::Text(text),
                }
            }
            Item::Control(text) | Item::Frame(text) | Item::Announcing(text) => {
                Outgoing::Text(text)
            }
            Item::Ping => Outgoing::Text(PING.into()),
            Item::Attachment(bytes) => Outgoing::Binary(bytes),
            Item::Close(code, reason) => {
                self.closed();
                Outgoing::Close(code, reason)
            }
        })
    }

    /// Whether [`Self::next_outgoing`] will take longer than a moment.
    #[must_use]
    pub fn next_is_long(&self) -> bool {
        let is_converted = match &self.plain {
            Some(plain) => !plain.has_more(),
            None => self.compress,
        };
        is_converted && self.mailbox.next_frame_bytes() > 64 * 1024
    }

    /// Nothing is to be read yet: whose session it is shows at the next [`Self::tick`].
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self.stage, Stage::Held(_))
    }

    /// How long not to read, because more bytes came than may; `None`: go on reading. A client that cannot be kept
    /// waiting so is closed instead.
    pub fn pause(&mut self) -> Option<Duration> {
        let Stage::Open(attached) = &mut self.stage else {
            return None;
        };
        let debt = attached.rates.bytes.debt(Instant::now());
        debt.map(|time| time.min(PAUSE))
    }

    /// Sees to what is due at `now`: the heartbeat, the time for the hello. Returns when to call again; `None`: never.
    pub fn tick(&mut self, now: Instant) -> Option<Instant> {
        self.settle(now);
        if self.is_over() {
            self.leave();
            return None;
        }
        let options = &self.sessions.options;
        let interval = options.heartbeat_interval;
        let timeout = options.heartbeat_timeout + self.allowance;
        let handshake = options.handshake_timeout;
        let late = self.expected.map_or(Duration::ZERO, |expected| {
            now.saturating_duration_since(expected)
        });
        let next = match &mut self.stage {
            Stage::Closed => return None,
            Stage::Held(until) => (*until).min(now + HELD_LOOK),
            Stage::Hello(since) => {
                let deadline = *since + handshake;
                if now >= deadline && late <= STOOD_STILL {
                    self.fail(close_code::NO_HELLO, "no hello in time");
                    return None;
                }
                deadline.max(now + Duration::from_millis(100))
            }
            Stage::Open(attached) => {
                // When the process stood still, what the client sent meanwhile is not read yet: it gets another chance.
                if late > STOOD_STILL {
                    self.heard = self.heard.max(now - (timeout / 2).min(now - self.heard));
                }
                if now >= self.heard + timeout {
                    self.fail(close_code::HEARTBEAT, "nothing heard");
                    return None;
                }
                // While a long message comes in parts the client hears nothing either, unless it is asked.
                let quiet = self.message.max(attached.pinged);
                if now >= quiet + interval {
                    attached.pinged = now;
                    self.mailbox.ping();
                }
                (self.message.max(attached.pinged) + interval).min(self.heard + timeout)
            }
        };
        self.expected = Some(next);
        self.expected
    }

    /// The transport is gone. The session waits for the next connection.
    pub fn closed(&mut self) {
        self.mailbox.close(close_code::NORMAL, "", Leave::Now);
        self.leave();
    }

    /// Nothing that comes counts any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.mailbox.is_closed()
    }

    /// Closes and leaves the session waiting.
    fn fail(&mut self, code: u16, reason: &str) {
        self.mailbox.close(code, reason, Leave::Now);
        self.leave();
    }

    fn too_fast(&mut self) {
        if let Stage::Open(attached) = &self.stage {
            attached.served.refuse(Reason::Rate);
        }
        self.sessions.count(
            "rate",
            "It sent more than frames_per_second or bytes_per_second.",
        );
        self.fail(close_code::RATE, "too many frames or bytes per second");
    }

    /// The client does not speak the protocol: no use in keeping a session for it.
    fn broken(&mut self, why: &'static str) {
        self.sessions.count("protocol", why);
        self.mailbox.close(close_code::PROTOCOL, why, Leave::Now);
        if let Stage::Open(attached) = std::mem::replace(&mut self.stage, Stage::Closed) {
            let ending = Ending {
                reason: "protocol",
                code: close_code::PROTOCOL,
                text: why.into(),
            };
            if attached.entry.outlet.leads_to(&self.mailbox) {
                self.sessions.end(&attached.entry, ending, None);
            }
        }
    }

    fn leave(&mut self) {
        if let Stage::Open(attached) = std::mem::replace(&mut self.stage, Stage::Closed) {
            if self.plain.is_some() {
                // Nobody could come back to it.
                attached.entry.goodbye(&self.mailbox, Duration::ZERO);
            }
            let ttl = self.sessions.options.session_ttl;
            attached
                .entry
                .disconnect(&self.mailbox, attached.rates, ttl);
            self.sessions.deadlines_changed();
        }
    }
}

impl Attached {
    fn may_send(&mut self, bytes: usize, mailbox: &Mailbox, now: Instant) -> bool {
        if !self.rates.frames.take(1.0, now) {
            // A client that waits for answers is slowed by its own waiting: each frame to it pays for one from it.
            let rate = self.rates.frames.rate();
            self.rates
                .frames
                .grant((mailbox.take_sent() as f64).min(rate));
            if !self.rates.frames.take(1.0, now) {
                return false;
            }
        }
        self.rates.bytes.take(bytes as f64, now)
    }

    fn processed(&mut self, numbered: bool, bytes: usize, mailbox: &Mailbox) {
        if !numbered {
            return;
        }
        self.frames += 1;
        self.bytes += bytes;
        if self.frames >= ACK_FRAMES || self.bytes >= ACK_BYTES {
            self.frames = 0;
            self.bytes = 0;
            mailbox.ack(self.served.received());
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.closed();
    }
}
