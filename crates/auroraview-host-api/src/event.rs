//! What the host tells the core.

use serde::{Deserialize, Serialize};

use crate::{Answer, AskError, ConsoleLevel, DownloadChange, RequestId, Size, ViewId};

/// One thing that happened. Emitted on the GUI thread, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum HostEvent {
    /// The window is there; `Closed` will follow some day.
    Opened {
        /// The view.
        view: ViewId,
        /// The view's own origin, `auroraview://<host>`.
        origin: String,
        /// The X11 id of the window, which exists from here on until it closes; `None` where there is no X11.
        native_id: Option<u64>,
    },
    /// No window could be made; no `Closed` follows.
    OpenFailed {
        /// The view.
        view: ViewId,
        /// What went wrong and what to do.
        message: String,
    },
    /// The page posted a frame with the right key from an allowed origin.
    Posted {
        /// The view.
        view: ViewId,
        /// The document that posted.
        document: String,
        /// The frame's text.
        frame: String,
        /// The document's other frames take the fast lane, both ways: this one admits it there.
        lane: bool,
    },
    /// A post was refused before anyone read it.
    Refused {
        /// The view.
        view: ViewId,
        /// Why.
        refusal: Refusal,
    },
    /// A document of the main frame replaced the one before, which is gone.
    Committed {
        /// The view.
        view: ViewId,
        /// Where it came from.
        url: String,
        /// Its origin may use the bridge. Where it may not, `reason` tells the line that would allow it.
        bridge: bool,
    },
    /// The document of the main frame has loaded, its images included.
    Loaded {
        /// The view.
        view: ViewId,
        /// Where it came from.
        url: String,
    },
    /// The main frame's document could not be loaded; the engine shows its error page.
    LoadFailed {
        /// The view.
        view: ViewId,
        /// What was asked for.
        url: String,
        /// The engine's words.
        message: String,
    },
    /// The answer to `Eval`: JSON text of the value (`null` for `undefined`), or what was thrown.
    Evaluated {
        /// The view.
        view: ViewId,
        /// Which question.
        request: RequestId,
        /// JSON text, or why there is none.
        result: Result<String, EvalError>,
    },
    /// The answer to `Screenshot`: a PNG file's bytes, or why there are none.
    Screenshot {
        /// The view.
        view: ViewId,
        /// Which question.
        request: RequestId,
        /// PNG bytes, or what went wrong.
        result: Result<Vec<u8>, String>,
    },
    /// The answer to `Ask`.
    Answered {
        /// The view.
        view: ViewId,
        /// Which question.
        request: RequestId,
        /// The answer, or why there is none.
        answer: Result<Answer, AskError>,
    },
    /// A download began, went on or ended.
    Download {
        /// The view.
        view: ViewId,
        /// Which one; unique in the process of the window.
        download: u64,
        /// What happened.
        change: DownloadChange,
    },
    /// The user dropped files from outside onto the page.
    FileDrop {
        /// The view.
        view: ViewId,
        /// Absolute paths.
        paths: Vec<String>,
        /// From the left of the page area, logical pixels.
        x: i32,
        /// From the top of the page area, logical pixels.
        y: i32,
    },
    /// The page wrote to its console, or an error of it was not caught (only when asked for).
    Console {
        /// The view.
        view: ViewId,
        /// Which function of the console.
        level: ConsoleLevel,
        /// The line.
        text: String,
        /// The script's address.
        source: Option<String>,
        /// Line in the script, from 1.
        line: Option<u32>,
    },
    /// The window became visible.
    Shown {
        /// The view.
        view: ViewId,
    },
    /// The window was hidden.
    Hidden {
        /// The view.
        view: ViewId,
    },
    /// The page area has a new size.
    Resized {
        /// The view.
        view: ViewId,
        /// Logical pixels.
        size: Size,
    },
    /// The window has a new position.
    Moved {
        /// The view.
        view: ViewId,
        /// Logical pixels.
        x: i32,
        /// Logical pixels.
        y: i32,
    },
    /// The window has the keyboard.
    Focused {
        /// The view.
        view: ViewId,
    },
    /// The window has lost the keyboard.
    Blurred {
        /// The view.
        view: ViewId,
    },
    /// Full screen began or ended.
    Fullscreen {
        /// The view.
        view: ViewId,
        /// Now full screen.
        on: bool,
    },
    /// A key was pressed in an embedded window that has the keyboard, and the page did not use it: the application may.
    Key {
        /// The view.
        view: ViewId,
        /// Modifiers in the order `Ctrl`, `Alt`, `Shift`, `Meta`, then the key as `KeyboardEvent.key` names it, joined by
        /// `+`; letters in upper case, the space bar as `Space`: `Ctrl+Shift+S`, `F5`, `Ctrl++`. Never a modifier alone.
        stroke: String,
    },
    /// The user asked to close (only when watched). Without an answer the window closes by itself after
    /// [`CLOSING_PATIENCE_SECONDS`].
    Closing {
        /// The view.
        view: ViewId,
        /// To be repeated in the answer.
        request: RequestId,
    },
    /// A navigation is about to happen (only when watched). Without an answer the default holds after
    /// [`NAVIGATION_PATIENCE_SECONDS`].
    Navigating {
        /// The view.
        view: ViewId,
        /// To be repeated in the answer.
        request: RequestId,
        /// Where to.
        url: String,
        /// A new window was asked for.
        new_window: bool,
    },
    /// This address belongs in the system browser.
    OpenExternal {
        /// The view.
        view: ViewId,
        /// An http or https address.
        url: String,
    },
    /// The web process died. The window stays; `Reload` revives it.
    Crashed {
        /// The view.
        view: ViewId,
        /// `crashed`, `out of memory` or `terminated`.
        reason: String,
    },
    /// The window is gone.
    Closed {
        /// The view.
        view: ViewId,
    },
    /// A page in a web process has asked for the fast lane and got the other end of this one. It replaces the one
    /// before, which is at its end. Nothing on it may be believed before a document was admitted ([`Self::Posted`]).
    LaneOffered {
        /// The view.
        view: ViewId,
        /// A socket (`SOCK_SEQPACKET`, not blocking, closed on exec), the receiver's from here on. Over a
        /// [`stream`](crate::stream) the number means nothing: the descriptor came beside the bytes.
        descriptor: i32,
    },
    /// A page asked for the fast lane and got none, or its library cannot be loaded: what comes takes the ordinary way.
    LaneUnavailable {
        /// The view.
        view: ViewId,
        /// Why, in a sentence without a full stop.
        reason: String,
    },
    /// All windows are gone, after `ShutDown`.
    ShutDown,
    /// A line for the log.
    Log {
        /// How bad.
        level: LogLevel,
        /// The line.
        message: String,
    },
}

