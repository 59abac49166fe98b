//! Which part of a file a `Range` header asks for, by RFC 9110, section 14.
//!
//! A header that is malformed, of another unit, or names several ranges is answered with the whole file, as the RFC
//! allows.

use http_range_header::{
    EndPosition, ParsedRanges, RangeUnsatisfiableError, StartPosition, parse_range_header,
};

/// What to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slice {
    /// Everything, with 200.
    Whole,
    /// From `start` to `end` inclusive, with 206.
    Part { start: u64, end: u64 },
    /// Nothing, with 416.
    Unsatisfiable,
}

/// Of a file with `length` bytes.
pub(crate) fn slice(header: Option<&str>, length: u64) -> Slice {
    let Some(header) = header else {
        return Slice::Whole;
    };
    let range = match parse_range_header(header) {
        Ok(ParsedRanges { ranges }) => match ranges[..] {
            [range] => range,
            _ => return Slice::Whole,
        },
        Err(RangeUnsatisfiableError::ZeroSuffix) => return Slice::Unsatisfiable,
        Err(_) => return Slice::Whole,
    };
    // The library's own `validate` takes a range of an empty file for good and a long suffix for bad.
    let Some(last) = length.checked_sub(1) else {
        return Slice::Unsatisfiable;
    };
    match (range.start, range.end) {
        (StartPosition::Index(start), EndPosition::Index(end)) if end < start => Slice::Whole,
        (StartPosition::Index(start), _) if start > last => Slice::Unsatisfiable,
        (StartPosition::Index(start), EndPosition::Index(end)) => Slice::Part {
            start,
            end: end.min(last),
        },
        (StartPosition::Index(start), EndPosition::LastByte) => Slice::Part { start, end: last },
        (StartPosition::FromLast(count), _) => Slice::Part {
            start: length.saturating_sub(count),
            end: last,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_a_part_of_the_file() {
        for (header, start, end) in [
            ("bytes=0-0", 0, 0),
            ("bytes=2-4", 2, 4),
            ("bytes=2-", 2, 9),
            ("bytes=2-99", 2, 9),
            ("bytes=-3", 7, 9),
            ("bytes=-99", 0, 9),
        ] {
            assert_eq!(
                slice(Some(header), 10),
                Slice::Part { start, end },
                "{header}"
            );
        }
    }

    #[test]
    fn a_range_behind_the_end_cannot_be_satisfied() {
        for header in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert_eq!(slice(Some(header), 10), Slice::Unsatisfiable, "{header}");
        }
    }

    #[test]
    fn an_empty_file_has_no_ranges() {
        for header in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
            assert_eq!(slice(Some(header), 0), Slice::Unsatisfiable, "{header}");
        }
    }

    #[test]
    fn what_is_malformed_or_several_means_the_whole_file() {
        for header in [
            "bytes=0-1,3-4",
            "bytes=4-2",
            "lines=1-2",
            "bytes=",
            "bytes=a-b",
            "bytes=--1",
            "",
        ] {
            assert_eq!(slice(Some(header), 10), Slice::Whole, "{header}");
        }
        assert_eq!(slice(None, 10), Slice::Whole);
    }
}
