//! The alerts, one by one, and the file of rules that is made of them.

use ambidex::telemetry::catalog::METRICS;
use serde_json::Value;

use super::is_current;
use super::promql::strangers;

/// Where the rules lie.
const FILE: &str = "deploy/prometheus/alerts.yml";

/// One alert.
pub(super) struct Alert {
    pub(super) name: &'static str,
    /// When it fires, and why so; a comment in the file.
    pub(super) when: &'static str,
    pub(super) expression: &'static str,
    /// How long it must be true, as Prometheus writes times; empty for at once.
    pub(super) lasting: &'static str,
    pub(super) severity: Severity,
    pub(super) summary: &'static str,
    /// What it means and what to do.
    pub(super) description: &'static str,
}

/// Who is told: somebody at once, or whoever looks at the list in the morning.
#[derive(Clone, Copy)]
pub(super) enum Severity {
    Critical,
    Warning,
}

impl Severity {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

use Severity::{Critical, Warning};

pub(super) const ALERTS: &[Alert] = &[
    Alert {
        name: "AmbidexBudgetForecast",
        when: "As it has gone so far in this window, the limit is passed before the window ends. Not in the \
               first tenth of a window, where a few requests say nothing.",
        expression: "\
ambidex_budget_spent_usd / (time() - ambidex_budget_window_start_timestamp_seconds)
  * (ambidex_budget_window_end_timestamp_seconds - ambidex_budget_window_start_timestamp_seconds)
  > ambidex_budget_limit_usd
and ambidex_budget_spent_usd < ambidex_budget_limit_usd
and (time() - ambidex_budget_window_start_timestamp_seconds)
  > 0.1 * (ambidex_budget_window_end_timestamp_seconds - ambidex_budget_window_start_timestamp_seconds)",
        lasting: "15m",
        severity: Warning,
        summary: "Budget {{ $labels.budget }} {{ $labels.subject }} will not last",
        description: "At the pace of this window it will have spent ${{ $value | humanize }} when the window ends. See \
                      the dashboard Cost for routes and teams, and `ambidex report cost`.",
    },
    Alert {
        name: "AmbidexBudgetUsedUp",
        when: "What is spent and promised together has come to the limit.",
        expression: "\
ambidex_budget_limit_usd > 0
and ambidex_budget_spent_usd + ambidex_budget_reserved_usd >= ambidex_budget_limit_usd",
        lasting: "5m",
        severity: Warning,
        summary: "Budget {{ $labels.budget }} {{ $labels.subject }} is used up",
        description: "Paid calls wait for the next window; what the policy allows locally goes on.",
    },
    Alert {
        name: "AmbidexFailClosed",
        when: "Something of ours failed, so that requests were kept in or back.",
        expression: "sum by (cause) (increase(ambidex_fail_closed_total[10m])) > 0",
        lasting: "",
        severity: Critical,
        summary: "Requests are kept back: {{ $labels.cause }} fails",
        description: "Nothing leaves that must not, but requests are refused or stay local. `ambidex doctor` looks at \
                      disk, database and models; the log names each request.",
    },
    Alert {
        name: "AmbidexUpstreamOutage",
        when: "More than half of what is sent to a target fails. Being busy, a client that leaves and a request \
               that the target does not accept are no failures of the target.",
        expression: "\
sum by (target) (rate(ambidex_attempts_total{result=~\"missed|retried|target_failed|truncated\"}[5m]))
  / sum by (target) (rate(ambidex_attempts_total{result!~\"busy|client_gone|not_accepted\"}[5m]))
  > 0.5",
        lasting: "5m",
        severity: Critical,
        summary: "Target {{ $labels.target }} fails",
        description: "{{ $value | humanizePercentage }} of what is sent to it fails. Requests go to the next target of \
                      their route, if the policy has one.",
    },
    Alert {
        name: "AmbidexTargetLeftAlone",
        when: "For most of ten minutes a target takes no requests: its breaker is open, or it asked for a pause. This \
               looks at the breaker itself: with requests kept away there are few attempts to count.",
        expression: "min by (target) (avg_over_time(ambidex_target_up[10m])) < 0.5",
        lasting: "2m",
        severity: Warning,
        summary: "Target {{ $labels.target }} is left alone",
        description: "It failed too often or asked for a pause, and trials since then failed, too. The console's page \
                      Targets tests its connection without a prompt; so does `ambidex doctor`.",
    },
    Alert {
        name: "AmbidexUnpricedRequests",
        when: "Requests go to a target whose price is not known.",
        expression: "sum by (target) (increase(ambidex_unpriced_requests_total[15m])) > 0",
        lasting: "",
        severity: Warning,
        summary: "Nobody knows what {{ $labels.target }} costs",
        description: "Its requests are in no budget. Set `price:` on the target, or `ambidex prices show` to see what \
                      the book has.",
    },
    Alert {
        name: "AmbidexDroppedRecords",
        when: "Ledger entries were not written. Those that came twice are counted, too, but nothing is missing then.",
        expression: "sum by (reason) (increase(ambidex_dropped_records_total{reason=~\"lost|rejected\"}[15m])) > 0",
        lasting: "",
        severity: Critical,
        summary: "Ledger entries were not written ({{ $labels.reason }})",
        description: "Money stays charged as reserved. Look at the disk and the log, then `ambidex ledger verify`.",
    },
    Alert {
        name: "AmbidexPolicyFileRefused",
        when: "The policy file was read again and has mistakes.",
        expression: "max(ambidex_policy_file_refused) == 1",
        lasting: "2m",
        severity: Warning,
        summary: "The policy file has mistakes; an earlier policy stays in force",
        description: "`ambidex policy check` lists them with their places.",
    },
    Alert {
        name: "AmbidexErrors",
        when: "Of all requests, more than a tenth end without their answer, fallbacks included.",
        expression: "\
sum(rate(ambidex_requests_total{outcome=~\"target_failed|truncated\"}[5m]))
  / sum(rate(ambidex_requests_total[5m])) > 0.1",
        lasting: "5m",
        severity: Critical,
        summary: "{{ $value | humanizePercentage }} of requests end without their answer",
        description: "Fallbacks are exhausted. The dashboard Latency and local engine shows which target fails.",
    },
    Alert {
        name: "AmbidexGone",
        when: "Prometheus reads no page of any gateway.",
        expression: "absent(ambidex_build_info)",
        lasting: "3m",
        severity: Critical,
        summary: "No gateway answers",
        description: "Prometheus reads no page of any gateway.",
    },
];

/// `UPDATE=1 cargo test --test it alert_rules_are_current` writes the file.
#[test]
fn alert_rules_are_current() {
    is_current(FILE, &file());
}

fn file() -> String {
    let mut file = "# Alert rules for Ambidex, made from tests/it/observe/alerts.rs. Tests: promtool test rules \
                    alerts_test.yml\ngroups:\n  - name: ambidex\n    rules:\n"
        .to_owned();
    for alert in ALERTS {
        file.push_str(&rule(alert));
    }
    file
}

fn rule(alert: &Alert) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let mut rule = format!("      - alert: {}\n", alert.name);
    rule.push_str(&format!("        # {}\n", alert.when));
    rule.push_str("        expr: |\n");
    for line in alert.expression.lines() {
        rule.push_str(&format!("          {line}\n"));
    }
    if !alert.lasting.is_empty() {
        rule.push_str(&format!("        for: {}\n", alert.lasting));
    }
    rule.push_str(&format!("        labels:\n          severity: {}\n", alert.severity.name()));
    rule.push_str(&format!("        annotations:\n          summary: {}\n", quoted(alert.summary)));
    rule.push_str(&format!("          description: {}\n", quoted(alert.description)));
    rule
}

/// Lines of the page of metrics, one for each alert.
pub(super) fn told() -> String {
    let line = |it: &Alert| format!("| `{}` | {} | {} |\n", it.name, it.severity.name(), it.when);
    ALERTS.iter().map(line).collect()
}

#[test]
fn every_alert_names_what_is_there() {
    for alert in ALERTS {
        assert_eq!(strangers(alert.expression), [""; 0], "{}", alert.name);
        // What a summary quotes is left of the expression, or it is never filled in.
        for label in quoted(alert.summary).chain(quoted(alert.description)) {
            let is_grouped = alert.expression.contains(&format!("by ({label})"));
            let is_there = METRICS.iter().any(|it| {
                it.labels.contains(&label)
                    && alert.expression.contains(&format!("ambidex_{}", it.name))
            });
            let is_summed = alert.expression.contains("sum") || alert.expression.contains("max(");
            assert!(is_there && (is_grouped || !is_summed), "{label} of {}", alert.name);
        }
    }
}

fn quoted(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split("{{ $labels.").skip(1).map(|it| it.split(" }}").next().unwrap())
}

/// promtool runs the tests of the rules; this sees that each alert has one in which it fires, and one in which not.
#[test]
fn every_alert_is_seen_to_fire_and_to_be_quiet() {
    let text = std::fs::read_to_string("deploy/prometheus/alerts_test.yml").unwrap();
    let tests: Value = serde_yaml::from_str(&text).unwrap();
    let asked = tests["tests"].as_array().unwrap().iter();
    let asked: Vec<(&str, usize)> = asked
        .flat_map(|it| it["alert_rule_test"].as_array().unwrap())
        .map(|it| (it["alertname"].as_str().unwrap(), it["exp_alerts"].as_array().unwrap().len()))
        .collect();
    for alert in ALERTS {
        let mine =
            |fires: bool| asked.iter().any(|(name, n)| *name == alert.name && (*n > 0) == fires);
        assert!(mine(true), "{} is never seen to fire", alert.name);
        assert!(mine(false), "{} is never seen to be quiet", alert.name);
    }
    for (name, _) in asked {
        assert!(ALERTS.iter().any(|it| it.name == name), "no alert is named {name}");
    }
}
