//! Keys of well-known services, told by their prefix, alphabet and length; and values assigned to
//! names such as `api_key` or `client_secret`.
//!
//! Placeholders of documentation (`sk-xxxx`, `your-key-here`) and test keys are no secrets.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake, check};
use aho_corasick::AhoCorasick;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

mod names;
mod vendors;

use names::NAMES;
use vendors::{PREFIXES, SHAPES};

pub(super) const DETECTOR: &dyn Detector = &ApiKey;

struct ApiKey;

/// Names that stand for many things: what is assigned to them must look drawn.
const VAGUE: &[&[u8]] = &[
    b"token",
    b"tokens",
    b"secret",
    b"credential",
    b"credentials",
    b"pat",
    b"id_token",
    b"bearer",
    b"license_key",
    b"license key",
    b"key",
    b"keys",
];

/// The separators of a bot token: `123456789:AA…`, and its length.
const BOT_MARK: &str = ":AA";

impl Detector for ApiKey {
    fn labels(&self) -> &'static [Label] {
        &[Label::SecretApiKey]
    }

    fn pack(&self) -> Pack {
        Pack::Secrets
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn has_soft_names(&self) -> bool {
        true
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Words(PREFIXES), Wake::Words(&[BOT_MARK]), Wake::Names, Wake::Tokens]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        match anchor {
            Anchor::Word(prefix) => by_prefix(ask.text, prefix, found),
            Anchor::Name(name) => found.extend(assigned(ask.text, name)),
            Anchor::Token(token) if (24..=400).contains(&token.len()) => {
                let hit = |span| Hit::by_shape(Label::SecretApiKey, span);
                if of_account(ask.text, token) {
                    found.push(hit(token.clone()));
                } else if let Some(span) = of_bot(ask.text, token) {
                    found.push(hit(span));
                } else {
                    found.extend(in_column(ask, token));
                }
            }
            Anchor::Token(_)
            | Anchor::Digits(_)
            | Anchor::Code(_)
            | Anchor::Shape(..)
            | Anchor::Number(..) => {}
        }
    }
}

/// The vendors of each prefix, as places in the table.
static BY_PREFIX: LazyLock<BTreeMap<&[u8], Vec<usize>>> = LazyLock::new(|| {
    let mut places: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    for (place, (prefix, ..)) in SHAPES.iter().enumerate() {
        places.entry(prefix.as_bytes()).or_default().push(place);
    }
    places
});

fn by_prefix(text: &Text<'_>, word: &Range<usize>, found: &mut Found) {
    let prefix = text.part(word.clone());
    if prefix == BOT_MARK.as_bytes() {
        found.extend(bot_token(text, word));
    }
    let places = BY_PREFIX.get(prefix).map(Vec::as_slice).unwrap_or_default();
    for (_, body, min, max) in places.iter().filter_map(|place| SHAPES.get(*place)) {
        let end = text.run_max(word.end, max + 1, |byte| body.accepts(byte));
        found.extend(known(text, word.start..trim(text, end), word.end, *min..=*max));
    }
}

fn trim(text: &Text<'_>, mut end: usize) -> usize {
    while matches!(text.before(end), b'.' | b'-' | b'_' | b'?' | b'&' | b':') {
        end -= 1;
    }
    end
}

fn known(
    text: &Text<'_>,
    span: Range<usize>,
    body: usize,
    sizes: std::ops::RangeInclusive<usize>,
) -> Option<Hit> {
    let secret = text.part(body..span.end);
    // A short prefix also begins words and names; then the rest must look drawn.
    let is_telling = body - span.start >= 4 || is_random(secret) && entropy_is_high(secret);
    let opens = text.opens(span.start)
        || text.part(span.start..span.start + 6).contains(&b'.') && text.before(span.start) == b'/';
    let is_key = sizes.contains(&secret.len())
        && opens
        && text.before(span.start) != b'_'
        && text.closes(span.end)
        && is_telling
        && check::distinct(secret) >= 6
        && (is_random(secret)
            || secret.len() >= 30 && check::distinct(secret) >= 12 && has_both_cases(secret))
        && !is_placeholder(secret);
    let is_summed = SUMMED.contains(&text.part(span.start..body)) && secret.len() == 36;
    is_key.then(|| match (is_summed, check::crc_base62(secret)) {
        (true, true) => Hit::by_checksum(Label::SecretApiKey, span),
        // It looks like one, but was never issued.
        (true, false) => Hit::by_shape(Label::SecretApiKey, span).likely(),
        (false, _) => Hit::by_shape(Label::SecretApiKey, span),
    })
}

