//! Python's buffers as attachments: `bytes` shared, everything else copied once, in C order and little-endian.

use std::ffi::CStr;

use auroraview_protocol::{Attachment, Dtype};
use bytes::Bytes;
use pyo3::buffer::PyUntypedBuffer;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView};

use super::kinds::type_name;
use super::large::copied;
use super::unsendable::Fault;
use crate::lane::{Item, notices};

/// Up to this many bytes a copy is cheaper than an owner.
const COPIED: usize = 4096;

/// A `bytes` object that the wire reads from. The last thread to let go of it seldom holds the GIL.
struct Owner(Option<PyBackedBytes>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Dropped here, it would live until some thread happens to call into this module; it may be large.
        if let Some(bytes) = self.0.take() {
            notices().push(Item::Release(bytes));
        }
    }
}

/// The content of a `bytes` object, shared unless it is small.
pub(super) fn share(bytes: &Bound<'_, PyBytes>) -> Bytes {
    let content = bytes.as_bytes();
    if content.len() <= COPIED {
        return Bytes::copy_from_slice(content);
    }
    Bytes::from_owner(Owner(Some(PyBackedBytes::from(bytes.clone()))))
}

/// Whether a value has a buffer to look into.
pub(crate) fn is_exporter(value: &Bound<'_, PyAny>) -> bool {
    // SAFETY: the object is alive and the GIL is held.
    unsafe { pyo3::ffi::PyObject_CheckBuffer(value.as_ptr()) == 1 }
}

/// What a buffer's content is sent as.
pub(super) enum Content {
    Attachment(Attachment),
    /// One number without dimensions.
    Scalar,
}

/// Takes what a value's buffer holds now.
pub(super) fn read(value: &Bound<'_, PyAny>) -> Result<Content, Fault> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Content::Attachment(share(bytes).into()));
    }
    let refused = |error: PyErr| match Fault::from(error) {
        Fault::Value { problem, .. } => {
            Fault::new(format!("{} cannot be sent: {problem}", type_name(value)))
        }
        other => other,
    };
    let view = PyMemoryView::from(value).map_err(refused)?;
    if view.getattr("ndim")?.extract::<usize>()? == 0 {
        return Ok(Content::Scalar);
    }
    let buffer = PyUntypedBuffer::get(&view).map_err(refused)?;
    let Some(element) = Element::of(buffer.format(), buffer.item_size()) else {
        return Err(Fault::new(format!(
            "{} holds elements of format {:?} and cannot be sent; convert it to numbers of at most 64 bits",
            type_name(value),
            buffer.format().to_string_lossy(),
        )));
    };
    let mut data = copy(&view, &buffer)?;
    if element.big_endian {
        swap(&mut data, element.dtype.item_bytes());
    }
    let is_text_of_bytes = value.is_instance_of::<PyByteArray>()
        || (value.is_instance_of::<PyMemoryView>()
            && buffer.item_size() == 1
            && buffer.dimensions() == 1
            && buffer.format() != c"?");
    if is_text_of_bytes {
        return Ok(Content::Attachment(Bytes::from(data).into()));
    }
    let shape = buffer.shape();
    let attachment = Attachment {
        dtype: Some(element.dtype),
        shape: (shape.len() > 1).then(|| shape.to_vec()),
        data: data.into(),
    };
    if !attachment.fits() {
        return Err(Fault::new(format!(
            "an array of {} dimensions cannot be sent",
            shape.len()
        )));
    }
    Ok(Content::Attachment(attachment))
}

fn copy(view: &Bound<'_, PyMemoryView>, buffer: &PyUntypedBuffer) -> Result<Vec<u8>, Fault> {
    let length = buffer.len_bytes();
    if length == 0 {
        return Ok(Vec::new());
    }
    if buffer.is_c_contiguous() {
        // SAFETY: a C-contiguous buffer has `length` bytes from its start on. They stay there while the view is held,
        // and are read with the GIL held, as all of Python reads them.
        let bytes = unsafe { std::slice::from_raw_parts(buffer.buf_ptr().cast::<u8>(), length) };
        return Ok(copied(bytes));
    }
    Ok(copied(ordered_copy(view)?.as_bytes()))
}

/// The items of a view, wherever they lie, one after the other in C order.
pub(crate) fn ordered_copy<'py>(view: &Bound<'py, PyMemoryView>) -> PyResult<Bound<'py, PyBytes>> {
    view.call_method0("tobytes")?
        .cast_into::<PyBytes>()
        .map_err(PyErr::from)
}

/// Turns the byte order of every element round.
pub(crate) fn swap(data: &mut [u8], item_bytes: usize) {
    for item in data.chunks_exact_mut(item_bytes) {
        item.reverse();
    }
}

/// The elements of a buffer.
pub(crate) struct Element {
    pub(crate) dtype: Dtype,
    pub(crate) big_endian: bool,
}

impl Element {
    /// Reads a format of Python's `struct` module that is one number.
    pub(crate) fn of(format: &CStr, item_size: usize) -> Option<Element> {
        let (order, letter) = match *format.to_bytes() {
            [letter] => (b'@', letter),
            [order, letter] => (order, letter),
            _ => return None,
        };
        let big_endian = match order {
            b'@' | b'=' => cfg!(target_endian = "big"),
            b'<' => false,
            b'>' | b'!' => true,
            _ => return None,
        };
        let kind = match letter {
            b'?' => {
                return Dtype::parse("bool").map(|dtype| Element {
                    dtype,
                    big_endian: false,
                });
            }
            b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => "int",
            b'c' | b'B' | b'H' | b'I' | b'L' | b'Q' | b'N' => "uint",
            b'e' | b'f' | b'd' => "float",
            _ => return None,
        };
        let dtype = Dtype::parse(&format!("{kind}{}", item_size * 8))?;
        Some(Element { dtype, big_endian })
    }
}
