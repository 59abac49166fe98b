//! The way to the thread that owns every window: a queue of commands.
//!
//! Commands are queued under a lock and an idle source of high priority obeys them on that thread, in order. A command may
//! run a loop inside of it (a dialog); the source that is attached for what waits goes on there. An idle loop wakes nobody.
//!
//! Where a loop of the application drives GTK, its thread sends commands too, and that loop may not be running (before it
//! begins, after it has ended, or while the thread waits for what it sent). So what that thread sends is obeyed before
//! `send` returns; only when one is being obeyed, or an event being told, does it wait its turn. Which thread and which
//! loop that is: [`drive`].

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use auroraview_host_api::{HostCommand, HostEvent};
use gtk::glib;

use crate::output::{is_emitting, shielded};
use crate::{HostError, drive, view};

/// The GUI loop of this process. Clones are the same loop.
#[derive(Clone, Default)]
pub struct GuiLoop {
    queue: Arc<Mutex<Queue>>,
    /// The thread of the application's loop, when that drives GTK.
    application: Option<ThreadId>,
}

/// Commands on their way to the GUI thread.
#[derive(Default)]
struct Queue {
    commands: VecDeque<Queued>,
    /// How many of them their sender waits for.
    awaited: usize,
    /// A source that drains is attached and has not begun.
    scheduled: bool,
}

struct Queued {
    command: HostCommand,
    /// Sent on the thread of the application's loop.
    awaited: bool,
}

thread_local! {
    static OBEYING: Cell<bool> = const { Cell::new(false) };
}

impl GuiLoop {
    /// Makes the loop ready and returns when commands are obeyed: in the loop of the application, when one drives GLib's
    /// default context already, in this thread or in another; else in one on a thread named `auroraview-gui`.
    ///
    /// `on_event` is called on that thread, in the order in which things happen; it must return soon.
    ///
    /// # Errors
    /// When it was called before, the application's loop does not run, or there is no display. After an error it may be
    /// called again.
    pub fn start(on_event: impl Fn(HostEvent) + Send + 'static) -> Result<Self, HostError> {
        Ok(Self {
            application: drive::start(on_event)?,
            ..Self::default()
        })
    }

    /// Makes the calling thread the one that owns the windows, for the life of the process; to be followed by
    /// [`Self::run`]. For programs that are nothing but windows.
    ///
    /// # Errors
    /// When it was called before, another loop drives GTK, or there is no display. After an error it may be called again.
    pub fn on_this_thread(on_event: impl Fn(HostEvent) + 'static) -> Result<Self, HostError> {
        drive::on_this_thread(on_event)?;
        Ok(Self::default())
    }

    /// Runs the loop on the thread that [`Self::on_this_thread`] was called on. It is left by ending the process.
    pub fn run(&self) {
        glib::MainLoop::new(None, false).run();
    }

    /// A loop of the application drives GTK; what its thread sends is obeyed before [`Self::send`] returns.
    pub fn is_in_application(&self) -> bool {
        self.application.is_some()
    }

    /// Hands a command over. Any thread; never blocks for longer than another sender holds the queue, but for what is
    /// obeyed at once on the thread of the application's loop.
    pub fn send(&self, command: HostCommand) {
        let awaited = self.application == Some(thread::current().id());
        let mut queue = self.lock();
        queue.commands.push_back(Queued { command, awaited });
        queue.awaited += usize::from(awaited);
        if awaited && !OBEYING.get() && !is_emitting() {
            drop(queue);
            self.drain_awaited();
        } else {
            self.schedule(queue);
        }
    }

    /// Attaches the source that drains, unless one is.
    fn schedule(&self, mut queue: MutexGuard<'_, Queue>) {
        if std::mem::replace(&mut queue.scheduled, true) {
            return;
        }
        drop(queue);
        let gui = self.clone();
        let drain = move || {
            gui.drain();
            glib::ControlFlow::Break
        };
        glib::idle_source_new(Some("auroraview-commands"), glib::Priority::HIGH, drain)
            .attach(Some(&glib::MainContext::default()));
    }

