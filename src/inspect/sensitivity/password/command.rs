//! Passwords on command lines and in calls: `mysql -p…`, `net user jdoe …`, `auth=("jdoe", "…")`.

use std::ops::Range;

use super::super::decode::base64_bytes;
use super::super::text::Text;
use super::{is_password, is_strong, signs_end, value_end};

/// Commands with the option behind which a password stands; it may be glued to the option.
const OPTIONS: &[(&str, &[&str])] = &[
    ("7z ", &["-p"]),
    ("7za ", &["-p"]),
    ("rar ", &["-hp", "-p"]),
    ("unrar ", &["-p"]),
    ("zip ", &["-P ", "--password "]),
    ("unzip ", &["-P "]),
    ("redis-cli ", &["-a ", "--pass "]),
    ("mysqladmin ", &["-p"]),
    ("mariadb ", &["-p"]),
    ("mongo ", &["-p "]),
    ("mongosh ", &["-p "]),
    ("mongodump ", &["-p "]),
    ("sqlcmd ", &["-P "]),
    ("bcp ", &["-P "]),
    ("plink ", &["-pw "]),
    ("pscp ", &["-pw "]),
    ("psexec ", &["-p "]),
    ("xfreerdp ", &["/p:"]),
    ("rdesktop ", &["-p "]),
    ("schtasks ", &["/rp "]),
    ("ipmitool ", &["-P "]),
    ("mosquitto_pub ", &["-P "]),
    ("mosquitto_sub ", &["-P "]),
    ("keytool ", &["-storepass ", "-keypass "]),
    ("jarsigner ", &["-storepass "]),
    ("gpg ", &["--passphrase "]),
    ("ccrypt ", &["-K "]),
    ("az login ", &["-p "]),
    ("cf login ", &["-p "]),
    ("oc login ", &["-p "]),
    ("helm registry login ", &["-p "]),
    ("qpdf ", &["--password="]),
    ("pdftk ", &["user_pw ", "owner_pw "]),
    ("wpa_passphrase ", &[" "]),
    ("net user ", &[" "]),
    ("htpasswd ", &[" "]),
    ("nmcli ", &["password "]),
    ("smbmap ", &["-p "]),
    ("crackmapexec ", &["-p "]),
    ("evil-winrm ", &["-p "]),
    ("lftp ", &["-u "]),
];

/// The commands of [`OPTIONS`].
pub(super) const COMMANDS: &[&str] = &[
    "7z ",
    "7za ",
    "rar ",
    "unrar ",
    "zip ",
    "unzip ",
    "redis-cli ",
    "mysqladmin ",
    "mariadb ",
    "mongo ",
    "mongosh ",
    "mongodump ",
    "sqlcmd ",
    "bcp ",
    "plink ",
    "pscp ",
    "psexec ",
    "xfreerdp ",
    "rdesktop ",
    "schtasks ",
    "ipmitool ",
    "mosquitto_pub ",
    "mosquitto_sub ",
    "keytool ",
    "jarsigner ",
    "gpg ",
    "ccrypt ",
    "az login ",
    "cf login ",
    "oc login ",
    "helm registry login ",
    "qpdf ",
    "pdftk ",
    "wpa_passphrase ",
    "net user ",
    "htpasswd ",
    "nmcli ",
    "smbmap ",
    "crackmapexec ",
    "evil-winrm ",
    "lftp ",
];

/// Calls that are given a name and a password.
pub(super) const CALLS: &[&str] = &[
    "auth=(",
    "basicauth(",
    "basic_auth(",
    "convertto-securestring ",
    ".login(",
    ".authenticate(",
    "networkcredential(",
    "passwordauthentication(",
    "usernamepassword(",
    ".auth(",
    "credentials(",
    "setcredentials(",
    ".connect(",
    "pscredential(",
];

/// The value behind the option of a command; a value without an option must show what it is.
pub(super) fn behind_option(text: &Text<'_>, command: &Range<usize>) -> Option<Range<usize>> {
    let name = text.part(command.clone()).to_ascii_lowercase();
    let (_, options) = OPTIONS.iter().find(|(known, _)| known.as_bytes() == name)?;
    let line = text.run_max(command.end, 200, |byte| byte != b'\n');
    if !text.opens(command.start) {
        return None;
    }
    let from = command.end - 1;
    options.iter().find_map(|option| {
        if *option == " " {
            return words(text, from..line).find(|span| is_strong(text.part(span.clone())));
        }
        let sign = [b" ", option.as_bytes()].concat();
        let at = memchr::memmem::find(text.part(from..line), &sign)? + sign.len();
        let start = text.run_max(from + at, 1, |byte| matches!(byte, b'"' | b'\''));
        let span = start..value_end(text, start);
        is_password(text.part(span.clone())).then_some(span)
    })
}

/// The words of a line, without quotes.
fn words<'a>(text: &'a Text<'_>, line: Range<usize>) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut at = line.start;
    std::iter::from_fn(move || {
        let start = text.run_max(at, 3, |byte| matches!(byte, b' ' | b'"' | b'\''));
        if start >= line.end {
            return None;
        }
        let end = text.run_max(start, 64, |byte| !matches!(byte, b' ' | b'"' | b'\'' | b'\n'));
        at = end.max(start + 1);
        Some(start..end)
    })
}

