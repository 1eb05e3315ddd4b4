//! The view with OpenTelemetry's names agrees with our own metrics, and is not there unless it is asked for.

use ambidex::chat::Surface;
use ambidex::telemetry::genai::{Version, operation, provider};
use ambidex::upstream::provider::PROVIDERS;

use super::prometheus::page_is_clean;
use crate::support::{Proxy, Say, Upstream, answer, chat, events, streamed};

/// The well-known providers of version 1.37.
const KNOWN: [&str; 15] = [
    "anthropic",
    "aws.bedrock",
    "azure.ai.inference",
    "azure.ai.openai",
    "cohere",
    "deepseek",
    "gcp.gemini",
    "gcp.gen_ai",
    "gcp.vertex_ai",
    "groq",
    "ibm.watsonx.ai",
    "mistral_ai",
    "openai",
    "perplexity",
    "x_ai",
];

#[test]
fn providers_have_the_conventions_name_where_there_is_one() {
    let names = PROVIDERS.iter().map(|it| provider(it.name()));
    let own: Vec<&str> = names.filter(|name| !KNOWN.contains(name)).collect();
    assert_eq!(own, ["minimax", "openrouter", "zhipu"]);
    assert_eq!(provider("engine"), "ambidex");
    let operations = Surface::ALL.map(|it| operation(it.name()));
    assert_eq!(operations, ["chat", "chat", "text_completion", "chat", "embeddings"]);
}

/// The sum of a metric's series that have all of these words.
fn sum(page: &str, metric: &str, words: &[&str]) -> f64 {
    let lines = page.lines().filter(|line| {
        line.starts_with(&format!("{metric}{{")) && words.iter().all(|it| line.contains(it))
    });
    lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_names_tell_the_same() {
    let upstream = Upstream::script([
        Say::Whole(200, answer("x", 200, 50)),
        Say::Events(events(&["a", "b", "c"], Some((120, 30)))),
        Say::Whole(400, r#"{"error":{"message":"no"}}"#.to_owned()),
        Say::Whole(200, answer("x", 7, 3)),
    ])
    .await;
    let proxy = Proxy::with(&upstream, |settings, _| settings.genai = Some(Version::V1_37)).await;
    let poem = "Write a poem about the sea";
    proxy.send(&chat(poem)).await;
    proxy.send(&streamed(poem)).await;
    proxy.send(&chat(poem)).await;
    let mut foreign = chat(poem);
    foreign["model"] = "made-up-name".into();
    proxy.send(&foreign).await;
    proxy.send(&chat("Summarize: paid with 4111 1111 1111 1111")).await;
    proxy.rows().await;
    let page = proxy.metrics().await;

    let same = |(theirs, their_words): (&str, &[&str]), (ours, our_words): (&str, &[&str])| {
        let (theirs_sum, ours_sum) = (sum(&page, theirs, their_words), sum(&page, ours, our_words));
        assert!((theirs_sum - ours_sum).abs() < 1e-9, "{theirs} {theirs_sum}, {ours} {ours_sum}");
        assert!(theirs_sum > 0.0, "{theirs} is told");
    };
    let input: f64 = ["input_uncached", "cache_read", "cache_write"]
        .iter()
        .map(|kind| sum(&page, "ambidex_tokens_total", &[&format!("kind=\"{kind}\"")]))
        .sum();
    let output: f64 = ["output", "reasoning"]
        .iter()
        .map(|kind| sum(&page, "ambidex_tokens_total", &[&format!("kind=\"{kind}\"")]))
        .sum();
    for (kind, ours) in [("input", input), ("output", output)] {
        let words = format!("gen_ai_token_type=\"{kind}\"");
        let theirs = sum(&page, "gen_ai_client_token_usage_sum", &[&words]);
        assert!((theirs - ours).abs() < 1e-9 && theirs > 0.0, "{kind}: {theirs}, {ours}");
    }
    // Of the vendor's four requests three used tokens, and all of them are told with its name and model.
    let cloud = ["provider_name=\"openai\"", "model=\"gpt-4o-mini\"", "operation_name=\"chat\""];
    let usages = sum(&page, "gen_ai_client_token_usage_count", &[cloud[0], "type=\"output\""]);
    assert!((usages - 3.0).abs() < 1e-9, "{usages}");
    let asked = sum(&page, "gen_ai_client_operation_duration_seconds_count", &cloud);
    assert!(asked >= 4.0, "{asked}");
    for (theirs, ours) in [
        ("gen_ai_server_request_duration_seconds_sum", "ambidex_request_duration_seconds_sum"),
        ("gen_ai_server_request_duration_seconds_count", "ambidex_request_duration_seconds_count"),
        (
            "gen_ai_server_time_to_first_token_seconds_sum",
            "ambidex_time_to_first_token_seconds_sum",
        ),
        (
            "gen_ai_server_time_per_output_token_seconds_sum",
            "ambidex_time_per_output_token_seconds_sum",
        ),
    ] {
        same((theirs, &[]), (ours, &[]));
    }
    let attempts = sum(&page, "ambidex_attempts_total", &[])
        - sum(&page, "ambidex_attempts_total", &["result=\"busy\""]);
    let operations = sum(&page, "gen_ai_client_operation_duration_seconds_count", &[]);
    assert!((attempts - operations).abs() < 1e-9, "{attempts} attempts, {operations} operations");
    assert!(!page.contains("made-up-name"), "a client's word is no label");
    page_is_clean(&page);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_being_asked_for_it_is_not_there() {
    let upstream = Upstream::script([Say::Whole(200, answer("x", 9, 9))]).await;
    let proxy = Proxy::start(&upstream).await;
    proxy.send(&chat("Write a poem about the sea")).await;
    assert!(!proxy.metrics().await.contains("gen_ai_"));
    proxy.stop().await;
}
