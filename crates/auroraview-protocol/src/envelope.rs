//! Attachments of a frame where a transport carries text alone.
//!
//! The frame's text comes first, then for each attachment a line feed and its bytes in base64. A frame that has
//! attachments says how many in its first bytes, so that nobody needs to parse it to know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::counters::Reason;

const HEAD: &str = "{\"att\":";

/// How many attachments follow a frame, as its first bytes announce: `{"att":COUNT,`. `None` when they do not.
pub fn announced(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(HEAD)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (count, rest) = rest.split_at(digits);
    let count = count.parse().ok()?;
    (count > 0 && rest.starts_with(',')).then_some(count)
}

/// Puts a frame and its attachments into one text.
pub fn join(text: &str, attachments: &[Bytes]) -> String {
    let encoded = |data: &Bytes| 1 + data.len().div_ceil(3) * 4;
    let size: usize = attachments.iter().map(encoded).sum();
    let mut out = String::with_capacity(text.len() + size);
    out.push_str(text);
    for data in attachments {
        out.push('\n');
        STANDARD.encode_string(data, &mut out);
    }
    out
}

/// Takes apart what [`join`] has put together. A text that announces no attachments is returned as it is.
///
/// # Errors
/// [`Reason::Malformed`] when there are not as many attachments as announced, or one is not base64.
pub fn split(joined: &str) -> Result<(&str, Vec<Bytes>), Reason> {
    let Some(count) = announced(joined) else {
        return Ok((joined, Vec::new()));
    };
    let mut lines = joined.split('\n');
    let text = lines.next().unwrap_or_default();
    let attachments = lines
        .map(|line| STANDARD.decode(line).map(Bytes::from))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Reason::Malformed)?;
    if attachments.len() == count {
        Ok((text, attachments))
    } else {
        Err(Reason::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_is_split_again() {
        let data: Vec<u8> = (0..=255).collect();
        for sizes in [&[0usize][..], &[1, 2, 3], &[256, 0, 100]] {
            let attachments: Vec<_> = sizes
                .iter()
                .map(|size| Bytes::copy_from_slice(&data[..*size]))
                .collect();
            let text = format!(r#"{{"att":{},"v":1,"msgs":[]}}"#, sizes.len());
            let joined = join(&text, &attachments);
            assert_eq!(joined.split('\n').count(), sizes.len() + 1);
            assert_eq!(split(&joined), Ok((&*text, attachments)));
        }
        assert_eq!(join("{\"v\":1}", &[]), "{\"v\":1}");
        assert_eq!(join("x", &["ab".into()]), "x\nYWI=");
    }

    #[test]
    fn a_text_that_announces_nothing_is_left_alone() {
        for text in [
            "",
            "{\"v\":1,\n\"msgs\":[]}\n",
            r#"{"att":[],"type":"ready"}"#,
            r#"{"att":0,"v":1}"#,
            r#"{"att":1}"#,
            r#"{"att":-1,"v":1}"#,
            r#" {"att":1,"v":1}"#,
            r#"{"att":99999999999999999999,"v":1}"#,
        ] {
            assert_eq!(announced(text), None, "{text}");
            assert_eq!(split(text), Ok((text, Vec::new())), "{text}");
        }
        assert_eq!(announced(r#"{"att":12,"v":1}"#), Some(12));
    }

    #[test]
    fn a_wrong_count_and_what_is_no_base64_are_malformed() {
        for text in [
            "{\"att\":1,",
            "{\"att\":2,\nYWI=",
            "{\"att\":1,\nYWI=\nYWI=",
            "{\"att\":1,\nYWI",
            "{\"att\":1,\nYW-_",
            "{\"att\":1,\nYWI=\n",
            "{\"att\":1,\nYWI=\r",
            "{\"att\":1,\nä",
        ] {
            assert_eq!(split(text), Err(Reason::Malformed), "{text:?}");
        }
    }
}
