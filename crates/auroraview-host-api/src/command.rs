//! What the core asks of the host.

use serde::{Deserialize, Serialize};

use crate::Question;

/// Names a view for the life of the process; never used again.
pub type ViewId = u64;

/// Names one question, so that its answer can be told from others.
pub type RequestId = u64;

/// One order to the host. Commands for a view that is not open are ignored, except that a question
/// ([`Self::Eval`], [`Self::Screenshot`], [`Self::Ask`]) is always answered by an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum HostCommand {
    /// Open a window with a page; answered by `Opened` or `OpenFailed`.
    Open {
        /// The view to open; its id must be new or that of a view that was closed.
        view: ViewId,
        /// What kind of window.
        options: Box<OpenOptions>,
    },
    /// Close the window, without asking; answered by `Closed`.
    Close {
        /// The view.
        view: ViewId,
    },
    /// Show another document.
    Load {
        /// The view.
        view: ViewId,
        /// The document.
        source: Source,
        /// All origins (`scheme://host[:port]`) that may use the bridge from now on, besides the view's own.
        allow_origins: Vec<String>,
    },
    /// Load the current document again (what was last loaded, when the web process has died).
    Reload {
        /// The view.
        view: ViewId,
    },
    /// Hand a frame to the page. Frames of a document that is not the current one are dropped.
    Deliver {
        /// The view.
        view: ViewId,
        /// The document the frame is for: 16 characters.
        document: String,
        /// The frame's text.
        frame: String,
    },
    /// Evaluate a script in the page's global scope; answered by `Evaluated`.
    Eval {
        /// The view.
        view: ViewId,
        /// Repeated in the answer.
        request: RequestId,
        /// The script's text.
        script: String,
    },
    /// Take a picture of the page; answered by `Screenshot`.
    Screenshot {
        /// The view.
        view: ViewId,
        /// Repeated in the answer.
        request: RequestId,
        /// As it was last painted, answered at once, while the command is obeyed. Without it the engine is asked to
        /// render, which takes a few turns of the loop.
        painted: bool,
    },
    /// Ask for something that takes its time; answered by `Answered`, once.
    Ask {
        /// The view.
        view: ViewId,
        /// Repeated in the answer; no other question of the view has it.
        request: RequestId,
        /// What is asked.
        question: Question,
    },
    /// Nobody waits for the answer of a question any more: its dialog closes. It is answered all the same.
    Withdraw {
        /// The view.
        view: ViewId,
        /// Which question.
        request: RequestId,
    },
    /// Give a download up.
    CancelDownload {
        /// The view.
        view: ViewId,
        /// Which one.
        download: u64,
    },
    /// Change the window.
    Window {
        /// The view.
        view: ViewId,
        /// What to change.
        change: WindowChange,
    },
    /// Which decisions the program wants to take. What it does not watch is decided at once, by default.
    Watch {
        /// The view.
        view: ViewId,
        /// Ask before every navigation (`Navigating`).
        navigation: bool,
        /// Ask before a close by the user (`Closing`).
        closing: bool,
    },
    /// The answer to `Navigating`.
    AnswerNavigation {
        /// The view.
        view: ViewId,
        /// Which question.
        request: RequestId,
        /// What to do.
        decision: Decision,
    },
    /// The answer to `Closing`.
    AnswerClosing {
        /// The view.
        view: ViewId,
        /// Which question.
        request: RequestId,
        /// Whether the window closes.
        allow: bool,
    },
    /// Close all windows, then confirm with `ShutDown`. The GUI thread stays, idle.
    ShutDown,
}

/// What to do with a navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// As without a watcher: allowed origins inside, other http(s) addresses in the system browser.
    Default,
    /// Show it inside; it has no bridge unless its origin is allowed.
    Inside,
    /// Do nothing.
    Forbid,
}

/// What a view shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// An address; its origin is allowed the bridge.
    Url(String),
    /// A text of HTML, served from the view's own origin.
    Html(String),
    /// A directory, served from the view's own origin.
    Directory {
        /// Absolute path of the directory.
        root: String,
        /// The page to show, relative to `root` with `/`, not percent-encoded.
        entry: String,
    },
}

/// Where what the page downloads is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Downloads {
    /// In the user's folder for that.
    UserFolder,
    /// In this folder, an absolute path; made when it is missing.
    Folder(String),
    /// Nowhere: nothing is downloaded, and a line in the log says so.
    Refused,
}

/// A size of the page area in logical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Logical pixels.
    pub width: u32,
    /// Logical pixels.
    pub height: u32,
}

/// What kind of window a page gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// A window of its own.
    Toplevel {
        /// The X11 id of a window of the application that this one stays above; see [`WindowChange::TransientFor`].
        transient_for: Option<u64>,
    },
    /// To be put into a window of the application by its X11 id, which `Opened` tells. It has no frame, the window manager
    /// does not know it, and it is nowhere to be seen until the application has taken it. Position, stacking and window
    /// states are the application's, and nothing is told of them. X11 only.
    Embedded,
}

