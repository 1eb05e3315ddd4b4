//! What came of a backtest, for people and for programs.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Changed, Egress, Seen};
use crate::money::NanoUsd;
use crate::policy::Policy;
use crate::record::read::PastRow;
use crate::rollout::{Place, REFUSED};

/// Sums over the replayed requests.
#[derive(Clone, Debug)]
pub struct Report {
    policy: String,
    rev: String,
    /// From when on.
    pub since: Timestamp,
    /// Requests on record.
    pub rows: u64,
    /// Those that could be decided again.
    pub replayed: u64,
    /// Changes to the local engine of texts that nobody measured.
    pub unmeasured: u64,
    /// Those that could not, by the reason.
    pub cannot: BTreeMap<String, u64>,
    moves: BTreeMap<(Place, Place), Move>,
    /// Cost before and after, by (route before, team).
    pub groups: BTreeMap<(String, String), Group>,
    /// Some that changed.
    pub examples: Vec<Changed>,
    examples_max: usize,
    /// Requests that would have left, for a zone that they could not leave for.
    pub added: u64,
    /// Requests that would not have left any more.
    pub removed: u64,
    seen: Seen,
}

/// Requests that would have gone to one place instead of another.
#[derive(Clone, Debug, Default)]
pub struct Move {
    /// How many.
    pub count: u64,
    /// Of those, the ones that would have left for a zone that they could not leave for.
    pub added: u64,
    removed: u64,
}

/// One route and team.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Requests.
    pub requests: u64,
    /// Those decided differently.
    pub changed: u64,
    /// What was billed.
    pub cost_before: NanoUsd,
    /// What would have been, estimated.
    pub cost_after: NanoUsd,
    /// Changed requests whose cost cannot be told.
    pub unpriced: u64,
    /// Milliseconds before, where known.
    latency: (u64, f64),
    /// Changed requests by where they would have gone, with the milliseconds they took.
    moved: BTreeMap<String, (u64, f64)>,
}

impl Report {
    pub(super) fn new(policy: &Policy, since: Timestamp, examples_max: usize) -> Self {
        Self {
            policy: policy.name().to_owned(),
            rev: policy.rev().to_owned(),
            since,
            rows: 0,
            replayed: 0,
            unmeasured: 0,
            cannot: BTreeMap::new(),
            moves: BTreeMap::new(),
            groups: BTreeMap::new(),
            examples: Vec::new(),
            examples_max,
            added: 0,
            removed: 0,
            seen: Seen::default(),
        }
    }

    /// Takes over how long targets took, once all rows were seen.
    pub(super) fn take(&mut self, seen: Seen) {
        self.seen = seen;
    }

    pub(super) fn cannot(&mut self, reason: &str) {
        if let Some(count) = self.cannot.get_mut(reason) {
            *count += 1;
        } else {
            self.cannot.insert(reason.to_owned(), 1);
        }
    }

    fn group(&mut self, route: &str, team: &str) -> &mut Group {
        self.groups.entry((route.to_owned(), team.to_owned())).or_default()
    }

    /// The decision is as it was.
    pub(super) fn kept(&mut self, before: &Place, row: &PastRow<'_>) {
        let group = self.group(&before.route, row.team);
        group.requests += 1;
        group.cost_before += row.cost;
        group.cost_after += row.cost;
        if let Some(latency) = row.latency_ms {
            group.latency.0 += 1;
            group.latency.1 += latency;
        }
    }

    /// The decision is another one.
    pub(super) fn changed(&mut self, changed: Changed) {
        let group = self.group(&changed.before.route, &changed.team);
        group.requests += 1;
        group.changed += 1;
        group.cost_before += changed.cost_before;
        match changed.cost_after {
            Some(cost) => group.cost_after += cost,
            None => group.unpriced += 1,
        }
        if let Some(latency) = changed.latency_before {
            group.latency.0 += 1;
            group.latency.1 += latency;
            let moved = group.moved.entry(changed.after.target.clone()).or_default();
            moved.0 += 1;
            moved.1 += latency;
        }
        let added = u64::from(changed.egress == Egress::Added);
        let removed = u64::from(changed.egress == Egress::Removed);
        self.added += added;
        self.removed += removed;
        let key = (changed.before.clone(), changed.after.clone());
        let sum = self.moves.entry(key).or_default();
        sum.count += 1;
        sum.added += added;
        sum.removed += removed;
        // Added egress is what somebody must look at: it pushes other examples out.
        if self.examples.len() < self.examples_max {
            self.examples.push(changed);
        } else if changed.egress == Egress::Added
            && let Some(other) = self.examples.iter_mut().rfind(|it| it.egress != Egress::Added)
        {
            *other = changed;
        }
    }

    /// How many decisions are other ones.
    pub fn changes(&self) -> u64 {
        self.moves.values().map(|it| it.count).sum()
    }

