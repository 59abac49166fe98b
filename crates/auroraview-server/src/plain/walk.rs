//! Goes through a JSON value of the program once, and tells what it is made of.
//!
//! The text was written by us, so what matters is its end, its parts and the places of its attachments, not whether it
//! is JSON; one that is not gives `None` sooner or later. There is no recursion: a program may nest as deep as its own
//! limit says.

use bytes::Bytes;

/// What wants to know. Calls come in the order of the text.
pub(super) trait Sink {
    fn begin(&mut self, kind: Kind);
    /// The container that was begun last has so many items or pairs.
    fn end(&mut self, kind: Kind, count: usize);
    /// Between items or pairs.
    fn comma(&mut self);
    /// Between a key and its value.
    fn colon(&mut self);
    /// A string or key, as it is written, with its quotes.
    fn string(&mut self, literal: &str);
    /// A number, as it is written.
    fn number(&mut self, literal: &str);
    fn flag(&mut self, on: bool);
    fn null(&mut self);
    /// What stands beside the value.
    fn attachment(&mut self, bytes: &Bytes);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Array,
    Object,
}

/// How an object of the program's own whose only key is that of references begins: `{"$av":[VALUE]}`.
const ESCAPE: &str = "{\"$av\":[";
const REFERENCE: &str = "{\"$av\":";

struct Open {
    kind: Kind,
    /// Of what was begun.
    count: usize,
    /// It stands for an object with one key, and closes two brackets.
    is_escape: bool,
}

/// Goes through the value with which `text` begins and returns where it ends. With attachments, references to them and
/// escapes of what looks like one are resolved.
pub(super) fn walk(
    text: &str,
    attachments: Option<&[Bytes]>,
    sink: &mut impl Sink,
) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    'value: loop {
        at = after_space(bytes, at);
        match bytes.get(at)? {
            b'{' if attachments.is_some() && text[at..].starts_with(REFERENCE) => {
                let rest = &text[at..];
                if let Some((index, length)) = reference(rest) {
                    sink.attachment(attachments?.get(index)?);
                    at += length;
                } else if is_escape(rest) {
                    sink.begin(Kind::Object);
                    sink.string("\"$av\"");
                    sink.colon();
                    open.push(Open {
                        kind: Kind::Object,
                        count: 1,
                        is_escape: true,
                    });
                    at += ESCAPE.len();
                    continue 'value;
                } else {
                    at = begin_object(text, at, &mut open, sink)?;
                    continue 'value;
                }
            }
            b'{' if bytes.get(after_space(bytes, at + 1))? == &b'}' => {
                sink.begin(Kind::Object);
                sink.end(Kind::Object, 0);
                at = after_space(bytes, at + 1) + 1;
            }
            b'{' => {
                at = begin_object(text, at, &mut open, sink)?;
                continue 'value;
            }
            b'[' if bytes.get(after_space(bytes, at + 1))? == &b']' => {
                sink.begin(Kind::Array);
                sink.end(Kind::Array, 0);
                at = after_space(bytes, at + 1) + 1;
            }
            b'[' => {
                sink.begin(Kind::Array);
                open.push(Open {
                    kind: Kind::Array,
                    count: 1,
                    is_escape: false,
                });
                at += 1;
                continue 'value;
            }
            b'"' => {
                let end = after_string(bytes, at + 1)?;
                sink.string(&text[at..end]);
                at = end;
            }
            _ => {
                let end = after_scalar(bytes, at);
                match &text[at..end] {
                    "true" => sink.flag(true),
                    "false" => sink.flag(false),
                    "null" => sink.null(),
                    "" => return None,
                    number => sink.number(number),
                }
                at = end;
            }
        }
        // What follows a value: the next one, or the end of one or more containers.
        loop {
            let Some(last) = open.last_mut() else {
                return Some(at);
            };
            at = after_space(bytes, at);
            match (bytes.get(at)?, last.kind) {
                (b',', _) if last.is_escape => return None,
                (b',', Kind::Array) => {
                    last.count += 1;
                    sink.comma();
                    at += 1;
                    continue 'value;
                }
                (b',', Kind::Object) => {
                    last.count += 1;
                    sink.comma();
                    at = key(text, at + 1, sink)?;
                    continue 'value;
                }
                (b']', Kind::Object) if last.is_escape && bytes.get(at + 1)? == &b'}' => at += 2,
                (b']', Kind::Array) | (b'}', Kind::Object) if !last.is_escape => at += 1,
                _ => return None,
            }
            sink.end(last.kind, last.count);
            open.pop();
        }
    }
}

fn begin_object(
    text: &str,
    at: usize,
    open: &mut Vec<Open>,
    sink: &mut impl Sink,
) -> Option<usize> {
    sink.begin(Kind::Object);
    open.push(Open {
        kind: Kind::Object,
        count: 1,
        is_escape: false,
    });
    key(text, at + 1, sink)
}

/// Takes a key and its colon; returns where the value begins.
fn key(text: &str, at: usize, sink: &mut impl Sink) -> Option<usize> {
    let bytes = text.as_bytes();
    let at = after_space(bytes, at);
    let end = (bytes.get(at)? == &b'"').then(|| after_string(bytes, at + 1))??;
    sink.string(&text[at..end]);
    let colon = after_space(bytes, end);
    (bytes.get(colon)? == &b':').then(|| sink.colon())?;
    Some(colon + 1)
}

/// The index in `{"$av":INDEX}` at the start of `text`, and the length of that.
fn reference(text: &str) -> Option<(usize, usize)> {
    let rest = text.strip_prefix(REFERENCE)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let index = rest[..digits].parse().ok()?;
    rest[digits..]
        .starts_with('}')
        .then_some((index, REFERENCE.len() + digits + 1))
}

fn is_escape(text: &str) -> bool {
    let value = REFERENCE.len();
    text.starts_with(ESCAPE)
        && end_of_value(&text[value..]).is_some_and(|end| text[value + end..].starts_with('}'))
}

/// Where the value with which `text` begins ends.
pub(super) fn end_of_value(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'[' | b'{' => {
                depth += 1;
                at += 1;
                continue;
            }
            b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            b'"' => at = after_string(bytes, at + 1)?,
            b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => {
                at += 1;
                continue;
            }
            _ => at = after_scalar(bytes, at),
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The place after the end of a string whose content begins at `at`.
fn after_string(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn after_scalar(bytes: &[u8], at: usize) -> usize {
    let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t');
    bytes[at..]
        .iter()
        .position(is_end)
        .map_or(bytes.len(), |length| at + length)
}

fn after_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}
