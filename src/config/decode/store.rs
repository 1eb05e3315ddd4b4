//! `store:` → where records are kept.

use std::time::Duration;

use super::Decoder;
use crate::record::{PostgresSettings, StoreSettings};
use crate::secret::Secret;
use crate::yaml::Cursor;

const STORE: &[&str] = &["url", "signing_key", "lease"];
/// Where a node's key for signing is, unless the configuration says otherwise.
const SIGNING_KEY: &str = "ambidex.signing-key";
const HELP: &str = "use `sqlite:PATH`, such as `sqlite:./ambidex.db`, or \
                    `postgres://USER@HOST/DATABASE`, or `env:NAME` with one that has a password";
/// A lease must outlast a pause of the machine and a few rounds.
const LEASE_MIN: Duration = Duration::from_secs(1);

impl Decoder<'_> {
    /// A word, or for a server more than that.
    pub(super) fn store(&mut self, at: &Cursor<'_>) -> Option<StoreSettings> {
        if at.node.value.as_text().is_some() {
            let text = self.reader.sentence(at)?;
            if let Some(path) = text.strip_prefix("sqlite:") {
                return Some(StoreSettings::Sqlite(self.folder.join(path)));
            }
            return self.postgres(at).map(StoreSettings::Postgres);
        }
        let fields = self.reader.fields(at, STORE)?;
        let url = fields.need("url", &mut self.reader)?;
        let mut settings = self.postgres(&url)?;
        if let Some(at) = fields.get("signing_key")
            && let Some(path) = self.reader.sentence(&at)
        {
            settings.signing_key = self.folder.join(path);
        }
        self.set(&fields, "lease", &mut settings.lease, Self::duration);
        if settings.lease < LEASE_MIN
            && let Some(at) = fields.get("lease")
        {
            let help = "15s is the default: a node may be away for that long";
            self.reader.wrong_with_help(&at, "a lease is at least 1s".to_owned(), help);
        }
        Some(StoreSettings::Postgres(settings))
    }

    fn postgres(&mut self, at: &Cursor<'_>) -> Option<PostgresSettings> {
        let text = self.reader.sentence(at)?.to_owned();
        let url = if text.starts_with("env:") || text.starts_with("file:") {
            self.secret(at)?
        } else {
            let user = text.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
            if user.is_some_and(|(user, _)| user.contains(':')) {
                let help = "put the whole URL into a variable and write `env:NAME`";
                self.reader.hidden(at, "a password stands in the file".to_owned(), help);
                return None;
            }
            Secret::new(text.clone())
        };
        let is_postgres = ["postgres://", "postgresql://"];
        if !is_postgres.iter().any(|scheme| url.expose().starts_with(scheme)) {
            self.reader.wrong_with_help(at, format!("`{text}` is not a store"), HELP);
            return None;
        }
        let signing_key = self.folder.join(SIGNING_KEY);
        Some(PostgresSettings { url, signing_key, lease: PostgresSettings::LEASE })
    }
}
