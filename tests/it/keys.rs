//! API keys that are made and revoked while the gateway runs, by the command that operators use.

use std::process::{Command, Output};

use ambidex::caller::Anonymous;
use ambidex::config::{PolicySource, Settings, TargetKind};
use ambidex::money::NanoUsd;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Proxy, Say, Upstream, answer, chat, eventually};

const OPEN: &str = "Write a poem about the sea";

async fn closed(upstream: &Upstream) -> Proxy {
    Proxy::with(upstream, close).await
}

/// Nobody may ask without a key, and commands find the ledger.
fn close(settings: &mut Settings, folder: &TempDir) {
    settings.callers.clear();
    settings.anonymous = Anonymous::Never;
    let ledger = folder.path().join("ledger.db");
    let config = format!("store: sqlite:{}\n", ledger.display());
    std::fs::write(folder.path().join("ambidex.yaml"), config).unwrap();
}

/// The same, with a policy that has no budget and one way.
fn only_the_cloud(settings: &mut Settings, folder: &TempDir) {
    close(settings, folder);
    let policy = "version: 1\nname: open\nowner: t\nrestricted_may_reach: { zones: any, why: tested elsewhere }\n\
                  routes: [{ id: all, use: [cloud] }]\notherwise: { refuse: { status: 403, say: '{reasons}' } }\n";
    let path = folder.path().join("policy.yaml");
    std::fs::write(&path, policy).unwrap();
    settings.policy = PolicySource::File(path);
}

fn keys(proxy: &Proxy, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ambidex"))
        .arg("--config")
        .arg(proxy.folder.path().join("ambidex.yaml"))
        .arg("keys")
        .args(arguments)
        .output()
        .unwrap()
}

