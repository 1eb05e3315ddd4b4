//! Values that show what they are, behind words that only speak of credentials: `creds for the portal:
//! vendor7 / qRz81!mNb`, `unlock the archive with Blue-Heron_1984`; recovery phrases of wallets.

use std::ops::Range;

use super::super::text::Text;
use super::{NOT_VALUES, is_strong, unquoted, value_end};

/// Words after which a value that shows what it is counts, within a line.
pub(super) const CREDENTIALS: &[&str] = &[
    "login",
    "log in with",
    "as administrator with",
    "as admin with",
    "as root with",
    "log in as",
    "sign in with",
    "sign in as",
    "credentials",
    "creds",
    "unlock",
    "opens with",
    "open it with",
    "decrypt",
    "encrypted with",
    "protected with",
    "keystore",
    "the secret is",
    "my secret is",
    "secret was",
    "zugangsdaten",
    "anmeldedaten",
    "logindaten",
    "identifiants",
    "identifiant",
    "credenciales",
    "credenciais",
    "credenziali",
    "inloggegevens",
    "dane logowania",
    "inloggning",
    "kirjautumis",
    "учётные данные",
    "учетные данные",
    "логин",
    "доступ:",
    "ログイン",
    "アカウント",
    "로그인",
    "账号",
    "帳號",
    "登录",
    "登入",
];

/// How far behind the word the value may stand, in bytes.
const REACH: usize = 80;

/// Signs that hardly stand inside anything but a password.
const TELLING: &[u8] = b"!#$%&*+?^~=@";

/// The combination of a safe: `48-29-10`.
fn is_combination(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b'-');
    let is_pair = |part: &[u8]| matches!(part.len(), 1 | 2) && part.iter().all(u8::is_ascii_digit);
    parts.clone().count() == 3 && parts.all(is_pair)
}

/// The first value behind a word that shows by itself that it is a password.
pub(super) fn telling(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    if text.bytes.get(word.start).is_some_and(u8::is_ascii) && !text.opens(word.start) {
        return None;
    }
    let line = text.run_max(word.end, REACH, |byte| byte != b'\n');
    let mut at = word.end;
    while at < line {
        let start = unquoted(text, at);
        let span = start..value_end(text, start);
        let opens_safe =
            text.part(word.clone()).starts_with(b"open") && is_combination(text.part(span.clone()));
        if start < line && (is_telling(text.part(span.clone())) || opens_safe) {
            return Some(span);
        }
        let next = text.run_max(at, REACH, |byte| byte != b' ' && byte != b'\n');
        at = next.max(span.end.min(line)) + 1;
    }
    None
}

/// The same close behind a name for passwords, in its sentence: `forgot the password, something like …`.
pub(super) fn telling_near(text: &Text<'_>, name: &Range<usize>) -> Option<Range<usize>> {
    let ends = |byte: u8| matches!(byte, b'\n' | b'.' | b';' | b'?' | b'{' | b'<');
    let line = text.run_max(name.end, NEAR, |byte| !ends(byte));
    let gap = text.part(name.end..line);
    if !gap.iter().any(u8::is_ascii_digit)
        || NOT_VALUES.iter().any(|word| memchr::memmem::find(gap, word).is_some())
    {
        return None;
    }
    let mut at = name.end;
    while at < line {
        let start = unquoted(text, at);
        let span = start..value_end(text, start);
        let is_open = text.before(start) == b' ' || start > at;
        if start < line && is_open && is_telling(text.part(span.clone())) {
            return Some(span);
        }
        at = text.run_max(at, NEAR, |byte| byte != b' ' && byte != b'\n') + 1;
    }
    None
}

/// How far behind a name such a value may stand, in bytes.
const NEAR: usize = 40;

