//! The C functions, as the extension module calls them: encoded commands in, encoded events out.

#[path = "common/display.rs"]
#[allow(dead_code, reason = "shared with the window tests")]
mod display;

use std::ffi::c_void;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use auroraview_host::{auroraview_host_abi_version, auroraview_host_send, auroraview_host_start};
use auroraview_host_api::abi::ABI_VERSION;
use auroraview_host_api::{HostCommand, HostEvent, decode, encode};

type Sink = Sender<HostEvent>;

unsafe extern "C" fn on_event(context: *mut c_void, bytes: *const u8, length: usize) {
    // SAFETY: the context is the leaked sender below, the bytes are lent for this call.
    let (sink, bytes) = unsafe {
        (
            &*context.cast::<Sink>(),
            std::slice::from_raw_parts(bytes, length),
        )
    };
    sink.send(decode(bytes).expect("an event"))
        .expect("the test listens");
}

unsafe extern "C" fn on_error(context: *mut c_void, text: *const u8, length: usize) {
    // SAFETY: the context is the leaked sender below, the text is lent for this call.
    let (sink, text) = unsafe {
        (
            &*context.cast::<Sink>(),
            std::slice::from_raw_parts(text, length),
        )
    };
    let message = String::from_utf8(text.to_vec()).expect("UTF-8");
    sink.send(HostEvent::OpenFailed { view: 0, message })
        .expect("the test listens");
}

fn start() -> (i32, Receiver<HostEvent>) {
    let (sink, events) = channel();
    let context = Box::into_raw(Box::new(sink));
    // SAFETY: both functions accept the context, which is never freed.
    let code = unsafe { auroraview_host_start(on_event, on_error, context.cast()) };
    (code, events)
}

fn send(bytes: &[u8]) -> i32 {
    // SAFETY: the bytes outlive the call.
    unsafe { auroraview_host_send(bytes.as_ptr(), bytes.len()) }
}

fn message(events: &Receiver<HostEvent>) -> String {
    match events.try_recv() {
        Ok(HostEvent::OpenFailed { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

/// One test, since the display and the loop belong to the process.
#[test]
fn the_c_functions_start_once_and_carry_commands_and_events() {
    assert_eq!(auroraview_host_abi_version(), ABI_VERSION);
    assert_eq!(send(&encode(&HostCommand::ShutDown)), 2, "nothing runs");

    let before = std::env::var_os("DISPLAY");
    // SAFETY: no other thread of this process touches the environment yet.
    unsafe {
        std::env::remove_var("DISPLAY");
        std::env::remove_var("WAYLAND_DISPLAY");
    }
    let (code, events) = start();
    assert_ne!(code, 0);
    let text = message(&events);
    assert!(
        text.contains("no display") && text.contains("xvfb-run"),
        "{text}"
    );

    if let Some(before) = before {
        // SAFETY: as above.
        unsafe { std::env::set_var("DISPLAY", before) };
    }
    display::ensure();
    let (code, events) = start();
    assert_eq!(code, 0, "it may be started again after a failure");
    let (code, second) = start();
    assert_ne!(code, 0);
    assert!(message(&second).contains("runs already"));

    assert_eq!(send(b"\xff\xff\xff"), 1, "no command");
    // SAFETY: a null pointer is refused without being read.
    assert_eq!(unsafe { auroraview_host_send(std::ptr::null(), 0) }, 1);
    let request = 7;
    let ask = HostCommand::Eval {
        view: 1,
        request,
        script: "1".into(),
    };
    assert_eq!(send(&encode(&ask)), 0);
    assert_eq!(send(&encode(&HostCommand::ShutDown)), 0);
    let next = || {
        events
            .recv_timeout(Duration::from_secs(20))
            .expect("an event")
    };
    assert!(matches!(
        next(),
        HostEvent::Evaluated {
            view: 1,
            request: 7,
            result: Err(_)
        }
    ));
    assert_eq!(next(), HostEvent::ShutDown);
}
