//! Local models: what they are, what they may be asked for, and how busy they are.

use maud::{Markup, html};

use super::numbers::{bytes, count, duration};
use super::words::W;
use super::{Answer, Desk, frame};
use crate::engine::Engine;

pub(super) fn page(desk: &Desk) -> Answer {
    let mut engines: Vec<(&Engine, Vec<&str>)> = Vec::new();
    for target in &desk.app().destinations {
        let Some(engine) = target.engine() else { continue };
        match engines.iter_mut().find(|(known, _)| known.shares(engine)) {
            Some((_, names)) => names.push(&target.name),
            None => engines.push((engine, vec![&target.name])),
        }
    }
    Answer::Page(
        W::LocalModels,
        html! {
            (frame::lead(desk.t(W::AboutModels)))
            @for (engine, names) in &engines { (card(desk, engine, names)) }
            @if engines.is_empty() { p.quiet { (desk.t(W::NoModels)) } }
        },
    )
}

fn card(desk: &Desk, engine: &Engine, targets: &[&str]) -> Markup {
    let (card, load) = (engine.card(), engine.load_now());
    let t = |word: W| desk.t(word);
    let size = |size: usize| bytes(u64::try_from(size).unwrap_or(u64::MAX));
    html! {
        section.card {
            h2 { (card.name) " " span.quiet { (targets.join(", ")) } }
            dl.figures.small {
                (frame::figure(t(W::Queued), &load.queued.to_string(), ""))
                (frame::figure(t(W::Running), &load.running.to_string(), ""))
                (frame::figure(t(W::Finished), &count(load.finished), ""))
                (frame::figure(t(W::GivenUp), &count(load.cancelled), ""))
                (frame::figure(t(W::WaitNow), &duration(load.wait_estimate), ""))
            }
            dl.facts {
                dt { (t(W::Parameters)) } dd { (count(card.parameters)) }
                dt { (t(W::Memory)) } dd { (size(load.weights_bytes)) " + " (size(load.arena_bytes)) " " span.quiet { (t(W::ForAnswers)) } }
                dt { (t(W::ComputesWith)) } dd { (card.backend) }
                dt { (t(W::Licence)) } dd { (card.licence) }
                dt { "SHA-256" } dd { code.break { (card.digest_known().unwrap_or("…")) } }
                dt { (t(W::LongestPrompt)) } dd { (count(card.context_tokens.0.into())) " " (t(W::Tokens)) }
                dt { (t(W::Languages)) } dd { (card.serves.languages.join(", ")) }
                @if !card.adapters.is_empty() { dt { (t(W::Adapters)) } dd { (card.adapters.join(", ")) } }
            }
        }
    }
}
