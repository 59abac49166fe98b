//! How much the two ends may ask of each other.

/// Most attachments of one message.
pub const ATTACHMENTS_MAX: usize = 1 << 20;

/// Up to so many bytes, attachments and their sizes included, a message is one packet. A packet has to fit into the
/// buffer of a socket as small as systems have it, 208 KiB.
pub const INLINE_BYTES: usize = 64 << 10;

/// How many segments each end may have at a time.
pub(crate) const SEGMENTS: usize = 8;
/// Sizes of segments are this times a power of two.
pub(crate) const SEGMENT_BYTES: usize = 1 << 20;
/// How many bytes of segments are kept for later while nothing is in them.
pub(crate) const KEPT_BYTES: usize = 64 << 20;
/// Each attachment's size, as it is sent.
pub(crate) const ENTRY: usize = size_of::<u64>();

/// The bounds of a lane; to be the same at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest message in bytes, attachments included.
    pub message_bytes: usize,
    /// How many bytes may wait at an end that the other one does not read. A longer message may wait alone.
    pub queue_bytes: usize,
}

impl Limits {
    /// Most bytes of the segments of one end together. Memory is taken up only by what was written to.
    pub(crate) fn pool_bytes(&self) -> usize {
        let largest = self.message_bytes.saturating_add(ATTACHMENTS_MAX * ENTRY);
        segment_bytes(largest.max(self.queue_bytes)).max(SEGMENTS * SEGMENT_BYTES)
    }
}

/// The size of a segment for so many bytes.
pub(crate) fn segment_bytes(bytes: usize) -> usize {
    let largest = 1 << (usize::BITS - 2);
    bytes.min(largest).next_power_of_two().max(SEGMENT_BYTES)
}
