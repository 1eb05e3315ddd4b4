//! The list of what can be found in a request, and how sensitive each thing is by default: the
//! built-in kinds, and those that policies name themselves.
//!
//! A policy may override any level; the names are what policies, records and metrics use.

use std::fmt;
use std::sync::OnceLock;

/// How careful a request must be handled. Ordered: the highest level found counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// May go anywhere.
    Public,
    /// Ordinary business content.
    Internal,
    /// Personal or commercial content that contracts protect.
    Confidential,
    /// Regulated data and secrets.
    Restricted,
}

impl Level {
    /// Every level, from least to most careful.
    pub const ALL: [Self; 4] = [Self::Public, Self::Internal, Self::Confidential, Self::Restricted];

    /// The word that policies, records and metrics use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
        }
    }

    /// Reads the word back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

macro_rules! labels {
    ($($variant:ident = $name:literal: $level:ident,)*) => {
        /// A kind of sensitive value, `category.kind`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the name is the documentation")]
        pub enum Label {
            $($variant,)*
            /// A kind that a policy named itself.
            Own(OwnLabel),
        }

        impl Label {
            /// Every label of this build, in alphabetical order; own ones are not among them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name that policies, records and metrics use, such as `identity.us_ssn`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Own(own) => own.name(),
                }
            }

            /// The level that a policy starts from.
            pub const fn default_level(self) -> Level {
                match self {
                    $(Self::$variant => Level::$level,)*
                    Self::Own(_) => Level::Confidential,
                }
            }

            const fn bit(self) -> u128 {
                match self {
                    $(Self::$variant => 1 << Bit::$variant.index(),)*
                    Self::Own(OwnLabel(slot)) => OWN_FIRST << slot,
                }
            }
        }

        #[derive(Clone, Copy)]
        enum Bit { $($variant,)* }

        impl Bit {
            #[expect(clippy::as_conversions, reason = "a fieldless enum; From is not const")]
            const fn index(self) -> u64 { self as u64 }
        }
    };
}

labels! {
    BusinessCnUscc = "business.cn_uscc": Internal,
    BusinessEmployeeId = "business.employee_id": Internal,
    BusinessInGstin = "business.in_gstin": Internal,
    ContactAccountHandle = "contact.account_handle": Confidential,
    ContactAddress = "contact.address": Confidential,
    ContactEmailAddress = "contact.email_address": Confidential,
    ContactPhoneNumber = "contact.phone_number": Confidential,
    CustomTerm = "custom.term": Confidential,
    DeviceImei = "device.imei": Confidential,
    DeviceLicensePlate = "device.license_plate": Confidential,
    DeviceVin = "device.vin": Confidential,
    FinancialAbaRouting = "financial.aba_routing": Confidential,
    FinancialBankAccount = "financial.bank_account": Restricted,
    FinancialCnBankCard = "financial.cn_bank_card": Restricted,
    FinancialCreditCard = "financial.credit_card": Restricted,
    FinancialCryptoAddress = "financial.crypto_address": Confidential,
    FinancialIbanCode = "financial.iban_code": Restricted,
    HealthAuMedicare = "health.au_medicare": Restricted,
    HealthMedicalRecord = "health.medical_record": Restricted,
    HealthUkNhs = "health.uk_nhs": Restricted,
    HealthUsDea = "health.us_dea": Confidential,
    HealthUsMbi = "health.us_mbi": Restricted,
    HealthUsNpi = "health.us_npi": Confidential,
    IdentityAuTfn = "identity.au_tfn": Restricted,
    IdentityBrCpf = "identity.br_cpf": Restricted,
    IdentityCaSin = "identity.ca_sin": Restricted,
    IdentityCnHkmoPermit = "identity.cn_hkmo_permit": Restricted,
    IdentityCnResidentId = "identity.cn_resident_id": Restricted,
    IdentityDeTaxId = "identity.de_tax_id": Restricted,
    IdentityDriverLicense = "identity.driver_license": Restricted,
    IdentityEsDni = "identity.es_dni": Restricted,
    IdentityFrNir = "identity.fr_nir": Restricted,
    IdentityHkId = "identity.hk_id": Restricted,
    IdentityInAadhaar = "identity.in_aadhaar": Restricted,
    IdentityInPan = "identity.in_pan": Restricted,
    IdentityItFiscalCode = "identity.it_fiscal_code": Restricted,
    IdentityJpMyNumber = "identity.jp_my_number": Restricted,
    IdentityKrRrn = "identity.kr_rrn": Restricted,
    IdentityNationalId = "identity.national_id": Restricted,
    IdentityPassport = "identity.passport": Restricted,
    IdentitySgNric = "identity.sg_nric": Restricted,
    IdentityUkNino = "identity.uk_nino": Restricted,
    IdentityUsItin = "identity.us_itin": Restricted,
    IdentityUsSsn = "identity.us_ssn": Restricted,
    MarkerConfidential = "marker.confidential": Confidential,
    MarkerRestricted = "marker.restricted": Restricted,
    NetworkInternalHost = "network.internal_host": Internal,
    NetworkIpAddress = "network.ip_address": Internal,
    NetworkMacAddress = "network.mac_address": Internal,
    PersonDateOfBirth = "person.date_of_birth": Confidential,
    PersonName = "person.name": Internal,
    SecretApiKey = "secret.api_key": Restricted,
    SecretConnectionString = "secret.connection_string": Restricted,
    SecretJwt = "secret.jwt": Restricted,
    SecretPassword = "secret.password": Restricted,
    SecretPrivateKey = "secret.private_key": Restricted,
}

