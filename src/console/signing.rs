//! Signing in: the only page that shows itself to everybody.

use std::sync::Arc;

use hyper::header::HeaderMap;
use hyper::{Method, Response, StatusCode};
use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};
use tracing::{info, warn};

use super::words::{Lang, W};
use super::{Form, MARK, frame, go, html as whole};
use crate::gateway::admin::{Admin, Denied};
use crate::secret::Secret;
use crate::server::Body;

/// Shows the form, or takes the key.
pub(super) fn handle(
    admin: &Arc<Admin>,
    lang: Lang,
    (method, headers): (&Method, &HeaderMap),
    form: &Form,
    now: Timestamp,
) -> Response<Body> {
    if admin.operators.is_open() {
        return go("/console", None);
    }
    if *method != Method::POST {
        return whole(StatusCode::OK, page(lang, None));
    }
    let key = Secret::new(form.text("key").trim().to_owned());
    match admin.operators.sign_in(&key, headers, now) {
        Ok(cookie) => {
            info!("somebody signed in to the console");
            go("/console", Some(&cookie))
        }
        Err(why) => {
            warn!(%why, "somebody could not sign in to the console");
            let (status, word) = match why {
                Denied::NoKey => (StatusCode::UNAUTHORIZED, W::WrongKey),
                Denied::TooOften => (StatusCode::TOO_MANY_REQUESTS, W::TooManyWrongKeys),
                Denied::Foreign | Denied::NoRandom => (StatusCode::FORBIDDEN, W::Trouble),
            };
            whole(status, page(lang, Some(word.say(lang))))
        }
    }
}

fn page(lang: Lang, problem: Option<&str>) -> Markup {
    let t = |word: W| word.say(lang);
    let body = html! {
        main.door #main {
            div.card {
                p.brand { (PreEscaped(MARK)) span { "Ambidex" } }
                h1 { (t(W::SignIn)) }
                form method="post" action="/console/login" {
                    // Password managers want a name to keep a key under.
                    input type="text" name="username" value="ambidex" autocomplete="username" hidden;
                    label for="key" { (t(W::AdminKey)) }
                    input #key type="password" name="key" required autocomplete="current-password" autofocus
                        aria-describedby="about-key" aria-invalid=[problem.map(|_| "true")];
                    p.quiet #about-key { (t(W::AboutAdminKey)) }
                    @if let Some(problem) = problem { p.wrong role="alert" { (problem) } }
                    button type="submit" { (t(W::SignIn)) }
                }
            }
        }
    };
    frame::document(lang, t(W::SignIn), frame::Renewal::Never, &body)
}

/// A page for whoever may not.
pub(super) fn refused(lang: Lang, status: StatusCode, why: &str) -> Response<Body> {
    let body = html! {
        main.door #main {
            div.card {
                h1 { (W::Trouble.say(lang)) }
                p { (why) }
                p { a href="/console" { (W::Overview.say(lang)) } }
            }
        }
    };
    whole(status, frame::document(lang, W::Trouble.say(lang), frame::Renewal::Never, &body))
}
