//! Reads a whole ledger and its chain and says where they do not fit.

use std::collections::HashMap;
use std::fmt;

use rusqlite::{Connection, OptionalExtension as _};
use serde::Deserialize;

use super::chain::{Anchor, Event, Link, SignedHead};
use super::content;
use super::key::Fingerprint;
use crate::record::error::LedgerError;
use crate::record::read::Reader;

/// How many faults are kept; more are counted.
const FAULTS_MAX: usize = 100;
/// How many links pass between two reports of progress.
const PROGRESS_EVERY: u64 = 1024;

/// What somebody knows about the ledger from elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The only key that may have signed.
    pub key: Option<Fingerprint>,
    /// A head that was printed earlier: the chain must contain it.
    pub head: Option<Anchor>,
}

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A link of the chain.
    Link(i64),
    /// A row of the ledger: its number, and its decision where that can be read.
    Row(i64, Option<String>),
    /// The signed head of this link.
    Head(i64),
    /// The ledger as a whole.
    Ledger,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(n) => write!(out, "link {n}"),
            Self::Row(seq, None) => write!(out, "row {seq}"),
            Self::Row(seq, Some(id)) => write!(out, "row {seq} (decision {id})"),
            Self::Head(n) => write!(out, "signed head of link {n}"),
            Self::Ledger => out.write_str("ledger"),
        }
    }
}

/// Something that is not as the gateway wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What, in a sentence.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.what)
    }
}

/// What a ledger's chain says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Links of the chain.
    pub links: u64,
    /// Rows of the ledger.
    pub rows: u64,
    /// Rows of requests that had not ended.
    pub running: u64,
    /// Rows whose caller has been forgotten.
    pub erased: u64,
    /// Rows that have been removed by rule.
    pub pruned: u64,
    /// The keys that signed, each with the link from which on.
    pub keys: Vec<(i64, Fingerprint)>,
    /// The end of the chain.
    pub head: Option<SignedHead>,
    /// What is wrong, in the order in which it was found.
    pub faults: Vec<Fault>,
    /// Faults beyond those.
    pub faults_more: u64,
}

impl Verified {
    /// Whether nothing is wrong.
    pub const fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, place: Place, what: &str) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { place, what: what.to_owned() });
        } else {
            self.faults_more += 1;
        }
    }
}

/// Checks every link, row and signature at one moment of the file, also while a gateway writes it.
/// `progress` hears how many links have been read, and of how many.
pub fn verify(
    ledger: &Reader,
    known: Known,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified, LedgerError> {
    // One snapshot for all queries.
    let snapshot = ledger.connection().unchecked_transaction()?;
    verify_within(&snapshot, known, progress)
}

/// The same within a snapshot that the caller has taken.
pub(in crate::record) fn verify_within(
    connection: &Connection,
    known: Known,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified, LedgerError> {
    let mut walk = Walk { connection, out: Verified::default(), rows: HashMap::new(), removed: 0 };
    let hashes = walk.links(known, progress)?;
    walk.rows()?;
    walk.counts()?;
    walk.heads(known, &hashes)?;
    Ok(walk.out)
}

/// What the chain has said about a row so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Decided,
    Ended,
}

/// The hash of every link that has a head, and of the last.
type Hashes = HashMap<i64, Vec<u8>>;

struct Walk<'c> {
    connection: &'c Connection,
    out: Verified,
    rows: HashMap<i64, Life>,
    /// Links whose row is gone.
    removed: u64,
}

