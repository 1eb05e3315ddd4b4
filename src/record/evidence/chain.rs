//! The chain as the writer keeps it: a link for every change, a signed head for every commit.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row};
use sha2::{Digest as _, Sha256};

use super::content::{self, Decided, Digest, put};
use super::key::{Fingerprint, SigningKey};
use crate::hex;
use crate::record::error::LedgerError;

/// Bytes of the salt over a caller's name.
const SALT_SIZE: usize = 16;
/// One head is kept for each of these, the last one.
const HEAD_EVERY_US: i64 = 60_000_000;

/// What a link is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// From here on, this key signs.
    Key,
    /// A request was decided.
    Decided,
    /// A request ended.
    Ended,
    /// A caller's name was taken out of rows.
    Erased,
    /// Old rows were removed.
    Pruned,
}

impl Event {
    const ALL: [Self; 5] = [Self::Key, Self::Decided, Self::Ended, Self::Erased, Self::Pruned];

    const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Decided => "decided",
            Self::Ended => "ended",
            Self::Erased => "erased",
            Self::Pruned => "pruned",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

/// One link, as the table holds it.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub n: i64,
    pub event: Event,
    /// The ledger's row; 0 where it is about none.
    pub row: i64,
    /// The digest of what the row says.
    pub content: Vec<u8>,
    /// The digest of who asked; empty where that is not said.
    pub caller: Vec<u8>,
    /// What went into that digest; `None` when the caller has been forgotten.
    pub salt: Option<Vec<u8>>,
    /// What links without a row say.
    pub note: String,
    pub hash: Vec<u8>,
}

impl Link {
    pub(super) const SELECT: &str =
        "SELECT n, event, row, content, caller, salt, note, hash FROM chain ORDER BY n";

    /// Reads a row of [`Link::SELECT`]; `None` for an event that no version writes.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Option<Self>> {
        let Some(event) = Event::from_name(&row.get::<_, String>(1)?) else { return Ok(None) };
        Ok(Some(Self {
            n: row.get(0)?,
            event,
            row: row.get(2)?,
            content: row.get(3)?,
            caller: row.get(4)?,
            salt: row.get(5)?,
            note: row.get(6)?,
            hash: row.get(7)?,
        }))
    }

    /// The hash of this link behind that one. The salt is not part of it, so that it can be forgotten.
    pub(super) fn hash_behind(&self, before: &[u8]) -> Digest {
        let mut digest = Sha256::new();
        put(&mut digest, b'v', b"ambidex chain 1");
        put(&mut digest, b'p', before);
        put(&mut digest, b'n', &self.n.to_le_bytes());
        put(&mut digest, b'e', self.event.name().as_bytes());
        put(&mut digest, b'r', &self.row.to_le_bytes());
        put(&mut digest, b'c', &self.content);
        put(&mut digest, b'w', &self.caller);
        put(&mut digest, b't', self.note.as_bytes());
        digest.finalize().into()
    }
}

/// The end of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    n: i64,
    hash: Digest,
}

/// A point of the chain as people keep it elsewhere: `LINK:HASH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The link's number.
    pub n: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl fmt::Display for Anchor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.n, hex::encode(&self.hash))
    }
}

impl FromStr for Anchor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once(':').and_then(|(n, hash)| {
            let hash = hex::decode(hash)?.try_into().ok()?;
            Some(Self { n: n.parse().ok()?, hash })
        });
        parsed.ok_or("a head is LINK:HASH, as `ambidex ledger head` prints it")
    }
}

/// The end of a chain at some time, with the signature of the node that wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// Which end.
    pub anchor: Anchor,
    /// When it was signed.
    pub at: Timestamp,
    /// Whose signature it is.
    pub key: Fingerprint,
    /// The signature.
    pub signature: Vec<u8>,
}

impl SignedHead {
    /// The heads from the first to the last.
    pub(super) const SELECT: &str = "SELECT n, hash, at_us, key, signature FROM heads ORDER BY n";

    const LAST: &str = "SELECT n, hash, at_us, key, signature FROM heads ORDER BY n DESC LIMIT 1";

    /// The latest one of a ledger.
    pub(in crate::record) fn last(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let found = connection.query_row(Self::LAST, [], Self::read).optional()?;
        Ok(found.flatten())
    }

    /// Reads a row of [`SignedHead::SELECT`]; `None` if it has another form.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Option<Self>> {
        let digest =
            |place| Ok::<_, rusqlite::Error>(row.get::<_, Vec<u8>>(place)?.try_into().ok());
        let (Some(hash), Some(key)) = (digest(1)?, digest(3)?) else { return Ok(None) };
        let Ok(at) = Timestamp::from_microsecond(row.get(2)?) else { return Ok(None) };
        let anchor = Anchor { n: row.get(0)?, hash };
        Ok(Some(Self { anchor, at, key: Fingerprint(key), signature: row.get(4)? }))
    }

    /// Whether the signature is its key's.
    pub fn is_genuine(&self) -> bool {
        self.key.signed(&message(self.anchor, self.at), &self.signature)
    }
}

