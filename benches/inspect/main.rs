//! What inspection costs, in microseconds for each kilobyte of different kinds of text.
//!
//! Run with `cargo bench --bench inspect`. Each figure is the best of several rounds, so that a
//! busy machine disturbs it little.
#![expect(clippy::print_stdout, reason = "a bench reports to its reader")]
#![expect(clippy::disallowed_methods, reason = "measures real time; nothing is simulated here")]

use ambidex::inspect::{Leaf, Options, read};
use std::hint::black_box;
use std::time::Instant;

const ENGLISH: &str = "Please summarize the minutes of our meeting. The team agreed that the new \
    onboarding flow should ship in spring, that support will be trained before that, and that the \
    budget of the project stays as it is. Nobody objected, although some asked for more time. ";
const CHINESE: &str = "请总结下面的会议纪要。团队一致认为新的注册流程应在春季上线，在此之前要完成客服培训，\
    项目预算保持不变。没有人反对，但有些同事希望有更多的时间。";
const LOG: &str = r#"{"ts":"2024-01-15T10:23:45.123Z","level":"info","id":"550e8400-e29b-41d4-a716-446655440000","ms":1532,"ip":"10.12.0.7","msg":"order 1048576 shipped","sha":"9f86d081884c7d65"}
"#;
const SENSITIVE: &str = "Customer Jane, jane.doe@acme.com, +1 212 555 0143, paid with 4111 1111 \
    1111 1111 to GB82WEST12345698765432; her SSN is 536-22-8145. 身份证号11010519491231002X。 ";

const ROUNDS: u32 = 15;
const REPEATS: u32 = 400;

fn main() {
    let kinds = [
        ("English prose", ENGLISH),
        ("Chinese prose", CHINESE),
        ("JSON logs", LOG),
        ("sensitive", SENSITIVE),
    ];
    for (name, sample) in kinds {
        for size in [1_000, 100_000] {
            report(name, sample, size);
        }
    }
}

fn report(name: &str, sample: &str, size: usize) {
    let text = sample.repeat(size / sample.len() + 1);
    let text = text.get(..text.floor_char_boundary(size)).unwrap_or_default();
    let leaves = [Leaf { path: "messages[0].content", text, is_prose: true }];
    let repeats = if size > 10_000 { REPEATS / 100 } else { REPEATS };
    let best = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..repeats {
                black_box(read(black_box(&leaves), &Options::default()));
            }
            start.elapsed() / repeats
        })
        .min()
        .unwrap_or_default();
    let kilobytes = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX)) / 1000.0;
    println!("{name:<14} {size:>7} bytes  {:>7.2} us/KB", best.as_secs_f64() * 1e6 / kilobytes);
}
