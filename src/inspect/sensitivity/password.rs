//! Passwords written beside their name: `password: …`, `pwd=…`, 密码：…, "as password", and on command
//! lines (`mysql -p…`, `curl -u user:…`).

use super::api_key::{Sign, value_start};
use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake, check};
use memchr::memmem::Finder;
use smallvec::SmallVec;
use std::ops::Range;

mod command;
mod names;
mod nearby;
mod strength;
mod ties;

use names::NAMES;
pub(super) use strength::is_strong;
use strength::{is_chosen, is_password, is_seed, kinds};
use ties::{LATE, STILL, TIES, TIES_FURTHER};

pub(super) const DETECTOR: &dyn Detector = &Password;

struct Password;

/// Most rows of a table that are looked at for one name.
const ROWS_MAX: usize = 500;

/// Names of accounts whose password a colon is followed by.
const ACCOUNTS: &[&str] = &["root:", "admin:", "administrator:", "postgres:"];

impl Detector for Password {
    fn labels(&self) -> &'static [Label] {
        &[Label::SecretPassword]
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
        vec![
            Wake::Names,
            Wake::Words(&[
                "curl -u ",
                "--user ",
                "sshpass -p",
                "mysql ",
                "mysqldump ",
                "net use ",
                "smbclient ",
                "rpcclient ",
                "ldapsearch ",
                "ldapmodify ",
                "ldapadd ",
            ]),
            Wake::Words(&["<password>", "<pwd>"]),
            Wake::Words(&[
                "password=",
                "password:",
                "passwd=",
                "pwd=",
                "basic ",
                "\"auth\":\"",
                "\"auth\": \"",
                "/user:",
                "identified by ",
            ]),
            // An account's name with its password, and commands that log in.
            Wake::Words(ACCOUNTS),
            Wake::Words(&["login -u ", "docker login ", "podman login "]),
            Wake::Words(command::COMMANDS),
            Wake::Words(command::CALLS),
            Wake::Words(PORTS),
            Wake::Words(nearby::USERS),
            Wake::Words(nearby::WIRELESS),
            Wake::Words(nearby::CREDENTIALS),
            Wake::Words(nearby::PHRASES),
        ]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let text = ask.text;
        let mut spans = Vec::new();
        match anchor {
            Anchor::Word(word) if is_one_of(ACCOUNTS, text.part(word.clone())) => {
                let span = word.end..value_end(text, word.end);
                let value = text.part(span.clone());
                let is_whole =
                    text.opens(word.start) && !value.starts_with(b"//") && is_strong(value);
                spans.extend(is_whole.then_some(span));
            }
            Anchor::Word(word) if is_one_of(nearby::CREDENTIALS, text.part(word.clone())) => {
                spans.extend(
                    nearby::beside_account(text, word)
                        .or_else(|| nearby::telling(text, word))
                        .or_else(|| nearby::account_before(text, word)),
                );
            }
            Anchor::Word(word) if is_one_of(nearby::PHRASES, text.part(word.clone())) => {
                spans.extend(nearby::recovery_phrase(text, word));
            }
            Anchor::Word(word) if is_key(text.part(word.clone())) => {
                // The name may be the end of a longer one, as in `PGPASSWORD=`.
                let name = word.start..word.end - 1;
                let is_part = text.before(word.start).is_ascii_alphanumeric();
                spans.extend(behind(text, &name).filter(|_| is_part));
            }
            Anchor::Name(name) => {
                let value = behind(text, name).or_else(|| before(text, name));
                let value = value.or_else(|| pointed_at(text, name));
                let value = value.or_else(|| nearby::passphrase(text, name));
                spans.extend(value.or_else(|| nearby::telling_near(text, name)));
                if spans.is_empty() {
                    below(text, name, &mut spans);
                }
            }
            Anchor::Word(word) => spans.extend(by_word(text, word)),
            Anchor::Token(_)
            | Anchor::Digits(_)
            | Anchor::Code(_)
            | Anchor::Shape(..)
            | Anchor::Number(..) => {}
        }
        let hit = |span| Hit::by_context(Label::SecretPassword, span).likely();
        found.extend(spans.into_iter().map(hit));
    }
}

/// What a word of a command line, a call or a setting leads to.
fn by_word(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let name = text.part(word.clone());
    if is_one_of(command::COMMANDS, name) {
        command::behind_option(text, word)
    } else if is_one_of(command::CALLS, name) {
        command::in_call(text, word)
    } else if is_one_of(PORTS, name) {
        command::in_fields(text, word)
    } else if is_one_of(nearby::USERS, name) {
        nearby::abbreviated(text, word)
    } else if is_one_of(nearby::WIRELESS, name) {
        nearby::wireless(text, word).or_else(|| nearby::beside_account(text, word))
    } else {
        command::on_command_line(text, word)
    }
}

