//! Calls for which the page stands still: each comes alone, and whatever becomes of it is answered.

use bytes::Bytes;

use super::{Session, Wanted};
use crate::codec::{Message, Refusal, read_frame, read_message};
use crate::counters::Reason;
use crate::error::ErrorObject;
use crate::message::Answer;
use crate::state::Phase;

impl Session {
    /// Takes a synchronous call: a frame of the current document, without a number, with one message, a call. What is
    /// refused is answered as well, with call id 0 where the frame does not tell the id. `number` is repeated with the
    /// answer. Next: [`Self::next_incoming`], [`Self::next_sync_answer`].
    pub fn receive_sync(&mut self, text: &str, attachments: Vec<Bytes>, number: u64) {
        if let Err(refusal) = self.take_sync(text, attachments, number) {
            self.counters.refuse(refusal.reason, 1);
            let (id, error) = refusal
                .answer
                .unwrap_or_else(|| (0, describe(refusal.reason)));
            self.answer_sync(number, &Answer::new(id, &Err(error)));
        }
    }

    /// As [`Self::refuse`], for a synchronous call, which is answered.
    pub fn refuse_sync(&mut self, reason: Reason, number: u64) {
        self.counters.refuse(reason, 1);
        self.answer_sync(number, &Answer::new(0, &Err(describe(reason))));
    }

    fn take_sync(
        &mut self,
        text: &str,
        attachments: Vec<Bytes>,
        number: u64,
    ) -> Result<(), Refusal> {
        if self.phase == Phase::Closed {
            return Err(Reason::Closed.into());
        }
        let frame = read_frame(text)?;
        let head = frame.head.as_ref();
        self.check_document(head)?;
        let is_numbered = head.is_some_and(|head| head.seq.is_some());
        let is_complete = attachments.len() == head.map_or(0, |head| head.att);
        let &[message] = &frame.messages[..] else {
            return Err(Reason::Malformed.into());
        };
        if is_numbered || !is_complete {
            return Err(Reason::Malformed.into());
        }
        self.acknowledge(head);
        let mut attachments = attachments.into_iter();
        match read_message(message, &mut attachments, &self.limits)? {
            Message::Call { id, method, params } if attachments.len() == 0 => {
                self.begin_call(id, method.into(), params, Wanted::AtOnce(number))
            }
            _ => Err(Reason::Malformed.into()),
        }
    }
}

/// What the page is told where no other error says it.
fn describe(reason: Reason) -> ErrorObject {
    match reason {
        Reason::Closed | Reason::StaleDocument | Reason::NoHello => {
            ErrorObject::closed("the document of the call is not current")
        }
        Reason::TooLarge => ErrorObject::too_large("the call is longer than is allowed"),
        Reason::DuplicateId => {
            ErrorObject::invalid_params("another call with the same id is in flight")
        }
        _ => ErrorObject::invalid_params("a synchronous call is a frame of one call"),
    }
}
