//! What a peer of a server has besides its session: who the browser is, and the way to end it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant, SystemTime};

use auroraview_server::{SessionInfo, Sessions};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{PyTraverseError, PyVisit};

use crate::lane::Work;
use crate::lock;
use crate::notice::Notice;
use crate::peer::{Peer, PeerCore};
use crate::served::identity;

/// So many resets within [`RESETS_WITHIN`] end a session.
const RESETS: usize = 3;
const RESETS_WITHIN: Duration = Duration::from_secs(60);

/// Python functions of a server. They usually refer back to it, so the collector can take them away.
pub(crate) struct Callbacks {
    functions: Mutex<Option<Functions>>,
}

pub(crate) struct Functions {
    /// Makes the `auroraview.Peer` of a new session.
    pub(crate) make_peer: Py<PyAny>,
    /// Told what happens: `(peer, name, ...)`.
    pub(crate) notice: Py<PyAny>,
    pub(crate) authenticate: Option<Py<PyAny>>,
}

impl Callbacks {
    pub(crate) fn new(functions: Functions) -> Callbacks {
        Callbacks {
            functions: Mutex::new(Some(functions)),
        }
    }

    pub(crate) fn get(
        &self,
        py: Python<'_>,
        which: impl FnOnce(&Functions) -> Option<&Py<PyAny>>,
    ) -> Option<Py<PyAny>> {
        let functions = lock(&self.functions);
        Some(which(functions.as_ref()?)?.clone_ref(py))
    }

    /// Shows the collector all there are. Taken away only with the GIL held, so all visits of one collection see the
    /// same; who holds the lock never waits for the GIL.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let functions = lock(&self.functions);
        if let Some(functions) = &*functions {
            visit.call(&functions.make_peer)?;
            visit.call(&functions.notice)?;
            visit.call(&functions.authenticate)?;
        }
        Ok(())
    }

    /// Takes all away, to be dropped where Python code may run.
    pub(crate) fn take(&self) -> Option<Functions> {
        lock(&self.functions).take()
    }
}

/// The program's object of a session; the server owns it until the program was told of the end.
enum Known {
    NotYet,
    Made(Py<PyAny>),
    /// Nothing is told any more.
    Over,
}

/// See the module.
pub(crate) struct Link {
    callbacks: Arc<Callbacks>,
    registry: Arc<OnceLock<Weak<Sessions>>>,
    session_id: String,
    /// The last client, and when the first one came.
    info: Mutex<Option<(SessionInfo, SystemTime)>>,
    python: Mutex<Known>,
    resets: Mutex<VecDeque<Instant>>,
    /// Why the program ended it, in its own words.
    kicked: Mutex<Option<String>>,
}

impl Link {
    pub(crate) fn new(
        callbacks: Arc<Callbacks>,
        registry: Arc<OnceLock<Weak<Sessions>>>,
        session_id: String,
    ) -> Link {
        Link {
            callbacks,
            registry,
            session_id,
            info: Mutex::default(),
            python: Mutex::new(Known::NotYet),
            resets: Mutex::default(),
            kicked: Mutex::new(None),
        }
    }

    pub(crate) fn set_info(&self, info: SessionInfo) {
        let mut known = lock(&self.info);
        let since = known.as_ref().map(|known| known.1);
        *known = Some((info, since.unwrap_or_else(SystemTime::now)));
    }

    fn registry(&self) -> Option<Arc<Sessions>> {
        self.registry.get()?.upgrade()
    }

    /// Turns the browser out. Does nothing when the session is over.
    pub(crate) fn kick(&self, reason: &str) {
        lock(&self.kicked).get_or_insert_with(|| reason.to_owned());
        if let Some(registry) = self.registry() {
            registry.kick(&self.session_id, reason);
        }
    }

    /// The words of [`Self::kick`].
    pub(crate) fn kicked(&self) -> Option<String> {
        lock(&self.kicked).clone()
    }

