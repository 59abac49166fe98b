//! A request for a static file in, status, headers and a file slice out.
//!
//! [`Assets`] answers `GET` and `HEAD` for the files of one directory: content types, ranges, ETags, `index.html` of
//! directories and the fallback that single-page applications need. It knows no socket and no webview, so a custom
//! scheme and an HTTP server answer alike. Nothing outside the directory is ever served, symlinks included.

mod assets;
mod content_type;
mod page;
mod range;
mod request_path;
mod resolve;
mod response;
mod validator;

pub use assets::{Assets, Request};
pub use response::{Body, Response};
pub use validator::{matches as etag_matches, of_content as etag};
