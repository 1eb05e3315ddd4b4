//! The console: the gateway for people, as pages that the server writes.
//!
//! There is no script and nothing from elsewhere: one style sheet, forms, and charts drawn as SVG. What
//! the pages do is done by the same functions as the commands' work.

mod budgets;
mod chart;
mod decision;
mod decisions;
mod form;
mod frame;
mod keys;
mod models;
mod numbers;
mod overview;
mod playground;
mod policy;
mod signing;
mod targets;
mod words;

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HeaderMap,
    HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use jiff::Timestamp;
use maud::Markup;

pub(crate) use form::Form;
use words::{Lang, W};

use crate::app::App;
use crate::clock;
use crate::gateway::admin::{Admin, Denied, Operator};
use crate::receive;
use crate::record::LedgerError;
use crate::server::{Body, respond};

/// What pages may load and do: our style sheet, our pictures, forms to ourselves; nothing else.
pub(crate) const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("style.css");
const MARK: &str = include_str!("mark.svg");
/// The cookie of the language.
const LANGUAGE: &str = "ambidex_language";

/// One visit: who looks at which page, in which language.
#[derive(Debug)]
struct Desk {
    admin: Arc<Admin>,
    operator: Operator,
    lang: Lang,
    path: String,
    query: Form,
    form: Form,
    now: Timestamp,
}

impl Desk {
    fn app(&self) -> &Arc<App> {
        &self.admin.app
    }

    /// A word in the visitor's language.
    const fn t(&self, word: W) -> &'static str {
        word.say(self.lang)
    }
}

/// What a visit leads to.
enum Answer {
    /// A page with this title.
    Page(W, Markup),
    /// There is no such thing.
    Nothing,
    /// The ledger cannot be read.
    Unreadable(LedgerError),
}

impl From<LedgerError> for Answer {
    fn from(error: LedgerError) -> Self {
        Self::Unreadable(error)
    }
}

/// Answers a request below `/console`.
pub(crate) async fn handle(admin: &Arc<Admin>, request: Request<Incoming>) -> Response<Body> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    match path.as_str() {
        "/console/style.css" => return asset("text/css; charset=utf-8", STYLE),
        "/console/mark.svg" => return asset("image/svg+xml", MARK),
        _ => {}
    }
    let query = Form::read(request.uri().query().unwrap_or_default());
    let headers = request.headers().clone();
    let lang = language(&headers);
    let now = clock::now();
    if path == "/console/language" {
        return choose_language(&query);
    }
    let form = if method == Method::POST {
        match receive::body(request, &admin.app.limits).await {
            Ok(body) => Form::read(&String::from_utf8_lossy(&body)),
            Err(failure) => {
                return signing::refused(lang, StatusCode::BAD_REQUEST, &failure.message);
            }
        }
    } else {
        Form::default()
    };
    if path == "/console/login" {
        return signing::handle(admin, lang, (&method, &headers), &form, now);
    }
    let operator = match admin.operators.by_session(&method, &headers, now) {
        Ok(operator) => operator,
        Err(Denied::NoKey) => return go("/console/login", None),
        Err(why) => return signing::refused(lang, StatusCode::FORBIDDEN, &why.to_string()),
    };
    if method == Method::POST && form.text("csrf") != operator.csrf {
        let why = W::FormExpired.say(lang);
        return signing::refused(lang, StatusCode::FORBIDDEN, why);
    }
    if path == "/console/logout" && method == Method::POST {
        return go("/console/login", Some(&admin.operators.sign_out(&headers)));
    }
    let desk = Arc::new(Desk { admin: Arc::clone(admin), operator, lang, path, query, form, now });
    let answer = visit(&desk, &method).await;
    reply(&desk, answer)
}

