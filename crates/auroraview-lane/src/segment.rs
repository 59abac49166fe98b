//! Memory that both processes share: a memfd whose size cannot change any more.
//!
//! Its sender writes into it, the receiver only reads. Neither relies on what the other leaves there: the receiver copies
//! first, the sender never reads.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::{ptr, slice};

use rustix::fs::{
    FallocateFlags, FileType, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, fcntl_get_seals,
    fstat, fstatfs, ftruncate, memfd_create,
};
use rustix::io::{pwrite, retry_on_intr};
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};

use crate::data::Part;

const SEALS: SealFlags = SealFlags::SHRINK
    .union(SealFlags::GROW)
    .union(SealFlags::SEAL);

/// What is filled is written in pieces of so many bytes as long as the segment has no memory there.
const PIECE: usize = 256 << 10;

/// What `statfs` says of memory files whose pages are of the usual size. Those of large pages may be out of them when
/// they are touched.
const TMPFS: u64 = 0x0102_1994;

/// A whole segment in our address space, from its first byte on.
#[derive(Debug)]
struct Map {
    start: *mut u8,
    length: usize,
}

// SAFETY: it is an address and a length; who accesses what is there says why that is sound.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Map {
    fn new(file: impl AsFd, length: usize, access: ProtFlags) -> io::Result<Map> {
        // SAFETY: the system chooses the place, so no memory in use changes.
        let start = unsafe { mmap(ptr::null_mut(), length, access, MapFlags::SHARED, file, 0)? };
        Ok(Map {
            start: start.cast(),
            length,
        })
    }

    /// Has the pages of a range there at once instead of one by one. A hint: systems before 5.14 do not know it.
    fn touch(&self, range: std::ops::Range<usize>, how: Advice) {
        const PAGE: usize = 4096;
        let start = range.start / PAGE * PAGE;
        let end = range.end.min(self.length);
        if start < end {
            // SAFETY: the range lies within the mapping, and its content does not change.
            let _ = unsafe { madvise(self.start.add(start).cast(), end - start, how) };
        }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: it was mapped here, and nothing is lent beyond the life of `self`.
        let _ = unsafe { munmap(self.start.cast(), self.length) };
    }
}

/// A segment of our own, to be written.
#[derive(Debug)]
pub(crate) struct Segment {
    file: Arc<OwnedFd>,
    size: usize,
    map: Option<Map>,
    /// So many bytes from the start on have memory.
    written: usize,
    /// So many of them are mapped without a fault.
    touched: usize,
}

impl Segment {
    pub(crate) fn new(size: usize) -> io::Result<Segment> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = memfd_create("auroraview-lane", flags)?;
        ftruncate(&file, size as u64)?;
        fcntl_add_seals(&file, SEALS)?;
        Ok(Segment {
            file: Arc::new(file),
            size,
            map: None,
            written: 0,
            touched: 0,
        })
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn file(&self) -> Arc<OwnedFd> {
        self.file.clone()
    }

    /// Gives its memory back, also while the other end has it mapped or has not yet read of it.
    pub(crate) fn discard(self) {
        let whole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        let _ = fallocate(&self.file, whole, 0, self.size as u64);
    }

