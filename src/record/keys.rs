//! API keys that are made, changed and revoked while gateways run.
//!
//! They are beside the ledger, as digests: what is stored opens nothing. Commands write them from
//! another process; a gateway asks for the number of the last change, and reads them when it is new.

use jiff::{SignedDuration, Timestamp};

use super::error::LedgerError;
use super::place::{Durability, StoreSettings};
use super::schema;
use super::sql::{Row, Sql, SqlError};

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The caller's name.
    pub name: String,
    /// What it opens.
    pub opens: Opens,
    /// Who pays.
    pub team: String,
    /// The SHA-256 of the key.
    pub digest: [u8; 32],
    /// The last characters of the key, to tell it from others.
    pub hint: String,
    /// The key before, while it is still good, and until when.
    pub before: Option<([u8; 32], Timestamp)>,
    /// What the caller may do, as the commands wrote it.
    pub grants: Grants,
    /// When the first key of this name was made.
    pub created: Timestamp,
    /// From when on no key of this name is good.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// What a key opens. None opens both: who asks models does not operate the gateway with the same key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opens {
    /// The models, for a caller.
    #[default]
    Models,
    /// The console and the admin API, for an operator.
    Console,
}

/// What a caller with such a key may do, in the words of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// The models; empty for all.
    pub models: Vec<String>,
    /// How much an outage of this caller hurts.
    pub criticality: Option<String>,
    /// Where the caller is.
    pub region: Option<String>,
    /// Everything this caller sends is at least this sensitive.
    pub data_floor: Option<String>,
    /// Requests in a minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens in a minute.
    pub tokens_per_minute: Option<u32>,
    /// Requests at the same time.
    pub concurrent: Option<u32>,
    /// Budgets of its own, each as one line.
    pub budgets: Vec<String>,
}

/// Why a key could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is one.
    #[error("there is a key named `{0}` already; `ambidex keys rotate {0}` gives it a new secret")]
    Exists(String),
    /// There is none.
    #[error("there is no key named `{0}`; `ambidex keys list` shows those that there are")]
    Unknown(String),
    /// It cannot be used any more.
    #[error("the key `{0}` has been revoked; make one under another name")]
    Revoked(String),
    /// It spends nothing.
    #[error("`{0}` is an operator's key, which asks no model and has no budget")]
    Operates(String),
    /// The file.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<SqlError> for KeyError {
    fn from(error: SqlError) -> Self {
        Self::Ledger(error.into())
    }
}

/// The keys of a ledger.
#[derive(Debug)]
pub struct Keys {
    sql: Sql,
}

impl Keys {
    /// Opens or makes the ledger, also beside running gateways.
    pub fn open(place: impl Into<StoreSettings>, now: Timestamp) -> Result<Self, LedgerError> {
        Ok(Self { sql: schema::open_writer(&place.into(), Durability::Strict, now)? })
    }