    /// The page did not keep up and was reset; one that never does is given up.
    pub(crate) fn was_reset(&self) {
        if is_one_too_many(&mut lock(&self.resets), Instant::now())
            && let Some(registry) = self.registry()
        {
            registry.end_for_backpressure(&self.session_id);
        }
    }

    /// A row of `PlainInfo`; of a session that has had no client yet there is little to say.
    pub(crate) fn info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let Some((info, since)) = lock(&self.info).clone() else {
            let (text, number, object) = (None::<&str>, None::<f64>, py.None());
            let row = (
                "websocket",
                text,
                text,
                &self.session_id,
                number,
                "",
                text,
                object,
            );
            return row.into_pyobject(py);
        };
        let since = since.duration_since(SystemTime::UNIX_EPOCH);
        let identity = info
            .identity
            .as_ref()
            .and_then(|one| identity::object(py, one));
        (
            "websocket",
            info.address,
            info.user_agent,
            info.session_id,
            Some(since.unwrap_or_default().as_secs_f64()),
            info.url,
            info.origin,
            identity,
        )
            .into_pyobject(py)
    }

    /// The call that tells the program what happened; on the notice thread.
    pub(crate) fn tell<'py>(
        py: Python<'py>,
        peer: &Arc<PeerCore>,
        notice: Notice,
    ) -> PyResult<Option<Work<'py>>> {
        let Some(link) = peer.link() else {
            return Ok(None);
        };
        let python = match link.python(py, peer) {
            Ok(Some(python)) => python,
            Ok(None) => return Ok(None),
            Err(error) => {
                // There is nobody to raise it to.
                error.write_unraisable(py, None);
                return Ok(None);
            }
        };
        if matches!(notice, Notice::Named("disconnected", _)) {
            // Dropped after the lock was released: the program's object may have a destructor.
            let _made = std::mem::replace(&mut *lock(&link.python), Known::Over);
        }
        let Some(func) = link.callbacks.get(py, |functions| Some(&functions.notice)) else {
            return Ok(None);
        };
        let rest = notice.into_args(py)?;
        let args = PyTuple::new(py, [python.into_bound(py)])?
            .as_sequence()
            .concat(rest.as_sequence())?
            .to_tuple()?;
        Ok(Some((None, Some(func.into_bound(py)), args, None)))
    }

    /// The program's object, made at the first need: on the notice thread, which is one. `None` when there is none.
    fn python(&self, py: Python<'_>, peer: &Arc<PeerCore>) -> PyResult<Option<Py<PyAny>>> {
        match &*lock(&self.python) {
            Known::Made(python) => return Ok(Some(python.clone_ref(py))),
            Known::Over => return Ok(None),
            Known::NotYet => {}
        }
        // The program may have made it already, of a session that it expects.
        if let Some(made) = peer.python(py) {
            *lock(&self.python) = Known::Made(made.clone_ref(py));
            return Ok(Some(made));
        }
        let make_peer = self
            .callbacks
            .get(py, |functions| Some(&functions.make_peer));
        let Some(make_peer) = make_peer else {
            return Ok(None);
        };
        let core = Peer {
            core: Arc::clone(peer),
        };
        let made = make_peer.call1(py, (core,))?;
        *lock(&self.python) = Known::Made(made.clone_ref(py));
        Ok(Some(made))
    }
}

fn is_one_too_many(resets: &mut VecDeque<Instant>, now: Instant) -> bool {
    resets.push_back(now);
    while resets
        .front()
        .is_some_and(|first| now.duration_since(*first) > RESETS_WITHIN)
    {
        resets.pop_front();
    }
    resets.len() >= RESETS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_reset_within_a_minute_is_one_too_many() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut resets = VecDeque::new();
        for seconds in [0, 30, 61, 92, 123] {
            assert!(!is_one_too_many(&mut resets, at(seconds)), "{seconds}");
        }
        assert!(is_one_too_many(&mut resets, at(150)));
    }
}
