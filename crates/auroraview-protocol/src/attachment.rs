//! Bytes and arrays that travel beside the JSON of a message.
//!
//! A message lists its attachments in `att`, and its value refers to the one at place `i` of that list by `{"$av": i}`.
//! Here the list is read, checked against the buffers that came with the frame, and written. References are not looked
//! at: whoever turns the JSON into a value of the program resolves them.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{present, read_integer, read_string};

/// Most dimensions of an array.
pub const SHAPE_MAX: usize = 32;

/// What the items of an array are; little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// Signed, 1 byte.
    Int8,
    /// Unsigned, 1 byte.
    Uint8,
    /// Signed, 2 bytes.
    Int16,
    /// Unsigned, 2 bytes.
    Uint16,
    /// Signed, 4 bytes.
    Int32,
    /// Unsigned, 4 bytes.
    Uint32,
    /// Signed, 8 bytes.
    Int64,
    /// Unsigned, 8 bytes.
    Uint64,
    /// IEEE 754 half precision.
    Float16,
    /// IEEE 754 single precision.
    Float32,
    /// IEEE 754 double precision.
    Float64,
    /// One byte, 0 or 1.
    Bool,
}

impl Dtype {
    /// Every one there is.
    pub const ALL: [Self; 12] = [
        Self::Int8,
        Self::Uint8,
        Self::Int16,
        Self::Uint16,
        Self::Int32,
        Self::Uint32,
        Self::Int64,
        Self::Uint64,
        Self::Float16,
        Self::Float32,
        Self::Float64,
        Self::Bool,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Uint8 => "uint8",
            Self::Int16 => "int16",
            Self::Uint16 => "uint16",
            Self::Int32 => "int32",
            Self::Uint32 => "uint32",
            Self::Int64 => "int64",
            Self::Uint64 => "uint64",
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Bool => "bool",
        }
    }

    /// The one of that name on the wire.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// Bytes of one item.
    pub fn item_bytes(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 | Self::Bool => 1,
            Self::Int16 | Self::Uint16 | Self::Float16 => 2,
            Self::Int32 | Self::Uint32 | Self::Float32 => 4,
            Self::Int64 | Self::Uint64 | Self::Float64 => 8,
        }
    }
}

/// Bytes, or an array, beside a message. Cloning it shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What the items are; `None` for plain bytes.
    pub dtype: Option<Dtype>,
    /// The length of each dimension, the outermost first (C order); `None` for a single one.
    pub shape: Option<Vec<usize>>,
    /// The items, little-endian.
    pub data: Bytes,
}

impl From<Bytes> for Attachment {
    /// Plain bytes.
    fn from(data: Bytes) -> Self {
        Self {
            dtype: None,
            shape: None,
            data,
        }
    }
}

impl Attachment {
    /// Whether type, shape and length agree, and an array of that shape can be addressed. What comes from a page always
    /// does; a program must not send what does not.
    pub fn fits(&self) -> bool {
        let item = self.dtype.map_or(1, Dtype::item_bytes);
        match &self.shape {
            None => self.data.len().is_multiple_of(item),
            Some(shape) => {
                (1..=SHAPE_MAX).contains(&shape.len())
                    && array_bytes(shape, item) == Some(self.data.len())
            }
        }
    }

    fn write(&self, out: &mut String) {
        out.push_str("{\"bytes\":");
        out.push_str(&self.data.len().to_string());
        if let Some(dtype) = self.dtype {
            out.push_str(",\"dtype\":\"");
            out.push_str(dtype.as_str());
            out.push('"');
        }
        if let Some(shape) = &self.shape {
            out.push_str(",\"shape\":[");
            for (at, length) in shape.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&length.to_string());
            }
            out.push(']');
        }
        out.push('}');
    }
}

/// The bytes of an array of that shape. `None` also when it is empty and yet too long to be addressed in one dimension
/// after another, as array libraries do.
fn array_bytes(shape: &[usize], item: usize) -> Option<usize> {
    let mut lengths = shape.iter().filter(|length| **length > 0);
    let bytes = lengths.try_fold(item, |bytes, length| bytes.checked_mul(*length))?;
    isize::try_from(bytes).ok()?;
    Some(if shape.contains(&0) { 0 } else { bytes })
}

/// Appends the list of a message.
pub(crate) fn write_list(out: &mut String, attachments: &[Attachment]) {
    out.push('[');
    for (at, attachment) in attachments.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        attachment.write(out);
    }
    out.push(']');
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    bytes: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    dtype: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    shape: Option<&'a RawValue>,
}

/// Reads the list of a message and takes as many buffers as it has entries, whether they are good or not, so that the
/// messages behind it keep theirs. `None` when the list is no list, an entry is bad or its buffer is not there.
pub(crate) fn take_list(
    raw: &RawValue,
    buffers: &mut impl Iterator<Item = Bytes>,
) -> Option<Vec<Attachment>> {
    let entries: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    let data: Vec<Bytes> = buffers.take(entries.len()).collect();
    if data.len() < entries.len() {
        return None;
    }
    let pairs = entries.into_iter().zip(data);
    pairs.map(|(entry, data)| read_entry(entry, data)).collect()
}

