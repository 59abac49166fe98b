//! What a child is made of, and why none is made.
#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

mod support;

use std::ffi::OsString;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use auroraview_child::{Child, Exit, Prepared, Socket, Spec, Stdin};
use support::{LONG, Stage, ear, script};

fn error_of(spec: Spec) -> std::io::Error {
    Child::spawn(spec, ear().0).unwrap_err()
}

#[test]
fn what_cannot_run_says_why() {
    let missing = error_of(Spec::new("/nowhere/to/be/found", "missing"));
    assert_eq!(missing.raw_os_error(), Some(libc::ENOENT));
    let unnamed = error_of(Spec::new("auroraview-no-such-program", "unnamed"));
    assert_eq!(unnamed.raw_os_error(), Some(libc::ENOENT));
    let file = tempfile::NamedTempFile::new().unwrap();
    let closed = error_of(Spec::new(file.path(), "not executable"));
    assert_eq!(closed.raw_os_error(), Some(libc::EACCES));
}

#[test]
fn a_place_to_run_must_be_a_directory() {
    let in_place = |cwd: &std::path::Path| {
        let spec = Spec {
            cwd: Some(cwd.into()),
            ..Spec::new("/bin/pwd", "pwd")
        };
        Prepared::new(spec)
    };
    let missing = in_place("/nowhere".as_ref()).unwrap_err();
    assert_eq!(missing.raw_os_error(), Some(libc::ENOENT));
    let file = tempfile::NamedTempFile::new().unwrap();
    let no_directory = in_place(file.path()).unwrap_err();
    assert_eq!(no_directory.raw_os_error(), Some(libc::ENOTDIR));
    let (watch, heard) = ear();
    in_place("/usr".as_ref()).unwrap().spawn(watch).unwrap();
    assert!(format!("{:?}", heard.recv_timeout(LONG).unwrap()).contains("\"/usr\""));
}

#[test]
fn text_that_no_process_can_get_is_refused() {
    let spec = || Spec::new("/bin/true", "true");
    let line = |line: &str| Stdin::Line(line.into());
    let bad = [
        Spec {
            args: vec!["a\0b".into()],
            ..spec()
        },
        Spec {
            env: vec![("A=B".into(), None)],
            ..spec()
        },
        Spec {
            env: vec![("A".into(), Some("\0".into()))],
            ..spec()
        },
        Spec {
            cwd: Some("/\0".into()),
            ..spec()
        },
        Spec {
            stdin: line("two\nlines"),
            ..spec()
        },
        Spec {
            stdin: line(&"x".repeat(4096)),
            ..spec()
        },
    ];
    for spec in bad {
        let error = error_of(spec);
        assert_eq!(
            (error.kind(), error.raw_os_error()),
            (ErrorKind::InvalidInput, None)
        );
    }
}

#[test]
fn the_environment_is_ours_with_changes() {
    let path = std::env::var("PATH").unwrap();
    let set = |name: &str, value: Option<&str>| (name.into(), value.map(OsString::from));
    let stage = Stage::new(Spec {
        env: vec![
            set("NEW", Some("näw")),
            set("HOME", None),
            set("CARGO_PKG_NAME", Some("")),
        ],
        ..script(
            "echo \"$NEW|${HOME-gone}|$CARGO_PKG_NAME|$PATH\"",
            Stdin::Null,
        )
    });
    assert!(std::env::var("HOME").is_ok());
    assert_eq!(stage.line(), format!("näw|gone||{path}"));
}

#[test]
fn the_longest_line_reaches_the_child() {
    let line = "x".repeat(4095);
    let stage = Stage::new(script(
        "read line; echo $line; cat; exit 2",
        Stdin::Line(line.clone()),
    ));
    assert_eq!(stage.line(), line);
    // It stays open.
    assert_eq!(stage.child.exit(), None);
    stage.child.close_stdin();
    assert_eq!(stage.rest().1, Exit::Code(2));
}

#[test]
fn a_socket_has_the_same_number_in_the_child() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(LONG)).unwrap();
    let socket = Socket::new(theirs.into()).unwrap();
    let number = socket.number();
    let text = format!("read line <&{number}; echo \"heard $line\" >&{number}");
    let stage = Stage::new(Spec {
        args: vec!["-c".into(), text.into()],
        socket: Some(socket),
        // Others know numbers of one digit alone.
        ..Spec::new("bash", "bash")
    });
    ours.write_all(b"hello\n").unwrap();
    let mut answer = String::new();
    // To the end: nobody but the child had the other half.
    ours.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "heard hello\n");
    assert_eq!(stage.rest().1, Exit::Code(0));
}

#[test]
fn a_socket_does_not_hide_that_nothing_runs() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(LONG)).unwrap();
    let error = error_of(Spec {
        socket: Some(Socket::new(theirs.into()).unwrap()),
        ..Spec::new("/nowhere/to/be/found", "missing")
    });
    assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
    assert_eq!(ours.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn nothing_of_ours_leaks_into_a_child() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    // Without close-on-exec: what a host application is full of.
    // SAFETY: duplicates a descriptor of ours to a number that nobody has.
    let leaky = unsafe { libc::fcntl(ours.as_raw_fd(), libc::F_DUPFD, 200) };
    assert!(leaky >= 200);
    for socket in [None, Some(Socket::new(theirs.into()).unwrap())] {
        let mut expected: Vec<_> = ["0", "1", "2"].map(str::to_owned).into();
        expected.extend(socket.as_ref().map(|socket| socket.number().to_string()));
        expected.sort();
        let list = "for fd in /proc/$$/fd/*; do [ -e $fd ] && printf '%s ' ${fd##*/}; done";
        let stage = Stage::new(Spec {
            socket,
            ..script(list, Stdin::Null)
        });
        let line = stage.line();
        let mut found: Vec<_> = line.split_whitespace().collect();
        found.sort_unstable();
        assert_eq!(found, expected);
    }
    // SAFETY: made above, and known to nobody else.
    unsafe { libc::close(leaky) };
}

#[test]
fn a_child_leads_a_group_and_gets_signals_as_any_program() {
    // SAFETY: nothing in this process counts on SIGTERM; SIGPIPE is ignored in every Rust program already.
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
    let mut blocked = std::mem::MaybeUninit::uninit();
    // SAFETY: a set of ours is filled, then given to this thread alone, which asks the spawner.
    unsafe {
        libc::sigfillset(blocked.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, blocked.as_ptr(), std::ptr::null_mut());
    }
    let stage = Stage::new(script(
        "exec cat /proc/self/stat /proc/self/status",
        Stdin::Null,
    ));
    let (lines, _) = stage.rest();
    let pid = stage.child.pid().to_string();
    let stat: Vec<_> = lines[0].1.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!(stat[2], pid, "its process group");
    let mask = |name: &str| {
        let line = lines
            .iter()
            .find_map(|(_, line)| line.strip_prefix(name))
            .unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    assert_eq!(mask("SigBlk:"), 0);
    for signal in [libc::SIGPIPE, libc::SIGTERM, libc::SIGCHLD] {
        assert_eq!(mask("SigIgn:") & (1 << (signal - 1)), 0, "signal {signal}");
    }
}
