//! Copies of many megabytes.
//!
//! Most of their time goes into touching new memory, page by page; in pages of 2 MiB, where the system has them, it is a
//! fraction. Other Python threads go on meanwhile where nobody can see the copy yet.

use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// From so many bytes on it is worth it.
const LARGE: usize = 4 * 1024 * 1024;
/// Size and alignment of a large page.
const LARGE_PAGE: usize = 2 * 1024 * 1024;

/// A `bytes` object with a copy of `data`.
pub(crate) fn new_bytes<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    if data.len() < LARGE {
        return Ok(PyBytes::new(py, data));
    }
    // SAFETY: without a text Python makes an object of that length whose content is to be filled in, or raises.
    let object = unsafe {
        let object = ffi::PyBytes_FromStringAndSize(ptr::null(), data.len().cast_signed());
        Bound::from_owned_ptr_or_err(py, object)?
    };
    // SAFETY: it is a `bytes` object.
    let start = unsafe { ffi::PyBytes_AsString(object.as_ptr()) }.cast::<u8>();
    let target = Target(start);
    py.detach(move || {
        let start = target.start();
        use_large_pages(start, data.len());
        // SAFETY: the object has room for `data`, apart from it, lives as long as `object`, and is known to nobody else.
        unsafe { ptr::copy_nonoverlapping(data.as_ptr(), start, data.len()) };
    });
    object.cast_into::<PyBytes>().map_err(PyErr::from)
}

/// Where to write, on whatever thread.
#[derive(Clone, Copy)]
struct Target(*mut u8);

// SAFETY: `new_bytes` writes there on the one thread that it is called on.
unsafe impl Send for Target {}

impl Target {
    fn start(self) -> *mut u8 {
        self.0
    }
}

/// A copy of `data`.
pub(super) fn copied(data: &[u8]) -> Vec<u8> {
    let mut copy = Vec::with_capacity(data.len());
    if data.len() >= LARGE {
        use_large_pages(copy.as_mut_ptr(), data.len());
    }
    copy.extend_from_slice(data);
    copy
}

/// Asks for large pages where the memory has not been touched yet. It is a hint, and may be refused.
pub(crate) fn use_large_pages(start: *mut u8, length: usize) {
    let before = start.align_offset(LARGE_PAGE);
    let pages = length.saturating_sub(before) / LARGE_PAGE * LARGE_PAGE;
    if cfg!(target_os = "linux") && pages > 0 {
        // SAFETY: the range lies within an allocation of `length` bytes, and the advice changes no content.
        unsafe { libc::madvise(start.add(before).cast(), pages, libc::MADV_HUGEPAGE) };
    }
}
