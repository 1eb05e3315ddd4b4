//! Names of people, as far as patterns can tell: behind a title, a key such as `Name:` or a phrase
//! such as "my name is"; Chinese names by surname and length before 先生 or behind 姓名.
//!
//! A name in the middle of a sentence without any of these is not found; that takes a model.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake};
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &PersonName;

struct PersonName;

/// Words right before a name, and those right behind it at the end.
const NAMES: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "miss",
    "dr",
    "prof",
    "sir",
    "madam",
    "mx",
    "herr",
    "herrn",
    "frau",
    "monsieur",
    "madame",
    "mme",
    "señor",
    "señora",
    "sr",
    "sra",
    "signor",
    "signora",
    "dott",
    "senhor",
    "senhora",
    "pan",
    "pani",
    "dhr",
    "mevr",
    "name",
    "full name",
    "fullname",
    "full_name",
    "first name",
    "last name",
    "customer name",
    "client name",
    "patient name",
    "patient",
    "customer",
    "client",
    "employee",
    "employee name",
    "contact name",
    "contact person",
    "account holder",
    "cardholder",
    "recipient",
    "applicant",
    "beneficiary",
    "signed",
    "sincerely",
    "my name is",
    "name is",
    "i am called",
    "named",
    "nom",
    "nom et prénom",
    "je m'appelle",
    "je m’appelle",
    "nombre",
    "nombre completo",
    "me llamo",
    "mi nombre es",
    "nome",
    "nome completo",
    "mi chiamo",
    "chamo-me",
    "meu nome é",
    "kunde",
    "kundin",
    "ich heiße",
    "mein name ist",
    "vor- und nachname",
    "imię i nazwisko",
    "nazywam się",
    "naam",
    "mijn naam is",
    "фио",
    "меня зовут",
    "клиент",
    "имя",
    "ad soyad",
    "adı soyadı",
    "họ và tên",
    "họ tên",
    "namn",
    "नाम",
    "الاسم",
    "姓名",
    "名字",
    "联系人",
    "收件人",
    "收货人",
    "寄件人",
    "患者",
    "客户",
    "我叫",
    "本人",
    "申请人",
    "持卡人",
    "户名",
    "开户名",
    "经办人",
    "负责人",
    "法人",
    "员工",
    "xingming",
    "氏名",
    "名前",
    "お名前",
    "担当者",
    "이름",
    "성명",
    "성함",
    "고객명",
    "환자명",
    "예금주",
    "先生",
    "女士",
    "小姐",
    "老师",
    "医生",
    "教授",
    "经理",
    "同学",
    "様",
    "さん",
    "氏",
    "殿",
    "님",
    "씨",
];
/// Words right behind a name in Chinese characters, kana or hangul.
const AFTER_EAST: &[&str] = &[
    "先生", "女士", "小姐", "老师", "医生", "教授", "经理", "同学", "様", "さん", "氏", "殿", "님",
    "씨",
];

/// The commonest Chinese surnames, those of two characters first.
const SURNAMES: &str = "欧阳上官司马诸葛东方皇甫尉迟公孙慕容令狐|王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边";

impl Detector for PersonName {
    fn labels(&self) -> &'static [Label] {
        &[Label::PersonName]
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
        vec![Wake::Names]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Name(word) = anchor else { return };
        let text = ask.text;
        let name = text.part(word.clone());
        let is_eastern = std::str::from_utf8(name)
            .is_ok_and(|name| name.chars().all(|letter| letter >= '\u{3040}'));
        let span = if AFTER_EAST.iter().any(|known| name == known.as_bytes()) {
            eastern_before(text, word.start)
        } else if is_eastern {
            eastern_after(text, word.end)
        } else {
            latin_after(text, word)
        };
        found.extend(span.map(|span| Hit::by_context(Label::PersonName, span).likely()));
    }
}

/// Two to four capitalised words behind a title or a key.
fn latin_after(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let name = text.part(word.clone());
    let is_title = (2..=5).contains(&name.len())
        && name.first().is_some_and(u8::is_ascii_uppercase)
        && text.at(word.end) != b':';
    let gap = text.run_max(word.end, 6, |byte| {
        matches!(byte, b' ' | b'.' | b':' | b'"' | b'=' | b'\'' | b',' | b'\n')
    });
    let gap_text = text.part(word.end..gap);
    // A word such as "customer" in a sentence is no key; a phrase or a title is.
    let is_key = gap_text.iter().any(|byte| matches!(byte, b':' | b'=' | b','));
    let is_phrase = name.contains(&b' ');
    let is_role = name.first().is_some_and(u8::is_ascii_uppercase);
    if gap == word.end || !(is_key || is_phrase || is_title || is_role) {
        return None;
    }
    let mut end = gap;
    let mut words = 0;
    for _ in 0..4 {
        let Some(next) = capitalised(text, end) else { break };
        words += 1;
        end = next;
        if text.at(end) == b' ' && capitalised(text, end + 1).is_some() {
            end += 1;
        } else {
            break;
        }
    }
    let least = if is_title && !is_key { 1 } else { 2 };
    (words >= least).then_some(gap..end)
}

