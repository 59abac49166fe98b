//! Live buffers: memory that a program writes to again and again, and a page keeps as one typed array.
//!
//! Each [`Buffer::publish`] is a version. It is copied once, into a block of memory that is used again when nobody reads it
//! any more, and goes to the page as a retained event of which only the last counts. So a stream of versions allocates
//! nothing, a page that does not keep up misses some but never the last one, and a document that comes later gets it.

mod blocks;

use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auroraview_protocol::{Attachment, Dtype, Encoded, EncodedEvent, Limits};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyMemoryView, PyTuple};

use crate::bridge::Bridge;
use crate::convert::{Element, Layout, is_exporter, ordered_copy, swap};
use crate::dispatcher::Dispatcher;
use crate::error;
use crate::peer::{Peer, PeerCore};
use blocks::{Block, Pool};

/// What the event of a version is called, before the buffer's own name.
const EVENT: &str = "__auroraview_buffer:";
/// More than what stands around a version in its message.
const MESSAGE: usize = 512;
/// From so many bytes on other Python threads go on while they are copied.
const LARGE: usize = 256 * 1024;

/// Who gets the versions.
enum Target {
    Page(Arc<PeerCore>),
    Pages(Arc<Dispatcher>),
}

impl Target {
    fn limits(&self) -> &Limits {
        match self {
            Target::Page(peer) => peer.limits(),
            Target::Pages(bridge) => &bridge.limits,
        }
    }
}

/// See the module. Made by [`new_buffer`].
#[pyclass(frozen, module = "auroraview")]
pub(crate) struct Buffer {
    name: String,
    layout: Layout,
    target: Target,
    /// What the program writes to.
    own: Block,
    /// Where versions are copied to.
    pool: Arc<Pool>,
    /// The last version of the name, whichever buffer had it; locked while one is published. Whoever waits for it waits
    /// without the GIL, and who has it waits for nobody.
    version: Arc<Mutex<u64>>,
    /// Another buffer has taken the name.
    is_replaced: AtomicBool,
}

/// A buffer of a page, or of all pages of a bridge. `before`: the one that had the name.
#[pyfunction]
#[pyo3(signature = (target, name, shape, dtype, before = None))]
pub(crate) fn new_buffer(
    target: &Bound<'_, PyAny>,
    name: String,
    shape: Vec<usize>,
    dtype: &str,
    before: Option<&Bound<'_, Buffer>>,
) -> PyResult<Buffer> {
    let py = target.py();
    let target = match target.cast::<Peer>() {
        Ok(peer) => Target::Page(Arc::clone(&peer.get().core)),
        Err(_) => Target::Pages(Arc::clone(&target.cast::<Bridge>()?.get().core)),
    };
    let dtype = Dtype::parse(dtype).ok_or_else(|| {
        let known: Vec<&str> = Dtype::ALL.into_iter().map(Dtype::as_str).collect();
        let known = known.join(", ");
        error::usage(
            py,
            format!("there is no element type {dtype:?}; there are {known}"),
        )
    })?;
    let limit = target.limits().message_bytes;
    let bytes = shape
        .iter()
        .try_fold(dtype.item_bytes(), |all, length| all.checked_mul(*length));
    let too_long = |needed: &str| {
        let text = format!(
            "a buffer of {needed} bytes goes in one message, which may have {limit}: give the bridge \
             Limits(message_bytes=...)"
        );
        error::usage(py, text)
    };
    let bytes = match bytes {
        Some(bytes) if bytes.saturating_add(MESSAGE) <= limit => bytes,
        Some(bytes) => return Err(too_long(&bytes.to_string())),
        None => return Err(too_long("more than 2**64")),
    };
    let version = before.map_or_else(Arc::default, |before| {
        let before = before.get();
        before.is_replaced.store(true, Ordering::SeqCst);
        Arc::clone(&before.version)
    });
    Ok(Buffer {
        name,
        layout: Layout::new(dtype, shape.iter().map(|one| one.cast_signed()).collect()),
        target,
        own: Block::new(bytes),
        pool: Pool::new(bytes),
        version,
        is_replaced: AtomicBool::new(false),
    })
}

/// What is to be published: memory that stays where it is as long as this does.
struct Source {
    _view: PyUntypedBuffer,
    start: *const u8,
    swapped: bool,
}

impl Buffer {
    fn lengths(&self) -> Vec<usize> {
        let lengths = self.layout.shape.iter();
        lengths.map(|length| length.cast_unsigned()).collect()
    }

    /// Looks into what a program gave to be published.
    fn source(&self, data: &Bound<'_, PyAny>) -> PyResult<Source> {
        let py = data.py();
        if !is_exporter(data) {
            let text = format!(
                "publish takes an array or bytes, not {}",
                data.get_type().qualname()?
            );
            return Err(PyTypeError::new_err(text));
        }
        let mut view = PyMemoryView::from(data)?;
        let mut buffer = PyUntypedBuffer::get(&view)?;
        let found = Element::of(buffer.format(), buffer.item_size());
        let is_plain = buffer.dimensions() == 1 && buffer.item_size() == 1;
        let fits = buffer.len_bytes() == self.own.len()
            && match &found {
                Some(element) => {
                    let same =
                        element.dtype == self.layout.dtype && buffer.shape() == self.lengths();
                    same || is_plain
                }
                None => false,
            };
        if !fits {
            let what = match &found {
                Some(element) => element.dtype.as_str().to_owned(),
                None => format!("format {:?}", buffer.format().to_string_lossy()),
            };
            let text = format!(
                "the buffer {:?} is {} of {}: {} of {what} cannot be published",
                self.name,
                shape_text(py, &self.lengths())?,
                self.layout.dtype.as_str(),
                shape_text(py, buffer.shape())?,
            );
            return Err(error::usage(py, text));
        }
        if !buffer.is_c_contiguous() {
            view = PyMemoryView::from(ordered_copy(&view)?.as_any())?;
            buffer = PyUntypedBuffer::get(&view)?;
        }
        Ok(Source {
            start: buffer.buf_ptr().cast::<u8>(),
            swapped: found.is_some_and(|element| element.big_endian),
            _view: buffer,
        })
    }

