//! What must hold for any text that is taken for a policy, whoever makes it up.

use std::time::Duration;

use ambidex::policy::{
    Explanation, Masking, Policy, Scenario, TargetWords, World, evaluate, explain, why,
};
use ambidex::yaml;

/// CPU time that a text may take at all: a regular expression may be a large one.
const TIME_BASE: Duration = Duration::from_millis(400);
/// And for each byte, for unoptimised builds.
const TIME_PER_BYTE: Duration = Duration::from_micros(20);
/// How many of a policy's tests are run.
const CASES_MAX: usize = 20;

/// What a check saw.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Whether the text is YAML.
    pub(crate) is_yaml: bool,
    /// Whether it is a policy.
    pub(crate) is_policy: bool,
    /// Decisions made.
    pub(crate) decisions: usize,
    /// Whether it has a layout.
    pub(crate) is_laid_out: bool,
}

fn world() -> World {
    let target = |(name, zone): (&str, &str)| TargetWords::new(name, zone);
    let targets =
        [("local", "on-host"), ("cluster", "on-prem"), ("cloud", "eu"), ("world", "global")];
    World { targets: targets.map(target).into(), teams: Vec::new(), masking: Masking::Available }
}

/// Checks one text; an error says which promise is broken.
pub(crate) fn check(text: &str) -> Result<Seen, String> {
    let start = cpu_time();
    let mut seen = Seen { is_yaml: yaml::read("f", text).is_ok(), ..Seen::default() };
    let world = world();
    match Policy::compile("f", text, &world) {
        Ok(policy) => {
            seen.is_policy = true;
            seen.decisions = decide(&policy)?;
        }
        Err(problems) => {
            if problems.errors() == 0 {
                return Err("a policy is refused without a reason".to_owned());
            }
            let lines = u32::try_from(text.lines().flat_map(|line| line.split('\r')).count())
                .unwrap_or(u32::MAX)
                .max(1);
            if let Some(odd) = problems.as_slice().iter().find(|problem| problem.line > lines + 1) {
                return Err(format!("a mistake is shown on line {}, there are {lines}", odd.line));
            }
            if !problems.to_string().contains("f:") {
                return Err("a mistake is shown without its place".to_owned());
            }
        }
    }
    // Whether it is a file of tests, or an expression, does not matter: it must not end the program.
    let _ = Policy::suite_head("f", text);
    expression(text, &world);
    seen.is_laid_out = layout(text, &seen, &world)?;
    let spent = cpu_time().saturating_sub(start);
    let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
    if spent > TIME_BASE + TIME_PER_BYTE * size {
        return Err(format!("{} bytes took {spent:?}", text.len()));
    }
    Ok(seen)
}

/// Decides an ordinary request and the policy's own cases; says how many.
fn decide(policy: &Policy) -> Result<usize, String> {
    let ordinary = Scenario::ordinary(policy);
    let cases = policy.cases().iter().take(CASES_MAX).map(|case| Scenario::of(policy, case));
    let mut count = 0;
    for scenario in std::iter::once(ordinary).chain(cases) {
        let decision = evaluate(policy, &scenario.facts());
        if decision != evaluate(policy, &scenario.facts()) {
            return Err("the same facts are decided in two ways".to_owned());
        }
        for clearance in decision.permit().map_or(&[][..], |permit| &permit.clearances) {
            let target = clearance.target();
            if decision.trace.struck.iter().any(|struck| struck.target == target) {
                return Err(format!(
                    "{} was struck out and is permitted",
                    policy.target_name(target)
                ));
            }
        }
        let words = Explanation::of(policy, &decision);
        if why(policy, &decision).chars().count() > 80 || words.sentence.is_empty() {
            return Err("a decision is not explained".to_owned());
        }
        if explain(policy, &decision) != words.to_string() {
            return Err("two explanations differ".to_owned());
        }
        count += 1;
    }
    Ok(count)
}

/// The text, or its beginning, as a condition in CEL.
fn expression(text: &str, world: &World) {
    let part = text.get(..text.floor_char_boundary(900)).unwrap_or_default();
    let quoted = serde_json::Value::from(part).to_string();
    let policy = format!(
        "version: 1\nname: p\nroutes: [{{ id: r, when: {{ cel: {quoted} }}, use: local }}]\n"
    );
    if let Ok(policy) = Policy::compile("f", &policy, world) {
        let _ = evaluate(&policy, &Scenario::ordinary(&policy).facts());
    }
}

/// A layout says the same, and is its own layout.
fn layout(text: &str, seen: &Seen, world: &World) -> Result<bool, String> {
    let Ok(tidy) = yaml::lay_out("f", text) else { return Ok(false) };
    if yaml::lay_out("f", &tidy).as_deref() != Ok(tidy.as_str()) {
        return Err(format!("this layout is laid out otherwise:\n{tidy}"));
    }
    if Policy::compile("f", &tidy, world).is_ok() != seen.is_policy {
        return Err(format!("this layout is read otherwise:\n{tidy}"));
    }
    Ok(true)
}

/// CPU time of this thread, where the system tells it.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}