/// Tokens whose last six characters are the CRC-32 of the others, as GitHub and npm publish.
const SUMMED: &[&[u8]] = &[b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"npm_"];

fn has_both_cases(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase)
}

/// The token of a Telegram bot: its number, a colon, `AA` and 33 characters.
fn bot_token(text: &Text<'_>, mark: &Range<usize>) -> Option<Hit> {
    let start = text.run_back_max(mark.start, 12, |byte| byte.is_ascii_digit());
    let end = text
        .run_max(mark.end, 40, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let fits = (8..=11).contains(&(mark.start - start)) && (32..=34).contains(&(end - mark.end));
    (fits && is_random(text.part(mark.end..end)))
        .then(|| Hit::by_shape(Label::SecretApiKey, start..end))
}

/// A drawn value behind `name = "…"`, `name: …`, `name is …` or `Bearer …`.
fn assigned(text: &Text<'_>, name: &Range<usize>) -> Option<Hit> {
    let head = text.part(name.start.saturating_sub(8)..name.start);
    let is_public = [
        &b"public "[..],
        b"public_",
        b"public",
        b"primary ",
        b"primary_",
        b"foreign ",
        b"cache ",
        b"cache_",
        b"host ",
        b"sort ",
    ]
    .iter()
    .any(|word| head.to_ascii_lowercase().ends_with(word));
    if is_public {
        return None;
    }
    let is_bearer = text.part(name.clone()).eq_ignore_ascii_case(b"bearer");
    let is_vague = VAGUE.iter().any(|vague| text.part(name.clone()).eq_ignore_ascii_case(vague));
    let (start, sign) = value_start(text, name.end)?;
    let end = text
        .run_max(start, 512, |byte| byte.is_ascii_alphanumeric() || b"-_.+/=~:".contains(&byte));
    let end = text
        .run_back(end, |byte| matches!(byte, b'.' | b'-' | b'_' | b'?' | b'&' | b':'))
        .max(start);
    if let Some(quoted) = quoted(text, start).filter(|_| sign == Sign::Mark && !is_vague) {
        return Some(Hit::by_context(Label::SecretApiKey, quoted).likely());
    }
    let value = text.part(start..end);
    let is_said = sign != Sign::None || is_bearer;
    let least = match (is_vague, sign) {
        (false, Sign::Mark) => 14,
        _ => 20,
    };
    let is_drawn = is_random(value) && (least == 14 || entropy_is_high(value));
    let is_key = (least..=500).contains(&value.len())
        && (is_said || (!is_vague && value.len() >= 24 && entropy_is_high(value)))
        && is_drawn
        && !is_placeholder(value)
        && !is_identifier(value)
        && !is_reference(text, start, value);
    is_key.then(|| Hit::by_context(Label::SecretApiKey, start..end).likely())
}

/// A drawn value with signs, such as Django's secret keys, up to its closing quote.
fn quoted(text: &Text<'_>, start: usize) -> Option<Range<usize>> {
    let quote = Some(text.before(start)).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let end = text.run_max(start, 128, |byte| byte.is_ascii_graphic() && byte != quote);
    let value = text.part(start..end);
    let signs = value.iter().filter(|byte| b"!@#$%^&*()".contains(byte)).count();
    let is_drawn = value.len() >= 32 && signs >= 3 && check::distinct(value) >= 16;
    let is_open = value.starts_with(b"$") || value.contains(&b'{') || is_placeholder(value);
    (text.at(end) == quote && is_drawn && !is_open).then_some(start..end)
}

/// The digest of a commit behind a command of git: a word such as "token" before it is a branch's.
fn is_commit(text: &Text<'_>, start: usize, value: &[u8]) -> bool {
    if value.len() != 40 || !value.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let line = text.run_back_max(start, 48, |byte| byte != b'\n');
    ["git ", "commit ", "bisect ", "revert "]
        .iter()
        .any(|word| memchr::memmem::find(text.part(line..start), word.as_bytes()).is_some())
}

/// A token of Twilio: 32 hexadecimal digits behind an account's number in a call.
fn of_account(text: &Text<'_>, token: &Range<usize>) -> bool {
    let is_hex = |value: &[u8]| value.len() == 32 && value.iter().all(u8::is_ascii_hexdigit);
    if !is_hex(text.part(token.clone())) {
        return false;
    }
    let end = text.run_back_max(token.start, 6, |byte| !byte.is_ascii_alphanumeric());
    let number = text.part(end.saturating_sub(34)..end);
    end < token.start && number.strip_prefix(b"AC").is_some_and(is_hex)
}

/// A token of Discord: a bot's number in base64, six characters of time, and a digest, with dots.
fn of_bot(text: &Text<'_>, token: &Range<usize>) -> Option<Range<usize>> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let first = text.run_max(token.start, 32, is_part);
    if text.at(first) != b'.' {
        return None;
    }
    let second = text.run_max(first + 1, 8, is_part);
    let end = text.run_max(second + 1, 48, is_part);
    let fits = (23..=28).contains(&(first - token.start))
        && second - first == 7
        && text.at(second) == b'.'
        && (27..=40).contains(&(end - second - 1));
    if !fits {
        return None;
    }
    let number = super::decode::base64_bytes(text.part(token.start..first))?;
    number.iter().all(u8::is_ascii_digit).then_some(token.start..end)
}

/// A drawn token in a column or under a path that names secrets.
fn in_column(ask: &Ask<'_>, token: &Range<usize>) -> Option<Hit> {
    if !ask.about.meets(ask.class) {
        return None;
    }
    let head = ask.text.part(token.start.saturating_sub(40)..token.start).to_ascii_lowercase();
    if memchr::memmem::find(&head, b"public").is_some() {
        return None;
    }
    let value = ask.text.part(token.clone());
    let is_drawn = is_random(value)
        && entropy_is_high(value)
        && !is_placeholder(value)
        && !is_identifier(value)
        && !is_reference(ask.text, token.start, value);
    let is_named = is_drawn && ask.text.before(token.start) != b'/' && ask.named(token);
    is_named.then(|| Hit::by_context(Label::SecretApiKey, token.clone()).likely())
}

/// How a value is tied to its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// `:` or `=`.
    Mark,
    /// "is", 是, est, …
    Verb,
    /// Nothing but a gap.
    None,
}

