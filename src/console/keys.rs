//! API keys: made, turned and ended. A secret is shown once and never again.

use jiff::SignedDuration;
use maud::{Markup, html};
use tracing::info;

use super::form::encoded;
use super::words::W;
use super::{Answer, Desk, frame};
use crate::gateway::keys::{KeyWishError, NewKey, state};
use crate::inspect::Level;
use crate::record::LedgerError;
use crate::record::keys::{KeyError, KeyRow, Opens};
use crate::secret::Secret;

/// How long an old secret stays good after a new one was made.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn page(desk: &Desk) -> Result<Answer, LedgerError> {
    Ok(Answer::Page(W::Keys, body(desk, &html! {})?))
}

/// Makes a key.
pub(super) fn create(desk: &Desk) -> Result<Answer, LedgerError> {
    let number = |name: &str| desk.form.text(name).trim().parse().ok();
    let models = desk.form.text("models").split(',').map(str::trim).filter(|it| !it.is_empty());
    let budgets = desk.form.text("budgets").split(';').map(str::trim).filter(|it| !it.is_empty());
    let wish = NewKey {
        name: desk.form.text("name").trim().to_owned(),
        team: desk.form.word("team"),
        expires: desk.form.word("expires"),
        models: models.map(str::to_owned).collect(),
        data_floor: desk.form.word("data_floor"),
        requests_per_minute: number("requests_per_minute"),
        budgets: budgets.map(str::to_owned).collect(),
        admin: desk.form.word("opens").as_deref() == Some("console"),
        ..NewKey::default()
    };
    let name = wish.name.clone();
    let made = desk.admin.keys.create(desk.app(), wish, desk.now);
    told(desk, "created", &name, made)
}

/// Gives a key a new secret.
pub(super) fn rotate(desk: &Desk, name: &str) -> Result<Answer, LedgerError> {
    let made = desk.admin.keys.rotate(desk.app(), (name, OVERLAP), desk.now);
    told(desk, "rotated", name, made)
}

/// Ends a key.
pub(super) fn revoke(desk: &Desk, name: &str) -> Result<Answer, LedgerError> {
    match desk.admin.keys.revoke(desk.app(), name, desk.now) {
        Ok(()) => {
            info!(operator = desk.operator.name, key = name, "an API key was revoked");
            let notice = frame::good(desk.t(W::Revoked), &html! { p { code { (name) } } });
            Ok(Answer::Page(W::Keys, body(desk, &notice)?))
        }
        Err(error) => failed(desk, error),
    }
}

