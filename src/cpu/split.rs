//! Work split into tasks, and buffers that several tasks write.

use core::{marker::PhantomData, ops::Range};

use rayon::prelude::*;

/// Runs `task(0)` to `task(tasks - 1)`, on all threads of the pool this is called from.
///
/// One task runs on the calling thread, without touching the pool.
pub(super) fn each(tasks: usize, task: impl Fn(usize) + Send + Sync) {
    if tasks <= 1 {
        (0..tasks).for_each(task);
    } else {
        (0..tasks).into_par_iter().with_max_len(1).for_each(task);
    }
}

/// How many tasks to make of `work` multiply-adds (or elements, which cost about as much):
/// none so small that handing it to another thread costs more than doing it.
pub(super) fn tasks(work: usize, units: usize) -> usize {
    const SMALLEST: usize = 200_000;
    (work / SMALLEST)
        .min(units)
        .min(rayon::current_num_threads() * 4)
        .max(1)
}

/// In how many parts, at most `most`, to cut `units`: such that all threads get the same, if there
/// is a number like that.
pub(super) fn even(units: usize, most: usize) -> usize {
    let most = most.min(units).max(1);
    let threads = rayon::current_num_threads();
    let fair = |parts: &usize| units.is_multiple_of(*parts) && parts.is_multiple_of(threads);
    (1..=most).rev().find(fair).unwrap_or(most)
}

/// The `i`-th of `parts` nearly equal ranges of `0..len`, each a multiple of `step` (but the last).
pub(super) fn part(len: usize, step: usize, parts: usize, i: usize) -> Range<usize> {
    let steps = len.div_ceil(step);
    (steps * i / parts * step).min(len)..(steps * (i + 1) / parts * step).min(len)
}

/// A slice that several tasks write at once, each its own elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared<'a> {
    start: *mut f32,
    len: usize,
    slice: PhantomData<&'a mut [f32]>,
}

// SAFETY: it stands for a `&mut [f32]`, whose elements may be written from any thread; that no two
// tasks hold the same element is what every caller of `range` promises.
unsafe impl Send for Shared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    pub(super) fn new(slice: &'a mut [f32]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            slice: PhantomData,
        }
    }

    /// The elements of `range`.
    ///
    /// # Panics
    /// If `range` is not inside the slice.
    ///
    /// # Safety
    /// No element of `range` may be in another range that is alive.
    #[inline(always)]
    pub(super) unsafe fn range(&self, range: Range<usize>) -> &'a mut [f32] {
        assert!(range.start <= range.end && range.end <= self.len);
        // SAFETY: inside the slice, and not in another live range.
        unsafe { core::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{even, part};

    #[test]
    fn even_parts_are_equal_where_they_can_be() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
        pool.unwrap().install(|| {
            for (units, most, parts) in [
                (12, 8, 6),
                (24, 8, 8),
                (4, 8, 4),
                (7, 8, 7),
                (9, 8, 8),
                (12, 1, 1),
                (1, 8, 1),
                (0, 8, 1),
            ] {
                assert_eq!(even(units, most), parts, "{units} {most}");
            }
        });
    }

    #[test]
    fn parts_cover_everything_once() {
        for len in [0, 1, 7, 8, 9, 64, 1000] {
            for step in [1, 8, 48] {
                for parts in [1, 2, 3, 7] {
                    let mut at = 0;
                    for i in 0..parts {
                        let range = part(len, step, parts, i);
                        assert_eq!(range.start, at, "{len} {step} {parts} {i}");
                        at = range.end;
                    }
                    assert_eq!(at, len);
                }
            }
        }
    }
}
