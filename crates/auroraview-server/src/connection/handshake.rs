//! The hello: from a stranger to a session.

use std::sync::Arc;
use std::time::Instant;

use super::{Attached, Connection, Stage};
use crate::auth::{random_text, same_secret};
use crate::entry::{Entry, Rates};
use crate::mailbox::Leave;
use crate::program::{Served, SessionInfo};
use crate::wire::{Hello, SessionReply, close_code};

/// Frames that a client may send beyond its rate after it resumed: what was on its way when the connection broke.
const SENT_AGAIN: f64 = 20_000.0;

impl Connection {
    pub(super) fn hello(&mut self, text: &str, now: Instant) {
        let hello = match Hello::parse(text) {
            Ok(hello) => hello,
            Err(why) => return self.broken(why),
        };
        if !self.is_good_token(hello.token.as_deref()) {
            self.sessions
                .count("token", "Its token is missing or wrong.");
            return self.fail(close_code::TOKEN, "the token is missing or wrong");
        }
        let options = &self.sessions.options;
        let wanted = options.compress.unwrap_or(!self.request.is_loopback());
        self.compress = wanted && hello.accepts_gzip();

        // Of a page that goes on where it was; one that was loaded again is new.
        if hello.received.is_some()
            && let Some(id) = &hello.session
            && let Some(reason) = self.sessions.why_kicked(id)
        {
            return self.fail(close_code::KICKED, &reason);
        }
        self.attach(&hello, now);
    }

    /// Finds the client its session: the one it had, the one that waits for somebody, or a new one.
    pub(super) fn attach(&mut self, hello: &Hello<'_>, now: Instant) {
        let (Ok(id), Ok(resume)) = (random_text(), random_text()) else {
            log::error!("the system has no random numbers; no session can begin");
            return self.fail(close_code::INTERNAL, "no random numbers");
        };
        let known = hello
            .session
            .as_deref()
            .and_then(|id| self.sessions.find(id));
        if let (Some(entry), Some(brought)) = (known, &hello.resume) {
            let attaching = entry.attaching();
            let identity = self.request.identity.as_ref();
            if entry.rotate(brought, identity, resume.clone())
                && self.return_to(&entry, hello, hello.received, &resume, now)
            {
                return;
            }
            drop(attaching);
        }
        if let Some(entry) = self.sessions.expected() {
            let attaching = entry.attaching();
            if entry.give(self.request.identity.as_ref(), resume.clone())
                && self.return_to(&entry, hello, Some(u64::MAX), &resume, now)
            {
                return;
            }
            drop(attaching);
        }
        self.begin(hello, id, resume, now);
    }

    pub(super) fn is_good_token(&self, brought: Option<&str>) -> bool {
        let options = &self.sessions.options;
        match &options.token {
            Some(token) if !options.authenticate => {
                brought.is_some_and(|brought| same_secret(token, brought))
            }
            _ => true,
        }
    }

    fn info(&self, id: &str, hello: &Hello<'_>) -> SessionInfo {
        SessionInfo {
            session_id: id.to_owned(),
            address: self.request.address.clone(),
            user_agent: self.request.header("user-agent").map(str::to_owned),
            url: hello.url(),
            origin: self.request.header("origin").map(str::to_owned),
            identity: self.request.identity.clone(),
        }
    }

    /// Takes a session over. The document goes on after frame `processed`: `None`, it is new; [`u64::MAX`], it is to
    /// begin anew. False when the session just ended.
    fn return_to(
        &mut self,
        entry: &Arc<Entry>,
        hello: &Hello<'_>,
        processed: Option<u64>,
        resume: &str,
        now: Instant,
    ) -> bool {
        let Some(served) = entry.served() else {
            return false;
        };
        // No frame is numbered so high that the next one could not be.
        let first = processed.unwrap_or(0).saturating_add(1);
        self.mailbox.hold(&hello.document, first);
        let Ok((older, mut rates)) = entry.connect(&self.mailbox) else {
            return false;
        };
        if let Some(older) = older {
            let reason = "a newer connection has this session";
            older.close(close_code::TAKEN_OVER, reason, Leave::Now);
            served.suspended();
        }
        let info = self.info(&entry.id, hello);
        if entry.is_first_connection() {
            served.connected(info);
        } else {
            served.resumed(info);
        }
        // Also a document that is new may call itself as the current one, which is then over.
        let resumed = served.resume(&hello.document, processed.unwrap_or(u64::MAX));
        let received = if resumed {
            rates.frames.grant(SENT_AGAIN);
            served.received()
        } else {
            self.mailbox.hold(&hello.document, 1);
            served.receive(&hello.for_session(), Vec::new());
            0
        };
        self.open(
            entry.clone(),
            served,
            rates,
            (resume, received, resumed),
            now,
        );
        true
    }

    fn begin(&mut self, hello: &Hello<'_>, id: String, resume: String, now: Instant) {
        let rates = Rates::new(&self.sessions.options, now);
        let identity = self.request.identity.clone();
        let entry = Arc::new(Entry::new(id, resume.clone(), identity, rates, false));
        if let Err((code, reason)) = self.sessions.add(&entry) {
            return self.fail(code, reason);
        }
        let attaching = entry.attaching();
        let info = self.info(&entry.id, hello);
        let served = self.sessions.program.begin(info, entry.outlet.clone());
        entry.begun(served.clone());
        self.mailbox.hold(&hello.document, 1);
        if let Err(ending) = entry.connect(&self.mailbox) {
            drop(attaching);
            return self.fail(ending.code, &ending.text);
        }
        served.receive(&hello.for_session(), Vec::new());
        self.open(entry.clone(), served, rates, (&resume, 0, false), now);
    }

    fn open(
        &mut self,
        entry: Arc<Entry>,
        served: Arc<dyn Served>,
        rates: Rates,
        (resume, received, resumed): (&str, u64, bool),
        now: Instant,
    ) {
        let options = &self.sessions.options;
        let reply = SessionReply {
            kind: "session",
            id: &entry.id,
            resume,
            received,
            resumed,
            heartbeat: options.heartbeat_interval.as_secs_f64(),
            timeout: options.heartbeat_timeout.as_secs_f64(),
        };
        self.mailbox.open(reply.to_json());
        self.stage = Stage::Open(Box::new(Attached {
            entry,
            served,
            rates,
            confirmed: false,
            announced: None,
            frames: 0,
            bytes: 0,
            pinged: now,
        }));
    }
}
