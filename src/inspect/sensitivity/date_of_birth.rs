//! Dates of birth: a complete date of the past beside a word such as "born" or 出生.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake, check};
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &DateOfBirth;

struct DateOfBirth;

const NAMES: &[&str] = &[
    "date of birth",
    "dateofbirth",
    "date_of_birth",
    "birth date",
    "birthdate",
    "birth_date",
    "birthday",
    "dob",
    "d.o.b",
    "d.o.b.",
    "born",
    "born on",
    "birth",
    "bday",
    "出生日期",
    "出生",
    "生日",
    "出生年月",
    "生于",
    "出生于",
    "csrq",
    "shengri",
    "geburtsdatum",
    "geboren",
    "geboren am",
    "geb.",
    "geburtstag",
    "geb. am",
    "date de naissance",
    "né le",
    "née le",
    "né(e) le",
    "naissance",
    "ddn",
    "fecha de nacimiento",
    "nacimiento",
    "nacido",
    "nacida",
    "nació",
    "f. nac",
    "data di nascita",
    "nato il",
    "nata il",
    "nascita",
    "data de nascimento",
    "nascimento",
    "nascido",
    "nascida",
    "geboortedatum",
    "geboren op",
    "data urodzenia",
    "urodzony",
    "urodzona",
    "ur.",
    "дата рождения",
    "родился",
    "родилась",
    "рождения",
    "生年月日",
    "生まれ",
    "誕生日",
    "생년월일",
    "출생",
    "생일",
    "تاريخ الميلاد",
    "مواليد",
    "doğum tarihi",
    "doğum",
    "doğumlu",
    "जन्म तिथि",
    "जन्मतिथि",
    "जन्म",
    "ngày sinh",
    "sinh ngày",
    "födelsedatum",
    "född",
    "fødselsdato",
    "syntymäaika",
    "出生日期",
    "生年",
    "yob/dob",
    "geb",
    "birth:",
    "naissance le",
    "naissance:",
    "出生:",
    "出生：",
    "出生年月日",
    "誕生",
    "tanggal lahir",
    "วันเกิด",
    "ημερομηνία γέννησης",
    "תאריך לידה",
    "nato a",
    "nata a",
    "né à",
    "née à",
    "nacido en",
    "nacida en",
    "nascido em",
    "nascida em",
    "geboren in",
    "geboren te",
    "tgl lahir",
    "tgl. lahir",
    "tarikh lahir",
    "lahir",
    "fecha nac",
    "fec. nac",
    "fecha de nac.",
    "data nasc",
    "dt. nasc",
    "date naiss",
    "datum narození",
    "narozen",
    "data nașterii",
    "születési dátum",
    "dátum narodenia",
    "дата народження",
    "ngày tháng năm sinh",
    "geb.datum",
    "geb.-datum",
    "doğum tar",
    "γεννήθηκε",
];

/// Longest way from the word to the date, in bytes.
const REACH: usize = 48;

/// Verbs between "born" and a date that belongs to them.
const OTHER_DEEDS: &[&[u8]] = &[
    b" released ",
    b" published ",
    b" premiered",
    b" founded ",
    b" signed ",
    b" recorded ",
    b" admitted",
    b" hired ",
    b" joined ",
    b" died ",
];

const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// The beginnings of the names of months in other languages, by month.
const FOREIGN: &[(&str, u32)] = &[
    ("jan", 1),
    ("ene", 1),
    ("gen", 1),
    ("sty", 1),
    ("янв", 1),
    ("fév", 2),
    ("feb", 2),
    ("fev", 2),
    ("lut", 2),
    ("фев", 2),
    ("mär", 3),
    ("mar", 3),
    ("mrt", 3),
    ("maa", 3),
    ("мар", 3),
    ("avr", 4),
    ("abr", 4),
    ("apr", 4),
    ("kwi", 4),
    ("апр", 4),
    ("mai", 5),
    ("may", 5),
    ("mag", 5),
    ("mei", 5),
    ("maj", 5),
    ("мая", 5),
    ("май", 5),
    ("juin", 6),
    ("jun", 6),
    ("giu", 6),
    ("cze", 6),
    ("июн", 6),
    ("juil", 7),
    ("jul", 7),
    ("lug", 7),
    ("lip", 7),
    ("июл", 7),
    ("aoû", 8),
    ("ago", 8),
    ("aug", 8),
    ("sie", 8),
    ("авг", 8),
    ("sep", 9),
    ("set", 9),
    ("wrz", 9),
    ("сен", 9),
    ("okt", 10),
    ("oct", 10),
    ("out", 10),
    ("ott", 10),
    ("paź", 10),
    ("окт", 10),
    ("nov", 11),
    ("lis", 11),
    ("ноя", 11),
    ("déc", 12),
    ("dez", 12),
    ("dec", 12),
    ("dic", 12),
    ("gru", 12),
    ("дек", 12),
];

