//! Why the host cannot do what it was asked; each text says what to do instead.

/// What keeps the GUI loop or a window from existing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The loop was started before; a process has one GUI thread.
    #[error("the GUI loop of this process runs already")]
    AlreadyRunning,
    /// A loop of this process drives the default GLib context, where a thread for windows alone was asked for.
    #[error(
        "another loop of this process drives GLib's main context already; isolation=\"process\" opens the window in a \
         process of its own"
    )]
    ContextOwned,
    /// The thread that owns the default GLib context does not iterate it.
    #[error(
        "another thread owns GLib's main context and did not take up the window within {seconds} s: its loop does not run; \
         run that loop, or open the window in a process of its own with isolation=\"process\""
    )]
    LoopStands {
        /// How long it was waited for.
        seconds: u64,
    },
    /// An embedded window, where GDK does not run on X11.
    #[error(
        "a window can be put into one of the application by its X11 id only, and GTK does not run on X11 here; set DISPLAY \
         and GDK_BACKEND=x11 before the first window opens, or open a window of its own (embedded=False)"
    )]
    NotX11,
    /// GTK found no display.
    #[error(
        "no display to open a window on ({found}); start an X server or run the program under `xvfb-run`, and set DISPLAY"
    )]
    NoDisplay {
        /// What the environment says.
        found: String,
    },
    /// The operating system refused a thread.
    #[error("the GUI thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The GUI thread ended before it was ready.
    #[error("the GUI thread ended while it was starting")]
    Died,
    /// A view with that id is open.
    #[error("view {0} is open already")]
    Open(u64),
    /// The directory to show cannot be served.
    #[error(
        "directory {root:?} cannot be served: {source}; pass a directory that exists and can be read"
    )]
    Directory {
        /// Its path.
        root: String,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// The address to show is none.
    #[error("{url:?} is not an address: {source}; expected something like https://host/path")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// Views of one data directory share the engine's context, and it is inside of the sandbox or outside.
    #[error(
        "an open window with data_directory {directory:?} has sandbox={}, and windows of one data directory must agree; \
         pass the same to all of them, or another data_directory",
        if *.sandbox { "True" } else { "False" }
    )]
    Sandbox {
        /// The data directory.
        directory: String,
        /// What the windows that are open have.
        sandbox: bool,
    },
    /// The engine did not let a context in.
    #[error("the web engine did not enter its sandbox; open the window with sandbox=False")]
    NoSandbox,
    /// wry could not build the webview.
    #[error("the webview could not be made: {0}")]
    Webview(#[from] wry::Error),
    /// The operating system gave no random bytes.
    #[error("no random bytes for the view's origin: {0}")]
    Random(String),
}
