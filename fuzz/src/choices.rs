//! The input as a row of decisions: so that a small change of it is a small change of what happens.

/// Bytes that are used up one by one.
pub struct Choices<'a> {
    left: &'a [u8],
}

impl<'a> Choices<'a> {
    /// All of `input`.
    pub fn new(input: &'a [u8]) -> Self {
        Self { left: input }
    }

    /// The next byte.
    pub fn next(&mut self) -> Option<u8> {
        let (first, left) = self.left.split_first()?;
        self.left = left;
        Some(*first)
    }

    /// A number below `end`; 0 when nothing is left.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.next().unwrap_or(0)) % end
    }

    /// One in `count` says yes.
    pub fn one_in(&mut self, count: u8) -> bool {
        self.next().is_some_and(|byte| byte % count == count - 1)
    }
}