impl Detector for DateOfBirth {
    fn labels(&self) -> &'static [Label] {
        &[Label::PersonDateOfBirth]
    }

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn has_soft_names(&self) -> bool {
        true
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Names, Wake::Digits(1)]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        match anchor {
            Anchor::Name(name) => {
                let date = after(ask.text, name)
                    .or_else(|| before(ask.text, name))
                    .filter(|date| !is_biography(ask.text, date));
                found.extend(date.map(|span| Hit::by_context(Label::PersonDateOfBirth, span)));
            }
            // In a table, or under a key of JSON, the word may be further away.
            Anchor::Digits(groups) => {
                let Some(first) = groups.first().filter(|_| ask.about.meets(ask.class)) else {
                    return;
                };
                // The month may stand in front.
                let word = ask
                    .text
                    .run_back_max(first.start, 4, |byte| matches!(byte, b' ' | b'.' | b'+'));
                let month = ask.text.run_back_max(word, 12, |byte| byte.is_ascii_alphabetic());
                if let Some(span) =
                    date_at(ask.text, first.start).or_else(|| date_at(ask.text, month))
                    && !is_biography(ask.text, &span)
                    && ask.named(&span)
                {
                    found.push(Hit::by_context(Label::PersonDateOfBirth, span));
                }
            }
            Anchor::Word(_)
            | Anchor::Token(_)
            | Anchor::Code(_)
            | Anchor::Shape(..)
            | Anchor::Number(..) => {}
        }
    }
}

fn after(text: &Text<'_>, name: &Range<usize>) -> Option<Range<usize>> {
    const OTHERS: [&[u8]; 5] = [b" rate", b" control", b" defect", b" order", b" weight"];
    let tail = text.part(name.end..name.end + 8).to_ascii_lowercase();
    if OTHERS.iter().any(|word| tail.starts_with(word)) {
        return None;
    }
    let mut at = name.end;
    let until = (name.end + REACH).min(text.bytes.len());
    while at < until {
        let byte = text.at(at);
        let is_stop = matches!(byte, b'{' | b'}' | b';' | b'?')
            || (byte == b'\n' && at > name.end + 4)
            || text.part(at..at + 3) == "。".as_bytes();
        if is_stop {
            return None;
        }
        if (byte.is_ascii_digit() || byte.is_ascii_alphabetic()) && text.opens(at) {
            if let Some(span) = date_at(text, at) {
                return Some(span);
            }
            at = text.run(at, |byte| byte.is_ascii_alphanumeric());
        } else {
            at += 1;
        }
    }
    None
}

/// `(born 12 May 1979)` in the first line of an article about somebody well known, or a date that
/// belongs to another verb.
fn is_biography(text: &Text<'_>, date: &Range<usize>) -> bool {
    let head = text.part(date.start.saturating_sub(7)..date.start).to_ascii_lowercase();
    let opens = [&b"(born "[..], b"; born ", b" born: "].iter().any(|born| head.ends_with(born));
    let gap = text.part(date.start.saturating_sub(24)..date.start);
    let is_of_another = OTHER_DEEDS.iter().any(|deed| memchr::memmem::find(gap, deed).is_some());
    is_of_another || (opens && matches!(text.at(date.end), b')' | b'[' | b';' | b','))
}

/// A date in front of the word: `1985年3月1日出生`, `1985-03-01 (DOB)`.
fn before(text: &Text<'_>, name: &Range<usize>) -> Option<Range<usize>> {
    let from = name.start.saturating_sub(36);
    (from..name.start)
        .filter(|at| text.at(*at).is_ascii_alphanumeric() && text.opens(*at))
        .filter_map(|at| date_at(text, at))
        .rfind(|span| span.end <= name.start && name.start - span.end <= 20)
}

