//! The loop of an application, in its own thread: commands obeyed inside of `send`, and windows that live in that loop.

#[path = "common/display.rs"]
#[allow(dead_code, reason = "shared with the window tests")]
mod display;

use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::{catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use auroraview_host::{auroraview_host_send, auroraview_host_start};
use auroraview_host_api::abi::{APPLICATION, FAILED};
use auroraview_host_api::{
    HostCommand, HostEvent, OpenOptions, Place, Size, Source, WindowChange, decode, encode,
};
use gtk::glib::MainContext;
use gtk::prelude::*;

const PATIENCE: Duration = Duration::from_secs(20);

/// What was told, and where.
static TOLD: Mutex<Vec<(HostEvent, ThreadId)>> = Mutex::new(Vec::new());

type Answer = Box<dyn Fn(&HostEvent)>;

thread_local! {
    /// What the program does when it is told something.
    static ANSWER: RefCell<Option<Rc<Answer>>> = RefCell::default();
}

unsafe extern "C" fn on_event(_: *mut c_void, bytes: *const u8, length: usize) {
    // SAFETY: the bytes are lent for this call.
    let bytes = unsafe { std::slice::from_raw_parts(bytes, length) };
    let event: HostEvent = decode(bytes).expect("an event");
    TOLD.lock()
        .expect("nobody panics with it")
        .push((event.clone(), thread::current().id()));
    let answer = ANSWER.with(|answer| answer.borrow().clone());
    if let Some(answer) = answer {
        answer(&event);
    }
}

unsafe extern "C" fn on_error(_: *mut c_void, text: *const u8, length: usize) {
    // SAFETY: the text is lent for this call.
    let text = unsafe { std::slice::from_raw_parts(text, length) };
    eprintln!("{}", String::from_utf8_lossy(text));
}

fn start() -> i32 {
    // SAFETY: neither function uses the context.
    unsafe { auroraview_host_start(on_event, on_error, std::ptr::null_mut()) }
}

fn send(command: &HostCommand) {
    let bytes = encode(command);
    // SAFETY: the bytes outlive the call.
    assert_eq!(0, unsafe {
        auroraview_host_send(bytes.as_ptr(), bytes.len())
    });
}

fn told() -> Vec<HostEvent> {
    let told = TOLD.lock().expect("nobody panics with it");
    told.iter().map(|(event, _)| event.clone()).collect()
}

/// The application's loop, until it is told that.
fn run_until<T>(what: &str, pick: impl Fn(&HostEvent) -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = told().iter().find_map(&pick) {
            return found;
        }
        assert!(Instant::now() < end, "no {what}: {:#?}", told());
        if !MainContext::default().iteration(false) {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn open(view: u64, place: Place, html: &str) {
    let size = Size {
        width: 320,
        height: 240,
    };
    send(&HostCommand::Open {
        view,
        options: Box::new(OpenOptions {
            place,
            ..OpenOptions::new(Source::Html(html.into()), size)
        }),
    });
}

fn picture(view: u64, painted: bool) -> HostCommand {
    HostCommand::Screenshot {
        view,
        request: 1,
        painted,
    }
}

/// One test, since the display and the loop belong to the process. Its thread stays, as an application's does: the engine
/// does not survive the end of the thread that it lives on.
#[test]
fn windows_live_in_the_loop_of_the_thread_that_has_it() {
    let (tell, outcome) = channel();
    thread::spawn(move || {
        tell.send(catch_unwind(in_the_thread_that_has_it))
            .expect("the test waits");
        loop {
            thread::park();
        }
    });
    let outcome = outcome.recv_timeout(4 * PATIENCE).expect("an end in time");
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

fn in_the_thread_that_has_it() {
    let context = MainContext::default();
    let _ours = context.acquire().expect("nobody else runs a loop");
    before_there_is_a_display();
    display::ensure();
    let handled = x_error_handlers();
    assert_eq!(start(), APPLICATION);
    assert_eq!(start(), FAILED, "a second time");
    obeyed_inside_of_send(handled);
    commands_of_other_threads_wait_for_the_loop();
    what_is_sent_while_one_is_obeyed_comes_after_it();
    pages_live_in_the_loop();
}

fn before_there_is_a_display() {
    let names = ["DISPLAY", "WAYLAND_DISPLAY"];
    let before = names.map(std::env::var_os);
    for name in names {
        // SAFETY: no other thread of this process touches the environment.
        unsafe { std::env::remove_var(name) };
    }
    assert_eq!(start(), FAILED);
    for (name, value) in names.iter().zip(before) {
        if let Some(value) = value {
            // SAFETY: as above.
            unsafe { std::env::set_var(name, value) };
        }
    }
}

/// What the application does on X errors of its own connection.
fn x_error_handlers() -> *mut x11::xlib::Display {
    use x11::xlib;
    unsafe extern "C" fn quiet(_: *mut xlib::Display, error: *mut xlib::XErrorEvent) -> i32 {
        // SAFETY: Xlib lends the error.
        HANDLED
            .lock()
            .expect("nobody panics with it")
            .push(unsafe { (*error).error_code });
        0
    }
    // SAFETY: a function of the right type; a connection of this test's own.
    unsafe {
        xlib::XSetErrorHandler(Some(quiet));
        xlib::XOpenDisplay(std::ptr::null())
    }
}

/// What the server says of requests before comes while GDK's own handler is in force, which ends the process for it.
fn gdk_expects_errors() {
    let display = gtk::gdk::Display::default().expect("GTK has one");
    let of_x11: &gdkx11::X11Display = display.downcast_ref().expect("of X11");
    of_x11.error_trap_push();
    display.sync();
    of_x11.error_trap_pop_ignored();
}

static HANDLED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Nobody runs the loop here.
fn obeyed_inside_of_send(display: *mut x11::xlib::Display) {
    let place = Place::Toplevel {
        transient_for: None,
    };
    open(1, place, "<p>one</p>");
    let opened = told();
    assert!(
        matches!(
            opened.first(),
            Some(HostEvent::Opened {
                view: 1,
                native_id: Some(1..),
                ..
            })
        ),
        "{opened:#?}"
    );
    // An error of ours is nobody's, one of the application's its own.
    let change = WindowChange::GiveFocus(0x1fff_ffff);
    send(&HostCommand::Window { view: 1, change });
    gdk_expects_errors();
    send(&HostCommand::Eval {
        view: 9,
        request: 3,
        script: String::new(),
    });
    assert!(matches!(
        told().last(),
        Some(HostEvent::Evaluated { request: 3, .. })
    ));
    // SAFETY: the connection is open; the answer of the server comes before the second call returns.
    unsafe {
        x11::xlib::XSetInputFocus(display, 0x1fff_fff0, 0, 0);
        x11::xlib::XSync(display, 0);
    }
    assert_eq!(*HANDLED.lock().expect("nobody panics with it"), [3]);
    send(&HostCommand::Close { view: 1 });
    assert_eq!(told().last(), Some(&HostEvent::Closed { view: 1 }));
    let here = thread::current().id();
    let told = TOLD.lock().expect("nobody panics with it");
    assert!(told.iter().all(|(_, thread)| *thread == here));
}

fn commands_of_other_threads_wait_for_the_loop() {
    TOLD.lock().expect("nobody panics with it").clear();
    let others: Vec<_> = (0..4)
        .map(|_| thread::spawn(|| send(&picture(7, true))))
        .collect();
    for other in others {
        other.join().expect("it only sends");
    }
    assert_eq!(told(), []);
    // Order holds: what they sent before is obeyed before.
    send(&HostCommand::ShutDown);
    let answers = told();
    assert_eq!(answers.len(), 5, "{answers:?}");
    assert_eq!(answers.last(), Some(&HostEvent::ShutDown));
}

fn what_is_sent_while_one_is_obeyed_comes_after_it() {
    TOLD.lock().expect("nobody panics with it").clear();
    let answer: Answer = Box::new(|event| match event {
        HostEvent::Opened { view, .. } => send(&HostCommand::Close { view: *view }),
        HostEvent::Closed { .. } => send(&HostCommand::ShutDown),
        _ => {}
    });
    ANSWER.with(|slot| slot.replace(Some(Rc::new(answer))));
    open(2, Place::Embedded, "");
    ANSWER.with(|slot| slot.replace(None));
    let events = told();
    let last = [HostEvent::Closed { view: 2 }, HostEvent::ShutDown];
    assert!(events.ends_with(&last), "{events:#?}");
    // It was open for good before it was closed.
    let shown = HostEvent::Shown { view: 2 };
    assert!(events.contains(&shown), "{events:#?}");
}

fn pages_live_in_the_loop() {
    TOLD.lock().expect("nobody panics with it").clear();
    let green = "<style>body { background: rgb(1, 200, 3) }</style>";
    open(3, Place::Embedded, green);
    run_until("page", |event| match event {
        HostEvent::Loaded { view: 3, .. } => Some(()),
        _ => None,
    });
    let end = Instant::now() + PATIENCE;
    loop {
        TOLD.lock().expect("nobody panics with it").clear();
        send(&picture(3, true));
        let answer = told();
        let [
            HostEvent::Screenshot {
                result: Ok(bytes), ..
            },
        ] = &answer[..]
        else {
            panic!("answered at once: {answer:?}");
        };
        let image = cairo::ImageSurface::create_from_png(&mut &bytes[..]);
        let mut image = image.expect("a PNG");
        assert_eq!((image.width(), image.height()), (320, 240));
        if image.data().expect("pixels").starts_with(&[3, 200, 1]) {
            break;
        }
        assert!(Instant::now() < end, "the page is never painted");
        MainContext::default().iteration(false);
    }
    send(&picture(3, false));
    run_until("rendered picture", |event| match event {
        HostEvent::Screenshot { result, .. } => result.is_ok().then_some(()),
        _ => None,
    });
    send(&HostCommand::ShutDown);
    assert_eq!(told().last(), Some(&HostEvent::ShutDown));
}
