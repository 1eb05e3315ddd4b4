//! Which metrics and labels an expression of Prometheus names, and whether the table has them.

use ambidex::telemetry::catalog::{Kind, METRICS, Metric, PREFIX};

/// Everything in an expression that the table does not have.
pub(super) fn strangers(expression: &str) -> Vec<String> {
    let mut strangers = Vec::new();
    let mut known: Vec<&str> = vec!["le"];
    let mut named = 0;
    for (at, _) in expression.match_indices(PREFIX) {
        let (_, rest) = expression.split_at(at);
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        named += 1;
        let Some(metric) = metric(name) else {
            strangers.push(format!("metric {name}"));
            continue;
        };
        known.extend(metric.labels);
        let matchers = after.strip_prefix('{').and_then(|it| it.split('}').next()).unwrap_or("");
        for label in matchers.split(',').filter(|it| !it.trim().is_empty()) {
            let label = label.split(['=', '!']).next().unwrap().trim();
            if !metric.labels.contains(&label) && label != "le" {
                strangers.push(format!("label {label} of {name}"));
            }
        }
    }
    if named == 0 {
        strangers.push("no metric at all".to_owned());
    }
    for word in ["by (", "on (", "group_left (", "ignoring (", "without ("] {
        for (at, _) in expression.match_indices(word) {
            let (_, rest) = expression.split_at(at + word.len());
            let list = rest.split(')').next().unwrap();
            for label in list.split(',').map(str::trim).filter(|it| !it.is_empty()) {
                if !known.contains(&label) {
                    strangers.push(format!("label {label} of {word}{list})"));
                }
            }
        }
    }
    strangers
}

/// The metric behind a name, which for a histogram has an ending.
fn metric(name: &str) -> Option<&'static Metric> {
    let name = name.strip_prefix(PREFIX)?;
    METRICS.iter().find(|metric| match metric.kind {
        Kind::Counter | Kind::Gauge => metric.name == name,
        Kind::Histogram(_) => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|ending| name.strip_suffix(ending) == Some(metric.name)),
    })
}

#[test]
fn strangers_are_found() {
    assert!(strangers("sum by (route) (rate(ambidex_cost_usd_total{team=\"a\"}[5m]))").is_empty());
    for (wrong, stranger) in [
        ("sum(ambidex_costs_total)", "metric ambidex_costs_total"),
        ("ambidex_request_duration_seconds", "metric ambidex_request_duration_seconds"),
        ("ambidex_cost_usd_total{user=\"a\"}", "label user of ambidex_cost_usd_total"),
        ("sum by (user) (ambidex_cost_usd_total)", "label user of by (user)"),
        ("vector(1)", "no metric at all"),
    ] {
        assert_eq!(strangers(wrong), [stranger], "{wrong}");
    }
}
