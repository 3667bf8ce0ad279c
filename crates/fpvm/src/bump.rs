//! The allocator: it goes forward through memory, and back only over what it gave out last.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    ptr::null_mut,
};

/// Bytes that every block's start and length are multiples of.
const UNIT: usize = 8;

/// A bump allocator. No memory but the newest block's is used again: a program on a VM is short, and its pages
/// cost nothing until they are touched.
#[derive(Debug)]
pub struct Bump {
    /// Where the next block starts; a multiple of [`UNIT`].
    next: Cell<usize>,
    /// Where memory ends.
    end: Cell<usize>,
    /// From here on, or from `next` where that is further, memory is still zero.
    touched: Cell<usize>,
    /// Gives the memory, when it is first asked for: as many bytes, all zero, as it is told.
    source: fn(usize) -> *mut u8,
}

// SAFETY: a VM runs one thread; natively each test has an allocator of its own.
unsafe impl Sync for Bump {}

impl Bump {
    /// Bytes of memory: more than any program writes.
    const LEN: usize = 1 << 40;

    /// An allocator on memory from `source`.
    pub const fn new(source: fn(usize) -> *mut u8) -> Self {
        Self { next: Cell::new(0), end: Cell::new(0), touched: Cell::new(0), source }
    }

    /// A block of `len` bytes, a multiple of [`UNIT`].
    #[inline]
    fn take(&self, len: usize, align: usize) -> *mut u8 {
        let mut start = self.next.get();
        if align > UNIT {
            start = start.wrapping_add(align - 1) & !(align - 1);
        }
        // `len` is at most half the address space.
        if start.wrapping_add(len) > self.end.get() {
            return self.more(len, align);
        }
        self.next.set(start + len);
        start as *mut u8
    }

    #[cold]
    fn more(&self, len: usize, align: usize) -> *mut u8 {
        if self.end.get() != 0 {
            return null_mut();
        }
        let start = (self.source)(Self::LEN) as usize;
        self.next.set(start);
        self.touched.set(start);
        self.end.set(start + Self::LEN);
        self.take(len, align)
    }

    /// Lets the next block start at `start`, which is not beyond where it does now.
    #[inline]
    fn back_to(&self, start: usize) {
        self.touched.set(self.touched.get().max(self.next.get()));
        self.next.set(start);
    }
}

/// `len` rounded up to whole units.
#[inline]
const fn whole(len: usize) -> usize {
    (len + (UNIT - 1)) & !(UNIT - 1)
}

// SAFETY: blocks start where the one before ended or further, so they don't overlap; a block is given out again only
// when it was given back; its start is aligned.
unsafe impl GlobalAlloc for Bump {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(whole(layout.size()), layout.align())
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if block as usize + whole(layout.size()) == self.next.get() {
            self.back_to(block as usize);
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let len = whole(layout.size());
        let block = self.take(len, layout.align());
        let start = block as usize;
        if !block.is_null() && start < self.touched.get() {
            let used = len.min(self.touched.get() - start);
            // SAFETY: within the new block.
            unsafe { block.write_bytes(0, used) };
        }
        block
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let (old, new) = (whole(layout.size()), whole(new_size));
        let start = block as usize;
        if start + old == self.next.get() && start + new <= self.end.get() {
            if new < old {
                self.back_to(start + new);
            } else {
                self.next.set(start + new);
            }
            return block;
        }
        if new <= old {
            return block;
        }
        let moved = self.take(new, layout.align());
        if !moved.is_null() {
            // SAFETY: both blocks are the caller's, don't overlap, and the old one is the shorter.
            unsafe { moved.copy_from_nonoverlapping(block, layout.size()) };
        }
        moved
    }
}

#[cfg(target_os = "none")]
#[global_allocator]
static ALLOCATOR: Bump = Bump::new(crate::system::map);
