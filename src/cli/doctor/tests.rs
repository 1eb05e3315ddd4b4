//! The doctor against things that are really broken.

use std::net::TcpListener;

use tempfile::TempDir;

use super::*;
use crate::secret::Secret;

fn settings(folder: &TempDir, base_url: &str) -> Settings {
    let mut cloud = TargetSettings { power: Power::On, ..TargetSettings::cloud() };
    if let TargetKind::Remote(remote) = &mut cloud.kind {
        base_url.clone_into(&mut remote.base_url);
        remote.key = Some(Secret::new("sk-never-shown".to_owned()));
    }
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        admin_listen: "127.0.0.1:0".parse().unwrap(),
        store: StoreSettings::Sqlite(folder.path().join("ledger.db")),
        targets: vec![TargetSettings::starter(), cloud],
        ..Settings::default()
    }
}

async fn told(settings: &Settings, reach: Reach) -> (bool, String) {
    let mut out = Vec::new();
    let ended = doctor(settings, reach, &mut out).await;
    (ended.is_ok(), String::from_utf8(out).unwrap())
}

/// A server that gives every request this status line.
fn server(status: &'static str) -> String {
    listening(status, &["authorization: bearer sk-never-shown"])
}

/// The same, which insists on these headers.
fn listening(status: &'static str, headers: &'static [&'static str]) -> String {
    format!("{}/v1", replying("/v1/models", headers, status, ""))
}

/// A server that is asked for `path`, with these headers, and replies this.
fn replying(
    path: &'static str,
    headers: &'static [&'static str],
    status: &'static str,
    body: &'static str,
) -> String {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 2048];
            let read = stream.read(&mut head).unwrap();
            let head = String::from_utf8_lossy(&head[..read]).to_ascii_lowercase();
            assert!(head.starts_with(&format!("get {path} http/1.1\r\n")), "{head}");
            assert!(headers.iter().all(|it| head.contains(it)), "{head}");
            let length = body.len();
            let reply = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.write_all(reply.as_bytes()).unwrap();
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_gateway_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let (is_well, text) = told(&settings(&folder, &server("200 OK")), Reach::Servers).await;
    assert!(is_well, "{text}");
    assert!(text.contains("ok    target cloud     answers, and takes the key"), "{text}");
    assert!(text.contains("ambidex-starter") && text.contains("will be made"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_asked_with_the_headers_that_it_wants() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = &["x-api-key: sk-never-shown", "anthropic-version: 2023-06-01"];
    let mut settings = settings(&folder, &listening("200 OK", wanted));
    if let TargetKind::Remote(remote) = &mut settings.targets[1].kind {
        remote.provider = upstream::provider::named("anthropic").unwrap();
        "claude-sonnet-4-5".clone_into(&mut remote.model);
    }
    let (is_well, text) = told(&settings, Reach::Servers).await;
    assert!(is_well && text.contains("answers, and takes the key"), "{text}");
}

/// Bedrock has no list of models where it answers prompts, and keys that may invoke often may not list.
#[tokio::test(flavor = "multi_thread")]
async fn bedrock_is_asked_with_a_signature_and_a_key_that_may_only_invoke_is_a_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = "/async-invoke?maxresults=1";
    let signed = &["authorization: aws4-hmac-sha256 credential=akidexample/", "x-amz-date: "];
    let denied = r#"{"message":"User: arn:aws:iam::1:user/x is not authorized to perform: bedrock:ListAsyncInvokes"}"#;
    let unknown = r#"{"message":"The security token included in the request is invalid."}"#;
    for (status, body, is_well, expected) in [
        ("200 OK", "{}", true, "answers, and takes the key"),
        ("403 Forbidden", denied, true, "answers, and knows the key"),
        ("403 Forbidden", unknown, false, "answers, and refuses the key"),
        ("403 Forbidden", "", false, "answers, and refuses the key"),
    ] {
        let mut settings = settings(&folder, &replying(path, signed, status, body));
        if let TargetKind::Remote(remote) = &mut settings.targets[1].kind {
            let secret = |text: &str| Secret::new(text.to_owned());
            remote.provider = upstream::provider::named("bedrock").unwrap();
            "amazon.nova-lite-v1:0".clone_into(&mut remote.model);
            remote.key = None;
            remote.region = Some("us-east-1".to_owned());
            remote.signing = Some(upstream::AwsKeys {
                access_key_id: secret("AKIDEXAMPLE"),
                secret_access_key: secret("wJalrXUtnFEMI"),
                session_token: None,
            });
        }
        let (ended, text) = told(&settings, Reach::Servers).await;
        assert_eq!(ended, is_well, "{text}");
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(!text.contains("arn:"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_target_is_named_and_no_key_shown() {
    let folder = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (base_url, is_well, expected) in [
        (server("401 Unauthorized"), false, "answers, and refuses the key"),
        (server("404 Not Found"), true, "has no list of models"),
        (server("503 Service Unavailable"), true, "answers with status 503"),
        (format!("http://{closed}/v1"), false, "no connection can be made"),
        ("http://no-such-host.invalid/v1".to_owned(), false, "cannot be resolved (DNS)"),
    ] {
        let (ended, text) = told(&settings(&folder, &base_url), Reach::Servers).await;
        assert_eq!(ended, is_well, "{text}");
        assert!(text.contains(expected) && text.contains("      -> "), "{text}");
        assert!(!text.contains("never-shown"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_here_is_found_without_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = settings(&folder, "http://upstream.example/v1");
    settings.listen = taken.local_addr().unwrap();
    settings.admin_listen = "192.0.2.1:9090".parse().unwrap();
    std::fs::write(folder.path().join("ledger.db"), "not a database at all, but long enough")
        .unwrap();
    if let TargetKind::Remote(remote) = &mut settings.targets[1].kind {
        "our-own-model".clone_into(&mut remote.model);
    }
    settings.policy = crate::config::PolicySource::File(folder.path().join("none.yaml"));
    let (is_well, text) = told(&settings, Reach::HereOnly).await;
    assert!(!is_well);
    for expected in [
        "FAIL  policy",
        "warn  port (clients)   ",
        "FAIL  port (operators)",
        "FAIL  ledger",
        "warn  price cloud      nobody knows what `our-own-model` costs",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!text.contains("target cloud"), "offline asks nobody: {text}");
}

#[tokio::test]
async fn a_clock_behind_the_ledger_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (store, _) = crate::record::Store::open(&path, clock::now()).unwrap();
    let row = crate::record::DecidedRow {
        refused: Some("policy_refused".to_owned()),
        chosen: None,
        ..crate::record::DecidedRow::example("a", clock::now())
    };
    store.decided(row).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(ledger(&(&path).into(), clock::now()).verdict, Verdict::Fine);
    let yesterday = clock::now() - jiff::SignedDuration::from_hours(24);
    let found = ledger(&(&path).into(), yesterday);
    assert_eq!((found.verdict, found.what.as_str()), (Verdict::Broken, "clock"));
}
