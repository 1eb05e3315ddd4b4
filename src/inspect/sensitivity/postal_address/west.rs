//! Addresses in Latin and Cyrillic letters.

use crate::inspect::sensitivity::text::Text;
use crate::inspect::sensitivity::{Ask, check};
use std::ops::Range;

/// Words for streets behind a name, which hardly stand for anything else after a number.
const STREETS: &[&str] = &[
    "street",
    "st",
    "avenue",
    "ave",
    "road",
    "rd",
    "boulevard",
    "blvd",
    "lane",
    "ln",
    "drive",
    "dr",
    "terrace",
    "crescent",
    "cres",
    "parkway",
    "pkwy",
    "highway",
    "hwy",
];
/// Words that need a town, a postcode or a flat beside them.
const WEAK_STREETS: &[&str] = &[
    "way",
    "place",
    "pl",
    "court",
    "ct",
    "park",
    "square",
    "sq",
    "circle",
    "cir",
    "trail",
    "row",
    "close",
    "hill",
    "gardens",
    "grove",
    "walk",
    "mews",
    "loop",
    "alley",
    "plaza",
    "broadway",
    "expressway",
    "turnpike",
    "quay",
    "rise",
    "view",
    "heights",
];
const STATES: &[u8] = b"AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR \
    NSW VIC QLD TAS ACT ON QC BC AB MB SK NS NB NL PE";

/// Words that begin or end the name of a street and wake the detector; the number stands behind,
/// or in front as in French.
pub(super) const WORDS: &[&str] = &[
    "straße ",
    "strasse ",
    "str. ",
    "weg ",
    "platz ",
    "allee ",
    "gasse ",
    "ufer ",
    "damm ",
    "straat ",
    "gracht ",
    "laan ",
    "plein ",
    "kade ",
    "gatan ",
    "vägen ",
    "vej ",
    "gade ",
    "katu ",
    "weg. ",
    "rue ",
    "avenue ",
    "boulevard ",
    "chemin ",
    "impasse ",
    "quai ",
    "calle ",
    "c/ ",
    "avenida ",
    "av. ",
    "avda. ",
    "paseo ",
    "plaza ",
    "carrera ",
    "via ",
    "viale ",
    "corso ",
    "piazza ",
    "rua ",
    "travessa ",
    "alameda ",
    "praça ",
    "ul. ",
    "ulica ",
    "aleja ",
    "al. ",
    "ул. ",
    "улица ",
    "проспект",
    "пр-т ",
    "переулок",
    "шоссе",
    "бульвар",
    "наб. ",
    "sokak",
    "sok. ",
    "caddesi",
    "cad. ",
    "mahallesi",
    "mah. ",
    "đường ",
    "phố ",
    "شارع",
    "मार्ग",
    "नगर",
    "rural route ",
    "rr ",
    "po box ",
    "p.o. box ",
    "postfach ",
    "apartado ",
    "jl. ",
    "jln. ",
    "jalan ",
    "jln ",
    "οδός ",
    "ulice ",
    "utca ",
    "strada ",
    "str. ",
    "bulevardul ",
    "ถนน",
    "ซอย",
    "רחוב ",
    "вул. ",
    "пр. ",
    "просп. ",
    "пер. ",
    "пл. ",
    "вулиця ",
    "ul ",
];

/// Words for the parts of a Vietnamese town, which close an address there.
const QUARTERS: [&str; 8] = ["Quận ", "Phường ", "Huyện ", "Thị xã ", "TP. ", "TP.", "Q.", "P."];

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'\'' | b'-' | b'.')
}

