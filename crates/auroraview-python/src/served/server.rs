//! HTTP and WebSocket on one port, and the files that are served there.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use auroraview_assets::Body;
use auroraview_server::{Server as Inner, Site as InnerSite, SiteRequest};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error;
use crate::lane::seconds;
use crate::lock;
use crate::served::sessions::Sessions;

type Headers = Vec<(String, String)>;

/// Shorter files are read at once.
const SHORT: u64 = 64 * 1024;

/// What is to be sent of a file.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct FilePart {
    rest: Mutex<std::io::Take<File>>,
}

#[pymethods]
impl FilePart {
    /// The next bytes, at most `size`; none at the end. Raises `OSError`.
    fn read<'py>(&self, py: Python<'py>, size: u64) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| {
            let mut bytes = Vec::new();
            let mut rest = lock(&self.rest);
            let more = (&mut *rest).take(size).read_to_end(&mut bytes)?;
            if more == 0 && size > 0 && rest.limit() > 0 {
                let text = "the file became shorter while it was sent";
                return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, text));
            }
            Ok(bytes)
        })?;
        Ok(PyBytes::new(py, &bytes))
    }
}

/// Files, the browser's script, and the headers of both.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Site {
    inner: Arc<InnerSite>,
}

#[pymethods]
impl Site {
    /// Raises `OSError`. `csp`: `default`, `strict`, the policy itself, or `None`. `nocache`: browsers are to ask each time.
    #[new]
    #[pyo3(signature = (path, csp, nocache))]
    fn new(path: Option<PathBuf>, csp: Option<&str>, nocache: bool) -> PyResult<Site> {
        Ok(Site {
            inner: Arc::new(InnerSite::new(path, csp, nocache)?),
        })
    }

    /// Answers a request: status, headers, and `bytes` or a [`FilePart`].
    fn respond<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        path: &str,
        headers: Headers,
    ) -> PyResult<(u16, Headers, Bound<'py, PyAny>)> {
        let request = SiteRequest {
            method,
            path,
            headers: &headers,
        };
        let response = py.detach(|| {
            let mut response = self.inner.respond(&request);
            if matches!(response.body, Body::File { length, .. } if length <= SHORT) {
                response.body = Body::Bytes(response.body.read_all()?);
            }
            Ok::<_, std::io::Error>(response)
        })?;
        let body = match response.body {
            Body::Empty => PyBytes::new(py, &[]).into_any(),
            Body::Bytes(bytes) => PyBytes::new(py, &bytes).into_any(),
            Body::File {
                mut file,
                start,
                length,
            } => {
                file.seek(SeekFrom::Start(start))?;
                let rest = Mutex::new(file.take(length));
                Bound::new(py, FilePart { rest })?.into_any()
            }
        };
        Ok((response.status, response.headers, body))
    }
}

/// See the module. Dropped without [`Server::close`], it closes as far as that needs no waiting.
#[pyclass(frozen, module = "auroraview._core")]
pub(crate) struct Server {
    inner: Inner,
}

#[pymethods]
impl Server {
    /// Listens. Raises `OSError`.
    #[new]
    fn new(
        py: Python<'_>,
        sessions: &Sessions,
        site: &Site,
        host: &str,
        port: u16,
    ) -> PyResult<Server> {
        let (registry, site) = (Arc::clone(&sessions.registry), Arc::clone(&site.inner));
        let inner = py.detach(|| Inner::start(registry, site, (host, port)));
        let inner = inner.map_err(|problem| error::os(&problem))?;
        Ok(Server { inner })
    }

    #[getter]
    fn port(&self) -> u16 {
        self.inner.port()
    }

    /// Ends all sessions and connections, and waits until they are, at most so many seconds. Returns whether all was in
    /// good order.
    fn close(&self, py: Python<'_>, timeout: f64) -> bool {
        py.detach(|| self.inner.close(seconds(timeout)))
    }
}
