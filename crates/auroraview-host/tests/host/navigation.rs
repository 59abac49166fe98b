//! Where the page may go.

use auroraview_host_api::{Decision, HostCommand, HostEvent, LogLevel, Source, ViewId};

use crate::common::server::Server;
use crate::common::{View, html, options, send, turn};

fn external(view: &View) -> String {
    view.wait("OpenExternal", |event| match event {
        HostEvent::OpenExternal { url, .. } => Some(url.clone()),
        HostEvent::Committed { url, .. } => panic!("{url} is shown"),
        _ => None,
    })
}

/// Url, whether a new window, and the number of the next question.
fn asked(view: &View) -> (String, bool, u64) {
    view.wait("Navigating", |event| match event {
        HostEvent::Navigating {
            request,
            url,
            new_window,
            ..
        } => Some((url.clone(), *new_window, *request)),
        HostEvent::Committed { url, .. } => panic!("{url} is shown"),
        _ => None,
    })
}

fn answer(view: ViewId, request: u64, decision: Decision) {
    send(&HostCommand::AnswerNavigation {
        view,
        request,
        decision,
    });
}

fn watched(source: Source) -> View {
    let mut options = options(source);
    options.watch_navigation = true;
    View::open(options)
}

fn go(view: &View, url: &str) {
    view.value(&format!(
        "setTimeout(() => {{ location.href = {url:?} }}); 0"
    ));
}

/// Clicks a link that opens a new window.
fn click_blank(view: &View, url: &str) {
    view.value(&format!(
        "{{ const a = document.createElement('a'); a.href = {url:?}; a.target = '_blank'; document.body.append(a); setTimeout(() => a.click()); }} 0"
    ));
}

#[test]
fn other_origins_open_outside_and_allowed_ones_inside() {
    let _turn = turn();
    let (allowed, other) = (
        Server::start().page("/in", "in"),
        Server::start().page("/out", "out"),
    );
    let mut options = options(html("<p>start</p>"));
    options.allow_origins = vec![allowed.origin.clone()];
    let view = View::open(options);
    go(&view, &other.url("/out"));
    assert_eq!(external(&view), other.url("/out"));
    assert_eq!(view.value("document.body.textContent"), r#""start""#);
    go(&view, &allowed.url("/in"));
    assert_eq!(view.committed(), (allowed.url("/in"), true));
    view.posted("hello");
    view.loaded();
    assert_eq!(view.value("typeof auroraview"), r#""object""#);
    view.close();
}

#[test]
fn new_windows_are_never_opened() {
    let _turn = turn();
    let (allowed, other) = (
        Server::start().page("/in", "in"),
        Server::start().page("/out", "out"),
    );
    let mut options = options(html("<p>start</p>"));
    options.allow_origins = vec![allowed.origin.clone()];
    let view = View::open(options);
    click_blank(&view, &other.url("/out"));
    assert_eq!(external(&view), other.url("/out"));
    click_blank(&view, &allowed.url("/in"));
    assert_eq!(view.committed().0, allowed.url("/in"));
    view.loaded();
    view.close();
}

#[test]
fn a_redirect_of_a_link_to_another_origin_opens_outside() {
    let _turn = turn();
    let other = Server::start().page("/out", "out");
    let server = Server::start()
        .page("/start", "start")
        .redirect("/go", &other.url("/out"));
    let view = View::open(options(Source::Url(server.url("/start"))));
    go(&view, &server.url("/go"));
    assert_eq!(external(&view), other.url("/out"));
    view.close();
}

#[test]
fn iframes_of_other_origins_are_shown() {
    let _turn = turn();
    let other = Server::start().page(
        "/frame",
        "<script>parent.postMessage(typeof auroraview, '*')</script>",
    );
    let page = format!(
        "<script>globalThis.heard = new Promise((r) => addEventListener('message', (e) => r(e.data)))</script><iframe src={:?}></iframe>",
        other.url("/frame")
    );
    let view = View::open_html(&page);
    assert_eq!(view.value("heard"), r#""undefined""#);
    view.close();
}

#[test]
fn strange_schemes_are_stopped_with_a_word() {
    let _turn = turn();
    let logs = crate::common::global_events();
    let view = View::open_html("<p>start</p>");
    // The engine itself stops file: addresses.
    go(&view, "file:///etc/passwd");
    for url in ["mailto:a@example.org", "auroraview://other/", "foo:bar"] {
        go(&view, url);
        let message = loop {
            match logs.recv_timeout(crate::common::PATIENCE).expect("a word") {
                HostEvent::Log {
                    level: LogLevel::Warning,
                    message,
                } if message.contains(url) => break message,
                _ => {}
            }
        };
        assert!(message.contains("stopped"), "{message}");
    }
    go(&view, "data:text/html,x");
    loop {
        match logs.recv_timeout(crate::common::PATIENCE).expect("a word") {
            HostEvent::Log { message, .. } if message.contains("data:text/html,x") => break,
            _ => {}
        }
    }
    assert_eq!(view.value("document.body.textContent"), r#""start""#);
    view.close();
}

#[test]
fn a_watcher_decides() {
    let _turn = turn();
    let other = Server::start().page("/1", "one").page("/2", "two");
    let view = watched(html("<p>start</p>"));
    go(&view, &other.url("/1"));
    let (url, new_window, request) = asked(&view);
    assert_eq!((url, new_window), (other.url("/1"), false));
    assert_eq!(
        view.value("1"),
        "1",
        "the page goes on while the question waits"
    );
    answer(view.id, request, Decision::Forbid);
    go(&view, &other.url("/1"));
    let (_, _, request) = asked(&view);
    answer(view.id, request, Decision::Default);
    assert_eq!(external(&view), other.url("/1"));
    go(&view, &other.url("/1"));
    let (_, _, request) = asked(&view);
    answer(view.id, request, Decision::Inside);
    assert_eq!(view.committed(), (other.url("/1"), false));
    view.loaded();
    assert_eq!(view.value("typeof auroraview"), r#""undefined""#);
    click_blank(&view, &other.url("/2"));
    let (url, new_window, request) = asked(&view);
    assert_eq!((url, new_window), (other.url("/2"), true));
    answer(view.id, request, Decision::Inside);
    assert_eq!(view.committed(), (other.url("/2"), false));
    assert_eq!(*other.asked.lock().unwrap(), ["/1", "/1", "/2"]);
    view.loaded();
    view.close();
}

#[test]
fn without_an_answer_the_default_holds() {
    let _turn = turn();
    let other = Server::start().page("/1", "one");
    let view = watched(html("<p>start</p>"));
    go(&view, &other.url("/1"));
    let (_, _, request) = asked(&view);
    assert_eq!(external(&view), other.url("/1"));
    answer(view.id, request, Decision::Inside);
    assert_eq!(view.value("document.body.textContent"), r#""start""#);
    view.close();
}

#[test]
fn a_view_closes_while_a_question_waits() {
    let _turn = turn();
    let other = Server::start().page("/1", "one");
    let view = watched(html(""));
    go(&view, &other.url("/1"));
    asked(&view);
    view.close();
}

#[test]
fn the_programs_own_loads_and_fragments_are_not_asked_about() {
    let _turn = turn();
    let other = Server::start().page("/2", "two").redirect("/1", "/2");
    let view = watched(html("<p id=here>start</p>"));
    view.value("location.hash = 'here'; 0");
    view.load(Source::Url(other.url("/1")), &[]);
    let events = view.until("Loaded", |event| matches!(event, HostEvent::Loaded { .. }));
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, HostEvent::Navigating { .. })),
        "{events:#?}"
    );
    view.close();
}
