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
        #[expect(
            clippy::as_conversions,
            clippy::indexing_slicing,
            reason = "checked by the compiler"
        )]
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
                Kind::Digit => tally.digit_triples += u32::from(run.is_multiple_of(3)),
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

impl Tally {
    /// The estimated tokens of an `o200k`-like byte-pair tokenizer.
    ///
    /// Prices in 1/128 token, fitted by weighted least squares to the counts of `o200k_base` for
    /// one half of the labelled prompts. On the other half the mean absolute error per prompt is
    /// 6.1 % for English and 8.7 % for Chinese (4.5 % and
    /// 6.2 % where the prompt is longer than 100 tokens; the sums are right within 2 %).
    pub fn tokens(&self) -> Tokens {
        let parts = [
            (self.words, 96_i64),
            (self.letters, 9),
            (self.long_letters, -7),
            (self.digit_triples, 169),
            (self.signs, 111),
            (self.sign_repeats, 46),
            (self.lines, 176),
            (self.blanks, 49),
            (self.chinese, 94),
            (self.two_bytes, 148),
            (self.three_bytes, 125),
            (self.four_bytes, 364),
        ];
        let sum: i64 = parts.iter().map(|(count, price)| i64::from(*count) * price).sum();
        Tokens(u32::try_from((sum.max(0) + 127) / 128).unwrap_or(u32::MAX))
    }

    /// The language that most letters belong to. A Chinese character says about as much as two
    /// or three letters, so Chinese wins long before it has the most characters.
    pub fn lang(&self) -> Lang {
        let latin = self.letters;
        let other = self.two_bytes + self.three_bytes;
        if self.chinese > 0 && self.chinese * 4 >= latin && self.chinese * 2 >= other {
            Lang::Zh
        } else if latin > 0 && latin >= other {
            Lang::En
        } else {
            Lang::Other
        }
    }

    /// Adds the counts of another text.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.words, other.words),
            (&mut self.letters, other.letters),
            (&mut self.long_letters, other.long_letters),
            (&mut self.digit_triples, other.digit_triples),
            (&mut self.signs, other.signs),
            (&mut self.sign_repeats, other.sign_repeats),
            (&mut self.lines, other.lines),
            (&mut self.blanks, other.blanks),
            (&mut self.chinese, other.chinese),
            (&mut self.two_bytes, other.two_bytes),
            (&mut self.three_bytes, other.three_bytes),
            (&mut self.four_bytes, other.four_bytes),
        ];
        for (mine, theirs) in pairs {
            *mine = mine.saturating_add(theirs);
        }
    }
}

/// The most tokens that so many bytes can be: byte-pair tokenizers never use more than one token
/// for a byte.
pub fn upper_bound(bytes: usize) -> Tokens {
    Tokens(u32::try_from(bytes).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Tally, upper_bound};
    use crate::inspect::Lang;

    /// The estimate lies within the share of the true count.
    fn check(text: &str, share: f64) {
        let truth = tiktoken_rs::o200k_base().expect("the vocabulary").encode_ordinary(text).len();
        let truth = f64::from(u32::try_from(truth).expect("small"));
        let guess = f64::from(Tally::of(text).tokens().0);
        assert!((guess - truth).abs() <= truth * share + 1.0, "{guess} for {truth}: {text}");
    }

    #[test]
    fn estimates_are_near_the_tokenizer() {
        check("The quick brown fox jumps over the lazy dog, and then it sleeps until noon.", 0.12);
        check("请总结下面的内容，并且用三句话说明为什么这件事情对公司很重要。", 0.25);
        check("{\"id\": 12345, \"items\": [1, 2, 3], \"total\": 99.95}", 0.3);
        check("", 0.0);
    }

    #[test]
    fn no_estimate_beats_the_bound() {
        for text in ["a", "\u{1F600}", "中文", "1 2 3 4 5 6", "\n\n\n", "!?!?!?"] {
            assert!(Tally::of(text).tokens() <= upper_bound(text.len()), "{text:?}");
        }
    }

    #[test]
    fn languages_are_told_apart() {
        let lang = |text: &str| Tally::of(text).lang();
        assert_eq!(lang("Please help me"), Lang::En);
        assert_eq!(lang("请用Python写代码"), Lang::Zh);
        assert_eq!(lang("これはペンです"), Lang::Other);
        assert_eq!(lang("Привет, как дела"), Lang::Other);
        assert_eq!(lang("12345"), Lang::Other);
    }
}
