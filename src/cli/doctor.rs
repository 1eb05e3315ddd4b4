//! `ambidex doctor`: what keeps a gateway from working here, and what to do about it.
//!
//! It changes nothing and sends no prompt: a target is asked for its list of models, once.

use std::fmt;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::CliError;
use crate::clock;
use crate::config::settings::Power;
use crate::config::{Settings, TargetKind, TargetSettings};
use crate::engine::{Engine, EngineError};
use crate::gateway::{self, LocalModels};
use crate::record::{LedgerError, Reader, StoreSettings};
use crate::upstream::{self, Probed, RemoteSettings};

/// How long a target may take to list its models.
const PATIENCE: Duration = Duration::from_secs(10);
/// Free space below which a ledger fills the disk within days.
const SPACE_MIN: u64 = 1 << 30;
/// Rows of the future that a clock's small corrections explain.
const AHEAD_MAX: Duration = Duration::from_mins(5);

/// Whether the targets' servers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// They are.
    Servers,
    /// Only this machine is looked at.
    HereOnly,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Fine,
    /// It works, but not for long or not as meant.
    Doubtful,
    /// The gateway, or a target, does not work.
    Broken,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Doubtful => "warn",
            Self::Broken => "FAIL",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// The way out; empty where none is needed.
    pub way_out: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:<5} {:<16} {}", self.verdict.word(), self.what, self.seen)?;
        if self.way_out.is_empty() { Ok(()) } else { write!(out, "\n      -> {}", self.way_out) }
    }
}

fn fine(what: impl Into<String>, seen: impl Into<String>) -> Finding {
    Finding { what: what.into(), verdict: Verdict::Fine, seen: seen.into(), way_out: "" }
}

fn doubtful(what: impl Into<String>, seen: impl Into<String>, way_out: &'static str) -> Finding {
    Finding { what: what.into(), verdict: Verdict::Doubtful, seen: seen.into(), way_out }
}

fn broken(what: impl Into<String>, seen: impl Into<String>, way_out: &'static str) -> Finding {
    Finding { what: what.into(), verdict: Verdict::Broken, seen: seen.into(), way_out }
}

/// Looks at everything and prints it as it goes; fails if something is broken.
pub async fn doctor(
    settings: &Settings,
    reach: Reach,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let mut worst = Verdict::Fine;
    let mut tell = |finding: Finding| {
        worst = worst.max(finding.verdict);
        writeln!(out, "{finding}").and_then(|()| out.flush())
    };
    tell(policy(settings))?;
    tell(port("clients", settings.listen))?;
    tell(port("operators", settings.admin_listen))?;
    if let Some(path) = settings.store.file() {
        tell(disk(path))?;
    }
    let place = settings.store.clone();
    let looked = tokio::task::spawn_blocking(move || ledger(&place, clock::now())).await;
    tell(looked.unwrap_or_else(|_| broken("ledger", "it could not be looked at".to_owned(), "")))?;
    let mut models = LocalModels::new(settings);
    let is_contained = is_container();
    for target in &settings.targets {
        match &target.kind {
            TargetKind::Engine(choice, engine) => {
                let adapter = target.adapter.as_deref();
                tell(local(&target.name, models.engine(choice, engine, adapter)))?;
            }
            TargetKind::Remote(remote) => {
                if let Some(finding) = price(target, remote) {
                    tell(finding)?;
                }
                if let Some(finding) = is_contained.then(|| loopback(target, remote)).flatten() {
                    tell(finding)?;
                }
                if reach == Reach::Servers {
                    tell(reached(target, remote).await)?;
                }
            }
        }
    }
    if worst == Verdict::Broken {
        return Err(anyhow::anyhow!("something is broken; the lines marked FAIL say what").into());
    }
    Ok(())
}

fn policy(settings: &Settings) -> Finding {
    match gateway::policy(settings) {
        Ok(policy) => fine("policy", format!("{} (rev {})", policy.name(), policy.rev())),
        Err(_) => broken(
            "policy",
            format!("{} has mistakes or cannot be read", settings.policy.name()),
            "`ambidex policy check` lists them, with place and suggestion",
        ),
    }
}

