//! Who may ask, and how fast: `callers`, `api_keys` and `rate_limits`.

use std::num::NonZeroU32;

use super::Decoder;
use crate::caller::{Anonymous, CallerSettings, Rates, TaskHints, TeamRates};
use crate::inspect::Level;
use crate::policy::Criticality;
use crate::yaml::{Cursor, Fields};

const CALLER: &[&str] = &[
    "name",
    "key",
    "team",
    "criticality",
    "region",
    "data_floor",
    "models",
    "requests_per_minute",
    "tokens_per_minute",
    "concurrent",
    "task_hints",
];
const TEAM: &[&str] = &["team", "requests_per_minute", "tokens_per_minute", "concurrent"];

impl Decoder<'_> {
    pub(super) fn callers(&mut self, at: &Cursor<'_>) -> Vec<CallerSettings> {
        let mut callers: Vec<CallerSettings> = Vec::new();
        for item in self.reader.list(at).unwrap_or_default() {
            let Some(caller) = self.caller(&item) else { continue };
            if callers.iter().any(|other| other.name == caller.name) {
                let message = format!("there are two callers named `{}`", caller.name);
                self.reader.wrong_with_help(&item, message, "rename one of them");
            }
            if callers.iter().any(|other| other.keys == caller.keys) {
                let message = format!("caller `{}` has the same key as another", caller.name);
                self.reader.wrong_with_help(&item, message, "give each caller its own key");
            }
            callers.push(caller);
        }
        callers
    }

    fn caller(&mut self, at: &Cursor<'_>) -> Option<CallerSettings> {
        let fields = self.reader.fields(at, CALLER)?;
        let name = fields.need("name", &mut self.reader);
        let name = name.and_then(|at| self.reader.name(&at)).map(str::to_owned);
        let key = fields.need("key", &mut self.reader).and_then(|at| self.secret(&at));
        let mut team = name.clone();
        self.set(&fields, "team", &mut team, |it, at| {
            it.reader.name(at).map(|name| Some(name.to_owned()))
        });
        let mut caller = CallerSettings {
            rates: self.rates(&fields),
            ..CallerSettings::with_key(&name?, &team?, &key?)
        };
        self.set(&fields, "criticality", &mut caller.criticality, |it, at| {
            let known = Criticality::ALL.iter().map(|value| (value.name(), *value));
            it.word(at, "criticality", &known.collect::<Vec<_>>()).map(Some)
        });
        self.set(&fields, "region", &mut caller.region, |it, at| {
            it.reader.name(at).map(|name| Some(name.to_owned()))
        });
        self.set(&fields, "data_floor", &mut caller.data_floor, |it, at| {
            let known = Level::ALL.iter().map(|level| (level.name(), *level));
            it.word(at, "level", &known.collect::<Vec<_>>()).map(Some)
        });
        self.set(&fields, "task_hints", &mut caller.task_hints, |it, at| {
            let known = [("narrow", TaskHints::Narrow), ("trusted", TaskHints::Trusted)];
            it.word(at, "way to take hints", &known)
        });
        for item in fields.get("models").map(|at| self.reader.one_or_list(&at)).unwrap_or_default()
        {
            if let Some(model) = self.reader.sentence(&item) {
                caller.models.push(model.to_owned());
            }
        }
        Some(caller)
    }

    pub(super) fn rates(&mut self, fields: &Fields<'_>) -> Rates {
        let mut rates = Rates::default();
        for (name, place) in [
            ("requests_per_minute", &mut rates.requests_per_minute),
            ("tokens_per_minute", &mut rates.tokens_per_minute),
            ("concurrent", &mut rates.concurrent),
        ] {
            self.set(fields, name, place, |it, at| {
                it.count(at).map(|count| u32::try_from(count).ok().and_then(NonZeroU32::new))
            });
        }
        rates
    }

    /// Rates that all callers of a team share.
    pub(super) fn rate_limits(&mut self, at: &Cursor<'_>) -> Vec<TeamRates> {
        let mut teams: Vec<TeamRates> = Vec::new();
        for item in self.reader.list(at).unwrap_or_default() {
            let Some(fields) = self.reader.fields(&item, TEAM) else { continue };
            let team = fields.need("team", &mut self.reader);
            let Some(team) = team.and_then(|at| self.reader.name(&at)).map(str::to_owned) else {
                continue;
            };
            let rates = self.rates(&fields);
            if teams.iter().any(|other| other.team == team) {
                let message = format!("team `{team}` has rates already");
                self.reader.wrong_with_help(&item, message, "put them into one entry");
            }
            if rates == Rates::default() {
                let message = format!("team `{team}` has no rate here");
                let help = "say `requests_per_minute`, `tokens_per_minute` or `concurrent`";
                self.reader.wrong_with_help(&item, message, help);
            }
            teams.push(TeamRates { team, rates });
        }
        teams
    }

    /// Whether somebody without a key may ask.
    pub(super) fn whether_keyed(&mut self, at: &Cursor<'_>) -> Option<Anonymous> {
        let known = [("required", Anonymous::Never), ("optional", Anonymous::WithoutKeys)];
        self.word(at, "choice", &known)
    }
}
