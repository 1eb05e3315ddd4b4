//! `routes[].split`: which share of the requests each of a route's first targets gets.

use super::super::TargetId;
use super::super::split::Split;
use super::Compiler;
use crate::yaml::{Cursor, Fields};

/// The greatest weight.
const WEIGHT_MAX: u64 = 1_000_000;

impl Compiler<'_> {
    /// Reads `split` of a route that uses these targets.
    pub(super) fn split(&mut self, fields: &Fields<'_>, targets: &[TargetId]) -> Option<Split> {
        let at = fields.get("split")?;
        let entries = self.reader.distinct(&at)?;
        let was_wrong = self.reader.has_errors();
        let mut shares: Vec<(TargetId, u32)> = Vec::new();
        for (key, value) in &entries {
            let Some(target) = self.target_named(&key.text) else {
                let names = self.world.targets.iter().map(|target| target.name.as_str());
                self.reader.unknown_key(key, ("target", &value.path), names);
                continue;
            };
            let weight = self.reader.whole(value, WEIGHT_MAX);
            let weight = weight.and_then(|weight| u32::try_from(weight).ok());
            if weight == Some(0) {
                let help = "leave the target out of `split`, or out of `use`";
                self.reader.wrong_with_help(
                    value,
                    "a share of nothing is no share".to_owned(),
                    help,
                );
            }
            shares.extend(weight.map(|weight| (target, weight)));
        }
        if self.reader.has_errors() && !was_wrong || shares.len() != entries.len() {
            return None;
        }
        self.cut(&at, &shares, targets)
    }

    fn cut(
        &mut self,
        at: &Cursor<'_>,
        shares: &[(TargetId, u32)],
        targets: &[TargetId],
    ) -> Option<Split> {
        if shares.len() < 2 {
            let help = "name two targets or more, or leave `split` out";
            self.reader.wrong_with_help(at, "one target has nothing to share".to_owned(), help);
            return None;
        }
        let weight = |target: &TargetId| {
            shares.iter().find(|(known, _)| known == target).map(|(_, weight)| *weight)
        };
        // Those that share come first, so that the drawn one takes the place of no other.
        let weights: Vec<u32> = targets.iter().map_while(weight).collect();
        if weights.len() != shares.len() {
            let message = "the targets of a split are the first ones in `use`".to_owned();
            let help = "name them in `use`, before the targets that only step in";
            self.reader.wrong_with_help(at, message, help);
            return None;
        }
        let split = Split::new(weights);
        if split.is_none() {
            let message = "one of these shares is less than one request in a million";
            self.reader.wrong(at, message);
        }
        split
    }

    /// An answer that is looked at is followed by another target, which a draw could put before it.
    pub(super) fn check_split_and_verify(
        &mut self,
        fields: &Fields<'_>,
        split: &Split,
        (of, targets): (TargetId, Option<&[TargetId]>),
    ) {
        let mut sharing = targets.unwrap_or_default().iter().take(split.weights.len());
        if let Some(at) = fields.get("split").filter(|_| sharing.any(|target| *target == of)) {
            let name = self.world.targets.get(of.0).map_or("?", |target| &target.name);
            let message = format!("the answers of `{name}` are looked at, so it cannot share");
            let help = "take it out of `split`, or `verify` out of the route";
            self.reader.wrong_with_help(&at, message, help);
        }
    }
}
