//! How long a text is in model tokens, without a tokenizer: one pass over the bytes counts words,
//! digits, signs and characters of other scripts, and each kind has its measured price in tokens.

use super::Lang;
use crate::money::Tokens;

/// What one pass over a text counted. Sums of several texts add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs of ASCII letters.
    pub words: u32,
    /// ASCII letters in all.
    pub letters: u32,
    /// Letters beyond the eighth of each word: long words are split.
    pub long_letters: u32,
    /// Runs of up to three digits: the tokenizers read digits by threes.
    pub digit_triples: u32,
    /// ASCII signs that follow a letter, a digit or a blank.
    pub signs: u32,
    /// Further signs in a row.
    pub sign_repeats: u32,
    /// Lines.
    pub lines: u32,
    /// Blanks that follow a blank.
    pub blanks: u32,
    /// Chinese characters.
    pub chinese: u32,
    /// Characters of two bytes: other alphabets, accents.
    pub two_bytes: u32,
    /// Other characters of three bytes: kana, hangul, full-width signs, typography.
    pub three_bytes: u32,
    /// Characters of four bytes: emoji, rare characters.
    pub four_bytes: u32,
}

/// What a byte is to the count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Digit,
    Blank,
    Line,
    Sign,
    Chinese,
    Two,
    Three,
    Four,
    Inner,
}

const fn kind(byte: u8) -> Kind {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => Kind::Letter,
        b'0'..=b'9' => Kind::Digit,
        b' ' | b'\t' => Kind::Blank,
        b'\n' | b'\r' => Kind::Line,
        0..=0x7F => Kind::Sign,
        0x80..=0xBF => Kind::Inner,
        0xC0..=0xDF => Kind::Two,
        0xE4..=0xE9 => Kind::Chinese,
        0xE0..=0xEF => Kind::Three,
        0xF0..=0xFF => Kind::Four,
    }
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Inner; 256];
    let mut byte = 0_u8;
    loop {
        #[expect(clippy::as_conversions, clippy::indexing_slicing, reason = "checked by the compiler")]
        {
            kinds[byte as usize] = kind(byte);
        }
        if byte == 255 {
            break;
        }
        byte += 1;
    }
    kinds
};

impl Tally {
    /// Counts one text.
    pub fn of(text: &str) -> Self {
        let mut tally = Self::default();
        let mut last = Kind::Line;
        let mut run = 0_u32;
        for byte in text.bytes() {
            let now = KINDS.get(usize::from(byte)).copied().unwrap_or(Kind::Sign);
            run = if now == last { run + 1 } else { 0 };
            let is_new = u32::from(run == 0);
            match now {
                Kind::Letter => {
                    tally.words += is_new;
                    tally.letters += 1;
                    tally.long_letters += u32::from(run >= 8);
                }
                Kind::Digit => tally.digit_triples += u32::from(run % 3 == 0),
                Kind::Sign => {
                    tally.signs += is_new;
                    tally.sign_repeats += 1 - is_new;
                }
                Kind::Line => tally.lines += is_new,
                Kind::Blank => tally.blanks += 1 - is_new,
                Kind::Chinese => tally.chinese += 1,
                Kind::Two => tally.two_bytes += 1,
                Kind::Three => tally.three_bytes += 1,
                Kind::Four => tally.four_bytes += 1,
                Kind::Inner => continue,
            }
            last = now;
        }
        tally
    }
}
