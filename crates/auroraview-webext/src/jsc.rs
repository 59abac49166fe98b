//! What is used of JavaScriptCore's C interface, from its headers.

#![allow(non_camel_case_types, clippy::upper_case_acronyms)]

use std::ffi::{c_char, c_int, c_uint, c_void};

#[repr(C)]
pub(crate) struct OpaqueContext {
    _opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct OpaqueValue {
    _opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct OpaqueString {
    _opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct OpaqueClass {
    _opaque: [u8; 0],
}

pub(crate) type JSContextRef = *const OpaqueContext;
pub(crate) type JSGlobalContextRef = *mut OpaqueContext;
pub(crate) type JSValueRef = *const OpaqueValue;
pub(crate) type JSObjectRef = *mut OpaqueValue;
pub(crate) type JSStringRef = *mut OpaqueString;
pub(crate) type JSClassRef = *mut OpaqueClass;
pub(crate) type JSTypedArrayType = c_uint;
pub(crate) type JSPropertyAttributes = c_uint;

pub(crate) const JS_TYPED_ARRAY_UINT8: JSTypedArrayType = 3;
pub(crate) const JS_PROPERTY_DONT_ENUM: JSPropertyAttributes = 1 << 2;

pub(crate) type CallAsFunction = unsafe extern "C" fn(
    context: JSContextRef,
    function: JSObjectRef,
    this: JSObjectRef,
    count: usize,
    arguments: *const JSValueRef,
    exception: *mut JSValueRef,
) -> JSValueRef;

#[repr(C)]
pub(crate) struct JSClassDefinition {
    pub(crate) version: c_int,
    pub(crate) attributes: c_uint,
    pub(crate) class_name: *const c_char,
    pub(crate) parent_class: JSClassRef,
    pub(crate) static_values: *const c_void,
    pub(crate) static_functions: *const c_void,
    pub(crate) initialize: *const c_void,
    pub(crate) finalize: *const c_void,
    pub(crate) has_property: *const c_void,
    pub(crate) get_property: *const c_void,
    pub(crate) set_property: *const c_void,
    pub(crate) delete_property: *const c_void,
    pub(crate) get_property_names: *const c_void,
    pub(crate) call_as_function: Option<CallAsFunction>,
    pub(crate) call_as_constructor: *const c_void,
    pub(crate) has_instance: *const c_void,
    pub(crate) convert_to_type: *const c_void,
}

unsafe extern "C" {
    pub(crate) fn JSGlobalContextRetain(context: JSGlobalContextRef) -> JSGlobalContextRef;
    pub(crate) fn JSGlobalContextRelease(context: JSGlobalContextRef);
    pub(crate) fn JSContextGetGlobalContext(context: JSContextRef) -> JSGlobalContextRef;
    pub(crate) fn JSContextGetGlobalObject(context: JSContextRef) -> JSObjectRef;

    pub(crate) fn JSClassCreate(definition: *const JSClassDefinition) -> JSClassRef;

    pub(crate) fn JSObjectMake(
        context: JSContextRef,
        class: JSClassRef,
        data: *mut c_void,
    ) -> JSObjectRef;
    pub(crate) fn JSObjectGetPrivate(object: JSObjectRef) -> *mut c_void;
    pub(crate) fn JSObjectGetProperty(
        context: JSContextRef,
        object: JSObjectRef,
        name: JSStringRef,
        exception: *mut JSValueRef,
    ) -> JSValueRef;
    pub(crate) fn JSObjectGetPropertyAtIndex(
        context: JSContextRef,
        object: JSObjectRef,
        index: c_uint,
        exception: *mut JSValueRef,
    ) -> JSValueRef;
    pub(crate) fn JSObjectSetProperty(
        context: JSContextRef,
        object: JSObjectRef,
        name: JSStringRef,
        value: JSValueRef,
        attributes: JSPropertyAttributes,
        exception: *mut JSValueRef,
    );
    pub(crate) fn JSObjectIsFunction(context: JSContextRef, object: JSObjectRef) -> bool;
    pub(crate) fn JSObjectCallAsFunction(
        context: JSContextRef,
        function: JSObjectRef,
        this: JSObjectRef,
        count: usize,
        arguments: *const JSValueRef,
        exception: *mut JSValueRef,
    ) -> JSValueRef;
    pub(crate) fn JSObjectCallAsConstructor(
        context: JSContextRef,
        constructor: JSObjectRef,
        count: usize,
        arguments: *const JSValueRef,
        exception: *mut JSValueRef,
    ) -> JSObjectRef;

    pub(crate) fn JSObjectMakeTypedArray(
        context: JSContextRef,
        kind: JSTypedArrayType,
        length: usize,
        exception: *mut JSValueRef,
    ) -> JSObjectRef;
    pub(crate) fn JSObjectMakeTypedArrayWithArrayBufferAndOffset(
        context: JSContextRef,
        kind: JSTypedArrayType,
        buffer: JSObjectRef,
        offset: usize,
        length: usize,
        exception: *mut JSValueRef,
    ) -> JSObjectRef;
    pub(crate) fn JSObjectGetTypedArrayBytesPtr(
        context: JSContextRef,
        object: JSObjectRef,
        exception: *mut JSValueRef,
    ) -> *mut c_void;
    pub(crate) fn JSObjectGetTypedArrayByteLength(
        context: JSContextRef,
        object: JSObjectRef,
        exception: *mut JSValueRef,
    ) -> usize;
    pub(crate) fn JSObjectGetTypedArrayByteOffset(
        context: JSContextRef,
        object: JSObjectRef,
        exception: *mut JSValueRef,
    ) -> usize;
    pub(crate) fn JSObjectGetTypedArrayBuffer(
        context: JSContextRef,
        object: JSObjectRef,
        exception: *mut JSValueRef,
    ) -> JSObjectRef;

    pub(crate) fn JSValueGetTypedArrayType(
        context: JSContextRef,
        value: JSValueRef,
        exception: *mut JSValueRef,
    ) -> JSTypedArrayType;
    pub(crate) fn JSValueIsString(context: JSContextRef, value: JSValueRef) -> bool;
    pub(crate) fn JSValueIsNumber(context: JSContextRef, value: JSValueRef) -> bool;
    pub(crate) fn JSValueIsObject(context: JSContextRef, value: JSValueRef) -> bool;
    pub(crate) fn JSValueIsArray(context: JSContextRef, value: JSValueRef) -> bool;
    pub(crate) fn JSValueIsUndefined(context: JSContextRef, value: JSValueRef) -> bool;
    pub(crate) fn JSValueIsNull(context: JSContextRef, value: JSValueRef) -> bool;
    pub(crate) fn JSValueMakeUndefined(context: JSContextRef) -> JSValueRef;
    pub(crate) fn JSValueMakeBoolean(context: JSContextRef, value: bool) -> JSValueRef;
    pub(crate) fn JSValueMakeNumber(context: JSContextRef, value: f64) -> JSValueRef;
    pub(crate) fn JSValueMakeString(context: JSContextRef, text: JSStringRef) -> JSValueRef;
    pub(crate) fn JSValueToNumber(
        context: JSContextRef,
        value: JSValueRef,
        exception: *mut JSValueRef,
    ) -> f64;
    pub(crate) fn JSValueToStringCopy(
        context: JSContextRef,
        value: JSValueRef,
        exception: *mut JSValueRef,
    ) -> JSStringRef;
    pub(crate) fn JSValueProtect(context: JSContextRef, value: JSValueRef);
    pub(crate) fn JSValueUnprotect(context: JSContextRef, value: JSValueRef);

    pub(crate) fn JSStringCreateWithUTF8CString(text: *const c_char) -> JSStringRef;
    pub(crate) fn JSStringRelease(text: JSStringRef);
    pub(crate) fn JSStringGetLength(text: JSStringRef) -> usize;
    pub(crate) fn JSStringGetCharactersPtr(text: JSStringRef) -> *const u16;
}
