//! Kernels that read through pointers, on memory that ends where the processor stops them: a byte read or
//! written before the first or behind the last of a slice ends the test with a fault.

use std::ffi::{c_int, c_long, c_void};

use super::super::linear::{PlaneSums, Target, TileRows, int4, int8, low_dot, plane};
use super::super::pack::{BLOCK, GROUP, LINE, Line, PAD};
use super::super::rows::Spread;
use super::*;

/// The size of a page, and of any that a processor here may have.
const PAGE: usize = 1 << 16;

// What the C library of every Unix offers, which std links.
unsafe extern "C" {
    fn mmap(
        at: *mut c_void,
        length: usize,
        may: c_int,
        how: c_int,
        file: c_int,
        from: c_long,
    ) -> *mut c_void;
    fn mprotect(at: *mut c_void, length: usize, may: c_int) -> c_int;
    fn munmap(at: *mut c_void, length: usize) -> c_int;
}

/// Numbers between two pages that nobody may touch.
struct Guarded<T> {
    mapping: *mut c_void,
    size: usize,
    start: *mut T,
    count: usize,
}

/// Which end of the numbers lies at a guard.
#[derive(Clone, Copy, Debug)]
enum End {
    First,
    Last,
}

impl<T: Copy> Guarded<T> {
    /// A copy of these numbers.
    fn of(numbers: &[T], end: End) -> Self {
        let inside = size_of_val(numbers).next_multiple_of(PAGE);
        let size = inside + 2 * PAGE;
        let (read_write, private_anonymous) = (3, 0x22);
        // SAFETY: a new mapping, of which the middle stays accessible; the copy fits into the middle,
        // and starts on a boundary of `T`, whose size divides the page's.
        unsafe {
            let mapping = mmap(std::ptr::null_mut(), size, read_write, private_anonymous, -1, 0);
            assert_ne!(mapping.addr(), usize::MAX, "no memory");
            assert_eq!(mprotect(mapping, PAGE, 0), 0);
            assert_eq!(mprotect(mapping.byte_add(PAGE + inside), PAGE, 0), 0);
            let skip = match end {
                End::First => PAGE,
                End::Last => PAGE + inside - size_of_val(numbers),
            };
            let start = mapping.byte_add(skip).cast::<T>();
            std::ptr::copy_nonoverlapping(numbers.as_ptr(), start, numbers.len());
            Self { mapping, size, start, count: numbers.len() }
        }
    }
}

impl<T> std::ops::Deref for Guarded<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the copy that `of` has made.
        unsafe { std::slice::from_raw_parts(self.start, self.count) }
    }
}

impl<T> std::ops::DerefMut for Guarded<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.count) }
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing borrows from it any more.
        unsafe { munmap(self.mapping, self.size) };
    }
}

/// Quants from −127 to 127.
fn quants(seed: u64, count: usize) -> Vec<i8> {
    numbers(seed, count).iter().map(|number| (number * 127.0) as i8).collect()
}

fn lines(seed: u64, count: usize) -> Vec<Line> {
    let bytes = quants(seed, count * LINE);
    bytes.as_chunks::<LINE>().0.iter().map(|line| Line(line.map(|byte| byte as u8))).collect()
}

/// Every kernel on integers, on every level, with every number of rows.
#[test]
fn kernels_stay_inside_their_slices() {
    for end in [End::First, End::Last] {
        for (level, rows, stride) in Level::available()
            .into_iter()
            .flat_map(|level| (1..=6).map(move |rows| (level, rows)))
            .flat_map(|(level, rows)| [PAD, 3 * PAD].map(|stride| (level, rows, stride)))
        {
            let inputs = Guarded::of(&quants(1, rows * stride), end);
            let steps = Guarded::of(&vec![0.5; rows], end);
            let sums = Guarded::of(&vec![3; rows], end);
            let group_sums = Guarded::of(&vec![1; rows * stride / GROUP], end);
            let tile = TileRows {
                quants: &inputs,
                stride,
                scales: &steps,
                sums: &sums,
                group_sums: &group_sums,
            };
            for count in [BLOCK, 7] {
                for mode in [Mode::Store, Mode::Add] {
                    let mut out = Guarded::of(&vec![0.0; rows * count], end);
                    let out = Spread::new(&mut out);
                    let target = Target { out: &out, stride: count, row: 0, first: 0, count, mode };
                    let scales = Guarded::of(&[0.25; BLOCK], end);
                    int8(level, &Guarded::of(&lines(2, stride), end), &scales, tile, &target);
                    let steps = Guarded::of(&vec![0x3c00; stride / GROUP * BLOCK], end);
                    int4(level, &Guarded::of(&lines(3, stride / 2), end), &steps, tile, &target);
                }
            }
            let mut planes: Guarded<[i32; BLOCK]> = Guarded::of(&[[0; BLOCK]; 6], end);
            let sums: &mut PlaneSums = (&mut *planes).try_into().unwrap();
            plane(level, &Guarded::of(&lines(4, stride / 2), end), tile, sums);
            let low = Guarded::of(&lines(5, stride / PAD), end);
            let input = Guarded::of(&quants(6, stride), end);
            low_dot(level, &low, &input);
        }
    }
}

/// One query over a memory whose keys, values and bias end at a guard.
#[test]
fn attention_stays_inside_its_slices() {
    fn look<E: Cell>(level: Level, width: usize, places: usize, end: End) {
        let room = places.next_multiple_of(PLACES);
        let keys = Guarded::of(&vec![E::default(); room / PLACES * E::key_block(width)], end);
        let values = Guarded::of(&vec![E::default(); E::values(room, width)], end);
        let (query, bias) =
            (Guarded::of(&vec![1.0; width], end), Guarded::of(&vec![0.5; places], end));
        let mut found = Guarded::of(&vec![0.0; width], end);
        let mut acts = Acts::new(Form::Floats);
        acts.resize(1, width);
        let (team, mut scratch) = (Team::new(1, "test").unwrap(), Scratch::default());
        scratch.reserve(&team, 0);
        let heads = Heads { count: 1, width };
        let asking = Asking {
            queries: &query,
            stride: width,
            heads,
            scratch: &mut scratch,
            found: &mut found,
            acts: &mut acts,
        };
        let memory = Memory { keys: &keys, values: &values, places };
        let bias: &[f32] = &bias;
        attend_rows((level, &team), asking, |_, _| (memory, bias));
    }
    for level in Level::available() {
        for (width, places) in [(64, 1), (64, 33), (128, 16), (80, 20)] {
            for end in [End::First, End::Last] {
                look::<f32>(level, width, places, end);
                look::<u32>(level, width, places, end);
            }
        }
    }
}