/// Ports of databases between colons, as a line of `.pgpass` has them.
const PORTS: &[&str] = &[":5432:", ":5433:", ":6432:"];

/// The value behind the name.
fn behind(text: &Text<'_>, name: &Range<usize>) -> Option<Range<usize>> {
    let is_number_name = text.part(name.clone()).eq_ignore_ascii_case(b"pin")
        || text.part(name.clone()).to_ascii_lowercase().starts_with(b"cv");
    let (start, sign) = value_start(text, name.end)?;
    let span = start..value_end(text, start);
    let value = text.part(span.clone());
    // `<password>` without its other half is what documentation puts in a password's place.
    let is_element = text.before(name.start) == b'<' && text.at(name.end) == b'>';
    if is_element {
        let last = signs_end(text, span.end);
        if text.at(text.run_max(last, 8, |byte| byte.is_ascii_whitespace())) != b'<' {
            return None;
        }
    }
    if is_number_name {
        let is_pin = sign != Sign::None
            && (3..=8).contains(&value.len())
            && value.iter().all(u8::is_ascii_digit);
        let is_card_code = (3..=4).contains(&value.len())
            && value.iter().all(u8::is_ascii_digit)
            && !text.part(name.clone()).eq_ignore_ascii_case(b"pin")
            && text.closes(span.end);
        return if is_pin || is_card_code { Some(span) } else { pin_further(text, name) };
    }
    let is_code = names_code(text.part(name.clone()));
    if is_code && sign != Sign::Mark && is_pin(value) {
        return Some(span);
    }
    if is_code && let Some(pin) = pin_further(text, name).filter(|_| !is_password(value)) {
        return Some(pin);
    }
    if let Some(fours) = nearby::in_fours(text, start).filter(|_| sign != Sign::None) {
        return Some(fours);
    }
    let is_secret = match sign {
        Sign::Mark => is_password(value),
        // "is still …", "is now …"
        Sign::Verb => {
            let is_short = value.iter().all(u8::is_ascii_digit) && value.len() < 6;
            if !is_password(value) || is_short {
                return further(text, name.end);
            }
            true
        }
        // Chinese and Japanese need no sign between a name and a value.
        Sign::None if text.before(name.end) >= 0x80 => {
            let is_number = (6..=8).contains(&value.len())
                && value.iter().all(u8::is_ascii_digit)
                && check::distinct(value) > 2
                && !b"0123456789".windows(value.len()).any(|run| run == value);
            if is_number {
                return Some(span);
            }
            if value.len() < 6 || !is_password(value) || kinds(value) < 2 {
                return further(text, name.end);
            }
            true
        }
        Sign::None if is_strong(value) || is_chosen(value) || is_seed(value) => true,
        Sign::None => return further(text, name.end),
    };
    is_secret.then_some(span)
}

/// A number as people choose or get it to log in, at times with the key that ends it.
fn is_pin(value: &[u8]) -> bool {
    let value = value.strip_suffix(b"#").or_else(|| value.strip_suffix(b"*")).unwrap_or(value);
    (4..=8).contains(&value.len())
        && value.iter().all(u8::is_ascii_digit)
        && check::distinct(value) > 1
}

