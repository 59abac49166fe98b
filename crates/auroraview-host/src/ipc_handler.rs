//! What the page posts and what it is handed.
//!
//! A post is a string `<key><document id><frame>`. It comes on one of two script message handlers: `ipc`, and `auroraview`,
//! whose posts are *held*: their promise is the way back, and each frame to the page answers the oldest one. That way a
//! frame is data, costs no script and leaves nothing behind in the web process; the page's next held post is its
//! acknowledgement. A held post without a frame is a mere wait.
//!
//! A post on `ipc` may be marked, `<key><document id>~<frame>`: the document's other frames take the fast lane, both ways.
//! This is where it is admitted there; a mark is no promise, for the page says it.
//!
//! Everything here belongs to one document at a time: the last one that posted. Posts of another document, and a new
//! document in the main frame, end what the older one waited for.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use auroraview_host_api::{HostEvent, Refusal};
use webkit2gtk::{UserContentManager, UserContentManagerExt};

use crate::output::{emit, shielded};
use crate::replies::{self, Reply};
use crate::view::View;

/// Name of the handler whose posts are not answered.
pub(crate) const PLAIN: &str = "ipc";
/// Name of the handler whose posts are held.
pub(crate) const HELD: &str = "auroraview";

/// Between document and frame: the document's other frames take the fast lane.
const LANE_MARK: char = '~';

const KEY_LENGTH: usize = 32;
const DOCUMENT_LENGTH: usize = 16;
/// Held posts of one document; past this the oldest is answered with nothing.
const HELD_MAX: usize = 8;

/// The two ways of one view.
pub(crate) struct IpcHandler {
    key: String,
    message_bytes: u64,
    exchange: RefCell<Exchange>,
}

/// The parts of a post with the right key.
#[derive(Debug, PartialEq, Eq)]
struct Post<'a> {
    document: &'a str,
    frame: &'a str,
    /// The document's other frames take the fast lane.
    lane: bool,
}

/// What waits, on either side, for the current document.
#[derive(Default)]
struct Exchange {
    document: String,
    held: VecDeque<Reply>,
    frames: VecDeque<String>,
}

impl IpcHandler {
    pub(crate) fn new(key: String, message_bytes: u64) -> Self {
        Self {
            key,
            message_bytes,
            exchange: RefCell::default(),
        }
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Registers both handlers.
    pub(crate) fn connect(view: &Rc<View>, manager: &UserContentManager) {
        let weak = Rc::downgrade(view);
        manager.connect_script_message_received(Some(PLAIN), move |_, message| {
            shielded((), || {
                if let Some(value) = message.js_value() {
                    receive(&weak, replies::string(&value), None);
                }
            });
        });
        let weak = Rc::downgrade(view);
        replies::connect(manager, HELD, move |value, reply| {
            receive(&weak, replies::string(value), Some(reply));
        });
        manager.register_script_message_handler(PLAIN);
        // SAFETY: the manager is alive; the name is copied; no world means the page's own.
        unsafe {
            use gtk::glib::translate::ToGlibPtr;
            webkit2gtk_sys::webkit_user_content_manager_register_script_message_handler_with_reply(
                manager.to_glib_none().0,
                HELD.to_glib_none().0,
                std::ptr::null(),
            );
        }
    }

    /// Takes a post apart. One that is held has no mark.
    fn open<'a>(&self, post: Option<&'a str>, held: bool) -> Result<Post<'a>, Refusal> {
        let (key, rest) = post
            .and_then(|post| post.split_at_checked(KEY_LENGTH))
            .ok_or(Refusal::Key)?;
        if !same(key, &self.key) {
            return Err(Refusal::Key);
        }
        let (document, frame) = rest.split_at_checked(DOCUMENT_LENGTH).ok_or(Refusal::Key)?;
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !document.bytes().all(good) {
            return Err(Refusal::Key);
        }
        let marked = frame.strip_prefix(LANE_MARK).filter(|_| !held);
        let (frame, lane) = marked.map_or((frame, false), |frame| (frame, true));
        if frame.len() as u64 > self.message_bytes {
            return Err(Refusal::TooLarge);
        }
        Ok(Post {
            document,
            frame,
            lane,
        })
    }

    /// Makes `document` the current one; what an older one waited for ends.
    fn turn_to(&self, document: &str) {
        let older = {
            let mut exchange = self.exchange.borrow_mut();
            if exchange.document == document {
                return;
            }
            let new = Exchange {
                document: document.to_owned(),
                ..Exchange::default()
            };
            std::mem::replace(&mut *exchange, new)
        };
        drop(older);
    }

    fn hold(&self, reply: Reply) {
        let (answered, text) = {
            let mut exchange = self.exchange.borrow_mut();
            exchange.held.push_back(reply);
            if let Some(frame) = exchange.frames.pop_front() {
                (exchange.held.pop_front(), frame)
            } else if exchange.held.len() > HELD_MAX {
                (exchange.held.pop_front(), String::new())
            } else {
                return;
            }
        };
        if let Some(reply) = answered {
            reply.answer(text);
        }
    }

    /// Hands a frame to the page; frames of another document are dropped.
    pub(crate) fn deliver(&self, document: &str, frame: String) {
        let reply = {
            let mut exchange = self.exchange.borrow_mut();
            if exchange.document != document {
                return;
            }
            let Some(reply) = exchange.held.pop_front() else {
                exchange.frames.push_back(frame);
                return;
            };
            reply
        };
        reply.answer(frame);
    }

    /// The document is gone: nobody waits any more.
    pub(crate) fn clear(&self) {
        drop(self.exchange.take());
    }
}

