//! Every kernel against plain arithmetic, on every level that this processor has.

#[cfg(target_os = "linux")]
mod guarded;

use proptest::prelude::*;

use super::*;
use crate::engine::weights::Floats;

fn floats(numbers: &[f32]) -> Floats<'static> {
    Floats::of(numbers.to_vec())
}

/// The summary of one row.
fn summary(level: Level, x: &[f32]) -> Summary {
    let mut out = [Summary::default()];
    summaries((level, &Team::new(1, "test").unwrap()), x, x.len(), &mut Vec::new(), &mut out);
    out[0]
}

/// Numbers from −1 to 1 that repeat for a seed.
fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn rows_of(level: Level, team: &Team, numbers: &[f32], width: usize) -> Acts {
    let mut acts = Acts::new(Form::Quants);
    acts.resize(numbers.len() / width, width);
    take((level, team), numbers, &mut acts);
    acts
}

fn product(level: Level, team: &Team, weight: &Weight, acts: &Acts, mode: Mode) -> Vec<f32> {
    let stride = weight.outputs + 3;
    let mut out = vec![0.5; acts.rows * stride];
    linear((level, team), weight, acts, (&mut out, stride), mode);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Integer products are the same bits on every level, for any number of rows and threads.
    #[test]
    fn levels_and_threads_agree(
        outputs in 1_usize..150, inputs in 1_usize..200, rows in 1_usize..15, seed: u64,
    ) {
        let (one, three) = (Team::new(1, "test").unwrap(), Team::new(3, "test").unwrap());
        let weights = numbers(seed, outputs * inputs);
        let x = numbers(seed ^ 1, rows * inputs);
        for kind in [Float::Int8, Float::Int4] {
            let parts = [(floats(&weights), outputs)];
            let weight = pack(&parts, inputs, kind, Level::Portable);
            let acts = rows_of(Level::Portable, &one, &x, inputs);
            for mode in [Mode::Store, Mode::Add] {
                let expected = product(Level::Portable, &one, &weight, &acts, mode);
                for level in Level::available() {
                    let weight = pack(&parts, inputs, kind, level);
                    let acts = rows_of(level, &three, &x, inputs);
                    prop_assert_eq!(&product(level, &three, &weight, &acts, mode), &expected);
                }
            }
            // A row alone has the numbers that it has among others.
            for level in Level::available() {
                let all = product(level, &one, &weight, &acts, Mode::Store);
                let alone = rows_of(level, &one, &x[..inputs], inputs);
                let alone = product(level, &one, &weight, &alone, Mode::Store);
                prop_assert_eq!(&all[..alone.len()], &alone[..]);
            }
        }
    }

    /// Every kind of number is as near to the exact product as its bits allow.
    #[test]
    fn products_are_near(
        outputs in 1_usize..100, inputs in 1_usize..300, rows in 1_usize..4, seed: u64,
    ) {
        let team = Team::new(1, "test").unwrap();
        let weights = numbers(seed, outputs * inputs);
        let x = numbers(seed ^ 1, rows * inputs);
        for level in Level::available() {
            let acts = rows_of(level, &team, &x, inputs);
            let kinds = [(Float::F32, 1e-6), (Float::Bf16, 4e-3), (Float::Int8, 1.2e-2), (Float::Int4, 0.16)];
            for (kind, relative) in kinds {
                let weight = pack(&[(floats(&weights), outputs)], inputs, kind, level);
                let out = product(level, &team, &weight, &acts, Mode::Store);
                for row in 0..rows {
                    for output in 0..outputs {
                        let (x, w) = (&x[row * inputs..][..inputs], &weights[output * inputs..][..inputs]);
                        let exact: f64 = x.iter().zip(w).map(|(x, w)| f64::from(x * w)).sum();
                        let off = (f64::from(out[row * (outputs + 3) + output]) - exact).abs();
                        // Roundings are independent: their sum grows with the root of their number.
                        prop_assert!(off <= relative * (inputs as f64).sqrt() + 1e-5, "{kind:?} {off}");
                    }
                }
            }
        }
    }

    /// Four bits and a second look find the token that eight bits find, and its logit.
    #[test]
    fn the_head_finds_the_best(
        outputs in 1_usize..3_000, inputs in 16_usize..200, rows in 1_usize..9, seed: u64,
    ) {
        let (one, three) = (Team::new(1, "test").unwrap(), Team::new(3, "test").unwrap());
        let weights = numbers(seed, outputs * inputs);
        let x = numbers(seed ^ 1, rows * inputs);
        let mut reference: Option<Vec<f32>> = None;
        for level in Level::available() {
            let acts = rows_of(level, &one, &x, inputs);
            let packed = pack_head(&floats(&weights), (outputs, inputs), level);
            let run = |exact: &(dyn Fn(usize) -> bool + Sync)| {
                let mut both = [&one, &three].map(|team| {
                    let mut out = vec![0.0; rows * outputs];
                    head((level, team), &packed, &acts, (&mut out, &mut Screen::default()), exact);
                    out
                });
                assert_eq!(both[0], both[1], "the size of the team");
                std::mem::take(&mut both[0])
            };
            let (exact, quick) = (run(&|_| true), run(&|_| false));
            prop_assert_eq!(reference.get_or_insert_with(|| exact.clone()), &exact);
            let mixed = run(&|row| row % 2 == 0);
            for row in 0..rows {
                let part = row * outputs..(row + 1) * outputs;
                let (exact, quick) = (&exact[part.clone()], &quick[part.clone()]);
                let (known, found) = (summary(level, exact), summary(level, quick));
                prop_assert_eq!(found.place, known.place);
                prop_assert_eq!(quick[known.place].to_bits(), known.largest.to_bits());
                prop_assert!((found.log_sum_exp - known.log_sum_exp).abs() < 0.2);
                prop_assert_eq!(&mixed[part], if row % 2 == 0 { exact } else { quick });
            }
        }
    }

    #[test]
    fn a_summary_is_the_largest_and_the_log_of_the_sum(count in 1_usize..300, seed: u64) {
        let x: Vec<f32> = numbers(seed, count).iter().map(|x| x * 30.0).collect();
        let exact = x.iter().map(|x| f64::from(*x).exp()).sum::<f64>().ln();
        for level in Level::available() {
            let Summary { place, largest, log_sum_exp } = summary(level, &x);
            prop_assert!(x.iter().all(|x| *x <= largest) && x[place].total_cmp(&largest).is_eq());
            prop_assert!((f64::from(log_sum_exp) - exact).abs() < 1e-5 * (1.0 + exact.abs()));
        }
    }

    /// Texts side by side, and a last query over a memory, against plain softmax attention.
    #[test]
    fn attention_is_softmax_attention(
        lengths in prop::collection::vec(1_usize..40, 1..4), width in prop::sample::select(vec![2_usize, 8, 64, 80]),
        seed: u64,
    ) {
        let heads = Heads { count: 2, width };
        let (inner, total): (usize, usize) = (heads.inner(), lengths.iter().sum());
        let rows = numbers(seed, total * 3 * inner);
        let zero = 63;
        let diagonals: Vec<Vec<f32>> = (0..2).map(|head| numbers(seed ^ head, 127)).collect();
        let mut start = 0;
        let texts: Vec<_> = lengths.iter().map(|length| { start += length; start - length..start }).collect();
        let expect = |text: &std::ops::Range<usize>, head: usize, row: usize| -> Vec<f64> {
            let part = |row: usize, kind: usize| &rows[row * 3 * inner + kind * inner + head * width..][..width];
            let scores: Vec<f64> = text.clone().map(|other| {
                let dot: f64 = part(row, 0).iter().zip(part(other, 1)).map(|(q, k)| f64::from(q * k)).sum();
                dot + f64::from(diagonals[head][zero + other - row])
            }).collect();
            let sum: f64 = scores.iter().map(|score| score.exp()).sum();
            (0..width).map(|column| {
                let terms = scores.iter().zip(text.clone());
                terms.map(|(score, other)| score.exp() / sum * f64::from(part(other, 2)[column])).sum()
            }).collect()
        };
        for (level, size) in Level::available().into_iter().zip([1, 2, 3, 1]) {
            let team = Team::new(size, "test").unwrap();
            let mut scratch = Scratch::default();
            for (rounding, tolerance) in [(Rounding::Exact, 1e-4), (Rounding::Bf16, 5e-2)] {
                let mut out = vec![0.0; total * inner];
                let bias = (&diagonals[..], zero);
                attend_texts((level, &team), &rows, heads, &texts, bias, &mut scratch, (&mut out, rounding));
                for text in &texts {
                    for (row, head) in text.clone().flat_map(|row| [(row, 0), (row, 1)]) {
                        let found = &out[row * inner + head * width..][..width];
                        for (found, exact) in found.iter().zip(expect(text, head, row)) {
                            prop_assert!((f64::from(*found) - exact).abs() < tolerance, "{level:?}");
                        }
                    }
                }
            }
            // The last query of each text, over a memory in blocks.
            let queries: Vec<f32> =
                texts.iter().flat_map(|text| &rows[(text.end - 1) * 3 * inner..][..inner]).copied().collect();
            let exact = last_queries::<f32>((level, &team), (&rows, &queries), heads, &texts, (&diagonals, zero));
            let rounded = last_queries::<u32>((level, &team), (&rows, &queries), heads, &texts, (&diagonals, zero));
            for (out, tolerance) in [(exact, 1e-4), (rounded, 5e-2)] {
                for (index, text) in texts.iter().enumerate() {
                    for head in 0..2 {
                        let found = &out[index * inner + head * width..][..width];
                        for (found, exact) in found.iter().zip(expect(text, head, text.end - 1)) {
                            prop_assert!((f64::from(*found) - exact).abs() < tolerance, "{level:?}");
                        }
                    }
                }
            }
        }
    }
}

