//! Marks that a document carries to say how secret it is, in a dozen languages.
//!
//! A mark is told from talk about secrecy by where it stands: in a line of its own, at the head of a
//! line, in brackets, in capitals, in the name of a file, behind `Classification:`; phrases such as
//! "internal use only" count in a sentence, too, unless it is a question or an explanation.

use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake};
use std::ops::Range;

pub(super) const DETECTOR: &dyn Detector = &Marker;

struct Marker;

/// How a mark can stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Anywhere: nobody writes this but as a mark.
    Sign,
    /// In a sentence, too, unless the sentence talks about it.
    Phrase,
    /// Only in the places of a heading.
    Word,
}

macro_rules! marks {
    ($($level:ident $kind:ident: $($word:literal),+;)*) => {
        const WORDS: &[&str] = &[$($($word),+),*];
        const MARKS: &[(&str, Label, Kind)] = &[$($(($word, Label::$level, Kind::$kind)),+),*];
    };
}

marks! {
    MarkerRestricted Sign: "商密一级", "商密二级", "商密三级", "tlp:red", "tlp: red", "tlp-red", "noforn", "//si//", "㊙";
    MarkerConfidential Sign: "tlp:amber", "tlp: amber", "tlp-amber", "cui//", "(cui)", "vs-nfd", "fouo";
    MarkerRestricted Phrase: "top secret", "strictly confidential", "highly confidential",
        "mnpi", "material non-public information", "material nonpublic information", "restricted distribution",
        "eyes only", "board members only", "board eyes only", "streng vertraulich", "streng geheim",
        "strictement confidentiel", "très secret", "secret défense", "estrictamente confidencial", "alto secreto",
        "strettamente riservato", "strettamente confidenziale", "segretissimo", "estritamente confidencial",
        "ultrassecreto", "строго конфиденциально", "совершенно секретно", "strikt vertrouwelijk", "ściśle tajne",
        "ściśle poufne", "çok gizli", "سري للغاية", "tuyệt mật", "strängt konfidentiellt", "अति गोपनीय",
        "sangat rahasia", "rahasia negara", "strengt fortrolig", "erittäin salainen", "přísně důvěrné", "přísně tajné", "szigorúan bizalmas",
        "szigorúan titkos", "strict secret", "strict confidențial", "άκρως απόρρητο", "άκρως εμπιστευτικό", "סודי ביותר", "цілком таємно",
        "суворо конфіденційно", "строго секретно", "строго поверително", "strogo povjerljivo", "strogo poverljivo", "tối mật", "ลับที่สุด", "ลับมาก", "به کلی سری",
        "极机密", "極秘", "厳秘", "극비", "绝密", "絕密", "机密", "機密", "1급 기밀", "2급 기밀", "기밀문서";
    MarkerConfidential Phrase: "internal-only", "company confidential", "confidential and proprietary", "confidential & proprietary",
        "proprietary and confidential", "proprietary & confidential", "private and confidential",
        "private & confidential", "privileged and confidential", "privileged & confidential", "commercial in confidence",
        "commercial-in-confidence", "in strict confidence", "internal use only", "privileged communication", "not for public disclosure", "do not disclose", "not to be disclosed", "for authorized recipients only", "authorized personnel only", "restricted to employees", "internal only", "internal - do not",
        "not for distribution", "not for circulation", "not for public release", "not for external", "do not distribute",
        "do not forward", "do not share outside", "do not circulate", "attorney-client privilege", "attorney-client privileged",
        "attorney–client privilege", "attorney client privileged", "attorney work product", "solicitor-client privilege",
        "for official use only", "official-sensitive", "under nda", "subject to nda", "covered by an nda", "this document is confidential",
        "this email is confidential", "this message is confidential", "this report is confidential", "this information is confidential",
        "contains confidential information", "contain confidential information", "contains proprietary information", "company private", "business confidential",
        "client confidential", "confidential draft", "confidential memo", "trade secret of", "confidentiality notice", "nda-protected", "nda protected", "is confidential and may", "are confidential and may", "are confidential and privileged", "marked as confidential", "marked confidential", "classified as confidential", "classified confidential", "treat as confidential", "keep this confidential", "keep confidential", "not to be shared", "not be shared outside", "contains privileged", "not for external distribution", "not for external use", "confidential business information", "company proprietary", "proprietary information of", "embargoed until", "official sensitive", "protected b", "nato restricted", "eu restricted", "limited distribution", "strictly internal", "controlled unclassified information",
        "confidential and intended", "intended solely for the addressee", "intended only for the addressee", "intended solely for the use of", "enthält vertrauliche", "contient des informations confidentielles", "contiene información confidencial", "contiene informazioni riservate", "contém informações confidenciais", "содержит конфиденциальную", "bevat vertrouwelijke", "zawiera informacje poufne", "機密情報を含", "기밀 정보를 포함", "기밀정보를 포함", "含保密信息", "含有保密信息", "含机密信息", "含有机密信息", "不得转发", "不得外发", "请勿外发", "禁止转发", "严禁转发",
        "nur für den internen gebrauch", "nur für den dienstgebrauch", "nur zum internen gebrauch", "nur für internen gebrauch",
        "interne verwendung", "nur intern", "nur für internen", "firmenintern", "geschäftsgeheimnis", "nicht für die öffentlichkeit", "nicht zur weitergabe", "nicht an dritte", "nicht weitergeben", "nicht weiterleiten", "nur zur internen", "nur für den dienstgebrauch bestimmt", "betriebsgeheimnis", "usage interne", "document confidentiel", "documento confidencial", "documento riservato", "vertrauliches dokument", "vertrauliche unterlage", "diffusion restreinte", "ne pas diffuser",
        "diffusion limitée", "secret des affaires", "uso interno", "no distribuir", "prohibida su difusión", "difusión limitada",
        "uso esclusivo interno", "non divulgare", "não divulgar", "somente para uso interno", "для служебного пользования", "для внутреннего использования", "для внутреннего пользования", "не подлежит разглашению", "служебная тайна",
        "коммерческая тайна", "коммерческую тайну", "коммерческой тайны", "только для внутреннего", "не для распространения", "alleen voor intern gebruik", "tylko do użytku wewnętrznego",
        "tajemnica przedsiębiorstwa", "hizmete özel", "şirket içi", "للاستخدام الداخلي", "lưu hành nội bộ", "endast för internt bruk",
        "केवल आंतरिक उपयोग", "केवल आंतरिक उपयोग के लिए", "hanya untuk penggunaan internal", "untuk kalangan internal", "tidak untuk disebarluaskan", "jangan disebarluaskan", "rahasia perusahaan", "rahasia dagang",
        "kun til intern bruk", "kun til internt brug", "må ikke deles", "forretningshemmelighet", "forretningshemmelighed", "vain sisäiseen käyttöön", "liikesalaisuus", "får ej spridas", "får inte spridas", "företagshemlighet",
        "pouze pro interní potřebu", "obchodní tajemství", "len na interné použitie", "csak belső használatra", "üzleti titok", "numai pentru uz intern", "secret comercial", "για εσωτερική χρήση", "εμπορικό απόρρητο",
        "לשימוש פנימי", "сугубо для службового", "для службового користування", "комерційна таємниця", "за вътрешно ползване", "търговска тайна", "samo za internu upotrebu", "poslovna tajna", "chỉ dùng nội bộ", "lưu hành nội bộ", "bí mật kinh doanh", "ใช้ภายในเท่านั้น", "ห้ามเผยแพร่", "لا يجوز نشره", "يمنع نشر", "ممنوع النشر", "للاستعمال الداخلي", "للاستخدام الداخلي فقط", "سر تجاري",
        "the following as confidential", "following is confidential", "this as confidential", "as strictly confidential", "uso restrito", "acesso restrito", "difusão restrita", "uso restringido", "acceso restringido",
        "difusión restringida", "distribución limitada", "diffusione limitata", "circulation restreinte", "diffusion interdite", "سري وخاص", "خاص وسري", "confidential between us", "company-confidential", "nda material", "nda only", "under embargo", "embargoed", "for your eyes only", "not for onward distribution", "confidential information below", "for internal distribution", "for internal circulation",
        "geen verspreiding", "niet verspreiden", "niet voor verspreiding", "bedrijfsgeheim", "bedrijfsvertrouwelijk", "uitsluitend voor intern gebruik", "nie rozpowszechniać", "do użytku wewnętrznego", "tajemnica firmy", "gizlidir", "ticari sır", "kurum içi", "dağıtılmamalıdır", "yalnızca şirket içi", "segreto aziendale", "segreto commerciale", "non diffondere", "solo per uso interno", "segredo comercial", "uso exclusivo interno", "no difundir", "secreto comercial", "secreto empresarial", "sólo para uso interno", "solo para uso interno", "à usage interne", "réservé à l'usage interne", "ne pas transférer", "nur für den internen", "vertraulich behandeln", "streng intern", "verschlusssache", "内部资料", "内部传阅", "限内部", "工作秘密", "不得公开", "不得对外", "严禁泄露", "严禁外泄", "请勿泄露", "核心商密", "普通商密", "商密：", "商密", "涉密文件", "涉密资料", "内部文件", "内部使用", "仅供内部", "仅限内部", "不得外传", "请勿外传", "严禁外传", "禁止外传", "不得外泄", "请勿外泄",
        "注意保密", "商业秘密", "商业机密", "公司机密", "內部資料", "內部文件", "僅供內部", "请勿转发", "内部公开", "内部参考", "保密文件", "对外保密",
        "社外秘", "対外秘", "持ち出し禁止", "持出禁止", "社外持ち出し", "社外厳禁", "部外秘", "取扱注意", "関係者外秘", "関係者限り", "社内限定", "社内限り", "マル秘", "대외비", "사외비", "외부 공유 금지", "외부공개금지", "사내 한정", "사내한", "내부용", "내부 자료", "외부 유출 금지";
    MarkerRestricted Word: "restricted", "secret//", "secret", "geheim", "секретно", "secreto", "segreto", "기밀";
    MarkerConfidential Word: "board only", "board-only", "confidential", "sensitive but unclassified", "proprietary", "do not share", "for internal use", "trade secret", "cui", "vertraulich", "confidentiel", "confidencial", "riservato", "confidenziale",
        "reservado", "sigiloso", "конфиденциально", "дсп", "vertrouwelijk", "poufne", "gizli", "سري", "mật", "konfidentiellt", "गोपनीय",
        "rahasia", "fortrolig", "fortroligt", "luottamuksellinen", "luottamuksellista", "salainen", "důvěrné", "dôverné", "tajné", "bizalmas", "titkos", "confidențial", "εμπιστευτικό", "απόρρητο", "סודי", "חסוי", "конфіденційно", "таємно", "поверително", "povjerljivo", "poverljivo", "zaupno", "bảo mật", "ลับ", "محرمانه", "confidencialmente", "tajne", "reservada", "riservata", "confidentielle",
        "秘密", "保密", "涉密", "内部", "内部事项", "限制级", "機密扱い", "機密情報";
}

