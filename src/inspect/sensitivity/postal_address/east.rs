//! Addresses in Chinese, Japanese and Korean.

use crate::inspect::sensitivity::text::Text;
use std::ops::Range;

/// What wakes the detector: words right behind a house number, and the largest units of a country.
pub(super) const WORDS: &[&str] = &[
    "号",
    "號",
    "室",
    "号楼",
    "栋",
    "单元",
    "丁目",
    "番地",
    "都",
    "府",
    "県",
    "道",
    "市",
    "특별시",
    "서울",
    "부산",
    "대구",
    "인천",
    "대전",
    "울산",
    "수원",
    "성남",
    "광역시",
    "특별자치시",
    "경기도",
    "강원도",
    "충청",
    "전라",
    "경상",
    "제주",
];

/// Words for streets and estates, before a number.
const STREETS: &[&str] = &[
    "路", "街", "道", "巷", "弄", "胡同", "村", "里", "园", "苑", "小区", "花园", "大厦", "公寓",
    "广场", "城", "段", "组", "街道", "社区", "府", "湾", "庭",
];

/// The farthest that an address begins before its house number, in bytes.
const REACH: usize = 96;

pub(super) fn at_word(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let sign = std::str::from_utf8(text.part(word.clone())).ok()?;
    match sign {
        "号" | "號" | "室" | "号楼" | "栋" | "单元" => chinese(text, word),
        "丁目" | "番地" | "都" | "府" | "県" | "道" => japanese(text, word),
        "市" => city(text, word),
        _ => korean(text, word),
    }
}

/// A street or an estate, a number, 号.
fn chinese(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let is_number = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b' ' | b'#');
    let number = text.run_back_max(word.start, 8, is_number);
    let digits = text.part(number..word.start).iter().filter(|byte| byte.is_ascii_digit()).count();
    if !(1..=5).contains(&digits) {
        return None;
    }
    let from = whole(
        text,
        text.run_back_max(number, REACH, |byte| byte >= 0x80 || byte.is_ascii_alphanumeric()),
    );
    let head = lossless(text.part(from..number));
    // Punctuation and the words of the sentence before it are no part of the address.
    let signs = ["，", "。", "：", "；", "、", "（", "到", "在", "往", "是", "为", "址"];
    let cut = signs
        .iter()
        .filter_map(|sign| head.rfind(sign).map(|at| at + sign.len()))
        .max()
        .unwrap_or(0);
    let place = head.get(cut..)?;
    let streets = STREETS.iter().any(|street| place.ends_with(street));
    let has_region = ["省", "市", "区", "县", "镇", "乡"].iter().any(|unit| place.contains(unit));
    let has_street = STREETS.iter().any(|street| place.contains(street));
    // `一层3号`, `车站2号口` and the like are no addresses without a street.
    let is_address = place.chars().count() >= 3 && (streets || (has_region && has_street));
    if !is_address {
        return None;
    }
    let end = text
        .run_max(word.end, 60, |byte| byte >= 0x80 || byte.is_ascii_alphanumeric() || byte == b'-');
    let tail = lossless(text.part(word.end..end));
    let stop = ["，", "。", "；", "、", "（", "的", "，", "：", "！", "？"]
        .iter()
        .filter_map(|sign| tail.find(sign))
        .min()
        .unwrap_or(tail.len());
    let units = ["室", "楼", "栋", "单元", "座", "层", "号", "院"];
    let tail = tail.get(..stop).unwrap_or_default();
    let tail_end = units
        .iter()
        .filter_map(|unit| tail.rfind(unit).map(|at| at + unit.len()))
        .max()
        .unwrap_or(0);
    let start = number - (head.len() - cut);
    Some(start..word.end + tail_end)
}

/// A prefecture or 丁目 with a number like `1-9-1` behind or before it.
fn japanese(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let is_place = |byte: u8| byte >= 0x80 || byte.is_ascii_digit() || byte == b'-';
    let start = whole(text, text.run_back_max(word.start, REACH, is_place));
    let end = text.run_max(word.end, REACH, is_place);
    let place = lossless(text.part(start..end));
    let signs = ["、", "。", "：", "（", "は", "に", "で", "を", "，"];
    let inside = word.start - start;
    let cut = signs
        .iter()
        .filter_map(|sign| {
            place.get(..inside).and_then(|head| head.rfind(sign)).map(|at| at + sign.len())
        })
        .max()
        .unwrap_or(0);
    let place = place.get(cut..)?;
    let stop = signs.iter().filter_map(|sign| place.find(sign)).min().unwrap_or(place.len());
    let place = place.get(..stop)?;
    let has_unit = ["市", "区", "町", "村", "郡"].iter().any(|unit| place.contains(unit))
        && ["都", "府", "県", "道"].iter().any(|unit| place.contains(unit));
    let has_number = place.bytes().any(|byte| byte.is_ascii_digit());
    let has_kana_or_lot = place.contains('-') || place.contains("丁目") || place.contains("番地");
    (has_unit && has_number && has_kana_or_lot).then_some(start + cut..start + cut + place.len())
}

/// A city with its ward or town and a number in Japan's way: `名古屋市中区栄3-14-7`.
fn city(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let name = text.run_max(word.end, 36, |byte| byte >= 0x80);
    let place = lossless(text.part(word.end..name));
    let number = text.run_max(name, 12, |byte| byte.is_ascii_digit() || byte == b'-');
    let lots = text.part(name..number).split(|byte| *byte == b'-');
    let is_lot = |lot: &[u8]| (1..=4).contains(&lot.len());
    let is_number = (2..=3).contains(&lots.clone().count()) && lots.clone().all(is_lot);
    let has_ward = ["区", "町", "村"].iter().any(|unit| place.contains(unit));
    let start = whole(text, text.run_back_max(word.start, 12, |byte| byte >= 0x80));
    (is_number && has_ward && start < word.start).then_some(start..number)
}

/// A city or province, then a road with a number.
fn korean(text: &Text<'_>, word: &Range<usize>) -> Option<Range<usize>> {
    let start = whole(text, text.run_back_max(word.start, 18, |byte| byte >= 0x80));
    let end = text.run_max(word.end, REACH, |byte| {
        byte >= 0x80 || byte.is_ascii_digit() || matches!(byte, b' ' | b'-')
    });
    let place = lossless(text.part(word.end..end));
    let road = ["로 ", "길 ", "동 ", "로", "길"].iter().filter_map(|road| {
        let at = place.find(road)? + road.len();
        let digits = place
            .get(at..)?
            .bytes()
            .take_while(|byte| byte.is_ascii_digit() || *byte == b'-')
            .count();
        (digits > 0).then_some(at + digits)
    });
    let size = road.max()?;
    Some(start..word.end + size)
}

/// The first place from here on at which a character begins.
fn whole(text: &Text<'_>, place: usize) -> usize {
    text.run_max(place, 3, |byte| (0x80..0xC0).contains(&byte))
}

/// The text, as far as it is text: a character cut off at the end is left out.
fn lossless(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => bytes
            .get(..error.valid_up_to())
            .and_then(|part| std::str::from_utf8(part).ok())
            .unwrap_or_default(),
    }
}
