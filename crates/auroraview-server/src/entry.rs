//! One session in the registry: its secrets, its connection, and when it ends.
//!
//! Two locks: `attaching` is held while a connection comes or goes, across the calls that tell the program so, and makes
//! those come one at a time; the state's own is held for moments and never across a call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use crate::auth::same_secret;
use crate::bucket::Bucket;
use crate::lock;
use crate::mailbox::{Mailbox, SessionOutlet};
use crate::options::{GOODBYE, Options};
use crate::program::Served;
use crate::request::Authenticated;

/// How a session ended: the word for the program, and what its connection is closed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) reason: &'static str,
    pub(crate) code: u16,
    pub(crate) text: String,
}

/// What a peer may still send; kept by its session, so that a new connection is no new allowance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    pub(crate) frames: Bucket,
    pub(crate) bytes: Bucket,
}

impl Rates {
    pub(crate) fn new(options: &Options, now: Instant) -> Self {
        Self {
            frames: Bucket::new(options.frames_per_second, now),
            bytes: Bucket::new(options.bytes_per_second, now),
        }
    }
}

/// See the module.
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) outlet: Arc<SessionOutlet>,
    served: OnceLock<Arc<dyn Served>>,
    attaching: Mutex<()>,
    /// It waits for whoever comes, and for as long as it takes.
    expected: bool,
    was_connected: AtomicBool,
    state: Mutex<State>,
    end_told: AtomicBool,
}

struct State {
    token: String,
    /// The one before, until the client was seen to have the new one.
    previous: Option<String>,
    identity: Option<Authenticated>,
    /// When the session ends by itself, and whether because its page said goodbye.
    deadline: Option<Instant>,
    goodbye: bool,
    ended: Option<Ending>,
    rates: Rates,
}

impl Entry {
    pub(crate) fn new(
        id: String,
        token: String,
        identity: Option<Authenticated>,
        rates: Rates,
        expected: bool,
    ) -> Self {
        Self {
            id,
            outlet: Arc::default(),
            served: OnceLock::new(),
            attaching: Mutex::default(),
            expected,
            was_connected: AtomicBool::new(!expected),
            state: Mutex::new(State {
                token,
                previous: None,
                identity,
                deadline: None,
                goodbye: false,
                ended: None,
                rates,
            }),
            end_told: AtomicBool::new(false),
        }
    }

