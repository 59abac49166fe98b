//! The registry of sessions, for a server in Python (ASGI) or in Rust.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use auroraview_protocol::Limits;
use auroraview_server::{
    Authenticated, Dialect, Encoding, Options, Refusal, RequestInfo, Sessions as Registry,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};

use crate::bridge::Bridge;
use crate::lane::seconds;
use crate::peer::{Peer, PeerCore};
use crate::served::connection::{Connection, Doorbell};
use crate::served::identity::Identities;
use crate::served::link::{Callbacks, Functions};
use crate::served::program::ServedBridge;

/// What [`Sessions::new`] takes, a dict with these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Settings {
    session_ttl: f64,
    heartbeat_interval: f64,
    heartbeat_timeout: f64,
    handshake_timeout: f64,
    replay_messages: usize,
    replay_bytes: usize,
    max_connections: usize,
    max_connections_per_address: usize,
    max_sessions: usize,
    frames_per_second: f64,
    bytes_per_second: f64,
    compress: Option<bool>,
    token: Option<String>,
    authenticate: bool,
    expects: bool,
    dialect: Spoken,
    allow_hosts: Vec<String>,
    allow_origins: Vec<String>,
}

/// The name of a dialect, as Python says it.
struct Spoken(Dialect);

impl FromPyObject<'_, '_> for Spoken {
    type Error = PyErr;

    fn extract(name: Borrowed<'_, '_, PyAny>) -> PyResult<Spoken> {
        Ok(Spoken(match name.extract::<&str>()? {
            "auroraview" => Dialect::AuroraView,
            "plain" => Dialect::Plain(Encoding::Json),
            "plain+msgpack" => Dialect::Plain(Encoding::MessagePack),
            other => return Err(PyValueError::new_err(format!("no dialect {other:?}"))),
        }))
    }
}

impl Settings {
    fn into_options(self, limits: &Limits) -> Options {
        Options {
            session_ttl: seconds(self.session_ttl),
            heartbeat_interval: seconds(self.heartbeat_interval),
            heartbeat_timeout: seconds(self.heartbeat_timeout),
            handshake_timeout: seconds(self.handshake_timeout),
            max_connections: self.max_connections,
            max_connections_per_address: self.max_connections_per_address,
            max_sessions: self.max_sessions,
            frames_per_second: self.frames_per_second,
            bytes_per_second: self.bytes_per_second,
            message_bytes: limits.message_bytes,
            compress: self.compress,
            token: self.token,
            authenticate: self.authenticate,
            expects: self.expects,
            dialect: self.dialect.0,
            allow_hosts: self.allow_hosts,
            allow_origins: self.allow_origins,
        }
    }
}

/// See the module.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Sessions {
    pub(crate) registry: Arc<Registry>,
    callbacks: Arc<Callbacks>,
    identities: Arc<Identities>,
    expected: Arc<OnceLock<Arc<PeerCore>>>,
}

#[pymethods]
impl Sessions {
    /// `make_peer(core_peer)` makes the program's object of a session, `notice(peer, name, ...)` is told what happens to
    /// it, both on the notice thread. `authenticate(request)` is asked on a thread of the server.
    #[new]
    #[pyo3(signature = (bridge, settings, make_peer, notice, authenticate = None))]
    fn new(
        bridge: &Bridge,
        settings: Settings,
        make_peer: Py<PyAny>,
        notice: Py<PyAny>,
        authenticate: Option<Py<PyAny>>,
    ) -> Sessions {
        let limits = Limits {
            queue_messages: settings.replay_messages,
            queue_bytes: settings.replay_bytes,
            ..bridge.core.limits
        };
        let callbacks = Arc::new(Callbacks::new(Functions {
            make_peer,
            notice,
            authenticate,
        }));
        let identities = Arc::new(Identities::default());
        let own_registry = Arc::new(OnceLock::new());
        let expected = Arc::new(OnceLock::new());
        let program = ServedBridge {
            bridge: Arc::clone(&bridge.core),
            limits,
            callbacks: Arc::clone(&callbacks),
            identities: Arc::clone(&identities),
            registry: Arc::clone(&own_registry),
            expected: Arc::clone(&expected),
        };
        let registry = Registry::new(Arc::new(program), settings.into_options(&limits));
        let _ = own_registry.set(Arc::downgrade(&registry));
        Sessions {
            registry,
            callbacks,
            identities,
            expected,
        }
    }

