//! A page whose connection breaks anywhere: what it sent arrives once and in order, and so does what it is told.
//!
//! Nothing in between is lost but whole ends of the stream, as with a socket. The input's bytes are what happens: the
//! page speaks, some of it moves, the program emits, the connection breaks or is taken over, the page is loaded again.
#![no_main]

use std::collections::VecDeque;
use std::sync::Arc;

use auroraview_fuzz::{Answering, Choices, Page, options};
use auroraview_protocol::{Attachment, Encoded, EncodedEvent};
use auroraview_server::{Connection, Outgoing, RequestInfo, Sessions, close_code};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices::new(input);
    let mut world = World::new();
    while let Some(kind) = choices.next() {
        match kind % 32 {
            0..6 => world.say(choices.one_in(4)),
            6..8 => world.call(),
            8 => world.ready(),
            9..15 => world.move_out(1 + choices.below(8)),
            15..21 => world.move_in(1 + choices.below(8)),
            21..25 => world.emit(choices.one_in(4)),
            25..27 => world.acknowledge(),
            27..30 => world.come_back(choices.one_in(4)),
            30 => world.lose(),
            _ => world.load_again(),
        }
    }
    world.finish();
});

/// One message over the socket.
enum Sent {
    Text(String),
    Binary(Bytes),
}

/// A numbered frame of the page, kept until the server says that it has it.
struct Frame {
    seq: u64,
    text: String,
    attachment: Option<Bytes>,
}

struct World {
    program: Arc<Answering>,
    sessions: Arc<Sessions>,
    connection: Option<Connection>,
    /// That were taken over, and whose ends are still there.
    older: Vec<Connection>,
    /// The answer to the hello came, on this connection.
    is_open: bool,
    /// On its way to the server.
    out: VecDeque<Sent>,
    id: String,
    resume: String,
    documents: u64,
    /// The server knows the current document.
    is_known: bool,
    is_ready: bool,
    /// Frames that the page made in this document, and those that it keeps.
    made: u64,
    kept: VecDeque<Frame>,
    /// Events it said in this document, calls it made, and which were answered.
    said: u64,
    called: u64,
    answered: Vec<u64>,
    /// The last frame that it processed, and the event in it.
    processed: u64,
    shown: Option<u64>,
    /// Events that a document acknowledged, or processed.
    highest: u64,
    /// Attachments of a frame that are still to come.
    expected: Option<(Value, usize)>,
    emitted: u64,
}

impl World {
    fn new() -> Self {
        let program = Arc::new(Answering::default());
        let mut world = Self {
            sessions: Sessions::new(program.clone(), options()),
            program,
            connection: None,
            older: Vec::new(),
            is_open: false,
            out: VecDeque::new(),
            id: String::new(),
            resume: String::new(),
            documents: 1,
            is_known: false,
            is_ready: false,
            made: 0,
            kept: VecDeque::new(),
            said: 0,
            called: 0,
            answered: Vec::new(),
            processed: 0,
            shown: None,
            highest: 0,
            expected: None,
            emitted: 0,
        };
        // Whoever never heard which session it has begins another one; that is not what is looked at here.
        world.come_back(false);
        world.move_in(1);
        assert!(world.is_open);
        world
    }

    fn page(&self) -> Arc<Page> {
        assert_eq!(self.program.count(), 1, "one session all along");
        self.program.last().expect("it was begun")
    }

    fn document(&self) -> String {
        format!("d{}", self.documents)
    }

