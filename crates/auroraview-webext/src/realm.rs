//! Bytes between a page's typed arrays and us.
//!
//! The engine locks an array buffer for good once its C interface was asked for the bytes: such a buffer can never be
//! transferred to a worker again. So the page's arrays are not asked; bytes pass through an array of our own, piece by
//! piece, with the engine's own `set`. A piece stays in the processor's cache, so this costs little.

use std::cell::OnceCell;
use std::ptr::{copy_nonoverlapping, null, null_mut};

use crate::js::{Protected, Thrown, function, property};
use crate::jsc::*;

/// Size of a piece.
const PIECE: usize = 32 << 10;

/// What we keep for a document's global object.
pub(crate) struct Realm {
    /// `%TypedArray%.prototype.set`.
    set: Protected,
    stage: OnceCell<Stage>,
}

/// The array that bytes pass through; pages never see it.
struct Stage {
    array: Protected,
    bytes: *mut u8,
}

impl Realm {
    /// With what an object has as `set`: our own functions have it from the time when the page could not change it, also
    /// those of a document that comes back. A page's `set` would run its scripts in the midst of sending.
    ///
    /// # Safety
    /// The context lives, and the object belongs to its virtual machine.
    pub(crate) unsafe fn new(context: JSContextRef, from: JSObjectRef) -> Option<Self> {
        // SAFETY: as the caller promises; what is got is checked before it is used.
        unsafe {
            let set = property(context, from, c"set").ok()?;
            let set = Protected::new(context, function(context, set)?);
            Some(Self {
                set,
                stage: OnceCell::new(),
            })
        }
    }

    pub(crate) fn set(&self) -> JSValueRef {
        self.set.object()
    }

    fn context(&self) -> JSContextRef {
        self.set.context()
    }

    fn stage(&self) -> Result<&Stage, Thrown> {
        if let Some(stage) = self.stage.get() {
            return Ok(stage);
        }
        let array = self.new_array(PIECE)?;
        // SAFETY: our own context and array; the bytes stay where they are while the array lives, since asking for them
        // locks the buffer.
        let stage = unsafe {
            let array = Protected::new(self.context(), array);
            let bytes = JSObjectGetTypedArrayBytesPtr(self.context(), array.object(), null_mut());
            if bytes.is_null() {
                return Err(Thrown::Error("there is no memory for a typed array".into()));
            }
            Stage {
                array,
                bytes: bytes.cast(),
            }
        };
        Ok(self.stage.get_or_init(|| stage))
    }

    /// A new `Uint8Array` of zeros.
    pub(crate) fn new_array(&self, bytes: usize) -> Result<JSObjectRef, Thrown> {
        let mut thrown = null();
        // SAFETY: our own context.
        let array = unsafe {
            JSObjectMakeTypedArray(self.context(), JS_TYPED_ARRAY_UINT8, bytes, &mut thrown)
        };
        if !thrown.is_null() {
            return Err(Thrown::Value(thrown));
        }
        if array.is_null() {
            return Err(Thrown::Error("there is no memory for a typed array".into()));
        }
        Ok(array)
    }

    /// Fills the first `bytes` of an array; `source` gives them piece by piece.
    ///
    /// The array is on the caller's stack.
    pub(crate) fn write(
        &self,
        array: JSObjectRef,
        bytes: usize,
        mut source: impl FnMut(usize, &mut [u8]),
    ) -> Result<(), Thrown> {
        let stage = if bytes == 0 {
            return Ok(());
        } else {
            self.stage()?
        };
        for offset in (0..bytes).step_by(PIECE) {
            let length = PIECE.min(bytes - offset);
            // SAFETY: so many bytes are there, nobody else has them, and no JavaScript runs meanwhile.
            source(offset, unsafe {
                std::slice::from_raw_parts_mut(stage.bytes, length)
            });
            let piece = self.part(stage.array.object(), 0, length, PIECE)?;
            // SAFETY: our own context.
            let place = unsafe { JSValueMakeNumber(self.context(), offset as f64) };
            self.set
                .call_on(array, &[piece.cast_const(), place])
                .map_err(Thrown::Value)?;
        }
        Ok(())
    }

    /// A view of a part of an array of `all` bytes, or that array itself.
    fn part(
        &self,
        array: JSObjectRef,
        offset: usize,
        length: usize,
        all: usize,
    ) -> Result<JSObjectRef, Thrown> {
        if length == all {
            return Ok(array);
        }
        let context = self.context();
        let mut thrown = null();
        // SAFETY: our own context; array and buffer are on the stack.
        let part = unsafe {
            let start = JSObjectGetTypedArrayByteOffset(context, array, null_mut());
            let buffer = JSObjectGetTypedArrayBuffer(context, array, &mut thrown);
            if buffer.is_null() {
                return Err(Thrown::Type("expected an array whose bytes are there"));
            }
            JSObjectMakeTypedArrayWithArrayBufferAndOffset(
                context,
                JS_TYPED_ARRAY_UINT8,
                buffer,
                start + offset,
                length,
                &mut thrown,
            )
        };
        if thrown.is_null() && !part.is_null() {
            Ok(part)
        } else {
            Err(Thrown::Value(thrown))
        }
    }

    /// Copies from an array, beginning at `offset`.
    pub(crate) fn read(
        &self,
        array: &Source,
        offset: usize,
        into: &mut [u8],
    ) -> Result<(), Thrown> {
        if into.is_empty() {
            return Ok(());
        }
        let stage = self.stage()?;
        let mut done = 0;
        while done < into.len() {
            let length = PIECE.min(into.len() - done);
            let part = self.part(array.array.object(), offset + done, length, array.bytes)?;
            self.set
                .call_on(stage.array.object(), &[part.cast_const()])
                .map_err(Thrown::Value)?;
            // SAFETY: so many bytes are at both, which are apart; no JavaScript runs meanwhile.
            unsafe { copy_nonoverlapping(stage.bytes, into[done..].as_mut_ptr(), length) };
            done += length;
        }
        Ok(())
    }
}

/// An array of the page that is being sent, with its size at the time of the call.
pub(crate) struct Source {
    array: Protected,
    pub(crate) bytes: usize,
}

impl Source {
    /// # Safety
    /// The context lives, and the value belongs to its virtual machine.
    pub(crate) unsafe fn new(context: JSContextRef, value: JSValueRef) -> Result<Self, Thrown> {
        // SAFETY: as the caller promises; the kind is checked before it is taken for an array.
        unsafe {
            let array = uint8_array(context, value)?;
            Ok(Self {
                bytes: JSObjectGetTypedArrayByteLength(context, array, null_mut()),
                array: Protected::new(context, array),
            })
        }
    }
}

/// A value as a `Uint8Array`.
///
/// # Safety
/// The context lives, and the value belongs to its virtual machine.
pub(crate) unsafe fn uint8_array(
    context: JSContextRef,
    value: JSValueRef,
) -> Result<JSObjectRef, Thrown> {
    // SAFETY: as the caller promises.
    if unsafe { JSValueGetTypedArrayType(context, value, null_mut()) } == JS_TYPED_ARRAY_UINT8 {
        Ok(value.cast_mut())
    } else {
        Err(Thrown::Type("expected a Uint8Array"))
    }
}
