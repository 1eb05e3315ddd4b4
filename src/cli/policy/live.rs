//! `ambidex policy reload|shadow|promote`: asks the running gateway, over its admin listener.

use std::io::{Read as _, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde::Deserialize as _;
use serde_json::Value;

use super::arguments::AdminArgument;
use crate::cli::CliError;
use crate::cli::arguments::Format;
use crate::config::Settings;
use crate::rollout::Place;
use crate::secret::Secret;

/// Longest wait for the gateway: checking a large policy takes seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the gateway said.
struct Reply {
    status: u16,
    body: Value,
}

/// The admin listener of a running gateway.
struct Admin {
    address: String,
    key: Option<Secret>,
}

impl Admin {
    fn new(argument: &AdminArgument, settings: &Settings) -> Self {
        let configured = || settings.admin_listen.to_string();
        let address = argument.address.clone().unwrap_or_else(configured);
        let key = std::env::var(&argument.admin_key_env).ok();
        Self {
            address: address.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            key: key.map(|key| Secret::new(key.trim().to_owned())),
        }
    }

    /// One request. Plain HTTP/1.1 to our own listener needs no client library.
    fn ask(&self, method: &str, path: &str, body: &str) -> Result<Reply, CliError> {
        let address = &self.address;
        let mut stream = TcpStream::connect(address).with_context(|| {
            format!("no gateway answers at `{address}`; is it running, and is `--admin` right?")
        })?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let length = body.len();
        let key = self
            .key
            .as_ref()
            .map_or_else(String::new, |key| format!("Authorization: Bearer {}\r\n", key.expose()));
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{key}Connection: close\r\n\
             Content-Type: application/yaml\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).context("the gateway's answer could not be read")?;
        let status = reply.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = reply.split_once("\r\n\r\n").and_then(|(_, it)| serde_json::from_str(it).ok());
        match (status, body) {
            (Some(status), Some(body)) => Ok(Reply { status, body }),
            _ => Err(anyhow!("what answers at `{address}` is not an ambidex gateway").into()),
        }
    }
}

impl Reply {
    /// The body of a success; the gateway's own words otherwise.
    fn body(self) -> Result<Value, CliError> {
        if self.status == 200 {
            return Ok(self.body);
        }
        let error = self.body.get("error").and_then(Value::as_str).unwrap_or("refused").to_owned();
        // Mistakes of a policy come with their own places and carets.
        Err(match self.status {
            422 => CliError::Settings(error),
            _ => anyhow!("{error}").into(),
        })
    }
}

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The file is put in force.
    Apply,
    /// Nothing changes.
    DryRun,
}

/// Has the gateway read its policy file.
pub fn reload(
    how: Reload,
    admin: &AdminArgument,
    settings: &Settings,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let path = match how {
        Reload::Apply => "/admin/api/policy/reload",
        Reload::DryRun => "/admin/api/policy/reload?dry_run=true",
    };
    let body = Admin::new(admin, settings).ask("POST", path, "")?.body()?;
    warnings(&body, out)?;
    let (before, rev) = (text(&body, "before"), text(&body, "rev"));
    match (how, before == rev) {
        (_, true) => writeln!(out, "unchanged: revision {rev} is in force")?,
        (Reload::Apply, false) => writeln!(out, "revision {rev} is in force, after {before}")?,
        (Reload::DryRun, false) => {
            writeln!(out, "nothing is wrong with it: revision {rev} would replace {before}")?;
        }
    }
    Ok(())
}

/// Starts, ends or reports on a shadow.
pub fn shadow(
    (file, ends): (Option<&Path>, Ends),
    format: Format,
    (admin, settings): (&AdminArgument, &Settings),
    out: &mut impl Write,
) -> Result<(), CliError> {
    const PATH: &str = "/admin/api/policy/shadow";
    let admin = Admin::new(admin, settings);
    if ends == Ends::Now {
        admin.ask("DELETE", PATH, "")?.body()?;
        writeln!(out, "no policy shadows the one in force any more")?;
        return Ok(());
    }
    if let Some(file) = file {
        let name = file.display();
        let source =
            std::fs::read_to_string(file).with_context(|| format!("`{name}` could not be read"))?;
        let body = admin.ask("POST", PATH, &source)?.body()?;
        warnings(&body, out)?;
        let rev = text(&body, "rev");
        writeln!(
            out,
            "revision {rev} decides beside {}, and sends nothing",
            text(&body, "before")
        )?;
        return Ok(());
    }
    let report = admin.ask("GET", PATH, "")?.body()?;
    if format == Format::Json {
        writeln!(out, "{report:#}")?;
        return Ok(());
    }
    tell(&report, out)
}

/// Whether a shadow is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// It is.
    Now,
    /// It is not.
    Later,
}

fn tell(report: &Value, out: &mut impl Write) -> Result<(), CliError> {
    let (decided, agreed) = (number(report, "decided"), number(report, "agreed"));
    let (name, rev, since) = (text(report, "name"), text(report, "rev"), text(report, "since"));
    writeln!(out, "shadow {name} (rev {rev}) since {since}")?;
    writeln!(out, "decided {decided}, agreed on {agreed}")?;
    for unsure in list(report, "unsure") {
        writeln!(out, "not decided {}: {}", number(unsure, "count"), text(unsure, "reason"))?;
    }
    for difference in list(report, "differences") {
        let place = |side: &str| {
            difference
                .get(side)
                .and_then(|place| Place::deserialize(place).ok())
                .unwrap_or_default()
        };
        let widened = match number(difference, "widened") {
            0 => String::new(),
            widened => format!("  EGRESS ADDED in {widened}"),
        };
        let count = number(difference, "count");
        writeln!(out, "{count:>6}  {} -> {}{widened}", place("live"), place("shadow"))?;
        if let Some(example) = list(difference, "examples").last().and_then(Value::as_str) {
            writeln!(out, "        such as decision {example}")?;
        }
    }
    Ok(())
}

/// Puts the shadow in force.
pub fn promote(
    rev: Option<&str>,
    admin: &AdminArgument,
    settings: &Settings,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let is_plain = |rev: &str| rev.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if rev.is_some_and(|rev| !is_plain(rev)) {
        return Err(CliError::Settings(
            "error: a revision is twelve hexadecimal digits".to_owned(),
        ));
    }
    let query = rev.map_or_else(String::new, |rev| format!("?rev={rev}"));
    let path = format!("/admin/api/policy/promote{query}");
    let body = Admin::new(admin, settings).ask("POST", &path, "")?.body()?;
    let (before, rev) = (text(&body, "before"), text(&body, "rev"));
    writeln!(out, "revision {rev} is in force, after {before}; the policy file holds it")?;
    Ok(())
}

fn warnings(body: &Value, out: &mut impl Write) -> Result<(), CliError> {
    Ok(write!(out, "{}", text(body, "warnings"))?)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> std::slice::Iter<'v, Value> {
    value.get(key).and_then(Value::as_array).map_or([].iter(), |list| list.iter())
}
