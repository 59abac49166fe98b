//! The thread that owns every window, and the way to it.
//!
//! The loop is GLib's default main context, entered by a thread of our own, or by the main thread of a program that is
//! nothing but windows, and never left: GTK belongs to the first thread that uses it for the life of the process.
//! Commands are queued under a lock and an idle source of high priority obeys them, in order. A command may run a loop
//! inside of it (a dialog); the source that is attached for what waits goes on there. An idle loop wakes nobody.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use auroraview_host_api::{HostCommand, HostEvent};
use gtk::glib;

use crate::output::{set_sink, shielded};
use crate::{HostError, view};

static STARTED: Mutex<bool> = Mutex::new(false);

/// The GUI loop of this process. Clones are the same loop.
#[derive(Clone, Default)]
pub struct GuiLoop {
    queue: Arc<Mutex<Queue>>,
}

/// Commands on their way to the GUI thread.
#[derive(Default)]
struct Queue {
    commands: VecDeque<HostCommand>,
    /// A source that drains is attached and has not begun.
    scheduled: bool,
}

impl GuiLoop {
    /// Starts the loop on a thread named `auroraview-gui` and waits until it runs.
    ///
    /// `on_event` is called on that thread, in the order in which things happen; it must return soon.
    ///
    /// # Errors
    /// When the loop runs already, another loop drives GTK, or there is no display. After an error it may be called
    /// again.
    pub fn start(on_event: impl Fn(HostEvent) + Send + 'static) -> Result<Self, HostError> {
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        prepare(*started)?;
        let (ready, is_ready) = mpsc::channel();
        thread::Builder::new()
            .name("auroraview-gui".into())
            .spawn(move || run(on_event, &ready))?;
        is_ready.recv().map_err(|_| HostError::Died)??;
        *started = true;
        Ok(Self::default())
    }

    /// Makes the calling thread the one that owns the windows, for the life of the process; to be followed by
    /// [`Self::run`]. For programs that are nothing but windows.
    ///
    /// # Errors
    /// As of [`Self::start`].
    pub fn on_this_thread(on_event: impl Fn(HostEvent) + 'static) -> Result<Self, HostError> {
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        prepare(*started)?;
        begin(&glib::MainContext::default(), on_event)?;
        *started = true;
        Ok(Self::default())
    }

    /// Runs the loop on the thread that [`Self::on_this_thread`] was called on. It is left by ending the process.
    pub fn run(&self) {
        glib::MainLoop::new(None, false).run();
    }

    /// Queues a command. Any thread; never blocks for longer than another sender holds the queue.
    pub fn send(&self, command: HostCommand) {
        let mut queue = self.lock();
        queue.commands.push_back(command);
        self.schedule(queue);
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
            let mut queue = self.lock();
            let Some(command) = queue.commands.pop_front() else {
                break;
            };
            if !queue.commands.is_empty() {
                // For a loop that runs inside of this command.
                self.schedule(queue);
            } else {
                drop(queue);
            }
            shielded((), || view::obey(command));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of the GUI thread.
fn run(on_event: impl Fn(HostEvent) + 'static, ready: &mpsc::Sender<Result<(), HostError>>) {
    let context = glib::MainContext::default();
    // Told when the context is free again, for a second attempt may follow at once.
    if let Err(problem) = serve(&context, on_event, ready) {
        let _ = ready.send(Err(problem));
    }
}

/// Runs the loop for good, once all that it needs is there.
fn serve(
    context: &glib::MainContext,
    on_event: impl Fn(HostEvent) + 'static,
    ready: &mpsc::Sender<Result<(), HostError>>,
) -> Result<(), HostError> {
    begin(context, on_event)?;
    let _ = ready.send(Ok(()));
    glib::MainLoop::new(Some(context), false).run();
    Ok(())
}

/// What comes before GTK, on the thread that wants a loop.
fn prepare(started: bool) -> Result<(), HostError> {
    if started {
        return Err(HostError::AlreadyRunning);
    }
    if glib::MainContext::default().is_owner() {
        return Err(HostError::ContextOwned);
    }
    avoid_broken_renderer();
    Ok(())
}

/// Makes the calling thread that of GTK, which keeps the context from then on.
fn begin(
    context: &glib::MainContext,
    on_event: impl Fn(HostEvent) + 'static,
) -> Result<(), HostError> {
    let _owned = context.acquire().map_err(|_| HostError::ContextOwned)?;
    // Without this GTK would set the program's LC_NUMERIC and with it break number parsing in C libraries.
    // Once: after a failed start GTK counts as begun and complains.
    static LOCALE: Once = Once::new();
    LOCALE.call_once(gtk::disable_setlocale);
    gtk::init().map_err(|_| HostError::NoDisplay {
        found: display_found(),
    })?;
    set_sink(on_event);
    Ok(())
}

fn display_found() -> String {
    let names = ["DISPLAY", "WAYLAND_DISPLAY"];
    let set: Vec<String> = names
        .iter()
        .filter_map(|name| Some(format!("{name} is {:?}", std::env::var_os(name)?)))
        .collect();
    if set.is_empty() {
        "neither DISPLAY nor WAYLAND_DISPLAY is set".into()
    } else {
        set.join(", ")
    }
}

/// WebKitGTK's DMA-BUF renderer shows nothing without a GPU and with NVIDIA's driver.
fn avoid_broken_renderer() {
    const SWITCH: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    let broken = !Path::new("/dev/dri/renderD128").exists()
        || Path::new("/proc/driver/nvidia/version").exists();
    if broken && std::env::var_os(SWITCH).is_none() {
        // SAFETY: sound as long as no other thread touches the environment through libc at this moment; this runs
        // once, on the thread that opens the program's first window, and WebKit reads the variable from here only.
        unsafe { std::env::set_var(SWITCH, "1") };
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use super::*;

    /// A question to a view that is not open: answered at once.
    fn question(request: u64) -> HostCommand {
        HostCommand::Screenshot {
            view: 1,
            request,
            painted: false,
        }
    }

    #[test]
    fn a_loop_inside_of_a_command_goes_on_with_the_next_ones() {
        let context = glib::MainContext::default();
        let _owned = context.acquire().expect("no other test runs a loop");
        let gui = GuiLoop::default();
        let (seen, inner) = (Rc::new(RefCell::new(Vec::new())), Cell::new(false));
        let (sender, saw) = (gui.clone(), seen.clone());
        set_sink(move |event| {
            let HostEvent::Screenshot { request, .. } = event else {
                return;
            };
            saw.borrow_mut().push(request);
            if request == 1 && !inner.replace(true) {
                // As a dialog would; what is sent meanwhile is obeyed in it too, after the rest.
                sender.send(question(4));
                while saw.borrow().len() < 4 {
                    glib::MainContext::default().iteration(true);
                }
                sender.send(question(5));
            }
        });
        for request in 1..=3 {
            gui.send(question(request));
        }
        while seen.borrow().len() < 5 {
            context.iteration(true);
        }
        assert_eq!(*seen.borrow(), [1, 2, 3, 4, 5]);
    }
}
