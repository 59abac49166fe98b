//! A running shell, what it says, and how it ends.

use std::io::{BufRead, BufReader};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::display;

/// No single wait of a test is longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

static DISPLAY: LazyLock<()> = LazyLock::new(display::ensure);
static TURN: Mutex<()> = Mutex::new(());

/// Waits for this test's turn: windows share a screen.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    LazyLock::force(&DISPLAY);
    turn
}

/// The program, with nothing of these tests' environment that it would heed.
pub(crate) fn shell() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auroraview-shell"));
    for name in [
        "AURORAVIEW_URL",
        "AURORAVIEW_SECRET",
        "AURORAVIEW_SECRET_VIA",
    ] {
        command.env_remove(name);
    }
    command
}

/// A shell that runs; killed when dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    lines: Receiver<String>,
}

impl Process {
    /// Starts it; `socket` is its descriptor 3.
    pub(crate) fn start(mut command: Command, socket: Option<OwnedFd>) -> Self {
        command.stderr(Stdio::piped());
        let given = socket.as_ref().map(AsRawFd::as_raw_fd);
        // SAFETY: system calls only between fork and exec.
        unsafe {
            command.pre_exec(move || {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                match given {
                    Some(3) => libc::fcntl(3, libc::F_SETFD, 0),
                    Some(socket) => libc::dup2(socket, 3),
                    None => 0,
                };
                Ok(())
            });
        }
        let mut child = command.spawn().expect("the shell starts");
        let stderr = child.stderr.take().expect("a pipe");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line on stderr that contains `part`.
    pub(crate) fn line(&self, part: &str) -> String {
        let end = Instant::now() + PATIENCE;
        let mut passed = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(part) => return line,
                Ok(line) => passed.push(line),
                Err(_) => panic!("no line with {part:?}; instead came {passed:#?}"),
            }
        }
    }

    pub(crate) fn signal(&self, signal: i32) {
        send_signal(self.id(), signal);
    }

    /// Waits for its end; its status, negative for a signal.
    pub(crate) fn status(&mut self) -> i32 {
        let status = poll("the end of the shell", || {
            self.child.try_wait().expect("it is ours")
        });
        status
            .code()
            .unwrap_or_else(|| -status.signal().expect("one of both"))
    }

    /// The same, with a bound on the time from now on.
    pub(crate) fn status_within(&mut self, limit: Duration) -> i32 {
        let start = Instant::now();
        let status = self.status();
        let took = start.elapsed();
        assert!(took < limit, "it took {took:?} to end");
        status
    }

    /// Its own processes: those of the web engine, and theirs.
    pub(crate) fn descendants(&self) -> Vec<u32> {
        let all: Vec<(u32, u32)> = processes()
            .filter_map(|id| Some((id, parent(id)?)))
            .collect();
        let mut found = vec![self.id()];
        let mut at = 0;
        while let Some(&one) = found.get(at) {
            let children = all.iter().filter(|(_, parent)| *parent == one);
            found.extend(children.map(|(id, _)| id));
            at += 1;
        }
        found.split_off(1)
    }

    /// The processes that run pages.
    pub(crate) fn web_processes(&self) -> Vec<u32> {
        let mut all = self.descendants();
        all.retain(|id| read(*id, "comm").is_some_and(|name| name.starts_with(b"WebKitWebProces")));
        all
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn send_signal(process: u32, signal: i32) {
    // SAFETY: numbers only; the process is one of ours that was not waited for yet.
    unsafe { libc::kill(process.try_into().expect("a process id"), signal) };
}

/// A file of a process in `/proc`; `None` when it is gone or not ours to read.
pub(crate) fn read(process: u32, file: &str) -> Option<Vec<u8>> {
    std::fs::read(format!("/proc/{process}/{file}")).ok()
}

/// The process is there and no zombie.
pub(crate) fn lives(process: u32) -> bool {
    read(process, "cmdline").is_some_and(|line| !line.is_empty())
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").expect("a list of processes");
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(process: u32) -> Option<u32> {
    let stat = String::from_utf8_lossy(&read(process, "stat")?).into_owned();
    // The name before it, in parentheses, may hold spaces.
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(1)?.parse().ok()
}

/// Titles of the windows on the screen.
pub(crate) fn titles() -> Vec<String> {
    let xprop = |arguments: &[&str]| {
        let output = Command::new("xprop")
            .args(arguments)
            .output()
            .expect("xprop is installed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let list = xprop(&["-root", "_NET_CLIENT_LIST"]);
    let windows = list
        .split(['#', ','])
        .skip(1)
        .map(str::trim)
        .filter(|id| !id.is_empty());
    let title = |id| {
        let text = xprop(&["-id", id, "_NET_WM_NAME"]);
        Some(
            text.split_once(" = \"")?
                .1
                .trim_end()
                .trim_end_matches('"')
                .to_owned(),
        )
    };
    windows.filter_map(title).collect()
}

/// Looks until `found` finds something; for what the system tells only when asked.
pub(crate) fn poll<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
