//! What recognising a task costs, in microseconds a prompt.
//!
//! Run with `cargo bench --bench task`. `mean` is CPU time by the thread's own clock, the best of
//! several rounds, so that a busy machine disturbs it little. `p99` is time on the wall, call by call:
//! the 99th percentile of thousands of calls, the best of several rounds.
#![expect(clippy::print_stdout, reason = "a bench reports to its reader")]
#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]

#[path = "../timing/mod.rs"]
mod timing;

use ambidex::inspect::task::{Asked, Model};
use ambidex::inspect::{Lang, size};
use std::hint::black_box;
use std::time::{Duration, Instant};
use timing::ROUNDS;

const SAMPLES: &[(&str, &str)] = &[
    (
        "English",
        "Please summarize the minutes of our meeting in two sentences. The team agreed that the new onboarding flow should ship in spring, that support will be trained before that, and that the budget of the project stays as it is. ",
    ),
    (
        "lines",
        "Extract all names and dates from the notes below.\n- Anna will call the client on Monday.\n- 12 boxes arrived on 3 May; two are damaged.\n\n1. Ask for a refund.\n2. Tell the warehouse.\n",
    ),
    (
        "Chinese",
        "请总结下面的会议纪要。团队一致认为新的注册流程应在春季上线，在此之前要完成客服培训，项目预算保持不变。没有人反对，但有些同事希望有更多的时间。",
    ),
    (
        "code",
        "```\nfn total(items: &[Item]) -> u64 {\n    items.iter().map(|item| item.price * item.count).sum()\n}\n```\nWhy is this slow?\n",
    ),
    ("digits", "1 2 3 4 5 6 7 8 9 0 "),
    ("signs", "?!:;{}()[]<>=+-*/ "),
    ("one letter", "aaaaaaaa"),
    ("line breaks", "\n\n\n\n"),
    ("emoji", "🦀🎉🚀✨"),
];

const SIZES: [usize; 4] = [365, 2_000, 16_000, 100_000];
const CALLS: usize = 4_000;
/// CPU time of one round of the mean.
const ROUND: Duration = Duration::from_millis(60);

fn main() {
    let model = Model::embedded();
    println!("microseconds a prompt\n{:<12} {:>8} {:>8} {:>8}", "", "bytes", "mean", "p99");
    for (name, sample) in SAMPLES {
        for size in SIZES {
            let text = sample.repeat(size / sample.len() + 1);
            let text = text.get(..text.floor_char_boundary(size)).unwrap_or_default();
            let asked = Asked { turn: text, lang: language(text), ..Asked::default() };
            let (mean, p99) = (mean(model, &asked), p99(model, &asked));
            println!("{name:<12} {size:>8} {mean:>8.2} {p99:>8.2}");
        }
    }
}

fn language(text: &str) -> Lang {
    size::Tally::of(text).lang()
}

fn mean(model: &Model, asked: &Asked<'_>) -> f64 {
    let guess = |_| {
        black_box(model.guess(black_box(asked)));
    };
    1e6 * timing::seconds(ROUND, 500, guess)
}

fn p99(model: &Model, asked: &Asked<'_>) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let mut calls: Vec<Duration> = (0..CALLS)
            .map(|_| {
                let start = Instant::now();
                black_box(model.guess(black_box(asked)));
                start.elapsed()
            })
            .collect();
        calls.sort_unstable();
        let slow = calls.get(CALLS - CALLS / 100).copied().unwrap_or_default();
        best = best.min(slow.as_secs_f64());
    }
    best * 1e6
}
