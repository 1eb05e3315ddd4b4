//! A real Prometheus: it reads a gateway under load, checks its rules, and answers with the ledger's numbers.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ambidex::clock;
use ambidex::record::report::{CostGroup, Dimension, Period};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

use super::panels::DASHBOARDS;
use crate::support::{Proxy, Say, Upstream, events, eventually, streamed};

/// A Prometheus that ends with the test.
struct Prometheus {
    process: Child,
    address: String,
    client: reqwest::Client,
    _data: TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A tool of Debian's package `prometheus`, which `./test` installs.
fn tool(name: &str) -> Command {
    let found =
        Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(found.is_ok(), "`{name}` is missing: apt-get install prometheus");
    Command::new(name)
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

impl Prometheus {
    async fn reading(admin: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let rules = Path::new("deploy/prometheus/alerts.yml").canonicalize().unwrap();
        let config = format!(
            "global: {{ scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms }}\n\
             rule_files: [{}]\n\
             scrape_configs:\n  - {{ job_name: ambidex, static_configs: [{{ targets: ['{admin}'] }}] }}\n",
            rules.display()
        );
        let file = data.path().join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let address = free_address();
        let process = tool("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", data.path().join("tsdb").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let this = Self { process, address, client, _data: data };
        eventually("prometheus", || async {
            let url = format!("http://{}/-/ready", this.address);
            this.client.get(url).send().await.ok().filter(|it| it.status().is_success())
        })
        .await;
        this
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let url = format!("http://{}/api/v1/{path}", self.address);
        let mut url = reqwest::Url::parse(&url).unwrap();
        url.query_pairs_mut().extend_pairs(query);
        let reply = self.client.get(url).send().await.unwrap().bytes().await.unwrap();
        let reply: Value = serde_json::from_slice(&reply).unwrap();
        assert_eq!(reply["status"], "success", "{path} {query:?}: {reply}");
        reply["data"].clone()
    }

    /// The values of an expression by one of its labels.
    async fn values(&self, expression: &str, label: &str) -> BTreeMap<String, f64> {
        let data = self.get("query", &[("query", expression)]).await;
        let series = data["result"].as_array().unwrap();
        let value = |it: &Value| it["value"][1].as_str().unwrap().parse().unwrap();
        let name = |it: &Value| it["metric"][label].as_str().unwrap_or_default().to_owned();
        series.iter().map(|it| (name(it), value(it))).collect()
    }
}

const PROMPTS: [&str; 4] = [
    "Write a Python function that merges two sorted lists",
    "Summarize: the meeting was moved from Monday to Thursday because the room is taken.",
    "Extract the invoice number: Invoice INV-2207 is due on 14 March.",
    "My card 4111 1111 1111 1111 was charged twice, write a complaint",
];

async fn under_load(proxy: &Proxy, rounds: usize) {
    for _ in 0..rounds {
        let some = PROMPTS.iter().map(|prompt| async { proxy.send(&streamed(prompt)).await });
        futures_util::future::join_all(some).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_answers_with_the_ledgers_numbers() {
    let stream = Say::Events(events(&["a", "b", "c"], Some((120, 30))));
    let upstream = Upstream::script([stream]).await;
    let proxy = Proxy::start(&upstream).await;
    let prometheus = Prometheus::reading(&proxy.gateway.admin_address.to_string()).await;
    under_load(&proxy, 6).await;
    proxy.rows().await;

    let now = clock::now();
    let day = SignedDuration::from_hours(24);
    let period = Period { since: now - day, until: Timestamp::MAX.min(now + day) };
    let groups =
        proxy.gateway.app.store.reader().unwrap().costs(&[Dimension::Route], period).unwrap();
    let billed = |group: &CostGroup| (group.names[0].clone(), group.costs.billed.as_usd_f64());
    let ledger: BTreeMap<String, f64> =
        groups.iter().map(billed).filter(|(_, cost)| *cost > 0.0).collect();
    assert!(!ledger.is_empty(), "something was billed");
    let agreed = eventually("the numbers of the ledger", || async {
        let told = prometheus.values("sum by (route) (ambidex_cost_usd_total)", "route").await;
        let is_same = told.len() == ledger.len()
            && ledger.iter().all(|(route, cost)| {
                told.get(route).is_some_and(|told| (told - cost).abs() < 1e-9 * cost)
            });
        is_same.then_some(told)
    });
    agreed.await;
    let requests = prometheus.values("sum by (outcome) (ambidex_requests_total)", "outcome").await;
    assert!((requests.values().sum::<f64>() - 24.0).abs() < 1e-9, "{requests:?}");

    // A rate needs two pages that differ.
    under_load(&proxy, 1).await;
    proxy.rows().await;
    let mut empty = panels_without_data(&prometheus).await;
    for _ in 0..50 {
        if empty.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        empty = panels_without_data(&prometheus).await;
    }
    assert_eq!(empty, [""; 0], "panels without data");

    let rules = prometheus.get("rules", &[]).await;
    let rules = rules["groups"][0]["rules"].as_array().unwrap().clone();
    assert!(rules.len() >= 8);
    for rule in rules {
        assert_eq!((&rule["health"], &rule["lastError"]), (&"ok".into(), &Value::Null), "{rule}");
        assert_ne!(rule["state"], "firing", "{rule}");
    }
    page_is_clean(&proxy.metrics().await);
    drop(prometheus);
    proxy.stop().await;
}

/// Every panel is a question that Prometheus understands; with an ordinary load, most have an answer.
async fn panels_without_data(prometheus: &Prometheus) -> Vec<&'static str> {
    let quiet = [
        "Errors by reason",
        "Policy in force and shadow",
        "Local answers that were looked at",
        "Agreement of local answers",
        "Failed attempts by target",
        "Refused requests by limit",
        "Answers looked for in the cache",
        "Size of the cache",
        "Answers that the cache let go",
    ];
    let mut empty = Vec::new();
    for panel in DASHBOARDS.iter().flat_map(|it| it.panels) {
        for (expression, _) in panel.queries {
            let expression = expression.replace("$__rate_interval", "1m").replace("$__range", "1h");
            let data = prometheus.get("query", &[("query", &expression)]).await;
            let is_empty = data["result"].as_array().unwrap().is_empty();
            if is_empty && !quiet.contains(&panel.title) {
                empty.push(panel.title);
            }
        }
    }
    empty
}

/// What promtool says about the page: nothing.
pub(super) fn page_is_clean(page: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page");
    std::fs::write(&file, page).unwrap();
    let said = tool("promtool")
        .args(["check", "metrics"])
        .stdin(std::fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
    assert!(said.status.success() && words.is_empty(), "{words}");
}

#[test]
fn the_rules_pass_their_tests() {
    for arguments in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]] {
        let ran =
            tool("promtool").args(arguments).current_dir("deploy/prometheus").output().unwrap();
        let words = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
        assert!(ran.status.success(), "{arguments:?}: {words}");
    }
    let config = tool("promtool")
        .args(["check", "config", "--syntax-only", "deploy/compose/prometheus.yml"])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&[config.stdout, config.stderr].concat()).into_owned();
    assert!(config.status.success(), "{words}");
}
