//! Private keys in PEM, OpenSSH, PGP and SSH2 armour: whole, cut off, or with escaped line ends.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Confidence, Detector, Evidence, Found, Label, Pack, Wake};
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &PrivateKey;

struct PrivateKey;

/// The longest armour looked through; a 16,384-bit RSA key takes 13 kB.
const BLOCK_MAX: usize = 64 * 1024;

impl Detector for PrivateKey {
    fn labels(&self) -> &'static [Label] {
        &[Label::SecretPrivateKey]
    }

    fn pack(&self) -> Pack {
        Pack::Secrets
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Words(&["PRIVATE KEY", "PuTTY-User-Key-File-", "AGE-SECRET-KEY-1"])]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let text = ask.text;
        let Anchor::Word(word) = anchor else { return };
        let span = match text.part(word.clone()).last() {
            Some(b'Y' | b'y') => armour(text, word),
            Some(b'1') => age(text, word),
            _ => Some(word.start..body_end(text, word.end)),
        };
        found.extend(span.map(|span| Hit {
            label: Label::SecretPrivateKey,
            span,
            confidence: Confidence::Certain,
            evidence: Evidence::Structure,
            is_named: false,
        }));
    }
}

/// From `-----BEGIN` to the end of the block, or as far as the block goes if it is cut off.
fn armour(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let line_start = word.start.saturating_sub(40);
    let begin = line_start + memchr::memmem::rfind(text.part(line_start..word.start), b"BEGIN")?;
    let start = text.run_back(begin, |byte| matches!(byte, b'-' | b' '));
    if !text.part(start..begin).trim_ascii_end().ends_with(b"---") {
        return None;
    }
    let start = text.run(start, |byte| byte == b' ');
    let rest = text.part(word.end..word.end + BLOCK_MAX);
    let end = memchr::memmem::find_iter(rest, b"END ")
        .find(|end| text.part(word.end..word.end + end).trim_ascii_end().ends_with(b"-"))
        .map(|end| text.run(word.end + end, |byte| !matches!(byte, b'-' | b'\n')))
        .map(|end| text.run(end, |byte| byte == b'-'));
    let end = end.unwrap_or_else(|| body_end(text, word.end)).max(word.end);
    has_material(text.part(word.end..end)).then_some(start..end)
}

/// Whether anything stands in the armour that may be a key's, and not only words about one.
fn has_material(body: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    body.split(|byte| !is_base64(byte)).any(|run| run.len() >= 12)
}

/// Where the last word ends that looks like key material or a header of the block.
fn body_end(text: &Text<'_>, start: usize) -> usize {
    let is_space = |byte: u8| byte.is_ascii_whitespace();
    let mut end = text.run(start, |byte| byte == b'-' || byte.is_ascii_digit());
    while end < start + BLOCK_MAX {
        let word_start = text.run(end, is_space);
        let word_end = text.run(word_start, |byte| !is_space(byte));
        let word = text.part(word_start..word_end);
        let is_material = word.len() >= 16 || word.ends_with(b":") || word.contains(&b'=');
        if word.is_empty() || !is_material {
            break;
        }
        end = word_end;
    }
    end
}

fn age(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let end = text.run(word.end, |byte| byte.is_ascii_alphanumeric());
    (end - word.end >= 50).then_some(word.start..end)
}
