//! The native object that a document finds as `__auroraview_lane`: its functions, as JavaScript calls them.
//!
//! The bridge takes it and deletes it before other scripts run. The functions look at their arguments and nothing else,
//! `this` included; called wrongly they throw a `TypeError`.

use std::ffi::{CStr, CString, c_void};
use std::ptr::{null, null_mut};
use std::rc::Rc;
use std::sync::OnceLock;

use auroraview_lane::{DocumentId, Kind, SendError, Sent};

use crate::connection::Connection;
use crate::js::{self, JsText, Protected, Thrown, property};
use crate::jsc::*;
use crate::outgoing::{Arrays, with_text};
use crate::page::{self, Opened, Page};
use crate::patience::let_read;
use crate::realm::{Realm, uint8_array};
use crate::shield::shielded;
use crate::sync_call;

type Function = fn(&Call<'_>) -> Result<JSValueRef, Thrown>;

const FUNCTIONS: [(&CStr, Function); 7] = [
    (c"open", open),
    (c"post", post),
    (c"full", full),
    (c"callSync", call_sync),
    (c"read", read),
    (c"readInto", read_into),
    (c"close", close),
];

const ENTRIES: [CallAsFunction; FUNCTIONS.len()] = [
    entry::<0>, entry::<1>, entry::<2>, entry::<3>, entry::<4>, entry::<5>, entry::<6>,
];

/// Longest time that a synchronous call may ask for, in milliseconds.
const LONGEST: f64 = 1e9;

/// One call of one of the functions.
struct Call<'a> {
    context: JSContextRef,
    function: JSObjectRef,
    arguments: &'a [JSValueRef],
    page: Rc<Page>,
    /// Which of the page's documents the function was given to.
    document: u32,
}

/// Gives the page's newest document its object.
///
/// # Safety
/// The context is that document's, lives, and none of its scripts has run.
pub(crate) unsafe fn install(page: &Rc<Page>, context: JSGlobalContextRef) {
    let data = pack(page.number, page.document());
    // SAFETY: the context lives, and what is made is on the stack until the global object has it.
    unsafe {
        let array = JSObjectMakeTypedArray(context, JS_TYPED_ARRAY_UINT8, 0, null_mut());
        if array.is_null() {
            return;
        }
        let Some(realm) = page.realm(page.document(), context, array) else {
            return;
        };
        let set = JsText::new(c"set");
        let object = JSObjectMake(context, null_mut(), null_mut());
        for ((name, _), class) in FUNCTIONS.iter().zip(classes()) {
            let function = JSObjectMake(context, *class as JSClassRef, data);
            JSObjectSetProperty(context, function, set.as_raw(), realm.set(), 0, null_mut());
            let name = JsText::new(name);
            JSObjectSetProperty(context, object, name.as_raw(), function, 0, null_mut());
        }
        let global = JSContextGetGlobalObject(context);
        let name = JsText::new(c"__auroraview_lane");
        JSObjectSetProperty(
            context,
            global,
            name.as_raw(),
            object,
            JS_PROPERTY_DONT_ENUM,
            null_mut(),
        );
    }
}

/// The classes of the functions; kept for the life of the process, as addresses.
fn classes() -> &'static [usize; FUNCTIONS.len()] {
    static CLASSES: OnceLock<[usize; FUNCTIONS.len()]> = OnceLock::new();
    CLASSES.get_or_init(|| {
        ENTRIES.map(|entry| {
            let definition = JSClassDefinition {
                version: 0,
                attributes: 0,
                class_name: c"Function".as_ptr(),
                parent_class: null_mut(),
                static_values: null(),
                static_functions: null(),
                initialize: null(),
                finalize: null(),
                has_property: null(),
                get_property: null(),
                set_property: null(),
                delete_property: null(),
                get_property_names: null(),
                call_as_function: Some(entry),
                call_as_constructor: null(),
                has_instance: null(),
                convert_to_type: null(),
            };
            // SAFETY: the definition is complete and is copied.
            unsafe { JSClassCreate(&raw const definition) as usize }
        })
    })
}

/// Page and document as one word: functions carry it instead of a pointer, so nothing needs to be freed with them.
fn pack(page: u32, document: u32) -> *mut c_void {
    ((u64::from(page) << 32) | u64::from(document)) as usize as *mut c_void
}

fn unpack(data: *mut c_void) -> (u32, u32) {
    let data = data as usize as u64;
    ((data >> 32) as u32, data as u32)
}

