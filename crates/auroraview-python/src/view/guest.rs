//! A view in a loop of the application: its host obeys on the thread that sends, and tells what comes of it there and
//! then. Whatever is locked meanwhile and is taken again stops the thread for good, which these tests see.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use auroraview_host_api::{HostCommand, HostEvent, ViewId, decode, encode};
use auroraview_protocol::{EncodedEvent, Limits};
use pyo3::prelude::*;

use super::View;
use super::options::Options;
use crate::bridge::Bridge;
use crate::clock::Time;
use crate::dispatcher::Dispatcher;
use crate::host::testing;
use crate::job::{Handler, Place, Times};

const HELLO: &str =
    r#"{"v":1,"doc":"d","msgs":[{"type":"hello","protocol":1,"document":"d","url":""}]}"#;
const READY: &str = r#"{"v":1,"doc":"d","msgs":[{"type":"ready"}]}"#;

/// What the host does with a frame for the page.
type Reaction = Box<dyn FnMut(ViewId, &str)>;

thread_local! {
    static WAITING: RefCell<VecDeque<HostCommand>> = const { RefCell::new(VecDeque::new()) };
    static OBEYS: Cell<bool> = const { Cell::new(false) };
    static REACTION: RefCell<Option<Reaction>> = const { RefCell::new(None) };
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Obeys at once, unless a command is being obeyed.
unsafe extern "C" fn send(bytes: *const u8, length: usize) -> i32 {
    // SAFETY: the caller lends `length` bytes.
    let bytes = unsafe { std::slice::from_raw_parts(bytes, length) };
    let command = decode::<HostCommand>(bytes).expect("a command of this version");
    WAITING.with_borrow_mut(|waiting| waiting.push_back(command));
    if OBEYS.replace(true) {
        return 0;
    }
    while let Some(command) = WAITING.with_borrow_mut(VecDeque::pop_front) {
        obey(command);
    }
    OBEYS.set(false);
    0
}

fn tell(event: &HostEvent) {
    testing::tell(&encode(event));
}

fn post(view: ViewId, frame: &str) {
    let (document, frame) = ("d".to_owned(), frame.to_owned());
    tell(&HostEvent::Posted {
        view,
        document,
        frame,
        lane: false,
    });
}

fn obey(command: HostCommand) {
    match command {
        HostCommand::Open { view, options } => {
            SEEN.with_borrow_mut(|seen| seen.push(format!("open {:?}", options.place)));
            let origin = "auroraview://test".to_owned();
            tell(&HostEvent::Opened {
                view,
                origin,
                native_id: Some(7),
            });
            post(view, HELLO);
            post(view, READY);
        }
        HostCommand::Deliver { view, frame, .. } => {
            SEEN.with_borrow_mut(|seen| seen.push(frame.clone()));
            let acknowledged = frame
                .split(r#""seq":"#)
                .nth(1)
                .expect("frames are numbered");
            let digits: String = acknowledged
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            post(
                view,
                &format!(r#"{{"v":1,"doc":"d","ack":{digits},"msgs":[]}}"#),
            );
            // Taken out, for what it does may bring the next frame.
            if let Some(mut react) = REACTION.take() {
                react(view, &frame);
            }
        }
        HostCommand::Close { view } => tell(&HostEvent::Closed { view }),
        other => SEEN.with_borrow_mut(|seen| seen.push(format!("{other:?}"))),
    }
}

fn react(reaction: impl FnMut(ViewId, &str) + 'static) {
    REACTION.set(Some(Box::new(reaction)));
}

/// Runs it on a thread of its own, with a view that is open and ready; fails when it does not come back.
fn with_view(work: impl FnOnce(Python<'_>, &View, &Dispatcher) + Send + 'static) {
    Python::initialize();
    testing::use_host(send);
    let (done, is_done) = mpsc::channel();
    let runs = thread::spawn(move || {
        Python::attach(|py| {
            let interval = Duration::from_millis(16);
            let core =
                Arc::new(Dispatcher::new(Limits::default(), 1, interval, Time::Real).unwrap());
            let bridge = Bridge {
                core: Arc::clone(&core),
            };
            let view = View::new(&bridge, py.None(), None);
            assert!(view.open(py, options(py)).unwrap());
            work(py, &view, &core);
        });
        let _ = done.send(());
    });
    match is_done.recv_timeout(Duration::from_secs(30)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the thread waits for itself"),
        _ => runs.join().unwrap(),
    }
}

fn options(py: Python<'_>) -> Options {
    let dict = py.eval(
        c"dict(key='0' * 32, source=('html', 'x', ''), allow_origins=[], debug=False, data_directory=None, title='',
            size=(1, 1), min_size=None, position=None, resizable=True, decorations=True, always_on_top=False,
            transparent=False, background_color=None, visible=True, maximized=False, fullscreen=False, icon=None,
            context_menu=True, user_agent=None, downloads=('user', ''), console=False, watch_navigation=False, watch_closing=False, embedded=True,
            transient_for=None, zoom=1.5, enabled=False, fast_lane=None, fast_lane_reason=None, sandbox=False)",
        None,
        None,
    );
    dict.unwrap().extract().unwrap()
}

fn handler(py: Python<'_>) -> Arc<Handler> {
    Arc::new(Handler {
        func: py.None(),
        place: Place::Worker,
        sync: false,
        signature: None,
        times: Times::default(),
        removed: AtomicBool::new(false),
    })
}

fn saw(what: &str) -> usize {
    SEEN.with_borrow(|seen| seen.iter().filter(|one| one.contains(what)).count())
}

fn call(id: u64, method: &str) -> String {
    format!(r#"{{"v":1,"doc":"d","msgs":[{{"type":"call","id":{id},"method":"{method}"}}]}}"#)
}

#[test]
fn a_window_opens_as_it_is_to_be() {
    with_view(|_, _, _| {
        assert_eq!(saw("open Embedded"), 1);
        assert_eq!(saw("Zoom(1.5)") + saw("Enabled(false)"), 2);
        assert_eq!(saw("__auroraview_welcome"), 1);
    });
}

#[test]
fn what_a_frame_brings_is_answered_while_it_is_sent() {
    with_view(|py, view, _| {
        react(|view, _| post(view, &call(1, "unknown")));
        let event = EncodedEvent::new("news", &"1".into(), false);
        view.core.peer.emit(py, &event, None).unwrap();
        assert_eq!((saw("news"), saw("method_not_found")), (1, 1));
    });
}

#[test]
fn a_call_that_comes_while_names_are_announced_finds_the_new_name() {
    with_view(|py, _, dispatcher| {
        react(|view, frame| {
            assert!(frame.contains("__auroraview_bound"));
            post(view, &call(1, "new"));
            post(view, &call(2, "unknown"));
        });
        dispatcher.bind(vec![("new".to_owned(), handler(py))], None);
        assert_eq!(saw("method_not_found"), 1);
        react(|view, _| post(view, &call(3, "new")));
        dispatcher.unbind(&["new".to_owned()]);
        assert_eq!(saw("method_not_found"), 2);
    });
}

#[test]
fn a_window_that_closes_while_its_page_is_welcomed_is_closed() {
    with_view(|_, view, _| {
        react(|view, _| tell(&HostEvent::Closed { view }));
        // As the engine tells it: not inside of a command.
        post(view.core.id, &HELLO.replace(r#""d""#, r#""e""#));
        assert!(!view.is_open());
        assert_eq!(saw("__auroraview_welcome"), 2);
    });
}

#[test]
fn a_view_closes_inside_of_a_frame_that_another_one_gets() {
    with_view(|py, view, dispatcher| {
        let bridge = Bridge {
            core: Arc::new(
                Dispatcher::new(Limits::default(), 1, Duration::from_millis(16), Time::Real)
                    .unwrap(),
            ),
        };
        let other = Py::new(py, View::new(&bridge, py.None(), None)).unwrap();
        assert!(other.get().open(py, options(py)).unwrap());
        let second = other.clone_ref(py);
        react(move |_, _| Python::attach(|py| second.get().close(py)));
        let event = EncodedEvent::new("event", &"1".into(), false);
        assert_eq!(dispatcher.broadcast(py, &[event]), 0);
        assert!(view.is_open() && !other.get().is_open());
        view.close(py);
        assert!(!view.is_open());
    });
}
