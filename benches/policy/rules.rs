//! Made-up rules, the same in our language and in Rego, and made-up requests for them.

use crate::chance::Chance;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use ambidex::inspect::{Label, Lang, Level, Scan, Task, TaskGuess};
use ambidex::money::{NanoUsd, Tokens};
use ambidex::policy::{
    BudgetFact, CallerFacts, Criticality, DataFacts, Estimate, Facts, LocalFacts, Quality,
    RequestFacts, Surface, TargetFacts, TargetWords, TimeFacts, TokenFacts, Weekday, World,
};
use serde_json::json;

/// The targets and their zones.
const TARGETS: [(&str, &str); 4] =
    [("local", "on-host"), ("cloud", "eu"), ("world", "global"), ("other", "us")];
const REGIONS: [&str; 5] = ["eu", "us", "cn", "in", "br"];
const MODELS: [&str; 4] = ["auto", "gpt-4o", "claude-fast", "gpt-mini"];
const TEAMS: usize = 40;
/// What the one budget allows: a thousand dollars.
const BUDGET: i128 = 1_000_000_000_000;

impl Chance {
    fn of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(self.below(all.len())).copied()
    }

    fn word(&mut self, all: &[&'static str]) -> &'static str {
        self.of(all).unwrap_or_default()
    }

    /// So many different ones, in order.
    fn some(&mut self, count: usize, mut of: Vec<String>) -> Vec<String> {
        while of.len() > count {
            let at = self.below(of.len());
            of.remove(at);
        }
        of
    }
}

/// The installation that the rules are for.
pub(crate) fn world() -> World {
    let target = |(name, zone): (&str, &str)| TargetWords::new(name, zone);
    World { targets: TARGETS.map(target).into(), ..World::default() }
}

/// The same rules twice.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) ours: String,
    pub(crate) rego: String,
}

/// A condition twice.
type Both = (String, String);

/// Half limits, half routes, the last of which always holds. Few conditions hold for a request when
/// there are many rules, so that a decision has to look at most of them.
pub(crate) fn rules(count: usize, chance: &mut Chance) -> Rules {
    let mut ours = "version: 1\nname: bench\nbudgets:\n  - { name: b, window: day, limit_usd: 1000 }\nrestricted_may_reach: { zones: any, why: a bench }\nlimits:\n".to_owned();
    let mut rego = "package bench\n\nimport rego.v1\n\nlabels := {label | some label in input.data.labels}\n\n".to_owned();
    let width = if count > 100 { Width::OneTeam } else { Width::Anyone };
    for index in 0..count / 2 {
        let (when, body) = conditions(width, chance);
        let (effect, denied) = effect(chance);
        // Writing to a string cannot fail.
        let _ = writeln!(
            ours,
            "  - id: limit-{index}\n    why: reason {index}\n    when: {{ {when} }}\n    {effect}"
        );
        for denied in denied {
            let _ = writeln!(rego, "denied contains {}\n", denied.replace("COND", &body));
        }
    }
    ours.push_str("routes:\n");
    for index in 0..count - count / 2 {
        let (when, body) = if index + 1 == count - count / 2 {
            (String::new(), String::new())
        } else {
            conditions(width, chance)
        };
        let names: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let size = 1 + chance.below(3);
        let uses = if when.is_empty() { names } else { chance.some(size, names) };
        let when = if when.is_empty() { when } else { format!("when: {{ {when} }}, ") };
        let _ = writeln!(ours, "  - {{ id: route-{index}, {when}use: [{}] }}", uses.join(", "));
        let body = if body.is_empty() { body } else { format!("{body}\n    ") };
        let start = if index == 0 { "winner := " } else { "else := " };
        let _ = writeln!(
            rego,
            "{start}{{\"route\": \"route-{index}\", \"targets\": targets}} if {{\n    {body}targets := [t | some t in {uses:?}; not t in denied]\n    count(targets) > 0\n}}"
        );
    }
    Rules { ours, rego }
}

/// Whom a rule is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    Anyone,
    OneTeam,
}

