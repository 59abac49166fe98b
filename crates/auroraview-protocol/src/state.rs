//! Where a session stands, and every legal move as one table.
//!
//! An input that the table does not list for a phase is illegal: [`Phase::after`] answers `None` and nothing changes.

use Phase::{Closed, Greeted, Loaded, Ready, Waiting, Welcomed};

/// What the session knows of its current document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// There is no document.
    Waiting,
    /// It said `hello` and was not answered yet.
    Greeted,
    /// As `Greeted`, and it said `ready`.
    Loaded,
    /// It was welcomed and did not say `ready` yet.
    Welcomed,
    /// It was welcomed and said `ready`: everything flows.
    Ready,
    /// The program closed the session; there is no document.
    Closed,
}

/// What moves a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// The page: a new document.
    Hello,
    /// The page: its document is parsed.
    Ready,
    /// The program answers `hello`.
    Welcome,
    /// The transport: the document went away.
    Gone,
    /// The program ends the session.
    Close,
    /// The program begins it again.
    Open,
}

#[rustfmt::skip]
const MOVES: &[(Phase, Input, Phase)] = &[
    (Waiting,  Input::Hello,   Greeted),
    (Waiting,  Input::Close,   Closed),

    (Greeted,  Input::Hello,   Greeted),
    (Greeted,  Input::Ready,   Loaded),
    (Greeted,  Input::Welcome, Welcomed),
    (Greeted,  Input::Gone,    Waiting),
    (Greeted,  Input::Close,   Closed),

    (Loaded,   Input::Hello,   Greeted),
    (Loaded,   Input::Welcome, Ready),
    (Loaded,   Input::Gone,    Waiting),
    (Loaded,   Input::Close,   Closed),

    (Welcomed, Input::Hello,   Greeted),
    (Welcomed, Input::Ready,   Ready),
    (Welcomed, Input::Gone,    Waiting),
    (Welcomed, Input::Close,   Closed),

    (Ready,    Input::Hello,   Greeted),
    (Ready,    Input::Gone,    Waiting),
    (Ready,    Input::Close,   Closed),

    (Closed,   Input::Open,    Waiting),
];

impl Phase {
    /// The phase after `input`, or `None` when it is illegal here.
    pub(crate) fn after(self, input: Input) -> Option<Phase> {
        MOVES
            .iter()
            .find(|(from, by, _)| *from == self && *by == input)
            .map(|(_, _, to)| *to)
    }

    /// There is a current document.
    pub(crate) fn has_document(self) -> bool {
        !matches!(self, Waiting | Closed)
    }

    /// The document was welcomed: frames may be sent.
    pub(crate) fn is_welcomed(self) -> bool {
        matches!(self, Welcomed | Ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASES: [Phase; 6] = [Waiting, Greeted, Loaded, Welcomed, Ready, Closed];

    #[test]
    fn no_move_is_listed_twice() {
        for (at, (from, by, _)) in MOVES.iter().enumerate() {
            assert!(
                !MOVES[..at].iter().any(|(f, b, _)| f == from && b == by),
                "{from:?} {by:?}"
            );
        }
    }

    #[test]
    fn every_phase_but_closed_can_be_closed_and_greeted() {
        for phase in PHASES {
            let open = phase != Closed;
            assert_eq!(phase.after(Input::Close), open.then_some(Closed));
            assert_eq!(phase.after(Input::Hello), open.then_some(Greeted));
            assert_eq!(phase.after(Input::Open), (!open).then_some(Waiting));
        }
    }

    #[test]
    fn exactly_a_document_can_go_away() {
        for phase in PHASES {
            assert_eq!(phase.after(Input::Gone).is_some(), phase.has_document());
        }
    }

    #[test]
    fn a_document_is_ready_and_welcomed_once_in_either_order() {
        assert_eq!(Greeted.after(Input::Ready), Some(Loaded));
        assert_eq!(Loaded.after(Input::Welcome), Some(Ready));
        assert_eq!(Greeted.after(Input::Welcome), Some(Welcomed));
        assert_eq!(Welcomed.after(Input::Ready), Some(Ready));
        for phase in [Loaded, Ready] {
            assert_eq!(phase.after(Input::Ready), None);
        }
        for phase in [Welcomed, Ready] {
            assert_eq!(phase.after(Input::Welcome), None);
        }
    }
}
