//! Sensitive values in text: one file per detector, one registry, spans and never the text.

mod label;

pub use label::{Label, LabelSet, Level};

use std::ops::Range;

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
