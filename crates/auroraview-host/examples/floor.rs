//! The floor under every bridge on WebKitGTK: a bare script message answered by a bare evaluate, with no JSON, no
//! Python, no second thread. `make bench` runs it beside ours and reports the ratio.
//!
//! Prints one JSON object: mean microseconds of a round trip one after another and of pipelined ones, the median of
//! those one after another, from one message to the next as they come here, and the median milliseconds of an echo of
//! 1 MB.

use std::cell::RefCell;
use std::process::exit;
use std::rc::Rc;
use std::time::Instant;

use gtk::prelude::*;
use webkit2gtk::{UserContentManager, UserContentManagerExt, WebView, WebViewExt};

/// So many round trips the page makes first.
const WARM_UP: usize = 200;

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
    let came = RefCell::new(Vec::with_capacity(100_000));
    manager.connect_script_message_received(Some("floor"), move |_, message| {
        let Some(view) = answering.upgrade() else {
            return;
        };
        let text = message
            .js_value()
            .map(|value| value.to_string())
            .unwrap_or_default();
        if let Some(figures) = text.strip_prefix('{') {
            let median = median(&came.borrow()[WARM_UP..WARM_UP + sequential as usize]);
            println!("{{\"median\":{median},{figures}");
            gtk::main_quit();
        } else if let Some(text) = text.strip_prefix('e') {
            evaluate(&view, &format!("echoed(\"{text}\")"));
        } else {
            came.borrow_mut().push(Instant::now());
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

/// Microseconds from one to the next.
fn median(came: &[Instant]) -> f64 {
    let mut each: Vec<_> = came.windows(2).map(|pair| pair[1] - pair[0]).collect();
    each.sort_unstable();
    each.get(each.len() / 2)
        .map_or(0.0, |one| one.as_secs_f64() * 1e6)
}

fn evaluate(view: &WebView, script: &str) {
    view.evaluate_javascript(script, None, None, gtk::gio::Cancellable::NONE, |outcome| {
        if let Err(problem) = outcome {
            eprintln!("{problem}");
        }
    });
}
