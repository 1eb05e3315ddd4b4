//! A configuration's mistakes are told with their place and a way out, and no secret is shown.

use std::path::Path;

use ambidex::caller::KeyDigest;
use ambidex::config;
use ambidex::secret::Secret;

fn problems(text: &str) -> String {
    let environment = |name: &str| (name == "KEY").then(|| "secret-value-4471".to_owned());
    match config::read("ambidex.yaml", text, Path::new(""), &environment) {
        Ok(settings) => panic!("no problem was found: {settings:?}"),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn every_mistake_has_a_place_and_a_way_out() {
    for (text, expected) in [
        ("servr: {}\n", "error: unknown key `servr`\n --> ambidex.yaml:1:1"),
        ("servr: {}\n", "help: did you mean `server`?"),
        ("server: { listen: here }\n", "`here` is not an address with a port"),
        ("server: { listen: 0.0.0.0:80 }\n", "reachable from outside without caller keys"),
        ("store: mysql://x\n", "help: use `sqlite:PATH`"),
        ("store: postgres://u:hunter2@db/x\n", "a password stands in the file"),
        ("store: { path: x }\n", "unknown key `path`"),
        ("durability: maybe\n", "unknown durability `maybe`"),
        ("cache: { keep: 1m }\n", "unknown key `keep`"),
        ("cache: { kept_for: 0s }\n", "this keeps nothing"),
        ("cache: { sensitivity_max: restricted }\n", "restricted requests are never kept"),
        ("cache: { requests: deterministik }\n", "did you mean `deterministic`?"),
        ("targets: []\n", "at least one target is needed"),
        ("targets: [{ name: a, zone: on-host }]\n", "needs `engine` (a local model) or `provider`"),
        (
            "targets: [{ name: a, zone: eu, engine: starter }]\n",
            "runs in this process, not in `eu`",
        ),
        ("targets: [{ name: a, zone: eu, provider: opnai, model: m }]\n", "did you mean `openai`?"),
        ("targets: [{ name: a, zone: eu, provider: openai }]\n", "`model` is missing here"),
        (
            "targets: [{ name: a, zone: on-host, provider: openai, model: m }]\n",
            "`on-host` is this machine, but `base_url` is another",
        ),
        (
            "targets: [{ name: a, zone: eu, provider: openai, model: m, base_url: \"http://x.example\" }]\n",
            "prompts would travel unencrypted",
        ),
        (
            "targets: [{ name: a, zone: eu, provider: openai, model: m, key: env:NOPE }]\n",
            "the environment variable `NOPE` is not set",
        ),
        (
            "targets: [{ name: a, zone: eu, provider: openai, model: m, timeout: 5 min }]\n",
            "`5 min` is not a duration",
        ),
        (
            "targets: [{ name: a, zone: eu, provider: openai, model: m, price: cheap }]\n",
            "help: write `free`, or USD per million tokens",
        ),
        (
            "targets: [{ name: a, zone: eu, provider: openai, model: m, price: { input: 1 } }]\n",
            "`output` is missing here",
        ),
        (
            "targets: [{ name: a, zone: eu, provider: openai, model: m, price: { input: 0.00000015, output: 1 } }]\n",
            "per million tokens cannot be right",
        ),
        (
            "targets: [{ name: a, zone: on-host, engine: starter, price: free }]\n",
            "help: say what the machine costs with `machine_usd_per_hour`",
        ),
        (
            "callers: [{ name: a, key: env:KEY }, { name: a, key: env:KEY }]\n",
            "two callers named `a`",
        ),
        (
            "callers: [{ name: a, key: env:KEY }, { name: b, key: env:KEY }]\n",
            "the same key as another",
        ),
    ] {
        let told = problems(text);
        assert!(told.contains(expected), "{text}\n{told}");
        assert!(told.contains("ambidex.yaml:"), "{told}");
    }
}

#[test]
fn mistakes_about_providers_are_told() {
    for (text, expected) in [
        (
            "targets: [{ name: a, zone: eu, provider: openai, model: m, hedge: { after: 0s } }]\n",
            "this would ask two targets every time",
        ),
        (
            "targets: [{ name: a, zone: eu, provider: openai, model: m, hedge: { before: 2s } }]\n",
            "unknown key `before`",
        ),
        (
            "targets: [{ name: a, zone: eu, provider: azure, model: m, key: env:KEY }]\n",
            "`azure` has no address of its own",
        ),
        (
            "targets: [{ name: a, zone: eu, provider: bedrock, model: m, key: env:KEY }]\n",
            "`region` is missing",
        ),
        (
            "targets: [{ name: a, zone: eu, provider: bedrock, model: m, region: \"x.example/#\", key: env:KEY }]\n",
            "cannot be part of an address",
        ),
        (
            "targets: [{ name: a, zone: eu, provider: openai, model: m, region: eu-1, aws: { access_key_id: env:KEY, secret_access_key: env:KEY } }]\n",
            "this provider takes a `key`, not `aws` keys",
        ),
        (
            "targets: [{ name: a, zone: eu, provider: bedrock, model: m, region: eu-1, aws: { access_key_id: AKIA123, secret_access_key: env:KEY } }]\n",
            "a secret cannot stand in this file",
        ),
    ] {
        let told = problems(text);
        assert!(told.contains(expected), "{text}\n{told}");
    }
}

#[test]
fn what_an_address_is_made_of_is_read() {
    let text = "targets:\n- { name: a, zone: eu, provider: azure, model: m, key: env:KEY, base_url: https://n.openai.azure.com, api_version: 2024-10-21 }\n\
                - { name: b, zone: eu, provider: bedrock, model: m, region: eu-central-1, aws: { access_key_id: env:KEY, secret_access_key: env:KEY } }\n";
    let environment = |_: &str| Some("secret-value-4471".to_owned());
    let settings = config::read("ambidex.yaml", text, Path::new(""), &environment).unwrap();
    let told = format!("{:?}", settings.targets);
    assert!(told.contains("2024-10-21") && told.contains("eu-central-1"), "{told}");
    assert!(!told.contains("4471"), "keys are not shown");
}

#[test]
fn mistakes_about_local_models_are_told() {
    for (text, expected) in [
        ("licences_allowed: []\n", "no licence is allowed"),
        ("local_models: [{ name: starter, path: a/b }]\n", "`starter` is the model in the binary"),
        (
            "local_models: [{ name: a, path: x }, { name: a, path: y }]\n",
            "two local models named `a`",
        ),
        ("local_models: [{ name: a, path: x, sha256: abc }]\n", "`abc` is not a SHA-256"),
        ("local_models: [{ name: a, path: x, backend: candel }]\n", "did you mean `candle`?"),
        ("local_models: [{ name: a, path: x, device: gpu }]\n", "`gpu` is not a device"),
        (
            "local_models: [{ name: a, path: x, backend: cpu, device: cuda:1 }]\n",
            "the `cpu` backend computes on the processor only",
        ),
        (
            "local_models: [{ name: small, path: x }]\ntargets: [{ name: a, zone: on-host, engine: smal }]\n", // typos:ignore
            "did you mean `small`?",
        ),
        (
            "local_models: [{ name: small, path: x }]\ntargets: [{ name: a, zone: on-host, engine: small, threads: 2 }]\n",
            "set it in `local_models` for `small`",
        ),
        (
            "local_models: [{ name: s, path: x, adapters: [{ name: tone, path: y }] }]\ntargets: [{ name: a, zone: on-host, engine: s, adapter: tune }]\n",
            "unknown adapter `tune`",
        ),
        (
            "targets: [{ name: a, zone: on-host, engine: starter, adapter: tone }]\n",
            "this target has no model with adapters",
        ),
    ] {
        let told = problems(text);
        assert!(told.contains(expected), "{text}\n{told}");
    }
}

#[test]
fn a_misplaced_secret_is_not_repeated() {
    let told = problems("callers: [{ name: a, key: sk-live-123456 }]\n");
    assert!(told.contains("a secret cannot stand in this file"), "{told}");
    assert!(told.contains("write `env:NAME` or `file:PATH`") && !told.contains("123456"), "{told}");
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let text = "callers: [{ name: a, key: env:KEY }]\n\
                targets: [{ name: c, zone: eu, provider: openai, model: m, key: env:KEY }]\n";
    let environment = |_: &str| Some("secret-value-4471".to_owned());
    let settings = config::read("ambidex.yaml", text, Path::new(""), &environment).unwrap();
    assert_eq!(
        settings.callers[0].keys[0].digest,
        KeyDigest::of(&Secret::new("secret-value-4471".to_owned()))
    );
    assert!(!format!("{settings:?}").contains("4471"));
}

#[test]
fn all_mistakes_are_told_at_once_and_in_order() {
    let told = problems("store: x\nservr: 1\ntargets: [{ name: 1 }]\n");
    let places: Vec<_> = ["yaml:1:8", "yaml:2:1", "yaml:3:"].map(|place| told.find(place)).into();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{told}");
}