/// `the login is admin / Winter#2025`, `creds: svc : Winter#2025`: a name, a sign, a value that looks like
/// a password.
pub(super) fn beside_account(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    const SIGNS: [&[u8]; 5] = [b" / ", b" : ", b" | ", b" - ", b"/"];
    let line = text.run_max(word.end, 64, |byte| byte != b'\n');
    let gap = text.part(word.end..line);
    SIGNS.iter().filter_map(|sign| Some(memchr::memmem::find(gap, sign)? + sign.len())).find_map(
        |at| {
            let start = word.end + at;
            let span = start..value_end(text, start);
            (text.opens(word.start) && is_strong(text.part(span.clone()))).then_some(span)
        },
    )
}

/// `use svc / Winter#2025 for the login`: the same before the word.
pub(super) fn account_before(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let from = text.run_back_max(word.start, 56, |byte| byte != b'\n');
    let slash = memchr::memmem::rfind(text.part(from..word.start), b" / ")?;
    let start = from + slash + 3;
    let span = start..value_end(text, start);
    is_strong(text.part(span.clone())).then_some(span)
}

/// What a name is called in short, before a password in short: `u: admin p: …`.
pub(super) const USERS: &[&str] =
    &["u: ", "u:", "usr: ", "user: ", "username: ", "login: ", "un: ", "id: "];

/// The password in short behind a name in short.
pub(super) fn abbreviated(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    const SHORT: [&[u8]; 6] = [b" p: ", b" p:", b"\np: ", b" pw ", b" pass ", b" / "];
    let line = text.run_max(word.end, 56, |_| true);
    let gap = text.part(word.end..line);
    if !text.opens(word.start) {
        return None;
    }
    SHORT.iter().filter_map(|sign| Some(memchr::memmem::find(gap, sign)? + sign.len())).find_map(
        |at| {
            let start = unquoted(text, word.end + at);
            let span = start..value_end(text, start);
            is_strong(text.part(span.clone())).then_some(span)
        },
    )
}

/// Networks that people give each other the key of.
pub(super) const WIRELESS: &[&str] =
    &["wlan", "wifi", "wi-fi", "wi fi", "ssid", "hotspot", "无线网", "ワイファイ", "와이파이"];

/// `Mein WLAN heißt HomeNet und der Schlüssel ist …`.
pub(super) fn wireless(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    const TIES: [&str; 16] = [
        "key is ",
        "key: ",
        "key ",
        "code is ",
        "code: ",
        "schlüssel ist ",
        "schlüssel: ",
        "schlüssel lautet ",
        "clé est ",
        "clé : ",
        "clave es ",
        "chiave è ",
        "chave é ",
        "klucz to ",
        "sleutel is ",
        "ключ ",
    ];
    let line = text.run_max(word.end, 96, |byte| byte != b'\n');
    let gap = text.part(word.end..line).to_ascii_lowercase();
    TIES.iter()
        .filter_map(|tie| Some(memchr::memmem::find(&gap, tie.as_bytes())? + tie.len()))
        .find_map(|at| {
            let start = unquoted(text, word.end + at);
            let span = start..value_end(text, start);
            is_strong(text.part(span.clone())).then_some(span)
        })
}

/// Whether a value has a sign in it that no name, version or path has, beside letters and digits.
fn is_telling(value: &[u8]) -> bool {
    let inner = value.strip_suffix(b"!").or_else(|| value.strip_suffix(b"?")).unwrap_or(value);
    let has = |value: &[u8], kind: fn(&u8) -> bool| value.iter().any(kind);
    let mixes = has(value, u8::is_ascii_uppercase) && has(value, u8::is_ascii_lowercase);
    let has_telling = inner.iter().any(|byte| TELLING.contains(byte));
    let mut signs: Vec<u8> = inner.iter().copied().filter(u8::is_ascii_punctuation).collect();
    signs.sort_unstable();
    signs.dedup();
    let looks_coded = value.starts_with(b"/")
        || value.starts_with(b"--")
        || value.iter().any(|byte| matches!(byte, b'{' | b'}' | b'\\' | b'<'))
        || memchr::memmem::find(value, b"://").is_some()
        || memchr::memmem::find(value, b"=$").is_some();
    // Two different signs and a few digits, without the dots of files and versions.
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_joined = signs.len() >= 2 && digits >= 2 && !value.contains(&b'.');
    is_strong(value) && mixes && (has_telling || is_joined) && !looks_coded
}