fn receive(view: &Weak<View>, post: Option<String>, reply: Option<Reply>) {
    let Some(view) = view.upgrade() else { return };
    let opened = view.ipc.open(post.as_deref(), reply.is_some());
    let opened = opened.and_then(|opened| {
        if view.document_may_post() {
            Ok(opened)
        } else {
            Err(Refusal::Origin)
        }
    });
    let post = match opened {
        Ok(opened) => opened,
        Err(refusal) => {
            if let Some(reply) = reply {
                reply.refuse(c"this post was refused");
            }
            emit(HostEvent::Refused {
                view: view.id,
                refusal,
            });
            return;
        }
    };
    view.ipc.turn_to(post.document);
    if let Some(reply) = reply {
        view.ipc.hold(reply);
    }
    if !post.frame.is_empty() {
        emit(HostEvent::Posted {
            view: view.id,
            document: post.document.to_owned(),
            frame: post.frame.to_owned(),
            lane: post.lane,
        });
    }
}

/// Compares in a time that does not depend on where the texts differ.
fn same(a: &str, b: &str) -> bool {
    let pairs = a.bytes().zip(b.bytes());
    a.len() == b.len() && pairs.fold(0, |found, (a, b)| found | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_are_opened_only_with_the_key() {
        let key = "0123456789abcdef0123456789abcdef";
        let document = "document-0000001";
        let handler = IpcHandler::new(key.into(), 4);
        let open = |post: &str| {
            let opened = handler.open(Some(post), false);
            opened.map(|post| (post.document.to_owned(), post.frame.to_owned()))
        };
        let opened = |frame: &str| Ok((document.to_owned(), frame.to_owned()));
        assert_eq!(open(&format!("{key}{document}[1]")), opened("[1]"));
        assert_eq!(open(&format!("{key}{document}")), opened(""));
        assert_eq!(open(&format!("{key}{document}[12]")), opened("[12]"));
        assert_eq!(
            open(&format!("{key}{document}[123]")),
            Err(Refusal::TooLarge)
        );
        assert_eq!(open(&format!("{key}short")), Err(Refusal::Key));
        assert_eq!(open(&format!("{key}document 0000001[]")), Err(Refusal::Key));
        assert_eq!(
            open(&format!("{}{document}[]", "0".repeat(32))),
            Err(Refusal::Key)
        );
        assert_eq!(
            open(&format!("{}{document}", "ü".repeat(40))),
            Err(Refusal::Key)
        );
        assert_eq!(open(""), Err(Refusal::Key));
        assert_eq!(handler.open(None, false), Err(Refusal::Key));
    }

    #[test]
    fn the_mark_of_the_lane_is_no_part_of_the_frame_and_stands_in_plain_posts_only() {
        let handler = IpcHandler::new("0123456789abcdef0123456789abcdef".into(), 4);
        let document = "document-0000001";
        let open = |rest: &str, held: bool| {
            let post = format!("{}{document}{rest}", handler.key());
            let opened = handler.open(Some(&post), held);
            opened.map(|post| (post.frame.to_owned(), post.lane))
        };
        for (rest, held, wanted) in [
            ("[1]", false, Ok(("[1]", false))),
            ("~[12]", false, Ok(("[12]", true))),
            ("~~[1]", false, Ok(("~[1]", true))),
            ("~", false, Ok(("", true))),
            ("~[123]", false, Err(Refusal::TooLarge)),
            ("~[1]", true, Ok(("~[1]", false))),
        ] {
            let wanted = wanted.map(|(frame, lane)| (frame.to_owned(), lane));
            assert_eq!(open(rest, held), wanted, "{rest}");
        }
    }
}
