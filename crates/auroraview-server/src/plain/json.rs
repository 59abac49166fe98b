//! JSON with the attachments in it, as base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::walk::{Kind, Sink};

/// Writes what it is told as JSON.
#[derive(Default)]
pub(super) struct Json {
    pub(super) text: String,
}

impl Sink for Json {
    fn begin(&mut self, kind: Kind) {
        self.text.push(match kind {
            Kind::Array => '[',
            Kind::Object => '{',
        });
    }

    fn end(&mut self, kind: Kind, _: usize) {
        self.text.push(match kind {
            Kind::Array => ']',
            Kind::Object => '}',
        });
    }

    fn comma(&mut self) {
        self.text.push(',');
    }

    fn colon(&mut self) {
        self.text.push(':');
    }

    fn string(&mut self, literal: &str) {
        self.text.push_str(literal);
    }

    fn number(&mut self, literal: &str) {
        self.text.push_str(literal);
    }

    fn flag(&mut self, on: bool) {
        self.text.push_str(if on { "true" } else { "false" });
    }

    fn null(&mut self) {
        self.text.push_str("null");
    }

    fn attachment(&mut self, bytes: &Bytes) {
        self.text.push('"');
        STANDARD.encode_string(bytes, &mut self.text);
        self.text.push('"');
    }
}
