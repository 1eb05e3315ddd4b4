//! Passwords and door codes that no word for passwords names: `to get onto the scanner PC type
//! Pelican44 and hit enter`, `the alarm starts when you walk in, punch in 90214`.
//!
//! Three things must come together on a line: a word for what is entered (an account, an archive, a
//! door), a word that ties the value to it, right beside the value, and a value as people choose them.

use super::password::{QUOTES, is_one_of, unquoted, value_end};
use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake};
use std::ops::Range;
use std::sync::LazyLock;

pub(super) const DETECTOR: &dyn Detector = &Access;

struct Access;

impl Detector for Access {
    fn labels(&self) -> &'static [Label] {
        &[Label::SecretPassword]
    }

    fn pack(&self) -> Pack {
        Pack::Secrets
    }

    fn has_soft_names(&self) -> bool {
        true
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Words(&ENTRANCES), Wake::Words(&DOORS)]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Word(word) = anchor else { return };
        let Some(window) = window(ask.text, word) else { return };
        let is_door = || is_one_of(&DOORS, ask.text.part(word.clone()));
        let code = || code_near(ask.text, word, &window).filter(|_| is_door());
        let span = chosen_near(ask.text, word, &window).or_else(code);
        found.extend(span.map(|span| Hit::by_context(Label::SecretPassword, span).likely()));
    }
}

/// Lists of words, parted by bars.
fn words(lines: &[&'static str]) -> Vec<&'static str> {
    lines.iter().flat_map(|line| line.split('|')).collect()
}

/// What one logs in to or opens, where letters and digits are asked for.
static ENTRANCES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    words(&[
        "log in|log-in|logs in|logged in|login|logon|log on|sign in|sign-in|get in|gets you in|get into",
        "gets you into|get onto|get on the|let me in|lets you in|let you in|locked out|hit enter|press enter",
        "press return|hit return|the prompt|prompts you|sudo asks|bios will ask|wifi|wi-fi|wlan|wireless|hotspot",
        "vpn|pre-shared key|unlock|unprotect|decrypt|encrypted|zip|archive|keepass|vault|usb stick|admin",
        "root|superuser|account|mailbox|portal|database|mysql|postgres|oracle|redis|jenkins|jump host|phpmyadmin",
        "apple id|netflix|staging box|everywhere|recovery answer|bitlocker|luks|truecrypt|veracrypt",
        "password manager|wpa2|guest internet|guest network|repeater|basic auth|snmp|enable secret",
        "domain controller|intranet|dashboard|authenticates|proxy|paypal|instagram|facebook|spotify|dropbox",
        "trello|icloud|gmail|post-it|the shared|till|kiosk|scanner pc|lab computer|online banking",
        "the internet guy|iptv|code word",
        "einloggen|anmelden|anmeldung|kommt man mit|inloggen|je komt in|enter drücken|meldest du dich",
        "kassenrechner|datenbankzugang|gästenetz|kassa|portaal|uitpakken",
        "connecte-toi|se connecter|connectez-vous|pour entrer|para entrar|pra entrar|per accedere|per entrare",
        "administrador|amministratore|si apre con|se abre con|s'ouvre avec|abre com|ordinateur|ordenador",
        "computador|desbloquear|desbloquea|banca dati|cassa|entro en|se descifra|abre usando|la base|o sistema",
        "żeby wejść|zalogować|чтобы зайти|войти|архив|вайфай|жми ввод|комп|учёткой|учетной записью|роутер",
        "girmek için|girişi|enter'a bas|bilgisayar|sıkıştırdığım|ağına bağlan|komputerze|odblokujesz|logują się",
        "解压|回车|登录|登陆|エンター|zipは|開きます|엔터|들어가|압축|컴퓨터|계정|网络|电脑|数据库|会员|端末|回線|パソコン",
    ])
});