/// What JavaScript calls.
unsafe extern "C" fn entry<const INDEX: usize>(
    context: JSContextRef,
    function: JSObjectRef,
    _: JSObjectRef,
    count: usize,
    arguments: *const JSValueRef,
    exception: *mut JSValueRef,
) -> JSValueRef {
    // SAFETY: as the engine calls it: so many arguments are there, and room for an exception.
    unsafe {
        let arguments = if count == 0 {
            &[]
        } else {
            std::slice::from_raw_parts(arguments, count)
        };
        let (page, document) = unpack(JSObjectGetPrivate(function));
        let result = shielded(None, || {
            let Some(page) = page::get(page) else {
                return Some(Err(lost()));
            };
            let call = Call {
                context,
                function,
                arguments,
                page,
                document,
            };
            Some(FUNCTIONS[INDEX].1(&call))
        });
        match result {
            Some(Ok(value)) => value,
            Some(Err(thrown)) => {
                *exception = error(context, thrown);
                JSValueMakeUndefined(context)
            }
            None => {
                if let Some(connection) = page::get(page).and_then(|page| page.connection()) {
                    connection.set_over();
                }
                *exception = error(
                    context,
                    Thrown::Error("the native part of the lane has failed".into()),
                );
                JSValueMakeUndefined(context)
            }
        }
    }
}

/// What is thrown, as a value.
///
/// # Safety
/// The context lives.
unsafe fn error(context: JSContextRef, thrown: Thrown) -> JSValueRef {
    let (name, message) = match thrown {
        Thrown::Value(value) => return value,
        Thrown::Type(message) => (c"TypeError", message.to_owned()),
        Thrown::Range(message) => (c"RangeError", message),
        Thrown::Error(message) => (c"Error", message),
    };
    let message = CString::new(message).unwrap_or_default();
    // SAFETY: the context lives; a page that has replaced the constructor gets what that makes, or undefined.
    unsafe {
        let message = JsText::new(&message).value(context);
        let Ok(constructor) = property(context, JSContextGetGlobalObject(context), name) else {
            return message;
        };
        let Some(constructor) = js::function(context, constructor) else {
            return message;
        };
        let made = JSObjectCallAsConstructor(context, constructor, 1, &message, null_mut());
        if made.is_null() { message } else { made }
    }
}

fn lost() -> Thrown {
    Thrown::Error("the lane is lost".into())
}

impl Call<'_> {
    fn undefined(&self) -> JSValueRef {
        // SAFETY: the context lives during the call.
        unsafe { JSValueMakeUndefined(self.context) }
    }

    fn boolean(&self, value: bool) -> JSValueRef {
        // SAFETY: the context lives during the call.
        unsafe { JSValueMakeBoolean(self.context, value) }
    }

    fn number(&self, value: f64) -> JSValueRef {
        // SAFETY: the context lives during the call.
        unsafe { JSValueMakeNumber(self.context, value) }
    }

    /// An argument; what was not given is undefined.
    fn argument(&self, index: usize) -> JSValueRef {
        self.arguments
            .get(index)
            .copied()
            .unwrap_or_else(|| self.undefined())
    }

    fn function(&self, index: usize) -> Result<Protected, Thrown> {
        let value = self.argument(index);
        // SAFETY: the context lives during the call, and the value is an argument.
        unsafe {
            let function =
                js::function(self.context, value).ok_or(Thrown::Type("expected a function"))?;
            Ok(Protected::new(self.context, function))
        }
    }

    /// A number that is not below 0; `NaN` is none.
    fn natural(&self, index: usize) -> Result<f64, Thrown> {
        let value = self.argument(index);
        // SAFETY: the context lives during the call, and the value is an argument.
        let number = unsafe {
            if !JSValueIsNumber(self.context, value) {
                return Err(Thrown::Type("expected a number"));
            }
            JSValueToNumber(self.context, value, null_mut())
        };
        if number >= 0.0 {
            Ok(number)
        } else {
            Err(Thrown::Type("expected a number that is not below 0"))
        }
    }

    fn realm(&self) -> Result<Rc<Realm>, Thrown> {
        // SAFETY: the context lives during the call.
        unsafe { self.page.realm(self.document, self.context, self.function) }
            .ok_or_else(|| Thrown::Error("there are no typed arrays here".into()))
    }

    fn arrays(&self, index: usize) -> Result<Arrays, Thrown> {
        let value = self.argument(index);
        // SAFETY: the context lives during the call, and the value is an argument.
        unsafe { Arrays::new(self.context, value, || self.realm()) }
    }

    /// Connection and document, if it is this one that is open.
    fn open(&self) -> Option<(Rc<Connection>, Rc<Opened>)> {
        let opened = self
            .page
            .opened()
            .filter(|opened| opened.number == self.document)?;
        let connection = self
            .page
            .connection()
            .filter(|connection| !connection.is_over())?;
        Some((connection, opened))
    }
}

/// `open(document, receive, lost, decode?): boolean`
fn open(call: &Call<'_>) -> Result<JSValueRef, Thrown> {
    let document = with_text(call.context, call.argument(0), |text| {
        DocumentId::parse(text).ok_or(Thrown::Type("expected the id of a document"))
    })?;
    let receive = call.function(1)?;
    let lost = call.function(2)?;
    let decode = call.function(3).ok();
    let Some(connection) = call
        .page
        .connection()
        .filter(|connection| !connection.is_over())
    else {
        return Ok(call.boolean(false));
    };
    // It says where in the stream the document begins.
    let sent = connection.lane.send(Kind::Frame, document, 0, "", &[]);
    connection.settle();
    if let Err(problem) = sent {
        if problem == SendError::Closed {
            connection.set_over();
        }
        return Ok(call.boolean(false));
    }
    call.page.open(Opened {
        number: call.document,
        document,
        receive,
        lost,
        decode,
    });
    Ok(call.boolean(true))
}