/// Verbs that tie a value to its name.
const VERBS: &[&str] = &[
    "改成了",
    "改成",
    "改为",
    "设置为",
    "设为",
    "设成",
    "换成了",
    "换成",
    "就是",
    "is",
    "was",
    "are",
    "ist",
    "lautet",
    "est",
    "es",
    "è",
    "é",
    "to",
    "são",
    "är",
    "jest",
    "là",
    "هو",
    "है",
    "是",
    "为",
    "設定は",
    "は",
    "는",
    "은",
    "이",
    "가",
    "को",
    "heißt",
    "c'est",
    "reset to",
    "changed to",
    "set to",
    "rotated to",
    "updated to",
    // "change it to …"
    "auf",
    "zu",
    "par",
    "en",
    "a",
    "con",
    "con:",
    "para",
    "por",
    "com",
    "naar",
    "na",
    "на",
    "till",
    "til",
    "menjadi",
    "adalah",
    "thành",
    "bằng",
    "إلى",
    "هي",
    "を",
    "을",
    "를",
    "to:",
    "this is",
    "это",
    "to jest",
];

/// Where a verb ends that stands here; one in Latin letters needs a gap behind it.
fn verb_end(text: &Text<'_>, at: usize) -> Option<usize> {
    let ends = |verb: &&str| {
        let end = at + verb.len();
        let is_here = text.part(at..end).eq_ignore_ascii_case(verb.as_bytes());
        is_here && (!verb.is_ascii() || matches!(text.at(end), b' ' | b'"' | b'\'' | b':' | b'`'))
    };
    VERBS.iter().copied().find(ends).map(|verb| at + verb.len())
}

