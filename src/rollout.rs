//! The life of a policy in a running gateway: put in force, replaced, shadowed, promoted.
//!
//! Requests take a snapshot and keep it to their end; a swap touches nothing in flight. A file with
//! mistakes never replaces a policy that works: the old one stays in force, and the log, a metric and
//! `/readyz` say so until the file is right again. One change happens at a time.
//!
//! The file is looked at once a second instead of asking the system for notifications: that works on
//! every file system (network mounts, the links that container platforms swap), needs no watch that
//! can be lost, and costs one `stat`. A file is read once it has stood still between two looks, so
//! that a half-written one is not taken for a shorter policy.

pub mod backtest;
mod shadow;

use std::fs::Metadata;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::{ArcSwap, ArcSwapOption};
use tracing::{error, info};

pub use shadow::{Pair, Place, REFUSED, Shadow, ShadowReport, place};

use crate::app::App;
use crate::clock;
use crate::config::PolicySource;
use crate::policy::{Policy, World};
use crate::record::LedgerError;
use crate::yaml::Problems;

/// How often the policy file is looked at.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The policy in force and what may take its place.
#[derive(Debug)]
pub struct Rollout {
    source: PolicySource,
    world: World,
    live: ArcSwap<Policy>,
    shadow: ArcSwapOption<Shadow>,
    /// What is wrong with the file, in one sentence.
    trouble: Mutex<Option<String>>,
    /// Held by whoever changes the policy.
    turn: tokio::sync::Mutex<()>,
}

/// What came of reading a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The revision that was in force.
    pub before: String,
    /// The revision that was read.
    pub after: String,
    /// What is probably not meant, though it works.
    pub warnings: Problems,
}

impl Change {
    /// Whether it was another policy.
    pub fn is_new(&self) -> bool {
        self.before != self.after
    }
}

