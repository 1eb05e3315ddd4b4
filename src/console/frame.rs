//! What every page has: the head, the way to the other pages, and the pieces that pages are made of.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::form::encoded;
use super::words::{Lang, W};
use super::{Desk, MARK};
use crate::policy::is_remote;

/// The pages, in the order of the menu.
const MENU: [(&str, W); 8] = [
    ("", W::Overview),
    ("/decisions", W::Decisions),
    ("/playground", W::Playground),
    ("/policy", W::Policy),
    ("/budgets", W::Budgets),
    ("/keys", W::Keys),
    ("/targets", W::Targets),
    ("/models", W::LocalModels),
];

/// A whole page.
pub(super) fn page(desk: &Desk, title: W, body: &Markup) -> Markup {
    let title = desk.t(title);
    let policy = desk.app().policy();
    let renewal = if desk.query.text("live") == "1" { Renewal::Often } else { Renewal::Never };
    document(
        desk.lang,
        title,
        renewal,
        &html! {
            a.skip href="#main" { (desk.t(W::SkipToContent)) }
            header.side { div.rail {
                a.brand href="/console" { (PreEscaped(MARK)) span { "Ambidex" } }
                nav aria-label=(desk.t(W::Pages)) {
                    ul {
                        @for (path, word) in MENU {
                            li { (entry(desk, path, desk.t(word))) }
                        }
                    }
                }
                div.foot {
                    p.policy-now {
                        span.quiet { (desk.t(W::PolicyInForce)) } br;
                        strong { (policy.name()) } " " code { (policy.rev()) }
                    }
                    p { (languages(desk.lang, &desk.path)) }
                    div.quiet {
                        (desk.operator.name)
                        @if desk.operator.is_signed_in {
                            " · "
                            form.inline method="post" action="/console/logout" {
                                (csrf(desk))
                                button.link type="submit" { (desk.t(W::SignOut)) }
                            }
                        }
                    }
                }
            } }
            main #main tabindex="-1" {
                h1 { (title) }
                @if let Some(trouble) = desk.app().rollout.trouble() {
                    (problem(desk.t(W::PolicyFileRefused), &trouble))
                }
                (body)
            }
        },
    )
}

fn entry(desk: &Desk, path: &str, word: &str) -> Markup {
    let here = desk.path.trim_start_matches("/console").trim_end_matches('/');
    let is_here = if path.is_empty() { here.is_empty() } else { here.starts_with(path) };
    html! {
        a href={ "/console" (path) } aria-current=[is_here.then_some("page")] { (word) }
    }
}

fn languages(now: Lang, path: &str) -> Markup {
    html! {
        @for (index, lang) in Lang::ALL.into_iter().enumerate() {
            @if index > 0 { " · " }
            @if lang == now {
                strong lang=(lang.name()) { (lang.own_name()) }
            } @else {
                a lang=(lang.name()) hreflang=(lang.name())
                    href={ "/console/language?to=" (lang.name()) "&back=" (encoded(path)) } { (lang.own_name()) }
            }
        }
    }
}

/// Whether a page loads itself again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    /// Every few seconds.
    Often,
    /// When somebody wants it.
    Never,
}

/// A document without a menu, or the frame of one with it.
pub(super) fn document(lang: Lang, title: &str, renewal: Renewal, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(lang.name()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                @if renewal == Renewal::Often { meta http-equiv="refresh" content="3"; }
                title { (title) " · Ambidex" }
                link rel="icon" href="/console/mark.svg";
                link rel="stylesheet" href="/console/style.css";
            }
            body { (body) }
        }
    }
}

/// Proves that a form is ours.
pub(super) fn csrf(desk: &Desk) -> Markup {
    html! { input type="hidden" name="csrf" value=(desk.operator.csrf); }
}

/// The sentence below a title.
pub(super) fn lead(text: &str) -> Markup {
    html! { p.lead { (text) } }
}

/// Something is wrong.
pub(super) fn problem(title: &str, text: &str) -> Markup {
    html! { div.notice.bad role="alert" { strong { (title) } p { (text) } } }
}

/// Something went well.
pub(super) fn good(title: &str, body: &Markup) -> Markup {
    html! { div.notice.good role="status" { strong { (title) } (body) } }
}

/// Where data goes, as a label: ours or somebody else's.
pub(super) fn zone(name: &str) -> Markup {
    let kind = if name == "none" || name.is_empty() {
        return html! { span.zone { "–" } };
    } else if is_remote(name) {
        "zone remote"
    } else {
        "zone local"
    };
    html! { span class=(kind) { (name) } }
}

/// A sensitivity level as a label.
pub(super) fn level(name: &str) -> Markup {
    html! { span class={ "level " (name) } { (name) } }
}

/// How a request ended, as a label.
pub(super) fn outcome(desk: &Desk, name: &str) -> Markup {
    let (kind, word) = match name {
        "answered" => ("good", W::Answered),
        "cached" => ("good", W::Cached),
        "refused" => ("refused", W::Refused),
        "held" => ("busy", W::Running),
        "client_gone" => ("quiet", W::ClientGone),
        "target_failed" => ("bad", W::TargetFailed),
        "truncated" => ("bad", W::Truncated),
        "expired" => ("bad", W::Expired),
        other => return html! { span.outcome { (other) } },
    };
    html! { span class={ "outcome " (kind) } { (desk.t(word)) } }
}

/// A number with what it is.
pub(super) fn figure(name: &str, value: &str, note: &str) -> Markup {
    html! {
        div.figure {
            dt { (name) }
            dd { span.value { (value) } @if !note.is_empty() { span.note { (note) } } }
        }
    }
}
