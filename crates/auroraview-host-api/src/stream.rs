//! Commands and events on a socket: what a window in a process of its own and its parent say to each other.
//!
//! Each message is its length in bytes (u32, little-endian) and then as many bytes of [`encode`](crate::encode). The
//! child speaks first: [`version`], four bytes without a length, then one [`Greeting`]; after [`Greeting::Ready`] come
//! [`HostEvent`](crate::HostEvent)s. The parent sends [`HostCommand`](crate::HostCommand)s, at any time. Whoever
//! closes ends the conversation.
//!
//! A [`LaneOffered`](crate::HostEvent::LaneOffered) has a descriptor, which travels beside the bytes: `SCM_RIGHTS` with
//! exactly one descriptor, sent by the one `sendmsg` that carries the first bytes of that message. So whoever reads with
//! `recvmsg` (`MSG_CMSG_CLOEXEC`) and keeps what comes in order has it when the event is complete, and puts its number
//! into the event. Descriptors come for nothing else; the greeting is over before the first.
//!
//! Nothing here does I/O: [`put`] gives the bytes to write, [`Incoming`] takes those that were read, in pieces of any
//! size.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::abi::ABI_VERSION;
use crate::{DecodeError, decode};

/// Longest message in bytes, its length not counted. A longer one is an error at both ends.
pub const MESSAGE_BYTES: usize = 1 << 30;

const HEAD: usize = size_of::<u32>();

/// Room that is kept once all is read; what a large message needed beyond it is given back.
const KEPT: usize = 1 << 20;

/// How the child's start went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Greeting {
    /// The loop runs; commands are obeyed.
    Ready,
    /// No windows here. What went wrong and what to do; the child ends.
    Failed(String),
}

/// What cannot be carried, or was not said as agreed. The conversation cannot go on after a failed read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// A message past the limit.
    #[error("a host message of {0} bytes is too long; expected at most {MESSAGE_BYTES}")]
    TooLong(u64),
    /// Its bytes are none of this version.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// The first bytes from the child: [`ABI_VERSION`].
pub fn version() -> [u8; HEAD] {
    ABI_VERSION.to_le_bytes()
}

/// The bytes of a message: its length and itself.
///
/// # Errors
/// [`StreamError::TooLong`], only.
pub fn put<T: Serialize>(message: &T) -> Result<Vec<u8>, StreamError> {
    let bytes = postcard::to_extend(message, vec![0; HEAD]);
    let mut bytes = bytes.expect("host messages hold only sized parts");
    let length = bytes.len() - HEAD;
    match u32::try_from(length) {
        Ok(head) if length <= MESSAGE_BYTES => bytes[..HEAD].copy_from_slice(&head.to_le_bytes()),
        _ => return Err(StreamError::TooLong(length as u64)),
    }
    Ok(bytes)
}

/// What was read and not yet understood.
#[derive(Debug, Default)]
pub struct Incoming {
    bytes: Vec<u8>,
    /// How many of them are done with.
    done: usize,
}

impl Incoming {
    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        // Moved to the front only when that is less than what was read since, so that no byte moves often.
        if self.done > 0 && self.done >= self.waiting().len() {
            self.bytes.drain(..self.done);
            self.done = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The first four bytes from the child; `None` until they are there. To be asked once, before [`Self::next`].
    pub fn version(&mut self) -> Option<u32> {
        let version = self.head()?;
        self.skip(HEAD);
        Some(version)
    }

    /// The next whole message; `None` until it is there.
    ///
    /// # Errors
    /// When the announced length is past [`MESSAGE_BYTES`], or the bytes are no `T`. Every later call then fails too.
    #[allow(
        clippy::should_implement_trait,
        reason = "the type of each message is the caller's choice"
    )]
    pub fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StreamError> {
        let Some(length) = self.head() else {
            return Ok(None);
        };
        let length = length as usize;
        if length > MESSAGE_BYTES {
            return Err(StreamError::TooLong(length as u64));
        }
        let Some(message) = self.waiting().get(HEAD..HEAD + length) else {
            return Ok(None);
        };
        let message = decode(message)?;
        self.skip(HEAD + length);
        Ok(Some(message))
    }

    /// How many more bytes complete the message that has begun; 0 when none has, or its length is not known yet.
    pub fn missing(&self) -> usize {
        let length = self.head().map_or(0, |length| HEAD + length as usize);
        length.saturating_sub(self.waiting().len())
    }

    fn waiting(&self) -> &[u8] {
        &self.bytes[self.done..]
    }

    fn head(&self) -> Option<u32> {
        self.waiting()
            .first_chunk()
            .copied()
            .map(u32::from_le_bytes)
    }

    fn skip(&mut self, length: usize) {
        self.done += length;
        if self.done == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
            self.done = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HostCommand;

    fn eval(length: usize) -> HostCommand {
        HostCommand::Eval {
            view: 1,
            request: length as u64,
            script: "x".repeat(length),
        }
    }

    #[test]
    fn messages_arrive_whole_however_they_are_cut() {
        let messages = [0, 1, 127, 128, 5000].map(eval);
        let mut stream = version().to_vec();
        for message in &messages {
            stream.extend(put(message).unwrap());
        }
        for piece in [1, 2, 3, 7, 64, 1000, stream.len()] {
            let mut incoming = Incoming::default();
            let (mut found, mut greeted) = (Vec::new(), false);
            for bytes in stream.chunks(piece) {
                incoming.push(bytes);
                if !greeted {
                    match incoming.version() {
                        Some(version) => assert_eq!(version, ABI_VERSION),
                        None => continue,
                    }
                    greeted = true;
                }
                while let Some(message) = incoming.next::<HostCommand>().unwrap() {
                    found.push(message);
                }
            }
            assert_eq!(found, messages, "in pieces of {piece} bytes");
            assert_eq!(incoming.missing(), 0);
        }
    }

    #[test]
    fn a_begun_message_says_how_much_is_missing() {
        let bytes = put(&eval(100)).unwrap();
        let mut incoming = Incoming::default();
        assert_eq!(incoming.missing(), 0);
        incoming.push(&bytes[..10]);
        assert_eq!(incoming.missing(), bytes.len() - 10);
        assert!(incoming.next::<HostCommand>().unwrap().is_none());
        incoming.push(&bytes[10..]);
        assert_eq!(incoming.next().unwrap(), Some(eval(100)));
    }

    #[test]
    fn the_memory_of_a_large_message_is_given_back() {
        let mut incoming = Incoming::default();
        for bytes in put(&eval(8 << 20)).unwrap().chunks(100_000) {
            incoming.push(bytes);
        }
        assert!(incoming.next::<HostCommand>().unwrap().is_some());
        assert!(incoming.bytes.capacity() <= KEPT);
    }

    #[test]
    fn what_is_no_message_is_an_error_for_good() {
        let mut incoming = Incoming::default();
        incoming.push(&(MESSAGE_BYTES as u32 + 1).to_le_bytes());
        for _ in 0..2 {
            let error = incoming.next::<HostCommand>().unwrap_err();
            assert!(matches!(error, StreamError::TooLong(_)), "{error}");
        }
        let mut incoming = Incoming::default();
        incoming.push(&[2, 0, 0, 0, 0xff, 0xff]);
        for _ in 0..2 {
            let error = incoming.next::<HostCommand>().unwrap_err();
            assert!(matches!(error, StreamError::Decode(_)), "{error}");
        }
    }
}
