//! The playground: a prompt, a caller, facts to try out; the decision before anything is sent, then the
//! answer. The text stays in the page of whoever typed it.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::numbers::usd;
use super::words::W;
use super::{Answer, Desk, decision, frame};
use crate::chat::{Request, Surface};
use crate::decide::{self, Foreseen, Known, Said};
use crate::dialect;
use crate::inspect::Findings;
use crate::money::NanoUsd;
use crate::pipeline;
use crate::policy::{Estimate, Explanation, Policy, VOCABULARY};
use crate::record::trace;
use crate::reply;
use crate::yaml::Problems;

/// An answer's longest text in the page.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Answer tokens when nobody says.
const OUTPUT_TOKENS: u32 = 256;

pub(super) fn page(desk: &Desk) -> Answer {
    Answer::Page(W::Playground, html! { (frame::lead(desk.t(W::AboutPlayground))) (form(desk)) })
}

/// Shows the decision, and sends if that is what was asked for.
pub(super) async fn posted(desk: &Arc<Desk>) -> Answer {
    let prompt = desk.form.text("prompt");
    let mut body = html! { (frame::lead(desk.t(W::AboutPlayground))) (form(desk)) };
    if prompt.trim().is_empty() {
        body = html! { (body) (frame::problem(desk.t(W::NothingToSend), desk.t(W::TypeAPrompt))) };
        return Answer::Page(W::Playground, body);
    }
    let bytes = Bytes::from(asked(desk).to_string());
    let is_sent = desk.form.text("do") == "send";
    let below = if is_sent { sent(desk, bytes).await } else { foreseen(desk, bytes).await };
    Answer::Page(W::Playground, html! { (body) (below) })
}

/// The request as a client would send it.
fn asked(desk: &Desk) -> Value {
    let model = desk.form.word("model").unwrap_or_else(|| "auto".to_owned());
    let most = desk.form.text("max_tokens").trim().parse().unwrap_or(OUTPUT_TOKENS);
    json!({
        "model": model,
        "max_tokens": most,
        "messages": [{ "role": "user", "content": desk.form.text("prompt") }],
    })
}

fn form(desk: &Desk) -> Markup {
    let t = |word: W| desk.t(word);
    let chosen = desk.form.text("caller");
    let most = desk.form.word("max_tokens").unwrap_or_else(|| OUTPUT_TOKENS.to_string());
    let model = desk.form.word("model").unwrap_or_else(|| "auto".to_owned());
    html! {
        form.card.playground method="post" action="/console/playground" {
            (frame::csrf(desk))
            label.wide { span { (t(W::Prompt)) }
                textarea name="prompt" rows="6" required placeholder=(t(W::PromptExample)) { (desk.form.text("prompt")) }
            }
            div.row {
                label { span { (t(W::Caller)) }
                    select name="caller" {
                        @for name in desk.app().callers.names() {
                            option value=(name) selected[name == chosen] { (name) }
                        }
                    }
                }
                label { span { (t(W::ModelAsked)) } input name="model" value=(model) size="16"; }
                label { span { (t(W::AnswerMax)) } input name="max_tokens" value=(most) size="6" inputmode="numeric"; }
            }
            details open[!desk.form.text("given").trim().is_empty()] {
                summary { (t(W::WhatIf)) }
                label.wide { span { (t(W::WhatIfNote)) }
                    textarea.mono name="given" rows="3" placeholder="budget.team-month.used: 104%\ntask.type: code" { (desk.form.text("given")) }
                }
                details { summary.quiet { (t(W::AllFacts)) }
                    dl.facts.dense { @for fact in VOCABULARY { dt { code { (fact.name) } } dd { (fact.meaning) } } }
                }
            }
            p.buttons {
                button name="do" value="decide" type="submit" { (t(W::SeeDecision)) }
                button.strong name="do" value="send" type="submit" { (t(W::Send)) }
            }
        }
    }
}

/// What was seen in the request, and what the policy says to it.
struct Seen {
    policy: Arc<Policy>,
    request: Arc<Request>,
    findings: Findings,
    foreseen: Foreseen,
}

enum Unseen {
    NoCaller,
    Unreadable(String),
    Given(Problems),
}

async fn see(desk: &Desk, body: Bytes) -> Result<Seen, Unseen> {
    let app = desk.app();
    let caller = app.callers.named(desk.form.text("caller")).ok_or(Unseen::NoCaller)?;
    let request = dialect::of(Surface::OpenAiChat).read(body);
    let request = Arc::new(request.map_err(|error| Unseen::Unreadable(error.to_string()))?);
    let policy = app.policy();
    let inspection = app.inspector.inspection(&policy);
    let findings = app.inspector.read(&request, &inspection).await;
    let said = Said::default();
    let known = Known {
        caller: &caller,
        request: &request,
        said: &said,
        findings: &findings,
        now: desk.now,
    };
    let given = desk.form.text("given").trim();
    let foreseen = decide::foresee(app, &policy, known, |scenario| {
        if given.is_empty() {
            return Ok(());
        }
        let name = app.rollout.source_name();
        scenario.give((&name, &app.rollout.text()), app.rollout.world(), (desk.t(W::WhatIf), given))
    });
    let foreseen = foreseen.map_err(Unseen::Given)?;
    Ok(Seen { policy, request: Arc::clone(&request), findings, foreseen })
}

