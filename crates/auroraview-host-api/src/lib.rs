//! The boundary between the core and whatever owns the windows.
//!
//! The core sends [`HostCommand`]s and receives [`HostEvent`]s: one enum each, one serialisation ([`encode`],
//! [`decode`]). In one process they cross the C ABI in [`abi`]; a window in a process of its own speaks exactly the same
//! over a socket ([`stream`]). Nothing here links a webview, so the Python extension module can depend on it.

pub mod abi;
mod codec;
mod command;
mod event;
mod question;
mod service;
pub mod stream;

pub use codec::{DecodeError, decode, encode};
pub use command::{
    Decision, Downloads, HostCommand, OpenOptions, Place, RequestId, Size, Source, ViewId,
    WindowChange,
};
pub use event::{
    CLOSING_PATIENCE_SECONDS, EvalError, HostEvent, LogLevel, NAVIGATION_PATIENCE_SECONDS, Refusal,
};
pub use question::{
    Answer, AskError, FileDialog, FileFilter, FindOptions, MessageDialog, MessageKind, PdfOptions,
    Question,
};
pub use service::{ConsoleLevel, DownloadChange};
