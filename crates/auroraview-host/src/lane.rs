//! The fast lane's offer: a socket for the library in the web process.
//!
//! The context loads the library into each of its web processes. There it asks, with a user message to the view, once
//! for each page; the reply carries one end of a socket and the origins that may use it, and the other end goes to the
//! core. From then on this process's GUI thread has no part in it, but for two things: every document is admitted by a
//! post here, where its key and its origin are checked ([`crate::ipc_handler`]), and a change of the allowed origins is
//! told the library, before the load that it belongs to.
//!
//! The question is part of making the page, and so is before all that the page asks: the reply overtakes no decision
//! about a navigation, hence it is there before the first document has scripts.

use std::cell::Cell;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::rc::Rc;

use auroraview_host_api::{HostEvent, LogLevel, OpenOptions};
use auroraview_lane::{Lane, VERSION};
use gtk::gio;
use gtk::gio::prelude::*;
use gtk::glib::{self, Variant};
use webkit2gtk::{UserMessage, UserMessageExt, WebContext, WebContextExt, WebViewExt};

use crate::output::{emit, log, shielded};
use crate::view::View;

/// Name of the library's question, and of its reply.
const LANE: &str = "auroraview-lane";
/// Name of the message that replaces the allowed origins.
const ORIGINS: &str = "auroraview-origins";

/// How often a library may ask before a document comes. Ours asks once for each page; who goes on is not ours.
const QUESTIONS_MAX: u32 = 8;

/// One view's offers.
pub(crate) struct LaneOffers {
    message_bytes: u64,
    queue_bytes: u64,
    /// Questions since the last document.
    asked: Cell<u32>,
    /// The library of the present web process has asked, and got its end.
    taken: Cell<bool>,
    /// Why there is none was said.
    refused: Cell<bool>,
}

impl LaneOffers {
    /// `None` where the program wants none, or the page gets no bridge.
    pub(crate) fn new(options: &OpenOptions) -> Option<Self> {
        library(options).map(|_| Self {
            message_bytes: options.message_bytes,
            queue_bytes: options.queue_bytes,
            asked: Cell::new(0),
            taken: Cell::new(false),
            refused: Cell::new(false),
        })
    }

    /// Whether a library of this version may have a lane now.
    fn admit(&self, version: Option<u32>) -> Result<(), OfferError> {
        let asked = self.asked.get() + 1;
        if asked > QUESTIONS_MAX {
            return Err(OfferError::TooOften);
        }
        self.asked.set(asked);
        match version {
            Some(VERSION) => Ok(()),
            Some(found) => Err(OfferError::Version(found.to_string())),
            None => Err(OfferError::Version("none".into())),
        }
    }
}

/// The folder of the library, where it is wanted.
pub(crate) fn library(options: &OpenOptions) -> Option<&str> {
    options.fast_lane.as_deref().filter(|_| options.bridge)
}

/// Makes all web processes that `context` starts from now on load the library in `folder`.
pub(crate) fn load_library(context: &WebContext, folder: &str) {
    context.set_web_extensions_directory(folder);
    context.set_web_extensions_initialization_user_data(&VERSION.to_variant());
}

impl View {
    /// Answers the library's questions.
    pub(crate) fn connect_lane(self: &Rc<Self>) {
        if self.lane.is_none() {
            return;
        }
        let weak = Rc::downgrade(self);
        self.webview
            .connect_user_message_received(move |_, question| {
                let Some(view) = weak.upgrade() else {
                    return false;
                };
                shielded(false, || view.answer_library(question))
            });
    }

    /// Whether this was a question of the library.
    fn answer_library(&self, question: &UserMessage) -> bool {
        let Some(lane) = &self.lane else { return false };
        if question.name().as_deref() != Some(LANE) || self.closed.get() {
            return false;
        }
        let version = question
            .parameters()
            .and_then(|asked| asked.get::<(u32,)>())
            .map(|(version,)| version);
        let offer = match lane.admit(version) {
            Ok(()) => self.offer(lane),
            Err(refused) => Err(refused),
        };
        let (reply, ours) = match offer {
            Ok(offer) => offer,
            Err(reason) => {
                question.send_reply(&UserMessage::new(LANE, None));
                if !lane.refused.replace(true) {
                    emit(HostEvent::LaneUnavailable {
                        view: self.id,
                        reason: reason.to_string(),
                    });
                }
                return true;
            }
        };
        lane.taken.set(true);
        lane.refused.set(false);
        emit(HostEvent::LaneOffered {
            view: self.id,
            descriptor: ours.into_raw_fd(),
        });
        question.send_reply(&reply);
        true
    }

    /// A reply with one end of a socket, and the other end.
    fn offer(&self, lane: &LaneOffers) -> Result<(UserMessage, OwnedFd), OfferError> {
        let (ours, theirs) = Lane::pair()?;
        let list = gio::UnixFDList::new();
        // The list keeps a descriptor of its own.
        list.append(theirs.as_raw_fd())?;
        let origins = self.allowed_origins();
        let parameters = (lane.message_bytes, lane.queue_bytes, origins).to_variant();
        let reply = UserMessage::with_fd_list(LANE, Some(&parameters), Some(&list));
        Ok((reply, ours))
    }

    fn allowed_origins(&self) -> Vec<String> {
        self.allowed.borrow().iter().map(str::to_owned).collect()
    }

    /// Tells the library which origins may use the lane from now on. What is loaded after this finds it told.
    pub(crate) fn tell_lane_origins(&self) {
        if !self.lane.as_ref().is_some_and(|lane| lane.taken.get()) {
            // It learns them with its reply.
            return;
        }
        let origins: Variant = (self.allowed_origins(),).to_variant();
        let message = UserMessage::new(ORIGINS, Some(&origins));
        let told = |answer: Result<UserMessage, glib::Error>| {
            if let Err(problem) = answer {
                // The process is gone; a new one asks anew.
                let text = format!("the library of the fast lane was not told: {problem}");
                shielded((), || log(LogLevel::Debug, text));
            }
        };
        self.webview
            .send_message_to_page(&message, None::<&gio::Cancellable>, told);
    }

    /// A document is there.
    pub(crate) fn lane_committed(&self) {
        if let Some(lane) = &self.lane {
            lane.asked.set(0);
        }
    }

    /// The web process died, and the library with it.
    pub(crate) fn end_lane(&self) {
        if let Some(lane) = &self.lane {
            lane.asked.set(0);
            lane.taken.set(false);
        }
    }
}

/// Why there is no socket to offer.
#[derive(Debug, thiserror::Error)]
enum OfferError {
    #[error("the web process has a library of version {0}; expected {VERSION}")]
    Version(String),
    #[error("the web process asked for more than {QUESTIONS_MAX} lanes for one document")]
    TooOften,
    #[error("no socket for the fast lane: {0}")]
    Socket(#[from] std::io::Error),
    #[error("no descriptor for the fast lane: {0}")]
    Descriptor(#[from] glib::Error),
}
