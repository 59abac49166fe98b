//! Values of either end as they cross the wire: JSON text, and what travels beside it.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::attachment::{Attachment, write_list};

/// A value of the program, ready for the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoded {
    /// One valid JSON value. `{"$av": i}` in it refers to `attachments[i]`.
    pub json: String,
    /// What the JSON refers to; each must [fit](Attachment::fits).
    pub attachments: Vec<Attachment>,
    /// The JSON holds an object of the user's own that had to be escaped, as `{"$av": [VALUE]}`.
    pub escaped: bool,
}

impl From<String> for Encoded {
    /// JSON that refers to nothing.
    fn from(json: String) -> Self {
        Self {
            json,
            ..Self::default()
        }
    }
}

impl From<&str> for Encoded {
    fn from(json: &str) -> Self {
        json.to_owned().into()
    }
}

impl Encoded {
    /// Its bytes: those of the JSON and of all attachments.
    pub fn size(&self) -> usize {
        let attached: usize = self.attachments.iter().map(|one| one.data.len()).sum();
        self.json.len() + attached
    }

    /// Appends `,"att":[...]` where the message needs it.
    pub(crate) fn write_att(&self, out: &mut String) {
        if self.escaped || !self.attachments.is_empty() {
            out.push_str(",\"att\":");
            write_list(out, &self.attachments);
        }
    }

    /// About how many bytes [`Self::write_att`] appends.
    pub(crate) fn att_size(&self) -> usize {
        match self.attachments.len() {
            0 => 9 * usize::from(self.escaped),
            count => 16 + 64 * count,
        }
    }

    /// The attachments' bytes, shared.
    pub(crate) fn buffers(&self) -> Box<[Bytes]> {
        self.attachments
            .iter()
            .map(|one| one.data.clone())
            .collect()
    }
}

/// A value of the page.
#[derive(Debug, Clone)]
pub struct Given {
    /// JSON text.
    pub json: Box<RawValue>,
    /// What `{"$av": i}` in the JSON refers to. `None` when the message had no `att`: then such an object is an ordinary
    /// one. With a list, an empty one too, `{"$av": [VALUE]}` stands for the user's own `{"$av": VALUE}`.
    pub attachments: Option<Vec<Attachment>>,
}

impl Given {
    /// Its bytes: those of the JSON and of all attachments.
    pub fn size(&self) -> usize {
        let attachments = self.attachments.iter().flatten();
        let attached: usize = attachments.map(|one| one.data.len()).sum();
        self.json.get().len() + attached
    }
}
