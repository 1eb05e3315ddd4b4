//! Bank account numbers in national forms: any number is one if the words beside it say so.

use super::number::{Loose, digits};
use super::text::{Hit, Text};
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake};
use memchr::memmem::Finder;
use std::ops::Range;
use std::sync::LazyLock;

pub(super) const DETECTOR: &dyn Detector = &BankAccount;

/// What stands beside a whole name such as "account number".
const NAMED: Loose =
    Loose { labels: &[Label::FinancialBankAccount], pack: Pack::Generic, names: NAMES, fits };

struct BankAccount;

/// Words that mean a bank's account where a bank is spoken of, and any other account elsewhere.
const ACCOUNT: &[&str] = &["account", "acct", "acc.", "acc "];

/// Words of which one stands close by where a bank is spoken of.
const BANKING: &[&str] = &[
    "routing",
    "aba",
    "ifsc",
    "sort code",
    "bsb",
    "swift",
    "bic",
    "bank",
    "wire",
    "deposit",
    "savings",
    "checking",
    "payroll",
    "remit",
    "ach",
    "barclays",
    "hsbc",
    "lloyds",
    "natwest",
    "chase",
    "wells fargo",
    "citibank",
    "santander",
    "sparkasse",
    "payee",
    "beneficiary",
];

static BANKING_WORDS: LazyLock<Vec<Finder<'_>>> =
    LazyLock::new(|| BANKING.iter().map(|word| Finder::new(*word)).collect());

/// How far from "account" those words may stand, in bytes.
const BANKING_REACH: usize = 96;

impl Detector for BankAccount {
    fn labels(&self) -> &'static [Label] {
        NAMED.labels
    }

    fn pack(&self) -> Pack {
        NAMED.pack
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Numbers, Wake::Words(ACCOUNT)]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Word(word) = anchor else { return NAMED.look(ask, anchor, found) };
        let text = ask.text;
        let is_word = !text.before(word.start).is_ascii_alphanumeric()
            && (text.closes(word.end) || text.before(word.end) == b' ');
        if !is_word || !is_about_banking(text, word) {
            return;
        }
        let span = number_behind(text, word.end).or_else(|| number_before(text, word.start));
        found.extend(span.map(|span| Hit::by_context(Label::FinancialBankAccount, span).likely()));
    }
}

fn is_about_banking(text: &Text<'_>, word: &Range<usize>) -> bool {
    let near = text.part(word.start.saturating_sub(BANKING_REACH)..word.end + BANKING_REACH);
    let near = near.to_ascii_lowercase();
    let is_letter =
        |at: Option<usize>| at.and_then(|at| near.get(at)).is_some_and(u8::is_ascii_alphabetic);
    BANKING_WORDS.iter().any(|known| {
        let end = |at: usize| at + known.needle().len();
        known.find_iter(&near).any(|at| !is_letter(at.checked_sub(1)) && !is_letter(Some(end(at))))
    })
}

/// `account 72851602485`, `Account: 7285-1602-485`.
fn number_behind(text: &Text<'_>, from: usize) -> Option<Range<usize>> {
    let start = text.run_max(from, 4, |byte| matches!(byte, b' ' | b':' | b'#' | b'=' | b'('));
    let end = text.run_max(start, 24, |byte| byte.is_ascii_digit() || byte == b'-');
    is_number(text, start..end)
}

/// `7833416493 is my account`, `7833416493 (account)`.
fn number_before(text: &Text<'_>, until: usize) -> Option<Range<usize>> {
    const TIES: &[&[u8]] = &[b" is my ", b" is the ", b" is our ", b" is his ", b" is her ", b" ("];
    let head = text.part(0..until);
    let tie = TIES.iter().find(|tie| head.ends_with(tie))?;
    let end = until - tie.len();
    let start = text.run_back_max(end, 24, |byte| byte.is_ascii_digit() || byte == b'-');
    is_number(text, start..end)
}

fn is_number(text: &Text<'_>, span: Range<usize>) -> Option<Range<usize>> {
    let count = digits(text.part(span.clone()));
    let is_whole = text.opens(span.start) && text.closes(span.end);
    ((6..=17).contains(&count) && is_whole && text.before(span.end).is_ascii_digit())
        .then_some(span)
}

const NAMES: &[&str] = &[
    "tài khoản ngân hàng",
    "agência e conta",
    "nomor rekening",
    "เลขบัญชี",
    "เลขที่บัญชี",
    "account number",
    "account no",
    "account no.",
    "account_number",
    "accountnumber",
    "accountno",
    "acct no",
    "acct",
    "acct number",
    "acct_no",
    "acctno",
    "account #",
    "bank account",
    "bank_account",
    "bankaccount",
    "bank acct",
    "checking account",
    "savings account",
    "checking",
    "a/c no",
    "a/c",
    "acc no",
    "deposit account",
    "beneficiary account",
    "sort code",
    "bsb",
    "银行账号",
    "银行账户",
    "银行卡账号",
    "账号",
    "账户",
    "帐号",
    "收款账号",
    "收款账户",
    "对公账户",
    "开户账号",
    "银行帐号",
    "yhzh",
    "zhanghao",
    "kontonummer",
    "kontonr",
    "konto-nr",
    "konto",
    "bankkonto",
    "bankverbindung",
    "numéro de compte",
    "compte bancaire",
    "compte n°",
    "n° de compte",
    "rib",
    "cuenta bancaria",
    "número de cuenta",
    "cuenta corriente",
    "cuenta",
    "clabe",
    "conto corrente",
    "numero di conto",
    "conto bancario",
    "conta bancária",
    "conta corrente",
    "número da conta",
    "agência e conta",
    "bankrekening",
    "rekeningnummer",
    "rekening",
    "numer konta",
    "nr konta",
    "rachunek",
    "rachunek bankowy",
    "konta bankowego",
    "расчётный счёт",
    "расчетный счет",
    "номер счета",
    "номер счёта",
    "банковский счет",
    "р/с",
    "口座番号",
    "口座",
    "普通預金",
    "계좌번호",
    "계좌",
    "رقم الحساب",
    "حساب بنكي",
    "hesap numarası",
    "hesap no",
    "banka hesabı",
    "खाता संख्या",
    "बैंक खाता",
    "खाता नंबर",
    "số tài khoản",
    "stk",
    "bankkontonummer",
    "clearingnummer",
    "銀行帳號",
    "帳號",
    "kto",
    "kto.",
    "kto-nr",
    "to account",
    "from account",
    "into account",
    "account ending",
    "iban/konto",
    "conto n.",
    "conto n",
    "acc. number",
    "acc number",
    "acc. no",
    "acc. no.",
    "konto nr",
    "n. conto",
    "numero conto",
    "konto-nr.",
    "nº de cuenta",
    "cuenta nº",
    "n° compte",
    "compte nº",
    "bank acc",
    "bank a/c",
    "acct.",
    "acct#",
    "current account",
    "giro",
    "girokonto",
    "nomor rekening",
    "rekening no",
    "iban konto",
    "振込先",
    "振込口座",
    "支店 普通",
    "支店　普通",
    "支店普通",
    "当座預金",
    "예금주",
    "입금해",
    "송금해",
    "입금계좌",
    "开户行",
    "konto bankowe",
    "rekening bank",
];

fn fits(code: &[u8]) -> bool {
    let letters = code.len() - digits(code);
    (6..=24).contains(&code.len()) && letters <= 4 && letters * 2 <= digits(code)
}
