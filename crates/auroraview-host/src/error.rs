//! Why the host cannot do what it was asked; each text says what to do instead.

/// What keeps the GUI loop or a window from existing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The loop was started before; a process has one GUI thread.
    #[error("the GUI loop of this process runs already")]
    AlreadyRunning,
    /// The calling thread, or another one, drives the default GLib context.
    #[error(
        "another loop of this process drives GLib's main context already, as Qt and GTK applications do, and windows inside \
         such a loop are not supported yet; isolation=\"process\" opens the window in a process of its own, and in a Qt \
         program QT_NO_GLIB=1, set before Qt starts, leaves the context free"
    )]
    ContextOwned,
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
    /// wry could not build the webview.
    #[error("the webview could not be made: {0}")]
    Webview(#[from] wry::Error),
    /// The operating system gave no random bytes.
    #[error("no random bytes for the view's origin: {0}")]
    Random(String),
}
