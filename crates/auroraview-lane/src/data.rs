//! What is attached to a message, as its sender has it.

use std::fmt;

use bytes::Bytes;

use crate::large;

/// The bytes of one attachment.
#[derive(Clone)]
pub enum Data<'a> {
    /// Borrowed for the call alone: copied when it has to wait.
    Lent(&'a [u8]),
    /// Kept alive without a copy when it has to wait.
    Shared(Bytes),
    /// Written by its owner to where it leaves from.
    Filled {
        /// How many there are.
        bytes: usize,
        /// Asked for a piece from that offset on: one after another, of any size, during the call alone. It writes all of
        /// it, reads nothing there, and must not use the lane.
        fill: &'a dyn Fn(usize, &mut [u8]),
    },
}

/// Bytes that leave, in a row of others.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    Bytes(&'a [u8]),
    Filled {
        bytes: usize,
        fill: &'a dyn Fn(usize, &mut [u8]),
    },
}

impl Data<'_> {
    /// Size in bytes.
    pub fn bytes(&self) -> usize {
        self.part().bytes()
    }

    pub(crate) fn part(&self) -> Part<'_> {
        match *self {
            Data::Lent(bytes) => Part::Bytes(bytes),
            Data::Shared(ref bytes) => Part::Bytes(bytes),
            Data::Filled { bytes, fill } => Part::Filled { bytes, fill },
        }
    }

    /// What can wait.
    pub(crate) fn keep(&self) -> Bytes {
        match *self {
            Data::Lent(bytes) => large::copied(bytes),
            Data::Shared(ref bytes) => bytes.clone(),
            Data::Filled { bytes, fill } => {
                let mut copy = vec![0; bytes];
                fill(0, &mut copy);
                copy.into()
            }
        }
    }
}

impl Part<'_> {
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Part::Bytes(bytes) => bytes.len(),
            Part::Filled { bytes, .. } => *bytes,
        }
    }

    /// Adds them to what is in memory of our own.
    pub(crate) fn put(&self, into: &mut Vec<u8>) {
        match self {
            Part::Bytes(bytes) => into.extend_from_slice(bytes),
            Part::Filled { bytes, fill } => {
                let start = into.len();
                into.resize(start + bytes, 0);
                fill(0, &mut into[start..]);
            }
        }
    }
}

impl fmt::Debug for Data<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Data::Lent(_) => "Lent",
            Data::Shared(_) => "Shared",
            Data::Filled { .. } => "Filled",
        };
        write!(formatter, "{name}({} bytes)", self.bytes())
    }
}

impl<'a> From<&'a [u8]> for Data<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Data::Lent(bytes)
    }
}

impl From<Bytes> for Data<'_> {
    fn from(bytes: Bytes) -> Self {
        Data::Shared(bytes)
    }
}
