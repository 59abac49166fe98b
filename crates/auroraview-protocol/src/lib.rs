//! The wire: messages, frames and the session state machine, without I/O.
