//! Runs `protocol/vectors/*.json`: the test cases that the Rust, Python and TypeScript ends share.

#![allow(clippy::unwrap_used)] // Clippy's exemption for tests does not reach their helpers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use auroraview_protocol::{
    Attachment, Broadcast, Code, Dtype, Encoded, EncodedEvent, ErrorObject, Given, Incoming,
    Limits, Reason, Session, envelope,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

fn cases(file: &str) -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../protocol/vectors");
    let text = std::fs::read_to_string(path.join(file)).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn limits(case: &Value) -> Limits {
    let mut limits = Limits::default();
    for (name, value) in case["limits"].as_object().into_iter().flatten() {
        let value = value.as_u64().unwrap() as usize;
        match name.as_str() {
            "message_bytes" => limits.message_bytes = value,
            "queue_messages" => limits.queue_messages = value,
            "queue_bytes" => limits.queue_bytes = value,
            "depth" => limits.depth = value,
            "calls_in_flight" => limits.calls_in_flight = value,
            _ => panic!("unknown limit {name}"),
        }
    }
    limits
}

fn refused(session: &Session) -> BTreeMap<String, u64> {
    let refused = &session.counters().refused;
    let named = |(reason, count): (&Reason, &u64)| (reason.as_str().to_owned(), *count);
    refused.iter().map(named).collect()
}

/// Equal, where the text `"*"` in what is expected stands for any text.
fn matches(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::String(_), Value::String(any)) if any == "*" => true,
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| matches(f, e))
        }
        (Value::Object(found), Value::Object(expected)) => {
            found.len() == expected.len()
                && expected
                    .iter()
                    .all(|(key, e)| found.get(key).is_some_and(|f| matches(f, e)))
        }
        _ => found == expected,
    }
}

// ---- attachments

fn bytes(base64: &Value) -> Bytes {
    STANDARD.decode(base64.as_str().unwrap()).unwrap().into()
}

fn all_bytes(list: &Value) -> Vec<Bytes> {
    list.as_array().into_iter().flatten().map(bytes).collect()
}

/// A value of the program, with what a step's qualifiers say of it.
fn encoded(json: &Value, step: &Value) -> Encoded {
    let one = |entry: &Value| Attachment {
        dtype: entry["dtype"]
            .as_str()
            .map(|name| Dtype::parse(name).unwrap()),
        shape: entry["shape"].as_array().map(|shape| {
            let lengths = shape.iter().map(|length| length.as_u64().unwrap() as usize);
            lengths.collect()
        }),
        data: bytes(&entry["base64"]),
    };
    Encoded {
        json: json.to_string(),
        attachments: step["attachments"]
            .as_array()
            .into_iter()
            .flatten()
            .map(one)
            .collect(),
        escaped: step["escaped"] == true,
    }
}

/// The attachments of a message as the vectors show them; `None` when it had no `att`.
fn shown(given: Option<&Given>) -> Option<Value> {
    let one = |attachment: &Attachment| {
        let mut entry = json!({"base64": STANDARD.encode(&attachment.data)});
        if let Some(dtype) = attachment.dtype {
            entry["dtype"] = json!(dtype.as_str());
        }
        if let Some(shape) = &attachment.shape {
            entry["shape"] = json!(shape);
        }
        entry
    };
    let attachments = given?.attachments.as_ref()?;
    Some(attachments.iter().map(one).collect())
}

#[test]
fn text_alone_carries_attachments_as_the_vectors_say() {
    for case in cases("envelope.json") {
        let joined = case["joined"].as_str().unwrap();
        if let Some(reason) = case["refuses"].as_str() {
            assert_eq!(
                envelope::split(joined).unwrap_err().as_str(),
                reason,
                "{case}"
            );
        } else {
            let (text, attachments) = (
                case["text"].as_str().unwrap(),
                all_bytes(&case["attachments"]),
            );
            assert_eq!(envelope::join(text, &attachments), joined, "{case}");
            assert_eq!(envelope::split(joined), Ok((text, attachments)), "{case}");
        }
    }
}

