//! Characters that stand for others: other digits, other widths, other alphabets.

/// What becomes of one character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    Keep,
    Drop,
    To(u8),
    /// A circled or bracketed number of up to two digits.
    Number(u32),
}

/// The first of each ten digits of a script that is written with its own.
const ZEROS: &[u32] = &[
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50,
    0xED0, 0xF20, 0x1040, 0x17E0, 0x1810,
];

pub(super) fn fold(letter: char) -> Fold {
    let code = u32::from(letter);
    match code {
        // zero-width characters, marks of direction, soft hyphen, byte order mark, variations
        0xAD
        | 0x300..=0x36F
        | 0x61C
        | 0x180E
        | 0x200B..=0x200F
        | 0x202A..=0x202E
        | 0x2060..=0x2069
        | 0x20E3
        | 0xFE00..=0xFE0F
        | 0xFEFF
        | 0xE0000..=0xE007F => Fold::Drop,
        0xA0 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => Fold::To(b' '),
        0x2010..=0x2015 | 0x2043 | 0x2212 | 0xFE58 | 0xFE63 => Fold::To(b'-'),
        0xFE6B => Fold::To(b'@'),
        0xB7 | 0x2022 | 0x2024 | 0x2219 | 0x22C5 | 0xFE52 => Fold::To(b'.'),
        0x2070 | 0x2074..=0x2079 => digit(code - 0x2070),
        0xB2 | 0xB3 => digit(code - 0xB0),
        0xB9 => Fold::To(b'1'),
        0x2080..=0x2089 => digit(code - 0x2080),
        0x2460..=0x2473 => Fold::Number(code - 0x2460 + 1),
        0x2474..=0x2487 => Fold::Number(code - 0x2474 + 1),
        0x2488..=0x249B => Fold::Number(code - 0x2488 + 1),
        0x24B6..=0x24CF => letter_of(b'A', code - 0x24B6),
        0x24D0..=0x24E9 => letter_of(b'a', code - 0x24D0),
        0x24EA | 0x24FF | 0x1F10B | 0x1F10C => Fold::To(b'0'),
        0x24F5..=0x24FE => Fold::Number(code - 0x24F5 + 1),
        0x2776..=0x277F => Fold::Number(code - 0x2776 + 1),
        0x2780..=0x2789 => Fold::Number(code - 0x2780 + 1),
        0x278A..=0x2793 => Fold::Number(code - 0x278A + 1),
        // bold, italic, script, double-struck, sans-serif and monospace letters and digits
        0x1D400..=0x1D6A3 => match (code - 0x1D400) % 52 {
            index @ 0..=25 => letter_of(b'A', index),
            index => letter_of(b'a', index - 26),
        },
        0x1D7CE..=0x1D7FF => digit((code - 0x1D7CE) % 10),
        0xFF01..=0xFF5E => full_width(code),
        _ => native_digit(code),
    }
}

fn digit(value: u32) -> Fold {
    letter_of(b'0', value)
}

fn letter_of(first: u8, index: u32) -> Fold {
    u8::try_from(index).map_or(Fold::Keep, |index| Fold::To(first + index))
}

fn native_digit(code: u32) -> Fold {
    if !(0x660..0x1820).contains(&code) {
        return Fold::Keep;
    }
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code));
    zero.map_or(Fold::Keep, |zero| digit(code - zero))
}

/// Full-width letters, digits and the signs that belong to values; full-width commas, colons and
/// brackets are ordinary Chinese punctuation and stay, so that most Chinese text is not copied.
fn full_width(code: u32) -> Fold {
    u8::try_from(code - 0xFF01 + 0x21)
        .ok()
        .filter(|byte| byte.is_ascii_alphanumeric() || b"@.-_+/=%#$&*".contains(byte))
        .map_or(Fold::Keep, Fold::To)
}

/// Full-width signs that are ordinary Chinese punctuation, but also stand in values.
pub(super) fn wide_sign(letter: char) -> Option<u8> {
    let code = u32::from(letter);
    if !(0xFF01..=0xFF5E).contains(&code) {
        return None;
    }
    u8::try_from(code - 0xFF01 + 0x21).ok().filter(|byte| b":;?!,~'\"".contains(byte))
}

/// Whether a letter is Greek or Cyrillic.
pub(super) const fn is_foreign(letter: char) -> bool {
    matches!(letter, '\u{370}'..='\u{3FF}' | '\u{400}'..='\u{52F}')
}

/// The Latin letter that a Greek or Cyrillic one looks like.
pub(super) const fn lookalike(letter: char) -> Option<u8> {
    Some(match letter {
        'А' | 'Α' => b'A',
        'В' | 'Β' => b'B',
        'С' | 'Ϲ' => b'C',
        'Е' | 'Ε' => b'E',
        'Н' | 'Η' => b'H',
        'І' | 'Ι' | 'Ӏ' => b'I',
        'Ј' => b'J',
        'К' | 'Κ' => b'K',
        'М' | 'Μ' => b'M',
        'Ν' => b'N',
        'О' | 'Ο' => b'O',
        'Р' | 'Ρ' => b'P',
        'Ѕ' => b'S',
        'Т' | 'Τ' => b'T',
        'Х' | 'Χ' => b'X',
        'У' | 'Υ' => b'Y',
        'Ζ' => b'Z',
        'а' | 'α' => b'a',
        'с' | 'ϲ' => b'c',
        'ԁ' => b'd',
        'е' => b'e',
        'һ' => b'h',
        'і' | 'ι' => b'i',
        'ј' => b'j',
        'к' | 'κ' => b'k',
        'о' | 'ο' => b'o',
        'р' | 'ρ' => b'p',
        'ѕ' => b's',
        'т' | 'τ' => b't',
        'υ' => b'u',
        'ν' => b'v',
        'х' | 'χ' => b'x',
        'у' => b'y',
        'З' | 'з' => b'3',
        _ => return None,
    })
}