/// `The PIN of the alarm panel is 4053`, `le code d'entrée de l'immeuble est 48B29`.
fn pin_further(text: &Text<'_>, name: &Range<usize>) -> Option<Range<usize>> {
    const TIES: [&[u8]; 15] = [
        b" is ",
        b" was ",
        b" used to be ",
        b", ",
        b": ",
        b" ist ",
        b" est ",
        b" es ",
        b" \xC3\xA8 ",
        b" \xC3\xA9 ",
        b" lautet ",
        b" jest ",
        b" to ",
        b" \xC3\xA4r ",
        b" er ",
    ];
    let line = text.run_max(name.end, 56, |byte| !matches!(byte, b'\n' | b'.' | b';' | b'?'));
    let gap = text.part(name.end..line);
    if NOT_VALUES.iter().any(|word| memchr::memmem::find(gap, word).is_some()) {
        return None;
    }
    // `dial 212-617-4766 pin 48291`: but a post office's PIN has six digits.
    let near = name.end + 1..text.run_max(name.end + 1, 9, |byte| byte.is_ascii_digit());
    if text.at(name.end) == b' ' && matches!(near.len(), 4 | 5 | 8) && text.closes(near.end) {
        return is_pin(text.part(near.clone())).then_some(near);
    }
    TIES.iter().filter_map(|tie| Some(memchr::memmem::find(gap, tie)? + tie.len())).find_map(
        |tie| {
            let start = unquoted(text, after_still(text, name.end + tie));
            let end =
                text.run_max(start, 10, |byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
            let end = end + usize::from(matches!(text.at(end), b'#' | b'*'));
            let value = text.part(start..end);
            let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
            let is_mixed = (4..=8).contains(&value.len()) && digits >= 2 && digits < value.len();
            (text.closes(end) && (is_pin(value) || is_mixed)).then_some(start..end)
        },
    )
}

/// Whether a name speaks of a code, whose value may be a few digits.
fn names_code(name: &[u8]) -> bool {
    const ENDS: [&str; 3] = ["code", "codes", "number"];
    const STARTS: [&str; 3] = ["code ", "código ", "codice "];
    let name = name.to_ascii_lowercase();
    ENDS.iter().any(|end| name.ends_with(end.as_bytes()))
        || STARTS.iter().any(|start| name.starts_with(start.as_bytes()))
}

/// Words behind "password" of which something else is said.
const NOT_VALUES: [&[u8]; 8] =
    [b"manager", b"polic", b"field", b"length", b"reset", b"generator", b"hash", b"require"];

/// `The password for the account is …`: a verb a few words later.
fn further(text: &Text<'_>, name_end: usize) -> Option<Range<usize>> {
    let ends = |byte: u8| matches!(byte, b'\n' | b'.' | b',' | b';' | b'?' | b'(');
    let line = text.run_max(name_end, 64, |byte| !ends(byte));
    let gap = text.part(name_end..line);
    if NOT_VALUES.iter().any(|word| memchr::memmem::find(gap, word).is_some()) {
        return None;
    }
    let find = |tie: &Finder<'_>| tie.find(gap).map(|at| at + tie.needle().len());
    let mut starts: SmallVec<[usize; 4]> = LATE.iter().filter_map(find).collect();
    starts.sort_unstable();
    starts.into_iter().take(4).find_map(|tie| {
        let start = unquoted(text, after_still(text, name_end + tie));
        let span = start..value_end(text, start);
        is_strong(text.part(span.clone())).then_some(span)
    })
}

/// The place behind words such as "still".
fn after_still(text: &Text<'_>, start: usize) -> usize {
    let is_here = |word: &&&str| text.part(start..start + word.len()) == word.as_bytes();
    STILL.iter().find(is_here).map_or(start, |word| start + word.len())
}

/// Opening quotes beyond ASCII.
pub(super) const QUOTES: [&str; 6] = ["「", "『", "“", "„", "‘", "«"];

pub(super) fn unquoted(text: &Text<'_>, start: usize) -> usize {
    let is_quote = |byte| matches!(byte, b'"' | b'\'' | b'`' | b'*' | b'\\' | b' ');
    let at = text.run_max(start, 3, is_quote);
    let quote = QUOTES.iter().find(|quote| text.part(at..at + quote.len()) == quote.as_bytes());
    at + quote.map_or(0, |quote| quote.len())
}

pub(super) fn value_end(text: &Text<'_>, start: usize) -> usize {
    let ends = |place: usize| match text.at(place) {
        b'"' | b'\'' | b'`' | b',' | b';' | b'<' | b'|' => true,
        // In a query, another pair follows.
        b'&' => {
            let key =
                text.run_max(place + 1, 32, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
            text.at(key) == b'=' || text.part(place..place + 5) == b"&amp;"
        }
        // Umlauts, signs of Latin-1 and Cyrillic letters stand in passwords, too; other scripts end them.
        0xC2 | 0xC3 | 0xD0 | 0xD1 => {
            text.at(place + 1) < 0x80 || text.part(place..place + 2) == "»".as_bytes()
        }
        0x80..=0xBF => !matches!(text.before(place), 0xC2 | 0xC3 | 0xD0 | 0xD1),
        byte => !byte.is_ascii_graphic(),
    };
    let most = text.bytes.len().min(start + 129);
    let end = (start..most).find(|place| ends(*place)).unwrap_or(most.max(start));
    text.run_back(end, |byte| matches!(byte, b'.' | b')' | b'}' | b']' | b'?' | b'\\' | b':'))
        .max(start)
}

/// Where the signs end that [`value_end`] left out because they end a sentence: in an element they
/// may be a password's last.
fn signs_end(text: &Text<'_>, end: usize) -> usize {
    text.run_max(end, 4, |byte| matches!(byte, b'.' | b'?' | b':' | b')'))
}

/// `… although I type hunter2!Kx9 (that's the password)`: the last value before that shows it.
fn pointed_at(text: &Text<'_>, name: &Range<usize>) -> Option<Range<usize>> {
    const POINTERS: [&[u8]; 6] = [
        b"that's the ",
        b"that is the ",
        b"which is the ",
        b"that's my ",
        b"that was the ",
        b"it's the ",
    ];
    // "that's the password screen" is about something else.
    if matches!(text.part(name.end..name.end + 2), [b' ', letter] if letter.is_ascii_alphabetic()) {
        return None;
    }
    let from = name.start.saturating_sub(112);
    let head = text.part(from..name.start);
    let pointer = POINTERS.iter().find(|pointer| head.ends_with(pointer))?;
    let head = head.get(..head.len() - pointer.len())?;
    let mut end = from + head.len();
    for word in head.rsplit(|byte| *byte == b' ').take(16) {
        let start = end - word.len();
        let span = unquoted(text, start)..value_end(text, unquoted(text, start)).min(end);
        if is_strong(text.part(span.clone())) {
            return Some(span);
        }
        end = start.checked_sub(1)?;
    }
    None
}

/// `…gave hunter2! as password`, `Tr0ub4dor& is the password of …`.
fn before(text: &Text<'_>, name: &Range<usize>) -> Option<Range<usize>> {
    let head = text.part(name.start.saturating_sub(64)..name.start);
    let close =
        TIES.iter().find(|tie| head.ends_with(tie.as_bytes())).map(|tie| head.len() - tie.len());
    let tie = close.or_else(|| {
        // "as a temporary password": up to three words in between.
        let is_word =
            |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b' ' | b'-') || *byte >= 0x80;
        let spaces = |part: &[u8]| check::count(part, b' ');
        TIES_FURTHER.iter().find_map(|tie| {
            let at = tie.rfind(head)?;
            let between = head.get(at + tie.needle().len()..)?;
            (between.iter().all(is_word) && spaces(between) <= 3 && between.len() <= 32)
                .then_some(at)
        })
    })?;
    let end = name.start - (head.len() - tie);
    let end = text.run_back_max(end, 2, |byte| matches!(byte, b' ' | b'"' | b'`'));
    let start = text.run_back_max(end, 64, |byte| {
        byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b',')
    });
    is_strong(text.part(start..end)).then_some(start..end)
}

