//! Numbers in memory as Python's buffers show them: type, dimensions, and how to get from one to the next.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use auroraview_protocol::Dtype;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;

/// The bit with which a buffer is asked for whose first dimension varies fastest.
const FORTRAN_ORDER: c_int = ffi::PyBUF_F_CONTIGUOUS & !ffi::PyBUF_STRIDES;

/// What numbers in C order look like.
pub(crate) struct Layout {
    pub(crate) dtype: Dtype,
    /// As Python's buffers want it.
    pub(crate) shape: Vec<isize>,
    strides: Vec<isize>,
}

impl Layout {
    /// The lengths must be such that an array of them can be addressed.
    pub(crate) fn new(dtype: Dtype, shape: Vec<isize>) -> Layout {
        let mut stride = dtype.item_bytes().cast_signed();
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
        Layout {
            dtype,
            shape,
            strides,
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

    /// Fills a view of `memory`. `read_only` is what to say to those who want to write.
    ///
    /// # Safety
    /// `view` comes from Python, which asks `owner` for it. The memory fits the layout, and it and the layout stay where
    /// they are as long as `owner` lives; without `read_only` whoever has the view may write to it.
    pub(crate) unsafe fn show(
        &self,
        view: *mut ffi::Py_buffer,
        flags: c_int,
        memory: ptr::NonNull<[u8]>,
        read_only: Option<&'static str>,
        owner: Bound<'_, PyAny>,
    ) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("there is no view to fill"));
        }
        let refusal = if flags & ffi::PyBUF_WRITABLE == ffi::PyBUF_WRITABLE {
            read_only
        } else {
            None
        };
        let is_matrix = self.shape.len() > 1;
        let order = (is_matrix && flags & FORTRAN_ORDER != 0).then_some("the array is in C order");
        if let Some(text) = refusal.or(order) {
            // SAFETY: not null, and Python wants `obj` cleared when it gets no buffer.
            unsafe { (*view).obj = ptr::null_mut() };
            return Err(PyBufferError::new_err(text));
        }
        let wants = |flag: c_int| flags & flag == flag;
        let (shape, strides) = (self.shape.as_ptr(), self.strides.as_ptr());
        let dimensions = c_int::try_from(self.shape.len()).unwrap_or(c_int::MAX);
        // SAFETY: `view` is ours to fill. What it points to lives as long as the view, because `obj` holds its owner;
        // shape and strides never change, and nobody writes to memory of which it says that it is read-only.
        unsafe {
            (*view).buf = memory.as_ptr().cast::<c_void>();
            (*view).len = memory.len().cast_signed();
            (*view).readonly = c_int::from(read_only.is_some());
            (*view).itemsize = self.dtype.item_bytes().cast_signed();
            (*view).format = if wants(ffi::PyBUF_FORMAT) {
                self.format().as_ptr().cast_mut()
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
            (*view).obj = owner.into_ptr();
        }
        Ok(())
    }
}
