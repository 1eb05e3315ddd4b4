//! What a policy is compiled against: the targets and zones that the configuration defines.

/// The names that a policy may use for places to send requests to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The targets, in the order of the configuration. [`TargetId`] counts in this order.
    pub targets: Vec<TargetWords>,
    /// The teams of the callers; empty when the configuration names none, and then any is allowed.
    pub teams: Vec<String>,
    /// Whether sensitive values can be replaced before a request leaves.
    pub masking: Masking,
}

/// The words of one target that a policy may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetWords {
    /// Its name, as in `use: [local]`.
    pub name: String,
    /// Where data goes when it is sent there: `on-host`, `on-prem` or a jurisdiction.
    pub zone: String,
    /// Whether it is known what it charges.
    pub is_priced: bool,
}

impl TargetWords {
    /// A target whose price is known.
    pub fn new(name: impl Into<String>, zone: impl Into<String>) -> Self {
        Self { name: name.into(), zone: zone.into(), is_priced: true }
    }
}

/// Whether the pipeline can replace sensitive values by placeholders and back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Masking {
    /// It can; a limit's `mask` is carried in the permit.
    Available,
    /// It cannot; a limit's `mask` keeps requests with such values from remote targets.
    #[default]
    Unavailable,
}

/// A target, as its place in [`World::targets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub usize);

/// Data stays in this process or on this machine.
pub const ZONE_ON_HOST: &str = "on-host";
/// Data stays on the company's own machines.
pub const ZONE_ON_PREM: &str = "on-prem";

/// Zones that a policy may name although no target is there (yet): a policy is written for a
/// company, a configuration for one installation.
pub const JURISDICTIONS: [&str; 14] =
    ["global", "eu", "us", "uk", "ch", "cn", "hk", "jp", "kr", "sg", "in", "au", "ca", "br"];

/// Whether sending to this zone hands data to somebody else.
pub fn is_remote(zone: &str) -> bool {
    zone != ZONE_ON_HOST && zone != ZONE_ON_PREM
}

/// A set of targets, by their place in [`World::targets`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TargetSet(u128);

impl TargetSet {
    /// No more targets than this fit in; compiling refuses a larger world.
    pub const TARGETS_MAX: usize = 128;
    /// Every target there could be.
    pub const ALL: Self = Self(u128::MAX);
    /// No target.
    pub const NONE: Self = Self(0);

    const fn bit(target: TargetId) -> u128 {
        if target.0 < Self::TARGETS_MAX { 1 << target.0 } else { 0 }
    }

    /// Adds a target.
    pub const fn insert(&mut self, target: TargetId) {
        self.0 |= Self::bit(target);
    }

    /// Takes a target out.
    pub const fn remove(&mut self, target: TargetId) {
        self.0 &= !Self::bit(target);
    }

    /// Whether a target is in it.
    pub const fn contains(self, target: TargetId) -> bool {
        self.0 & Self::bit(target) != 0
    }

    /// The targets in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The targets in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The targets of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The targets, in order.
    pub fn iter(self) -> impl Iterator<Item = TargetId> {
        (0..Self::TARGETS_MAX).map(TargetId).filter(move |target| self.contains(*target))
    }

    /// Whether no target is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every target of this set is in the other.
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

impl FromIterator<TargetId> for TargetSet {
    fn from_iter<I: IntoIterator<Item = TargetId>>(targets: I) -> Self {
        let mut set = Self::NONE;
        for target in targets {
            set.insert(target);
        }
        set
    }
}
