//! The program as the server sees it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use auroraview_protocol::{Batch, Limits, Reason};
use auroraview_server::{
    Authenticated, Program, RequestInfo, Served, SessionInfo, SessionOutlet, Sessions,
};
use bytes::Bytes;
use pyo3::prelude::*;

use crate::dispatcher::Dispatcher;
use crate::lane::{Item, notices};
use crate::notice::Notice;
use crate::peer::{Outlet, PeerCore};
use crate::served::identity::Identities;
use crate::served::link::{Callbacks, Link};
use crate::served::sessions::plain_request;

/// A bridge behind a server.
pub(crate) struct ServedBridge {
    pub(crate) bridge: Arc<Dispatcher>,
    pub(crate) limits: Limits,
    pub(crate) callbacks: Arc<Callbacks>,
    pub(crate) identities: Arc<Identities>,
    /// What this is the program of; set right after both were made.
    pub(crate) registry: Arc<OnceLock<Weak<Sessions>>>,
    /// The session that is there from the start.
    pub(crate) expected: Arc<OnceLock<Arc<PeerCore>>>,
}

impl ServedBridge {
    fn peer(&self, session_id: String, outlet: Arc<SessionOutlet>) -> Arc<PeerCore> {
        let registry = Arc::clone(&self.registry);
        let link = Link::new(Arc::clone(&self.callbacks), registry, session_id);
        let bridge = Arc::clone(&self.bridge);
        let outlet = Box::new(BrowserOutlet { outlet });
        PeerCore::new_served(bridge, self.limits, outlet, link)
    }
}

impl Program for ServedBridge {
    fn begin(&self, info: SessionInfo, outlet: Arc<SessionOutlet>) -> Arc<dyn Served> {
        let session = ServedSession {
            core: self.peer(info.session_id.clone(), outlet),
            ended: AtomicBool::new(false),
        };
        session.connected(info);
        Arc::new(session)
    }

    fn expect(&self, session_id: String, outlet: Arc<SessionOutlet>) -> Arc<dyn Served> {
        let core = self.peer(session_id, outlet);
        let _ = self.expected.set(Arc::clone(&core));
        Arc::new(ServedSession {
            core,
            ended: AtomicBool::new(false),
        })
    }

    fn authenticate(&self, request: &RequestInfo) -> Option<Authenticated> {
        Python::attach(|py| {
            let func = self
                .callbacks
                .get(py, |functions| functions.authenticate.as_ref())?;
            let answer = plain_request(py, request).and_then(|plain| func.call1(py, (plain,)));
            match answer {
                Ok(answer) if answer.is_none(py) => None,
                Ok(answer) => Some(self.identities.get(answer.bind(py))),
                Err(error) => {
                    // There is nobody to raise it to, and who could not be asked for is not let in.
                    error.write_unraisable(py, Some(func.bind(py)));
                    None
                }
            }
        })
    }
}

struct BrowserOutlet {
    outlet: Arc<SessionOutlet>,
}

impl Outlet for BrowserOutlet {
    fn deliver(&self, batch: Batch) {
        self.outlet.deliver(batch);
    }
}

struct ServedSession {
    core: Arc<PeerCore>,
    ended: AtomicBool,
}

impl ServedSession {
    fn is_over(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    fn is_there(&self, info: SessionInfo) {
        if let Some(link) = self.core.link() {
            link.set_info(info);
        }
        self.core.set_connected(true);
    }
}

impl Served for ServedSession {
    fn receive(&self, text: &str, attachments: Vec<Bytes>) {
        if !self.is_over() {
            self.core.receive(text, attachments);
        }
    }

    fn resume(&self, document: &str, received: u64) -> bool {
        !self.is_over() && self.core.resume(document, received)
    }

    fn received(&self) -> u64 {
        self.core.received()
    }

    fn refuse(&self, reason: Reason) {
        self.core.refuse(reason);
    }

    fn suspended(&self) {
        if !self.is_over() {
            self.core.set_connected(false);
            self.core.tell(Notice::Plain("suspended"));
        }
    }

    fn connected(&self, info: SessionInfo) {
        if self.is_over() {
            return;
        }
        self.is_there(info);
        self.core.tell(Notice::Plain("connected"));
        notices().push(Item::LetGo(Arc::clone(&self.core)));
    }

    fn resumed(&self, info: SessionInfo) {
        if self.is_over() {
            return;
        }
        self.is_there(info);
        self.core.tell(Notice::Plain("resumed"));
    }

    fn end(&self, reason: &'static str) {
        if self.ended.swap(true, Ordering::AcqRel) {
            return;
        }
        self.core.bridge.remove_peer(self.core.id);
        let words = self.core.link().and_then(Link::kicked);
        match reason {
            "kicked" | "backpressure" | "protocol" => {
                self.core.close(words.as_deref().unwrap_or(reason));
            }
            // The page may come back, to a server that is started again: its connection is closed and it is not told
            // that all is over.
            _ => self.core.close_silently(reason),
        }
        self.core
            .tell_last(Notice::Named("disconnected", reason.to_owned()));
    }
}
