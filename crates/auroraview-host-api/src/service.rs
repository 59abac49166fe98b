//! What a page does that its program is told of: downloads, and lines of its console.

use serde::{Deserialize, Serialize};

/// One step of a download.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownloadChange {
    /// It began.
    Started {
        /// Where it comes from.
        url: String,
        /// Absolute path of the file that it will be.
        path: String,
        /// How long it is in bytes, if that is known.
        total: Option<u64>,
    },
    /// More is there.
    Progress {
        /// Bytes so far.
        received: u64,
        /// How many there will be, if that is known.
        total: Option<u64>,
    },
    /// The file is there.
    Finished {
        /// Its absolute path.
        path: String,
    },
    /// There is no file.
    Failed {
        /// What went wrong.
        message: String,
    },
    /// The program or the user gave it up, or the window closed; there is no file.
    Cancelled,
}

/// A function of the page's `console`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsoleLevel {
    /// `console.log`.
    Log,
    /// `console.info`.
    Info,
    /// `console.warn`.
    Warning,
    /// `console.error`, and errors that nobody caught.
    Error,
    /// `console.debug`.
    Debug,
}
