//! What the page writes to its console, and errors that nobody catches there.
//!
//! A script of its own tells it, in the main frame and before any script of the page, in documents of every origin. Posts
//! carry a random token, so frames cannot put lines into the page's mouth. The page can: a line is what the page says.

use std::rc::Rc;

use auroraview_host_api::{ConsoleLevel, HostEvent, OpenOptions};
use webkit2gtk::{
    UserContentInjectedFrames, UserContentManager, UserContentManagerExt, UserScript,
    UserScriptInjectionTime, WebViewExt,
};

use crate::output::{emit, shielded};
use crate::replies;
use crate::view::View;

/// The body of a function of `__AURORAVIEW_CONSOLE__`.
const SCRIPT: &str = include_str!("console.js");
const HANDLER: &str = "auroraviewConsole";

/// Longest line in bytes; the rest is left out.
const LONGEST: usize = 64 << 10;
/// Longest address of a script, in bytes.
const LONGEST_SOURCE: usize = 2 << 10;

/// The console of one view.
pub(crate) struct Console {
    /// `None`: nobody wants to know.
    token: Option<String>,
}

impl Console {
    pub(crate) fn new(options: &OpenOptions) -> Self {
        let mut random = [0_u8; 16];
        let wanted = options.console && getrandom::fill(&mut random).is_ok();
        let token = || format!("{:032x}", u128::from_ne_bytes(random));
        Self {
            token: wanted.then(token),
        }
    }
}

impl View {
    /// Before the first load.
    pub(crate) fn connect_console(self: &Rc<Self>) {
        let wanted = self.console.token.is_some();
        let Some(manager) = self.webview.user_content_manager().filter(|_| wanted) else {
            return;
        };
        let weak = Rc::downgrade(self);
        manager.connect_script_message_received(Some(HANDLER), move |_, message| {
            let Some(view) = weak.upgrade() else { return };
            shielded((), || {
                let post = message.js_value().and_then(|value| replies::string(&value));
                view.console_says(post.as_deref().unwrap_or_default());
            });
        });
        manager.register_script_message_handler(HANDLER);
    }

    /// Adds the script of the console to those of documents that come from now on.
    pub(crate) fn inject_console(&self, manager: &UserContentManager) {
        let Some(token) = &self.console.token else {
            return;
        };
        let config = serde_json::json!({ "token": token, "handler": HANDLER });
        let source = format!("((__AURORAVIEW_CONSOLE__) => {{\n{SCRIPT}\n}})({config});");
        manager.add_script(&UserScript::new(
            &source,
            UserContentInjectedFrames::TopFrame,
            UserScriptInjectionTime::Start,
            &[],
            &[],
        ));
    }

    fn console_says(&self, post: &str) {
        let token = self.console.token.as_deref();
        let line = token.and_then(|token| post.strip_prefix(token));
        let Some(Line {
            level,
            text,
            source,
            line,
        }) = line.and_then(read)
        else {
            return;
        };
        emit(HostEvent::Console {
            view: self.id,
            level,
            text,
            source,
            line,
        });
    }
}

#[derive(Debug, PartialEq)]
struct Line {
    level: ConsoleLevel,
    text: String,
    source: Option<String>,
    line: Option<u32>,
}

/// Reads `[level, text, source, line]`.
fn read(json: &str) -> Option<Line> {
    let parts: serde_json::Value = serde_json::from_str(json).ok()?;
    let level = match parts[0].as_str()? {
        "log" => ConsoleLevel::Log,
        "info" => ConsoleLevel::Info,
        "warning" => ConsoleLevel::Warning,
        "error" => ConsoleLevel::Error,
        "debug" => ConsoleLevel::Debug,
        _ => return None,
    };
    let line = parts[3].as_u64().and_then(|line| line.try_into().ok());
    Some(Line {
        level,
        text: shortened(parts[1].as_str()?, LONGEST),
        source: parts[2]
            .as_str()
            .map(|source| shortened(source, LONGEST_SOURCE)),
        line,
    })
}

fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    const MARK: &str = "…";
    let mut end = most - MARK.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_bounded() {
        let found = read(r#"["warning", "text", "https://a.example/x.js", 7]"#);
        let expected = Line {
            level: ConsoleLevel::Warning,
            text: "text".into(),
            source: Some("https://a.example/x.js".into()),
            line: Some(7),
        };
        assert_eq!(found, Some(expected));
        let long = "ü".repeat(LONGEST);
        let found = read(&format!(r#"["log", "{long}", null, null]"#)).unwrap();
        assert!(found.text.len() <= LONGEST && found.text.ends_with('…'));
        assert_eq!((found.source, found.line), (None, None));
    }

    #[test]
    fn what_is_no_line_is_not_read() {
        for bad in ["", "7", "[]", r#"["other", "text"]"#, r#"["log", 7]"#, "{}"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        let negative = read(r#"["log", "x", 1, -1]"#).unwrap();
        assert_eq!((negative.source, negative.line), (None, None));
    }
}
