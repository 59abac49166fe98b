//! The program's own load, from its command until its document is there.
//!
//! The document that is shown keeps its rights until another takes its place: meanwhile the origins of both are allowed.
//! A load may also end without a document (an answer without content, a download, a page that cancels it). Then all is
//! as it was before, and the program is told, for it waits. A newer order takes the place of an older one silently.

use auroraview_host_api::HostEvent;

use crate::assets::Site;
use crate::origins::Allowed;
use crate::output::emit;
use crate::view::View;

/// A load that the program ordered with origins of its own.
pub(crate) struct Order {
    /// What will be allowed when its document is there.
    next: Allowed,
    /// What was allowed and served before.
    former: (Allowed, Site),
    /// The engine could not load it: its error page is the document that comes.
    failed: bool,
}

impl View {
    /// The program orders a document: serves `site`, and allows the origins of both documents for now.
    pub(crate) fn order(&self, site: Site, next: Allowed) {
        let served = self.site.replace(site);
        let former = match self.order.take() {
            Some(superseded) => superseded.former,
            None => (self.allowed.borrow().clone(), served),
        };
        self.allow(former.0.union(&next));
        self.order.replace(Some(Order {
            next,
            former,
            failed: false,
        }));
    }

    /// The document that was ordered is there, or its error page.
    pub(crate) fn order_committed(&self) {
        if let Some(order) = self.order.take() {
            self.allow(order.next);
        }
    }

    /// The engine could not load what was ordered.
    pub(crate) fn order_failed(&self) {
        if let Some(order) = self.order.borrow_mut().as_mut() {
            order.failed = true;
        }
    }

    /// Whether the error page that comes is that of the order.
    pub(crate) fn order_has_failed(&self) -> bool {
        self.order.borrow().as_ref().is_some_and(|one| one.failed)
    }

    /// The order is void: the document that is shown stays, with all it had.
    pub(crate) fn order_void(&self) {
        let Some(order) = self.order.take() else {
            return;
        };
        let (allowed, site) = order.former;
        self.site.replace(site);
        self.allow(allowed);
    }

    /// The load of the program ended, and no document came of it.
    pub(crate) fn nothing_came(&self, url: &str) {
        self.order_void();
        {
            let mut document = self.document.borrow_mut();
            let shown = document.address.clone();
            if !shown.is_empty() {
                document.wanted = shown;
            }
        }
        emit(HostEvent::LoadFailed {
            view: self.id,
            url: url.to_owned(),
            message: "no document came of it".into(),
        });
    }

    fn allow(&self, allowed: Allowed) {
        if self.allowed.replace(allowed.clone()) != allowed {
            self.inject();
            self.tell_lane_origins();
        }
    }
}
