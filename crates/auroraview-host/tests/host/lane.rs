//! The fast lane's offer: to which pages, when, and for how long.

use std::os::fd::RawFd;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use auroraview_host_api::{Decision, HostCommand, HostEvent, OpenOptions, Source, ViewId};

use crate::common::lane::{LaneEnd, with_lane};
use crate::common::server::Server;
use crate::common::{View, html, options, send, turn};
use crate::documents::web_processes;

const WELCOME: &str = r#"{"protocol":1,"methods":["add"],"namespaces":[],"limits":{"message_bytes":100000000,"depth":200,"calls_in_flight":100},"debug":false}"#;
/// A page that asks for a sum and says it in an event.
const SUM: &str = "<script>auroraview.call('add', [1, 2]).then((sum) => auroraview.send_event('sum', sum))</script>";
const HAS_OBJECT: &str = "'__auroraview_lane' in window";

fn page(text: &str) -> OpenOptions {
    with_lane(options(html(text)))
}

pub(crate) fn offered(view: &View) -> LaneEnd {
    let descriptor: RawFd = view.wait("LaneOffered", |event| match event {
        HostEvent::LaneOffered { descriptor, .. } => Some(*descriptor),
        HostEvent::LaneUnavailable { reason, .. } => panic!("{reason}"),
        _ => None,
    });
    LaneEnd::new(descriptor, options(html("")).message_bytes)
}

