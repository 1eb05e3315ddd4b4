//! Sensitive values in text: one file per detector, one registry, spans and never the text.
//!
//! Built for the hot path: one look at the bytes finds *anchors* (runs of digits, known words and
//! prefixes), and only where a detector's anchor stands is that detector asked. It decides with a
//! validator (checksum, date, length table), never with a regular expression over the whole text.
//!
//! To add a detector: write `<name>.rs` with `pub(super) const DETECTOR: &dyn Detector`, put its
//! name into the list below, and add `tests/golden/detect/<name>.jsonl` (the build of the tests
//! fails without it).

mod fold;
mod label;
mod scan;
mod text;

#[cfg(test)]
mod tests;

pub use label::{Label, LabelSet, Level};
pub(in crate::inspect) use scan::{Scanner, Value};

use std::ops::Range;
use text::{Hit, Text};

macro_rules! detectors {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        /// Every detector of this build, in report order.
        const DETECTORS: &[&dyn Detector] = &[$($name::DETECTOR),*];

        /// The names of the detectors, in report order, for help texts and documentation.
        pub const DETECTOR_NAMES: &[&str] = &[$(stringify!($name)),*];

        /// The golden cases of each detector, so that none goes without.
        #[cfg(test)]
        const GOLDEN: &[(&str, &str)] = &[$((
            stringify!($name),
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"), "/tests/golden/detect/", stringify!($name), ".jsonl"
            )),
        )),*];
    };
}

detectors![
    private_key,
    api_key,
    jwt,
    connection_string,
    password,
    cn_resident_id,
    card_number,
    iban,
    us_ssn,
    email,
    phone,
    marker,
];

/// How sure a detector is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// The shape fits, but other things look like it.
    Likely,
    /// A checksum, a fixed prefix or a clear word beside it settles it.
    Certain,
}

/// What the finding rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// A check digit or a signature-like structure was verified.
    Checksum,
    /// The shape alone.
    Structure,
    /// A word beside it names it.
    Context,
}

/// A sensitive value: what it is and where it stands, never what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub label: Label,
    /// Which string of the request, as an index into the leaves that were read.
    pub leaf: u32,
    /// Bytes in that string, on character boundaries.
    pub span: Range<u32>,
    /// How sure.
    pub confidence: Confidence,
    /// Why.
    pub evidence: Evidence,
}

/// Every label that this build can find by itself.
pub fn detectable() -> LabelSet {
    DETECTORS.iter().flat_map(|detector| detector.labels()).copied().collect()
}

/// Collects what a detector recognises.
type Found = Vec<Hit>;

/// One kind of value that can be recognised.
trait Detector: Sync {
    /// Every label that it may report.
    fn labels(&self) -> &'static [Label];

    /// Where it wants to be asked.
    fn wakes_on(&self) -> Wake;

    /// Looks at one anchor and reports what it recognises there.
    fn look(&self, text: &Text<'_>, anchor: &Anchor<'_>, found: &mut Found);
}

/// Where a detector wants to be asked.
#[derive(Clone, Copy, Debug)]
enum Wake {
    /// At groups of digits that stand close together and have at least so many digits in all.
    Digits(usize),
    /// At a word that begins with two letters and two digits.
    LettersThenDigits,
    /// At any of these words or prefixes, in capital or small letters, even inside other words.
    Words(&'static [&'static str]),
}

/// Where a detector is asked.
#[derive(Clone, Debug)]
enum Anchor<'a> {
    /// Groups of digits with at most three separating characters between them.
    Digits(&'a [Range<usize>]),
    /// A word beginning with two letters and two digits, at this place.
    Code(usize),
    /// One of the detector's words.
    Word(Range<usize>),
}
