//! Marks that a document carries to say how secret it is.

use super::text::{Hit, Text};
use super::{Anchor, Confidence, Detector, Evidence, Found, Label, Wake};

pub(super) const DETECTOR: &dyn Detector = &Marker;

struct Marker;

const RESTRICTED: &[&str] =
    &["top secret", "strictly confidential", "highly confidential", "绝密", "机密"];
/// Chinese words in which a mark is part of an ordinary term: secrecy *law*, *agreement*, …
const TERMS: &[&str] = &[
    "性", "协议", "法", "局", "工作", "技术", "意识", "条款", "义务", "制度", "计算", "码", "培训",
];

/// Every mark; those that are not restricted are confidential.
const WORDS: &[&str] = &[
    "top secret",
    "strictly confidential",
    "highly confidential",
    "绝密",
    "机密",
    "company confidential",
    "confidential and proprietary",
    "private and confidential",
    "private & confidential",
    "internal use only",
    "not for distribution",
    "do not distribute",
    "attorney-client privilege",
    "commercial in confidence",
    "confidential information",
    "confidential:",
    "confidential -",
    "[confidential]",
    "保密",
    "商业秘密",
    "内部资料",
    "仅供内部",
    "内部使用",
    "不得外传",
    "请勿外传",
];

impl Detector for Marker {
    fn labels(&self) -> &'static [Label] {
        &[Label::MarkerConfidential, Label::MarkerRestricted]
    }

    fn wakes_on(&self) -> Wake {
        Wake::Words(WORDS)
    }

    fn look(&self, text: &Text<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Word(word) = anchor else { return };
        let mark = text.part(word.clone()).to_ascii_lowercase();
        let is_english = mark.is_ascii();
        let after = text.part(word.end..word.end + 6);
        let is_term = !is_english && TERMS.iter().any(|term| after.starts_with(term.as_bytes()));
        let is_glued = is_english && !(text.opens(word.start) && text.closes(word.end));
        if is_term || is_glued {
            return;
        }
        let is_restricted = RESTRICTED.iter().any(|known| known.as_bytes() == mark);
        found.push(Hit {
            label: if is_restricted { Label::MarkerRestricted } else { Label::MarkerConfidential },
            span: word.clone(),
            confidence: Confidence::Likely,
            evidence: Evidence::Structure,
        });
    }
}
