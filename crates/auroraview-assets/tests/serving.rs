//! Real files in a temporary directory, asked for as a page would.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

use std::fs;
use std::path::Path;

use auroraview_assets::{Assets, Request, Response};
use tempfile::TempDir;

const PAGE: &str = "<p>home</p>";

fn site() -> (TempDir, Assets) {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("index.html", PAGE.as_bytes());
    write("app.js", b"0123456789");
    write("empty.txt", b"");
    write("docs/index.html", b"<p>docs</p>");
    write("bare/note.txt", b"note");
    write("a b/100% \u{e9}#?.txt", b"odd name");
    write("a:b/index.html", b"colon");
    let assets = Assets::new(root.path()).unwrap();
    (root, assets)
}

fn request(path: &str) -> Request<'_> {
    Request {
        method: "GET",
        path,
        range: None,
        if_range: None,
        if_none_match: None,
        accepts_html: false,
    }
}

fn navigation(path: &str) -> Request<'_> {
    Request {
        accepts_html: true,
        ..request(path)
    }
}

fn text(response: Response) -> String {
    String::from_utf8(response.body.read_all().unwrap()).unwrap()
}

#[test]
fn a_file_is_served_with_type_length_and_validator() {
    let (_root, assets) = site();
    let response = assets.respond(&request("/app.js?v=1"));
    assert_eq!(response.status, 200);
    assert_eq!(
        response.get("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(response.get("content-length"), Some("10"));
    assert_eq!(response.get("accept-ranges"), Some("bytes"));
    assert_eq!(response.get("x-content-type-options"), Some("nosniff"));
    assert_eq!(response.get("cache-control"), Some("no-cache"));
    assert!(response.get("etag").is_some());
    assert_eq!(text(response), "0123456789");
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let (_root, assets) = site();
    let head = assets.respond(&Request {
        method: "HEAD",
        range: Some("bytes=0-1"),
        ..request("/app.js")
    });
    let get = assets.respond(&request("/app.js"));
    assert_eq!((head.status, &head.headers), (200, &get.headers));
    assert_eq!(text(head), "");
    let missing = assets.respond(&Request {
        method: "HEAD",
        ..request("/no.js")
    });
    assert_eq!(missing.status, 404);
    assert_eq!(text(missing), "");
}

#[test]
fn other_methods_are_refused_with_what_is_allowed() {
    let (_root, assets) = site();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "get", ""] {
        let response = assets.respond(&Request {
            method,
            ..request("/app.js")
        });
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.get("Allow"), Some("GET, HEAD"));
    }
}

#[test]
fn a_directory_shows_its_index() {
    let (_root, assets) = site();
    for path in ["/", "", "/?x=1", "/index.html"] {
        assert_eq!(text(assets.respond(&request(path))), PAGE, "{path}");
    }
    assert_eq!(text(assets.respond(&request("/docs/"))), "<p>docs</p>");
}

#[test]
fn a_directory_without_its_slash_is_redirected_with_the_query() {
    let (_root, assets) = site();
    let response = assets.respond(&navigation("/docs?tab=2&x=%22"));
    assert_eq!(response.status, 307);
    assert_eq!(response.get("Location"), Some("./docs/?tab=2&x=%22"));
    assert!(text(response).contains("url=./docs/?tab=2&amp;x=%22"));
    let colon = assets.respond(&navigation("/a:b"));
    assert_eq!(
        colon.get("Location"),
        Some("./a:b/"),
        "a name must not read as a scheme"
    );
}

