//! What a page sends: its text in UTF-8, and its arrays as the lane takes them.

use std::cell::Cell;
use std::ffi::CStr;
use std::ptr::null;
use std::rc::Rc;

use auroraview_lane::{ATTACHMENTS_MAX, Data, SendError};

use crate::js::{self, Thrown, property};
use crate::jsc::*;
use crate::realm::{Realm, Source};

/// A buffer for texts that is larger is not kept.
const KEPT_BYTES: usize = 1 << 20;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl From<SendError> for Thrown {
    fn from(problem: SendError) -> Self {
        match problem {
            SendError::TooLarge { .. } | SendError::TooMany { .. } => {
                Thrown::Range(problem.to_string())
            }
            _ => Thrown::Error(problem.to_string()),
        }
    }
}

/// Runs `body` with a string of JavaScript as text; what is no string is a `TypeError`.
pub(crate) fn with_text<T>(
    context: JSContextRef,
    value: JSValueRef,
    body: impl FnOnce(&str) -> Result<T, Thrown>,
) -> Result<T, Thrown> {
    // Taken, not borrowed: `body` may run JavaScript that comes back here.
    let mut buffer = BUFFER.take();
    // SAFETY: both come from a call that is running.
    let is_text = unsafe { js::text(context, value, &mut buffer) }.is_some();
    let result = match std::str::from_utf8(&buffer) {
        Ok(text) if is_text => body(text),
        _ => Err(Thrown::Type("expected a string")),
    };
    if buffer.capacity() <= KEPT_BYTES {
        BUFFER.set(buffer);
    }
    result
}

/// The arrays that a page sends with a text.
pub(crate) struct Arrays {
    sources: Vec<Source>,
    realm: Option<Rc<Realm>>,
}

impl Arrays {
    /// Looks at a value that should be undefined or an array of `Uint8Array`. This may run JavaScript of the page.
    ///
    /// # Safety
    /// The context lives, and the value belongs to its virtual machine and is on the stack.
    pub(crate) unsafe fn new(
        context: JSContextRef,
        value: JSValueRef,
        realm: impl FnOnce() -> Result<Rc<Realm>, Thrown>,
    ) -> Result<Self, Thrown> {
        const LENGTH: &CStr = c"length";
        let mut sources = Vec::new();
        // SAFETY: as the caller promises; each array is kept by its source.
        unsafe {
            if JSValueIsUndefined(context, value) || JSValueIsNull(context, value) {
                return Ok(Self {
                    sources,
                    realm: None,
                });
            }
            if !JSValueIsArray(context, value) {
                return Err(Thrown::Type("expected an array of Uint8Array"));
            }
            let list = value.cast_mut();
            let length = property(context, list, LENGTH)?;
            let length = JSValueToNumber(context, length, std::ptr::null_mut());
            if length > ATTACHMENTS_MAX as f64 {
                return Err(Thrown::Range("these are too many attachments".into()));
            }
            for index in 0..length as u32 {
                let mut thrown = null();
                let value = JSObjectGetPropertyAtIndex(context, list, index, &mut thrown);
                if !thrown.is_null() {
                    return Err(Thrown::Value(thrown));
                }
                sources.push(Source::new(context, value)?);
            }
        }
        let realm = if sources.is_empty() {
            None
        } else {
            Some(realm()?)
        };
        Ok(Self { sources, realm })
    }

    /// Lends them to the lane, which has them written to where they leave from.
    pub(crate) fn lend<T>(&self, body: impl FnOnce(&[Data<'_>]) -> T) -> T {
        let Some(realm) = &self.realm else {
            return body(&[]);
        };
        let fills: Vec<_> = self
            .sources
            .iter()
            .map(|source| {
                move |offset: usize, piece: &mut [u8]| {
                    // An array whose bytes the page has taken away since: zeros.
                    if realm.read(source, offset, piece).is_err() {
                        piece.fill(0);
                    }
                }
            })
            .collect();
        let data: Vec<_> = fills
            .iter()
            .zip(&self.sources)
            .map(|(fill, source)| Data::Filled {
                bytes: source.bytes,
                fill,
            })
            .collect();
        body(&data)
    }
}