impl Walk<'_> {
    fn links(
        &mut self,
        known: Known,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Hashes, LedgerError> {
        let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let total = self.connection.query_row("SELECT count(*) FROM chain", [], count)?;
        let total = u64::try_from(total).unwrap_or(0);
        let mut hashes = Hashes::new();
        let mut heads = self.connection.prepare("SELECT n FROM heads")?;
        let mut heads = heads.query([])?;
        while let Some(row) = heads.next()? {
            hashes.insert(row.get(0)?, Vec::new());
        }
        let mut query = self.connection.prepare(Link::SELECT)?;
        let mut found = query.query([])?;
        let mut before = vec![0; 32];
        let mut expected = 1;
        let mut newest = 0;
        let mut contained = known.head.is_none();
        while let Some(row) = found.next()? {
            let n: i64 = row.get(0)?;
            let place = Place::Link(n);
            if n != expected {
                self.out.fault(place.clone(), &format!("links are missing from {expected} on"));
            }
            expected = n.saturating_add(1);
            self.out.links += 1;
            if self.out.links.is_multiple_of(PROGRESS_EVERY) {
                progress(self.out.links, total);
            }
            let Some(link) = Link::read(row)? else {
                self.out.fault(place, "it is about something that no version writes");
                before = row.get("hash")?;
                continue;
            };
            if link.hash_behind(&before) != *link.hash {
                self.out.fault(place, "it does not follow from the links before it");
            }
            self.link(&link, &mut newest)?;
            contained |= known.head.is_some_and(|it| it.n == n && it.hash == *link.hash);
            if let Some(hash) = hashes.get_mut(&n) {
                hash.clone_from(&link.hash);
            }
            before = link.hash;
        }
        hashes.insert(expected - 1, before);
        if let Some(head) = known.head.filter(|_| !contained) {
            let what = "the head that you kept is not in it: it has been cut off or written anew";
            self.out.fault(Place::Link(head.n), what);
        }
        progress(total, total);
        Ok(hashes)
    }

    fn link(&mut self, link: &Link, newest: &mut i64) -> Result<(), LedgerError> {
        match link.event {
            Event::Key => match link.note.parse() {
                Ok(key) => self.out.keys.push((link.n, key)),
                Err(_) => self.out.fault(Place::Link(link.n), "it names no key"),
            },
            Event::Erased | Event::Pruned => {}
            Event::Decided => {
                if link.row <= *newest {
                    let what = "it is out of order: an earlier link is about a later row";
                    self.out.fault(Place::Link(link.n), what);
                }
                *newest = link.row.max(*newest);
                self.rows.insert(link.row, Life::Decided);
                self.decided(link)?;
            }
            Event::Ended => {
                if self.rows.insert(link.row, Life::Ended) != Some(Life::Decided) {
                    let what = "it ends a request that is not running";
                    self.out.fault(Place::Link(link.n), what);
                }
                let found = content::ended(self.connection, link.row).optional()?;
                if found.is_some_and(|found| found != *link.content) {
                    self.row_fault(link.row, "how the request ended has been changed")?;
                }
            }
        }
        Ok(())
    }

    fn decided(&mut self, link: &Link) -> Result<(), LedgerError> {
        self.out.erased += u64::from(link.salt.is_none());
        let salt = link.salt.as_deref().unwrap_or_default();
        let Some(found) = content::decided(self.connection, link.row, salt).optional()? else {
            self.removed += 1;
            return Ok(());
        };
        if found.content != *link.content {
            self.row_fault(link.row, "what was decided has been changed")?;
        }
        if link.salt.is_some() {
            if found.caller != *link.caller {
                self.row_fault(link.row, "who asked, or why, has been changed")?;
            }
        } else if !self.is_forgotten(link.row)? {
            self.row_fault(link.row, "a forgotten caller has been filled in again")?;
        }
        Ok(())
    }

    fn is_forgotten(&self, seq: i64) -> Result<bool, LedgerError> {
        let empty: Vec<String> =
            content::CALLER.iter().map(|column| format!("{column} = ''")).collect();
        let query = format!("SELECT {} FROM ledger WHERE seq = ?1", empty.join(" AND "));
        let mut query = self.connection.prepare_cached(&query)?;
        Ok(query.query_row([seq], |row| row.get(0))?)
    }

    fn row_fault(&mut self, seq: i64, what: &str) -> Result<(), LedgerError> {
        let query = "SELECT id FROM ledger WHERE seq = ?1";
        let id = self.connection.query_row(query, [seq], |row| row.get(0)).optional()?;
        self.out.fault(Place::Row(seq, id), what);
        Ok(())
    }

    /// Every row must be in the chain, in the state that the chain knows.
    fn rows(&mut self) -> Result<(), LedgerError> {
        let nothing = content::ENDED.iter().filter(|column| !matches!(**column, "seq" | "state"));
        let nothing: Vec<String> = nothing
            .map(|column| match *column {
                "cost_nanos" | "avoided_nanos" | "imputed_nanos" => format!("{column} = 0"),
                _ => format!("{column} IS NULL"),
            })
            .collect();
        let query = format!(
            "SELECT seq, id, state, refused IS NOT NULL, {} FROM ledger ORDER BY seq",
            nothing.join(" AND ")
        );
        let mut query = self.connection.prepare(&query)?;
        let mut found = query.query([])?;
        while let Some(row) = found.next()? {
            let seq = row.get(0)?;
            let place = || Ok::<_, LedgerError>(Place::Row(seq, row.get(1)?));
            let (is_refused, is_blank): (bool, bool) = (row.get(3)?, row.get(4)?);
            self.out.rows += 1;
            let state = row.get::<_, String>(2)?;
            let is_open = if is_refused { state == "refused" } else { state == "held" };
            match self.rows.get(&seq) {
                None => self.out.fault(place()?, "it is in no link: somebody has added it"),
                Some(Life::Decided) if !is_open || !is_blank => {
                    self.out.fault(place()?, "it has an end that is in no link");
                }
                Some(Life::Decided) => self.out.running += u64::from(!is_refused),
                Some(Life::Ended) => {}
            }
        }
        Ok(())
    }

    /// As many rows are gone, and as many callers forgotten, as links account for.
    fn counts(&mut self) -> Result<(), LedgerError> {
        let mut stated = [0_u64, 0];
        let mut query = self.connection.prepare(
            "SELECT event = 'pruned', note, n FROM chain WHERE event IN ('erased', 'pruned')",
        )?;
        let mut found = query.query([])?;
        while let Some(row) = found.next()? {
            let place = usize::from(row.get::<_, bool>(0)?);
            match serde_json::from_str::<Upkept>(&row.get::<_, String>(1)?) {
                Ok(upkept) => {
                    if let Some(sum) = stated.get_mut(place) {
                        *sum = sum.saturating_add(upkept.rows);
                    }
                }
                Err(_) => self.out.fault(Place::Link(row.get(2)?), "it does not say what was done"),
            }
        }
        let [erased, pruned] = stated;
        self.out.pruned = pruned;
        if self.removed != pruned {
            let what = format!(
                "{} row(s) are gone, and {pruned} were removed by rule{}",
                self.removed,
                self.first_gap()?
            );
            self.out.fault(Place::Ledger, &what);
        }
        if self.out.erased != erased {
            let what = format!(
                "{} row(s) have no caller, and {erased} were forgotten by rule",
                self.out.erased
            );
            self.out.fault(Place::Ledger, &what);
        }
        Ok(())
    }

    /// The first row that the chain knows and the ledger lacks, behind those that are there.
    fn first_gap(&self) -> Result<String, LedgerError> {
        let query = "SELECT max(row) FROM chain WHERE event = 'decided'
                     AND row NOT IN (SELECT seq FROM ledger)";
        let last: Option<i64> = self.connection.query_row(query, [], |row| row.get(0))?;
        Ok(last.map(|row| format!("; the last one missing is row {row}")).unwrap_or_default())
    }

    fn heads(&mut self, known: Known, hashes: &Hashes) -> Result<(), LedgerError> {
        let mut query = self.connection.prepare(SignedHead::SELECT)?;
        let mut found = query.query([])?;
        while let Some(row) = found.next()? {
            let n: i64 = row.get(0)?;
            let place = Place::Head(n);
            let Some(head) = SignedHead::read(row)? else {
                self.out.fault(place, "it cannot be read");
                continue;
            };
            let in_force = self.out.keys.iter().rev().find(|(from, _)| *from <= n);
            if in_force.is_none_or(|(_, key)| *key != head.key) {
                self.out.fault(place.clone(), "it is signed with a key that was not in force");
            }
            if !head.is_genuine() {
                self.out.fault(place.clone(), "the signature is not that of its key");
            }
            if hashes.get(&n).is_none_or(|hash| *hash != head.anchor.hash) {
                self.out.fault(place, "the chain has another link there");
            }
            self.out.head = Some(head);
        }
        if let Some(key) = known.key {
            let others = self.out.keys.clone().into_iter().filter(|(_, other)| *other != key);
            for (n, other) in others {
                let what = format!("from here on another key signs than the one you know: {other}");
                self.out.fault(Place::Link(n), &what);
            }
        }
        let last = i64::try_from(self.out.links).unwrap_or(i64::MAX);
        let signed = self.out.head.as_ref().map_or(0, |head| head.anchor.n);
        if signed < last {
            let what = format!("links {} to {last} are not signed", signed.saturating_add(1));
            self.out.fault(Place::Ledger, &what);
        }
        Ok(())
    }
}

/// What links about many rows say.
#[derive(Deserialize)]
struct Upkept {
    rows: u64,
}
