//! Python values to the wire and back.
//!
//! Writing follows the table "Results" of the documentation: JSON's own types directly, a few well-known types by their
//! plain form, bytes and arrays as attachments beside the text, everything else is a `TypeError` that names the path to
//! the value. Reading is jiter's; references to attachments are looked for only where a message has some.

mod array;
mod buffers;
mod kinds;
mod large;
mod plain;
mod reader;
mod shown;
mod unsendable;
mod writer;

pub(crate) use array::Array;
pub(crate) use buffers::{Element, is_exporter, ordered_copy, swap};
pub(crate) use large::{new_bytes, use_large_pages};
pub(crate) use plain::{dumps, loads};
pub(crate) use reader::{decode, into_bytes};
pub(crate) use shown::Layout;
pub(crate) use unsendable::Unsendable;
pub(crate) use writer::encode;