    /// Keeps a new key.
    pub fn create(&self, row: &KeyRow) -> Result<(), KeyError> {
        self.sql.transaction(|| {
            if get(&self.sql, &row.name)?.is_some() {
                return Err(KeyError::Exists(row.name.clone()));
            }
            let grants = &row.grants;
            // Serialising plain strings cannot fail.
            let models = serde_json::to_string(&grants.models).unwrap_or_default();
            self.sql.execute(
                "INSERT INTO api_keys (name, team, digest, hint, models_json, criticality, region,
                   data_floor, requests_per_minute, tokens_per_minute, concurrent, created_us,
                   expires_us, operates, budgets)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
                &[
                    (&row.name).into(),
                    (&row.team).into(),
                    row.digest.as_slice().into(),
                    (&row.hint).into(),
                    models.into(),
                    grants.criticality.as_deref().into(),
                    grants.region.as_deref().into(),
                    grants.data_floor.as_deref().into(),
                    grants.requests_per_minute.into(),
                    grants.tokens_per_minute.into(),
                    grants.concurrent.into(),
                    row.created.as_microsecond().into(),
                    row.expires.map(Timestamp::as_microsecond).into(),
                    i64::from(row.opens == Opens::Console).into(),
                    grants.budgets.join("\n").into(),
                ],
            )?;
            Ok(changed(&self.sql, &row.name, "created", row.created)?)
        })
    }

    /// Gives a key a new secret. The old one stays good for a while, so that nobody has to change both
    /// sides at once.
    pub fn rotate(
        &self,
        name: &str,
        (digest, hint): ([u8; 32], &str),
        overlap: SignedDuration,
        now: Timestamp,
    ) -> Result<(), KeyError> {
        self.sql.transaction(|| {
            usable(&self.sql, name)?;
            let until = now.checked_add(overlap).unwrap_or(Timestamp::MAX);
            self.sql.execute(
                "UPDATE api_keys
                 SET before_digest = digest, before_until_us = ?2, digest = ?3, hint = ?4
                 WHERE name = ?1",
                &[
                    name.into(),
                    until.as_microsecond().into(),
                    digest.as_slice().into(),
                    hint.into(),
                ],
            )?;
            Ok(changed(&self.sql, name, "rotated", now)?)
        })
    }

    /// Gives a caller's key other budgets of its own, or none.
    pub fn budget(&self, name: &str, budgets: &[String], now: Timestamp) -> Result<(), KeyError> {
        self.sql.transaction(|| {
            if usable(&self.sql, name)?.opens == Opens::Console {
                return Err(KeyError::Operates(name.to_owned()));
            }
            self.sql.execute(
                "UPDATE api_keys SET budgets = ?2 WHERE name = ?1",
                &[name.into(), budgets.join("\n").into()],
            )?;
            Ok(changed(&self.sql, name, "budgets", now)?)
        })
    }

    /// Ends a key for good.
    pub fn revoke(&self, name: &str, now: Timestamp) -> Result<(), KeyError> {
        self.sql.transaction(|| {
            usable(&self.sql, name)?;
            self.sql.execute(
                "UPDATE api_keys
                 SET revoked_us = ?2, before_digest = NULL, before_until_us = NULL
                 WHERE name = ?1",
                &[name.into(), now.as_microsecond().into()],
            )?;
            Ok(changed(&self.sql, name, "revoked", now)?)
        })
    }

    /// All of them, by name.
    pub fn list(&self) -> Result<Vec<KeyRow>, LedgerError> {
        self.sql.all("SELECT * FROM api_keys ORDER BY name", &[], read)
    }

    /// The number of the last change; 0 before the first.
    pub fn revision(&self) -> Result<i64, LedgerError> {
        Ok(self.sql.value("SELECT coalesce(max(n), 0) FROM api_key_changes", &[])?)
    }
}

fn get(sql: &Sql, name: &str) -> Result<Option<KeyRow>, KeyError> {
    Ok(sql.first("SELECT * FROM api_keys WHERE name = ?1", &[name.into()], read)?)
}

fn usable(sql: &Sql, name: &str) -> Result<KeyRow, KeyError> {
    match get(sql, name)? {
        None => Err(KeyError::Unknown(name.to_owned())),
        Some(row) if row.revoked.is_some() => Err(KeyError::Revoked(name.to_owned())),
        Some(row) => Ok(row),
    }
}