/// Words behind a mark with which it is part of an ordinary term: secrecy *law* and *agreement* in
/// Chinese, forwarding a *port*.
const TERMS: &[&str] = &[
    " port ",
    " traffic",
    "性",
    "文件与",
    "文件和",
    "协议",
    "法",
    "局",
    "工作",
    "技术",
    "意识",
    "条款",
    "义务",
    "制度",
    "计算",
    "码",
    "培训",
    "信息的",
    "保护",
    "管理",
    "花园",
    "武器",
    "協定",
    "電話",
    "情報の管理",
    "정보란",
    "飞行",
    "行动",
    "任务",
    "等级",
    "分级",
    "级别",
];

impl Detector for Marker {
    fn labels(&self) -> &'static [Label] {
        &[Label::MarkerConfidential, Label::MarkerRestricted]
    }

    fn pack(&self) -> Pack {
        Pack::Generic
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Marks(WORDS), Wake::Words(TURKISH)]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Word(word) = anchor else { return };
        let text = ask.text;
        let Ok(mark) = std::str::from_utf8(text.part(word.clone())) else {
            return;
        };
        // Made small, İ is an i with a dot above.
        let mark = mark.to_lowercase().replace('\u{307}', "");
        let Some((_, label, kind)) = MARKS.iter().find(|(known, ..)| *known == mark) else {
            return;
        };
        let is_latin = mark.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        if is_latin && !stands_alone(text, word) {
            return;
        }
        let place = Place { text, word };
        let is_mark = match kind {
            Kind::Sign => !place.is_asked_about(),
            Kind::Phrase => {
                !place.is_term()
                    && (place.is_heading() || (!place.is_negated() && !place.is_talk()))
            }
            // A name in a program: `SECRET = "…"`.
            Kind::Word if place.is_assigned() => false,
            Kind::Word => !place.is_negated() && !place.is_term() && place.is_heading(),
        };
        if is_mark {
            found.push(Hit::by_shape(*label, word.clone()).likely());
        }
    }
}

