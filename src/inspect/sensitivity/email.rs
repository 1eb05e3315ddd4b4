//! E-mail addresses, also in spellings such as `[at]` and `(dot)`; not those of documentation.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake};
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

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn names(&self) -> &'static [&'static str] {
        &[
            "email",
            "e-mail",
            "mailto",
            "mail",
            "邮箱",
            "电子邮箱",
            "correo",
            "メール",
            "이메일",
            "почта",
        ]
    }

    fn has_soft_names(&self) -> bool {
        true
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Words(&["@", "[at]", "(at)", "{at}", " [at] ", " (at) ", " {at} ", " at "])]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Word(sign) = anchor else { return };
        let text = ask.text;
        // `jane @ acme.com` is one if a word says so.
        let is_apart = text.part(sign.clone()) == b"@"
            && text.before(sign.start) == b' '
            && text.at(sign.end) == b' '
            && ask.named(sign);
        let sign = &if is_apart { sign.start - 1..sign.end + 1 } else { sign.clone() };
        let Some(start) = local_start(text, sign) else { return };
        let Some(end) = domain_end(text, sign.end) else { return };
        let (local, domain) = (text.part(start..sign.start), text.part(sign.end..end));
        // A login of a repository (`git@host:path`) names no person.
        if local == b"git" && matches!(text.at(end), b':' | b'/') || is_placeholder(local, domain) {
            return;
        }
        // "look at this dot com" needs the spelled dot, and no dot that is written.
        let is_spelled = text.part(sign.clone()) == b" at ";
        let is_dot = |sign: &&[u8]| memchr::memmem::find(domain, sign).is_some();
        let has_spelled_dot = SPELLED_DOTS.iter().any(is_dot);
        if is_spelled && !(has_spelled_dot || ask.named(&(start..end)) && domain.contains(&b'.')) {
            return;
        }
        found.push(Hit::by_shape(Label::ContactEmailAddress, start..end));
    }
}

/// "Example" in other languages, before whatever ending of a domain.
const EXAMPLES: &[&[u8]] = &[
    b"ejemplo",
    b"exemplo",
    b"exemple",
    b"beispiel",
    b"esempio",
    b"przyklad",
    b"voorbeeld",
    b"contoh",
    b"ornek",
    b"priklad",
    b"pelda",
    b"exempel",
    b"eksempel",
    b"esimerkki",
    b"musterfirma",
    b"mustermann",
];

/// Stand-ins for names.
const LOCALS: &[&[u8]] = &[
    b"your",
    b"name",
    b"user",
    b"username",
    b"yourname",
    b"test",
    b"example",
    b"your-email",
    b"youremail",
    b"your.email",
    b"email",
    b"foo",
    b"bar",
    b"someone",
    b"first.last",
    b"firstname.lastname",
    b"somebody",
    b"noreply",
    b"no-reply",
    b"you",
];

/// Addresses that documentation uses: reserved domains (RFC 2606) and stand-ins for names.
fn is_placeholder(local: &[u8], domain: &[u8]) -> bool {
    const DOMAINS: &[&[u8]] = &[
        b"example.com",
        b"example.org",
        b"example.net",
        b"example.edu",
        b"domain.com",
        b"yourdomain.com",
        b"yourcompany.com",
        b"mycompany.com",
        b"company.com",
        b"email.com",
        b"test.com",
        b"users.noreply.github.com",
        b"sentry.io",
    ];
    const ENDINGS: &[&[u8]] = &[
        b".example",
        b".test",
        b".invalid",
        b".localhost",
        b"domain.tld",
        b".local.tld",
        b".example.com",
        b".example.org",
        b".example.net",
    ];
    let is =
        |list: &[&[u8]], part: &[u8]| list.iter().any(|known| part.eq_ignore_ascii_case(known));
    let domain = domain.to_ascii_lowercase();
    let reserved = |name: &[u8]| {
        matches!(name, b"example.com" | b"example.org" | b"example.net" | b"example.edu")
    };
    let is_stand_in = is(LOCALS, local) && is(DOMAINS, &domain);
    let first = domain.split(|byte| *byte == b'.').next().unwrap_or_default();
    reserved(&domain)
        || is(EXAMPLES, first)
        || ENDINGS.iter().any(|ending| domain.ends_with(ending))
        || is_stand_in
        || is(&[b"noreply", b"no-reply", b"donotreply"], local)
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%&'*+-=?^_`{|}~".contains(&byte)
}

/// A dot in letters; the longer forms first.
const SPELLED_DOTS: [&[u8]; 5] = [b" [dot] ", b"[dot]", b" (dot) ", b"(dot)", b" dot "];

/// Where the part before the sign begins; `None` where it is no mailbox.
fn local_start(text: &Text<'_>, sign: &Range<usize>) -> Option<usize> {
    let from = sign.start.saturating_sub(64);
    let mut start = text.run_back_max(sign.start, 64, is_local).max(from);
    // `j [dot] smith [at] …`
    for dot in SPELLED_DOTS {
        let head = text.part(start.saturating_sub(dot.len())..start);
        if head == dot && text.before(start - dot.len()).is_ascii_alphanumeric() {
            start = text.run_back_max(start - dot.len(), 40, is_local);
        }
    }
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
    const SPELLINGS: &[&[u8]] = &[
        b".", b"[.]", b"(.)", b"[dot]", b"(dot)", b"{dot}", b" [dot] ", b" (dot) ", b" {dot} ",
        b" dot ",
    ];
    let rest = text.part(place..place + 8);
    let spelled =
        |dot: &&&[u8]| rest.get(..dot.len()).is_some_and(|head| head.eq_ignore_ascii_case(dot));
    SPELLINGS.iter().find(spelled).map(|dot| place + dot.len())
}
