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
pub(crate) struct Bump {
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
    pub(crate) const fn new(source: fn(usize) -> *mut u8) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::boxed::Box;

    const PLACES: usize = 4_096;

    #[repr(align(4096))]
    struct Page([u8; PLACES]);

    fn page(_: usize) -> *mut u8 {
        Box::leak(Box::new(Page([0; PLACES]))).0.as_mut_ptr()
    }

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn blocks_are_aligned_and_apart() {
        let bump = Bump::new(page);
        let mut end = 0;
        for (size, align) in [(1, 1), (3, 2), (8, 8), (5, 64), (16, 16), (1, 1), (100, 32)] {
            // SAFETY: the sizes are not zero.
            let start = unsafe { bump.alloc(layout(size, align)) } as usize;
            assert!(start >= end && start.is_multiple_of(align.max(UNIT)));
            end = start + size;
        }
    }

    #[test]
    fn newest_block_is_given_back_and_others_are_not() {
        let bump = Bump::new(page);
        // SAFETY: blocks are given back with their layouts.
        unsafe {
            let (first, second) = (bump.alloc(layout(24, 8)), bump.alloc(layout(5, 1)));
            bump.dealloc(first, layout(24, 8));
            assert_ne!(bump.alloc(layout(24, 8)), first);
            let third = bump.alloc(layout(5, 1));
            bump.dealloc(third, layout(5, 1));
            assert_eq!(bump.alloc(layout(16, 8)), third);
            assert_ne!(second, third);
        }
    }

    #[test]
    fn newest_block_grows_and_shrinks_in_place() {
        let bump = Bump::new(page);
        // SAFETY: blocks are given with their layouts and used within them.
        unsafe {
            let block = bump.alloc(layout(10, 1));
            assert_eq!(bump.realloc(block, layout(10, 1), 100), block);
            assert_eq!(bump.realloc(block, layout(100, 1), 20), block);
            let next = bump.alloc(layout(8, 8));
            assert_eq!(next as usize, block as usize + 24);
            // No longer the newest: it moves, and its content with it.
            block.copy_from(b"0123456789abcdefghij".as_ptr(), 20);
            let moved = bump.realloc(block, layout(20, 1), 40);
            assert!(moved > next);
            assert_eq!(core::slice::from_raw_parts(moved, 20), b"0123456789abcdefghij");
            assert_eq!(bump.realloc(block, layout(20, 1), 24), block, "as many whole units");
        }
    }

    #[test]
    fn zeroed_memory_is_zero_also_where_it_was_used() {
        let bump = Bump::new(page);
        // SAFETY: blocks are given back with their layouts and used within them.
        unsafe {
            let used = bump.alloc(layout(100, 1));
            used.write_bytes(0xff, 100);
            assert_eq!(bump.realloc(used, layout(100, 1), 40), used);
            let rest = bump.alloc_zeroed(layout(200, 1));
            assert_eq!(rest as usize, used as usize + 40);
            assert!(core::slice::from_raw_parts(rest, 200).iter().all(|byte| *byte == 0));
            bump.dealloc(rest, layout(200, 1));
            bump.dealloc(used, layout(40, 1));
            let again = bump.alloc_zeroed(layout(104, 1));
            assert_eq!(again, used);
            assert!(core::slice::from_raw_parts(again, 104).iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn memory_that_there_is_not_is_not_given() {
        let bump = Bump::new(page);
        // SAFETY: the sizes are not zero, and the blocks not used.
        unsafe {
            let block = bump.alloc(layout(8, 8));
            let much = layout(Bump::LEN, 8);
            assert!(bump.alloc(much).is_null() && bump.alloc_zeroed(much).is_null());
            assert!(bump.realloc(block, layout(8, 8), Bump::LEN + 1).is_null());
            assert!(!bump.alloc(layout(8, 8)).is_null());
        }
    }
}
