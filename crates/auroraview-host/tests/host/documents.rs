//! What views serve, how loads end, and the death of a web process.

use std::fs;

use auroraview_host_api::{EvalError, HostCommand, HostEvent, Source};

use gtk::prelude::*;

use crate::common::server::Server;
use crate::common::{View, html, options, poll, send, turn};

fn directory(root: &std::path::Path, entry: &str) -> Source {
    Source::Directory {
        root: root.to_str().expect("UTF-8").into(),
        entry: entry.into(),
    }
}

#[test]
fn a_directory_is_served_and_nothing_outside_it() {
    let _turn = turn();
    let outer = tempfile::tempdir().expect("a directory");
    let root = outer.path().join("site");
    fs::create_dir(&root).expect("a directory");
    fs::write(outer.path().join("secret.txt"), "secret").expect("a file");
    fs::write(root.join("a page.html"), "<script src='a.js'></script>").expect("a file");
    fs::write(root.join("a.js"), "globalThis.ran = true").expect("a file");
    std::os::unix::fs::symlink(outer.path().join("secret.txt"), root.join("link.txt"))
        .expect("a link");
    let view = View::open(options(directory(&root, "a page.html")));
    assert_eq!(view.value("ran"), "true");
    assert_eq!(view.value("location.pathname"), r#""/a%20page.html""#);
    let ask = |path: &str, text: &str| {
        view.value(&format!(
            "fetch('{path}').then(async (r) => [r.status, await r.{text}])"
        ))
    };
    assert_eq!(ask("a.js", "text()"), r#"[200,"globalThis.ran = true"]"#);
    let kind = "fetch('a.js').then((r) => r.headers.get('content-type').split(';')[0])";
    assert_eq!(view.value(kind), r#""text/javascript""#);
    let range = "fetch('a.js', {headers: {range: 'bytes=0-5'}}).then(async (r) => [r.status, await r.text()])";
    assert_eq!(view.value(range), r#"[206,"global"]"#);
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/link.txt",
        "/none",
    ] {
        let answer = ask(path, "text()");
        assert!(
            !answer.contains("secret\"]") && answer.starts_with("[4"),
            "{path}: {answer}"
        );
    }
    let foreign = "fetch('auroraview://v0-0000/x').then(() => 'served', () => 'failed')";
    assert_eq!(view.value(foreign), r#""failed""#);
    view.close();
}

#[test]
fn a_missing_directory_is_an_error_that_names_it() {
    let _turn = turn();
    let view = View::asking(options(directory("/no/such/place".as_ref(), "index.html")));
    let message = view.wait("OpenFailed", |event| match event {
        HostEvent::OpenFailed { message, .. } => Some(message.clone()),
        _ => None,
    });
    assert!(message.contains("/no/such/place"), "{message}");
    view.forget();
    let view = View::open_html("still here");
    view.load(directory("/no/such/place".as_ref(), "index.html"), &[]);
    view.wait("LoadFailed", |event| {
        matches!(event, HostEvent::LoadFailed { .. }).then_some(())
    });
    assert_eq!(view.value("document.body.textContent"), r#""still here""#);
    view.close();
}

#[test]
fn a_view_cannot_be_opened_twice() {
    let _turn = turn();
    let view = View::open_html("");
    send(&HostCommand::Open {
        view: view.id,
        options: Box::new(options(html(""))),
    });
    view.wait("OpenFailed", |event| {
        matches!(event, HostEvent::OpenFailed { .. }).then_some(())
    });
    assert_eq!(view.value("1"), "1");
    view.close();
}

#[test]
fn an_option_that_no_window_can_have_is_an_error_and_leaves_nothing_behind() {
    let _turn = turn();
    let nul = || Some("a\0b".to_owned());
    let mut icon = options(html(""));
    icon.icon = nul();
    let mut agent = options(html(""));
    agent.user_agent = nul();
    for mut bad in [icon, agent] {
        bad.title = "half made".into();
        let view = View::asking(bad);
        view.wait("OpenFailed", |event| {
            matches!(event, HostEvent::OpenFailed { .. }).then_some(())
        });
        // The number is free again.
        send(&HostCommand::Open {
            view: view.id,
            options: Box::new(options(html("<p>good</p>"))),
        });
        view.loaded();
        assert_eq!(view.value("document.body.textContent"), r#""good""#);
        view.close();
    }
    let (count, counted) = std::sync::mpsc::channel();
    gtk::glib::MainContext::default().invoke(move || {
        let windows = gtk::Window::list_toplevels().into_iter();
        let windows = windows.filter_map(|window| window.downcast::<gtk::Window>().ok());
        let half_made = windows.filter(|window| window.title().is_some_and(|of| of == "half made"));
        let _ = count.send(half_made.count());
    });
    let left = counted.recv_timeout(crate::common::PATIENCE);
    assert_eq!(left, Ok(0), "windows left behind");
}

#[test]
fn a_document_of_another_origin_gets_the_bridge_only_when_allowed() {
    let _turn = turn();
    let server = Server::start().page("/a", "<p>a</p>");
    let own = View::open(options(Source::Url(server.url("/a"))));
    assert_eq!(own.value("typeof auroraview"), r#""object""#);
    own.close();
    let view = View::open_html("");
    view.load(Source::Url(server.url("/a")), &[]);
    assert_eq!(view.committed(), (server.url("/a"), true));
    assert_eq!(view.loaded(), server.url("/a"));
    assert_eq!(view.value("typeof auroraview"), r#""object""#);
    view.load(html("<p>mine</p>"), &[]);
    assert_eq!(view.committed(), (format!("{}/", view.origin), true));
    view.posted("hello");
    view.loaded();
    assert_eq!(view.value("document.body.textContent"), r#""mine""#);
    view.close();
}

#[test]
fn a_redirected_load_stays_inside_without_the_bridge() {
    let _turn = turn();
    let other = Server::start().page("/b", "<p>b</p>");
    let server = Server::start().redirect("/a", &other.url("/b"));
    let logs = crate::common::global_events();
    let view = View::open_only(options(Source::Url(server.url("/a"))));
    assert_eq!(view.committed(), (other.url("/b"), false));
    view.loaded();
    assert_eq!(view.value("typeof auroraview"), r#""undefined""#);
    assert_eq!(view.value("typeof ipc"), r#""undefined""#);
    let line = format!("allow_origins=[\"{}\"]", other.origin);
    assert!(
        logs.try_iter().any(
            |event| matches!(event, HostEvent::Log { message, .. } if message.contains(&line))
        )
    );
    // Even with the key: the origin decides.
    view.value(&format!(
        "webkit.messageHandlers.ipc.postMessage('{}document-0000001[]'); 0",
        crate::common::KEY
    ));
    view.wait("Refused", |event| match event {
        HostEvent::Refused { refusal, .. } => {
            assert_eq!(*refusal, auroraview_host_api::Refusal::Origin);
            Some(())
        }
        HostEvent::Posted { frame, .. } => panic!("posted {frame}"),
        _ => None,
    });
    view.close();
}

#[test]
fn failed_loads_are_reported_and_the_view_goes_on() {
    let _turn = turn();
    let view = View::open_html("");
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}/", listener.local_addr().expect("an address"))
    };
    // What is no address at all never comes to the engine, and the old document stays.
    for (url, has_error_page) in [
        (closed.as_str(), true),
        ("no address", false),
        ("http://", false),
        ("foo://bar", true),
    ] {
        view.load(Source::Url(url.into()), &[]);
        let failed = view.wait("LoadFailed", |event| match event {
            HostEvent::LoadFailed { url, .. } => Some(url.clone()),
            HostEvent::Loaded { url, .. } => panic!("loaded {url}"),
            _ => None,
        });
        assert_eq!(failed.trim_end_matches('/'), url.trim_end_matches('/'));
        // The error page is a document that scripts can run in, without the bridge.
        if !has_error_page {
            continue;
        }
        let (shown, bridge) = view.committed();
        assert_eq!((shown.as_str(), bridge), (failed.as_str(), false));
        assert_eq!(view.loaded(), failed);
        assert_eq!(view.value("typeof auroraview"), r#""undefined""#);
    }
    view.load(html("<p>again</p>"), &[]);
    view.wait("Loaded", |event| match event {
        HostEvent::Loaded { url, .. } => {
            assert_eq!(*url, format!("{}/", view.origin));
            Some(())
        }
        _ => None,
    });
    assert_eq!(view.value("document.body.textContent"), r#""again""#);
    view.close();
}

#[test]
fn a_load_without_a_document_leaves_the_old_one_its_bridge() {
    let _turn = turn();
    let other = Server::start().page("/", "other");
    let server = Server::start()
        .answer("/nothing", "204 No Content", "", "")
        .answer(
            "/file",
            "200 OK",
            "Content-Type: application/octet-stream\r\n",
            "x",
        )
        .redirect("/sent", "/nothing");
    let old = Server::start().page("/old", "<p>old</p>");
    let view = View::open(options(Source::Url(old.url("/old"))));
    for path in ["/nothing", "/file", "/sent"] {
        view.load(Source::Url(server.url(path)), &[]);
        // Posted while the load is under way, or right after it: both are heard.
        let posting = format!(
            "webkit.messageHandlers.ipc.postMessage('{}document-0000001[\"{path}\"]'); 0",
            crate::common::KEY
        );
        view.send_eval(&posting);
        let (mut failed, mut posted) = (None, false);
        while failed.is_none() || !posted {
            view.wait("LoadFailed and Posted", |event| match event {
                HostEvent::LoadFailed { url, message, .. } => {
                    failed = Some((url.clone(), message.clone()));
                    Some(())
                }
                HostEvent::Posted { frame, .. } if frame.contains(path) => {
                    posted = true;
                    Some(())
                }
                HostEvent::Refused { refusal, .. } => panic!("refused: {refusal:?}"),
                HostEvent::Committed { url, .. } => panic!("{url} is shown"),
                _ => None,
            });
        }
        let (_, message) = failed.expect("LoadFailed");
        assert_eq!(message, "no document came of it");
        assert_eq!(view.value("document.body.textContent"), r#""old""#);
        view.send_eval(&posting);
        view.posted(path);
    }
    // What was allowed for the loads alone is allowed no more, and a newer order ends an older one silently.
    view.load(Source::Url(other.url("/")), &[]);
    view.load(html("<p>new</p>"), &[]);
    view.wait("Loaded", |event| match event {
        HostEvent::Loaded { url, .. } => (*url == format!("{}/", view.origin)).then_some(()),
        HostEvent::LoadFailed { url, .. } => panic!("{url} failed"),
        _ => None,
    });
    for address in [server.url("/nothing"), old.url("/old"), other.url("/")] {
        view.value(&format!(
            "setTimeout(() => {{ location.href = {address:?} }}); 0"
        ));
        let sent = view.wait("OpenExternal", |event| match event {
            HostEvent::OpenExternal { url, .. } => Some(url.clone()),
            HostEvent::Committed { url, .. } => panic!("{url} is shown"),
            _ => None,
        });
        assert_eq!(sent, address);
    }
    view.close();
}

#[test]
fn a_killed_web_process_is_reported_and_reload_revives_the_page() {
    let _turn = turn();
    let page = "<script>auroraview.call('x').catch(() => {})</script><p>alive</p>";
    let view = View::open_only(options(html(page)));
    let (document, _) = view.posted("hello");
    view.loaded();
    let lost = view.send_eval("new Promise(() => {})");
    view.value("1");
    let process = web_process();
    // SAFETY: a signal to a child of this process.
    assert_eq!(unsafe { libc::kill(process, libc::SIGKILL) }, 0);
    assert_eq!(view.evaluated(lost), Err(EvalError::Gone));
    view.expect(&HostEvent::Crashed {
        view: view.id,
        reason: "crashed".into(),
    });
    view.deliver(&document, "to nobody");
    assert_eq!(view.eval("1"), Err(EvalError::Gone));
    send(&HostCommand::Screenshot {
        view: view.id,
        painted: false,
        request: 7,
    });
    view.wait("Screenshot", |event| match event {
        HostEvent::Screenshot { result, .. } => {
            assert!(result.is_err());
            Some(())
        }
        _ => None,
    });
    send(&HostCommand::Reload { view: view.id });
    view.posted("hello");
    view.loaded();
    assert_eq!(view.value("document.body.textContent"), r#""alive""#);
    view.close();
}

/// The newest web process among the descendants of this process.
fn web_process() -> i32 {
    poll("a web process", || web_processes().into_iter().max())
}

pub(crate) fn web_processes() -> Vec<i32> {
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("proc").flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse::<i32>() else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let Some((name, rest)) = stat.rsplit_once(") ") else {
            continue;
        };
        let mut fields = rest.split(' ');
        let state = fields.next();
        if name.contains("WebKitWebPr") && fields.next() == Some(&own) && state != Some("Z") {
            found.push(id);
        }
    }
    found
}

#[test]
fn data_is_kept_in_a_data_directory_and_views_on_it_share_an_origin() {
    let _turn = turn();
    let data = tempfile::tempdir().expect("a directory");
    let site = tempfile::tempdir().expect("a directory");
    fs::write(site.path().join("index.html"), "<p>page</p>").expect("a file");
    let kept = |source: Source| {
        let mut options = options(source);
        options.data_directory = Some(data.path().to_str().expect("UTF-8").into());
        View::open(options)
    };
    let first = kept(directory(site.path(), "index.html"));
    first.value("localStorage.setItem('n', '1'); 0");
    let origin = first.origin.clone();
    first.close();
    let second = kept(directory(site.path(), "index.html"));
    assert_eq!(second.origin, origin);
    assert_eq!(second.value("localStorage.getItem('n')"), r#""1""#);
    let a = kept(html("<p>a</p>"));
    let b = kept(html("<p>b</p>"));
    assert_eq!(a.origin, b.origin);
    assert_eq!(a.value("fetch('/').then((r) => r.text())"), r#""<p>a</p>""#);
    assert_eq!(b.value("fetch('/').then((r) => r.text())"), r#""<p>b</p>""#);
    let private = View::open_html("");
    assert_eq!(private.value("localStorage.length"), "0");
    for view in [second, a, b, private] {
        view.close();
    }
}

#[test]
fn an_iframe_gets_no_bridge() {
    let _turn = turn();
    let view = View::open_html("<iframe srcdoc='<p>inner</p>'></iframe>");
    let inner = "document.querySelector('iframe').contentWindow";
    assert_eq!(
        view.value(&format!("typeof {inner}.auroraview")),
        r#""undefined""#
    );
    assert_eq!(view.value(&format!("typeof {inner}.ipc")), r#""undefined""#);
    assert_eq!(view.value("typeof auroraview"), r#""object""#);
    view.close();
}

#[test]
fn addresses_with_a_number_for_a_host_get_the_bridge() {
    let _turn = turn();
    let servers = [Some(Server::start()), Server::start_v6()];
    for server in servers.into_iter().flatten() {
        let server = server.page("/", "<p>hi</p>");
        let view = View::open(options(Source::Url(server.url("/"))));
        assert_eq!(
            view.value("typeof auroraview"),
            r#""object""#,
            "{}",
            server.origin
        );
        view.close();
    }
}