/// `742 Evergreen Terrace, Springfield, IL 62704`: a number, up to five words, a word for a street.
pub(super) fn at_number(ask: &Ask<'_>, number: &Range<usize>) -> Option<Range<usize>> {
    let text = ask.text;
    if !text.opens(number.start) || matches!(text.before(number.start), b'.' | b'$' | b'#' | b':') {
        return None;
    }
    // `221B`, `12-14`
    let mut at = text.run_max(number.end, 2, |byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_lowercase() && text.at(number.end + 1) == b' '
    });
    if text.at(at) != b' ' {
        return None;
    }
    let mut words = 0;
    let mut street = None;
    while words < 6 && text.at(at) == b' ' {
        let start = at + 1;
        let end = text.run_max(start, 24, is_word);
        let word = text.part(start..end);
        let bare = word.strip_suffix(b".").unwrap_or(word);
        let Some(first) = word.first() else { break };
        let is_name = first.is_ascii_uppercase() || first.is_ascii_digit() || *first >= 0x80;
        let known =
            |list: &[&str]| list.iter().any(|street| bare.eq_ignore_ascii_case(street.as_bytes()));
        if words > 0 && (known(STREETS) || known(WEAK_STREETS)) {
            street = Some((end, known(STREETS) && first.is_ascii_uppercase()));
        } else if !is_name {
            break;
        }
        words += 1;
        at = end;
    }
    let Some((end, is_strong)) = street else {
        // Without a word for a street, a town and a whole postcode have to follow.
        let is_listed = words > 0 && text.at(at) == b',';
        let (end, _) = if is_listed { town(text, at) } else { (at, false) };
        let tail = text.run_max(at, 48, |byte| byte != b'\n');
        let is_vietnamese = is_listed
            && text.part(number.end..at).iter().any(|byte| *byte >= 0x80)
            && QUARTERS.iter().any(|word| text.part(at + 2..tail).starts_with(word.as_bytes()));
        return (has_postcode(text.part(at..end)) || is_vietnamese)
            .then_some(number.start..end.max(if is_vietnamese { tail } else { end }));
    };
    let (town, has_town) = town(text, end);
    let is_named = || ask.named(&(number.start..end));
    (has_town || is_strong || is_named()).then_some(number.start..town)
}

