//! The front door: one directory and the answer to one request.
//!
//! The answer is decided in a fixed order: method, path, file, validator (`304`), range (`206`, `416`), whole file.
//! Files up to [`SMALL`] are read at once, so that their ETag, length and bytes belong to the same moment even while a
//! build tool rewrites them; larger ones are handed out as an open file and a slice of it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::content_type::content_type;
use crate::page;
use crate::range::{Slice, slice};
use crate::request_path::RequestPath;
use crate::resolve::{Found, Refused, resolve};
use crate::response::{Body, Response};
use crate::validator;

/// Largest file, in bytes, that is read into memory and whose ETag is a hash of its content.
const SMALL: u64 = 1024 * 1024;

/// What a page asks for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET` or `HEAD`; others are answered with 405.
    pub method: &'a str,
    /// The path as it stands in the request: percent-encoded, from the first `/` on, perhaps with a query.
    pub path: &'a str,
    /// The `Range` header.
    pub range: Option<&'a str>,
    /// The `If-Range` header: the range counts only when this is the file's ETag.
    pub if_range: Option<&'a str>,
    /// The `If-None-Match` header.
    pub if_none_match: Option<&'a str>,
    /// Whether the `Accept` header names `text/html`: a page is wanted, not one of its parts.
    pub accepts_html: bool,
}

/// The files of one directory.
#[derive(Debug, Clone)]
pub struct Assets {
    root: PathBuf,
    debug: bool,
}

impl Assets {
    /// Serves the files below `root`.
    ///
    /// # Errors
    /// When `root` does not exist, cannot be read, or is not a directory.
    pub fn new(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into().canonicalize()?;
        if !root.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                format!("expected a directory, found a file: {}", root.display()),
            ));
        }
        Ok(Self { root, debug: false })
    }

    /// With `true` nothing is cached, so that a reload shows what is on the disk. Otherwise files are kept and
    /// revalidated by their ETag.
    #[must_use]
    pub fn debug(mut self, debug: bool) -> Self {
        self.debug = debug;
        self
    }

    /// The served directory, absolute and without symlinks.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Answers one request. Reads the disk, so call it where that may take a moment.
    #[must_use]
    pub fn respond(&self, request: &Request<'_>) -> Response {
        let head = match request.method {
            "GET" => false,
            "HEAD" => true,
            method => return page::method_not_allowed(method),
        };
        let response = self.get(request, head);
        if head {
            response.without_body()
        } else {
            response
        }
    }

    fn get(&self, request: &Request<'_>, head: bool) -> Response {
        let html = request.accepts_html;
        let path = match RequestPath::parse(request.path) {
            Ok(path) => path,
            Err(error) => return page::bad_path(request.path, &error, html),
        };
        let found = match resolve(&self.root, &path) {
            Err(Refused::Missing) if html && path.may_be_a_page() => {
                resolve(&self.root, &RequestPath::root())
            }
            other => other,
        };
        match found {
            Ok(Found::File { file, length, path }) => {
                let wanted = Request {
                    range: request.range.filter(|_| !head),
                    ..*request
                };
                self.file(file, length, &content_type(&path), &wanted)
                    .unwrap_or_else(|error| page::unreadable(request.path, &error, html))
            }
            Ok(Found::NeedsSlash) => page::add_slash(&path),
            Err(Refused::Missing) => page::not_found(&path, html),
            Err(Refused::Unreadable(error)) => page::unreadable(request.path, &error, html),
        }
    }

    fn file(
        &self,
        mut file: File,
        length: u64,
        content_type: &str,
        request: &Request<'_>,
    ) -> io::Result<Response> {
        let mut range = request.range;
        let mut small = None;
        let mut length = length;
        if length <= SMALL {
            let mut bytes = Vec::with_capacity(length as usize + 1);
            // The file may grow while it is read: its first `SMALL` bytes are then as good an answer as any.
            file.by_ref().take(SMALL).read_to_end(&mut bytes)?;
            length = bytes.len() as u64;
            small = Some(bytes);
        }

        let mut response = Response::new(200)
            .header("Content-Type", content_type)
            .header("Accept-Ranges", "bytes");
        if self.debug {
            response = response.header("Cache-Control", "no-store");
            // Without a tag none can match.
            range = range.filter(|_| request.if_range.is_none());
        } else {
            let etag = match &small {
                Some(bytes) => validator::of_content(bytes),
                None => validator::of_metadata(&file.metadata()?),
            };
            response = response
                .header("Cache-Control", "no-cache")
                .header("ETag", &etag);
            let if_none_match = request.if_none_match;
            if if_none_match.is_some_and(|header| validator::matches(header, &etag)) {
                response.status = 304;
                return Ok(response);
            }
            // The comparison is the strong one, and dates are never given out (RFC 9110, section 13.1.5).
            range = range.filter(|_| request.if_range.is_none_or(|tag| tag.trim() == etag));
        }

        let (start, length) = match slice(range, length) {
            Slice::Whole => (0, length),
            Slice::Part { start, end } => {
                response.status = 206;
                response =
                    response.header("Content-Range", &format!("bytes {start}-{end}/{length}"));
                (start, end - start + 1)
            }
            Slice::Unsatisfiable => return Ok(page::range_not_satisfiable(length)),
        };
        response.body = match small {
            None => Body::File {
                file,
                start,
                length,
            },
            Some(mut bytes) => {
                // In range: `slice` only returns parts of `length`, which is that of `bytes`.
                bytes.truncate((start + length) as usize);
                bytes.drain(..start as usize);
                Body::Bytes(bytes)
            }
        };
        Ok(response.header("Content-Length", &length.to_string()))
    }
}
