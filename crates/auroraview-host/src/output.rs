//! The one way out: events of this thread's windows go to the function the loop was started with.
//!
//! Also the wall against panics: a panic that reached a GLib callback would abort the application around us, so every
//! callback runs inside [`shielded`].

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use auroraview_host_api::{HostEvent, LogLevel};

type Sink = Rc<dyn Fn(HostEvent)>;

thread_local! {
    /// Never dropped: what happens while the program ends still asks for it.
    static SINK: ManuallyDrop<RefCell<Option<Sink>>> = const { ManuallyDrop::new(RefCell::new(None)) };
    static EMITTING: Cell<bool> = const { Cell::new(false) };
}

/// Sets the function for this thread, the GUI thread.
pub(crate) fn set_sink(sink: impl Fn(HostEvent) + 'static) {
    SINK.with(|slot| *slot.borrow_mut() = Some(Rc::new(sink)));
}

/// Hands an event on. Must be called on the GUI thread.
pub(crate) fn emit(event: HostEvent) {
    let sink = SINK.with(|slot| slot.borrow().clone());
    if let Some(sink) = sink {
        let _emitting = Emitting(EMITTING.replace(true));
        sink(event);
    }
}

/// Holds what was the case before.
struct Emitting(bool);

impl Drop for Emitting {
    fn drop(&mut self) {
        EMITTING.set(self.0);
    }
}

/// Whether this thread is inside of the program's function, and so perhaps of a callback of GTK.
pub(crate) fn is_emitting() -> bool {
    EMITTING.get()
}

/// Writes a line to the program's log.
pub(crate) fn log(level: LogLevel, message: impl Into<String>) {
    emit(HostEvent::Log {
        level,
        message: message.into(),
    });
}

/// Runs `work`; when it panics, logs that and gives `otherwise`.
pub(crate) fn shielded<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => value,
        Err(panic) => {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                log(LogLevel::Error, format!("bug: {}", panic_text(&*panic)));
            }));
            otherwise
        }
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "panic without a text"
    }
}