    /// Obeys what is there now; what comes meanwhile has a turn of its own, so that the loop gets to the rest too.
    fn drain(&self) {
        let waiting = {
            let mut queue = self.lock();
            queue.scheduled = false;
            queue.commands.len()
        };
        for _ in 0..waiting {
            if !self.obey_next(|_| true) {
                break;
            }
        }
    }

    /// Obeys as long as the sender on this thread waits, what others sent before included.
    fn drain_awaited(&self) {
        while self.obey_next(|queue| queue.awaited > 0) {}
    }

    /// Obeys one, if there is one and `more` says so.
    fn obey_next(&self, more: impl FnOnce(&Queue) -> bool) -> bool {
        let mut queue = self.lock();
        if !more(&queue) {
            return false;
        }
        let Some(Queued { command, awaited }) = queue.commands.pop_front() else {
            return false;
        };
        queue.awaited -= usize::from(awaited);
        if queue.commands.is_empty() {
            drop(queue);
        } else {
            // For a loop that runs inside of this command.
            self.schedule(queue);
        }
        let outer = OBEYING.replace(true);
        shielded((), || view::obey(command));
        OBEYING.set(outer);
        true
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;
    use crate::output::set_sink;

    /// A question to a view that is not open: answered at once.
    fn question(request: u64) -> HostCommand {
        HostCommand::Screenshot {
            view: 1,
            request,
            painted: true,
        }
    }

    /// Hands each answer on, and remembers it.
    fn hear(answered: impl Fn(u64) + 'static) -> Rc<RefCell<Vec<u64>>> {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let saw = seen.clone();
        set_sink(move |event| {
            if let HostEvent::Screenshot { request, .. } = event {
                saw.borrow_mut().push(request);
                answered(request);
            }
        });
        seen
    }

    /// The default context belongs to one test at a time.
    fn context() -> (MutexGuard<'static, ()>, glib::MainContext) {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        (turn, glib::MainContext::default())
    }

    #[test]
    fn a_loop_inside_of_a_command_goes_on_with_the_next_ones() {
        let (_turn, context) = context();
        let _owned = context.acquire().expect("no other test runs a loop");
        for application in [None, Some(thread::current().id())] {
            let gui = GuiLoop {
                application,
                ..GuiLoop::default()
            };
            let (sender, inner) = (gui.clone(), Cell::new(false));
            let seen = Rc::new(RefCell::new(Vec::new()));
            let saw = seen.clone();
            set_sink(move |event| {
                let HostEvent::Screenshot { request, .. } = event else {
                    return;
                };
                saw.borrow_mut().push(request);
                if request == 1 && !inner.replace(true) {
                    // As a dialog would; what is sent meanwhile is obeyed in it too, after the rest.
                    for request in 2..=4 {
                        sender.send(question(request));
                    }
                    while saw.borrow().len() < 4 {
                        glib::MainContext::default().iteration(true);
                    }
                    sender.send(question(5));
                }
            });
            gui.send(question(1));
            while seen.borrow().len() < 5 {
                context.iteration(true);
            }
            assert_eq!(*seen.borrow(), [1, 2, 3, 4, 5], "{application:?}");
        }
    }

    #[test]
    fn the_thread_of_the_applications_loop_is_obeyed_at_once_and_in_order() {
        let (_turn, _) = context();
        let gui = GuiLoop {
            application: Some(thread::current().id()),
            ..GuiLoop::default()
        };
        let sender = gui.clone();
        let seen = hear(move |request| {
            if request < 100 {
                // Nobody iterates here; these wait for the one that is obeyed, and not longer.
                sender.send(question(request + 100));
                sender.send(question(request + 200));
            }
        });
        let other = gui.clone();
        thread::spawn(move || other.send(question(101)))
            .join()
            .expect("it only sends");
        assert!(
            seen.borrow().is_empty(),
            "another thread waits for the loop"
        );
        gui.send(question(1));
        assert_eq!(*seen.borrow(), [101, 1, 101, 201]);
        gui.send(question(2));
        assert_eq!(seen.borrow()[4..], [2, 102, 202]);
    }
}
