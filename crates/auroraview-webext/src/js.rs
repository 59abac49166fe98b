//! JavaScript values in Rust's hands: texts, references that last, exceptions.
//!
//! Everything here belongs to the web process's main thread. A value on the stack is seen by the collector; one that is
//! kept anywhere else has to be [`Protected`].

use std::ffi::{CStr, c_char};
use std::ptr::{null, null_mut};

use encoding_rs::mem::{convert_utf16_to_utf8_partial, utf16_valid_up_to};

use crate::jsc::*;

/// How many bytes of a text are made at a time.
const PIECE: usize = 16 << 10;

/// What a native function throws.
#[derive(Debug)]
pub(crate) enum Thrown {
    /// What JavaScript threw while we asked it for something.
    Value(JSValueRef),
    /// A `TypeError`: the function was called wrongly.
    Type(&'static str),
    /// A `RangeError`: it is more than can ever be done.
    Range(String),
    /// An `Error`: the call was right, but it cannot be done.
    Error(String),
}

/// A name or message for JavaScript; freed at the end.
pub(crate) struct JsText(JSStringRef);

impl JsText {
    pub(crate) fn new(text: &CStr) -> Self {
        // SAFETY: the text ends with a NUL and is copied.
        unsafe { Self::from_ptr(text.as_ptr()) }
    }

    /// # Safety
    /// There is a NUL somewhere behind the pointer, and valid UTF-8 up to it.
    pub(crate) unsafe fn from_ptr(text: *const c_char) -> Self {
        // SAFETY: as the caller promises.
        Self(unsafe { JSStringCreateWithUTF8CString(text) })
    }

    pub(crate) fn as_raw(&self) -> JSStringRef {
        self.0
    }

    /// The same as a value.
    ///
    /// # Safety
    /// The context lives.
    pub(crate) unsafe fn value(&self, context: JSContextRef) -> JSValueRef {
        // SAFETY: the string is ours; the context lives, as the caller promises.
        unsafe { JSValueMakeString(context, self.0) }
    }
}

impl Drop for JsText {
    fn drop(&mut self) {
        // SAFETY: this is our one reference to it.
        unsafe { JSStringRelease(self.0) }
    }
}

/// An object that outlives the call that gave it to us, with its global object.
pub(crate) struct Protected {
    context: JSGlobalContextRef,
    object: JSObjectRef,
}

impl Protected {
    /// # Safety
    /// The context lives, and the object belongs to its virtual machine.
    pub(crate) unsafe fn new(context: JSContextRef, object: JSObjectRef) -> Self {
        // SAFETY: as the caller promises; both are given back in `drop`.
        unsafe {
            let context = JSGlobalContextRetain(JSContextGetGlobalContext(context));
            JSValueProtect(context, object);
            Self { context, object }
        }
    }

    pub(crate) fn context(&self) -> JSContextRef {
        self.context
    }

    pub(crate) fn object(&self) -> JSObjectRef {
        self.object
    }

    /// Calls it as a function without `this`; gives what it threw.
    pub(crate) fn call(&self, arguments: &[JSValueRef]) -> Result<JSValueRef, JSValueRef> {
        self.call_on(null_mut(), arguments)
    }

    /// Calls it as a function of `this`.
    pub(crate) fn call_on(
        &self,
        this: JSObjectRef,
        arguments: &[JSValueRef],
    ) -> Result<JSValueRef, JSValueRef> {
        let mut thrown = null();
        // SAFETY: context and function are held by us, the arguments are values of this virtual machine on our stack.
        let value = unsafe {
            JSObjectCallAsFunction(
                self.context,
                self.object,
                this,
                arguments.len(),
                arguments.as_ptr(),
                &mut thrown,
            )
        };
        if value.is_null() {
            Err(thrown)
        } else {
            Ok(value)
        }
    }
}

impl Drop for Protected {
    fn drop(&mut self) {
        // SAFETY: taken in `new`, given back once.
        unsafe {
            JSValueUnprotect(self.context, self.object);
            JSGlobalContextRelease(self.context);
        }
    }
}

/// A property of an object, or what its getter threw.
///
/// # Safety
/// The context lives, and the object belongs to its virtual machine.
pub(crate) unsafe fn property(
    context: JSContextRef,
    object: JSObjectRef,
    name: &CStr,
) -> Result<JSValueRef, Thrown> {
    let name = JsText::new(name);
    let mut thrown = null();
    // SAFETY: as the caller promises.
    let value = unsafe { JSObjectGetProperty(context, object, name.as_raw(), &mut thrown) };
    if thrown.is_null() {
        Ok(value)
    } else {
        Err(Thrown::Value(thrown))
    }
}

/// A value as a function, if it is one.
///
/// # Safety
/// The context lives, and the value belongs to its virtual machine.
pub(crate) unsafe fn function(context: JSContextRef, value: JSValueRef) -> Option<JSObjectRef> {
    // SAFETY: as the caller promises; an object is its own reference.
    unsafe {
        let object = value.cast_mut();
        (JSValueIsObject(context, value) && JSObjectIsFunction(context, object)).then_some(object)
    }
}

/// Writes the UTF-8 of a string into the buffer; `None` when the value is no string, or has half of a surrogate pair.
///
/// The engine's own way to UTF-8 goes character by character, which is several times slower.
///
/// # Safety
/// The context lives, and the value belongs to its virtual machine.
pub(crate) unsafe fn text(
    context: JSContextRef,
    value: JSValueRef,
    buffer: &mut Vec<u8>,
) -> Option<()> {
    buffer.clear();
    // SAFETY: as the caller promises; so many units are there, and stay there while the copy lives.
    unsafe {
        if !JSValueIsString(context, value) {
            return None;
        }
        let copy = JSValueToStringCopy(context, value, null_mut());
        if copy.is_null() {
            return None;
        }
        let copy = JsText(copy);
        let length = JSStringGetLength(copy.as_raw());
        if length == 0 {
            return Some(());
        }
        let units = std::slice::from_raw_parts(JSStringGetCharactersPtr(copy.as_raw()), length);
        if utf16_valid_up_to(units) < length {
            return None;
        }
        buffer.reserve(length + PIECE);
        let mut rest = units;
        while !rest.is_empty() {
            let begin = buffer.len();
            buffer.resize(begin + PIECE.min(rest.len() * 3), 0);
            let (read, written) = convert_utf16_to_utf8_partial(rest, &mut buffer[begin..]);
            buffer.truncate(begin + written);
            rest = &rest[read..];
        }
    }
    Some(())
}
