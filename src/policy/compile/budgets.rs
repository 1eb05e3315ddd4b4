//! `budgets`: how much money may be spent, by whom and until when.

use jiff::tz::TimeZone;

use super::Compiler;
use super::matchers::percent_millionths;
use crate::budget::{BudgetSpec, Firmness, Imputed, Selector, Subject, Whom, Window};
use crate::money::NanoUsd;
use crate::yaml::{Cursor, Fields};

pub(super) const KEYS: [&str; 9] =
    ["name", "per", "match", "window", "limit_usd", "warn_at", "soft", "include_imputed", "tz"];
/// Callers that no other budget for the same subject has chosen.
pub(super) const REST: &str = "rest";

/// The rest is who no other budget for the same subject has chosen.
fn give_the_rest(budgets: &mut [BudgetSpec]) {
    let chosen: Vec<(Subject, Selector)> = budgets
        .iter()
        .filter_map(|it| match &it.whom {
            Whom::Matching(selector) => Some((it.per, selector.clone())),
            Whom::All | Whom::Rest(_) => None,
        })
        .collect();
    for budget in budgets {
        if let Whom::Rest(others) = &mut budget.whom {
            let alike = chosen.iter().filter(|(per, _)| *per == budget.per);
            others.extend(alike.map(|(_, selector)| selector.clone()));
        }
    }
}

impl Compiler<'_> {
    /// Reads `budgets`. A budget that is wrong still lends its name, so that the limits which use
    /// it are not wrong as well.
    pub(super) fn budgets(&mut self, fields: &Fields<'_>) -> Vec<BudgetSpec> {
        let Some(at) = fields.get("budgets") else { return Vec::new() };
        let mut budgets = Vec::new();
        for item in self.reader.list(&at).unwrap_or_default() {
            budgets.extend(self.budget(&item));
        }
        give_the_rest(&mut budgets);
        budgets
    }

    fn budget(&mut self, at: &Cursor<'_>) -> Option<BudgetSpec> {
        let fields = self.reader.fields(at, &KEYS)?;
        let name = self.budget_name(&fields)?;
        let per = fields.get("per").and_then(|at| {
            self.reader.one_of(&at, "subject", &Subject::ALL.map(|per| (per.name(), per)))
        });
        let window = fields.need("window", &mut self.reader).and_then(|at| {
            self.reader.one_of(&at, "window", &Window::ALL.map(|window| (window.name(), window)))
        });
        let limit = fields.need("limit_usd", &mut self.reader).and_then(|at| self.reader.usd(&at));
        let warn_at = fields.get("warn_at").map_or_else(Vec::new, |at| self.warn_at(&at));
        let whom = fields.get("match").and_then(|at| self.whom(&at));
        let soft = self.flag(&fields, "soft");
        let imputed = self.flag(&fields, "include_imputed");
        let zone = fields.get("tz").map_or(Some(TimeZone::UTC), |at| self.time_zone(&at));
        Some(BudgetSpec {
            name,
            whom: whom.unwrap_or_default(),
            per: per.unwrap_or(Subject::Everyone),
            window: window.unwrap_or(Window::Day),
            tz: zone.unwrap_or(TimeZone::UTC),
            limit: limit.unwrap_or(NanoUsd::ZERO),
            firmness: if soft { Firmness::Soft } else { Firmness::Hard },
            warn_at,
            imputed: if imputed { Imputed::Included } else { Imputed::Excluded },
        })
    }

    fn budget_name(&mut self, fields: &Fields<'_>) -> Option<String> {
        let at = fields.need("name", &mut self.reader)?;
        let name = self.reader.name(&at)?;
        if self.budget_names.iter().any(|other| other == name) {
            self.reader.wrong(&at, format!("another budget is already called `{name}`"));
            return None;
        }
        self.budget_names.push(name.to_owned());
        Some(name.to_owned())
    }

    /// `rest`, or patterns for names of callers.
    fn whom(&mut self, at: &Cursor<'_>) -> Option<Whom> {
        if !at.is_map() {
            let text = self.reader.text(at)?;
            if text == REST {
                return Some(Whom::Rest(Vec::new()));
            }
            let message = format!("`{text}` chooses nobody");
            let help = "write `rest`, or names: `{ caller.team: data-* }`";
            self.reader.wrong_with_help(at, message, help);
            return None;
        }
        let fields = self.reader.fields(at, &Selector::PARTS)?;
        let [teams, keys, callers] = Selector::PARTS.map(|part| match fields.get(part) {
            Some(at) => {
                let items = self.reader.one_or_list(&at);
                items.iter().filter_map(|it| self.reader.text(it).map(str::to_owned)).collect()
            }
            None => Vec::new(),
        });
        let selector = Selector { teams, keys, callers };
        if selector == Selector::default() {
            self.reader.wrong_with_help(
                at,
                "it chooses everybody".to_owned(),
                "leave `match` out, or name callers: `{ caller.team: data-* }`",
            );
        }
        Some(Whom::Matching(selector))
    }

    fn flag(&mut self, fields: &Fields<'_>, name: &str) -> bool {
        fields.get(name).and_then(|at| self.reader.truth(&at)).unwrap_or(false)
    }

    fn warn_at(&mut self, at: &Cursor<'_>) -> Vec<u8> {
        let mut shares = Vec::new();
        for item in self.reader.one_or_list(at) {
            let share = item
                .node
                .value
                .as_text()
                .and_then(percent_millionths)
                .filter(|share| share % 10_000 == 0)
                .and_then(|share| u8::try_from(share / 10_000).ok())
                .filter(|share| (1..=100).contains(share));
            match share {
                Some(share) => shares.push(share),
                None => self.reader.wrong_with_help(
                    &item,
                    "expected a whole percentage from 1% to 100%".to_owned(),
                    "write it like `80%`",
                ),
            }
        }
        shares.sort_unstable();
        shares
    }

    fn time_zone(&mut self, at: &Cursor<'_>) -> Option<TimeZone> {
        let name = self.reader.text(at)?;
        let zone = TimeZone::get(name).ok();
        if zone.is_none() {
            let help = "write an IANA name like `Europe/Berlin`, or `UTC`";
            self.reader.wrong_with_help(at, format!("unknown time zone `{name}`"), help);
        }
        zone
    }
}
