//! ETags: a hash of the content where that is cheap, else time and size.

use std::fs::Metadata;
use std::io;
use std::time::UNIX_EPOCH;

use xxhash_rust::xxh3::xxh3_128;

/// The ETag of these bytes, as a file of up to 1 MiB has it.
#[must_use]
pub fn of_content(bytes: &[u8]) -> String {
    format!("\"{:032x}\"", xxh3_128(bytes))
}

/// The ETag of a large file: modification time in nanoseconds, and size.
///
/// A time before 1970, or none, counts as 1970: the size still tells.
pub(crate) fn of_metadata(metadata: &Metadata) -> String {
    let modified = metadata
        .modified()
        .and_then(|time| time.duration_since(UNIX_EPOCH).map_err(io::Error::other))
        .unwrap_or_default();
    format!("\"{:x}-{:x}\"", modified.as_nanos(), metadata.len())
}

/// Whether an `If-None-Match` header names this ETag. The comparison is the weak one (RFC 9110, section 13.1.2).
#[must_use]
pub fn matches(header: &str, etag: &str) -> bool {
    // Splitting at commas may cut a foreign tag in pieces; ours has none, so it is found or not all the same.
    header
        .split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_a_weak_tag_and_a_star_match() {
        for header in [
            "\"a\"",
            "W/\"a\"",
            "\"x\", \"a\"",
            "\"x,y\" ,W/\"a\"",
            "*",
            " \"a\" ",
        ] {
            assert!(matches(header, "\"a\""), "{header}");
        }
    }

    #[test]
    fn other_tags_do_not_match() {
        for header in ["", "a", "\"b\"", "\"a", "W/a", "\"aa\"", "w/\"a\""] {
            assert!(!matches(header, "\"a\""), "{header}");
        }
    }

    #[test]
    fn the_tag_follows_the_content() {
        assert_eq!(of_content(b"x"), of_content(b"x"));
        assert_ne!(of_content(b"x"), of_content(b"y"));
    }
}
