//! Reads a whole ledger and its chain and says where they do not fit.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::chain::{Anchor, Event, Link, ONLY_NODE, SignedHead};
use super::content::{self, Decided};
use super::key::Fingerprint;
use super::upkeep::Stated;
use crate::record::columns::CALLER;
use crate::record::error::LedgerError;
use crate::record::read::Reader;
use crate::record::sql::{Row, Sql, SqlError, Value};

/// How many faults are kept; more are counted.
const FAULTS_MAX: usize = 100;
/// A clock that is put right goes back by less.
const SET_BACK_AT_LEAST: SignedDuration = SignedDuration::from_secs(60);
/// How many links pass between two reports of progress.
const PROGRESS_EVERY: u64 = 1024;

/// What somebody knows about the ledger from elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The only keys that may have signed; none where any may.
    pub keys: Vec<Fingerprint>,
    /// Heads that were printed earlier: the chains must contain them.
    pub heads: Vec<Anchor>,
}

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A link of the chain of a node.
    Link(i64, i64),
    /// A row of the ledger: its number, and its decision where that can be read.
    Row(i64, Option<String>),
    /// The signed head of this link of a node.
    Head(i64, i64),
    /// The ledger as a whole.
    Ledger,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(node, n) => write!(out, "link {n}{}", of(*node)),
            Self::Row(seq, None) => write!(out, "row {seq}"),
            Self::Row(seq, Some(id)) => write!(out, "row {seq} (decision {id})"),
            Self::Head(node, n) => write!(out, "signed head of link {n}{}", of(*node)),
            Self::Ledger => out.write_str("ledger"),
        }
    }
}

/// A file has one node, of which nobody speaks.
fn of(node: i64) -> String {
    if node == ONLY_NODE { String::new() } else { format!(" of node {node}") }
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

/// The clock of a node went back while it wrote: what it says about time from there on may be untrue. The order
/// of the links is not in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetBack {
    /// Whose clock.
    pub node: i64,
    /// The last link before.
    pub n: i64,
    /// When that was signed.
    pub from: Timestamp,
    /// When the next one was signed.
    pub to: Timestamp,
}

impl fmt::Display for SetBack {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, n, from, to } = self;
        write!(out, "the clock went back from {from} to {to} behind link {n}{}", of(*node))
    }
}

/// What a ledger's chain says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Chains, one per node.
    pub chains: u64,
    /// Links of all chains.
    pub links: u64,
    /// Rows of the ledger.
    pub rows: u64,
    /// Rows of requests that had not ended.
    pub running: u64,
    /// Rows whose caller has been forgotten.
    pub erased: u64,
    /// Rows that have been removed by rule.
    pub pruned: u64,
    /// The keys that signed, each with the link from which on, node by node.
    pub keys: Vec<(i64, Fingerprint)>,
    /// The end of the chain; of several, the one that was signed last.
    pub head: Option<SignedHead>,
    /// Where a clock went back by a minute or more, at most a hundred times. No fault: clocks are put right, too.
    pub set_back: Vec<SetBack>,
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

