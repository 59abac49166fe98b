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

use auroraview_host_api::OpenOptions;
use webkit2gtk::{WebContextExt as _, WebViewExt};
use wry::{WebContext, WebViewBuilder, WebViewBuilderExtUnix, WebViewExtUnix};

use crate::origins::SCHEME;
use crate::{HostError, assets, lane, sandbox};

thread_local! {
    /// Never dropped: those of views that are open when the program ends.
    static SHARED: ManuallyDrop<RefCell<HashMap<PathBuf, Shared>>> = ManuallyDrop::default();
}

struct Shared {
    context: WebContext,
    /// Its web processes run in the engine's sandbox. Fixed with the first one.
    sandbox: bool,
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

/// Builds a webview in `container`, in the context for the options' data directory, that serves [`SCHEME`]. It loads
/// nothing yet, and no web process runs for it: what its context tells them is told here.
///
/// # Errors
/// Also when the context is one of views that run outside of the sandbox, and this one is to run inside, or the other
/// way round.
pub(crate) fn build_webview(
    container: &gtk::Box,
    id: &str,
    options: &OpenOptions,
) -> Result<Keeper, HostError> {
    let build =
        |builder: WebViewBuilder<'_>| builder.with_id(id).with_visible(true).build_gtk(container);
    let Some(directory) = options.data_directory.as_deref() else {
        let builder = WebViewBuilder::new().with_incognito(true);
        let webview = placed(options, || build(served(builder)))?;
        prepare(&webview, options)?;
        return Ok(Keeper {
            webview,
            _share: None,
        });
    };
    let directory = PathBuf::from(directory);
    SHARED.with(|all| {
        let mut all = all.borrow_mut();
        let shared = all.entry(directory.clone()).or_insert_with(|| Shared {
            context: placed(options, || WebContext::new(Some(directory.clone()))),
            sandbox: options.sandbox,
            views: 0,
        });
        if shared.sandbox != options.sandbox {
            return Err(HostError::Sandbox {
                directory: directory.display().to_string(),
                sandbox: shared.sandbox,
            });
        }
        shared.views += 1;
        Ok(())
    })?;
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
    prepare(&webview, options)?;
    Ok(Keeper {
        webview,
        _share: Some(share),
    })
}

/// Makes a context where its web processes are to run: inside of the sandbox, with what they load, or outside.
fn placed<T>(options: &OpenOptions, make: impl FnOnce() -> T) -> T {
    if !options.sandbox {
        return make();
    }
    let folders: Vec<&str> = lane::library(options).into_iter().collect();
    sandbox::within(&folders, make)
}

/// Tells the webview's context what its web processes need to know. None runs for this webview yet.
fn prepare(webview: &wry::WebView, options: &OpenOptions) -> Result<(), HostError> {
    let Some(context) = webview.webview().context() else {
        return Ok(());
    };
    if options.sandbox && !context.is_sandbox_enabled() {
        return Err(HostError::NoSandbox);
    }
    if let Some(folder) = lane::library(options) {
        lane::load_library(&context, folder);
    }
    name_a_language(&context);
    Ok(())
}

/// In the locale C the engine would call the language of pages `C`, which is none: `Intl` throws.
fn name_a_language(context: &webkit2gtk::WebContext) {
    let names = gtk::glib::language_names();
    let is_none = |name: &str| matches!(name.split('.').next(), Some("C" | "POSIX"));
    if names.first().is_none_or(|name| is_none(name)) {
        context.set_preferred_languages(&["en-US"]);
    }
}

fn served(builder: WebViewBuilder<'_>) -> WebViewBuilder<'_> {
    builder.with_asynchronous_custom_protocol(SCHEME.into(), |view, request, responder| {
        crate::output::shielded((), || assets::serve(view, request, responder));
    })
}