/// Turkish capitals, which ASCII rules do not make small.
const TURKISH: &[&str] =
    &["GİZLİ", "GİZLİDİR", "ÇOK GİZLİ", "HİZMETE ÖZEL", "TİCARİ SIR", "KURUM İÇİ", "ŞİRKET İÇİ"];

/// Words of sentences that ask, explain or define.
const TALK: &[&str] = &[
    "what ",
    "how ",
    "explain",
    "difference",
    "mean",
    "define",
    "definition",
    "translate",
    "describe",
    "write ",
    "when is ",
    "which ",
    "why ",
    "example of",
    "waived",
    "levels",
    "level of",
    "policy on",
    "policies",
    "handle ",
    "introduced",
    "is an ",
    "is a ",
    "are the ",
    "refers to",
    "term ",
    "word ",
    "clearance",
    "law",
    "act ",
    "insider trading",
    "computing",
    "was bedeutet",
    "wie ",
    "erkläre",
    "que signifie",
    "comment ",
    "explique",
    "qué ",
    "cómo",
    "cosa ",
    "come ",
    "o que",
    "что ",
    "как ",
    "означает",
    "什么",
    "如何",
    "怎么",
    "哪些",
    "介绍",
    "解释",
    "区别",
    "分为",
    "三级",
    "等级",
    "划分",
    "举例",
    "原理",
    "含义",
    "制度",
    "应该",
    "应如何",
    "吗",
    "定义",
    "请写",
    "翻译",
    "とは",
    "方法",
    "教えて",
    "どう",
    "란 무엇",
    "무엇",
    "어떻게",
    "ما هو",
    "nedir",
    "क्या",
    "là gì",
    "차이",
    "違い",
    "unterschied",
    "différence",
    "diferencia",
    "diferença",
    "differenza",
    "разниц",
    "różnic",
    "الفرق",
    "अंतर",
];