fn port(whose: &str, address: SocketAddr) -> Finding {
    let what = format!("port ({whose})");
    match TcpListener::bind(address) {
        Ok(_) => fine(what, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => doubtful(
            what,
            format!("{address} is taken"),
            "fine if this gateway is running already; else set `server:` to other ports",
        ),
        Err(error) => broken(
            what,
            format!("{address} cannot be listened on: {}", error.kind()),
            "use an address of this machine; ports below 1024 need privileges",
        ),
    }
}

fn disk(path: &Path) -> Finding {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if let Err(error) = tempfile::tempfile_in(folder) {
        return broken(
            "disk",
            format!("`{}` cannot be written: {}", folder.display(), error.kind()),
            "give the gateway's user a writable folder for `store:`",
        );
    }
    let Ok(space) = rustix::fs::statvfs(folder) else {
        return doubtful("disk", "its free space is unknown", "look with `df`");
    };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let seen = format!("{} MiB free for the ledger", free >> 20);
    if free < SPACE_MIN {
        let way_out = "a full disk stops the gateway: no decision is sent unrecorded; make room";
        doubtful("disk", seen, way_out)
    } else {
        fine("disk", seen)
    }
}

/// The file and the clock together: rows of the future mean that one of them is wrong.
fn ledger(place: &StoreSettings, now: Timestamp) -> Finding {
    const WHAT: &str = "ledger";
    if let Some(path) = place.file().filter(|path| !path.exists()) {
        return fine(WHAT, format!("`{}` will be made at the first start", path.display()));
    }
    let looked = Reader::open(place).and_then(|reader| {
        reader.check()?;
        Ok((reader.sums()?, reader.rows(1)?))
    });
    let (sums, latest) = match looked {
        Ok(looked) => looked,
        Err(LedgerError::Missing { place }) => {
            return fine(WHAT, format!("will be made in {place} at the first start"));
        }
        Err(LedgerError::Older { found, known }) => {
            let what = format!("of schema version {found}; the next start brings it to {known}");
            return fine(WHAT, what);
        }
        Err(error) => {
            let way_out = "restore it from a backup, or let `store:` name a new file";
            return broken(WHAT, error.to_string(), way_out);
        }
    };
    let ahead = latest.first().map(|row| row.decided.at.duration_since(now));
    if ahead.is_some_and(|ahead| ahead.as_secs_f64() > AHEAD_MAX.as_secs_f64()) {
        return broken(
            "clock",
            format!("the ledger has rows of the future; it is {now} here"),
            "set the clock (NTP): budgets and prices go by it",
        );
    }
    fine(WHAT, format!("{} row(s), sound; the clock agrees with it", sums.rows))
}

fn local(target: &str, loaded: Result<Engine, EngineError>) -> Finding {
    let what = format!("target {target}");
    match loaded {
        Ok(engine) => {
            let card = engine.card();
            let digest = card.digest().get(..12).unwrap_or_default();
            fine(what, format!("{} {digest} loads, {}", card.name, card.backend))
        }
        Err(error) => broken(
            what,
            error.to_string(),
            "`ambidex models list` shows the models, `models pull` fetches one",
        ),
    }
}

fn price(target: &TargetSettings, remote: &RemoteSettings) -> Option<Finding> {
    let is_known = gateway::listing(target).is_some();
    (!is_known && target.power == Power::On).then(|| {
        doubtful(
            format!("price {}", target.name),
            format!("nobody knows what `{}` costs", remote.model),
            "set `price:` on the target; hard budgets keep requests away from it until then",
        )
    })
}

/// In a container, `localhost` is the container.
fn loopback(target: &TargetSettings, remote: &RemoteSettings) -> Option<Finding> {
    remote.is_loopback().then(|| {
        doubtful(
            format!("target {}", target.name),
            "`base_url` is the container itself, not the machine it runs on",
            "use the service's name, or `host.docker.internal`",
        )
    })
}

fn is_container() -> bool {
    ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists())
}

/// Asks a target's server for what costs nothing: that shows whether the key works.
async fn reached(target: &TargetSettings, remote: &RemoteSettings) -> Finding {
    let what = format!("target {}", target.name);
    if target.power == Power::Off {
        let way_out = "set OPENAI_API_KEY, or give the target a `key:`";
        return doubtful(what, "is off: it has no key", way_out);
    }
    match upstream::probe(remote, PATIENCE, clock::now()).await {
        Ok(Probed::Taken) => fine(what, "answers, and takes the key"),
        Ok(Probed::Limited) => {
            fine(what, "answers, and knows the key (which may not list anything, and need not)")
        }
        Ok(Probed::Refused) => broken(
            what,
            "answers, and refuses the key",
            "check the secret that `key:` names, and its permissions at the provider",
        ),
        Ok(Probed::Nothing) => doubtful(
            what,
            "answers, but has no list of models there",
            "some servers have none; if requests fail, check `base_url` (it usually ends in /v1)",
        ),
        Ok(Probed::Status(status)) => doubtful(
            what,
            format!("answers with status {}", status.as_u16()),
            "look at the provider's status page, then try again",
        ),
        Err(reason) => broken(
            what,
            reason.to_string(),
            "check `base_url`, DNS, firewall and certificates from this machine",
        ),
    }
}

#[cfg(test)]
mod tests;