    fn say(&mut self, attached: bool) {
        self.said += 1;
        let said = self.said;
        let message = if attached {
            format!(
                r#"{{"type":"event","event":"p","detail":[{said},{{"$av":0}}],"att":[{{"bytes":2}}]}}"#
            )
        } else {
            format!(r#"{{"type":"event","event":"p","detail":[{said}]}}"#)
        };
        self.make(&message, attached);
    }

    fn call(&mut self) {
        self.called += 1;
        let id = self.called;
        self.make(
            &format!(r#"{{"type":"call","id":{id},"method":"m","params":[{id}]}}"#),
            false,
        );
    }

    fn ready(&mut self) {
        if !self.is_ready {
            self.is_ready = true;
            self.make(r#"{"type":"ready"}"#, false);
        }
    }

    fn make(&mut self, message: &str, attached: bool) {
        self.made += 1;
        let (seq, document, ack) = (self.made, self.document(), self.processed);
        let att = if attached { r#""att":1,"# } else { "" };
        let frame = Frame {
            seq,
            text: format!(
                r#"{{{att}"seq":{seq},"v":1,"doc":"{document}","ack":{ack},"msgs":[{message}]}}"#
            ),
            attachment: attached.then(|| Bytes::from_static(b"ab")),
        };
        if self.is_open {
            self.send(&frame);
        }
        self.kept.push_back(frame);
    }

    fn send(&mut self, frame: &Frame) {
        self.out.push_back(Sent::Text(frame.text.clone()));
        let attachment = frame.attachment.clone();
        self.out.extend(attachment.map(Sent::Binary));
    }

    fn acknowledge(&mut self) {
        if self.is_open {
            let (document, ack) = (self.document(), self.processed);
            let text = format!(r#"{{"v":1,"doc":"{document}","ack":{ack},"msgs":[]}}"#);
            self.out.push_back(Sent::Text(text));
        }
    }

    fn emit(&mut self, attached: bool) {
        self.emitted += 1;
        let detail = Encoded {
            json: format!("[{}]", self.emitted),
            attachments: match attached {
                true => vec![Attachment::from(Bytes::from_static(b"abc"))],
                false => Vec::new(),
            },
            escaped: false,
        };
        self.page().emit(&EncodedEvent::new("e", &detail, false));
    }

    /// So many messages arrive at the server.
    fn move_out(&mut self, count: usize) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        let count = count.min(self.out.len());
        for sent in self.out.drain(..count) {
            match sent {
                Sent::Text(text) => connection.receive_text(&text),
                Sent::Binary(bytes) => connection.receive_binary(bytes),
            }
            assert!(!connection.is_over(), "nothing here breaks the protocol");
        }
    }

    /// So many messages arrive at the page.
    fn move_in(&mut self, count: usize) {
        for _ in 0..count {
            let Some(outgoing) = self.connection.as_mut().and_then(Connection::next_outgoing)
            else {
                return;
            };
            match outgoing {
                Outgoing::Text(text) => {
                    assert!(self.expected.is_none(), "attachments come first");
                    let value: Value = serde_json::from_str(&text).expect("JSON");
                    match value["type"].as_str() {
                        None => self.frame(value),
                        Some("session") => self.opened(&value),
                        Some("ack") => self.forget(&value),
                        Some(other) => panic!("{other} is not expected here"),
                    }
                }
                Outgoing::Binary(bytes) => {
                    assert_eq!(bytes, b"abc"[..]);
                    let (frame, left) = self.expected.take().expect("it was announced");
                    match left {
                        1 => self.process(&frame),
                        _ => self.expected = Some((frame, left - 1)),
                    }
                }
                other => panic!("{other:?} is not expected here"),
            }
        }
    }

    fn opened(&mut self, reply: &Value) {
        assert!(!self.is_open);
        let text = |name: &str| reply[name].as_str().expect("a text").to_owned();
        (self.id, self.resume) = (text("id"), text("resume"));
        self.is_open = true;
        self.forget(reply);
        let kept = std::mem::take(&mut self.kept);
        kept.iter().for_each(|frame| self.send(frame));
        self.kept = kept;
    }

    /// The server has the frames up to a number.
    fn forget(&mut self, told: &Value) {
        let received = told["received"].as_u64().expect("a number");
        assert!(received <= self.made);
        self.kept.retain(|frame| frame.seq > received);
    }

    fn frame(&mut self, frame: Value) {
        assert!(self.is_open, "the answer to the hello comes first");
        match frame["att"].as_u64() {
            None => self.process(&frame),
            Some(count) => self.expected = Some((frame, count as usize)),
        }
    }

    fn process(&mut self, frame: &Value) {
        assert_eq!(frame["doc"], self.document());
        assert_eq!(
            frame["seq"],
            self.processed + 1,
            "nothing twice, nothing left out"
        );
        self.processed += 1;
        for message in frame["msgs"].as_array().expect("messages") {
            match message["event"].as_str().expect("a name") {
                "__auroraview_welcome" => assert_eq!(self.processed, 1),
                "__auroraview_call_result" => {
                    let detail = &message["detail"];
                    let id = detail["id"].as_u64().expect("a number");
                    assert!(id <= self.called && !self.answered.contains(&id));
                    assert_eq!(detail["result"], json!([id]));
                    self.answered.push(id);
                }
                "e" => {
                    assert!(self.is_ready);
                    let number = message["detail"][0].as_u64().expect("a number");
                    match self.shown {
                        // The document before may have processed what it had no time to acknowledge.
                        None => assert!(number <= self.highest + 1),
                        Some(last) => assert_eq!(number, last + 1),
                    }
                    self.shown = Some(number);
                    self.highest = self.highest.max(number);
                }
                other => panic!("{other} is not expected here"),
            }
        }
    }

    /// The connection is gone, with all that is on its way.
    fn lose(&mut self) {
        self.connection = None;
        self.cut();
    }

    fn cut(&mut self) {
        self.out.clear();
        self.expected = None;
        self.is_open = false;
    }

    /// Another connection; the one there was may still stand.
    fn come_back(&mut self, takes_over: bool) {
        let older = self.connection.take();
        if takes_over {
            self.older.extend(older);
        } else {
            drop(older);
        }
        self.cut();
        let request = RequestInfo {
            path: "/auroraview.ws".into(),
            headers: vec![("host".into(), "localhost".into())],
            address: Some("127.0.0.1:1".into()),
            ..RequestInfo::default()
        };
        let mut connection = self
            .sessions
            .connect(request, Box::new(|| {}))
            .unwrap_or_else(|refusal| panic!("{}", refusal.message));
        let mut hello = format!(
            r#"{{"type":"hello","protocol":1,"document":"{}""#,
            self.document()
        );
        if !self.id.is_empty() {
            hello += &format!(r#","session":"{}","resume":"{}""#, self.id, self.resume);
        }
        if self.is_known {
            hello += &format!(r#","received":{}"#, self.processed);
        }
        connection.receive_text(&(hello + "}"));
        self.is_known = true;
        self.connection = Some(connection);
        for mut older in self.older.drain(..) {
            older.receive_text(r#"{"type":"event","event":"late"}"#);
            let last = std::iter::from_fn(|| older.next_outgoing()).last();
            let is_taken_over = matches!(last, Some(Outgoing::Close(close_code::TAKEN_OVER, _)));
            assert!(is_taken_over, "{last:?}");
        }
    }

    fn load_again(&mut self) {
        self.documents += 1;
        self.is_known = false;
        self.is_ready = false;
        (self.made, self.said, self.called, self.processed) = (0, 0, 0, 0);
        self.kept.clear();
        self.answered.clear();
        self.shown = None;
        self.come_back(false);
    }

    /// With a connection that holds, all that was said arrives, and all that was emitted.
    fn finish(&mut self) {
        self.come_back(false);
        self.ready();
        loop {
            let before = self.processed;
            self.move_in(usize::MAX);
            let is_quiet = before == self.processed && self.out.is_empty();
            self.acknowledge();
            self.move_out(usize::MAX);
            if is_quiet {
                break;
            }
        }
        assert_eq!(self.shown.unwrap_or(0).max(self.highest), self.emitted);
        assert_eq!(self.answered.len() as u64, self.called);
        let document = self.document();
        let heard = self.page().heard();
        let mine = heard.iter().filter(|(of, ..)| *of == document);
        let numbers = mine.map(|(_, name, detail)| {
            assert_eq!(name, "p");
            let detail = detail.as_ref().expect("a detail");
            let value: Value = serde_json::from_str(&detail.json).expect("JSON");
            assert_eq!(
                value.as_array().map(Vec::len),
                Some(1 + detail.attachments.len())
            );
            value[0].as_u64().expect("a number")
        });
        assert!(numbers.eq(1..=self.said), "each once, in order");
        self.page().look(|session| {
            assert_eq!(session.counters().refused.values().sum::<u64>(), 0);
            assert_eq!((session.queued(), session.unacknowledged()), ((0, 0), 0));
        });
    }
}
