//! US social security numbers. There is no check digit, so only the structure rules of the Social
//! Security Administration and the words beside the number speak: `ddd-dd-dddd` is believed,
//! other spellings only when named.

use super::text::{Hit, Named, Text, push_named};
use super::{Anchor, Confidence, Detector, Evidence, Found, Label, Wake};
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &UsSsn;

struct UsSsn;

const NAMES: &[&str] = &[
    "ssn",
    "ssns",
    "ssid",
    "social security",
    "social sec",
    "socialsecurity",
    "soc sec",
    "ss#",
    "ss no",
    "ss number",
    "socialsecuritynumber",
    "social",
    "社会安全号",
    "社安号",
    "社会保障号",
];

impl Detector for UsSsn {
    fn labels(&self) -> &'static [Label] {
        &[Label::IdentityUsSsn]
    }

    fn wakes_on(&self) -> Wake {
        Wake::Digits(9)
    }

    fn look(&self, text: &Text<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Digits(groups) = anchor else { return };
        for first in 0..groups.len() {
            let rest = groups.get(first..).unwrap_or_default();
            let hit = match rest {
                [whole, ..] if whole.len() == 9 => bare(text, whole),
                [area, group, serial, ..]
                    if (area.len(), group.len(), serial.len()) == (3, 2, 4) =>
                {
                    spelled(text, area, group, serial)
                }
                _ => None,
            };
            if let Some((hit, named)) = hit {
                push_named(found, hit, named);
            }
        }
    }
}

fn bare(text: &Text<'_>, whole: &Range<usize>) -> Option<(Hit, Named)> {
    let digits = text.part(whole.clone());
    let is_ssn = is_issued(digits.get(..3)?, digits.get(3..5)?, digits.get(5..)?)
        && text.opens_after(whole.start, NAMES)
        && text.closes(whole.end)
        && text.named(whole, NAMES);
    is_ssn.then(|| (hit(whole.clone(), Evidence::Context), Named::Yes))
}

fn spelled(
    text: &Text<'_>,
    area: &Range<usize>,
    group: &Range<usize>,
    serial: &Range<usize>,
) -> Option<(Hit, Named)> {
    let span = area.start..serial.end;
    let gap = text.part(area.end..group.start);
    let is_even = gap == text.part(group.end..serial.start);
    let part = |span: &Range<usize>| text.part(span.clone());
    let is_ssn = is_even
        && is_issued(part(area), part(group), part(serial))
        && text.opens_after(span.start, NAMES)
        && text.closes(span.end);
    if !is_ssn {
        return None;
    }
    let named = Named::from(text.named(&span, NAMES));
    // A longer chain such as `1-123-45-6789-0` is some other number.
    let is_chained = (text.before(span.start) == b'-'
        && text.before(span.start - 1).is_ascii_digit())
        || (text.at(span.end) == b'-' && text.at(span.end + 1).is_ascii_digit());
    if named == Named::No && (gap != b"-" || is_chained) {
        return None;
    }
    let evidence = if named == Named::Yes { Evidence::Context } else { Evidence::Structure };
    Some((hit(span, evidence), named))
}

fn hit(span: Range<usize>, evidence: Evidence) -> Hit {
    Hit { label: Label::IdentityUsSsn, span, confidence: Confidence::Likely, evidence }
}

/// Areas 000, 666 and 900 to 999, group 00 and serial 0000 were never issued.
fn is_issued(area: &[u8], group: &[u8], serial: &[u8]) -> bool {
    area != b"000"
        && area != b"666"
        && !area.starts_with(b"9")
        && group != b"00"
        && serial != b"0000"
}
