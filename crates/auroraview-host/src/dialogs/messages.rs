//! Something to be read, agreed to, or answered with a line of text.
//!
//! All texts are plain. A long one scrolls, and of one that no person would read the end is left out, since the X server
//! and the fonts have their limits.

use std::rc::Rc;

use auroraview_host_api::{MessageDialog, MessageKind};
use gtk::prelude::*;
use gtk::{Orientation, ResponseType};

use super::{Shown, once, show as show_dialog, translated};
use crate::view::View;

/// Most characters of a text that are shown.
const CHARACTERS: usize = 20_000;
/// A text with more characters, or more lines, scrolls.
const WITHOUT_SCROLLING: (usize, usize) = (800, 18);
/// Most characters of one line of a text that scrolls; the rest goes into the next one.
const LONGEST_LINE: usize = 500;
/// Width of a line in characters.
const LINE: i32 = 60;
/// Least width of what is said in logical pixels: the title has room too.
const WIDTH: i32 = 280;
/// Size of what scrolls in logical pixels.
const SCROLLED: (i32, i32) = (460, 320);

/// What is said.
pub(crate) struct Message {
    /// `None`: that of the window.
    pub(crate) title: Option<String>,
    pub(crate) text: String,
    pub(crate) detail: Option<String>,
    /// Its picture; `None`: none.
    pub(crate) kind: Option<MessageKind>,
    pub(crate) accept: Option<String>,
    /// The button that does not agree; `None`: there is none.
    pub(crate) cancel: Option<Option<String>>,
    /// A line to be edited, and what is in it at first.
    pub(crate) line: Option<String>,
    /// The user may want no more of these.
    pub(crate) silence: bool,
}

/// What the user did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// The button that agrees.
    Accept,
    /// The other one, Escape, or the title bar's.
    Cancel,
    /// The one that wants no more of these.
    Silence,
}

impl Message {
    pub(super) fn new(options: MessageDialog, asks: bool) -> Self {
        Self {
            title: options.title,
            text: options.text,
            detail: options.detail,
            kind: Some(options.kind),
            accept: options.accept,
            cancel: asks.then_some(options.cancel),
            line: None,
            silence: false,
        }
    }
}

/// Shows it. `done` is told once what the user did, and the text of the line.
pub(crate) fn show(
    view: &Rc<View>,
    message: Message,
    done: impl FnOnce(Pressed, String) + 'static,
) -> Shown {
    show_above(view, None, message, done)
}

/// As [`show`], above another dialog.
pub(super) fn show_above(
    view: &Rc<View>,
    above: Option<&gtk::Dialog>,
    message: Message,
    done: impl FnOnce(Pressed, String) + 'static,
) -> Shown {
    let dialog = gtk::Dialog::new();
    let title = message.title.unwrap_or_else(|| view.window.title());
    dialog.set_title(&title);
    dialog.set_resizable(false);
    if message.silence {
        dialog.add_button("_No More Dialogs", ResponseType::Reject);
    }
    if let Some(cancel) = &message.cancel {
        dialog.add_button(&label(cancel.as_deref(), "_Cancel"), ResponseType::Cancel);
    }
    let accept = dialog.add_button(
        &label(message.accept.as_deref(), "_OK"),
        ResponseType::Accept,
    );
    dialog.set_default_response(ResponseType::Accept);
    if let Some(buttons) = accept.parent() {
        buttons.set_margin(8);
    }

    let texts = gtk::Box::new(Orientation::Vertical, 8);
    texts.set_hexpand(true);
    texts.add(&text(&message.text));
    if let Some(detail) = message.detail.filter(|detail| !detail.is_empty()) {
        let detail = text(&detail);
        detail.style_context().add_class("dim-label");
        texts.add(&detail);
    }
    let line = message.line.map(|line| {
        let entry = gtk::Entry::new();
        entry.set_text(&shortened(&line));
        entry.set_activates_default(true);
        entry.set_width_chars(40);
        texts.add(&entry);
        entry
    });
    let row = gtk::Box::new(Orientation::Horizontal, 14);
    row.set_border_width(16);
    if let Some(picture) = message.kind.and_then(picture) {
        row.add(&picture);
    }
    row.add(&texts);
    row.set_size_request(WIDTH, -1);
    dialog.content_area().add(&row);
    row.show_all();

    match &line {
        Some(entry) => entry.grab_focus(),
        None => accept.grab_focus(),
    }
    let done = once(move |(pressed, line)| done(pressed, line));
    show_dialog(view, &dialog, above, move |_, response| {
        let pressed = match response {
            ResponseType::Accept => Pressed::Accept,
            ResponseType::Reject => Pressed::Silence,
            _ => Pressed::Cancel,
        };
        let text = line
            .as_ref()
            .map_or_else(String::new, |entry| entry.text().into());
        done((pressed, text));
        true
    })
}

