//! A port: accepts, speaks HTTP/1.1, and ends in good order.
//!
//! It has a runtime of its own with two threads, so that it works in any program, whatever loop that one runs.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{sleep_until, timeout};

use crate::http::{App, Peer, router};
use crate::io::Patient;
use crate::lock;
use crate::sessions::Sessions;
use crate::site::Site;

/// Connections beyond those that may be WebSockets: browsers fetch files over several at a time.
const FILES: usize = 128;
const FILES_PER_ADDRESS: usize = 16;

/// Longest request head, in bytes.
const HEAD_BYTES: usize = 64 * 1024;

/// So many, of those beyond, are told so, and have so long to read it; others are only cut off.
const FAREWELLS: usize = 256;
const FAREWELL: Duration = Duration::from_secs(1);

const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 32\r\n\
    Connection: close\r\n\r\nThere are too many connections.\n";

/// A running server. Dropping it closes it without waiting for anybody.
pub struct Server {
    address: SocketAddr,
    sessions: Arc<Sessions>,
    stop: watch::Sender<bool>,
    running: Mutex<Option<Running>>,
}

struct Running {
    runtime: Runtime,
    /// Ends when the last task that holds the other side has ended.
    ended: Receiver<Infallible>,
}

/// How many there are, in all and of each address.
#[derive(Default)]
pub(crate) struct Guests {
    total: usize,
    of: HashMap<IpAddr, usize>,
}

/// One of them; leaves when dropped.
pub(crate) struct Guest {
    guests: Arc<Mutex<Guests>>,
    ip: IpAddr,
    /// While somebody has it, the server is not closed.
    _alive: SyncSender<Infallible>,
}

impl Server {
    /// Listens at `address` (port 0: a free one) and serves until it is closed.
    ///
    /// # Errors
    /// When nothing can listen there, `AddrInUse` above all, or no thread can be started.
    pub fn start(
        sessions: Arc<Sessions>,
        site: Arc<Site>,
        address: impl ToSocketAddrs,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("auroraview-server")
            .enable_all()
            .build()?;
        let (stop, stopped) = watch::channel(false);
        let (alive, ended) = sync_channel(0);
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let port = Port {
            app: router(Arc::new(App {
                sessions: sessions.clone(),
                site,
            })),
            sessions: sessions.clone(),
            guests: Arc::default(),
            farewells: Arc::new(Semaphore::new(FAREWELLS)),
            stopped,
            alive,
        };
        runtime.spawn(keep_time(sessions.clone(), stop.subscribe()));
        runtime.spawn(port.accept(listener));
        Ok(Self {
            address,
            sessions,
            stop,
            running: Mutex::new(Some(Running { runtime, ended })),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Ends all sessions with `server_closed`, waits up to `timeout` until clients have taken their last frames, and ends
    /// its threads. Returns whether everything was in good order; closing again does nothing.
    pub fn close(&self, timeout: Duration) -> bool {
        let Some(Running { runtime, ended }) = lock(&self.running).take() else {
            return true;
        };
        let deadline = Instant::now() + timeout;
        self.stop.send_replace(true);
        self.sessions.close();
        let within = Handle::try_current().map(|current| current.id());
        // One of its own threads cannot wait for itself.
        if within
            .as_ref()
            .is_ok_and(|within| *within == runtime.handle().id())
        {
            runtime.shutdown_background();
            return false;
        }
        let waited = ended.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        let good = !matches!(waited, Err(RecvTimeoutError::Timeout));
        if within.is_ok() {
            // The threads of another runtime may not wait for ours to end; they have nothing more to do anyway.
            runtime.shutdown_background();
        } else {
            runtime.shutdown_timeout(deadline.saturating_duration_since(Instant::now()));
        }
        good
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(Running { runtime, .. }) = lock(&self.running).take() {
            self.stop.send_replace(true);
            self.sessions.close();
            runtime.shutdown_background();
        }
    }
}

/// Ends sessions when their time is up. Asleep while none waits.
async fn keep_time(sessions: Arc<Sessions>, mut stopped: watch::Receiver<bool>) {
    let changed = Arc::new(Notify::new());
    let notify = changed.clone();
    sessions.set_timer(Box::new(move || notify.notify_one()));
    while !*stopped.borrow() {
        let next = sessions.tick(Instant::now());
        let time = async {
            match next {
                Some(next) => sleep_until(next.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = time => {}
            () = changed.notified() => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Says that there is no room. What the client sends is read, for closing a socket with something unread would take the
/// answer back.
async fn turn_away(mut socket: TcpStream) -> std::io::Result<()> {
    socket.write_all(FULL).await?;
    socket.shutdown().await?;
    tokio::io::copy(&mut socket.take(HEAD_BYTES as u64), &mut tokio::io::sink()).await?;
    Ok(())
}

struct Port {
    app: Router,
    sessions: Arc<Sessions>,
    guests: Arc<Mutex<Guests>>,
    /// For those who are turned away with time to read why.
    farewells: Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
    alive: SyncSender<Infallible>,
}

impl Port {
    async fn accept(mut self, listener: tokio::net::TcpListener) {
        while !*self.stopped.borrow() {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = self.stopped.changed() => continue,
            };
            match accepted {
                Ok((socket, address)) => self.welcome(socket, address),
                Err(error) => {
                    // Out of file descriptors, most likely: it passes.
                    log::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn welcome(&self, socket: TcpStream, address: SocketAddr) {
        let Ok(local) = socket.local_addr() else {
            return;
        };
        let Some(guest) = self.guest(address.ip().to_canonical()) else {
            self.sessions
                .count("connections", "There are too many connections.");
            if let Ok(place) = self.farewells.clone().try_acquire_owned() {
                tokio::spawn(async move {
                    let _place = place;
                    let _ = timeout(FAREWELL, turn_away(socket)).await;
                });
            }
            return;
        };
        // Small frames must not wait for each other; without it they only come later.
        let _ = socket.set_nodelay(true);
        let peer = Peer {
            address,
            local,
            _guest: Arc::new(guest),
        };
        let patience = self.sessions.options.handshake_timeout;
        tokio::spawn(converse(
            self.app.clone(),
            socket,
            peer,
            patience,
            self.stopped.clone(),
        ));
    }

    fn guest(&self, ip: IpAddr) -> Option<Guest> {
        let options = &self.sessions.options;
        let mut guests = lock(&self.guests);
        let of_address = guests.of.get(&ip).copied().unwrap_or(0);
        let room = ip.is_loopback()
            || of_address
                < options
                    .max_connections_per_address
                    .saturating_add(FILES_PER_ADDRESS);
        if guests.total >= options.max_connections.saturating_add(FILES) || !room {
            return None;
        }
        guests.total += 1;
        *guests.of.entry(ip).or_default() += 1;
        Some(Guest {
            guests: self.guests.clone(),
            ip,
            _alive: self.alive.clone(),
        })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut guests = lock(&self.guests);
        guests.total -= 1;
        if let Some(count) = guests.of.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                guests.of.remove(&self.ip);
            }
        }
    }
}

/// HTTP over one connection, until it ends or becomes a WebSocket.
async fn converse(
    app: Router,
    socket: TcpStream,
    peer: Peer,
    patience: Duration,
    mut stopped: watch::Receiver<bool>,
) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        let mut app = app.clone();
        async move { tower_service::Service::call(&mut app, request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(Patient::new(socket)), service)
        .with_upgrades();
    tokio::pin!(connection);
    let stopping = async move {
        // An error says that the server is gone altogether.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stopping => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        log::debug!("a connection ended early: {error}");
    }
}
