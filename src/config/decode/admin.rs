//! `console` and `telemetry`: who may operate the gateway and read its metrics.

use super::Decoder;
use crate::caller::{Anonymous, KeyDigest};
use crate::config::Settings;
use crate::config::settings::{AdminKey, TracesSettings};
use crate::telemetry::genai::Version;
use crate::upstream::Collector;
use crate::yaml::{Cursor, Fields};

const CONSOLE: &[&str] = &["keys", "sign_in"];
const KEY: &[&str] = &["name", "key"];
const TELEMETRY: &[&str] = &["metrics_key", "genai", "traces"];
const TRACES: &[&str] = &["endpoint", "key"];

impl Decoder<'_> {
    pub(super) fn console(&mut self, at: &Cursor<'_>, settings: &mut Settings) {
        let Some(fields) = self.reader.fields(at, CONSOLE) else { return };
        if let Some(list) = fields.get("keys") {
            settings.admin_keys = self.admin_keys(&list);
        }
        self.set(&fields, "sign_in", &mut settings.sign_in, Self::whether_keyed);
    }

    fn admin_keys(&mut self, list: &Cursor<'_>) -> Vec<AdminKey> {
        let mut keys: Vec<AdminKey> = Vec::new();
        for item in self.reader.list(list).unwrap_or_default() {
            let Some(fields) = self.reader.fields(&item, KEY) else { continue };
            let name = fields.need("name", &mut self.reader);
            let name = name.and_then(|at| self.reader.name(&at)).map(str::to_owned);
            let secret = fields.need("key", &mut self.reader).and_then(|at| self.secret(&at));
            let (Some(name), Some(secret)) = (name, secret) else { continue };
            let digest = KeyDigest::of(&secret);
            if keys.iter().any(|it| it.name == name || it.digest == digest) {
                let help = "every operator has a name and a key of their own";
                self.reader.wrong_with_help(&item, format!("`{name}` is there twice"), help);
            }
            keys.push(AdminKey { name, digest });
        }
        keys
    }

    pub(super) fn telemetry(&mut self, at: &Cursor<'_>, settings: &mut Settings) {
        let Some(fields) = self.reader.fields(at, TELEMETRY) else { return };
        if let Some(at) = fields.get("metrics_key") {
            settings.metrics_key = self.secret(&at).as_ref().map(KeyDigest::of);
        }
        self.set(&fields, "genai", &mut settings.genai, |it, at| {
            let known = Version::ALL.map(|version| (version.name(), version));
            it.word(at, "version", &known).map(Some)
        });
        if let Some(at) = fields.get("traces") {
            settings.traces = self.traces(&at);
        }
    }

    fn traces(&mut self, at: &Cursor<'_>) -> Option<TracesSettings> {
        let fields = self.reader.fields(at, TRACES)?;
        let place = fields.need("endpoint", &mut self.reader)?;
        let endpoint = self.reader.sentence(&place)?.to_owned();
        let key = match fields.get("key") {
            Some(at) => Some(self.secret(&at)?),
            None => None,
        };
        if Collector::new(&endpoint, key.as_ref()).is_none() {
            let message = format!("`{endpoint}` is no address, or the key cannot be sent");
            let help = "write it like `http://127.0.0.1:4318/v1/traces`";
            self.reader.wrong_with_help(&place, message, help);
            return None;
        }
        Some(TracesSettings { endpoint, key })
    }

    /// Whoever reaches the admin listener can read the record and change the policy.
    pub(super) fn require_admin_keys_beyond_loopback(
        &mut self,
        fields: &Fields<'_>,
        settings: &Settings,
    ) {
        let needs_keys = !settings.admin_keys.is_empty() || settings.sign_in == Anonymous::Never;
        if settings.admin_listen.ip().is_loopback() || needs_keys {
            return;
        }
        if let Some(at) = fields.get("server") {
            let message = format!(
                "`admin_listen: {}` is reachable from outside without an admin key",
                settings.admin_listen
            );
            let help = "add `console: { keys: [{ name: …, key: env:… }] }`, or `console: { sign_in: required }` and \
                        `ambidex keys create NAME --admin`, or listen on 127.0.0.1";
            self.reader.wrong_with_help(&at, message, help);
        }
    }
}