#[test]
fn a_page_without_a_file_is_the_single_page_application() {
    let (_root, assets) = site();
    for path in ["/users/7", "/settings/", "/bare/"] {
        let response = assets.respond(&navigation(path));
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(
            response.get("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(text(response), PAGE);
    }
    for path in ["/users/7.json", "/missing.js"] {
        assert_eq!(assets.respond(&navigation(path)).status, 404, "{path}");
    }
    assert_eq!(
        assets.respond(&request("/users/7")).status,
        404,
        "a script's fetch is told the truth"
    );
}

#[test]
fn a_missing_file_is_named_and_escaped() {
    let (root, assets) = site();
    let plain = text(assets.respond(&request("/no%20such.js")));
    assert_eq!(plain, "/no such.js is not in the served directory.\n");
    let response = assets.respond(&navigation("/%3Cscript%3Ealert(1)%3C%2fscript%3E.js"));
    assert_eq!(response.status, 400, "an encoded slash is no name");
    let response = assets.respond(&navigation("/%3Cimg%20onerror=%22x%22%3E.js"));
    assert_eq!(response.status, 404);
    assert_eq!(response.get("cache-control"), Some("no-store"));
    let html = text(response);
    assert!(
        html.contains("&lt;img onerror=&quot;x&quot;&gt;.js is not in the served directory"),
        "{html}"
    );
    assert!(
        !html.contains(&root.path().display().to_string()),
        "the disk is nobody's business"
    );
}

#[test]
fn a_root_without_an_index_says_so() {
    let empty = tempfile::tempdir().unwrap();
    let response = Assets::new(empty.path()).unwrap().respond(&navigation("/"));
    assert_eq!(response.status, 404);
    assert!(text(response).contains("/ has no index.html in the served directory"));
}

#[test]
fn a_file_has_nothing_below_it() {
    let (_root, assets) = site();
    for path in ["/app.js/", "/app.js/x.js"] {
        assert_eq!(assets.respond(&request(path)).status, 404, "{path}");
    }
}

#[test]
fn a_very_long_name_is_only_missing() {
    let (_root, assets) = site();
    let path = format!("/{}.js", "x".repeat(5000));
    assert_eq!(assets.respond(&request(&path)).status, 404);
}

#[test]
fn spaces_percent_signs_and_other_letters_are_names() {
    let (_root, assets) = site();
    let response = assets.respond(&request("/a%20b/100%25%20%C3%A9%23%3F.txt"));
    assert_eq!(response.status, 200);
    assert_eq!(text(response), "odd name");
}

#[test]
fn an_empty_file_is_a_file() {
    let (_root, assets) = site();
    let response = assets.respond(&request("/empty.txt"));
    assert_eq!(
        (response.status, response.get("Content-Length")),
        (200, Some("0"))
    );
    let ranged = assets.respond(&Request {
        range: Some("bytes=0-"),
        ..request("/empty.txt")
    });
    assert_eq!(
        (ranged.status, ranged.get("Content-Range")),
        (416, Some("bytes */0"))
    );
}

#[test]
fn one_range_is_a_part() {
    let (_root, assets) = site();
    for (range, content_range, body) in [
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=-3", "bytes 7-9/10", "789"),
        ("bytes=0-999", "bytes 0-9/10", "0123456789"),
    ] {
        let response = assets.respond(&Request {
            range: Some(range),
            ..request("/app.js")
        });
        assert_eq!(response.status, 206, "{range}");
        assert_eq!(response.get("Content-Range"), Some(content_range));
        assert_eq!(
            response.get("Content-Length"),
            Some(body.len().to_string().as_str())
        );
        assert_eq!(text(response), body);
    }
    let whole = assets.respond(&Request {
        range: Some("bytes=0-1,4-5"),
        ..request("/app.js")
    });
    assert_eq!((whole.status, text(whole)), (200, "0123456789".into()));
    let behind = assets.respond(&Request {
        range: Some("bytes=10-"),
        ..request("/app.js")
    });
    assert_eq!(
        (behind.status, behind.get("Content-Range")),
        (416, Some("bytes */10"))
    );
}

#[test]
fn a_large_file_is_handed_out_as_a_slice_of_itself() {
    let (root, assets) = site();
    let bytes: Vec<u8> = (0..3 * 1024 * 1024u32).map(|n| (n % 251) as u8).collect();
    fs::write(root.path().join("large.bin"), &bytes).unwrap();
    let whole = assets.respond(&request("/large.bin"));
    let etag = whole.get("ETag").unwrap().to_owned();
    assert!(matches!(
        whole.body,
        auroraview_assets::Body::File { start: 0, .. }
    ));
    assert_eq!(whole.body.read_all().unwrap(), bytes);
    let part = assets.respond(&Request {
        range: Some("bytes=1000-1999"),
        ..request("/large.bin")
    });
    assert_eq!(part.body.read_all().unwrap(), bytes[1000..2000]);
    let known = assets.respond(&Request {
        if_none_match: Some(&etag),
        ..request("/large.bin")
    });
    assert_eq!(known.status, 304);
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_is_an_error_and_not_a_short_answer() {
    let (root, assets) = site();
    let path = root.path().join("large.bin");
    fs::write(&path, vec![7; 2 * 1024 * 1024]).unwrap();
    let response = assets.respond(&request("/large.bin"));
    fs::write(&path, b"short").unwrap();
    let error = response.body.read_all().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_known_etag_is_not_sent_again_until_the_content_changes() {
    let (root, assets) = site();
    let etag = assets
        .respond(&request("/app.js"))
        .get("ETag")
        .unwrap()
        .to_owned();
    let list = format!("\"x\", W/{etag}");
    let again = Request {
        if_none_match: Some(&list),
        range: Some("bytes=0-1"),
        ..request("/app.js")
    };
    let response = assets.respond(&again);
    assert_eq!(
        (response.status, response.get("ETag")),
        (304, Some(etag.as_str()))
    );
    assert_eq!(response.get("Content-Length"), None);
    assert_eq!(text(response), "");
    // Same size, same second: only the content tells.
    fs::write(root.path().join("app.js"), b"9876543210").unwrap();
    assert_eq!(
        text(assets.respond(&Request {
            range: None,
            ..again
        })),
        "9876543210"
    );
}

#[test]
fn nothing_is_kept_in_debug_mode() {
    let (root, _) = site();
    let assets = Assets::new(root.path()).unwrap().debug(true);
    let response = assets.respond(&Request {
        if_none_match: Some("*"),
        ..request("/app.js")
    });
    assert_eq!(
        (response.status, response.get("Cache-Control")),
        (200, Some("no-store"))
    );
    assert_eq!(response.get("ETag"), None);
}

#[test]
fn the_root_must_be_a_directory() {
    let (root, _) = site();
    assert!(Assets::new(root.path().join("nowhere")).is_err());
    let error = Assets::new(root.path().join("app.js")).unwrap_err();
    assert!(
        error.to_string().contains("expected a directory"),
        "{error}"
    );
    assert!(Assets::new(Path::new(".")).unwrap().root().is_absolute());
}
