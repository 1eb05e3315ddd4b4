//! E-mail addresses, also in the spellings `%40`, `[at]` and `&#64;`.

use super::text::{Hit, Text};
use super::{Anchor, Confidence, Detector, Evidence, Found, Label, Wake};
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &Email;

struct Email;

/// Endings of files, which follow an `@` in names such as `icon@2x.png` and `lib@1.2.tgz`.
const FILE_ENDINGS: &[&str] =
    &["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts", "json", "tgz", "tar", "gz"];

impl Detector for Email {
    fn labels(&self) -> &'static [Label] {
        &[Label::ContactEmailAddress]
    }

    fn wakes_on(&self) -> Wake {
        Wake::Words(&["@", "%40", "[at]", "(at)", " [at] ", " (at) ", "&#64;"])
    }

    fn look(&self, text: &Text<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Word(sign) = anchor else { return };
        let Some(start) = local_start(text, sign) else { return };
        let Some(end) = domain_end(text, sign.end) else { return };
        // A login of a repository (`git@host:path`) names no person.
        if text.part(start..sign.start) == b"git" && matches!(text.at(end), b':' | b'/') {
            return;
        }
        found.push(Hit {
            label: Label::ContactEmailAddress,
            span: start..end,
            confidence: Confidence::Certain,
            evidence: Evidence::Structure,
        });
    }
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%&'*+-=?^_`{|}~".contains(&byte)
}

/// Where the part before the sign begins; `None` where it is no mailbox.
fn local_start(text: &Text<'_>, sign: &Range<usize>) -> Option<usize> {
    let from = sign.start.saturating_sub(64);
    let mut start = text.run_back(sign.start, is_local).max(from);
    // Quotes, braces and the name of a parameter before the mailbox are no part of it.
    let head = text.part(start..sign.start);
    if let Some(cut) = head.iter().rposition(|byte| b"=&?'`{|}!#$*".contains(byte)) {
        start += cut + 1;
    }
    while matches!(text.at(start), b'.' | b'-' | b'%' | b'^' | b'~') && start < sign.start {
        start += 1;
    }
    start = text.skip_escape(start);
    let has_name = text.part(start..sign.start).iter().any(u8::is_ascii_alphanumeric);
    let is_whole = text.before(sign.start) != b'.' && text.before(start) != b'@';
    (has_name && is_whole && !in_login(text, start)).then_some(start)
}

/// Whether `user:password@host` of an address with a scheme stands here.
fn in_login(text: &Text<'_>, start: usize) -> bool {
    let from = start.saturating_sub(128);
    let head = text.part(from..start);
    let Some(scheme) = memchr::memmem::rfind(head, b"://") else { return false };
    let between = head.get(scheme + 3..).unwrap_or_default();
    let ends = |byte: &u8| matches!(byte, b'/' | b'?' | b'#' | b'&' | b'"' | b'\'' | b'<' | b'>');
    !between.iter().any(|byte| ends(byte) || byte.is_ascii_whitespace())
}

/// Where the domain ends; `None` where it is none.
fn domain_end(text: &Text<'_>, start: usize) -> Option<usize> {
    let mut end = start;
    let mut labels = 0;
    loop {
        let label_end = text.run(end, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let label = text.part(end..label_end);
        if label.is_empty() || label.len() > 63 || label.starts_with(b"-") {
            break;
        }
        labels += 1;
        end = label_end;
        match dot(text, label_end) {
            Some(next) if text.at(next).is_ascii_alphanumeric() => end = next,
            _ => break,
        }
    }
    while matches!(text.before(end), b'-' | b'.' | b' ') && end > start {
        end -= 1;
    }
    let last = text.run_back(end, |byte| byte.is_ascii_alphanumeric() || byte == b'-').max(start);
    let ending = text.part(last..end);
    let is_ending = ending.len() >= 2
        && ending.iter().any(u8::is_ascii_alphabetic)
        && (ending.iter().all(u8::is_ascii_alphabetic) || ending.starts_with(b"xn--"))
        && !FILE_ENDINGS.iter().any(|file| ending.eq_ignore_ascii_case(file.as_bytes()));
    (labels >= 2 && is_ending).then_some(end)
}

/// The place after a dot, however it is spelled.
fn dot(text: &Text<'_>, place: usize) -> Option<usize> {
    const SPELLINGS: &[&[u8]] = &[b".", b"[.]", b"[dot]", b"(dot)", b" [dot] ", b" (dot) ", b"%2e"];
    let rest = text.part(place..place + 8);
    let spelled =
        |dot: &&&[u8]| rest.get(..dot.len()).is_some_and(|head| head.eq_ignore_ascii_case(dot));
    SPELLINGS.iter().find(spelled).map(|dot| place + dot.len())
}