/// The last quoted value of a call, if it shows that it is a password: `auth=("jdoe", "…")`.
pub(super) fn in_call(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let end = text.run_max(word.end, 120, |byte| !matches!(byte, b'\n' | b')' | b';'));
    let mut last = None;
    let mut at = word.end;
    while at < end {
        let open = text.run_max(at, end - at, |byte| !matches!(byte, b'"' | b'\''));
        let close = text.run_max(open + 1, 64, |byte| byte != text.at(open) && byte != b'\n');
        if open >= end || text.at(close) != text.at(open) {
            break;
        }
        if is_strong(text.part(open + 1..close)) {
            last = Some(open + 1..close);
        }
        at = close + 1;
    }
    last
}

/// The last field of a line of `.pgpass`: `host:5432:database:user:password`.
pub(super) fn in_fields(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let end = text.run_max(word.end, 128, |byte| byte.is_ascii_graphic());
    let colon = memchr::memrchr(b':', text.part(word.end..end))?;
    let start = word.end + colon + 1;
    let fields = memchr::memchr_iter(b':', text.part(word.end..end)).count();
    (fields == 2 && is_password(text.part(start..end))).then_some(start..end)
}

/// What follows a command or a sign of its own.
pub(super) fn on_command_line(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let command = text.part(word.clone());
    if command.eq_ignore_ascii_case(b"basic ") || command.starts_with(b"\"auth") {
        return basic(text, word);
    }
    let start = match command.last() {
        Some(b':') => {
            let user = text.run_max(word.end, 64, |byte| !matches!(byte, b' ' | b'\n' | 0));
            // `net use Z: \\\\server\\share /user:CORP\\jdoe …` needs no value that shows itself.
            let line = text.run_back_max(word.start, 120, |byte| byte != b'\n');
            let head = text.part(line..word.start).to_ascii_lowercase();
            let is_command = memchr::memmem::find(&head, b"net use ").is_some();
            (text.at(user) == b' ').then_some(user + 1).filter(|start| {
                is_command || is_strong(text.part(*start..value_end(text, *start)))
            })?
        }
        Some(b' ') if command.starts_with(b"curl") || command.starts_with(b"--user") => {
            let user = text.run_max(word.end, 2, |byte| matches!(byte, b'"' | b'\''));
            let colon = text.run_max(user, 64, |byte| byte.is_ascii_graphic() && byte != b':');
            (text.at(colon) == b':').then_some(colon + 1)?
        }
        Some(b' ') if command.to_ascii_lowercase().windows(6).any(|part| part == b"login ") => {
            let line = text.run_max(word.end, 120, |byte| byte != b'\n');
            let options = text.part(word.end..line);
            let long = memchr::memmem::find(options, b" --password ").map(|at| at + 12);
            let short = || memchr::memmem::find(options, b" -p ").map(|at| at + 4);
            let start = word.end + long.or_else(short)?;
            text.run_max(start, 1, |byte| matches!(byte, b'"' | b'\''))
        }
        Some(b' ') if command.ends_with(b"client ") => {
            let line = text.run_max(word.end, 120, |byte| byte != b'\n');
            let user = memchr::memmem::find(text.part(word.end..line), b"-U ")?;
            let sign = text
                .run_max(word.end + user + 3, 64, |byte| byte.is_ascii_graphic() && byte != b'%');
            (text.at(sign) == b'%').then_some(sign + 1)?
        }
        Some(b' ') if command.starts_with(b"mysql") || command.starts_with(b"ldap") => {
            let line = text.run_max(word.end, 120, |byte| byte != b'\n');
            let option: &[u8] = if command.starts_with(b"ldap") { b" -w " } else { b" -p" };
            // The space before it may be the one that ends the command's name.
            let at = memchr::memmem::find(text.part(word.end - 1..line), option)?;
            let start = word.end - 1 + at + option.len();
            text.run_max(start, 1, |byte| matches!(byte, b'"' | b'\''))
        }
        // Without its other half, it is what documentation puts in a password's place.
        Some(b'>') => {
            let end = signs_end(text, value_end(text, word.end));
            (text.at(end) == b'<').then_some(word.end)?
        }
        _ => text.run_max(word.end, 2, |byte| matches!(byte, b' ' | b'"' | b'\'')),
    };
    let span = start..value_end(text, start);
    is_password(text.part(span.clone())).then_some(span)
}

/// The login of HTTP's basic authentication: `user:password` in base64.
fn basic(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let end =
        text.run_max(word.end, 256, |byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    let token = text.part(word.end..end);
    let inner = token.split(|byte| *byte == b'=').next().unwrap_or_default();
    let login = base64_bytes(inner).filter(|_| token.len() >= 8)?;
    let colon = memchr::memchr(b':', &login)?;
    let is_login = login.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    (is_login && colon > 0 && colon + 3 < login.len()).then_some(word.end..end)
}
