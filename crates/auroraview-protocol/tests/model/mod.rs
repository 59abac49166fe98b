//! A page and a program of random habits around a real session, and a model of what must be delivered.
//!
//! The page takes frames at once, acknowledges them when told to, and loses those it did not acknowledge when it
//! reloads. Its connection may be lost and come back, with some of them lost on the way. The model knows each event by a number of its own, so that order, loss and repetition all show.

use std::collections::{HashMap, HashSet, VecDeque};

use auroraview_protocol::{
    Batch, Broadcast, Emitted, EncodedEvent, ErrorObject, FRAME_BYTES, FRAMES_UNACKNOWLEDGED,
    Incoming, Limits, Session,
};
use serde_json::{Value, json};

/// One thing that the page, the transport or the program does.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Hello,
    HelloAgain,
    Ready,
    Welcome,
    Gone,
    Close,
    Open,
    Control,
    Call {
        deep: bool,
    },
    CallAgain(usize),
    Cancel(usize),
    Event,
    UnknownType,
    Junk(String),
    StaleFrame,
    Acknowledge(usize),
    AcknowledgeUnsent,
    Emit {
        name: usize,
        retain: bool,
        size: usize,
    },
    EmitAll(Vec<(usize, bool)>),
    Broadcast {
        name: usize,
        retain: bool,
    },
    Retain {
        name: usize,
    },
    EmitLatest {
        key: usize,
        retain: bool,
    },
    ReleaseLatest,
    Resume(usize),
    ResumeWrongly(usize),
    Respond {
        which: usize,
        fail: bool,
    },
    RespondTwice(usize),
    RespondToOld(usize),
    Deliver,
}

/// An event of the model: its name and a number that no other event has.
type Sent = (String, u64, bool);

/// A frame that was handed out and not acknowledged.
struct Flight {
    batch: Batch,
    events: Vec<Sent>,
    latest: Vec<Sent>,
}

pub(crate) struct World {
    session: Session,
    numbers: u64,
    /// Ids of documents and calls are never used twice by the model's page.
    documents: u64,
    call_ids: u64,
    document: Option<String>,
    is_open: bool,
    is_welcomed: bool,
    is_loaded: bool,
    /// Events that were accepted and not handed out, in the order in which they must be.
    queue: VecDeque<Sent>,
    flights: Vec<Flight>,
    last_seq: u64,
    /// Frames that must be handed out again, before any other.
    again: VecDeque<Batch>,
    /// Last values that wait, and whether they may leave. The name is the key.
    latest: VecDeque<(Sent, bool)>,
    retained: Vec<Sent>,
    /// How many events the current document was promised, and how many it was given or lost.
    promised: u64,
    settled: u64,
    /// Calls that the session reported and the program did not answer: generation, id.
    calls: Vec<(u64, u64)>,
    answered: Vec<(u64, u64)>,
    cancelled: HashSet<u64>,
    /// How many answers the current document may get under an id.
    may_answer: HashMap<u64, u32>,
    /// For a result: how many events must be settled before it.
    after: HashMap<u64, u64>,
}

