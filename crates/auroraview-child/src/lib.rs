//! Child processes that never outlive their parent, and say what they say line by line.
//!
//! A [`Child`] is made from a [`Spec`]; what it writes and how it ends is told to a [`Watch`]. Whatever becomes of the
//! parent, the child ends with it: all children are spawned by one thread that never ends, because the kernel sends the
//! parent-death signal when the *thread* that spawned goes. Every child leads a process group of its own, is always
//! reaped, and is asked to end before it is killed: end of file on its standard input, then `SIGTERM`, then `SIGKILL`.
//!
//! What the kernel does not do: the parent-death signal is for the child alone. Processes that the child starts live on
//! when the parent is killed, unless they heed the end of their standard input or of a socket. A set-user-id program
//! loses the signal as well.
//!
//! Linux only. No Python, no webview.

mod child;
mod exit;
mod lines;
mod prepare;
mod process;
mod reader;
mod spawner;
mod spec;
mod tail;

pub use child::Child;
pub use exit::Exit;
pub use lines::LINE_LIMIT;
pub use prepare::Prepared;
pub use spec::{Output, Socket, Spec, Stdin, Watch};

/// Locks, also when another thread panicked while it held the lock: what we guard is valid between any two statements.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