/// Checks every link, row and signature at one moment of the ledger, also while gateways write it.
/// `progress` hears how many links have been read, and of how many.
pub fn verify(
    ledger: &Reader,
    known: &Known,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified, LedgerError> {
    ledger.at_one_moment(|sql| verify_within(sql, known, progress))
}

/// The same within a snapshot that the caller has taken.
pub(in crate::record) fn verify_within(
    sql: &Sql,
    known: &Known,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified, LedgerError> {
    let total: i64 = sql.value("SELECT count(*) FROM chain", &[])?;
    let total = u64::try_from(total).unwrap_or(0);
    let nodes = "SELECT node FROM chain UNION SELECT node FROM heads ORDER BY 1";
    let nodes = sql.all(nodes, &[], |row| row.get::<i64>(0))?;
    let mut walk = Walk {
        sql,
        out: Verified::default(),
        rows: HashMap::new(),
        early: BTreeMap::new(),
        removed: Vec::new(),
        erased: Vec::new(),
        seen: seen(sql)?,
        missing: known.heads.clone(),
        is_alone: nodes.len() <= 1,
    };
    let mut chains = Vec::with_capacity(nodes.len());
    for node in nodes {
        walk.out.chains += 1;
        let before = walk.out.keys.len();
        let hashes = walk.links(node, &mut |done| progress(done, total))?;
        let keys: Vec<_> = walk.out.keys.iter().skip(before).copied().collect();
        chains.push((node, keys, hashes));
    }
    progress(total, total);
    walk.ends_before_beginnings();
    walk.others(&chains);
    for head in std::mem::take(&mut walk.missing) {
        let what = "the head that you kept is not in it: it has been cut off or written anew";
        walk.out.fault(Place::Link(ONLY_NODE, head.n), what);
    }
    walk.rows()?;
    walk.counts()?;
    for chain in chains {
        walk.heads(chain, known)?;
    }
    Ok(walk.out)
}

/// What the chains have said about a row so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Decided,
    Ended,
}

/// An end of a chain as another node saw it.
#[derive(Debug)]
struct Seen {
    /// Whose chain, up to which link, with which hash.
    node: i64,
    n: i64,
    hash: Vec<u8>,
    /// Which node says so.
    by: i64,
}

/// What the chains say about each other.
fn seen(sql: &Sql) -> Result<Vec<Seen>, LedgerError> {
    let query =
        "SELECT row, note, content, node FROM chain WHERE event = 'seen' ORDER BY row, node, n";
    sql.all(query, &[], |row| {
        // What is no number is no link that there could be.
        let n = row.get::<String>(1)?.parse().unwrap_or(0);
        Ok(Seen { node: row.get(0)?, n, hash: row.get(2)?, by: row.get(3)? })
    })
}

/// A chain that was read: its node, its keys with the link from which on, and its hashes.
type Read = (i64, Vec<(i64, Fingerprint)>, Hashes);

/// The hash of every link that has a head or that another node has seen, and of the last.
#[derive(Debug, Default)]
struct Hashes {
    of: HashMap<i64, Vec<u8>>,
    last: i64,
}

struct Walk<'s> {
    sql: &'s Sql,
    out: Verified,
    rows: HashMap<i64, Life>,
    /// Rows that one node ended and whose beginning stands in the chain of another, not read yet: the
    /// link that ended them.
    early: BTreeMap<i64, Place>,
    /// Rows that the chain knows and that are gone, in no order.
    removed: Vec<i64>,
    /// Rows whose caller has been forgotten, in no order.
    erased: Vec<i64>,
    /// What nodes say about the chains of others.
    seen: Vec<Seen>,
    /// Heads that somebody kept and that no chain has had yet.
    missing: Vec<Anchor>,
    is_alone: bool,
}

/// Where the row's columns begin behind those of the link: its number, its decision, its end.
const ROW: usize = Link::COLUMNS.len();

/// Every link of a node with the row that it is about, if that is there.
fn links_and_rows() -> String {
    let (decided, ended) = content::columns();
    let link = Link::COLUMNS.map(|column| format!("chain.{column}")).join(", ");
    format!(
        "SELECT {link}, ledger.seq, {}, {} FROM chain
         LEFT JOIN ledger ON ledger.seq = chain.row AND chain.event IN ('decided', 'ended')
         LEFT JOIN texts ON texts.row = ledger.seq
         WHERE chain.node = ?1 ORDER BY chain.n",
        content::selected(&decided),
        content::selected(&ended)
    )
}

