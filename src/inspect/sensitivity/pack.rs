//! Groups of detectors that are switched on together: what an installation looks for depends on
//! whose data it handles, and every further country finds more in harmless numbers.

use std::fmt;

macro_rules! packs {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A group of detectors.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Pack { $($(#[$doc])* $variant,)* }

        impl Pack {
            /// Every pack of this build.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that policies use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

packs! {
    /// What people everywhere have: addresses, phones, cards, names, markers.
    Generic = "generic",
    /// Keys, tokens, passwords.
    Secrets = "secrets",
    /// United States.
    Us = "us",
    /// China.
    Cn = "cn",
    /// Germany, Spain, France, Italy.
    Eu = "eu",
    /// United Kingdom.
    Uk = "uk",
    /// India.
    In = "in",
    /// Singapore.
    Sg = "sg",
    /// Japan.
    Jp = "jp",
    /// South Korea.
    Kr = "kr",
    /// Brazil.
    Br = "br",
    /// Australia.
    Au = "au",
    /// Canada.
    Ca = "ca",
    /// Hong Kong.
    Hk = "hk",
}

impl Pack {
    /// Reads the word back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|pack| pack.name() == name)
    }

    const fn bit(self) -> u32 {
        match self {
            Self::Generic => 1,
            Self::Secrets => 1 << 1,
            Self::Us => 1 << 2,
            Self::Cn => 1 << 3,
            Self::Eu => 1 << 4,
            Self::Uk => 1 << 5,
            Self::In => 1 << 6,
            Self::Sg => 1 << 7,
            Self::Jp => 1 << 8,
            Self::Kr => 1 << 9,
            Self::Br => 1 << 10,
            Self::Au => 1 << 11,
            Self::Ca => 1 << 12,
            Self::Hk => 1 << 13,
        }
    }
}

/// Some packs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PackSet(u32);

impl PackSet {
    /// No pack.
    pub const NONE: Self = Self(0);
    /// Every pack of this build.
    pub const ALL: Self = Self((1 << Pack::ALL.len()) - 1);
    /// What a policy gets that does not say which: `generic`, `secrets`, `us`, `cn`.
    pub const DEFAULT: Self =
        Self(Pack::Generic.bit() | Pack::Secrets.bit() | Pack::Us.bit() | Pack::Cn.bit());

    /// Adds one.
    #[must_use]
    pub const fn with(self, pack: Pack) -> Self {
        Self(self.0 | pack.bit())
    }

    /// Whether it is in the set.
    pub const fn contains(self, pack: Pack) -> bool {
        self.0 & pack.bit() != 0
    }

    /// The packs, in order.
    pub fn iter(self) -> impl Iterator<Item = Pack> {
        Pack::ALL.iter().copied().filter(move |pack| self.contains(*pack))
    }
}

impl Default for PackSet {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Debug for PackSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter().map(Pack::name)).finish()
    }
}
