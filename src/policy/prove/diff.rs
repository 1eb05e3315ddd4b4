//! Where two policies decide differently: regions of requests, each with one that shows it.
//!
//! Every region is proved: all of its requests change in the way that is said. That there are no
//! further differences is proved as well, or it is said that it is not.

use serde::Serialize;

use super::super::decision::Decision;
use super::super::{Clearance, Policy, TargetId, evaluate, is_remote};
use super::encode::{Encoded, Find};
use super::region::Region;
use super::search::Search;
use super::solver::Lit;
use super::space::{Point, Space};
use super::witness::Witness;
use super::{EFFORT_MAX, QUESTION_EFFORT, words};
use crate::inspect::Confidence;
use crate::mask::MaskPlan;

/// How a change matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Requests may leave for a zone that they could not leave for.
    Egress,
    /// Values leave as they are that were masked.
    Unmasked,
    /// Another target is preferred, or a request is refused that was not, or the reverse.
    Target,
    /// The same target is preferred, but the others that may be tried are not the same.
    Fallbacks,
}

impl ChangeKind {
    /// Every kind, the gravest first.
    pub const ALL: [Self; 4] = [Self::Egress, Self::Unmasked, Self::Target, Self::Fallbacks];

    /// Whether more leaves than before.
    pub const fn is_widening(self) -> bool {
        matches!(self, Self::Egress | Self::Unmasked)
    }
}

/// A region of requests that change in one way.
///
/// Of all of them holds what is said of the first choice and of new zones; other targets are up, at an
/// ordinary price, unless the region says otherwise. The rest is that of the example.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// How it matters.
    pub kind: ChangeKind,
    /// What all requests of the region have in common; nothing means every request.
    pub when: Vec<String>,
    /// Where they were sent, the first choice first; empty for a refusal.
    pub before: Vec<String>,
    /// Where they would be sent.
    pub after: Vec<String>,
    /// The zones that they could not reach before.
    pub new_zones: Vec<String>,
    /// One request of the region, as facts.
    pub example: Vec<(String, String)>,
    /// How to see it with the old policy, and with the new one.
    #[serde(rename = "try")]
    pub commands: [String; 2],
}

/// What differs between two policies.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The regions that change, the gravest first.
    pub changes: Vec<Change>,
    /// Whether nothing changes outside of them, whatever is up and whatever it costs: proved.
    pub is_complete: bool,
    /// What could not be settled, and what is looked for no longer.
    pub notes: Vec<String>,
    /// Whether more leaves than before, or may.
    pub widens: bool,
}

/// No more regions of one kind are listed.
const REGIONS_MAX: usize = 20;

/// Compares two policies for the same targets. The files are only for the commands.
pub fn diff(old: (&str, &Policy), new: (&str, &Policy)) -> Difference {
    let mut difference =
        Difference { changes: Vec::new(), is_complete: true, notes: Vec::new(), widens: false };
    looked_for(old.1, new.1, &mut difference);
    let space = Space::new(&[old.1, new.1], EFFORT_MAX);
    let encoded = space.and_then(|mut space| {
        let before = Encoded::new(&mut space, old.1)?;
        let after = Encoded::new(&mut space, new.1)?;
        Some((space, before, after))
    });
    let Some((space, before, after)) = encoded else {
        difference.unsettled("the policies are too large to be compared");
        return difference;
    };
    let careful = (before.careful == after.careful).then_some(before.careful);
    let mut comparison =
        Comparison { old, new, space, before, after, careful, listed: Vec::new(), difference };
    for kind in ChangeKind::ALL {
        comparison.regions_of(kind);
    }
    comparison.difference
}

impl Difference {
    /// Notes that something may differ and is not known to; careful, so that counts as widening.
    fn unsettled(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
        self.is_complete = false;
        self.widens = true;
    }
}

/// Kinds of values that are looked for no longer are not found, so that no rule can see them.
fn looked_for(old: &Policy, new: &Policy, difference: &mut Difference) {
    for pack in old.detect.packs.iter().filter(|pack| !new.detect.packs.contains(*pack)) {
        difference.notes.push(format!(
            "WIDENS: the pack `{}` is no longer on, so that its kinds of values are not found",
            pack.name()
        ));
        difference.widens = true;
    }
    for pack in new.detect.packs.iter().filter(|pack| !old.detect.packs.contains(*pack)) {
        difference.notes.push(format!("the pack `{}` is now on", pack.name()));
    }
    let patterns = |policy: &Policy| -> Vec<String> {
        policy.detect.patterns.iter().map(|pattern| format!("{pattern:?}")).collect()
    };
    let (before, after) = (patterns(old), patterns(new));
    if before.iter().any(|pattern| !after.contains(pattern)) {
        let note = "WIDENS: a pattern of the policy's own was taken out or changed";
        difference.notes.push(note.to_owned());
        difference.widens = true;
    }
    let lost = old.detect.answers.iter().any(|label| !new.detect.answers.contains(label));
    if lost {
        difference.notes.push("fewer kinds of values are taken out of answers".to_owned());
    }
}

