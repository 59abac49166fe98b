//! What is left when windows are closed, and what an idle window costs.

use std::fs;

use auroraview_host_api::HostEvent;

use crate::common::lane::with_lane;
use crate::common::{KEY, View, html, options, poll, turn};
use crate::documents::web_processes;
use crate::lane;

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Use {
    files: usize,
    threads: usize,
    web_processes: usize,
    windows: usize,
}

fn in_use() -> Use {
    let count = |path: &str| fs::read_dir(path).expect("proc").count();
    let windows = std::process::Command::new("xdotool")
        .args(["search", "--name", "^cycle$"])
        .output()
        .expect("xdotool is installed");
    Use {
        files: count("/proc/self/fd"),
        threads: count("/proc/self/task"),
        web_processes: web_processes().len(),
        windows: String::from_utf8_lossy(&windows.stdout).lines().count(),
    }
}

fn cycle(fast: bool) {
    let mut options = options(html("<script>auroraview.call('x').catch(() => 0)</script>"));
    options.title = "cycle".into();
    let view = View::open_only(if fast { with_lane(options) } else { options });
    let _lane = fast.then(|| lane::offered(&view));
    view.loaded();
    view.send_eval("new Promise(() => {})");
    view.close();
}

#[test]
fn closed_windows_leave_nothing_behind() {
    let _turn = turn();
    for _ in 0..3 {
        cycle(true);
        cycle(false);
    }
    // Contexts with a data directory, of other tests, keep a web process for the next view.
    let mut before = in_use();
    poll("a settled process", || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let now = in_use();
        (std::mem::replace(&mut before, now) == now && now.windows == 0).then_some(())
    });
    for _ in 0..50 {
        cycle(true);
        cycle(false);
    }
    // The engine's own caches come and go by a dozen; one of anything for each window would be fifty at least.
    poll(&format!("what was in use before, {before:?}"), || {
        let now = in_use();
        let settled = now.web_processes <= before.web_processes
            && now.windows == 0
            && now.files <= before.files + 20
            && now.threads <= before.threads + 20;
        settled.then_some(())
    });
}

/// How often the GUI thread went to sleep.
fn switches_of_gui_thread() -> u64 {
    for entry in fs::read_dir("/proc/self/task").expect("proc").flatten() {
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        if name.trim() == "auroraview-gui" {
            let status = fs::read_to_string(entry.path().join("status")).expect("status");
            let line = status
                .lines()
                .find(|line| line.starts_with("voluntary_ctxt"));
            return line
                .and_then(|line| line.split('\t').nth(1)?.parse().ok())
                .expect("a number");
        }
    }
    panic!("no thread named auroraview-gui");
}

#[test]
fn an_idle_window_wakes_nobody() {
    let _turn = turn();
    let view = View::open_html("<p>idle</p>");
    view.value("1");
    // Quiet once the caret, the window manager and the web process have settled.
    let quiet = poll("a quiet second", || {
        let before = switches_of_gui_thread();
        std::thread::sleep(std::time::Duration::from_secs(1));
        let woken = switches_of_gui_thread() - before;
        (woken <= 2).then_some(woken)
    });
    assert!(quiet <= 2);
    view.close();
}

/// Resident memory in KiB.
fn resident(process: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0)
}

#[test]
fn replies_leave_no_memory_behind() {
    let _turn = turn();
    let view = View::open_html("");
    let document = "document-0000001";
    view.value(&format!(
        "globalThis.n = 0; (async () => {{ for (;;) {{
            const post = '{KEY}{document}' + JSON.stringify(n);
            const text = await webkit.messageHandlers.auroraview.postMessage(post).catch((error) => error.message);
            if (text === 'end') {{ ipc.postMessage('{KEY}{document}ended'); return; }}
            n++; }} }})(); 0"
    ));
    let payload = "x".repeat(200);
    let exchange = |count: u32| {
        for _ in 0..count {
            view.wait("a post", |event| {
                matches!(event, HostEvent::Posted { document: d, .. } if d == document)
                    .then_some(())
            });
            view.deliver(document, &payload);
        }
    };
    exchange(3_000);
    let web = web_processes().into_iter().max().expect("a web process");
    let own = i32::try_from(std::process::id()).expect("a process id");
    let before = (resident(own), resident(web));
    let start = std::time::Instant::now();
    exchange(20_000);
    let each = start.elapsed() / 20_000;
    let after = (resident(own), resident(web));
    eprintln!("{each:?} a frame there and back; KiB own and web: {before:?} -> {after:?}");
    assert!(after.0 < before.0 + 24 * 1024, "{before:?} {after:?}");
    assert!(after.1 < before.1 + 24 * 1024, "{before:?} {after:?}");
    view.deliver(document, "end");
    view.posted("ended");
    view.close();
}
