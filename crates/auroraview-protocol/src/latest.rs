//! Events of which only the last value under a key matters.
//!
//! They wait beside the queue. A new value takes the place of the one that waits under its key; the transport's clock
//! says when what waits may leave ([`Latest::release`]), and what may leave can still be replaced until it does.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::message::EncodedEvent;

/// An event and its key.
pub(crate) type Keyed = (Arc<str>, EncodedEvent);

#[derive(Default)]
pub(crate) struct Latest {
    /// In the order in which the keys first came.
    waiting: VecDeque<Keyed>,
    /// Where the event under a key stands, counted from the first that ever waited.
    places: HashMap<Arc<str>, usize>,
    /// How many wait of an event's name.
    names: HashMap<Box<str>, usize>,
    /// How many left before the first that waits.
    left: usize,
    /// How many of them may leave: the first so many.
    released: usize,
}

impl Latest {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    /// The bytes of all that waits.
    pub(crate) fn bytes(&self) -> usize {
        self.waiting.iter().map(|(_, event)| event.size()).sum()
    }

    /// Something waits that was not released.
    pub(crate) fn waits_for_release(&self) -> bool {
        self.waiting.len() > self.released
    }

    pub(crate) fn put(&mut self, key: &str, event: EncodedEvent) {
        match self.places.get(key) {
            Some(place) => {
                let at = place - self.left;
                if self.waiting[at].1.name() != event.name() {
                    self.count(event.name());
                    let old = std::mem::replace(&mut self.waiting[at].1, event);
                    self.discount(old.name());
                } else {
                    self.waiting[at].1 = event;
                }
            }
            None => self.append((key.into(), event)),
        }
    }

    fn count(&mut self, name: &str) {
        match self.names.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                self.names.insert(name.into(), 1);
            }
        }
    }

    fn discount(&mut self, name: &str) {
        if let Some(count) = self.names.get_mut(name) {
            *count -= 1;
            if *count == 0 {
                self.names.remove(name);
            }
        }
    }

    /// What waits of an event's name.
    pub(crate) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a EncodedEvent> {
        // Most names are not among them, and there may be many keys.
        let waiting = self.names.contains_key(name).then_some(&self.waiting);
        let events = waiting.into_iter().flatten().map(|(_, event)| event);
        events.filter(move |event| event.name() == name)
    }

    /// Takes out what waits of an event's name, in its order. With `retained` also the retained ones.
    pub(crate) fn take_named(&mut self, name: &str, retained: bool) -> Vec<EncodedEvent> {
        if !self.names.contains_key(name) {
            return Vec::new();
        }
        self.take_out(|event| event.name() == name && (retained || !event.is_retained()))
    }

    fn take_out(&mut self, is_out: impl Fn(&EncodedEvent) -> bool) -> Vec<EncodedEvent> {
        let old = std::mem::take(self);
        let mut out = Vec::new();
        for (at, one) in old.waiting.into_iter().enumerate() {
            if is_out(&one.1) {
                out.push(one.1);
            } else {
                self.released += usize::from(at < old.released);
                self.append(one);
            }
        }
        out
    }

    fn append(&mut self, one: Keyed) {
        self.count(one.1.name());
        let place = self.left + self.waiting.len();
        self.places.insert(Arc::clone(&one.0), place);
        self.waiting.push_back(one);
    }

    /// Allows all that waits now to leave.
    pub(crate) fn release(&mut self) {
        self.released = self.waiting.len();
    }

    /// The next that may leave.
    pub(crate) fn front(&self) -> Option<&EncodedEvent> {
        let (_, event) = self.waiting.front().filter(|_| self.released > 0)?;
        Some(event)
    }

    /// Lets it leave.
    pub(crate) fn pop(&mut self) -> Option<Keyed> {
        self.released = self.released.checked_sub(1)?;
        let one = self.waiting.pop_front()?;
        self.places.remove(&one.0);
        self.discount(one.1.name());
        self.left += 1;
        Some(one)
    }

    /// Takes back what left and nobody acknowledged, in the order in which it left: it may leave again, unless a newer
    /// value stands under its key.
    pub(crate) fn give_back(&mut self, unacknowledged: Vec<Keyed>) {
        let mut old = std::mem::take(self);
        for (key, event) in unacknowledged {
            if !old.has(&key) {
                self.put(&key, event);
            }
        }
        self.released = self.waiting.len() + old.released;
        for one in old.waiting.drain(..) {
            self.append(one);
        }
    }

    /// Drops the retained ones, whose last values go to the page on another way.
    pub(crate) fn drop_retained(&mut self) {
        self.take_out(EncodedEvent::is_retained);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, retain: bool) -> EncodedEvent {
        EncodedEvent::new(name, &"1".into(), retain)
    }

    fn leaving(latest: &mut Latest) -> String {
        let mut names = Vec::new();
        while let Some(name) = latest.front().map(|event| event.name().to_owned()) {
            names.push(name);
            latest.pop().unwrap();
        }
        names.concat()
    }

    #[test]
    fn a_value_replaces_the_one_that_waits_until_it_has_left() {
        let mut latest = Latest::default();
        for (key, name) in [("x", "a"), ("y", "b"), ("x", "c")] {
            latest.put(key, event(name, false));
        }
        assert!(latest.waits_for_release() && latest.front().is_none());
        latest.release();
        latest.put("y", event("d", false));
        assert!(!latest.waits_for_release());
        latest.put("z", event("e", false));
        assert!(latest.waits_for_release() && latest.len() == 3);
        assert_eq!(leaving(&mut latest), "cd");
        latest.put("x", event("f", false));
        latest.release();
        assert_eq!(leaving(&mut latest), "ef");
        assert_eq!(latest.len(), 0);
    }

    #[test]
    fn what_comes_back_goes_first_unless_it_is_old() {
        let mut latest = Latest::default();
        latest.put("x", event("new", false));
        let back = [("x", "old"), ("y", "b"), ("z", "c"), ("y", "d")];
        let back = back.map(|(key, name)| (key.into(), event(name, false)));
        latest.give_back(back.to_vec());
        assert!(latest.waits_for_release());
        assert_eq!(leaving(&mut latest), "dc");
        latest.release();
        assert_eq!(leaving(&mut latest), "new");
    }

    #[test]
    fn without_the_retained_ones_the_order_and_the_release_stay() {
        let mut latest = Latest::default();
        for (key, retain) in [("a", true), ("b", false), ("c", true), ("d", false)] {
            latest.put(key, event(key, retain));
        }
        latest.release();
        latest.put("e", event("e", true));
        latest.put("f", event("f", false));
        latest.drop_retained();
        assert_eq!(leaving(&mut latest), "bd");
        assert!(latest.waits_for_release() && latest.has("f") && !latest.has("e"));
        assert_eq!(latest.bytes(), event("f", false).size());
    }

    #[test]
    fn what_waits_of_a_name_is_taken_out_under_whatever_key() {
        let mut latest = Latest::default();
        for (key, name) in [("a", "x"), ("b", "y"), ("c", "x"), ("d", "z")] {
            latest.put(key, event(name, key == "c"));
        }
        latest.release();
        latest.put("d", event("x", false));
        assert_eq!(latest.named("x").count(), 3);
        assert_eq!(latest.named("z").count(), 0);
        assert_eq!(latest.take_named("x", false).len(), 2);
        assert_eq!(latest.take_named("x", true).len(), 1);
        assert!(latest.take_named("x", true).is_empty());
        assert_eq!(leaving(&mut latest), "y");
        assert_eq!(latest.named("y").count(), 0);
    }
}
