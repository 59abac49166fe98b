//! The web engine's contexts: where cookies, storage and caches live.
//!
//! A view without a data directory gets one of its own that keeps nothing and dies with it. Views with the same data
//! directory share one context while any of them is open, since two contexts on one directory would write over each
//! other; it ends with the last of them, because the engine frees the connections of dead web processes only then. Such
//! views may also share an origin; a request is told apart by the view that asks, and by its host only where the engine
//! does not know the view.

use std::cell::RefCell;
use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use webkit2gtk::{WebContextExt, WebViewExt};
use wry::{WebContext, WebViewBuilder, WebViewBuilderExtUnix, WebViewExtUnix};

use crate::origins::SCHEME;
use crate::{HostError, assets};

thread_local! {
    /// Never dropped: those of views that are open when the program ends.
    static SHARED: ManuallyDrop<RefCell<HashMap<PathBuf, Shared>>> = ManuallyDrop::default();
}

struct Shared {
    context: WebContext,
    views: usize,
}

/// A webview and its part in a shared context; dropped in this order.
pub(crate) struct Keeper {
    pub(crate) webview: wry::WebView,
    _share: Option<Share>,
}

/// One view's part in the context of a data directory.
struct Share(PathBuf);

impl Drop for Share {
    fn drop(&mut self) {
        let last = SHARED.with(|all| {
            let mut all = all.borrow_mut();
            let shared = all.get_mut(&self.0)?;
            shared.views -= 1;
            if shared.views == 0 {
                all.remove(&self.0)
            } else {
                None
            }
        });
        // Outside of the borrow: the engine's destructors may call back.
        drop(last);
    }
}

/// Builds a webview in `container`, in the context for `data_directory`, that serves [`SCHEME`]. It loads nothing yet.
pub(crate) fn build_webview(
    container: &gtk::Box,
    id: &str,
    data_directory: Option<&str>,
) -> Result<Keeper, HostError> {
    let build =
        |builder: WebViewBuilder<'_>| builder.with_id(id).with_visible(true).build_gtk(container);
    let Some(directory) = data_directory else {
        let builder = WebViewBuilder::new().with_incognito(true);
        let webview = build(served(builder))?;
        name_a_language(&webview);
        return Ok(Keeper {
            webview,
            _share: None,
        });
    };
    let directory = PathBuf::from(directory);
    SHARED.with(|all| {
        let mut all = all.borrow_mut();
        let shared = all.entry(directory.clone()).or_insert_with(|| Shared {
            context: WebContext::new(Some(directory.clone())),
            views: 0,
        });
        shared.views += 1;
    });
    // Before the webview, so that a part taken is given back when that fails or panics.
    let share = Share(directory);
    let webview = SHARED.with(|all| {
        let mut all = all.borrow_mut();
        let shared = all.get_mut(&share.0)?;
        let known = shared.context.is_custom_protocol_registered(SCHEME);
        let builder = WebViewBuilder::new_with_web_context(&mut shared.context);
        Some(build(if known { builder } else { served(builder) }))
    });
    let Some(webview) = webview else {
        unreachable!("the context was put there just now");
    };
    let webview = webview?;
    name_a_language(&webview);
    Ok(Keeper {
        webview,
        _share: Some(share),
    })
}

/// In the locale C the engine would call the language of pages `C`, which is none: `Intl` throws.
fn name_a_language(webview: &wry::WebView) {
    let names = gtk::glib::language_names();
    let is_none = |name: &str| matches!(name.split('.').next(), Some("C" | "POSIX"));
    if names.first().is_none_or(|name| is_none(name))
        && let Some(context) = webview.webview().context()
    {
        context.set_preferred_languages(&["en-US"]);
    }
}

fn served(builder: WebViewBuilder<'_>) -> WebViewBuilder<'_> {
    builder.with_asynchronous_custom_protocol(SCHEME.into(), |view, request, responder| {
        crate::output::shielded((), || assets::serve(view, request, responder));
    })
}
