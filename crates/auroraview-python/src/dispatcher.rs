//! What is bound, and where messages go: the dispatcher.
//!
//! [`Dispatcher::route_all`] runs on the thread that brought a message, normally the GUI thread, without the GIL. It finds
//! the handler, answers at once what has none, and puts the rest into the queue of the place where the handler runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use auroraview_protocol::{EncodedEvent, ErrorObject, Incoming, Limits, write_json_string};

use pyo3::Python;

use crate::clock::Time;
use crate::job::{Handler, JobData, Occasion, Place};
use crate::lane::{Item, Queue, push_main};
use crate::lock;
use crate::peer::PeerCore;
use crate::turns::{Shared, Task};

/// All that is bound. Locked before a session, never after.
#[derive(Default)]
pub(crate) struct Bindings {
    methods: HashMap<String, Arc<Handler>>,
    namespaces: Vec<String>,
    events: HashMap<String, Vec<Arc<Handler>>>,
}

/// The dispatcher; see the module.
pub(crate) struct Dispatcher {
    pub(crate) limits: Limits,
    bindings: Mutex<Bindings>,
    peers: Mutex<Vec<Weak<PeerCore>>>,
    /// Last values of retained events that were emitted to every peer.
    retained: Mutex<Vec<EncodedEvent>>,
    pub(crate) workers: Arc<Shared>,
    pub(crate) pool: Arc<Queue>,
    pub(crate) asyncio: Arc<Queue>,
    unhandled_events: AtomicU64,
    /// Between two releases of coalesced events.
    pub(crate) frame_interval: Duration,
    pub(crate) time: Time,
}

impl Dispatcher {
    pub(crate) fn new(
        limits: Limits,
        workers: usize,
        frame_interval: Duration,
        time: Time,
    ) -> std::io::Result<Dispatcher> {
        Ok(Dispatcher {
            limits,
            bindings: Mutex::default(),
            peers: Mutex::default(),
            retained: Mutex::default(),
            workers: Shared::new(workers),
            pool: Queue::new(),
            asyncio: Queue::with_signal()?,
            unhandled_events: AtomicU64::new(0),
            frame_interval,
            time,
        })
    }

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

    /// A session that ended is no peer any more.
    pub(crate) fn remove_peer(&self, id: u64) {
        lock(&self.peers).retain(|known| known.upgrade().is_some_and(|peer| peer.id != id));
    }

