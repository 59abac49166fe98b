//! A child as its owner has it.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::exit::Exit;
use crate::lock;
use crate::prepare::{Prepared, Spawned};
use crate::process::Process;
use crate::reader::Reader;
use crate::spec::{Spec, Watch};

/// How long a killed process may take to be gone.
const KILLED: Duration = Duration::from_secs(2);
/// What a child that was let go of has for each step.
const LET_GO: Duration = Duration::from_secs(1);

/// A running, or ended, process. All methods from any thread.
///
/// When the last handle is dropped, the child is asked to end, and killed two seconds later at the latest, in the
/// background.
pub struct Child {
    process: Arc<Process>,
}

impl Child {
    /// [`Prepared::new`] and [`Prepared::spawn`] in one.
    ///
    /// # Errors
    /// As theirs.
    pub fn spawn(spec: Spec, watch: Arc<dyn Watch>) -> io::Result<Arc<Child>> {
        Prepared::new(spec)?.spawn(watch)
    }

    /// Takes over a process that was just made.
    pub(crate) fn begin(spawned: Spawned, watch: Arc<dyn Watch>) -> io::Result<Arc<Child>> {
        let Spawned {
            mut process,
            stdin,
            name,
        } = spawned;
        let outputs = (process.stdout.take(), process.stderr.take());
        let shared = match (Pid::from_raw(process.id().cast_signed()), outputs) {
            (Some(pid), (Some(stdout), Some(stderr))) => {
                Process::new(pid, name, stdin).map(|shared| (Arc::new(shared), stdout, stderr))
            }
            _ => Err(io::Error::other("a process without a number or output")),
        };
        let (shared, stdout, stderr) = shared.inspect_err(|_| {
            // Nobody will watch over it, so it must not be. Nobody else knows of it, so it was not reaped.
            let _ = process.kill();
            let _ = process.wait();
        })?;
        if let Err(error) = start(&shared, watch, stdout.into(), stderr.into()) {
            shared.signal(Signal::KILL);
            shared.set_drained();
            shared.reap();
            return Err(error);
        }
        Ok(Arc::new(Child { process: shared }))
    }

    /// The number of the process; it may be another's once the child has ended.
    pub fn pid(&self) -> u32 {
        self.process.pid.as_raw_pid().cast_unsigned()
    }

    /// How the child ended; `None` while it runs.
    pub fn exit(&self) -> Option<Exit> {
        self.process.exit()
    }

    /// Waits for the end of the child; `None` when the time is up before. `None` as time waits forever.
    pub fn wait(&self, timeout: Option<Duration>) -> Option<Exit> {
        self.process.wait(timeout)
    }

    /// Closes the child's standard input: asks it to end.
    pub fn close_stdin(&self) {
        self.process.close_stdin();
    }

    /// Sends `SIGTERM` to the child's process group. What is left of the group when the child ends, is killed.
    pub fn terminate(&self) {
        self.process.signal(Signal::TERM);
    }

    /// Sends `SIGKILL` to the child's process group.
    pub fn kill(&self) {
        self.process.signal(Signal::KILL);
    }

    /// Asks the child to end and gives it the time `ask`; then `SIGTERM` and the time `terminate`; then `SIGKILL` and
    /// two seconds. `None`: not even that ended it (it hangs in the kernel).
    pub fn stop(&self, ask: Duration, terminate: Duration) -> Option<Exit> {
        stop(&self.process, ask, terminate)
    }

    /// The last lines of the child's standard error, or of its standard output if there were none: at most 20, and
    /// 4 KiB.
    pub fn tail(&self) -> String {
        lock(&self.process.tail).text()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.close_stdin();
        if self.exit().is_some() || !self.process.is_ours() {
            return;
        }
        let process = Arc::clone(&self.process);
        let stopper = thread::Builder::new().name("auroraview-stop".into());
        if let Err(error) = stopper.spawn(move || stop(&process, LET_GO, LET_GO)) {
            log::warn!("{}: killed at once: {error}", self.process.name);
            self.kill();
        }
    }
}

impl std::fmt::Debug for Child {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Child")
            .field("name", &self.process.name)
            .field("pid", &self.pid())
            .field("exit", &self.exit())
            .finish()
    }
}

fn stop(process: &Process, ask: Duration, terminate: Duration) -> Option<Exit> {
    process.close_stdin();
    process
        .wait(Some(ask))
        .or_else(|| {
            process.signal(Signal::TERM);
            process.wait(Some(terminate))
        })
        .or_else(|| {
            process.signal(Signal::KILL);
            process.wait(Some(KILLED))
        })
}

/// Starts the threads of a child.
fn start(
    process: &Arc<Process>,
    watch: Arc<dyn Watch>,
    stdout: OwnedFd,
    stderr: OwnedFd,
) -> io::Result<()> {
    let reader = Reader::new(Arc::clone(process), watch, stdout, stderr)?;
    let reaped = Arc::clone(process);
    thread::Builder::new()
        .name("auroraview-read".into())
        .spawn(move || reader.run())?;
    thread::Builder::new()
        .name("auroraview-wait".into())
        .spawn(move || reaped.reap())?;
    Ok(())
}