/// What digits open.
static DOORS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    words(&[
        "gate|door|front entrance|entry code|entrance|keypad|alarm|alarm panel|bike lock",
        "padlock|locker|the safe|wall safe|garage|combination|unlocks|unlock the|parental controls|phone pin|for the tablet",
        "sim card|lockbox|key box|key safe|voicemail|one-time code|verification code|phone opens|phone unlocks",
        "lock opens|fridge lock|gun safe|parental lock|door panel|burglar alarm|telephone banking",
        "handset pairs|tablet|sim-karte|sleutelkastje|kluisje|ontgrendel|boîte à clé|coffre",
        "valider le virement|cajita de las llaves|all'allarme|smsem|bankadan|от банка",
        "锁屏|报警器|警報|暗証番号|잠금|texted me",
        "türcode|haustür|alarmanlage|tresor",
        "alarme|immeuble|digicode|portail|portão|cofre|alarma|portón|por sms|cancello|cassaforte|allarme|portone",
        "alarmcentrale|voordeur|kluis|do bramy|domofon|alarmu|sejf|домофон|сейф|сигнализац|kapının|kapı kodu",
        "del portal|domofonu|kapı şifresi|باب العمارة|رمز الباب|mã cửa|mã khóa|รหัสประตู|पासकोड|kode pintu|sleutelkluis",
        "alarm çalarsa|kasanın|门禁|保险柜|验证码|玄関|オートロック|金庫|認証コード|현관|도어락|금고|인증번호",
    ])
});

/// Words right before a value that is typed, kept or found to be right.
static BEFORE: LazyLock<Vec<&str>> = LazyLock::new(|| {
    words(&[
        "type|typing|typed|enter|put in|punch in|give it|gave it|use|uses|used|using|with|is|was|it's|that's",
        "mine's|isn't|be|to|on|as|at|answer|accepts|takes|into|say|wrote|tried|from|me to",
        "one,|and|?|->|→|:|=|-|–|—|then|is:|still|now|press|tap|requirepass|called|down|by|but|remains",
        "responds to|code|pin|hit|just|literally|always|einfach|mit|ist|auf|lautet|jetzt|met|naar|und|en|avec",
        "c'est|toujours|est|tapes|tapez|tape|taper|et|con|es|pon|y|scrivi|è|digita|sarebbe|e|com|é|digitar|para",
        "ahora es|wpisz|z|на|слово|набери|это|и|输|按|填|配|넣|при|вводи|с|под|ile|ze|przez|podaj|jako",
        "usando|usiamo|poniendo|rispondi|mets|plus|guessed|got|quote|obeys|wants",
        "accepts only|secured by|gives|key in|number|reads|reading|out,|day,|aceita|dare|是|为|成|用|は|を|은|는",
        "คือ|là|العمارة|الباب|が|bramy to|sejfu to|такой:|теперь|için|ve|dün",
    ])
});

/// Those of them that stand before any number.
const CONJUNCTIONS: &[&str] =
    &["and", "und", "et", "en", "y", "e", "и", "z", "с", "from", "by", "to", "at"];

/// Words right behind such a value.
static BEHIND: LazyLock<Vec<&str>> = LazyLock::new(|| {
    words(&[
        "and hit|and press|and enter|and it|then enter|everywhere|works|worked|if the|eintippen|eingeben",
        "und enter|rein|et valid|et entr|e premi|e invio|e dar|y dale|y pulsa|i wciśnij|i enter|и жми|и нажми",
        "yaz|tuşla|olarak|oldu|en druk|enter|回车|就行|と打|を押|で開|を入力|치고|누르|#|*|into the|followed by|to unlock",
        "ile aç|geç|in en|an und|을|를 넣|넣으면|이니까|を入れ|を打|就进|就能|if you want|from the|will do it|would do it|geldi",
        "왔|が届|e poi|e depois|cancelletto|puis",
    ])
});

/// Signs that stand in passwords.
const SIGNS: &[u8] = b"!#$%*+^~@&";
/// How far around the word the value may stand, in bytes.
const REACH: usize = 96;

/// The part of the line around a word, if it is a whole word and anything there may be a value.
fn window(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    if text.at(word.start).is_ascii() && !(text.opens(word.start) && text.closes(word.end)) {
        return None;
    }
    let from = text.run_back_max(word.start, REACH, |byte| byte != b'\n');
    let to = text.run_max(word.end, REACH, |byte| byte != b'\n');
    text.part(from..to)
        .iter()
        .any(|byte| byte.is_ascii_digit() || SIGNS.contains(byte))
        .then_some(from..to)
}

