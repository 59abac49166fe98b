//! What this crate does with JSON text itself: write a string, read a string, measure depth.
//!
//! Everything is one linear scan. Values that belong to the program are never parsed here, so no text from a page can
//! make this crate recurse.

use std::borrow::Cow;

use memchr::memchr2;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Appends `text` to `out` as a JSON string, quotes included.
pub fn write_json_string(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = first_special(rest.as_bytes()) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        match special.as_bytes()[0] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => {
                out.push_str("\\u00");
                out.push(char::from(HEX[usize::from(control >> 4)]));
                out.push(char::from(HEX[usize::from(control & 15)]));
            }
        }
        rest = &special[1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Where the first byte stands that JSON wants escaped. Looks at 32 at once, which the compiler turns into a few
/// instructions.
fn first_special(bytes: &[u8]) -> Option<usize> {
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    let mut chunks = bytes.chunks_exact(32);
    let plain = chunks
        .by_ref()
        .take_while(|chunk| {
            !chunk
                .iter()
                .fold(false, |any, &byte| any | is_special(byte))
        })
        .count();
    let from = plain * 32;
    let found = bytes[from..].iter().position(|&byte| is_special(byte))?;
    Some(from + found)
}

/// Tells `null`, which is a value, from an absent key.
pub(crate) fn present<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// The string that `raw` is; `None` when it is something else or holds a lone surrogate.
pub(crate) fn read_string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(text).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The unsigned integer that `raw` is, if it is written without sign, point and exponent.
pub(crate) fn read_integer(raw: &RawValue) -> Option<u64> {
    let text = raw.get();
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Whether a valid JSON text nests arrays and objects more than `limit` deep.
pub(crate) fn is_deeper_than(text: &str, limit: usize) -> bool {
    // Each level costs an opening and a closing bracket, so most values need no look.
    if text.len() / 2 <= limit {
        return false;
    }
    let mut depth = 0;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth -= 1,
            b'"' => at = after_string(bytes, at),
            _ => {}
        }
    }
    false
}

/// The place after the end of a string whose content begins at `at`.
fn after_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = String::new();
        write_json_string(&mut out, text);
        out
    }

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn strings_are_written_as_json_and_read_back() {
        for text in [
            "",
            "plain",
            "\"\\\n\r\t\0\u{1f}\u{7f}",
            "\u{2028}\u{1F600}ü",
            "__proto__",
        ] {
            assert_eq!(
                serde_json::from_str::<String>(&written(text)).unwrap(),
                text
            );
            assert_eq!(read_string(&raw(&written(text))).unwrap(), text);
        }
        assert_eq!(written("a\0b\u{1f}"), r#""a\u0000b\u001f""#);
    }

    #[test]
    fn what_is_no_string_is_not_read_as_one() {
        for text in ["1", "null", "[\"a\"]", r#""\ud800""#, r#""\udc00\ud800""#] {
            assert_eq!(read_string(&raw(text)), None, "{text}");
        }
    }

    #[test]
    fn integers_are_read_only_as_plain_digits() {
        assert_eq!(read_integer(&raw("0")), Some(0));
        assert_eq!(read_integer(&raw("18446744073709551615")), Some(u64::MAX));
        for text in [
            "-1",
            "-0",
            "1.0",
            "1e3",
            "18446744073709551616",
            "\"1\"",
            "null",
            "[]",
        ] {
            assert_eq!(read_integer(&raw(text)), None, "{text}");
        }
    }

    #[test]
    fn depth_counts_brackets_outside_strings() {
        for (text, depth) in [
            ("1", 0),
            ("[]", 1),
            ("[1]", 1),
            ("[[1],[2]]", 2),
            (r#"{"a":[{"b":0}]}"#, 3),
            (r#""[[[[""#, 0),
            (r#"["[\"[[",{}]"#, 2),
            (r#"["\\",[[]]]"#, 3),
        ] {
            assert!(!is_deeper_than(text, depth), "{text} is {depth} deep");
            assert!(
                depth == 0 || is_deeper_than(text, depth - 1),
                "{text} is {depth} deep"
            );
        }
    }
}