// ---- messages.json, frames.json

/// A message as `accepts` shows it. Values are compared as text where the case gives them as text.
fn accepted(incoming: &Incoming, expected: &Value) -> Value {
    let mut message = Map::new();
    let mut put = |key: &str, value: Value| message.insert(key.to_owned(), value);
    let with_value = |key: &str, raw: &str| {
        let as_text = format!("{key}_text");
        if expected.get(&as_text).is_some() {
            (as_text, json!(raw))
        } else {
            (key.to_owned(), serde_json::from_str(raw).unwrap())
        }
    };
    match incoming {
        Incoming::Document { document, url, .. } => {
            put("type", json!("hello"));
            put("protocol", json!(1));
            put("document", json!(document));
            put("url", json!(url));
        }
        Incoming::Ready { .. } => {
            put("type", json!("ready"));
        }
        Incoming::Call {
            id, method, params, ..
        } => {
            put("type", json!("call"));
            put("id", json!(id));
            put("method", json!(method));
            if let Some(params) = params {
                let (key, value) = with_value("params", params.json.get());
                put(&key, value);
            }
            if let Some(att) = shown(params.as_ref()) {
                put("att", att);
            }
        }
        Incoming::Event { event, detail, .. } => {
            put("type", json!("event"));
            put("event", json!(event));
            let raw = detail.as_ref().map_or("null", |detail| detail.json.get());
            let (key, value) = with_value("detail", raw);
            put(&key, value);
            if let Some(att) = shown(detail.as_ref()) {
                put("att", att);
            }
        }
        Incoming::Cancel { id, .. } => {
            put("type", json!("cancel"));
            put("id", json!(id));
        }
        Incoming::Gone { .. } => panic!("gone is no message"),
    }
    Value::Object(message)
}

/// `[id, code]` of all answers that wait.
fn answers(session: &mut Session) -> Vec<Value> {
    session.welcome("{}");
    let mut answers = Vec::new();
    while let Some(batch) = session.next_batch() {
        let frame: Value = serde_json::from_str(&batch.text).unwrap();
        for message in frame["msgs"].as_array().unwrap() {
            if message["event"] == "__auroraview_call_result" {
                let detail = &message["detail"];
                answers.push(json!([detail["id"], detail["error"]["code"]]));
            }
        }
    }
    answers
}