/// Whether an address ends in a British postcode or in an American state and ZIP code.
fn has_postcode(tail: &[u8]) -> bool {
    let is_british = matches!(tail, [.., b' ', b'0'..=b'9', b'A'..=b'Z', b'A'..=b'Z']);
    let zip = tail.len().checked_sub(8).and_then(|from| tail.get(from..));
    let is_american = zip.is_some_and(|zip| match zip {
        [one, two, b' ', digits @ ..] => {
            one.is_ascii_uppercase()
                && two.is_ascii_uppercase()
                && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    });
    is_british || is_american
}

/// Flat, town, state and postcode behind a street: where they end, and whether there are any.
fn town(text: &Text<'_>, street: usize) -> (usize, bool) {
    let tail = text.part(street..street + 80);
    let line = tail.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut end = street;
    let mut found = false;
    let mut at = 0;
    for word in line.split(|byte| matches!(byte, b' ' | b',')) {
        let stop = at + word.len();
        let bare = word.strip_suffix(b".").unwrap_or(word);
        let is_zip = bare.len() >= 5
            && bare.iter().take(5).all(u8::is_ascii_digit)
            && bare.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-');
        let is_state = bare.len() >= 2
            && bare.iter().all(u8::is_ascii_uppercase)
            && STATES.split(|byte| *byte == b' ').any(|state| state == bare);
        let is_flat = [&b"apt"[..], b"suite", b"unit", b"floor", b"flat", b"ste"]
            .iter()
            .any(|flat| bare.eq_ignore_ascii_case(flat));
        let is_outward = is_outward_code(bare);
        if is_zip || is_state || is_flat || is_outward {
            found = true;
            end = street + at + bare.len();
            if is_outward {
                // The inward half of a British postcode.
                let half = text.part(end..end + 4);
                if matches!(half, [b' ', digit, one, two] if digit.is_ascii_digit() && one.is_ascii_uppercase() && two.is_ascii_uppercase())
                {
                    end += 4;
                }
            }
        }
        at = stop + 1;
    }
    (end, found)
}

/// `NW1`, `M19`, `OX1`, `SW1A`.
fn is_outward_code(word: &[u8]) -> bool {
    let letters = word.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let rest = word.get(letters..).unwrap_or_default();
    (1..=2).contains(&letters)
        && matches!(rest, [b'0'..=b'9'] | [b'0'..=b'9', b'0'..=b'9' | b'A'..=b'Z'])
}

/// A house number before or behind a comma, a postcode and a town: `Via Roma 21, 00184 Roma`,
/// `12 rue de la Paix, 75002 Paris`.
pub(super) fn at_postcode(text: &Text<'_>, group: &Range<usize>) -> Option<Range<usize>> {
    let is_east = text.at(group.end) == b'-'
        && (2..=4)
            .contains(&(text.run(group.end + 1, |byte| byte.is_ascii_digit()) - group.end - 1));
    if group.len() < 4 && !(group.len() == 2 && is_east) {
        return None;
    }
    let number = check::number(text.part(group.clone()));
    if group.len() == 4 && (1500..=2100).contains(&number) {
        return None;
    }
    let mut end =
        if is_east { text.run(group.end + 1, |byte| byte.is_ascii_digit()) } else { group.end };
    // Dutch postcodes end in two letters.
    if group.len() == 4
        && matches!(text.part(end..end + 4), [b' ', one, two, b' '] if one.is_ascii_uppercase() && two.is_ascii_uppercase())
    {
        end += 3;
    }
    let has_town =
        text.at(end) == b' ' && (text.at(end + 1).is_ascii_uppercase() || text.at(end + 1) >= 0xC3);
    let comma =
        text.run_back_max(group.start, 5, |byte| matches!(byte, b' ' | b'D' | b'F' | b'-' | b'\n'));
    if !has_town || !matches!(text.before(comma), b',') && text.before(group.start) != b'\n' {
        return None;
    }
    let street_end = text.run_back_max(group.start, 6, |byte| {
        matches!(byte, b',' | b' ' | b'\n' | b'D' | b'F' | b'-')
    });
    let street =
        text.run_back_max(street_end, 60, |byte| is_word(byte) || matches!(byte, b' ' | b'/'));
    let words: smallvec::SmallVec<[&[u8]; 12]> = text
        .part(street..street_end)
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .collect();
    let is_house = |word: &&&[u8]| {
        word.first().is_some_and(u8::is_ascii_digit)
            && word.len() <= 6
            && word.iter().filter(|byte| byte.is_ascii_digit()).count() <= 4
    };
    let is_name = |word: &&[u8]| word.len() >= 3 && word.iter().all(|byte| !byte.is_ascii_digit());
    let house = words.iter().rposition(|word| is_house(&word))?;
    let is_outer = house + 1 == words.len() || house + 7 >= words.len();
    let has_name = words.iter().any(is_name) && words.len() >= 2;
    let from =
        street + text.part(street..street_end).iter().position(|byte| *byte != b' ').unwrap_or(0);
    let town_end = text.run_max(end + 1, 30, is_word);
    (is_outer && has_name && check::number(text.part(group.clone())) > 0).then_some(from..town_end)
}

/// An Indian address, which ends in a PIN code: `Flat 12, MG Road, Bengaluru 560001`.
pub(super) fn at_pin_code(text: &Text<'_>, group: &Range<usize>) -> Option<Range<usize>> {
    const WORDS: &[&[u8]] = &[
        b"road",
        b"street",
        b"nagar",
        b"marg",
        b"layout",
        b"colony",
        b"sector",
        b"apartments",
        b"phase",
        b"block",
        b"cross",
        b"enclave",
        b"vihar",
        b"society",
        b"chowk",
        b"bazaar",
    ];
    if group.len() == 6 && text.part(group.start.saturating_sub(10)..group.start) == b"Singapore " {
        let start = text.run_back_max(group.start, 90, |byte| byte != b'\n' && byte != b':');
        let digits = text.part(start..group.start).iter().position(u8::is_ascii_digit);
        return digits.map(|at| start + at..group.end);
    }
    let is_code = group.len() == 6 && matches!(text.at(group.start), b'1'..=b'8');
    let is_listed = |byte: u8| is_word(byte) || matches!(byte, b' ' | b',' | b'/' | b'#');
    let start = text.run_back_max(group.start, 90, is_listed);
    let head = text.part(start..group.start).to_ascii_lowercase();
    let is_street = |word: &[u8]| WORDS.contains(&word);
    let has_street =
        head.split(|byte| matches!(byte, b' ' | b',')).any(is_street) && head.contains(&b',');
    let has_number = head.iter().any(u8::is_ascii_digit);
    let from = start + head.iter().position(|byte| !matches!(byte, b' ' | b','))?;
    (is_code && text.closes(group.end) && has_street && has_number).then_some(from..group.end)
}

/// Words that stand before the name of a street in small letters.
const ARTICLES: [&[u8]; 11] =
    [b"de", b"das ", b"dos ", b"du ", b"d'", b"l'", b"la ", b"le ", b"les ", b"da ", b"do "];

/// A word for a street with a name and a number.
pub(super) fn at_word(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let raw = text.part(word.clone()).to_ascii_lowercase();
    let head = raw.as_slice();
    let is_suffix = WORDS.iter().take(20).any(|known| known.as_bytes() == head);
    let start = text.run_back_max(word.start, 40, is_word);
    if head.starts_with(b"po box")
        || head.starts_with(b"p.o.")
        || head.starts_with(b"postfach")
        || head.starts_with(b"apartado")
    {
        let end = text.run_max(word.end, 8, |byte| byte.is_ascii_digit());
        return (end - word.end >= 2).then(|| word.start..town(text, end).0);
    }
    if head.starts_with(b"rr") || head.starts_with(b"rural") {
        let route = text.run_max(word.end, 3, |byte| byte.is_ascii_digit());
        let is_box = text.part(route..route + 5).eq_ignore_ascii_case(b" box ");
        let end = text.run_max(route + 5, 6, |byte| byte.is_ascii_digit());
        let is_address = text.opens(word.start) && route > word.end && is_box && end > route + 5;
        return is_address.then(|| word.start..town(text, end).0);
    }
    if is_suffix {
        // The word ends a longer one (Hauptstraße) or stands behind a name; the number follows.
        let is_named = start < word.start && text.at(start).is_ascii_uppercase()
            || text.at(start) >= 0xC3
            || text.at(word.start).is_ascii_uppercase();
        let end = house(text, word.end)?;
        return is_named.then_some(start..end);
    }
    let is_open = text.opens(word.start) && text.before(word.start) < 0x80;
    if !is_open && word.start > 0 && !head.starts_with("шоссе".as_bytes()) && head.is_ascii() {
        return None;
    }
    // The number right behind the word, the name in front of it: `İstiklal Cad. No: 12`.
    let front = text.run_back_max(word.start, 40, |byte| is_word(byte) || byte == b' ');
    let has_front =
        text.part(front..word.start).iter().any(|byte| byte.is_ascii_uppercase() || *byte >= 0x80);
    let is_behind = [&b"sok"[..], b"cad", b"mah"].iter().any(|start| head.starts_with(start));
    if let Some(end) = house(text, word.end).filter(|_| has_front && is_behind) {
        return Some(front..end);
    }
    // A name in capitals behind, or words such as `de la`.
    let name = text.run_max(word.end, 48, |byte| {
        is_word(byte) && !byte.is_ascii_digit() || byte == b' ' || byte == b','
    });
    let first = text.at(word.end);
    let is_article = ARTICLES.iter().any(|article| text.part(word.end..name).starts_with(article));
    let has_name = (first.is_ascii_uppercase() || first >= 0x80 || is_article)
        && text.part(word.end..name).iter().any(|byte| byte.is_ascii_uppercase() || *byte >= 0x80);
    if let Some(end) = house(text, name).filter(|_| has_name || !head.is_ascii()) {
        return Some(word.start..end);
    }
    // `12 rue …`, `25 bis boulevard …`; and the Russian `Невский проспект, дом 28`.
    let before = text.run_back_max(word.start, 6, |byte| {
        matches!(byte, b' ' | b',' | b'b' | b'i' | b's' | b't' | b'e' | b'r')
    });
    let digits = text.run_back_max(before, 4, |byte| byte.is_ascii_digit());
    let is_numbered = digits < before
        && head != b"via "
        && text.opens(digits)
        && has_name
        && !text.at(word.start).is_ascii_uppercase();
    is_numbered.then_some(digits..text.run_back(name, |byte| matches!(byte, b' ' | b',')))
}

/// A house number such as `12`, `7a`, `10/4`, `nº 5`, `д. 7, кв. 12`.
fn house(text: &Text<'_>, from: usize) -> Option<usize> {
    let mut at = from;
    for word in [
        ",", " ", "nº ", "n. ", "n° ", "no: ", "no:", "no. ", "nr. ", "дом ", "д. ", "д.", "№ ",
        "№",
    ] {
        if text.part(at..at + word.len()).eq_ignore_ascii_case(word.as_bytes()) {
            at += word.len();
        }
    }
    let end = text.run_max(at, 5, |byte| byte.is_ascii_digit());
    let size = end - at;
    let is_year = size == 4 && (1900..=2100).contains(&check::number(text.part(at..end)));
    if !(1..=4).contains(&size) || is_year {
        return None;
    }
    let tail =
        text.run_max(end, 5, |byte| byte.is_ascii_alphanumeric() || byte == b'/' || byte == b'-');
    // `1Z999AA1…` is a parcel.
    if tail - end > 3 && text.at(end) != b'/' && text.at(end) != b'-' {
        return None;
    }
    let is_unit = [&b"%"[..], b" %", b"km", b" km", b"h", b" Uhr", b":"]
        .iter()
        .any(|unit| text.part(end..end + unit.len()) == *unit);
    (!is_unit).then_some(if tail - end <= 3 || text.at(end) == b'/' { tail } else { end })
}
