//! A message that has come.

use std::cell::Cell;
use std::ffi::c_char;
use std::ptr;
use std::sync::Arc;

use bytes::Bytes;

use crate::limits::ENTRY;
use crate::segment::Foreign;
use crate::wire::Kind;
use crate::{DocumentId, large};

/// A message, while it is being taken. What of it is to last is copied.
#[derive(Debug)]
pub struct Message<'a> {
    /// What it is.
    pub kind: Kind,
    /// Which document it is of or for.
    pub document: DocumentId,
    /// Number of a synchronous call or its answer, else 0.
    pub number: u64,
    /// The text. A zero byte stands behind it.
    pub text: &'a str,
    pub(crate) sizes: &'a [u8],
    pub(crate) body: Body<'a>,
    /// An attachment and where it begins: they are mostly asked for one after another.
    pub(crate) last: Cell<(usize, usize)>,
}

/// Where the attachments are.
#[derive(Debug, Clone)]
pub(crate) enum Body<'a> {
    Packet(&'a [u8]),
    Segment(&'a Arc<Foreign>),
}

impl Message<'_> {
    /// Where the text begins, for those that want a zero byte behind it.
    pub fn text_ptr(&self) -> *const c_char {
        self.text.as_ptr().cast()
    }

    /// How many attachments there are.
    pub fn attachments(&self) -> usize {
        self.sizes.len() / ENTRY
    }

    /// Size of an attachment in bytes.
    ///
    /// # Panics
    /// When there is no such attachment.
    pub fn bytes(&self, index: usize) -> usize {
        size(self.sizes, index)
    }

    /// Copies an attachment.
    ///
    /// # Panics
    /// When there is no such attachment, or its size is not that of `into`.
    pub fn copy(&self, index: usize, into: &mut [u8]) {
        assert_eq!(into.len(), self.bytes(index), "size of the attachment");
        // SAFETY: `into` is as long as the attachment.
        unsafe { self.copy_to(index, into.as_mut_ptr(), into.len()) };
    }

    /// Copies a part of an attachment, from that offset on.
    ///
    /// # Panics
    /// When there is no such attachment, or no such part of it.
    pub fn copy_part(&self, index: usize, offset: usize, into: &mut [u8]) {
        let end = offset.checked_add(into.len());
        assert!(
            end.is_some_and(|end| end <= self.bytes(index)),
            "size of the attachment"
        );
        // SAFETY: there is room in `into`; the part was checked.
        unsafe { self.copy_from(self.start(index) + offset, into.as_mut_ptr(), into.len()) };
    }

    /// Copies the first `length` bytes of an attachment.
    ///
    /// # Panics
    /// When there is no such attachment, or it is shorter.
    ///
    /// # Safety
    /// There is room for `length` bytes at `into`.
    pub unsafe fn copy_to(&self, index: usize, into: *mut u8, length: usize) {
        assert!(length <= self.bytes(index), "size of the attachment");
        // SAFETY: there is room for so many bytes, and the attachment is as long.
        unsafe { self.copy_from(self.start(index), into, length) };
    }

    /// Copies what is `at` bytes behind the start of all attachments.
    ///
    /// # Safety
    /// There is room for `length` bytes at `into`.
    unsafe fn copy_from(&self, at: usize, into: *mut u8, length: usize) {
        match self.body {
            Body::Packet(data) => {
                let data = &data[at..at + length];
                // SAFETY: there is room for so many bytes, and what was received is lent to nobody who could write it.
                unsafe { ptr::copy_nonoverlapping(data.as_ptr(), into, length) };
            }
            // SAFETY: there is room for so many bytes; nobody else has an address within the segment.
            Body::Segment(segment) => unsafe { segment.copy_to(at, into, length) },
        }
    }

    /// A copy of an attachment, in large pages where it is large.
    ///
    /// # Panics
    /// When there is no such attachment.
    pub fn to_bytes(&self, index: usize) -> Bytes {
        let length = self.bytes(index);
        let mut copy = large::room(length);
        // SAFETY: there is room for so many bytes.
        unsafe { self.copy_to(index, copy.as_mut_ptr(), length) };
        // SAFETY: so many were written.
        unsafe { copy.set_len(length) };
        copy.into()
    }

    fn start(&self, index: usize) -> usize {
        let (last, start) = self.last.get();
        let (from, start) = if last <= index { (last, start) } else { (0, 0) };
        let start = start
            + (from..index)
                .map(|before| self.bytes(before))
                .sum::<usize>();
        self.last.set((index, start));
        start
    }
}

/// The size of one attachment, as the table of them says.
pub(crate) fn size(sizes: &[u8], index: usize) -> usize {
    let mut entry = [0; ENTRY];
    entry.copy_from_slice(&sizes[index * ENTRY..(index + 1) * ENTRY]);
    // Past `usize` no table passes the check of its sum.
    usize::try_from(u64::from_le_bytes(entry)).unwrap_or(usize::MAX)
}
