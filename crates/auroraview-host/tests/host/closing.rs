//! The ends of a window.

use std::time::Instant;

use auroraview_host_api::{CLOSING_PATIENCE_SECONDS, HostCommand, HostEvent};

use gtk::prelude::*;

use crate::common::{View, html, options, send, turn};

/// Asks the window with this title to close, as its close button does.
fn press_close(title: &'static str) {
    gtk::glib::MainContext::default().invoke(move || {
        let windows = gtk::Window::list_toplevels().into_iter();
        let mut windows = windows.filter_map(|window| window.downcast::<gtk::Window>().ok());
        let window = windows.find(|window| window.title().is_some_and(|found| found == title));
        window.expect("a window of that title").close();
    });
}

fn titled(title: &'static str, watch_closing: bool) -> View {
    let mut options = options(html(""));
    options.title = title.into();
    options.watch_closing = watch_closing;
    View::open(options)
}

fn asked(view: &View) -> u64 {
    view.wait("Closing", |event| match event {
        HostEvent::Closing { request, .. } => Some(*request),
        HostEvent::Closed { .. } => panic!("closed"),
        _ => None,
    })
}

fn count_closed(events: &[HostEvent]) -> usize {
    let closed = |event: &&HostEvent| matches!(event, HostEvent::Closed { .. });
    events.iter().filter(closed).count()
}

#[test]
fn the_user_closes_an_unwatched_window() {
    let _turn = turn();
    let view = titled("unwatched", false);
    press_close("unwatched");
    let events = view.closed();
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, HostEvent::Closing { .. }))
    );
}

#[test]
fn a_watcher_may_keep_the_window_open() {
    let _turn = turn();
    let view = titled("watched", true);
    press_close("watched");
    let request = asked(&view);
    press_close("watched");
    assert_eq!(view.value("1"), "1", "the window goes on");
    send(&HostCommand::AnswerClosing {
        view: view.id,
        request,
        allow: false,
    });
    assert_eq!(view.value("2"), "2");
    press_close("watched");
    let second = asked(&view);
    assert_ne!(request, second);
    send(&HostCommand::AnswerClosing {
        view: view.id,
        request,
        allow: true,
    });
    assert_eq!(view.value("3"), "3", "an answer to an old question is none");
    send(&HostCommand::AnswerClosing {
        view: view.id,
        request: second,
        allow: true,
    });
    view.closed();
}

#[test]
fn without_an_answer_the_window_closes() {
    let _turn = turn();
    let view = titled("patient", true);
    press_close("patient");
    asked(&view);
    let start = Instant::now();
    view.closed();
    let waited = start.elapsed().as_secs_f32();
    assert!(waited > CLOSING_PATIENCE_SECONDS as f32 - 1.5, "{waited} s");
}

#[test]
fn the_page_closes_its_window() {
    let _turn = turn();
    for _ in 0..3 {
        let view = View::open_html("");
        view.send_eval("window.close()");
        view.closed();
    }
}

#[test]
fn closed_comes_once_however_often_it_is_asked_for() {
    let _turn = turn();
    let view = View::open_html("");
    view.send_eval("window.close()");
    for _ in 0..3 {
        send(&HostCommand::Close { view: view.id });
    }
    let other = View::open_html("");
    let mut events = view.until("Closed", |event| matches!(event, HostEvent::Closed { .. }));
    events.extend(view.later());
    assert_eq!(count_closed(&events), 1);
    view.forget();
    other.close();
}

#[test]
fn shut_down_closes_all() {
    let _turn = turn();
    let ended = crate::common::global_events();
    let views = [View::open_html(""), View::open_html("")];
    send(&HostCommand::ShutDown);
    loop {
        let event = ended
            .recv_timeout(crate::common::PATIENCE)
            .expect("ShutDown");
        if event == HostEvent::ShutDown {
            break;
        }
    }
    for view in views {
        assert_eq!(count_closed(&view.later()), 1);
        view.forget();
    }
    View::open_html("").close();
}
