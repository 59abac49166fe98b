//! The registry and its connections without a socket: the time and the addresses are those that a test wants.

use std::sync::Arc;

use auroraview_server::{Connection, Options, Outgoing, Refusal, RequestInfo, Sessions};
use serde_json::Value;

use super::{Echo, Place, typed};

pub fn registry(options: Options) -> (Arc<Echo>, Arc<Sessions>) {
    let program = Arc::new(Echo::default());
    let sessions = Sessions::new(program.clone(), options);
    (program, sessions)
}

pub fn request(address: &str) -> RequestInfo {
    RequestInfo {
        path: "/auroraview.ws".into(),
        headers: vec![("host".into(), "anything".into())],
        address: Some(address.into()),
        ..RequestInfo::default()
    }
}

pub fn connect(sessions: &Arc<Sessions>, address: &str) -> Result<Connection, Refusal> {
    sessions.connect(request(address), Box::new(|| {}))
}

/// Connected and greeted.
pub fn open(sessions: &Arc<Sessions>, hello: &Value) -> (Connection, Place) {
    let mut connection = connect(sessions, "127.0.0.1:1").unwrap();
    connection.receive_text(&typed("hello", hello));
    let Some(Outgoing::Text(reply)) = connection.next_outgoing() else {
        panic!("expected the answer to hello");
    };
    let reply: Value = serde_json::from_str(&reply).unwrap();
    let place = Place {
        id: reply["id"].as_str().unwrap().into(),
        resume: reply["resume"].as_str().unwrap().into(),
        received: reply["received"].as_u64().unwrap(),
        resumed: reply["resumed"].as_bool().unwrap(),
    };
    (connection, place)
}

pub fn close_code(connection: &mut Connection) -> Option<u16> {
    while let Some(outgoing) = connection.next_outgoing() {
        if let Outgoing::Close(code, _) = outgoing {
            return Some(code);
        }
    }
    None
}