async fn foreseen(desk: &Desk, body: Bytes) -> Markup {
    let seen = match see(desk, body).await {
        Ok(seen) => seen,
        Err(Unseen::NoCaller) => {
            return frame::problem(desk.t(W::Trouble), desk.t(W::NoSuchCaller));
        }
        Err(Unseen::Unreadable(why)) => return frame::problem(desk.t(W::Trouble), &why),
        Err(Unseen::Given(problems)) => return problems_with(desk, W::WhatIf, &problems),
    };
    let explanation = Explanation::of(&seen.policy, &seen.foreseen.decision);
    html! {
        h2.part { (desk.t(W::TheDecision)) }
        p.quiet { (desk.t(W::NothingSentYet)) }
        (decision::verdict(desk, &explanation))
        div.two {
            section.card { h2 { (desk.t(W::WhatWasFound)) } (marked(desk, &seen)) }
            section.card {
                h2 { (desk.t(W::Facts)) }
                (decision::facts(desk, &seen.foreseen.facts_json))
                (at_most(desk, &seen))
            }
        }
        (decision::why(desk, &explanation))
    }
}

/// Problems with their places and carets.
pub(super) fn problems_with(desk: &Desk, what: W, problems: &Problems) -> Markup {
    html! {
        div.notice.bad role="alert" {
            strong { (desk.t(what)) ": " (problems.errors()) " " (desk.t(W::Mistakes)) }
            pre.carets { (problems) }
        }
    }
}

fn at_most(desk: &Desk, seen: &Seen) -> Markup {
    let first = seen.foreseen.decision.target();
    let estimate = first.and_then(|target| seen.foreseen.estimates.get(target.0));
    html! {
        @if let Some(Estimate::Known(cost)) = estimate {
            p { (desk.t(W::WouldCostAtMost)) " " strong { (usd(*cost)) } }
        }
    }
}

/// The prompt with what was found marked in it.
fn marked(desk: &Desk, seen: &Seen) -> Markup {
    let prompt = desk.form.text("prompt");
    let leaves = seen.request.leaves();
    let place = leaves.iter().position(|leaf| leaf.is_prose && leaf.text == prompt);
    let mut items: Vec<_> = seen
        .findings
        .items
        .iter()
        .filter(|it| place.is_some_and(|place| u32::try_from(place) == Ok(it.leaf)))
        .collect();
    items.sort_by_key(|it| it.span.start);
    let mut parts: Vec<(&str, Option<&str>)> = Vec::new();
    let mut at = 0;
    let index = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    for item in items {
        let (start, end) = (index(item.span.start), index(item.span.end));
        if start < at {
            continue;
        }
        parts.push((prompt.get(at..start).unwrap_or_default(), None));
        parts.push((prompt.get(start..end).unwrap_or_default(), Some(item.label.name())));
        at = end;
    }
    parts.push((prompt.get(at..).unwrap_or_default(), None));
    html! {
        p.prompt {
            @for (text, label) in parts {
                @match label {
                    Some(label) => mark { (text) small { (label) } },
                    None => (text),
                }
            }
        }
        @if seen.findings.items.is_empty() { p.quiet { (desk.t(W::NoneFound)) } }
    }
}

/// Sends the request as the chosen caller and shows what came back.
async fn sent(desk: &Arc<Desk>, body: Bytes) -> Markup {
    let app = desk.app();
    let admitted = match app.callers.admit_as(desk.form.text("caller")) {
        Some(Ok(admitted)) => admitted,
        Some(Err(failure)) => return frame::problem(desk.t(W::Trouble), &failure.message),
        None => return frame::problem(desk.t(W::Trouble), desk.t(W::NoSuchCaller)),
    };
    let reply = pipeline::handle_as(app, Surface::OpenAiChat, admitted, body).await;
    let (head, body) = reply.into_parts();
    let header = |name| head.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (id, target, zone) = (header(reply::DECISION), header(reply::TARGET), header(reply::ZONE));
    let cost = NanoUsd::from_decimal_usd(header(reply::COST)).unwrap_or(NanoUsd::ZERO);
    let bytes = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let text = answer.pointer("/choices/0/message/content").and_then(Value::as_str);
    let error = answer.pointer("/error/message").and_then(Value::as_str);
    let cut = |text: &str| text.chars().take(ANSWER_BYTES_MAX).collect::<String>();
    let (reading, wanted) = (Arc::clone(desk), id.to_owned());
    let found = tokio::task::spawn_blocking(move || recorded(&reading, &wanted)).await;
    let explanation = found.ok().flatten();
    html! {
        h2.part { (desk.t(W::TheAnswer)) }
        section class=(if head.status.is_success() { "card answer" } else { "card answer refused" }) {
            p.from {
                @if target.is_empty() { code { (head.status.as_u16()) } } @else { (target) " " (frame::zone(zone)) }
                " · " (usd(cost)) " · "
                a #decision href={ "/console/decisions/" (id) } { (desk.t(W::OpenDecision)) }
            }
            @match (text, error) {
                (Some(text), _) => p.said { (cut(text)) },
                (None, Some(error)) => p.said { (cut(error)) },
                (None, None) => p.quiet { (desk.t(W::NoText)) },
            }
        }
        @if let Some(explanation) = &explanation {
            (decision::verdict(desk, explanation))
            (decision::why(desk, explanation))
        }
    }
}

fn recorded(desk: &Desk, id: &str) -> Option<Explanation<'static>> {
    let row = desk.app().store.reader().ok()?.row(id).ok()??;
    trace::read(&row.decided.trace_json)
}