    pub(crate) fn peers(&self) -> Vec<Arc<PeerCore>> {
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
            peer.is_debug(),
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
                sync,
            } => {
                let handler = lock(&self.bindings).methods.get(&method).cloned();
                match handler {
                    None => {
                        let error = ErrorObject::method_not_found(&method);
                        peer.refuse_call(generation, id, error);
                    }
                    Some(handler) if sync && !handler.sync => {
                        let error = ErrorObject::forbidden(format!(
                            "'{method}' may not be called with callSync(); bind it with sync=True"
                        ));
                        peer.refuse_call(generation, id, error);
                    }
                    Some(handler) => {
                        let occasion = Occasion::Call {
                            generation,
                            id,
                            sync,
                        };
                        let params = params.map(Arc::new);
                        let job = JobData::new(Arc::clone(peer), occasion, method, handler, params);
                        peer.remember(generation, id, &job);
                        self.queue(job, plain);
                    }
                }
            }
            Incoming::Event { event, detail, .. } => {
                let handlers = lock(&self.bindings).events.get(&event).cloned();
                let detail = detail.map(Arc::new);
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

    /// Binds methods, and names their namespace. Returns what they replace, to be dropped where Python code may run.
    pub(crate) fn bind(
        &self,
        methods: Vec<(String, Arc<Handler>)>,
        namespace: Option<String>,
    ) -> Vec<Arc<Handler>> {
        let mut bindings = lock(&self.bindings);
        if let Some(namespace) = namespace
            && !bindings.namespaces.contains(&namespace)
        {
            bindings.namespaces.push(namespace);
        }
        let mut replaced = Vec::new();
        let mut added = Vec::with_capacity(methods.len());
        for (name, handler) in methods {
            replaced.extend(bindings.methods.insert(name.clone(), handler));
            added.push(name);
        }
        let added: Vec<&str> = added.iter().map(String::as_str).collect();
        self.announce(bindings, &added, &[]);
        replaced
    }

    /// Unbinds methods; returns those that were bound.
    pub(crate) fn unbind(&self, names: &[String]) -> Vec<(String, Arc<Handler>)> {
        let mut bindings = lock(&self.bindings);
        let removed: Vec<_> = names
            .iter()
            .filter_map(|name| bindings.methods.remove_entry(name))
            .collect();
        for (_, handler) in &removed {
            handler.removed.store(true, Ordering::Release);
        }
        let names: Vec<&str> = removed.iter().map(|(name, _)| name.as_str()).collect();
        self.announce(bindings, &[], &names);
        removed
    }

    /// Names of all methods, sorted.
    pub(crate) fn methods(&self) -> Vec<String> {
        let mut names: Vec<String> = lock(&self.bindings).methods.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Has a handler run for an event, after the others or instead of them. Returns those it replaces, to be dropped
    /// where Python code may run.
    pub(crate) fn listen(
        &self,
        event: String,
        handler: Arc<Handler>,
        replace: bool,
    ) -> Vec<Arc<Handler>> {
        let mut bindings = lock(&self.bindings);
        let handlers = bindings.events.entry(event).or_default();
        let replaced = if replace {
            std::mem::take(handlers)
        } else {
            Vec::new()
        };
        handlers.push(handler);
        replaced
    }

    /// Names of all events that have handlers.
    pub(crate) fn events(&self) -> Vec<String> {
        lock(&self.bindings).events.keys().cloned().collect()
    }

    /// The handlers of an event.
    pub(crate) fn listeners(&self, event: &str) -> Vec<Arc<Handler>> {
        let bindings = lock(&self.bindings);
        bindings.events.get(event).cloned().unwrap_or_default()
    }

    /// Removes handlers of an event.
    pub(crate) fn forget(&self, event: &str, gone: &[Arc<Handler>]) {
        for handler in gone {
            handler.removed.store(true, Ordering::Release);
        }
        let mut bindings = lock(&self.bindings);
        if let Some(handlers) = bindings.events.get_mut(event) {
            handlers.retain(|handler| !gone.iter().any(|other| Arc::ptr_eq(handler, other)));
            if handlers.is_empty() {
                bindings.events.remove(event);
            }
        }
    }

    /// Takes all bindings away, to be dropped where Python code may run.
    pub(crate) fn take_bindings(&self) -> Bindings {
        std::mem::take(&mut *lock(&self.bindings))
    }

    /// Shows every handler with the name it is bound to, under the bindings' lock.
    pub(crate) fn each_handler<E>(
        &self,
        mut show: impl FnMut(&str, &Handler) -> Result<(), E>,
    ) -> Result<(), E> {
        let bindings = lock(&self.bindings);
        for (name, handler) in &bindings.methods {
            show(name, handler)?;
        }
        for (name, handlers) in &bindings.events {
            for handler in handlers {
                show(name, handler)?;
            }
        }
        Ok(())
    }

    pub(crate) fn unhandled_events(&self) -> u64 {
        self.unhandled_events.load(Ordering::Relaxed)
    }

    /// Sends events to every peer; returns how many had to be reset because they do not keep up.
    pub(crate) fn broadcast(&self, py: Python<'_>, events: &[EncodedEvent]) -> usize {
        self.keep_retained(events);
        self.peers()
            .iter()
            .filter(|peer| peer.broadcast(py, events))
            .count()
    }

    /// Sends an event to every peer, in the place of what waits there under the same key.
    pub(crate) fn broadcast_latest(
        &self,
        py: Python<'_>,
        key: &str,
        event: &EncodedEvent,
    ) -> usize {
        self.keep_retained(std::slice::from_ref(event));
        self.peers()
            .iter()
            .filter(|peer| peer.broadcast_latest(py, key, event))
            .count()
    }

    fn keep_retained(&self, events: &[EncodedEvent]) {
        for event in events.iter().filter(|event| event.is_retained()) {
            let mut retained = lock(&self.retained);
            match retained
                .iter_mut()
                .find(|known| known.name() == event.name())
            {
                Some(known) => *known = event.clone(),
                None => retained.push(event.clone()),
            }
        }
    }

    /// Tells every open page of a change: puts it in line with the bindings locked, see [`Self::welcome`], and sends it
    /// when they are not, for sending may bring the next message.
    fn announce(&self, bindings: MutexGuard<'_, Bindings>, added: &[&str], removed: &[&str]) {
        let detail = format!(
            "{{\"added\":{},\"removed\":{},\"namespaces\":{}}}",
            json_names(added.iter().copied()),
            json_names(removed.iter().copied()),
            json_names(bindings.namespaces.iter().map(String::as_str)),
        );
        let peers = self.peers();
        for peer in &peers {
            peer.control("__auroraview_bound", &detail);
        }
        drop(bindings);
        for peer in &peers {
            peer.flush();
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
