//! The loop around one WebSocket: what comes goes to the [`Connection`], what it has to send goes out.
//!
//! Both directions are driven by one task, which never waits for one of them alone: a client that reads nothing is still
//! heard, and holds up nobody else. Everything that is there is read, then everything that waits is written, then flushed
//! once. Long messages are written in pieces, because the codec moves what a socket did not take to the front of its
//! buffer each time.

use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::block_in_place;
use tokio::time::{Sleep, sleep_until};
use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use crate::connection::Connection;
use crate::mailbox::Outgoing;
use crate::wire::close_code;

/// Room for reading, in bytes, of every connection that is idle as well.
const READ_BYTES: usize = 16 * 1024;
/// Small messages are collected up to so many bytes before they are written.
const WRITE_BYTES: usize = 64 * 1024;
/// Longest piece of a message.
const PIECE: usize = 128 * 1024;
/// Messages that are read, and bytes in each direction, before it is somebody else's turn.
const TURN: usize = 64;
const TURN_BYTES: usize = 1024 * 1024;
/// A text longer than this keeps a thread busy for long enough to tell the scheduler.
const LONG: usize = 256 * 1024;
/// How long a client has to take the close frame and to close its end; before that, what is still on its way to it may
/// stand still for so long.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs until the socket is closed. `read` is what came in before; `wake` is what the connection's wake calls.
pub(crate) async fn run(
    socket: TcpStream,
    read: Bytes,
    connection: Connection,
    wake: Arc<AtomicWaker>,
) {
    let limit = connection.message_limit();
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit));
    let now = Instant::now();
    let mut pump = Pump {
        socket,
        codec: WebSocketContext::from_partially_read(read.into(), Role::Server, Some(config)),
        connection,
        limit,
        pieces: None,
        blocked: false,
        unflushed: false,
        paused: None,
        stuck: None,
        end: None,
        timer: Timer::new(now),
    };
    pump.timer.due = Some(now);
    poll_fn(|context| {
        wake.register(context.waker());
        pump.poll(context)
    })
    .await;
}

struct Pump {
    socket: TcpStream,
    codec: WebSocketContext,
    connection: Connection,
    /// Longest message the codec takes at present.
    limit: usize,
    /// The rest of a message of which a part was written.
    pieces: Option<Pieces>,
    /// The socket did not take all; the codec has the rest.
    blocked: bool,
    unflushed: bool,
    /// Until when nothing is read.
    paused: Option<Instant>,
    /// The connection is over, but what goes before the close frame has not left: until when it may stand still.
    stuck: Option<Instant>,
    end: Option<End>,
    timer: Timer,
}

/// A close frame was given to the codec.
struct End {
    deadline: Instant,
    /// What comes cannot be read as a WebSocket any more.
    deaf: bool,
    shut: bool,
}

struct Pieces {
    rest: Bytes,
    /// Of the next piece.
    kind: Data,
}

/// When to look at the time again.
struct Timer {
    sleep: Pin<Box<Sleep>>,
    due: Option<Instant>,
}

/// The socket as the codec wants it: what would block says so.
struct Io<'a, 'c> {
    socket: &'a mut TcpStream,
    /// Who is woken when there is more to read; nothing is read without.
    reader: Option<&'a mut Context<'c>>,
    /// How many bytes may be read yet, and whether some were.
    left: usize,
    read: bool,
    /// Something was written.
    wrote: bool,
}

/// There is nothing more to do.
struct Gone;

impl Pump {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let result = self.turn(context);
        if result.is_err() {
            self.connection.closed();
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn turn(&mut self, context: &mut Context<'_>) -> Result<(), Gone> {
        loop {
            let more = self.read(context)? | self.write(context)?;
            self.watch_the_last();
            if !self.look_at_the_time(context)? {
                if more {
                    // Others first; we are woken right away.
                    context.waker().wake_by_ref();
                }
                return Ok(());
            }
        }
    }

    // ---- reading

    /// Reads what is there, up to a turn's worth. True when there may be more.
    fn read(&mut self, context: &mut Context<'_>) -> Result<bool, Gone> {
        if self.end.as_ref().is_some_and(|end| end.deaf) {
            return self.discard(context);
        }
        if self.paused.is_some() || self.connection.is_held() {
            return Ok(false);
        }
        let mut io = Io::new(&mut self.socket);
        io.reader = Some(context);
        let mut left = TURN;
        while left > 0 {
            match self.codec.read(&mut io) {
                Ok(message) => {
                    left -= 1;
                    handle(&mut self.connection, message);
                    let limit = self.connection.message_limit();
                    if limit != self.limit {
                        self.limit = limit;
                        self.codec.set_config(|config| {
                            config.max_message_size = Some(limit);
                            config.max_frame_size = Some(limit);
                        });
                        // The hello is over: other times count.
                        self.timer.due = Some(Instant::now());
                    }
                    if self.connection.is_held() {
                        return Ok(false);
                    }
                    if let Some(time) = self.connection.pause() {
                        self.paused = Some(Instant::now() + time);
                        return Ok(false);
                    }
                }
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    // A long message comes in parts: the client lives all the same.
                    if io.read {
                        io.read = false;
                        self.connection.heard(Instant::now());
                    }
                    return Ok(io.left == 0);
                }
                Err(error) => {
                    self.misread(error)?;
                    return Ok(true);
                }
            }
        }
        Ok(true)
    }

