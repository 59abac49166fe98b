//! The page as a PDF file.

use std::rc::Rc;

use auroraview_host_api::PdfOptions;

use crate::questions::Reply;
use crate::view::View;

/// Writes the file; answered when it is there.
pub(crate) fn ask(_view: &Rc<View>, _options: PdfOptions, reply: Reply) {
    reply.give(Err("not built yet".into()));
}