    /// Keeps other connections of this session waiting.
    pub(crate) fn attaching(&self) -> MutexGuard<'_, ()> {
        lock(&self.attaching)
    }

    /// The program's side has begun.
    pub(crate) fn begun(&self, served: Arc<dyn Served>) {
        let _ = self.served.set(served);
        let ending = lock(&self.state).ended.clone();
        if let Some(ending) = ending {
            self.tell_end(ending.reason);
        }
    }

    pub(crate) fn served(&self) -> Option<Arc<dyn Served>> {
        self.served.get().cloned()
    }

    /// Checks what a client brings to resume the session; when it is good, `next` is the token from now on.
    pub(crate) fn rotate(
        &self,
        brought: &str,
        identity: Option<&Authenticated>,
        next: String,
    ) -> bool {
        let mut state = lock(&self.state);
        let same_person = match (&state.identity, identity) {
            (None, None) => true,
            (Some(own), Some(other)) => own.same(&**other),
            _ => false,
        };
        let newest = same_secret(&state.token, brought);
        let former = state
            .previous
            .as_deref()
            .is_some_and(|token| same_secret(token, brought));
        if state.ended.is_some() || !same_person || !(newest | former) {
            return false;
        }
        let last = std::mem::replace(&mut state.token, next);
        if newest {
            state.previous = Some(last);
        }
        true
    }

    /// Gives the expected session to a client that knows nothing of it; `token` is the resume token from now on. False
    /// when it is over, or somebody is there who has not said goodbye.
    pub(crate) fn give(&self, identity: Option<&Authenticated>, token: String) -> bool {
        let mut state = lock(&self.state);
        if state.ended.is_some() || self.is_occupied(&state) {
            return false;
        }
        state.token = token;
        state.previous = None;
        state.identity = identity.cloned();
        true
    }

    /// Whether somebody is there who has not said goodbye.
    pub(crate) fn is_taken(&self) -> bool {
        self.is_occupied(&lock(&self.state))
    }

    fn is_occupied(&self, state: &State) -> bool {
        !state.goodbye && self.outlet.mailbox().is_some()
    }

    /// Whether this connection is its first one; true once at most.
    pub(crate) fn is_first_connection(&self) -> bool {
        !self.was_connected.swap(true, Ordering::AcqRel)
    }

    /// Whether nobody is there for the session that is expected.
    pub(crate) fn is_awaited(&self) -> bool {
        self.expected && self.outlet.mailbox().is_none()
    }

    /// The client at the other end of `mailbox` has the new token.
    pub(crate) fn confirm(&self, mailbox: &Arc<Mailbox>) {
        let mut state = lock(&self.state);
        if self.outlet.leads_to(mailbox) {
            state.previous = None;
        }
    }

    /// Frames go to `mailbox` from now on. Returns the connection before it and what the peer may still send.
    ///
    /// # Errors
    /// How the session ended, when it has.
    pub(crate) fn connect(
        &self,
        mailbox: &Arc<Mailbox>,
    ) -> Result<(Option<Arc<Mailbox>>, Rates), Ending> {
        let mut state = lock(&self.state);
        if let Some(ending) = &state.ended {
            return Err(ending.clone());
        }
        state.deadline = None;
        state.goodbye = false;
        Ok((self.outlet.connect(mailbox), state.rates))
    }

    /// The connection is gone. Does nothing when the session has another one, or none.
    pub(crate) fn disconnect(&self, mailbox: &Arc<Mailbox>, rates: Rates, ttl: Duration) {
        let _attaching = self.attaching();
        {
            let mut state = lock(&self.state);
            if !self.outlet.leads_to(mailbox) {
                return;
            }
            self.outlet.disconnect();
            state.rates = rates;
            if state.ended.is_some() {
                return;
            }
            if !self.expected {
                let deadline = Instant::now() + ttl;
                state.deadline = Some(
                    state
                        .deadline
                        .map_or(deadline, |sooner| sooner.min(deadline)),
                );
            }
        }
        if let Some(served) = self.served() {
            served.suspended();
        }
    }

    /// The page said goodbye over `mailbox`; the expected session does not end so.
    pub(crate) fn goodbye(&self, mailbox: &Arc<Mailbox>, ttl: Duration) {
        let mut state = lock(&self.state);
        if self.outlet.leads_to(mailbox) {
            if !self.expected {
                state.deadline = Some(Instant::now() + GOODBYE.min(ttl));
            }
            state.goodbye = true;
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        lock(&self.state).deadline
    }

    /// Time stood still for so long: nobody could come back meanwhile.
    pub(crate) fn postpone(&self, time: Duration) {
        let mut state = lock(&self.state);
        state.deadline = state.deadline.map(|deadline| deadline + time);
    }

    /// How it ends when its time is up at `now`: because of a goodbye or not.
    pub(crate) fn due(&self, now: Instant) -> Option<bool> {
        let state = lock(&self.state);
        state
            .deadline
            .is_some_and(|deadline| deadline <= now)
            .then_some(state.goodbye)
    }

    /// Ends the session. With `due`, only if its time is still up then. False when it is over already or goes on.
    pub(crate) fn end(&self, ending: &Ending, due: Option<Instant>) -> bool {
        let mut state = lock(&self.state);
        let on_time = due.is_none_or(|now| state.deadline.is_some_and(|deadline| deadline <= now));
        if state.ended.is_some() || !on_time {
            return false;
        }
        state.ended = Some(ending.clone());
        state.deadline = None;
        true
    }

    /// Tells the program, once, if there is a program's side yet.
    pub(crate) fn tell_end(&self, reason: &'static str) {
        if let Some(served) = self.served()
            && !self.end_told.swap(true, Ordering::AcqRel)
        {
            served.end(reason);
        }
    }
}
