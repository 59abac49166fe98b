//! Posts from the page and frames to it.

use auroraview_host_api::{HostCommand, HostEvent, Refusal};

use crate::common::{KEY, View, html, options, send, turn};

const WELCOME: &str = r#"{"protocol":1,"methods":["add"],"namespaces":[],"limits":{"message_bytes":100000000,"depth":200,"calls_in_flight":100},"debug":false}"#;

/// A frame to the page with one message.
fn frame(document: &str, seq: u32, event: &str, detail: &str) -> String {
    format!(
        r#"{{"v":1,"doc":"{document}","seq":{seq},"msgs":[{{"type":"event","event":"{event}","detail":{detail}}}]}}"#
    )
}

/// Opens a page and welcomes it; answers with its document.
fn welcomed(text: &str) -> (View, String) {
    let view = View::open_only(options(html(text)));
    let (document, _) = view.posted(r#""type":"hello""#);
    view.deliver(
        &document,
        &frame(&document, 1, "__auroraview_welcome", WELCOME),
    );
    (view, document)
}

#[test]
fn a_page_says_hello_after_its_document_was_announced() {
    let _turn = turn();
    let view = View::open_only(options(html("<p>hi</p>")));
    let events = view.until("Loaded", |event| matches!(event, HostEvent::Loaded { .. }));
    let index = |test: fn(&HostEvent) -> bool| events.iter().position(test).expect("it happened");
    let committed = index(|event| matches!(event, HostEvent::Committed { bridge: true, .. }));
    let posted = index(|event| matches!(event, HostEvent::Posted { .. }));
    assert!(committed < posted, "{events:#?}");
    assert!(view.origin.starts_with("auroraview://v"), "{}", view.origin);
    assert_eq!(view.value("location.origin"), format!("{:?}", view.origin));
    assert_eq!(view.value("isSecureContext"), "true");
    view.close();
}

#[test]
fn a_call_is_posted_and_its_result_delivered() {
    let _turn = turn();
    let (view, document) = welcomed(
        "<script>auroraview.call('add', [1, 2]).then((sum) => auroraview.send_event('sum', sum))</script>",
    );
    let (_, call) = view.posted(r#""method":"add""#);
    assert!(call.contains(r#""params":[1,2]"#), "{call}");
    let result = r#"{"id":1,"ok":true,"result":"3 ü €"}"#;
    view.deliver(
        &document,
        &frame(&document, 2, "__auroraview_call_result", result),
    );
    let (_, sum) = view.posted(r#""event":"sum""#);
    assert!(sum.contains(r#""detail":"3 ü €""#), "{sum}");
    view.close();
}

#[test]
fn frames_wait_for_the_page_to_ask_and_keep_their_order() {
    let _turn = turn();
    let page = "<script>auroraview.on('n', (n) => auroraview.send_event('seen', n))</script>";
    let (view, document) = welcomed(page);
    view.posted(r#""type":"ready""#);
    for n in 2..200 {
        view.deliver(&document, &frame(&document, n, "n", &n.to_string()));
    }
    let mut seen = Vec::new();
    while seen.len() < 198 {
        let (_, frame) = view.posted("seen");
        let parts = frame.split(r#""detail":"#).skip(1);
        seen.extend(parts.map(|part| {
            let digits = part
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(part.len());
            part[..digits].parse::<u32>().expect("a number")
        }));
    }
    assert_eq!(seen, (2..200).collect::<Vec<_>>());
    view.close();
}

#[test]
fn posts_without_the_key_are_refused_on_both_ways() {
    let _turn = turn();
    let view = View::open_html("<p>hi</p>");
    let refused = |script: &str, wanted: Refusal| {
        view.value(script);
        view.wait("Refused", |event| match event {
            HostEvent::Refused { refusal, .. } => {
                assert_eq!(*refusal, wanted, "{script}");
                Some(())
            }
            HostEvent::Posted { frame, .. } => panic!("{script} posted {frame}"),
            _ => None,
        });
    };
    let wrong = "0".repeat(32);
    for handler in ["ipc", "auroraview"] {
        let post = |text: &str| format!("webkit.messageHandlers.{handler}.postMessage({text}); 0");
        refused(&post("'[]'"), Refusal::Key);
        refused(&post("''"), Refusal::Key);
        refused(&post("42"), Refusal::Key);
        refused(&post("({})"), Refusal::Key);
        refused(&post(&format!("'{wrong}document-0000001[]'")), Refusal::Key);
        refused(&post(&format!("'{KEY}short'")), Refusal::Key);
    }
    let rejected = "webkit.messageHandlers.auroraview.postMessage('x').then(() => 'resolved', (e) => 'rejected')";
    assert_eq!(view.value(rejected), r#""rejected""#);
    view.close();
}

#[test]
fn a_post_past_the_limit_is_refused() {
    let _turn = turn();
    let mut options = options(html(""));
    options.message_bytes = 1000;
    let view = View::open(options);
    view.value(&format!(
        "ipc.postMessage('{KEY}document-0000001' + 'x'.repeat(1001)); 0"
    ));
    view.expect(&HostEvent::Refused {
        view: view.id,
        refusal: Refusal::TooLarge,
    });
    view.value(&format!(
        "ipc.postMessage('{KEY}document-0000001' + 'x'.repeat(1000)); 0"
    ));
    let (document, frame) = view.posted("xxx");
    assert_eq!((document.as_str(), frame.len()), ("document-0000001", 1000));
    view.close();
}

#[test]
fn a_large_post_and_a_large_frame_arrive_whole() {
    let _turn = turn();
    let page = "<script>auroraview.on('big', (text) => auroraview.send_event('length', text.length))</script>";
    let (view, document) = welcomed(page);
    view.posted(r#""type":"ready""#);
    view.value("auroraview.send_event('big', 'ü'.repeat(2 ** 20)); 0");
    let (_, post) = view.posted("üüü");
    assert!(post.len() > 2 << 20);
    let text = format!("\"{}\"", "€".repeat(1 << 20));
    view.deliver(&document, &frame(&document, 2, "big", &text));
    view.posted(&format!("\"detail\":{}", 1 << 20));
    view.close();
}

/// Holds posts open by hand, as another document, in a page where the bridge has nothing more to say.
#[test]
fn held_posts_are_answered_in_order_and_bounded() {
    let _turn = turn();
    let view = View::open_html("");
    view.value(&format!(
        "globalThis.answers = []; globalThis.hold = (name) => webkit.messageHandlers.auroraview
             .postMessage('{KEY}document-0000001').then(() => answers.push(name + '?'), (error) => answers.push(name + ':' + error.message));
         hold('a'); hold('b'); 0"
    ));
    let one = "document-0000001";
    view.deliver(one, "1");
    view.deliver("document-0000002", "of another document");
    view.deliver(one, "2");
    view.deliver(one, "3");
    view.value("hold('c'); 0");
    assert_eq!(poll_answers(&view, 3), r#"["a:1","b:2","c:3"]"#);
    view.value("for (let n = 0; n < 9; n++) hold(n); 0");
    assert_eq!(poll_answers(&view, 4), r#"["a:1","b:2","c:3","0:"]"#);
    view.value(&format!("ipc.postMessage('{KEY}document-0000002[]'); 0"));
    view.posted("[]");
    let answers = poll_answers(&view, 12);
    let gone: Vec<String> = (1..9)
        .map(|n| format!("\"{n}:the document is gone\""))
        .collect();
    assert!(
        answers.ends_with(&format!("\"0:\",{}]", gone.join(","))),
        "{answers}"
    );
    view.deliver(one, "too late");
    view.close();
}

fn poll_answers(view: &View, count: usize) -> String {
    crate::common::poll("answers", || {
        let answers = view.value("answers");
        (view.value("answers.length").parse() == Ok(count)).then_some(answers)
    })
}

#[test]
fn a_reloaded_page_is_a_new_document_and_old_frames_are_dropped() {
    let _turn = turn();
    let (view, first) =
        welcomed("<script>auroraview.on('x', (x) => auroraview.send_event('saw', x))</script>");
    view.posted(r#""type":"ready""#);
    send(&HostCommand::Reload { view: view.id });
    let (second, _) = view.posted(r#""type":"hello""#);
    assert_ne!(first, second);
    view.deliver(&first, &frame(&first, 2, "x", "\"old\""));
    view.deliver(&second, &frame(&second, 1, "__auroraview_welcome", WELCOME));
    view.posted(r#""type":"ready""#);
    view.deliver(&second, &frame(&second, 2, "x", "\"new\""));
    let (_, saw) = view.posted("saw");
    assert!(saw.contains("new"), "{saw}");
    view.close();
}

#[test]
fn two_views_do_not_hear_each_other() {
    let _turn = turn();
    let (a, document_a) =
        welcomed("<script>auroraview.on('x', (x) => auroraview.send_event('a', x))</script>");
    let (b, document_b) =
        welcomed("<script>auroraview.on('x', (x) => auroraview.send_event('b', x))</script>");
    a.posted(r#""type":"ready""#);
    b.posted(r#""type":"ready""#);
    assert_ne!(a.origin, b.origin);
    a.deliver(&document_b, &frame(&document_b, 2, "x", "1"));
    a.deliver(&document_a, &frame(&document_a, 2, "x", "1"));
    b.deliver(&document_b, &frame(&document_b, 2, "x", "2"));
    assert!(a.posted(r#""event":"a""#).1.contains("\"detail\":1"));
    assert!(b.posted(r#""event":"b""#).1.contains("\"detail\":2"));
    a.close();
    b.value("1");
    b.close();
}