struct Comparison<'p> {
    old: (&'p str, &'p Policy),
    new: (&'p str, &'p Policy),
    space: Space,
    before: Encoded,
    after: Encoded,
    /// The levels of care, when both policies mean the same by them.
    careful: Option<[Lit; 4]>,
    /// For each region listed so far, that a request is not in it.
    listed: Vec<Lit>,
    difference: Difference,
}

/// A request that two policies decide.
struct Shown {
    point: Point,
    witness: [Witness; 2],
    decisions: [Decision; 2],
}

impl Comparison<'_> {
    /// Lists the regions of one kind; new egress zone by zone, so that none hides behind another.
    fn regions_of(&mut self, kind: ChangeKind) {
        if kind == ChangeKind::Egress {
            for zone in remote_zones(self.new.1) {
                let class = self.egress(&zone);
                self.regions(kind, class, Some(&zone));
            }
        } else {
            let class = self.class(kind);
            self.regions(kind, class, None);
        }
    }

    fn regions(&mut self, kind: ChangeKind, class: Lit, zone: Option<&str>) {
        // Inside a region that is listed, lesser changes go without saying.
        let mut outside = if zone.is_some() { Vec::new() } else { self.listed.clone() };
        for _ in 0..REGIONS_MAX {
            let ask: Vec<Lit> = outside.iter().copied().chain([class]).collect();
            self.space.formula.allow(QUESTION_EFFORT);
            match self.show(&ask, kind) {
                Search::None => return,
                Search::Unsettled(opaque) => {
                    let why = super::unsettled(self.new.1, &opaque);
                    self.difference.unsettled(format!(
                        "whether there are further changes of the kind `{}` is not settled: {why}",
                        kind.words()
                    ));
                    return;
                }
                Search::Found(shown) => {
                    let region = self.region(kind, &shown, class);
                    let always = [self.space.formula.always(); 4];
                    let careful = self.careful.unwrap_or(always);
                    let inside = region.inside(&mut self.space, &careful);
                    let not_inside = !self.space.formula.and(inside);
                    outside.push(not_inside);
                    self.listed.push(not_inside);
                    self.report(kind, &shown, (&region, zone));
                }
            }
        }
        self.difference.unsettled(format!(
            "there are more changes of the kind `{}` than the {REGIONS_MAX} that are listed",
            kind.words()
        ));
    }

    /// A request of a class, which both evaluators confirm.
    fn show(&mut self, ask: &[Lit], kind: ChangeKind) -> Search<Shown> {
        let (old, new) = (self.old.1, self.new.1);
        self.space.find(ask, |space, point| {
            let witness = [Witness::at(space, old, point)?, Witness::at(space, new, point)?];
            let [before, after] = &witness;
            let decisions = [
                evaluate(old, &before.scenario(old).facts()),
                evaluate(new, &after.scenario(new).facts()),
            ];
            let [before, after] = &decisions;
            confirms(new, kind, before, after).then(|| Shown {
                point: point.clone(),
                witness,
                decisions,
            })
        })
    }

    /// The requests that change in a way, without those that change in a graver one.
    fn class(&mut self, kind: ChangeKind) -> Lit {
        let zones: Vec<Lit> =
            remote_zones(self.new.1).iter().map(|zone| self.egress(zone)).collect();
        let egress = self.space.formula.or(zones);
        let classes = [egress, self.unmasked(), self.moved(), self.fallbacks()];
        let index = ChangeKind::ALL.iter().position(|it| *it == kind).unwrap_or(0);
        let mut parts: Vec<Lit> = classes.iter().take(index).map(|graver| !*graver).collect();
        parts.extend(classes.get(index));
        self.space.formula.and(parts)
    }

    /// The requests that may leave for a zone that they could not leave for.
    fn egress(&mut self, zone: &str) -> Lit {
        let policy = self.new.1;
        let inside = |sends: &[Lit]| -> Vec<Lit> {
            let inside = targets(policy).filter(|it| policy.target_zone(*it) == zone);
            inside.filter_map(|it| sends.get(it.0).copied()).collect()
        };
        let (before, after) = (inside(&self.before.sends), inside(&self.after.sends));
        let (before, after) = (self.space.formula.or(before), self.space.formula.or(after));
        self.space.formula.and([after, !before])
    }

    fn unmasked(&mut self) -> Lit {
        let leaves = |encoded: &Encoded| -> Vec<Lit> {
            let policy = self.new.1;
            let remote = targets(policy).filter(|it| policy.remote.contains(*it));
            remote.filter_map(|it| encoded.sends.get(it.0).copied()).collect()
        };
        let after = leaves(&self.after);
        let after = self.space.formula.or(after);
        let mut any = Vec::new();
        let finds: Vec<Find> = self.before.finds.clone();
        for find in finds {
            let was = self.before.masked(&mut self.space, self.old.1, &find);
            let is = self.after.masked(&mut self.space, self.new.1, &find);
            any.push(self.space.formula.and([find.lit, was, !is, after]));
        }
        self.space.formula.or(any)
    }

    fn moved(&mut self) -> Lit {
        let pairs = self.before.first.iter().zip(&self.after.first);
        let pairs = pairs.chain([(&self.before.refused, &self.after.refused)]);
        let same: Vec<[Lit; 2]> = pairs.map(|(before, after)| [*before, *after]).collect();
        let same: Vec<Lit> = same.into_iter().map(|pair| self.space.formula.and(pair)).collect();
        !self.space.formula.or(same)
    }

    fn fallbacks(&mut self) -> Lit {
        let pairs: Vec<(Lit, Lit)> =
            self.before.sends.iter().copied().zip(self.after.sends.iter().copied()).collect();
        let mut any = Vec::new();
        for (before, after) in pairs {
            any.push(self.space.formula.and([before, !after]));
            any.push(self.space.formula.and([after, !before]));
        }
        self.space.formula.or(any)
    }

    /// The region around a request in which all prefer the target that it prefers.
    fn region(&mut self, kind: ChangeKind, shown: &Shown, class: Lit) -> Region {
        let mut holds = vec![class];
        let [before, after] = &shown.decisions;
        for (encoded, decision) in [(&self.before, before), (&self.after, after)] {
            let sent = sent(decision);
            match sent.first() {
                Some(first) => holds.extend(encoded.first.get(first.0)),
                None => holds.push(encoded.refused),
            }
            if kind == ChangeKind::Fallbacks {
                for (index, sends) in encoded.sends.iter().enumerate() {
                    let is_sent = sent.contains(&TargetId(index));
                    holds.push(if is_sent { *sends } else { !*sends });
                }
            }
        }
        Region::around(&mut self.space, &shown.point, &holds, self.careful)
    }

    fn report(&mut self, kind: ChangeKind, shown: &Shown, (region, zone): (&Region, Option<&str>)) {
        let [before, after] = &shown.decisions;
        let (old, new) = (self.old.1, self.new.1);
        let names = |decision: &Decision| -> Vec<String> {
            sent(decision).iter().map(|it| new.target_name(*it).to_owned()).collect()
        };
        let [first, second] = &shown.witness;
        self.difference.widens |= kind.is_widening();
        self.difference.changes.push(Change {
            kind,
            when: words::conditions(&self.space, new, region),
            before: names(before),
            after: names(after),
            new_zones: zone.map(str::to_owned).into_iter().collect(),
            example: second.given.clone(),
            commands: [first.command(old, self.old.0), second.command(new, self.new.0)],
        });
    }
}

