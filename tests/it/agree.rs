//! Counters, ledger, reports and budgets tell the same sums, to the last nano-dollar.

use std::collections::BTreeMap;

use ambidex::caller::CallerSettings;
use ambidex::config::PolicySource;
use ambidex::money::NanoUsd;
use ambidex::record::report::{Dimension, Period};
use ambidex::secret::Secret;
use jiff::SignedDuration;

use crate::support::{Proxy, Say, Upstream, answer, chat, events, streamed};

const POLICY: &str = r#"
version: 1
name: agree
owner: finance
restricted_may_reach: { zones: any, why: tested elsewhere }
budgets:
  - { name: company, window: month, limit_usd: 5 }
  - { name: team, per: caller.team, window: rolling_day, limit_usd: 0.00015 }
routes:
  - id: poems
    when: { task.type: { in: [creative] } }
    use: [cloud]
  - id: all
    use: [cloud, local]
otherwise: { refuse: { status: 403, say: "no: {reasons}" } }
"#;

/// The numbers that a client of Prometheus sees, whole nano-dollars by (route, target, team).
async fn counters(proxy: &Proxy, name: &str) -> BTreeMap<Vec<String>, i128> {
    let page = proxy.metrics().await;
    let mut found = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with(&format!("{name}{{"))) {
        let (labels, value) = line.rsplit_once("} ").unwrap();
        let label = |wanted: &str| {
            let (_, rest) = labels.split_once(&format!("{wanted}=\"")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let usd: f64 = value.parse().unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::as_conversions, reason = "a few cents")]
        let nanos = (usd * 1e9).round() as i128;
        if nanos != 0 {
            found.insert(["route", "target", "team"].map(label).to_vec(), nanos);
        }
    }
    found
}

/// Two callers ask for two dozen answers, in every way that answers come and fail.
async fn traffic(upstream: &Upstream) -> Proxy {
    let proxy = Proxy::with(upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, POLICY).unwrap();
        settings.policy = PolicySource::File(path);
        let other = CallerSettings::with_key("r", "research", &Secret::new("other".to_owned()));
        settings.callers.push(other);
    })
    .await;
    for number in 0..24 {
        let key = if number % 3 == 0 { "other" } else { crate::support::KEY };
        let text = if number % 4 == 0 { "What is the capital of France?" } else { "Write a poem" };
        let body = if number % 2 == 0 { chat(text) } else { streamed(text) };
        let request = proxy.client.post(proxy.url("/v1/chat/completions")).bearer_auth(key);
        let _read = request.body(body.to_string()).send().await.unwrap().bytes().await;
    }
    proxy
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_ledger_reports_and_budgets_agree_to_the_last_unit() {
    let stream = events(&["a", "b"], Some((77, 13)));
    let upstream = Upstream::script([
        Say::InKind(answer("x", 101, 7), stream.clone()),
        Say::Whole(500, "{}".to_owned()),
        Say::InKind(answer("x", 333, 19), stream.clone()),
        Say::Cut(events(&["one", "two"], None)),
        Say::InKind(answer("x", 57, 3), stream),
    ])
    .await;
    let proxy = traffic(&upstream).await;
    let rows = proxy.rows().await;
    let now = ambidex::clock::now();
    let period = Period {
        since: now - SignedDuration::from_hours(1),
        until: now + SignedDuration::from_hours(1),
    };
    let reader = proxy.gateway.app.store.reader().unwrap();
    let by = [Dimension::Route, Dimension::Target, Dimension::Team];
    let report = reader.costs(&by, period).unwrap();
    for (metric, of) in [
        ("ambidex_cost_usd_total", 0_usize),
        ("ambidex_imputed_cost_usd_total", 1),
        ("ambidex_cost_avoided_usd_total", 2),
    ] {
        let sums: BTreeMap<Vec<String>, i128> = report
            .iter()
            .map(|group| {
                let costs = [group.costs.billed, group.costs.imputed, group.costs.avoided];
                (group.names.clone(), costs[of].nanos())
            })
            .filter(|(_, nanos)| *nanos != 0)
            .collect();
        assert!(of > 0 || sums.len() > 2, "too little happened: {sums:?}");
        assert_eq!(counters(&proxy, metric).await, sums, "{metric}");
    }
    // The ledger's rows, the report's total, the ledger's sums and the budgets.
    let cost = |team: Option<&str>| -> NanoUsd {
        rows.iter()
            .filter(|row| team.is_none_or(|team| row.decided.team == team))
            .filter_map(|row| row.settled.as_ref())
            .map(|settled| settled.cost)
            .sum()
    };
    let total: NanoUsd = report.iter().map(|group| group.costs.billed).sum();
    assert!(total.is_positive());
    assert_eq!(total, cost(None));
    assert_eq!(total, reader.sums().unwrap().cost);
    assert_eq!(total, proxy.spent("company"));
    let pots = proxy.gateway.app.budgets.snapshot(now).pots;
    for pot in pots.iter().filter(|pot| pot.budget == "team") {
        assert_eq!(pot.standing.spent, cost(Some(&pot.subject)), "{}", pot.subject);
        assert!(pot.standing.used() <= pot.standing.limit + pot.overrun);
        let line =
            format!("ambidex_budget_spent_usd{{budget=\"team\",subject=\"{}\"}} ", pot.subject);
        let shown = proxy.metric(&line).await;
        assert!((shown - pot.standing.spent.as_usd_f64()).abs() < 1e-12, "{line}{shown}");
    }
    proxy.stop().await;
}