fn changed(sql: &Sql, name: &str, what: &str, now: Timestamp) -> Result<(), SqlError> {
    let insert = "INSERT INTO api_key_changes (at_us, name, what) VALUES (?1, ?2, ?3)";
    sql.execute(insert, &[now.as_microsecond().into(), name.into(), what.into()])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<KeyRow, LedgerError> {
    let time = |column: &str| {
        let micros = row.get::<Option<i64>>(column)?;
        Ok::<_, LedgerError>(micros.and_then(|it| Timestamp::from_microsecond(it).ok()))
    };
    let models: String = row.get("models_json")?;
    let before = row.get::<Option<[u8; 32]>>("before_digest")?;
    Ok(KeyRow {
        name: row.get("name")?,
        opens: if row.get::<i64>("operates")? == 0 { Opens::Models } else { Opens::Console },
        team: row.get("team")?,
        digest: row.get("digest")?,
        hint: row.get("hint")?,
        before: before.zip(time("before_until_us")?),
        grants: Grants {
            models: serde_json::from_str(&models).map_err(|_| LedgerError::Damaged {
                seq: 0,
                what: "unreadable models of an API key".to_owned(),
            })?,
            criticality: row.get("criticality")?,
            region: row.get("region")?,
            data_floor: row.get("data_floor")?,
            requests_per_minute: row.get("requests_per_minute")?,
            tokens_per_minute: row.get("tokens_per_minute")?,
            concurrent: row.get("concurrent")?,
            budgets: row.get::<String>("budgets")?.lines().map(str::to_owned).collect(),
        },
        created: time("created_us")?.unwrap_or(Timestamp::UNIX_EPOCH),
        expires: time("expires_us")?,
        revoked: time("revoked_us")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn row(name: &str, digest: u8) -> KeyRow {
        KeyRow {
            name: name.to_owned(),
            opens: Opens::Models,
            team: "support".to_owned(),
            digest: [digest; 32],
            hint: "abcd".to_owned(),
            before: None,
            grants: Grants {
                models: vec!["auto".to_owned()],
                data_floor: Some("internal".to_owned()),
                requests_per_minute: Some(60),
                budgets: vec!["50.00/month".to_owned(), "5.00/day soft".to_owned()],
                ..Grants::default()
            },
            created: now(),
            expires: Some(now() + SignedDuration::from_hours(24)),
            revoked: None,
        }
    }

    #[test]
    fn keys_are_kept_changed_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(&folder.path().join("ledger.db"), now()).unwrap();
        assert_eq!((keys.revision().unwrap(), keys.list().unwrap()), (0, Vec::new()));
        keys.create(&row("bot", 1)).unwrap();
        assert_eq!(keys.list().unwrap(), [row("bot", 1)]);
        assert!(matches!(keys.create(&row("bot", 2)), Err(KeyError::Exists(_))));
        assert_eq!(keys.revision().unwrap(), 1, "what failed is no change");

        let overlap = SignedDuration::from_hours(1);
        keys.rotate("bot", ([2; 32], "efgh"), overlap, now()).unwrap();
        let rotated = keys.list().unwrap().remove(0);
        assert_eq!((rotated.digest, rotated.hint.as_str()), ([2; 32], "efgh"));
        assert_eq!(rotated.before, Some(([1; 32], now() + overlap)));
        assert_eq!(rotated.grants, row("bot", 1).grants, "what it may do stays as it was");

        keys.budget("bot", &["80.00/month".to_owned()], now()).unwrap();
        assert_eq!(keys.list().unwrap()[0].grants.budgets, ["80.00/month"]);
        keys.budget("bot", &[], now()).unwrap();
        assert_eq!(keys.list().unwrap()[0].grants.budgets, [""; 0]);
        let operator = KeyRow { opens: Opens::Console, ..row("ada", 9) };
        keys.create(&operator).unwrap();
        assert!(matches!(keys.budget("ada", &[], now()), Err(KeyError::Operates(_))));
        keys.revoke("ada", now()).unwrap();

        keys.revoke("bot", now()).unwrap();
        let revoked = keys.list().unwrap().remove(1);
        assert_eq!((revoked.revoked, revoked.before), (Some(now()), None));
        assert!(matches!(keys.revoke("bot", now()), Err(KeyError::Revoked(_))));
        let rotated = keys.rotate("bot", ([3; 32], "x"), overlap, now());
        assert!(matches!(rotated, Err(KeyError::Revoked(_))));
        assert!(matches!(keys.revoke("bo", now()), Err(KeyError::Unknown(_))));
        assert_eq!(keys.revision().unwrap(), 7);
    }
}