    /// Copies what is to be published into memory that the page's side reads from.
    fn copied(&self, py: Python<'_>, source: Option<&Source>) -> bytes::Bytes {
        let mut block = self.pool.take();
        let (from, swapped) = match source {
            Some(source) => (source.start, source.swapped),
            None => (self.own.start().cast_const(), cfg!(target_endian = "big")),
        };
        let item_bytes = self.layout.dtype.item_bytes();
        let mut act = {
            let (from, block) = (Start(from), &mut block);
            move || {
                // SAFETY: `source` checked that there are as many bytes, in one piece, and holds them; our own are as
                // many. The block is nobody else's. A program that writes meanwhile, on another thread, gets a torn
                // version.
                unsafe { ptr::copy_nonoverlapping(from.get(), block.start(), block.len()) };
                if swapped {
                    swap(block.as_mut(), item_bytes);
                }
            }
        };
        if self.own.len() < LARGE {
            act();
        } else {
            py.detach(act);
        }
        Pool::lend(&self.pool, block)
    }

    fn send(&self, py: Python<'_>, event: &EncodedEvent) -> PyResult<()> {
        match &self.target {
            Target::Page(peer) => match peer.emit(py, event, Some(event.name())) {
                Ok(_) => Ok(()),
                Err(full) => Err(error::backpressure(py, full.to_string())),
            },
            Target::Pages(bridge) => {
                bridge.broadcast_latest(py, event.name(), event);
                Ok(())
            }
        }
    }
}

/// Where to read, on whatever thread.
#[derive(Clone, Copy)]
struct Start(*const u8);

// SAFETY: what is behind it is read on the one thread that `Buffer::copied` runs on.
unsafe impl Send for Start {}

impl Start {
    fn get(self) -> *const u8 {
        self.0
    }
}

fn shape_text(py: Python<'_>, shape: &[usize]) -> PyResult<String> {
    Ok(PyTuple::new(py, shape)?.repr()?.to_string())
}

#[pymethods]
impl Buffer {
    /// The name that pages know it by.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

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

    /// Number of the last version that was published under this name; 0 before the first.
    #[getter]
    fn version(&self, py: Python<'_>) -> u64 {
        *lock(py, &self.version)
    }

    /// Length of the first dimension.
    fn __len__(&self) -> usize {
        let first = self.layout.shape.first();
        first.map_or(0, |length| length.cast_unsigned())
    }

    /// Sends what the buffer holds to the page, or `data` instead; returns the number of this version. Any thread.
    ///
    /// It is copied, so the buffer may be written to again at once. At most `Bridge(frame_rate=60)` versions a second
    /// leave, the last one always; documents that come later get it.
    ///
    /// `data`: an array of the same type and shape, or as many plain bytes. What the buffer itself holds stays as it is.
    ///
    /// Raises `UsageError` when `data` does not fit, or another buffer took the name; `TypeError` when it is no array.
    #[pyo3(signature = (data = None))]
    fn publish(&self, py: Python<'_>, data: Option<&Bound<'_, PyAny>>) -> PyResult<u64> {
        // Looking into it, and letting go of it, may run code of the program: not while others wait for the version.
        let source = data.map(|data| self.source(data)).transpose()?;
        let mut version = lock(py, &self.version);
        if self.is_replaced.load(Ordering::SeqCst) {
            let text = format!(
                "another buffer has taken the name {:?}; publish that one",
                self.name
            );
            return Err(error::usage(py, text));
        }
        let next = *version + 1;
        let attachment = Attachment {
            dtype: Some(self.layout.dtype),
            shape: (self.layout.shape.len() > 1).then(|| self.lengths()),
            data: self.copied(py, source.as_ref()),
        };
        let detail = Encoded {
            json: format!("{{\"version\":{next},\"array\":{{\"$av\":0}}}}"),
            attachments: vec![attachment],
            escaped: false,
        };
        let event = EncodedEvent::new(&format!("{EVENT}{}", self.name), &detail, true);
        self.send(py, &event)?;
        *version = next;
        Ok(next)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let name = pyo3::types::PyString::new(py, &self.name).repr()?;
        let shape = shape_text(py, &self.lengths())?;
        let dtype = self.layout.dtype.as_str();
        Ok(format!("Buffer({name}, shape={shape}, dtype='{dtype}')"))
    }

    /// # Safety
    /// Called by Python alone, with a view to fill.
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let buffer = slf.get();
        // SAFETY: the block has as many bytes as the layout says, stays where it is, and we only ever copy out of it.
        unsafe {
            let memory = buffer.own.memory();
            let owner = slf.clone().into_any();
            (buffer.layout).show(view, flags, memory, None, owner)
        }
    }
}

fn lock<'a>(py: Python<'_>, version: &'a Mutex<u64>) -> MutexGuard<'a, u64> {
    version
        .lock_py_attached(py)
        .unwrap_or_else(PoisonError::into_inner)
}