/// The bit of the first own label: built-in labels have the lower half of a set.
const OWN_FIRST: u128 = 1 << 64;
const _: () = assert!(Label::ALL.len() <= 64, "built-in labels fit into half of a set");

/// Most own labels of a process, over all policies that it ever read: so many bits has a set, and
/// so many series a metric.
pub const OWN_LABELS_MAX: usize = 64;
/// Longest name of an own label, in bytes.
const OWN_NAME_MAX: usize = 48;

/// The names of own labels, in the order in which they were first read. A name keeps its place
/// for as long as the process lives, so that a label means the same in every policy.
static OWN_NAMES: [OnceLock<Box<str>>; OWN_LABELS_MAX] =
    [const { OnceLock::new() }; OWN_LABELS_MAX];

/// A kind of value with a name of a policy's own, such as `acme.project_code`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnLabel(u8);

impl OwnLabel {
    fn name(self) -> &'static str {
        let name = OWN_NAMES.get(usize::from(self.0)).and_then(OnceLock::get);
        name.map_or("custom.term", |name| name)
    }
}

impl fmt::Debug for OwnLabel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Why a name cannot be an own label's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnLabelError {
    /// It is not written like a label.
    #[error(
        "a label is written `category.kind`, in small letters, digits and `_`, at most 48 of them"
    )]
    Written,
    /// Its category is one of the built-in ones.
    #[error(
        "this category belongs to the built-in labels; own labels have a category of their own"
    )]
    Category,
    /// There are too many.
    #[error(
        "this process has met {OWN_LABELS_MAX} own labels; a restart forgets those that are no longer used"
    )]
    TooMany,
}

impl Label {
    /// Reads a name back: of a built-in label, or of an own one that some policy has declared.
    pub fn from_name(name: &str) -> Option<Self> {
        let built_in = Self::ALL.iter().copied().find(|label| label.name() == name);
        built_in.or_else(|| Self::all_own().find(|label| label.name() == name))
    }

