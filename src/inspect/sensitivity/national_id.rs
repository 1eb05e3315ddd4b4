//! National identity numbers of countries that have no label of their own: a word such as PESEL, BSN
//! or СНИЛС names them, and the check digits of one of the countries with numbers of that length
//! must fit. Alone such a number says nothing: one in five of eleven digits fits somewhere.

use super::Detector;
use super::number::{Alone, Grade, Pattern};
use super::{Label, Pack, check};

pub(super) const DETECTOR: &dyn Detector = &Pattern {
    labels: &[Label::IdentityNationalId],
    pack: Pack::Generic,
    names: NAMES,
    shapes: SHAPES,
    grade,
    alone: Alone::Never,
};

/// By length: nine digits (NL, PT, IL), ten (SE, DK, CZ, BG, UA, AT, SA), eleven (PL, NO, BE, TR, RU,
/// HR, EE, LT, GR), twelve (SE, RU, VN, MY), thirteen (RO, TH, ZA, CH, PK), fourteen (EG), fifteen (AE),
/// sixteen (ID); with letters FI, IE, CL, MX, Taiwan and Germany's
/// insurance numbers; with slashes Spain's.
const SHAPES: &[&str] = &[
    "### ### ###",
    "#### ## ###",
    "###### ####",
    "######/####",
    "#### ######",
    "### ### ### ##",
    "###### #####",
    "## ## ## ### ##",
    "### ### ## ###",
    "######## ####",
    "### ### ### ###",
    "#### #### ####",
    "###### ## ####",
    "# #### ##### ## #",
    "756 #### #### ##",
    "##### ####### #",
    "###### #### ###",
    "##############",
    "784 #### ####### #",
    "################",
    "######-###?",
    "######@###?",
    "#######@",
    "#######@@",
    "## ### ###-?",
    "# ### ###-?",
    "@@@@######@@@@@@??",
    "@#########",
    "## ###### @ ###",
    "##/########/##",
    "##/#######/##",
];

const NAMES: &[&str] = &[
    "bsn",
    "bsn-nummer",
    "burgerservicenummer",
    "sofinummer",
    "nif",
    "número de contribuinte",
    "pesel",
    "nr pesel",
    "numer pesel",
    "peselu",
    "personnummer",
    "personnumret",
    "samordningsnummer",
    "fødselsnummer",
    "fodselsnummer",
    "cpr",
    "cpr-nummer",
    "cpr-nr",
    "cpr-nr.",
    "personnr",
    "henkilötunnus",
    "henkilötunnukseni",
    "hetu",
    "rijksregisternummer",
    "numéro national",
    "numéro de registre national",
    "registre national",
    "rodné číslo",
    "rodne cislo",
    "rodného čísla",
    "cnp",
    "cod numeric personal",
    "cnp-ul",
    "егн",
    "единен граждански номер",
    "снилс",
    "инн",
    "рнокпп",
    "іпн",
    "kimlik",
    "kimlik no",
    "kimlik numarası",
    "kimlik numaram",
    "tckn",
    "tc no",
    "t.c. no",
    "oib",
    "isikukood",
    "asmens kodas",
    "αμκα",
    "amka",
    "ahv",
    "ahv-nummer",
    "ahv-nr",
    "ahv-nr.",
    "numéro avs",
    "svnr",
    "sozialversicherungsnummer",
    "sv-nummer",
    "rentenversicherungsnummer",
    "rentenversicherung",
    "rvnr",
    "versichertennummer",
    "krankenversichertennummer",
    "krankenversicherungsnummer",
    "kvnr",
    "nuss",
    "número de la seguridad social",
    "seguridad social",
    "número de afiliación",
    "pps",
    "pps number",
    "ppsn",
    "pps no",
    "cccd",
    "căn cước",
    "căn cước công dân",
    "nomor nik",
    "no. nik",
    "ktp",
    "nomor ktp",
    "no. ktp",
    "no ktp",
    "nik ktp",
    "mykad",
    "kad pengenalan",
    "no. kad pengenalan",
    "เลขบัตรประชาชน",
    "เลขประจำตัวประชาชน",
    "บัตรประชาชน",
    "thai id",
    "thai national id",
    "cnic",
    "شناختی کارڈ",
    "emirates id",
    "رقم الهوية",
    "الهوية الوطنية",
    "هويتي",
    "iqama",
    "رقم الإقامة",
    "الرقم القومي",
    "תעודת זהות",
    "teudat zehut",
    "ת.ז",
    "ת.ז.",
    "rut",
    "run",
    "curp",
    "身分證字號",
    "身份證字號",
    "國民身分證",
    "身分證號",
    "身分證號碼",
    "taiwan id",
    "sa id number",
    "south african id",
    "rsa id",
    "national id",
    "national id no",
    "national id number",
    "national identity number",
    "national identification number",
    "national insurance card no",
    "national_id",
    "nationalid",
    "identity number",
    "citizen id",
    "citizen_id",
    "personal identification number",
    "personal id number",
    "personal number",
];