/// A password that a mail service draws for one application: four groups of four small letters.
pub(super) fn in_fours(text: &Text<'_>, start: usize) -> Option<Range<usize>> {
    let end = start + 19;
    let is_small = |part: &[u8]| part.len() == 4 && part.iter().all(u8::is_ascii_lowercase);
    let value = text.part(start..end);
    let is_drawn = value.len() == 19
        && value.split(|byte| *byte == b' ').filter(|part| is_small(part)).count() == 4
        && text.closes(end)
        && !value.split(|byte| *byte == b' ').any(|part| BINDERS.contains(&part));
    let vowels = value.iter().filter(|byte| b"aeiou".contains(byte)).count();
    (is_drawn && vowels <= 6).then_some(start..end)
}

/// Words before the recovery phrase of a wallet.
pub(super) const PHRASES: &[&str] = &[
    "seed phrase",
    "seed:",
    "recovery phrase",
    "seed words",
    "recovery words",
    "mnemonic",
    "助记词",
    "助記詞",
    "wiederherstellungsphrase",
    "frase semilla",
    "phrase de récupération",
    "シードフレーズ",
    "сид-фраза",
];

/// The fewest words of a recovery phrase (BIP 39).
const PHRASE_WORDS: usize = 12;

/// Words that only hold a sentence together.
const BINDERS: [&[u8]; 24] = [
    b"the", b"and", b"for", b"with", b"that", b"this", b"are", b"was", b"you", b"your", b"from",
    b"have", b"not", b"will", b"when", b"been", b"they", b"what", b"can", b"but", b"which",
    b"must", b"should", b"use",
];

/// `passphrase for the key: correct horse battery staple`: four words or more behind a colon, to the
/// end of the line, none of which only holds a sentence together.
pub(super) fn passphrase(text: &Text<'_>, name: &Range<usize>) -> Option<Range<usize>> {
    if !text.part(name.clone()).to_ascii_lowercase().ends_with(b"phrase") {
        return None;
    }
    let colon = text.run_max(name.end, 40, |byte| byte != b':' && byte != b'\n');
    let start = unquoted(text, colon + 1);
    let is_part = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b' ' | b'-')
    };
    let end = text.run_max(start, 128, is_part);
    let is_whole = matches!(text.at(end), 0 | b'\n' | b'\r' | b'"' | b'\'' | b'`' | b'.');
    let words = || {
        let parts = text.part(start..end).split(|byte| matches!(byte, b' ' | b'-'));
        parts.filter(|part| !part.is_empty())
    };
    let is_drawn = words().count() >= 4 && !words().any(|part| BINDERS.contains(&part));
    (text.at(colon) == b':' && is_whole && is_drawn).then_some(start..end)
}

/// Twelve words or more, each of three to eight small letters, as BIP 39 has them, none of which
/// only holds a sentence together.
pub(super) fn recovery_phrase(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let is_gap = |byte: u8| {
        matches!(byte, b':' | b'=' | b'"' | b'\'' | b' ' | b'\n' | b'(' | b'-' | b'>')
            || byte >= 0x80
    };
    let mut from = word.end;
    // "is", "are", "of my wallet is": a few words may come first.
    for _ in 0..6 {
        from = text.run_max(from, 8, is_gap);
        let (mut end, mut words) = (from, 0);
        let mut next = from;
        loop {
            let stop = text.run_max(next, 9, |byte| byte.is_ascii_lowercase());
            let word = text.part(next..stop);
            if !(3..=8).contains(&word.len()) || BINDERS.contains(&word) {
                break;
            }
            (end, words) = (stop, words + 1);
            next = text.run_max(stop, 3, |byte| matches!(byte, b' ' | b',' | b'\n'));
            if next == stop {
                break;
            }
        }
        if (PHRASE_WORDS..=2 * PHRASE_WORDS + 1).contains(&words) {
            return Some(from..end);
        }
        from = text.run_max(from, 24, |byte| byte.is_ascii_alphabetic());
    }
    None
}