pub(super) fn message(anchor: Anchor, at: Timestamp) -> Vec<u8> {
    let mut message = b"ambidex head 1".to_vec();
    message.extend(anchor.n.to_le_bytes());
    message.extend(at.as_microsecond().to_le_bytes());
    message.extend(anchor.hash);
    message
}

/// The writer's side of the chain.
#[derive(Debug)]
pub(in crate::record) struct Chain {
    key: SigningKey,
    /// The end with the links of the running transaction.
    end: End,
    /// The end that is on disk and signed.
    sealed: End,
}

impl Chain {
    /// Goes on with the chain of a file, or begins one: rows from before there was a chain become its
    /// first links. The end must be the one that was signed last.
    pub(in crate::record) fn open(
        connection: &Connection,
        key: SigningKey,
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        let query = "SELECT n, hash FROM chain ORDER BY n DESC LIMIT 1";
        let last = connection
            .query_row(query, [], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))
            .optional()?;
        let last: Option<(i64, Vec<u8>)> = last;
        let head = SignedHead::last(connection)?;
        let (end, known) = match (last, head) {
            (None, None) => (End { n: 0, hash: [0; 32] }, None),
            (Some((n, hash)), Some(head))
                if n == head.anchor.n && hash == head.anchor.hash && head.is_genuine() =>
            {
                (End { n, hash: head.anchor.hash }, Some(head.key))
            }
            (Some(_) | None, Some(_) | None) => return Err(LedgerError::Tampered),
        };
        let mut chain = Self { key, end, sealed: end };
        let change = connection.unchecked_transaction()?;
        let signer = chain.key.fingerprint();
        if known != Some(signer) {
            chain.note(connection, Event::Key, &signer.to_string())?;
        }
        if known.is_none() {
            chain.adopt(connection)?;
        }
        chain.seal(connection, now)?;
        change.commit()?;
        chain.committed();
        Ok(chain)
    }

    fn adopt(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut rows = connection
            .prepare("SELECT seq, state IN ('held', 'refused') FROM ledger ORDER BY seq")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let seq = row.get(0)?;
            self.decided(connection, seq)?;
            if !row.get::<_, bool>(1)? {
                self.ended(connection, seq)?;
            }
        }
        Ok(())
    }

    /// A row was inserted.
    pub(in crate::record) fn decided(
        &mut self,
        connection: &Connection,
        seq: i64,
    ) -> rusqlite::Result<()> {
        let mut salt = [0; SALT_SIZE];
        // Without random bytes the name is merely easier to guess once it is forgotten.
        let _unsalted = getrandom::fill(&mut salt);
        let Decided { content, caller } = content::decided(connection, seq, &salt)?;
        self.append(
            connection,
            Link {
                content: content.to_vec(),
                caller: caller.to_vec(),
                salt: Some(salt.to_vec()),
                ..self.link(Event::Decided, seq)
            },
        )
    }

    /// A row was settled, released or expired.
    pub(in crate::record) fn ended(
        &mut self,
        connection: &Connection,
        seq: i64,
    ) -> rusqlite::Result<()> {
        let content = content::ended(connection, seq)?.to_vec();
        self.append(connection, Link { content, ..self.link(Event::Ended, seq) })
    }

    /// Something that concerns no single row.
    pub(super) fn note(
        &mut self,
        connection: &Connection,
        event: Event,
        note: &str,
    ) -> rusqlite::Result<()> {
        self.append(connection, Link { note: note.to_owned(), ..self.link(event, 0) })
    }

    const fn link(&self, event: Event, row: i64) -> Link {
        Link {
            n: self.end.n + 1,
            event,
            row,
            content: Vec::new(),
            caller: Vec::new(),
            salt: None,
            note: String::new(),
            hash: Vec::new(),
        }
    }

    fn append(&mut self, connection: &Connection, link: Link) -> rusqlite::Result<()> {
        let hash = link.hash_behind(&self.end.hash);
        let mut insert = connection.prepare_cached(
            "INSERT INTO chain (n, event, row, content, caller, salt, note, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        let Link { n, event, row, content, caller, salt, note, .. } = link;
        insert.execute((n, event.name(), row, content, caller, salt, note, hash))?;
        self.end = End { n, hash };
        Ok(())
    }

    /// Signs the end, in the transaction that made it.
    pub(in crate::record) fn seal(
        &self,
        connection: &Connection,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        if self.end == self.sealed {
            return Ok(());
        }
        let anchor = Anchor { n: self.end.n, hash: self.end.hash };
        let signature = self.key.sign(&message(anchor, now));
        let at = now.as_microsecond();
        let mut newest = connection.prepare_cached(
            "DELETE FROM heads WHERE n = ?1 AND at_us / ?2 = ?3 / ?2 AND key = ?4",
        )?;
        let key = self.key.fingerprint().0;
        newest.execute((self.sealed.n, HEAD_EVERY_US, at, key))?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO heads (n, hash, at_us, key, signature) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        insert.execute((anchor.n, anchor.hash, at, key, signature))?;
        Ok(())
    }

    /// What was appended is on disk.
    pub(in crate::record) const fn committed(&mut self) {
        self.sealed = self.end;
    }

    /// What was appended is not in the file.
    pub(in crate::record) const fn rolled_back(&mut self) {
        self.end = self.sealed;
    }
}
