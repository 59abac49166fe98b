//! What is bound, and where messages go: the dispatcher.
//!
//! [`BridgeCore::route`] runs on the thread that brought a message, normally the GUI thread, without the GIL. It finds
//! the handler, answers at once what has none, and puts the rest into the queue of the place where the handler runs.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use auroraview_protocol::{
    EncodedEvent, ErrorObject, Incoming, Limits, is_reserved, write_json_string,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use crate::convert::{self, Unsendable};
use crate::error;
use crate::job::{Handler, JobData, Occasion, Place, Times};
use crate::lane::{Item, Lane, Queue, push_main};
use crate::lock;
use crate::peer::PeerCore;
use crate::signature::Signature;
use crate::turns::{Shared, Task, Turns};

/// All that is bound. Locked before a session, never after.
#[derive(Default)]
pub(crate) struct Bindings {
    methods: HashMap<String, Arc<Handler>>,
    namespaces: Vec<String>,
    events: HashMap<String, Vec<Arc<Handler>>>,
}

/// The dispatcher; see the module.
pub(crate) struct BridgeCore {
    pub(crate) limits: Limits,
    debug: AtomicBool,
    bindings: Mutex<Bindings>,
    peers: Mutex<Vec<Weak<PeerCore>>>,
    /// Last values of retained events that were emitted to every peer.
    retained: Mutex<Vec<EncodedEvent>>,
    pub(crate) workers: Arc<Shared>,
    pool: Arc<Queue>,
    asyncio: Arc<Queue>,
    unhandled_events: AtomicU64,
}

impl BridgeCore {
    pub(crate) fn add_peer(&self, peer: &Arc<PeerCore>) {
        {
            let mut peers = lock(&self.peers);
            peers.retain(|known| known.strong_count() > 0);
            peers.push(Arc::downgrade(peer));
        }
        for event in lock(&self.retained).iter() {
            peer.retain(event);
        }
    }

    pub(crate) fn is_debug(&self) -> bool {
        self.debug.load(Ordering::Relaxed)
    }

    fn peers(&self) -> Vec<Arc<PeerCore>> {
        lock(&self.peers).iter().filter_map(Weak::upgrade).collect()
    }

    /// Answers a `hello`: with the bindings locked, so that a change made meanwhile reaches the page after it.
    fn welcome(&self, peer: &PeerCore) {
        let bindings = lock(&self.bindings);
        let mut names: Vec<&str> = bindings.methods.keys().map(String::as_str).collect();
        names.sort_unstable();
        let detail = format!(
            "{{\"protocol\":1,\"methods\":{},\"namespaces\":{},\"limits\":{{\"message_bytes\":{},\"depth\":{},\
             \"calls_in_flight\":{}}},\"debug\":{}}}",
            json_names(names),
            json_names(bindings.namespaces.iter().map(String::as_str)),
            self.limits.message_bytes,
            self.limits.depth,
            self.limits.calls_in_flight,
            self.is_debug(),
        );
        peer.welcome(&detail);
    }

    /// Sees to what a session reports, in order. Runs of plain jobs are queued together: ten thousand calls come as one
    /// frame, and a lock for each would cost more than its parsing.
    pub(crate) fn route_all(&self, peer: &Arc<PeerCore>, incoming: Vec<Incoming>) {
        let mut plain = Vec::new();
        for one in incoming {
            self.route(peer, one, &mut plain);
        }
        self.workers.push_all(peer.id, plain);
    }