    /// The session that is there from the start, when the settings say so.
    fn expected(&self) -> Option<Peer> {
        let core = Arc::clone(self.expected.get()?);
        Some(Peer { core })
    }

    #[allow(clippy::needless_pass_by_value, reason = "PyO3 passes the visitor so")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.callbacks.traverse(&visit)
    }

    fn __clear__(&self) {
        drop(self.callbacks.take());
    }

    /// A WebSocket is asked for: a connection, or status and text of the refusal. `wake` is called, on the notice
    /// thread, when the connection has something to send.
    fn connect<'py>(
        &self,
        py: Python<'py>,
        request: Request<'py>,
        wake: Py<PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let identity = request
            .identity
            .as_ref()
            .map(|object| self.identities.get(object));
        let request = request.into_info(identity);
        let bell = Doorbell::new(wake);
        let wake = bell.wake();
        match py.detach(|| self.registry.connect(request, wake)) {
            Ok(connection) => {
                let connection = Connection::new(connection, bell);
                Ok(Bound::new(py, connection)?.into_any())
            }
            Err(Refusal { status, message }) => Ok((status, message).into_pyobject(py)?.into_any()),
        }
    }

    /// Whether a request, of whatever kind, may be answered: `None`, or status and text of the refusal.
    fn check(&self, py: Python<'_>, request: Request<'_>) -> Option<(u16, String)> {
        let request = request.into_info(None);
        let refusal = py.detach(|| self.registry.check(&request)).err()?;
        Some((refusal.status, refusal.message))
    }

    /// Does what is due; returns the seconds until more is, `None`: nothing is.
    fn tick(&self, py: Python<'_>) -> Option<f64> {
        py.detach(|| left(self.registry.tick(Instant::now())))
    }

    /// Has all connected pages load themselves again; returns how many.
    fn reload(&self, py: Python<'_>) -> usize {
        py.detach(|| self.registry.reload())
    }

    /// Ends all sessions and takes no more.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.registry.close());
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = py.detach(|| self.registry.stats());
        let dict = PyDict::new(py);
        dict.set_item("sessions", stats.sessions)?;
        dict.set_item("connected", stats.connected)?;
        dict.set_item("connections", stats.connections)?;
        let refused = PyDict::new(py);
        for (reason, count) in &stats.refused {
            refused.set_item(reason, count)?;
        }
        dict.set_item("refused", refused)?;
        Ok(dict)
    }
}

/// Seconds until then.
pub(crate) fn left(then: Option<Instant>) -> Option<f64> {
    then.map(|then| then.saturating_duration_since(Instant::now()).as_secs_f64())
}

/// What [`Sessions::connect`] takes, a dict with these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Request<'py> {
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    address: Option<String>,
    #[pyo3(default)]
    local: Option<(String, u16)>,
    #[pyo3(default)]
    identity: Option<Bound<'py, PyAny>>,
}

impl Request<'_> {
    fn into_info(self, identity: Option<Authenticated>) -> RequestInfo {
        RequestInfo {
            path: self.path,
            query: self.query,
            headers: self.headers,
            address: self.address,
            local: self.local,
            identity,
        }
    }
}

/// A request as the program is shown it.
pub(crate) fn plain_request<'py>(
    py: Python<'py>,
    request: &RequestInfo,
) -> PyResult<Bound<'py, PyDict>> {
    let plain = PyDict::new(py);
    plain.set_item("address", &request.address)?;
    plain.set_item("path", &request.path)?;
    plain.set_item("query", &request.query)?;
    plain.set_item("headers", &request.headers)?;
    plain.set_item("local", &request.local)?;
    Ok(plain)
}