/// The end of a capitalised word of letters, hyphens and apostrophes.
fn capitalised(text: &Text<'_>, start: usize) -> Option<usize> {
    let rest = std::str::from_utf8(text.part(start..start + 48)).unwrap_or_else(|error| {
        text.bytes
            .get(start..start + error.valid_up_to())
            .and_then(|part| std::str::from_utf8(part).ok())
            .unwrap_or_default()
    });
    let mut letters = rest.chars();
    if !letters.next()?.is_uppercase() {
        return None;
    }
    let size = rest
        .find(|letter: char| !(letter.is_alphabetic() || matches!(letter, '-' | '\'' | '’')))
        .unwrap_or(rest.len());
    let word = rest.get(..size)?;
    let is_initial =
        word.chars().count() == 1 && rest.get(size..).is_some_and(|after| after.starts_with('.'));
    let is_name = word.chars().count() >= 2 && word.chars().skip(1).any(char::is_lowercase);
    (is_name || is_initial).then_some(start + size + usize::from(is_initial))
}

/// Two to four characters of a name before 先生, 様, 님.
fn eastern_before(text: &Text<'_>, end: usize) -> Option<Range<usize>> {
    let head = std::str::from_utf8(text.part(end.saturating_sub(12)..end)).ok()?;
    let sizes = [9, 6, 12, 3];
    let start = sizes.iter().filter_map(|size| head.len().checked_sub(*size)).find(|start| {
        let name = head.get(*start..).unwrap_or_default();
        is_eastern_name(name) || (name.chars().count() == 1 && has_surname(name) && name.len() == 3)
    })?;
    Some(end - (head.len() - start)..end)
}

fn eastern_after(text: &Text<'_>, from: usize) -> Option<Range<usize>> {
    let mut at = from;
    for sign in ["是", "为", "は", "는", "은", "：", ":", "=", " ", "\"", " ", "\""] {
        if text.part(at..at + sign.len()) == sign.as_bytes() {
            at += sign.len();
        }
    }
    let rest = text.part(at..at + 12);
    let rest = std::str::from_utf8(rest).unwrap_or_else(|error| {
        rest.get(..error.valid_up_to())
            .and_then(|part| std::str::from_utf8(part).ok())
            .unwrap_or_default()
    });
    // The shortest name is as likely as a longer one; a surname of two characters asks for more.
    let sizes = [9, 12, 6];
    let is_end = |size: usize| {
        let next = text.part(at + size..at + size + 6);
        next.is_empty()
            || next.first().is_some_and(u8::is_ascii)
            || ["，", "。", "先生", "女士", "、", "；", "さん", "様", "）"]
                .iter()
                .any(|sign| next.starts_with(sign.as_bytes()))
    };
    let fitting = |size: &usize| rest.get(..*size).is_some_and(is_eastern_name);
    let size = sizes.iter().copied().filter(fitting).find(|size| is_end(*size)).or_else(|| {
        (at > from && rest.get(..9).is_some_and(is_eastern_name) && has_surname(rest)).then_some(9)
    })?;
    Some(at..at + size)
}

fn is_eastern_name(name: &str) -> bool {
    let count = name.chars().count();
    let is_hangul = name.chars().all(|letter| ('가'..='힣').contains(&letter));
    let is_han = name.chars().all(|letter| ('\u{4E00}'..='\u{9FFF}').contains(&letter));
    (is_hangul && (2..=4).contains(&count))
        || (is_han && (2..=4).contains(&count) && (has_surname(name) || count == 4))
}

fn has_surname(name: &str) -> bool {
    let (double, single) = SURNAMES.split_once('|').unwrap_or(("", SURNAMES));
    let head: String = name.chars().take(2).collect();
    let pairs = double.as_bytes().chunks(6).any(|pair| pair == head.as_bytes());
    pairs || name.chars().next().is_some_and(|first| single.contains(first))
}
