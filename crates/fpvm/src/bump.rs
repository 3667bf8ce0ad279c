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
    use proptest::prelude::*;
    use std::{boxed::Box, sync::Mutex, vec::Vec};

    const PLACES: usize = 4_096;

    #[repr(align(4096))]
    struct Page([u8; PLACES]);

    /// A page that is never given back, but stays known to who looks for leaks.
    fn page(_: usize) -> *mut u8 {
        static PAGES: Mutex<Vec<usize>> = Mutex::new(Vec::new());
        let page = Box::leak(Box::new(Page([0; PLACES]))).0.as_mut_ptr();
        PAGES.lock().unwrap().push(page as usize);
        page
    }

    /// An allocator on a page and no more.
    fn small() -> Bump {
        let start = page(PLACES) as usize;
        Bump { next: Cell::new(start), touched: Cell::new(start), end: Cell::new(start + PLACES), source: page }
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

    /// What is asked of the allocator; blocks by their place among those that there are.
    #[derive(Debug, Clone)]
    enum Step {
        Give { size: usize, align: usize, is_zeroed: bool },
        Resize { which: usize, size: usize },
        TakeBack { which: usize },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let size = || prop_oneof![1..=24_usize, 1..=300_usize];
        let give = (size(), 0..=6_u32, any::<bool>());
        // Among the last mostly: what is newest is treated otherwise than the rest.
        let which = || prop_oneof![3 => Just(0_usize), 1 => any::<usize>()];
        let step = prop_oneof![
            give.prop_map(|(size, align, is_zeroed)| Step::Give { size, align: 1 << align, is_zeroed }),
            (which(), size()).prop_map(|(which, size)| Step::Resize { which, size }),
            which().prop_map(|which| Step::TakeBack { which }),
        ];
        proptest::collection::vec(step, 1..120)
    }

    /// A block as whoever asked for it knows it.
    struct Known {
        start: *mut u8,
        layout: Layout,
        content: Vec<u8>,
    }

    impl Known {
        /// Fills the block from `from` on with bytes that no other block has, and looks whether it is where it may be.
        fn filled(start: *mut u8, layout: Layout, mut content: Vec<u8>, mark: u8) -> Self {
            assert!((start as usize).is_multiple_of(layout.align()));
            let from = content.len().min(layout.size());
            content.resize(layout.size(), mark);
            // SAFETY: the block is as long as its layout says.
            unsafe { start.add(from).write_bytes(mark, layout.size() - from) };
            Self { start, layout, content }
        }

        fn is_as_it_was(&self) -> bool {
            // SAFETY: the block is as long as its layout says, and written.
            unsafe { core::slice::from_raw_parts(self.start, self.layout.size()) == self.content }
        }
    }

    /// Makes one step with the allocator and with what is known; memory may run out, and then nothing has changed.
    fn make(bump: &Bump, known: &mut Vec<Known>, step: Step, mark: u8) {
        let at = |which: usize, len: usize| len - 1 - which % len;
        match step {
            Step::Give { size, align, is_zeroed } => {
                let layout = layout(size, align);
                // SAFETY: the size isn't zero.
                let start = unsafe { if is_zeroed { bump.alloc_zeroed(layout) } else { bump.alloc(layout) } };
                if start.is_null() {
                    return;
                }
                // SAFETY: a zeroed block is written, as long as its layout says.
                let is_zero = || unsafe { core::slice::from_raw_parts(start, size) }.iter().all(|byte| *byte == 0);
                assert!(!is_zeroed || is_zero(), "a zeroed block is zero");
                known.push(Known::filled(start, layout, Vec::new(), mark));
            }
            Step::Resize { which, size } if !known.is_empty() => {
                let place = at(which, known.len());
                let Known { start, layout: old, .. } = known[place];
                // SAFETY: the block is there, with its layout, and the size isn't zero.
                let moved = unsafe { bump.realloc(start, old, size) };
                if !moved.is_null() {
                    let content = known.remove(place).content;
                    known.insert(place, Known::filled(moved, layout(size, old.align()), content, mark));
                }
            }
            Step::TakeBack { which } if !known.is_empty() => {
                let block = known.remove(at(which, known.len()));
                assert!(block.is_as_it_was());
                // SAFETY: the block is there, with its layout, and is not used again.
                unsafe { bump.dealloc(block.start, block.layout) };
            }
            Step::Resize { .. } | Step::TakeBack { .. } => {}
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(if cfg!(miri) { 8 } else { 400 })
        })]

        /// Whatever is asked for and given back in whatever order: nobody's bytes change but his own, which stay as he moves,
        /// and what is to be zero is. The little memory runs out in many of the cases.
        #[test]
        fn blocks_keep_their_bytes_whatever_is_asked_of_the_allocator(steps in steps()) {
            let bump = small();
            let mut known = Vec::new();
            for (step, mark) in steps.into_iter().zip(1..) {
                make(&bump, &mut known, step, mark);
                prop_assert!(known.iter().all(Known::is_as_it_was));
            }
        }
    }

    #[test]
    fn memory_that_is_used_up_is_not_given() {
        let bump = small();
        // SAFETY: the sizes are not zero, and the blocks not used.
        unsafe {
            let block = bump.alloc(layout(PLACES - 8, 8));
            assert!(!block.is_null() && bump.alloc(layout(9, 1)).is_null());
            assert!(bump.realloc(block, layout(PLACES - 8, 8), PLACES + 1).is_null());
            assert_eq!(bump.realloc(block, layout(PLACES - 8, 8), PLACES), block);
            assert!(bump.alloc(layout(1, 1)).is_null() && bump.alloc_zeroed(layout(1, 64)).is_null());
            bump.dealloc(block, layout(PLACES, 8));
            assert_eq!(bump.alloc(layout(PLACES, 8)), block);
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