/// Two or three conditions that must all hold.
fn conditions(width: Width, chance: &mut Chance) -> Both {
    let mut kinds: Vec<usize> = (0..11).collect();
    let mut parts = Vec::new();
    if width == Width::OneTeam {
        parts.push(team(chance));
    }
    for _ in 0..2 {
        let at = chance.below(kinds.len());
        parts.push(condition(kinds.remove(at), chance));
    }
    let (ours, rego): (Vec<String>, Vec<String>) = parts.into_iter().unzip();
    (ours.join(", "), rego.join("\n    "))
}

fn team(chance: &mut Chance) -> Both {
    let teams = chance.some(3, (0..TEAMS).map(|team| format!("team-{team}")).collect());
    (
        format!("caller.team: {{ in: [{}] }}", teams.join(", ")),
        format!("input.caller.team in {}", set(&teams)),
    )
}

fn set(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("{{{}}}", quoted.join(", "))
}

fn condition(kind: usize, chance: &mut Chance) -> Both {
    match kind {
        0 => {
            let tasks = Task::ALL.iter().take(12).map(|task| task.name().to_owned()).collect();
            let tasks = chance.some(3, tasks);
            (
                format!("task.type: {{ in: [{}] }}", tasks.join(", ")),
                format!("input.task.type in {}", set(&tasks)),
            )
        }
        1 => {
            let share = 60 + chance.below(39);
            (
                format!("task.confidence: {{ at_least: 0.{share} }}"),
                format!("input.task.confidence >= 0.{share}"),
            )
        }
        2 => {
            let labels = Label::ALL.iter().map(|label| label.name().to_owned()).collect();
            let labels = chance.some(5, labels);
            (
                format!("data.labels: {{ any_of: [{}] }}", labels.join(", ")),
                format!("count(labels & {}) > 0", set(&labels)),
            )
        }
        3 => {
            let level = 2 + chance.below(2);
            let name = Level::ALL.get(level).map_or("restricted", |level| level.name());
            (
                format!("data.sensitivity: {{ at_least: {name} }}"),
                format!("input.data.level >= {level}"),
            )
        }
        4 => {
            let tokens = 1000 + chance.below(7000);
            (
                format!("tokens.input: {{ above: {tokens} }}"),
                format!("input.tokens.input > {tokens}"),
            )
        }
        5 => equal("caller.region", chance.word(&REGIONS)),
        6 => {
            let hour = chance.below(20);
            let last = hour + 4;
            (
                format!("time.hour: {{ between: [{hour}, {}] }}", last.min(23)),
                format!("input.time.hour >= {hour}\n    input.time.hour <= {last}"),
            )
        }
        7 => {
            let percent = 50 + chance.below(50);
            (
                format!("budget.b.used: {{ at_least: {percent}% }}"),
                format!("input.budget.used >= {percent}"),
            )
        }
        8 => (
            "request.model: { starts_with: gpt- }".to_owned(),
            "startswith(input.request.model, \"gpt-\")".to_owned(),
        ),
        9 => equal("caller.criticality", chance.word(&["core", "non-core"])),
        _ => equal("lang", chance.word(&["en", "zh", "other"])),
    }
}

fn equal(fact: &str, word: &str) -> Both {
    (format!("{fact}: {{ is: {word} }}"), format!("input.{fact} == \"{word}\""))
}

/// What a limit does: its line, and what it denies in Rego.
fn effect(chance: &mut Chance) -> (String, Vec<String>) {
    let deny = |names: &[&str]| {
        names.iter().map(|name| format!("\"{name}\" if {{\n    COND\n}}")).collect::<Vec<_>>()
    };
    match chance.below(4) {
        0 => ("allow_zones: [on-host, eu]".to_owned(), deny(&["world", "other"])),
        1 => ("allow_zones: [on-host]".to_owned(), deny(&["cloud", "world", "other"])),
        2 => ("deny_targets: [world]".to_owned(), deny(&["world"])),
        _ => {
            let cents = 1 + chance.below(60);
            let nanos = cents * 10_000_000;
            let rule = format!(
                "t if {{\n    COND\n    some t, cost in input.costs\n    cost > {nanos}\n}}"
            );
            (format!("max_cost_usd: 0.{cents:02}"), vec![rule])
        }
    }
}

/// A made-up request, of which everything is known.
#[derive(Debug)]
pub(crate) struct Request {
    labels: Vec<Label>,
    declared: Option<Level>,
    task: TaskGuess,
    tokens: u32,
    team: String,
    region: &'static str,
    model: &'static str,
    criticality: Criticality,
    lang: Lang,
    hour: u8,
    used_percent: u8,
    costs: [i128; 4],
    nothing: BTreeMap<String, String>,
}

