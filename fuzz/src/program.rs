//! A program behind the server without I/O: it answers calls with their parameters, sends events back as they came,
//! and remembers what it was told.

use std::sync::{Arc, Mutex, MutexGuard};

use auroraview_protocol::{Encoded, EncodedEvent, Given, Incoming, Limits, Reason, Session};
use auroraview_server::{
    Authenticated, Options, Program, RequestInfo, Served, SessionInfo, SessionOutlet,
};
use bytes::Bytes;

/// All sessions there were.
#[derive(Default)]
pub struct Answering {
    pages: Mutex<Vec<Arc<Page>>>,
    /// Events are told to the page again.
    echoes: bool,
}

/// One session.
pub struct Page {
    state: Mutex<State>,
    outlet: Arc<SessionOutlet>,
    echoes: bool,
}

struct State {
    session: Session,
    document: String,
    heard: Vec<(String, String, Option<Encoded>)>,
    ends: usize,
}

/// Limits that no input reaches, so that what happens depends on the input alone and never on the time it takes.
pub fn options() -> Options {
    Options {
        frames_per_second: 1e9,
        bytes_per_second: 1e15,
        compress: Some(false),
        ..Options::default()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a panic ends the target")
}

impl Answering {
    /// One that emits to a page what came from it.
    pub fn with_echoes() -> Self {
        Self {
            echoes: true,
            ..Self::default()
        }
    }

    /// The session that was begun last.
    pub fn last(&self) -> Option<Arc<Page>> {
        lock(&self.pages).last().cloned()
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        lock(&self.pages).len()
    }

    /// Every session.
    pub fn pages(&self) -> Vec<Arc<Page>> {
        lock(&self.pages).clone()
    }
}

impl Program for Answering {
    fn begin(&self, _: SessionInfo, outlet: Arc<SessionOutlet>) -> Arc<dyn Served> {
        let page = Arc::new(Page {
            state: Mutex::new(State {
                session: Session::new(Limits::default()),
                document: String::new(),
                heard: Vec::new(),
                ends: 0,
            }),
            outlet,
            echoes: self.echoes,
        });
        lock(&self.pages).push(page.clone());
        page
    }

    fn expect(&self, session_id: String, outlet: Arc<SessionOutlet>) -> Arc<dyn Served> {
        let nobody = SessionInfo {
            session_id,
            address: None,
            user_agent: None,
            url: String::new(),
            origin: None,
            identity: None,
        };
        self.begin(nobody, outlet)
    }

    fn authenticate(&self, _: &RequestInfo) -> Option<Authenticated> {
        None
    }
}

impl Page {
    /// Emits an event.
    pub fn emit(&self, event: &EncodedEvent) {
        lock(&self.state).session.emit(event).expect("it keeps up");
        self.flush();
    }

    /// The events that came: the document's id, the name and the detail.
    pub fn heard(&self) -> Vec<(String, String, Option<Encoded>)> {
        lock(&self.state).heard.clone()
    }

    /// Looks at the session.
    pub fn look<T>(&self, look: impl FnOnce(&Session) -> T) -> T {
        look(&lock(&self.state).session)
    }

    /// How often it ended.
    pub fn ends(&self) -> usize {
        lock(&self.state).ends
    }

    fn flush(&self) {
        while let Some(batch) = { lock(&self.state).session.next_batch() } {
            self.outlet.deliver(batch);
        }
    }

    fn step(&self, act: impl FnOnce(&mut Session)) {
        {
            let state = &mut *lock(&self.state);
            act(&mut state.session);
            while let Some(incoming) = state.session.next_incoming() {
                match incoming {
                    Incoming::Document { document, .. } => {
                        state.document = document;
                        state.session.welcome("{}");
                    }
                    Incoming::Call {
                        generation,
                        id,
                        params,
                        ..
                    } => {
                        let value = params.map_or_else(|| "null".into(), encoded);
                        state.session.respond(generation, id, Ok(value));
                    }
                    Incoming::Event { event, detail, .. } => {
                        let detail = detail.map(encoded);
                        if self.echoes {
                            let value = detail.clone().unwrap_or_else(|| "null".into());
                            let back = EncodedEvent::new(&event, &value, false);
                            state.session.emit(&back).expect("it keeps up");
                        }
                        let document = state.document.clone();
                        state.heard.push((document, event, detail));
                    }
                    Incoming::Ready { .. } | Incoming::Cancel { .. } | Incoming::Gone { .. } => {}
                }
            }
        }
        self.flush();
    }
}

/// As it came.
fn encoded(given: Given) -> Encoded {
    Encoded {
        json: given.json.get().to_owned(),
        escaped: given.attachments.is_some(),
        attachments: given.attachments.unwrap_or_default(),
    }
}

impl Served for Page {
    fn receive(&self, text: &str, attachments: Vec<Bytes>) {
        self.step(|session| session.receive_with(text, attachments));
    }

    fn resume(&self, document: &str, received: u64) -> bool {
        let resumed = {
            let session = &mut lock(&self.state).session;
            let resumed = session.resume(document, received);
            if !resumed {
                session.document_gone();
            }
            resumed
        };
        self.flush();
        resumed
    }

    fn received(&self) -> u64 {
        lock(&self.state).session.received()
    }

    fn refuse(&self, reason: Reason) {
        lock(&self.state).session.refuse(reason, 1);
    }

    fn suspended(&self) {}

    fn connected(&self, _: SessionInfo) {}

    fn resumed(&self, _: SessionInfo) {}

    fn end(&self, reason: &'static str) {
        {
            let state = &mut *lock(&self.state);
            state.session.close(reason);
            state.ends += 1;
        }
        self.flush();
    }
}
