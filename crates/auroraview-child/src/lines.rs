//! Bytes in pieces to lines of text. No I/O.

use memchr::memchr;

/// The longest line that is handed on in one piece, in bytes.
pub const LINE_LIMIT: usize = 16 * 1024;

/// The part of a line whose end has not come.
#[derive(Default)]
pub(crate) struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Takes bytes, gives the lines that end in them.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut give: impl FnMut(&str)) {
        while let Some(end) = memchr(b'\n', bytes) {
            if self.begun.is_empty() {
                whole(&bytes[..end], &mut give);
            } else {
                self.begun.extend_from_slice(&bytes[..end]);
                whole(&self.begun, &mut give);
                self.begun.clear();
            }
            bytes = &bytes[end + 1..];
        }
        self.begun.extend_from_slice(bytes);
        let given = pieces(&self.begun, &mut give);
        self.begun.drain(..given);
    }

    /// Gives what is left when no more comes.
    pub(crate) fn finish(&mut self, mut give: impl FnMut(&str)) {
        if !self.begun.is_empty() {
            whole(&self.begun, &mut give);
            self.begun.clear();
        }
    }
}

fn whole(line: &[u8], give: &mut impl FnMut(&str)) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let given = pieces(line, give);
    give(&String::from_utf8_lossy(&line[given..]));
}

/// Gives full pieces while there is more than one left; tells how many bytes that were.
fn pieces(line: &[u8], give: &mut impl FnMut(&str)) -> usize {
    let mut given = 0;
    while line.len() - given > LINE_LIMIT {
        let end = given + piece(&line[given..]);
        give(&String::from_utf8_lossy(&line[given..end]));
        given = end;
    }
    given
}

/// Where to cut a line that is longer than the limit: not inside a character.
fn piece(line: &[u8]) -> usize {
    (LINE_LIMIT - 3..=LINE_LIMIT)
        .rev()
        .find(|&at| line[at] & 0xc0 != 0x80)
        .unwrap_or(LINE_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut all = Vec::new();
        for part in parts {
            lines.push(part, |line| all.push(line.to_owned()));
        }
        lines.finish(|line| all.push(line.to_owned()));
        all
    }

    #[test]
    fn lines_come_whole_however_the_bytes_are_cut() {
        let text = "one\n\ntwo\r\nthrée\nlast".as_bytes();
        for at in 0..=text.len() {
            let (a, b) = text.split_at(at);
            assert_eq!(
                lines(&[a, b]),
                ["one", "", "two", "thrée", "last"],
                "cut at {at}"
            );
        }
        assert_eq!(lines(&[b"ended\n"]), ["ended"]);
        assert!(lines(&[]).is_empty());
    }

    #[test]
    fn what_is_not_utf8_is_replaced() {
        assert_eq!(lines(&[b"a\xffb\n", b"\xc3"]), ["a\u{fffd}b", "\u{fffd}"]);
    }

    #[test]
    fn a_long_line_comes_in_pieces_and_keeps_its_characters() {
        for shift in 0..4 {
            let text = "x".repeat(shift) + &"𝄞".repeat(10_000) + "\n";
            for size in [1000, 8192, text.len()] {
                let parts: Vec<_> = text.as_bytes().chunks(size).collect();
                let all = lines(&parts);
                assert_eq!(all.len(), 3);
                assert!(all.iter().all(|piece| piece.len() <= LINE_LIMIT));
                assert_eq!(all.concat(), text.trim_end());
            }
        }
    }

    #[test]
    fn a_line_at_the_limit_is_one_piece() {
        let line = vec![b'x'; LINE_LIMIT];
        assert_eq!(lines(&[&line, b"\n"]).len(), 1);
        assert_eq!(lines(&[&vec![0x80; LINE_LIMIT + 1], b"\n"]).len(), 2);
    }
}
