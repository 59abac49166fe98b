//! The loop of an application in another thread than that which asks for windows.

#[path = "common/display.rs"]
#[allow(dead_code, reason = "shared with the window tests")]
mod display;

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use auroraview_host::{GuiLoop, HostError};
use auroraview_host_api::{HostCommand, HostEvent, OpenOptions, Size, Source};
use gtk::glib::{MainContext, MainLoop};

const PATIENCE: Duration = Duration::from_secs(20);

/// One test, since the display and the loop belong to the process.
#[test]
fn windows_live_in_the_loop_of_another_thread_once_it_runs() {
    display::ensure();
    let (owned, is_owned) = channel();
    let (go_on, may_go_on) = channel::<()>();
    thread::spawn(move || {
        let context = MainContext::default();
        let _owner = context.acquire().expect("nobody else runs a loop");
        owned.send(thread::current().id()).expect("the test waits");
        may_go_on.recv().expect("the test goes on");
        MainLoop::new(None, false).run();
    });
    let owner = is_owned.recv_timeout(PATIENCE).expect("an owner");

    let stands = GuiLoop::start(|_| {}).err().expect("the loop does not run");
    assert!(matches!(stands, HostError::LoopStands { .. }), "{stands}");
    assert!(stands.to_string().contains("isolation=\"process\""));

    go_on.send(()).expect("it waits");
    let (sender, events) = channel();
    let gui = GuiLoop::start(move |event| {
        let _ = sender.send((event, thread::current().id()));
    });
    let gui = gui.expect("the loop runs now");
    assert!(gui.is_in_application());
    let size = Size {
        width: 320,
        height: 240,
    };
    gui.send(HostCommand::Open {
        view: 1,
        options: Box::new(OpenOptions::new(Source::Html("hello".into()), size)),
    });
    let mut seen = Vec::new();
    while !matches!(seen.last(), Some(HostEvent::Loaded { .. })) {
        let (event, thread) = events
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("not loaded: {seen:#?}"));
        assert_eq!(thread, owner);
        seen.push(event);
    }
    assert!(matches!(seen[0], HostEvent::Opened { .. }), "{seen:#?}");
    gui.send(HostCommand::ShutDown);
    let mut last = seen.remove(0);
    while last != HostEvent::ShutDown {
        last = events.recv_timeout(PATIENCE).expect("the end").0;
    }
}