impl World {
    /// A program without a page.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            session: Session::new(limits),
            numbers: 0,
            documents: 0,
            call_ids: 0,
            document: None,
            is_open: true,
            is_welcomed: false,
            is_loaded: false,
            queue: VecDeque::new(),
            flights: Vec::new(),
            last_seq: 0,
            again: VecDeque::new(),
            latest: VecDeque::new(),
            retained: Vec::new(),
            promised: 0,
            settled: 0,
            calls: Vec::new(),
            answered: Vec::new(),
            cancelled: HashSet::new(),
            may_answer: HashMap::new(),
            after: HashMap::new(),
        }
    }

    fn send(&mut self, message: Value) {
        let doc = self.document.clone().unwrap_or_else(|| "nobody".to_owned());
        let frame = json!({"v": 1, "doc": doc, "msgs": [message]});
        self.session.receive(&frame.to_string());
    }

    fn event(&mut self, name: usize, retain: bool, size: usize) -> (EncodedEvent, Sent) {
        self.numbers += 1;
        let name = format!("e{name}");
        let detail = json!([self.numbers, "x".repeat(size)]).to_string();
        let event = EncodedEvent::new(&name, &detail.into(), retain);
        (event, (name, self.numbers, retain))
    }

    fn record(&mut self, sent: &Sent) {
        match self.retained.iter_mut().find(|(name, ..)| *name == sent.0) {
            Some(old) => *old = sent.clone(),
            None => self.retained.push(sent.clone()),
        }
    }

    fn accept(&mut self, sent: Sent) {
        if sent.2 {
            self.record(&sent);
            if !self.is_open || !self.is_loaded {
                return;
            }
        }
        if self.is_open {
            let loaded = self.is_loaded;
            let goes = |one: &(Sent, bool)| one.0.0 == sent.0 && (loaded || !one.0.2);
            for one in self.latest.iter().filter(|one| goes(one)) {
                self.queue.push_back(one.0.clone());
                self.promised += 1;
            }
            self.latest.retain(|one| !goes(one));
            self.queue.push_back(sent);
            self.promised += 1;
        }
    }

    fn document_ended(&mut self) {
        let mut unacknowledged = Vec::new();
        let mut latest: Vec<Sent> = Vec::new();
        let flights = std::mem::take(&mut self.flights);
        let names: Vec<Vec<String>> = flights.iter().map(|one| plain_names(&one.events)).collect();
        let unsent = plain_names(&self.queue);
        for (at, flight) in flights.into_iter().enumerate() {
            unacknowledged.extend(flight.events);
            for sent in flight.latest {
                let later = names[at + 1..].iter().flatten().chain(&unsent);
                if !sent.2 && later.into_iter().any(|name| *name == sent.0) {
                    unacknowledged.push(sent);
                    continue;
                }
                let is_newer = |(name, ..): &Sent| *name == sent.0;
                let waits = self.latest.iter().any(|(other, _)| is_newer(other));
                match latest.iter_mut().find(|other| is_newer(other)) {
                    _ if waits || sent.2 => {}
                    Some(old) => *old = sent,
                    None => latest.push(sent),
                }
            }
        }
        for sent in latest.into_iter().rev() {
            self.latest.push_front((sent, true));
        }
        let unsent = std::mem::take(&mut self.queue);
        self.queue = unacknowledged
            .into_iter()
            .chain(unsent)
            .filter(|(_, _, retain)| !retain)
            .collect();
        self.document = None;
        self.is_welcomed = false;
        self.is_loaded = false;
        self.last_seq = 0;
        self.again.clear();
        self.may_answer.clear();
        self.after.clear();
        self.cancelled.clear();
    }

    /// Takes what the session reports and checks that it is the current document's.
    fn take_incoming(&mut self) {
        while let Some(incoming) = self.session.next_incoming() {
            match incoming {
                Incoming::Call { generation, id, .. } => {
                    assert_eq!(generation, self.session.generation());
                    assert!(!self.calls.contains(&(generation, id)), "reported twice");
                    self.calls.push((generation, id));
                }
                Incoming::Cancel { generation, id } => {
                    assert!(self.calls.contains(&(generation, id)), "not in flight");
                    assert!(self.cancelled.insert(id), "cancelled twice");
                }
                Incoming::Event { event, .. } => assert!(!event.starts_with("__auroraview_")),
                _ => {}
            }
        }
    }

    /// Does one thing and checks all that must hold after it.
    pub(crate) fn run(&mut self, op: Op) {
        match op {
            Op::Hello => {
                self.documents += 1;
                let id = format!("d{}", self.documents);
                self.session.receive(
                    &json!({"v": 1, "doc": id, "msgs": [{"type": "hello", "protocol": 1, "document": id, "url": ""}]})
                        .to_string(),
                );
                if self.is_open {
                    self.document_ended();
                    self.document = Some(id);
                }
            }
            Op::HelloAgain => {
                let document = self.document.clone();
                self.send(json!({"type": "hello", "protocol": 1, "document": document, "url": ""}));
            }
            Op::Ready => {
                self.send(json!({"type": "ready"}));
                if self.document.is_some() && !self.is_loaded {
                    self.is_loaded = true;
                    let unsent = std::mem::take(&mut self.queue);
                    self.queue = self.retained.iter().cloned().chain(unsent).collect();
                    self.promised = self.queue.len() as u64;
                    self.settled = 0;
                    self.latest.retain(|((_, _, retain), _)| !retain);
                }
            }
            Op::Welcome => {
                self.session.welcome("{}");
                self.is_welcomed |= self.document.is_some();
            }
            Op::Gone => {
                self.session.document_gone();
                self.document_ended();
            }
            Op::Close => {
                self.session.close("enough");
                self.document_ended();
                self.queue.clear();
                self.latest.clear();
                self.is_open = false;
            }
            Op::Open => {
                self.session.open();
                self.is_open = true;
            }
            Op::Control => self.session.control("__auroraview_bound", "{}"),
            Op::Call { deep } => {
                self.call_ids += 1;
                let id = self.call_ids;
                let params = if deep { json!([[[[[1]]]]]) } else { json!([1]) };
                *self.may_answer.entry(id).or_default() += 1;
                self.send(json!({"type": "call", "id": id, "method": "m", "params": params}));
            }
            Op::CallAgain(which) => {
                if let Some((_, id)) = pick(&self.calls, which)
                    && self.in_flight(id)
                {
                    self.send(json!({"type": "call", "id": id, "method": "again"}));
                }
            }
            Op::Cancel(which) => {
                if let Some((_, id)) = pick(&self.calls, which) {
                    self.send(json!({"type": "cancel", "id": id}));
                }
            }
            Op::Event => self.send(json!({"type": "event", "event": "page", "detail": null})),
            Op::UnknownType => {
                self.call_ids += 1;
                *self.may_answer.entry(self.call_ids).or_default() += 1;
                self.send(json!({"type": "later", "id": self.call_ids}));
            }
            Op::Junk(text) => self.session.receive(&text),
            Op::StaleFrame => self
                .session
                .receive(r#"{"v":1,"doc":"older","ack":1,"msgs":[{"type":"ready"}]}"#),
            Op::Acknowledge(which) => {
                let seqs: Vec<_> = self.flights.iter().map(|one| one.batch.seq).collect();
                if let Some(seq) = pick(&seqs, which) {
                    self.acknowledge(seq);
                }
            }
            Op::AcknowledgeUnsent => {
                let seq = self.last_seq + 1;
                let doc = self.document.clone().unwrap_or_default();
                self.session
                    .receive(&json!({"v": 1, "doc": doc, "ack": seq, "msgs": []}).to_string());
            }
            Op::Emit { name, retain, size } => {
                let (event, sent) = self.event(name, retain, size);
                match self.session.emit(&event) {
                    Ok(emitted) => {
                        let dropped = !self.is_open && !retain;
                        assert_eq!(emitted == Emitted::Dropped, dropped);
                        self.accept(sent);
                        if !retain && self.session.queued().0 > 1 {
                            self.check_bounds();
                        }
                    }
                    Err(full) => assert!(full.messages > 0, "alone, everything fits"),
                }
            }
            Op::EmitAll(which) => {
                let events: Vec<_> = which
                    .into_iter()
                    .map(|(name, retain)| self.event(name, retain, 0))
                    .collect();
                let encoded: Vec<_> = events.iter().map(|(event, _)| event.clone()).collect();
                if self.session.emit_all(&encoded).is_ok() {
                    for (_, sent) in events {
                        self.accept(sent);
                    }
                }
            }
            Op::Broadcast { name, retain } => {
                let (event, sent) = self.event(name, retain, 0);
                match self.session.broadcast(&event) {
                    Broadcast::Queued => self.accept(sent),
                    Broadcast::Dropped => assert!(!self.is_open),
                    Broadcast::Reset => {
                        assert!(self.is_open);
                        self.queue.clear();
                        self.latest.clear();
                        for flight in &mut self.flights {
                            flight.events.clear();
                            flight.latest.clear();
                        }
                        self.settled = self.promised;
                        if retain {
                            self.record(&sent);
                        }
                        if self.is_loaded {
                            self.queue.extend(self.retained.iter().cloned());
                            self.promised += self.retained.len() as u64;
                        }
                        if !retain {
                            self.accept(sent);
                        }
                    }
                }
            }
            Op::Retain { name } => {
                let (event, sent) = self.event(name, true, 0);
                self.session.retain(&event);
                self.record(&sent);
            }
            Op::EmitLatest { key, retain } => self.emit_latest(key, retain),
            Op::ReleaseLatest => {
                self.session.release_latest();
                self.latest.iter_mut().for_each(|one| one.1 = true);
            }
            Op::Resume(which) => self.resume(which),
            Op::ResumeWrongly(which) => {
                let before = (self.session.queued(), self.session.unacknowledged());
                let acknowledged = self.last_seq - self.flights.len() as u64;
                let document = self.document.clone().unwrap_or_default();
                let wrong = [
                    (document.as_str(), self.last_seq + 1),
                    (document.as_str(), acknowledged.wrapping_sub(1)),
                    ("nobody", self.last_seq),
                    ("", 0),
                ];
                let (document, received) = wrong[which % wrong.len()];
                assert!(!self.session.resume(document, received));
                let after = (self.session.queued(), self.session.unacknowledged());
                assert_eq!(before, after);
            }
            Op::Respond { which, fail } => {
                if !self.calls.is_empty() {
                    let (generation, id) = self.calls.remove(which % self.calls.len());
                    let result = if fail {
                        Err(ErrorObject::handler_error("ValueError", "no"))
                    } else {
                        Ok(json!([generation, id]).to_string().into())
                    };
                    self.session.respond(generation, id, result);
                    self.answered.push((generation, id));
                    if generation == self.session.generation() && self.is_loaded {
                        self.after.insert(id, self.promised);
                    }
                }
            }
            Op::RespondTwice(which) => {
                if let Some((generation, id)) = pick(&self.answered, which) {
                    self.session.respond(generation, id, Ok("\"twice\"".into()));
                }
            }
            Op::RespondToOld(which) => {
                if let Some((generation, id)) = pick(&self.calls, which)
                    && generation > 1
                {
                    self.session
                        .respond(generation - 1, id, Ok("\"old\"".into()));
                }
            }
            Op::Deliver => self.deliver(),
        }
        self.take_incoming();
        self.check();
    }

    fn in_flight(&self, id: u64) -> bool {
        self.document.is_some() && self.calls.contains(&(self.session.generation(), id))
    }

    fn acknowledge(&mut self, seq: u64) {
        let doc = self.document.clone().unwrap();
        self.session
            .receive(&json!({"v": 1, "doc": doc, "ack": seq, "msgs": []}).to_string());
        self.forget(seq);
    }

    fn forget(&mut self, seq: u64) {
        self.flights.retain(|flight| flight.batch.seq > seq);
        self.again.retain(|batch| batch.seq > seq);
    }

    /// The connection is lost with some of the frames that are on their way, and there again.
    fn resume(&mut self, which: usize) {
        let Some(document) = self.document.clone() else {
            return;
        };
        let lost = which % (self.flights.len() + 1);
        let received = self.last_seq - lost as u64;
        assert!(self.session.resume(&document, received));
        self.forget(received);
        self.again = self.flights.iter().map(|one| one.batch.clone()).collect();
    }

    fn emit_latest(&mut self, key: usize, retain: bool) {
        let (event, sent) = self.event(key, retain, 0);
        let key = sent.0.clone();
        let known = self.latest.iter().position(|((name, ..), _)| *name == key);
        match self.session.emit_latest(&key, &event) {
            Ok(emitted) => {
                let dropped = !self.is_open && !retain;
                assert_eq!(emitted == Emitted::Dropped, dropped);
                if retain {
                    self.record(&sent);
                }
                match known {
                    _ if !self.is_open => {}
                    Some(at) => self.latest[at].0 = sent,
                    None => self.latest.push_back((sent, false)),
                }
            }
            Err(_) => {
                assert!(known.is_none());
                assert!(self.latest.len() >= self.session.limits().queue_messages);
            }
        }
    }

    fn deliver(&mut self) {
        while let Some(batch) = self.session.next_batch() {
            if let Some(before) = self.again.pop_front() {
                assert_eq!(batch, before, "a frame is the same when it comes again");
                continue;
            }
            let frame: Value = serde_json::from_str(&batch.text).unwrap();
            let messages = frame["msgs"].as_array().unwrap();
            assert!(batch.text.len() <= FRAME_BYTES || messages.len() == 1);
            assert!(!messages.is_empty());
            assert_eq!(frame["doc"], batch.document);
            assert_eq!(frame["seq"], batch.seq);
            assert_eq!(batch.generation, self.session.generation());
            if !self.is_open {
                assert_eq!(messages[0]["event"], "__auroraview_closed");
                assert_eq!(messages.len(), 1);
                continue;
            }
            assert_eq!(Some(&batch.document), self.document.as_ref());
            assert!(self.is_welcomed, "nothing is sent before welcome");
            assert_eq!(batch.seq, self.last_seq + 1);
            self.last_seq = batch.seq;
            let (mut events, mut latest) = (Vec::new(), Vec::new());
            for message in messages {
                let name = message["event"].as_str().unwrap();
                let detail = &message["detail"];
                if name == "__auroraview_call_result" {
                    self.check_answer(detail, batch.generation);
                } else if !name.starts_with("__auroraview_") {
                    assert!(self.is_loaded, "events wait for ready");
                    let number = detail[0].as_u64().unwrap();
                    let sent = (name.to_owned(), number, message["retain"] == true);
                    if let Some(next) = self.queue.pop_front() {
                        assert_eq!(sent, next);
                        self.settled += 1;
                        events.push(sent);
                    } else {
                        assert_eq!(Some((sent.clone(), true)), self.latest.pop_front());
                        latest.push(sent);
                    }
                }
            }
            self.flights.push(Flight {
                batch,
                events,
                latest,
            });
        }
        assert!(self.again.is_empty());
        let released = self.latest.front().is_some_and(|(_, released)| *released);
        let waits = self.is_loaded && self.is_welcomed && (released || !self.queue.is_empty());
        assert!(
            !waits || self.flights.len() == FRAMES_UNACKNOWLEDGED,
            "what may be sent is sent"
        );
    }

    fn check_answer(&mut self, detail: &Value, generation: u64) {
        let id = detail["id"].as_u64().unwrap();
        let left = self
            .may_answer
            .get_mut(&id)
            .expect("answers a call of this document");
        assert!(*left > 0, "answered twice");
        *left -= 1;
        if detail["ok"] == true {
            assert_eq!(detail["result"], json!([generation, id]));
            assert!(
                !self.cancelled.contains(&id),
                "a cancelled call is not answered"
            );
        }
        if let Some(after) = self.after.get(&id) {
            assert!(self.settled >= *after, "a result overtook an event");
        }
    }

    fn check_bounds(&self) {
        let (messages, bytes) = self.session.queued();
        let limits = self.session.limits();
        assert!(messages <= limits.queue_messages && bytes <= limits.queue_bytes);
    }

    fn check(&self) {
        assert!(self.session.unacknowledged() <= FRAMES_UNACKNOWLEDGED);
        assert!(self.session.in_flight() <= self.session.limits().calls_in_flight);
        assert_eq!(self.session.document(), self.document.as_deref());
        assert_eq!(self.session.is_closed(), !self.is_open);
        assert_eq!(self.session.is_ready(), self.is_loaded && self.is_welcomed);
        assert_eq!(self.session.unacknowledged(), self.flights.len());
        let kept = self.latest.iter().any(|(_, released)| !released);
        assert_eq!(self.session.has_latest(), kept);
    }

    /// A last document that keeps up gets the retained values, then all that nobody acknowledged, and no more.
    pub(crate) fn finish(&mut self) {
        for op in [Op::Open, Op::Hello, Op::Welcome, Op::Ready] {
            self.run(op);
        }
        self.run(Op::ReleaseLatest);
        loop {
            self.run(Op::Deliver);
            match self.flights.last().map(|flight| flight.batch.seq) {
                Some(seq) => self.acknowledge(seq),
                None => break,
            }
        }
        assert!(self.queue.is_empty() && self.latest.is_empty());
        assert_eq!(self.settled, self.promised);
        assert_eq!(self.session.queued(), (0, 0));
    }
}

/// Of those that are not retained.
fn plain_names<'a>(events: impl IntoIterator<Item = &'a Sent>) -> Vec<String> {
    let plain = events.into_iter().filter(|(_, _, retain)| !retain);
    plain.map(|(name, ..)| name.clone()).collect()
}

fn pick<T: Clone>(from: &[T], which: usize) -> Option<T> {
    (!from.is_empty()).then(|| from[which % from.len()].clone())
}
