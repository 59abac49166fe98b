//! Gzip, for frames and files.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Texts up to this many bytes are not worth it.
pub(crate) const WORTH_IT: usize = 1024;

/// `bytes` compressed. Fast rather than small: a frame waits for it.
pub(crate) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let room = Vec::with_capacity(bytes.len() / 4 + 64);
    let mut encoder = GzEncoder::new(room, Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}