/// The page at a path. What reads the ledger does so off the threads that serve.
async fn visit(desk: &Arc<Desk>, method: &Method) -> Answer {
    let path = desk.path.trim_start_matches("/console").trim_matches('/').to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    if *method == Method::POST {
        return match parts.as_slice() {
            ["playground"] => playground::posted(desk).await,
            ["policy"] => policy::posted(desk).await,
            ["keys"] => blocking(desk, keys::create).await,
            ["keys", name, "rotate"] => {
                let name = (*name).to_owned();
                blocking(desk, move |desk| keys::rotate(desk, &name)).await
            }
            ["keys", name, "revoke"] => {
                let name = (*name).to_owned();
                blocking(desk, move |desk| keys::revoke(desk, &name)).await
            }
            ["targets", name, "test"] => targets::test(desk, name).await,
            _ => Answer::Nothing,
        };
    }
    match parts.as_slice() {
        [""] => blocking(desk, overview::page).await,
        ["decisions"] => blocking(desk, decisions::page).await,
        ["decisions", id] => {
            let id = (*id).to_owned();
            blocking(desk, move |desk| decision::page(desk, &id)).await
        }
        ["playground"] => playground::page(desk),
        ["policy"] => blocking(desk, |desk| Ok(policy::page(desk))).await,
        ["budgets"] => budgets::page(desk),
        ["keys"] => blocking(desk, keys::page).await,
        ["targets"] => blocking(desk, |desk| targets::page(desk, None)).await,
        ["models"] => models::page(desk),
        _ => Answer::Nothing,
    }
}

async fn blocking(
    desk: &Arc<Desk>,
    work: impl FnOnce(&Desk) -> Result<Answer, LedgerError> + Send + 'static,
) -> Answer {
    let desk = Arc::clone(desk);
    let done = tokio::task::spawn_blocking(move || work(&desk)).await;
    done.unwrap_or(Err(LedgerError::Closed)).unwrap_or_else(Answer::from)
}

fn reply(desk: &Desk, answer: Answer) -> Response<Body> {
    let (status, page) = match answer {
        Answer::Page(title, body) => (StatusCode::OK, frame::page(desk, title, &body)),
        Answer::Nothing => (
            StatusCode::NOT_FOUND,
            frame::page(desk, W::NotFound, &frame::lead(desk.t(W::NothingHere))),
        ),
        Answer::Unreadable(error) => {
            let body = frame::problem(desk.t(W::LedgerUnreadable), &error.to_string());
            (StatusCode::SERVICE_UNAVAILABLE, frame::page(desk, W::Trouble, &body))
        }
    };
    html(status, page)
}

/// A page with everything that keeps it to itself.
fn html(status: StatusCode, page: Markup) -> Response<Body> {
    let mut reply = respond::typed(status, "text/html; charset=utf-8", page.into_string());
    let headers = reply.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    reply
}

fn asset(media_type: &'static str, text: &'static str) -> Response<Body> {
    let mut reply = respond::typed(StatusCode::OK, media_type, text);
    let headers = reply.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

/// Sends the browser to one of our pages.
fn go(to: &str, cookie: Option<&str>) -> Response<Body> {
    let mut reply = respond::typed(StatusCode::SEE_OTHER, "text/plain", "");
    let headers = reply.headers_mut();
    headers.remove(CONTENT_TYPE);
    if let Ok(to) = HeaderValue::from_str(to) {
        headers.insert(LOCATION, to);
    }
    if let Some(Ok(cookie)) = cookie.map(HeaderValue::from_str) {
        headers.insert(SET_COOKIE, cookie);
    }
    reply
}

fn choose_language(query: &Form) -> Response<Body> {
    let lang = Lang::of(query.text("to"));
    let back = query.text("back");
    // Only to ourselves: an address is a path below the console.
    let is_ours = back == "/console" || back.starts_with("/console/");
    let back = if is_ours && !back.contains(['\\', ':']) { back } else { "/console" };
    let name = lang.name();
    let cookie =
        format!("{LANGUAGE}={name}; HttpOnly; SameSite=Strict; Path=/console; Max-Age=31536000");
    go(back, Some(&cookie))
}

/// The language that was chosen, else the browser's.
fn language(headers: &HeaderMap) -> Lang {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = cookies.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    let chosen = pairs.find(|(name, _)| *name == LANGUAGE).map(|(_, value)| value.to_owned());
    let accepted = || headers.get(ACCEPT_LANGUAGE)?.to_str().ok().map(str::to_owned);
    Lang::of(&chosen.or_else(accepted).unwrap_or_default())
}