/// Seconds a watched close waits for its answer.
pub const CLOSING_PATIENCE_SECONDS: u32 = 3;
/// Seconds a watched navigation waits for its answer.
pub const NAVIGATION_PATIENCE_SECONDS: u32 = 3;

/// Why a post was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Refusal {
    /// Without the view's key, or not a string.
    Key,
    /// Longer than allowed.
    TooLarge,
    /// From a document whose origin is not allowed.
    Origin,
}

/// Why an evaluation has no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EvalError {
    /// The script threw, or its value is no JSON.
    Raised {
        /// The error's `name`.
        name: String,
        /// The error's `message`.
        message: String,
    },
    /// The document went away, or the window is not open.
    Gone,
}

/// How bad a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogLevel {
    /// For developers of this library.
    Debug,
    /// Worth knowing.
    Info,
    /// Something to look into.
    Warning,
    /// Something broke.
    Error,
}

impl HostEvent {
    /// The view this is about, if it is about one.
    pub fn view(&self) -> Option<ViewId> {
        Some(match self {
            Self::Opened { view, .. }
            | Self::OpenFailed { view, .. }
            | Self::Posted { view, .. }
            | Self::Refused { view, .. }
            | Self::Committed { view, .. }
            | Self::Loaded { view, .. }
            | Self::LoadFailed { view, .. }
            | Self::Evaluated { view, .. }
            | Self::Screenshot { view, .. }
            | Self::Answered { view, .. }
            | Self::Download { view, .. }
            | Self::FileDrop { view, .. }
            | Self::Console { view, .. }
            | Self::Shown { view }
            | Self::Hidden { view }
            | Self::Resized { view, .. }
            | Self::Moved { view, .. }
            | Self::Focused { view }
            | Self::Blurred { view }
            | Self::Fullscreen { view, .. }
            | Self::Key { view, .. }
            | Self::Closing { view, .. }
            | Self::Navigating { view, .. }
            | Self::OpenExternal { view, .. }
            | Self::Crashed { view, .. }
            | Self::LaneOffered { view, .. }
            | Self::LaneUnavailable { view, .. }
            | Self::Closed { view } => *view,
            Self::ShutDown | Self::Log { .. } => return None,
        })
    }
}
