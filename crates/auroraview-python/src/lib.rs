//! `auroraview._core`: a thin shell between the pure crates and the Python package.
//!
//! Raw and positional on purpose; `python/auroraview` gives it names, keywords, types and documentation.
//! One concept a file:
//!
//! * [`convert`]: Python values to the wire and back
//! * [`signature`]: do the parameters of a call fit a handler
//! * [`lane`], [`turns`]: the queues from which Python threads take work; [`notice`]: what they are told, [`gate`]: how
//!   much of it may wait
//! * [`job`]: one run of one handler
//! * [`dispatcher`]: what is bound, where messages go; [`bridge`] is its Python side
//! * [`peer`]: a session with a transport; [`memory`], [`view`] and [`served`] are the transports; [`fast_lane`]: the
//!   way of a view's frames past the GUI thread; [`clock`]: when coalesced events leave
//! * [`buffer`]: memory that a page keeps a copy of
//! * [`host`]: where windows live; [`child`]: processes; [`logging`]: log lines to Python

mod bridge;
mod buffer;
mod child;
mod clock;
mod convert;
mod dispatcher;
mod error;
mod fast_lane;
mod gate;
mod host;
mod job;
mod lane;
mod logging;
mod memory;
mod notice;
mod peer;
mod served;
mod signature;
mod turns;
mod view;

use pyo3::prelude::*;

/// The compiled half of AuroraView. Use the `auroraview` package instead.
#[pymodule]
mod _core {
    #[pymodule_export]
    use super::bridge::Bridge;
    #[pymodule_export]
    use super::buffer::{Buffer, new_buffer};
    #[pymodule_export]
    use super::child::Child;
    #[pymodule_export]
    use super::clock::Clock;
    #[pymodule_export]
    use super::convert::{Array, dumps, loads};
    #[pymodule_export]
    use super::host::{host_guest_thread, host_shut_down, host_start};
    #[pymodule_export]
    use super::job::Job;
    #[pymodule_export]
    use super::lane::{Lane, main_lane, notice_lane};
    #[pymodule_export]
    use super::logging::set_logger;
    #[pymodule_export]
    use super::memory::Memory;
    #[pymodule_export]
    use super::peer::Peer;
    #[pymodule_export]
    use super::served::{Connection, FilePart, Server, Sessions, Site};
    #[pymodule_export]
    use super::turns::Turns;
    #[pymodule_export]
    use super::view::View;

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

/// Locks, also when another thread panicked while it held the lock: what we guard is valid between any two statements.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
