//! A whole life through the C functions: windows open, load, answer and close, while bytes that are no command come in
//! between and from other threads. It is also what a memory checker watches, see CONTRIBUTING.md: so nothing here
//! depends on how long something takes.

#[path = "common/display.rs"]
#[allow(dead_code, reason = "shared with the window tests")]
mod display;

use std::ffi::c_void;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use auroraview_host::{auroraview_host_send, auroraview_host_start};
use auroraview_host_api::{
    AskError, EvalError, HostCommand, HostEvent, OpenOptions, Question, Size, Source, ViewId,
    WindowChange, decode, encode,
};

/// A memory checker makes all fifty times slower.
const PATIENCE: Duration = Duration::from_secs(240);
const SIZE: Size = Size {
    width: 320,
    height: 240,
};

type Sink = Sender<HostEvent>;

unsafe extern "C" fn on_event(context: *mut c_void, bytes: *const u8, length: usize) {
    // SAFETY: the context is the leaked sender below, the bytes are lent for this call.
    let (sink, bytes) = unsafe {
        (
            &*context.cast::<Sink>(),
            std::slice::from_raw_parts(bytes, length),
        )
    };
    // Nobody listens any more once the test is over.
    let _ = sink.send(decode(bytes).expect("an event"));
}

unsafe extern "C" fn on_error(_: *mut c_void, text: *const u8, length: usize) {
    // SAFETY: the text is lent for this call.
    let text = unsafe { std::slice::from_raw_parts(text, length) };
    panic!("no windows: {}", String::from_utf8_lossy(text));
}

fn send_bytes(bytes: &[u8]) -> i32 {
    // In memory of its own, of exactly that length: a read past its end shows.
    let bytes = bytes.to_vec().into_boxed_slice();
    // SAFETY: the bytes outlive the call.
    unsafe { auroraview_host_send(bytes.as_ptr(), bytes.len()) }
}

fn send(command: &HostCommand) {
    assert_eq!(send_bytes(&encode(command)), 0, "{command:?}");
}

fn open(view: ViewId) -> HostCommand {
    let page = "<title>page</title><p style='height:9000px'>text</p>".to_owned();
    let options = OpenOptions {
        key: "0123456789abcdef0123456789abcdef".into(),
        bridge: true,
        message_bytes: 1 << 20,
        title: "life".into(),
        title_follows: true,
        background_color: Some([1, 2, 3, 255]),
        console: true,
        ..OpenOptions::new(Source::Html(page), SIZE)
    };
    HostCommand::Open {
        view,
        options: Box::new(options),
    }
}

fn eval(view: ViewId, request: u64, script: &str) -> HostCommand {
    HostCommand::Eval {
        view,
        request,
        script: script.into(),
    }
}

struct Host {
    events: Receiver<HostEvent>,
}

impl Host {
    /// Waits for the first event that `pick` takes; others are passed over.
    fn wait<T>(&self, what: &str, mut pick: impl FnMut(&HostEvent) -> Option<T>) -> T {
        let mut passed = Vec::new();
        loop {
            let Ok(event) = self.events.recv_timeout(PATIENCE) else {
                panic!("no {what}; instead came {passed:#?}");
            };
            if let Some(found) = pick(&event) {
                return found;
            }
            passed.push(event);
        }
    }

    /// The page's hello, and with it the id of its document.
    fn hello(&self, wanted: ViewId) -> String {
        self.wait("hello", |event| match event {
            HostEvent::Posted {
                view,
                document,
                frame,
                ..
            } if *view == wanted && frame.contains("\"hello\"") => Some(document.clone()),
            _ => None,
        })
    }

    fn value(&self, view: ViewId, request: u64, script: &str) -> Result<String, EvalError> {
        send(&eval(view, request, script));
        self.wait(script, |event| match event {
            HostEvent::Evaluated {
                request: of,
                result,
                ..
            } if *of == request => Some(result.clone()),
            _ => None,
        })
    }

    fn closed(&self, wanted: ViewId) {
        self.wait("Closed", |event| {
            matches!(event, HostEvent::Closed { view } if *view == wanted).then_some(())
        });
    }
}

