//! From the text of a policy to a [`Policy`] that cannot be wrong, or to everything wrong with it.
//!
//! One pass in the order in which parts refer to each other: words, budgets, limits, routes, the
//! refusal, tests. Nothing stops at the first mistake; problems come out in file order.

mod assertions;
mod budgets;
mod cel;
pub(super) mod cases;
mod conditions;
mod detect;
mod matchers;
mod rules;
pub(super) mod schema;
mod split;
mod verify;
pub(super) mod suite;
mod words;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::condition::Check;
use super::{JURISDICTIONS, Otherwise, Policy, TargetId, TargetSet, World, prove};
use super::{ZONE_ON_HOST, ZONE_ON_PREM, is_remote};
use crate::inspect::{Label, Level};
use crate::yaml::{self, Cursor, Fields, Problems, Reader, Severity};
pub(in crate::policy) use detect::Tiers;
use words::Define;

/// The keys at the top of a policy.
const KEYS: [&str; 16] = [
    "version",
    "name",
    "owner",
    "define",
    "sensitivity",
    "detect",
    "tasks",
    "budgets",
    "limits",
    "routes",
    "otherwise",
    "tests",
    "trusted_headers",
    "allow_cel_in_limits",
    "assert",
    "restricted_may_reach",
];

/// What callers read when a policy does not say it in its own words.
const SAY: &str = "No permitted model can answer this: {reasons}";

/// What is known while a policy is read.
struct Compiler<'t> {
    reader: Reader<'t>,
    world: &'t World,
    /// Zones that may be named, those of targets first.
    zones: Vec<&'t str>,
    defines: BTreeMap<String, Define>,
    /// The labels that the policy names itself, with their levels.
    own_labels: Vec<(Label, Level)>,
    budget_names: Vec<String>,
    /// Headers (`x-purpose`) and metadata fields (`metadata.purpose`) that routes may believe.
    trusted: Vec<String>,
    /// Whether limits may be written in CEL, which cannot be proved.
    cel_in_limits: bool,
    checks: Vec<Check>,
    /// Ids of limits and routes, with the line of their definition.
    rule_lines: BTreeMap<String, u32>,
}

/// Reads a policy for this world, and proves what it asserts.
///
/// # Errors
/// Everything that is wrong with the file, in file order.
pub(super) fn compile(file: &str, text: &str, world: &World) -> Result<Policy, Problems> {
    let policy = unproved(file, text, world)?;
    let found = prove::examine(&policy, (file, text));
    let (notes, found): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|problem| problem.severity == Severity::Note);
    let warnings = Problems::new(policy.warnings.clone().into_iter().chain(found).collect());
    if warnings.errors() > 0 {
        return Err(warnings);
    }
    Ok(Policy { warnings, notes: Problems::new(notes), ..policy })
}

/// Reads a policy for this world without proving anything.
///
/// # Errors
/// Everything that is wrong with its words, in file order.
pub(super) fn unproved(file: &str, text: &str, world: &World) -> Result<Policy, Problems> {
    let tree = yaml::read(file, text)?;
    let mut compiler = Compiler::new(file, text, world);
    let policy = compiler.policy(&Cursor::top(&tree), text);
    let failed = compiler.reader.has_errors();
    let problems = compiler.reader.finish();
    match policy {
        Some(policy) if !failed => Ok(Policy { warnings: problems, ..policy }),
        _ => Err(problems),
    }
}

/// The zones that a policy may name, those of targets first.
fn zones_of(world: &World) -> Vec<&str> {
    let mut zones: Vec<&str> = vec![ZONE_ON_HOST, ZONE_ON_PREM];
    zones.extend(world.targets.iter().map(|target| target.zone.as_str()));
    zones.extend(JURISDICTIONS);
    zones
}

impl<'t> Compiler<'t> {
    fn new(file: &'t str, text: &'t str, world: &'t World) -> Self {
        let zones = zones_of(world);
        Self {
            reader: Reader::new(file, text),
            world,
            zones,
            defines: BTreeMap::new(),
            own_labels: Vec::new(),
            budget_names: Vec::new(),
            trusted: Vec::new(),
            cel_in_limits: false,
            checks: Vec::new(),
            rule_lines: BTreeMap::new(),
        }
    }

