//! What inspection costs, in microseconds of CPU time for each kilobyte of different kinds of text.
//!
//! Run with `cargo bench --bench inspect`. Each figure is the best of several rounds on one thread,
//! by the thread's own CPU clock, so that a busy machine disturbs it little. The last table holds
//! texts that were made to be slow: time must grow with their length and no faster.
#![expect(clippy::print_stdout, reason = "a bench reports to its reader")]

#[path = "../timing/mod.rs"]
mod timing;

use ambidex::inspect::{Leaf, Options, PackSet, read};
use std::hint::black_box;
use std::time::Duration;
use timing::cpu_time;

const PROSE: &[(&str, &str)] = &[
    (
        "English",
        "Please summarize the minutes of our meeting. The team agreed that the new onboarding flow should ship in spring, that support will be trained before that, and that the budget of the project stays as it is. Nobody objected, although some asked for more time. ",
    ),
    (
        "Chinese",
        "请总结下面的会议纪要。团队一致认为新的注册流程应在春季上线，在此之前要完成客服培训，项目预算保持不变。没有人反对，但有些同事希望有更多的时间。",
    ),
    (
        "Japanese",
        "会議の議事録を要約してください。チームは新しい登録フローを春に公開し、その前にサポート研修を行うことに同意しました。",
    ),
    (
        "Korean",
        "회의록을 요약해 주세요. 팀은 새로운 가입 절차를 봄에 출시하고 그 전에 지원팀을 교육하기로 합의했습니다. ",
    ),
    (
        "Russian",
        "Пожалуйста, кратко изложите протокол нашего совещания. Команда согласилась, что новый процесс должен быть запущен весной, а бюджет проекта не меняется. ",
    ),
    (
        "Arabic",
        "يرجى تلخيص محضر اجتماعنا. اتفق الفريق على إطلاق العملية الجديدة في الربيع وأن الميزانية لن تتغير. ",
    ),
    ("Hindi", "कृपया हमारी बैठक के कार्यवृत्त का सारांश दें। टीम सहमत हुई कि नई प्रक्रिया वसंत में शुरू होगी। "),
    (
        "German",
        "Bitte fasse das Protokoll unserer Sitzung zusammen. Das Team war sich einig, dass der neue Ablauf im Frühjahr eingeführt wird und die Schulung vorher stattfindet. ",
    ),
    (
        "code",
        "fn total(items: &[Item]) -> u64 {\n    items.iter().filter(|item| item.price > 100).map(|item| item.price * item.count).sum()\n}\n",
    ),
    (
        "logs of UUIDs",
        "{\"ts\":\"2024-01-15T10:23:45.123Z\",\"level\":\"info\",\"id\":\"550e8400-e29b-41d4-a716-446655440000\",\"ms\":1532,\"ip\":\"10.12.0.7\",\"msg\":\"order 1048576 shipped\",\"sha\":\"9f86d081884c7d65\"}\n",
    ),
    (
        "full of values",
        "Customer Jane, jane.doe@acme.com, +1 212 555 0143, paid with 4111 1111 1111 1111 to GB82WEST12345698765432; her SSN is 536-22-8145. 身份证号11010519491231002X。 ",
    ),
];

const ADVERSARIAL: &[(&str, &str)] = &[
    ("single digits", "1 2 3 4 5 6 7 8 9 0 "),
    ("digits and hyphens", "1-2-3-4-5-6-"),
    ("dotted digits", "1.1.1.1.1."),
    ("at signs", "a@a@a@"),
    ("base64", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo"),
    ("naming words", "name name phone card account "),
    ("passwords", "password password password: "),
    ("one letter", "aaaaaaaa"),
    ("percent escapes", "%41%42%43"),
    ("backslashes", "\\\\\\\\"),
    ("zero width", "a\u{200b}b\u{200b}"),
    ("pairs", "a:b=c:d="),
    ("house numbers", "号1号2路3号"),
    ("tables", "a,b,c\n1,2,3\n"),
    ("digits in words", "one two seven nine zero "),
    ("brackets", "[(\"'{[(\"'{"),
];

/// CPU time of one round.
const ROUND: Duration = Duration::from_millis(100);

fn main() {
    // The first look compiles everything; the clock's tick bounds what it can tell.
    let start = cpu_time();
    black_box(read(
        &[Leaf { path: "messages[0].content", text: "x", is_prose: true }],
        &Options::default(),
    ));
    let compiled = cpu_time().saturating_sub(start).as_millis();
    println!("compiled in {compiled} ms, give or take 4\n");
    println!("{:<20} {:>12} {:>12}", "us per KB", "1 KB", "100 KB");
    for (name, sample) in PROSE {
        println!("{name:<20} {:>12.2} {:>12.2}", cost(sample, 1_000), cost(sample, 100_000));
    }
    println!("\n{:<20} {:>12} {:>12}", "us per KB", "100 KB", "800 KB");
    for (name, sample) in ADVERSARIAL {
        println!("{name:<20} {:>12.2} {:>12.2}", cost(sample, 100_000), cost(sample, 800_000));
    }
}

/// Microseconds for each kilobyte of a text of this size.
fn cost(sample: &str, size: usize) -> f64 {
    let text = sample.repeat(size / sample.len() + 1);
    let text = text.get(..text.floor_char_boundary(size)).unwrap_or_default();
    let leaves = [Leaf { path: "messages[0].content", text, is_prose: true }];
    let options = Options { packs: PackSet::ALL, ..Options::default() };
    let look = |_| drop(black_box(read(black_box(&leaves), &options)));
    let kilobytes = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX)) / 1000.0;
    1e6 * timing::seconds(ROUND, 1 + 20_000 / size, look) / kilobytes
}
