//! What a page sends that does not leave at once: a moment in which the host may read.
//!
//! What the page tells the engine afterwards, that a script is done or that the document is left, goes another way. The
//! host reads what is on the lane before it sees to that; of what waits here it knows nothing. So the page waits a
//! moment for the host to take it. One that takes nothing is waited for once, until it has taken all.

use std::rc::Rc;
use std::time::{Duration, Instant};

use auroraview_lane::Kind;

use crate::connection::Connection;
use crate::page::Opened;
use crate::receiving::{Kept, tell};
use crate::sync_call::wait;

/// At most so long. The host reads a message of megabytes in a few milliseconds.
const MOMENT: Duration = Duration::from_millis(50);

/// Waits until all that was sent has left, the moment is over, or the lane is. What comes meanwhile is kept for the loop.
pub(crate) fn let_read(connection: &Rc<Connection>, opened: &Opened) {
    if !connection.patient.get() {
        return;
    }
    let deadline = Instant::now() + MOMENT;
    let lane = &connection.lane;
    loop {
        // Not only when nothing comes: then one who sends without end would keep the page here.
        let left = deadline.saturating_duration_since(Instant::now());
        // The host's word that it has copied something comes so, too.
        let kept = lane.receive(|message| {
            message.kind != Kind::Frame
                || message.document != opened.document
                || connection.keep(Kept::new(&message))
        });
        match kept {
            Ok(Some(false)) => return connection.set_over(),
            Ok(Some(true)) if !left.is_zero() => continue,
            Ok(_) => {}
            Err(fault) => {
                tell(&fault);
                return connection.set_over();
            }
        }
        match lane.flush() {
            Ok(true) => return,
            Ok(false) if left.is_zero() => return connection.patient.set(false),
            Ok(false) => {
                wait(connection, left);
            }
            Err(_) => return connection.set_over(),
        }
    }
}
