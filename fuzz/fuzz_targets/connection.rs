//! Any client of the server: whatever it sends, it is told in JSON or closed with a code that is known, and its
//! neighbour does not notice.
//!
//! Each line of the input is a message of the client. One that begins with a zero byte is binary; one of a single byte
//! makes the connection anew: `n` as a stranger, `b` as who it was, `r` as who it was, with its document.
#![no_main]

use std::sync::Arc;

use auroraview_fuzz::{Answering, options};
use auroraview_server::{Connection, Options, Outgoing, RequestInfo, Sessions, close_code};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const HELLO: &str = r#"{"type":"hello","protocol":1,"document":"d1""#;

/// So short that inputs of a fuzzer reach it.
const MESSAGE_BYTES: usize = 4096;

struct Client {
    sessions: Arc<Sessions>,
    connection: Connection,
    id: String,
    resume: String,
    processed: u64,
}

impl Client {
    fn new(sessions: &Arc<Sessions>) -> Self {
        Self {
            connection: connect(sessions),
            sessions: sessions.clone(),
            id: String::new(),
            resume: String::new(),
            processed: 0,
        }
    }

    fn line(&mut self, line: &[u8]) {
        match (line, std::str::from_utf8(line)) {
            (b"n", _) => self.connection = connect(&self.sessions),
            (b"b", _) => self.come_back(""),
            (b"r", _) => self.come_back(&format!(r#","received":{}"#, self.processed)),
            ([0, bytes @ ..], _) => self
                .connection
                .receive_binary(Bytes::copy_from_slice(bytes)),
            (_, Ok(text)) => self.connection.receive_text(text),
            (_, Err(_)) => assert!(!self.connection.receive_garbage()),
        }
        self.take();
    }

    fn come_back(&mut self, received: &str) {
        self.connection = connect(&self.sessions);
        let (id, resume) = (&self.id, &self.resume);
        self.connection.receive_text(&format!(
            r#"{HELLO},"session":"{id}","resume":"{resume}"{received}}}"#
        ));
    }

    /// Reads all there is, and keeps what a page keeps. How many frames there were.
    fn take(&mut self) -> usize {
        let mut frames = 0;
        while let Some(outgoing) = self.connection.next_outgoing() {
            match outgoing {
                Outgoing::Text(text) => {
                    // The page's own values come back to it, and a tree cannot hold all that text can.
                    serde_json::from_str::<&serde_json::value::RawValue>(&text).expect("JSON");
                    let Ok(value) = serde_json::from_str::<Value>(&text) else {
                        continue;
                    };
                    if let (Some(id), Some(resume)) =
                        (value["id"].as_str(), value["resume"].as_str())
                    {
                        (self.id, self.resume) = (id.to_owned(), resume.to_owned());
                    }
                    if let Some(seq) = value["seq"].as_u64() {
                        frames += 1;
                        self.processed = seq;
                    }
                }
                Outgoing::Binary(_) => {}
                Outgoing::Ping => panic!("only plain clients are pinged so"),
                Outgoing::Close(code, _) => {
                    assert!(self.connection.is_over());
                    assert!(
                        matches!(
                            code,
                            close_code::PROTOCOL
                                | close_code::TOO_LARGE
                                | close_code::TAKEN_OVER
                                | close_code::RATE
                        ),
                        "{code}"
                    );
                }
            }
        }
        frames
    }
}

fn connect(sessions: &Arc<Sessions>) -> Connection {
    let request = RequestInfo {
        path: "/auroraview.ws".into(),
        headers: vec![("host".into(), "localhost".into())],
        address: Some("127.0.0.1:1".into()),
        ..RequestInfo::default()
    };
    sessions
        .connect(request, Box::new(|| {}))
        .unwrap_or_else(|refusal| panic!("{}", refusal.message))
}

fuzz_target!(|input: &[u8]| {
    let program = Arc::new(Answering::with_echoes());
    let sessions = Sessions::new(
        program.clone(),
        Options {
            message_bytes: MESSAGE_BYTES,
            ..options()
        },
    );
    let mut neighbour = Client::new(&sessions);
    neighbour.line(format!("{HELLO}}}").as_bytes());
    neighbour.line(br#"{"v":1,"doc":"d1","ack":1,"msgs":[{"type":"ready"}]}"#);
    assert_eq!(neighbour.processed, 1);

    let mut client = Client::new(&sessions);
    let lines = input.split(|byte| *byte == b'\n');
    let count = lines.clone().count();
    for line in lines {
        client.line(line);
    }
    assert!(program.count() <= 2 + count);

    // What the client did, and the end of it, are its own.
    neighbour
        .connection
        .receive_text(r#"{"type":"event","event":"e","detail":[1]}"#);
    assert_eq!((neighbour.take(), neighbour.processed), (1, 2));
    drop(client);
    sessions.close();
    assert!(program.pages().iter().all(|page| page.ends() == 1));
    let stats = sessions.stats();
    assert_eq!(stats.sessions, 0);
});
