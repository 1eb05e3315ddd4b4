//! `ambidex.yaml` → [`Settings`]: every problem at once, with its place and a way out.

mod admin;
mod cache;
mod callers;
mod inspection;
mod models;
mod price;
mod prompts;
mod remote;
mod store;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::settings::{
    LocalModelSettings, PolicySource, QUEUE, Settings, TargetKind, TargetSettings,
};
use crate::caller::Anonymous;
use crate::destination::Serves;
use crate::money::Tokens;
use crate::policy::{ZONE_ON_HOST, is_remote};
use crate::record::{Durability, LedgerDown};
use crate::route::breaker::Rules;
use crate::secret::Secret;
use crate::yaml::{self, Cursor, Fields, Problems, Reader};

/// Looks up an environment variable.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads a configuration. Relative paths in it are relative to `folder`, the file's own.
pub fn read(
    file: &str,
    text: &str,
    folder: &Path,
    environment: Environment<'_>,
) -> Result<Settings, Problems> {
    let tree = yaml::read(file, text)?;
    let reader = Reader::new(file, text);
    let mut decoder = Decoder { reader, folder, environment, models: Vec::new() };
    let settings = decoder.settings(&Cursor::top(&tree));
    if decoder.reader.has_errors() { Err(decoder.reader.finish()) } else { Ok(settings) }
}

const TOP: &[&str] = &[
    "server",
    "store",
    "durability",
    "ledger_down",
    "policy",
    "local_models",
    "licences_allowed",
    "targets",
    "callers",
    "api_keys",
    "rate_limits",
    "console",
    "telemetry",
    "inspection",
    "local_prompts",
    "machine_usd_per_hour",
    "cache",
];
const SERVER: &[&str] = &[
    "listen",
    "admin_listen",
    "workers",
    "body_bytes_max",
    "connections_max",
    "header_timeout",
    "body_timeout",
    "shutdown_grace",
];
const TARGET: &[&str] = &[
    "name",
    "zone",
    "engine",
    "adapter",
    "threads",
    "queue",
    "provider",
    "model",
    "base_url",
    "region",
    "api_version",
    "aws",
    "key",
    "price",
    "service_tiers",
    "uplift",
    "tool_usd",
    "serves",
    "speaks",
    "timeout",
    "timeouts",
    "concurrency",
    "requests_per_minute",
    "tokens_per_minute",
    "breaker",
    "hedge",
];
const SERVES: &[&str] = &[
    "input_tokens_max",
    "output_tokens_max",
    "tools",
    "images",
    "files",
    "audio",
    "image_tokens_max",
    "file_tokens_max",
    "tool_calls_max",
    "tool_tokens_max",
];
const BREAKER: &[&str] = &["in_a_row", "open", "open_max"];
const TIMEOUTS: &[&str] = &["connect", "queue", "first_byte", "idle", "total"];

struct Decoder<'a> {
    reader: Reader<'a>,
    folder: &'a Path,
    environment: Environment<'a>,
    /// The local models, which targets name.
    models: Vec<LocalModelSettings>,
}