/// The hello of the next document, which chooses its lane.
fn hello(view: &View) -> (String, bool) {
    view.wait("hello", |event| match event {
        HostEvent::Posted {
            document,
            frame,
            lane,
            ..
        } if frame.contains(r#""type":"hello""#) => Some((document.clone(), *lane)),
        _ => None,
    })
}

/// The hello of a document that takes the lane.
fn admitted(view: &View) -> String {
    let (document, lane) = hello(view);
    assert!(lane, "it takes the lane");
    document
}

fn frame(document: &str, seq: u32, event: &str, detail: &str) -> String {
    format!(
        r#"{{"v":1,"doc":"{document}","seq":{seq},"msgs":[{{"type":"event","event":"{event}","detail":{detail}}}]}}"#
    )
}

/// The page calls, is answered and says so, all on the lane.
fn serve(lane: &LaneEnd, document: &str) {
    lane.send(
        document,
        &frame(document, 1, "__auroraview_welcome", WELCOME),
    );
    let (of, call) = lane.until(r#""method":"add""#);
    assert_eq!(of, document);
    assert!(call.contains(r#""params":[1,2]"#), "{call}");
    let result = r#"{"id":1,"ok":true,"result":"3 ü €"}"#;
    lane.send(
        document,
        &frame(document, 2, "__auroraview_call_result", result),
    );
    let (_, sum) = lane.until(r#""event":"sum""#);
    assert!(sum.contains(r#""detail":"3 ü €""#), "{sum}");
}

fn no_offer_among(events: &[HostEvent]) {
    let offer = events
        .iter()
        .find(|event| matches!(event, HostEvent::LaneOffered { .. }));
    assert_eq!(offer, None);
}

fn let_in(view: ViewId, request: u64) {
    send(&HostCommand::AnswerNavigation {
        view,
        request,
        decision: Decision::Inside,
    });
}

#[test]
fn a_lane_is_offered_before_the_first_document_and_the_document_takes_it() {
    let _turn = turn();
    let view = View::open_only(page(SUM));
    let lane = offered(&view);
    assert_eq!(view.committed(), (format!("{}/", view.origin), true));
    let document = admitted(&view);
    serve(&lane, &document);
    view.loaded();
    assert_eq!(view.value(HAS_OBJECT), "false", "the bridge has taken it");
    view.close();
    lane.ended();
}

#[test]
fn documents_come_and_go_on_one_lane() {
    let _turn = turn();
    let view = View::open_only(page(SUM));
    let lane = offered(&view);
    let first = admitted(&view);
    serve(&lane, &first);
    send(&HostCommand::Reload { view: view.id });
    let second = admitted(&view);
    assert_ne!(first, second);
    serve(&lane, &second);
    view.load(html(SUM), &[]);
    let third = admitted(&view);
    serve(&lane, &third);
    view.loaded();
    let later = view.later();
    no_offer_among(&later);
    view.close();
}

#[test]
fn a_new_web_process_is_offered_a_new_lane() {
    let _turn = turn();
    let before = web_processes();
    let view = View::open_only(page(SUM));
    let lane = offered(&view);
    serve(&lane, &admitted(&view));
    view.loaded();
    let process = web_processes()
        .into_iter()
        .find(|process| !before.contains(process))
        .expect("a web process");
    // SAFETY: a signal to a child of this process.
    assert_eq!(unsafe { libc::kill(process, libc::SIGKILL) }, 0);
    view.expect(&HostEvent::Crashed {
        view: view.id,
        reason: "crashed".into(),
    });
    lane.ended();
    send(&HostCommand::Reload { view: view.id });
    let lane = offered(&view);
    serve(&lane, &admitted(&view));
    view.close();
}

#[test]
fn other_origins_and_frames_get_nothing() {
    let _turn = turn();
    let other = Server::start().page(
        "/",
        &format!("<p>other</p><script>window.seen = {HAS_OBJECT}</script>"),
    );
    let seen = format!("<script>window.seen = {HAS_OBJECT}</script>");
    let text = format!(r#"<iframe srcdoc="{seen}"></iframe><iframe src="about:blank"></iframe>"#);
    let mut options = page(&text);
    options.watch_navigation = true;
    let view = View::open_only(options);
    let _lane = offered(&view);
    view.loaded();
    assert_eq!(view.value("frames[0].seen"), "false", "its script has run");
    let now = "[0, 1].map((index) => '__auroraview_lane' in frames[index])";
    assert_eq!(view.value(now), "[false,false]");
    view.value(&format!(
        "setTimeout(() => {{ location.href = {:?} }}); 0",
        other.url("/")
    ));
    let request = view.wait("Navigating", |event| match event {
        HostEvent::Navigating { request, .. } => Some(*request),
        _ => None,
    });
    let_in(view.id, request);
    assert_eq!(view.committed(), (other.url("/"), false));
    view.loaded();
    assert_eq!(
        view.value(&format!("[window.seen, {HAS_OBJECT}]")),
        "[false,false]"
    );
    view.close();
}

#[test]
fn an_origin_that_is_allowed_for_a_load_gets_the_lane_with_it() {
    let _turn = turn();
    let other = Server::start().page("/", SUM);
    let view = View::open_only(page(SUM));
    let lane = offered(&view);
    serve(&lane, &admitted(&view));
    view.load(Source::Url(other.url("/")), &[]);
    serve(&lane, &admitted(&view));
    assert_eq!(view.loaded(), other.url("/"));
    view.close();
}

#[test]
fn after_a_document_that_got_a_process_of_its_own_there_is_a_lane_again() {
    let _turn = turn();
    let headers = "Content-Type: text/html\r\nCross-Origin-Opener-Policy: same-origin\r\n";
    let other = Server::start().answer("/", "200 OK", headers, SUM);
    let view = View::open_only(page(SUM));
    let former = offered(&view);
    serve(&former, &admitted(&view));
    view.loaded();
    view.load(Source::Url(other.url("/")), &[]);
    // The engine hands on questions of pages that are shown, so this one's was late; either comes first.
    let (mut lane, mut said) = (None, false);
    view.wait("hello and LaneOffered", |event| {
        match event {
            HostEvent::LaneOffered { descriptor, .. } => {
                lane = Some(LaneEnd::new(*descriptor, options(html("")).message_bytes));
            }
            HostEvent::Posted { lane, .. } => {
                assert!(!lane, "it has none yet");
                said = true;
            }
            _ => {}
        }
        (said && lane.is_some()).then_some(())
    });
    let lane = lane.expect("it was waited for");
    send(&HostCommand::Reload { view: view.id });
    serve(&lane, &admitted(&view));
    view.load(html(SUM), &[]);
    serve(&lane, &admitted(&view));
    view.close();
    former.ended();
}

#[test]
fn without_a_bridge_there_is_no_lane() {
    let _turn = turn();
    let mut options = page("<p>plain</p>");
    options.bridge = false;
    let view = View::open_only(options);
    view.loaded();
    assert_eq!(view.value(HAS_OBJECT), "false");
    let id = view.id;
    send(&HostCommand::Close { view: id });
    no_offer_among(&view.closed());
}

#[test]
fn a_folder_without_the_library_leaves_the_ordinary_way() {
    let _turn = turn();
    let empty = tempfile::tempdir().expect("a directory");
    let mut options = page("<p>plain</p>");
    options.fast_lane = Some(empty.path().display().to_string());
    let view = View::open_only(options);
    let (_, lane) = hello(&view);
    assert!(!lane);
    view.loaded();
    send(&HostCommand::Close { view: view.id });
    no_offer_among(&view.closed());
}

#[test]
fn a_library_of_another_version_gets_nothing_and_none_may_ask_for_ever() {
    let _turn = turn();
    let folder = strangers_folder();
    let mut options = page("<p>plain</p>");
    options.fast_lane = Some(folder.path().display().to_string());
    let view = View::open_only(options);
    let unavailable = |event: &HostEvent| match event {
        HostEvent::LaneUnavailable { reason, .. } => Some(reason.clone()),
        HostEvent::LaneOffered { .. } => panic!("one of another version got it"),
        _ => None,
    };
    assert_eq!(
        view.wait("LaneUnavailable", unavailable),
        "the web process has a library of version 4000000000; expected 1"
    );
    // It goes on as ours would, a hundred times.
    let mut offers = 0;
    let reason = view.wait("LaneUnavailable", |event| match event {
        HostEvent::LaneUnavailable { reason, .. } => Some(reason.clone()),
        HostEvent::LaneOffered { descriptor, .. } => {
            drop(LaneEnd::new(*descriptor, 1));
            offers += 1;
            None
        }
        _ => None,
    });
    assert_eq!(
        reason,
        "the web process asked for more than 8 lanes for one document"
    );
    assert_eq!(offers, 5, "it had asked thrice before");
    let (_, lane) = hello(&view);
    assert!(!lane);
    view.loaded();
    view.value("1");
    send(&HostCommand::Close { view: view.id });
    let events = view.closed();
    no_offer_among(&events);
    let again = |event: &&HostEvent| matches!(event, HostEvent::LaneUnavailable { .. });
    assert_eq!(events.iter().find(again), None, "it is told once");
}

/// A folder with a library that is not ours.
fn strangers_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a directory");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common/stranger.c");
    let flags = Command::new("pkg-config")
        .args(["--cflags", "--libs", "webkit2gtk-web-extension-4.1"])
        .output()
        .expect("pkg-config is installed");
    let flags = String::from_utf8(flags.stdout).expect("a text");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-w", "-o"])
        .arg(folder.path().join("stranger.so"))
        .arg(source)
        .args(flags.split_whitespace())
        .status();
    assert!(built.expect("a compiler is installed").success());
    folder
}

#[test]
fn views_of_one_data_directory_have_lanes_of_their_own() {
    let _turn = turn();
    let data = tempfile::tempdir().expect("a directory");
    let in_data = |options: OpenOptions| OpenOptions {
        data_directory: Some(data.path().display().to_string()),
        ..options
    };
    let one = View::open_only(in_data(page(SUM)));
    let of_one = offered(&one);
    let other = View::open_only(in_data(page(SUM)));
    let of_other = offered(&other);
    let plain = View::open_only(in_data(options(html(SUM))));
    serve(&of_other, &admitted(&other));
    serve(&of_one, &admitted(&one));
    assert!(!hello(&plain).1, "it did not ask for one");
    one.close();
    of_one.ended();
    send(&HostCommand::Reload { view: other.id });
    serve(&of_other, &admitted(&other));
    other.close();
    plain.close();
}

/// Runs a test in a process of its own: the engine ends the process where its sandbox does not work, and then there is
/// nothing to test. `name` is the one it has in this program.
fn where_the_sandbox_works(name: &str, test: impl FnOnce()) {
    const INSIDE: &str = "AURORAVIEW_TEST_INSIDE";
    let _turn = turn();
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let program = std::env::current_exe().expect("this program");
    let done = Command::new(program)
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&done.stderr);
    if done.status.signal() == Some(libc::SIGTRAP) && said.contains("PID socket") {
        eprintln!("not run, the engine's sandbox does not work here: {said}");
        return;
    }
    let out = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success() && out.contains("1 passed"),
        "{out}{said}"
    );
}

#[test]
fn the_lane_works_inside_the_sandbox() {
    where_the_sandbox_works("lane::the_lane_works_inside_the_sandbox", lane_in_sandbox);
}

fn lane_in_sandbox() {
    let view = View::open_only(OpenOptions {
        sandbox: true,
        ..page(SUM)
    });
    let lane = offered(&view);
    serve(&lane, &admitted(&view));
    view.loaded();
    let mounts = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/mnt"));
    let own = mounts("self").expect("its own");
    let inside = descendants()
        .into_iter()
        .filter(|(_, name)| name.starts_with("WebKitWebPr"))
        .filter(|(process, _)| mounts(&process.to_string()).is_ok_and(|mounts| mounts != own))
        .count();
    assert_eq!(inside, 1, "{:?}", descendants());
    view.close();
}

/// All processes below this one, and their names.
fn descendants() -> Vec<(i32, String)> {
    let all: Vec<(i32, i32, String)> = std::fs::read_dir("/proc")
        .expect("proc")
        .flatten()
        .filter_map(|entry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let (start, rest) = stat.rsplit_once(") ")?;
            let (process, name) = start.split_once(" (")?;
            let parent = rest.split(' ').nth(1)?;
            Some((process.parse().ok()?, parent.parse().ok()?, name.to_owned()))
        })
        .collect();
    let own = i32::try_from(std::process::id()).expect("a process id");
    let mut found = vec![(own, String::new())];
    let mut at = 0;
    while let Some((parent, _)) = found.get(at).cloned() {
        let children = all.iter().filter(|(_, of, _)| *of == parent);
        found.extend(children.map(|(process, _, name)| (*process, name.clone())));
        at += 1;
    }
    found.split_off(1)
}

#[test]
fn views_of_one_data_directory_agree_about_the_sandbox() {
    where_the_sandbox_works(
        "lane::views_of_one_data_directory_agree_about_the_sandbox",
        views_agree,
    );
}

fn views_agree() {
    let data = tempfile::tempdir().expect("a directory");
    let placed = |sandbox| OpenOptions {
        data_directory: Some(data.path().display().to_string()),
        sandbox,
        ..options(html("<p>hi</p>"))
    };
    let refused = |sandbox, has: &str| {
        let view = View::asking(placed(sandbox));
        let message = view.wait("OpenFailed", |event| match event {
            HostEvent::OpenFailed { message, .. } => Some(message.clone()),
            HostEvent::Opened { .. } => panic!("it opened"),
            _ => None,
        });
        assert!(message.contains(has), "{message}");
        view.forget();
    };
    for sandbox in [true, false] {
        let view = View::open(placed(sandbox));
        refused(
            !sandbox,
            if sandbox {
                "sandbox=True"
            } else {
                "sandbox=False"
            },
        );
        let same = View::open(placed(sandbox));
        view.close();
        refused(!sandbox, "must agree");
        same.close();
    }
}
