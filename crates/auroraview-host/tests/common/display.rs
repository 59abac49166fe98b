//! An X server and a window manager for tests, where there is no display.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

/// Makes sure that DISPLAY is set.
pub(crate) fn ensure() {
    if std::env::var_os("DISPLAY").is_some() {
        return;
    }
    let (started, is_started) = channel();
    // The children end with the thread that starts them, so it lives as long as the process.
    thread::spawn(move || {
        let display = start();
        started.send(display).expect("the test waits");
        loop {
            thread::park();
        }
    });
    let display = is_started.recv().expect("Xvfb and openbox are installed");
    // SAFETY: the first thing the tests do together, before any thread of GTK exists.
    unsafe { std::env::set_var("DISPLAY", &display) };
}

/// Tries again where another program took the same display at the same moment.
fn start() -> String {
    (0..5)
        .find_map(|_| try_start())
        .expect("Xvfb and openbox start")
}

fn try_start() -> Option<String> {
    let (mut reads, writes) = std::io::pipe().expect("a pipe");
    let mut server = Command::new("Xvfb");
    server.args([
        "-screen",
        "0",
        "1024x768x24",
        "-nolisten",
        "tcp",
        "-displayfd",
        "1",
    ]);
    server.stdout(writes);
    run(server);
    let mut number = String::new();
    let mut byte = [0];
    while reads.read(&mut byte).expect("Xvfb tells its display") == 1 && byte != *b"\n" {
        number.push(char::from(byte[0]));
    }
    let display = format!(":{}", number.parse::<u32>().ok()?);
    let mut manager = Command::new("openbox");
    manager
        .arg("--sm-disable")
        .env("DISPLAY", &display)
        .stdout(Stdio::null());
    run(manager);
    let end = Instant::now() + Duration::from_secs(5);
    while Instant::now() < end {
        let property = Command::new("xprop")
            .args(["-root", "-display", &display, "_NET_SUPPORTING_WM_CHECK"])
            .output()
            .expect("xprop is installed");
        if String::from_utf8_lossy(&property.stdout).contains("window id") {
            return Some(display);
        }
        thread::sleep(Duration::from_millis(20));
    }
    None
}

/// Starts a child that is asked to end when this process ends, however it ends.
fn run(mut command: Command) {
    command.stderr(Stdio::null()).stdin(Stdio::null());
    // SAFETY: only one system call is made between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
            Ok(())
        });
    }
    let mut child = command.spawn().expect("Xvfb and openbox are installed");
    thread::spawn(move || child.wait());
}
