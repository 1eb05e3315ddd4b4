//! Grafana's files are made from the panels, and no panel names what is not there.

use ambidex::telemetry::catalog::METRICS;
use serde_json::{Value, json};

use super::is_current;
use super::panels::{DASHBOARDS, Dashboard, Kind, Panel};
use super::promql::strangers;

/// What all files name as their source; `provisioning/datasources` sets it up.
pub(super) const SOURCE: &str = "prometheus";

/// `UPDATE=1 cargo test --test it dashboards_are_current` writes the files.
#[test]
fn dashboards_are_current() {
    for dashboard in DASHBOARDS {
        let made = format!("{:#}\n", whole(dashboard));
        is_current(&format!("deploy/grafana/dashboards/{}", dashboard.file), &made);
    }
}

#[test]
fn every_panel_names_what_is_there() {
    let mut used = String::new();
    for panel in DASHBOARDS.iter().flat_map(|it| it.panels) {
        for (expression, legend) in panel.queries {
            assert_eq!(strangers(expression), [""; 0], "{}", panel.title);
            for label in legend.split("{{").skip(1).map(|it| it.split("}}").next().unwrap()) {
                assert!(METRICS.iter().any(|it| it.labels.contains(&label)), "{label} in {legend}");
            }
            used.push_str(expression);
        }
    }
    // The other way round: what the dashboards leave out is left out on purpose.
    let shown = |name: &str| used.contains(&format!("ambidex_{name}"));
    let left: Vec<&str> = METRICS.iter().map(|it| it.name).filter(|name| !shown(name)).collect();
    assert_eq!(left, LEFT_OUT);
}

/// Alerts and people with a question use these.
const LEFT_OUT: [&str; 9] = [
    "local_time_to_first_token_seconds",
    "local_cancelled_total",
    "local_refused_total",
    "unpriced_requests_total",
    "dropped_traces_total",
    "cascade_score",
    "cascade_compared_total",
    "cache_answers",
    "build_info",
];

fn whole(dashboard: &Dashboard) -> Value {
    let (mut x, mut y, mut row) = (0, 0, 0);
    let panels = dashboard.panels.iter().enumerate().map(|(index, it)| {
        let (width, height) = it.size;
        if x + width > 24 {
            (x, y, row) = (0, y + row, 0);
        }
        let place = json!({ "x": x, "y": y, "w": width, "h": height });
        (x, row) = (x + width, row.max(height));
        panel(index + 1, it, place)
    });
    let panels: Vec<Value> = panels.collect();
    json!({
        "uid": format!("ambidex-{}", dashboard.file.trim_end_matches(".json")),
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["ambidex"],
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": { "from": "now-6h", "to": "now" },
        "timezone": "browser",
        "links": [{
            "type": "dashboards", "tags": ["ambidex"], "title": "Ambidex", "asDropdown": false,
            "includeVars": true, "keepTime": true,
        }],
        "annotations": { "list": [] },
        "templating": { "list": [{
            "name": "source", "label": "Source", "type": "datasource", "query": SOURCE,
            "current": { "text": "Prometheus", "value": SOURCE },
        }] },
        "panels": panels,
    })
}

fn panel(id: usize, panel: &Panel, place: Value) -> Value {
    let source = json!({ "type": "prometheus", "uid": "${source}" });
    let is_latest = !matches!(panel.kind, Kind::Lines | Kind::Areas);
    let targets = panel.queries.iter().zip('A'..).map(|((expression, legend), reference)| {
        json!({
            "refId": reference, "expr": expression, "legendFormat": legend, "datasource": source,
            "instant": is_latest, "range": !is_latest,
            "format": if matches!(panel.kind, Kind::Table | Kind::Matrix(..)) { "table" } else { "time_series" },
        })
    });
    let targets: Vec<Value> = targets.collect();
    let (kind, options, custom) = looks(panel.kind);
    let mut made = json!({
        "id": id,
        "type": kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": source,
        "gridPos": place,
        "targets": targets,
        "options": options,
        "fieldConfig": {
            "defaults": { "unit": panel.unit, "min": 0, "custom": custom, "color": { "mode": "palette-classic" } },
            "overrides": [],
        },
    });
    if let Kind::Matrix(rows, columns) = panel.kind {
        made["transformations"] = json!([{
            "id": "groupingToMatrix",
            "options": { "rowField": rows, "columnField": columns, "valueField": "Value" },
        }]);
    } else if panel.kind == Kind::Table {
        made["transformations"] = json!([{
            "id": "organize",
            "options": { "excludeByName": { "Time": true, "Value": true, "__name__": true, "instance": true, "job": true } },
        }]);
    }
    if panel.kind == Kind::Bars && panel.unit == "percentunit" {
        made["fieldConfig"]["defaults"]["max"] = 1.into();
        made["fieldConfig"]["defaults"]["color"]["mode"] = "thresholds".into();
        made["fieldConfig"]["defaults"]["thresholds"] = json!({ "mode": "absolute", "steps": [
            { "color": "green", "value": null }, { "color": "orange", "value": 0.8 }, { "color": "red", "value": 1 },
        ] });
    }
    made
}

/// Grafana's word for a kind, and its settings.
fn looks(kind: Kind) -> (&'static str, Value, Value) {
    let reduced = json!({ "calcs": ["lastNotNull"], "fields": "", "values": false });
    match kind {
        Kind::Stat => (
            "stat",
            json!({ "reduceOptions": reduced, "graphMode": "none", "colorMode": "value" }),
            json!({}),
        ),
        Kind::Lines | Kind::Areas => {
            let is_stacked = kind == Kind::Areas;
            (
                "timeseries",
                json!({
                    "legend": { "displayMode": "list", "placement": "bottom" },
                    "tooltip": { "mode": "multi", "sort": "desc" },
                }),
                json!({
                    "drawStyle": "line", "lineWidth": 1, "showPoints": "never", "spanNulls": false,
                    "fillOpacity": if is_stacked { 30 } else { 0 },
                    "stacking": { "mode": if is_stacked { "normal" } else { "none" }, "group": "A" },
                }),
            )
        }
        Kind::Bars => {
            let options = json!({ "reduceOptions": reduced, "orientation": "horizontal", "displayMode": "basic", "showUnfilled": true });
            ("bargauge", options, json!({}))
        }
        Kind::Table | Kind::Matrix(..) => {
            ("table", json!({ "showHeader": true, "cellHeight": "sm" }), json!({ "align": "auto" }))
        }
    }
}
