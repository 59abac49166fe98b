//! Numbers that a page sent as a typed array: bytes-like, and understood by numpy as they are.

use std::ffi::c_int;
use std::ptr::NonNull;

use auroraview_protocol::Dtype;
use bytes::Bytes;
use pyo3::basic::CompareOp;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView, PyTuple};

use super::buffers::{is_exporter, swap};
use super::large::{copied, new_bytes};
use super::shown::Layout;

/// See the module. Immutable, so that any number of buffers may show it.
#[pyclass(frozen, module = "auroraview")]
pub(crate) struct Array {
    layout: Layout,
    data: Bytes,
}

impl Array {
    /// `shape` absent: one dimension. The sizes must fit each other; the session has seen to that.
    pub(super) fn new(
        py: Python<'_>,
        dtype: Dtype,
        shape: Option<&[usize]>,
        data: &Bytes,
    ) -> Array {
        let item_bytes = dtype.item_bytes();
        let shape = match shape {
            Some(shape) => shape.iter().map(|&length| length.cast_signed()).collect(),
            None => vec![(data.len() / item_bytes).cast_signed()],
        };
        // A frame's text ends anywhere, and users of a buffer may count on whole numbers at even addresses.
        let is_aligned = data.as_ptr().addr().is_multiple_of(item_bytes);
        let data = if is_aligned && cfg!(target_endian = "little") {
            data.clone()
        } else {
            py.detach(|| {
                let mut copy = copied(data);
                if cfg!(target_endian = "big") {
                    swap(&mut copy, item_bytes);
                }
                copy.into()
            })
        };
        Array {
            layout: Layout::new(dtype, shape),
            data,
        }
    }
}

#[pymethods]
impl Array {
    /// Type of the elements: `int8`, ... `uint64`, `float16`, `float32`, `float64`, `bool`.
    #[getter]
    fn dtype(&self) -> &'static str {
        self.layout.dtype.as_str()
    }

    /// Length of each dimension.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.layout.shape)
    }

    /// Length of the first dimension.
    fn __len__(&self) -> PyResult<usize> {
        match self.layout.shape.first() {
            Some(length) => Ok(length.cast_unsigned()),
            None => Err(PyTypeError::new_err(
                "an array without dimensions has no length",
            )),
        }
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        new_bytes(py, &self.data)
    }

    /// Equal in type, shape and bytes to another array; element by element to other buffers.
    fn __richcmp__<'py>(
        slf: &Bound<'py, Self>,
        other: &Bound<'py, PyAny>,
        op: CompareOp,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let equal = match other.cast::<Array>() {
            Ok(other) => {
                let (a, b) = (slf.get(), other.get());
                a.layout.dtype == b.layout.dtype
                    && a.layout.shape == b.layout.shape
                    && a.data == b.data
            }
            Err(_) if is_exporter(other) => {
                // A memoryview that was released has nothing that could be equal.
                PyMemoryView::from(other).is_ok_and(|other| {
                    PyMemoryView::from(slf.as_any())
                        .and_then(|own| own.eq(other))
                        .unwrap_or(false)
                })
            }
            Err(_) => return Ok(py.NotImplemented().into_bound(py)),
        };
        let answer = match op {
            CompareOp::Eq => equal,
            CompareOp::Ne => !equal,
            _ => return Ok(py.NotImplemented().into_bound(py)),
        };
        Ok(answer.into_pyobject(py)?.to_owned().into_any())
    }

    /// Itself, since it never changes.
    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// Itself, since it never changes.
    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    /// How to make it again: `loads` with it as the only attachment.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let loads = py.import("auroraview._core")?.getattr("loads")?;
        let attachment = (new_bytes(py, &self.data)?, self.dtype(), self.shape(py)?);
        let arguments = ("{\"$av\":0}", vec![attachment]);
        Ok((loads, arguments).into_pyobject(py)?.into_any())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let shape = self.shape(py)?.repr()?;
        Ok(format!(
            "Array(dtype='{}', shape={shape})",
            self.layout.dtype.as_str()
        ))
    }

    /// # Safety
    /// Called by Python alone, with a view to fill.
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let array = slf.get();
        let empty: &[u8] = &[];
        let data = if array.data.is_empty() {
            empty
        } else {
            &array.data
        };
        // SAFETY: the data fit the layout, see `new`; both belong to the array and never change, for nobody may write.
        unsafe {
            let read_only = Some("what a page sent is read-only");
            let owner = slf.clone().into_any();
            (array.layout).show(view, flags, NonNull::from(data), read_only, owner)
        }
    }
}