/// A value as people choose them, tied to the word.
fn chosen_near(
    text: &Text<'_>,
    word: &Range<usize>,
    window: &Range<usize>,
) -> Option<Range<usize>> {
    let next = |at: usize| text.run_max(at, 2 * REACH, |byte| byte != b' ' && byte < 0x80) + 1;
    let is_inside = text.before(window.start).is_ascii_graphic();
    let mut at = if is_inside { next(window.start) } else { window.start };
    while at < window.end {
        let start = unquoted(text, at);
        let end = value_end(text, start);
        let end = text.run_back(end, |byte| matches!(byte, b'.' | b'?' | b':')).max(start);
        if start < end && text.before(start) != b'-' {
            let span = start..end;
            let is_apart = end <= word.start || start >= word.end;
            if is_apart && looks_chosen(text.part(span.clone())) && is_tied(text, &span) {
                return Some(span);
            }
        }
        at = next(at).max(end + 1);
    }
    None
}

/// Whether a word right before or behind the value ties it to what is spoken of.
fn is_tied(text: &Text<'_>, span: &Range<usize>) -> bool {
    if is_typed(text, span) {
        return true;
    }
    let is_gap = |byte: u8| matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'*');
    let end = text.run_back_max(span.start, 3, is_gap);
    let quote = QUOTES
        .iter()
        .find(|quote| text.part(end.saturating_sub(quote.len())..end) == quote.as_bytes());
    let end = quote.map_or(end, |quote| text.run_back_max(end - quote.len(), 2, is_gap));
    let head = text.part(end.saturating_sub(16)..end).to_ascii_lowercase();
    let ends_with = |tie: &&str| {
        head.strip_suffix(tie.as_bytes()).is_some_and(|before| {
            !tie.as_bytes().first().copied().is_some_and(begins_letter) || !ends_in_letter(before)
        })
    };
    let from = text.run_max(span.end, 3, |byte| is_gap(byte) || byte == b',');
    let tail = text.part(from..text.bytes.len().min(from + 20)).to_ascii_lowercase();
    let is_number = text.part(span.clone()).iter().all(|byte| !byte.is_ascii_alphabetic());
    let binds = |tie: &&&str| is_number && CONJUNCTIONS.contains(*tie);
    BEFORE.iter().filter(|tie| !binds(tie)).any(ends_with)
        || BEHIND.iter().any(|tie| tail.starts_with(tie.as_bytes()))
}

/// Whether a word of letters that stand apart, Latin to Cyrillic, begins with this byte.
fn begins_letter(first: u8) -> bool {
    first.is_ascii_alphabetic() || (0xC3..=0xD3).contains(&first)
}

/// Whether the text ends within a word or a number of such letters.
fn ends_in_letter(text: &[u8]) -> bool {
    match text {
        [.., lead, 0x80..=0xBF] => (0xC3..=0xD3).contains(lead),
        [.., last] => last.is_ascii_alphanumeric(),
        [] => false,
    }
}

/// Letters with digits or signs, as people choose passwords, and as hardly anything else is written.
fn looks_chosen(value: &[u8]) -> bool {
    let count = |kind: fn(&u8) -> bool| value.iter().filter(|byte| kind(byte)).count();
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
    let digits = count(u8::is_ascii_digit);
    let is_coded = value.iter().any(|byte| b"/\\:.()[]{}<>=,;|`\"'".contains(byte));
    if !(6..=40).contains(&value.len()) || letters < 3 || is_coded || value.starts_with(b"-") {
        return false;
    }
    let signs = value.iter().filter(|byte| SIGNS.contains(byte)).count();
    // Most words have neither, and nothing more to look at.
    if digits == 0 && signs == 0 {
        return false;
    }
    let lower = value.to_ascii_lowercase();
    if TERMS.iter().any(|term| lower.starts_with(term.as_bytes())) {
        return false;
    }
    // The digest of a commit or an image.
    if value.len() >= 7 && value.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let capitals = count(u8::is_ascii_uppercase);
    let small = letters - capitals;
    let has_at = value.contains(&b'@');
    let is_login = has_at && capitals == 0;
    let is_joined = value.contains(&b'_') || value.contains(&b'-');
    if signs > 0 {
        let inner = value.get(1..value.len() - 1).unwrap_or_default();
        let is_inside = inner.iter().any(|byte| SIGNS.contains(byte));
        let is_mixed = digits > 0 || (capitals > 0 && is_inside);
        let is_reference = value.first().is_some_and(|first| b"#@$&*".contains(first));
        return small > 0 && is_mixed && !is_login && !is_reference;
    }
    if is_joined {
        let is_name = value.contains(&b'_') && !value.contains(&b'-');
        return is_name
            && digits >= 1
            && small > 0
            && value.first().is_some_and(u8::is_ascii_uppercase);
    }
    // A word with a number behind it, or digits for letters within it.
    let body = value.len() - value.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let ending = value.len() - body;
    let head = value.get(..body).unwrap_or_default();
    let is_word = head.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    let is_numbered =
        is_word && head.len() >= 4 && small >= 3 && (ending >= 2 || ending == 1 && body >= 8);
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let swaps =
        value.windows(2).filter(|pair| is_digit(pair.first()) != is_digit(pair.get(1))).count();
    is_numbered || (digits >= 2 && swaps >= 3 && small >= 2)
}

