//! What a session counts, and the reasons for which it refuses.

use std::collections::BTreeMap;

/// Why something from the page was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Not JSON, not a frame, or not a message.
    Malformed,
    /// Another version of the protocol.
    Version,
    /// Something before any `hello`.
    NoHello,
    /// For a document that is not the current one.
    StaleDocument,
    /// `hello` of the current document or not first in its frame, or a second `ready`.
    OutOfOrder,
    /// A message type that this version does not know.
    UnknownType,
    /// An event name that is kept for the protocol.
    Reserved,
    /// Past the size or depth limit.
    TooLarge,
    /// Past the limit of calls in flight, or the page does not take its results.
    Busy,
    /// The id of a call in flight.
    DuplicateId,
    /// A numbered frame that does not follow the last one.
    Gap,
    /// An acknowledgement of a frame that was never sent.
    BadAck,
    /// After the session was closed.
    Closed,
    /// A post without the view's key; counted by transports.
    Key,
    /// A post from an origin that is not allowed; counted by transports.
    Origin,
    /// More frames or bytes in a second than are allowed; counted by transports.
    Rate,
    /// A connection without a good token; counted by transports.
    Token,
}

impl Reason {
    /// The reason's name in the protocol's text and in statistics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::NoHello => "no_hello",
            Self::StaleDocument => "stale_document",
            Self::OutOfOrder => "out_of_order",
            Self::UnknownType => "unknown_type",
            Self::Reserved => "reserved",
            Self::TooLarge => "too_large",
            Self::Busy => "busy",
            Self::DuplicateId => "duplicate_id",
            Self::Gap => "gap",
            Self::BadAck => "bad_ack",
            Self::Closed => "closed",
            Self::Key => "key",
            Self::Origin => "origin",
            Self::Rate => "rate",
            Self::Token => "token",
        }
    }
}

/// Totals over the life of a session; they never fall.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls from the page that were accepted.
    pub calls: u64,
    /// Events from the page that were accepted.
    pub events: u64,
    /// Cancellations from the page, those that came too late included.
    pub cancels: u64,
    /// Numbered frames of the page that came again.
    pub duplicates: u64,
    /// Frames handed out, those that were handed out again included.
    pub batches: u64,
    /// Events accepted for the page.
    pub emitted: u64,
    /// Events that will reach no page: emitted to a closed session, cleared by a close or dropped by a
    /// reset. What a newer value replaced is not among them.
    pub dropped: u64,
    /// Refusals by reason.
    pub refused: BTreeMap<Reason, u64>,
}

impl Counters {
    pub(crate) fn refuse(&mut self, reason: Reason, count: u64) {
        if count > 0 {
            let total = self.refused.entry(reason).or_default();
            *total = total.saturating_add(count);
        }
    }
}
