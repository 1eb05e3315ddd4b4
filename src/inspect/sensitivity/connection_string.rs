//! Addresses and settings that carry a password: `scheme://user:password@host`,
//! `Server=…;Password=…;`, `host=… password=…`, `jdbc:…?user=…&password=…`, storage account keys.

use super::api_key::is_placeholder;
use super::password::is_strong;
use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake};
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &ConnectionString;

struct ConnectionString;

/// Keys behind which the password stands.
const KEYS: &[&str] =
    &["password=", "pwd=", "accountkey=", "sharedaccesskey=", "sharedaccesssignature=", "passwd="];
/// Longest string of settings.
const SETTINGS_MAX: usize = 400;

impl Detector for ConnectionString {
    fn labels(&self) -> &'static [Label] {
        &[Label::SecretConnectionString]
    }

    fn pack(&self) -> Pack {
        Pack::Secrets
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Words(&["://", "@"]), Wake::Words(KEYS), Wake::Words(ORACLE)]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Word(sign) = anchor else { return };
        let text = ask.text;
        let span = match text.before(sign.end) {
            b'/' => address(text, sign),
            b'@' => bare(text, sign),
            b':' | b' ' => oracle(text, sign),
            _ => settings(text, sign),
        };
        found.extend(span.map(|span| Hit::by_shape(Label::SecretConnectionString, span)));
    }
}

/// What stands before a login that is written `user/password@database`.
const ORACLE: &[&str] = &[":thin:", ":oci:", "sqlplus ", "sqlldr ", "expdp ", "impdp "];

/// `jdbc:oracle:thin:scott/…@//host:1521/db`, `sqlplus scott/…@db`.
fn oracle(text: &Text<'_>, sign: &Range<usize>) -> Option<Range<usize>> {
    let end = text.run_max(sign.end, 200, is_address);
    let login = text.part(sign.end..end);
    let at = memchr::memrchr(b'@', login)?;
    let (user, password) = login.get(..at)?.split_at_checked(memchr::memchr(b'/', login)?)?;
    let password = password.get(1..)?;
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#');
    let is_login = !user.is_empty() && user.iter().all(is_word) && password.len() >= 3;
    let is_open = is_stand_in(password)
        || is_placeholder(password)
        || EXAMPLES.iter().any(|known| password.eq_ignore_ascii_case(known));
    let start = text.run_back_max(sign.start, 32, |byte| byte.is_ascii_graphic());
    let start = if text.before(sign.end) == b':' { start } else { sign.end };
    (is_login && !is_open).then_some(start..end)
}

/// A login without a scheme, `svc:…@db`, whose password shows that it is one.
fn bare(text: &Text<'_>, sign: &Range<usize>) -> Option<Range<usize>> {
    let is_part = |byte: u8| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'\'' | b'`' | b'/' | b',' | b'=' | b'<' | b'>' | b'(')
    };
    let start = text.run_back_max(sign.start, 72, is_part);
    let login = text.part(start..sign.start);
    let (user, password) = login.split_at_checked(memchr::memchr(b':', login)?)?;
    let password = password.get(1..)?;
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_login =
        (2..=32).contains(&user.len()) && user.iter().all(is_word) && !password.contains(&b':');
    let host = text.run_max(sign.end, 64, |byte| is_word(&byte));
    // `python:3.12-slim@sha256:…` is an image by its digest.
    let is_digest = text.part(sign.end..host) == b"sha256";
    let is_open = is_digest || is_stand_in(password) || is_placeholder(password);
    (is_login && !is_open && host > sign.end && is_strong(password)).then_some(start..host)
}

fn address(text: &Text<'_>, sign: &Range<usize>) -> Option<Range<usize>> {
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let start = text.skip_escape(text.run_back_max(sign.start, 32, is_scheme));
    let end = text.run_max(sign.end, 512, is_address);
    let address = text.part(sign.end..end);
    let at = memchr::memrchr(b'@', address)?;
    let login = address.get(..at)?;
    let colon = memchr::memchr(b':', login)?;
    let user = login.get(..colon)?;
    let password = login.get(colon + 1..)?;
    let host = address.get(at + 1..)?;
    let is_login = start < sign.start
        && !password.is_empty()
        && !user.contains(&b'/')
        && !user.contains(&b'?')
        && !is_left_open(user, password, host);
    is_login.then_some(start..end)
}

/// Passwords that examples have.
const EXAMPLES: &[&[u8]] = &[
    b"password",
    b"pass",
    b"pwd",
    b"passwd",
    b"secret",
    b"postgres",
    b"root",
    b"mysql",
    b"admin",
    b"test",
    b"guest",
    b"changeme",
    b"user",
    b"mypassword",
    b"mysecretpassword",
    b"yourpassword",
    b"dbpassword",
    b"db_password",
    b"userpassword",
    b"passw0rd",
];