/// What is cut, or begins like no command, is refused and changes nothing.
fn send_what_is_no_command() {
    for command in [open(9), eval(9, 1, "1"), HostCommand::Close { view: 300 }] {
        let bytes = encode(&command);
        for end in 0..bytes.len() {
            assert_eq!(send_bytes(&bytes[..end]), 1, "{end} bytes of {command:?}");
        }
    }
    // A text that says of itself that it is longer than all memory.
    let endless = b"\x05\x09\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
    for bytes in [&b"\xff"[..], &[0x7f; 64], &[0xff; 64], endless] {
        assert_eq!(send_bytes(bytes), 1, "{bytes:?}");
    }
}

#[test]
fn windows_open_answer_and_close_through_the_c_functions() {
    display::ensure();
    let (sink, events) = channel::<HostEvent>();
    let context = Box::into_raw(Box::new(sink));
    // SAFETY: both functions accept the context, which is never freed.
    let code = unsafe { auroraview_host_start(on_event, on_error, context.cast()) };
    assert_eq!(code, 0);
    let host = Host { events };

    for round in 1..=3 {
        let (first, second) = (2 * round, 2 * round + 1);
        send_what_is_no_command();
        send(&open(first));
        send(&open(second));
        let document = host.hello(first);
        send(&HostCommand::Deliver {
            view: first,
            frame: format!(r#"{{"v":1,"doc":"{document}","seq":1,"msgs":[]}}"#),
            document,
        });
        assert_eq!(
            host.value(first, 1, "[document.title,'\\ud83d\\ude00',{a:1}]"),
            Ok(r#"["page","😀",{"a":1}]"#.into())
        );
        assert!(host.value(first, 2, "nonsense(").is_err());
        assert!(host.value(99, 3, "1").is_err(), "no such view");
        let long = format!("'{}'.length", "x".repeat(1 << 20));
        assert_eq!(host.value(second, 4, &long), Ok((1 << 20).to_string()));

        let threads = [first, second, 99].map(|view| {
            thread::spawn(move || {
                for request in 100..120 {
                    send(&eval(view, request, "location.href"));
                    send_bytes(&encode(&eval(view, request, "1"))[..3]);
                }
            })
        });
        for thread in threads {
            thread.join().expect("it sends");
        }
        for _ in 0..60 {
            host.wait("an answer", |event| {
                matches!(event, HostEvent::Evaluated { .. }).then_some(())
            });
        }

        for change in [
            WindowChange::Title("other".into()),
            WindowChange::Size(Size {
                width: 400,
                height: 300,
            }),
            WindowChange::Position(10, 20),
            WindowChange::Zoom(1.5),
            WindowChange::Visible(false),
            WindowChange::Visible(true),
            WindowChange::Enabled(false),
        ] {
            send(&HostCommand::Window {
                view: first,
                change,
            });
        }
        send(&HostCommand::Screenshot {
            view: first,
            request: 5,
            painted: false,
        });
        let picture = host.wait("a picture", |event| match event {
            HostEvent::Screenshot { result, .. } => Some(result.clone()),
            _ => None,
        });
        assert!(picture.is_ok_and(|bytes| bytes.starts_with(b"\x89PNG")));
        send(&HostCommand::Load {
            view: second,
            source: Source::Html("<p>another".into()),
            allow_origins: vec!["https://example.org".into()],
        });
        host.hello(second);
        send(&HostCommand::Reload { view: second });
        host.hello(second);

        // Asked and closed at once: it is answered all the same.
        send(&eval(second, 6, "new Promise(() => {})"));
        send(&HostCommand::Ask {
            view: second,
            request: 7,
            question: Question::ReadClipboard,
        });
        send(&HostCommand::Close { view: second });
        host.closed(second);
        send(&HostCommand::Ask {
            view: second,
            request: 8,
            question: Question::ReadClipboard,
        });
        let answer = host.wait("the end of a question", |event| match event {
            HostEvent::Answered {
                request: 8, answer, ..
            } => Some(answer.clone()),
            _ => None,
        });
        assert_eq!(answer, Err(AskError::Gone));
        if round < 3 {
            send(&HostCommand::Close { view: first });
            host.closed(first);
        }
    }
    send(&HostCommand::ShutDown);
    host.closed(6);
    host.wait("the end", |event| {
        (*event == HostEvent::ShutDown).then_some(())
    });
}
