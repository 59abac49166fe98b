//! What goes back: status, headers and a body that may still lie in its file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The answer to a request.
#[derive(Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names and values, `Content-Length` of the body included.
    pub headers: Vec<(String, String)>,
    /// What follows the headers.
    pub body: Body,
}

impl Response {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            headers: vec![("X-Content-Type-Options".into(), "nosniff".into())],
            body: Body::Empty,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a text as the body; nobody keeps it.
    pub(crate) fn text(self, content_type: &str, text: String) -> Self {
        let mut response = self
            .header("Content-Type", content_type)
            .header("Content-Length", &text.len().to_string())
            .header("Cache-Control", "no-store");
        response.body = Body::Bytes(text.into_bytes());
        response
    }

    pub(crate) fn without_body(mut self) -> Self {
        self.body = Body::Empty;
        self
    }

    /// The value of a header, by its name in any case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The bytes of an answer.
#[derive(Debug)]
pub enum Body {
    /// None.
    Empty,
    /// All of them.
    Bytes(Vec<u8>),
    /// `length` bytes of an open file, from byte `start` on.
    File {
        /// Open for reading, its position anywhere.
        file: File,
        /// Offset of the first byte.
        start: u64,
        /// Number of bytes.
        length: u64,
    },
}

impl Body {
    /// Reads the whole body into memory.
    ///
    /// # Errors
    /// When the file cannot be read, or has become shorter than announced (`UnexpectedEof`).
    pub fn read_all(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Empty => Ok(Vec::new()),
            Self::Bytes(bytes) => Ok(bytes),
            Self::File {
                mut file,
                start,
                length,
            } => {
                file.seek(SeekFrom::Start(start))?;
                let mut bytes = Vec::new();
                file.take(length).read_to_end(&mut bytes)?;
                if (bytes.len() as u64) < length {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        format!(
                            "expected {length} bytes from {start} on, found {}",
                            bytes.len()
                        ),
                    ));
                }
                Ok(bytes)
            }
        }
    }
}
