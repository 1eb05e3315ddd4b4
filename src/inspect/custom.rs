//! What an installation looks for besides the built-in kinds: its own terms (project names, customer
//! names, up to a million of them) and its own patterns, with validators and context.
//!
//! What they find is `custom.term` where they state no other label, a built-in or an own one.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use daachorse::{DoubleArrayAhoCorasick, DoubleArrayAhoCorasickBuilder, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use super::sensitivity::{Label, check};

/// Longest term, in bytes.
const TERM_MAX: usize = 1024;
/// Most terms of one installation.
pub const TERMS_MAX: usize = 1_000_000;
/// How far before a match a context word may stand, in bytes.
const REACH_BEFORE: usize = 96;
/// How far after it.
const REACH_AFTER: usize = 48;
/// Most memory that a thread keeps for one pattern beside it, in bytes.
const PATTERN_CACHE_MAX: usize = 256 << 10;
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
    /// What the searches' values stand for.
    labels: Vec<Label>,
    count: usize,
}

impl Terms {
    /// Arranges terms; case does not matter in ASCII, empty and doubled ones do not count. What
    /// they find is `custom.term`.
    ///
    /// # Errors
    /// There are too many.
    pub fn new<'a>(terms: impl IntoIterator<Item = &'a str>) -> Result<Self, CustomError> {
        Self::labelled(terms.into_iter().map(|term| (Label::CustomTerm, term)))
    }

    /// Arranges terms, each with the label of what it finds. Of a term with two labels, the first
    /// one that was read counts.
    ///
    /// # Errors
    /// There are too many.
    pub fn labelled<'a>(
        terms: impl IntoIterator<Item = (Label, &'a str)>,
    ) -> Result<Self, CustomError> {
        let mut labels = Vec::new();
        let mut all: Vec<(Vec<u8>, u32)> = Vec::new();
        for (label, term) in terms {
            let term = term.trim().as_bytes().to_ascii_lowercase();
            if (2..=TERM_MAX).contains(&term.len()) {
                let place = labels.iter().position(|known| *known == label);
                let place = place.unwrap_or_else(|| {
                    labels.push(label);
                    labels.len() - 1
                });
                all.push((term, u32::try_from(place).unwrap_or(0)));
            }
        }
        all.sort_unstable();
        all.dedup_by(|later, first| later.0 == first.0);
        if all.len() > TERMS_MAX {
            return Err(CustomError::TooMany);
        }
        let count = all.len();
        let search = if all.is_empty() {
            None
        } else {
            let builder =
                DoubleArrayAhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest);
            Some(builder.build_with_values(all).map_err(|_| CustomError::Terms)?)
        };
        Ok(Self { search, labels, count })
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
    pub(super) fn find(&self, text: &[u8]) -> Vec<(Label, Range<usize>)> {
        let Some(search) = &self.search else { return Vec::new() };
        let small = text.to_ascii_lowercase();
        let label = |value: u32| {
            let label = usize::try_from(value).ok().and_then(|place| self.labels.get(place));
            label.copied().unwrap_or(Label::CustomTerm)
        };
        let found = search.leftmost_find_iter(&small);
        let found = found.map(|found| (label(found.value()), found.start()..found.end()));
        found.filter(|(_, span)| is_whole(text, span)).collect()
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
    /// ISO 7064 mod 11-2: digits, and a last digit or `X`.
    Mod112,
    /// Damm's check.
    Damm,
    /// Letters and digits mixed as only a drawn value has them.
    Random,
}

impl Validator {
    /// Every validator of this build.
    pub const ALL: [Self; 7] = [
        Self::Luhn,
        Self::Mod97,
        Self::Verhoeff,
        Self::Mod1110,
        Self::Mod112,
        Self::Damm,
        Self::Random,
    ];

