//! The segments of our own: which there are, which are in use, and which are kept.

use std::io;

use crate::limits::{KEPT_BYTES, SEGMENTS, segment_bytes};
use crate::segment::Segment;
use crate::wire::Packet;

#[derive(Debug)]
struct Slot {
    segment: Segment,
    /// A message is in it that was not released yet.
    in_use: bool,
}

/// Segments by their numbers.
#[derive(Debug)]
pub(crate) struct Pool {
    slots: [Option<Slot>; SEGMENTS],
    limit: usize,
}

/// A segment to write to.
pub(crate) struct Taken<'a> {
    pub(crate) number: u16,
    pub(crate) segment: &'a mut Segment,
    /// The other end has to be told of it first.
    pub(crate) is_new: bool,
}

impl Pool {
    pub(crate) fn new(limit: usize) -> Pool {
        Pool {
            slots: Default::default(),
            limit,
        }
    }

    /// A segment for so many bytes, from now on in use; `None` when one has to be released first. `retired` is told of
    /// those that make room for it.
    pub(crate) fn take(
        &mut self,
        bytes: usize,
        mut retired: impl FnMut(Packet),
    ) -> io::Result<Option<Taken<'_>>> {
        let mut is_new = false;
        let free = self.free().filter(|(_, size)| *size >= bytes);
        let mut found = free.min_by_key(|(_, size)| *size).map(|(number, _)| number);
        if found.is_none() && self.make_room(segment_bytes(bytes), &mut retired) {
            is_new = true;
            found = self.slots.iter().position(Option::is_none);
            if let Some(number) = found {
                let made = Segment::new(segment_bytes(bytes));
                let segment = match made {
                    Ok(segment) => segment,
                    // With those that come back it can still go on.
                    Err(_) if self.in_use() => return Ok(None),
                    Err(error) => return Err(error),
                };
                let in_use = false;
                self.slots[number] = Some(Slot { segment, in_use });
            }
        }
        let Some(number) = found else { return Ok(None) };
        let slot = self.slots[number].as_mut();
        Ok(slot.map(|slot| {
            slot.in_use = true;
            Taken {
                number: number as u16,
                segment: &mut slot.segment,
                is_new,
            }
        }))
    }

    /// Whether one of that size may be made, once enough others that are free and smaller are gone.
    fn make_room(&mut self, size: usize, retired: &mut impl FnMut(Packet)) -> bool {
        let used = self.slots.iter().flatten().filter(|slot| slot.in_use);
        let (count, bytes) = used.fold((0, 0), |(count, bytes), slot| {
            (count + 1, bytes + slot.segment.size())
        });
        if count == SEGMENTS || bytes + size > self.limit {
            return false;
        }
        while self.slots.iter().all(Option::is_some) || self.total() + size > self.limit {
            let smallest = self.free().min_by_key(|(_, size)| *size);
            let Some((number, _)) = smallest else {
                return false;
            };
            self.retire(number, retired);
        }
        true
    }

    /// The other end has copied what was in it. False: it cannot have.
    pub(crate) fn release(&mut self, number: u16, mut retired: impl FnMut(Packet)) -> bool {
        match self.slots.get_mut(usize::from(number)) {
            Some(Some(slot)) if slot.in_use => slot.in_use = false,
            _ => return false,
        }
        let last = usize::from(number);
        while self.free().map(|(_, size)| size).sum::<usize>() > KEPT_BYTES {
            // The one that was used last goes last: its like is the next to be wanted.
            let others = self.free().filter(|(number, _)| *number != last);
            let largest = others.max_by_key(|(_, size)| *size);
            self.retire(largest.map_or(last, |(number, _)| number), &mut retired);
        }
        true
    }

    /// Keeps none of those that nothing is in.
    pub(crate) fn rest(&mut self, mut retired: impl FnMut(Packet)) {
        let free: Vec<_> = self.free().map(|(number, _)| number).collect();
        for number in free {
            self.retire(number, &mut retired);
        }
    }

    fn retire(&mut self, number: usize, retired: &mut impl FnMut(Packet)) {
        if let Some(slot) = self.slots[number].take() {
            slot.segment.discard();
        }
        let number = number as u16;
        retired(Packet::Retire { number });
    }

    fn in_use(&self) -> bool {
        self.slots.iter().flatten().any(|slot| slot.in_use)
    }

    fn total(&self) -> usize {
        let all = self.slots.iter().flatten();
        all.map(|slot| slot.segment.size()).sum()
    }

    /// Numbers and sizes of those that nothing is in.
    fn free(&self) -> impl Iterator<Item = (usize, usize)> {
        self.slots.iter().enumerate().filter_map(|(number, slot)| {
            let slot = slot.as_ref().filter(|slot| !slot.in_use)?;
            Some((number, slot.segment.size()))
        })
    }
}
