//! A page and a session whose connection is lost again and again: each message takes effect exactly once and in order,
//! and what travels beside it arrives with it.

#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

use std::collections::{HashMap, VecDeque};

use auroraview_protocol::{
    Attachment, Batch, Dtype, Encoded, EncodedEvent, Given, Incoming, Limits, Session,
};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

const DOCUMENT: &str = "d1";

/// One thing that either end, or what lies between them, does.
#[derive(Debug, Clone)]
enum Op {
    PageSends {
        messages: Vec<usize>,
        call: bool,
    },
    Emit(usize),
    EmitLatest {
        key: usize,
        attachments: usize,
    },
    Release,
    Respond,
    /// The session puts what it may send on its way.
    Flush,
    /// So many frames arrive.
    Up(usize),
    Down(usize),
    /// The page says what it has processed; the transport says what has arrived.
    PageAcknowledges,
    ServerAcknowledges,
    /// What is on its way is lost.
    Drop,
    /// There is a new connection; without `heeds` the page sends again also what has arrived.
    Resume {
        heeds: bool,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let some = || 0..4usize;
    prop_oneof![
        4 => (prop::collection::vec(some(), 1..3), any::<bool>())
            .prop_map(|(messages, call)| Op::PageSends { messages, call }),
        4 => some().prop_map(Op::Emit),
        2 => (0..2usize, some()).prop_map(|(key, attachments)| Op::EmitLatest { key, attachments }),
        1 => Just(Op::Release),
        2 => Just(Op::Respond),
        4 => Just(Op::Flush),
        3 => (1..4usize).prop_map(Op::Up),
        3 => (1..3usize).prop_map(Op::Down),
        2 => Just(Op::PageAcknowledges),
        1 => Just(Op::ServerAcknowledges),
        2 => Just(Op::Drop),
        3 => any::<bool>().prop_map(|heeds| Op::Resume { heeds }),
    ]
}

/// A value with so many attachments, each of its own bytes.
fn value(number: u64, attachments: usize) -> Encoded {
    let one = |at: usize| {
        let bytes = vec![(number as usize * 7 + at) as u8; 4 * at];
        Attachment {
            dtype: (at > 1).then_some(Dtype::Float32),
            shape: (at > 2).then(|| vec![at, 1]),
            data: bytes.into(),
        }
    };
    let references: Vec<_> = (0..attachments).map(|at| json!({"$av": at})).collect();
    Encoded {
        json: json!([number, references]).to_string(),
        attachments: (0..attachments).map(one).collect(),
        escaped: false,
    }
}

/// The list of a message, as a page writes it.
fn att(value: &Encoded) -> Value {
    let one = |attachment: &Attachment| {
        let mut entry = json!({"bytes": attachment.data.len()});
        if let Some(dtype) = attachment.dtype {
            entry["dtype"] = json!(dtype.as_str());
        }
        if let Some(shape) = &attachment.shape {
            entry["shape"] = json!(shape);
        }
        entry
    };
    value.attachments.iter().map(one).collect()
}

/// The number of a value that arrived whole.
fn number(given: &Given) -> u64 {
    let json: Value = serde_json::from_str(given.json.get()).unwrap();
    let attachments = given.attachments.clone().unwrap_or_default();
    let expected = value(json[0].as_u64().unwrap(), attachments.len());
    assert_eq!(json.to_string(), expected.json);
    assert_eq!(attachments, expected.attachments);
    json[0].as_u64().unwrap()
}

type Frame = (String, Vec<Bytes>);

struct World {
    session: Session,
    numbers: u64,
    connected: bool,
    up: VecDeque<Frame>,
    down: VecDeque<Batch>,
    /// The page: frames that it would send again, the last number it gave, the last frame it processed.
    kept: VecDeque<(u64, Frame)>,
    sent: u64,
    processed: u64,
    /// What either end said, and what of it took effect at the other.
    page_said: Vec<u64>,
    page_heard: Vec<u64>,
    program_said: Vec<u64>,
    program_heard: Vec<u64>,
    called: Vec<u64>,
    answers: Vec<u64>,
    unanswered: VecDeque<u64>,
    last: HashMap<usize, u64>,
    last_heard: HashMap<usize, u64>,
}

impl World {
    fn new() -> Self {
        let mut session = Session::new(Limits::default());
        session.receive(&format!(
            r#"{{"v":1,"msgs":[{{"type":"hello","protocol":1,"document":"{DOCUMENT}"}},{{"type":"ready"}}]}}"#
        ));
        session.welcome("{}");
        while session.next_incoming().is_some() {}
        Self {
            session,
            numbers: 0,
            connected: true,
            up: VecDeque::new(),
            down: VecDeque::new(),
            kept: VecDeque::new(),
            sent: 0,
            processed: 0,
            page_said: Vec::new(),
            page_heard: Vec::new(),
            program_said: Vec::new(),
            program_heard: Vec::new(),
            called: Vec::new(),
            answers: Vec::new(),
            unanswered: VecDeque::new(),
            last: HashMap::new(),
            last_heard: HashMap::new(),
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn run(&mut self, op: Op) {
        match op {
            Op::PageSends { messages, call } => {
                let mut texts = Vec::new();
                let mut buffers = Vec::new();
                for attachments in messages {
                    let number = self.number();
                    let value = value(number, attachments);
                    let detail: Value = serde_json::from_str(&value.json).unwrap();
                    let mut message = json!({"type": "event", "event": "e", "detail": detail});
                    if call {
                        message =
                            json!({"type": "call", "id": number, "method": "m", "params": detail});
                        self.called.push(number);
                    } else {
                        self.page_said.push(number);
                    }
                    if attachments > 0 {
                        message["att"] = att(&value);
                    }
                    texts.push(message.to_string());
                    buffers.extend(value.attachments.into_iter().map(|one| one.data));
                }
                self.page_sends(&texts.join(","), buffers);
            }
            Op::Emit(attachments) => {
                let number = self.number();
                let event = EncodedEvent::new("e", &value(number, attachments), false);
                self.session.emit(&event).unwrap();
                self.program_said.push(number);
            }
            Op::EmitLatest { key, attachments } => {
                let number = self.number();
                let event =
                    EncodedEvent::new(&format!("k{key}"), &value(number, attachments), false);
                self.session.emit_latest(&key.to_string(), &event).unwrap();
                self.last.insert(key, number);
            }
            Op::Release => self.session.release_latest(),
            Op::Respond => {
                if let Some(id) = self.unanswered.pop_front() {
                    let attachments = id as usize % 3;
                    self.session.respond(1, id, Ok(value(id, attachments)));
                }
            }
            Op::Flush if self.connected => {
                while let Some(batch) = self.session.next_batch() {
                    self.down.push_back(batch);
                }
            }
            Op::Flush => {}
            Op::Up(frames) => {
                for (text, buffers) in self.up.drain(..frames.min(self.up.len())) {
                    self.session.receive_with(&text, buffers);
                }
                self.take_incoming();
            }
            Op::Down(frames) => {
                for batch in self.down.split_off_front(frames) {
                    self.page_takes(&batch);
                }
            }
            Op::PageAcknowledges => self.page_sends("", Vec::new()),
            Op::ServerAcknowledges => {
                if self.connected {
                    let received = self.session.received();
                    self.kept.retain(|(seq, _)| *seq > received);
                }
            }
            Op::Drop => {
                self.connected = false;
                self.up.clear();
                self.down.clear();
            }
            Op::Resume { heeds } => {
                self.run(Op::Drop);
                assert!(!self.session.resume("d2", self.processed));
                assert!(!self.session.resume(DOCUMENT, u64::MAX));
                assert!(self.session.resume(DOCUMENT, self.processed));
                self.connected = true;
                if heeds {
                    self.run(Op::ServerAcknowledges);
                }
                self.up = self.kept.iter().map(|(_, frame)| frame.clone()).collect();
            }
        }
    }

    fn page_sends(&mut self, messages: &str, buffers: Vec<Bytes>) {
        self.sent += 1;
        let (seq, ack) = (self.sent, self.processed);
        let head = match buffers.len() {
            0 => String::new(),
            count => format!(r#""att":{count},"#),
        };
        let text = format!(
            r#"{{{head}"seq":{seq},"v":1,"doc":"{DOCUMENT}","ack":{ack},"msgs":[{messages}]}}"#
        );
        let frame = (text, buffers);
        self.kept.push_back((seq, frame.clone()));
        if self.connected {
            self.up.push_back(frame);
        }
    }

    fn take_incoming(&mut self) {
        while let Some(incoming) = self.session.next_incoming() {
            match incoming {
                Incoming::Event { detail, .. } => self.program_heard.push(number(&detail.unwrap())),
                Incoming::Call { id, params, .. } => {
                    assert_eq!(number(&params.unwrap()), id);
                    self.unanswered.push_back(id);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn page_takes(&mut self, batch: &Batch) {
        assert_eq!(
            batch.seq,
            self.processed + 1,
            "no frame is lost or comes twice"
        );
        self.processed = batch.seq;
        let frame: Value = serde_json::from_str(&batch.text).unwrap();
        let head = format!(r#"{{"att":{},"#, batch.attachments.len());
        assert_eq!(!batch.attachments.is_empty(), batch.text.starts_with(&head));
        let mut buffers = batch.attachments.iter();
        for message in frame["msgs"].as_array().unwrap() {
            let (name, mut detail) = (message["event"].as_str().unwrap(), &message["detail"]);
            if name == "__auroraview_welcome" {
                continue;
            }
            if name == "__auroraview_call_result" {
                detail = &detail["result"];
            }
            let number = detail[0].as_u64().unwrap();
            let expected = value(number, detail[1].as_array().unwrap().len());
            assert_eq!(detail.to_string(), expected.json);
            for attachment in &expected.attachments {
                assert_eq!(buffers.next(), Some(&attachment.data));
            }
            match name {
                "e" => self.page_heard.push(number),
                "__auroraview_call_result" => self.answers.push(number),
                key => {
                    let key = key[1..].parse().unwrap();
                    let before = self.last_heard.insert(key, number);
                    assert!(before.is_none_or(|before| before < number));
                }
            }
        }
        assert_eq!(buffers.next(), None);
    }

    /// In the end all has arrived, once and in order.
    fn finish(mut self) {
        self.run(Op::Resume { heeds: true });
        for round in 0.. {
            assert!(round < 1000, "it ends");
            let before = self.processed;
            self.run(Op::Release);
            for op in [
                Op::Up(usize::MAX),
                Op::Respond,
                Op::Flush,
                Op::Down(usize::MAX),
                Op::PageAcknowledges,
                Op::Up(usize::MAX),
            ] {
                self.run(op);
            }
            if before == self.processed && self.unanswered.is_empty() {
                break;
            }
        }
        assert_eq!(self.session.queued(), (0, 0));
        assert_eq!(self.program_heard, self.page_said);
        assert_eq!(self.page_heard, self.program_said);
        assert_eq!(self.answers, self.called);
        assert_eq!(self.last_heard, self.last);
        assert_eq!(self.session.received(), self.sent);
        assert!(self.session.counters().refused.is_empty());
    }
}

trait SplitOffFront {
    fn split_off_front(&mut self, most: usize) -> Vec<Batch>;
}

impl SplitOffFront for VecDeque<Batch> {
    fn split_off_front(&mut self, most: usize) -> Vec<Batch> {
        let count = most.min(self.len());
        self.drain(..count).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_message_takes_effect_once_and_in_order_however_often_the_connection_is_lost(
        ops in prop::collection::vec(op(), 0..150)
    ) {
        let mut world = World::new();
        for op in ops {
            world.run(op);
        }
        world.finish();
    }
}