    /// The label with this name of a policy's own, new or known.
    ///
    /// # Errors
    /// The name is not written like a label, is in a built-in category, or is one too many.
    pub fn own(name: &str) -> Result<Self, OwnLabelError> {
        let is_word = |word: &str| {
            word.starts_with(|first: char| first.is_ascii_lowercase())
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        let parts = name.split_once('.').filter(|_| name.len() <= OWN_NAME_MAX);
        let (category, kind) = parts.ok_or(OwnLabelError::Written)?;
        if !is_word(category) || !is_word(kind) {
            return Err(OwnLabelError::Written);
        }
        if Self::ALL.iter().any(|label| label.category() == category) {
            return Err(OwnLabelError::Category);
        }
        // Another thread may take the slot first; then its name decides like any other.
        for (slot, known) in (0_u8..).zip(&OWN_NAMES) {
            if &**known.get_or_init(|| name.into()) == name {
                return Ok(Self::Own(OwnLabel(slot)));
            }
        }
        Err(OwnLabelError::TooMany)
    }

    /// The own labels that any policy has declared so far.
    pub fn all_own() -> impl Iterator<Item = Self> {
        let known = (0_u8..).zip(&OWN_NAMES).take_while(|(_, name)| name.get().is_some());
        known.map(|(slot, _)| Self::Own(OwnLabel(slot)))
    }

    /// What is verified of a value whose evidence is a checksum, in the words of its standard.
    pub fn checked_by(self) -> &'static str {
        let known = CHECKS.iter().find(|(label, _)| *label == self);
        known.map_or("check digits", |(_, check)| *check)
    }

    /// The part before the dot, such as `identity`.
    pub fn category(self) -> &'static str {
        self.name().split_once('.').map_or(self.name(), |(category, _)| category)
    }
}

/// The checks that have a name of their own.
const CHECKS: &[(Label, &str)] = &[
    (Label::FinancialCreditCard, "Luhn digit"),
    (Label::FinancialCnBankCard, "Luhn digit"),
    (Label::DeviceImei, "Luhn digit"),
    (Label::IdentityCaSin, "Luhn digit"),
    (Label::HealthUsNpi, "Luhn digit"),
    (Label::FinancialIbanCode, "ISO 7064 mod 97-10 remainder"),
    (Label::FinancialAbaRouting, "3-7-1 sum"),
    (Label::FinancialCryptoAddress, "Base58Check, Bech32 or EIP-55 checksum"),
    (Label::IdentityCnResidentId, "ISO 7064 mod 11-2 digit"),
    (Label::BusinessCnUscc, "GB 32100 mod 31 digit"),
    (Label::BusinessInGstin, "mod 36 digit"),
    (Label::IdentityInAadhaar, "Verhoeff digit"),
    (Label::IdentityDeTaxId, "ISO 7064 mod 11,10 digit"),
    (Label::IdentityEsDni, "mod 23 letter"),
    (Label::IdentityFrNir, "mod 97 key"),
    (Label::IdentityItFiscalCode, "check letter"),
    (Label::IdentitySgNric, "check letter"),
    (Label::IdentityHkId, "check letter"),
    (Label::SecretJwt, "JSON header"),
    (Label::SecretPrivateKey, "PEM frame"),
    (Label::SecretApiKey, "issuer's checksum"),
    (Label::CustomTerm, "pattern's validator"),
];

impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A set of labels, as bits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct LabelSet(u128);

impl LabelSet {
    /// No label.
    pub const EMPTY: Self = Self(0);
    /// Every own label, whether a policy has declared it yet or not.
    pub const OWN: Self = Self(u128::MAX << 64);
    /// Every label.
    pub const ALL: Self = Self(u128::MAX);

    /// Adds one.
    pub fn insert(&mut self, label: Label) {
        self.0 |= label.bit();
    }

    /// Whether it is in the set.
    pub const fn contains(self, label: Label) -> bool {
        self.0 & label.bit() != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the two share a label.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether every label of `other` is in this set.
    pub const fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The labels of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The labels in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The labels of this set without those of the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The labels: the built-in ones in alphabetical order, then own ones.
    pub fn iter(self) -> impl Iterator<Item = Label> {
        let all = Label::ALL.iter().copied().chain(Label::all_own());
        all.filter(move |label| self.contains(*label))
    }
}

impl FromIterator<Label> for LabelSet {
    fn from_iter<I: IntoIterator<Item = Label>>(labels: I) -> Self {
        let mut set = Self::EMPTY;
        labels.into_iter().for_each(|label| set.insert(label));
        set
    }
}

impl fmt::Debug for LabelSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter().map(Label::name)).finish()
    }
}