/// Whether a mark of Latin letters is no part of a word; `_` and digits may stand beside it.
fn stands_alone(text: &Text<'_>, word: &Range<usize>) -> bool {
    let is_open = |byte: u8| !byte.is_ascii_alphabetic();
    let last = text.before(word.end);
    // "privilege" and "privileged", "use" and "uses".
    let after = text.run_max(word.end, 2, |byte| byte.is_ascii_alphabetic());
    let is_ended =
        after == word.end || (text.part(word.end..after) == b"d" && is_open(text.at(after)));
    (is_open(text.before(word.start)) && is_ended) || !last.is_ascii_alphabetic()
}

/// Where a mark stands.
struct Place<'a, 'b> {
    text: &'a Text<'b>,
    word: &'a Range<usize>,
}

impl Place<'_, '_> {
    fn is_assigned(&self) -> bool {
        let sign = self.text.run_max(self.word.end, 2, |byte| byte == b' ');
        self.text.at(sign) == b'='
    }

    fn is_term(&self) -> bool {
        let after = self.text.part(self.word.end..self.word.end + 15);
        TERMS.iter().any(|term| after.starts_with(term.as_bytes()))
    }

    fn is_negated(&self) -> bool {
        const WORDS: &[&str] = &[
            "not ",
            "no longer ",
            "non-",
            "n't ",
            "nicht ",
            "pas ",
            "no es ",
            "не ",
            "不",
            "非",
            "un",
            "not be ",
            "called ",
            "titled ",
            "named ",
        ];
        let head = self
            .text
            .part(self.word.start.saturating_sub(10)..self.word.start)
            .to_ascii_lowercase();
        WORDS.iter().any(|word| head.ends_with(word.as_bytes()))
    }

    /// The line, without what only frames it.
    fn line(&self) -> (&[u8], &[u8]) {
        let start = self.text.run_back_max(self.word.start, 240, |byte| byte != b'\n');
        let end = self.text.run_max(self.word.end, 240, |byte| byte != b'\n');
        (self.text.part(start..self.word.start), self.text.part(self.word.end..end))
    }