/// Why a policy was not put in force.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    /// There is no file: the policy is the one in the binary.
    #[error("the policy in force is the one in the binary; set `policy:` to a file of your own")]
    Embedded,
    /// The file cannot be read.
    #[error("the policy `{name}` could not be read: {source}")]
    Unreadable {
        /// The file.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// It has mistakes.
    #[error("{0}")]
    Wrong(Problems),
    /// What its budgets have spent cannot be told.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is no shadow to promote.
    #[error("no policy shadows the one in force")]
    NoShadow,
    /// Another policy shadows than the one that was meant.
    #[error("the shadow has revision {found}, not {wanted}")]
    OtherShadow {
        /// What was meant.
        wanted: String,
        /// What is there.
        found: String,
    },
    /// The promoted policy cannot be kept.
    #[error("the policy file `{name}` could not be replaced: {source}")]
    Unwritable {
        /// The file.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// Work in the background was cut off.
    #[error("the gateway is stopping")]
    Stopping,
}

impl Rollout {
    /// Begins with this policy in force.
    pub fn new(source: PolicySource, world: World, policy: Policy) -> Self {
        Self {
            source,
            world,
            live: ArcSwap::from_pointee(policy),
            shadow: ArcSwapOption::empty(),
            trouble: Mutex::new(None),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// The policy in force.
    pub fn live(&self) -> Arc<Policy> {
        self.live.load_full()
    }

    /// The policy that decides beside it, if one does.
    pub fn shadow(&self) -> Option<Arc<Shadow>> {
        self.shadow.load_full()
    }

    /// Where the policy in force comes from.
    pub fn source_name(&self) -> String {
        self.source.name()
    }

    /// The policy file, unless the policy is the one in the binary.
    pub fn file(&self) -> Option<&Path> {
        match &self.source {
            PolicySource::Embedded => None,
            PolicySource::File(path) => Some(path),
        }
    }

    /// The text of that file, or of the policy in the binary; empty if it cannot be read.
    pub fn text(&self) -> String {
        self.source.read().unwrap_or_default()
    }

    /// What a policy may name here.
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// What is wrong with the policy file, in one sentence; `None` while it is the one in force.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says what is wrong with the file, or that nothing is, to `/readyz` and the metrics.
    fn set_trouble(app: &App, trouble: Option<String>) {
        let refused = if trouble.is_some() { 1.0 } else { 0.0 };
        app.metrics.policy_file_refused.with_label_values::<&str>(&[]).set(refused);
        *app.rollout.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Reads a policy as if it were to be put in force, and changes nothing.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(&self, name: &str, source: &str) -> Result<Policy, RolloutError> {
        Policy::compile(name, source, &self.world).map_err(RolloutError::Wrong)
    }

    fn read_file(&self) -> Result<Policy, RolloutError> {
        if self.file().is_none() {
            return Err(RolloutError::Embedded);
        }
        let name = self.source_name();
        match self.source.read() {
            Ok(source) => self.check(&name, &source),
            Err(source) => Err(RolloutError::Unreadable { name, source }),
        }
    }

    /// Begins to decide by this policy, too. It never sends anything.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub async fn cast(app: &Arc<App>, source: String) -> Result<Change, RolloutError> {
        let _turn = app.rollout.turn.lock().await;
        let text = source.clone();
        let policy = blocking(app, move |app| app.rollout.check("shadow", &text)).await?;
        let change = change(&app.rollout.live(), &policy);
        info!(rev = policy.rev(), "a policy shadows the one in force");
        app.rollout.shadow.store(Some(Arc::new(Shadow::new(policy, source, clock::now()))));
        Ok(change)
    }

    /// Ends the shadow; what it saw is returned.
    pub async fn lift(app: &Arc<App>) -> Option<Arc<Shadow>> {
        let _turn = app.rollout.turn.lock().await;
        app.rollout.shadow.swap(None)
    }
}

fn change(before: &Policy, after: &Policy) -> Change {
    Change {
        before: before.rev().to_owned(),
        after: after.rev().to_owned(),
        warnings: after.warnings().clone(),
    }
}

/// Runs what reads files and compiles off the threads that serve.
async fn blocking<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&App) -> Result<T, RolloutError> + Send + 'static,
) -> Result<T, RolloutError> {
    let app = Arc::clone(app);
    tokio::task::spawn_blocking(move || work(&app)).await.map_err(|_| RolloutError::Stopping)?
}

/// Says what would come of this policy, or of the policy file.
///
/// # Errors
/// What is wrong with it.
pub async fn rehearse(app: &Arc<App>, source: Option<String>) -> Result<Change, RolloutError> {
    let policy = blocking(app, move |app| match source {
        Some(source) => app.rollout.check("request", &source),
        None => app.rollout.read_file(),
    });
    let policy = policy.await?;
    Ok(change(&app.rollout.live(), &policy))
}

/// Reads the policy file and puts it in force, if nothing is wrong with it.
///
/// # Errors
/// Why the policy that was in force stays. It is in the log and the metrics, too.
pub async fn reload(app: &Arc<App>) -> Result<Change, RolloutError> {
    let _turn = app.rollout.turn.lock().await;
    let outcome = read_and_apply(app).await;
    let metrics = &app.metrics;
    let in_force = app.rollout.live();
    match &outcome {
        Ok(change) => {
            let result = if change.is_new() { "applied" } else { "unchanged" };
            metrics.policy_reloads.with_label_values(&[result]).inc();
            Rollout::set_trouble(app, None);
        }
        Err(RolloutError::Embedded) => {}
        Err(wrong) => {
            metrics.policy_reloads.with_label_values(&["refused"]).inc();
            let (rev, file) = (in_force.rev(), app.rollout.source_name());
            error!(%file, %rev, problem = summary(wrong), "the policy file was refused");
            let trouble = format!("the policy file was refused; revision {rev} stays in force");
            Rollout::set_trouble(app, Some(trouble));
        }
    }
    outcome
}

/// The first mistake, in one line.
fn summary(wrong: &RolloutError) -> String {
    let RolloutError::Wrong(problems) = wrong else { return wrong.to_string() };
    let Some(first) = problems.as_slice().first() else { return wrong.to_string() };
    format!("line {}: {} ({} in all)", first.line, first.message, problems.errors())
}

async fn read_and_apply(app: &Arc<App>) -> Result<Change, RolloutError> {
    let policy = blocking(app, |app| app.rollout.read_file()).await?;
    let change = change(&app.rollout.live(), &policy);
    if change.is_new() {
        put_in_force(app, policy, |_| Ok(())).await?;
    }
    Ok(change)
}

/// Swaps the policy. `keep` runs last before the swap: when it fails, nothing has changed.
async fn put_in_force(
    app: &Arc<App>,
    policy: Policy,
    keep: impl FnOnce(&App) -> Result<(), RolloutError> + Send + 'static,
) -> Result<(), RolloutError> {
    // New budgets begin with what the ledger says was spent in their windows.
    app.store.flush().await?;
    let specs = policy.budgets().to_vec();
    let (specs, recovered) = blocking(app, move |app| {
        let new = app.budgets.uncounted(&specs);
        let recovered = match &app.shared {
            Some(shared) => shared.slices().register(&new, clock::now())?,
            None => app.store.reader()?.recovered(&new, clock::now())?,
        };
        keep(app)?;
        Ok((specs, recovered))
    })
    .await?;
    // First the money, then the policy that counts on it: a request of the old policy finds its
    // budgets by their names.
    app.budgets.reconfigure(specs, recovered);
    let rev = policy.rev().to_owned();
    let before = app.rollout.live.swap(Arc::new(policy));
    let info = &app.metrics.policy_info;
    // Gone already is as good.
    let _gone = info.remove_label_values(&[before.rev()]);
    info.with_label_values(&[&rev]).set(1.0);
    info!(%rev, before = before.rev(), "another policy is in force");
    Ok(())
}

/// Puts the shadow in force and writes it into the policy file, so that a restart finds it there.
/// With `rev`, only if that is the shadow's revision.
///
/// # Errors
/// Why nothing has changed.
pub async fn promote(app: &Arc<App>, rev: Option<&str>) -> Result<Change, RolloutError> {
    let _turn = app.rollout.turn.lock().await;
    let shadow = app.rollout.shadow().ok_or(RolloutError::NoShadow)?;
    let found = shadow.policy().rev();
    if let Some(wanted) = rev
        && wanted != found
    {
        let (wanted, found) = (wanted.to_owned(), found.to_owned());
        return Err(RolloutError::OtherShadow { wanted, found });
    }
    let path = app.rollout.file().ok_or(RolloutError::Embedded)?.to_path_buf();
    let change = change(&app.rollout.live(), shadow.policy());
    let name = app.rollout.source_name();
    let keeping = Arc::clone(&shadow);
    let keep = move |_: &App| {
        replace(&path, keeping.source()).map_err(|source| RolloutError::Unwritable { name, source })
    };
    put_in_force(app, shadow.policy().clone(), keep).await?;
    app.rollout.shadow.store(None);
    Rollout::set_trouble(app, None);
    Ok(change)
}

/// Replaces a file as a whole: at no moment is there a part of it.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // Behind a link is the file that is meant.
    let path: PathBuf = path.canonicalize()?;
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

/// What tells one state of a file from another.
type Stamp = Option<(SystemTime, u64, u64)>;

fn stamp(path: &Path) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    let of = |data: Metadata| Some((data.modified().ok()?, data.len(), data.ino()));
    std::fs::metadata(path).ok().and_then(of)
}

/// Reads the policy file again whenever it has changed and stands still, until the gateway stops.
pub async fn look_after_file(app: Arc<App>) {
    let Some(path) = app.rollout.file().map(Path::to_path_buf) else { return };
    let stop = app.shutdown.drain.clone();
    let look = || {
        let path = path.clone();
        tokio::task::spawn_blocking(move || stamp(&path))
    };
    let Ok(mut handled) = look().await else { return };
    let mut latest = handled;
    // It may have changed between the start and the first look.
    let mut is_first = true;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
        let Ok(now) = look().await else { return };
        let stands_still = now == latest;
        latest = now;
        if stands_still && (is_first || now != handled) {
            (handled, is_first) = (now, false);
            // The outcome is in the log, the metrics and `/readyz`.
            let _told = reload(&app).await;
        }
    }
}