/// A whole date that begins here.
fn date_at(text: &Text<'_>, start: usize) -> Option<Range<usize>> {
    let mut parser = Parser { text, at: start };
    let (year, month, day) = if text.at(start).is_ascii_digit() {
        parser.digits_first()?
    } else {
        parser.month_first()?
    };
    let year = if year < 100 { year + if year > 30 { 1900 } else { 2000 } } else { year };
    let is_birth = (1900..=2026).contains(&year) && check::is_date(year, month, day);
    (is_birth && text.closes(parser.at)).then_some(start..parser.at)
}

struct Parser<'a, 'b> {
    text: &'a Text<'b>,
    at: usize,
}

impl Parser<'_, '_> {
    fn number(&mut self, most: usize) -> Option<(u32, usize)> {
        let end = self.text.run_max(self.at, most + 1, |byte| byte.is_ascii_digit());
        let size = end - self.at;
        if size == 0 || size > most {
            return None;
        }
        let number = check::number(self.text.part(self.at..end));
        self.at = end;
        Some((number, size))
    }

    fn skip(&mut self, words: &[&str]) -> bool {
        let found = words.iter().find(|word| {
            self.text.part(self.at..self.at + word.len()).eq_ignore_ascii_case(word.as_bytes())
        });
        self.at += found.map_or(0, |word| word.len());
        found.is_some()
    }

    fn spaces(&mut self) {
        self.at = self.text.run_max(self.at, 3, |byte| matches!(byte, b' ' | b',' | b'.' | b'+'));
    }

    /// `1985-03-01`, `01/03/1985`, `1 March 1985`, `1985年3月1日`, `19850301`.
    fn digits_first(&mut self) -> Option<(u32, u32, u32)> {
        let (first, size) = self.number(8)?;
        if size == 8 {
            return Some((first / 10_000, first / 100 % 100, first % 100));
        }
        if size > 4 {
            return None;
        }
        self.skip(&["st ", "nd ", "rd ", "th ", "er ", "º ", "° "]);
        let is_east = self.skip(&["年", "년"]);
        self.spaces();
        if is_east {
            let (month, _) = self.number(2)?;
            self.skip(&["月", "월"]);
            self.spaces();
            let (day, _) = self.number(2)?;
            self.skip(&["日", "号", "일"]);
            return Some((first, month, day));
        }
        self.skip(&["de ", "of "]);
        if let Some(month) = self.month() {
            self.spaces();
            self.skip(&["de ", "del ", "of "]);
            let (year, size) = self.number(4)?;
            return (size == 4 || size == 2).then_some((year, month, first));
        }
        self.skip(&["-", "/", ". ", ".", "\\/"]);
        let (second, middle) = self.number(2)?;
        self.spaces();
        self.skip(&["-", "/", ".", "\\/"]);
        let (third, last) = self.number(4)?;
        match (size, middle, last) {
            (4, _, 1 | 2) => Some((first, second, third)),
            // Day and month come in either order.
            (1 | 2, _, 4 | 2) if second <= 12 => Some((third, second, first)),
            (1 | 2, _, 4 | 2) => Some((third, first, second)),
            _ => None,
        }
    }

    /// `March 1, 1985`.
    fn month_first(&mut self) -> Option<(u32, u32, u32)> {
        let month = self.month()?;
        self.spaces();
        let (day, _) = self.number(2)?;
        self.skip(&["st", "nd", "rd", "th"]);
        self.spaces();
        let (year, size) = self.number(4)?;
        (size == 4).then_some((year, month, day))
    }

    fn month(&mut self) -> Option<u32> {
        let end = self.text.run_max(self.at, 16, |byte| byte.is_ascii_alphabetic() || byte >= 0x80);
        let word = self.text.part(self.at..end);
        let word = std::str::from_utf8(word).ok()?.to_lowercase();
        if word.len() < 3 {
            return None;
        }
        let known = MONTHS.iter().position(|month| {
            *month == word || (word.len() <= 4 && month.starts_with(word.as_str()))
        });
        let number = known.and_then(|index| u32::try_from(index + 1).ok());
        let foreign =
            || FOREIGN.iter().find(|(start, _)| word.starts_with(start)).map(|(_, month)| *month);
        let month = number.or_else(foreign)?;
        self.at = end;
        Some(month)
    }
}
