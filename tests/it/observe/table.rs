//! The table of metrics makes its page, and the page that Prometheus reads has what the table says.

use std::collections::BTreeSet;

use ambidex::telemetry::catalog::{GENAI_METRICS, Kind, METRICS, Metric};
use ambidex::telemetry::{Drops, Metrics};

use super::{alerts, is_current};

/// `UPDATE=1 cargo test --test it metrics_are_documented` writes the page.
#[test]
fn metrics_are_documented() {
    is_current("docs/metrics.md", &page());
    let names: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), METRICS.len(), "a name is used twice");
}

fn page() -> String {
    let mut page = OPENING.to_owned();
    page.extend(METRICS.iter().map(line));
    page.push_str(GENAI);
    page.extend(GENAI_METRICS.iter().map(line));
    page.push_str(ALERTS);
    page.push_str(&alerts::told());
    page.push_str(CLOSING);
    page
}

fn line(metric: &Metric) -> String {
    let (name, labels) = (metric.full_name(), metric.labels.join(", "));
    format!("| `{name}` | {} | {labels} | {} |\n", kind(metric), metric.help)
}

const OPENING: &str = "# Metrics

Made from `src/telemetry/catalog.rs`. Label values come from the configuration, from keys that operators
make, or from closed lists, never from a request. The first hundred teams and the first hundred subjects of
budgets have series of their own, the others share `other`; the ledger has all of them (`ambidex report cost`).

| name | type | labels | |
|---|---|---|---|
";

const GENAI: &str = "
## OpenTelemetry's names

The same numbers under the names of the semantic conventions for generative AI, for dashboards that know them. Off unless a
version is named: `telemetry: { genai: v1.37 }`. The conventions still change, so the view has a version, and nothing above
depends on it. An operation is one attempt at a target (`client`); a request is what a caller sees (`server`). Providers have
the conventions' names where there is one (`azure.ai.openai`, `aws.bedrock`, `gcp.gemini`, `mistral_ai`), else their own; the local
engine is `ambidex`. Models are those of the configuration. `error_type` is one of our outcomes, and empty where nothing failed.

| name | type | labels | |
|---|---|---|---|
";

const ALERTS: &str = "
## Alerts

Rules in `deploy/prometheus/alerts.yml`, made from one table (`tests/it/observe/alerts.rs`); `promtool test rules` runs their tests.

| alert | severity | when |
|---|---|---|
";

const CLOSING: &str = "
## Where to look

`GET /metrics` on the admin listener is the page that Prometheus reads. Dashboards for Grafana with their
provisioning are in `deploy/grafana/`, alert rules with their tests in `deploy/prometheus/`, and
`deploy/compose/` starts all of it with the demonstration's data.

## Traces

Off without a collector; with one, every request is a trace in OTLP over HTTP (JSON), such as the OpenTelemetry collector,
Tempo or Jaeger take:

```yaml
telemetry: { traces: { endpoint: \"http://127.0.0.1:4318/v1/traces\", key: env:COLLECTOR_KEY } }   # key: optional
```

The span `request` (decision, caller, team, surface, route, target, outcome, cost) has below it `inspect`, `decide`, `record` and an
`attempt` for each try of a target, with its operation, provider and model by OpenTelemetry's names (1.37). The trace's id is the decision's id
with four zeros before it. There is no content and no switch for it. Nobody waits for the collector: what it does not take is
counted in `ambidex_dropped_traces_total`.
";

const fn kind(metric: &Metric) -> &'static str {
    match metric.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
    }
}

#[test]
fn counters_that_alerts_watch_begin_at_zero() {
    let metrics = Metrics::new([]).unwrap();
    let page = String::from_utf8(metrics.page(&[], Drops::default())).unwrap();
    for line in [
        "ambidex_fail_closed_total{cause=\"ledger\"} 0",
        "ambidex_fail_closed_total{cause=\"masking\"} 0",
        "ambidex_fail_closed_total{cause=\"scan\"} 0",
        "ambidex_dropped_records_total{reason=\"lost\"} 0",
        "ambidex_dropped_records_total{reason=\"rejected\"} 0",
        "ambidex_refusals_total{reason=\"ledger_unavailable\"} 0",
    ] {
        assert!(page.contains(line), "no `{line}` in\n{page}");
    }
}