    /// In a line of its own, at the head of a line with a break behind it, in brackets, in a file's
    /// name, behind the word for "classification".
    fn is_heading(&self) -> bool {
        let (before, after) = self.line();
        let (head, tail) = (trim(unprefixed(before)), trim(after));
        let mark = self.text.part(self.word.clone());
        if self.is_bracketed() || is_file(self.text, self.word) || names_level(before) {
            return true;
        }
        let mark = std::str::from_utf8(mark).unwrap_or_default();
        let is_shouted = mark.to_uppercase() == mark && mark.to_lowercase() != mark;
        let is_capital = mark.chars().next().is_some_and(|first| !first.is_lowercase());
        // A sentence of its own, as in a footer.
        let is_alone = before.trim_ascii_end().ends_with(b".") && after.starts_with(b".");
        if is_capital && is_alone {
            return true;
        }
        let breaks = breaks_off(after);
        if head.is_empty() {
            let is_sentence = after.starts_with(b". ") && !self.is_talk();
            return is_capital
                && (tail.is_empty() || breaks || is_sentence || (is_shouted && !self.is_talk()));
        }
        // A line in capitals throughout, or the last words of a line.
        let is_loud = |part: &[u8]| !part.iter().any(u8::is_ascii_lowercase);
        (is_shouted && is_loud(before) && (is_loud(after) || breaks) && !self.is_talk())
            || (is_shouted && tail.is_empty() && is_break_before(before))
    }

    fn is_bracketed(&self) -> bool {
        let (before, after) = (
            self.text.part(self.word.start.saturating_sub(3)..self.word.start),
            self.text.part(self.word.end..self.word.end + 3),
        );
        [
            ("[", "]"),
            ("【", "】"),
            ("〔", "〕"),
            ("<", ">"),
            ("［", "］"),
            ("《", "》"),
            ("{", "}"),
            ("★", "★"),
        ]
        .iter()
        .any(|(open, close)| {
            before.ends_with(open.as_bytes()) && after.starts_with(close.as_bytes())
        }) || after.starts_with("★".as_bytes())
    }

    /// Whether the sentence asks or explains rather than marks.
    fn is_talk(&self) -> bool {
        let sentence = self.sentence().to_ascii_lowercase();
        let is_quoted = matches!(self.text.before(self.word.start), b'\'' | b'"' | b'`')
            && matches!(self.text.at(self.word.end), b'\'' | b'"' | b'`' | b',' | b'.');
        // Words begin where no letter stands before: there is a "mean" in "Übernahmeangebot".
        let begins = |at: usize| {
            !at.checked_sub(1).and_then(|at| sentence.get(at)).is_some_and(u8::is_ascii_alphabetic)
        };
        let has = |word: &&str| memchr::memmem::find_iter(&sentence, word.as_bytes()).any(begins);
        is_quoted
            || sentence.ends_with(b"?")
            || sentence.ends_with("？".as_bytes())
            || TALK.iter().any(has)
    }

    /// A short question that does not begin with the mark.
    fn is_asked_about(&self) -> bool {
        let sentence = self.sentence();
        let is_first = sentence.trim_ascii().starts_with(self.text.part(self.word.clone()));
        sentence.len() <= 72 && !is_first && sentence.ends_with(b"?") && self.is_talk()
    }

    fn sentence(&self) -> &[u8] {
        let ends = |byte: u8| matches!(byte, b'\n' | b'.' | b'!' | b'?');
        let start = self.text.run_back_max(self.word.start, 160, |byte| !ends(byte));
        let end = self.text.run_max(self.word.end, 160, |byte| !ends(byte));
        let end = end + usize::from(self.text.at(end) == b'?');
        self.text.part(start..end)
    }
}

/// Without the name of the field that a heading stands in: `Subject: …`.
fn unprefixed(before: &[u8]) -> &[u8] {
    const FIELDS: &[&str] = &[
        "subject:",
        "re:",
        "fw:",
        "fwd:",
        "title:",
        "betreff:",
        "objet:",
        "asunto:",
        "oggetto:",
        "assunto:",
        "тема:",
        "主题：",
        "标题：",
        "主题:",
        "标题:",
        "件名：",
        "제목:",
    ];
    let mut rest = before.trim_ascii_start();
    while let Some(tail) = FIELDS.iter().find_map(|field| {
        let name = field.strip_suffix(':').unwrap_or(field);
        let head = rest.get(..name.len())?;
        let tail = rest.get(name.len()..)?.trim_ascii_start();
        let tail = if name.len() < field.len() { tail.strip_prefix(b":")? } else { tail };
        head.eq_ignore_ascii_case(name.as_bytes()).then_some(tail)
    }) {
        rest = tail.trim_ascii_start();
    }
    rest
}