fn grade(code: &[u8]) -> Grade {
    if check::distinct(code) < 3 {
        return Grade::Wrong;
    }
    let is_digits = code.iter().all(u8::is_ascii_digit);
    let (checked, dated) = match (is_digits, code.len()) {
        (true, 8 | 9) if chile(code) => (true, false),
        (true, 9) => (netherlands(code) || portugal(code) || check::luhn(code), false),
        (true, 10) => (ten(code), is_short_date(code, [2, 1, 0])),
        (true, 11) => (eleven(code), false),
        (true, 12) => {
            let checked = sweden_long(code) || russia_tax(code) || spain(code);
            (checked, vietnam(code) || malaysia(code))
        }
        (true, 13) => (thirteen(code), code.first() != Some(&b'0') && pakistan(code)),
        (true, 14) => (false, egypt(code)),
        (true, 15) => (check::luhn(code), true),
        (true, 16) => (false, indonesia(code)),
        (false, 8 | 9) => (ireland(code) || chile(code), false),
        (false, 10 | 11) => (finland(code) || taiwan(code) || germany_health(code), false),
        (false, 12) => (germany_pension(code), false),
        (false, 18) => (mexico(code), false),
        _ => (false, false),
    };
    match (checked, dated) {
        (true, _) => Grade::Checked,
        (false, true) => Grade::Fits,
        (false, false) => Grade::Wrong,
    }
}