    fn route(&self, peer: &Arc<PeerCore>, incoming: Incoming, plain: &mut Vec<Task>) {
        match incoming {
            Incoming::Document { url, .. } => {
                self.welcome(peer);
                peer.document_began(url);
            }
            Incoming::Ready { .. } => peer.document_ready(),
            Incoming::Gone { generation } => {
                for job in peer.forget_document(generation) {
                    self.cancel(job);
                }
            }
            Incoming::Cancel { generation, id } => {
                if let Some(job) = peer.job(generation, id) {
                    self.cancel(job);
                }
            }
            Incoming::Call {
                generation,
                id,
                method,
                params,
            } => {
                let handler = lock(&self.bindings).methods.get(&method).cloned();
                match handler {
                    None => {
                        let error = ErrorObject::method_not_found(&method);
                        peer.respond(generation, id, Err(error));
                    }
                    Some(handler) => {
                        let occasion = Occasion::Call { generation, id };
                        let params = params.map(Arc::from);
                        let job = JobData::new(Arc::clone(peer), occasion, method, handler, params);
                        peer.remember(generation, id, &job);
                        self.queue(job, plain);
                    }
                }
            }
            Incoming::Event { event, detail, .. } => {
                let handlers = lock(&self.bindings).events.get(&event).cloned();
                let detail: Option<Arc<_>> = detail.map(Arc::from);
                match handlers {
                    None => {
                        self.unhandled_events.fetch_add(1, Ordering::Relaxed);
                        log::debug!("no handler for the event {event:?}");
                    }
                    Some(handlers) => {
                        for handler in handlers {
                            let (peer, detail) = (Arc::clone(peer), detail.clone());
                            let occasion = Occasion::Event;
                            let job = JobData::new(peer, occasion, event.clone(), handler, detail);
                            self.queue(job, plain);
                        }
                    }
                }
            }
        }
    }

    fn queue(&self, job: Arc<JobData>, plain: &mut Vec<Task>) {
        match job.handler.place {
            Place::Worker => plain.push(Task::Job(job)),
            Place::Pool => drop(self.pool.push(Item::Run(job))),
            Place::Loop => drop(self.asyncio.push(Item::Run(job))),
            Place::Main => push_main(Item::Run(job)),
        }
    }

    fn cancel(&self, job: Arc<JobData>) {
        job.cancel();
        if job.runs_on_loop() {
            self.asyncio.push(Item::Cancel(job));
        }
    }

    /// Tells every open page of a change; called with the bindings locked, see [`Self::welcome`].
    fn announce(&self, bindings: &Bindings, added: &[&str], removed: &[&str]) {
        let detail = format!(
            "{{\"added\":{},\"removed\":{},\"namespaces\":{}}}",
            json_names(added.iter().copied()),
            json_names(removed.iter().copied()),
            json_names(bindings.namespaces.iter().map(String::as_str)),
        );
        for peer in self.peers() {
            peer.control("__auroraview_bound", &detail);
        }
    }
}

fn json_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::from("[");
    for name in names {
        if out.len() > 1 {
            out.push(',');
        }
        write_json_string(&mut out, name);
    }
    out.push(']');
    out
}

/// Encodes an event for the wire, or raises what is wrong with it.
pub(crate) fn encode_event(
    event: &str,
    payload: &Bound<'_, PyAny>,
    retain: bool,
    limits: &Limits,
) -> PyResult<EncodedEvent> {
    let py = payload.py();
    if event.is_empty() {
        return Err(error::usage(py, "an event needs a name"));
    }
    if is_reserved(event) {
        let text = format!("event names starting with '__auroraview_' are internal: {event:?}");
        return Err(error::usage(py, text));
    }
    let detail =
        convert::to_json(payload, "payload", limits.depth).map_err(Unsendable::into_exception)?;
    if detail.len() > limits.message_bytes {
        return Err(pyo3::exceptions::PyValueError::new_err(format!(
            "the payload of {event:?} is {} bytes long, more than Limits(message_bytes={})",
            detail.len(),
            limits.message_bytes,
        )));
    }
    Ok(EncodedEvent::new(event, &detail, retain))
}

/// The Python side; see the module.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Bridge {
    pub(crate) core: Arc<BridgeCore>,
}

/// `inspect.Signature` as plain data: its text and `(name, kind, required)` of each parameter.
type PlainSignature = (String, Vec<(String, u8, bool)>);