impl ChangeKind {
    /// The kind in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Egress => "new egress",
            Self::Unmasked => "no longer masked",
            Self::Target => "another target",
            Self::Fallbacks => "other fallbacks",
        }
    }
}

/// The zones of other hands that there are.
fn remote_zones(policy: &Policy) -> Vec<String> {
    let remote = targets(policy).filter(|it| policy.remote.contains(*it));
    let mut zones: Vec<String> = remote.map(|it| policy.target_zone(it).to_owned()).collect();
    zones.sort();
    zones.dedup();
    zones
}

fn targets(policy: &Policy) -> impl Iterator<Item = TargetId> {
    (0..policy.target_count()).map(TargetId)
}

/// The targets of a decision, the first choice first.
fn sent(decision: &Decision) -> Vec<TargetId> {
    let permit = decision.permit();
    permit.map_or_else(Vec::new, |permit| permit.clearances.iter().map(Clearance::target).collect())
}

/// Whether what the evaluator says of a request is a change of this kind.
fn confirms(policy: &Policy, kind: ChangeKind, before: &Decision, after: &Decision) -> bool {
    let (was, is) = (sent(before), sent(after));
    let zones = |sent: &[TargetId]| -> Vec<String> {
        sent.iter().map(|it| policy.target_zone(*it).to_owned()).collect()
    };
    match kind {
        ChangeKind::Egress => {
            let known = zones(&was);
            zones(&is).iter().any(|zone| is_remote(zone) && !known.contains(zone))
        }
        ChangeKind::Unmasked => {
            let mask = |decision: &Decision| {
                decision.permit().map_or_else(MaskPlan::default, |it| it.mask)
            };
            let (was, is) = (mask(before), mask(after));
            let fewer = |confidence: Confidence| {
                let masked = was.labels();
                masked.iter().any(|label| {
                    was.mode_of(label, confidence).is_some()
                        && is.mode_of(label, confidence).is_none()
                })
            };
            before.permit().is_none() || fewer(Confidence::Certain) || fewer(Confidence::Likely)
        }
        ChangeKind::Target => was.first() != is.first(),
        ChangeKind::Fallbacks => was.first() == is.first() && was != is,
    }
}
