//! The chain as the writer keeps it: a link for every change, a signed head for every commit.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use super::content::{self, Decided};
use super::key::{Fingerprint, SigningKey};
use crate::hashed::{Digest, Hashed};
use crate::hex;
use crate::record::error::LedgerError;
use crate::record::read::ROWS;
use crate::record::sql::{Answers, Many, Row, Sql, SqlError, Type, Value};
use jiff::Timestamp;
use smallvec::SmallVec;

/// Bytes of the salt over a caller's name.
const SALT_SIZE: usize = 16;
/// How many salts are drawn at a time.
const SALTS_DRAWN: usize = 64;
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
    /// The chain of another node ended like this.
    Seen,
}

impl Event {
    const ALL: [Self; 6] =
        [Self::Key, Self::Decided, Self::Ended, Self::Erased, Self::Pruned, Self::Seen];

    const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Decided => "decided",
            Self::Ended => "ended",
            Self::Erased => "erased",
            Self::Pruned => "pruned",
            Self::Seen => "seen",
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
    /// The ledger's row; 0 where it is about none. Of a key, the node whose chain this is; of a chain that
    /// was seen, its node.
    pub row: i64,
    /// The digest of what the row says. Of a chain that was seen, its hash.
    pub content: Bytes,
    /// The digest of who asked; empty where that is not said.
    pub caller: Bytes,
    /// What went into that digest; `None` when the caller has been forgotten.
    pub salt: Option<Bytes>,
    /// What links without a row say. Of a chain that was seen, the number of its last link.
    pub note: String,
    pub hash: Bytes,
}

/// A digest, or whatever stands in its place.
pub(super) type Bytes = SmallVec<[u8; 32]>;

impl Link {
    /// The columns that [`Link::read`] wants, in its order.
    pub(super) const COLUMNS: [&str; 8] =
        ["n", "event", "row", "content", "caller", "salt", "note", "hash"];

    /// Reads the first columns of a query; `None` for an event that no version writes.
    pub(super) fn read(row: &Row<'_>) -> Result<Option<Self>, SqlError> {
        let Some(event) = Event::from_name(&row.get::<String>(1)?) else { return Ok(None) };
        Ok(Some(Self {
            n: row.get(0)?,
            event,
            row: row.get(2)?,
            content: row.get::<Vec<u8>>(3)?.into(),
            caller: row.get::<Vec<u8>>(4)?.into(),
            salt: row.get::<Option<Vec<u8>>>(5)?.map(Into::into),
            note: row.get(6)?,
            hash: row.get::<Vec<u8>>(7)?.into(),
        }))
    }

