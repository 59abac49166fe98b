//! What a window opens with, as Python gives it.

use auroraview_host_api::{Downloads, OpenOptions, Place, Size, Source, WindowChange};
use auroraview_protocol::{FRAME_BYTES, Limits};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A dict with these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Options {
    key: String,
    source: (String, String, String),
    allow_origins: Vec<String>,
    debug: bool,
    data_directory: Option<String>,
    title: String,
    size: (u32, u32),
    min_size: Option<(u32, u32)>,
    position: Option<(i32, i32)>,
    resizable: bool,
    decorations: bool,
    always_on_top: bool,
    transparent: bool,
    background_color: Option<[u8; 4]>,
    visible: bool,
    maximized: bool,
    fullscreen: bool,
    icon: Option<String>,
    context_menu: bool,
    user_agent: Option<String>,
    downloads: (String, String),
    console: bool,
    watch_navigation: bool,
    watch_closing: bool,
    embedded: bool,
    transient_for: Option<u64>,
    zoom: f64,
    enabled: bool,
    /// The folder of the web process's library, if pages are to have the fast lane.
    fast_lane: Option<String>,
    /// Why not.
    fast_lane_reason: Option<String>,
    sandbox: bool,
}

impl Options {
    /// What a new window is told at once, that it cannot open with.
    pub(super) fn changes(&self) -> Vec<WindowChange> {
        let mut changes = Vec::new();
        #[allow(clippy::float_cmp, reason = "exactly the one that a new window has")]
        if self.zoom != 1.0 {
            changes.push(WindowChange::Zoom(self.zoom));
        }
        if !self.enabled {
            changes.push(WindowChange::Enabled(false));
        }
        changes
    }

    /// Why pages do not get the fast lane, if they do not.
    pub(super) fn why_no_fast_lane(&self) -> Option<String> {
        if self.fast_lane.is_some() {
            return None;
        }
        let why = self.fast_lane_reason.as_deref();
        Some(why.unwrap_or("the window was opened without it").to_owned())
    }

    /// As the host takes them.
    pub(super) fn into_open(self, limits: &Limits) -> PyResult<OpenOptions> {
        let lane = lane_limits(limits);
        Ok(OpenOptions {
            key: self.key,
            place: if self.embedded {
                Place::Embedded
            } else {
                Place::Toplevel {
                    transient_for: self.transient_for,
                }
            },
            source: make_source(self.source)?,
            allow_origins: self.allow_origins,
            bridge: true,
            message_bytes: u64::try_from(lane.message_bytes).unwrap_or(u64::MAX),
            fast_lane: self.fast_lane,
            queue_bytes: u64::try_from(lane.queue_bytes).unwrap_or(u64::MAX),
            sandbox: self.sandbox,
            debug: self.debug,
            data_directory: self.data_directory,
            title: self.title,
            title_follows: false,
            size: make_size(self.size),
            min_size: self.min_size.map(make_size),
            position: self.position,
            resizable: self.resizable,
            decorations: self.decorations,
            always_on_top: self.always_on_top,
            transparent: self.transparent,
            background_color: self.background_color,
            visible: self.visible,
            maximized: self.maximized,
            fullscreen: self.fullscreen,
            icon: self.icon,
            context_menu: self.context_menu,
            user_agent: self.user_agent,
            downloads: make_downloads(self.downloads)?,
            console: self.console,
            watch_navigation: self.watch_navigation,
            watch_closing: self.watch_closing,
        })
    }
}

/// What may pass in one piece, and wait, of all that the transports of a window carry: a bound for strangers, and wider
/// than what a session takes and gives.
pub(super) fn lane_limits(limits: &Limits) -> auroraview_lane::Limits {
    // A frame of many small messages may be longer than the longest message.
    const LEAST: usize = 4 * FRAME_BYTES;
    // Attachments may come as base64, four characters for three bytes.
    let message_bytes = limits
        .message_bytes
        .saturating_add(limits.message_bytes / 3);
    let message_bytes = message_bytes.saturating_add(4096).max(LEAST);
    // The session has two frames on their way to a page at a time. A long one may wait alone, however little may wait.
    let queue_bytes = limits.queue_bytes.max(LEAST);
    auroraview_lane::Limits {
        message_bytes,
        queue_bytes,
    }
}

pub(super) fn make_size((width, height): (u32, u32)) -> Size {
    Size { width, height }
}

/// `("user", "")`, `("folder", path)` or `("refused", "")`.
fn make_downloads((kind, path): (String, String)) -> PyResult<Downloads> {
    match kind.as_str() {
        "user" => Ok(Downloads::UserFolder),
        "folder" => Ok(Downloads::Folder(path)),
        "refused" => Ok(Downloads::Refused),
        _ => Err(PyValueError::new_err(format!(
            "no place for downloads {kind:?}"
        ))),
    }
}

/// `("url", address, "")`, `("html", text, "")` or `("directory", root, entry)`.
pub(super) fn make_source((kind, text, entry): (String, String, String)) -> PyResult<Source> {
    match kind.as_str() {
        "url" => Ok(Source::Url(text)),
        "html" => Ok(Source::Html(text)),
        "directory" => Ok(Source::Directory { root: text, entry }),
        _ => Err(PyValueError::new_err(format!("no source {kind:?}"))),
    }
}
