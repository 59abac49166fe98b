//! The web engine's contexts: where cookies, storage and caches live.
//!
//! A view without a data directory gets one of its own that keeps nothing and dies with it. Views with the same data
//! directory share one context, which stays on the GUI thread for the life of the process, since two contexts on one
//! directory would write over each other. Such views may also share an origin; a request is told apart by the view
//! that asks, and by its host only where the engine does not know the view.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use wry::{WebContext, WebViewBuilder, WebViewBuilderExtUnix};

use crate::origins::SCHEME;
use crate::{HostError, assets};

thread_local! {
    static KEPT: RefCell<HashMap<PathBuf, WebContext>> = RefCell::default();
}

/// Builds a webview in `container`, in the context for `data_directory`, that serves [`SCHEME`]. It loads nothing yet.
pub(crate) fn build_webview(
    container: &gtk::Box,
    id: &str,
    data_directory: Option<&str>,
) -> Result<wry::WebView, HostError> {
    let Some(directory) = data_directory else {
        let builder = WebViewBuilder::new().with_incognito(true);
        return Ok(served(builder)
            .with_id(id)
            .with_visible(true)
            .build_gtk(container)?);
    };
    KEPT.with(|kept| {
        let mut kept = kept.borrow_mut();
        let context = kept
            .entry(PathBuf::from(directory))
            .or_insert_with(|| WebContext::new(Some(Path::new(directory).to_path_buf())));
        let known = context.is_custom_protocol_registered(SCHEME);
        let mut builder = WebViewBuilder::new_with_web_context(context);
        if !known {
            builder = served(builder);
        }
        Ok(builder
            .with_id(id)
            .with_visible(true)
            .build_gtk(container)?)
    })
}

fn served(builder: WebViewBuilder<'_>) -> WebViewBuilder<'_> {
    builder.with_asynchronous_custom_protocol(SCHEME.into(), |view, request, responder| {
        crate::output::shielded((), || assets::serve(view, request, responder));
    })
}
