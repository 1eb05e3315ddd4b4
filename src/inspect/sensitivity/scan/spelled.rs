//! Numbers written in words, digit by digit: `four one one one`, 一三八零零, `cinco cinco dash ocho`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Digits from which on a run of words is read as a number.
const DIGITS_MIN: usize = 7;
/// Least of them in words: the others may be written in figures.
const WORDS_MIN: usize = 4;
/// The longest word for a digit, in bytes.
const WORD_MAX: usize = 24;

/// Words for the digits from zero on, by language; of those that stand in one place, any will do.
const DIGITS: &[[&str; 10]] = &[
    ["zero|oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine|niner"],
    [
        "null",
        "eins|ein",
        "zwei|zwo",
        "drei",
        "vier",
        "fünf|fuenf",
        "sechs",
        "sieben",
        "acht",
        "neun",
    ],
    ["zéro|zero", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"],
    ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"],
    ["zero", "um|uma", "dois|duas", "três", "quatro", "cinco", "seis|meia", "sete", "oito", "nove"],
    ["zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"],
    ["nul", "een|één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen"],
    ["zero", "jeden", "dwa", "trzy", "cztery", "pięć", "sześć", "siedem", "osiem", "dziewięć"],
    ["ноль|нуль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"],
    ["noll", "ett", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio"],
    ["sıfır", "bir", "iki", "üç", "dört", "beş", "altı", "yedi", "sekiz", "dokuz"],
    ["nol|kosong", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan"],
    ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"],
    ["صفر", "واحد", "اثنان|اثنين", "ثلاثة", "أربعة|اربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة"],
    ["शून्य", "एक", "दो", "तीन", "चार", "पाँच|पांच", "छह|छः", "सात", "आठ", "नौ"],
];
/// Characters for digits in languages without gaps between words.
const CHARACTERS: &[(&str, u8)] = &[
    ("零", b'0'),
    ("〇", b'0'),
    ("洞", b'0'),
    ("一", b'1'),
    ("幺", b'1'),
    ("二", b'2'),
    ("两", b'2'),
    ("三", b'3'),
    ("四", b'4'),
    ("五", b'5'),
    ("六", b'6'),
    ("七", b'7'),
    ("八", b'8'),
    ("九", b'9'),
    ("壹", b'1'),
    ("贰", b'2'),
    ("叁", b'3'),
    ("肆", b'4'),
    ("伍", b'5'),
    ("陆", b'6'),
    ("柒", b'7'),
    ("捌", b'8'),
    ("玖", b'9'),
    ("공", b'0'),
    ("영", b'0'),
    ("일", b'1'),
    ("이", b'2'),
    ("삼", b'3'),
    ("사", b'4'),
    ("오", b'5'),
    ("육", b'6'),
    ("칠", b'7'),
    ("팔", b'8'),
    ("구", b'9'),
];
/// Words that part the digits and are no digits: `dash` and the like.
const DASHES: &[&str] = &[
    "dash",
    "hyphen",
    "minus",
    "strich",
    "bindestrich",
    "tiret",
    "guion",
    "guión",
    "traço",
    "trattino",
    "streepje",
    "kreska",
    "myślnik",
    "тире",
    "дефис",
    "tire",
    "streck",
    "strip",
];
/// Words that repeat the next digit.
const REPEATERS: &[(&str, usize)] = &[
    ("double", 2),
    ("triple", 3),
    ("doppel", 2),
    ("doble", 2),
    ("dubbel", 2),
    ("doppio", 2),
    ("duplo", 2),
];

/// Words that show that digits may be spelled here at all.
pub(super) const SIGNS: &[&str] = &[
    "zero",
    "seven",
    "eight",
    "nine",
    "five",
    "零",
    "〇",
    "幺",
    "壹",
    "捌",
    "柒",
    // As mobile numbers begin.
    "一三",
    "一四",
    "一五",
    "一六",
    "一七",
    "一八",
    "一九",
    "공일공",
    "sieben",
    "neun",
    "fünf",
    "sechs",
    "null",
    "sept",
    "huit",
    "cinq",
    "zéro",
    "siete",
    "ocho",
    "nueve",
    "cero",
    "cinco",
    "sete",
    "oito",
    "nove",
    "sette",
    "otto",
    "cinque",
    "zeven",
    "negen",
    "vijf",
    "zes",
    "siedem",
    "osiem",
    "pięć",
    "семь",
    "восемь",
    "девять",
    "ноль",
    "sju",
    "åtta",
    "nio",
    "fem",
    "sıfır",
    "yedi",
    "sekiz",
    "beş",
    "tujuh",
    "delapan",
    "lima",
    "nol",
    "bảy",
    "tám",
    "chín",
    "سبعة",
    "خمسة",
    "صفر",
    "शून्य",
    "सात",
    "आठ",
];

/// How close two of them must stand, in bytes.
pub(super) const SIGNS_REACH: usize = 40;

/// What a word stands for.
#[derive(Clone, Copy)]
enum Spoken {
    Digit(u8),
    Dash,
    Repeat(usize),
}

static SPOKEN: LazyLock<BTreeMap<&str, Spoken>> = LazyLock::new(|| {
    let mut words = BTreeMap::new();
    for language in DIGITS {
        for (digit, names) in (b'0'..).zip(language) {
            words.extend(names.split('|').map(|name| (name, Spoken::Digit(digit))));
        }
    }
    words.extend(DASHES.iter().map(|dash| (*dash, Spoken::Dash)));
    words.extend(REPEATERS.iter().map(|(word, times)| (*word, Spoken::Repeat(*times))));
    words
});

/// A digit or dash with the place where it is spoken.
#[derive(Clone, Copy)]
struct Sign {
    start: usize,
    end: usize,
    byte: u8,
    is_word: bool,
}

/// A copy of the text with digits for their words, and where each byte comes from; `None` if no
/// number is spelled.
pub(super) fn read(text: &[u8]) -> Option<(Vec<u8>, Vec<usize>)> {
    let runs = runs(text);
    if runs.is_empty() {
        return None;
    }
    let (mut bytes, mut origin) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
    let mut copied = 0;
    for run in runs {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        bytes.extend_from_slice(text.get(copied..first.start).unwrap_or_default());
        origin.extend(copied..first.start);
        bytes.extend(run.iter().map(|sign| sign.byte));
        origin.extend(run.iter().map(|sign| sign.start));
        copied = last.end;
    }
    bytes.extend_from_slice(text.get(copied..).unwrap_or_default());
    origin.extend(copied..text.len());
    Some((bytes, origin))
}

/// The runs of words for digits that are long enough.
fn runs(text: &[u8]) -> Vec<Vec<Sign>> {
    let mut runs = Vec::new();
    let mut run: Vec<Sign> = Vec::new();
    let (mut at, mut times, mut end) = (0, 1, 0);
    while at < text.len() {
        let is_gap =
            text.get(at).is_some_and(|byte| matches!(byte, b' ' | b'-' | b',' | b'.' | b'\n'));
        if is_gap {
            at += 1;
            continue;
        }
        let spoken = spoken_at(text, at);
        if at - end > 2 || spoken.is_none() {
            close(&mut runs, &mut run);
        }
        let size = spoken.map_or_else(|| word_size(text, at), |(size, ..)| size);
        match spoken {
            Some((size, Spoken::Repeat(more), _)) => (times, end) = (more, at + size),
            Some((size, Spoken::Dash, _)) => {
                if !run.is_empty() {
                    run.push(Sign { start: at, end: at + size, byte: b'-', is_word: false });
                }
                end = at + size;
            }
            Some((size, Spoken::Digit(byte), is_word)) => {
                let sign = Sign { start: at, end: at + size, byte, is_word };
                run.extend(std::iter::repeat_n(sign, times));
                (times, end) = (1, at + size);
            }
            None => {}
        }
        at += size.max(1);
    }
    close(&mut runs, &mut run);
    runs
}

/// Keeps a run that is long enough, without dashes at its end.
fn close(runs: &mut Vec<Vec<Sign>>, run: &mut Vec<Sign>) {
    let mut run = std::mem::take(run);
    while run.pop_if(|last| last.byte == b'-').is_some() {}
    let digits = run.iter().filter(|sign| sign.byte != b'-').count();
    let words = run.iter().filter(|sign| sign.is_word).count();
    if digits >= DIGITS_MIN && words >= WORDS_MIN {
        runs.push(run);
    }
}

/// The length of the word or character that stands here.
fn word_size(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    match rest.first() {
        // Languages without gaps: one character.
        Some(0xE3..=0xED) => 3,
        _ => rest
            .iter()
            .position(|byte| {
                byte.is_ascii() && !byte.is_ascii_alphanumeric() || matches!(byte, 0xE3..=0xED)
            })
            .unwrap_or(rest.len()),
    }
}

/// What is spoken here: its size, what it stands for, whether it is a word rather than a figure.
fn spoken_at(text: &[u8], at: usize) -> Option<(usize, Spoken, bool)> {
    let rest = text.get(at..)?;
    let first = *rest.first()?;
    if matches!(first, 0xE3..=0xED) {
        let (word, digit) =
            CHARACTERS.iter().find(|(word, _)| rest.starts_with(word.as_bytes()))?;
        return Some((word.len(), Spoken::Digit(*digit), true));
    }
    let size = word_size(text, at);
    let word = rest.get(..size)?;
    // Figures between words are read one by one.
    if first.is_ascii_digit() {
        let is_figure = size <= 4 && word.iter().all(u8::is_ascii_digit);
        return is_figure.then_some((1, Spoken::Digit(first), false));
    }
    if !(2..=WORD_MAX).contains(&size) {
        return None;
    }
    let word = std::str::from_utf8(word).ok()?;
    let known = SPOKEN.get(word).copied();
    let known = known.or_else(|| {
        let is_capital = word.chars().next().is_some_and(char::is_uppercase);
        is_capital.then(|| SPOKEN.get(word.to_lowercase().as_str()).copied()).flatten()
    });
    known.map(|spoken| (size, spoken, true))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn spelled_digits_are_read() {
        let (bytes, origin) =
            read("call One three-eight zero, zero one three eight!".as_bytes()).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "call 13800138!");
        assert_eq!(origin.get(5..7), Some(&[5, 9][..]));
        let (bytes, _) = read("电话一三八零零一三八零零零。".as_bytes()).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "电话13800138000。");
        assert!(read("one or two of three".as_bytes()).is_none());
    }
}
