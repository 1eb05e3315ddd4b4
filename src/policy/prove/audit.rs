//! Rules that do nothing: conditions that never hold, routes that an earlier one always takes, limits
//! that take nothing away, targets that no request reaches.

use super::super::{RouteId, TargetId};
use super::refused::Kind;
use super::solver::{Answer, Lit};
use super::trial::Wish;
use super::{EFFORT_MAX, Prover};
use crate::budget::Firmness;
use crate::yaml::Severity;

/// No more names than this in one sentence.
const NAMES_MAX: usize = 4;

impl Prover<'_> {
    /// Looks at each rule and target.
    pub(super) fn audit(&mut self) {
        self.space.formula.allow(EFFORT_MAX);
        let (effects, kinds) = (self.effects(), self.kinds());
        self.try_out(&effects, &kinds);
        self.idle_limits(effects);
        let mut reported = Vec::new();
        for route in 0..self.policy.routes.len() {
            if self.idle_route(RouteId(route)) {
                reported.push(route);
            }
        }
        self.unreached_targets(&reported);
        self.unpriced_targets();
        self.refused_kinds(&kinds);
    }

    /// Makes up requests for everything that is asked below, and keeps what they show.
    fn try_out(&mut self, effects: &[Lit], kinds: &[Kind]) {
        let mut wishes = Vec::new();
        let limits = effects.iter().zip(&self.encoded.applies).zip(&self.encoded.strikes);
        for ((effect, applies), strikes) in limits {
            wishes.push(Wish { goal: *effect, fits: *applies });
            let fits = self.space.formula.or(strikes.iter().copied());
            wishes.push(Wish { goal: *effect, fits });
        }
        let routes = self.encoded.wins.iter().zip(&self.encoded.matches);
        wishes.extend(routes.map(|(wins, matches)| Wish { goal: *wins, fits: *matches }));
        let always = self.space.formula.always();
        wishes.extend(self.encoded.sends.iter().map(|sends| Wish { goal: *sends, fits: always }));
        wishes.extend(kinds.iter().map(|kind| Wish { goal: kind.answered, fits: kind.lit }));
        let shown = self.space.try_out(&wishes);
        let shown = wishes.iter().zip(shown).filter(|(_, shown)| *shown);
        self.shown.extend(shown.map(|(wish, _)| wish.goal));
    }

    /// Whether this can hold; what cannot be settled might.
    pub(super) fn may_be(&mut self, lit: Lit) -> bool {
        self.shown.contains(&lit) || self.may(&[lit])
    }

    /// Whether these can hold at once; what cannot be settled might.
    pub(super) fn may(&mut self, literals: &[Lit]) -> bool {
        self.space.possible(literals) != Some(false)
    }

    /// Reports a route that never wins.
    fn idle_route(&mut self, id: RouteId) -> bool {
        let lit = |literals: &[Lit]| literals.get(id.0).copied();
        let (wins, lives) = (lit(&self.encoded.wins), lit(&self.encoded.lives));
        let (matches, route) = (lit(&self.encoded.matches), self.policy.routes.get(id.0));
        let (Some(wins), Some(lives), Some(matches), Some(route)) = (wins, lives, matches, route)
        else {
            return false;
        };
        if self.may_be(wins) {
            return false;
        }
        let (place, message, help) = if !self.may_be(matches) {
            let message = format!("the condition of the route `{}` can never hold", route.id);
            (&route.place.when, message, "change the condition, or take the route out".to_owned())
        } else if self.may_be(lives) {
            let earlier = self.takers(id, lives);
            let message = format!(
                "the route `{}` is never taken: {earlier} everything that it matches",
                route.id
            );
            (&route.place.id, message, "move it up, or take it out".to_owned())
        } else {
            let limits = self.strikers(id, matches);
            let message =
                format!("whenever the route `{}` matches, none of its targets is left", route.id);
            (&route.place.id, message, format!("they are struck out by {limits}"))
        };
        self.say(place, Severity::Warning, message, Some(help));
        true
    }

    /// The earlier routes that take what a route would take.
    fn takers(&mut self, id: RouteId, lives: Lit) -> String {
        let open: Vec<Lit> = self.encoded.lives.iter().take(id.0).map(|lives| !*lives).collect();
        let core = self.core(&[lives], &open);
        let routes = self.encoded.lives.iter().zip(&self.policy.routes).take(id.0);
        let names: Vec<&str> = routes
            .filter(|(lives, _)| core.contains(&!**lives))
            .map(|(_, route)| route.id.as_str())
            .collect();
        let verb = if names.len() == 1 { "takes" } else { "take" };
        format!("{} before it {verb}", listed(&names))
    }

    /// The limits that strike out the targets of a route whenever it matches.
    fn strikers(&mut self, id: RouteId, matches: Lit) -> String {
        let policy = self.policy;
        let mut names: Vec<&str> = Vec::new();
        let targets = policy.routes.get(id.0).map_or(&[][..], |route| &route.targets);
        for target in targets {
            let Some(able) = self.encoded.able.get(target.0).copied() else { continue };
            let struck = self.strikes_of(*target);
            let spared: Vec<Lit> = struck.iter().map(|strike| !*strike).collect();
            let core = self.core(&[matches, able], &spared);
            for (limit, strike) in policy.limits.iter().zip(&struck) {
                if core.contains(&!*strike) && !names.contains(&limit.id.as_str()) {
                    names.push(&limit.id);
                }
            }
        }
        listed(&names)
    }

    /// By limit, whether it strikes out a target.
    fn strikes_of(&self, target: TargetId) -> Vec<Lit> {
        self.encoded.strikes.iter().filter_map(|strikes| strikes.get(target.0).copied()).collect()
    }

    /// A few of the wishes that already cannot hold together with what is given.
    fn core(&mut self, given: &[Lit], wishes: &[Lit]) -> Vec<Lit> {
        let ask: Vec<Lit> = given.iter().chain(wishes).copied().collect();
        let Answer::Impossible(core) = self.space.formula.ask(&ask) else { return Vec::new() };
        let mut core: Vec<Lit> = core.into_iter().filter(|lit| !given.contains(lit)).collect();
        if core.len() > 4 * NAMES_MAX {
            return core;
        }
        for lit in core.clone() {
            let rest = core.iter().copied().filter(|other| *other != lit);
            let ask: Vec<Lit> = given.iter().copied().chain(rest).collect();
            if let Answer::Impossible(_) = self.space.formula.ask(&ask) {
                core.retain(|other| *other != lit);
            }
        }
        core
    }

    /// Reports limits that never apply, and notes those that take nothing away.
    fn idle_limits(&mut self, effects: Vec<Lit>) {
        for (index, effect) in effects.into_iter().enumerate() {
            let applies = self.encoded.applies.get(index).copied();
            let (Some(limit), Some(applies)) = (self.policy.limits.get(index), applies) else {
                continue;
            };
            if self.may_be(effect) {
                continue;
            }
            if !self.may_be(applies) {
                let message = format!("the condition of the limit `{}` can never hold", limit.id);
                let help = "change the condition, or take the limit out".to_owned();
                self.say(&limit.place.when, Severity::Warning, message, Some(help));
                continue;
            }
            let others = self.coverers(index);
            let others: Vec<&str> = others
                .into_iter()
                .filter_map(|other| self.policy.limits.get(other).map(|limit| limit.id.as_str()))
                .collect();
            let message = if others.is_empty() {
                format!(
                    "the limit `{}` takes nothing away from the targets that there are",
                    limit.id
                )
            } else {
                let names = listed(&others);
                format!("whatever the limit `{}` takes away, {names} takes away as well", limit.id)
            };
            self.say(&limit.place.id, Severity::Note, message, None);
        }
    }

    /// By limit, that it makes a difference: it alone strikes out a target that is able, or it alone
    /// masks what was found.
    fn effects(&mut self) -> Vec<Lit> {
        let limits = self.encoded.strikes.len();
        let mut effects: Vec<Vec<Lit>> = vec![Vec::new(); limits];
        for (target, able) in self.encoded.able.clone().into_iter().enumerate() {
            let strikes = self.strikes_of(TargetId(target));
            let alone = self.alone(&strikes);
            for (effects, alone) in effects.iter_mut().zip(alone) {
                effects.push(self.space.formula.and([alone, able]));
            }
        }
        let masks = |index: usize| self.policy.limits.get(index).map(|limit| limit.mask);
        for find in self.encoded.finds.clone() {
            let masking: Vec<usize> = (0..limits)
                .filter(|index| {
                    masks(*index)
                        .is_some_and(|it| it.mode_of(find.label, find.confidence).is_some())
                })
                .collect();
            let applies: Vec<Lit> = masking
                .iter()
                .filter_map(|index| self.encoded.applies.get(*index).copied())
                .collect();
            let alone = self.alone(&applies);
            for (index, alone) in masking.into_iter().zip(alone) {
                if let Some(effects) = effects.get_mut(index) {
                    effects.push(self.space.formula.and([alone, find.lit]));
                }
            }
        }
        effects.into_iter().map(|effects| self.space.formula.or(effects)).collect()
    }

    /// For each, that it holds and none of the others does.
    fn alone(&mut self, literals: &[Lit]) -> Vec<Lit> {
        let formula = &mut self.space.formula;
        let mut after = vec![formula.never()];
        for lit in literals.iter().rev() {
            let rest = after.last().copied().unwrap_or(formula.never());
            after.push(formula.or([*lit, rest]));
        }
        after.pop();
        let mut before = formula.never();
        let mut alone = Vec::new();
        for (lit, after) in literals.iter().zip(after.into_iter().rev()) {
            alone.push(formula.and([*lit, !before, !after]));
            before = formula.or([before, *lit]);
        }
        alone
    }

    /// The other limits that take away what a limit takes away.
    fn coverers(&mut self, index: usize) -> Vec<usize> {
        let mut names: Vec<usize> = Vec::new();
        for (target, able) in self.encoded.able.clone().into_iter().enumerate() {
            let strikes = self.strikes_of(TargetId(target));
            let Some(own) = strikes.get(index).copied() else { continue };
            let others = strikes.iter().enumerate().filter(|(other, _)| *other != index);
            let spared: Vec<Lit> = others.map(|(_, strike)| !*strike).collect();
            let core = self.core(&[own, able], &spared);
            for (other, strike) in strikes.iter().enumerate() {
                if other != index && core.contains(&!*strike) && !names.contains(&other) {
                    names.push(other);
                }
            }
        }
        names
    }

    /// Reports targets that routes name and no request reaches; not those of routes that were
    /// reported.
    fn unreached_targets(&mut self, reported: &[usize]) {
        for target in (0..self.policy.target_count()).map(TargetId) {
            let mut users = self.policy.routes.iter().enumerate().filter(|(index, route)| {
                route.targets.contains(&target) && !reported.contains(index)
            });
            let Some((_, route)) = users.next() else { continue };
            let Some(sends) = self.encoded.sends.get(target.0).copied() else { continue };
            if self.may_be(sends) {
                continue;
            }
            let message =
                format!("no request can reach the target `{}`", self.policy.target_name(target));
            let help = "limits take it away from every route that names it".to_owned();
            self.say(&route.place.id, Severity::Warning, message, Some(help));
        }
    }

    /// Reports targets that routes name and of which nobody knows what they charge.
    fn unpriced_targets(&mut self) {
        let policy = self.policy;
        let has_hard_budget = policy.budgets.iter().any(|spec| spec.firmness == Firmness::Hard);
        for (index, target) in policy.targets.iter().enumerate().filter(|(_, it)| !it.is_priced) {
            let mut routes = policy.routes.iter();
            let Some(route) = routes.find(|it| it.targets.contains(&TargetId(index))) else {
                continue;
            };
            let effect = if has_hard_budget {
                "while this policy has a hard budget nothing is sent to it"
            } else {
                "every limit on cost keeps requests from it"
            };
            let message =
                format!("what the target `{}` charges is not known: {effect}", target.name);
            let help = "state `price:` at the target in the configuration, such as `price: free` or \
                        `price: { input: 0.15, output: 0.60 }` in USD per million tokens";
            self.say(&route.place.id, Severity::Warning, message, Some(help.to_owned()));
        }
    }
}

/// Names in backticks: the first few, and how many more.
fn listed(names: &[&str]) -> String {
    let mut words: Vec<String> =
        names.iter().take(NAMES_MAX).map(|name| format!("`{name}`")).collect();
    if names.len() > NAMES_MAX {
        words.push(format!("{} more", names.len() - NAMES_MAX));
    }
    match words.split_last() {
        None => "other rules".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