/// Whether quotes stand before a comma and behind it.
fn is_quoted(text: &Text<'_>, comma: usize) -> bool {
    let next = text.run_max(comma + 1, 2, |byte| byte == b' ');
    let is_quote = |byte: u8| matches!(byte, b'"' | b'\'');
    is_quote(text.before(comma)) && is_quote(text.at(next))
}

/// Where the value begins that follows a name, and how it is tied to it.
pub(super) fn value_start(text: &Text<'_>, name_end: usize) -> Option<(usize, Sign)> {
    // `<add key="password" value="…"/>`
    let attribute = b"\" value=\"";
    if text.part(name_end..name_end + attribute.len()) == attribute {
        return Some((name_end + attribute.len(), Sign::Mark));
    }
    if let Some(cell) = next_cell(text, name_end) {
        return Some((cell, Sign::Mark));
    }
    let is_quote =
        |byte: u8| matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'\\' | b'*' | b']' | b')' | b'\t');
    let at = remark_end(text, text.run_max(name_end, 6, is_quote));
    let mut sign = Sign::None;
    let mut after = at;
    if text.part(at..at + 3) == "：".as_bytes() {
        (sign, after) = (Sign::Mark, at + 3);
    } else if matches!(text.at(at), b':' | b'=' | b'>') {
        (sign, after) =
            (Sign::Mark, text.run_max(at, 3, |byte| matches!(byte, b':' | b'=' | b'>')));
    } else if text.at(at) == b',' && is_quoted(text, at) {
        // `define('NAME', 'value')`
        (sign, after) = (Sign::Mark, at + 1);
    } else if let Some(end) = verb_end(text, at) {
        let colon = usize::from(text.at(end) == b':');
        (sign, after) = (Sign::Verb, end + colon);
    } else if text.part(at..at + 2) == b"- " && text.before(at) == b' ' {
        after = at + 2;
    } else if text.at(at) == b'\n'
        || text.at(at) == b'('
        || text.part(at..at + 3) == "（".as_bytes()
    {
        after = at + if text.at(at) < 0x80 { 1 } else { 3 };
    }
    let is_gap = |byte: u8| {
        is_quote(byte)
            || matches!(byte, b'(' | b'[' | b'<')
            || (byte == b'\n' && sign == Sign::Mark)
    };
    let start = text.run_max(after, 6, is_gap);
    let is_glued = text.before(name_end) >= 0x80;
    (start > name_end || is_glued).then_some((start, sign))
}

/// Where the value begins in the element behind the one that a name ends: `<td>Token</td><td>…`,
/// `<label>Token</label><input value="…">`.
fn next_cell(text: &Text<'_>, name_end: usize) -> Option<usize> {
    let mut at = text.run_max(name_end, 3, |byte| matches!(byte, b' ' | b':' | b'*'));
    if text.part(at..at + 2) != b"</" || text.part(at..at + 4) == b"</tr" {
        return None;
    }
    for _ in 0..6 {
        let is_row = text.part(at..at + 3) == b"<tr" || text.part(at..at + 4) == b"</tr";
        let end = text.run_max(at, 120, |byte| byte != b'>');
        if is_row || text.at(end) != b'>' {
            return None;
        }
        let value = memchr::memmem::find(text.part(at..end), b"value=");
        if let Some(value) = value.filter(|_| text.at(at + 1) != b'/') {
            return Some(text.run_max(at + value + 6, 1, |byte| matches!(byte, b'"' | b'\'')));
        }
        at = text.run_max(end + 1, 24, |byte| byte.is_ascii_whitespace());
        if text.at(at) != b'<' {
            return Some(at);
        }
    }
    None
}

/// The place behind a remark in brackets that a colon or an equals sign follows:
/// `password (keep it safe): …`.
fn remark_end(text: &Text<'_>, at: usize) -> usize {
    if text.at(at) != b'(' {
        return at;
    }
    let end = text.run_max(at + 1, 48, |byte| !matches!(byte, b')' | b'\n' | b'('));
    let is_remark = text.at(end) == b')' && matches!(text.at(end + 1), b':' | b'=');
    if is_remark { end + 1 } else { at }
}

