//! The pages of this process, and what each has: origins, a connection, and the document that uses it.
//!
//! A page outlives its documents. Each document's native object knows its number among them, so that functions of a
//! document that is gone, or rests in the back-forward cache, do not speak for the one that is shown.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::rc::Rc;

use auroraview_lane::{DocumentId, Lane};

use crate::connection::Connection;
use crate::js::Protected;
use crate::jsc::{JSContextRef, JSObjectRef};
use crate::messages::Granted;
use crate::origin::origin_of;
use crate::realm::Realm;
use crate::receiving::Incoming;
use crate::shield::say;
use crate::webkit::WebKitWebPage;

thread_local! {
    /// Not dropped at the end of the process: JavaScript may have gone before.
    static PAGES: ManuallyDrop<RefCell<Vec<Rc<Page>>>> = ManuallyDrop::default();
    static NEXT: Cell<u32> = const { Cell::new(1) };
}

/// One `WebKitWebPage`.
pub(crate) struct Page {
    pub(crate) number: u32,
    web_page: *mut WebKitWebPage,
    documents: Cell<u32>,
    origins: RefCell<Vec<String>>,
    connection: RefCell<Option<Rc<Connection>>>,
    opened: RefCell<Option<Rc<Opened>>>,
    realm: RefCell<Option<(u32, Rc<Realm>)>>,
    reading: RefCell<Vec<(u32, *const dyn Incoming)>>,
}

/// The document that frames are for, and its functions.
pub(crate) struct Opened {
    /// Which of the page's documents it is, as its functions know it.
    pub(crate) number: u32,
    pub(crate) document: DocumentId,
    pub(crate) receive: Protected,
    pub(crate) lost: Protected,
    /// Makes a string of the bytes of UTF-8.
    pub(crate) decode: Option<Protected>,
}

/// Begins to keep a page and gives its number; `None` when it is known.
pub(crate) fn add(web_page: *mut WebKitWebPage) -> Option<u32> {
    if of(web_page).is_some() {
        return None;
    }
    let number = NEXT.get();
    NEXT.set(number.wrapping_add(1).max(1));
    let page = Page {
        number,
        web_page,
        documents: Cell::new(0),
        origins: RefCell::default(),
        connection: RefCell::default(),
        opened: RefCell::default(),
        realm: RefCell::default(),
        reading: RefCell::default(),
    };
    PAGES.with(|pages| pages.borrow_mut().push(Rc::new(page)));
    Some(number)
}

/// The page of that number, while it lives.
pub(crate) fn get(number: u32) -> Option<Rc<Page>> {
    find(|page| page.number == number)
}

/// The page that the engine calls so.
pub(crate) fn of(web_page: *mut WebKitWebPage) -> Option<Rc<Page>> {
    find(|page| page.web_page == web_page)
}

fn find(wanted: impl Fn(&Page) -> bool) -> Option<Rc<Page>> {
    PAGES.with(|pages| pages.borrow().iter().find(|page| wanted(page)).cloned())
}

/// The engine has let the page go: its connection ends.
pub(crate) fn remove(number: u32) {
    let page = PAGES.with(|pages| {
        let mut pages = pages.borrow_mut();
        let place = pages.iter().position(|page| page.number == number)?;
        Some(pages.swap_remove(place))
    });
    if let Some(page) = page {
        page.close();
        drop(page.realm.take());
        drop(page.connection.take());
    }
}

impl Page {
    /// Takes the view's answer.
    pub(crate) fn connect(&self, granted: Granted) {
        self.set_origins(granted.origins);
        match Lane::new(granted.socket, granted.limits) {
            Ok(lane) => {
                // The view has let an older one go, so who uses that is told.
                if let Some(older) = self.connection() {
                    self.lose(&older);
                }
                let connection = Connection::new(lane, granted.limits, self.number);
                drop(self.connection.replace(Some(connection)));
            }
            Err(error) => say(format_args!("the fast lane is not used: {error}")),
        }
    }

    pub(crate) fn set_origins(&self, origins: Vec<String>) {
        self.origins.replace(origins);
    }

    pub(crate) fn connection(&self) -> Option<Rc<Connection>> {
        self.connection.borrow().clone()
    }

    /// Whether a document from this address is given the native object.
    pub(crate) fn may_connect(&self, address: &str) -> bool {
        self.connection.borrow().is_some()
            && origin_of(address).is_some_and(|origin| self.origins.borrow().contains(&origin))
    }

    /// A document begins in the main frame: nothing reaches the former one any more.
    pub(crate) fn document_begins(&self) {
        self.documents.set(self.documents.get().wrapping_add(1));
        self.close();
        drop(self.realm.take());
    }

    /// The number of the document that began last.
    pub(crate) fn document(&self) -> u32 {
        self.documents.get()
    }

    pub(crate) fn open(&self, opened: Opened) {
        drop(self.opened.replace(Some(Rc::new(opened))));
    }

    /// Forgets the document.
    pub(crate) fn close(&self) {
        drop(self.opened.take());
    }

    pub(crate) fn opened(&self) -> Option<Rc<Opened>> {
        self.opened.borrow().clone()
    }

    /// The connection is over; who uses it is told, once.
    pub(crate) fn lose(&self, connection: &Rc<Connection>) {
        let is_this = |other: &mut Rc<Connection>| Rc::ptr_eq(other, connection);
        let Some(lost) = self.connection.borrow_mut().take_if(is_this) else {
            return;
        };
        drop(lost);
        if let Some(opened) = self.opened.take() {
            // The page's bridge sees to its own errors.
            let _ = opened.lost.call(&[]);
        }
    }

    /// What belongs to a document's global object; `from` has the `set` for it.
    ///
    /// # Safety
    /// The context lives, and the object belongs to its virtual machine.
    pub(crate) unsafe fn realm(
        &self,
        document: u32,
        context: JSContextRef,
        from: JSObjectRef,
    ) -> Option<Rc<Realm>> {
        if let Some((number, realm)) = &*self.realm.borrow()
            && *number == document
        {
            return Some(realm.clone());
        }
        // SAFETY: as the caller promises.
        let realm = Rc::new(unsafe { Realm::new(context, from) }?);
        drop(self.realm.replace(Some((document, realm.clone()))));
        Some(realm)
    }

    /// Runs `body` while the message is what the document's `read` reads.
    pub(crate) fn reading<T>(
        &self,
        document: u32,
        message: &dyn Incoming,
        body: impl FnOnce() -> T,
    ) -> T {
        struct Until<'a>(&'a Page);
        impl Drop for Until<'_> {
            fn drop(&mut self) {
                self.0.reading.borrow_mut().pop();
            }
        }
        // SAFETY: only the lifetime is taken off; the pointer is gone from the list before the message is.
        let message = unsafe {
            std::mem::transmute::<*const (dyn Incoming + '_), *const (dyn Incoming + 'static)>(
                message,
            )
        };
        self.reading.borrow_mut().push((document, message));
        let _until = Until(self);
        body()
    }

    /// Lends the message that a document reads now, if it reads one.
    pub(crate) fn with_message<T>(
        &self,
        document: u32,
        body: impl FnOnce(&dyn Incoming) -> T,
    ) -> Option<T> {
        let (number, message) = *self.reading.borrow().last()?;
        if number != document {
            return None;
        }
        // SAFETY: it is on the list, so the call that lent it has not returned.
        Some(body(unsafe { &*message }))
    }
}
