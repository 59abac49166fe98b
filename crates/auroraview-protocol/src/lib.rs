//! The wire: messages, frames and the session state machine, without I/O.
//!
//! A [`Session`] is the Python end's state for one page. A transport is a short loop around it: give it the texts a page
//! sent ([`Session::receive`], [`Session::receive_with`]), take what they mean ([`Session::next_incoming`]), answer ([`Session::welcome`],
//! [`Session::respond`], [`Session::emit`]) and move the frames it hands out ([`Session::next_batch`]). There is no
//! thread, clock or socket here; `protocol/PROTOCOL.md` says what the session does, and the vectors beside it test it.

mod attachment;
mod codec;
mod counters;
pub mod envelope;
mod error;
mod frame;
mod json;
mod latest;
mod limits;
mod message;
mod outbox;
mod session;
mod state;
mod value;

pub use attachment::{Attachment, Dtype, SHAPE_MAX};
pub use codec::begins_document;
pub use counters::{Counters, Reason};
pub use error::{Backpressure, Code, ErrorObject};
pub use frame::{Batch, SyncAnswer};
pub use json::write_json_string;
pub use limits::{CALL_ID_MAX, FRAME_BYTES, FRAMES_UNACKNOWLEDGED, Limits, PROTOCOL_VERSION};
pub use message::{EncodedEvent, Incoming, RESERVED_PREFIX, is_reserved};
pub use outbox::{Broadcast, Emitted};
pub use session::Session;
pub use value::{Encoded, Given};