/// Whether something stands where a password is to be put: `<password>`, `${DB_PASSWORD}`,
/// `{{ password }}`, `%(password)s`, `%PASSWORD%`, `#{password}`, `__PASSWORD__`, `****`, `your_password`.
fn is_stand_in(password: &[u8]) -> bool {
    let is_name = |part: &[u8]| {
        let is_word =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        part.len() >= 2 && part.iter().all(is_word)
    };
    let is_capital = |part: &[u8]| {
        part.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
    };
    let small = password.to_ascii_lowercase();
    let speaks = [&b"pass"[..], b"pwd", b"secret", b"key"];
    let is_owned = (small.starts_with(b"your") || small.starts_with(b"my"))
        && speaks.iter().any(|word| memchr::memmem::find(&small, word).is_some())
        && !small.iter().any(u8::is_ascii_digit);
    let is_framed = match password {
        [b'<' | b'{' | b'[' | b'*', .., b'>' | b'}' | b']' | b'*']
        | [b'$', b'{' | b'(' | b'[', ..]
        | [b'#', b'{', ..]
        | [b'%', b'(', ..] => true,
        [b'$', name @ ..] => is_capital(name),
        [b'%', name @ .., b'%'] | [b'_', b'_', name @ .., b'_', b'_'] => is_name(name),
        _ => false,
    };
    let is_hidden = [&b"redacted"[..], b"hidden", b"removed", b"masked", b"omitted"];
    is_framed || is_owned || is_hidden.contains(&small.as_slice())
}

/// Whether a template leaves the password to be filled in, or shows the password of an example.
fn is_left_open(user: &[u8], password: &[u8], host: &[u8]) -> bool {
    let is_example = EXAMPLES.iter().any(|word| password.eq_ignore_ascii_case(word));
    let is_nowhere = [
        &b"localhost"[..],
        b"127.0.0.1",
        b"host",
        b"hostname",
        b"example",
        b"db:",
        b"db/",
        b"postgres:",
        b"<",
    ]
    .iter()
    .any(|name| host.starts_with(name))
        || memchr::memmem::find(host, b"example.").is_some();
    let is_shown = is_example && (is_nowhere || is_example_user(user));
    is_stand_in(password)
        || is_shown
        || (password.len() > 3 && is_placeholder(password) && is_masked(password))
}

fn is_example_user(user: &[u8]) -> bool {
    let known = [&b"user"[..], b"username", b"dbuser", b"db_user", b"myuser", b"youruser"];
    known.iter().any(|known| user.eq_ignore_ascii_case(known)) || is_stand_in(user)
}

fn is_masked(password: &[u8]) -> bool {
    let is_one_letter = |other: &u8| password.first() == Some(other);
    password.iter().all(is_one_letter) || password.to_ascii_lowercase().starts_with(b"your")
}

fn is_address(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b')' | b'\\')
}

/// Pairs of settings around the password, among them where to connect.
fn settings(text: &Text<'_>, key: &Range<usize>) -> Option<Range<usize>> {
    const PLACES: &[&[u8]] = &[
        b"server=",
        b"host=",
        b"data source=",
        b"datasource=",
        b"hostname=",
        b"dbname=",
        b"database=",
        b"endpoint=",
        b"defaultendpointsprotocol=",
        b"accountname=",
        b"initial catalog=",
        b"jdbc:",
        b"addr=",
        b"sharedaccesskeyname=",
        b"user id=",
    ];
    let is_part = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'"' | b'`' | b'{' | b'}' | b'|') || byte == b' '
    };
    let start = text.run_back_max(key.start, SETTINGS_MAX, is_part);
    let value_end = text.run_max(key.end, 256, |byte| {
        byte.is_ascii_graphic() && !matches!(byte, b';' | b'&' | b'"' | b'\'' | b'`')
    });
    let value = text.part(key.end..value_end);
    let head = text.part(start..key.start).to_ascii_lowercase();
    let rest = text.part(value_end..value_end + 160).to_ascii_lowercase();
    let rest = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = PLACES.iter().filter_map(|place| memchr::memmem::find(&head, place)).min();
    let follows = rest.starts_with(b";")
        && PLACES.iter().any(|place| memchr::memmem::find(rest, place).is_some());
    let is_nowhere = memchr::memmem::find(&head, b"localhost").is_some()
        && value.len() < 10
        && !value.iter().any(u8::is_ascii_digit);
    let is_open = value.len() < 3
        || is_placeholder(value)
        || is_stand_in(value)
        || is_masked(value)
        || matches!(value, [b'<' | b'$' | b'{' | b'%', ..])
        || is_nowhere;
    // A log line such as `host=x … password=y` has them far apart; what lies between is all settings.
    if is_open || (first.is_none() && !follows) {
        return None;
    }
    let end = if text.at(value_end) == b';' {
        text.run_max(value_end, 200, |byte| is_part(byte) && byte != b' ')
    } else {
        value_end
    };
    Some(first.map_or(key.start, |first| start + first)..end)
}
