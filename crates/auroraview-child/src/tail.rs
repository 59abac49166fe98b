//! The last lines a child wrote, for the text of an error.

use std::collections::VecDeque;

use crate::spec::Output;

const LINES: usize = 20;
const BYTES: usize = 4 * 1024;

/// The last lines of both outputs.
#[derive(Default)]
pub(crate) struct Tail {
    stdout: Last,
    stderr: Last,
}

impl Tail {
    pub(crate) fn push(&mut self, from: Output, line: &str) {
        match from {
            Output::Stdout => self.stdout.push(line),
            Output::Stderr => self.stderr.push(line),
        }
    }

    /// Of the standard error; of the standard output when there was none.
    pub(crate) fn text(&self) -> String {
        let last = match self.stderr.lines.is_empty() {
            true => &self.stdout,
            false => &self.stderr,
        };
        last.lines
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[derive(Default)]
struct Last {
    lines: VecDeque<String>,
    /// Of the lines, each with its end.
    bytes: usize,
}

impl Last {
    fn push(&mut self, line: &str) {
        // Of a very long line the end is kept, as of everything.
        let mut from = line.len().saturating_sub(BYTES - 1);
        while !line.is_char_boundary(from) {
            from += 1;
        }
        let line = &line[from..];
        self.bytes += line.len() + 1;
        self.lines.push_back(line.to_owned());
        while self.lines.len() > LINES || self.bytes > BYTES {
            if let Some(first) = self.lines.pop_front() {
                self.bytes -= first.len() + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_error_comes_first() {
        let mut tail = Tail::default();
        assert_eq!(tail.text(), "");
        tail.push(Output::Stdout, "out");
        assert_eq!(tail.text(), "out");
        tail.push(Output::Stderr, "one");
        tail.push(Output::Stderr, "two");
        assert_eq!(tail.text(), "one\ntwo");
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut tail = Tail::default();
        for number in 0..100 {
            tail.push(Output::Stderr, &number.to_string());
        }
        let text = tail.text();
        assert_eq!(text.lines().count(), LINES);
        assert!(text.starts_with("80\n") && text.ends_with("\n99"));
        tail.push(Output::Stderr, &"ö".repeat(5000));
        assert!(tail.text().len() <= BYTES && tail.text().ends_with('ö'));
        tail.push(Output::Stderr, "after");
        assert_eq!(tail.text(), "after");
    }
}
