//! What a language model finds in whole texts: names of people, addresses and whatever else it was
//! trained for. The sibling of the detectors for kinds of values that patterns cannot know.
//!
//! Here is only what inspection asks for and how the answer joins the detectors' finds; who answers
//! is plugged in from outside.

use std::fmt;
use std::ops::Range;

use super::sensitivity::{Cue, Scanned, Value};
use super::{Confidence, Evidence, Label};

/// Reads whole texts and says what stands where.
pub trait Tagger: Send + Sync + fmt::Debug {
    /// Reads texts in this order, for as long as its time allows.
    fn tag(&self, texts: &[&str]) -> Tagged;
}

/// What a tagger found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tagged {
    /// The tags of each text that was read, in the order of the text and without overlaps.
    pub tags: Vec<Vec<Tag>>,
    /// Whether every text was read to its end.
    pub is_complete: bool,
}

/// A tagged part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// What it is.
    pub label: Label,
    /// Its bytes in the text, on character boundaries.
    pub span: Range<usize>,
}

/// Adds tags to what the detectors found. Where both see something, the detectors are believed; of
/// a tag that reaches further, the rest remains.
pub(super) fn join(scanned: &mut Scanned, text: &str, tags: &[Tag]) {
    let stand_ins = stand_ins(text);
    for tag in tags {
        let taken = scanned.values.iter().map(|value| &value.span).chain(&stand_ins);
        let mut taken: Vec<Range<usize>> = taken
            .filter(|span| span.start < tag.span.end && tag.span.start < span.end)
            .cloned()
            .collect();
        taken.sort_by_key(|span| span.start);
        let mut from = tag.span.start;
        let mut rest = Vec::new();
        for span in taken {
            rest.push(from..span.start);
            from = from.max(span.end);
        }
        rest.push(from..tag.span.end);
        let rest = rest.into_iter().filter_map(|span| trimmed(text, span));
        scanned.values.extend(rest.map(|span| Value {
            label: tag.label,
            span,
            confidence: Confidence::Likely,
            evidence: Evidence::Model,
            is_named: false,
            cue: None::<Cue>,
        }));
    }
    scanned.values.sort_by_key(|value| value.span.start);
}

/// A part without the signs and spaces at its edges; `None` if no letter or digit is left.
fn trimmed(text: &str, span: Range<usize>) -> Option<Range<usize>> {
    let part = text.get(span.clone())?;
    let start = part.find(char::is_alphanumeric)?;
    let end = part.rfind(char::is_alphanumeric)?;
    let last = part.get(end..)?.chars().next()?.len_utf8();
    Some(span.start + start..span.start + end + last)
}

/// What masking has put in the place of values: `[NAME]`, `[NAME_bcdfghjkmnpq]`. A model that takes
/// one for a name would keep every masked request from leaving.
fn stand_ins(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let is_stand_in = |inner: &[u8]| {
        let mut parts = inner.splitn(2, |byte| *byte == b'_');
        let kind = parts.next().unwrap_or_default();
        let letters = parts.next();
        (3..=16).contains(&kind.len())
            && kind.iter().all(u8::is_ascii_uppercase)
            && letters.is_none_or(|it| it.len() == 12 && it.iter().all(u8::is_ascii_lowercase))
    };
    memchr::memchr_iter(b'[', bytes)
        .filter_map(|start| {
            let rest = bytes.get(start + 1..bytes.len().min(start + 32))?;
            let size = memchr::memchr(b']', rest)?;
            is_stand_in(rest.get(..size)?).then_some(start..start + size + 2)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Tag, Tagged, Tagger, join};
    use crate::inspect::{Confidence, Evidence, Inspection, Label, Leaf, Scan};
    use std::sync::Arc;

    /// Tags the same words in every text, and reads so many texts.
    #[derive(Debug)]
    struct Words(&'static [&'static str], usize);

    impl Tagger for Words {
        fn tag(&self, texts: &[&str]) -> Tagged {
            let tags = texts.iter().take(self.1).map(|text| {
                let found = self.0.iter().flat_map(|word| text.match_indices(word));
                let tag = |(start, word): (usize, &str)| Tag {
                    label: Label::PersonName,
                    span: start..start + word.len(),
                };
                found.map(tag).collect()
            });
            Tagged { tags: tags.collect(), is_complete: self.1 >= texts.len() }
        }
    }

    fn with(words: &'static [&'static str], texts_max: usize) -> Inspection {
        Inspection { tagger: Some(Arc::new(Words(words, texts_max))), ..Inspection::default() }
    }

    fn leaf(text: &str) -> Leaf<'_> {
        Leaf { path: "messages[0].content", text, is_prose: true }
    }

    #[test]
    fn what_a_model_tags_is_found_and_what_detectors_know_stays_theirs() {
        let inspection = with(&["Okonkwo writes", "Wren wren@contoso.com,"], 9);
        let text = "Today Okonkwo writes to Wren wren@contoso.com, again.";
        let found = inspection.read(&[leaf(text)]);
        let items: Vec<(Label, &str, Evidence)> = found
            .items
            .iter()
            .map(|it| {
                let [start, end] =
                    [it.span.start, it.span.end].map(|place| usize::try_from(place).unwrap());
                (it.label, text.get(start..end).unwrap(), it.evidence)
            })
            .collect();
        assert_eq!(
            items,
            [
                (Label::PersonName, "Okonkwo writes", Evidence::Model),
                (Label::PersonName, "Wren", Evidence::Model),
                (Label::ContactEmailAddress, "wren@contoso.com", Evidence::Structure),
            ]
        );
        assert_eq!(found.scan, Scan::Complete);
        let values = inspection.values("messages[0].content", text);
        assert_eq!(values.len(), 3, "masking sees the same");
        assert_eq!(values[0], (Label::PersonName, Confidence::Likely, 6..20));
    }

    #[test]
    fn a_text_that_a_model_did_not_reach_is_not_read() {
        let texts = [leaf("Okonkwo came."), leaf("Then Wren left.")];
        let found = with(&["Okonkwo", "Wren"], 1).read(&texts);
        assert_eq!((found.items.len(), found.scan), (1, Scan::Partial));
        assert_eq!(with(&["Wren"], 2).read(&texts).scan, Scan::Complete);
    }

    #[test]
    fn what_masking_wrote_is_no_name() {
        let text = "Dear [NAME_bcdfghjkmnpq], [NAME] and [Wren] met";
        let mut scanned = super::Scanned::default();
        let all = Tag { label: Label::PersonName, span: 0..text.len() };
        join(&mut scanned, text, &[all]);
        let left: Vec<&str> =
            scanned.values.iter().map(|value| text.get(value.span.clone()).unwrap()).collect();
        assert_eq!(left, ["Dear", "and [Wren] met"]);
    }
}
