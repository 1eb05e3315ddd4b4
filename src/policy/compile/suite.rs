//! Tests that stand outside the policy's own file, and facts given on a command line: read with the
//! words of the policy (its budgets, definitions and rules), so that a mistake is found at once.

use std::collections::BTreeSet;

use super::super::{Case, TargetWords, World};
use super::cases::Given;
use super::{Compiler, zones_of};
use crate::yaml::{self, Cursor, Fields, Problems, Reader};

/// The keys at the top of a file of tests.
pub(super) const KEYS: [&str; 3] = ["policy", "targets", "tests"];

/// What a file of tests says about the policy and the installation that it is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuiteHead {
    /// The policy's file as written, relative to the file of tests.
    pub policy: Option<String>,
    /// The targets to assume, `name: zone`; `None` means those of the configuration.
    pub targets: Option<Vec<TargetWords>>,
}

/// Reads the head of a file of tests.
pub(in crate::policy) fn head(file: &str, text: &str) -> Result<SuiteHead, Problems> {
    let tree = yaml::read(file, text)?;
    let mut reader = Reader::new(file, text);
    let mut head = SuiteHead::default();
    if let Some(fields) = reader.fields(&Cursor::top(&tree), &KEYS) {
        fields.need("tests", &mut reader);
        let policy = fields.get("policy").and_then(|at| reader.sentence(&at));
        head.policy = policy.map(str::to_owned);
        head.targets = targets(&mut reader, &fields);
    }
    if reader.has_errors() { Err(reader.finish()) } else { Ok(head) }
}

fn targets(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Vec<TargetWords>> {
    let at = fields.get("targets")?;
    let nowhere = World::default();
    let known: BTreeSet<&str> = zones_of(&nowhere).into_iter().collect();
    let mut targets = Vec::new();
    for (key, value) in reader.distinct(&at)? {
        let Some(zone) = reader.name(&value) else { continue };
        if known.contains(zone) {
            targets.push(TargetWords::new(&key.text, zone));
        } else {
            reader.unknown_word(&value, ("zone", zone), known.iter().copied());
        }
    }
    Some(targets)
}

/// Reads the tests of a separate file against a policy, whose own mistakes come first.
pub(in crate::policy) fn cases(
    (policy_file, policy_text): (&str, &str),
    world: &World,
    (file, text): (&str, &str),
) -> Result<Vec<Case>, Problems> {
    let tree = yaml::read(file, text)?;
    with_words_of((policy_file, policy_text), world, (file, text), |compiler| {
        let fields = compiler.reader.fields(&Cursor::top(&tree), &KEYS)?;
        Some(compiler.cases(&fields))
    })
}

/// Reads lines of `fact: value` against a policy.
pub(in crate::policy) fn given(
    (policy_file, policy_text): (&str, &str),
    world: &World,
    (file, text): (&str, &str),
) -> Result<Vec<Given>, Problems> {
    let tree = yaml::read(file, text)?;
    with_words_of((policy_file, policy_text), world, (file, text), |compiler| {
        let entries = compiler.reader.distinct(&Cursor::top(&tree))?;
        Some(entries.iter().filter_map(|(key, value)| compiler.given(key, value)).collect())
    })
}

fn with_words_of<T>(
    (policy_file, policy_text): (&str, &str),
    world: &World,
    (file, text): (&str, &str),
    read: impl FnOnce(&mut Compiler<'_>) -> Option<T>,
) -> Result<T, Problems> {
    let policy_tree = yaml::read(policy_file, policy_text)?;
    let mut compiler = Compiler::new(policy_file, policy_text, world);
    let policy = compiler.policy(&Cursor::top(&policy_tree), policy_text);
    if policy.is_none() || compiler.reader.has_errors() {
        return Err(compiler.reader.finish());
    }
    // What the policy was read for stays: its budgets, definitions and the ids of its rules.
    compiler.reader = Reader::new(file, text);
    let found = read(&mut compiler);
    match found {
        Some(found) if !compiler.reader.has_errors() => Ok(found),
        _ => Err(compiler.reader.finish()),
    }
}
