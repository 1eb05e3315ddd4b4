//! A policy's life in a running gateway: replaced by file, signal and HTTP, shadowed, promoted, and
//! tried on the past.

use std::path::PathBuf;

use ambidex::cli::policy::arguments::BacktestArguments;
use ambidex::cli::policy::backtest;
use ambidex::config::Settings;
use ambidex::policy::Policy;
use ambidex::record::{RecordedFacts, Replay, Replayed, trace};
use ambidex::rollout;
use serde_json::Value;

use crate::support::{Proxy, Say, Upstream, answer, chat, eventually};

const LIVE: &str = "version: 1
name: live
restricted_may_reach: { zones: any, why: tested elsewhere }
routes: [{ id: out, use: [cloud, local] }]
";
const INSIDE: &str = "version: 1
name: inside
routes: [{ id: in, use: [local] }]
";
const BAD: &str = "version: 1\nname: bad\nroutes: [{ id: out, use: [clout] }]\n";
const OPEN: &str = "Write a Python function that merges two sorted lists";

async fn started() -> (Proxy, Upstream, PathBuf) {
    let upstream = Upstream::script(vec![Say::Whole(200, answer("x", 9, 9)); 400]).await;
    let proxy = Proxy::with_policy(&upstream, LIVE).await;
    let file = proxy.folder.path().join("policy.yaml");
    (proxy, upstream, file)
}

async fn admin(proxy: &Proxy, method: &str, path: &str, body: &str) -> (u16, Value) {
    let url = format!("http://{}/admin/api/policy{path}", proxy.gateway.admin_address);
    let method = method.parse().unwrap();
    let reply = proxy.client.request(method, url).body(body.to_owned()).send().await.unwrap();
    let status = reply.status().as_u16();
    (status, serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap())
}

