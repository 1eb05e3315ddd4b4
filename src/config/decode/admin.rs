//! `console` and `telemetry`: who may operate the gateway and read its metrics.

use super::Decoder;
use crate::caller::KeyDigest;
use crate::config::Settings;
use crate::config::settings::{AdminKey, TracesSettings};
use crate::upstream::Collector;
use crate::yaml::{Cursor, Fields};

const CONSOLE: &[&str] = &["keys"];
const KEY: &[&str] = &["name", "key"];
const TELEMETRY: &[&str] = &["metrics_key", "traces"];
const TRACES: &[&str] = &["endpoint", "key"];

impl Decoder<'_> {
    pub(super) fn console(&mut self, at: &Cursor<'_>) -> Vec<AdminKey> {
        let mut keys: Vec<AdminKey> = Vec::new();
        let Some(fields) = self.reader.fields(at, CONSOLE) else { return keys };
        let Some(list) = fields.need("keys", &mut self.reader) else { return keys };
        for item in self.reader.list(&list).unwrap_or_default() {
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
        if settings.admin_listen.ip().is_loopback() || !settings.admin_keys.is_empty() {
            return;
        }
        if let Some(at) = fields.get("server") {
            let message = format!(
                "`admin_listen: {}` is reachable from outside without an admin key",
                settings.admin_listen
            );
            let help = "add `console: { keys: [{ name: …, key: env:… }] }`, or listen on 127.0.0.1";
            self.reader.wrong_with_help(&at, message, help);
        }
    }
}