/// `post(text, attachments?): boolean`
fn post(call: &Call<'_>) -> Result<JSValueRef, Thrown> {
    let arrays = call.arrays(1)?;
    with_text(call.context, call.argument(0), |text| {
        let (connection, opened) = call.open().ok_or_else(lost)?;
        let sent = arrays.lend(|data| {
            connection
                .lane
                .send(Kind::Frame, opened.document, 0, text, data)
        });
        match sent {
            Ok(Sent::Written) => connection.patient.set(true),
            Ok(Sent::Queued) => let_read(&connection, &opened),
            Err(_) => {}
        }
        connection.sent();
        match sent {
            Ok(_) => Ok(call.boolean(!connection.lane.is_full())),
            Err(problem) => {
                if problem == SendError::Closed {
                    connection.set_over();
                }
                Err(problem.into())
            }
        }
    })
}

/// `full(): boolean`
fn full(call: &Call<'_>) -> Result<JSValueRef, Thrown> {
    let full = call
        .open()
        .is_some_and(|(connection, _)| connection.lane.is_full());
    Ok(call.boolean(full))
}

/// `callSync(text, attachments, milliseconds, take): number`
fn call_sync(call: &Call<'_>) -> Result<JSValueRef, Thrown> {
    let milliseconds = call.natural(2)?.min(LONGEST) as u64;
    let take = call.function(3)?;
    let arrays = call.arrays(1)?;
    let ended = with_text(call.context, call.argument(0), |text| {
        let Some((connection, opened)) = call.open() else {
            return Ok(sync_call::Ended::Lost);
        };
        sync_call::call(
            &call.page,
            &connection,
            &opened,
            text,
            &arrays,
            milliseconds,
            &take,
        )
    })?;
    Ok(call.number(f64::from(ended as u8)))
}

/// `read(index): Uint8Array`
fn read(call: &Call<'_>) -> Result<JSValueRef, Thrown> {
    let index = call.natural(0)?;
    let realm = call.realm()?;
    call.page
        .with_message(call.document, |message| {
            let index = place(index, message.attachments())?;
            let bytes = message.bytes(index);
            let array = realm.new_array(bytes)?;
            realm.write(array, bytes, |offset, piece| {
                message.copy_part(index, offset, piece)
            })?;
            Ok(array.cast_const())
        })
        .ok_or_else(no_message)?
}

/// `readInto(index, target): boolean`
fn read_into(call: &Call<'_>) -> Result<JSValueRef, Thrown> {
    let index = call.natural(0)?;
    // SAFETY: the context lives during the call, and the value is an argument.
    let (array, length) = unsafe {
        let array = uint8_array(call.context, call.argument(1))?;
        (
            array,
            JSObjectGetTypedArrayByteLength(call.context, array, null_mut()),
        )
    };
    let realm = call.realm()?;
    call.page
        .with_message(call.document, |message| {
            let index = place(index, message.attachments())?;
            if message.bytes(index) != length {
                return Ok(call.boolean(false));
            }
            realm.write(array, length, |offset, piece| {
                message.copy_part(index, offset, piece)
            })?;
            Ok(call.boolean(true))
        })
        .ok_or_else(no_message)?
}

fn place(index: f64, attachments: usize) -> Result<usize, Thrown> {
    if index.fract() == 0.0 && index < attachments as f64 {
        Ok(index as usize)
    } else {
        Err(Thrown::Type("the message has no such attachment"))
    }
}

fn no_message() -> Thrown {
    Thrown::Error("attachments are read while their message is received".into())
}

/// `close(): void`
fn close(call: &Call<'_>) -> Result<JSValueRef, Thrown> {
    if call
        .page
        .opened()
        .is_some_and(|opened| opened.number == call.document)
    {
        call.page.close();
    }
    Ok(call.undefined())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_and_document_survive_in_one_word() {
        for both in [
            (1, 0),
            (1, 1),
            (u32::MAX, u32::MAX),
            (7, u32::MAX),
            (u32::MAX, 7),
        ] {
            assert_eq!(unpack(pack(both.0, both.1)), both);
        }
    }

    #[test]
    fn only_attachments_that_are_there_have_a_place() {
        assert_eq!(place(0.0, 1).ok(), Some(0));
        assert_eq!(place(2.0, 3).ok(), Some(2));
        for (index, attachments) in [
            (0.0, 0),
            (1.0, 1),
            (0.5, 3),
            (f64::INFINITY, 3),
            (f64::NAN, 3),
        ] {
            assert!(
                place(index, attachments).is_err(),
                "{index} of {attachments}"
            );
        }
    }
}