fn run_decoding(file: &str) {
    for case in cases(file) {
        let (name, Some(text)) = (case["name"].as_str().unwrap(), case["text"].as_str()) else {
            continue;
        };
        let mut session = Session::new(limits(&case));
        session.receive(r#"{"type":"hello","protocol":1,"document":"d1","url":""}"#);
        assert!(matches!(
            session.next_incoming(),
            Some(Incoming::Document { .. })
        ));
        session.receive_with(text, all_bytes(&case["attachments"]));

        let expected = case["accepts"].as_array().unwrap();
        let mut found = Vec::new();
        while let Some(incoming) = session.next_incoming() {
            if !matches!(incoming, Incoming::Gone { .. }) {
                let shape = expected.get(found.len()).unwrap_or(&Value::Null);
                found.push(accepted(&incoming, shape));
            }
        }
        assert_eq!(&found, expected, "{file}: {name}: accepts");

        let mut expected = BTreeMap::new();
        for reason in case["refuses"].as_array().unwrap() {
            *expected
                .entry(reason.as_str().unwrap().to_owned())
                .or_insert(0) += 1;
        }
        assert_eq!(refused(&session), expected, "{file}: {name}: refuses");

        let expected = case["answers"].as_array().cloned().unwrap_or_default();
        assert_eq!(answers(&mut session), expected, "{file}: {name}: answers");
    }
}

#[test]
fn messages_are_read_as_the_vectors_say() {
    run_decoding("messages.json");
}

#[test]
fn frames_are_read_as_the_vectors_say() {
    run_decoding("frames.json");
}

#[test]
fn attachments_are_read_as_the_vectors_say() {
    run_decoding("attachments.json");
}

// ---- transcripts

/// What stands beside a step's verb.
const QUALIFIERS: [&str; 6] = [
    "retain",
    "raises",
    "broadcast",
    "attachments",
    "escaped",
    "accepted",
];

fn with_att(mut incoming: Value, given: Option<&Given>) -> Value {
    if let Some(att) = shown(given) {
        incoming["att"] = att;
    }
    incoming
}

struct Program {
    session: Session,
    /// Document id of each generation.
    documents: Vec<String>,
    incoming: Vec<Value>,
}

impl Program {
    fn collect(&mut self) {
        let document =
            |documents: &[String], generation: u64| documents[generation as usize - 1].clone();
        while let Some(incoming) = self.session.next_incoming() {
            self.incoming.push(match incoming {
                Incoming::Document {
                    generation,
                    document,
                    url,
                } => {
                    assert_eq!(generation, self.documents.len() as u64 + 1);
                    self.documents.push(document.clone());
                    json!({"document": document, "url": url})
                }
                Incoming::Ready { generation } => {
                    json!({"ready": document(&self.documents, generation)})
                }
                Incoming::Gone { generation } => {
                    json!({"gone": document(&self.documents, generation)})
                }
                Incoming::Call {
                    id, method, params, ..
                } => {
                    let mut call = json!([id, method]);
                    if let Some(params) = &params {
                        let params: Value = serde_json::from_str(params.json.get()).unwrap();
                        call.as_array_mut().unwrap().push(params);
                    }
                    with_att(json!({"call": call}), params.as_ref())
                }
                Incoming::Event { event, detail, .. } => {
                    let json = detail.as_ref().map_or("null", |detail| detail.json.get());
                    let value: Value = serde_json::from_str(json).unwrap();
                    with_att(json!({"event": [event, value]}), detail.as_ref())
                }
                Incoming::Cancel { id, .. } => json!({"cancel": id}),
            });
        }
    }

    fn step(&mut self, step: &Value, at: &str) {
        let session = &mut self.session;
        let (verb, value) = step
            .as_object()
            .unwrap()
            .iter()
            .find(|(key, _)| !QUALIFIERS.contains(&key.as_str()))
            .unwrap();
        let number = |value: &Value| value.as_u64().unwrap();
        match verb.as_str() {
            "page" => {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                session.receive_with(&text, all_bytes(&step["attachments"]));
            }
            "resume" => {
                let accepted = session.resume(value[0].as_str().unwrap(), number(&value[1]));
                assert_eq!(json!(accepted), step["accepted"], "{at}");
            }
            "received" => assert_eq!(json!(session.received()), *value, "{at}"),
            "duplicates" => assert_eq!(json!(session.counters().duplicates), *value, "{at}"),
            "latest" => {
                let name = value[1].as_str().unwrap();
                let detail = encoded(&value[2], step);
                let event = EncodedEvent::new(name, &detail, step["retain"] == true);
                let refused = session
                    .emit_latest(value[0].as_str().unwrap(), &event)
                    .is_err();
                assert_eq!(refused, step["raises"] == "backpressure", "{at}");
            }
            "release" => {
                session.release_latest();
                assert!(!session.has_latest(), "{at}");
            }
            "incoming" => {
                self.collect();
                let found = std::mem::take(&mut self.incoming);
                assert_eq!(json!(found), *value, "{at}");
            }
            "welcome" => session.welcome(&value.to_string()),
            "control" => session.control(value[0].as_str().unwrap(), &value[1].to_string()),
            "emit" => {
                let retain = step["retain"] == true;
                let name = value[0].as_str().unwrap();
                let event = EncodedEvent::new(name, &encoded(&value[1], step), retain);
                if step["broadcast"] == true {
                    assert_eq!(session.broadcast(&event), Broadcast::Reset, "{at}");
                } else {
                    let refused = session.emit(&event).is_err();
                    assert_eq!(refused, step["raises"] == "backpressure", "{at}");
                }
            }
            "respond" => {
                let result = Ok(encoded(&value[1], step));
                session.respond(session.generation(), number(&value[0]), result);
            }
            "respond_old" => {
                let document = value[0].as_str().unwrap();
                let found = self.documents.iter().rposition(|id| id == document);
                let generation = found.unwrap() as u64 + 1;
                session.respond(generation, number(&value[1]), Ok(encoded(&value[2], step)));
            }
            "fail" => {
                let error = ErrorObject {
                    name: value[1]["name"].as_str().unwrap().to_owned(),
                    message: value[1]["message"].as_str().unwrap().to_owned(),
                    code: code(value[1]["code"].as_str().unwrap()),
                    data: value[1].get("data").map(Value::to_string),
                    traceback: value[1]["traceback"].as_str().map(str::to_owned),
                };
                session.respond(session.generation(), number(&value[0]), Err(error));
            }
            "gone" => session.document_gone(),
            "close" => session.close(value.as_str().unwrap()),
            "open" => session.open(),
            "sends" => {
                let mut found = Vec::new();
                let mut attachments = Vec::new();
                while let Some(batch) = session.next_batch() {
                    let frame: Value = serde_json::from_str(&batch.text).unwrap();
                    assert_eq!(frame["doc"], batch.document, "{at}");
                    assert_eq!(frame["seq"], batch.seq, "{at}");
                    let announced = batch.attachments.len();
                    assert_eq!(
                        envelope::announced(&batch.text).unwrap_or(0),
                        announced,
                        "{at}"
                    );
                    found.push(frame);
                    attachments.push(batch.attachments);
                }
                for (at_frame, found) in attachments.into_iter().enumerate() {
                    assert_eq!(found, all_bytes(&step["attachments"][at_frame]), "{at}");
                }
                let found = json!(found);
                assert!(
                    matches(&found, value),
                    "{at}\n found {found}\nwanted {value}"
                );
            }
            "refused" => assert_eq!(json!(refused(session)), *value, "{at}"),
            other => panic!("{at}: unknown step {other}"),
        }
        self.collect();
    }
}

fn code(text: &str) -> Code {
    let all = [
        Code::MethodNotFound,
        Code::InvalidParams,
        Code::HandlerError,
        Code::Timeout,
        Code::Cancelled,
        Code::Closed,
        Code::TooLarge,
        Code::Forbidden,
        Code::Busy,
    ];
    all.into_iter().find(|code| code.as_str() == text).unwrap()
}

fn run_transcripts(file: &str) {
    for case in cases(file) {
        let (name, Some(steps)) = (case["name"].as_str().unwrap(), case["steps"].as_array()) else {
            continue;
        };
        let mut program = Program {
            session: Session::new(limits(&case)),
            documents: Vec::new(),
            incoming: Vec::new(),
        };
        for (at, step) in steps.iter().enumerate() {
            program.step(step, &format!("{file}: {name}: step {at}: {step}"));
        }
    }
}

#[test]
fn documents_come_and_go_as_the_vectors_say() {
    run_transcripts("reload.json");
}

#[test]
fn queues_are_bounded_as_the_vectors_say() {
    run_transcripts("overflow.json");
}

#[test]
fn calls_are_answered_and_cancelled_as_the_vectors_say() {
    run_transcripts("cancel.json");
}

#[test]
fn unknown_and_broken_pages_are_met_as_the_vectors_say() {
    run_transcripts("unknown.json");
}

#[test]
fn numbered_frames_take_effect_once_as_the_vectors_say() {
    run_transcripts("numbered.json");
}

#[test]
fn connections_are_resumed_as_the_vectors_say() {
    run_transcripts("resume.json");
}

#[test]
fn attachments_are_sent_as_the_vectors_say() {
    run_transcripts("attachments.json");
}

#[test]
fn last_values_are_kept_as_the_vectors_say() {
    run_transcripts("latest.json");
}
