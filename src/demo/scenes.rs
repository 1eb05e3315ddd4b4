//! The requests of the demonstration, sent over HTTP as any client would send them.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{RESEARCH_KEY, SUPPORT_KEY};
use crate::clock;
use crate::gateway::Gateway;

/// A request and what it shows.
struct Scene {
    title: &'static str,
    key: &'static str,
    prompt: &'static str,
}

/// Public, restricted three times over, cheap, poor. The numbers are the card schemes' and the
/// vendors' own examples.
const SCENES: &[Scene] = &[
    Scene {
        title: "a public question",
        key: SUPPORT_KEY,
        prompt: "What is the difference between a mutex and a semaphore?",
    },
    Scene {
        title: "a cheap task",
        key: SUPPORT_KEY,
        prompt: "Extract the invoice number: Invoice INV-2207 from Norvik Supplies is due on \
                 14 March.",
    },
    Scene {
        title: "a card number",
        key: SUPPORT_KEY,
        prompt: "Extract the order number from this message: Order QX-48213 was paid with card \
                 4111 1111 1111 1111 yesterday, please send a receipt.",
    },
    Scene {
        title: "a private key",
        key: SUPPORT_KEY,
        prompt: "Write a Python function that signs a message with this key: \
                 -----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49\n\
                 AwEHoUQDQgAEPR3tU2Fta9ktY+6P9G0cWO+0kETA6SFs38GecTyudlHz6xvCdz8q\n-----END EC PRIVATE KEY-----",
    },
    Scene {
        title: "a team over budget",
        key: RESEARCH_KEY,
        prompt: "Answer from the passage. Passage: The invoice INV-2207 from Norvik Supplies is due \
                 on 14 March. Question: When is the invoice due?",
    },
    Scene {
        title: "over budget, open question",
        key: RESEARCH_KEY,
        prompt: "What should a small company think about before it moves to the cloud?",
    },
    Scene {
        title: "Chinese, with an id number",
        key: SUPPORT_KEY,
        prompt: "请写一封邮件，通知客户张伟（身份证号 11010519491231002X）他的申请已通过。",
    },
];

/// What came of a scene.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) title: &'static str,
    pub(super) status: u16,
    pub(super) latency: Duration,
    pub(super) answer: String,
    /// The decision's record, as the admin interface tells it.
    pub(super) record: Value,
}

/// Sends every scene, one after the other.
pub(super) async fn play(gateway: &Gateway) -> anyhow::Result<Vec<Row>> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_mins(1))
        .build()
        .context("the demo's client could not be set up")?;
    let mut rows = Vec::new();
    for scene in SCENES {
        rows.push(one(gateway, &client, scene).await.context(scene.title)?);
    }
    Ok(rows)
}

async fn one(gateway: &Gateway, client: &reqwest::Client, scene: &Scene) -> anyhow::Result<Row> {
    let body = json!({
        "model": "auto",
        "messages": [{ "role": "user", "content": scene.prompt }],
        "max_tokens": 120,
    });
    let started = clock::instant();
    let reply = client
        .post(format!("http://{}/v1/chat/completions", gateway.address))
        .header("authorization", format!("Bearer {}", scene.key))
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await?;
    let status = reply.status().as_u16();
    let id = reply.headers().get("x-ambidex-decision").and_then(|id| id.to_str().ok());
    let id = id.context("the reply carries no decision id")?.to_owned();
    let answer: Value = serde_json::from_slice(&reply.bytes().await?)?;
    let latency = started.elapsed();
    let said =
        answer.pointer("/choices/0/message/content").or_else(|| answer.pointer("/error/message"));
    Ok(Row {
        title: scene.title,
        status,
        latency,
        answer: said.and_then(Value::as_str).unwrap_or_default().to_owned(),
        record: record(gateway, client, &id).await?,
    })
}

/// Waits for the ledger to know how it ended, which is a moment after the answer.
async fn record(gateway: &Gateway, client: &reqwest::Client, id: &str) -> anyhow::Result<Value> {
    let url = format!("http://{}/admin/api/decisions/{id}", gateway.admin_address);
    let mut record = Value::Null;
    for _ in 0..100 {
        let reply = client.get(&url).send().await?;
        record = serde_json::from_slice(&reply.bytes().await?)?;
        let state = record.get("state").and_then(Value::as_str);
        if matches!(state, Some("settled" | "released" | "refused")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(record)
}
