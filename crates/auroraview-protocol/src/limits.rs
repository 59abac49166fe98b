//! The numbers both ends agree on: those that are fixed by the protocol, and those a program may choose.

/// Version of the protocol, in every frame as `v` and in `hello` as `protocol`.
pub const PROTOCOL_VERSION: u32 = 1;

/// Longest frame to the page in bytes of UTF-8, its envelope and its attachments included. A longer message travels
/// alone.
pub const FRAME_BYTES: usize = 256 * 1024;

/// How many frames may wait for the page's acknowledgement.
pub const FRAMES_UNACKNOWLEDGED: usize = 2;

/// The largest id of a call: the largest integer that JavaScript represents exactly.
pub const CALL_ID_MAX: u64 = (1 << 53) - 1;

/// What one page may cost. The defaults are those of the protocol's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest call or event from the page, and longest result to it, in bytes of UTF-8, attachments included.
    pub message_bytes: usize,
    /// How many events and results may wait for one page, unacknowledged included.
    pub queue_messages: usize,
    /// How many bytes of events and results, attachments included, may wait for one page, unacknowledged included. An
    /// event that is longer may wait alone.
    pub queue_bytes: usize,
    /// Deepest nesting of `params` and `detail`; `[1]` is 1 deep.
    pub depth: usize,
    /// How many calls of one document may be unanswered.
    pub calls_in_flight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 128 << 20,
            queue_messages: 100_000,
            queue_bytes: 256 << 20,
            depth: 200,
            calls_in_flight: 50_000,
        }
    }
}