fn make_handler(
    func: Py<PyAny>,
    place: &str,
    signature: Option<PlainSignature>,
) -> PyResult<Arc<Handler>> {
    let place = Place::parse(place)
        .ok_or_else(|| pyo3::exceptions::PyValueError::new_err(format!("no place {place:?}")))?;
    Ok(Arc::new(Handler {
        func,
        place,
        signature: signature.map(|(text, parameters)| Signature::new(text, parameters)),
        times: Times::default(),
        removed: AtomicBool::new(false),
    }))
}

#[pymethods]
impl Bridge {
    #[new]
    fn new(limits: (usize, usize, usize, usize, usize), workers: usize) -> PyResult<Bridge> {
        let (message_bytes, queue_messages, queue_bytes, depth, calls_in_flight) = limits;
        Ok(Bridge {
            core: Arc::new(BridgeCore {
                limits: Limits {
                    message_bytes,
                    queue_messages,
                    queue_bytes,
                    depth,
                    calls_in_flight,
                },
                debug: AtomicBool::new(false),
                bindings: Mutex::default(),
                peers: Mutex::default(),
                retained: Mutex::default(),
                workers: Shared::new(workers),
                pool: Queue::new(),
                asyncio: Queue::with_signal()?,
                unhandled_events: AtomicU64::new(0),
            }),
        })
    }

    #[getter]
    fn turns(&self) -> Turns {
        Turns::over(Arc::clone(&self.core.workers))
    }

    #[getter]
    fn pool(&self) -> Lane {
        Lane {
            queue: Arc::clone(&self.core.pool),
        }
    }

    #[getter]
    fn asyncio(&self) -> Lane {
        Lane {
            queue: Arc::clone(&self.core.asyncio),
        }
    }

    fn set_debug(&self, on: bool) {
        self.core.debug.store(on, Ordering::Relaxed);
    }

    /// Binds methods `[(name, callable, place, signature or None)]` at once, and names their namespace.
    fn bind(
        &self,
        methods: Vec<(String, Py<PyAny>, String, Option<PlainSignature>)>,
        namespace: Option<String>,
    ) -> PyResult<()> {
        let mut handlers = Vec::with_capacity(methods.len());
        for (name, func, place, signature) in methods {
            handlers.push((name, make_handler(func, &place, signature)?));
        }
        // Dropped handlers may run Python code, so they outlive the lock.
        let mut replaced = Vec::new();
        {
            let mut bindings = lock(&self.core.bindings);
            if let Some(namespace) = namespace
                && !bindings.namespaces.contains(&namespace)
            {
                bindings.namespaces.push(namespace);
            }
            let mut added = Vec::with_capacity(handlers.len());
            for (name, handler) in handlers {
                replaced.extend(bindings.methods.insert(name.clone(), handler));
                added.push(name);
            }
            let added: Vec<&str> = added.iter().map(String::as_str).collect();
            self.core.announce(&bindings, &added, &[]);
        }
        Ok(())
    }

    /// Unbinds methods; returns how many of them were bound.
    fn unbind(&self, names: Vec<String>) -> usize {
        let mut removed = Vec::new();
        {
            let mut bindings = lock(&self.core.bindings);
            for name in &names {
                removed.extend(bindings.methods.remove_entry(name));
            }
            for (_, handler) in &removed {
                handler.removed.store(true, Ordering::Release);
            }
            let names: Vec<&str> = removed.iter().map(|(name, _)| name.as_str()).collect();
            self.core.announce(&bindings, &[], &names);
        }
        removed.len()
    }

