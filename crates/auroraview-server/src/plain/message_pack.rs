//! MessagePack, straight from the text of the JSON.
//!
//! How many items a container has is known at its end. Its head gets one byte, enough for fifteen, and is made longer
//! then where that is too little: moving what is in it is cheaper than a tree of values.

use bytes::Bytes;
use rmp::encode;

use super::walk::{Kind, Sink};

/// Writes what it is told as MessagePack. Writing into memory cannot fail, so the results say nothing.
#[derive(Default)]
pub(super) struct MessagePack {
    pub(super) bytes: Vec<u8>,
    /// Where the containers begin that are open.
    open: Vec<usize>,
}

impl MessagePack {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            open: Vec::new(),
        }
    }

    fn text(&mut self, text: &str) {
        let _ = encode::write_str(&mut self.bytes, text);
    }
}

impl Sink for MessagePack {
    fn begin(&mut self, _: Kind) {
        self.open.push(self.bytes.len());
        self.bytes.push(0);
    }

    fn end(&mut self, kind: Kind, count: usize) {
        let Some(begin) = self.open.pop() else {
            return;
        };
        // More than there can be in a text of 4 GiB.
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let mut head = Vec::with_capacity(5);
        let _ = match kind {
            Kind::Array => encode::write_array_len(&mut head, count),
            Kind::Object => encode::write_map_len(&mut head, count),
        };
        match head[..] {
            [byte] => self.bytes[begin] = byte,
            _ => drop(self.bytes.splice(begin..=begin, head)),
        }
    }

    fn comma(&mut self) {}

    fn colon(&mut self) {}

    fn string(&mut self, literal: &str) {
        let inner = literal.strip_prefix('"').unwrap_or(literal);
        let inner = inner.strip_suffix('"').unwrap_or(inner);
        if inner.contains('\\') {
            // The program's text has no lone surrogate, so this can be read.
            let text: String = serde_json::from_str(literal).unwrap_or_default();
            self.text(&text);
        } else {
            self.text(inner);
        }
    }

    fn number(&mut self, literal: &str) {
        let is_integer = !literal.bytes().any(|byte| b".eE".contains(&byte));
        if is_integer && literal != "-0" {
            if let Ok(number) = literal.parse::<i64>() {
                let _ = encode::write_sint(&mut self.bytes, number);
                return;
            }
            if let Ok(number) = literal.parse::<u64>() {
                let _ = encode::write_uint(&mut self.bytes, number);
                return;
            }
        }
        let number = literal.parse().unwrap_or(f64::NAN);
        let _ = encode::write_f64(&mut self.bytes, number);
    }

    fn flag(&mut self, on: bool) {
        let _ = encode::write_bool(&mut self.bytes, on);
    }

    fn null(&mut self) {
        let _ = encode::write_nil(&mut self.bytes);
    }

    fn attachment(&mut self, bytes: &Bytes) {
        let _ = encode::write_bin(&mut self.bytes, bytes);
    }
}
