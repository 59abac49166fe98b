//! Any bytes at the boundary of the host: they are a command, an event or neither, whole or in pieces.
//!
//! The first byte of the input says in how long pieces the rest comes over a stream.
#![no_main]

use auroraview_host_api::stream::Incoming;
use auroraview_host_api::{HostCommand, HostEvent, decode, encode};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

fuzz_target!(|input: &[u8]| {
    let Some((piece, bytes)) = input.split_first() else {
        return;
    };
    once::<HostCommand>(bytes);
    once::<HostEvent>(bytes);
    let piece = usize::from(*piece).max(1);
    assert_eq!(
        all::<HostCommand>(bytes, piece),
        all::<HostCommand>(bytes, bytes.len())
    );
    assert_eq!(
        all::<HostEvent>(bytes, piece),
        all::<HostEvent>(bytes, bytes.len())
    );
});

/// What was understood is written as it was meant.
fn once<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    if let Ok(message) = decode::<T>(bytes) {
        let written = encode(&message);
        let again: T = decode(&written).expect("it was written here");
        assert_eq!(encode(&again), written);
    }
}

/// The messages of a stream that is read in pieces, and whether it can go on.
fn all<T: Serialize + DeserializeOwned>(bytes: &[u8], piece: usize) -> (Vec<Vec<u8>>, bool) {
    let mut incoming = Incoming::default();
    let mut messages = Vec::new();
    for bytes in bytes.chunks(piece.max(1)) {
        incoming.push(bytes);
        loop {
            match incoming.next::<T>() {
                Ok(Some(message)) => messages.push(encode(&message)),
                Ok(None) => break,
                Err(_) => {
                    assert!(incoming.next::<T>().is_err(), "for good");
                    return (messages, false);
                }
            }
        }
    }
    (messages, true)
}