/// Without spaces, bullets and rules.
fn trim(part: &[u8]) -> &[u8] {
    let is_frame = |byte: &u8| {
        matches!(
            byte,
            b' ' | b'\t'
                | b'\r'
                | b'#'
                | b'*'
                | b'_'
                | b'='
                | b'-'
                | b'>'
                | b'|'
                | b'('
                | b')'
                | b'.'
                | b':'
                | b'/'
                | b'~'
                | b'+'
        )
    };
    let start = part.iter().position(|byte| !is_frame(byte)).unwrap_or(part.len());
    let end = part.iter().rposition(|byte| !is_frame(byte)).map_or(start, |at| at + 1);
    part.get(start..end.max(start)).unwrap_or_default()
}

/// Whether what follows parts the mark from a text: a colon, a dash, slashes, an opening bracket.
fn breaks_off(after: &[u8]) -> bool {
    let tail = after.trim_ascii_start();
    let signs: &[&str] = &[
        ":", "：", "!", "！", "- ", "– ", "— ", "//", "|", "(", "（", "-", "–", "—", "·", "★", ",",
        "，", "；", ";", "/ ",
    ];
    signs.iter().any(|sign| tail.starts_with(sign.as_bytes()))
        && !(tail.first() == Some(&b'-') && tail.get(1).is_some_and(u8::is_ascii_alphabetic))
}

fn is_break_before(before: &[u8]) -> bool {
    let head = before.trim_ascii_end();
    ["-", "–", "—", ":", "|", "/", "·", "："].iter().any(|sign| head.ends_with(sign.as_bytes()))
}

/// `Classification: …`, `密级：…`, `Subject: …` right before the mark.
fn names_level(before: &[u8]) -> bool {
    const KEYS: &[&str] = &[
        "classification",
        "sensitivity",
        "security level",
        "data class",
        "data classification",
        "classification level",
        "confidentiality level",
        "sensitivity level",
        "data sensitivity",
        "security classification",
        "protection level",
        "document classification",
        "information classification",
        "security marking",
        "schutzklasse",
        "vertraulichkeitsstufe",
        "niveau de confidentialité",
        "nivel de confidencialidad",
        "livello di riservatezza",
        "nível de confidencialidade",
        "vertrouwelijkheid",
        "poziom poufności",
        "уровень конфиденциальности",
        "gizlilik derecesi",
        "mức độ mật",
        "độ mật",
        "gizlilik",
        "درجة السرية",
        "गोपनीयता स्तर",
        "marking",
        "label",
        "security",
        "confidentiality",
        "handling",
        "distribution",
        "密级",
        "保密级别",
        "密級",
        "保密等级",
        "文件密级",
        "klassifizierung",
        "einstufung",
        "vertraulichkeit",
        "classification de",
        "clasificación",
        "classificazione",
        "classificação",
        "гриф",
        "機密区分",
        "보안등급",
        "sınıflandırma",
        "classificatie",
        "klauzula",
    ];
    // A first level may stand in between: `Classification: Internal - Confidential`.
    let head = before.to_ascii_lowercase();
    let signs = ["：", ":", "="];
    let ends = signs.iter().filter_map(|sign| memchr::memmem::rfind(&head, sign.as_bytes()));
    let Some(end) = ends.max().filter(|end| head.len() - end <= 24) else {
        return false;
    };
    let head = head.get(..end).unwrap_or_default().trim_ascii_end();
    let head = head.strip_suffix(b"\"").unwrap_or(head);
    KEYS.iter().any(|key| head.ends_with(key.as_bytes()))
}

/// A mark in the name of a file: `Q3_CONFIDENTIAL.xlsx`, `confidential-plan.pdf`.
fn is_file(text: &Text<'_>, word: &Range<usize>) -> bool {
    const ENDINGS: &[&[u8]] = &[
        b".pdf", b".doc", b".docx", b".xls", b".xlsx", b".ppt", b".pptx", b".txt", b".csv",
        b".zip", b".md", b".eml", b".msg", b".key", b".pages",
    ];
    let is_name = |byte: u8| {
        !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'(' | b')' | b',' | b';')
    };
    let start = text.run_back_max(word.start, 80, is_name);
    let end = text.run_max(word.end, 80, is_name);
    let end = text.run_back(end, |byte| matches!(byte, b'.' | b'?' | b':')).max(word.end);
    let name = text.part(start..end).to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}
