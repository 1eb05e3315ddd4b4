//! Numbers written in words, digit by digit: `four one one one`, 一三八零零.

/// Digits in words from which on they are read as a number.
const DIGITS_MIN: usize = 7;

/// Words for digits; a word is only one if no letter follows.
const ENGLISH: &[(&str, u8)] = &[
    ("zero", b'0'),
    ("oh", b'0'),
    ("one", b'1'),
    ("two", b'2'),
    ("three", b'3'),
    ("four", b'4'),
    ("five", b'5'),
    ("six", b'6'),
    ("seven", b'7'),
    ("eight", b'8'),
    ("nine", b'9'),
];
const CHINESE: &[(&str, u8)] = &[
    ("零", b'0'),
    ("〇", b'0'),
    ("一", b'1'),
    ("幺", b'1'),
    ("二", b'2'),
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
];

/// Words that show that digits may be spelled here at all.
pub(super) const SIGNS: &[&str] = &[
    "zero", "seven", "eight", "nine", "five", "零", "〇", "幺", "壹", "捌", "柒",
    // As mobile numbers begin.
    "一三", "一四", "一五", "一六", "一七", "一八", "一九",
];

/// A copy of the text with digits for their words, and where each byte comes from; `None` if no
/// number is spelled.
pub(super) fn read(text: &[u8]) -> Option<(Vec<u8>, Vec<usize>)> {
    let mut runs: Vec<Vec<(usize, usize, u8)>> = Vec::new();
    let mut run: Vec<(usize, usize, u8)> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if let Some((size, digit)) = word_at(text, at) {
            run.push((at, at + size, digit));
            at += size;
            continue;
        }
        let is_gap = text.get(at).is_some_and(|byte| matches!(byte, b' ' | b'-' | b',' | b'\n'));
        let goes_on = is_gap && run.last().is_some_and(|(_, end, _)| at - end < 2);
        if !goes_on && !run.is_empty() {
            runs.push(std::mem::take(&mut run));
        }
        at += 1;
    }
    runs.push(run);
    runs.retain(|run| run.len() >= DIGITS_MIN);
    if runs.is_empty() {
        return None;
    }
    let (mut bytes, mut origin) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
    let mut copied = 0;
    for run in runs {
        let (Some((start, ..)), Some((_, end, _))) = (run.first(), run.last()) else { continue };
        bytes.extend_from_slice(text.get(copied..*start).unwrap_or_default());
        origin.extend(copied..*start);
        bytes.extend(run.iter().map(|(.., digit)| *digit));
        origin.extend(run.iter().map(|(start, ..)| *start));
        copied = *end;
    }
    bytes.extend_from_slice(text.get(copied..).unwrap_or_default());
    origin.extend(copied..text.len());
    Some((bytes, origin))
}

/// The digit whose word begins here.
fn word_at(text: &[u8], at: usize) -> Option<(usize, u8)> {
    let rest = text.get(at..)?;
    let first = *rest.first()?;
    if first >= 0x80 {
        let found = CHINESE.iter().find(|(word, _)| rest.starts_with(word.as_bytes()))?;
        return Some((found.0.len(), found.1));
    }
    let is_inside =
        at.checked_sub(1).and_then(|before| text.get(before)).is_some_and(u8::is_ascii_alphabetic);
    if is_inside || !first.is_ascii_alphabetic() {
        return None;
    }
    let size = rest.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len());
    let word = rest.get(..size)?;
    let found = ENGLISH.iter().find(|(known, _)| word.eq_ignore_ascii_case(known.as_bytes()))?;
    Some((size, found.1))
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
