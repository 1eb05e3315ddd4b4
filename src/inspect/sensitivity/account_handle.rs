//! Names of accounts at messengers and social networks: what stands behind `WeChat:`, QQ, 微信号, …

use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake};
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &AccountHandle;

struct AccountHandle;

const NAMES: &[&str] = &[
    "wechat",
    "wechat id",
    "wechat_id",
    "wechatid",
    "weixin",
    "wx",
    "wxid",
    "qq",
    "qq号",
    "qq号码",
    "qq number",
    "qq群",
    "telegram",
    "telegram id",
    "tg",
    "skype",
    "skype id",
    "instagram",
    "instagram handle",
    "twitter",
    "twitter handle",
    "snapchat",
    "discord",
    "tiktok",
    "line id",
    "kakaotalk",
    "kakao id",
    "whatsapp id",
    "signal handle",
    "handle",
    "username",
    "user name",
    "微信",
    "微信号",
    "微博",
    "抖音号",
    "抖音",
    "小红书号",
    "支付宝账号",
    "钉钉号",
    "ラインid",
    "카카오톡",
    "카톡",
    "카톡 아이디",
    "카카오톡 아이디",
    "kakao",
    "zalo",
    "viber",
    "line",
    "vx",
    "v信",
    "薇信",
    "威信",
    "mastodon",
    "threema",
    "matrix id",
    "slack handle",
    "github username",
    "insta",
    "ig",
    "snap",
    "facebook",
    "linkedin",
    "venmo",
    "cashapp",
    "cash app",
    "twitch",
    "reddit",
    "steam id",
    "psn",
    "gamertag",
    "bluesky",
    "threads",
    "skype me",
    "live:",
    "加我v",
    "加v",
    "我v",
    "v号",
    "徽信",
    "卫星号",
    "扣扣",
    "企鹅号",
];

/// Names of networks at which only a handle with `@` or right behind a colon counts: people write
/// about them all day.
const VAGUE: &[&[u8]] = &[
    b"handle",
    b"username",
    b"user name",
    b"twitch",
    b"reddit",
    b"threads",
    b"venmo",
    b"line",
    b"line id",
    b"tg",
    b"wx",
    b"ig",
    b"snap",
    b"facebook",
    b"linkedin",
];

impl Detector for AccountHandle {
    fn labels(&self) -> &'static [Label] {
        &[Label::ContactAccountHandle]
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
        vec![Wake::Names, Wake::Words(&["wxid_"])]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let text = ask.text;
        let span = match anchor {
            Anchor::Word(wxid) => {
                let end = text.run_max(wxid.end, 30, is_handle);
                (end - wxid.end >= 6 && text.opens(wxid.start)).then_some(wxid.start..end)
            }
            Anchor::Name(name) => after(text, name),
            Anchor::Token(_)
            | Anchor::Digits(_)
            | Anchor::Code(_)
            | Anchor::Shape(..)
            | Anchor::Number(..) => None,
        };
        found.extend(span.map(|span| Hit::by_context(Label::ContactAccountHandle, span)));
    }
}

fn is_handle(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

/// A handle right behind the name: `微信号：abc`, `QQ 12345678`, `Telegram: @abc`, `WeChat ID is abc`.
fn after(text: &Text<'_>, name: &Range<usize>) -> Option<Range<usize>> {
    let mut at = name.end;
    for word in [
        " handle", " tag", " account", " id", "_id", " no.", " number", "号码", "号", "账号",
        "帐号", "id", "ID", " ID", " name",
    ] {
        if text.part(at..at + word.len()).eq_ignore_ascii_case(word.as_bytes()) {
            at += word.len();
        }
    }
    // A path of a program: `insta::assert_snapshot`.
    if text.part(at..at + 2) == b"::" {
        return None;
    }
    let gap_start = at;
    let mut has_sign = false;
    loop {
        let byte = text.at(at);
        if matches!(byte, b':' | b'=') {
            has_sign = true;
            at += 1;
        } else if ["：", "是", "为", "는", "은", "は"]
            .iter()
            .any(|sign| text.part(at..at + 3) == sign.as_bytes())
        {
            has_sign = true;
            at += 3;
        } else if text.part(at..at + 4).eq_ignore_ascii_case(b" is ") {
            has_sign = true;
            at += 4;
        } else if matches!(byte, b' ' | b'"' | b'\'' | b'\\' | b'`') && at - gap_start < 8 {
            at += 1;
        } else {
            break;
        }
    }
    let is_at = text.at(at) == b'@';
    let start = at + usize::from(is_at);
    let end = text
        .run_back(text.run_max(start, 32, is_handle), |byte| matches!(byte, b'.' | b'-'))
        .max(start);
    let handle = text.part(start..end);
    let digits = handle.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_number = digits == handle.len();
    let word = text.part(name.clone());
    let is_qq = word.get(..2).is_some_and(|head| head.eq_ignore_ascii_case(b"qq"));
    let is_vague = VAGUE.iter().any(|vague| word.eq_ignore_ascii_case(vague));
    let is_chinese = !word.is_ascii() && at - gap_start <= 1;
    let is_invited = text
        .part(name.start.saturating_sub(9)..name.start)
        .windows(3)
        .any(|part| part == "加".as_bytes());
    // `wechat okoye_1995`: nothing but a handle has both digits and an underscore.
    let is_telling = digits >= 2 && handle.contains(&b'_') && digits < handle.len() - 1;
    let named = has_sign || is_at || is_chinese || (is_telling && !is_vague && at > name.end);
    let has_sign = has_sign || (is_invited && is_chinese);
    let fits = if is_qq {
        is_number && (5..=11).contains(&digits)
    } else if is_number {
        named && digits >= 5 && !is_vague
    } else {
        // A word of a sentence has no digit, no underscore, no dot.
        let is_made_up = digits > 0 || handle.iter().any(|byte| matches!(byte, b'_' | b'.'));
        named
            && (4..=30).contains(&handle.len())
            && (is_made_up
                || (has_sign && !is_vague && handle.iter().all(|byte| is_small(*byte)))
                || is_at)
            && (!is_vague || ((is_at || is_short_name(word)) && is_made_up))
            && !is_keyword(handle)
    };
    fits.then_some(at..end)
}

/// Names that a handle may follow without `@`.
fn is_short_name(word: &[u8]) -> bool {
    [&b"line id"[..], b"wx", b"tg", b"ig"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// A letter of a name in small letters, which may have hyphens.
const fn is_small(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'-'
}

fn is_keyword(handle: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"null",
        b"none",
        b"true",
        b"false",
        b"string",
        b"undefined",
        b"example",
        b"username",
        b"your",
        b"admin",
        b"root",
        b"test",
        b"user",
        b"the",
        b"https",
        b"http",
        b"not",
        b"required",
        b"yourname",
    ];
    WORDS.iter().any(|word| handle.eq_ignore_ascii_case(word))
}
