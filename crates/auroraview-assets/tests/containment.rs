//! Nothing outside the served directory, and nothing that is not a regular file.
#![cfg(unix)]
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use auroraview_assets::{Assets, Request};
use proptest::prelude::*;
use tempfile::TempDir;

const SECRET: &[u8] = b"SECRET, outside of the served directory";

struct Site {
    base: TempDir,
    root: PathBuf,
}

/// `base/secret.txt`, `base/outside/secret.txt` and, between them, `base/root` with every kind of link to them.
fn site() -> Site {
    let base = tempfile::tempdir().unwrap();
    let root = base.path().join("root");
    let outside = base.path().join("outside");
    // Shares its name's beginning with the root, so that a comparison of texts would let it through.
    let sibling = base.path().join("root-sibling");
    for folder in [&root.join("sub/deep"), &outside, &sibling] {
        fs::create_dir_all(folder).unwrap();
    }
    for folder in [base.path(), &outside, &sibling] {
        fs::write(folder.join("secret.txt"), SECRET).unwrap();
        fs::write(folder.join("index.html"), SECRET).unwrap();
    }
    fs::write(root.join("index.html"), "inside").unwrap();
    fs::write(root.join("sub/inside.txt"), "inside").unwrap();
    symlink("../secret.txt", root.join("link.txt")).unwrap();
    symlink(outside.join("secret.txt"), root.join("sub/absolute.txt")).unwrap();
    symlink("../outside", root.join("out")).unwrap();
    symlink(&sibling, root.join("sibling")).unwrap();
    symlink("link.txt", root.join("chain.txt")).unwrap();
    symlink("sub/inside.txt", root.join("good.txt")).unwrap();
    symlink("sub", root.join("alias")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink("nowhere", root.join("dangling.txt")).unwrap();
    Site { base, root }
}

fn get(assets: &Assets, path: &str, accepts_html: bool) -> (u16, Vec<u8>) {
    let response = assets.respond(&Request {
        method: "GET",
        path,
        range: None,
        if_range: None,
        if_none_match: None,
        accepts_html,
    });
    (response.status, response.body.read_all().unwrap())
}

#[test]
fn symlinks_that_stay_inside_are_followed() {
    let site = site();
    let assets = Assets::new(&site.root).unwrap();
    for path in ["/good.txt", "/alias/inside.txt"] {
        assert_eq!(
            get(&assets, path, false),
            (200, b"inside".to_vec()),
            "{path}"
        );
    }
}

#[test]
fn symlinks_that_lead_out_are_not_there() {
    let site = site();
    let assets = Assets::new(&site.root).unwrap();
    let paths = [
        "/link.txt",
        "/chain.txt",
        "/sub/absolute.txt",
        "/out/secret.txt",
        "/sibling/secret.txt",
        "/dangling.txt",
    ];
    for path in paths {
        assert_eq!(get(&assets, path, true).0, 404, "{path}");
    }
    for path in ["/out/", "/out", "/sibling/"] {
        let (status, body) = get(&assets, path, false);
        assert_eq!(status, 404, "{path}");
        assert!(!body.starts_with(b"SECRET"), "{path}");
    }
}

#[test]
fn a_root_that_is_a_symlink_serves_what_it_points_to() {
    let site = site();
    let link = site.base.path().join("link-to-root");
    symlink(&site.root, &link).unwrap();
    assert_eq!(
        get(&Assets::new(&link).unwrap(), "/sub/inside.txt", false).0,
        200
    );
}

#[test]
fn a_loop_of_symlinks_is_an_error_and_no_hang() {
    let site = site();
    let (status, _) = get(&Assets::new(&site.root).unwrap(), "/loop", false);
    assert!((400..600).contains(&status), "{status}");
}

#[test]
fn special_files_are_not_there_and_nobody_waits_for_them() {
    let site = site();
    let fifo = site.root.join("pipe.txt");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let _socket = UnixListener::bind(site.root.join("socket.txt")).unwrap();
    symlink("/dev/zero", site.root.join("zero.txt")).unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let assets = Assets::new(&site.root).unwrap();
        for path in ["/pipe.txt", "/socket.txt", "/zero.txt"] {
            sender.send((path, get(&assets, path, false).0)).unwrap();
        }
        drop(site);
    });
    for _ in 0..3 {
        let (path, status) = receiver
            .recv_timeout(Duration::from_secs(10))
            .expect("an answer");
        assert_eq!(status, 404, "{path}");
    }
}

#[test]
fn a_file_without_permission_is_forbidden() {
    let site = site();
    let file = site.root.join("locked.txt");
    fs::write(&file, "locked").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let may_read_all = fs::read(&file).is_ok();
    let expected = if may_read_all { 200 } else { 403 };
    assert_eq!(
        get(&Assets::new(&site.root).unwrap(), "/locked.txt", false).0,
        expected
    );
}

fn segment() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "..",
        ".",
        "",
        "secret.txt",
        "index.html",
        "root",
        "root-sibling",
        "outside",
        "sub",
        "deep",
        "alias",
        "out",
        "sibling",
        "link.txt",
        "chain.txt",
        "absolute.txt",
        "inside.txt",
        "%2e%2e",
        ".%2E",
        "%252e%252e",
        "..%2f",
        "%2e%2e%2fsecret.txt",
        "..%5csecret.txt",
        "..\\secret.txt",
        "%c0%ae%c0%ae",
        "..%00",
        "secret.txt%00.html",
        "..;",
        "....",
        "%",
        "%zz",
        "?",
        "#",
        "~",
        "*",
        "\u{ff0e}\u{ff0e}",
        "file:",
        "C:",
        "/etc/passwd",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => any::<String>(), 1 => "[.%/\\\\2ef0-9a-z?#]{0,8}"]
}

proptest! {
    // Enough to meet every single link of the site several times.
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_path_reaches_a_file_outside(
        segments in prop::collection::vec(segment(), 0..5),
        absolute in prop::bool::weighted(0.1),
        slash in prop::bool::weighted(0.9),
        html in any::<bool>(),
    ) {
        thread_local!(static SITE: Site = site());
        SITE.with(|site| {
            let mut path = segments.join("/");
            if absolute {
                // The real place of the secret, spelled out.
                path = format!("{}/{path}", site.base.path().display());
            }
            if slash {
                path.insert(0, '/');
            }
            let (_, body) = get(&Assets::new(&site.root).unwrap(), &path, html);
            let leaks = body.windows(SECRET.len()).any(|window| window == SECRET);
            prop_assert!(!leaks, "{path} leaks");
            Ok(())
        })?;
    }
}