    /// Names of all bound methods.
    fn methods(&self) -> Vec<String> {
        let mut names: Vec<String> = lock(&self.core.bindings).methods.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    fn add_listener(
        &self,
        event: String,
        func: Py<PyAny>,
        place: &str,
        signature: Option<PlainSignature>,
    ) -> PyResult<()> {
        let handler = make_handler(func, place, signature)?;
        let mut bindings = lock(&self.core.bindings);
        bindings.events.entry(event).or_default().push(handler);
        Ok(())
    }

    /// Removes one handler of an event, or all; returns how many.
    #[pyo3(signature = (event, func = None))]
    fn remove_listener(&self, py: Python<'_>, event: &str, func: Option<Py<PyAny>>) -> usize {
        // Comparing runs Python code, so it happens on a copy, without the lock.
        let handlers = lock(&self.core.bindings)
            .events
            .get(event)
            .cloned()
            .unwrap_or_default();
        let gone: Vec<Arc<Handler>> = handlers
            .into_iter()
            .filter(|handler| match &func {
                None => true,
                Some(func) => handler.func.bind(py).eq(func).unwrap_or(false),
            })
            .collect();
        for handler in &gone {
            handler.removed.store(true, Ordering::Release);
        }
        let mut bindings = lock(&self.core.bindings);
        if let Some(handlers) = bindings.events.get_mut(event) {
            handlers.retain(|handler| !gone.iter().any(|other| Arc::ptr_eq(handler, other)));
            if handlers.is_empty() {
                bindings.events.remove(event);
            }
        }
        drop(bindings);
        gone.len()
    }

    /// Emits to every peer. Returns how many peers had to be reset because they do not keep up.
    fn emit(&self, event: &str, payload: &Bound<'_, PyAny>, retain: bool) -> PyResult<usize> {
        let event = encode_event(event, payload, retain, &self.core.limits)?;
        if retain {
            let mut retained = lock(&self.core.retained);
            match retained
                .iter_mut()
                .find(|known| known.name() == event.name())
            {
                Some(known) => *known = event.clone(),
                None => retained.push(event.clone()),
            }
        }
        Ok(self
            .core
            .peers()
            .iter()
            .filter(|peer| peer.broadcast(&event))
            .count())
    }

    /// Shows the collector the handlers, which usually refer back to the bridge.
    ///
    /// Bindings change only with the GIL held, so all visits of one collection see the same; who holds their lock
    /// without the GIL never waits for it.
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 passes the visitor so")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let bindings = lock(&self.core.bindings);
        let listeners = bindings.events.values().flatten();
        for handler in bindings.methods.values().chain(listeners) {
            visit.call(&handler.func)?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        // Dropped outside of the lock, since that may run Python code.
        let bindings = std::mem::take(&mut *lock(&self.core.bindings));
        drop(bindings);
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = PyDict::new(py);
        let mut rows: BTreeMap<String, (u64, f64, f64)> = BTreeMap::new();
        {
            let bindings = lock(&self.core.bindings);
            let methods = bindings.methods.iter();
            let events = bindings
                .events
                .iter()
                .flat_map(|(name, all)| all.iter().map(move |one| (name, one)));
            for (name, handler) in methods.chain(events) {
                let times = &handler.times;
                let row = rows.entry(name.clone()).or_default();
                row.0 += times.runs.load(Ordering::Relaxed);
                row.1 += seconds(times.total_nanos.load(Ordering::Relaxed));
                row.2 = row
                    .2
                    .max(seconds(times.longest_nanos.load(Ordering::Relaxed)));
            }
        }
        let handlers = PyDict::new(py);
        for (name, (runs, total, longest)) in rows {
            let row = PyDict::new(py);
            row.set_item("runs", runs)?;
            row.set_item("total_seconds", total)?;
            row.set_item("longest_seconds", longest)?;
            handlers.set_item(name, row)?;
        }
        stats.set_item("handlers", handlers)?;
        stats.set_item(
            "unhandled_events",
            self.core.unhandled_events.load(Ordering::Relaxed),
        )?;
        Ok(stats)
    }

    /// The Python objects of all peers, in order of creation.
    fn peers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let peers: Vec<_> = self
            .core
            .peers()
            .iter()
            .filter_map(|peer| peer.python(py))
            .collect();
        PyTuple::new(py, peers)
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a duration of 2**53 ns is 104 days, and the figure is for people"
)]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
