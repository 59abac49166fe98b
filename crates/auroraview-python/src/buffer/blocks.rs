//! Memory for versions of a buffer: blocks of one size that are used again.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::convert::use_large_pages;
use crate::lock;

/// As array libraries like it.
const ALIGNMENT: usize = 64;
/// So many free blocks are kept. A page has at most two versions on their way and one that waits, besides the one that is
/// kept for documents to come.
const KEPT: usize = 4;

/// Bytes that stay where they are; zeros at first.
pub(super) struct Block {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: a block owns its memory, as a `Box<[u8]>` does.
unsafe impl Send for Block {}
// SAFETY: through a shared reference a block only tells where its memory is.
unsafe impl Sync for Block {}

impl Block {
    pub(super) fn new(bytes: usize) -> Block {
        let Some(layout) = Block::layout(bytes) else {
            return Block {
                start: NonNull::dangling(),
                bytes: 0,
            };
        };
        // SAFETY: the layout has a size that is not zero.
        let start = unsafe { alloc_zeroed(layout) };
        let Some(start) = NonNull::new(start) else {
            handle_alloc_error(layout)
        };
        use_large_pages(start.as_ptr(), bytes);
        Block { start, bytes }
    }

    /// `None` for no bytes, of which there is no memory.
    fn layout(bytes: usize) -> Option<Layout> {
        let layout = Layout::from_size_align(bytes, ALIGNMENT).ok()?;
        (bytes > 0).then_some(layout)
    }

    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    pub(super) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    pub(super) fn memory(&self) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(self.start, self.bytes)
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the memory is ours, has so many bytes, and all were zeros at least. Only blocks of a pool are read so,
        // and nobody else has their address.
        unsafe { std::slice::from_raw_parts(self.start(), self.bytes) }
    }
}

impl AsMut<[u8]> for Block {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `self` is borrowed for as long.
        unsafe { std::slice::from_raw_parts_mut(self.start(), self.bytes) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(layout) = Block::layout(self.bytes) {
            // SAFETY: it was allocated with this layout, and is not used any more.
            unsafe { dealloc(self.start(), layout) };
        }
    }
}

/// Blocks that nobody uses now.
pub(super) struct Pool {
    bytes: usize,
    free: Mutex<Vec<Block>>,
}

impl Pool {
    pub(super) fn new(bytes: usize) -> Arc<Pool> {
        Arc::new(Pool {
            bytes,
            free: Mutex::default(),
        })
    }

    pub(super) fn take(&self) -> Block {
        let free = lock(&self.free).pop();
        free.unwrap_or_else(|| Block::new(self.bytes))
    }

    /// The block's content, to be shared. When the last has let go of it, on whatever thread, it is free again.
    pub(super) fn lend(pool: &Arc<Pool>, block: Block) -> Bytes {
        Bytes::from_owner(Lent {
            block: Some(block),
            pool: Arc::clone(pool),
        })
    }
}

struct Lent {
    block: Option<Block>,
    pool: Arc<Pool>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.block.as_ref().map(AsRef::as_ref).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(block) = self.block.take() {
            let mut free = lock(&self.pool.free);
            if free.len() < KEPT {
                free.push(block);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_everybody_let_go_of_is_used_again() {
        let pool = Pool::new(100);
        let mut block = pool.take();
        block.as_mut().fill(7);
        let start = block.start();
        let lent = Pool::lend(&pool, block);
        let other = lent.clone();
        drop(lent);
        assert_ne!(pool.take().start(), start);
        assert_eq!(*other, [7; 100]);
        drop(other);
        assert_eq!(pool.take().start(), start);
    }

    #[test]
    fn what_came_back_at_once_is_not_all_kept() {
        let pool = Pool::new(16);
        let lent: Vec<_> = (0..KEPT + 3)
            .map(|_| Pool::lend(&pool, pool.take()))
            .collect();
        drop(lent);
        assert_eq!(lock(&pool.free).len(), KEPT);
    }

    #[test]
    fn no_bytes_are_a_block_too() {
        let pool = Pool::new(0);
        assert!(Pool::lend(&pool, pool.take()).is_empty());
    }
}
