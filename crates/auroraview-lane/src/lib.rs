//! A lane between the web process and the host: whole messages over a socket that keeps packets apart, large ones in
//! memory that both processes share.
//!
//! [`Lane::pair`] makes the two ends, [`Lane::new`] takes one of them. What is sent arrives once, whole and in order, or
//! the lane is over. Sending never blocks: what the socket does not take waits in a queue whose bytes are bounded.
//!
//! A small message is one packet, so one system call at each end. A larger one is written into a segment, a sealed
//! memfd that its sender keeps and uses again: touching new memory costs more than copying. The receiver copies out of it
//! and hands it back.
//!
//! Neither end trusts the other. Whatever it sends costs bounded memory, keeps no descriptor open, and at worst ends the
//! lane with a [`Fault`]; what stands in shared memory is copied before it is looked at.
//!
//! Linux only. No loop, no JavaScript, no Python.

mod data;
mod document;
mod error;
mod lane;
mod large;
mod limits;
mod message;
mod pool;
mod receiver;
mod segment;
mod sender;
mod wire;

pub use data::Data;
pub use document::DocumentId;
pub use error::{Fault, SendError, Sent};
pub use lane::Lane;
pub use limits::{ATTACHMENTS_MAX, INLINE_BYTES, Limits};
pub use message::Message;
pub use wire::Kind;

/// The version of what the two ends say to each other; ends of different versions must not be joined.
pub const VERSION: u32 = 1;

/// Locks, also when another thread panicked while it held the lock: what we guard is valid between any two statements.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
