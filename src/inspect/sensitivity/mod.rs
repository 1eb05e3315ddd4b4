//! Sensitive values in text: one file per detector, one registry, spans and never the text.
//!
//! Built for the hot path. A string is folded (odd digits, invisible characters, escapes), then one
//! look at its bytes finds *anchors* (runs of digits, prefixes) and the words that name values, and
//! only where a detector's anchor stands is that detector asked. It decides with a validator
//! (checksum, date, length table) and the words around, never with a regular expression over the
//! whole text. Base64 and hexadecimal tokens are decoded and looked at in the same way.
//!
//! To add a detector: write `<name>.rs` with `pub(super) const DETECTOR: &dyn Detector`, put its
//! name into the list below, and add `tests/golden/detect/<name>.jsonl` (the build of the tests
//! fails without it).

pub(in crate::inspect) mod check;
mod decode;
mod fold;
mod label;
mod number;
mod pack;
mod scan;
mod shape;
mod table;
mod text;
mod vocabulary;

#[cfg(test)]
mod tests;

pub use label::{Label, LabelSet, Level, OWN_LABELS_MAX, OwnLabel, OwnLabelError};
pub use pack::{Pack, PackSet};
pub(in crate::inspect) use scan::{Scanned, Scanner, Sought, Value};
pub(in crate::inspect) use text::Cue;

use std::ops::Range;
use text::{Classes, Hit, Named, Text};

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
    access,
    cn_resident_id,
    card_number,
    iban,
    us_ssn,
    us_itin,
    us_routing,
    us_npi,
    us_dea,
    us_mbi,
    cn_uscc,
    cn_permit,
    de_tax_id,
    es_dni,
    fr_nir,
    it_fiscal_code,
    uk_nhs,
    uk_nino,
    in_aadhaar,
    in_pan,
    in_gstin,
    sg_nric,
    jp_my_number,
    kr_rrn,
    br_cpf,
    au_tfn,
    au_medicare,
    ca_sin,
    hk_id,
    national_id,
    passport,
    driver_license,
    bank_account,
    medical_record,
    employee_id,
    imei,
    vin,
    license_plate,
    crypto_address,
    ip_address,
    mac_address,
    internal_host,
    email,
    phone,
    account_handle,
    date_of_birth,
    postal_address,
    person_name,
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

impl Confidence {
    /// The word that policies and reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
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
    /// A language model says so.
    Model,
}

impl Evidence {
    /// The word that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checksum => "checksum",
            Self::Structure => "structure",
            Self::Context => "context",
            Self::Model => "model",
        }
    }
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

    /// What it is switched on with.
    fn pack(&self) -> Pack;

    /// Where it wants to be asked.
    fn wakes_on(&self) -> Vec<Wake>;

    /// Words that name its values, in small letters.
    fn names(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether its words stand in many texts without naming the next number.
    fn has_soft_names(&self) -> bool {
        false
    }

    /// Looks at one anchor and reports what it recognises there.
    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found);
}

/// A text, as one detector is asked about it.
#[derive(Clone, Copy)]
struct Ask<'a> {
    text: &'a Text<'a>,
    /// The detector's own naming words.
    class: Classes,
    /// Everything that is named anywhere in the text or its path.
    about: Classes,
}

impl Ask<'_> {
    /// Whether one of the detector's words names this value.
    fn named(&self, span: &Range<usize>) -> bool {
        self.text.named(span, self.class) == Named::Yes
    }
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
    /// The same, in capital letters of any script.
    Marks(&'static [&'static str]),
    /// At its own naming words.
    Names,
    /// At tokens of a dozen characters or more, as encodings and keys have.
    Tokens,
    /// At values of these shapes (see `shape.rs`), everywhere or only where its words are about.
    Shapes(&'static [&'static str], Where),
    /// At tokens with four digits or more, where its words are about.
    Numbers,
}

/// Whether a shape is looked for in every text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Everywhere,
    /// Only in a text that has one of the detector's words.
    Named,
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
    /// One of its naming words.
    Name(Range<usize>),
    /// A token of a dozen characters or more.
    Token(Range<usize>),
    /// A value of one of its shapes, and its letters and digits in capitals, without separators.
    Shape(Range<usize>, &'a [u8]),
    /// A token with digits, and its letters and digits in capitals.
    Number(Range<usize>, &'a [u8]),
}
