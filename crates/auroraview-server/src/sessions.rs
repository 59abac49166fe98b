//! The registry: who is connected, which sessions there are, and when they end. No I/O.
//!
//! With [`Options::expects`] one session is there before anybody connects, and what is emitted to it waits. While it has
//! no connection, whoever says hello gets it; it ends only when the program, the server or a broken protocol ends it.
//!
//! A connection only comes here when it begins, says hello, or ends; what it sends goes straight to its session.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::auth::{Access, has_token, random_text};
use crate::connection::Connection;
use crate::entry::{Ending, Entry, Rates};
use crate::lock;
use crate::mailbox::{Leave, Mailbox, Wake};
use crate::options::Options;
use crate::program::Program;
use crate::request::{Refusal, RequestInfo};
use crate::wire::close_code;

/// How often deadlines are looked at while a session waits for its page. Coarse, but often enough to notice that the
/// whole process stood still, which must not cost a session its life.
const LOOK: Duration = Duration::from_secs(1);

/// Being later than this is standing still.
pub(crate) const STOOD_STILL: Duration = Duration::from_secs(2);

/// All sessions of a server. See the module.
pub struct Sessions {
    pub(crate) program: Arc<dyn Program>,
    pub(crate) options: Options,
    pub(crate) access: Access,
    registry: Mutex<Registry>,
    refused: Mutex<BTreeMap<&'static str, u64>>,
    timer: OnceLock<Wake>,
}

#[derive(Default)]
struct Registry {
    closed: bool,
    sessions: HashMap<String, Arc<Entry>>,
    expected: Option<Arc<Entry>>,
    /// Why sessions were ended by the program, and until when that is remembered: a page that was away then is told.
    kicked: HashMap<String, (String, Instant)>,
    mailboxes: HashMap<u64, Arc<Mailbox>>,
    next: u64,
    addresses: HashMap<IpAddr, usize>,
    /// When deadlines should have been looked at.
    look: Option<Instant>,
}

/// How things stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Sessions, connected or not.
    pub sessions: usize,
    /// Sessions with a connection.
    pub connected: usize,
    /// WebSocket connections, also before their hello.
    pub connections: usize,
    /// What was refused so far, by its reason.
    pub refused: BTreeMap<&'static str, u64>,
}

/// A place among the connections; given back when dropped.
pub(crate) struct Place {
    sessions: Arc<Sessions>,
    number: u64,
    address: Option<IpAddr>,
}

impl Sessions {
    /// Without any session yet, or with the expected one.
    #[must_use]
    pub fn new(program: Arc<dyn Program>, options: Options) -> Arc<Self> {
        let sessions = Arc::new(Self {
            access: Access::new(&options.allow_hosts, &options.allow_origins),
            program,
            options,
            registry: Mutex::default(),
            refused: Mutex::default(),
            timer: OnceLock::new(),
        });
        if sessions.options.expects {
            sessions.expect();
        }
        sessions
    }

    fn expect(&self) {
        let (Ok(id), Ok(token)) = (random_text(), random_text()) else {
            log::error!("the system has no random numbers; no session can begin");
            return;
        };
        let rates = Rates::new(&self.options, Instant::now());
        let entry = Arc::new(Entry::new(id.clone(), token, None, rates, true));
        {
            let mut registry = lock(&self.registry);
            registry.sessions.insert(id.clone(), entry.clone());
            registry.expected = Some(entry.clone());
        }
        entry.begun(self.program.expect(id, entry.outlet.clone()));
    }

    /// The session that waits for whoever comes, unless it is over.
    pub(crate) fn expected(&self) -> Option<Arc<Entry>> {
        lock(&self.registry).expected.clone()
    }

    /// Whether a request for a file may be answered: its `Host` and `Origin` are allowed.
    ///
    /// # Errors
    /// The answer to give instead: 403.
    pub fn check(&self, request: &RequestInfo) -> Result<(), Refusal> {
        self.access
            .check(request)
            .inspect_err(|refusal| self.count("forbidden", &refusal.message))
    }

