//! The one serialisation of commands and events: postcard.

use serde::{Deserialize, Serialize};

/// The bytes were not a command or event of this version.
#[derive(Debug, thiserror::Error)]
#[error("host message of {length} bytes is not of this version: {source}")]
pub struct DecodeError {
    length: usize,
    source: postcard::Error,
}

/// Serialises a command or an event.
///
/// # Panics
/// Never for [`crate::HostCommand`] and [`crate::HostEvent`]: all their parts have a known length.
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    postcard::to_allocvec(message).expect("host messages hold only sized parts")
}

/// Reads back what [`encode`] wrote.
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
    postcard::from_bytes(bytes).map_err(|source| DecodeError {
        length: bytes.len(),
        source,
    })
}
