//! An X server and a window manager for tests, where there is no display.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

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

fn start() -> String {
    let (mut reads, writes) = std::io::pipe().expect("a pipe");
    let mut server = Command::new("Xvfb");
    server.args(["-screen", "0", "1024x768x24", "-nolisten", "tcp", "-displayfd", "1"]);
    server.stdout(writes);
    run(server);
    let mut number = String::new();
    let mut byte = [0];
    while reads.read(&mut byte).expect("Xvfb tells its display") == 1 && byte != *b"\n" {
        number.push(char::from(byte[0]));
    }
    let display = format!(":{}", number.trim());
    let mut manager = Command::new("openbox");
    manager.arg("--sm-disable").env("DISPLAY", &display).stdout(Stdio::null());
    run(manager);
    super::poll("a window manager", || {
        let property = Command::new("xprop")
            .args(["-root", "-display", &display, "_NET_SUPPORTING_WM_CHECK"])
            .output()
            .ok()?;
        String::from_utf8_lossy(&property.stdout).contains("window id").then_some(())
    });
    let _ = reads.as_raw_fd();
    display
}

/// Starts a child that is killed when this process ends, however it ends.
fn run(mut command: Command) -> Child {
    command.stderr(Stdio::null()).stdin(Stdio::null());
    // SAFETY: only one system call is made between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    command.spawn().expect("Xvfb and openbox are installed")
}