/// Values in a table under the name: in the same column of the rows that follow, or of an `INSERT`.
fn below(text: &Text<'_>, name: &Range<usize>, found: &mut Vec<Range<usize>>) {
    let line_start = text.run_back_max(name.start, 400, |byte| byte != b'\n');
    let line_end = text.run_max(name.end, 400, |byte| byte != b'\n');
    let line = text.part(line_start..line_end);
    if let Some(values) =
        memchr::memmem::find(line, b"VALUES (").or_else(|| memchr::memmem::find(line, b"values ("))
    {
        let open = text.run_back_max(name.start, 400, |byte| byte != b'(');
        let column = check::count(text.part(open..name.start), b',');
        let from = line_start + values + 8;
        let to = text.run_max(from, 600, |byte| byte != b'\n' && byte != b')');
        found.extend(cell(text, from..to, b',', column));
        return;
    }
    let Some(separator) = [b'\t', b'|', b';', b','].into_iter().find(|sign| line.contains(sign))
    else {
        return;
    };
    let column = check::count(text.part(line_start..name.start), separator);
    let mut row = line_end + 1;
    for _ in 0..ROWS_MAX {
        let row_end = text.run_max(row, 600, |byte| byte != b'\n');
        let cells = check::count(text.part(row..row_end), separator);
        if row >= row_end || cells != check::count(line, separator) {
            return;
        }
        found.extend(cell(text, row..row_end, separator, column));
        row = row_end + 1;
    }
}

/// The password in one cell of a row.
fn cell(text: &Text<'_>, row: Range<usize>, separator: u8, column: usize) -> Option<Range<usize>> {
    let mut at = row.start;
    for cell in text.part(row.clone()).split(|byte| *byte == separator).take(column) {
        at += cell.len() + 1;
    }
    let start = text.run_max(at, 3, |byte| matches!(byte, b' ' | b'"' | b'\''));
    let end = text
        .run_max(start, row.end.saturating_sub(start), |byte| byte != separator)
        .min(value_end(text, start));
    (start < end && is_password(text.part(start..end))).then_some(start..end)
}

/// Whether a word is the end of a key with its sign, as in `PGPASSWORD=`.
fn is_key(word: &[u8]) -> bool {
    matches!(word.last(), Some(b'=' | b':')) && !matches!(word.first(), Some(b'/' | b':'))
}

pub(super) fn is_one_of(known: &[&str], word: &[u8]) -> bool {
    known.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}