    /// Writes data and then what stands behind it, from the start on; together they are no longer than the segment.
    pub(crate) fn write<'a>(
        &mut self,
        data: impl Iterator<Item = Part<'a>> + Clone,
        behind: [Part<'_>; 2],
    ) -> io::Result<()> {
        let lengths = data.clone().map(|part| part.bytes());
        let length = lengths.sum::<usize>() + behind[0].bytes() + behind[1].bytes();
        assert!(length <= self.size, "the segment was chosen for it");
        // The system need not clear new memory before it writes there; through a mapping it would.
        if length > self.written || !self.map() {
            let mut at = 0;
            let mut write = |part: Part<'_>| {
                let start = at;
                at += part.bytes() as u64;
                write_at(&self.file, part, start)
            };
            for part in data {
                write(part)?;
            }
            for part in behind {
                write(part)?;
            }
            self.written = self.written.max(length);
            return Ok(());
        }
        let Some(map) = &self.map else { return Ok(()) };
        if length > self.touched {
            map.touch(self.touched..self.written, Advice::LinuxPopulateWrite);
            self.touched = self.written;
        }
        let mut at = 0;
        let mut write = |part: Part<'_>| {
            // SAFETY: `at + part.bytes() <= length <= size`, which is what is mapped and can never shrink. No reference of
            // ours leads there but this one, and nothing is read through it. The other end may look meanwhile, at its own
            // risk.
            let place = unsafe { slice::from_raw_parts_mut(map.start.add(at), part.bytes()) };
            at += place.len();
            match part {
                Part::Bytes(bytes) => place.copy_from_slice(bytes),
                Part::Filled { fill, .. } => fill(0, place),
            }
        };
        data.for_each(&mut write);
        behind.into_iter().for_each(write);
        Ok(())
    }

    fn map(&mut self) -> bool {
        if self.map.is_none() {
            let access = ProtFlags::READ | ProtFlags::WRITE;
            self.map = Map::new(&self.file, self.size, access).ok();
        }
        self.map.is_some()
    }
}

fn write_at(file: &OwnedFd, part: Part<'_>, at: u64) -> io::Result<()> {
    match part {
        Part::Bytes(bytes) => write_bytes(file, bytes, at),
        Part::Filled { bytes, fill } => {
            let mut piece = vec![0; bytes.min(PIECE)];
            for offset in (0..bytes).step_by(PIECE) {
                let piece = &mut piece[..PIECE.min(bytes - offset)];
                fill(offset, piece);
                write_bytes(file, piece, at + offset as u64)?;
            }
            Ok(())
        }
    }
}

fn write_bytes(file: &OwnedFd, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match retry_on_intr(|| pwrite(file, bytes, at))? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => {
                bytes = &bytes[count..];
                at += count as u64;
            }
        }
    }
    Ok(())
}

/// A segment of the other end, to be copied from.
#[derive(Debug)]
pub(crate) struct Foreign {
    map: Map,
}

impl Foreign {
    /// Maps what came as a descriptor.
    ///
    /// # Errors
    /// What is wrong with it: anything but a sealed memory file of that size.
    pub(crate) fn new(file: OwnedFd, size: usize) -> Result<Foreign, String> {
        let refused = |error: rustix::io::Errno| format!("a segment was refused: {error}");
        let seals = fcntl_get_seals(&file).map_err(refused)?;
        if !seals.contains(SEALS) {
            return Err(format!("a segment is not sealed; found {seals:?}"));
        }
        let stat = fstat(&file).map_err(refused)?;
        let is_memory = fstatfs(&file).map_err(refused)?.f_type as u64 == TMPFS;
        if !is_memory || FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err("a segment is no memory file".into());
        }
        if stat.st_size as u64 != size as u64 {
            let found = stat.st_size;
            return Err(format!("a segment has {found} bytes; expected {size}"));
        }
        let map = Map::new(&file, size, ProtFlags::READ)
            .map_err(|error| format!("a segment cannot be mapped: {error}"))?;
        Ok(Foreign { map })
    }

    pub(crate) fn size(&self) -> usize {
        self.map.length
    }

    /// Has the first bytes there at once. `touched`: so many are already.
    pub(crate) fn touch(&self, touched: usize, length: usize) {
        self.map.touch(touched..length, Advice::LinuxPopulateRead);
    }

    /// Copies `length` bytes from `at` on.
    ///
    /// # Safety
    /// `into` has room for `length` bytes, apart from the segment.
    pub(crate) unsafe fn copy_to(&self, at: usize, into: *mut u8, length: usize) {
        let end = at.checked_add(length);
        assert!(
            end.is_some_and(|end| end <= self.map.length),
            "checked when the message came"
        );
        // SAFETY: the range is mapped, and its file can neither shrink nor be another. The other end may write there
        // meanwhile: then what was copied is neither the old nor the new, which is its own affair.
        unsafe { ptr::copy_nonoverlapping(self.map.start.add(at), into, length) };
    }
}
