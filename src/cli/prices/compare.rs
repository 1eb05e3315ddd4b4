//! `ambidex prices check` and `prices diff`: what the targets of a configuration are charged for, and what
//! another book changes.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::rate_text;
use crate::config::{Settings, TargetKind, TargetSettings};
use crate::gateway;
use crate::route::price::{Kind, Listing, Match, Price, PriceBook};

/// An own price this many times the book's, or less than its part, is worth a second look.
const FAR_OFF: u64 = 10;

/// Says for every target where its price comes from, and what looks wrong. Fails if a target has none.
pub fn check(
    settings: &Settings,
    book: &PriceBook,
    now: Timestamp,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    writeln!(out, "book {} of {} from {}", book.digest(), book.version(), book.source())?;
    let mut unknown = 0_usize;
    for target in &settings.targets {
        let checked = Checked::of(target, book, now);
        unknown = unknown.saturating_add(usize::from(checked.is_unknown));
        writeln!(out, "{:<20} {}", target.name, checked.says)?;
        for doubt in checked.doubts {
            writeln!(out, "{:<20} look again: {doubt}", "")?;
        }
    }
    for fault in faults(book, now) {
        writeln!(out, "book: {fault}")?;
    }
    out.flush()?;
    if unknown > 0 {
        bail!(
            "{unknown} target(s) have no price: hard budgets keep requests away from them; set `price:`"
        );
    }
    Ok(())
}

struct Checked {
    says: String,
    doubts: Vec<String>,
    is_unknown: bool,
}

impl Checked {
    fn of(target: &TargetSettings, book: &PriceBook, now: Timestamp) -> Self {
        let TargetKind::Remote(remote) = &target.kind else {
            let says = "local: nobody bills; machine time is imputed".to_owned();
            return Self { says, doubts: Vec::new(), is_unknown: false };
        };
        let provider = remote.provider.name();
        let listed = book.listing(provider, &remote.model);
        let name = format!("{provider}/{}", remote.model);
        let own = target.price.as_ref();
        let doubts = match (own, &listed) {
            (Some(own), Some((listing, _))) => far_off(own, listing.at(now)),
            _ => Vec::new(),
        };
        let says = match (own, &listed) {
            (Some(own), _) => format!("{name}: own price, {}", rates(own)),
            (None, Some((listing, found))) => {
                let found = match found {
                    Match::Exact => String::new(),
                    Match::Alias => format!(" as {}/{}", listing.provider, listing.model),
                };
                format!("{name}: book{found}, {}", rates(listing.at(now)))
            }
            (None, None) => format!("{name}: NO PRICE"),
        };
        Self { says, doubts, is_unknown: gateway::listing(target).is_none() }
    }
}

/// The rates that matter most, in USD per million.
fn rates(price: &Price) -> String {
    let rate = |kind: Kind| price.rate(kind).map_or_else(|| "none".to_owned(), rate_text);
    format!("input {}, output {}", rate(Kind::Input), rate(Kind::Output))
}

fn far_off(own: &Price, book: &Price) -> Vec<String> {
    let mut doubts = Vec::new();
    for kind in [Kind::Input, Kind::Output] {
        let (Some(ours), Some(theirs)) = (own.rate(kind), book.rate(kind)) else { continue };
        let (Some(a), Some(b)) = (ours.all().next(), theirs.all().next()) else { continue };
        // What is free on purpose is free.
        if a > 0 && (a > b.saturating_mul(FAR_OFF) || a.saturating_mul(FAR_OFF) < b) {
            doubts.push(format!(
                "`{}` is {} here and {} in the book",
                kind.name(),
                rate_text(ours),
                rate_text(theirs)
            ));
        }
    }
    doubts
}

/// What a careful reader of a book would ask about.
pub fn faults(book: &PriceBook, now: Timestamp) -> Vec<String> {
    let mut faults = Vec::new();
    for listing in book.listings() {
        let price = listing.at(now);
        let first = |kind: Kind| price.rate(kind).and_then(|rate| rate.all().next());
        let name = format!("{}/{}", listing.provider, listing.model);
        if let (Some(input), Some(cached)) = (first(Kind::Input), first(Kind::CacheRead))
            && cached > input
        {
            faults.push(format!("{name}: reading from the cache costs more than reading"));
        }
        let reached = book.listing(&listing.provider, &listing.model);
        if reached.is_none_or(|(reached, _)| reached.model != listing.model) {
            faults.push(format!("{name}: its own name leads to another model"));
        }
    }
    faults
}

/// Reads a book from a file.
pub fn read(path: &std::path::Path) -> anyhow::Result<PriceBook> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("`{}` cannot be read", path.display()))?;
    PriceBook::parse(&text).with_context(|| format!("`{}`", path.display()))
}