    fn policy(&mut self, top: &Cursor<'_>, text: &str) -> Option<Policy> {
        let fields = self.reader.fields(top, &KEYS)?;
        self.check_world(top);
        self.version(&fields);
        let name = fields.need("name", &mut self.reader).and_then(|at| self.reader.name(&at));
        let owner = fields.get("owner").and_then(|at| self.reader.sentence(&at));
        self.own_labels(&fields);
        self.define(&fields);
        let levels = self.sensitivity(&fields);
        let detect = self.detect(&fields);
        let budgets = self.budgets(&fields);
        self.trusted_headers(&fields);
        let cel = fields.get("allow_cel_in_limits");
        self.cel_in_limits = cel.and_then(|at| self.reader.truth(&at)).unwrap_or(false);
        let limits = self.limits(&fields);
        let routes = self.routes(&fields);
        let otherwise = self.otherwise(&fields);
        let cases = self.cases(&fields);
        let assertions = self.assertions(&fields);
        let restricted_remote = self.restricted(&fields);
        let remote = |(index, target): (usize, &super::TargetWords)| {
            is_remote(&target.zone).then_some(TargetId(index))
        };
        Some(Policy {
            name: name.unwrap_or_default().to_owned(),
            owner: owner.unwrap_or_default().to_owned(),
            rev: revision(text),
            default_level: levels.default,
            labels_by_level: levels.labels,
            budgets,
            checks: std::mem::take(&mut self.checks),
            limits,
            routes,
            otherwise,
            cases,
            assertions,
            restricted_remote,
            rules_at: fields.key_span("routes").unwrap_or_default(),
            targets: self.world.targets.clone(),
            remote: self.world.targets.iter().enumerate().filter_map(remote).collect(),
            masking: self.world.masking,
            detect,
            combinations: levels.combinations,
            tiers: levels.tiers,
            warnings: Problems::default(),
            notes: Problems::default(),
        })
    }

    fn check_world(&mut self, top: &Cursor<'_>) {
        if self.world.targets.len() > TargetSet::TARGETS_MAX {
            let most = TargetSet::TARGETS_MAX;
            self.reader.wrong(top, format!("the configuration has more than {most} targets"));
        }
    }

    fn version(&mut self, fields: &Fields<'_>) {
        let Some(at) = fields.need("version", &mut self.reader) else { return };
        if self.reader.whole(&at, 1_000).is_some_and(|version| version != 1) {
            let message = "this version of the policy language is not known".to_owned();
            self.reader.wrong_with_help(&at, message, "write `version: 1`");
        }
    }

    fn trusted_headers(&mut self, fields: &Fields<'_>) {
        let Some(at) = fields.get("trusted_headers") else { return };
        for item in self.reader.list(&at).unwrap_or_default() {
            if let Some(name) = self.reader.name(&item) {
                self.trusted.push(name.to_lowercase());
            }
        }
    }

    fn otherwise(&mut self, fields: &Fields<'_>) -> Otherwise {
        let mut otherwise = Otherwise { status: 403, say: SAY.to_owned() };
        let Some(at) = fields.get("otherwise") else { return otherwise };
        let Some(outer) = self.reader.fields(&at, &["refuse"]) else { return otherwise };
        let Some(at) = outer.need("refuse", &mut self.reader) else { return otherwise };
        let Some(refuse) = self.reader.fields(&at, &["status", "say"]) else { return otherwise };
        if let Some(at) = refuse.get("status") {
            match self.reader.whole(&at, 599).and_then(|status| u16::try_from(status).ok()) {
                Some(status @ 400..=599) => otherwise.status = status,
                Some(_) => self.reader.wrong(&at, "a refusal needs a status from 400 to 599"),
                None => {}
            }
        }
        if let Some(at) = refuse.get("say")
            && let Some(say) = self.reader.sentence(&at)
        {
            if say.replace("{reasons}", "").contains(['{', '}']) {
                let message = "this text has a placeholder that is not known".to_owned();
                self.reader.wrong_with_help(&at, message, "the only placeholder is `{reasons}`");
            }
            say.clone_into(&mut otherwise.say);
        }
        otherwise
    }

    /// One of the targets of the configuration.
    fn target(&mut self, at: &Cursor<'_>) -> Option<TargetId> {
        let name = self.reader.text(at)?;
        let found = self.target_named(name);
        if found.is_none() {
            let names = self.world.targets.iter().map(|target| target.name.as_str());
            self.reader.unknown_word(at, ("target", name), names);
        }
        found
    }

    fn target_named(&self, name: &str) -> Option<TargetId> {
        self.world.targets.iter().position(|target| target.name == name).map(TargetId)
    }
}

/// Twelve hex digits that name exactly this text.
fn revision(text: &str) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(6).fold(String::with_capacity(12), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