/// What the last place of each text finds in it.
fn last_queries<E: Cell>(
    here: (Level, &Team),
    (rows, queries): (&[f32], &[f32]),
    heads: Heads,
    texts: &[std::ops::Range<usize>],
    (diagonals, zero): (&[Vec<f32>], usize),
) -> Vec<f32> {
    let (inner, width) = (heads.inner(), heads.width);
    let memories: Vec<Vec<(Vec<E>, Vec<E>)>> = texts
        .iter()
        .map(|text| {
            (0..2)
                .map(|head| {
                    let room = text.len().next_multiple_of(PLACES);
                    let mut keys = vec![E::default(); room / PLACES * E::key_block(width)];
                    let mut values = vec![E::default(); E::values(room, width)];
                    for (place, row) in text.clone().enumerate() {
                        let part = |kind: usize| {
                            &rows[row * 3 * inner + kind * inner + head * width..][..width]
                        };
                        E::write_key(&mut keys, place, part(1));
                        E::write_value(&mut values, place, part(2));
                    }
                    (keys, values)
                })
                .collect()
        })
        .collect();
    let (mut found, mut scratch) = (vec![0.0; texts.len() * inner], Scratch::default());
    let mut acts = Acts::new(Form::Floats);
    acts.resize(texts.len(), inner);
    scratch.reserve(here.1, 0);
    let asking = Asking {
        queries,
        stride: inner,
        heads,
        scratch: &mut scratch,
        found: &mut found,
        acts: &mut acts,
    };
    attend_rows(here, asking, |row, head| {
        let places = texts[row].len();
        let (keys, values) = &memories[row][head];
        (Memory { keys, values, places }, &diagonals[head][zero + 1 - places..=zero])
    });
    (0..texts.len()).flat_map(|row| acts.row(row).to_vec()).collect()
}

