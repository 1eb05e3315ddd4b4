//! `limits` and `routes`: the two stages of a policy.

use super::super::condition::When;
use super::super::{Limit, Place, Route, RulePlace, TargetId, TargetSet};
use super::Compiler;
use super::conditions::{Nest, Stage};
use crate::inspect::LabelSet;
use crate::mask::{MaskPlan, Mode};
use crate::yaml::{Cursor, Fields};

impl RulePlace {
    /// Where a rule stands: its id and its condition.
    fn of(fields: &Fields<'_>, at: &Cursor<'_>) -> Self {
        let place = |name: &str| {
            let found = fields.get(name)?;
            let span = if found.is_map() { fields.key_span(name) } else { None };
            Some(Place { span: span.unwrap_or(found.span()), path: found.path })
        };
        let id = place("id").unwrap_or_else(|| Place { span: at.span(), path: at.path.clone() });
        Self { when: place("when").unwrap_or_else(|| id.clone()), id }
    }
}

pub(super) const LIMIT_KEYS: [&str; 7] =
    ["id", "why", "when", "allow_zones", "mask", "max_cost_usd", "deny_targets"];
pub(super) const ROUTE_KEYS: [&str; 5] = ["id", "when", "use", "split", "verify"];

pub(super) const MASK_KEYS: [&str; 3] = ["labels", "mode", "likely"];

/// What a limit does; without any of them it does nothing.
pub(super) const EFFECTS: [&str; 4] = ["allow_zones", "mask", "max_cost_usd", "deny_targets"];

