//! What the fuzz targets share: a program that answers whatever comes, and choices made of the input's bytes.

mod choices;
mod program;

pub use choices::Choices;
pub use program::{Answering, Page, options};