#[test]
fn pieces_of_a_row_of_logits_come_to_what_the_whole_does() {
    let (rows, length) = (5, 2 * rows::PIECE + 37);
    let mut x = numbers(9, rows * length);
    x[length + 30] = 50.0;
    x[length + 2_000] = 50.0;
    x[2 * length..3 * length].fill(f32::NEG_INFINITY);
    x[2 * length + 1_500] = -3.0;
    for level in Level::available() {
        let mut all = [1, 3].map(|size| {
            let (mut pieces, mut out) = (Vec::new(), vec![Summary::default(); rows]);
            let team = Team::new(size, "test").unwrap();
            summaries((level, &team), &x, length, &mut pieces, &mut out);
            out
        });
        assert_eq!(all[0], all[1], "the size of the team");
        for (row, out) in x.chunks(length).zip(all[0].drain(..)) {
            let best = super::super::super::best_of(row);
            assert_eq!((out.place, out.largest), (best.id as usize, best.logit));
            assert!((out.log_sum_exp - best.log_sum_exp).abs() < 1e-4);
        }
    }
}

#[test]
fn what_is_not_a_number_stays_so_in_bf16() {
    for bits in [0x7fff_ffff, 0xffff_ffff, 0x7f80_0001, 0x7fc0_0000_u32] {
        let number = f32::from_bits(bits);
        assert!(u16::from_f32(number).to_f32().is_nan(), "{bits:x}");
    }
    for number in [f32::INFINITY, f32::NEG_INFINITY, -0.0, 1.0] {
        assert_eq!(u16::from_f32(number).to_f32().to_bits(), number.to_bits());
    }
}