    fn misread(&mut self, error: Error) -> Result<(), Gone> {
        let (code, reason) = match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                self.connection.too_large();
                (close_code::TOO_LARGE, "message too large")
            }
            // Of a message in one piece the codec has taken all, and can go on.
            Error::Utf8(_) if self.connection.receive_garbage() => return Ok(()),
            Error::Utf8(_) => (1007, "text that is not UTF-8"),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return Err(Gone),
            Error::Protocol(_) | Error::Capacity(_) => (1002, "not a WebSocket"),
            _ => return Err(Gone),
        };
        self.connection.closed();
        match &mut self.end {
            Some(end) => end.deaf = true,
            None => self.close(code, reason, true)?,
        }
        Ok(())
    }

    /// Reads and forgets. Closing a socket with something unread would take the close frame back from the client.
    fn discard(&mut self, context: &mut Context<'_>) -> Result<bool, Gone> {
        let mut scratch = [0; READ_BYTES];
        for _ in 0..TURN {
            match self.socket.try_read(&mut scratch) {
                Ok(0) => return Err(Gone),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match self.socket.poll_read_ready(context) {
                        Poll::Ready(Ok(())) => {}
                        Poll::Ready(Err(_)) => return Err(Gone),
                        Poll::Pending => return Ok(false),
                    }
                }
                Err(_) => return Err(Gone),
            }
        }
        Ok(true)
    }

    // ---- writing

    /// Writes what waits, as far as the socket takes it, up to a turn's worth. True when there is more.
    fn write(&mut self, context: &mut Context<'_>) -> Result<bool, Gone> {
        let mut left = TURN_BYTES;
        loop {
            if self.blocked {
                match self.socket.poll_write_ready(context) {
                    Poll::Ready(Ok(())) => self.connection.taken(Instant::now()),
                    Poll::Ready(Err(_)) => return Err(Gone),
                    Poll::Pending => return Ok(false),
                }
                self.flush()?;
                continue;
            }
            if left == 0 {
                return Ok(true);
            }
            match self.next_message() {
                Some(message) => {
                    left = left.saturating_sub(message.len());
                    self.put(message)?;
                }
                None if self.unflushed => self.flush()?,
                None => {
                    self.shut(context)?;
                    return Ok(false);
                }
            }
        }
    }

    fn next_message(&mut self) -> Option<Message> {
        if self.end.is_some() {
            return None;
        }
        if let Some(pieces) = &mut self.pieces {
            let frame = pieces.next();
            if pieces.rest.is_empty() {
                self.pieces = None;
            }
            return Some(Message::Frame(frame));
        }
        let outgoing = if self.connection.next_is_long() {
            block_in_place(|| self.connection.next_outgoing())
        } else {
            self.connection.next_outgoing()
        };
        let (bytes, kind) = match outgoing? {
            Outgoing::Text(text) if text.len() <= PIECE => return Some(Message::text(text)),
            Outgoing::Binary(bytes) if bytes.len() <= PIECE => return Some(Message::Binary(bytes)),
            Outgoing::Text(text) => (Bytes::from(text), Data::Text),
            Outgoing::Binary(bytes) => (bytes, Data::Binary),
            Outgoing::Ping => return Some(Message::Ping(Bytes::new())),
            Outgoing::Close(code, reason) => {
                return Some(Message::Close(Some(close_frame(code, reason))));
            }
        };
        let mut pieces = Pieces { rest: bytes, kind };
        let first = pieces.next();
        self.pieces = Some(pieces);
        Some(Message::Frame(first))
    }

    fn put(&mut self, message: Message) -> Result<(), Gone> {
        if message.is_close() {
            self.ending(false);
        }
        let mut io = Io::new(&mut self.socket);
        self.unflushed = true;
        let result = self.codec.write(&mut io, message);
        let moved = io.wrote;
        self.wrote(result, moved)
    }

    fn close(&mut self, code: u16, reason: &str, deaf: bool) -> Result<(), Gone> {
        self.ending(deaf);
        self.unflushed = true;
        let mut io = Io::new(&mut self.socket);
        let frame = close_frame(code, reason.to_owned());
        let result = self.codec.close(&mut io, Some(frame));
        let moved = io.wrote;
        self.wrote(result, moved)
    }

    fn ending(&mut self, deaf: bool) {
        self.pieces = None;
        self.paused = None;
        self.stuck = None;
        let deadline = Instant::now() + FAREWELL;
        self.timer.due = Some(deadline);
        self.end = Some(End {
            deadline,
            deaf,
            shut: false,
        });
    }

    fn flush(&mut self) -> Result<(), Gone> {
        self.blocked = false;
        let mut io = Io::new(&mut self.socket);
        let result = self.codec.flush(&mut io);
        let moved = io.wrote;
        self.unflushed = false;
        self.wrote(result, moved)
    }

    /// `moved`: the socket took something.
    fn wrote(&mut self, result: Result<(), Error>, moved: bool) -> Result<(), Gone> {
        if moved && self.stuck.is_some() {
            self.stuck = Some(Instant::now() + FAREWELL);
        }
        match result {
            Ok(()) => Ok(()),
            // The codec has it; it only waits for the socket.
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                self.blocked = true;
                self.unflushed = true;
                Ok(())
            }
            Err(_) => Err(Gone),
        }
    }

    /// After the close frame of a client that is not understood any more: our end is closed, and theirs will be.
    fn shut(&mut self, context: &mut Context<'_>) -> Result<(), Gone> {
        if let Some(end) = &mut self.end
            && end.deaf
            && !end.shut
        {
            let shutdown =
                tokio::io::AsyncWrite::poll_shutdown(Pin::new(&mut self.socket), context);
            match shutdown {
                Poll::Ready(Ok(())) => end.shut = true,
                Poll::Ready(Err(_)) => return Err(Gone),
                Poll::Pending => {}
            }
        }
        Ok(())
    }

    // ---- the time

    /// A client that takes nothing never gets its close frame: it is not waited for. The connection itself keeps no time
    /// any more once it is over.
    fn watch_the_last(&mut self) {
        if self.stuck.is_none() && self.end.is_none() && self.connection.is_over() {
            self.stuck = Some(Instant::now() + FAREWELL);
        }
    }

    /// Sees to what is due. True when something was, and there may be more to do.
    fn look_at_the_time(&mut self, context: &mut Context<'_>) -> Result<bool, Gone> {
        let times = [self.timer.due, self.paused, self.stuck];
        let Some(due) = times.into_iter().flatten().min() else {
            return Ok(false);
        };
        if !self.timer.passed(due, context) {
            return Ok(false);
        }
        let now = Instant::now();
        if self.stuck.is_some_and(|until| until <= now) {
            return Err(Gone);
        }
        if self.paused.is_some_and(|until| until <= now) {
            self.paused = None;
        }
        if let Some(end) = &self.end {
            if end.deadline <= now {
                return Err(Gone);
            }
            self.timer.due = Some(end.deadline);
        } else if self.timer.due.is_some_and(|due| due <= now) {
            self.timer.due = self.connection.tick(now);
        }
        Ok(true)
    }
}