fn told(
    desk: &Desk,
    what: &'static str,
    name: &str,
    made: Result<Secret, KeyWishError>,
) -> Result<Answer, LedgerError> {
    let key = match made {
        Ok(key) => key,
        Err(error) => return failed(desk, error),
    };
    info!(operator = desk.operator.name, what, key = name, "an API key was changed");
    let notice = frame::good(
        desk.t(W::KeyShownOnce),
        &html! {
            p { code { (name) } }
            p { input.secret.mono #new-key type="text" readonly value=(key.expose()) aria-label=(desk.t(W::NewKey)); }
        },
    );
    Ok(Answer::Page(W::Keys, body(desk, &notice)?))
}

fn failed(desk: &Desk, error: KeyWishError) -> Result<Answer, LedgerError> {
    if let KeyWishError::Keys(KeyError::Ledger(error)) = error {
        return Err(error);
    }
    let notice = frame::problem(desk.t(W::NothingChanged), &error.to_string());
    Ok(Answer::Page(W::Keys, body(desk, &notice)?))
}

fn body(desk: &Desk, notice: &Markup) -> Result<Markup, LedgerError> {
    let rows = desk.admin.keys.list()?;
    let t = |word: W| desk.t(word);
    Ok(html! {
        (frame::lead(t(W::AboutKeys)))
        (notice)
        section.card { div.scroll { table {
            thead { tr {
                th scope="col" { (t(W::Name)) }
                th scope="col" { (t(W::Team)) }
                th scope="col" { (t(W::EndsWith)) }
                th scope="col" { (t(W::State)) }
                th scope="col" { (t(W::Grants)) }
                th scope="col" { (t(W::Created)) }
                th scope="col" { span.unseen { (t(W::Actions)) } }
            } }
            tbody {
                @for row in &rows { (line(desk, row)) }
                @if rows.is_empty() { tr { td.empty colspan="7" { (t(W::NoKeysYet)) } } }
            }
        } } }
        (form(desk))
    })
}

fn line(desk: &Desk, row: &KeyRow) -> Markup {
    let t = |word: W| desk.t(word);
    let is_over = row.revoked.is_some() || row.expires.is_some_and(|at| at <= desk.now);
    let path = format!("/console/keys/{}", encoded(&row.name));
    html! {
        tr class=(if is_over { "over" } else { "" }) {
            th scope="row" { (row.name) }
            td { @if row.opens == Opens::Models { (row.team) } @else { "–" } }
            td { code { "…" (row.hint) } }
            td { (state(row, desk.now)) }
            td.wraps { (grants(desk, row)) }
            td { (row.created.strftime("%Y-%m-%d")) }
            td.actions {
                @if !is_over {
                    form.inline method="post" action={ (path) "/rotate" } {
                        (frame::csrf(desk))
                        button.small type="submit" aria-label={ (t(W::Rotate)) " " (row.name) } { (t(W::Rotate)) }
                    } " "
                    form.inline method="post" action={ (path) "/revoke" } {
                        (frame::csrf(desk))
                        button.small.danger type="submit" aria-label={ (t(W::Revoke)) " " (row.name) } { (t(W::Revoke)) }
                    }
                }
            }
        }
    }
}

fn grants(desk: &Desk, row: &KeyRow) -> Markup {
    if row.opens == Opens::Console {
        return html! { span.badge { (desk.t(W::Operator)) } };
    }
    let grants = &row.grants;
    html! {
        @if grants.models.is_empty() { (desk.t(W::AllModels)) } @else { (grants.models.join(", ")) }
        @if let Some(floor) = &grants.data_floor { " · ≥ " (frame::level(floor)) }
        @if let Some(rate) = grants.requests_per_minute { " · " (rate) "/min" }
        @for budget in &grants.budgets { " · $" (budget) }
    }
}

fn form(desk: &Desk) -> Markup {
    let t = |word: W| desk.t(word);
    html! {
        form.card method="post" action="/console/keys" {
            h2 { (t(W::MakeAKey)) }
            (frame::csrf(desk))
            div.row {
                label { span { (t(W::Name)) } input name="name" required pattern="[A-Za-z0-9._\\-]{1,64}" size="18"; }
                label { span { (t(W::OpensWhat)) }
                    select name="opens" {
                        option value="models" { (t(W::Models)) }
                        option value="console" { (t(W::OpensConsole)) }
                    }
                }
                label { span { (t(W::Team)) } input name="team" pattern="[A-Za-z0-9._\\-]{1,64}" size="14"; }
                label { span { (t(W::Expires)) } input name="expires" placeholder="90d" size="10"; }
                label { span { (t(W::Models)) } input name="models" placeholder="auto, gpt-4o-mini" size="20"; }
                label { span { (t(W::AtLeastAs)) }
                    select name="data_floor" {
                        option value="" { "–" }
                        @for level in Level::ALL { option value=(level.name()) { (level.name()) } }
                    }
                }
                label { span { (t(W::RequestsPerMinute)) } input name="requests_per_minute" inputmode="numeric" size="8"; }
                label { span { (t(W::OwnBudgets)) } input name="budgets" placeholder="50/month; 5/day" size="16"; }
            }
            p.buttons { button.strong type="submit" { (t(W::MakeAKey)) } }
        }
    }
}
