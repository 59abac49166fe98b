//! Which document a message is of or for.

use std::fmt;

const LENGTH: usize = 16;

/// The id of a document: 16 characters of `A-Z a-z 0-9 _ -`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocumentId([u8; LENGTH]);

impl DocumentId {
    /// The id that `text` is; `None` when it is none.
    pub fn parse(text: &str) -> Option<DocumentId> {
        DocumentId::from_bytes(text.as_bytes().try_into().ok()?)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) fn from_bytes(bytes: [u8; LENGTH]) -> Option<DocumentId> {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        bytes.iter().all(allowed).then_some(DocumentId(bytes))
    }

    pub(crate) fn bytes(self) -> [u8; LENGTH] {
        self.0
    }
}

impl fmt::Debug for DocumentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_sixteen_characters_of_the_alphabet() {
        let id = DocumentId::parse("aZ09_-aZ09_-aZ09").unwrap();
        assert_eq!(id.as_str(), "aZ09_-aZ09_-aZ09");
        assert_eq!(format!("{id} {id:?}"), "aZ09_-aZ09_-aZ09 aZ09_-aZ09_-aZ09");
        for wrong in [
            "",
            "aZ09_-aZ09_-aZ0",
            "aZ09_-aZ09_-aZ099",
            "aZ09_-aZ09_-aZ0~",
            "aZ09_-aZ09_-aZü",
            "aZ09_-aZ09_-aZ0\0",
        ] {
            assert_eq!(DocumentId::parse(wrong), None, "{wrong:?}");
        }
    }
}