impl Pieces {
    fn next(&mut self) -> Frame {
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        let kind = std::mem::replace(&mut self.kind, Data::Continue);
        Frame::message(piece, OpCode::Data(kind), self.rest.is_empty())
    }
}

impl Timer {
    fn new(now: Instant) -> Self {
        Self {
            sleep: Box::pin(sleep_until(now.into())),
            due: None,
        }
    }

    fn passed(&mut self, due: Instant, context: &mut Context<'_>) -> bool {
        if self.sleep.deadline() != due.into() {
            self.sleep.as_mut().reset(due.into());
        }
        self.sleep.as_mut().poll(context).is_ready()
    }
}

impl<'a> Io<'a, '_> {
    fn new(socket: &'a mut TcpStream) -> Self {
        Self {
            socket,
            reader: None,
            left: TURN_BYTES,
            read: false,
            wrote: false,
        }
    }
}

impl Read for Io<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(context) = self.reader.as_mut().filter(|_| self.left > 0) else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        // Not `try_read`: this one knows that a socket which gave less than was asked for is empty, and saves asking it
        // again after every short message.
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut *self.socket).poll_read(context, &mut buffer) {
            Poll::Ready(result) => result?,
            Poll::Pending => return Err(io::ErrorKind::WouldBlock.into()),
        }
        let count = buffer.filled().len();
        self.left = self.left.saturating_sub(count);
        self.read |= count > 0;
        Ok(count)
    }
}

impl Write for Io<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.socket.try_write(bytes)?;
        self.wrote |= count > 0;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn handle(connection: &mut Connection, message: Message) {
    match message {
        Message::Text(text) if text.len() > LONG => {
            block_in_place(|| connection.receive_text(&text))
        }
        Message::Text(text) => connection.receive_text(&text),
        Message::Binary(bytes) => connection.receive_binary(bytes),
        // The codec answers pings, and a close frame with its like.
        Message::Ping(_) | Message::Pong(_) => connection.receive_other(),
        Message::Close(_) => connection.closed(),
        Message::Frame(_) => {}
    }
}

fn close_frame(code: u16, reason: String) -> CloseFrame {
    CloseFrame {
        code: CloseCode::from(code),
        reason: reason.into(),
    }
}