impl Compiler<'_> {
    /// Reads `limits`, which may be absent.
    pub(super) fn limits(&mut self, fields: &Fields<'_>) -> Vec<Limit> {
        let Some(at) = fields.get("limits") else { return Vec::new() };
        let items = self.reader.list(&at).unwrap_or_default();
        items.iter().filter_map(|item| self.limit(item)).collect()
    }

    fn limit(&mut self, at: &Cursor<'_>) -> Option<Limit> {
        let fields = self.reader.fields(at, &LIMIT_KEYS)?;
        let id = self.rule_id(&fields);
        let why = fields.need("why", &mut self.reader).and_then(|at| self.reader.sentence(&at));
        let when = self.when(&fields, Stage::Limits);
        let denied: TargetSet = fields.get("deny_targets").map_or(TargetSet::NONE, |at| {
            let items = self.reader.one_or_list(&at);
            items.iter().filter_map(|item| self.target(item)).collect()
        });
        let zoned = fields.get("allow_zones").map_or(TargetSet::ALL, |at| self.in_zones(&at));
        let mask = fields.get("mask").map_or_else(MaskPlan::default, |at| self.mask(&at));
        let cost_max = fields.get("max_cost_usd").and_then(|at| self.reader.usd(&at));
        if EFFECTS.iter().all(|effect| fields.get(effect).is_none()) {
            let message = "this limit does not limit anything".to_owned();
            let help = "add `allow_zones`, `deny_targets`, `max_cost_usd` or `mask`";
            self.reader.wrong_with_help(at, message, help);
        }
        let every = (0..self.world.targets.len()).map(TargetId);
        let allowed = every.filter(|t| zoned.contains(*t) && !denied.contains(*t)).collect();
        let (id, why) = (id?, why?.to_owned());
        let place = RulePlace::of(&fields, at);
        Some(Limit { id, why, when, allowed, mask, cost_max, place })
    }

    /// Labels, or labels with the mode in which they are masked.
    fn mask(&mut self, at: &Cursor<'_>) -> MaskPlan {
        if !matches!(at.node.value, crate::yaml::Value::Map(_)) {
            return MaskPlan::of(self.labels(at), Mode::Reversible);
        }
        let Some(fields) = self.reader.fields(at, &MASK_KEYS) else {
            return MaskPlan::default();
        };
        let labels = fields.need("labels", &mut self.reader);
        let labels = labels.map_or(LabelSet::EMPTY, |at| self.labels(&at));
        let words = Mode::ALL.map(|mode| (mode.name(), mode));
        let mode = fields.get("mode").and_then(|at| self.reader.one_of(&at, "mode", &words));
        let mode = mode.unwrap_or(Mode::Reversible);
        // Finds that are only likely may be treated otherwise, or kept.
        let mut tier_words: Vec<(&str, Option<Mode>)> =
            Mode::ALL.iter().map(|mode| (mode.name(), Some(*mode))).collect();
        tier_words.push(("keep", None));
        let likely =
            fields.get("likely").and_then(|at| self.reader.one_of(&at, "mode", &tier_words));
        MaskPlan::by_tier(labels, mode, likely.unwrap_or(Some(mode)))
    }

    /// Reads `routes`; a policy without any would refuse everything.
    pub(super) fn routes(&mut self, fields: &Fields<'_>) -> Vec<Route> {
        let Some(at) = fields.need("routes", &mut self.reader) else { return Vec::new() };
        let items = self.reader.list(&at).unwrap_or_default();
        if items.is_empty() && !self.reader.has_errors() {
            self.reader.wrong(&at, "a policy needs at least one route");
        }
        let routes: Vec<Route> = items.iter().filter_map(|item| self.route(item)).collect();
        self.check_every_target_used(&at, &routes);
        routes
    }

    fn route(&mut self, at: &Cursor<'_>) -> Option<Route> {
        let fields = self.reader.fields(at, &ROUTE_KEYS)?;
        let id = self.rule_id(&fields);
        let when = self.when(&fields, Stage::Routes);
        let targets = fields.need("use", &mut self.reader).map(|at| self.uses(&at));
        let split = self.split(&fields, targets.as_deref().unwrap_or_default());
        let verify = self.verify(&fields, targets.as_deref().unwrap_or_default());
        if let (Some(split), Some(verify)) = (&split, &verify) {
            self.check_split_and_verify(&fields, split, (verify.of, targets.as_deref()));
        }
        let place = RulePlace::of(&fields, at);
        Some(Route { id: id?, when, targets: targets?, split, verify, place })
    }

    fn uses(&mut self, at: &Cursor<'_>) -> Vec<TargetId> {
        let items = self.reader.one_or_list(at);
        if items.is_empty() {
            self.reader.wrong(at, "a route needs at least one target");
        }
        let mut targets = Vec::new();
        for item in items {
            let Some(target) = self.target(&item) else { continue };
            if targets.contains(&target) {
                self.reader.wrong(&item, "this target is already in the list");
            } else {
                targets.push(target);
            }
        }
        targets
    }

    fn when(&mut self, fields: &Fields<'_>, stage: Stage) -> When {
        match fields.get("when") {
            Some(at) => self.condition(&at, Nest::new(stage)),
            None => When::Always,
        }
    }

    /// The id of a limit or route. Both share one space of names, because traces and tests name
    /// them side by side.
    fn rule_id(&mut self, fields: &Fields<'_>) -> Option<String> {
        let at = fields.need("id", &mut self.reader)?;
        let id = self.reader.name(&at)?;
        if let Some(line) = self.rule_lines.get(id) {
            let message = format!("another rule is already called `{id}`, on line {line}");
            self.reader.wrong(&at, message);
            return None;
        }
        self.rule_lines.insert(id.to_owned(), at.span().line);
        Some(id.to_owned())
    }

    /// The targets in these zones.
    fn in_zones(&mut self, at: &Cursor<'_>) -> TargetSet {
        let mut zones = Vec::new();
        for item in self.reader.one_or_list(at) {
            let Some(zone) = self.reader.text(&item) else { continue };
            if self.zones.contains(&zone) {
                zones.push(zone);
            } else {
                let known: std::collections::BTreeSet<&str> = self.zones.iter().copied().collect();
                self.reader.unknown_word(&item, ("zone", zone), known);
            }
        }
        let inside = |(index, target): (usize, &super::super::TargetWords)| {
            zones.contains(&target.zone.as_str()).then_some(TargetId(index))
        };
        self.world.targets.iter().enumerate().filter_map(inside).collect()
    }

    fn check_every_target_used(&mut self, at: &Cursor<'_>, routes: &[Route]) {
        if self.reader.has_errors() {
            return;
        }
        let used: TargetSet =
            routes.iter().flat_map(|route| route.targets.iter().copied()).collect();
        for (index, target) in self.world.targets.iter().enumerate() {
            if !used.contains(TargetId(index)) {
                self.reader.warn(at, format!("no route uses the target `{}`", target.name), None);
            }
        }
    }
}
