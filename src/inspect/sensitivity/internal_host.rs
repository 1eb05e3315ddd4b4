//! Names of machines inside a company: domains that only an internal network knows.

use super::text::Hit;
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake};

pub(super) const DETECTOR: &dyn Detector = &InternalHost;

struct InternalHost;

impl Detector for InternalHost {
    fn labels(&self) -> &'static [Label] {
        &[Label::NetworkInternalHost]
    }

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Words(&[
            ".internal",
            ".corp",
            ".intra.",
            ".intranet",
            ".lan",
            ".cluster.local",
            ".local",
            ".localdomain",
            ".private",
            ".home.arpa",
        ])]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Word(word) = anchor else { return };
        let text = ask.text;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        let start = text.run_back_max(word.start, 120, is_name);
        let end = text.run_max(word.end, 80, is_name);
        let end = text.run_back(end, |byte| byte == b'.');
        let is_whole = text.before(word.end) == b'.'
            || matches!(text.at(word.end), b'.')
            || text.closes(word.end);
        // A method or a file, such as `this.internal` and `settings.local.json`, is no host.
        let is_call = matches!(text.at(end), b'(' | b'[' | b'_' | b'=');
        let has_host = word.start > start && text.at(start).is_ascii_alphanumeric();
        let is_code = [&b"this."[..], b"self."]
            .iter()
            .any(|object| text.part(start..end).starts_with(object));
        if is_whole && has_host && !is_call && !is_code && text.before(start) != b'@' {
            found.push(Hit::by_shape(Label::NetworkInternalHost, start..end).likely());
        }
    }
}
