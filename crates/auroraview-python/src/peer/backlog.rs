//! How much of what a page sent waits for handlers, and when that is enough.
//!
//! A fast lane is not read further then, so that a page that floods fills its own memory, not the program's. The ordinary
//! way cannot be stopped so.

use std::sync::Weak;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::PeerCore;
use crate::fast_lane::FastLane;

/// See the module.
#[derive(Default)]
pub(super) struct Backlog {
    jobs: AtomicUsize,
    bytes: AtomicUsize,
    /// Somebody has stopped reading for it.
    is_paused: AtomicBool,
}

impl PeerCore {
    /// A job of so many bytes waits for its handler.
    pub(crate) fn job_waits(&self, bytes: usize) {
        self.backlog.jobs.fetch_add(1, Ordering::SeqCst);
        self.backlog.bytes.fetch_add(bytes, Ordering::SeqCst);
    }

    /// It waits no more.
    pub(crate) fn job_is_taken(&self, bytes: usize) {
        self.backlog.jobs.fetch_sub(1, Ordering::SeqCst);
        self.backlog.bytes.fetch_sub(bytes, Ordering::SeqCst);
        if self.backlog.is_paused.load(Ordering::SeqCst)
            && self.is_below(2)
            && self.backlog.is_paused.swap(false, Ordering::SeqCst)
            && let Some(fast_lane) = self.fast_lane.get().and_then(Weak::upgrade)
        {
            FastLane::resume(&fast_lane);
        }
    }

    /// So much waits that no more is to be read. `FastLane::resume` is called when that is over.
    pub(crate) fn is_paused(&self) -> bool {
        if self.backlog.is_paused.load(Ordering::SeqCst) {
            return true;
        }
        if self.is_below(1) {
            return false;
        }
        self.backlog.is_paused.store(true, Ordering::SeqCst);
        // The last job may have been taken before that was to be seen.
        !(self.is_below(2) && self.backlog.is_paused.swap(false, Ordering::SeqCst))
    }

    /// So much waits that not even for the sake of order more is to be read.
    pub(crate) fn is_overrun(&self) -> bool {
        let limits = self.limits();
        self.backlog.jobs.load(Ordering::SeqCst) / 2 > limits.calls_in_flight
            || self.backlog.bytes.load(Ordering::SeqCst) / 2 > limits.queue_bytes
    }

    /// No more waits than this part of what may.
    fn is_below(&self, part: usize) -> bool {
        let limits = self.limits();
        self.backlog.jobs.load(Ordering::SeqCst) <= limits.calls_in_flight / part
            && self.backlog.bytes.load(Ordering::SeqCst) <= limits.queue_bytes / part
    }
}
