//! How sending and receiving end.

/// What became of a message that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It left.
    Written,
    /// It waits for room; see [`Lane::is_waiting`](crate::Lane::is_waiting).
    Queued,
}

/// Why a message was not taken. Nothing of it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Too much waits already. It may be tried again once [`Lane::is_full`](crate::Lane::is_full) says no.
    #[error("too many bytes wait for the other end of the lane")]
    Full,
    /// Text and attachments together.
    #[error("a message of {bytes} bytes is too large; expected at most {limit}")]
    TooLarge {
        /// How many it would be.
        bytes: usize,
        /// [`Limits::message_bytes`](crate::Limits::message_bytes).
        limit: usize,
    },
    /// More than [`ATTACHMENTS_MAX`](crate::ATTACHMENTS_MAX).
    #[error("a message with {attachments} attachments; expected at most {limit}", limit = crate::ATTACHMENTS_MAX)]
    TooMany {
        /// How many there were.
        attachments: usize,
    },
    /// The lane is over.
    #[error("the lane is closed")]
    Closed,
}

/// Why nothing comes any more. The lane is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The other end was closed, or its process has ended.
    #[error("the other end of the lane was closed")]
    Closed,
    /// The other end said what it must not, or the system refused what the lane cannot do without.
    #[error("the lane is broken: {0}")]
    Broken(String),
}

impl Fault {
    pub(crate) fn broken(what: impl Into<String>) -> Fault {
        Fault::Broken(what.into())
    }
}
