//! Answers that are not a file: errors in one clear sentence, and the way to a directory.
//!
//! They name the path as it was asked for, never where the directory lies on the disk.

use std::io;

use crate::request_path::{PathError, RequestPath};
use crate::response::Response;

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

pub(crate) fn method_not_allowed(method: &str) -> Response {
    let text = format!("Files can be read with GET and HEAD; this request was {method}.");
    error(405, "Method not allowed", &text, false).header("Allow", "GET, HEAD")
}

pub(crate) fn bad_path(path: &str, why: &PathError, html: bool) -> Response {
    error(
        400,
        "Bad path",
        &format!("{path} cannot be served: {why}."),
        html,
    )
}

pub(crate) fn not_found(path: &RequestPath, html: bool) -> Response {
    let shown = path.shown();
    let text = if path.is_directory() {
        format!("{shown} has no index.html in the served directory.")
    } else {
        format!("{shown} is not in the served directory.")
    };
    error(404, "Not found", &text, html)
}

pub(crate) fn unreadable(path: &str, why: &io::Error, html: bool) -> Response {
    let denied = why.kind() == io::ErrorKind::PermissionDenied;
    let (status, title) = if denied {
        (403, "Forbidden")
    } else {
        (500, "Unreadable")
    };
    error(
        status,
        title,
        &format!("{path} cannot be read: {why}."),
        html,
    )
}

pub(crate) fn range_not_satisfiable(length: u64) -> Response {
    let text = format!("The file has {length} bytes; the range asked for lies behind them.");
    error(416, "Range not satisfiable", &text, false)
        .header("Content-Range", &format!("bytes */{length}"))
}

/// To the same path with a slash, where relative links of its `index.html` mean what they should.
///
/// The body repeats it for web engines that do not follow redirects of custom schemes.
pub(crate) fn add_slash(path: &RequestPath) -> Response {
    let target = path.with_slash();
    let escaped = escape(&target);
    let body = format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url={escaped}\">\
         <title>Moved</title><a href=\"{escaped}\">{escaped}</a>\n"
    );
    Response::new(307)
        .header("Location", &target)
        .text(HTML, body)
}

fn error(status: u16, title: &str, text: &str, html: bool) -> Response {
    let response = Response::new(status);
    if !html {
        return response.text(TEXT, format!("{text}\n"));
    }
    let body = format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><title>{title}</title>\
         <body style=\"font-family: system-ui, sans-serif; margin: 3em\"><h1>{title}</h1><p>{}</p>\n",
        escape(text)
    );
    response.text(HTML, body)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
