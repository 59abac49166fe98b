//! Files over real HTTP.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use std::fs;
use std::io::Read;

use auroraview_server::{Options, Site};
use support::{Answer, Stage, options};
use tempfile::TempDir;

const SCRIPT: &str = "console.log('a script that is long enough to be compressed');\n";

fn stage(csp: Option<&str>) -> (Stage, TempDir) {
    let directory = TempDir::new().unwrap();
    let root = directory.path().join("site");
    fs::create_dir_all(root.join("sub")).unwrap();
    fs::write(directory.path().join("secret.txt"), "secret").unwrap();
    fs::write(root.join("index.html"), "<!DOCTYPE html><p>hello").unwrap();
    fs::write(root.join("sub/index.html"), "<p>sub").unwrap();
    fs::write(root.join("app.js"), SCRIPT.repeat(100)).unwrap();
    fs::write(root.join("small.js"), "1").unwrap();
    fs::write(root.join("image.png"), vec![7; 5000]).unwrap();
    fs::write(root.join("large.bin"), large()).unwrap();
    fs::write(root.join("large.txt"), SCRIPT.repeat(30_000)).unwrap();
    let site = Site::new(Some(root), csp, false).unwrap();
    (Stage::with_site(options(), site), directory)
}

fn large() -> Vec<u8> {
    (0..3_000_000_u32)
        .map(|number| (number % 251) as u8)
        .collect()
}

fn unzipped(answer: &Answer) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&answer.body[..])
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

#[test]
fn a_page_is_served_with_its_headers() {
    let (stage, _directory) = stage(Some("default"));
    let answer = stage.get("/", "Accept: text/html\r\n");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, b"<!DOCTYPE html><p>hello");
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(
        answer.header("cross-origin-resource-policy"),
        Some("same-origin")
    );
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"));
    assert!(policy.contains(&format!("ws://localhost:{}", stage.port())));
    assert_eq!(stage.get("/sub", "").status, 307);
    assert_eq!(stage.get("/sub/", "").body, b"<p>sub");
    assert_eq!(stage.get("/nothing.js", "").status, 404);
}

#[test]
fn the_policy_is_the_users_or_none() {
    let (custom, _directory) = stage(Some("default-src *"));
    assert_eq!(
        custom.get("/", "").header("content-security-policy"),
        Some("default-src *")
    );
    let (none, _directory) = stage(None);
    assert_eq!(none.get("/", "").header("content-security-policy"), None);
    let (strict, _directory) = stage(Some("strict"));
    assert!(
        !strict
            .get("/", "")
            .header("content-security-policy")
            .unwrap()
            .contains("unsafe")
    );
}

#[test]
fn the_browsers_script_is_always_there() {
    let stage = Stage::new(options());
    let answer = stage.get("/auroraview.js", "");
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(
        answer.header("cross-origin-resource-policy"),
        Some("cross-origin")
    );
    assert_eq!(
        answer.body.len().to_string(),
        answer.header("content-length").unwrap()
    );
    let etag = answer.header("etag").unwrap();
    let again = stage.get("/auroraview.js", &format!("If-None-Match: {etag}\r\n"));
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(stage.get("/", "").status, 404);
    assert_eq!(stage.get("/auroraview.ws", "").status, 426);
}

#[test]
fn nothing_outside_is_served() {
    let (stage, _directory) = stage(None);
    for path in [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/sub/../../secret.txt",
        "/sub/%2e%2e/%2e%2e/secret.txt",
        "//../secret.txt",
        "/..\\secret.txt",
        "/secret.txt",
        "/%00",
    ] {
        let answer = stage.get(path, "");
        assert!(
            (400..500).contains(&answer.status),
            "{path}: {}",
            answer.status
        );
        assert_ne!(answer.body, b"secret", "{path}");
    }
}

