//! What a window opens with, as Python gives it.

use auroraview_host_api::{Downloads, OpenOptions, Place, Size, Source, WindowChange};
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

    /// As the host takes them; `message_bytes` is the limit of a message.
    pub(super) fn into_open(self, message_bytes: usize) -> PyResult<OpenOptions> {
        // The host refuses unread what is longer. Attachments come as base64, four characters for three bytes.
        let limit = message_bytes
            .saturating_add(message_bytes / 3)
            .saturating_add(4096);
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
            message_bytes: u64::try_from(limit).unwrap_or(u64::MAX),
            fast_lane: None,
            queue_bytes: 0,
            sandbox: false,
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
