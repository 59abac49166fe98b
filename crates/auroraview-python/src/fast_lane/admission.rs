//! Whose frames are taken from a lane: those of the document that the host admitted, of no other.
//!
//! A lane outlives documents, and what they write into it comes in the order in which they began. The host admits a
//! document by another way, when its hello was checked there. So what is read here may be ahead of that, or behind it: a
//! document that is not admitted yet makes its readers wait, one whose time is over is read past. Every document writes
//! something before it asks to be admitted; that tells on which side of it a stranger stands.

use auroraview_lane::DocumentId;

/// What to do with what a document has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Take,
    /// Its time is over.
    Drop,
    /// It is not admitted, and may yet be: read no further.
    Hold,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Admission {
    admitted: Option<DocumentId>,
    /// Something of it was read.
    has_begun: bool,
    /// The one before, or the last when none is admitted.
    former: Option<DocumentId>,
}

impl Admission {
    pub(super) fn admitted(&self) -> Option<DocumentId> {
        self.admitted
    }

    /// The host has checked this document, and its frames come on this lane from now on.
    pub(super) fn admit(&mut self, document: DocumentId) {
        if self.admitted == Some(document) {
            return;
        }
        self.end();
        self.admitted = Some(document);
        self.has_begun = false;
    }

    /// The document that is admitted is gone, if there is one.
    pub(super) fn end(&mut self) {
        self.former = self.admitted.take().or(self.former);
    }

    /// What to do with something of this document, which is the next on the lane.
    pub(super) fn judge(&mut self, document: DocumentId) -> Verdict {
        match self.admitted {
            Some(admitted) if admitted == document => {
                self.has_begun = true;
                Verdict::Take
            }
            Some(_) if !self.has_begun => Verdict::Drop,
            _ if self.former == Some(document) => Verdict::Drop,
            _ => Verdict::Hold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Drop, Hold, Take};
    use super::*;

    fn document(name: char) -> DocumentId {
        DocumentId::parse(&name.to_string().repeat(16)).unwrap()
    }

    #[test]
    fn a_document_is_held_until_it_is_admitted() {
        let mut admission = Admission::default();
        let first = document('a');
        assert_eq!(admission.judge(first), Hold);
        admission.admit(first);
        assert_eq!(admission.judge(first), Take);
        assert_eq!(admission.judge(document('b')), Hold);
        assert_eq!(admission.judge(first), Take);
    }

    #[test]
    fn what_an_older_document_left_behind_is_read_past() {
        let mut admission = Admission::default();
        let (first, never, next) = (document('a'), document('b'), document('c'));
        admission.admit(first);
        assert_eq!(admission.judge(first), Take);
        admission.end();
        assert_eq!(admission.judge(first), Drop);
        assert_eq!(admission.judge(never), Hold);
        admission.admit(next);
        assert_eq!(admission.judge(first), Drop);
        assert_eq!(admission.judge(never), Drop);
        assert_eq!(admission.judge(next), Take);
        assert_eq!(admission.judge(first), Drop);
    }

    #[test]
    fn one_that_is_ahead_of_its_admission_is_not_taken_for_an_older_one() {
        let mut admission = Admission::default();
        let (short, next) = (document('a'), document('b'));
        admission.admit(short);
        assert_eq!(admission.judge(short), Take);
        assert_eq!(admission.judge(next), Hold);
        admission.end();
        assert_eq!(admission.judge(next), Hold);
        admission.admit(next);
        assert_eq!(admission.judge(next), Take);
    }

    #[test]
    fn one_that_is_admitted_again_goes_on() {
        let mut admission = Admission::default();
        let only = document('a');
        admission.admit(only);
        assert_eq!(admission.judge(only), Take);
        admission.admit(only);
        assert_eq!(admission.judge(document('b')), Hold);
        admission.end();
        admission.admit(only);
        assert_eq!(admission.judge(only), Take);
    }
}
