//! What the admin API is, for programs (`/docs/openapi.json`) and for people (`/docs`), from one table.

use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use hyper::{Response, StatusCode};
use maud::{DOCTYPE, html};
use serde_json::{Map, Value, json};

use crate::console;
use crate::server::{Body, respond};

/// One thing that can be asked for.
#[derive(Clone, Copy, Debug)]
struct Operation {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    /// Query parameters and what they mean.
    query: &'static [(&'static str, &'static str)],
    /// The media type of the body, and what is in it.
    body: Option<(&'static str, &'static str)>,
}

const fn get(path: &'static str, summary: &'static str) -> Operation {
    Operation { method: "get", path, summary, query: &[], body: None }
}

const fn post(path: &'static str, summary: &'static str) -> Operation {
    Operation { method: "post", path, summary, query: &[], body: None }
}

const fn put(path: &'static str, summary: &'static str) -> Operation {
    Operation { method: "put", path, summary, query: &[], body: None }
}

const fn delete(path: &'static str, summary: &'static str) -> Operation {
    Operation { method: "delete", path, summary, query: &[], body: None }
}

impl Operation {
    const fn query(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    const fn body(self, media: &'static str, what: &'static str) -> Self {
        Self { body: Some((media, what)), ..self }
    }
}

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";

/// Everything below `/admin/api`.
const OPERATIONS: &[Operation] = &[
    get("/admin/api/decisions", "The latest decisions, newest first.").query(&[
        ("target", "The target that answered, or `none` for refusals."),
        ("sensitivity", "The level that the policy saw."),
        ("team", "Who paid."),
        ("outcome", "How it ended: `answered`, `refused`, `client_gone`, `target_failed`, `truncated`, `held`."),
        ("id", "How the decision id begins."),
        ("before", "Only what was decided before this instant."),
        ("limit", "How many, 100 without it, at most 1000."),
    ]),
    get("/admin/api/decisions/{id}", "One decision: facts, limits, routes, why, cost."),
    get("/admin/api/ledger/sums", "What the whole ledger adds up to."),
    get("/admin/api/budgets", "How every budget stands in its current window."),
    get("/admin/api/targets", "Where requests can go, and how each stands: `up`, `resting` (it asked for a pause), `open` (it failed too often and is left alone), `probing` (one request finds out whether it works again) or `off` (no key)."),
    get("/admin/api/keys", "API keys, without what opens anything."),
    post("/admin/api/keys", "Make an API key. Its secret is in this answer and nowhere else.").body(
        JSON,
        "`name`, and optionally `team`, `expires` (`90d` or a day), `models`, `data_floor`, `criticality`, `region`, `requests_per_minute`, `tokens_per_minute`, `concurrent`, `budgets` (each one line, such as `50/month` or `5/day tz=Europe/Berlin warn_at=80%`); or `admin: true` for an operator's key, which opens the console and this API and no model.",
    ),
    post("/admin/api/keys/{name}/rotate", "Give a key a new secret; the old one stays good for a while.")
        .body(JSON, "Optionally `overlap`, such as `24h`, which is what it is without it."),
    put("/admin/api/keys/{name}/budgets", "Give a key other budgets of its own, at once.")
        .body(JSON, "`budgets`: one line each, such as `50/month`; `[]` for none."),
    delete("/admin/api/keys/{name}", "End a key for good."),
    get("/admin/api/policy", "The policy in force, and what is wrong with its file."),
    post("/admin/api/policy/reload", "Read the policy file and put it in force if nothing is wrong with it.")
        .query(&[("dry_run", "`true`: change nothing; checks the policy in the body, if there is one.")])
        .body(YAML, "With `dry_run=true`, a policy to check instead of the file."),
    get("/admin/api/policy/shadow", "What the shadow has seen so far."),
    post("/admin/api/policy/shadow", "Let a policy decide beside the one in force; it sends nothing.")
        .body(YAML, "The policy."),
    delete("/admin/api/policy/shadow", "End the shadow."),
    post("/admin/api/policy/promote", "Put the shadow in force and write it into the policy file.")
        .query(&[("rev", "Only if that is the shadow's revision.")]),
];

/// The document, by the rules of `OpenAPI`.
pub(super) fn document() -> Response<Body> {
    respond::json(StatusCode::OK, described().to_string())
}

fn described() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(operation.method.to_owned(), one(operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Ambidex admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "Operate a gateway. With `console.keys` in the configuration every request needs one of them as a bearer token; without, the listener is on loopback only.",
        },
        "security": [{ "adminKey": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "adminKey": { "type": "http", "scheme": "bearer" } },
            "schemas": { "Error": {
                "type": "object", "required": ["error"],
                "properties": { "error": { "type": "string" } },
            } },
        },
    })
}

fn one(operation: &Operation) -> Value {
    let in_path =
        operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let text = json!({ "type": "string" });
    let in_path =
        in_path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": text }));
    let in_query = operation.query.iter().map(|(name, meaning)| {
        json!({ "name": name, "in": "query", "description": meaning, "schema": text })
    });
    let failed = json!({
        "description": "What is wrong, in `error`.",
        "content": { JSON: { "schema": { "$ref": "#/components/schemas/Error" } } },
    });
    let name = operation.path.trim_start_matches("/admin/api/").replace(['/', '{', '}'], "_");
    let mut described = json!({
        "operationId": format!("{}_{}", operation.method, name.trim_matches('_')),
        "summary": operation.summary,
        "parameters": in_path.chain(in_query).collect::<Vec<_>>(),
        "responses": {
            "200": { "description": "Done.", "content": { JSON: { "schema": { "type": "object" } } } },
            "4XX": failed,
            "5XX": failed,
        },
    });
    if let (Some((media, what)), Some(described)) = (operation.body, described.as_object_mut()) {
        let mut content = Map::new();
        content.insert(media.to_owned(), json!({}));
        described
            .insert("requestBody".to_owned(), json!({ "description": what, "content": content }));
    }
    described
}

/// The same for people.
pub(super) fn page() -> Response<Body> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Ambidex admin API" }
                link rel="stylesheet" href="/console/style.css";
            }
            body.plain {
                main {
                    h1 { "Admin API" }
                    p.lead {
                        "For programs: " a href="/docs/openapi.json" { "openapi.json" }
                        ". With admin keys configured, send one as a bearer token."
                    }
                    @for operation in OPERATIONS {
                        section.card {
                            h2.operation {
                                span.method { (operation.method.to_uppercase()) } " "
                                code { (operation.path) }
                            }
                            p { (operation.summary) }
                            @if !operation.query.is_empty() || operation.body.is_some() {
                                dl.facts {
                                    @for (name, meaning) in operation.query {
                                        dt { code { "?" (name) } } dd { (meaning) }
                                    }
                                    @if let Some((media, what)) = operation.body {
                                        dt { (media) } dd { (what) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    let mut reply = respond::typed(StatusCode::OK, "text/html; charset=utf-8", page.into_string());
    let policy = HeaderValue::from_static(console::CONTENT_POLICY);
    reply.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    reply
}