/// All that is fixed when a window opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenOptions {
    /// Secret of the bridge, 32 hexadecimal digits, part of every post.
    pub key: String,
    /// What kind of window.
    pub place: Place,
    /// What to show.
    pub source: Source,
    /// Other origins that may use the bridge, `scheme://host[:port]`.
    pub allow_origins: Vec<String>,
    /// The page gets the bridge. Without it nothing is injected into any document and posts are not heard: for a page
    /// that speaks to its program by other means.
    pub bridge: bool,
    /// Longest post in bytes that is handed on.
    pub message_bytes: u64,
    /// The fast lane is offered: absolute path of the folder that holds the web process's library and nothing else.
    /// `None`: every frame goes the ordinary way. Only with `bridge`.
    pub fast_lane: Option<String>,
    /// How many bytes may wait in the lane at each end; told to the page's end.
    pub queue_bytes: u64,
    /// The web engine's processes run in the engine's sandbox. Views of one `data_directory` must agree.
    pub sandbox: bool,
    /// No caching of local files, and the web inspector.
    pub debug: bool,
    /// Where cookies and storage are kept; `None`: nowhere, private to this view.
    pub data_directory: Option<String>,
    /// Window title.
    pub title: String,
    /// The window's title is that of the document, once it has one.
    pub title_follows: bool,
    /// Size of the page area.
    pub size: Size,
    /// Smallest size of the page area.
    pub min_size: Option<Size>,
    /// Upper left corner, in logical pixels; `None`: over the middle of the window that this one is transient for, or
    /// where the window manager puts it.
    pub position: Option<(i32, i32)>,
    /// The user may resize.
    pub resizable: bool,
    /// Title bar and frame.
    pub decorations: bool,
    /// Above other windows.
    pub always_on_top: bool,
    /// The page's background shows what is behind the window.
    pub transparent: bool,
    /// Colour before the page paints: red, green, blue, alpha.
    pub background_color: Option<[u8; 4]>,
    /// Shown at once.
    pub visible: bool,
    /// Opened maximized.
    pub maximized: bool,
    /// Opened full screen.
    pub fullscreen: bool,
    /// Absolute path of an image file.
    pub icon: Option<String>,
    /// The context menu of the web engine.
    pub context_menu: bool,
    /// Instead of the web engine's own.
    pub user_agent: Option<String>,
    /// What becomes of downloads.
    pub downloads: Downloads,
    /// What the page writes to its console is told.
    pub console: bool,
    /// See [`HostCommand::Watch`].
    pub watch_navigation: bool,
    /// See [`HostCommand::Watch`].
    pub watch_closing: bool,
}

impl OpenOptions {
    /// An ordinary window that shows this: with a frame, resizable, and without a bridge.
    #[must_use]
    pub fn new(source: Source, size: Size) -> Self {
        Self {
            key: String::new(),
            place: Place::Toplevel {
                transient_for: None,
            },
            source,
            allow_origins: vec![],
            bridge: false,
            message_bytes: 0,
            fast_lane: None,
            queue_bytes: 0,
            sandbox: false,
            debug: false,
            data_directory: None,
            title: String::new(),
            title_follows: false,
            size,
            min_size: None,
            position: None,
            resizable: true,
            decorations: true,
            always_on_top: false,
            transparent: false,
            background_color: None,
            visible: true,
            maximized: false,
            fullscreen: false,
            icon: None,
            context_menu: true,
            user_agent: None,
            downloads: Downloads::UserFolder,
            console: false,
            watch_navigation: false,
            watch_closing: false,
        }
    }
}

/// One change to an open window.
///
/// An embedded window obeys `Size`, `Visible`, `Focus` and those that name no state of a window manager; `Position`,
/// `Fullscreen`, `AlwaysOnTop`, `Minimize`, `Maximize`, `Restore` and `TransientFor` do nothing there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum WindowChange {
    /// The title bar's text.
    Title(String),
    /// Size of the page area in logical pixels.
    Size(Size),
    /// Upper left corner in logical pixels.
    Position(i32, i32),
    /// Full screen on or off.
    Fullscreen(bool),
    /// Above other windows.
    AlwaysOnTop(bool),
    /// Shown or hidden.
    Visible(bool),
    /// Into the task bar.
    Minimize,
    /// As large as the screen allows.
    Maximize,
    /// Back from minimized or maximized.
    Restore,
    /// To the front, with the keyboard. Embedded: the keyboard alone.
    Focus,
    /// Stays above the window of the application that has this X11 id, and is minimized with it; `None`: above none.
    TransientFor(Option<u64>),
    /// The keyboard goes to the window of the application that has this X11 id.
    GiveFocus(u64),
    /// Whether the page takes input. It takes none under a modal dialog of the application.
    Enabled(bool),
    /// How large the page is shown; 1.0 is as it is.
    Zoom(f64),
    /// The web inspector opens. Only with [`OpenOptions::debug`].
    Inspector,
}