/// Names of programs, formats and models that end in a number.
static TERMS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    words(&[
        "oauth|office3|microsoft3|python|windows|ubuntu|debian|centos|fedora|sha|md5|base6|utf|log4|regedit",
        "rundll|regsvr|covid|route53|argon|mysql|postgres|mssql|oracle1|iphone|ipad|android|galaxy|version|build",
        "release|sprint|ticket|issue|case|room|page|step|phase|level|team|group|test0|template|user0|host0|server",
        "node|port|vlan|router|switch|printer|http|ipsec|ikev|win3|win6|system3|chapter|figure|table|week",
        "day|year|january|february|march|april|june|july|august|september|october|november|december|sql|excel",
        "outlook|sharepoint|exchange|visual|angular|java|php|web|app0|prod|stag|dev0|demo|model|type|part|grade",
        "class|unit|line|item|order|floor|channel|camera|sensor|device|terminal|laptop|desktop|workstation|client",
        "agent|employee|customer|account|example|sample|option|param|value|string|int|uint|float|tls|ssl|ssh|wpa",
        "wep|aes|rsa|ecdsa|ed25519|curve|sec|x86|amd|arm|gpt",
    ])
});

/// Four to eight digits, at times in groups, tied to the word.
fn code_near(text: &Text<'_>, word: &Range<usize>, window: &Range<usize>) -> Option<Range<usize>> {
    let mut at = window.start;
    while at < window.end {
        if !text.at(at).is_ascii_digit() || !text.opens(at) {
            at += 1;
            continue;
        }
        let run = text.run_max(at, 24, |byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-'));
        let end = text.run_back(run, |byte| matches!(byte, b' ' | b'-'));
        let span = at..end;
        if (end <= word.start || at >= word.end) && is_code(text, &span) && is_tied(text, &span) {
            return Some(span);
        }
        at = run + 1;
    }
    None
}

/// `#4821*`, as it is typed at a door.
fn is_typed(text: &Text<'_>, span: &Range<usize>) -> bool {
    text.before(span.start) == b'#' && matches!(text.at(span.end), b'*' | b'#')
}

/// Digits that are no year, no measure and no part of something longer.
fn is_code(text: &Text<'_>, span: &Range<usize>) -> bool {
    const UNITS: &[&str] = &[
        "mm", "cm", "m ", "km", "kg", "g ", "%", "eur", "usd", "dollar", "€", "pound", "hour",
        "minute", "second", "day", "year", "people", "mb", "gb", "kb", "v ", "w ", "kw", "am",
        "pm", "uhr", "h ", "元", "人", "年", "月", "日", "号楼", "室", ":", "/", ".", "st", "nd",
        "rd", "th", "times", "items", "units", "square", "ft", "inch", "lb", "degrees", "°",
    ];
    let value = text.part(span.clone());
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_year = matches!(value, [b'1', b'5'..=b'9', _, _] | [b'2', b'0', _, _]);
    let tail = text.run_max(span.end, 1, |byte| byte == b' ');
    let tail = text.part(tail..text.bytes.len().min(tail + 8)).to_ascii_lowercase();
    let is_measured = UNITS.iter().any(|unit| {
        tail.starts_with(unit.as_bytes())
            && !(*unit == "." && tail.get(1).is_none_or(|next| !next.is_ascii_digit()))
    });
    let head = text.before(span.start);
    let is_plain = is_typed(text, span)
        || !matches!(head, b'.' | b'-' | b'/' | b'#' | b'$' | b'+' | b'(') && head < 0xC0;
    (4..=8).contains(&digits) && !is_year && !is_measured && is_plain
}