/// What a command that goes well prints.
fn told(proxy: &Proxy, arguments: &[&str]) -> String {
    let output = keys(proxy, arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// The key that a command shows, once.
fn shown(proxy: &Proxy, arguments: &[&str]) -> String {
    let text = told(proxy, arguments);
    let key = text.lines().next().unwrap().to_owned();
    assert!(key.starts_with("amb_") && text.contains("shown this once"), "{text}");
    key
}

async fn ask(proxy: &Proxy, key: &str, body: &Value) -> reqwest::Response {
    let request = proxy.client.post(proxy.url("/v1/chat/completions")).bearer_auth(key);
    request.body(body.to_string()).send().await.unwrap()
}

async fn until_status(proxy: &Proxy, key: &str, status: u16) {
    eventually("the key's new state", || async {
        (ask(proxy, key, &chat(OPEN)).await.status() == status).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_into_force_change_and_end_while_the_gateway_runs() {
    let upstream = Upstream::script([Say::Whole(200, answer("waves", 5, 2))]).await;
    let proxy = closed(&upstream).await;
    assert_eq!(ask(&proxy, "", &chat(OPEN)).await.status(), 401);

    let create = [
        "create",
        "support-bot",
        "--team",
        "support",
        "--expires",
        "90d",
        "--models",
        "auto,gpt-4o-mini",
    ];
    let first = shown(&proxy, &create);
    until_status(&proxy, &first, 200).await;
    let reply = ask(&proxy, &first, &chat(OPEN)).await;
    let id = reply.headers()["x-ambidex-decision"].to_str().unwrap().to_owned();
    let row = proxy.row(&id).await;
    assert_eq!((&*row.decided.caller, &*row.decided.team), ("support-bot", "support"));

    let mut other = chat(OPEN);
    other["model"] = json!("gpt-5");
    let refused = ask(&proxy, &first, &other).await;
    assert_eq!(refused.status(), 403);
    let refused: Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
    assert_eq!(refused["error"]["code"], "model_not_allowed");

    // Both secrets are good until the overlap ends.
    let second = shown(&proxy, &["rotate", "support-bot", "--overlap", "1h"]);
    until_status(&proxy, &second, 200).await;
    assert_eq!(ask(&proxy, &first, &chat(OPEN)).await.status(), 200);
    let third = shown(&proxy, &["rotate", "support-bot", "--overlap", "0s"]);
    until_status(&proxy, &second, 401).await;
    assert_eq!(ask(&proxy, &third, &chat(OPEN)).await.status(), 200);
    assert_eq!(ask(&proxy, &first, &chat(OPEN)).await.status(), 401);

    let list = told(&proxy, &["list"]);
    assert!(list.contains("support-bot") && list.contains("good until"), "{list}");
    let (shown_of_it, hidden) = (third.get(64..).unwrap(), third.get(4..20).unwrap());
    assert!(list.contains(shown_of_it) && !list.contains(hidden), "{list}");

    assert!(told(&proxy, &["revoke", "support-bot"]).contains("is revoked"));
    until_status(&proxy, &third, 401).await;
    // No key is left, and nobody is let in without one.
    assert_eq!(ask(&proxy, "", &chat(OPEN)).await.status(), 401);
    let list: Value = serde_json::from_str(&told(&proxy, &["list", "--format", "json"])).unwrap();
    assert!(list[0]["state"].as_str().unwrap().starts_with("revoked"), "{list}");

    for (arguments, words) in [
        (&["create", "support-bot"][..], "there is a key named `support-bot` already"),
        (&["rotate", "support-bot"], "has been revoked"),
        (&["revoke", "nobody"], "there is no key named `nobody`"),
    ] {
        let output = keys(&proxy, arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8(output.stderr).unwrap().contains(words), "{arguments:?}");
    }
    assert_eq!(keys(&proxy, &["create", "x", "--expires", "2020-01-01"]).status.code(), Some(2));

    // What is stored opens nothing.
    let folder = proxy.stop().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for key in [&first, &second, &third] {
            assert!(!bytes.windows(key.len()).any(|it| it == key.as_bytes()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_are_told_kept_and_explained() {
    let upstream = Upstream::script([Say::Whole(200, answer("waves", 5, 2))]).await;
    let proxy = closed(&upstream).await;
    let key = shown(
        &proxy,
        &["create", "bot", "--requests-per-minute", "30", "--tokens-per-minute", "2000"],
    );
    until_status(&proxy, &key, 200).await;
    let reply = ask(&proxy, &key, &chat(OPEN)).await;
    let header = |name: &str| reply.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-ratelimit-limit-requests"), "30");
    assert_eq!(header("x-ratelimit-limit-tokens"), "2000");
    let left: u32 = header("x-ratelimit-remaining-tokens").parse().unwrap();
    // Twenty tokens of the answer, a few of the prompt, once or twice.
    assert!((1_800..1_980).contains(&left), "{left}");
    assert!(header("x-ratelimit-reset-requests").ends_with("ms"));

    let mut long = chat(OPEN);
    // Twice as much does not fit, however fast the rate refills.
    long["max_tokens"] = json!(1_500);
    assert_eq!(ask(&proxy, &key, &long).await.status(), 200);
    let refused = ask(&proxy, &key, &long).await;
    assert_eq!(
        (refused.status().as_u16(), refused.headers().contains_key("retry-after")),
        (429, true)
    );
    long["max_tokens"] = json!(5_000);
    let refused = ask(&proxy, &key, &long).await;
    assert_eq!(refused.headers()["x-should-retry"], "false", "waiting does not help");
    let refused: Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("2000 in a minute"), "{message}");
    proxy.stop().await;
}

/// What `path` of the admin listener answers to a key.
async fn operate(proxy: &Proxy, path: &str, key: &str) -> u16 {
    let url = format!("http://{}{path}", proxy.gateway.admin_address);
    proxy.client.get(url).bearer_auth(key).send().await.unwrap().status().as_u16()
}

/// Signs in at the console; the cookie, if that goes well.
async fn signed_in(proxy: &Proxy, key: &str) -> Option<String> {
    let no_detours = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().no_proxy().redirect(no_detours).build().unwrap();
    let url = format!("http://{}/console/login", proxy.gateway.admin_address);
    let form = client.post(url).header("content-type", "application/x-www-form-urlencoded");
    let reply = form.body(format!("key={key}")).send().await.unwrap();
    let cookie = reply.headers().get("set-cookie")?.to_str().unwrap().to_owned();
    Some(cookie.split(';').next().unwrap().to_owned())
}

/// The page that a session sees: `true` for the overview, `false` for the way to sign in.
async fn sees_the_console(proxy: &Proxy, cookie: &str) -> bool {
    let url = format!("http://{}/console/keys", proxy.gateway.admin_address);
    let reply = proxy.client.get(url).header("cookie", cookie).send().await.unwrap();
    let page = String::from_utf8(reply.bytes().await.unwrap().into()).unwrap();
    page.contains("sign out")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_key_opens_the_console_and_nothing_else() {
    let upstream = Upstream::script([Say::Whole(200, answer("waves", 5, 2))]).await;
    let proxy = closed(&upstream).await;
    // Nobody has made an operator's key: on loopback everybody may.
    assert_eq!(operate(&proxy, "/admin/api/budgets", "").await, 200);
    let callers = shown(&proxy, &["create", "support-bot"]);
    until_status(&proxy, &callers, 200).await;
    assert_eq!(
        operate(&proxy, "/admin/api/budgets", "").await,
        200,
        "a caller's key changes nothing"
    );

    let first = shown(&proxy, &["create", "ada", "--admin", "--expires", "90d"]);
    let operates = |key: String, status: u16| {
        let proxy = &proxy;
        async move {
            eventually("the operator's key", || async {
                (operate(proxy, "/admin/api/budgets", &key).await == status).then_some(())
            })
            .await;
        }
    };
    operates(String::new(), 401).await;
    operates(first.clone(), 200).await;
    assert_eq!(
        operate(&proxy, "/admin/api/budgets", &callers).await,
        401,
        "a caller is no operator"
    );
    assert_eq!(ask(&proxy, &first, &chat(OPEN)).await.status(), 401, "an operator is no caller");

    assert_eq!(signed_in(&proxy, "wrong").await, None);
    assert_eq!(signed_in(&proxy, &callers).await, None);
    let cookie = signed_in(&proxy, &first).await.unwrap();
    assert!(sees_the_console(&proxy, &cookie).await);
    assert!(!sees_the_console(&proxy, "ambidex_session=0000").await);

    let list = told(&proxy, &["list"]);
    assert!(list.contains("ada") && list.contains("console and admin API"), "{list}");
    let list: Value = serde_json::from_str(&told(&proxy, &["list", "--format", "json"])).unwrap();
    assert_eq!((&list[0]["name"], &list[0]["admin"]), (&json!("ada"), &json!(true)));
    assert_eq!(list[1]["admin"], false);
    let mixed = keys(&proxy, &["create", "bo", "--admin", "--team", "support"]);
    assert_eq!(mixed.status.code(), Some(2));

    // A new secret; then none: the session ends with its key, and nobody is let in without one again.
    let second = shown(&proxy, &["rotate", "ada", "--overlap", "0s"]);
    operates(second.clone(), 200).await;
    assert_eq!(operate(&proxy, "/admin/api/budgets", &first).await, 401);
    assert!(!sees_the_console(&proxy, &cookie).await, "the key of this session is no longer good");
    let cookie = signed_in(&proxy, &second).await.unwrap();
    assert!(told(&proxy, &["revoke", "ada"]).contains("is revoked"));
    operates(second.clone(), 401).await;
    assert!(!sees_the_console(&proxy, &cookie).await);
    assert_eq!(operate(&proxy, "/admin/api/budgets", "").await, 401);
    assert_eq!(ask(&proxy, &callers, &chat(OPEN)).await.status(), 200, "callers go on");

    let folder = proxy.stop().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for key in [&first, &second] {
            assert!(!bytes.windows(key.len()).any(|it| it == key.as_bytes()));
        }
    }
}

/// What the next test's upstream bills: 200 prompt tokens at 0.15 and 5 answer tokens at 0.60 dollars per million.
const BILL: &str = "0.000033";

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_budgets_of_its_own() {
    let upstream = Upstream::script([Say::Whole(200, answer("waves", 200, 5))]).await;
    let mut settings = None;
    let proxy = Proxy::with(&upstream, |it, folder| {
        only_the_cloud(it, folder);
        settings = Some(it.clone());
    })
    .await;
    let create =
        ["create", "bot", "--team", "t", "--budget", "0.0001/month", "--budget", "1/day soft"];
    let key = shown(&proxy, &create);
    until_status(&proxy, &key, 200).await;
    let other = shown(&proxy, &["create", "other"]);
    until_status(&proxy, &other, 200).await;
    let mut answered = 1;
    let refused = loop {
        let reply = ask(&proxy, &key, &chat(OPEN)).await;
        if reply.status() != 200 {
            break reply;
        }
        answered += 1;
        assert!(answered < 5, "nothing stops it");
    };
    assert_eq!((answered, refused.status().as_u16()), (3, 402));
    let refused: Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
    let message = refused["error"]["message"].to_string();
    assert_eq!(refused["error"]["code"], "budget_exceeded");
    for part in ["budget `key/month`", "$0.000099 spent", "of $0.0001", "does not fit before 20"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(ask(&proxy, &other, &chat(OPEN)).await.status(), 200, "it is the key's alone");
    let list = told(&proxy, &["list"]);
    assert!(list.contains("1.00/day soft, 0.0001/month"), "{list}");

    // A new secret has what is left of the same budgets: nothing.
    let next = shown(&proxy, &["rotate", "bot", "--overlap", "0s"]);
    until_status(&proxy, &next, 402).await;
    let page = operate_page(&proxy, "/console/budgets").await;
    for part in ["key/month", "key/day", "bot", "$0.0001/month"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(operate_page(&proxy, "/console/keys").await.contains("$0.0001/month"));
    let metrics = proxy.metrics().await;
    let spent = "ambidex_budget_spent_usd{budget=\"key/month\",subject=\"bot\"} 0.000099";
    assert!(metrics.contains(spent), "{metrics}");

    assert!(told(&proxy, &["budget", "bot", "0.0002/month"]).contains("`bot` has 0.0002/month"));
    until_status(&proxy, &next, 200).await;
    let wrong = keys(&proxy, &["budget", "bot", "5/year"]);
    let words = String::from_utf8(wrong.stderr).unwrap();
    assert!(wrong.status.code() == Some(2) && words.contains("5/year"), "{words}");

    // After a restart the ledger says what was spent.
    let spent = proxy.spent("key/month");
    let folder = proxy.stop().await;
    let proxy = Proxy::of(&settings.unwrap(), folder).await;
    assert_eq!(proxy.spent("key/month"), spent);
    assert!(spent >= NanoUsd::from_decimal_usd(BILL).unwrap().times(4), "{spent}");
    assert!(told(&proxy, &["budget", "bot", "--none"]).contains("no budget of its own"));
    eventually("no budget", || async {
        proxy.gateway.app.budgets.specs_of_keys().is_empty().then_some(())
    })
    .await;
    proxy.stop().await;
}

/// What nobody can price is not bought with a key that has a hard budget.
#[tokio::test(flavor = "multi_thread")]
async fn a_budget_of_a_key_keeps_it_from_what_has_no_price() {
    let upstream = Upstream::script([Say::Whole(200, answer("waves", 200, 5))]).await;
    let proxy = Proxy::with(&upstream, |settings, folder| {
        only_the_cloud(settings, folder);
        if let TargetKind::Remote(remote) = &mut settings.targets[1].kind {
            "nobody-knows-this-model".clone_into(&mut remote.model);
        }
    })
    .await;
    let free = shown(&proxy, &["create", "free"]);
    let soft = shown(&proxy, &["create", "soft", "--budget", "5/day soft"]);
    let bound = shown(&proxy, &["create", "bound", "--budget", "5/day"]);
    until_status(&proxy, &bound, 402).await;
    until_status(&proxy, &soft, 200).await;
    until_status(&proxy, &free, 200).await;
    proxy.stop().await;
}

/// A page of the console, as an operator on loopback sees it.
async fn operate_page(proxy: &Proxy, path: &str) -> String {
    let url = format!("http://{}{path}", proxy.gateway.admin_address);
    let reply = proxy.client.get(url).header("accept-language", "en").send().await.unwrap();
    String::from_utf8(reply.bytes().await.unwrap().into()).unwrap()
}