/// Numbers of ten digits with a check: Sweden (date and Luhn), the Czech Republic and Slovakia (a multiple of 11),
/// Bulgaria, Ukraine, Austria and Saudi Arabia (Luhn after 1 or 2).
fn ten(code: &[u8]) -> bool {
    let last = check::part(code, 9, 10);
    let sweden = is_short_date(code, [0, 1, 2]) && check::luhn(code);
    // The month of women is raised by 50, and by 20 where a day has had too many births.
    let month = check::part(code, 2, 4) % 50 % 20;
    let czech = (1..=12).contains(&month)
        && code.iter().fold(0, |rest, digit| (rest * 10 + check::value(*digit)) % 11) == 0;
    let bulgaria = check::weighted(code, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == last
        && (1..=12).contains(&(check::part(code, 2, 4) % 20));
    // The first weight is -1, which is 10 mod 11.
    let ukraine = check::weighted(code, &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10 == last;
    let austria = check::weighted(code, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11
        == check::part(code, 3, 4)
        && is_short_date(code.get(4..).unwrap_or_default(), [2, 1, 0]);
    let saudi = matches!(code.first(), Some(b'1' | b'2')) && check::luhn(code);
    sweden || czech || bulgaria || ukraine || austria || saudi
}

/// Numbers of eleven digits: Poland, Norway, Belgium, Türkiye, Russia (SNILS), Croatia (ISO 7064 mod
/// 11,10), Estonia and Lithuania, Greece (date and Luhn).
fn eleven(code: &[u8]) -> bool {
    let (tenth, last) = (check::part(code, 9, 10), check::part(code, 10, 11));
    let poland = (10 - check::weighted(code, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10 == last
        && (1..=12).contains(&(check::part(code, 2, 4) % 20));
    let norway = check::weighted(code, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && check::weighted(code, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11);
    let (body, key) = (check::part(code, 0, 9), check::part(code, 9, 11));
    // Those born from 2000 on are counted with a 2 in front.
    let belgium = [body % 97, (2_000_000_000 + body) % 97].iter().any(|rest| 97 - rest == key);
    let sum = |from: usize| -> u32 {
        code.iter().take(9).skip(from).step_by(2).map(|digit| check::value(*digit)).sum()
    };
    let türkiye = code.first() != Some(&b'0')
        && (sum(0) * 7 + 100 - sum(1)) % 10 == tenth
        && (sum(0) + sum(1) + tenth) % 10 == last;
    let russia = check::weighted(code, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100 == key;
    let croatia = check::mod_11_10(code);
    let first = check::weighted(code, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let second = check::weighted(code, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10;
    let baltic = matches!(code.first(), Some(b'1'..=b'8'))
        && (1..=12).contains(&check::part(code, 3, 5))
        && (if first < 10 { first } else { second }) == last;
    let greece = is_short_date(code, [2, 1, 0]) && check::luhn(code);
    poland || norway || belgium || türkiye || russia || croatia || baltic || greece
}

/// Numbers of thirteen digits: Romania, Thailand, South Africa (date and Luhn), Switzerland (EAN-13).
fn thirteen(code: &[u8]) -> bool {
    let last = check::part(code, 12, 13);
    let romania = matches!(code.first(), Some(b'1'..=b'9'))
        && (1..=12).contains(&check::part(code, 3, 5))
        && match check::weighted(code, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 {
            10 => last == 1,
            rest => rest == last,
        };
    let thai = check::weighted(code, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    let thailand = (11 - thai % 11) % 10 == last;
    let south_africa = is_short_date(code, [0, 1, 2]) && check::luhn(code);
    let ean = check::weighted(code, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
    let switzerland = code.starts_with(b"756") && (10 - ean % 10) % 10 == last;
    romania || thailand || south_africa || switzerland
}

/// Burgerservicenummer: weights 9 to 2, and minus the last digit.
fn netherlands(code: &[u8]) -> bool {
    // Minus one is ten mod eleven.
    check::weighted(code, &[9, 8, 7, 6, 5, 4, 3, 2, 10]).is_multiple_of(11)
}

fn portugal(code: &[u8]) -> bool {
    let rest = check::weighted(code, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    check::part(code, 8, 9) == if rest < 2 { 0 } else { 11 - rest }
}

fn sweden_long(code: &[u8]) -> bool {
    check::is_date(check::part(code, 0, 4), check::part(code, 4, 6), check::part(code, 6, 8))
        && check::luhn(code.get(2..).unwrap_or_default())
}

/// The tax number of a person, INN.
fn russia_tax(code: &[u8]) -> bool {
    let first = check::weighted(code, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
    let second = check::weighted(code, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
    first == check::part(code, 10, 11) && second == check::part(code, 11, 12)
}

/// The number of social security: the last two digits are the first ten mod 97.
fn spain(code: &[u8]) -> bool {
    let (province, number) = (check::part(code, 0, 2), check::part(code, 2, 10));
    // Short numbers are joined without their leading zero.
    let place = if number < 10_000_000 { 10_000_000 } else { 100_000_000 };
    (province * (place % 97) + number) % 97 == check::part(code, 10, 12)
}

/// The sum of the digits of each product.
fn cross(digits: impl Iterator<Item = u32>, weights: &[u32]) -> u32 {
    digits.zip(weights).map(|(digit, weight)| digit * weight / 10 + digit * weight % 10).sum()
}

/// The digits of a code, with a letter as its place in the alphabet, in two digits.
fn spread(code: &[u8]) -> impl Iterator<Item = u32> {
    code.iter().flat_map(|byte| {
        let place = u32::from(byte.saturating_sub(b'A')) + 1;
        let pair = if byte.is_ascii_digit() {
            [None, Some(check::value(*byte))]
        } else {
            [Some(place / 10), Some(place % 10)]
        };
        pair.into_iter().flatten()
    })
}

/// The health insurance number (KVNR, § 290 SGB V): a letter, eight digits, a check digit.
fn germany_health(code: &[u8]) -> bool {
    let Some((last, body)) = code.split_last() else { return false };
    let shape = body.first().is_some_and(u8::is_ascii_alphabetic)
        && code.len() == 10
        && code.iter().skip(1).all(u8::is_ascii_digit);
    shape && cross(spread(body), &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 10 == check::value(*last)
}

/// The pension insurance number (VKVV § 4): area, date of birth, a letter, serial, a check digit.
fn germany_pension(code: &[u8]) -> bool {
    let Some((last, body)) = code.split_last() else { return false };
    let shape = code.get(8).is_some_and(u8::is_ascii_alphabetic)
        && code.iter().filter(|byte| byte.is_ascii_digit()).count() == 11;
    shape && cross(spread(body), &[2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]) % 10 == check::value(*last)
}

/// Province 001 to 096, and a digit for century and gender.
fn vietnam(code: &[u8]) -> bool {
    (1..=96).contains(&check::part(code, 0, 3)) && check::part(code, 3, 4) < 4
}

fn malaysia(code: &[u8]) -> bool {
    is_short_date(code, [0, 1, 2])
}

fn pakistan(code: &[u8]) -> bool {
    matches!(code.first(), Some(b'1'..=b'7'))
}

/// Century 2 or 3, then the date.
fn egypt(code: &[u8]) -> bool {
    matches!(code.first(), Some(b'2' | b'3'))
        && is_short_date(code.get(1..).unwrap_or_default(), [0, 1, 2])
}

/// Province, then the date, with the day of women raised by 40.
fn indonesia(code: &[u8]) -> bool {
    (11..=96).contains(&check::part(code, 0, 2))
        && (1..=31).contains(&(check::part(code, 6, 8) % 40))
        && (1..=12).contains(&check::part(code, 8, 10))
}

/// Date, a sign of the century (that may be a letter), three digits and a character mod 31.
fn finland(code: &[u8]) -> bool {
    let Some((last, body)) = code.split_last() else { return false };
    let digits: Vec<u8> = body.iter().copied().filter(u8::is_ascii_digit).collect();
    let index = usize::try_from(check::number(&digits) % 31).unwrap_or(0);
    digits.len() == 9
        && is_short_date(&digits, [2, 1, 0])
        && b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(index) == Some(last)
}

/// Seven digits and a letter mod 23, to which a second letter adds nine times its place.
fn ireland(code: &[u8]) -> bool {
    let more = code.get(8).map_or(0, |letter| (u32::from(*letter) - 64) % 23 * 9);
    let sum = check::weighted(code, &[8, 7, 6, 5, 4, 3, 2]) + more;
    let index = usize::try_from(sum % 23).unwrap_or(0);
    code.iter().take(7).all(u8::is_ascii_digit)
        && b"WABCDEFGHIJKLMNOPQRSTUV".get(index) == code.get(7)
}

/// A number and its check mod 11, where ten is written K.
fn chile(code: &[u8]) -> bool {
    let Some((last, body)) = code.split_last() else { return false };
    let weighted = body.iter().rev().zip([2, 3, 4, 5, 6, 7].iter().cycle());
    let sum: u32 = weighted.map(|(digit, weight)| check::value(*digit) * weight).sum();
    let is_digits = body.iter().all(u8::is_ascii_digit);
    is_digits
        && *last
            == match 11 - sum % 11 {
                11 => b'0',
                10 => b'K',
                rest => b'0' + u8::try_from(rest).unwrap_or(0),
            }
}

/// A letter that stands for two digits, 1 or 2, and weights down to the check.
fn taiwan(code: &[u8]) -> bool {
    let Some((letter, digits)) = code.split_first() else { return false };
    let Some(place) = b"ABCDEFGHJKLMNPQRSTUVXYWZIO".iter().position(|it| it == letter) else {
        return false;
    };
    let place = u32::try_from(place).unwrap_or(0) + 10;
    let sum = place / 10 + place % 10 * 9 + check::weighted(digits, &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    matches!(digits.first(), Some(b'1' | b'2' | b'8' | b'9'))
        && digits.len() == 9
        && digits.iter().all(u8::is_ascii_digit)
        && sum.is_multiple_of(10)
}

/// Letters of the name, the date, gender, state, letters of the name, and a digit mod 10 over base 37.
fn mexico(code: &[u8]) -> bool {
    // Ñ has a place between N and O, so later letters count one more.
    let value = |byte: u8| check::value_36(byte) + u32::from(byte > b'N');
    let weights = (2..=18_u32).rev();
    let sum: u32 = code.iter().zip(weights).map(|(byte, weight)| value(*byte) * weight).sum();
    matches!(code.get(10), Some(b'H' | b'M' | b'X'))
        && (10 - sum % 10) % 10 == check::part(code, 17, 18)
}

/// Whether the first six digits are a date, with year, month and day in these pairs.
fn is_short_date(code: &[u8], [year, month, day]: [usize; 3]) -> bool {
    let pair = |at: usize| check::part(code, at * 2, at * 2 + 2);
    // A year of two digits may be leap in one century only.
    [1900, 2000].iter().any(|century| check::is_date(century + pair(year), pair(month), pair(day)))
}