    /// Begins a connection; its first message must be the hello, where clients say one. Blocks as long as the program's `authenticate` does.
    ///
    /// # Errors
    /// The HTTP answer to give instead of the upgrade: 400, 401, 403 or 503.
    pub fn connect(
        self: &Arc<Self>,
        mut request: RequestInfo,
        wake: Wake,
    ) -> Result<Connection, Refusal> {
        self.check(&request)?;
        if has_token(&request.query) {
            let message = "A token does not belong into the address: it goes into the hello.";
            self.count("query", message);
            return Err(Refusal::new(400, message));
        }
        let mailbox = Arc::new(Mailbox::new(wake));
        let place = self.place(&request, &mailbox)?;
        if !self.options.authenticate {
            request.identity = None;
        } else if request.identity.is_none() {
            request.identity = self.program.authenticate(&request);
            if request.identity.is_none() {
                let message = "Not logged in.";
                self.count("authentication", message);
                return Err(Refusal::new(401, message));
            }
        }
        let mut connection = Connection::new(self.clone(), place, mailbox, request);
        connection.begin_if_plain();
        Ok(connection)
    }

    fn place(
        self: &Arc<Self>,
        request: &RequestInfo,
        mailbox: &Arc<Mailbox>,
    ) -> Result<Place, Refusal> {
        let address = request.ip().filter(|ip| !ip.is_loopback());
        let mut registry = lock(&self.registry);
        let of_address = address
            .and_then(|ip| registry.addresses.get(&ip))
            .copied()
            .unwrap_or(0);
        let message = if registry.closed {
            "The server is closing."
        } else if registry.mailboxes.len() >= self.options.max_connections {
            "There are too many connections."
        } else if of_address >= self.options.max_connections_per_address {
            "There are too many connections from this address."
        } else {
            registry.next += 1;
            let number = registry.next;
            registry.mailboxes.insert(number, mailbox.clone());
            if let Some(ip) = address {
                *registry.addresses.entry(ip).or_default() += 1;
            }
            return Ok(Place {
                sessions: self.clone(),
                number,
                address,
            });
        };
        drop(registry);
        self.count("connections", message);
        Err(Refusal::new(503, message))
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Entry>> {
        lock(&self.registry).sessions.get(id).cloned()
    }

    /// # Errors
    /// Close code and reason when there is no room.
    pub(crate) fn add(&self, entry: &Arc<Entry>) -> Result<(), (u16, &'static str)> {
        let mut registry = lock(&self.registry);
        if registry.closed {
            return Err((close_code::GOING_AWAY, "the server is closing"));
        }
        if registry.sessions.len() >= self.options.max_sessions {
            drop(registry);
            self.count("sessions", "There are too many sessions.");
            return Err((close_code::TOO_MANY, "too many sessions"));
        }
        registry.sessions.insert(entry.id.clone(), entry.clone());
        Ok(())
    }

    /// Sees to what is due at `now`: sessions whose time is up. Returns when to call again; `None`: when the function
    /// given to [`Self::set_timer`] is called.
    pub fn tick(&self, now: Instant) -> Option<Instant> {
        let mut due = Vec::new();
        let mut next: Option<Instant> = None;
        {
            let mut registry = lock(&self.registry);
            let late = registry
                .look
                .map_or(Duration::ZERO, |look| now.saturating_duration_since(look));
            for entry in registry.sessions.values() {
                if late > STOOD_STILL {
                    entry.postpone(late);
                }
                if let Some(goodbye) = entry.due(now) {
                    due.push((entry.clone(), goodbye));
                } else if let Some(deadline) = entry.deadline() {
                    next = Some(next.map_or(deadline, |sooner| sooner.min(deadline)));
                }
            }
            registry.kicked.retain(|_, (_, until)| *until > now);
            next = next.map(|next| next.min(now + LOOK));
            registry.look = next;
        }
        for (entry, goodbye) in due {
            let reason = if goodbye { "closed" } else { "timeout" };
            let ending = Ending {
                reason,
                code: close_code::NORMAL,
                text: reason.into(),
            };
            self.end(&entry, ending, Some(now));
        }
        next
    }

    /// `wake` is called when [`Self::tick`] should be called although it was not due. Only the first one counts.
    pub fn set_timer(&self, wake: Wake) {
        let _ = self.timer.set(wake);
    }

    pub(crate) fn deadlines_changed(&self) {
        if let Some(timer) = self.timer.get() {
            timer();
        }
    }

    /// Ends a session because the program wants it; its client does not come back. False: there is no such session.
    pub fn kick(&self, session_id: &str, reason: &str) -> bool {
        self.end_by_program(session_id, "kicked", reason)
    }

    /// Ends a session whose page does not keep up. False: there is no such session, or it is the expected one and nobody
    /// is there who could.
    pub fn end_for_backpressure(&self, session_id: &str) -> bool {
        if self
            .find(session_id)
            .is_some_and(|entry| entry.is_awaited())
        {
            return false;
        }
        self.end_by_program(session_id, "backpressure", "backpressure")
    }

    fn end_by_program(&self, session_id: &str, reason: &'static str, text: &str) -> bool {
        let ending = Ending {
            reason,
            code: close_code::KICKED,
            text: text.to_owned(),
        };
        let Some(entry) = self.find(session_id) else {
            return false;
        };
        {
            let mut registry = lock(&self.registry);
            if registry.kicked.len() < self.options.max_sessions {
                let until = Instant::now() + self.options.session_ttl;
                let why = (text.to_owned(), until);
                registry.kicked.insert(session_id.to_owned(), why);
            }
        }
        self.end(&entry, ending, None)
    }

    /// Why the program ended this session, a short while ago.
    pub(crate) fn why_kicked(&self, id: &str) -> Option<String> {
        let registry = lock(&self.registry);
        registry.kicked.get(id).map(|(text, _)| text.clone())
    }

    pub(crate) fn end(&self, entry: &Arc<Entry>, ending: Ending, due: Option<Instant>) -> bool {
        if !entry.end(&ending, due) {
            return false;
        }
        {
            let mut registry = lock(&self.registry);
            registry.sessions.remove(&entry.id);
            registry.expected.take_if(|own| Arc::ptr_eq(own, entry));
        }
        // The program first: what it has to say goes out before the close frame.
        entry.tell_end(ending.reason);
        if let Some(mailbox) = entry.outlet.disconnect() {
            mailbox.close(ending.code, &ending.text, Leave::Last);
        }
        true
    }

    /// Tells every connected page to load again. Returns how many.
    pub fn reload(&self) -> usize {
        let connected = self.connected();
        for mailbox in &connected {
            mailbox.reload();
        }
        connected.len()
    }

    fn connected(&self) -> Vec<Arc<Mailbox>> {
        let registry = lock(&self.registry);
        registry
            .sessions
            .values()
            .filter_map(|entry| entry.outlet.mailbox())
            .collect()
    }

    /// Ends every session and every connection, for good.
    pub fn close(&self) {
        let (sessions, mailboxes) = {
            let mut registry = lock(&self.registry);
            registry.closed = true;
            let sessions: Vec<_> = registry.sessions.values().cloned().collect();
            let mailboxes: Vec<_> = registry.mailboxes.values().cloned().collect();
            (sessions, mailboxes)
        };
        for entry in sessions {
            let ending = Ending {
                reason: "server_closed",
                code: close_code::GOING_AWAY,
                text: "the server is closing".into(),
            };
            self.end(&entry, ending, None);
        }
        for mailbox in mailboxes {
            mailbox.close(close_code::GOING_AWAY, "the server is closing", Leave::Last);
        }
    }

    /// How things stand.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let connected = self.connected().len();
        let refused = lock(&self.refused).clone();
        let registry = lock(&self.registry);
        Stats {
            sessions: registry.sessions.len(),
            connected,
            connections: registry.mailboxes.len(),
            refused,
        }
    }

    /// Counts a refusal, and says so in the log the first time, the second, the fourth ...
    pub(crate) fn count(&self, reason: &'static str, message: &str) {
        let count = {
            let mut refused = lock(&self.refused);
            let count = refused.entry(reason).or_default();
            *count += 1;
            *count
        };
        if count.is_power_of_two() {
            log::warn!("a client was refused ({reason}, {count} so far): {message}");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut registry = lock(&self.sessions.registry);
        registry.mailboxes.remove(&self.number);
        if let Some(ip) = self.address
            && let Some(count) = registry.addresses.get_mut(&ip)
        {
            *count -= 1;
            if *count == 0 {
                registry.addresses.remove(&ip);
            }
        }
    }
}
