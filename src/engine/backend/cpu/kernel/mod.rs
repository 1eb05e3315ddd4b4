//! The kernels: what a processor does with packed weights and rows of numbers.
//!
//! Everything above this module is safe code that calls the functions here with slices; sizes are
//! checked on the way in. Each integer kernel exists for AVX-512 VNNI, AVX2 and NEON (with its dot
//! product and without) by hand and in portable Rust, which is also what the property tests hold the
//! others against; the kernels on f32 and bf16 rows are one portable text each, compiled for every
//! level of the processor with its own registers ([`lanes::Lanes`]).
//!
//! Integer sums are exact, and every f32 sum runs in an order that depends on the row alone, so a
//! row's numbers are the same bits whatever stands beside it and however many threads compute.
//!
//! This is the only module of the crate with `unsafe` code. Each block says what it relies on.

#![expect(unsafe_code, reason = "vector instructions and memory shared by a team of threads")]
#![expect(clippy::as_conversions, reason = "numbers change their kind here, on purpose")]
#![expect(
    clippy::indexing_slicing,
    reason = "sizes are checked where a kernel is entered; a check in each step would cost its speed"
)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "quantised numbers are cut to their range before they are cast"
)]
#![expect(
    clippy::needless_range_loop,
    reason = "loops over lanes and tiles have a constant length, and become registers"
)]
#![expect(
    clippy::inline_always,
    reason = "the text of a kernel must be compiled into the function that has the instructions"
)]
#![expect(
    clippy::too_many_arguments,
    reason = "slices and their sizes; structs for them would be taken apart at once"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod acts;
mod attend;
#[cfg(target_arch = "x86_64")]
mod attend_bf16;
mod cell;
mod lanes;
mod level;
mod linear;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pack;
mod portable;
mod rows;
mod team;

pub(super) use acts::{Acts, Form};
pub(super) use attend::{
    Asking, Heads, Memory, PLACES, Rounding, Scratch, attend_rows, attend_texts, attend_written,
};
pub(super) use cell::Cell;
pub(super) use level::Level;
pub(super) use linear::{Mode, Screen, head, linear};
pub(super) use pack::{Float, Head, Weight, pack, pack_head, pack_rows};
pub(super) use rows::{Element, Gate, Summary, gate, norm, summaries, take};
pub(super) use team::Team;

#[cfg(test)]
mod tests;
