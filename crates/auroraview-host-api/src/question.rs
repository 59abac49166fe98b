//! What a window is asked for that takes its time: dialogs, and services of its page. Each question has one answer.

use serde::{Deserialize, Serialize};

/// One question; see [`crate::HostCommand::Ask`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Which files to open; [`Answer::Paths`].
    OpenFile(FileDialog),
    /// Where to save a file; [`Answer::Paths`]. The user was asked whether a file that exists may be replaced.
    SaveFile(FileDialog),
    /// Which folders; [`Answer::Paths`].
    SelectFolder(FileDialog),
    /// To be read; [`Answer::Choice`].
    Message(MessageDialog),
    /// To be agreed to; [`Answer::Choice`].
    Confirm(MessageDialog),
    /// Search the page; [`Answer::Count`].
    Find(FindOptions),
    /// Write the page to a PDF file; [`Answer::Done`].
    PrintPdf(PdfOptions),
    /// The clipboard's text; [`Answer::Text`].
    ReadClipboard,
    /// Put a text into the clipboard; [`Answer::Done`].
    WriteClipboard(String),
}

/// A dialog that selects files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDialog {
    /// Its title bar; `None`: what it is for, in the user's language.
    pub title: Option<String>,
    /// Absolute path of the folder that it shows first.
    pub directory: Option<String>,
    /// The name that is proposed, without a folder.
    pub name: Option<String>,
    /// Which files are shown; the first one at first, the user may take another. None: all.
    pub filters: Vec<FileFilter>,
    /// More than one may be selected.
    pub multiple: bool,
}

/// A kind of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFilter {
    /// As the user knows it.
    pub name: String,
    /// Of file names, as `*.png`.
    pub patterns: Vec<String>,
}

/// A dialog that says something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDialog {
    /// Its title bar; `None`: that of the window.
    pub title: Option<String>,
    /// The text, plain.
    pub text: String,
    /// More text, smaller.
    pub detail: Option<String>,
    /// What picture it has.
    pub kind: MessageKind,
    /// The button that agrees; `None`: OK, in the user's language.
    pub accept: Option<String>,
    /// The button that does not; `None`: Cancel, in the user's language.
    pub cancel: Option<String>,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Something to know.
    Info,
    /// Something to be careful with.
    Warning,
    /// Something that went wrong.
    Error,
    /// Something to decide.
    Question,
}

/// A search in the page. The same text again: the next match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindOptions {
    /// What is searched; an empty text ends the search, and its highlight.
    pub text: String,
    /// Upper and lower case differ.
    pub match_case: bool,
    /// The match before.
    pub backwards: bool,
    /// After the last match comes the first.
    pub wrap: bool,
}

/// A PDF file of the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PdfOptions {
    /// Absolute path; a file there is replaced.
    pub path: String,
    /// Of the paper, in millimetres.
    pub width_mm: f64,
    /// Of the paper, in millimetres.
    pub height_mm: f64,
    /// On all sides, in millimetres.
    pub margin_mm: f64,
    /// Background colours and pictures too.
    pub background: bool,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Absolute paths; empty: the dialog was dismissed.
    Paths(Vec<String>),
    /// Whether the user agreed.
    Choice(bool),
    /// How many there are.
    Count(u32),
    /// A text, if there is one.
    Text(Option<String>),
    /// It is done.
    Done,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AskError {
    /// What went wrong, in a sentence.
    Failed(String),
    /// The window is gone, or was never there, or the question was withdrawn.
    Gone,
}
