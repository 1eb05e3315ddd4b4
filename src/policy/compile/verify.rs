//! `routes[].verify`: which local answers are good enough.

use super::super::{TargetId, Verify, ZONE_ON_HOST};
use super::Compiler;
use super::matchers::millionths;
use crate::yaml::{Cursor, Fields};

pub(super) const KEYS: [&str; 7] =
    ["of", "min_token_prob_p10", "extractive", "words_min", "words_max", "otherwise", "agreement"];
/// Most words that can be asked for.
const WORDS_MAX: u64 = 100_000;

impl Compiler<'_> {
    /// Reads `verify` of a route that uses these targets.
    pub(super) fn verify(&mut self, fields: &Fields<'_>, targets: &[TargetId]) -> Option<Verify> {
        let at = fields.get("verify")?;
        let inner = self.reader.fields(&at, &KEYS)?;
        let place = inner.need("of", &mut self.reader);
        let of = place.as_ref().and_then(|at| self.target(at));
        let p10 = inner.need("min_token_prob_p10", &mut self.reader);
        let p10_min = p10.and_then(|at| self.share(&at, "probability"));
        let agreement = inner.get("agreement").and_then(|at| self.share(&at, "share"));
        let extractive = inner.get("extractive").and_then(|at| self.reader.truth(&at));
        let mut words = |key: &str| {
            let at = inner.get(key)?;
            self.reader.whole(&at, WORDS_MAX).and_then(|count| u32::try_from(count).ok())
        };
        let (words_min, words_max) = (words("words_min"), words("words_max"));
        if let Some(at) = inner.get("otherwise") {
            self.reader.one_of(&at, "way out", &[("next", ())]);
        }
        if let (Some(fewest), Some(most)) = (words_min, words_max)
            && fewest > most
        {
            self.reader
                .wrong(&at, "no answer has at least `words_min` and at most `words_max` words");
        }
        let of = of?;
        self.check_place(place.as_ref()?, of, targets);
        let extractive = extractive.unwrap_or(true);
        let agreement = agreement.unwrap_or(0.0);
        Some(Verify { of, p10_min: p10_min?, extractive, words_min, words_max, agreement })
    }

    /// A target that is looked at answers in this process, and another must come after it.
    fn check_place(&mut self, at: &Cursor<'_>, of: TargetId, targets: &[TargetId]) {
        let name = self.world.targets.get(of.0).map_or("?", |target| &target.name).to_owned();
        let is_here = self.world.targets.get(of.0).is_some_and(|it| it.zone == ZONE_ON_HOST);
        if !is_here {
            let message = format!("`{name}` does not answer in this process");
            let help = "only the local engine knows how sure it was of each token";
            self.reader.wrong_with_help(at, message, help);
        } else if !targets.contains(&of) {
            let message = format!("this route does not use `{name}`");
            self.reader.wrong_with_help(at, message, "name one of the targets in `use`");
        } else if targets.last() == Some(&of) {
            let message = format!("nothing comes after `{name}` in `use`");
            let help = "add the target that answers when its answer is not accepted";
            self.reader.wrong_with_help(at, message, help);
        }
    }

    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "up to a million")]
    fn share(&mut self, at: &Cursor<'_>, what: &str) -> Option<f32> {
        let share = at.node.value.as_number().and_then(millionths);
        let share = share.filter(|share| (0..=1_000_000).contains(share));
        if share.is_none() {
            let message = format!("expected a {what} from 0 to 1");
            self.reader.wrong_with_help(at, message, "write it like `0.45`");
        }
        share.map(|share| share as f32 / 1e6)
    }
}
