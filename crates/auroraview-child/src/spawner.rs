//! The thread that spawns, and never ends.
//!
//! The kernel sends the parent-death signal when the thread that forked ends, not when its process does: a child spawned
//! by a worker of the application would die with that worker.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use crate::lock;

type Task = Box<dyn FnOnce() + Send>;

/// With the process it is of: after a fork there is no thread behind it.
static SPAWNER: Mutex<Option<(u32, Sender<Task>)>> = Mutex::new(None);

/// Runs a function on the thread, and waits for it.
pub(crate) fn run<T: Send + 'static>(
    task: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (answer, answered) = channel();
    let task = Box::new(move || {
        // Nobody waits no more: cannot be, see below.
        let _ = answer.send(task());
    });
    spawner()?
        .send(task)
        .map_err(|_| io::Error::other("the thread that spawns is gone"))?;
    answered
        .recv()
        .map_err(|_| io::Error::other("the thread that spawns failed"))?
}

fn spawner() -> io::Result<Sender<Task>> {
    let mut spawner = lock(&SPAWNER);
    let here = std::process::id();
    if let Some((process, sender)) = &*spawner
        && *process == here
    {
        return Ok(sender.clone());
    }
    let (sender, tasks) = channel::<Task>();
    thread::Builder::new()
        .name("auroraview-spawner".into())
        .spawn(move || {
            for task in tasks {
                // Were it to end, every child would be killed.
                let _ = catch_unwind(AssertUnwindSafe(task));
            }
        })?;
    *spawner = Some((here, sender.clone()));
    Ok(sender)
}