async fn told(proxy: &Proxy, path: &str) -> Value {
    let reply = proxy.client.get(proxy.url(path)).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_put_in_force_and_a_bad_one_is_loud() {
    let (proxy, _upstream, file) = started().await;
    let before = proxy.gateway.app.policy().rev().to_owned();
    assert_eq!(told(&proxy, "/healthz").await["policy_rev"], *before);
    assert!(proxy.metric(&format!("ambidex_policy_info{{rev=\"{before}\"}}")).await > 0.0);

    std::fs::write(&file, BAD).unwrap();
    eventually("the refusal", || async { proxy.gateway.app.rollout.trouble() }).await;
    let ready = told(&proxy, "/readyz").await;
    assert!(ready["detail"].as_str().unwrap().contains(&before), "{ready}");
    assert!(proxy.metric("ambidex_policy_file_refused").await > 0.0);
    assert!(proxy.metric("ambidex_policy_reloads_total{result=\"refused\"}").await > 0.0);
    assert_eq!(proxy.send(&chat(OPEN)).await.target(), "cloud", "the old policy still decides");

    std::fs::write(&file, INSIDE).unwrap();
    let after = eventually("the new policy", || async {
        let rev = proxy.gateway.app.policy().rev().to_owned();
        (rev != before).then_some(rev)
    })
    .await;
    let reply = proxy.send(&chat(OPEN)).await;
    assert_eq!(reply.target(), "local");
    assert_eq!(proxy.row(reply.decision()).await.decided.policy_rev, after);
    assert_eq!(told(&proxy, "/readyz").await["detail"], Value::Null);
    assert_eq!(told(&proxy, "/healthz").await["policy_rev"], *after);
    let page = proxy.metrics().await;
    assert!(page.contains(&after) && !page.contains(&before), "only the policy in force");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_reload_by_http_and_try_first() {
    let (proxy, _upstream, file) = started().await;
    let before = proxy.gateway.app.policy().rev().to_owned();
    let (status, body) = admin(&proxy, "POST", "/reload?dry_run=true", INSIDE).await;
    assert_eq!((status, &body["changed"]), (200, &Value::Bool(true)));
    let (status, body) = admin(&proxy, "POST", "/reload?dry_run=true", BAD).await;
    assert_eq!(status, 422);
    assert!(body["error"].as_str().unwrap().contains("did you mean `cloud`?"), "{body}");
    assert_eq!(proxy.gateway.app.policy().rev(), before, "a trial changes nothing");

    std::fs::write(&file, INSIDE).unwrap();
    let (status, body) = admin(&proxy, "POST", "/reload", "").await;
    assert_eq!((status, &body["before"]), (200, &Value::from(before)));
    assert_eq!(admin(&proxy, "GET", "", "").await.1["name"], "inside");
    std::fs::write(&file, BAD).unwrap();
    assert_eq!(admin(&proxy, "POST", "/reload", "").await.0, 422);
    assert_eq!(admin(&proxy, "GET", "", "").await.1["name"], "inside");

    // A page of another origin in the operator's browser may not.
    let url = format!("http://{}/admin/api/policy/reload", proxy.gateway.admin_address);
    for origin in ["http://evil.example", "null"] {
        let foreign = proxy.client.post(&url).header("origin", origin).send().await.unwrap();
        assert_eq!(foreign.status(), 403, "{origin}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_reloads_every_request_is_decided_by_one_good_policy() {
    let (proxy, _upstream, file) = started().await;
    let app = std::sync::Arc::clone(&proxy.gateway.app);
    let swapping = tokio::spawn(async move {
        for round in 0..60 {
            let text = match round % 3 {
                0 => INSIDE,
                1 => BAD,
                _ => LIVE,
            };
            std::fs::write(&file, text).unwrap();
            assert_eq!(rollout::reload(&app).await.is_err(), round % 3 == 1);
        }
    });
    let mut sent = 0;
    while !swapping.is_finished() || sent < 20 {
        let reply = proxy.send(&chat(OPEN)).await;
        assert_eq!(reply.status, 200);
        sent += 1;
        if sent == 300 {
            break;
        }
    }
    swapping.await.unwrap();
    let good = [LIVE, INSIDE].map(|text| {
        let world = ambidex::gateway::world(&Settings::default());
        Policy::compile("p", text, &world).unwrap()
    });
    for row in proxy.rows().await {
        let decided = row.decided;
        let policy = good.iter().find(|it| it.rev() == decided.policy_rev).unwrap();
        // Nothing is mixed: the route is one of that very policy.
        let route = decided.chosen.unwrap().route;
        assert!(policy.route_ids().any(|id| id == route), "{route} by {}", policy.name());
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_flight_keeps_its_policy_and_its_money() {
    let upstream = Upstream::script([Say::Silence]).await;
    let budgeted = format!("{LIVE}budgets: [{{ name: day, window: day, limit_usd: 5 }}]\n");
    let proxy = Proxy::with(&upstream, |settings, folder| {
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, &budgeted).unwrap();
        settings.policy = ambidex::config::PolicySource::File(path);
        if let ambidex::config::TargetKind::Remote(remote) = &mut settings.targets[1].kind {
            remote.timeouts.first_byte = std::time::Duration::from_secs(2);
        }
    })
    .await;
    let before = proxy.gateway.app.policy().rev().to_owned();
    let file = proxy.folder.path().join("policy.yaml");
    let body = chat(OPEN);
    let (reply, ()) = tokio::join!(proxy.send(&body), async {
        eventually("the request at the upstream", || async {
            (!upstream.seen().is_empty()).then_some(())
        })
        .await;
        let inside = format!("{INSIDE}budgets: [{{ name: other, window: day, limit_usd: 1 }}]\n");
        std::fs::write(&file, inside).unwrap();
        rollout::reload(&proxy.gateway.app).await.unwrap();
        assert_ne!(proxy.gateway.app.policy().rev(), before);
    });
    // The fallback of the old policy answers, under the old policy's route.
    assert_eq!(
        (reply.status, reply.target(), reply.header("x-ambidex-route")),
        (200, "local", "out")
    );
    assert_eq!(proxy.row(reply.decision()).await.decided.policy_rev, before);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_decides_beside_sends_nothing_and_can_be_promoted() {
    let (proxy, upstream, file) = started().await;
    assert_eq!(admin(&proxy, "POST", "/shadow", BAD).await.0, 422);
    assert_eq!(admin(&proxy, "GET", "/shadow", "").await.0, 409);
    // The live policy stays inside; the shadow would let everything out.
    std::fs::write(&file, INSIDE).unwrap();
    rollout::reload(&proxy.gateway.app).await.unwrap();
    assert_eq!(admin(&proxy, "POST", "/shadow", LIVE).await.0, 200);
    let reply = proxy.send(&chat(OPEN)).await;
    assert_eq!(reply.target(), "local");
    assert_eq!(upstream.connections(), 0, "a shadow sends nothing");
    let (_, report) = admin(&proxy, "GET", "/shadow", "").await;
    assert_eq!((&report["decided"], &report["agreed"]), (&1.into(), &0.into()));
    let difference = &report["differences"][0];
    assert_eq!(difference["live"]["target"], "local");
    assert_eq!(difference["shadow"]["target"], "cloud");
    assert_eq!(difference["widened"], 1);
    assert_eq!(difference["examples"][0], reply.decision());
    let line = r#"ambidex_shadow_decisions_total{live="local",shadow="cloud"}"#;
    assert!(proxy.metric(line).await > 0.0);

    let rev = report["rev"].as_str().unwrap();
    assert_eq!(admin(&proxy, "POST", "/promote?rev=000000000000", "").await.0, 409);
    assert_eq!(admin(&proxy, "POST", &format!("/promote?rev={rev}"), "").await.0, 200);
    assert_eq!(proxy.send(&chat(OPEN)).await.target(), "cloud");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), LIVE, "a restart finds it");
    assert_eq!(admin(&proxy, "GET", "/shadow", "").await.0, 409);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_decision_can_be_explained_and_made_again() {
    let upstream = Upstream::script(vec![Say::Whole(200, answer("x", 9, 9)); 4]).await;
    let proxy = Proxy::start(&upstream).await;
    let policy = proxy.gateway.app.policy();
    for prompt in [OPEN, "Summarize: paid with 4111 1111 1111 1111", "Classify: the app crashes."] {
        let mut body = chat(prompt);
        body["metadata"] = serde_json::json!({ "quality": "best" });
        let reply = proxy.send(&body).await;
        let row = proxy.row(reply.decision()).await;
        let explanation = trace::read(&row.decided.trace_json).unwrap();
        assert_eq!(explanation.targets[0].target, row.decided.chosen.as_ref().unwrap().target);
        let facts = RecordedFacts::read(&row.decided.facts_json).unwrap();
        assert_eq!(facts.request.quality.as_deref(), Some("best"));
        let none = |_, _: &RecordedFacts<'_>| ambidex::policy::Estimate::Unpriced;
        let Replayed::Decided(again) = Replay::new(&policy).decide(&facts, None, &none) else {
            panic!("{prompt} cannot be replayed");
        };
        // The same facts give the same decision, trace and words.
        assert_eq!(ambidex::policy::Explanation::of(&policy, &again), explanation, "{prompt}");
        let settings = Settings {
            store: ambidex::config::StoreSettings::Sqlite(proxy.folder.path().join("ledger.db")),
            ..Settings::default()
        };
        let mut told = Vec::new();
        let arguments = explain_arguments(reply.decision());
        ambidex::cli::policy::explain::explain(&arguments, &settings, &mut told).unwrap();
        let told = String::from_utf8(told).unwrap();
        assert!(told.ends_with(&explanation.to_string()), "{told}");
    }
    proxy.stop().await;
}

fn explain_arguments(id: &str) -> ambidex::cli::policy::arguments::ExplainArguments {
    use clap::Parser as _;
    let line = ["ambidex", "policy", "explain", "--decision", id];
    let arguments = ambidex::cli::Arguments::parse_from(line);
    let ambidex::cli::arguments::Command::Policy(
        ambidex::cli::policy::arguments::PolicyCommand::Explain(arguments),
    ) = arguments.command
    else {
        panic!("another command");
    };
    arguments
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_decided_again() {
    let (proxy, _upstream, file) = started().await;
    for _ in 0..3 {
        assert_eq!(proxy.send(&chat(OPEN)).await.target(), "cloud");
    }
    proxy.rows().await;
    let settings = Settings {
        store: ambidex::config::StoreSettings::Sqlite(proxy.folder.path().join("ledger.db")),
        targets: crate::support::settings(&Upstream::script([Say::Silence]).await, &proxy.folder)
            .targets,
        ..Settings::default()
    };
    let backtest = |policy: &str| {
        std::fs::write(&file, policy).unwrap();
        let arguments = BacktestArguments {
            file: file.clone(),
            since: "1d".to_owned(),
            ledger: None,
            examples: 2,
            format: ambidex::cli::arguments::Format::Json,
        };
        let mut out = Vec::new();
        backtest::backtest(&arguments, &settings, &mut out).unwrap();
        serde_json::from_slice::<Value>(&out).unwrap()
    };
    let same = backtest(LIVE);
    assert_eq!((&same["replayed"], &same["changed"]), (&3.into(), &0.into()), "{same:#}");
    let inside = backtest(INSIDE);
    assert_eq!((&inside["changed"], &inside["egress_removed"]), (&3.into(), &3.into()));
    assert_eq!(inside["groups"][0]["cost_after_usd"], "0.00");
    assert_eq!(inside["groups"][0]["team"], "support");
    assert_eq!(inside["unmeasured"], 3, "nobody measured whether it fits the local model");
    assert_eq!(inside["examples"].as_array().unwrap().len(), 2);
    // A policy that asks for what is not kept says so instead of guessing.
    let asks = INSIDE.replace("id: in,", "id: in, when: { header.x-a: { is: b } },");
    let asks = backtest(&format!("{asks}trusted_headers: [x-a]\n"));
    assert_eq!(asks["replayed"], 0);
    assert_eq!(asks["not_replayed"][0]["reason"], "the value of `header.x-a` is not recorded");
    proxy.stop().await;
}

fn page(address: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_reads_the_file_and_the_command_line_reaches_the_gateway() {
    use std::io::BufRead as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("policy.yaml"), LIVE).unwrap();
    std::fs::write(folder.path().join("next.yaml"), INSIDE).unwrap();
    std::fs::write(folder.path().join("ambidex.yaml"), "policy: policy.yaml\n").unwrap();
    let mut server = std::process::Command::new(env!("CARGO_BIN_EXE_ambidex"))
        .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .arg("--print-addresses")
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit_once("admin=").unwrap().1.to_owned();
    let run = |arguments: &[&str]| {
        let mut all = vec!["policy"];
        all.extend(arguments);
        all.extend(["--admin", &address]);
        let output = crate::policies::ambidex(folder.path(), &all);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["reload", "--dry-run"]).starts_with("unchanged"));
    // Of itself the gateway reads an unchanged file once; every further time is a signal's.
    let process = server.id().to_string();
    let hangup = std::process::Command::new("kill").args(["-HUP", &process]).status();
    assert!(hangup.unwrap().success());
    eventually("the reading after the signal", || async {
        let page = page(&address);
        let line = "ambidex_policy_reloads_total{result=\"unchanged\"} ";
        let count = page.lines().find_map(|it| it.strip_prefix(line))?.parse::<u32>().unwrap();
        (count >= 2).then_some(())
    })
    .await;
    std::fs::write(folder.path().join("policy.yaml"), INSIDE).unwrap();
    // Who is first, the look at the file or this command, does not matter: then it is in force.
    run(&["reload"]);
    assert!(run(&["reload"]).contains("unchanged: revision"));
    std::fs::write(folder.path().join("next.yaml"), LIVE).unwrap();
    assert!(run(&["shadow", "next.yaml"]).contains("decides beside"));
    assert!(run(&["shadow"]).contains("decided 0, agreed on 0"));
    assert!(run(&["promote"]).contains("is in force"));
    assert_eq!(std::fs::read_to_string(folder.path().join("policy.yaml")).unwrap(), LIVE);
    server.kill().unwrap();
    server.wait().unwrap();
}
