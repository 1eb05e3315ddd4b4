//! Who may operate a gateway, and what they can do: by key, never by somebody else's page.

use std::collections::BTreeSet;

use ambidex::caller::{Anonymous, KeyDigest};
use ambidex::config::Settings;
use ambidex::config::settings::AdminKey;
use ambidex::gateway::{Gateway, StartError};
use ambidex::secret::Secret;
use serde_json::{Value, json};

use crate::support::{Proxy, Say, Upstream, answer, chat, eventually};

const ADMIN: &str = "admin-key-41c8";
const SCRAPE: &str = "scrape-key-90aa";

fn digest(key: &str) -> KeyDigest {
    KeyDigest::of(&Secret::new(key.to_owned()))
}

async fn started() -> (Proxy, Upstream) {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 9, 9))]).await;
    let proxy = Proxy::with(&upstream, |settings, _| {
        settings.admin_keys = vec![AdminKey { name: "ada".to_owned(), digest: digest(ADMIN) }];
        settings.metrics_key = Some(digest(SCRAPE));
    })
    .await;
    (proxy, upstream)
}

async fn ask(proxy: &Proxy, method: &str, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let url = format!("http://{}{path}", proxy.gateway.admin_address);
    let request = proxy.client.request(method.parse().unwrap(), url).bearer_auth(key);
    let request = if body.is_null() { request } else { request.body(body.to_string()) };
    let reply = request.send().await.unwrap();
    let status = reply.status().as_u16();
    (status, serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_operates_from_outside_without_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::script([Say::Silence]).await;
    let mut settings: Settings = crate::support::settings(&upstream, &folder);
    settings.admin_listen = "0.0.0.0:0".parse().unwrap();
    let refused = Gateway::start(&settings).await.unwrap_err();
    assert!(matches!(refused, StartError::AdminOpen(_)), "{refused}");
    assert!(refused.to_string().contains("console: { keys:"), "{refused}");
    settings.admin_keys = vec![AdminKey { name: "ada".to_owned(), digest: digest(ADMIN) }];
    Gateway::start(&settings).await.unwrap().stop().await;
    // Keys that are made later will do, if nobody is let in before.
    settings.admin_keys.clear();
    settings.sign_in = Anonymous::Never;
    let gateway = Gateway::start(&settings).await.unwrap();
    let url = format!("http://127.0.0.1:{}/admin/api/budgets", gateway.admin_address.port());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(client.get(url).send().await.unwrap().status(), 401);
    gateway.stop().await;
}

/// A target that fails until it is left alone, and works again when it is tried.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_left_alone_says_so() {
    let fails = Say::Whole(500, r#"{"error":{"message":"overloaded"}}"#.to_owned());
    let script = [fails.clone(), fails.clone(), fails, Say::Whole(200, answer("x", 9, 9))];
    let upstream = Upstream::script(script).await;
    let proxy = Proxy::with(&upstream, |settings, _| {
        settings.targets[1].breaker.in_a_row = 3;
        settings.targets[1].breaker.open = std::time::Duration::from_millis(1_500);
    })
    .await;
    let standing = async || {
        let (_, told) = ask(&proxy, "GET", "/admin/api/targets", "", &Value::Null).await;
        let targets = told["targets"].as_array().unwrap().clone();
        let cloud = targets.into_iter().find(|it| it["name"] == "cloud").unwrap();
        cloud["standing"].as_str().unwrap().to_owned()
    };
    let page = async |path: &str| {
        let url = format!("http://{}{path}", proxy.gateway.admin_address);
        let reply = proxy.client.get(url).header("accept-language", "en").send().await.unwrap();
        String::from_utf8(reply.bytes().await.unwrap().into()).unwrap()
    };
    assert_eq!(standing().await, "up");
    assert!(!page("/console/targets").await.contains("left alone"));
    eventually("the breaker", || async {
        proxy.send(&chat("Write a poem about the sea")).await;
        (standing().await == "open").then_some(())
    })
    .await;
    for path in ["/console/targets", "/console"] {
        assert!(page(path).await.contains("left alone"), "{path}");
    }
    assert!(proxy.metric("ambidex_target_up{target=\"cloud\"}").await < 0.5);
    eventually("a trial", || async { (standing().await == "probing").then_some(()) }).await;
    assert!(page("/console/targets").await.contains("being tried again"));
    eventually("the answer", || async {
        proxy.send(&chat("Write a poem about the sea")).await;
        (standing().await == "up").then_some(())
    })
    .await;
    assert!(!page("/console").await.contains("left alone"));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_keys_everything_but_the_open_pages_needs_one() {
    let (proxy, _upstream) = started().await;
    let nothing = Value::Null;
    for (method, path) in [
        ("GET", "/admin/api/decisions"),
        ("GET", "/admin/api/ledger/sums"),
        ("GET", "/admin/api/keys"),
        ("POST", "/admin/api/keys"),
        ("GET", "/admin/api/policy"),
        ("POST", "/admin/api/policy/reload"),
        ("POST", "/admin/api/policy/promote"),
    ] {
        for key in ["", "wrong", SCRAPE, crate::support::KEY] {
            let (status, said) = ask(&proxy, method, path, key, &nothing).await;
            assert_eq!(status, 401, "{method} {path} with `{key}`: {said}");
        }
    }
    assert_eq!(ask(&proxy, "GET", "/admin/api/ledger/sums", ADMIN, &nothing).await.0, 200);
    for (key, status) in [("", 401), ("wrong", 401), (SCRAPE, 200), (ADMIN, 200)] {
        assert_eq!(ask(&proxy, "GET", "/metrics", key, &nothing).await.0, status, "`{key}`");
    }
    // What says nothing about anybody is open: the sign-in, the style, the description.
    for path in ["/console/login", "/console/style.css", "/docs", "/docs/openapi.json", "/"] {
        assert_eq!(ask(&proxy, "GET", path, "", &nothing).await.0, 200, "{path}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_turned_and_ended_at_once() {
    let (proxy, _upstream) = started().await;
    let send = async |key: &str| {
        let request = proxy.client.post(proxy.url("/v1/chat/completions")).bearer_auth(key);
        request.body(chat("Write a poem about the sea").to_string()).send().await.unwrap().status()
    };
    let target = async |key: &str| {
        let request = proxy.client.post(proxy.url("/v1/chat/completions")).bearer_auth(key);
        let reply = request.body(chat("Write a poem about the sea").to_string()).send().await;
        reply.unwrap().headers()["x-ambidex-target"].to_str().unwrap().to_owned()
    };
    let wish = json!({ "name": "night-shift", "team": "support", "expires": "90d", "requests_per_minute": 60,
        "budgets": ["5/day tz=Europe/Berlin", "50/month"] });
    let (status, made) = ask(&proxy, "POST", "/admin/api/keys", ADMIN, &wish).await;
    assert_eq!(status, 200, "{made}");
    let first = made["key"].as_str().unwrap().to_owned();
    assert_eq!(send(&first).await, 200);
    assert_eq!(ask(&proxy, "POST", "/admin/api/keys", ADMIN, &wish).await.0, 409);

    let (_, listed) = ask(&proxy, "GET", "/admin/api/keys", ADMIN, &Value::Null).await;
    let key = &listed["keys"][0];
    assert_eq!((&key["name"], &key["team"]), (&json!("night-shift"), &json!("support")));
    assert!(!listed.to_string().contains(&first), "a list opens nothing");

    let path = "/admin/api/keys/night-shift";
    assert_eq!(key["budgets"], json!(["5.00/day tz=Europe/Berlin", "50.00/month"]));
    let budgets = format!("{path}/budgets");
    let put = async |path: &str, budgets: Value| {
        ask(&proxy, "PUT", path, ADMIN, &json!({ "budgets": budgets })).await
    };
    assert_eq!(put(&budgets, json!(["5/year"])).await.0, 400);
    assert_eq!(put("/admin/api/keys/nobody/budgets", json!([])).await.0, 404);
    let (status, said) = put(&budgets, json!(["0/day"])).await;
    assert_eq!((status, &said["budgets"]), (200, &json!(["0.00/day"])));
    assert_eq!(target(&first).await, "local", "only what is free, from now on");
    assert_eq!(put(&budgets, json!([])).await.0, 200);
    assert_eq!(target(&first).await, "cloud");
    let turn = format!("{path}/rotate");
    let (_, turned) = ask(&proxy, "POST", &turn, ADMIN, &json!({ "overlap": "0s" })).await;
    let second = turned["key"].as_str().unwrap().to_owned();
    assert_eq!((send(&first).await.as_u16(), send(&second).await.as_u16()), (401, 200));
    assert_eq!(ask(&proxy, "DELETE", path, ADMIN, &Value::Null).await.0, 200);
    assert_eq!(send(&second).await, 401);
    assert_eq!(ask(&proxy, "DELETE", path, ADMIN, &Value::Null).await.0, 409);
    assert_eq!(ask(&proxy, "DELETE", "/admin/api/keys/nobody", ADMIN, &Value::Null).await.0, 404);
    for wrong in [
        json!({ "name": "not a name" }),
        json!({ "name": "a", "expires": "yesterday" }),
        json!({ "name": "a", "data_floor": "secret" }),
        json!({ "name": "a", "requests_per_minute": 0 }),
        json!({ "name": "a", "budgets": ["5/day", "6/day"] }),
        json!({ "name": "a", "admin": true, "budgets": ["5/day"] }),
        json!({ "name": "a", "colour": "blue" }),
        json!({ "team": "a" }),
    ] {
        let (status, said) = ask(&proxy, "POST", "/admin/api/keys", ADMIN, &wrong).await;
        assert_eq!(status, 400, "{wrong}: {said}");
    }
    proxy.stop().await;
}

/// The description and the paths are the same: every operation that is described answers.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_described_is_there() {
    let (proxy, _upstream) = started().await;
    let id = proxy.send(&chat("Write a poem about the sea")).await.decision().to_owned();
    proxy.row(&id).await;
    let (_, described) = ask(&proxy, "GET", "/docs/openapi.json", "", &Value::Null).await;
    assert_eq!(described["openapi"], "3.1.0");
    let mut seen = BTreeSet::new();
    for (path, operations) in described["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(seen.insert(operation["operationId"].to_string()), "{operation}");
            let path = path.replace("{id}", &id).replace("{name}", "nobody");
            let (_, said) = ask(&proxy, &method.to_uppercase(), &path, ADMIN, &Value::Null).await;
            let error = said["error"].as_str().unwrap_or_default();
            assert!(!error.contains("nothing is at this path"), "{method} {path}: {error}");
        }
    }
    assert!(seen.len() >= 15, "{seen:?}");
    let (status, said) = ask(&proxy, "GET", "/admin/api/nothing", ADMIN, &Value::Null).await;
    assert_eq!((status, said["error"].as_str().unwrap().contains("/docs")), (404, true));

    let (_, listed) =
        ask(&proxy, "GET", "/admin/api/decisions?limit=1&team=support", ADMIN, &Value::Null).await;
    assert_eq!(listed["decisions"][0]["id"], id.as_str());
    let (_, none) =
        ask(&proxy, "GET", "/admin/api/decisions?team=nobody", ADMIN, &Value::Null).await;
    assert_eq!(none["decisions"], json!([]));
    proxy.stop().await;
}

const CONFIG: &str =
    "server: { admin_listen: 0.0.0.0:9090 }\ncallers: [{ name: a, key: env:A, team: t }]\n";

#[test]
fn the_configuration_names_operators_by_reference() {
    let environment = |name: &str| Some(format!("value-of-{name}"));
    let folder = std::path::Path::new("");
    let read = |text: &str| ambidex::config::read("ambidex.yaml", text, folder, &environment);
    let open = read(CONFIG).unwrap_err().to_string();
    assert!(open.contains("reachable from outside without an admin key"), "{open}");
    let keyed = format!(
        "{CONFIG}console: {{ keys: [{{ name: ada, key: env:ADA }}] }}\ntelemetry: {{ metrics_key: env:SCRAPE }}\n"
    );
    let settings = read(&keyed).unwrap();
    assert_eq!(
        settings.admin_keys,
        [AdminKey { name: "ada".to_owned(), digest: digest("value-of-ADA") }]
    );
    assert_eq!(settings.metrics_key, Some(digest("value-of-SCRAPE")));
    assert!(!format!("{settings:?}").contains("value-of"), "no key is printed");
    let plain = format!("{CONFIG}console: {{ keys: [{{ name: ada, key: open-sesame }}] }}\n");
    let refused = read(&plain).unwrap_err().to_string();
    assert!(refused.contains("env:NAME") && !refused.contains("open-sesame"), "{refused}");
    let twice = format!(
        "{CONFIG}console: {{ keys: [{{ name: a, key: env:A }}, {{ name: b, key: env:A }}] }}\n"
    );
    assert!(read(&twice).unwrap_err().to_string().contains("there twice"));
}