fn read_entry(raw: &RawValue, data: Bytes) -> Option<Attachment> {
    let text = raw.get();
    if !text.starts_with('{') {
        return None;
    }
    let fields: Fields<'_> = serde_json::from_str(text).ok()?;
    let bytes = read_length(fields.bytes?)?;
    let dtype = match fields.dtype {
        Some(raw) => Some(Dtype::parse(&read_string(raw)?)?),
        None => None,
    };
    let shape = match fields.shape {
        Some(raw) => Some(read_shape(raw)?),
        None => None,
    };
    let attachment = Attachment { dtype, shape, data };
    (bytes == attachment.data.len() && attachment.fits()).then_some(attachment)
}

fn read_shape(raw: &RawValue) -> Option<Vec<usize>> {
    let lengths: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    lengths.into_iter().map(read_length).collect()
}

fn read_length(raw: &RawValue) -> Option<usize> {
    usize::try_from(read_integer(raw)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(dtype: Dtype, shape: &[usize], bytes: usize) -> Attachment {
        Attachment {
            dtype: Some(dtype),
            shape: Some(shape.to_vec()),
            data: vec![7; bytes].into(),
        }
    }

    fn take(list: &str, sizes: &[usize]) -> (Option<Vec<Attachment>>, usize) {
        let raw: Box<RawValue> = serde_json::from_str(list).unwrap();
        let buffers: Vec<Bytes> = sizes.iter().map(|size| vec![7; *size].into()).collect();
        let mut buffers = buffers.into_iter();
        let taken = take_list(&raw, &mut buffers);
        (taken, buffers.len())
    }

    #[test]
    fn every_type_has_a_name_that_leads_back_to_it() {
        for dtype in Dtype::ALL {
            assert_eq!(Dtype::parse(dtype.as_str()), Some(dtype));
        }
        assert_eq!(Dtype::parse("float128"), None);
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let all: Vec<_> = Dtype::ALL
            .into_iter()
            .map(|dtype| array(dtype, &[2, 3], 6 * dtype.item_bytes()))
            .chain([Attachment::from(Bytes::from_static(b"\x07"))])
            .collect();
        let mut text = String::new();
        write_list(&mut text, &all);
        let sizes: Vec<_> = all.iter().map(|one| one.data.len()).collect();
        assert_eq!(take(&text, &sizes), (Some(all), 0));
        assert!(text.starts_with(r#"[{"bytes":6,"dtype":"int8","shape":[2,3]},"#));
        assert!(text.ends_with(r#"},{"bytes":1}]"#));
        assert_eq!(take("[]", &[1]), (Some(Vec::new()), 1));
    }

    #[test]
    fn type_shape_and_length_must_agree() {
        assert!(array(Dtype::Float32, &[2, 3], 24).fits());
        assert!(array(Dtype::Float32, &[0, 3], 0).fits());
        assert!(array(Dtype::Uint8, &[1; SHAPE_MAX], 1).fits());
        assert!(!array(Dtype::Float32, &[2, 3], 23).fits());
        assert!(!array(Dtype::Float32, &[], 4).fits());
        assert!(!array(Dtype::Uint8, &[1; SHAPE_MAX + 1], 1).fits());
        assert!(!array(Dtype::Uint8, &[usize::MAX, 2, 0], 0).fits());
        assert!(!array(Dtype::Uint8, &[isize::MAX as usize + 1, 0], 0).fits());
        let flat = |bytes| Attachment {
            shape: None,
            ..array(Dtype::Int16, &[], bytes)
        };
        assert!(flat(4).fits() && flat(0).fits() && !flat(3).fits());
    }

    #[test]
    fn a_bad_entry_spoils_its_list_and_takes_its_buffer_all_the_same() {
        for entry in [
            "7",
            "[4]",
            "{}",
            "null",
            r#"{"bytes":"4"}"#,
            r#"{"bytes":5}"#,
            r#"{"bytes":4.0}"#,
            r#"{"bytes":4,"dtype":null}"#,
            r#"{"bytes":4,"dtype":"Float32"}"#,
            r#"{"bytes":4,"dtype":"float64"}"#,
            r#"{"bytes":4,"shape":null}"#,
            r#"{"bytes":4,"shape":[]}"#,
            r#"{"bytes":4,"shape":[-4]}"#,
            r#"{"bytes":4,"dtype":"int16","shape":[4]}"#,
            r#"{"bytes":4,"bytes":4}"#,
        ] {
            let list = format!(r#"[{{"bytes":4}},{entry}]"#);
            assert_eq!(take(&list, &[4, 4, 4]), (None, 1), "{entry}");
        }
        assert_eq!(take(r#"{"bytes":4}"#, &[4]), (None, 1));
        assert_eq!(take(r#"[{"bytes":4},{"bytes":4}]"#, &[4]), (None, 0));
        let good = r#"[{"bytes":4,"dtype":"int16","later":[1]}]"#;
        assert!(take(good, &[4]).0.is_some());
    }
}