    /// The hash of this link behind that one. The salt is not part of it, so that it can be forgotten.
    pub(super) fn hash_behind(&self, before: &[u8]) -> Digest {
        let mut link = Hashed::with_capacity(256);
        link.put(b'v', b"ambidex chain 1");
        link.put(b'p', before);
        link.put(b'n', &self.n.to_le_bytes());
        link.put(b'e', self.event.name().as_bytes());
        link.put(b'r', &self.row.to_le_bytes());
        link.put(b'c', &self.content);
        link.put(b'w', &self.caller);
        link.put(b't', self.note.as_bytes());
        link.digest()
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
    /// The heads of a node from the first to the last.
    pub(super) const OF_NODE: &str =
        "SELECT n, hash, at_us, key, signature FROM heads WHERE node = ?1 ORDER BY n";

    const LAST: &str = "SELECT n, hash, at_us, key, signature FROM heads WHERE node = ?1
                        ORDER BY n DESC LIMIT 1";

    /// The latest one of a node.
    pub(in crate::record) fn last(sql: &Sql, node: i64) -> Result<Option<Self>, SqlError> {
        Ok(sql.first(Self::LAST, &[node.into()], Self::read)?.flatten())
    }

    /// Reads a row of [`SignedHead::OF_NODE`]; `None` if it has another form.
    pub(super) fn read(row: &Row<'_>) -> Result<Option<Self>, SqlError> {
        let digest = |place: usize| Ok::<_, SqlError>(row.get::<Vec<u8>>(place)?.try_into().ok());
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

/// The node of a file, which has no other.
pub(in crate::record) const ONLY_NODE: i64 = 0;

static INSERT: LazyLock<Many> = LazyLock::new(|| {
    let columns = [
        ("node", Type::Integer),
        ("n", Type::Integer),
        ("event", Type::Text),
        ("row", Type::Integer),
        ("content", Type::Blob),
        ("caller", Type::Blob),
        ("salt", Type::Blob),
        ("note", Type::Text),
        ("hash", Type::Blob),
    ];
    Many::insert("chain", &columns, Answers::Nothing)
});

/// Where the chains of other nodes end, but for ends that somebody has seen already.
const UNSEEN: &str = "SELECT heads.node, heads.n, heads.hash FROM heads
     JOIN (SELECT node, max(n) AS n FROM heads WHERE node <> ?1 GROUP BY node) AS latest
       ON latest.node = heads.node AND latest.n = heads.n
     WHERE NOT EXISTS (
       SELECT 1 FROM chain WHERE chain.event = 'seen' AND chain.row = heads.node
         AND chain.note = CAST(heads.n AS TEXT)
     ) ORDER BY heads.node";

/// The writer's side of the chain of one node.
#[derive(Debug)]
pub(in crate::record) struct Chain {
    key: SigningKey,
    node: i64,
    /// The end with the links of the running transaction.
    end: End,
    /// The end that is on disk and signed.
    sealed: End,
    /// Links that are not written yet.
    links: Vec<Link>,
    salts: Salts,
}

/// Random bytes over callers' names, drawn for many links at once.
#[derive(Debug)]
struct Salts {
    drawn: [u8; SALT_SIZE * SALTS_DRAWN],
    used: usize,
}

impl Default for Salts {
    fn default() -> Self {
        Self { drawn: [0; SALT_SIZE * SALTS_DRAWN], used: SALTS_DRAWN }
    }
}

impl Salts {
    fn next(&mut self) -> [u8; SALT_SIZE] {
        if self.used >= SALTS_DRAWN {
            // Without random bytes the name is merely easier to guess once it is forgotten.
            let _unsalted = getrandom::fill(&mut self.drawn);
            self.used = 0;
        }
        let salt = self.drawn.chunks_exact(SALT_SIZE).nth(self.used);
        self.used += 1;
        salt.and_then(|salt| salt.try_into().ok()).unwrap_or_default()
    }
}

impl Chain {
    /// Goes on with the chain of a node, or begins one: rows of a file from before there was a chain
    /// become its first links. The end must be the one that was signed last; rows without a chain beside
    /// a key that was made for one have lost it.
    pub(in crate::record) fn open(
        sql: &Sql,
        (key, node): (SigningKey, i64),
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        let (end, known) = Self::ended(sql, node)?;
        let mut chain =
            Self { key, node, end, sealed: end, links: Vec::new(), salts: Salts::default() };
        sql.transaction(|| {
            let signer = chain.key.fingerprint();
            if known != Some(signer) {
                chain.note(Event::Key, &signer.to_string());
            }
            if known.is_none() && node == ONLY_NODE {
                let rows: i64 = sql.value("SELECT count(*) FROM ledger", &[])?;
                if rows > 0 && !chain.key.is_new() {
                    return Err(LedgerError::Tampered);
                }
                chain.adopt(sql)?;
            }
            if node != ONLY_NODE {
                chain.see_others(sql)?;
            }
            chain.seal(sql, now)?;
            Ok::<_, LedgerError>(())
        })?;
        chain.committed();
        Ok(chain)
    }

    /// Looks again where the chain ends, after a commit of which nobody knows whether it happened.
    pub(in crate::record) fn look_again(&mut self, sql: &Sql) -> Result<(), LedgerError> {
        let (end, _) = Self::ended(sql, self.node)?;
        self.links.clear();
        (self.end, self.sealed) = (end, end);
        Ok(())
    }

    /// Where the chain of a node ends, and whose signature is there.
    fn ended(sql: &Sql, node: i64) -> Result<(End, Option<Fingerprint>), LedgerError> {
        let query = "SELECT n, hash FROM chain WHERE node = ?1 ORDER BY n DESC LIMIT 1";
        let last = sql.first(query, &[node.into()], |row| {
            Ok::<_, SqlError>((row.get::<i64>(0)?, row.get::<Vec<u8>>(1)?))
        })?;
        match (last, SignedHead::last(sql, node)?) {
            (None, None) => Ok((End { n: 0, hash: [0; 32] }, None)),
            (Some((n, hash)), Some(head))
                if n == head.anchor.n && hash == head.anchor.hash && head.is_genuine() =>
            {
                Ok((End { n, hash: head.anchor.hash }, Some(head.key)))
            }
            (Some(_) | None, Some(_) | None) => Err(LedgerError::Tampered),
        }
    }

    fn adopt(&mut self, sql: &Sql) -> Result<(), SqlError> {
        let (decided, ended) = content::columns();
        let query = format!(
            "SELECT seq, state IN ('held', 'refused'), {}, {} FROM {ROWS} ORDER BY seq",
            content::selected(&decided),
            content::selected(&ended)
        );
        sql.each(&query, &[], |row| {
            let seq = row.get(0)?;
            self.decided(seq, &content::values(row, 2, decided.len())?);
            if !row.get::<bool>(1)? {
                self.row_ended(seq, &content::values(row, 2 + decided.len(), ended.len())?);
            }
            Ok::<_, SqlError>(())
        })
    }

    /// Says where the other chains end.
    fn see_others(&mut self, sql: &Sql) -> Result<(), SqlError> {
        sql.each(UNSEEN, &[self.node.into()], |row| {
            let (whose, n): (i64, i64) = (row.get(0)?, row.get(1)?);
            let (content, note) = (Bytes::from(row.get::<Vec<u8>>(2)?), n.to_string());
            self.append(Link { content, note, ..self.link(Event::Seen, whose) });
            Ok::<_, SqlError>(())
        })
    }

    /// A row was inserted, with these values in the order of writing.
    pub(in crate::record) fn decided(&mut self, seq: i64, values: &[Value<'_>]) {
        let salt = self.salts.next();
        let Decided { content, caller } = content::decided(seq, values, &salt);
        self.append(Link {
            content: Bytes::from(content),
            caller: Bytes::from(caller),
            salt: Some(Bytes::from_slice(&salt)),
            ..self.link(Event::Decided, seq)
        });
    }

    /// A row was settled, released or expired, with these values in the order of writing.
    pub(in crate::record) fn row_ended(&mut self, seq: i64, values: &[Value<'_>]) {
        let content = Bytes::from(content::ended(seq, values));
        self.append(Link { content, ..self.link(Event::Ended, seq) });
    }

    /// The same of a row as the database has it.
    pub(in crate::record) fn row_ended_as_stored(
        &mut self,
        sql: &Sql,
        seq: i64,
    ) -> Result<(), SqlError> {
        let (_, ended) = content::columns();
        let query = format!("SELECT {} FROM ledger WHERE seq = ?1", ended.join(", "));
        sql.each(&query, &[seq.into()], |row| {
            self.row_ended(seq, &content::values(row, 0, ended.len())?);
            Ok::<_, SqlError>(())
        })
    }

    /// Something that concerns no single row.
    pub(super) fn note(&mut self, event: Event, note: &str) {
        let about = if event == Event::Key { self.node } else { 0 };
        self.append(Link { note: note.to_owned(), ..self.link(event, about) });
    }

    fn link(&self, event: Event, row: i64) -> Link {
        Link {
            n: self.end.n + 1,
            event,
            row,
            content: Bytes::new(),
            caller: Bytes::new(),
            salt: None,
            note: String::new(),
            hash: Bytes::new(),
        }
    }

    fn append(&mut self, link: Link) {
        let hash = link.hash_behind(&self.end.hash);
        self.end = End { n: link.n, hash };
        self.links.push(Link { hash: Bytes::from(hash), ..link });
    }

    /// Writes the links and signs the end, in the transaction that they are about.
    pub(in crate::record) fn seal(&mut self, sql: &Sql, now: Timestamp) -> Result<(), SqlError> {
        if self.end == self.sealed {
            return Ok(());
        }
        let rows: Vec<_> = self.links.iter().map(|link| values(self.node, link)).collect();
        sql.many(&INSERT, &rows)?.into_iter().collect::<Result<Vec<_>, _>>()?;
        let anchor = Anchor { n: self.end.n, hash: self.end.hash };
        let signature = self.key.sign(&message(anchor, now));
        let at = now.as_microsecond();
        let key = self.key.fingerprint().0;
        sql.execute(
            "DELETE FROM heads WHERE node = ?1 AND n = ?2 AND at_us / ?3 = ?4 AND key = ?5",
            &[
                self.node.into(),
                self.sealed.n.into(),
                HEAD_EVERY_US.into(),
                (at / HEAD_EVERY_US).into(),
                key.as_slice().into(),
            ],
        )?;
        sql.execute(
            "INSERT INTO heads (node, n, hash, at_us, key, signature)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            &[
                self.node.into(),
                anchor.n.into(),
                anchor.hash.as_slice().into(),
                at.into(),
                key.as_slice().into(),
                signature.into(),
            ],
        )?;
        Ok(())
    }

    /// What was appended is on disk.
    pub(in crate::record) fn committed(&mut self) {
        self.links.clear();
        self.sealed = self.end;
    }

    /// What was appended is not in the ledger.
    pub(in crate::record) fn rolled_back(&mut self) {
        self.links.clear();
        self.end = self.sealed;
    }
}

fn values(node: i64, link: &Link) -> Vec<Value<'_>> {
    vec![
        node.into(),
        link.n.into(),
        link.event.name().into(),
        link.row.into(),
        link.content.as_slice().into(),
        link.caller.as_slice().into(),
        Value::Blob(link.salt.as_deref().map(Into::into)),
        link.note.as_str().into(),
        link.hash.as_slice().into(),
    ]
}
