//! The floor under every bridge on WebKitGTK: a bare script message answered by a bare evaluate, with no JSON, no
//! Python, no second thread. `make bench` runs it beside ours and reports the ratio.
//!
//! Prints one JSON object: mean microseconds of a round trip one after another and of pipelined ones, and the median
//! milliseconds of an echo of 1 MB.

use std::process::exit;
use std::rc::Rc;

use gtk::prelude::*;
use webkit2gtk::{UserContentManager, UserContentManagerExt, WebView, WebViewExt};

const PAGE: &str = r#"<!doctype html><script>
const post = webkit.messageHandlers.floor;
let waiting = [];
function answered() { waiting.shift()() }
function echoed(text) { waiting.shift()(text) }
const echo = text => new Promise(done => { waiting.push(done); post.postMessage("e" + text) });
const round = () => new Promise(done => { waiting.push(done); post.postMessage("x") });
async function main(sequential, pipelined) {
  for (let i = 0; i < 200; i++) await round();
  let began = performance.now();
  for (let i = 0; i < sequential; i++) await round();
  const one = (performance.now() - began) * 1000 / sequential;
  began = performance.now();
  await Promise.all(Array.from({length: pipelined}, round));
  const many = (performance.now() - began) * 1000 / pipelined;
  const text = "x".repeat(1e6), echoes = [];
  for (let i = 0; i < 9; i++) {
    began = performance.now();
    if ((await echo(text)).length !== text.length) throw new Error("the echo is not whole");
    echoes.push(performance.now() - began);
  }
  const megabyte = echoes.sort((a, b) => a - b)[4];
  post.postMessage(JSON.stringify({sequential: one, pipelined: many, megabyte}));
}
</script>"#;

fn main() {
    let mut counts = std::env::args().skip(1).map(|word| word.parse::<u32>());
    let (Some(Ok(sequential)), Some(Ok(pipelined)), None) =
        (counts.next(), counts.next(), counts.next())
    else {
        eprintln!("usage: floor SEQUENTIAL PIPELINED");
        exit(2);
    };
    if let Err(problem) = gtk::init() {
        eprintln!("no display: {problem}");
        exit(1);
    }
    let manager = UserContentManager::new();
    let view = Rc::new(WebView::with_user_content_manager(&manager));
    let answering = Rc::downgrade(&view);
    manager.connect_script_message_received(Some("floor"), move |_, message| {
        let Some(view) = answering.upgrade() else {
            return;
        };
        let text = message
            .js_value()
            .map(|value| value.to_string())
            .unwrap_or_default();
        if text.starts_with('{') {
            println!("{text}");
            gtk::main_quit();
        } else if let Some(text) = text.strip_prefix('e') {
            evaluate(&view, &format!("echoed(\"{text}\")"));
        } else {
            evaluate(&view, "answered()");
        }
    });
    manager.register_script_message_handler("floor");
    view.connect_load_changed(move |view, event| {
        if event == webkit2gtk::LoadEvent::Finished {
            evaluate(view, &format!("void main({sequential}, {pipelined})"));
        }
    });
    view.load_html(PAGE, Some("http://127.0.0.1/"));
    let window = gtk::Window::new(gtk::WindowType::Toplevel);
    window.set_default_size(400, 300);
    window.add(&*view);
    window.show_all();
    gtk::main();
}

fn evaluate(view: &WebView, script: &str) {
    view.evaluate_javascript(script, None, None, gtk::gio::Cancellable::NONE, |outcome| {
        if let Err(problem) = outcome {
            eprintln!("{problem}");
        }
    });
}