impl Decoder<'_> {
    fn settings(&mut self, top: &Cursor<'_>) -> Settings {
        let mut settings = Settings::default();
        let Some(fields) = self.reader.fields(top, TOP) else { return settings };
        if let Some(server) = fields.get("server") {
            self.server(&server, &mut settings);
        }
        if let Some(at) = fields.get("store")
            && let Some(store) = self.store(&at)
        {
            settings.store = store;
        }
        self.set(&fields, "ledger_down", &mut settings.ledger_down, |it, at| {
            it.reader.one_of(at, "answer", &LedgerDown::ALL)
        });
        self.set(&fields, "durability", &mut settings.durability, |it, at| {
            it.reader.one_of(at, "durability", &Durability::ALL)
        });
        if let Some(at) = fields.get("policy")
            && let Some(path) = self.reader.sentence(&at)
        {
            settings.policy = PolicySource::File(self.folder.join(path));
        }
        if let Some(at) = fields.get("licences_allowed") {
            settings.licences_allowed = self.licences(&at);
        }
        if let Some(at) = fields.get("local_models") {
            self.models = self.local_models(&at);
            settings.local_models.clone_from(&self.models);
        }
        if let Some(at) = fields.get("targets") {
            settings.targets = self.targets(&at);
        }
        if let Some(at) = fields.get("callers") {
            settings.callers = self.callers(&at);
        }
        self.set(&fields, "api_keys", &mut settings.anonymous, Self::whether_keyed);
        if let Some(at) = fields.get("rate_limits") {
            settings.team_rates = self.rate_limits(&at);
        }
        if let Some(at) = fields.get("console") {
            self.console(&at, &mut settings);
        }
        if let Some(at) = fields.get("telemetry") {
            self.telemetry(&at, &mut settings);
        }
        if let Some(at) = fields.get("inspection") {
            settings.tagger = self.inspection(&at, &mut settings.inspection);
        }
        if let Some(at) = fields.get("local_prompts") {
            settings.local_prompts = self.local_prompts(&at);
        }
        self.set(&fields, "machine_usd_per_hour", &mut settings.machine_hour, |it, at| {
            it.reader.usd(at)
        });
        self.set(&fields, "cache", &mut settings.cache, |it, at| it.cache(at).map(Some));
        self.require_keys_beyond_loopback(&fields, &settings);
        self.require_admin_keys_beyond_loopback(&fields, &settings);
        settings
    }

    /// An open gateway on the internet spends the company's money for strangers.
    fn require_keys_beyond_loopback(&mut self, fields: &Fields<'_>, settings: &Settings) {
        let needs_keys = !settings.callers.is_empty() || settings.anonymous == Anonymous::Never;
        if settings.listen.ip().is_loopback() || needs_keys {
            return;
        }
        if let Some(at) = fields.get("server") {
            let message =
                format!("`{}` is reachable from outside without caller keys", settings.listen);
            self.reader.wrong_with_help(&at, message, "add `callers`, or `api_keys: required` and `ambidex keys create`, or listen on 127.0.0.1");
        }
    }

    fn set<T>(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        place: &mut T,
        decode: impl FnOnce(&mut Self, &Cursor<'_>) -> Option<T>,
    ) {
        if let Some(at) = fields.get(name)
            && let Some(value) = decode(self, &at)
        {
            *place = value;
        }
    }

    fn server(&mut self, at: &Cursor<'_>, settings: &mut Settings) {
        let Some(fields) = self.reader.fields(at, SERVER) else { return };
        self.set(&fields, "listen", &mut settings.listen, Self::address);
        self.set(&fields, "admin_listen", &mut settings.admin_listen, Self::address);
        self.set(&fields, "workers", &mut settings.workers, |it, at| it.count(at).map(Some));
        let limits = &mut settings.limits;
        self.set(&fields, "body_bytes_max", &mut limits.body_bytes_max, Self::count);
        self.set(&fields, "connections_max", &mut limits.connections_max, Self::count);
        self.set(&fields, "header_timeout", &mut limits.header_timeout, Self::duration);
        self.set(&fields, "body_timeout", &mut limits.body_timeout, Self::duration);
        self.set(&fields, "shutdown_grace", &mut limits.grace, Self::duration);
    }

    fn targets(&mut self, at: &Cursor<'_>) -> Vec<TargetSettings> {
        let mut targets: Vec<TargetSettings> = Vec::new();
        for item in self.reader.list(at).unwrap_or_default() {
            let Some(target) = self.target(&item) else { continue };
            if targets.iter().any(|other| other.name == target.name) {
                let message = format!("there are two targets named `{}`", target.name);
                self.reader.wrong_with_help(&item, message, "rename one of them");
            }
            targets.push(target);
        }
        if targets.is_empty() && !self.reader.has_errors() {
            self.reader.wrong(at, "at least one target is needed");
        }
        targets
    }

    fn target(&mut self, at: &Cursor<'_>) -> Option<TargetSettings> {
        let fields = self.reader.fields(at, TARGET)?;
        let name = fields.need("name", &mut self.reader);
        let name = name.and_then(|at| self.reader.name(&at)).map(str::to_owned);
        let zone = fields.need("zone", &mut self.reader);
        let zone_name = zone.as_ref().and_then(|at| self.reader.name(at)).map(str::to_owned);
        let mut target = TargetSettings::starter();
        target.kind = match (fields.get("engine"), fields.get("provider")) {
            (Some(engine), None) => self.engine(&engine, &fields)?,
            (None, Some(provider)) => {
                target.serves = Serves::default();
                target.concurrency = 64;
                target.queue = QUEUE;
                self.set(&fields, "queue", &mut target.queue, Self::count);
                if let Some(at) = fields.get("breaker") {
                    self.breaker(&at, &mut target.breaker);
                }
                self.remote(&provider, &fields)?
            }
            (Some(second), Some(_)) => {
                let help = "keep `engine` for a local model or `provider` for a remote one";
                self.reader.wrong_with_help(
                    &second,
                    "a target has one of the two".to_owned(),
                    help,
                );
                return None;
            }
            (None, None) => {
                let message = "this target needs `engine` (a local model) or `provider`";
                self.reader.wrong(at, message);
                return None;
            }
        };
        if let (TargetKind::Engine(..), Some(at), Some(zone)) = (&target.kind, &zone, &zone_name)
            && zone != ZONE_ON_HOST
        {
            let message = format!("the local engine runs in this process, not in `{zone}`");
            self.reader.wrong_with_help(at, message, "set `zone: on-host`");
        }
        if let Some(at) = fields.get("adapter") {
            target.adapter = self.adapter(&at, &target.kind);
        }
        if let Some(at) = fields.get("service_tiers") {
            target.service_tiers = self.service_tiers(&at);
        }
        self.set(&fields, "uplift", &mut target.uplift, Self::uplift);
        if let Some(at) = fields.get("tool_usd") {
            target.tool_usd = self.tool_usd(&at);
        }
        if let Some(at) = fields.get("price") {
            target.price = self.price(&at);
            if matches!(target.kind, TargetKind::Engine(..)) {
                let message = "nobody bills for the local engine".to_owned();
                let help = "say what the machine costs with `machine_usd_per_hour`";
                self.reader.wrong_with_help(&at, message, help);
            }
        }
        self.refuse_remote_on_host(&target.kind, zone.as_ref(), zone_name.as_deref());
        if let Some(at) = fields.get("serves") {
            self.serves(&at, &mut target.serves);
        }
        self.set(&fields, "concurrency", &mut target.concurrency, Self::count);
        target.rates = self.rates(&fields);
        self.set(&fields, "hedge", &mut target.hedge, |it, at| it.hedge(at).map(Some));
        Some(TargetSettings { name: name?, zone: zone_name?, ..target })
    }

    /// `on-host` is what restricted data is allowed to reach: a server elsewhere must not claim it.
    fn refuse_remote_on_host(
        &mut self,
        kind: &TargetKind,
        at: Option<&Cursor<'_>>,
        zone: Option<&str>,
    ) {
        let (TargetKind::Remote(remote), Some(at), Some(zone)) = (kind, at, zone) else { return };
        let is_here = remote.is_loopback();
        if zone == ZONE_ON_HOST && !is_here {
            let message = "`on-host` is this machine, but `base_url` is another".to_owned();
            self.reader.wrong_with_help(
                at,
                message,
                "use `on-prem` or a jurisdiction such as `eu`",
            );
        }
        let is_plain = remote.base_url.starts_with("http://");
        if is_plain && is_remote(zone) && !is_here {
            let message = format!("prompts would travel unencrypted to zone `{zone}`");
            self.reader.wrong_with_help(at, message, "use `https://` in `base_url`");
        }
    }

    /// When a target is left alone, and for how long.
    fn breaker(&mut self, at: &Cursor<'_>, rules: &mut Rules) {
        let Some(fields) = self.reader.fields(at, BREAKER) else { return };
        self.set(&fields, "in_a_row", &mut rules.in_a_row, |it, at| {
            it.count(at).map(|count| u32::try_from(count).unwrap_or(u32::MAX))
        });
        self.set(&fields, "open", &mut rules.open, Self::duration);
        self.set(&fields, "open_max", &mut rules.open_max, Self::duration);
    }

    /// When another target is asked besides.
    fn hedge(&mut self, at: &Cursor<'_>) -> Option<Duration> {
        let fields = self.reader.fields(at, &["after"])?;
        let after = fields.need("after", &mut self.reader)?;
        let pause = self.duration(&after)?;
        if pause.is_zero() {
            let message = "this would ask two targets every time".to_owned();
            self.reader.wrong_with_help(&after, message, "write what is slow, such as `2s`");
            return None;
        }
        Some(pause)
    }

    fn serves(&mut self, at: &Cursor<'_>, serves: &mut Serves) {
        let Some(fields) = self.reader.fields(at, SERVES) else { return };
        self.set(&fields, "input_tokens_max", &mut serves.input_tokens_max, |it, at| {
            it.tokens(at).map(Some)
        });
        self.set(&fields, "output_tokens_max", &mut serves.output_tokens_max, Self::tokens);
        self.set(&fields, "tools", &mut serves.tools, |it, at| it.reader.truth(at));
        self.set(&fields, "images", &mut serves.reads.images, |it, at| it.reader.truth(at));
        self.set(&fields, "files", &mut serves.reads.files, |it, at| it.reader.truth(at));
        self.set(&fields, "audio", &mut serves.reads.audio, |it, at| it.reader.truth(at));
        self.set(&fields, "image_tokens_max", &mut serves.image_tokens_max, Self::tokens);
        self.set(&fields, "file_tokens_max", &mut serves.file_tokens_max, Self::tokens);
        self.set(&fields, "tool_calls_max", &mut serves.tool_calls_max, |it, at| {
            it.count(at).and_then(|count| u32::try_from(count).ok())
        });
        self.set(&fields, "tool_tokens_max", &mut serves.tool_tokens_max, Self::tokens);
    }

    fn word<T: Copy>(&mut self, at: &Cursor<'_>, kind: &str, known: &[(&str, T)]) -> Option<T> {
        let word = self.reader.text(at)?;
        let found = known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if found.is_none() {
            self.reader.unknown_word(at, (kind, word), known.iter().map(|(name, _)| *name));
        }
        found
    }

    /// A secret stands elsewhere: `env:NAME` or `file:PATH`.
    fn secret(&mut self, at: &Cursor<'_>) -> Option<Secret> {
        let text = self.reader.text(at)?;
        let found = if let Some(name) = text.strip_prefix("env:") {
            (self.environment)(name)
                .ok_or_else(|| format!("the environment variable `{name}` is not set"))
        } else if let Some(path) = text.strip_prefix("file:") {
            std::fs::read_to_string(self.folder.join(path))
                .map_err(|error| format!("`{path}` could not be read: {}", error.kind()))
        } else {
            // The text itself may be the secret: it is not shown.
            let help = "write `env:NAME` or `file:PATH` and keep the secret there";
            let message = "a secret cannot stand in this file".to_owned();
            self.reader.hidden(at, message, help);
            return None;
        };
        match found {
            Ok(secret) if !secret.trim().is_empty() => Some(Secret::new(secret.trim().to_owned())),
            Ok(_) => {
                self.reader.wrong(at, "this secret is empty");
                None
            }
            Err(message) => {
                self.reader.wrong(at, message);
                None
            }
        }
    }

    fn address(&mut self, at: &Cursor<'_>) -> Option<SocketAddr> {
        let text = self.reader.sentence(at)?;
        let address = text.parse().ok();
        if address.is_none() {
            let message = format!("`{text}` is not an address with a port");
            self.reader.wrong_with_help(at, message, "write it like `127.0.0.1:8080`");
        }
        address
    }

    /// At least one of something.
    fn count(&mut self, at: &Cursor<'_>) -> Option<usize> {
        let number = self.reader.whole(at, 1 << 40)?;
        if number == 0 {
            self.reader.wrong(at, "this must be at least 1");
            return None;
        }
        usize::try_from(number).ok()
    }

    fn tokens(&mut self, at: &Cursor<'_>) -> Option<Tokens> {
        let number = self.reader.whole(at, 100_000_000)?;
        u32::try_from(number).ok().map(Tokens)
    }

    /// `500ms`, `30s`, `2m`.
    fn duration(&mut self, at: &Cursor<'_>) -> Option<Duration> {
        let text = self.reader.text(at)?;
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = text.strip_prefix(digits).unwrap_or_default();
        let duration = match (digits.parse::<u64>(), unit) {
            (Ok(number), "ms") => Some(Duration::from_millis(number)),
            (Ok(number), "s") => Some(Duration::from_secs(number)),
            (Ok(number), "m") => number.checked_mul(60).map(Duration::from_secs),
            _ => None,
        };
        if duration.is_none() {
            let message = format!("`{text}` is not a duration");
            self.reader.wrong_with_help(at, message, "write it like `500ms`, `30s` or `2m`");
        }
        duration
    }
}