impl Request {
    pub(crate) fn random(chance: &mut Chance) -> Self {
        let labels = (0..chance.below(3)).filter_map(|_| chance.of(Label::ALL)).collect();
        let byte = |number: usize| u8::try_from(number).unwrap_or(0);
        let cost = |chance: &mut Chance| {
            i128::try_from(chance.below(70)).unwrap_or(0) * 10_000_000 + 5_000_000
        };
        Self {
            labels,
            declared: chance.of(&[None, None, None, Some(Level::Restricted)]).flatten(),
            task: TaskGuess {
                task: Task::ALL.get(chance.below(12)).copied().unwrap_or_default(),
                // Never just on a border, where a share of 32 bits and one of 64 could differ.
                confidence: f32::from(byte(chance.below(100))) / 100.0 + 0.005,
                runner_up: Task::Unknown,
            },
            tokens: u32::try_from(chance.below(9000)).unwrap_or(0),
            team: format!("team-{}", chance.below(TEAMS)),
            region: chance.word(&REGIONS),
            model: chance.word(&MODELS),
            criticality: chance.of(Criticality::ALL).unwrap_or(Criticality::Core),
            lang: chance.of(&[Lang::En, Lang::Zh, Lang::Other]).unwrap_or(Lang::En),
            hour: byte(chance.below(24)),
            used_percent: byte(chance.below(110)),
            costs: [0, cost(chance), cost(chance), cost(chance)],
            nothing: BTreeMap::new(),
        }
    }

    pub(crate) fn facts(&self) -> Facts<'_> {
        let target = |nanos: i128| TargetFacts {
            cost_estimate: Estimate::Known(NanoUsd::new(nanos)),
            unable: None,
        };
        Facts {
            data: DataFacts {
                labels: self.labels.iter().copied().collect(),
                certain: self.labels.iter().copied().collect(),
                scan: Scan::Complete,
                declared: self.declared,
                ..DataFacts::default()
            },
            task: Some(self.task),
            tokens: TokenFacts { input: Tokens(self.tokens), output_max: None },
            caller: CallerFacts {
                id: "somebody",
                team: Some(&self.team),
                key: None,
                criticality: Some(self.criticality),
                region: Some(self.region),
                data_floor: None,
            },
            request: RequestFacts {
                model: self.model,
                surface: Surface::Chat,
                stream: false,
                tools: false,
                images: false,
                quality: Some(Quality::Standard),
                draw: None,
            },
            lang: Some(self.lang),
            local: LocalFacts::default(),
            time: Some(TimeFacts { hour: self.hour, weekday: Weekday::Monday }),
            headers: &self.nothing,
            metadata: &self.nothing,
            budgets: vec![BudgetFact {
                used: NanoUsd::new(BUDGET / 100 * i128::from(self.used_percent)),
                limit: NanoUsd::new(BUDGET),
                refused: false,
            }],
            targets: self.costs.map(target).into(),
        }
    }

    /// What Rego is given: the same facts, the level and the share worked out already.
    pub(crate) fn input(&self, level: Level) -> serde_json::Value {
        let rank = Level::ALL.iter().position(|other| *other == level);
        let lang = match self.lang {
            Lang::En => "en",
            Lang::Zh => "zh",
            Lang::Other => "other",
        };
        let costs: BTreeMap<&str, i64> = TARGETS
            .iter()
            .zip(self.costs)
            .map(|((name, _), cost)| (*name, i64::try_from(cost).unwrap_or(i64::MAX)))
            .collect();
        json!({
            "data": {
                "labels": self.labels.iter().map(|label| label.name()).collect::<Vec<_>>(),
                "level": rank,
            },
            "task": { "type": self.task.task.name(), "confidence": self.task.confidence },
            "tokens": { "input": self.tokens },
            "caller": {
                "team": self.team, "region": self.region, "criticality": self.criticality.name(),
            },
            "request": { "model": self.model },
            "lang": lang,
            "time": { "hour": self.hour },
            "budget": { "used": self.used_percent },
            "costs": costs,
        })
    }
}