#[test]
fn foreign_names_and_pages_get_nothing() {
    let (stage, _directory) = stage(None);
    let with = |host: &str, more: &str| {
        stage
            .request(&format!(
                "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n"
            ))
            .status
    };
    let get_whole = |origin: &str, host: &str| {
        stage
            .request(&format!(
                "GET {origin}/small.js HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            ))
            .status
    };
    assert_eq!(with("localhost:PORT", ""), 200);
    assert_eq!(
        with("127.0.0.1:PORT", "Origin: http://localhost:PORT\r\n"),
        200
    );
    assert_eq!(with("evil.example:PORT", ""), 403);
    assert_eq!(
        with("localhost:PORT", "Origin: http://evil.example\r\n"),
        403
    );
    assert_eq!(with("localhost:PORT", "Origin: null\r\n"), 403);
    assert_eq!(stage.request("GET / HTTP/1.0\r\n\r\n").status, 403);
    // The host can be named in the first line, too.
    assert_eq!(get_whole("http://localhost:PORT", "localhost:PORT"), 200);
    assert_eq!(get_whole("http://evil.example", "localhost:PORT"), 403);
    assert_eq!(get_whole("http://localhost:PORT", "evil.example"), 403);
    assert_eq!(get_whole("http://me@localhost:PORT", "localhost:PORT"), 403);
}

#[test]
fn allowed_origins_may_read() {
    let site = Site::new(None, None, false).unwrap();
    let stage = Stage::with_site(
        Options {
            allow_origins: vec!["http://localhost:5173".into()],
            ..options()
        },
        site,
    );
    let answer = stage.get("/auroraview.js", "Origin: http://localhost:5173\r\n");
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("http://localhost:5173")
    );
    assert_eq!(
        stage
            .get("/auroraview.js", "")
            .header("access-control-allow-origin"),
        None
    );
}

#[test]
fn texts_are_compressed_for_who_wants_it() {
    let (stage, _directory) = stage(None);
    let plain = stage.get("/app.js", "");
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("vary"), Some("Accept-Encoding"));
    assert_eq!(plain.body, SCRIPT.repeat(100).as_bytes());

    for _ in 0..2 {
        let zipped = stage.get("/app.js", "Accept-Encoding: br;q=1, gzip;q=0.5\r\n");
        assert_eq!(zipped.header("content-encoding"), Some("gzip"));
        assert_eq!(zipped.header("accept-ranges"), None);
        assert!(zipped.body.len() < 1000);
        assert_eq!(
            zipped.body.len().to_string(),
            zipped.header("content-length").unwrap()
        );
        assert_eq!(unzipped(&zipped), plain.body);
        assert_ne!(zipped.header("etag"), plain.header("etag"));
    }
    let large = stage.get("/large.txt", "Accept-Encoding: gzip\r\n");
    assert_eq!(unzipped(&large), SCRIPT.repeat(30_000).as_bytes());
    for (path, accept) in [
        ("/app.js", "gzip;q=0"),
        ("/app.js", "br"),
        ("/small.js", "gzip"),
        ("/image.png", "gzip"),
    ] {
        let answer = stage.get(path, &format!("Accept-Encoding: {accept}\r\n"));
        assert_eq!(answer.header("content-encoding"), None, "{path} {accept}");
    }
}

#[test]
fn either_form_is_known_by_its_tag() {
    let (stage, _directory) = stage(None);
    for accept in ["", "Accept-Encoding: gzip\r\n"] {
        let first = stage.get("/app.js", accept);
        let etag = first.header("etag").unwrap();
        let again = stage.get("/app.js", &format!("{accept}If-None-Match: {etag}\r\n"));
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(again.header("etag"), Some(etag));
        assert_eq!(again.header("vary"), Some("Accept-Encoding"));
    }
    assert_eq!(
        stage.get("/app.js", "If-None-Match: \"other\"\r\n").status,
        200
    );
}

#[test]
fn parts_of_files_are_served_as_they_are() {
    let (stage, _directory) = stage(None);
    let part = stage.get("/app.js", "Accept-Encoding: gzip\r\nRange: bytes=10-19\r\n");
    assert_eq!((part.status, part.header("content-encoding")), (206, None));
    assert_eq!(part.body, &SCRIPT.as_bytes()[10..20]);
    let whole = stage.get("/app.js", "");
    let etag = whole.header("etag").unwrap();
    let same = stage.get(
        "/app.js",
        &format!("Range: bytes=0-1\r\nIf-Range: {etag}\r\n"),
    );
    assert_eq!(same.status, 206);
    for other in ["\"other\"", "W/\"other\"", "Wed, 21 Oct 2015 07:28:00 GMT"] {
        let changed = stage.get(
            "/app.js",
            &format!("Range: bytes=0-1\r\nIf-Range: {other}\r\n"),
        );
        assert_eq!(
            (changed.status, changed.body.len()),
            (200, whole.body.len()),
            "{other}"
        );
    }
    let large = large();
    let part = stage.get("/large.bin", "Range: bytes=1000000-2000000\r\n");
    assert_eq!(part.status, 206);
    assert!(part.body == large[1_000_000..=2_000_000]);
    assert!(stage.get("/large.bin", "").body == large);
    assert_eq!(
        stage.get("/large.bin", "Range: bytes=3000000-\r\n").status,
        416
    );
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let (stage, _directory) = stage(Some("default"));
    for path in [
        "/",
        "/app.js",
        "/large.bin",
        "/auroraview.js",
        "/nothing.js",
    ] {
        for accept in ["", "Accept-Encoding: gzip\r\n"] {
            let get = stage.get(path, accept);
            let head = stage.request(&format!(
                "HEAD {path} HTTP/1.1\r\nHost: localhost:PORT\r\nConnection: close\r\n{accept}\r\n"
            ));
            let plain = |answer: &Answer| {
                let mut headers = answer.headers.clone();
                headers.retain(|(name, _)| name != "date");
                headers
            };
            assert_eq!(head.status, get.status, "{path}");
            assert_eq!(plain(&head), plain(&get), "{path}");
            assert!(head.body.is_empty(), "{path}");
        }
    }
}

#[test]
fn other_methods_are_refused_and_their_bodies_not_awaited() {
    let (stage, _directory) = stage(None);
    for path in ["/", "/auroraview.js"] {
        let answer = stage.request(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost:PORT\r\nConnection: close\r\nContent-Length: 1000000000\r\n\r\n"
        ));
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("GET, HEAD"))
        );
    }
}