/// Whether a value only points to where the secret is kept, or is another kind of value.
fn is_reference(text: &Text<'_>, start: usize, value: &[u8]) -> bool {
    let is_variable = matches!(text.before(start), b'$' | b'{' | b'<' | b'%' | b'@');
    let heads: &[&[u8]] = &[
        b"http://",
        b"https://",
        b"process.env",
        b"os.environ",
        b"env.",
        b"secrets.",
        b"vault:",
        b"arn:aws",
        b"/run/",
        b"/etc/",
        b"file:",
        b"env:",
        b"projects/",
        b"sk_test_",
        b"pk_",
        b"rk_test_",
        // Public keys of SSH.
        b"AAAAC3NzaC1",
        b"AAAAB3NzaC1",
        b"AAAAE2VjZHNh",
        b"sha256",
        b"sha384",
        b"sha512",
        b"self.",
        b"this.",
        b"config.",
        b"settings.",
    ];
    let is_call = matches!(text.at(start + value.len()), b'(' | b'[');
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_small = !value.iter().any(u8::is_ascii_uppercase);
    let is_path = check::count(value, b'/') >= 2 && (digits < 4 || is_small && digits < 8);
    is_variable
        || is_call
        || is_path
        || is_commit(text, start, value)
        || heads.iter().any(|head| value.starts_with(head))
}

/// Whether a value is a name of a program's source: `SetSensitiveHeadersLayer`, `LEGACY_KEY_SHA384`,
/// `pki::PrivateKey`.
fn is_identifier(value: &[u8]) -> bool {
    if memchr::memmem::find(value, b"::").is_some() {
        return true;
    }
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let capitals = value.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    // Words of a name begin with a capital and go on for a few letters.
    let is_camel = digits == 0
        && value.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && value.len() >= 4 * capitals;
    let is_part = |part: &[u8]| {
        let letters = part.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
        let rest = part.get(letters..).unwrap_or_default();
        rest.iter().all(u8::is_ascii_digit)
    };
    let is_constant =
        check::count(value, b'_') >= 2 && value.split(|byte| *byte == b'_').all(is_part);
    is_camel || is_constant
}

/// Whether the letters and digits are mixed as in a drawn value, not as in a name.
pub(super) fn is_random(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let capitals = value.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let distinct = check::distinct(value);
    distinct >= 8
        && (digits >= 2 || (digits + capitals >= 3 && distinct >= 10))
        && digits < value.len()
}

/// Whether letters and digits alternate as often as in a drawn value: words and dates do not.
pub(super) fn entropy_is_high(value: &[u8]) -> bool {
    let kind = |byte: &u8| match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let changes = value
        .windows(2)
        .filter(|pair| matches!(pair, [one, two] if kind(one) != kind(two)))
        .count();
    let vowels = value.iter().filter(|byte| b"aeiouAEIOU".contains(byte)).count();
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count().max(1);
    changes * 4 >= value.len() || (changes * 6 >= value.len() && vowels * 4 <= letters)
}

/// Signs of what documentation puts where a key would stand.
static PLACEHOLDER_SIGNS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    const SIGNS: &[&str] = &[
        "xxxx",
        "example",
        "your",
        "****",
        "....",
        "placeholder",
        "changeme",
        "change_me",
        "change-me",
        "redacted",
        "<",
        "${",
        "{{",
        "dummy",
        "insert",
        "replace",
        "todo",
        "abcdefgh",
        "12345678901234",
        "deadbeef",
        "00010203",
        "masked",
        "hidden",
        "sample",
    ];
    AhoCorasick::builder().ascii_case_insensitive(true).build(SIGNS).ok()
});

/// What documentation puts where a key would stand.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let has_sign = |signs: &AhoCorasick| signs.is_match(value);
    check::distinct(value) < 4 || PLACEHOLDER_SIGNS.as_ref().is_some_and(has_sign)
}