#[test]
fn norm_and_gate_are_what_the_papers_say() {
    let team = Team::new(2, "test").unwrap();
    let x = numbers(5, 8 * 70);
    let scale = numbers(6, 70);
    for level in Level::available() {
        let mut acts = Acts::new(Form::Quants);
        acts.resize(8, 70);
        norm((level, &team), &x, (&scale, 1e-6), &mut acts);
        for row in 0..8 {
            let x = &x[row * 70..][..70];
            let mean = x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / 70.0;
            for (out, (x, scale)) in acts.row(row).iter().zip(x.iter().zip(&scale)) {
                let exact = f64::from(*x) / (mean + 1e-6).sqrt() * f64::from(*scale);
                assert!((f64::from(*out) - exact).abs() < 1e-5);
            }
        }
        let mut acts = Acts::new(Form::Quants);
        acts.resize(4, 70);
        let wide: Vec<f32> = x.iter().map(|x| x * 12.0).collect();
        gate((level, &team), &wide, Gate::Gelu, &mut acts);
        for row in 0..4 {
            for (column, out) in acts.row(row).iter().enumerate() {
                let (a, b) =
                    (f64::from(wide[row * 140 + column]), f64::from(wide[row * 140 + 70 + column]));
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (a + 0.044_715 * a.powi(3));
                let exact = 0.5 * a * (1.0 + inner.tanh()) * b;
                assert!(
                    (f64::from(*out) - exact).abs() < 2e-5 * (1.0 + exact.abs()),
                    "{out} {exact}"
                );
            }
        }
    }
}

#[test]
fn a_team_does_every_part_once_and_survives_a_panic() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    for size in 1..5 {
        let team = Team::new(size, "test").unwrap();
        for count in [0, 1, 7, 100] {
            let done: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            team.run(&|member| {
                for index in team.share(count, member) {
                    done[index].fetch_add(1, Ordering::Relaxed);
                }
            });
            assert!(done.iter().all(|done| done.load(Ordering::Relaxed) == 1));
        }
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            team.run(&|member| assert!(member + 1 < size, "the last member breaks"));
        }));
        assert!(broken.is_err());
        let sum = AtomicUsize::new(0);
        team.run(&|member| {
            sum.fetch_add(member, Ordering::Relaxed);
        });
        assert_eq!(sum.load(Ordering::Relaxed), size * (size - 1) / 2);
    }
}