/// Says what another book changes: models that come and go, and every rate that differs at `now`.
/// Returns how many lines that were.
pub fn diff(
    (old, new): (&PriceBook, &PriceBook),
    now: Timestamp,
    out: &mut impl Write,
) -> anyhow::Result<usize> {
    let of = |book: &PriceBook| -> BTreeMap<(String, String), Listing> {
        let name = |it: &Listing| (it.provider.clone(), it.model.clone());
        book.listings().map(|it| (name(it), it.clone())).collect()
    };
    let (before, after) = (of(old), of(new));
    let mut lines = Vec::new();
    for (name, listing) in &before {
        let (provider, model) = name;
        match after.get(name) {
            None => lines.push(format!("- {provider}/{model}")),
            Some(next) => {
                let changed = changes(listing.at(now), next.at(now));
                lines.extend(changed.iter().map(|it| format!("~ {provider}/{model}: {it}")));
            }
        }
    }
    for ((provider, model), listing) in &after {
        if !before.contains_key(&(provider.clone(), model.clone())) {
            lines.push(format!("+ {provider}/{model}: {}", rates(listing.at(now))));
        }
    }
    writeln!(out, "{} ({}) -> {} ({})", old.version(), old.digest(), new.version(), new.digest())?;
    for line in &lines {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "{} change(s), in USD per million", lines.len())?;
    Ok(lines.len())
}

fn changes(before: &Price, after: &Price) -> Vec<String> {
    let mut changes = Vec::new();
    for kind in Kind::ALL {
        let text = |price: &Price| {
            let own = price.rates().find(|(named, _)| *named == kind);
            own.map_or_else(|| "none".to_owned(), |(_, rate)| rate_text(rate))
        };
        let (old, new) = (text(before), text(after));
        if old != new {
            changes.push(format!("{} {old} -> {new}", kind.name()));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"format":1,"version":"a","source":"s","licence":"l","providers":[
{"id":"acme","models":[
{"id":"one","prices":[{"rates":{"input":150000000,"output":600000000}}]},
{"id":"gone","prices":[{"rates":{"input":150000000,"output":600000000}}]}]}]}"#;
    const NEW: &str = r#"{"format":1,"version":"b","source":"s","licence":"l","providers":[
{"id":"acme","models":[
{"id":"one","prices":[{"rates":{"input":200000000,"cache_read":300000000,"output":600000000}}]},
{"id":"new","prices":[{"rates":{"input":150000000,"output":600000000}}]}]}]}"#;

    fn now() -> Timestamp {
        "2026-03-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_difference_names_every_rate_that_changed() {
        let (old, new) = (PriceBook::parse(OLD).unwrap(), PriceBook::parse(NEW).unwrap());
        let mut out = Vec::new();
        assert_eq!(diff((&old, &new), now(), &mut out).unwrap(), 4);
        let text = String::from_utf8(out).unwrap();
        for line in [
            "- acme/gone",
            "~ acme/one: input 0.15 -> 0.20",
            "~ acme/one: cache_read none -> 0.30",
            "+ acme/new: input 0.15, output 0.60",
        ] {
            assert!(text.contains(line), "{line} is missing:\n{text}");
        }
        assert_eq!(diff((&new, &new), now(), &mut Vec::new()).unwrap(), 0);
    }

    #[test]
    fn a_strange_book_is_asked_about_and_ours_is_not_strange() {
        let strange = faults(&PriceBook::parse(NEW).unwrap(), now());
        assert_eq!(strange, ["acme/one: reading from the cache costs more than reading"]);
        let ours = faults(PriceBook::embedded(), now());
        assert!(ours.len() < 20, "{ours:#?}");
    }

    #[test]
    fn every_target_says_where_its_price_comes_from() {
        let mut settings = Settings::default();
        let check = |settings: &Settings| {
            let mut out = Vec::new();
            let done = check(settings, PriceBook::embedded(), now(), &mut out);
            (done.is_ok(), String::from_utf8(out).unwrap())
        };
        let (fine, text) = check(&settings);
        assert!(
            fine && text.contains("openai/gpt-4o-mini: book, input 0.15, output 0.60"),
            "{text}"
        );
        let cloud = settings.targets.last_mut().unwrap();
        cloud.price = Some(Price::flat(150, 600));
        let (fine, text) = check(&settings);
        assert!(fine && text.contains("own price") && text.contains("look again"), "{text}");
        let cloud = settings.targets.last_mut().unwrap();
        cloud.price = None;
        let TargetKind::Remote(remote) = &mut cloud.kind else { panic!("cloud is remote") };
        "nobody-knows-me".clone_into(&mut remote.model);
        let (fine, text) = check(&settings);
        assert!(!fine && text.contains("NO PRICE"), "{text}");
    }
}
