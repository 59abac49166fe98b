//! The handlers of a program, as Python holds them: binding, emitting to every page, statistics.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use auroraview_protocol::{EncodedEvent, Limits, is_reserved};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use crate::clock::{Clock, Time};
use crate::convert::{self, Unsendable};
use crate::dispatcher::Dispatcher;
use crate::error;
use crate::job::{Handler, Place, Times};
use crate::lane::{Lane, seconds};
use crate::peer::Peer;
use crate::signature::Signature;
use crate::turns::Turns;

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
        convert::encode(payload, "payload", limits.depth).map_err(Unsendable::into_exception)?;
    if detail.size() > limits.message_bytes {
        return Err(pyo3::exceptions::PyValueError::new_err(format!(
            "the payload of {event:?} is {} bytes long, more than Limits(message_bytes={})",
            detail.size(),
            limits.message_bytes,
        )));
    }
    Ok(EncodedEvent::new(event, &detail, retain))
}

/// Encodes several events, or raises what is wrong with one.
pub(crate) fn encode_events(
    events: &[(String, Bound<'_, PyAny>)],
    limits: &Limits,
) -> PyResult<Vec<EncodedEvent>> {
    events
        .iter()
        .map(|(event, payload)| encode_event(event, payload, false, limits))
        .collect()
}

/// Emits to some peers; those that were closed do not count.
fn emit_to(
    py: Python<'_>,
    peers: &[PyRef<'_, Peer>],
    event: &EncodedEvent,
    latest: Option<&str>,
) -> PyResult<usize> {
    let mut full = Vec::new();
    for peer in peers {
        full.extend(peer.core.emit(py, event, latest).err());
    }
    match full.first() {
        None => Ok(0),
        Some(first) if peers.len() == 1 => Err(error::backpressure(py, first.to_string())),
        Some(first) => {
            let (some, all) = (full.len(), peers.len());
            let text =
                format!("{some} of {all} pages did not get the event; of one of them: {first}");
            Err(error::backpressure(py, text))
        }
    }
}

/// The Python side; see the module.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Bridge {
    pub(crate) core: Arc<Dispatcher>,
}

/// `inspect.Signature` as plain data: its text and `(name, kind, required)` of each parameter.
type PlainSignature = (String, Vec<(String, u8, bool)>);

/// Name, callable, place, signature, and whether a page may stand still until it has answered.
type PlainMethod = (String, Py<PyAny>, String, Option<PlainSignature>, bool);

fn make_handler(
    func: Py<PyAny>,
    place: &str,
    signature: Option<PlainSignature>,
    sync: bool,
) -> PyResult<Arc<Handler>> {
    let place = Place::parse(place)
        .ok_or_else(|| pyo3::exceptions::PyValueError::new_err(format!("no place {place:?}")))?;
    Ok(Arc::new(Handler {
        func,
        place,
        sync,
        signature: signature.map(|(text, parameters)| Signature::new(text, parameters)),
        times: Times::default(),
        removed: AtomicBool::new(false),
    }))
}

#[pymethods]
impl Bridge {
    /// `frame_rate`: how many times a second coalesced events leave; `clock`: whose time it is, not the computer's.
    #[new]
    #[pyo3(signature = (limits, workers, frame_rate = 60.0, clock = None))]
    fn new(
        limits: (usize, usize, usize, usize, usize),
        workers: usize,
        frame_rate: f64,
        clock: Option<&Clock>,
    ) -> PyResult<Bridge> {
        let (message_bytes, queue_messages, queue_bytes, depth, calls_in_flight) = limits;
        let limits = Limits {
            message_bytes,
            queue_messages,
            queue_bytes,
            depth,
            calls_in_flight,
        };
        let time = clock.map_or(Time::Real, |clock| {
            Time::Controlled(Arc::clone(&clock.time))
        });
        let interval = seconds(1.0 / frame_rate);
        Ok(Bridge {
            core: Arc::new(Dispatcher::new(limits, workers, interval, time)?),
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

    /// Binds methods `[(name, callable, place, signature or None, sync)]` at once, and names their namespace.
    fn bind(&self, methods: Vec<PlainMethod>, namespace: Option<String>) -> PyResult<()> {
        let mut handlers = Vec::with_capacity(methods.len());
        for (name, func, place, signature, sync) in methods {
            handlers.push((name, make_handler(func, &place, signature, sync)?));
        }
        drop(self.core.bind(handlers, namespace));
        Ok(())
    }

    /// Unbinds methods; returns how many of them were bound.
    fn unbind(&self, names: Vec<String>) -> usize {
        self.core.unbind(&names).len()
    }

    /// Names of all bound methods.
    fn methods(&self) -> Vec<String> {
        self.core.methods()
    }

    /// `replace`: instead of all that listened before.
    #[pyo3(signature = (event, func, place, signature, replace = false))]
    fn add_listener(
        &self,
        event: String,
        func: Py<PyAny>,
        place: &str,
        signature: Option<PlainSignature>,
        replace: bool,
    ) -> PyResult<()> {
        let handler = make_handler(func, place, signature, false)?;
        drop(self.core.listen(event, handler, replace));
        Ok(())
    }

    /// Names of all events that have listeners.
    fn events(&self) -> Vec<String> {
        self.core.events()
    }

    /// Removes one handler of an event, or all; returns how many.
    #[pyo3(signature = (event, func = None))]
    fn remove_listener(&self, py: Python<'_>, event: &str, func: Option<Py<PyAny>>) -> usize {
        // Comparing runs Python code, so it happens on a copy, without the lock.
        let mut gone = self.core.listeners(event);
        gone.retain(|handler| match &func {
            None => true,
            Some(func) => handler.func.bind(py).eq(func).unwrap_or(false),
        });
        self.core.forget(event, &gone);
        gone.len()
    }

    /// Emits to every peer, or to those named. `latest`: a key; the event takes the place of what waits under it.
    ///
    /// Returns how many of all peers had to be reset because they do not keep up. Of those named none is reset: raises
    /// `Backpressure` when some are full, and the others get the event all the same.
    #[pyo3(signature = (event, payload, retain, latest = None, to = None))]
    fn emit(
        &self,
        py: Python<'_>,
        event: &str,
        payload: &Bound<'_, PyAny>,
        retain: bool,
        latest: Option<&str>,
        to: Option<Vec<PyRef<'_, Peer>>>,
    ) -> PyResult<usize> {
        let event = encode_event(event, payload, retain, &self.core.limits)?;
        match (to, latest) {
            (Some(peers), latest) => emit_to(py, &peers, &event, latest),
            (None, None) => Ok(self.core.broadcast(py, &[event])),
            (None, Some(key)) => Ok(self.core.broadcast_latest(py, key, &event)),
        }
    }

    /// Emits several events to every peer, together. Returns how many peers had to be reset.
    fn emit_batch(
        &self,
        py: Python<'_>,
        events: Vec<(String, Bound<'_, PyAny>)>,
    ) -> PyResult<usize> {
        let events = encode_events(&events, &self.core.limits)?;
        Ok(self.core.broadcast(py, &events))
    }

    /// Shows the collector the handlers, which usually refer back to the bridge.
    ///
    /// Bindings change only with the GIL held, so all visits of one collection see the same; who holds their lock
    /// without the GIL never waits for it.
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 passes the visitor so")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.core
            .each_handler(|_, handler| visit.call(&handler.func))
    }

    fn __clear__(&self) {
        drop(self.core.take_bindings());
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = PyDict::new(py);
        let mut rows: BTreeMap<String, (u64, f64, f64)> = BTreeMap::new();
        let shown: Result<(), Infallible> = self.core.each_handler(|name, handler| {
            let times = &handler.times;
            let row = rows.entry(name.to_owned()).or_default();
            row.0 += times.runs.load(Ordering::Relaxed);
            row.1 += in_seconds(times.total_nanos.load(Ordering::Relaxed));
            row.2 = row
                .2
                .max(in_seconds(times.longest_nanos.load(Ordering::Relaxed)));
            Ok(())
        });
        let Ok(()) = shown;
        let handlers = PyDict::new(py);
        for (name, (runs, total, longest)) in rows {
            let row = PyDict::new(py);
            row.set_item("runs", runs)?;
            row.set_item("total_seconds", total)?;
            row.set_item("longest_seconds", longest)?;
            handlers.set_item(name, row)?;
        }
        stats.set_item("handlers", handlers)?;
        stats.set_item("unhandled_events", self.core.unhandled_events())?;
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
fn in_seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