    /// The word that policies use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Luhn => "luhn",
            Self::Mod97 => "mod97",
            Self::Verhoeff => "verhoeff",
            Self::Mod1110 => "mod11_10",
            Self::Mod112 => "mod11_2",
            Self::Damm => "damm",
            Self::Random => "random",
        }
    }

    fn passes(self, value: &[u8]) -> bool {
        let digits: Vec<u8> = value.iter().copied().filter(u8::is_ascii_digit).collect();
        match self {
            Self::Random => is_drawn(value),
            _ if digits.is_empty() => false,
            Self::Luhn => check::luhn(&digits),
            Self::Mod97 => check::mod_97(&digits) == 1,
            Self::Verhoeff => check::verhoeff(&digits),
            Self::Mod1110 => check::mod_11_10(&digits),
            Self::Mod112 => check::mod_11_2(value),
            Self::Damm => check::damm(&digits),
        }
    }
}

/// At least ten different characters, of two kinds or more.
fn is_drawn(value: &[u8]) -> bool {
    let has = |kind: fn(&u8) -> bool| u32::from(value.iter().any(kind));
    let kinds = has(u8::is_ascii_digit) + has(u8::is_ascii_uppercase) + has(u8::is_ascii_lowercase);
    check::distinct(value) >= 10 && kinds >= 2
}

/// How a policy's own pattern is looked for.
#[derive(Clone, Debug)]
enum Search {
    Regex(Regex),
    Terms(Arc<Terms>),
}

/// A pattern, or a list of terms, of the policy's own.
#[derive(Clone, Debug)]
pub struct CustomPattern {
    search: Search,
    label: Label,
    validator: Option<Validator>,
    /// One of these has to stand close by, in small letters; none means anywhere.
    context: Vec<String>,
}

impl CustomPattern {
    /// Compiles a pattern. Classes such as `\d` and `\w` mean ASCII.
    ///
    /// # Errors
    /// It is no regular expression, or too large.
    pub fn new(
        pattern: &str,
        validator: Option<Validator>,
        context: Vec<String>,
    ) -> Result<Self, CustomError> {
        let regex = RegexBuilder::new(pattern)
            .unicode(pattern.bytes().any(|byte| byte >= 0x80))
            .size_limit(PATTERN_SIZE_MAX)
            .dfa_size_limit(PATTERN_CACHE_MAX)
            .build()
            .map_err(|error| CustomError::Pattern(error.to_string()))?;
        Ok(Self::of(Search::Regex(regex), validator, &context))
    }

