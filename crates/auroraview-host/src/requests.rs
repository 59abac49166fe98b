//! Numbers of the questions asked of the program.
//!
//! They are unique in the process, for all kinds of questions and all views: an answer that comes late can never decide
//! a question of another window, or of one that was opened later under the same number.

use std::sync::atomic::{AtomicU64, Ordering};

use auroraview_host_api::RequestId;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A number that was not given before.
pub(crate) fn next_request() -> RequestId {
    NEXT.fetch_add(1, Ordering::Relaxed)
}
