//! Escapes that stand for one character: `\u0040` of JSON, `\x40` of C, `&#64;` and `&amp;` of HTML,
//! `%40` of URLs; also twice escaped (`%2540`, `\\u0040`, `&amp;#64;`).

/// Escapes inside escapes that are undone.
const DEPTH_MAX: u8 = 2;

/// The size of the escape at the beginning of the text, and the character that it stands for.
pub(super) fn read(text: &str) -> Option<(usize, char)> {
    at_depth(text, DEPTH_MAX)
}

fn at_depth(text: &str, depth: u8) -> Option<(usize, char)> {
    let (size, letter) = match text.as_bytes().first()? {
        b'\\' => backslash(text),
        b'%' => percent(text),
        b'&' => entity(text),
        _ => None,
    }?;
    // The first character of another escape?
    if depth > 1 && matches!(letter, '\\' | '%' | '&') {
        let rest = text.get(size..)?;
        let again: String = std::iter::once(letter).chain(rest.chars().take(9)).collect();
        if let Some((inner, decoded)) = at_depth(&again, depth - 1) {
            return Some((size + inner - letter.len_utf8(), decoded));
        }
    }
    Some((size, letter))
}

fn backslash(text: &str) -> Option<(usize, char)> {
    let slashes = text.bytes().take(4).take_while(|byte| *byte == b'\\').count();
    let rest = text.get(slashes..)?;
    let (digits, prefix) = match rest.as_bytes().first()? {
        b'u' => (4, 1),
        b'x' => (2, 1),
        _ => return None,
    };
    let value = hex(rest.get(prefix..prefix + digits)?)?;
    let size = slashes + prefix + digits;
    if (0xD800..0xDC00).contains(&value) {
        let low = text.get(size..)?.trim_start_matches('\\').strip_prefix('u')?;
        let low = hex(low.get(..4)?).filter(|low| (0xDC00..0xE000).contains(low))?;
        let letter = char::from_u32(0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00))?;
        return Some((size * 2, letter));
    }
    char::from_u32(value).map(|letter| (size, letter))
}

/// One percent-encoded character, of up to four bytes in UTF-8.
fn percent(text: &str) -> Option<(usize, char)> {
    let byte = |place: usize| -> Option<u8> {
        let digits = text.get(place..place + 3)?.strip_prefix('%')?;
        u8::try_from(hex(digits)?).ok()
    };
    let first = byte(0)?;
    let size = match first {
        0x20..=0x7E | b'\n' | b'\t' => return Some((3, char::from(first))),
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let bytes: Option<smallvec::SmallVec<[u8; 4]>> =
        (0..size).map(|index| byte(index * 3)).collect();
    let bytes = bytes?;
    let letter = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    Some((size * 3, letter))
}

fn entity(text: &str) -> Option<(usize, char)> {
    const NAMED: &[(&str, char)] = &[
        ("&amp;", '&'),
        ("&quot;", '"'),
        ("&apos;", '\''),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&nbsp;", ' '),
        ("&commat;", '@'),
        ("&period;", '.'),
        ("&colon;", ':'),
        ("&sol;", '/'),
        ("&hyphen;", '-'),
        ("&lowbar;", '_'),
    ];
    if let Some(body) = text.strip_prefix("&#") {
        let end = body.bytes().take(8).position(|byte| byte == b';')?;
        let number = body.get(..end)?;
        let value = match number.strip_prefix(['x', 'X']) {
            Some(digits) => hex(digits)?,
            None => number.parse().ok()?,
        };
        return char::from_u32(value).map(|letter| (end + 3, letter));
    }
    let found = NAMED.iter().find(|(name, _)| text.starts_with(name));
    found.map(|(name, letter)| (name.len(), *letter))
}

fn hex(digits: &str) -> Option<u32> {
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { u32::from_str_radix(digits, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn escapes_are_undone() {
        for text in [
            "\\u0040",
            "\\\\u0040",
            "\\x40",
            "%40",
            "%2540",
            "&#64;",
            "&#x40;",
            "&amp;#64;",
            "&commat;",
        ] {
            assert_eq!(read(text), Some((text.len(), '@')), "{text}");
        }
        assert_eq!(read("%E4%B8%AD"), Some((9, '中')));
        assert_eq!(read("\\ud83d\\ude00"), Some((12, '😀')));
    }

    #[test]
    fn other_signs_stay() {
        for text in
            ["%", "%zz", "100%", "%0", "%80", "\\n", "\\", "&", "&x;", "&#;", "&#x;", "\\u12"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