    /// Arranges a list of terms.
    ///
    /// # Errors
    /// There are too many.
    pub fn terms<'a>(
        terms: impl IntoIterator<Item = &'a str>,
        validator: Option<Validator>,
        context: &[String],
    ) -> Result<Self, CustomError> {
        Ok(Self::of(Search::Terms(Arc::new(Terms::new(terms)?)), validator, context))
    }

    fn of(search: Search, validator: Option<Validator>, context: &[String]) -> Self {
        let context = context.iter().map(|word| word.to_lowercase()).collect();
        Self { search, label: Label::CustomTerm, validator, context }
    }

    /// Reports what it finds as this label.
    #[must_use]
    pub const fn labelled(mut self, label: Label) -> Self {
        self.label = label;
        self
    }

    /// What it finds.
    pub const fn label(&self) -> Label {
        self.label
    }

    /// Whether a validator has to agree.
    pub(super) const fn is_checked(&self) -> bool {
        self.validator.is_some()
    }

    /// Whether a context word has to stand close by.
    pub(super) const fn is_context_bound(&self) -> bool {
        !self.context.is_empty()
    }

    /// Where the pattern matches, with its validator and context satisfied.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let spans: Vec<Range<usize>> = match &self.search {
            Search::Regex(regex) => regex.find_iter(text).map(|found| found.range()).collect(),
            Search::Terms(terms) => terms.find(text).into_iter().map(|(_, span)| span).collect(),
        };
        let is_valid = |span: &Range<usize>| {
            let value = text.get(span.clone()).unwrap_or_default();
            !span.is_empty() && self.validator.is_none_or(|validator| validator.passes(value))
        };
        let is_named =
            |span: &Range<usize>| self.context.is_empty() || self.cue(text, span).is_some();
        spans.into_iter().filter(|span| is_valid(span) && is_named(span)).collect()
    }

    /// The context word close to a match, the one before it first.
    pub(super) fn cue(&self, text: &[u8], span: &Range<usize>) -> Option<Range<usize>> {
        let before = span.start.saturating_sub(REACH_BEFORE)..span.start;
        let after = span.end..text.len().min(span.end + REACH_AFTER);
        [before, after].into_iter().find_map(|reach| {
            let part = text.get(reach.clone())?.to_ascii_lowercase();
            self.context.iter().find_map(|word| {
                memchr::memmem::find_iter(&part, word.as_bytes())
                    .map(|start| start..start + word.len())
                    .find(|place| is_whole(&part, place))
                    .map(|place| reach.start + place.start..reach.start + place.end)
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
    use super::{CustomError, CustomPattern, Label, TERMS_MAX, Terms, Validator};

    #[test]
    fn terms_are_whole_words_in_any_case() {
        let terms = Terms::new(["Project Falcon", "falcon", "极光计划", "", "x"]).unwrap();
        assert_eq!(terms.len(), 3);
        let text = "PROJECT FALCON, falcons, 关于极光计划的falcon";
        let found = terms.find(text.as_bytes()).into_iter();
        let found: Vec<&str> = found.filter_map(|(_, span)| text.get(span)).collect();
        assert_eq!(found, ["PROJECT FALCON", "极光计划", "falcon"]);
    }

    #[test]
    fn terms_have_labels_and_the_first_one_counts() {
        let terms = [
            (Label::BusinessEmployeeId, "Falcon"),
            (Label::CustomTerm, "Heron"),
            (Label::CustomTerm, "falcon"),
        ];
        let found = Terms::labelled(terms).unwrap().find(b"heron and FALCON");
        let labels: Vec<Label> = found.into_iter().map(|(label, _)| label).collect();
        assert_eq!(labels, [Label::CustomTerm, Label::BusinessEmployeeId]);
        let words = CustomPattern::terms(["Falcon"], None, &["project".to_owned()]).unwrap();
        assert_eq!(words.find(b"project Falcon").len(), 1);
        assert_eq!(words.find(b"a falcon; projects Falconry").len(), 0);
    }

    #[test]
    fn a_million_terms_are_searched_and_no_more() {
        let terms: Vec<String> = (0..=TERMS_MAX).map(|number| format!("Kunde {number}x")).collect();
        let most = terms.iter().take(TERMS_MAX).map(String::as_str);
        let most = Terms::new(most).unwrap();
        assert_eq!(most.len(), 1_000_000);
        assert_eq!(most.find(b"an KUNDE 999999x und Kunde 1000000x").len(), 1);
        let more = Terms::new(terms.iter().map(String::as_str));
        assert_eq!(more.unwrap_err(), CustomError::TooMany);
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

    #[test]
    fn validators_accept_published_examples_and_no_others() {
        let cases: [(Validator, &str, &str); 7] = [
            (Validator::Luhn, "79927398713", "79927398710"),
            (Validator::Mod97, "3214282912345698765432161182", "3214282912345698765432161183"),
            (Validator::Verhoeff, "2363", "2364"),
            (Validator::Mod1110, "794623", "794624"),
            (Validator::Mod112, "079X", "0791"),
            (Validator::Damm, "5724", "5723"),
            (Validator::Random, "k9Xq2LmZ81vB", "aaaaaaaaaaaa"),
        ];
        for (validator, right, wrong) in cases {
            assert!(validator.passes(right.as_bytes()), "{}", validator.name());
            assert!(!validator.passes(wrong.as_bytes()), "{}", validator.name());
        }
    }
}
