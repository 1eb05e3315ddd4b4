//! What stands in a value's place, and the map back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;

use sha2::{Digest, Sha256};

use crate::inspect::Label;

/// Letters of a digest: no vowels, so that no word comes out, and no digits, so that no detector
/// takes it for a number.
const LETTERS: &[u8; 16] = b"bcdfghjkmnpqrtvz";
/// Letters in a digest: 48 bits.
pub(super) const DIGEST_SIZE: usize = 12;
/// Most values of one request.
const VALUES_MAX: usize = 10_000;
/// Most bytes of original values kept for one request.
const BYTES_MAX: usize = 4 << 20;

/// The secret that digests are keyed with; drawn at every start and never written down.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// A key of random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Key(***)")
    }
}

/// What all turns of a conversation have in common: the caller and the way it began.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Conversation([u8; 32]);

impl Conversation {
    /// The conversation of a caller that began with these texts.
    pub fn new<'a>(
        key: &Key,
        caller: &'a str,
        beginning: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut digest = Sha256::new();
        digest.update(key.0);
        digest.update(b"conversation");
        for part in std::iter::once(caller).chain(beginning) {
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            digest.update(part.as_bytes());
        }
        Self(digest.finalize().into())
    }

    /// Digits that are the same for every turn, and tell nothing about the letters.
    pub fn digits(&self) -> u64 {
        let digest = Sha256::new().chain_update(b"digits").chain_update(self.0).finalize();
        digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    /// Letters for a value. The key went into the conversation's own digest, which nobody else
    /// knows; it is used on both sides of the value, so that no digest extends another.
    fn letters(&self, label: Label, value: &str, round: u32) -> String {
        let mut digest = Sha256::new();
        digest.update(self.0);
        digest.update(label.name().as_bytes());
        digest.update(round.to_le_bytes());
        digest.update(value.as_bytes());
        digest.update(self.0);
        let bytes: [u8; 32] = digest.finalize().into();
        let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(DIGEST_SIZE);
        let letter = |nibble: u8| LETTERS.get(usize::from(nibble)).copied().unwrap_or(b'b');
        nibbles.map(|nibble| char::from(letter(nibble))).collect()
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Conversation(***)")
    }
}

/// The map of one request: which placeholder stands for which value. In memory only.
#[derive(Clone, Default)]
pub struct Placeholders {
    /// Original values by the letters of the digest.
    originals: BTreeMap<String, Original>,
    kinds: BTreeSet<&'static str>,
    bytes: usize,
}

#[derive(Clone)]
struct Original {
    kind: &'static str,
    value: String,
}

/// A request has more values than its map may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Placeholders {
    /// The placeholder of a value, new or known.
    pub(super) fn add(
        &mut self,
        conversation: &Conversation,
        label: Label,
        value: &str,
    ) -> Result<String, Full> {
        let kind = kind(label);
        for round in 0..8 {
            let letters = conversation.letters(label, value, round);
            match self.originals.get(&letters) {
                Some(known) if known.value == value => return Ok(written(kind, &letters)),
                // Another value has this digest: draw again.
                Some(_) => {}
                None => {
                    self.bytes += value.len();
                    if self.originals.len() >= VALUES_MAX || self.bytes > BYTES_MAX {
                        return Err(Full);
                    }
                    let text = written(kind, &letters);
                    self.kinds.insert(kind);
                    self.originals.insert(letters, Original { kind, value: value.to_owned() });
                    return Ok(text);
                }
            }
        }
        Err(Full)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.originals.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.originals.is_empty()
    }

    /// The kinds of values in it.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.kinds.iter().copied()
    }

    /// What some letters of a digest, in small letters, begin.
    pub(super) fn begins(&self, kind: &str, letters: &str) -> Begins<'_> {
        let from = (Bound::Included(letters), Bound::Unbounded);
        let known = self.originals.range::<str, _>(from);
        let mut known = known.take_while(|(known, _)| known.starts_with(letters));
        match known.find(|(_, original)| original.kind == kind) {
            None => Begins::Nothing,
            Some((known, original)) if known.len() == letters.len() => {
                Begins::Whole(&original.value)
            }
            Some(_) => Begins::Part,
        }
    }
}

/// What some letters begin.
pub(super) enum Begins<'a> {
    /// No digest.
    Nothing,
    /// A digest that goes on.
    Part,
    /// They are the digest of this value.
    Whole(&'a str),
}

impl fmt::Debug for Placeholders {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Placeholders({} values)", self.originals.len())
    }
}

fn written(kind: &str, letters: &str) -> String {
    format!("[{kind}_{letters}]")
}

/// What stands for a value that nobody will put back.
pub(super) fn redacted(label: Label) -> String {
    format!("[{}]", kind(label))
}

/// What stands for a value so that equal ones can be told.
pub(super) fn hashed(conversation: &Conversation, label: Label, value: &str) -> String {
    written(kind(label), &conversation.letters(label, value, 0))
}

/// The kind of a value in one word of capital letters, which says enough to a model.
pub(super) const fn kind(label: Label) -> &'static str {
    match label {
        Label::ContactEmailAddress => "EMAIL",
        Label::ContactPhoneNumber => "PHONE",
        Label::ContactAddress => "ADDRESS",
        Label::ContactAccountHandle => "HANDLE",
        Label::PersonName => "NAME",
        Label::PersonDateOfBirth => "BIRTHDATE",
        Label::FinancialCreditCard | Label::FinancialCnBankCard => "CARD",
        Label::FinancialIbanCode | Label::FinancialBankAccount => "ACCOUNT",
        Label::FinancialAbaRouting => "ROUTING",
        Label::FinancialCryptoAddress => "WALLET",
        Label::NetworkIpAddress => "IPADDRESS",
        Label::NetworkMacAddress => "HARDWARE",
        Label::NetworkInternalHost => "HOST",
        Label::SecretApiKey | Label::SecretJwt => "TOKEN",
        Label::SecretPassword => "SECRET",
        Label::SecretConnectionString => "CONNECTION",
        Label::SecretPrivateKey => "KEY",
        Label::DeviceLicensePlate => "PLATE",
        Label::DeviceImei | Label::DeviceVin => "SERIAL",
        Label::HealthMedicalRecord => "RECORD",
        Label::BusinessEmployeeId => "STAFF",
        Label::MarkerConfidential | Label::MarkerRestricted => "MARK",
        Label::CustomTerm | Label::Own(_) => "TERM",
        Label::BusinessCnUscc
        | Label::BusinessInGstin
        | Label::HealthAuMedicare
        | Label::HealthUkNhs
        | Label::HealthUsDea
        | Label::HealthUsMbi
        | Label::HealthUsNpi
        | Label::IdentityAuTfn
        | Label::IdentityBrCpf
        | Label::IdentityCaSin
        | Label::IdentityCnHkmoPermit
        | Label::IdentityCnResidentId
        | Label::IdentityDeTaxId
        | Label::IdentityDriverLicense
        | Label::IdentityEsDni
        | Label::IdentityFrNir
        | Label::IdentityHkId
        | Label::IdentityInAadhaar
        | Label::IdentityInPan
        | Label::IdentityItFiscalCode
        | Label::IdentityJpMyNumber
        | Label::IdentityKrRrn
        | Label::IdentityPassport
        | Label::IdentitySgNric
        | Label::IdentityUkNino
        | Label::IdentityUsItin
        | Label::IdentityUsSsn => "IDENTITY",
    }
}
