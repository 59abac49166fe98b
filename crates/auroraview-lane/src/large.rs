//! Copies of many megabytes, into memory of our own.
//!
//! Most of their time goes into touching new memory, page by page; in pages of 2 MiB, where the system has them, it is a
//! fraction.

use bytes::Bytes;
use rustix::mm::{Advice, madvise};

/// From so many bytes on it is worth it.
const LARGE: usize = 4 << 20;
/// Size and alignment of a large page.
const LARGE_PAGE: usize = 2 << 20;

/// Room for so many bytes, not yet touched.
pub(crate) fn room(length: usize) -> Vec<u8> {
    let mut room = Vec::with_capacity(length);
    if length >= LARGE {
        use_large_pages(room.as_mut_ptr(), length);
    }
    room
}

/// A copy of `data`.
pub(crate) fn copied(data: &[u8]) -> Bytes {
    let mut copy = room(data.len());
    copy.extend_from_slice(data);
    copy.into()
}

/// A hint, and may be refused.
fn use_large_pages(start: *mut u8, length: usize) {
    let before = start.align_offset(LARGE_PAGE);
    let pages = length.saturating_sub(before) / LARGE_PAGE * LARGE_PAGE;
    if pages > 0 {
        // SAFETY: the range lies within an allocation of `length` bytes, and the advice changes no content.
        let _ = unsafe { madvise(start.add(before).cast(), pages, Advice::LinuxHugepage) };
    }
}