/// A button's text: the program's, as it is, or one of GTK's.
fn label(given: Option<&str>, own: &str) -> String {
    match given {
        // An underscore would mark the letter after it.
        Some(given) => given.replace('_', "__"),
        None => translated(own).into(),
    }
}

fn text(text: &str) -> gtk::Widget {
    let shown = shortened(text);
    let (characters, lines) = WITHOUT_SCROLLING;
    if shown.chars().nth(characters).is_some() || shown.lines().nth(lines).is_some() {
        return scrolling(&shown);
    }
    let label = gtk::Label::new(Some(&shown));
    label.set_xalign(0.0);
    label.set_line_wrap(true);
    label.set_line_wrap_mode(gtk::pango::WrapMode::WordChar);
    label.set_max_width_chars(LINE);
    label.set_selectable(true);
    label.upcast()
}

/// A long text. Not in a label, which measures all of it many times before it is there.
fn scrolling(text: &str) -> gtk::Widget {
    let view = gtk::TextView::new();
    if let Some(buffer) = view.buffer() {
        buffer.set_text(&in_lines(text));
    }
    view.set_editable(false);
    view.set_cursor_visible(false);
    view.set_wrap_mode(gtk::WrapMode::WordChar);
    view.set_left_margin(6);
    view.set_right_margin(6);
    let scrolled = gtk::ScrolledWindow::new(gtk::Adjustment::NONE, gtk::Adjustment::NONE);
    scrolled.set_policy(gtk::PolicyType::Never, gtk::PolicyType::Automatic);
    scrolled.set_shadow_type(gtk::ShadowType::In);
    scrolled.set_size_request(SCROLLED.0, SCROLLED.1);
    scrolled.set_vexpand(true);
    scrolled.add(&view);
    scrolled.upcast()
}

/// With an end for each line, for which the time grows with the square of its length.
fn in_lines(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    let mut length = 0;
    for character in text.chars() {
        length = if character == '\n' { 0 } else { length + 1 };
        if length > LONGEST_LINE {
            found.push('\n');
            length = 1;
        }
        found.push(character);
    }
    found
}

/// As much of a text as is shown.
fn shortened(text: &str) -> String {
    let mut short: String = text.replace('\0', "\u{fffd}");
    if let Some((end, _)) = short.char_indices().nth(CHARACTERS) {
        short.truncate(end);
        short.push('…');
    }
    short
}

fn picture(kind: MessageKind) -> Option<gtk::Image> {
    let name = match kind {
        MessageKind::Info => "dialog-information",
        MessageKind::Warning => "dialog-warning",
        MessageKind::Error => "dialog-error",
        MessageKind::Question => "dialog-question",
    };
    if !gtk::IconTheme::default()?.has_icon(name) {
        return None;
    }
    let image = gtk::Image::from_icon_name(Some(name), gtk::IconSize::Dialog);
    image.set_valign(gtk::Align::Start);
    Some(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_end_has_one() {
        let short = shortened(&"ä".repeat(CHARACTERS + 1));
        assert_eq!(short.chars().count(), CHARACTERS + 1);
        assert!(short.ends_with("ä…"));
        assert_eq!(shortened("a\0b"), "a\u{fffd}b");
    }

    #[test]
    fn no_line_is_endless() {
        let cut = in_lines(&format!("{}\nend", "x".repeat(2 * LONGEST_LINE + 1)));
        let lengths: Vec<usize> = cut.lines().map(str::len).collect();
        assert_eq!(lengths, [LONGEST_LINE, LONGEST_LINE, 1, 3]);
    }

    #[test]
    fn a_button_says_what_the_program_wrote() {
        assert_eq!(label(Some("my_file"), "_OK"), "my__file");
    }
}
