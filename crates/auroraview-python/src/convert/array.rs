//! Numbers that a page sent as a typed array: bytes-like, and understood by numpy as they are.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use auroraview_protocol::Dtype;
use bytes::Bytes;
use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView, PyTuple};

use super::buffers::{is_exporter, swap};
use super::large::{copied, new_bytes};

/// The bit with which a buffer is asked for whose first dimension varies fastest.
const FORTRAN_ORDER: c_int = ffi::PyBUF_F_CONTIGUOUS & !ffi::PyBUF_STRIDES;

/// See the module. Immutable, so that any number of buffers may show it.
#[pyclass(frozen, module = "auroraview")]
pub(crate) struct Array {
    dtype: Dtype,
    /// As Python's buffers want it.
    shape: Vec<isize>,
    strides: Vec<isize>,
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
        let mut stride = item_bytes.cast_signed();
        let mut strides: Vec<isize> = shape
            .iter()
            .rev()
            .map(|&length: &isize| {
                let this = stride;
                stride = stride.saturating_mul(length.max(1));
                this
            })
            .collect();
        strides.reverse();
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
            dtype,
            shape,
            strides,
            data,
        }
    }

    /// The letter of Python's `struct` module.
    fn format(&self) -> &'static CStr {
        match self.dtype.as_str() {
            "int8" => c"b",
            "int16" => c"h",
            "uint16" => c"H",
            "int32" => c"i",
            "uint32" => c"I",
            "int64" => c"q",
            "uint64" => c"Q",
            "float16" => c"e",
            "float32" => c"f",
            "float64" => c"d",
            "bool" => c"?",
            _ => c"B",
        }
    }
}

#[pymethods]
impl Array {
    /// Type of the elements: `int8`, ... `uint64`, `float16`, `float32`, `float64`, `bool`.
    #[getter]
    fn dtype(&self) -> &'static str {
        self.dtype.as_str()
    }

    /// Length of each dimension.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.shape)
    }

    /// Length of the first dimension.
    fn __len__(&self) -> PyResult<usize> {
        match self.shape.first() {
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
                a.dtype.as_str() == b.dtype.as_str() && a.shape == b.shape && a.data == b.data
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
            self.dtype.as_str()
        ))
    }

    /// # Safety
    /// Called by Python alone, with a view to fill.
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("there is no view to fill"));
        }
        let array = slf.get();
        let is_matrix = array.shape.len() > 1;
        let refusal = if flags & ffi::PyBUF_WRITABLE == ffi::PyBUF_WRITABLE {
            Some("what a page sent is read-only")
        } else if is_matrix && flags & FORTRAN_ORDER != 0 {
            Some("the array is in C order")
        } else {
            None
        };
        if let Some(text) = refusal {
            // SAFETY: not null, and Python wants `obj` cleared when it gets no buffer.
            unsafe { (*view).obj = ptr::null_mut() };
            return Err(PyBufferError::new_err(text));
        }
        let wants = |flag: c_int| flags & flag == flag;
        let empty: &[u8] = &[];
        let data = if array.data.is_empty() {
            empty
        } else {
            &array.data
        };
        let (shape, strides) = (array.shape.as_ptr(), array.strides.as_ptr());
        let dimensions = c_int::try_from(array.shape.len()).unwrap_or(c_int::MAX);
        // SAFETY: `view` is ours to fill. What it points to belongs to the array, which never changes and lives as long
        // as the view, because `obj` holds it; nobody writes through it, for it says read-only.
        unsafe {
            (*view).buf = data.as_ptr().cast_mut().cast::<c_void>();
            (*view).len = data.len().cast_signed();
            (*view).readonly = 1;
            (*view).itemsize = array.dtype.item_bytes().cast_signed();
            (*view).format = if wants(ffi::PyBUF_FORMAT) {
                array.format().as_ptr().cast_mut()
            } else {
                ptr::null_mut()
            };
            (*view).ndim = dimensions;
            (*view).shape = if wants(ffi::PyBUF_ND) {
                shape.cast_mut()
            } else {
                ptr::null_mut()
            };
            (*view).strides = if wants(ffi::PyBUF_STRIDES) {
                strides.cast_mut()
            } else {
                ptr::null_mut()
            };
            (*view).suboffsets = ptr::null_mut();
            (*view).internal = ptr::null_mut();
            (*view).obj = slf.into_any().into_ptr();
        }
        Ok(())
    }
}