impl Walk<'_> {
    fn links(&mut self, node: i64, progress: &mut dyn FnMut(u64)) -> Result<Hashes, LedgerError> {
        let mut hashes = Hashes::default();
        let sql = self.sql;
        sql.each("SELECT n FROM heads WHERE node = ?1", &[node.into()], |row| {
            hashes.of.insert(row.get(0)?, Vec::new());
            Ok::<_, SqlError>(())
        })?;
        let of_this = self.seen.iter().filter(|it| it.node == node);
        hashes.of.extend(of_this.map(|it| (it.n, Vec::new())));
        let mut before = vec![0; 32];
        let (mut expected, mut newest) = (1, 0);
        sql.each(&links_and_rows(), &[node.into()], |row| {
            let n: i64 = row.get(0)?;
            let place = Place::Link(node, n);
            if n != expected {
                self.out.fault(place.clone(), &format!("links are missing from {expected} on"));
            }
            expected = n.saturating_add(1);
            self.out.links += 1;
            if self.out.links.is_multiple_of(PROGRESS_EVERY) {
                progress(self.out.links);
            }
            let Some(link) = Link::read(row)? else {
                self.out.fault(place, "it is about something that no version writes");
                before = row.get("hash")?;
                return Ok(());
            };
            if link.hash_behind(&before) != *link.hash {
                self.out.fault(place.clone(), "it does not follow from the links before it");
            }
            self.link(&place, (node, &link), row, &mut newest)?;
            self.missing.retain(|it| it.n != n || it.hash != *link.hash);
            if let Some(hash) = hashes.of.get_mut(&n) {
                *hash = link.hash.to_vec();
            }
            before = link.hash.to_vec();
            Ok::<_, LedgerError>(())
        })?;
        hashes.last = expected - 1;
        hashes.of.insert(hashes.last, before);
        Ok(hashes)
    }

    fn link(
        &mut self,
        place: &Place,
        (node, link): (i64, &Link),
        row: &Row<'_>,
        newest: &mut i64,
    ) -> Result<(), LedgerError> {
        if link.salt.is_some() && link.event != Event::Decided {
            self.out.fault(place.clone(), "it has a salt, and no caller");
        }
        match link.event {
            Event::Key => match link.note.parse() {
                Ok(key) if link.row == node => self.out.keys.push((link.n, key)),
                Ok(_) => self.out.fault(place.clone(), "it is the key of another node"),
                Err(_) => self.out.fault(place.clone(), "it names no key"),
            },
            Event::Erased | Event::Pruned | Event::Seen => {}
            Event::Decided => {
                if link.row <= *newest {
                    let what = "it is out of order: an earlier link is about a later row";
                    self.out.fault(place.clone(), what);
                }
                *newest = link.row.max(*newest);
                let is_early = self.early.remove(&link.row).is_some();
                let life = if is_early { Life::Ended } else { Life::Decided };
                self.rows.insert(link.row, life);
                self.decided(link, row)?;
            }
            Event::Ended => {
                match self.rows.insert(link.row, Life::Ended) {
                    Some(Life::Decided) => {}
                    None if !self.is_alone => {
                        self.early.insert(link.row, place.clone());
                    }
                    Some(Life::Ended) | None => {
                        self.out.fault(place.clone(), "it ends a request that is not running");
                    }
                }
                let (decided, ended) = content::columns();
                let seq: Option<i64> = row.get(ROW)?;
                let values = content::values(row, ROW + 1 + decided.len(), ended.len())?;
                if seq.is_some_and(|seq| content::ended(seq, &values) != *link.content) {
                    self.row_fault(link.row, row, "how the request ended has been changed")?;
                }
            }
        }
        Ok(())
    }

    fn decided(&mut self, link: &Link, row: &Row<'_>) -> Result<(), LedgerError> {
        if link.salt.is_none() {
            self.out.erased += 1;
            self.erased.push(link.row);
        }
        let salt = link.salt.as_deref().unwrap_or_default();
        let Some(seq) = row.get::<Option<i64>>(ROW)? else {
            self.removed.push(link.row);
            return Ok(());
        };
        let (columns, _) = content::columns();
        let values = content::values(row, ROW + 1, columns.len())?;
        let Decided { content, caller } = content::decided(seq, &values, salt);
        if content != *link.content {
            self.row_fault(link.row, row, "what was decided has been changed")?;
        }
        if link.salt.is_some() {
            if caller != *link.caller {
                self.row_fault(link.row, row, "who asked, or why, has been changed")?;
            }
        } else {
            let of_caller = values.len().saturating_sub(CALLER.len());
            let is_empty = |value: &Value<'_>| *value == Value::from("");
            if !values.iter().skip(of_caller).all(is_empty) {
                self.row_fault(link.row, row, "a forgotten caller has been filled in again")?;
            }
        }
        Ok(())
    }

    /// The decision's id is the first column of a row behind its number.
    fn row_fault(&mut self, seq: i64, row: &Row<'_>, what: &str) -> Result<(), LedgerError> {
        self.out.fault(Place::Row(seq, row.get(ROW + 1)?), what);
        Ok(())
    }

    fn ends_before_beginnings(&mut self) {
        for (row, place) in std::mem::take(&mut self.early) {
            self.rows.remove(&row);
            self.out.fault(place, "it ends a request that is not running");
        }
    }

    /// What a node saw of another's chain must be there: otherwise it was cut off, or is gone.
    fn others(&mut self, chains: &[Read]) {
        for Seen { node, n, hash, by } in std::mem::take(&mut self.seen) {
            let chain = chains.iter().find(|(read, ..)| *read == node);
            if chain.and_then(|(.., hashes)| hashes.of.get(&n)).is_none_or(|it| *it != hash) {
                let what = format!(
                    "node {by} saw it, and it is not there: the chain is gone, has been cut off or written anew"
                );
                self.out.fault(Place::Link(node, n), &what);
            }
        }
    }

    /// Every row must be in a chain, in the state that the chain knows.
    fn rows(&mut self) -> Result<(), LedgerError> {
        let (_, ended) = content::columns();
        let nothing = ended.iter().filter(|column| !matches!(**column, "state" | "raised_nanos"));
        let nothing: Vec<String> = nothing
            .map(|column| match *column {
                "cost_nanos" | "avoided_nanos" | "imputed_nanos" => format!("{column} = 0"),
                _ => format!("{column} IS NULL"),
            })
            .collect();
        let query = format!(
            "SELECT seq, id, state, refused IS NOT NULL,
               {} AND (refused IS NULL OR raised_nanos IS NULL) FROM ledger ORDER BY seq",
            nothing.join(" AND ")
        );
        let sql = self.sql;
        sql.each(&query, &[], |row| {
            let seq = row.get(0)?;
            let place = || Ok::<_, LedgerError>(Place::Row(seq, row.get(1)?));
            let (is_refused, is_blank): (bool, bool) = (row.get(3)?, row.get(4)?);
            self.out.rows += 1;
            let state = row.get::<String>(2)?;
            let is_open = if is_refused { state == "refused" } else { state == "held" };
            match self.rows.get(&seq) {
                None => self.out.fault(place()?, "it is in no link: somebody has added it"),
                Some(Life::Decided) if !is_open || !is_blank => {
                    self.out.fault(place()?, "it has an end that is in no link");
                }
                Some(Life::Decided) => self.out.running += u64::from(!is_refused),
                Some(Life::Ended) => {}
            }
            Ok::<_, LedgerError>(())
        })
    }

    /// Those rows are gone, and those callers forgotten, of which links say so.
    fn counts(&mut self) -> Result<(), LedgerError> {
        let (mut erased, mut pruned) = (Stated::default(), Stated::default());
        let query = "SELECT event = 'pruned', note, n, node FROM chain
                     WHERE event IN ('erased', 'pruned')";
        let sql = self.sql;
        sql.each(query, &[], |row| {
            let stated = if row.get::<bool>(0)? { &mut pruned } else { &mut erased };
            if stated.add(&row.get::<String>(1)?).is_none() {
                let place = Place::Link(row.get(3)?, row.get(2)?);
                self.out.fault(place, "it does not say what was done");
            }
            Ok::<_, LedgerError>(())
        })?;
        self.out.pruned = pruned.rows;
        let (mut removed, mut forgotten) =
            (std::mem::take(&mut self.removed), std::mem::take(&mut self.erased));
        removed.sort_unstable();
        forgotten.sort_unstable();
        if !pruned.are(&removed) {
            let (gone, stated) = (removed.len(), pruned.rows);
            let back = pruned.first_back(&removed);
            let back = back.map(|row| format!("; row {row} was, and is there again"));
            let what = format!(
                "{gone} row(s) are gone, and {stated} were removed by rule{}{}",
                self.first_gap()?,
                back.unwrap_or_default()
            );
            self.out.fault(Place::Ledger, &what);
        }
        if !erased.are(&forgotten) {
            let back = erased.first_back(&forgotten);
            let back = back.map(|row| format!("; that of row {row} was, and is there again"));
            let what = format!(
                "{} row(s) have no caller, and {} were forgotten by rule{}",
                self.out.erased,
                erased.rows,
                back.unwrap_or_default()
            );
            self.out.fault(Place::Ledger, &what);
        }
        Ok(())
    }

    /// The first row that the chain knows and the ledger lacks, behind those that are there.
    fn first_gap(&self) -> Result<String, LedgerError> {
        let query = "SELECT max(row) FROM chain WHERE event = 'decided'
                     AND row NOT IN (SELECT seq FROM ledger)";
        let last: Option<i64> = self.sql.value(query, &[])?;
        Ok(last.map(|row| format!("; the last one missing is row {row}")).unwrap_or_default())
    }

    /// The signed heads of a node that used these keys.
    fn heads(&mut self, (node, keys, hashes): Read, known: &Known) -> Result<(), LedgerError> {
        let (sql, mut signed, mut before) = (self.sql, 0, None);
        // Only the key before can have signed what a new key goes on with.
        let handed = keys.iter().zip(keys.iter().skip(1));
        let mut handed: Vec<_> = handed.map(|((_, key), (from, _))| (from - 1, *key)).collect();
        sql.each(SignedHead::OF_NODE, &[node.into()], |row| {
            let n: i64 = row.get(0)?;
            let place = Place::Head(node, n);
            let Some(head) = SignedHead::read(row)? else {
                self.out.fault(place, "it cannot be read");
                return Ok(());
            };
            let in_force = keys.iter().rev().find(|(from, _)| *from <= n);
            if in_force.is_none_or(|(_, key)| *key != head.key) {
                self.out.fault(place.clone(), "it is signed with a key that was not in force");
            }
            if !head.is_genuine() {
                self.out.fault(place.clone(), "the signature is not that of its key");
            }
            if hashes.of.get(&n).is_none_or(|hash| *hash != head.anchor.hash) {
                self.out.fault(place, "the chain has another link there");
            } else if head.is_genuine() {
                handed.retain(|it| *it != (n, head.key));
            }
            let set_back = before.filter(|(_, at)| head.at + SET_BACK_AT_LEAST <= *at);
            if let Some((before, from)) = set_back.filter(|_| self.out.set_back.len() < FAULTS_MAX)
            {
                self.out.set_back.push(SetBack { node, n: before, from, to: head.at });
            }
            before = Some((n, head.at));
            signed = head.anchor.n;
            let is_latest = self.out.head.as_ref().is_none_or(|latest| latest.at <= head.at);
            if is_latest || self.is_alone {
                self.out.head = Some(head);
            }
            Ok::<_, LedgerError>(())
        })?;
        for (n, key) in handed {
            let what =
                format!("another key goes on here, and the one before did not sign it: {key}");
            self.out.fault(Place::Link(node, n.saturating_add(1)), &what);
        }
        if !known.keys.is_empty() {
            for (n, other) in keys.into_iter().filter(|(_, key)| !known.keys.contains(key)) {
                let what = format!("from here on another key signs than the one you know: {other}");
                self.out.fault(Place::Link(node, n), &what);
            }
        }
        let last = hashes.last;
        if signed < last {
            let from = signed.saturating_add(1);
            let what = format!("links {from} to {last}{} are not signed", of(node));
            self.out.fault(Place::Ledger, &what);
        }
        Ok(())
    }
}
