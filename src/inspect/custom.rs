//! What an installation looks for besides the built-in kinds: its own terms (project names, customer
//! names, up to a million of them) and its own patterns, with validators and context.
//!
//! Everything found here is `custom.term`.

use std::fmt;
use std::ops::Range;

use daachorse::{DoubleArrayAhoCorasick, DoubleArrayAhoCorasickBuilder, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use super::sensitivity::check;

/// Longest term, in bytes.
const TERM_MAX: usize = 1024;
/// Most terms of one installation.
pub const TERMS_MAX: usize = 1_000_000;
/// How far before a match a context word may stand, in bytes.
const REACH_BEFORE: usize = 96;
/// How far after it.
const REACH_AFTER: usize = 48;
/// Largest compiled pattern, in bytes.
const PATTERN_SIZE_MAX: usize = 1 << 20;

/// Why terms or a pattern cannot be used. The text is ours or the pattern's author's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustomError {
    /// More terms than can be searched for.
    #[error("there are more than {TERMS_MAX} terms")]
    TooMany,
    /// The search could not be prepared.
    #[error("the terms could not be arranged for searching")]
    Terms,
    /// The pattern is no regular expression, or too large.
    #[error("the pattern is not a regular expression: {0}")]
    Pattern(String),
}

/// Many terms, arranged for searching in one pass.
pub struct Terms {
    search: Option<DoubleArrayAhoCorasick<u32>>,
    count: usize,
}

impl Terms {
    /// Arranges terms; case does not matter in ASCII, empty and doubled ones do not count.
    pub fn new<'a>(terms: impl IntoIterator<Item = &'a str>) -> Result<Self, CustomError> {
        let mut all: Vec<Vec<u8>> = terms
            .into_iter()
            .map(|term| term.trim().as_bytes().to_ascii_lowercase())
            .filter(|term| (2..=TERM_MAX).contains(&term.len()))
            .collect();
        all.sort_unstable();
        all.dedup();
        if all.len() > TERMS_MAX {
            return Err(CustomError::TooMany);
        }
        let count = all.len();
        let search = if all.is_empty() {
            None
        } else {
            let builder =
                DoubleArrayAhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest);
            Some(builder.build(all).map_err(|_| CustomError::Terms)?)
        };
        Ok(Self { search, count })
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Where terms stand, as whole words where they are written in ASCII.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let Some(search) = &self.search else { return Vec::new() };
        let small = text.to_ascii_lowercase();
        let found = search.leftmost_find_iter(&small).map(|found| found.start()..found.end());
        found.filter(|span| is_whole(text, span)).collect()
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Terms({})", self.count)
    }
}

/// A check that a match has to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Validator {
    /// The Luhn digit of cards.
    Luhn,
    /// The remainder mod 97 is one, as of ISO 7064.
    Mod97,
    /// Verhoeff's check.
    Verhoeff,
    /// ISO 7064 mod 11,10.
    Mod1110,
}

impl Validator {
    /// Every validator of this build.
    pub const ALL: [Self; 4] = [Self::Luhn, Self::Mod97, Self::Verhoeff, Self::Mod1110];

    /// The word that policies use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Luhn => "luhn",
            Self::Mod97 => "mod97",
            Self::Verhoeff => "verhoeff",
            Self::Mod1110 => "mod11_10",
        }
    }

    fn passes(self, value: &[u8]) -> bool {
        let digits: Vec<u8> = value.iter().copied().filter(u8::is_ascii_digit).collect();
        match self {
            _ if digits.is_empty() => false,
            Self::Luhn => check::luhn(&digits),
            Self::Mod97 => check::mod_97(&digits) == 1,
            Self::Verhoeff => check::verhoeff(&digits),
            Self::Mod1110 => check::mod_11_10(&digits),
        }
    }
}

/// A pattern of the policy's own.
#[derive(Clone, Debug)]
pub struct CustomPattern {
    regex: Regex,
    validator: Option<Validator>,
    /// One of these has to stand close by, in small letters; none means anywhere.
    context: Vec<String>,
}

impl CustomPattern {
    /// Compiles a pattern. Classes such as `\d` and `\w` mean ASCII.
    pub fn new(
        pattern: &str,
        validator: Option<Validator>,
        context: Vec<String>,
    ) -> Result<Self, CustomError> {
        let regex = RegexBuilder::new(pattern)
            .unicode(pattern.bytes().any(|byte| byte >= 0x80))
            .size_limit(PATTERN_SIZE_MAX)
            .build()
            .map_err(|error| CustomError::Pattern(error.to_string()))?;
        let context = context.iter().map(|word| word.to_lowercase()).collect();
        Ok(Self { regex, validator, context })
    }

    /// Where the pattern matches, with its validator and context satisfied.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let spans = self.regex.find_iter(text).map(|found| found.range());
        let is_valid = |span: &Range<usize>| {
            let value = text.get(span.clone()).unwrap_or_default();
            !span.is_empty() && self.validator.is_none_or(|validator| validator.passes(value))
        };
        spans.filter(|span| is_valid(span) && self.is_named(text, span)).collect()
    }

    fn is_named(&self, text: &[u8], span: &Range<usize>) -> bool {
        if self.context.is_empty() {
            return true;
        }
        let before = text.get(span.start.saturating_sub(REACH_BEFORE)..span.start);
        let after = text.get(span.end..text.len().min(span.end + REACH_AFTER));
        [before, after].into_iter().flatten().any(|part| {
            let part = part.to_ascii_lowercase();
            self.context.iter().any(|word| {
                memchr::memmem::find_iter(&part, word.as_bytes())
                    .any(|start| is_whole(&part, &(start..start + word.len())))
            })
        })
    }
}

/// Whether no ASCII word goes on beyond the span.
fn is_whole(text: &[u8], span: &Range<usize>) -> bool {
    let is_word = |place: Option<usize>| {
        place.and_then(|place| text.get(place)).is_some_and(u8::is_ascii_alphanumeric)
    };
    let first = is_word(Some(span.start)) && is_word(span.start.checked_sub(1));
    let last = is_word(span.end.checked_sub(1)) && is_word(Some(span.end));
    !first && !last
}

#[cfg(test)]
mod tests {
    use super::{CustomPattern, Terms, Validator};

    #[test]
    fn terms_are_whole_words_in_any_case() {
        let terms = Terms::new(["Project Falcon", "falcon", "极光计划", "", "x"]).unwrap();
        assert_eq!(terms.len(), 3);
        let text = "PROJECT FALCON, falcons, 关于极光计划的falcon";
        let found: Vec<&str> =
            terms.find(text.as_bytes()).into_iter().filter_map(|span| text.get(span)).collect();
        assert_eq!(found, ["PROJECT FALCON", "极光计划", "falcon"]);
    }

    #[test]
    fn patterns_have_validators_and_context() {
        let context = vec!["member".to_owned()];
        let pattern = CustomPattern::new(r"\d{8}", Some(Validator::Luhn), context).unwrap();
        assert_eq!(pattern.find(b"member 12345674").len(), 1);
        assert_eq!(pattern.find(b"member 12345675").len(), 0);
        assert_eq!(pattern.find(b"remembered 12345674").len(), 0);
        assert!(CustomPattern::new("(", None, Vec::new()).is_err());
    }
}
