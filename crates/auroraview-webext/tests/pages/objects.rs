//! Who finds the native object.

use crate::stand::{Stand, answer, next, text};

crate::tests![
    the_first_document_finds_the_object_before_its_first_script,
    each_document_finds_it_also_after_a_reload,
    a_new_process_asks_anew_after_a_crash,
    other_origins_find_nothing,
    new_origins_hold_from_the_next_document_on,
    frames_and_workers_find_nothing,
    functions_of_a_former_document_do_not_speak_for_the_new_one,
    functions_called_wrongly_throw_type_errors,
];

fn the_first_document_finds_the_object_before_its_first_script() {
    let stand = Stand::with("");
    assert_eq!(stand.eval("typeof began.lane"), "object");
    assert_eq!(stand.eval("began.shown"), "false");
    assert_eq!(stand.eval("'__auroraview_lane' in window"), "false");
    assert_eq!(
        stand.eval("Object.entries(lane).map(([name, f]) => name + ' ' + typeof f).join()"),
        "open function,post function,full function,callSync function,read function,readInto function,close function"
    );
}

fn each_document_finds_it_also_after_a_reload() {
    let stand = Stand::with("");
    let lane = stand.lane();
    for round in 0..3 {
        assert_eq!(stand.eval("open()"), "true");
        assert_eq!(next(&lane).unwrap().text, "", "it says where it begins");
        stand.eval(&format!("lane.post('round {round}')"));
        assert_eq!(text(&lane), format!("round {round}"));
        stand.reload();
    }
    stand.load("test://page/other", "");
    assert_eq!(stand.eval("open() && lane.post('other')"), "true");
    assert_eq!(text(&lane), "other");
    assert_eq!(stand.asked.get(), 1, "one page asks once");
}

fn a_new_process_asks_anew_after_a_crash() {
    use webkit2gtk::WebViewExt;
    let stand = Stand::with("");
    let former = stand.lane();
    stand.view.terminate_web_process();
    assert!(next(&former).is_err());
    stand.load("test://page/after", "");
    assert_eq!(stand.asked.get(), 2);
    let lane = stand.lane();
    assert_eq!(stand.eval("open() && lane.post('again')"), "true");
    assert_eq!(text(&lane), "again");
}

fn other_origins_find_nothing() {
    let stand = Stand::with("");
    stand.load("test://other/", "");
    assert_eq!(stand.eval("typeof began.lane"), "undefined");
    stand.load("test://page/", "");
    assert_eq!(stand.eval("typeof began.lane"), "object");

    let nobody = Stand::answering(answer(&[]));
    nobody.load("test://page/", "");
    assert_eq!(nobody.eval("typeof began.lane"), "undefined");
}

fn new_origins_hold_from_the_next_document_on() {
    use gtk::glib::prelude::*;
    use webkit2gtk::{UserMessage, WebViewExt};
    let stand = Stand::with("");
    let origins = (vec!["test://other".to_owned()],).to_variant();
    let message = UserMessage::new("auroraview-origins", Some(&origins));
    let heard = std::rc::Rc::new(std::cell::Cell::new(false));
    let told = heard.clone();
    stand
        .view
        .send_message_to_page(&message, gtk::gio::Cancellable::NONE, move |answer| {
            assert!(answer.is_ok());
            told.set(true);
        });
    stand.load("test://other/", "");
    assert!(heard.get());
    assert_eq!(stand.eval("typeof began.lane"), "object");
    stand.load("test://page/", "");
    assert_eq!(stand.eval("typeof began.lane"), "undefined");
}

fn frames_and_workers_find_nothing() {
    let stand = Stand::new();
    stand.serve(
        "test://page/inner",
        "<script>parent.inner = typeof began.lane</script>",
    );
    stand.load(
        "test://page/",
        "<iframe src='/inner'></iframe><iframe srcdoc='<script>parent.own = typeof __auroraview_lane</script>'></iframe>
         <script>const worker = new Worker(URL.createObjectURL(new Blob(
             ['postMessage(typeof __auroraview_lane)'])));
         worker.onmessage = (event) => { window.worked = event.data; };</script>",
    );
    stand.becomes(
        "[inner, own, window.worked].join()",
        "undefined,undefined,undefined",
    );
    assert_eq!(stand.eval("typeof began.lane"), "object");
    assert_eq!(stand.eval("'worked' in window"), "true");
}

fn functions_of_a_former_document_do_not_speak_for_the_new_one() {
    use webkit2gtk::WebViewExt;
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open()");
    stand.eval("onpagehide = () => { lane.post('goodbye'); }; onpageshow = (event) => { window.back = event.persisted; }; 0");
    stand.load("test://page/next", "");
    assert_eq!(text(&lane), "goodbye");
    assert_eq!(stand.eval("open() && lane.post('next')"), "true");
    assert_eq!(text(&lane), "next");
    stand.view.go_back();
    stand.loaded("test://page/");
    if stand.eval("window.back") == "true" {
        let tries = "(() => { try { lane.post('x'); return 'taken'; } catch (error) { return error.message; } })()";
        assert_eq!(stand.eval(tries), "the lane is lost");
        assert_eq!(stand.eval("lane.full()"), "false");
        assert_eq!(
            stand.eval("lane.callSync('x', undefined, 10, () => {})"),
            "2"
        );
        assert_eq!(stand.eval("open() && lane.post('back')"), "true");
        assert_eq!(text(&lane), "back");
    } else {
        panic!("the back-forward cache is not on");
    }
}

fn functions_called_wrongly_throw_type_errors() {
    let stand = Stand::with("");
    let thrown = |call: &str| {
        let script = format!(
            "(() => {{ try {{ return 'gave ' + {call}; }} catch (error) {{ return error.name; }} }})()"
        );
        stand.eval(&script)
    };
    stand.eval("open()");
    for call in [
        "lane.open()",
        "lane.open('short', () => {}, () => {})",
        "lane.open('document-0000001')",
        "lane.open('document-0000001', 1, 2)",
        "lane.open('document-000000ü', () => {}, () => {})",
        "lane.post()",
        "lane.post(1)",
        "lane.post({ toString() { return 'x'; } })",
        "lane.post('x', 1)",
        "lane.post('x', [1])",
        "lane.post('x', [new Uint16Array(1)])",
        "lane.post('x', [new ArrayBuffer(1)])",
        "lane.post('x', new Uint8Array(1))",
        "lane.callSync('x')",
        "lane.callSync('x', undefined, NaN, () => {})",
        "lane.callSync('x', undefined, -1, () => {})",
        "lane.callSync('x', undefined, 10)",
        "lane.read()",
        "lane.read('0')",
        "lane.readInto(0)",
        "lane.readInto(0, [])",
    ] {
        assert_eq!(thrown(call), "TypeError", "{call}");
    }
    assert_eq!(thrown("lane.read(0)"), "Error");
    assert_eq!(thrown("lane.readInto(0, new Uint8Array(1))"), "Error");
    assert_eq!(
        thrown(
            "lane.post('x', Object.defineProperty([], 0, { get() { throw new RangeError('no'); } }))"
        ),
        "RangeError"
    );
    // More than a lane ever takes.
    for many in [
        "lane.post('x', new Array(2 ** 21))",
        "lane.callSync('x', new Array(2 ** 21), 10, () => {})",
    ] {
        assert_eq!(thrown(many), "RangeError", "{many}");
    }
    assert_eq!(thrown("new lane.post('x')"), "TypeError");
    // `this` does not matter.
    assert_eq!(stand.eval("(0, lane.post)('x')"), "true");
}