    /// Moves, those that add egress first, then the most frequent.
    pub fn moves(&self) -> Vec<(&Place, &Place, &Move)> {
        let mut moves: Vec<_> =
            self.moves.iter().map(|((before, after), sum)| (before, after, sum)).collect();
        moves.sort_by_key(|(_, _, sum)| std::cmp::Reverse((sum.added > 0, sum.count)));
        moves
    }

    /// Milliseconds per request before and after, with what is not known left as it was.
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a mean for people")]
    fn latency(&self, group: &Group) -> Option<(f64, f64)> {
        let (count, sum) = group.latency;
        if count == 0 {
            return None;
        }
        let mut after = sum;
        for (target, (count, took)) in &group.moved {
            let mean = if target == REFUSED { Some(0.0) } else { self.seen.mean(target) };
            if let Some(mean) = mean {
                after += mean.mul_add(*count as f64, -took);
            }
        }
        Some((sum / count as f64, after / count as f64))
    }

    /// For people.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn text(&self, out: &mut impl Write) -> std::io::Result<()> {
        let (policy, rev, since) = (&self.policy, &self.rev, self.since);
        writeln!(out, "policy {policy} (rev {rev}) on the decisions since {since}")?;
        let changes = self.changes();
        writeln!(out, "{} recorded, {} replayed, {changes} changed", self.rows, self.replayed)?;
        let (added, removed) = (self.added, self.removed);
        writeln!(out, "egress: added in {added}, removed in {removed}")?;
        if !self.cannot.is_empty() {
            writeln!(out, "\nnot replayed:")?;
        }
        for (reason, count) in &self.cannot {
            writeln!(out, "{count:>8}  {reason}")?;
        }
        if self.unmeasured > 0 {
            let count = self.unmeasured;
            writeln!(
                out,
                "\n{count} would go to the local model although nobody measured whether they fit it"
            )?;
        }
        if changes > 0 {
            writeln!(out, "\nchanged:")?;
        }
        for (before, after, sum) in self.moves() {
            let mark = if sum.added > 0 { "  EGRESS ADDED" } else { "" };
            writeln!(out, "{:>8}  {} -> {}{mark}", sum.count, before, after)?;
        }
        writeln!(out, "\nper route and team (after: estimated):")?;
        writeln!(
            out,
            "  {:<24} {:<14} {:>8} {:>8} {:>12} {:>12} {:>9} {:>9}",
            "route", "team", "requests", "changed", "cost $", "after $", "mean ms", "after ms"
        )?;
        for ((route, team), group) in &self.groups {
            let route = if route.is_empty() { REFUSED } else { route };
            let (before, after) = self.latency(group).map_or_else(
                || ("-".to_owned(), "-".to_owned()),
                |(before, after)| (format!("{before:.0}"), format!("{after:.0}")),
            );
            let mark = if group.unpriced > 0 { "+?" } else { "" };
            let cost = group.cost_before.as_usd_f64();
            let cost_after = format!("{:.4}{mark}", group.cost_after.as_usd_f64());
            let (requests, others) = (group.requests, group.changed);
            writeln!(
                out,
                "  {route:<24} {team:<14} {requests:>8} {others:>8} {cost:>12.4} {cost_after:>12} {before:>9} {after:>9}"
            )?;
        }
        if !self.examples.is_empty() {
            writeln!(out, "\nexamples (ambidex policy explain --decision ID):")?;
        }
        for it in &self.examples {
            writeln!(out, "  {}  {} -> {}", it.id, it.before, it.after)?;
        }
        Ok(())
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let moves = self.moves().into_iter().map(|(before, after, sum)| {
            json!({
                "before": before, "after": after, "count": sum.count,
                "egress_added": sum.added, "egress_removed": sum.removed,
            })
        });
        let groups = self.groups.iter().map(|((route, team), group)| {
            let latency = self.latency(group);
            json!({
                "route": route, "team": team, "requests": group.requests, "changed": group.changed,
                "cost_before_usd": group.cost_before.to_string(),
                "cost_after_usd": group.cost_after.to_string(),
                "unpriced": group.unpriced,
                "latency_before_ms": latency.map(|it| it.0),
                "latency_after_ms": latency.map(|it| it.1),
            })
        });
        let cannot = self.cannot.iter();
        let cannot = cannot.map(|(reason, count)| json!({ "reason": reason, "count": count }));
        let examples = self.examples.iter().map(|it| {
            json!({
                "id": it.id, "team": it.team, "before": it.before, "after": it.after,
            })
        });
        json!({
            "policy": self.policy, "rev": self.rev, "since": self.since.to_string(),
            "recorded": self.rows, "replayed": self.replayed, "changed": self.changes(),
            "egress_added": self.added, "egress_removed": self.removed,
            "unmeasured": self.unmeasured,
            "not_replayed": cannot.collect::<Vec<_>>(),
            "moves": moves.collect::<Vec<_>>(),
            "groups": groups.collect::<Vec<_>>(),
            "examples": examples.collect::<Vec<_>>(),
        })
    }
}
